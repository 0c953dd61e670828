//! A review as SARIF 2.1.0: each rule that found something, and one result for each change.
//!
//! A result stands at the new place; where that is gone, at the top of the new file, with the old place beside it.

use super::links::PATH;
use super::review::{Review, Reviewed, Weight};
use countersign_codegen::diff::rules::Rule;
use countersign_codegen::diff::{Change, Place, Suppression};
use countersign_codegen::finding::printable;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};
use std::path::Path;

/// The form that is written.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The review as SARIF, indented, with a line feed at its end.
pub(super) fn render(review: &Review) -> String {
    let mut rules: Vec<&Rule> = review.changes().map(|(_, change)| change.rule).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup();
    let suppressed = review.counts().suppressed > 0;
    let results: Vec<Value> = review.changes().map(|(spec, change)| result(review, spec, change, suppressed)).collect();
    let described: Vec<Value> = rules
        .iter()
        .map(|rule| json!({"id": rule.id, "shortDescription": {"text": rule.sentence}, "properties": {"number": rule.number}}))
        .collect();
    let driver = json!({"name": "countersign spec-diff", "version": env!("CARGO_PKG_VERSION"), "rules": described});
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"crates": review.advice()},
        }],
    });
    format!("{log:#}\n")
}

fn result(review: &Review, spec: &Reviewed, change: &Change, suppressed: bool) -> Value {
    let level = match review.weight(change) {
        Weight::Fails => "error",
        Weight::Look => "warning",
        Weight::Fine => "note",
    };
    let mut result = json!({
        "ruleId": change.rule.id,
        "level": level,
        "message": {"text": format!("{} ({})", printable(&change.message), change.verdicts())},
        "partialFingerprints": {"change/v2": change.fingerprint},
    });
    // Once one result says that it is suppressed, the others say that they are not.
    if suppressed {
        result["suppressions"] = change.suppressed.iter().map(suppression).collect();
    }
    let locations: Vec<Value> = match (&change.new, &spec.new) {
        (Some(place), _) => vec![location(place)],
        (None, Some(file)) => vec![at(file, 1, 1)],
        (None, None) => Vec::new(),
    };
    result["locations"] = Value::Array(locations);
    if let Some(old) = &change.old {
        let mut old = location(old);
        old["message"] = json!({"text": "the old place"});
        result["relatedLocations"] = json!([old]);
    }
    result
}

fn suppression(suppression: &Suppression) -> Value {
    json!({
        "kind": "external",
        "status": "accepted",
        "justification": printable(&suppression.reason),
        "location": location(&suppression.place),
        "properties": {"who": suppression.who, "until": suppression.until.to_string()},
    })
}

fn location(place: &Place) -> Value {
    at(&place.file, place.at.line, place.at.column)
}

fn at(file: &Path, line: u32, column: u32) -> Value {
    let file = super::git::slashes(file);
    let uri = utf8_percent_encode(&file, PATH).to_string();
    // SARIF counts from 1.
    let region = json!({"startLine": line.max(1), "startColumn": column.max(1)});
    json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}})
}
