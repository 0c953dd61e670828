//! The table of `spec-diff semver`: each pair with what both say, then what is not explained.

use super::items::Item;
use super::program::{Answers, Broken};
use super::{LEAST, Pair, reasons};
use anyhow::Result;
use countersign_codegen::diff::{Change, Step};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What all pairs came to.
#[derive(Default)]
struct Sum<'a> {
    compared: (usize, usize),
    /// Items that lints name and a finding explains, findings that a lint sees, and findings with a reason.
    lints: usize,
    findings: usize,
    by_reason: usize,
    reasons: BTreeMap<(&'static str, &'a str), usize>,
    unexplained: Vec<String>,
}

/// The table and the counts; whether everything is explained.
///
/// # Errors
/// If a generated crate can't be read.
pub(super) fn table(pairs: &[Pair], answers: &Answers) -> Result<(String, bool)> {
    let mut text = String::new();
    let mut sum = Sum::default();
    for pair in pairs {
        match answers.get(&pair.name) {
            Some(theirs) => one(&mut text, &mut sum, pair, theirs)?,
            None => sum.unexplained.push(format!("{}: cargo-semver-checks has no answer", pair.name)),
        }
    }
    let good = close(&mut text, &sum);
    Ok((text, good))
}

fn one(text: &mut String, sum: &mut Sum<'_>, pair: &Pair, theirs: &[Broken]) -> Result<()> {
    let changes = &pair.report.changes;
    let ours: Vec<&Change> = changes.iter().filter(|change| change.source == Step::Major).collect();
    let gone = pair.gone()?;
    // Writing to a `String` can't fail.
    let _ = writeln!(text, "{}", pair.name);
    let _ = writeln!(text, "  theirs {}", counted(theirs.iter().map(|broken| broken.lint.as_str())));
    let _ = writeln!(text, "  ours   {}", counted(ours.iter().map(|change| change.rule.id)));
    *if pair.own { &mut sum.compared.1 } else { &mut sum.compared.0 } += 1;
    let touches = |change: &Change, item: &Item| pair.origins.touches(&pair.report, change, item);
    let sees = |broken: &Broken, change: &Change| {
        reasons::explains(change.rule.id, &broken.lint, broken.item.kind()) && touches(change, &broken.item)
    };
    for broken in theirs {
        if ours.iter().any(|change| sees(broken, change)) {
            sum.lints += 1;
        } else {
            let (lint, item) = (&broken.lint, broken.item.shown());
            sum.unexplained.push(format!("{}: no finding explains its `{lint}` of {item}", pair.name));
        }
    }
    for change in &ours {
        let id = change.rule.id;
        if theirs.iter().any(|broken| sees(broken, change)) {
            sum.findings += 1;
        } else if let Some(reason) =
            gone.iter().filter(|item| touches(change, item)).find_map(|item| reasons::unseen(id, item.kind()))
        {
            sum.by_reason += 1;
            *sum.reasons.entry((id, reason)).or_default() += 1;
        } else {
            sum.unexplained.push(format!("{}: no lint explains our `{id}`: {}", pair.name, change.message));
        }
    }
    for item in gone.iter().filter(|item| !ours.iter().any(|change| touches(change, item))) {
        sum.unexplained.push(format!("{}: no finding says that {} changed", pair.name, item.shown()));
    }
    Ok(())
}

/// Names with how often they come: `struct_missing, 2 x enum_missing`.
fn counted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let one =
        |(name, count): (&&str, &usize)| if *count == 1 { (*name).to_owned() } else { format!("{count} x {name}") };
    let list: Vec<String> = counts.iter().map(one).collect();
    if list.is_empty() { "-".to_owned() } else { list.join(", ") }
}

fn close(text: &mut String, sum: &Sum<'_>) -> bool {
    let _ = writeln!(text, "\nwhat its lints do not see:");
    for ((id, reason), count) in &sum.reasons {
        let _ = writeln!(text, "  {count} x {id}: {reason}");
    }
    let _ = writeln!(
        text,
        "\n{} pairs of the folder, {} edits of our own specs: {} items of its lints explained by findings, {} findings \
         by its lints, {} by a reason, {} not explained",
        sum.compared.0,
        sum.compared.1,
        sum.lints,
        sum.findings,
        sum.by_reason,
        sum.unexplained.len()
    );
    for line in &sum.unexplained {
        let _ = writeln!(text, "  {line}");
    }
    let enough = sum.compared.0 >= LEAST.0 && sum.compared.1 >= LEAST.1;
    if !enough {
        let _ = writeln!(text, "too few: {} and {} are the least", LEAST.0, LEAST.1);
    }
    enough && sum.unexplained.is_empty()
}
