//! `$dynamicRef` of JSON Schema 2020-12, read as the `$ref` that it is where nothing else has the same anchor.
//!
//! A type has one shape, wherever it is used, so the way that led to a schema can't change it. [`settle`] makes each
//! `$dynamicRef` a `$ref` to the `$dynamicAnchor` in its own part of the document: the innermost schema around it that
//! has an `$id`, else the file. A note says so where another schema has the anchor, too. One that leads to no single
//! schema stays as it is, and is any value: [`crate::normalize`] says that.

use crate::finding::Finding;
use crate::load::holds_values;
use crate::normalize::rules::LOOSENED_DYNAMIC_REF;
use crate::references::{References, escape_token};
use crate::spec::{Dialect, Mark, Node, Spec, Value};
use std::collections::HashMap;

/// Makes references of the dynamic ones.
pub(crate) fn settle(spec: &mut Spec) {
    let texts = || std::iter::once(&spec.text).chain(spec.others.iter().map(|other| &other.text));
    if spec.dialect() != Dialect::V3_1 || !texts().any(|text| text.contains(DYNAMIC_REF)) {
        return;
    }
    let mut places = Places::default();
    for root in spec.roots() {
        look(root, Part { file: root.at.file, id: None }, &mut String::new(), false, &mut places);
    }
    let (targets, notes) = targets(spec, &places);
    spec.notes.extend(notes);
    rename(&mut spec.root, &targets);
    for other in &mut spec.others {
        rename(&mut other.root, &targets);
    }
}

const DYNAMIC_REF: &str = "$dynamicRef";

/// What an anchor is known in: a file, or a schema with an `$id`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Part {
    file: u16,
    id: Option<*const Node>,
}

/// Dynamic references and anchors of a document.
#[derive(Default)]
struct Places<'a> {
    references: Vec<(&'a Node, &'a str, Part)>,
    /// Pointers of the schemas with an anchor.
    anchors: HashMap<&'a str, Vec<(Part, String)>>,
}

/// Looks through a file. Depth is limited by the reader.
fn look<'a>(node: &'a Node, part: Part, pointer: &mut String, is_names: bool, places: &mut Places<'a>) {
    let id = node.get("$id").and_then(Node::text).filter(|_| !is_names);
    let part = if id.is_some() { Part { id: Some(node), ..part } } else { part };
    if !is_names {
        if let Some(anchor) = node.get("$dynamicAnchor").and_then(Node::text) {
            places.anchors.entry(anchor).or_default().push((part, pointer.clone()));
        }
        let reference = node.get(DYNAMIC_REF).filter(|_| node.get("$ref").is_none());
        if let Some(name) = reference.and_then(Node::text).and_then(|text| text.strip_prefix('#')) {
            places.references.push((node, name, part));
        }
    }
    let length = pointer.len();
    for (key, child) in node.members() {
        if is_names || !holds_values(&key.text, child) {
            pointer.push('/');
            pointer.push_str(&escape_token(&key.text));
            look(child, part, pointer, !is_names && NAMES.contains(&key.text.as_str()), places);
            pointer.truncate(length);
        }
    }
    for (index, child) in node.items().iter().enumerate() {
        pointer.push_str(&format!("/{index}"));
        look(child, part, pointer, false, places);
        pointer.truncate(length);
    }
}

/// Keywords whose members are schemas by name.
const NAMES: [&str; 6] = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties", "schemas"];

/// The pointer, as a fragment has it, that each reference stands for, by the place of its schema.
fn targets(spec: &Spec, places: &Places<'_>) -> (HashMap<Mark, String>, Vec<Finding>) {
    let references = References::new(spec);
    let (mut targets, mut notes) = (HashMap::new(), Vec::new());
    for (node, name, part) in &places.references {
        if name.starts_with('/') {
            targets.insert(node.at, (*name).to_owned());
            continue;
        }
        let anchors = places.anchors.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut here = anchors.iter().filter(|(other, _)| other == part);
        let (Some((_, pointer)), None) = (here.next(), here.next()) else { continue };
        targets.insert(node.at, pointer.replace('%', "%25"));
        if anchors.len() > 1 {
            let rule = LOOSENED_DYNAMIC_REF;
            let message =
                format!("`#{name}` is `{pointer}` wherever this is used, though other schemas have the anchor");
            let at = references.key_at(node);
            notes.push(Finding::new(spec, rule.level, rule.id, at, references.pointer_of(node), message));
        }
    }
    (targets, notes)
}

/// Makes each reference of `targets` a `$ref`.
fn rename(node: &mut Node, targets: &HashMap<Mark, String>) {
    let target = targets.get(&node.at);
    match &mut node.value {
        Value::Map(members) => {
            for (key, child) in members {
                match target.filter(|_| key.text == DYNAMIC_REF) {
                    Some(pointer) => {
                        key.text = "$ref".to_owned();
                        child.value = Value::Text(format!("#{pointer}"));
                    }
                    None => rename(child, targets),
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| rename(item, targets)),
        _ => {}
    }
}
