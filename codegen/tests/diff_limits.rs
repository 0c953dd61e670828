//! What a hostile document costs a review: all of them in one process, with 512 MiB of memory and a limited time of
//! the processor, each against a harmless one, in both directions and against itself.

#[path = "hostile_limits/cases.rs"]
#[expect(dead_code, reason = "what must become of a crate is another test's part")]
mod cases;

use countersign_codegen::diff::{Settings, diff, text};
use countersign_codegen::load::load;
use countersign_codegen::parse::parse;
use countersign_codegen::spec::Spec;
use serde_json::{Map, Value, json};
use std::process::Command;

/// Says that this is the process with limits.
const INSIDE: &str = "COUNTERSIGN_DIFF_LIMITS";
/// As `ulimit -v` counts.
const MOST_MEMORY_KIB: u64 = 512 * 1024;
/// Seconds of the processor for all of them; without optimization they take a good ten times longer.
const MOST_SECONDS: u64 = if cfg!(debug_assertions) { 120 } else { 20 };

#[test]
#[cfg(target_os = "linux")]
fn every_document_ends_within_its_limits() {
    let mut shell = Command::new("sh");
    let limits = format!("ulimit -v {MOST_MEMORY_KIB} && ulimit -t {MOST_SECONDS} && exec \"$0\" \"$@\"");
    shell.args(["-c", &limits]).arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "inside", "--nocapture", "--test-threads=1"]).env(INSIDE, "1").env("RUST_BACKTRACE", "0");
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}\n{trouble}", output.status);
    let line = said.lines().find(|line| line.contains("documents, ")).unwrap_or_default();
    println!("{line}");
    assert!(!line.is_empty(), "{said}");
}

/// All documents, if this is the process for them.
#[test]
fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let base = parse("base.json", json!({"openapi": "3.1.0", "paths": {}}).to_string()).unwrap();
    let (mut reviewed, mut refused) = (0, 0);
    for case in cases::all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(&case.file);
        (case.write)(&file);
        match load(&file, case.file.as_ref(), None) {
            Ok(spec) => {
                review_all(&case.name, &base, &spec);
                reviewed += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    for (name, old, new) in made() {
        let report = diff(&spec(&old), &spec(&new), &Settings::default());
        assert!(!report.changes.is_empty(), "{name} says nothing");
        let overflown = report.changes.iter().any(|change| change.detail == "joined");
        assert_eq!(overflown, name.starts_with("joined"), "{name}");
        reviewed += 1;
    }
    // A document that is nested 1,000 deep is refused with its place.
    let deep = format!("{}{}", "{\"a\":".repeat(1_000), "1") + &"}".repeat(1_000);
    let findings = parse("deep.json", deep).unwrap_err();
    assert_eq!(findings[0].rule, "too-deep");
    assert!(reviewed >= 60, "only {reviewed} were reviewed");
    println!("\n{reviewed} documents, {refused} more are no documents");
}

fn spec(document: &Value) -> Spec {
    parse("made.json", document.to_string()).unwrap()
}

/// Both directions, twice, and each against itself.
fn review_all(name: &str, old: &Spec, new: &Spec) {
    let settings = Settings { docs: true, ..Settings::default() };
    let report = diff(old, new, &settings);
    assert_eq!(text(&report, true), text(&diff(old, new, &settings), true), "{name}");
    diff(new, old, &settings);
    for one in [old, new] {
        let same = diff(one, one, &settings);
        // What is not followed is said even so.
        assert!(same.changes.iter().all(|change| change.rule.id == "reference-not-followed"), "{name}");
    }
}

/// A document whose one operation answers with the schema `S0`.
fn document(schemas: Map<String, Value>) -> Value {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}});
    let get = json!({"responses": {"200": {"description": "", "content": content}}});
    json!({"openapi": "3.1.0", "paths": {"/a": {"get": get}}, "components": {"schemas": schemas}})
}

fn reference(number: usize) -> Value {
    json!({"$ref": format!("#/components/schemas/S{number}")})
}

/// Schemas by a function of their number, and a last one that differs between the two documents.
fn pair(count: usize, schema: impl Fn(usize) -> Value) -> (Value, Value) {
    let all = |last: &str| {
        let mut schemas: Map<String, Value> = (0..count).map(|n| (format!("S{n}"), schema(n))).collect();
        schemas.insert(format!("S{count}"), json!({"type": "object", "properties": {"end": {"type": last}}}));
        document(schemas)
    };
    (all("string"), all("integer"))
}

fn made() -> Vec<(&'static str, Value, Value)> {
    let deep = |keyword: &'static str| {
        pair(1_000, move |n| json!({keyword: [reference(n + 1), {"type": "object", "maxProperties": 9}]}))
    };
    let members = pair(1_000, |n| json!({"type": "object", "properties": {"next": reference(n + 1)}}));
    let circle = pair(1_000, |n| json!({"type": "object", "properties": {"a": reference(n + 1), "b": reference(0)}}));
    // Each schema stands twice in the one before: 2^40 ways down.
    let twice = pair(40, |n| json!({"allOf": [reference(n + 1), {"allOf": [reference(n + 1)]}]}));
    // Members whose ways join: the sets of schemas that a member can be made of are 2^24.
    let joined = pair(24, |n| match n {
        0 => json!({"properties": {"a": {"allOf": [reference(0), reference(1)]}, "b": reference(0)}}),
        n => json!({"properties": {"a": reference(n + 1), "b": reference(n + 1)}}),
    });
    let wide = |from: usize| {
        let values: Vec<String> = (from..from + 20_000).map(|n| format!("v{n}")).collect();
        let properties: Map<String, Value> = (from..from + 5_000).map(|n| (format!("p{n}"), json!({}))).collect();
        let patterns: Map<String, Value> = (from..from + 5_000).map(|n| (format!("^p{n}"), json!({}))).collect();
        let branches: Vec<Value> = (from..from + 2_000).map(|n| json!({"const": {"v": n}})).collect();
        let mut schemas = Map::new();
        schemas.insert(
            "S0".to_owned(),
            json!({"type": "object", "properties": {
                "e": {"enum": values}, "x": {"type": "string", "x-extensible-enum": values},
                "p": {"type": "object", "properties": properties, "patternProperties": patterns},
                "o": {"oneOf": branches}
            }}),
        );
        document(schemas)
    };
    let parameters = |from: usize| {
        let one = |n| json!({"name": format!("p{n}"), "in": "query", "schema": {"type": "string"}});
        let mut document = document(Map::new());
        document["paths"]["/a"]["get"]["parameters"] = (from..from + 3_000).map(one).collect();
        document
    };
    let two = |name, (old, new)| (name, old, new);
    vec![
        two("1,000 deep through allOf", deep("allOf")),
        two("1,000 deep through oneOf", deep("oneOf")),
        two("1,000 deep through members", members),
        two("a circle through 1,000 schemas", circle),
        two("doubled forty times", twice),
        two("joined in 2^24 ways", joined),
        ("wide lists", wide(0), wide(100)),
        ("3,000 parameters", parameters(0), parameters(100)),
    ]
}
