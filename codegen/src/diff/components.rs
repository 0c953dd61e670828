//! Components: what the crate's types are called after, reached by operations or not.

use super::compare::{Compare, Use};
use super::rules;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::BTreeMap;

/// The most components that are compared with each other to find renamed ones.
const MOST_TRIED: usize = 64;

fn schemas(root: &Node) -> BTreeMap<&str, &Node> {
    let members = root.at_pointer("/components/schemas").into_iter().flat_map(Node::members);
    members.map(|(key, node)| (key.text.as_str(), node)).collect()
}

/// Components that others have in `allOf`, each with one that is still there.
fn parents<'a>(old: &BTreeMap<&'a str, &'a Node>, new: &BTreeMap<&'a str, &'a Node>) -> BTreeMap<&'a str, &'a str> {
    let mut parents = BTreeMap::new();
    for (name, node) in old.iter().filter(|(name, _)| new.contains_key(*name)) {
        for part in node.get("allOf").map(Node::items).unwrap_or_default() {
            let Some(reference) = part.get("$ref").and_then(Node::text) else { continue };
            if let Some(parent) = reference.strip_prefix("#/components/schemas/") {
                parents.entry(parent).or_insert(*name);
            }
        }
    }
    parents
}

/// Compares schemas of one name; finds those that are called otherwise.
pub(super) fn compare(compare: &mut Compare<'_>) {
    let (old, new) = (schemas(compare.old.root()), schemas(compare.new.root()));
    for (name, was) in &old {
        if let Some(is) = new.get(name) {
            compare.pair_nodes(was, is, Use::Body);
        }
    }
    let parents = parents(&old, &new);
    let gone: Vec<_> = old.iter().filter(|(name, _)| !new.contains_key(*name)).collect();
    let mut arrived: Vec<_> = new.iter().filter(|(name, _)| !old.contains_key(*name)).collect();
    for (index, (name, was)) in gone.into_iter().enumerate() {
        let tried = if index < MOST_TRIED { arrived.len().min(MOST_TRIED) } else { 0 };
        let same = arrived.iter().take(tried).position(|(_, is)| compare.equal_nodes(was, is));
        match same {
            Some(index) => {
                let (to, is) = arrived.remove(index);
                let message = format!("the schema `{}` is called `{}` now", shortened(name, 80), shortened(to, 80));
                compare.emit(&rules::SCHEMA_RENAMED, *was, *is, message).detail(*name);
            }
            None if parents.contains_key(name) => {
                let child = shortened(parents.get(name).copied().unwrap_or_default(), 80);
                let message = format!("the schema `{}` is gone, which `{child}` had in `allOf`", shortened(name, 80));
                compare.emit(&rules::PARENT_FLATTENED, *was, None, message).detail(*name);
            }
            None => {
                let message = format!("the schema `{}` is gone", shortened(name, 80));
                compare.emit(&rules::SCHEMA_REMOVED, *was, None, message).detail(*name);
            }
        }
    }
    for (name, is) in arrived {
        let message = format!("the schema `{}` is new", shortened(name, 80));
        compare.emit(&rules::SCHEMA_ADDED, None, *is, message).detail(*name);
    }
}
