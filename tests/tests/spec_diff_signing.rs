//! Changes of the four specs' signing, one at a time, and what a review says of each.
//!
//! A line of `data/spec_diff_signing.txt` is `SPEC | OLD TEXT => NEW TEXT | EXPECTED`; the text must stand in the spec.

use countersign_codegen::diff::{Settings, diff};
use countersign_codegen::parse::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[test]
fn every_change_of_signing_is_weighed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cases = std::fs::read_to_string(root.join("tests/data/spec_diff_signing.txt")).unwrap();
    let (mut breaking, mut rules, mut wrong) = (BTreeMap::<&str, usize>::new(), BTreeSet::new(), Vec::new());
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.split(" | ");
        let (spec, edits, expected) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(""));
        let old = std::fs::read_to_string(root.join(format!("specs/{spec}/openapi.yaml"))).unwrap();
        let mut new = old.clone();
        for edit in edits.split(" ;; ") {
            let (from, to) = edit.split_once(" => ").unwrap();
            assert!(new.contains(from), "`{from}` is not in the spec: {line}");
            new = new.replace(from, to);
        }
        let spec_of = |text: &str| parse("openapi.yaml", text).unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let report = diff(&spec_of(&old), &spec_of(&new), &Settings::default());
        let said: BTreeSet<String> =
            report.changes.iter().map(|change| format!("{} {}", change.rule.id, change.wire.word())).collect();
        let said = if said.is_empty() { "silent".to_owned() } else { said.into_iter().collect::<Vec<_>>().join(", ") };
        if report.fails() {
            *breaking.entry(spec).or_default() += 1;
        }
        rules.extend(report.changes.iter().map(|change| change.rule.id));
        if said != expected {
            wrong.push(format!("{spec} | {edits} | {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ; they are:\n{}", wrong.len(), wrong.join("\n"));
    println!("breaking changes by spec: {breaking:?}; {} rules", rules.len());
    assert!(breaking.values().sum::<usize>() >= 25 && breaking.len() == 4, "{breaking:?}");
}
