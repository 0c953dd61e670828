//! What a review says of one small change each: cases as data.
//!
//! A line of `cases/diff/*.txt` is a case: `NUMBER | EDITS | EXPECTED…`. Edits are made to `cases/diff/base.json`:
//! `set POINTER VALUE`, `del POINTER` in the new document, `both set …` in both; several are parted by ` ; `. The short form
//! `x OLD => NEW` gives a schema to a member of what is sent and of what is received, and each is reviewed by itself.
//! Cases of list R (`R11`) expect nothing. With `ACCEPT_DIFF=1` the expectations are written anew: read what changed then.

use countersign_codegen::diff::{Day, Report, Settings, diff, rules, text};
use countersign_codegen::parse::parse;
use countersign_codegen::spec::Spec;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Rules that other tests show: where the order of keys or the settings count, and signing.
const ELSEWHERE: &[&str] = &[
    "first-media-type-changed",
    "sunset-missing",
    "sunset-too-soon",
    "document-version-not-moved",
    "crate-version-too-small",
    "crate-out-of-date",
    "acceptance-unused",
    "acceptance-expired",
];

/// Rules on signing: `tests/tests/spec_diff_signing.rs` shows them on real recipes.
fn is_signing(number: &str) -> bool {
    number.starts_with('M')
}

/// The entries of list R, and what must stay silent elsewhere in the catalogue.
fn is_silent(number: &str) -> bool {
    number.starts_with('R')
}

/// Whether a review speaks of a number: by its own ids, or by those that speak for it.
fn speaks_of(report: &Report, number: &str) -> bool {
    let own = report.changes.iter().any(|change| change.rule.number == number);
    let joined = rules::JOINED.iter().find(|(joined, ..)| *joined == number);
    own || joined.is_some_and(|(_, ids, _)| report.changes.iter().any(|change| ids.contains(&change.rule.id)))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff")
}

fn settings() -> Settings {
    Settings { today: Day::parse("2026-11-21").unwrap(), docs: true, ..Settings::default() }
}

fn base() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("base.json")).unwrap()).unwrap()
}

fn spec(name: &str, document: &Value) -> Spec {
    parse(name, serde_json::to_string_pretty(document).unwrap()).unwrap()
}

fn review(old: &Value, new: &Value) -> Report {
    diff(&spec("old.json", old), &spec("new.json", new), &settings())
}

/// Puts a value at a pointer, or takes what is there away.
fn edit(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    let Some(parent) = document.pointer_mut(parent) else { panic!("nothing is at {parent}") };
    match (parent, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(last, value);
        }
        (Value::Object(members), None) => {
            assert!(members.remove(&last).is_some(), "nothing is at {pointer}");
        }
        (Value::Array(items), Some(value)) if last == "-" => items.push(value),
        (Value::Array(items), Some(value)) => items[last.parse::<usize>().unwrap()] = value,
        (Value::Array(items), None) => {
            items.remove(last.parse::<usize>().unwrap());
        }
        (other, _) => panic!("{other} has no members"),
    }
}

fn edited(edits: &str) -> (Value, Value) {
    let (mut old, mut new) = (base(), base());
    for one in edits.split(" ; ") {
        let (both, one) = one.strip_prefix("both ").map_or((false, one), |rest| (true, rest));
        let (verb, rest) = one.split_once(' ').unwrap();
        let (pointer, value) = match verb {
            "set" => {
                let (pointer, value) = rest.split_once(' ').unwrap();
                (pointer, Some(serde_json::from_str(value).unwrap_or_else(|error| panic!("{value}: {error}"))))
            }
            "del" => (rest, None),
            other => panic!("`{other}` is no edit"),
        };
        if both {
            edit(&mut old, pointer, value.clone());
        }
        edit(&mut new, pointer, value);
    }
    (old, new)
}

/// What is reviewed in a case: a label, and the two documents.
fn documents(edits: &str) -> Vec<(&'static str, Value, Value)> {
    let Some(rest) = edits.strip_prefix("x ") else {
        let (old, new) = edited(edits);
        return vec![("all", old, new)];
    };
    let (was, is) = rest.split_once(" => ").unwrap();
    let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let put = |place: &str, schema: Value| {
        let mut document = base();
        edit(&mut document, &format!("/components/schemas/{place}/properties/x"), Some(schema));
        document
    };
    ["Sent", "Got"]
        .into_iter()
        .zip(["sent", "got"])
        .map(|(place, label)| (label, put(place, schema(was)), put(place, schema(is))))
        .collect()
}

fn summary(report: &Report) -> String {
    let one = |change: &countersign_codegen::diff::Change| {
        let behaviour = if change.behaviour { "+behaviour" } else { "" };
        let policy = if change.policy == countersign_codegen::diff::Policy::Error { "+policy" } else { "" };
        format!("{} {}{behaviour}{policy} {}", change.rule.id, change.wire.word(), change.source.word())
    };
    let all: Vec<String> = report.changes.iter().map(one).collect();
    if all.is_empty() { "silent".to_owned() } else { all.join(", ") }
}

/// The case files, each with its lines.
fn files() -> Vec<(PathBuf, Vec<String>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let lines = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
            (file, lines)
        })
        .collect()
}

fn parts(line: &str) -> Option<(&str, &str, Vec<&str>)> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    let mut parts = line.split(" | ");
    let (number, edits) = (parts.next()?, parts.next()?);
    Some((number.trim(), edits.trim(), parts.collect()))
}

#[test]
fn every_case_is_weighed_as_it_says() {
    let accept = std::env::var_os("ACCEPT_DIFF").is_some();
    let (mut wrong, mut seen, mut count, mut silent) = (Vec::new(), HashSet::new(), 0, 0);
    for (file, lines) in files() {
        let mut written = Vec::new();
        for line in lines {
            let Some((number, edits, expected)) = parts(&line) else {
                written.push(line);
                continue;
            };
            count += 1;
            silent += usize::from(is_silent(number));
            let mut new_line = format!("{number} | {edits}");
            for (at, (label, old, new)) in documents(edits).into_iter().enumerate() {
                let report = review(&old, &new);
                seen.extend(report.changes.iter().map(|change| change.rule.id));
                let result = format!("{label} {}", summary(&report));
                if expected.get(at).map(|expected| expected.trim()) != Some(result.as_str()) && !accept {
                    wrong.push(format!("{line}\n  is:  {result}\n{}", text(&report, true)));
                }
                let shown = is_silent(number) || speaks_of(&report, number) || label == "got";
                if !shown {
                    wrong.push(format!("no rule of {number} is in: {line}\n  is:  {result}"));
                }
                if is_silent(number) && !result.ends_with(" silent") {
                    wrong.push(format!("must stay silent: {line}\n{}", text(&report, true)));
                }
                new_line = format!("{new_line} | {result}");
            }
            written.push(new_line);
        }
        if accept {
            std::fs::write(&file, written.join("\n") + "\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases differ:\n\n{}", wrong.len(), wrong.join("\n"));
    let missing: Vec<&str> = rules::all()
        .filter(|rule| !seen.contains(rule.id) && !is_signing(rule.number))
        .filter(|rule| !ELSEWHERE.contains(&rule.id))
        .map(|rule| rule.id)
        .collect();
    let total = rules::all().count();
    println!("{count} cases, {silent} of them silent; {} of {total} rules seen", seen.len());
    assert!(missing.is_empty(), "{} rules have no case: {missing:?}", missing.len());
}

#[test]
fn ids_are_unique_and_plain() {
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        assert!(ids.insert(rule.id), "{} stands twice", rule.id);
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit()), "{}", rule.id);
        assert!(rule.sentence.ends_with(['.', '?']), "{}", rule.id);
        assert_eq!(rules::by_id(rule.id), Some(rule));
    }
}

#[test]
fn the_media_type_that_comes_first_counts() {
    let document = |first: &str, second: &str| {
        let content = format!("{{\"{first}\": {{}}, \"{second}\": {{}}}}");
        let text = format!(
            "{{\"openapi\": \"3.0.3\", \"paths\": {{\"/a\": {{\"post\": {{\"requestBody\": {{\"content\": {content}}}}}}}}}}}"
        );
        parse("a.json", text).unwrap()
    };
    let (old, new) = (document("application/json", "text/plain"), document("text/plain", "application/json"));
    assert_eq!(summary(&diff(&old, &new, &settings())), "first-media-type-changed ok major");
}

#[test]
fn a_policy_asks_for_sunsets() {
    let (old, mut new) = (base(), base());
    edit(&mut new, "/paths/~1things/get/deprecated", Some(json!(true)));
    let strict = Settings { deprecation_days: 30, ..settings() };
    let review = |new: &Value| summary(&diff(&spec("old.json", &old), &spec("new.json", new), &strict));
    assert_eq!(review(&new), "sunset-missing ok+policy patch, deprecated ok minor");
    edit(&mut new, "/paths/~1things/get/x-sunset", Some(json!("2026-12-01")));
    assert_eq!(review(&new), "sunset-too-soon ok+policy patch, deprecated ok minor");
    edit(&mut new, "/paths/~1things/get/x-sunset", Some(json!("2027-01-01")));
    assert_eq!(review(&new), "deprecated ok minor");
}

#[test]
fn two_runs_say_the_same() {
    let (old, new) = edited(
        "del /components/schemas/Sent/properties/note ; set /components/schemas/Got/properties/id {\"type\":\"integer\"} ; del /paths/~1things",
    );
    assert_eq!(text(&review(&old, &new), true), text(&review(&old, &new), true));
}

#[test]
fn a_document_is_equal_to_itself() {
    assert_eq!(summary(&review(&base(), &base())), "silent");
}

#[test]
fn one_change_of_a_shared_schema_is_one_finding_with_all_its_operations() {
    let mut old = base();
    let mut paths = serde_json::Map::new();
    for number in 0..200 {
        let answer = json!({"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Got"}}}});
        paths.insert(format!("/p{number}"), json!({"get": {"responses": {"200": answer}}}));
    }
    old["paths"] = Value::Object(paths);
    let mut new = old.clone();
    edit(&mut new, "/components/schemas/Got/properties/id/type", Some(json!("integer")));
    let report = review(&old, &new);
    assert_eq!(report.changes.len(), 1, "{}", text(&report, false));
    assert_eq!(report.changes[0].operations.len(), 200);
}

#[test]
fn a_fingerprint_does_not_depend_on_who_reaches_a_place() {
    let pointer = "/components/schemas/Got/properties/id/type";
    let (old, mut new) = (base(), base());
    edit(&mut new, pointer, Some(json!("integer")));
    let before = review(&old, &new);
    let (mut fewer_old, mut fewer_new) = (old, new);
    for document in [&mut fewer_old, &mut fewer_new] {
        edit(document, "/paths/~1more", Some(document["paths"]["/things"].clone()));
    }
    let after = review(&fewer_old, &fewer_new);
    assert_eq!(before.changes[0].fingerprint, after.changes[0].fingerprint);
    assert_ne!(before.changes[0].operations, after.changes[0].operations);
}

/// A chain of schemas, each holding the next, and the last one the first.
fn chain(length: usize, last: &str) -> Value {
    let mut document = base();
    for number in 0..length {
        let next = json!({"$ref": format!("#/components/schemas/C{}", (number + 1) % length)});
        let properties = json!({"next": next, "all": {"allOf": [next, {"type": "object"}]}, "v": {"type": "string"}});
        edit(
            &mut document,
            &format!("/components/schemas/C{number}"),
            Some(json!({"type": "object", "properties": properties})),
        );
    }
    let end = format!("/components/schemas/C{}/properties/v/type", length - 1);
    edit(&mut document, &end, Some(json!(last)));
    edit(&mut document, "/components/schemas/Got/properties/chain", Some(json!({"$ref": "#/components/schemas/C0"})));
    document
}

#[test]
fn circles_and_depth_end() {
    let report = review(&chain(1_000, "string"), &chain(1_000, "integer"));
    // A schema of the chain has three members; the work is a small multiple of that.
    assert!(report.compared < 8_000, "{} pairs", report.compared);
    assert_eq!(summary(&report), "type-changed breaking major");
}

#[test]
fn hostile_documents_end() {
    let cases = [
        json!({}),
        json!([]),
        json!({"openapi": 3, "paths": [1, 2], "components": "x", "security": {"a": 1}, "servers": [1], "info": []}),
        json!({"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/paths/~1a"}, "{": {"get": {"parameters": [{"$ref": "#/x"}, 1], "responses": {"2": {"$ref": "#"}, "": 1}}}}}),
        json!({"openapi": "3.1.0", "components": {"schemas": {
            "A": {"$ref": "#/components/schemas/A"}, "B": {"allOf": [{"$ref": "#/components/schemas/B"}]},
            "C": {"oneOf": [{"$ref": "#/components/schemas/C"}, {"$ref": "#/components/schemas/D"}]},
            "D": {"anyOf": [{"$ref": "#/components/schemas/C"}, false, true, null]},
            "E": {"type": ["null"], "minimum": "x", "maximum": 1e300, "enum": {}, "const": {"a": [1.0]}, "required": [1]}
        }}}),
    ];
    for old in &cases {
        for new in cases.iter().chain([&base()]) {
            let report = review(old, new);
            assert_eq!(report.changes, review(old, new).changes);
            review(new, old);
        }
    }
}

/// `count` operations, each with a body of its own, and a type that changes in every hundredth.
fn wide(count: usize, changed: &str) -> Value {
    let mut document = base();
    let mut paths = serde_json::Map::new();
    for number in 0..count {
        let ty = if number % 100 == 0 { changed } else { "string" };
        let schema =
            json!({"type": "object", "properties": {"a": {"type": ty}, "got": {"$ref": "#/components/schemas/Got"}}});
        let answer = json!({"description": "", "content": {"application/json": {"schema": schema}}});
        paths.insert(format!("/p{number}"), json!({"get": {"responses": {"200": answer}}}));
    }
    document["paths"] = Value::Object(paths);
    document
}

#[test]
fn work_grows_with_the_document_and_not_faster() {
    let work = |count: usize| review(&wide(count, "string"), &wide(count, "integer")).compared;
    let (half, whole) = (work(500), work(1_000));
    assert!(whole <= half * 2 + 10, "{half} pairs for 500 operations, {whole} for 1,000");
}
