//! Test vectors that changed while no recipe did: one of the two is wrong.

use super::classify::{arrange, beside};
use super::report::{Place, Report};
use super::rules;
use crate::finding::shortened;
use crate::spec::Mark;
use crate::vectors::Vectors;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Adds what the vector files of both states tell, each with its name in messages. New vectors are always good.
pub fn vectors(report: &mut Report, (old, old_file): (&Vectors, &Path), (new, new_file): (&Vectors, &Path)) {
    let (Some(was), Some(is)) = (cases(old), cases(new)) else { return };
    if report.changes.iter().any(|change| change.rule.number.starts_with('M')) {
        return;
    }
    let changed: Vec<&String> =
        was.iter().filter(|(name, case)| is.get(*name) != Some(*case)).map(|(name, _)| name).collect();
    let Some(first) = changed.first() else { return };
    let place =
        |file: &Path| Some(Place { file: file.to_owned(), at: Mark::new(1, 1), pointer: String::new(), value: None });
    let more = if changed.len() > 1 { format!(" and {} more", changed.len() - 1) } else { String::new() };
    let message = format!(
        "the vector `{}`{more} changed or is gone, and no recipe changed: run both sets of vectors",
        shortened(first, 80)
    );
    let detail = changed.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("\n");
    report.changes.push(beside(&rules::VECTORS_CHANGED, (place(old_file), place(new_file)), message, detail));
    arrange(&mut report.changes);
}

/// The vectors of a file by name; nothing if it is no JSON, of which the lint speaks.
fn cases(file: &Vectors) -> Option<BTreeMap<String, Value>> {
    let Vectors::File { text, .. } = file else { return Some(BTreeMap::new()) };
    let file: Value = serde_json::from_slice(text).ok()?;
    let list = file.get("vectors").or_else(|| file.get("cases")).and_then(Value::as_array)?;
    let named = |(index, case): (usize, &Value)| {
        let name = case.get("name").or_else(|| case.get("id")).and_then(Value::as_str);
        (name.map_or_else(|| format!("number {}", index + 1), str::to_owned), case.clone())
    };
    Some(list.iter().enumerate().map(named).collect())
}
