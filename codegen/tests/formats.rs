//! Findings for programs, and operations that are left out.

use countersign_codegen::finding::{Finding, Level};
use countersign_codegen::formats::{Examined, SCHEMA, github, json, sarif};
use countersign_codegen::lint::rules;
use countersign_codegen::parse::parse;
use countersign_codegen::skip::skip;
use countersign_codegen::spec::{Mark, Spec};
use serde_json::Value;

fn findings() -> Vec<Finding> {
    let finding = |level, rule, line, message: &str, help: Option<&str>| Finding {
        file: "specs/a b,c/openapi.yaml".into(),
        at: Mark::new(line, 7),
        level,
        rule,
        pointer: "/paths/~1a".to_owned(),
        message: message.to_owned(),
        help: help.map(str::to_owned),
    };
    vec![
        finding(Level::Error, "unknown-key", 3, "100%\n::error::not a command\u{202e}", Some("did you mean `tags`?")),
        finding(Level::Warning, "renamed", 4, "it is called otherwise", None),
        finding(Level::Note, "skipped", 5, "`a` is left out", None),
        finding(Level::Note, "loosened-not", 6, "not checked", None),
    ]
}

fn examined(findings: &[Finding]) -> Vec<Examined<'_>> {
    vec![Examined { spec: "specs/a b,c/openapi.yaml".to_owned(), findings }]
}

#[test]
fn json_follows_its_schema_and_says_what_becomes_of_each_place() {
    let findings = findings();
    let found = json(&examined(&findings));
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    assert!(jsonschema::meta::validate(&schema).is_ok());
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&found), "{found:#}");
    let spec = &found["specs"][0];
    assert_eq!((&spec["errors"], &spec["warnings"], &spec["notes"]), (&1.into(), &1.into(), &2.into()));
    let effects: Vec<&str> =
        spec["findings"].as_array().expect("a list").iter().filter_map(|one| one["effect"].as_str()).collect();
    assert_eq!(effects, ["refused", "renamed", "skipped", "loosened"]);
    assert_eq!(spec["findings"][0]["line"], 3);
    let mut broken = found.clone();
    broken["specs"][0]["findings"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&broken));
}

#[test]
fn sarif_has_the_parts_that_code_scanning_reads() {
    let findings = findings();
    let found = sarif(&examined(&findings), rules::ALL);
    assert_eq!(found["version"], "2.1.0");
    let run = &found["runs"][0];
    let listed: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(listed, ["unknown-key", "skipped"], "only rules that are used, and that this list knows");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 4);
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "specs/a%20b%2Cc/openapi.yaml");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
        assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")));
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        if let Some(index) = result.get("ruleIndex").and_then(Value::as_u64) {
            assert_eq!(
                Some(&result["ruleId"]),
                run["tool"]["driver"]["rules"].get(index as usize).map(|rule| &rule["id"])
            );
        }
    }
    assert_eq!(results[0]["ruleIndex"], 0);
    assert_eq!(results[2]["ruleIndex"], 1);
}

#[test]
fn annotations_are_one_line_each_and_can_not_be_forged() {
    let lines = github(&findings());
    assert_eq!(lines.lines().count(), 4);
    assert_eq!(
        lines.lines().next(),
        Some(
            "::error file=specs/a b%2Cc/openapi.yaml,line=3,col=7,title=unknown-key::100%25%0A::error::not a \
             command\\u{202e}%0Ahelp: did you mean `tags`?"
        )
    );
    assert!(lines.lines().nth(3).is_some_and(|line| line.starts_with("::notice file=")));
}

const PATHS: &str = "openapi: 3.0.3
info: {title: Acme, version: '1', x-crate: {name: acme-client, version: 0.1.0, skip: [get_a]}}
paths:
  /a:
    get: {operationId: get_a, responses: {}}
    put: {operationId: put_a, responses: {}}
  /b: {$ref: '#/x-items/shared'}
  /c: {$ref: '#/x-items/shared'}
x-items:
  shared:
    get: {operationId: get_shared, responses: {}}
    delete: {responses: {}}
";

fn left(spec: &Spec) -> Vec<String> {
    let mut left = Vec::new();
    for (path, item) in spec.root.get("paths").expect("paths").members() {
        left.extend(item.members().map(|(key, _)| format!("{} {}", key.text, path.text)));
    }
    left
}

#[test]
fn operations_are_left_out_by_name_and_by_place() {
    let mut spec = parse("case.yaml", PATHS).expect("YAML");
    let findings = skip(&mut spec, &["DELETE /b".to_owned()]);
    assert_eq!(left(&spec), ["put /a", "get /b", "$ref /c"], "a shared path item loses it in one path only");
    let found: Vec<_> =
        findings.iter().map(|finding| (finding.rule, finding.at.line, finding.pointer.as_str())).collect();
    assert_eq!(found, [("skipped", 5, "/paths/~1a/get"), ("skipped", 12, "/paths/~1b/delete")]);
}

#[test]
fn what_is_not_there_can_not_be_left_out() {
    let mut spec = parse("case.yaml", PATHS.replace("skip: [get_a]", "skip: [get-a]")).expect("YAML");
    let findings = skip(&mut spec, &["POST /a".to_owned()]);
    let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.level, finding.at.line)).collect();
    assert_eq!(found, [("skip-unknown", Level::Error, 2), ("skip-unknown", Level::Error, 1)]);
    assert_eq!(findings[0].help.as_deref(), Some("did you mean `get_a`?"));
    assert_eq!(left(&spec).len(), 4);
}
