//! Keywords of OpenAPI 3.1, `not`, and how a text holds bytes.

use super::{Pair, types};
use crate::diff::compare::Compare;
use crate::diff::rules::{self, Rule};
use crate::diff::schema::{Rest, Schema};
use crate::diff::values::{canonical, canonical_without_texts};
use crate::spec::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let names: BTreeSet<&'static str> = pair.old.keywords.keys().chain(pair.new.keywords.keys()).copied().collect();
    for name in names {
        let (old, new) = (nodes(pair.old, name), nodes(pair.new, name));
        match name {
            "contentEncoding" | "contentMediaType" if types::same_bytes(pair.old, pair.new) => {}
            "dependentRequired" | "dependentSchemas" | "patternProperties" => by_key(compare, pair, name, &old, &new),
            "unevaluatedProperties" | "unevaluatedItems" => unevaluated(compare, pair, name, &old, &new),
            _ => whole(compare, pair, name, old, new),
        }
    }
}

/// The nodes of a keyword that say anything.
fn nodes<'a>(schema: &Schema<'a>, name: &str) -> Vec<&'a Node> {
    let there = |name: &str| schema.keywords.contains_key(name);
    let idle = match name {
        // Conditions need both halves.
        "if" => !there("then") && !there("else"),
        "then" | "else" => !there("if"),
        _ => false,
    };
    let all = schema.keywords.get(name).map(Vec::as_slice).unwrap_or_default();
    let says_nothing = |node: &Node| idle || (name == "propertyNames" && is_open(node));
    all.iter().copied().filter(|node| !says_nothing(node)).collect()
}

/// Whether any value fits a schema.
fn is_open(node: &Node) -> bool {
    node.bool() == Some(true) || matches!(&node.value, Value::Map(members) if members.is_empty())
}

/// Entries of two lists without order: those that changed, side by side, then what is left on one side.
struct Matched<'a> {
    changed: Vec<(&'a Node, &'a Node)>,
    gone: Vec<&'a Node>,
    came: Vec<&'a Node>,
}

/// Takes out what both lists have, by what it says; the rest is matched in its order.
fn matched<'a>(compare: &mut Compare<'a>, name: &str, mut old: Vec<&'a Node>, mut new: Vec<&'a Node>) -> Matched<'a> {
    let schemas = !matches!(name, "contentMediaType" | "contentEncoding");
    old.retain(|was| {
        let text = canonical_without_texts(was);
        let same =
            new.iter().position(|is| text == canonical_without_texts(is) || (schemas && compare.equal_nodes(was, is)));
        match same {
            Some(index) => {
                new.remove(index);
                false
            }
            None => true,
        }
    });
    let both = old.len().min(new.len());
    let (gone, came) = (old.split_off(both), new.split_off(both));
    Matched { changed: old.into_iter().zip(new).collect(), gone, came }
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

fn whole<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    name: &'static str,
    old: Vec<&'a Node>,
    new: Vec<&'a Node>,
) {
    let (added, removed, changed) = rules_of(name);
    let found = matched(compare, name, old, new);
    for node in found.came {
        compare.emit(added, pair.old_node, node, format!("`{name}` is new")).detail(name);
    }
    for node in found.gone {
        compare.emit(removed, node, pair.new_node, format!("`{name}` is gone")).detail(name);
    }
    for (was, is) in found.changed {
        match changed {
            Some(rule) => {
                compare.emit(rule, was, is, format!("`{name}` changed")).detail(name);
            }
            None => compare.pair_nodes(was, is, pair.usage),
        }
    }
}

fn by_key<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &'static str, old: &[&'a Node], new: &[&'a Node]) {
    let (old, new) = (entries(pair.old, name, old), entries(pair.new, name, new));
    let keys: BTreeSet<&'a str> = old.keys().chain(new.keys()).copied().collect();
    for key in keys {
        let of = |entries: &Entries<'a>| entries.get(key).cloned().unwrap_or_default();
        let (was, is) = (of(&old), of(&new));
        if name == "dependentRequired" && !was.is_empty() && !is.is_empty() {
            demanded(compare, &was, &is);
            continue;
        }
        let found = matched(compare, name, was, is);
        let (added, removed) =
            if name == "patternProperties" { patterns(pair) } else { (rules_of(name).0, rules_of(name).1) };
        for node in found.came {
            let message = format!("an entry of `{name}` is new");
            compare.emit(added, pair.old_node, node, message).detail(key);
        }
        for node in found.gone {
            let message = format!("an entry of `{name}` is gone");
            compare.emit(removed, node, pair.new_node, message).detail(key);
        }
        for (was, is) in found.changed {
            compare.pair_nodes(was, is, pair.usage);
        }
    }
}

/// Schemas or lists by the key that they stand under.
type Entries<'a> = BTreeMap<&'a str, Vec<&'a Node>>;

/// The entries that say anything: not a demand for nothing, nor names whose members may be what they may be anyway.
fn entries<'a>(schema: &Schema<'a>, name: &str, nodes: &[&'a Node]) -> Entries<'a> {
    let open = !is_closed(schema);
    let says = |node: &Node| match name {
        "dependentRequired" => !node.items().is_empty(),
        "patternProperties" => !open || !is_open(node),
        _ => !is_open(node),
    };
    let mut entries = Entries::new();
    for (key, node) in nodes.iter().flat_map(|node| node.members()).filter(|(_, node)| says(node)) {
        entries.entry(key.text.as_str()).or_default().push(node);
    }
    entries
}

fn is_closed(schema: &Schema<'_>) -> bool {
    matches!(schema.rest, Some(Rest::Refused(_)))
}

/// What a new pattern of names means, and one that is gone: an object that refuses other members opens with it.
fn patterns(pair: &Pair<'_, '_>) -> (&'static Rule, &'static Rule) {
    let added = if is_closed(pair.old) { &rules::ADDITIONAL_OPENED } else { &rules::MEMBER_NAMES_ADDED };
    let removed = if is_closed(pair.new) { &rules::ADDITIONAL_CLOSED } else { &rules::MEMBER_NAMES_REMOVED };
    (added, removed)
}

/// The members that one member demands.
fn demanded<'a>(compare: &mut Compare<'a>, old: &[&'a Node], new: &[&'a Node]) {
    let texts = |nodes: &[&Node]| nodes.iter().flat_map(|node| node.items()).map(canonical).collect::<BTreeSet<_>>();
    let (was, is) = (texts(old), texts(new));
    let rule = match (was.is_subset(&is), is.is_subset(&was)) {
        (true, true) => return,
        (true, false) => &rules::DEPENDENCY_ADDED,
        (false, true) => &rules::DEPENDENCY_REMOVED,
        (false, false) => &rules::DEPENDENCY_CHANGED,
    };
    compare.emit(rule, old[0], new[0], "a member demands other members than before");
}

fn unevaluated<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    name: &'static str,
    old: &[&'a Node],
    new: &[&'a Node],
) {
    let closing = |nodes: &[&'a Node]| nodes.iter().copied().find(|node| !is_open(node));
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
