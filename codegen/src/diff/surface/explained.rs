//! Which differences of the crates follow from changes of the documents.

use super::Side;
use crate::diff::report::{Place, Report, Step};
use crate::spec::{Node, Value};
use std::collections::BTreeSet;

/// The most nodes that are looked at around one difference.
const MOST_NODES: usize = 4_000;

/// Members that no type is made of.
const ASIDE: [&str; 6] = ["properties", "patternProperties", "example", "examples", "description", "default"];

/// Places of the changes that need a major version.
pub(super) struct Explained {
    old: BTreeSet<String>,
    new: BTreeSet<String>,
    signing: bool,
}

/// Which of the two documents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Old,
    New,
}

impl Explained {
    pub(super) fn of(report: &Report) -> Self {
        let (mut old, mut new) = (BTreeSet::new(), BTreeSet::new());
        let pointer = |place: &Option<Place>| place.as_ref().map(|place| place.pointer.clone());
        for change in &report.changes {
            if change.step() == Step::Major {
                old.extend(pointer(&change.old));
                new.extend(pointer(&change.new));
            }
        }
        let of_signing = |number: &str| number.starts_with(['L', 'M']);
        let signing =
            report.changes.iter().any(|change| of_signing(change.rule.number) && change.source == Step::Major);
        old.remove("");
        new.remove("");
        Explained { old, new, signing }
    }

    /// Whether what has to do with credentials changed.
    pub(super) fn has_signing(&self) -> bool {
        self.signing
    }

    fn places(&self, which: Which) -> &BTreeSet<String> {
        match which {
            Which::Old => &self.old,
            Which::New => &self.new,
        }
    }

    /// Whether a major change stands at a place, inside of it, or around it.
    pub(super) fn around(&self, which: Which, pointer: &str) -> bool {
        let places = self.places(which);
        is_below(places, pointer) || is_above(places, pointer)
    }

    /// Whether a major change stands at a place or around it.
    pub(super) fn above(&self, which: Which, pointer: &str) -> bool {
        self.places(which).contains(pointer) || is_above(self.places(which), pointer)
    }

    /// Whether a major change stands among the nodes that make the type of one node: through references, and not into
    /// members, which have types of their own.
    pub(super) fn within(&self, which: Which, side: &Side<'_>, node: &Node) -> bool {
        let places = self.places(which);
        walk(side, node).iter().any(|pointer| places.contains(pointer))
            || is_above(places, &side.references.pointer_of(node))
    }
}

fn is_below(places: &BTreeSet<String>, pointer: &str) -> bool {
    let inside = format!("{pointer}/");
    places.contains(pointer) || places.range(inside.clone()..).next().is_some_and(|place| place.starts_with(&inside))
}

fn is_above(places: &BTreeSet<String>, pointer: &str) -> bool {
    let mut at = pointer;
    while let Some((parent, _)) = at.rsplit_once('/') {
        if places.contains(parent) {
            return true;
        }
        at = parent;
    }
    false
}

/// Pointers of the nodes that make the type of one node.
fn walk(side: &Side<'_>, node: &Node) -> Vec<String> {
    let Some(start) = side.spec.at_pointer(&side.references.pointer_of(node)) else { return Vec::new() };
    let (mut open, mut seen, mut found) = (vec![start], BTreeSet::new(), Vec::new());
    while let Some(node) = open.pop() {
        if found.len() == MOST_NODES || !seen.insert(std::ptr::from_ref(node)) {
            continue;
        }
        found.push(side.references.pointer_of(node));
        match &node.value {
            Value::Map(members) => {
                if let Some(target) = node.get("$ref").and_then(|reference| side.references.target(reference).ok()) {
                    open.push(target);
                }
                open.extend(
                    members.iter().filter(|(key, _)| !ASIDE.contains(&key.text.as_str())).map(|(_, value)| value),
                );
            }
            Value::List(items) => open.extend(items),
            _ => {}
        }
    }
    found
}
