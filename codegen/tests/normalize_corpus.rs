//! Documents that companies publish: none of them makes `normalize` panic, and two runs agree.
//!
//! The files are not part of the project. `COUNTERSIGN_CORPUS` names a folder of them; without it the test says so
//! and passes. `COUNTERSIGN_CORPUS_ONLY` names a part of file names, `COUNTERSIGN_CORPUS_SHOW=1` prints each error.

use countersign_codegen::finding::Level;
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use std::collections::BTreeMap;
use std::time::Instant;

#[test]
fn published_documents() {
    let Some(folder) = std::env::var_os("COUNTERSIGN_CORPUS") else {
        println!("COUNTERSIGN_CORPUS is not set: nothing to do");
        return;
    };
    let only = std::env::var("COUNTERSIGN_CORPUS_ONLY").unwrap_or_default();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !(name.ends_with(".yaml") || name.ends_with(".json")) || !name.contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("text");
        let spec = match parse(&file, text) {
            Ok(spec) => spec,
            Err(findings) => {
                println!("{name:24} not parsed: {}", findings[0].message);
                continue;
            }
        };
        let context = Context {
            provider: "corpus".to_owned(),
            spec_path: name.clone(),
            crate_name: Some("corpus".to_owned()),
            ..Context::default()
        };
        let start = Instant::now();
        let (result, findings) = match normalize(&spec, &context) {
            Ok(normalized) => {
                let ir = &normalized.ir;
                let methods: std::collections::BTreeSet<&str> = ir.operations.iter().map(|o| o.name.as_str()).collect();
                assert_eq!(methods.len(), ir.operations.len());
                let types: std::collections::BTreeSet<&str> = ir.types.iter().map(|t| t.name.as_str()).collect();
                assert_eq!(types.len(), ir.types.len());
                let (of_types, of_methods) = (lengths(types.iter().copied()), lengths(methods.iter().copied()));
                let counts = format!("{} types ({of_types}), {} operations ({of_methods})", types.len(), methods.len());
                (format!("ok, {counts}"), normalized.notes)
            }
            // Published documents sign nothing in our sense: those errors are no news.
            Err(findings) if findings.iter().all(|f| f.level != Level::Error || f.rule == "unsupported") => {
                ("ok but for its security schemes".to_owned(), findings)
            }
            Err(findings) => ("findings".to_owned(), findings),
        };
        let time = start.elapsed();
        let mut rules: BTreeMap<(Level, &str), usize> = BTreeMap::new();
        for finding in &findings {
            *rules.entry((finding.level, finding.rule)).or_default() += 1;
            *all.entry(finding.rule).or_default() += 1;
        }
        let errors: Vec<String> = rules
            .iter()
            .filter(|((level, _), _)| *level == Level::Error)
            .map(|((_, rule), n)| format!("{rule} {n}"))
            .collect();
        let notes: Vec<String> = rules
            .iter()
            .filter(|((level, _), _)| *level != Level::Error)
            .map(|((_, rule), n)| format!("{rule} {n}"))
            .collect();
        println!(
            "{name:20} {:5} ms {result}\n    errors: {}\n    notes: {}",
            time.as_millis(),
            errors.join(", "),
            notes.join(", ")
        );
        if std::env::var_os("COUNTERSIGN_CORPUS_SHOW").is_some() {
            for finding in findings.iter().filter(|f| {
                f.level == Level::Error || std::env::var("COUNTERSIGN_CORPUS_SHOW").is_ok_and(|rule| rule == f.rule)
            }) {
                println!(
                    "      {} {} {} {}: {}",
                    finding.at, finding.rule, finding.pointer, finding.level as u8, finding.message
                );
            }
        }
    }
    println!("{all:?}");
}

/// The length that 95 of 100 names do not exceed, and the longest.
fn lengths<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut lengths: Vec<usize> = names.map(str::len).collect();
    lengths.sort_unstable();
    let at = |part: usize| lengths.get((lengths.len() * part / 100).min(lengths.len().saturating_sub(1))).copied();
    format!("names to {} and {}", at(95).unwrap_or_default(), at(100).unwrap_or_default())
}
