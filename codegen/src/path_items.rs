//! Path items that are partly a reference: what stands beside the `$ref`, joined with what the reference names.
//!
//! OpenAPI leaves open what a field means that stands in both, and joins all others. So [`join`] gives such a path item
//! all fields of the chain of references, if none stands in two of its items; what only describes (`summary`,
//! `description`, and extensions that are not ours) is then the nearest one's. A path item with a field in two places
//! stays as it is, for [`crate::lint`] to report: see [`twice`]. So does one that only describes its reference.

use crate::references::References;
use crate::spec::{Key, Mark, Node, Spec, Value};
use std::collections::HashSet;

/// Joins the path items of a document, where nothing stands in their way.
///
/// # Errors
/// The place of a path item, if the joined ones have more than `most` values and keys: many may name a large one.
pub(crate) fn join(spec: &mut Spec, most: usize) -> Result<(), Mark> {
    for place in ["paths", "webhooks"] {
        let joined = joined(spec, place, most)?;
        let Value::Map(root) = &mut spec.root.value else { return Ok(()) };
        let items = root.iter_mut().find(|(key, _)| key.text == place).map(|(_, items)| items);
        let Some(Node { value: Value::Map(items), .. }) = items else { continue };
        for (index, item) in joined {
            items[index].1 = item;
        }
    }
    Ok(())
}

/// Path items that are more than a reference, joined, each with its index.
fn joined(spec: &Spec, place: &str, most: usize) -> Result<Vec<(usize, Node)>, Mark> {
    let items = spec.root.get(place).into_iter().flat_map(Node::members).enumerate();
    let items = items.filter(|(_, (key, item))| !key.text.starts_with("x-") && is_more_than_a_reference(item));
    let items: Vec<(usize, &Node)> = items.map(|(index, (_, item))| (index, item)).collect();
    let mut joined = Vec::new();
    if items.is_empty() {
        return Ok(joined);
    }
    let references = References::new(spec);
    let mut size = 0;
    for (index, item) in items {
        let Some(item) = whole(&references, item) else { continue };
        size += count(&item);
        if size > most {
            return Err(item.at);
        }
        joined.push((index, item));
    }
    Ok(joined)
}

/// The number of values and keys of a node.
fn count(node: &Node) -> usize {
    let (mut count, mut open) = (0, vec![node]);
    while let Some(node) = open.pop() {
        count += 1 + node.members().count();
        open.extend(node.items());
        open.extend(node.members().map(|(_, child)| child));
    }
    count
}

/// A path item with all fields of its chain; nothing if the chain is broken, or a field stands in it twice.
fn whole<'a>(references: &References<'a>, item: &'a Node) -> Option<Node> {
    let chain = chain(references, item)?;
    if !twice_in(&chain).is_empty() {
        return None;
    }
    let mut known: HashSet<&str> = HashSet::from(["$ref"]);
    let mut members: Vec<(Key, Node)> = Vec::new();
    for (key, field) in chain.into_iter().flat_map(Node::members) {
        if known.insert(&key.text) {
            members.push((key.clone(), field.clone()));
        }
    }
    Some(Node { value: Value::Map(members), at: item.at })
}

/// Fields of a path item that also stand in what its reference names: both nodes, the nearer one first.
pub(crate) fn twice<'a>(references: &References<'a>, item: &'a Node) -> Vec<(&'a Key, &'a Node, &'a Node)> {
    chain(references, item).map(|chain| twice_in(&chain)).unwrap_or_default()
}

fn twice_in<'a>(chain: &[&'a Node]) -> Vec<(&'a Key, &'a Node, &'a Node)> {
    let fields = chain.iter().enumerate().flat_map(|(at, item)| item.members().map(move |field| (at, field)));
    let both = |(at, (key, node)): (usize, (&'a Key, &'a Node))| {
        let other = chain[at + 1..].iter().find_map(|further| further.get(&key.text));
        other.filter(|_| counts(&key.text)).map(|other| (key, node, other))
    };
    fields.filter_map(both).collect()
}

/// Whether a field changes what is sent.
fn counts(key: &str) -> bool {
    !matches!(key, "$ref" | "summary" | "description") && (!key.starts_with("x-") || OURS.contains(&key))
}

/// Our extensions of path items.
const OURS: [&str; 1] = ["x-limits"];

/// Whether something that counts stands beside a `$ref`.
pub(crate) fn is_more_than_a_reference(item: &Node) -> bool {
    item.get("$ref").is_some() && item.members().any(|(key, _)| counts(&key.text))
}

/// A path item and all that its references lead to, one after the other; nothing if they lead nowhere.
fn chain<'a>(references: &References<'a>, item: &'a Node) -> Option<Vec<&'a Node>> {
    let mut chain = vec![item];
    while let Some(reference) = chain.last()?.get("$ref") {
        let next = references.target(reference).ok()?;
        if chain.iter().any(|known| std::ptr::eq(*known, next)) {
            return None;
        }
        chain.push(next);
    }
    Some(chain)
}
