//! Every rule of a review is explained by what is true: its pair is reviewed, and the rule is in the review.

use countersign_codegen::diff::explain::{Caller, Documents, effect, pair};
use countersign_codegen::diff::{Day, Made, Report, Settings, Step, advise, diff, rules, surface};
use countersign_codegen::kept::Names;
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::skip::skip;
use countersign_codegen::spec::Spec;

/// Rules on other files than the two documents.
const OTHER_FILES: [&str; 3] = ["signing-vectors-changed", "acceptance-unused", "acceptance-expired"];

/// Source-breaking rules whose pair leaves the crate's public API as it is: what a value holds, what is answered or
/// what a caller must have changes, and the generated types are too open, or too plain, to show it.
const COMPILES: &[&str] = &[
    "path-parameter-added",
    "parameters-reordered",
    "success-status-removed",
    "success-status-added",
    "response-header-became-optional",
    "format-removed",
    "content-encoding-changed",
    "enum-value-renamed",
    "const-added",
    "const-changed",
    "const-removed",
    "empty-schema",
    "empty-schema-filled",
    "discriminator-added",
    "discriminator-mapping-removed",
    "discriminator-mapping-changed",
    "tuple-item-added",
    "tuple-item-removed",
    "property-became-read-only",
    "required-property-became-write-only",
    "property-became-write-only",
    "security-added",
    "security-scheme-required-too",
    "oauth-scope-removed",
    "required-oauth-scope-removed",
    "security-scheme-unused",
    "mutual-tls-added",
    "mutual-tls-removed",
    "server-variable-value-removed",
];

#[test]
fn every_rule_says_what_callers_see() {
    let mut wrong = Vec::new();
    let (mut code, mut words) = (0, 0);
    for rule in rules::all() {
        let Some(effect) = effect(rule) else {
            wrong.push(format!("{} has no line", rule.id));
            continue;
        };
        if !effect.sentence.ends_with('.') {
            wrong.push(format!("{}: {} is no sentence", rule.id, effect.sentence));
        }
        let major = rule.sent.max(rule.received) == Step::Major;
        match effect.caller {
            Caller::Code(text, says) if major && !text.is_empty() && !says.is_empty() => code += 1,
            Caller::Words(text) if major && !text.is_empty() => words += 1,
            Caller::Compiles if !major || COMPILES.contains(&rule.id) => {}
            other => wrong.push(format!("{}: {other:?}", rule.id)),
        }
    }
    println!("{} rules: {code} with code that stops compiling, {words} with words for it", rules::all().count());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unknown: Vec<&&str> = COMPILES.iter().filter(|id| rules::by_id(id).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The review of a pair, and of the crates that it makes where those are compared.
fn review(pair: &Documents) -> Report {
    let settings =
        Settings { today: Day::parse("2026-11-21").unwrap(), docs: true, deprecation_days: 30, ..Settings::default() };
    let old = parse("old", pair.old.clone()).expect("the old document");
    let new = parse("new", pair.new.clone()).expect("the new document");
    let mut report = diff(&old, &new, &settings);
    if pair.crates {
        let made = |spec: &Spec, names: Names| {
            let context = Context { provider: "acme".to_owned(), names, ..Context::default() };
            let mut spec = spec.clone();
            skip(&mut spec, &[]);
            normalize(&spec, &context).unwrap_or_else(|findings| panic!("{findings:#?}"))
        };
        let was = made(&old, Names::default());
        let is = made(&new, if pair.forgets_names { Names::default() } else { was.names.clone() });
        surface(&mut report, Made { spec: &old, ir: &was.ir }, Made { spec: &new, ir: &is.ir });
    }
    advise(&mut report, &old, &new);
    report
}

#[test]
fn every_pair_shows_its_rule() {
    let (mut wrong, mut pairs, mut files) = (Vec::new(), 0, 0);
    for rule in rules::all().filter(|rule| !OTHER_FILES.contains(&rule.id)) {
        let Some(pair) = pair(rule) else {
            wrong.push(format!("{} has no pair", rule.id));
            continue;
        };
        if pair.parts.iter().all(|part| part.before == part.after) {
            wrong.push(format!("{}: {:?} shows nothing", rule.id, pair.parts));
        }
        // A change of a file of the crate is a case of the test `diff`, which reviews it on disk.
        let Some(documents) = pair.documents else {
            files += 1;
            continue;
        };
        let report = review(&documents);
        let found: Vec<&str> = report.changes.iter().map(|change| change.rule.id).collect();
        if !found.contains(&rule.id) {
            wrong.push(format!("{} is not in the review of its pair: {found:?}", rule.id));
        }
        pairs += 1;
    }
    println!("{pairs} pairs of documents, {files} of files");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
