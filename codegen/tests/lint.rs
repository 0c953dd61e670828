//! The rules as a whole, and what is said of published and of sound documents.

use countersign_codegen::finding::{Finding, Level, Sources, has_errors, printable, render, similar, sorted};
use countersign_codegen::lint::{Context, lint, rules};
use countersign_codegen::parse::parse;
use countersign_codegen::references::References;
use countersign_codegen::signing::security_of;
use countersign_codegen::spec::{Mark, Spec};
use std::collections::HashSet;

fn spec(text: &str) -> Spec {
    parse("case.yaml", text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

const SMALL: &str = "openapi: 3.0.3
info: {title: Acme, version: '1', x-crate: {name: acme-client, version: 0.1.0}}
servers: [{url: https://api.acme.example}]
tags: [{name: orders}]
security: [{a: []}, {b: [], c: []}]
paths:
  /a:
    get: {operationId: get_a, tags: [orders], x-repeat: safe, responses: {'200': {description: ok}}}
    put: {operationId: put_a, tags: [orders], x-repeat: never, security: [], responses: {'200': {description: ok}}}
    post: {operationId: post_a, tags: [orders], x-repeat: unsafe, security: [{b: []}, {}], responses: {'200': {description: ok}}}
components:
  schemas:
    'a/b~c': {type: string}
    Twice: {$ref: '#/components/schemas/a~1b~0c'}
    Encoded: {$ref: '#/components/schemas/a%7E1b%7e0c'}
";

const NOTES: [&str; 3] = ["foreign-webhooks", "merge-key", "skipped"];

#[test]
fn rules_have_ids_of_their_own_and_a_sentence_each() {
    let ids: HashSet<_> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules::ALL.len());
    for rule in rules::ALL {
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", rule.id);
        assert!(rule.sentence.ends_with('.') && rule.sentence.len() < 140, "{}", rule.id);
        // What is only loosened is mostly the business of lowering; these are the exceptions.
        assert_eq!(rule.level == Level::Note, NOTES.contains(&rule.id), "{}", rule.id);
    }
}

#[test]
fn the_schema_in_specs_is_the_one_that_is_enforced() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/x-signing.schema.json");
    let enforced = include_str!("../src/signing/x-signing.schema.json");
    assert_eq!(std::fs::read_to_string(root).unwrap(), enforced, "copy one over the other");
    let schema: serde_json::Value = serde_json::from_str(enforced).unwrap();
    assert!(jsonschema::meta::validate(&schema).is_ok());
    assert!(jsonschema::validator_for(&schema).is_ok());
}

/// Editors offer these names, and people read that table.
#[test]
fn schema_and_table_know_every_custom_scheme() {
    let enforced = include_str!("../src/signing/x-signing.schema.json");
    let schema: serde_json::Value = serde_json::from_str(enforced).unwrap();
    let offered = schema.pointer("/$defs/custom/properties/custom/enum").and_then(serde_json::Value::as_array).unwrap();
    let names: Vec<&str> = countersign_auth::custom::schemes().map(|scheme| scheme.name).collect();
    assert_eq!(*offered, names);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/README.md")).unwrap();
    for scheme in countersign_auth::custom::schemes() {
        assert!(readme.contains(&format!("**`{}`**: ", scheme.name)), "{}", scheme.name);
        for parameter in scheme.parameters {
            let required = if parameter.required { "yes" } else { "no" };
            let row =
                format!("| `{}` | {} | {required} | {} |", parameter.name, parameter.kind.name(), parameter.about);
            assert!(readme.contains(&row), "specs/README.md needs this row:\n{row}");
        }
    }
}

#[test]
fn security_is_the_documents_unless_the_operation_has_its_own() {
    let spec = spec(SMALL);
    let of = |method: &str| security_of(&spec, spec.root.at_pointer(&format!("/paths/~1a/{method}")).unwrap());
    assert_eq!(of("get"), [vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]]);
    assert!(of("put").is_empty());
    assert_eq!(of("post"), [vec!["b".to_owned()], vec![]]);
}

#[test]
fn references_lead_on_and_know_where_they_end() {
    let spec = spec(SMALL);
    let references = References::new(&spec);
    for name in ["Twice", "Encoded", "a~1b~0c"] {
        let node = spec.root.at_pointer(&format!("/components/schemas/{name}")).unwrap();
        let resolved = references.resolve(node).unwrap();
        assert_eq!(resolved.pointer, "/components/schemas/a~1b~0c");
        assert_eq!(resolved.node.get("type").unwrap().text(), Some("string"));
    }
    let get = spec.root.at_pointer("/paths/~1a/get").unwrap();
    assert_eq!(references.pointer_of(get), "/paths/~1a/get");
    assert_eq!((references.key_of(get), references.key_at(get).line), (Some("get"), 8));
    assert_eq!(references.pointer_of(&spec.root), "");
}

#[test]
fn nothing_is_found_in_a_sound_document_but_schemes_that_are_not_there() {
    let findings = lint(&spec(SMALL), &Context::default());
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    // `a`, `b`, `c` and again `b`; the name `a/b~c` is no name for a component.
    assert_eq!(rules, ["unknown-scheme", "unknown-scheme", "unknown-scheme", "unknown-scheme", "component-name"]);
}

#[test]
fn everything_is_found_at_once_and_in_order() {
    let text = SMALL.replace("x-repeat: safe", "x-repeat: sfae").replace("tags: [orders], x-repeat: never", "tag: [x]");
    let findings = lint(&spec(&text), &Context::default());
    let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.at.line)).collect();
    for expected in [("unknown-value", 8), ("unknown-key", 9), ("one-tag", 9), ("repeat-missing", 9)] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    assert!(findings.is_sorted());
    assert!(has_errors(&findings));
}

#[test]
fn a_crate_that_is_named_elsewhere_needs_no_name_in_the_document() {
    let text = SMALL.replace(", x-crate: {name: acme-client, version: 0.1.0}", "");
    let has = |crate_is_named| {
        let context = Context { crate_is_named, ..Context::default() };
        lint(&spec(&text), &context).iter().any(|finding| finding.rule == "crate")
    };
    assert!(has(false) && !has(true));
}

#[test]
fn suggestions_are_close() {
    let keys = ["operationId", "parameters", "requestBody", "responses", "x-repeat", "x-signing"];
    let similar = |name| similar(name, keys);
    assert_eq!(similar("operationid"), Some("operationId"));
    assert_eq!(similar("operation_id"), Some("operationId"));
    assert_eq!(similar("reqestBody"), Some("requestBody"));
    assert_eq!(similar("resposnes"), Some("responses"));
    assert_eq!(similar("x-repaet"), Some("x-repeat"));
    assert_eq!(similar("x-singing"), Some("x-signing"));
    assert_eq!(similar("x-internal"), None);
    assert_eq!(similar("summary"), None);
    assert_eq!(similar(""), None);
    assert_eq!(similar(&"parameters".repeat(100)), None);
}

#[test]
fn findings_are_shown_with_their_line() {
    let text = SMALL.replace("operationId: get_a", "operationid: get_a");
    let spec = spec(&text);
    let findings = lint(&spec, &Context::default());
    let shown = render(&findings, &Sources::default().with("case.yaml", text));
    let expected = "error[unknown-key]: an operation has no key `operationid`
 --> case.yaml:8:11
  |
8 |     get: {operationid: get_a, tags: [orders], x-repeat: safe, responses: {'200': {description: ok}}}
  |           ^
help: did you mean `operationId`?
";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn hostile_text_is_shown_escaped_and_long_lines_are_cut() {
    assert_eq!(printable("a\u{1b}[31m\n\u{202e}\u{200b}é\0"), "a\\u{1b}[31m\\n\\u{202e}\\u{200b}é\\u{0}");
    let text = format!("a: '{}\u{202E}'\nb: {{c: d, c: e}}\n", "ü".repeat(3_000));
    let findings = parse("case.yaml", text.as_str()).expect_err("doubled");
    let shown = render(&findings, &Sources::default().with("case.yaml", text.as_str()));
    assert!(shown.contains("b: {c: d, c: e}\n  |           ^"), "{shown}");
    let mut finding: Finding = findings[0].clone();
    (finding.at.line, finding.at.column) = (1, 3_005);
    let shown = render(&[finding.clone()], &Sources::default().with("case.yaml", text.as_str()));
    assert!(shown.contains("…üüü") && shown.contains("ü\\u{202e}'"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() < 300), "{shown}");
    finding.at.line = 99;
    assert!(render(&[finding], &Sources::default()).contains("--> case.yaml:99:3005"));
}

#[test]
fn findings_that_are_the_same_are_shown_once() {
    let findings = lint(&spec(SMALL), &Context::default());
    let doubled: Vec<_> = findings.iter().chain(&findings).cloned().collect();
    assert_eq!(sorted(doubled), findings);
}

const PAGE: &str = "{name: page, in: query, schema: {type: integer}}";
const OTHER_PAGE: &str = "{name: page, in: query, schema: {type: string}}";

#[test]
fn a_published_document_is_not_held_to_our_style() {
    let text = SMALL
        .replace("x-repeat: safe, ", "")
        .replace("operationId: get_a", "operationId: GetA")
        .replace(
            "tags: [orders], x-repeat: never",
            &format!("tags: [a, b], embed: true, parameters: [{PAGE}, {PAGE}, {OTHER_PAGE}], x-repeat: never"),
        )
        .replace(", security: [{b: []}, {}]", "")
        .replace("{type: string}", "{type: string, enum: []}");
    let levels = |crate_is_named| -> Vec<(&'static str, Level)> {
        let context = Context { crate_is_named, ..Context::default() };
        lint(&spec(&text), &context).iter().map(|finding| (finding.rule, finding.level)).collect()
    };
    let (ours, theirs) = (levels(false), levels(true));
    for house in ["repeat-missing", "operation-id-style", "one-tag"] {
        assert!(ours.iter().any(|(rule, _)| *rule == house), "{house} in {ours:?}");
        assert!(!theirs.iter().any(|(rule, _)| *rule == house), "{house} in {theirs:?}");
    }
    for survivable in ["unknown-key", "enum-empty"] {
        assert!(ours.contains(&(survivable, Level::Error)), "{survivable} in {ours:?}");
        assert!(theirs.contains(&(survivable, Level::Warning)), "{survivable} in {theirs:?}");
    }
    // What would send something wrong stays an error.
    let twice: Vec<_> = theirs.iter().filter(|(rule, _)| *rule == "duplicate-parameter").collect();
    let [(_, equal), (_, different)] = twice[..] else { panic!("{theirs:?}") };
    assert_eq!((*equal, *different), (Level::Warning, Level::Error));
    let no_document = lint(&spec("info: {}"), &Context { crate_is_named: true, ..Context::default() });
    assert!(has_errors(&no_document));
}

#[test]
fn the_heavier_of_two_findings_stands() {
    let spec = spec(SMALL);
    let at = |level, message: &str| Finding::new(&spec, level, "path-syntax", Mark::new(3, 1), "/paths", message);
    let joined = |first, second| -> Vec<String> {
        countersign_codegen::finding::joined(vec![first], vec![second]).into_iter().map(|found| found.message).collect()
    };
    assert_eq!(joined(at(Level::Warning, "a"), at(Level::Error, "b")), ["b"]);
    assert_eq!(joined(at(Level::Error, "a"), at(Level::Warning, "b")), ["a"]);
    assert_eq!(joined(at(Level::Error, "a"), at(Level::Error, "b")), ["a"]);
}
