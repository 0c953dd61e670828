//! SARIF 2.1.0, which code scanning reads.

use super::{Examined, path};
use crate::finding::{Finding, Level};
use crate::lint::rules::Rule;
use serde_json::{Value, json};

/// One run over all specs. The rules that are listed are those that something was found against.
pub fn sarif(examined: &[Examined<'_>], rules: &[Rule]) -> Value {
    let findings: Vec<&Finding> = examined.iter().flat_map(|one| one.findings).collect();
    let used: Vec<&Rule> = rules.iter().filter(|rule| findings.iter().any(|found| found.rule == rule.id)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &used)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "countersign-lint",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": used.iter().map(|rule| json!({
                    "id": rule.id,
                    "shortDescription": {"text": rule.sentence},
                    "help": {"text": format!("Run `cargo xtask lint explain {}`.", rule.id)},
                    "defaultConfiguration": {"level": rule.level.word()},
                })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding, rules: &[&Rule]) -> Value {
    let help = finding.help.as_ref().map(|help| format!(". Help: {help}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        "message": {"text": format!("{}{help}", finding.message)},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&path(finding))},
                "region": {"startLine": finding.at.line.max(1), "startColumn": finding.at.column.max(1)},
            },
            "logicalLocations": [{"fullyQualifiedName": finding.pointer}],
        }],
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    result
}

/// A path as a URI reference: what is not plain in a URI is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
