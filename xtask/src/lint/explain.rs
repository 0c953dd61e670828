//! `lint rules` and `lint explain ID`.

use crate::verdict;
use crate::workspace;
use anyhow::{Result, bail};
use countersign_codegen::explain::explanation;
use countersign_codegen::finding::similar;
use countersign_codegen::lint::rules::{self, Rule};
use countersign_codegen::normalize;
use std::process::ExitCode;

/// Every rule that a finding can carry, by id.
pub(super) fn all() -> Vec<Rule> {
    let mut all: Vec<Rule> = rules::ALL.iter().chain(normalize::rules::ALL).copied().collect();
    all.sort_by_key(|rule| rule.id);
    all.dedup_by_key(|rule| rule.id);
    all
}

/// A table of all rules.
pub(super) fn rules() -> Result<ExitCode> {
    let all = all();
    let width = all.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines: String =
        all.iter().map(|rule| format!("{:width$}  {:7}  {}\n", rule.id, rule.level.word(), rule.sentence)).collect();
    workspace::print(&lines)?;
    Ok(verdict(true))
}

/// One rule in words.
pub(super) fn explain(id: &str) -> Result<ExitCode> {
    let all = all();
    let Some(rule) = all.iter().find(|rule| rule.id == id) else {
        match similar(id, all.iter().map(|rule| rule.id)) {
            Some(near) => bail!("there is no rule `{id}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{id}`; `lint rules` lists them"),
        }
    };
    let mut text = format!("{}[{}]: {}\n", rule.level.word(), rule.id, rule.sentence);
    if let Some(explanation) = explanation(rule.id) {
        text += &format!("\n{}\n", explanation.why);
        if let Some((bad, good)) = &explanation.example {
            text += &format!("\nThis breaks it:\n\n{}\nThis does not:\n\n{}", indented(bad), indented(good));
        }
    }
    workspace::print(&text)?;
    Ok(verdict(true))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
