//! The tables name rules that exist, and every rule that can break sources.

use super::*;
use countersign_codegen::diff::Step;
use countersign_codegen::diff::rules::{Rule, all, by_id};
use std::collections::BTreeSet;

/// Majors of the table that break old crates on the wire, while callers of the generated crate keep compiling: the
/// cross-check lets none of them stand.
const COMPILES: &[&str] = &[
    "const-changed",
    "mutual-tls-added",
    "mutual-tls-removed",
    "oauth-scope-removed",
    "required-oauth-scope-removed",
    "response-header-became-optional",
];

fn is_major(rule: &Rule) -> bool {
    rule.sent.max(rule.received) == Step::Major
}

fn named() -> BTreeSet<&'static str> {
    let explained = EXPLAINS.iter().flat_map(|row| row.ids);
    explained.chain(UNSEEN.iter().flat_map(|(_, ids, _)| *ids)).copied().collect()
}

#[test]
fn every_name_is_a_rule_that_can_break_sources() {
    let dead: Vec<&str> =
        named().into_iter().chain(COMPILES.iter().copied()).filter(|id| !by_id(id).is_some_and(is_major)).collect();
    assert_eq!(dead, Vec::<&str>::new(), "no rule, or never major");
}

#[test]
fn every_rule_that_can_break_sources_is_named() {
    let named = named();
    let missing: Vec<&str> = all()
        .filter(|rule| is_major(rule) && !named.contains(rule.id) && !COMPILES.contains(&rule.id))
        .map(|rule| rule.id)
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "in no row");
    let both: Vec<&&str> = COMPILES.iter().filter(|id| named.contains(**id)).collect();
    assert!(both.is_empty(), "named, and said to compile: {both:?}");
}

#[test]
fn no_row_says_what_another_says() {
    let mut seen = BTreeSet::new();
    for row in EXPLAINS {
        assert!(!row.lints.is_empty(), "{:?} {:?}", row.of, row.ids);
        row.ids.iter().for_each(|id| assert!(seen.insert((row.of, row.lints, id)), "twice: {:?} {id}", row.of));
    }
    let mut seen = BTreeSet::new();
    for (of, ids, reason) in UNSEEN {
        assert!(!reason.is_empty());
        ids.iter().for_each(|id| assert!(seen.insert((of, id)), "two reasons: {of:?} {id}"));
    }
}
