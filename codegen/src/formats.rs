//! Findings for programs: JSON, SARIF, and GitHub's annotations. [`crate::finding::render`] is for people.
//!
//! The JSON is described by `formats/findings.schema.json`; lines and columns are counted from 1, columns in characters.

mod sarif;

pub use sarif::sarif;

use crate::finding::{Finding, Level, printable};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The JSON Schema of what [`json()`] returns.
pub const SCHEMA: &str = include_str!("formats/findings.schema.json");

/// A spec, and what was found in it.
pub struct Examined<'f> {
    /// The spec's file as it is shown.
    pub spec: String,
    /// The findings in order.
    pub findings: &'f [Finding],
}

/// All findings, spec by spec.
pub fn json(examined: &[Examined<'_>]) -> Value {
    let specs: Vec<Value> = examined
        .iter()
        .map(|one| {
            let count = |level| one.findings.iter().filter(|finding| finding.level == level).count();
            json!({
                "spec": one.spec,
                "errors": count(Level::Error),
                "warnings": count(Level::Warning),
                "notes": count(Level::Note),
                "findings": one.findings.iter().map(finding).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"version": 1, "specs": specs})
}

fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "level": finding.level.word(),
        "effect": effect(finding),
        "file": path(finding),
        "line": finding.at.line,
        "column": finding.at.column,
        "pointer": finding.pointer,
        "message": finding.message,
        "help": finding.help,
    })
}

/// What becomes of the place in the crate, as one word.
fn effect(finding: &Finding) -> &'static str {
    match (finding.level, finding.rule) {
        (Level::Error, _) => "refused",
        (_, "skipped") => "skipped",
        (_, "named-by-place" | "names-file" | "vanished-name") => "renamed",
        (_, rule) if rule.starts_with("renamed") => "renamed",
        (_, rule) if rule.starts_with("ignored-") => "ignored",
        (Level::Note, _) => "loosened",
        (Level::Warning, _) => "kept",
    }
}

fn path(finding: &Finding) -> String {
    finding.file.display().to_string().replace('\\', "/")
}

/// Findings as GitHub's workflow commands, one a line.
pub fn github(findings: &[Finding]) -> String {
    let mut lines = String::new();
    for finding in findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        // Writing to a `String` can't fail.
        let _ = writeln!(
            lines,
            "::{command} file={},line={},col={},title={}::{}",
            property(&path(finding)),
            finding.at.line,
            finding.at.column,
            property(finding.rule),
            data(&finding.message) + &data(&help),
        );
    }
    lines
}

/// Text of a command: line breaks would end it, and what is invisible is shown.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| printable(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A value of a command's property, which also ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
