//! The engine, the runtime and the generator know no provider: what one needs is in its spec.
//!
//! Names are looked for in code and in comments alike, whatever their case.

use countersign_tests::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 3] = ["auth/src", "runtime/src", "codegen/src"];

/// Words of titles that are nobody's name.
const ORDINARY: [&str; 6] = ["api", "backend", "by", "mobile", "powered", "rest"];

/// Providers that no spec here has yet: the vocabulary was measured against their recipes, or their names stand
/// in the documents of those we have. Not GitHub: addresses in comments may lead there.
const OTHERS: [&str; 8] = ["binance", "coinbase", "dosh", "kraken", "shopify", "slack", "stripe", "twilio"];

#[test]
fn no_provider_is_named_in_the_engine_the_runtime_or_the_generator() {
    let names = names();
    for expected in ["appsmiles", "app's", "miles", "cardlytics", "clevertap", "clutch", "clutch-client"] {
        assert!(names.contains(expected), "{names:?}");
    }
    let mut files = Vec::new();
    for folder in FOLDERS {
        let before = files.len();
        sources(&workspace::root().join(folder), &mut files);
        assert!(files.len() > before + 5, "{folder} has hardly any sources");
    }
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let file = file.strip_prefix(workspace::root()).unwrap().display();
        for (index, line) in text.lines().enumerate() {
            found.extend(named(&names, line).map(|name| format!("{file}:{}: {name}: {}", index + 1, line.trim())));
        }
    }
    assert!(found.is_empty(), "providers are named:\n{}", found.join("\n"));
}

#[test]
fn a_name_is_found_in_any_case_and_inside_others() {
    let names = names();
    for line in ["// as Clutch does", "CLEVERTAP_PASSCODE", "fn appsmiles_body()", "App's Miles", "CoinbaseSigner"] {
        assert!(named(&names, line).next().is_some(), "{line}");
    }
    assert_eq!(named(&names, "the backend api powered by a mobile partner").next(), None);
}

fn named<'n>(names: &'n BTreeSet<String>, line: &str) -> impl Iterator<Item = &'n String> {
    let line = line.to_lowercase();
    names.iter().filter(move |name| line.contains(name.as_str()))
}

/// The folders of `specs`, the names of the crates, the words of the titles, and the others.
fn names() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = OTHERS.into_iter().map(str::to_owned).collect();
    for provider in workspace::providers() {
        let spec = workspace::root().join("specs").join(&provider).join("openapi.yaml");
        let spec = countersign_codegen::parse::read(&spec).unwrap();
        let text = |pointer: &str| {
            let node = spec.root.at_pointer(pointer).and_then(|node| node.text());
            node.unwrap_or_else(|| panic!("{provider} has no {pointer}")).to_lowercase()
        };
        let title = text("/info/title");
        names.extend(title.split_whitespace().filter(|word| !ORDINARY.contains(word)).map(str::to_owned));
        names.insert(text("/info/x-crate/name"));
        names.insert(provider);
    }
    names
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else {
            files.push(path);
        }
    }
}
