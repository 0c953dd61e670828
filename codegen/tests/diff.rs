//! What a review says of one small change each: cases as data.
//!
//! A line of `cases/diff/*.txt` is a case: `NUMBER | EDITS | EXPECTED…`. Edits are made to `cases/diff/base.json`:
//! `set POINTER VALUE`, `del POINTER` in the new document, `both set …` in both; several are parted by ` ; `. The short form
//! `x OLD => NEW` gives a schema to a member of what is sent and of what is received, and each is reviewed by itself.
//! `swap` exchanges the two documents, `many N` adds operations. Cases of list R (`R11`) expect nothing. With
//! `ACCEPT_DIFF=1` the expectations are written anew: read what changed then.

use countersign_codegen::diff::{
    Change, Day, Folder, Made, Moved, Report, Settings, accepted_text, advise, crates, diff, outdated, read_accepted,
    rules, surface, text, vectors,
};
use countersign_codegen::files::write;
use countersign_codegen::generate::{Source, generate};
use countersign_codegen::kept::Names;
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::skip::skip;
use countersign_codegen::spec::Spec;
use countersign_codegen::vectors::Vectors;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// The catalogue: how many numbers each section has.
const CATALOGUE: [(char, u32); 17] = [
    ('A', 14),
    ('B', 23),
    ('C', 14),
    ('D', 20),
    ('E', 20),
    ('F', 19),
    ('G', 16),
    ('H', 14),
    ('I', 20),
    ('J', 10),
    ('K', 6),
    ('L', 22),
    ('M', 28),
    ('N', 10),
    ('O', 8),
    ('P', 8),
    ('Q', 19),
];

/// Ids that the cases of the four specs' signing expect; `tests/tests/spec_diff_signing.rs` holds them to it.
fn of_recipes() -> HashSet<&'static str> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/spec_diff_signing.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let expected = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(" | ").nth(2));
    let ids: HashSet<String> =
        expected.flat_map(|list| list.split(", ")).filter_map(|one| one.split(' ').next()).map(str::to_owned).collect();
    rules::all().map(|rule| rule.id).filter(|id| ids.contains(*id)).collect()
}

/// Numbers of the catalogue that neither a rule with a case nor a case of its own speaks for.
fn numbers_without_case(seen: &HashSet<&str>, cases: &HashSet<String>) -> (usize, Vec<String>) {
    let all =
        CATALOGUE.iter().flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}{number}")));
    let all: Vec<String> = all.collect();
    let by_rule: HashSet<&str> = rules::all().filter(|rule| seen.contains(rule.id)).map(|rule| rule.number).collect();
    // What means the same is silent, and a case of list R.
    let silent = |number: &str| rules::JOINED.iter().any(|(joined, ids, _)| *joined == number && ids.is_empty());
    let impossible = |number: &str| rules::IMPOSSIBLE.iter().any(|(one, _)| *one == number);
    let total = all.len();
    let missing = all.into_iter().filter(|number| {
        !by_rule.contains(number.as_str()) && !cases.contains(number) && !silent(number) && !impossible(number)
    });
    (total, missing.collect())
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
    document("base.json")
}

fn document(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

fn spec(name: &str, document: &Value) -> Spec {
    parse(name, serde_json::to_string_pretty(document).unwrap()).unwrap()
}

fn review(old: &Value, new: &Value) -> Report {
    diff(&spec("old.json", old), &spec("new.json", new), &settings())
}

/// The changes of a review in which nothing is passed over because it is the same in both documents: these two are of
/// different versions, so every keyword is compared.
fn changes_by_keyword(old: &Value, new: &Value) -> Vec<Change> {
    let mut new = new.clone();
    let version = new["openapi"].as_str().map(|version| format!("{}9", version.get(..4).unwrap_or_default()));
    new["openapi"] = json!(version.unwrap_or_default());
    review(old, &new).changes
}

/// A review of two documents, and of the crates that they make; the new one keeps the names of the old one, or not.
fn review_of_crates(old: &Value, new: &Value, keeps_names: bool) -> Report {
    let (old, new) = (spec("old.json", old), spec("new.json", new));
    let made = |spec: &Spec, names: Names| {
        let context = Context { provider: "acme".to_owned(), names, ..Context::default() };
        let mut spec = spec.clone();
        skip(&mut spec, &[]);
        normalize(&spec, &context).unwrap_or_else(|findings| panic!("{findings:#?}"))
    };
    let was = made(&old, Names::default());
    let is = made(&new, if keeps_names { was.names.clone() } else { Names::default() });
    let mut report = diff(&old, &new, &settings());
    surface(&mut report, Made { spec: &old, ir: &was.ir }, Made { spec: &new, ir: &is.ir });
    report
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

/// That many more operations, in two tags in turn.
fn many(document: &mut Value, count: usize) {
    for number in 0..count {
        let tag = format!("m{}", number % 2);
        let operation =
            json!({"tags": [tag], "operationId": format!("many_{number}"), "responses": {"204": {"description": ""}}});
        edit(document, &format!("/paths/~1many~1{number}"), Some(json!({"get": operation})));
    }
}

fn edited(base: &Value, edits: &str) -> (Value, Value) {
    let (mut old, mut new) = (base.clone(), base.clone());
    for one in edits.split(" ; ").filter(|one| *one != "forget") {
        if let Some(count) = one.strip_prefix("many ") {
            many(&mut new, count.parse().unwrap());
            continue;
        }
        if one == "swap" {
            std::mem::swap(&mut old, &mut new);
            continue;
        }
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
fn documents(base: &Value, edits: &str) -> Vec<(&'static str, Value, Value)> {
    let Some(rest) = edits.strip_prefix("x ") else {
        let (old, new) = edited(base, edits);
        return vec![("all", old, new)];
    };
    let (was, is) = rest.split_once(" => ").unwrap();
    let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let put = |place: &str, schema: Value| {
        let mut document = base.clone();
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
    let mut all: Vec<(String, usize)> = Vec::new();
    for change in report.changes.iter().map(one) {
        match all.last_mut() {
            Some((last, count)) if *last == change => *count += 1,
            _ => all.push((change, 1)),
        }
    }
    let all = all.into_iter().map(|(change, count)| if count > 1 { format!("{count} x {change}") } else { change });
    let all: Vec<String> = all.collect();
    if all.is_empty() { "silent".to_owned() } else { all.join(", ") }
}

/// A spec and its crate on disk, as a repository has them.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let specs = place.path().join("specs/acme");
        std::fs::create_dir_all(&specs).unwrap();
        std::fs::write(specs.join("openapi.yaml"), serde_json::to_string_pretty(&document("rust.json")).unwrap())
            .unwrap();
        let made = generate(&Self::source(place.path())).unwrap();
        write(&made.files, &place.path().join("generated/acme")).unwrap();
        let (file, names) = made.names.unwrap();
        std::fs::write(file, names).unwrap();
        Self(place)
    }

    fn source(root: &Path) -> Source {
        Source::of_provider(root, "acme", Path::new("specs/acme/openapi.yaml"))
    }

    fn crate_folder(&self) -> PathBuf {
        self.0.path().join("generated/acme")
    }

    fn folder(&self) -> Folder {
        Folder::read(&self.crate_folder(), "generated/acme").unwrap().unwrap()
    }

    fn spec(&self) -> Spec {
        let file = self.0.path().join("specs/acme/openapi.yaml");
        parse("specs/acme/openapi.yaml", std::fs::read(file).unwrap()).unwrap()
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let file = self.0.path().join(file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{} has no {from}", file.display());
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    }

    /// What a review says of this state after another one.
    fn review_after(&self, old: &Self) -> Report {
        let (was, is) = (old.spec(), self.spec());
        let moved = Moved { spec: was.text != is.text, files: old.folder() != self.folder() };
        let mut report = diff(&was, &is, &settings());
        crates(&mut report, &old.folder(), &self.folder());
        outdated(&mut report, &Self::source(self.0.path()), &self.crate_folder(), "generated/acme", moved).unwrap();
        advise(&mut report, &was, &is);
        report
    }
}

/// Cases of folders; returns what they found.
fn cases_of_crates() -> Vec<Report> {
    let file = folder().join("crates.txt");
    let (old, accept) = (Repository::new(), std::env::var_os("ACCEPT_DIFF").is_some());
    assert_eq!(summary(&old.review_after(&old)), "silent");
    let (mut reports, mut written, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for line in std::fs::read_to_string(&file).unwrap().lines() {
        if line.starts_with('#') {
            written.push(line.to_owned());
            continue;
        }
        let parts: Vec<&str> = line.split(" | ").collect();
        let (number, path) = (parts[0], parts[1]);
        let (from, to) = parts[2].split_once(" => ").unwrap();
        let new = Repository::new();
        new.replace(path, from, to);
        let report = new.review_after(&old);
        let result = summary(&report);
        if !report.changes.iter().any(|change| change.rule.number == number) {
            wrong.push(format!("no rule of {number} is in: {line}\n  is:  {result}"));
        }
        if parts.get(3).copied() != Some(result.as_str()) && !accept {
            wrong.push(format!("{line}\n  is:  {result}\n{}", text(&report, true)));
        }
        written.push(format!("{} | {result}", parts[..3].join(" | ")));
        reports.push(report);
    }
    if accept {
        std::fs::write(&file, written.join("\n") + "\n").unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    reports
}

/// Reviews that no line of a file can show: where the order of keys, settings, or other files count.
fn other_reviews() -> Vec<Report> {
    let mut reports = vec![of_first_media_type()];
    reports.extend(of_sunsets());
    let (mut accepted, mut report) = (review(&base(), &base()), review(&base(), &base()));
    let entry = |until: &str| {
        let text = accepted_text("0123456789abcdef", "path-removed", "r", "w", Day::parse(until).unwrap());
        read_accepted(Path::new("accepted.yaml"), &text).unwrap()
    };
    countersign_codegen::diff::accept(&mut accepted, &entry("2030-01-01"), settings().today);
    assert_eq!(summary(&accepted), "acceptance-unused none+policy patch");
    let (old, new) = edited(&base(), "del /paths/~1things/get/parameters/0");
    let mut expired = review(&old, &new);
    let change = &expired.changes[0];
    let text = accepted_text(&change.fingerprint, change.rule.id, "r", "w", Day::parse("2026-11-20").unwrap());
    let entries = read_accepted(Path::new("accepted.yaml"), &text).unwrap();
    countersign_codegen::diff::accept(&mut expired, &entries, settings().today);
    assert_eq!(summary(&expired), "acceptance-expired none+policy patch, parameter-removed warning major");
    let file = |text: &str| Vectors::File { file: "vectors.json".into(), text: text.as_bytes().to_vec() };
    let old = file(r#"{"vectors": [{"name": "a", "expect": 1}]}"#);
    let (added, changed) = (
        file(r#"{"vectors": [{"name": "b"}, {"name": "a", "expect": 1}]}"#),
        file(r#"{"vectors": [{"name": "a", "expect": 2}]}"#),
    );
    let name = Path::new("vectors.json");
    vectors(&mut report, (&old, name), (&added, name));
    assert_eq!(summary(&report), "silent", "another vector is always good");
    vectors(&mut report, (&old, name), (&changed, name));
    assert_eq!(summary(&report), "signing-vectors-changed warning patch");
    reports.extend([accepted, expired, report]);
    reports
}

/// The case files, each with its lines.
fn files() -> Vec<(PathBuf, Vec<String>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "txt"))
        .filter(|file| !file.ends_with("crates.txt"))
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
    let mut numbers = HashSet::new();
    for (file, lines) in files() {
        let mut written = Vec::new();
        let of_crates = file.file_name().is_some_and(|name| name == "q-rust.txt");
        let base = if of_crates { document("rust.json") } else { base() };
        for line in lines {
            let Some((number, edits, expected)) = parts(&line) else {
                written.push(line);
                continue;
            };
            count += 1;
            numbers.insert(number.to_owned());
            silent += usize::from(is_silent(number));
            let mut new_line = format!("{number} | {edits}");
            for (at, (label, old, new)) in documents(&base, edits).into_iter().enumerate() {
                let report = match of_crates {
                    true => review_of_crates(&old, &new, !edits.starts_with("forget")),
                    false => review(&old, &new),
                };
                let of_versions = of_crates || old["openapi"] != new["openapi"];
                if at == 0 && !of_versions && report.changes != changes_by_keyword(&old, &new) {
                    wrong.push(format!("what is passed over changes the review of {line}"));
                }
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
    let more: Vec<Report> = cases_of_crates().into_iter().chain(other_reviews()).collect();
    count += more.len();
    seen.extend(more.iter().flat_map(|report| &report.changes).map(|change| change.rule.id));
    seen.extend(of_recipes());
    let missing: Vec<&str> = rules::all().map(|rule| rule.id).filter(|id| !seen.contains(id)).collect();
    let (catalogue, without) = numbers_without_case(&seen, &numbers);
    let total = rules::all().count();
    println!("{count} cases, {silent} of them silent; {} of {total} rules seen", seen.len());
    println!("{} of {catalogue} numbers of the catalogue have a case", catalogue - without.len());
    assert!(missing.is_empty(), "{} rules have no case: {missing:?}", missing.len());
    assert!(without.is_empty(), "numbers of the catalogue without a case: {without:?}");
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

fn of_first_media_type() -> Report {
    let document = |first: &str, second: &str| {
        let content = format!("{{\"{first}\": {{}}, \"{second}\": {{}}}}");
        let text = format!(
            "{{\"openapi\": \"3.0.3\", \"paths\": {{\"/a\": {{\"post\": {{\"requestBody\": {{\"content\": {content}}}}}}}}}}}"
        );
        parse("a.json", text).unwrap()
    };
    let (old, new) = (document("application/json", "text/plain"), document("text/plain", "application/json"));
    let report = diff(&old, &new, &settings());
    assert_eq!(summary(&report), "first-media-type-changed ok major");
    report
}

/// A policy that asks for sunsets: none, one too soon, one late enough.
fn of_sunsets() -> Vec<Report> {
    let (old, mut new) = (base(), base());
    edit(&mut new, "/paths/~1things/get/deprecated", Some(json!(true)));
    let strict = Settings { deprecation_days: 30, ..settings() };
    let review = |new: &Value| diff(&spec("old.json", &old), &spec("new.json", new), &strict);
    let missing = review(&new);
    assert_eq!(summary(&missing), "sunset-missing ok+policy patch, deprecated ok minor");
    edit(&mut new, "/paths/~1things/get/x-sunset", Some(json!("2026-12-01")));
    let soon = review(&new);
    assert_eq!(summary(&soon), "sunset-too-soon ok+policy patch, deprecated ok minor");
    edit(&mut new, "/paths/~1things/get/x-sunset", Some(json!("2027-01-01")));
    assert_eq!(summary(&review(&new)), "deprecated ok minor");
    vec![missing, soon]
}

#[test]
fn two_runs_say_the_same() {
    let (old, new) = edited(
        &base(),
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
