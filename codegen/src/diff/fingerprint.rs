//! What a change is known by: 16 digits that stay the same as long as the change does.
//!
//! 1. The rule, what of several things at one place changed, and both places: items of lists by their names, not by
//!    their numbers, so that neither moved lines nor another order count.
//! 2. What stands in both places: a scalar or a list always, a map where the rule compares it as a whole. A limit
//!    that moves further is another change than the one that somebody accepted.
//!
//! What a comparison of crates tells stands in no document: its message takes the place of the values.

use super::compare::Raw;
use super::report::{Change, Place};
use super::rules::{self, Rule};
use super::values::{canonical, canonical_without_texts};
use crate::references::Way;
use crate::spec::{Node, Value};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Rules that compare maps as a whole.
static WHOLE: [&Rule; 9] = [
    &rules::CONDITION_ADDED,
    &rules::CONDITION_CHANGED,
    &rules::CONTENT_SCHEMA_ADDED,
    &rules::DEPENDENCY_CHANGED,
    &rules::LINK_CHANGED,
    &rules::NOT_ADDED,
    &rules::NOT_CHANGED,
    &rules::SCHEME_TYPE_CHANGED,
    &rules::SERVER_VARIABLE_DEFAULT,
];

/// Rules whose messages count other changes.
static COUNTING: [&Rule; 2] = [&rules::DOCUMENT_VERSION_NOT_MOVED, &rules::UNSTABLE_BROKEN];

/// Makes the fingerprints of one comparison; a node that many changes name is read once.
#[derive(Default)]
pub(super) struct Prints {
    known: HashMap<*const Node, String>,
}

impl Prints {
    /// The fingerprint of a difference between an old and a new node, each with the way to it.
    pub(super) fn of(&mut self, raw: &Raw<'_>, nodes: &[Option<(&Node, Way<'_>)>; 2]) -> String {
        let mut parts = vec![raw.rule.id.to_owned(), raw.detail.clone()];
        for node in nodes {
            let Some((node, way)) = node else {
                parts.extend([String::new(), String::new()]);
                continue;
            };
            let place = way.known_as();
            let text = self.text(raw, node, &place);
            parts.extend([place, text]);
        }
        digits(&parts)
    }

    /// What of a node belongs to a change.
    fn text(&mut self, raw: &Raw<'_>, node: &Node, place: &str) -> String {
        let is_value = is_value(place);
        match &node.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => return canonical(node),
            // Where a detail says which item it is, the others may change.
            Value::List(_) if is_value || raw.detail.is_empty() => {}
            Value::Map(_) if is_value || WHOLE.contains(&raw.rule) => {}
            Value::List(_) | Value::Map(_) => return String::new(),
        }
        let read = || digits(&[if is_value { canonical(node) } else { canonical_without_texts(node) }]);
        self.known.entry(std::ptr::from_ref(node)).or_insert_with(read).clone()
    }
}

/// Whether what stands in a place is a value, or an extension: no member of it is only a text.
fn is_value(place: &str) -> bool {
    let mut before = "";
    for token in place.split('/') {
        // Headers and properties may be called so.
        if token.starts_with("x-") && token != "x-webhooks" && !matches!(before, "headers" | "properties") {
            return true;
        }
        before = token;
    }
    matches!(before, "default" | "const")
}

/// The fingerprint of a change beside the comparison.
pub(super) fn beside(rule: &Rule, (old, new): (Option<&Place>, Option<&Place>), message: &str, detail: &str) -> String {
    let mut parts = vec![rule.id, detail];
    for place in [old, new] {
        parts.push(place.map_or("", |place| &place.pointer));
        parts.push(place.and_then(|place| place.value.as_deref()).unwrap_or_default());
    }
    parts.push(if COUNTING.contains(&rule) { "" } else { message });
    digits(&parts)
}

/// Tells changes of one fingerprint apart by their order: nothing else does.
pub(super) fn number_twins(changes: &mut [Change]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let count = seen.entry(change.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            change.fingerprint = digits(&[&change.fingerprint, &count.to_string()]);
        }
    }
}

/// 16 digits of a hash, each part with its length before it.
fn digits<T: AsRef<str>>(parts: &[T]) -> String {
    let mut hash = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hashed = hash.finalize();
    let first: [u8; 8] = std::array::from_fn(|at| hashed[at]);
    format!("{:016x}", u64::from_be_bytes(first))
}
