//! A schema taken apart: its own keywords, those of its `allOf`, those behind references.
//!
//! [`atoms`] stops at references, [`expand`] follows them. Nothing is joined here; see [`super::canonical`]. Which
//! keywords of a node count is the atom's to say, by [`Atom::get`]: beside a reference, in a base, under a condition.

use super::canonical::{Piece, View};
use super::document::Document;
use super::keywords::{DESCRIBES, check};
use super::rules;
use crate::spec::{Node, Value};
use std::collections::HashSet;

/// Keywords of one node, without references and `allOf`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Atom<'a> {
    pub(super) node: &'a Node,
    /// Whether it came through a reference.
    pub(super) inherited: bool,
    pub(super) weight: Weight,
    pub(super) view: View,
}

/// How much a node shapes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Not at all.
    Annotation,
    /// It names a type.
    Bare,
    /// It says what is in it.
    Structural,
    /// It is a reference.
    Reference,
}

impl<'a> Atom<'a> {
    /// A keyword, if it counts here.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.view.shows(key).then(|| self.node.get(key)).flatten()
    }

    /// Whether only some of the values that fit a schema fit this part of it.
    pub(super) fn is_loose(&self) -> bool {
        self.view == View::Loose
    }
}

impl View {
    /// Whether a keyword counts in this view of a node.
    fn shows(self, key: &str) -> bool {
        match self {
            View::Whole => true,
            View::Own => !matches!(key, "$ref" | "allOf" | "oneOf" | "anyOf" | "discriminator"),
            View::Base => key != "discriminator",
            View::Loose => matches!(key, "properties" | "patternProperties" | "$ref"),
            View::Beside => key != "$ref",
            View::Words => DESCRIBES.contains(&key) || key.starts_with("x-") || key == "$ref",
        }
    }
}

/// Takes `allOf` apart; references stay.
pub(super) fn atoms<'a>(document: &Document<'a>, piece: Piece<'a>, inherited: bool, out: &mut Vec<Atom<'a>>) {
    let node = piece.node;
    if piece.view == View::Loose {
        loose(document, node, inherited, 0, out);
        return;
    }
    check(document, node);
    if node.get("$ref").is_some() && piece.view != View::Own {
        out.push(Atom { node, inherited, weight: Weight::Reference, view: View::Words });
        if !document.is_newer() {
            return;
        }
    }
    if piece.view != View::Own {
        for member in node.get("allOf").map(Node::items).unwrap_or_default() {
            atoms(document, Piece { node: member, view: View::Whole }, inherited, out);
        }
    }
    let weight = weight(node, piece.view);
    let is_beside = node.get("$ref").is_some() && piece.view != View::Own;
    // What only describes a reference is read with the reference.
    if !is_beside || weight > Weight::Annotation {
        let view = if is_beside { View::Beside } else { piece.view };
        out.push(Atom { node, inherited, weight, view });
    }
    for part in conditional(node) {
        loose(document, part, inherited, 0, out);
    }
}

/// Schemas that hold under a condition: what they name may be there.
fn conditional(node: &Node) -> impl Iterator<Item = &Node> {
    let dependent = ["dependentSchemas", "dependencies"].into_iter().filter_map(|key| node.get(key));
    let branches = ["if", "then", "else"].into_iter().filter_map(|key| node.get(key));
    branches.chain(dependent.flat_map(|map| map.members().map(|(_, part)| part)))
}

/// All parts of a schema that holds only sometimes.
fn loose<'a>(document: &Document<'a>, node: &'a Node, inherited: bool, depth: usize, out: &mut Vec<Atom<'a>>) {
    if depth > MOST_STEPS || !matches!(node.value, Value::Map(_)) {
        return;
    }
    check(document, node);
    let weight = match (node.get("$ref").is_some(), node.get("properties").is_some()) {
        (true, _) => Weight::Reference,
        (_, true) => Weight::Structural,
        _ => Weight::Annotation,
    };
    if weight > Weight::Annotation {
        out.push(Atom { node, inherited, weight, view: View::Loose });
    }
    let joined = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| node.get(key)).flat_map(Node::items);
    for part in joined.chain(conditional(node)) {
        loose(document, part, inherited, depth + 1, out);
    }
}

/// Follows references among atoms, each target once.
pub(super) fn expand<'a>(
    document: &Document<'a>,
    atom: Atom<'a>,
    out: &mut Vec<Atom<'a>>,
    open: &mut Vec<*const Node>,
    seen: &mut HashSet<*const Node>,
) {
    if atom.weight != Weight::Reference {
        out.push(atom);
        return;
    }
    // What stands beside the reference describes it.
    if !atom.is_loose() {
        out.push(Atom { weight: Weight::Annotation, ..atom });
    }
    let Some(reference) = atom.node.get("$ref") else { return };
    let Some(target) = document.target(reference) else { return };
    let address = std::ptr::from_ref(target);
    if open.contains(&address) {
        // Under a condition, a schema may well name itself.
        if !atom.is_loose() {
            let help = "take the schema out of its own `allOf`, or refer to it from a property";
            document.report(rules::ALL_OF_CYCLE, reference, "this schema is part of itself through `allOf`", help);
        }
        return;
    }
    if open.len() > MOST_STEPS {
        let help = "join some of the schemas";
        document.report(
            rules::TOO_NESTED,
            reference,
            "too many schemas are joined by `allOf`, one inside the other",
            help,
        );
        return;
    }
    if !seen.insert(address) {
        return;
    }
    open.push(address);
    let mut inner = Vec::new();
    match atom.is_loose() {
        true => loose(document, target, true, 0, &mut inner),
        false => atoms(document, Piece { node: target, view: View::Whole }, true, &mut inner),
    }
    for atom in inner {
        expand(document, Atom { inherited: true, ..atom }, out, open, seen);
    }
    open.pop();
}

pub(super) fn weight(node: &Node, view: View) -> Weight {
    if !matches!(node.value, Value::Map(_)) {
        return Weight::Annotation;
    }
    let has = |key: &str| view.shows(key) && node.get(key).is_some();
    let some =
        |key: &str| has(key) && node.get(key).is_some_and(|n| !n.items().is_empty() || n.members().next().is_some());
    let shapes = ["properties", "required", "oneOf", "anyOf", "prefixItems", "patternProperties"];
    let extra = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|key| has(key) && node.get(key).is_some_and(|extra| extra.bool() != Some(false)));
    let several = has("type") && node.get("type").is_some_and(|list| words(list).count() > 1);
    if shapes.into_iter().any(some) || has("items") || extra || has("enum") || has("const") || several {
        return Weight::Structural;
    }
    if has("type") || has("format") {
        return Weight::Bare;
    }
    Weight::Annotation
}

/// The types that a `type` lists beside null.
fn words(list: &Node) -> impl Iterator<Item = &str> {
    list.items().iter().filter_map(Node::text).filter(|word| *word != "null")
}

/// References that may stand one behind the other.
pub(super) const MOST_STEPS: usize = 100;
