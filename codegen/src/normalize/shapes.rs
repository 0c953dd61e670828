//! What joined keywords say of objects, lists and scalars.
//!
//! A member that a parent declared keeps the parent's place. Branches are the business of [`super::branches`].

use super::atoms::{Atom, Weight, weight};
use super::canonical::{Extra, Kind, Object, Piece, Property, Source, View};
use super::document::Document;
use super::rules;
use crate::ir::{IntegerKind, TextKind, TypeExpr};
use crate::spec::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The atoms of a schema, asked for one kind of shape.
pub(super) struct Shape<'d, 's, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) source: &'s Source<'a>,
    pub(super) atoms: &'s [Atom<'a>],
}

impl<'a> Shape<'_, '_, 'a> {
    pub(super) fn object(&self) -> Kind<'a> {
        let mut members: Vec<(&'a str, Vec<(&'a Node, bool)>)> = Vec::new();
        let mut index: BTreeMap<&'a str, usize> = BTreeMap::new();
        let mut required: Vec<(&'a str, &'a Node)> = Vec::new();
        for atom in self.atoms {
            for (key, node) in atom.node.get("properties").into_iter().flat_map(Node::members) {
                let at = *index.entry(&key.text).or_insert_with(|| {
                    members.push((&key.text, Vec::new()));
                    members.len() - 1
                });
                if !members[at].1.iter().any(|(known, _)| std::ptr::eq(*known, node)) {
                    members[at].1.push((node, atom.inherited));
                }
            }
            for name in atom.node.get("required").map(Node::items).unwrap_or_default() {
                match name.text() {
                    Some(text) => required.push((text, name)),
                    None => {
                        self.document.report(rules::WRONG_TYPE, name, "`required` lists names of members", "write text")
                    }
                }
            }
        }
        for (name, node) in &required {
            if !index.contains_key(name) {
                index.insert(name, members.len());
                members.push((name, Vec::new()));
                let message = format!("`{name}` is required but not described, so it takes any value");
                self.document.report(
                    rules::LOOSENED_UNDECLARED_PROPERTY,
                    node,
                    &message,
                    "describe it under `properties`",
                );
            }
        }
        let extra = self.extra();
        let closed = self.atoms.iter().any(|a| a.node.get("additionalProperties").and_then(Node::bool) == Some(false));
        if members.is_empty() && !closed {
            return Kind::Map(match extra {
                Extra::Typed(source) => Some(source),
                Extra::Any | Extra::Unsaid => None,
            });
        }
        let required: BTreeSet<&str> = required.into_iter().map(|(name, _)| name).collect();
        let properties = members
            .into_iter()
            .map(|(wire, nodes)| Property {
                wire: wire.to_owned(),
                required: required.contains(wire),
                chosen: nodes.iter().rev().find_map(|(node, _)| node.get("x-rust-name")?.text()),
                source: self.member(wire, &nodes),
            })
            .collect();
        Kind::Object(Object { properties, extra, first_of: self.first_of() })
    }

    /// `x-first-of`, each name once.
    fn first_of(&self) -> Vec<(&'a str, Vec<&'a str>, &'a Node)> {
        let mut found: Vec<(&'a str, Vec<&'a str>, &'a Node)> = Vec::new();
        for (key, list) in self.atoms.iter().filter_map(|atom| atom.node.get("x-first-of")).flat_map(Node::members) {
            if found.iter().all(|(name, ..)| *name != key.text) {
                found.push((&key.text, list.items().iter().filter_map(Node::text).collect(), list));
            }
        }
        found
    }

    /// The schema of a member that one or several atoms describe.
    fn member(&self, wire: &str, nodes: &[(&'a Node, bool)]) -> Source<'a> {
        let document = self.document;
        let [.., (last, _)] = nodes else {
            let key = format!("{}/properties/{}", self.source.key, crate::references::escape_token(wire));
            return Source::unknown(key, self.source.at);
        };
        let pieces = nodes.iter().map(|(node, _)| Piece { node, view: View::Whole }).collect();
        let shaping: Vec<&'a Node> = nodes
            .iter()
            .map(|(node, _)| *node)
            .filter(|node| {
                let is_reference = node.get("$ref").is_some() || node.get("allOf").is_some();
                is_reference || weight(node, View::Whole) >= Weight::Structural
            })
            .collect();
        let (key, place) = match shaping.as_slice() {
            [] => (document.pointer(last), document.pointer(last)),
            [only] => (document.pointer(only), document.pointer(only)),
            several => {
                let keys: Vec<String> = several.iter().map(|node| document.pointer(node)).collect();
                // The child wrote it last; where only parents did, it is the last parent's.
                (keys.join("+"), keys.last().cloned().unwrap_or_default())
            }
        };
        Source { key, place, name: None, pieces, at: last.at }
    }

    fn extra(&self) -> Extra<'a> {
        let mut found = Extra::Unsaid;
        for node in self.atoms.iter().filter_map(|atom| atom.node.get("additionalProperties")) {
            match &node.value {
                Value::Bool(false) => {}
                Value::Bool(true) => {
                    if matches!(found, Extra::Unsaid) {
                        found = Extra::Any;
                    }
                }
                Value::Map(members) if members.is_empty() => {
                    if matches!(found, Extra::Unsaid) {
                        found = Extra::Any;
                    }
                }
                Value::Map(_) => found = Extra::Typed(Source::of(self.document, node)),
                _ => {
                    let help = "write `true`, `false` or a schema";
                    self.document.report(
                        rules::WRONG_TYPE,
                        node,
                        "`additionalProperties` is neither boolean nor schema",
                        help,
                    );
                }
            }
        }
        found
    }

    pub(super) fn list(&self) -> Kind<'a> {
        let mut items: Vec<&'a Node> = Vec::new();
        for node in self.atoms.iter().filter_map(|atom| atom.node.get("items")) {
            if !matches!(node.value, Value::Map(_)) {
                let help = "write one schema for all items";
                self.document.report(
                    rules::UNSUPPORTED_ITEMS,
                    node,
                    "`items` is not a schema, which is not supported yet",
                    help,
                );
            } else if !items.iter().any(|known| std::ptr::eq(*known, node)) {
                items.push(node);
            }
        }
        let nodes: Vec<(&'a Node, bool)> = items.iter().map(|node| (*node, false)).collect();
        Kind::List((!nodes.is_empty()).then(|| self.member("items", &nodes)))
    }

    fn format(&self) -> Option<(&'a str, &'a Node)> {
        let node = self.atoms.iter().rev().find_map(|atom| atom.node.get("format"))?;
        Some((node.text()?, node))
    }

    pub(super) fn integer_kind(&self) -> IntegerKind {
        match self.format().map(|(format, _)| format) {
            Some("int32") => IntegerKind::I32,
            Some("uint32") => IntegerKind::U32,
            Some("uint64") => IntegerKind::U64,
            _ => IntegerKind::I64,
        }
    }

    pub(super) fn number(&self) -> TypeExpr {
        match self.format().map(|(format, _)| format) {
            Some("decimal") => TypeExpr::Decimal,
            _ => TypeExpr::Float,
        }
    }

    pub(super) fn text_kind(&self) -> TextKind {
        match self.format().map(|(format, _)| format) {
            Some("date-time") => TextKind::DateTime,
            Some("date") => TextKind::Date,
            Some("uuid") => TextKind::Uuid,
            Some("password") => TextKind::Sensitive,
            _ => TextKind::Plain,
        }
    }

    /// The values that are allowed, if the atoms list any: those that all lists have.
    pub(super) fn values(&self) -> Option<Vec<&'a Node>> {
        let mut lists = self.atoms.iter().filter_map(|atom| atom.node.get("enum"));
        let mut values: Vec<&'a Node> = lists.next()?.items().iter().collect();
        for list in lists {
            let json = |node: &Node| node.to_json().to_string();
            let other: BTreeSet<String> = list.items().iter().map(json).collect();
            let both: Vec<&'a Node> = values.iter().copied().filter(|value| other.contains(&json(value))).collect();
            if both.is_empty() {
                let message = "joined by `allOf`, these lists of values have none in common";
                self.document.report(
                    rules::LOOSENED_ALL_OF,
                    list,
                    message,
                    "let them share values; the last list is taken",
                );
                values = list.items().iter().collect();
            } else {
                values = both;
            }
        }
        Some(values)
    }
}
