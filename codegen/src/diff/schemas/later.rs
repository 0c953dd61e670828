//! Keywords of OpenAPI 3.1, `not`, and how a text holds bytes.

use super::{Pair, types};
use crate::diff::compare::Compare;
use crate::diff::rules::{self, Rule};
use crate::diff::values::{canonical, canonical_without_texts};
use crate::spec::{Key, Node};
use std::collections::{BTreeSet, HashMap};

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let names: BTreeSet<&'static str> = pair.old.keywords.keys().chain(pair.new.keywords.keys()).copied().collect();
    for name in names {
        let (old, new) = (nodes(&pair.old.keywords, name), nodes(&pair.new.keywords, name));
        match name {
            "contentEncoding" | "contentMediaType" if types::same_bytes(pair.old, pair.new) => {}
            "dependentRequired" | "dependentSchemas" | "patternProperties" => by_key(compare, pair, name, old, new),
            "unevaluatedProperties" | "unevaluatedItems" => unevaluated(compare, pair, name, old, new),
            _ => whole(compare, pair, name, old, new),
        }
    }
}

fn nodes<'s, 'a>(keywords: &'s std::collections::BTreeMap<&'static str, Vec<&'a Node>>, name: &str) -> &'s [&'a Node] {
    keywords.get(name).map(Vec::as_slice).unwrap_or_default()
}

/// Added, removed, and changed, if that is a rule of its own.
fn rules_of(name: &str) -> (&'static Rule, &'static Rule, Option<&'static Rule>) {
    match name {
        "dependentRequired" | "dependentSchemas" => {
            (&rules::DEPENDENCY_ADDED, &rules::DEPENDENCY_REMOVED, Some(&rules::DEPENDENCY_CHANGED))
        }
        "patternProperties" | "propertyNames" => (&rules::MEMBER_NAMES_ADDED, &rules::MEMBER_NAMES_REMOVED, None),
        "contains" => (&rules::CONTAINS_TIGHTENED, &rules::CONTAINS_LOOSENED, None),
        "contentSchema" => (&rules::CONTENT_SCHEMA_ADDED, &rules::CONTENT_SCHEMA_REMOVED, None),
        "contentMediaType" | "contentEncoding" => {
            let rule = &rules::CONTENT_ENCODING_CHANGED;
            (rule, rule, Some(rule))
        }
        "not" => (&rules::NOT_ADDED, &rules::NOT_REMOVED, Some(&rules::NOT_CHANGED)),
        _ => (&rules::CONDITION_ADDED, &rules::CONDITION_REMOVED, Some(&rules::CONDITION_CHANGED)),
    }
}

fn whole<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &'static str, old: &[&'a Node], new: &[&'a Node]) {
    let (added, removed, changed) = rules_of(name);
    match (old.first().copied(), new.first().copied()) {
        (None, Some(new)) => {
            compare.emit(added, pair.old_node, new, format!("`{name}` is new")).detail(name);
        }
        (Some(old), None) => {
            compare.emit(removed, old, pair.new_node, format!("`{name}` is gone")).detail(name);
        }
        (Some(was), Some(is)) => {
            let text = |nodes: &[&Node]| nodes.iter().map(|node| canonical_without_texts(node)).collect::<Vec<_>>();
            match changed {
                Some(rule) if text(old) != text(new) => {
                    compare.emit(rule, was, is, format!("`{name}` changed")).detail(name);
                }
                Some(_) => {}
                None => compare.pair_nodes(was, is, pair.usage),
            }
        }
        (None, None) => {}
    }
}

fn by_key<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &'static str, old: &[&'a Node], new: &[&'a Node]) {
    let (added, removed, changed) = rules_of(name);
    let entries = |nodes: &[&'a Node]| nodes.iter().flat_map(|node| node.members()).collect::<Vec<_>>();
    let (was, is) = (entries(old), entries(new));
    let by_name = |entries: &[(&'a Key, &'a Node)]| {
        entries.iter().rev().map(|(key, node)| (key.text.as_str(), *node)).collect::<HashMap<_, _>>()
    };
    let (known, now) = (by_name(&was), by_name(&is));
    for (key, node) in &was {
        match now.get(key.text.as_str()) {
            None => {
                let message = format!("an entry of `{name}` is gone");
                compare.emit(removed, *node, pair.new_node, message).detail(key.text.clone());
            }
            Some(other) => match changed {
                Some(_) if name == "dependentRequired" => demanded(compare, node, other),
                _ => compare.pair_nodes(node, other, pair.usage),
            },
        }
    }
    for (key, node) in is.iter().filter(|(key, _)| !known.contains_key(key.text.as_str())) {
        let message = format!("an entry of `{name}` is new");
        compare.emit(added, pair.old_node, *node, message).detail(key.text.clone());
    }
}

/// The members that one member demands.
fn demanded<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let texts = |node: &Node| node.items().iter().map(canonical).collect::<BTreeSet<_>>();
    let (was, is) = (texts(old), texts(new));
    let rule = match (was.is_subset(&is), is.is_subset(&was)) {
        (true, true) => return,
        (true, false) => &rules::DEPENDENCY_ADDED,
        (false, true) => &rules::DEPENDENCY_REMOVED,
        (false, false) => &rules::DEPENDENCY_CHANGED,
    };
    compare.emit(rule, old, new, "a member demands other members than before");
}

fn unevaluated<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    name: &'static str,
    old: &[&'a Node],
    new: &[&'a Node],
) {
    let closing = |nodes: &[&'a Node]| nodes.iter().copied().find(|node| node.bool() != Some(true));
    match (closing(old), closing(new)) {
        (None, Some(new)) => {
            let message = format!("`{name}` constrains what no other keyword looks at");
            compare.emit(&rules::UNEVALUATED_CLOSED, pair.old_node, new, message).detail(name);
        }
        (Some(old), None) => {
            let message = format!("`{name}` no longer constrains what no other keyword looks at");
            compare.emit(&rules::UNEVALUATED_OPENED, old, pair.new_node, message).detail(name);
        }
        (Some(old), Some(new)) if old.bool() != Some(false) || new.bool() != Some(false) => {
            compare.pair_nodes(old, new, pair.usage);
        }
        _ => {}
    }
}
