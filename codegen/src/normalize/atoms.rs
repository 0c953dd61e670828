//! A schema taken apart: its own keywords, those of its `allOf`, those behind references.
//!
//! [`atoms`] stops at references, [`expand`] follows them. Nothing is joined here; see [`super::canonical`].

use super::canonical::{Piece, View};
use super::document::Document;
use super::keywords::check;
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

/// Takes `allOf` apart; references stay.
pub(super) fn atoms<'a>(document: &Document<'a>, piece: Piece<'a>, inherited: bool, out: &mut Vec<Atom<'a>>) {
    let node = piece.node;
    check(document, node);
    if node.get("$ref").is_some() && !matches!(piece.view, View::Own) {
        out.push(Atom { node, inherited, weight: Weight::Reference, view: piece.view });
        return;
    }
    if piece.view != View::Own {
        for member in node.get("allOf").map(Node::items).unwrap_or_default() {
            atoms(document, Piece { node: member, view: View::Whole }, inherited, out);
        }
    }
    out.push(Atom { node, inherited, weight: weight(node, piece.view), view: piece.view });
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
    out.push(Atom { weight: Weight::Annotation, ..atom });
    let Some(reference) = atom.node.get("$ref") else { return };
    let Some(target) = document.target(reference) else { return };
    let address = std::ptr::from_ref(target);
    if open.contains(&address) {
        let help = "take the schema out of its own `allOf`, or refer to it from a property";
        document.report(rules::ALL_OF_CYCLE, reference, "this schema is part of itself through `allOf`", help);
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
    atoms(document, Piece { node: target, view: View::Whole }, true, &mut inner);
    for atom in inner {
        expand(document, Atom { inherited: true, ..atom }, out, open, seen);
    }
    open.pop();
}

pub(super) fn weight(node: &Node, view: View) -> Weight {
    if !matches!(node.value, Value::Map(_)) {
        return Weight::Annotation;
    }
    let has = |key: &str| node.get(key).is_some();
    let some = |key: &str| node.get(key).is_some_and(|n| !n.items().is_empty() || n.members().next().is_some());
    let union = view != View::Own && (some("oneOf") || some("anyOf"));
    let extra = node.get("additionalProperties").is_some_and(|extra| extra.bool() != Some(false));
    if some("properties") || some("required") || has("items") || extra || has("enum") || union {
        return Weight::Structural;
    }
    if has("type") || has("format") {
        return Weight::Bare;
    }
    Weight::Annotation
}

/// References that may stand one behind the other.
pub(super) const MOST_STEPS: usize = 100;
