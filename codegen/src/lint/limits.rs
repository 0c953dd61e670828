//! `x-limits`: how many calls an API takes at once.

use super::kinds::Kind;
use super::operations::METHODS;
use super::shape::follow;
use super::{Lint, rules};
use crate::finding::shortened;
use crate::spec::{Mark, Node, Value};
use std::collections::HashMap;

/// Looks at each `x-limits`, then whether operations of one API agree.
pub(super) fn check(lint: &mut Lint<'_>) {
    for kind in [Kind::PathItem, Kind::Operation] {
        for node in lint.all(kind) {
            alone(lint, node);
        }
    }
    let Some(paths) = lint.spec().root.get("paths") else { return };
    let mut known: HashMap<&str, (Option<&str>, Mark)> = HashMap::new();
    for (path, item) in paths.members() {
        let item = follow(&lint.references, item).unwrap_or(item);
        for (_, operation) in item.members().filter(|(method, _)| METHODS.contains(&method.text.as_str())) {
            let Some(limits) = operation.get("x-limits").or_else(|| item.get("x-limits")) else { continue };
            let api = limits.get("api").and_then(Node::text).unwrap_or(&path.text);
            let concurrent = limits.get("concurrent").and_then(number);
            let first = *known.entry(api).or_insert((concurrent, limits.at));
            if first.0 != concurrent {
                let message = format!("the API `{}` has another limit at {}", shortened(api, 60), first.1);
                lint.on(rules::LIMITS, limits, message).help("say the same on each operation of one `api`");
            }
        }
    }
}

fn alone<'a>(lint: &mut Lint<'a>, owner: &'a Node) {
    let Some((key, limits)) = owner.entry("x-limits") else { return };
    let (concurrent, api) = (limits.get("concurrent"), limits.get("api"));
    if limits.members().next().is_none() {
        lint.at(rules::LIMITS, key.at, limits, "`x-limits` says nothing").help("write `x-limits: {concurrent: 3}`");
    }
    if let Some(concurrent) = concurrent.filter(|node| number(node).is_some_and(|text| limit(text).is_none())) {
        let message = "a limit of calls at once is between 1 and 1000000";
        lint.on(rules::LIMITS, concurrent, message).help("leave it out where there is no limit");
    }
    if let Some(api) = api.filter(|node| node.text().is_some_and(|text| text.trim().is_empty())) {
        lint.on(rules::LIMITS, api, "this name is empty").help("leave it out: the path is the name then");
    }
}

/// The text of a number.
pub(crate) fn number(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Number(text) => Some(text),
        _ => None,
    }
}

/// A limit that can be meant.
pub(crate) fn limit(text: &str) -> Option<u32> {
    text.parse().ok().filter(|limit| (1..=1_000_000).contains(limit))
}
