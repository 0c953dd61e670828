//! Every rule is explained, and every example of an explanation does what it says.

use countersign_codegen::explain::{all, document};
use countersign_codegen::finding::{has_errors, joined};
use countersign_codegen::lint::{Context, lint, rules};
use countersign_codegen::normalize::{self, normalize};
use countersign_codegen::parse::parse;
use std::collections::BTreeSet;

/// Rules on sizes, on signing, on files beside the spec, and notes whose example would say no more than their sentence.
const WITHOUT_EXAMPLE: &[&str] = &[
    "alias-bomb",
    "all-of-cycle",
    "assumed-parameter-style",
    "encoding",
    "file-too-large",
    "foreign-webhooks",
    "ignored-discriminator",
    "ignored-encoding",
    "ignored-keyword",
    "ignored-path-parameter",
    "ignored-server",
    "loosened-allow-reserved",
    "loosened-condition",
    "loosened-const",
    "loosened-discriminator",
    "loosened-dynamic-ref",
    "loosened-enum-value",
    "loosened-false",
    "loosened-form",
    "loosened-format",
    "loosened-header",
    "loosened-integer",
    "loosened-media-type",
    "loosened-media-types",
    "loosened-null",
    "loosened-parameter",
    "loosened-parameter-style",
    "loosened-path",
    "loosened-path-parameter",
    "loosened-pattern-properties",
    "loosened-repeated-value",
    "loosened-server",
    "loosened-tuple",
    "loosened-undeclared-property",
    "loosened-union",
    "named-by-place",
    "names-file",
    "newer-keyword",
    "optional-tag",
    "relative-server",
    "renamed",
    "renamed-argument",
    "renamed-operation",
    "required-undeclared",
    "scheme-certificate",
    "scheme-in-clear",
    "scheme-unusable",
    "security-conflict",
    "session",
    "signing-recipe",
    "signing-scheme",
    "signing-shape",
    "signing-step",
    "too-deep",
    "too-large",
    "too-many-branches",
    "too-many-joins",
    "too-nested",
    "unsupported",
    "vanished-name",
    "vector-failed",
    "vectors-missing",
    "vectors-shape",
    "webhook",
    "webhook-weak",
];

/// The rules that something is found against.
fn found(example: &str) -> BTreeSet<&'static str> {
    let spec = match parse("case.yaml", document(example)) {
        Ok(spec) => spec,
        Err(findings) => return findings.iter().map(|finding| finding.rule).collect(),
    };
    let mut spec = spec;
    let skipped = countersign_codegen::skip::skip(&mut spec, &[]);
    let findings = joined(skipped, lint(&spec, &Context::default()));
    // What is refused already says no more by being lowered.
    let refused = has_errors(&findings);
    let context = normalize::Context { provider: "acme".to_owned(), ..normalize::Context::default() };
    let lowering = match normalize(&spec, &context) {
        _ if refused => Vec::new(),
        Ok(normalized) => normalized.notes,
        Err(findings) => findings,
    };
    joined(findings, lowering).iter().map(|finding| finding.rule).collect()
}

#[test]
fn every_rule_is_explained_once() {
    let known: BTreeSet<&str> = rules::ALL.iter().chain(normalize::rules::ALL).map(|rule| rule.id).collect();
    let mut explained = BTreeSet::new();
    for (id, explanation) in all() {
        assert!(known.contains(id), "there is no rule `{id}`; take it out of src/explain/rules.md");
        assert!(explained.insert(id), "`{id}` is explained twice");
        assert!(explanation.why.len() > 20 && explanation.why.ends_with('.'), "`{id}` says why in sentences");
        let without = WITHOUT_EXAMPLE.contains(&id);
        assert_eq!(explanation.example.is_none(), without, "`{id}`: an example in src/explain/rules.md");
    }
    // What is not supported yet needs no more than its sentence.
    let missing: Vec<_> = known.difference(&explained).filter(|id| !id.starts_with("unsupported-")).collect();
    assert!(missing.is_empty(), "explain these in src/explain/rules.md: {missing:?}");
}

#[test]
fn the_first_example_breaks_its_rule_only_and_the_second_one_none() {
    let mut wrong = Vec::new();
    let mut run = 0;
    for (id, explanation) in all() {
        let Some((bad, good)) = explanation.example else { continue };
        run += 1;
        let (broken, kept) = (found(&bad), found(&good));
        if broken != BTreeSet::from([id]) {
            wrong.push(format!("{id}: the first example breaks {broken:?}"));
        }
        if !kept.is_empty() {
            wrong.push(format!("{id}: the second example breaks {kept:?}"));
        }
    }
    assert!(run > 50, "only {run} examples were run");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
