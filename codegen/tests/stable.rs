//! A crate is the same however its document is arranged, and what is added changes no line of what was there.
//!
//! Our own specs are always tried, published files where `COUNTERSIGN_CORPUS` names a folder of them
//! (`COUNTERSIGN_CORPUS_ONLY` a part of their names). Documents go through text again, so positions move, too; only
//! `lines.rs` may say so.

use countersign_codegen::emit::{EmitOptions, RuntimeLocation, emit};
use countersign_codegen::files::CrateFiles;
use countersign_codegen::kept::Names;
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::spec::{Node, Value};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn order_changes_no_byte() {
    for (file, document) in documents() {
        let before = crate_of(&file, &document).expect("a crate");
        assert_eq!(before, crate_of(&file, &document).expect("a second one"), "{}", file.display());
        for seed in 1..=3 {
            let shuffled = json_text(&document, "", &mut Random(Some(seed)));
            let after = crate_of_text(&file, shuffled).expect("a shuffled document is as right as before");
            for (path, text) in &before {
                let again = after.get(path).unwrap_or_else(|| panic!("{}: {path} is gone", file.display()));
                let line = text.lines().zip(again.lines()).find(|(a, b)| a != b);
                assert!(text == again, "{} {path}, seed {seed}: {line:#?}", file.display());
            }
            assert_eq!(before.len(), after.len(), "{}", file.display());
        }
    }
}

#[test]
fn an_added_operation_adds_lines() {
    for (file, document) in documents() {
        let before = crate_of(&file, &document).expect("a crate");
        let after = crate_of_text(&file, grown(&document)).expect("a grown document is as right as before");
        let mut added = 0;
        for (path, text) in &before {
            let again = after.get(path).unwrap_or_else(|| panic!("{}: {path} is gone", file.display()));
            let mut rest = again.lines();
            let lost = text.lines().find(|line| !rest.any(|other| other == *line));
            assert_eq!(lost, None, "{} {path}: a line changed or moved", file.display());
            added += again.lines().count() - text.lines().count();
        }
        let new: Vec<&String> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        println!("{}: {added} lines added, new files {new:?}", file.display());
        assert!(added > 5 && !new.is_empty(), "{}: the operation is not there", file.display());
    }
}

/// Documents that make a crate.
fn documents() -> Vec<(PathBuf, Node)> {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let mut files: Vec<PathBuf> = entries(&specs).iter().map(|folder| folder.join("openapi.yaml")).collect();
    files.retain(|file| file.exists());
    assert!(files.len() >= 4, "our own specs are in {}", specs.display());
    let ours = files.len();
    if let Some(corpus) = std::env::var_os("COUNTERSIGN_CORPUS") {
        let only = std::env::var("COUNTERSIGN_CORPUS_ONLY").unwrap_or_default();
        let is_spec =
            |file: &PathBuf| file.extension().is_some_and(|extension| extension == "json" || extension == "yaml");
        let named = |file: &PathBuf| file.to_string_lossy().contains(&only);
        files.extend(entries(Path::new(&corpus)).into_iter().filter(|file| is_spec(file) && named(file)));
    }
    let document = |file: &PathBuf| {
        let text = std::fs::read(file).expect("a spec");
        Some((file.clone(), parse(file, text).ok()?.root))
    };
    let documents: Vec<_> = files.iter().filter_map(document).collect();
    // A published file that makes no crate is the business of other tests.
    let makes_one = |at: &usize, file: &Path, root: &Node| *at < ours || crate_of(file, root).is_some();
    documents
        .into_iter()
        .enumerate()
        .filter(|(at, (file, root))| makes_one(at, file, root))
        .map(|(_, pair)| pair)
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

/// The files of a document's crate, but for the one that holds positions.
fn crate_of(file: &Path, root: &Node) -> Option<BTreeMap<String, String>> {
    crate_of_text(file, json_text(root, "", &mut Random(None)))
}

fn crate_of_text(file: &Path, text: String) -> Option<BTreeMap<String, String>> {
    let spec = parse(file, text).ok()?;
    let ours = file.ends_with("openapi.yaml");
    let context = Context {
        provider: "acme".to_owned(),
        spec_path: "acme.json".to_owned(),
        crate_name: (!ours).then(|| "acme-client".to_owned()),
        names: Names::default(),
        ..Context::default()
    };
    let ir = normalize(&spec, &context).ok()?.ir;
    let options = EmitOptions {
        runtime: RuntimeLocation { version: "0.1.0".into(), path: None },
        standalone: true,
        command: "cargo xtask codegen acme".into(),
        repository: "https://github.com/acme/acme".into(),
        spec_url: None,
    };
    let CrateFiles(files) = emit(&ir, &options).ok()?;
    let text = |(path, bytes)| (path, String::from_utf8(bytes).expect("UTF-8"));
    Some(files.into_iter().filter(|(path, _)| path != "src/lines.rs").map(text).collect())
}

/// A small generator (SplitMix64), or none: then everything stays where it is.
struct Random(Option<u64>);

impl Random {
    fn shuffle<T>(&mut self, items: &mut [T]) {
        let Some(state) = &mut self.0 else { return };
        for at in (1..items.len()).rev() {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            items.swap(at, usize::try_from((z ^ (z >> 31)) % (at as u64 + 1)).unwrap_or(0));
        }
    }
}

/// A node as JSON, one member a line. Maps are shuffled, and those lists whose order has no meaning.
fn json_text(node: &Node, key: &str, random: &mut Random) -> String {
    match &node.value {
        Value::Map(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // Recipes sign members in the order in which they are written.
            if key.starts_with("x-signing") {
                return json_text(node, "", &mut Random(None));
            }
            random.shuffle(&mut members);
            let text = |(key, node): &(countersign_codegen::spec::Key, Node), random: &mut Random| {
                format!("{}: {}", json!(key.text), json_text(node, &key.text, random))
            };
            let members: Vec<String> = members.into_iter().map(|member| text(member, random)).collect();
            format!("{{{}}}", members.join(",\n"))
        }
        Value::List(items) => {
            let mut items: Vec<&Node> = items.iter().collect();
            let is_tags = key == "tags" && items.iter().all(|item| item.get("name").is_some());
            if is_tags || ["parameters", "required"].contains(&key) {
                random.shuffle(&mut items);
            }
            let items: Vec<String> = items.into_iter().map(|item| json_text(item, "", random)).collect();
            format!("[{}]", items.join(",\n"))
        }
        Value::Number(text) => text.clone(),
        Value::Text(text) => json!(text).to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
    }
}

/// The document with one more operation in front: its own tag, inline types, a component.
fn grown(document: &Node) -> String {
    let text = json_text(document, "", &mut Random(None));
    let part = json!({"type": "object", "properties": {"added_part": {"type": "object", "properties": {
        "added_state": {"type": "string", "enum": ["on", "off"]}}}}});
    let content = |schema: &serde_json::Value| json!({"application/json": {"schema": schema}});
    let operation = json!({"post": {
        "tags": ["Added tag"], "operationId": "zzAddedOperation", "security": [],
        "requestBody": {"content": content(&part)},
        "responses": {"200": {"description": "d", "content": content(&json!({"$ref": "#/components/schemas/ZzAdded"}))}},
    }});
    let text = text.replacen("\"paths\": {", &format!("\"paths\": {{\"/zz/added\": {operation},\n"), 1);
    let schemas = text.find("\"components\": {").expect("components");
    let at = schemas + text[schemas..].find("\"schemas\": {").expect("schemas") + "\"schemas\": {".len();
    format!("{}\"ZzAdded\": {part},\n{}", &text[..at], &text[at..])
}
