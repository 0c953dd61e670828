//! What joined keywords say of objects, lists and scalars.
//!
//! A member that a parent declared keeps the parent's place. Branches are the business of [`super::branches`].

use super::atoms::{Atom, Weight, weight};
use super::canonical::{Extra, Kind, Object, Piece, Property, Reading, Source, Union, View};
use super::document::Document;
use super::json_types::Word;
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
        let mut never: BTreeSet<&'a str> = BTreeSet::new();
        let mut sometimes: BTreeMap<&'a str, Vec<&'a Node>> = BTreeMap::new();
        // What always holds comes first.
        let (loose, firm): (Vec<&Atom<'a>>, Vec<&Atom<'a>>) = self.atoms.iter().partition(|atom| atom.is_loose());
        for atom in firm.into_iter().chain(loose) {
            for (key, node) in atom.get("properties").into_iter().flat_map(Node::members) {
                if node.bool() == Some(false) {
                    let message = format!("`{}` is never there, so it is left out", key.text);
                    self.document.report(rules::LOOSENED_FALSE, node, &message, "take it away");
                    never.insert(key.text.as_str());
                    continue;
                }
                if atom.is_loose() {
                    // Where a condition says more of a member than the schema itself, that is not always so.
                    if !index.contains_key(key.text.as_str()) {
                        let nodes: &mut Vec<&'a Node> = sometimes.entry(&key.text).or_default();
                        nodes.push(node);
                    }
                    continue;
                }
                let at = *index.entry(&key.text).or_insert_with(|| {
                    members.push((&key.text, Vec::new()));
                    members.len() - 1
                });
                if !members[at].1.iter().any(|(known, _)| std::ptr::eq(*known, node)) {
                    members[at].1.push((node, atom.inherited));
                }
            }
            for name in atom.get("required").map(Node::items).unwrap_or_default() {
                match name.text() {
                    Some(text) => required.push((text, name)),
                    None => {
                        self.document.report(rules::WRONG_TYPE, name, "`required` lists names of members", "write text")
                    }
                }
            }
        }
        for (name, nodes) in &sometimes {
            index.insert(name, members.len());
            members.push((name, nodes.iter().map(|node| (*node, true)).collect()));
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
        members.retain(|(wire, _)| !never.contains(wire));
        let extra = self.extra();
        let closed = self.atoms.iter().any(|a| a.get("additionalProperties").and_then(Node::bool) == Some(false));
        if members.is_empty() && (!closed || !matches!(extra, Extra::Unsaid)) {
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
                source: match sometimes.contains_key(wire) {
                    true => self.sometimes(&nodes),
                    false => self.member(wire, &nodes),
                },
            })
            .collect();
        Kind::Object(Object { properties, extra, first_of: self.first_of() })
    }

    /// `x-first-of`, each name once.
    fn first_of(&self) -> Vec<(&'a str, Vec<&'a str>, &'a Node)> {
        let mut found: Vec<(&'a str, Vec<&'a str>, &'a Node)> = Vec::new();
        for (key, list) in self.atoms.iter().filter_map(|atom| atom.get("x-first-of")).flat_map(Node::members) {
            if found.iter().all(|(name, ..)| *name != key.text) {
                found.push((&key.text, list.items().iter().filter_map(Node::text).collect(), list));
            }
        }
        found
    }

    /// The schema of a member that conditions describe, each in its way.
    fn sometimes(&self, nodes: &[(&'a Node, bool)]) -> Source<'a> {
        let nodes: Vec<&'a Node> = nodes.iter().map(|(node, _)| *node).collect();
        let source = self.one_of(&nodes, nodes[0]);
        match nodes.len() {
            1 => source,
            _ => Source { key: format!("{}#or", source.key), ..source },
        }
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
                // The child wrote it last; where only parents did, it is the last parent's.
                let place = several.last().map(|node| document.pointer(node)).unwrap_or_default();
                match document.joined_key(several) {
                    Some(key) => (key, place),
                    None => return Source::unknown(place, self.source.at),
                }
            }
        };
        Source { key, place, name: None, pieces, reading: Reading::Joined, at: last.at }
    }

    fn extra(&self) -> Extra<'a> {
        let mut found = Extra::Unsaid;
        let mut closed = false;
        // Members that nothing else has looked at are those that no name stands for.
        for key in ["additionalProperties", "unevaluatedProperties"] {
            if !matches!(found, Extra::Unsaid) {
                break;
            }
            for node in self.atoms.iter().filter_map(|atom| atom.get(key)) {
                match &node.value {
                    Value::Bool(false) => closed = true,
                    Value::Map(members) if !members.is_empty() => {
                        found = Extra::Typed(Source::of(self.document, node));
                    }
                    Value::Bool(true) | Value::Map(_) => {
                        if matches!(found, Extra::Unsaid) {
                            found = Extra::Any;
                        }
                    }
                    _ => {
                        let help = "write `true`, `false` or a schema";
                        let message = format!("`{key}` is neither boolean nor schema");
                        self.document.report(rules::WRONG_TYPE, node, &message, help);
                    }
                }
            }
        }
        self.patterns(found, closed)
    }

    /// Members whose names fit a pattern, joined with the other members that have no names.
    fn patterns(&self, found: Extra<'a>, closed: bool) -> Extra<'a> {
        let maps: Vec<&'a Node> = self.atoms.iter().filter_map(|atom| atom.get("patternProperties")).collect();
        let mut schemas: Vec<&'a Node> = Vec::new();
        for (_, node) in maps.iter().flat_map(|map| map.members()) {
            if node.bool() != Some(false) && !schemas.iter().any(|known| std::ptr::eq(*known, node)) {
                schemas.push(node);
            }
        }
        let Some(map) = maps.first().filter(|_| !schemas.is_empty()) else { return found };
        let message = "names of members are not compared with patterns; those that are not named have one type";
        self.document.report(rules::LOOSENED_PATTERN_PROPERTIES, map, message, "");
        match found {
            Extra::Any => return Extra::Any,
            Extra::Typed(other) => match other.pieces.as_slice() {
                [piece] => schemas.push(piece.node),
                _ => return Extra::Any,
            },
            Extra::Unsaid if schemas.len() > 1 && !closed => return Extra::Any,
            Extra::Unsaid => {}
        }
        Extra::Typed(self.one_of(&schemas, map))
    }

    /// A source that is one of several nodes; they stand at `owner`.
    fn one_of(&self, nodes: &[&'a Node], owner: &'a Node) -> Source<'a> {
        if let [only] = nodes {
            return Source::of(self.document, only);
        }
        let pointer = self.document.pointer(owner);
        let pieces = nodes.iter().map(|node| Piece { node, view: View::Whole }).collect();
        let reading = Reading::Alternatives;
        Source { key: pointer.clone(), place: pointer, name: None, pieces, reading, at: owner.at }
    }

    /// The branches of a list of types, one for each.
    pub(super) fn types(&self, words: &[Word]) -> Union<'a> {
        let node = self.atoms.iter().find_map(|atom| atom.get("type"));
        let node = node.or(self.source.pieces.first().map(|piece| piece.node));
        let branches = words.iter().map(|word| {
            let key = format!("{}/type/{}", self.source.key, word.text());
            let reading = Reading::Only(*word);
            Source { key: key.clone(), place: key, name: None, reading, ..self.source.clone() }
        });
        Union { branches: branches.collect(), discriminator: None, node: node.unwrap_or(&self.document.spec.root) }
    }

    pub(super) fn list(&self) -> Kind<'a> {
        let mut items: Vec<&'a Node> = Vec::new();
        let mut tuple: Vec<&'a Node> = Vec::new();
        let mut prefix: Option<&'a Node> = None;
        for atom in self.atoms {
            for node in ["prefixItems", "items"].into_iter().filter_map(|key| atom.get(key)) {
                match &node.value {
                    Value::List(places) => {
                        prefix = prefix.or((!places.is_empty()).then_some(node));
                        tuple.extend(places.iter().filter(|place| place.bool() != Some(false)));
                    }
                    Value::Bool(_) => {}
                    _ if items.iter().any(|known| std::ptr::eq(*known, node)) => {}
                    _ => items.push(node),
                }
            }
        }
        if let Some(prefix) = prefix {
            let message = "the items of this list have types by their place; each is taken as one of them";
            self.document.report(
                rules::LOOSENED_TUPLE,
                prefix,
                message,
                "make it an object, or give all items one type",
            );
            tuple.extend(items);
            return Kind::List(Some(self.one_of(&tuple, prefix)));
        }
        let nodes: Vec<(&'a Node, bool)> = items.iter().map(|node| (*node, false)).collect();
        Kind::List((!nodes.is_empty()).then(|| self.member("items", &nodes)))
    }

    fn format(&self) -> Option<(&'a str, &'a Node)> {
        let node = self.atoms.iter().rev().find_map(|atom| atom.get("format"))?;
        Some((node.text()?, node))
    }

    pub(super) fn integer_kind(&self) -> IntegerKind {
        let format = self.format().and_then(|(format, _)| integer_format(format));
        let bound = |key: &'static str| {
            let nodes = self.atoms.iter().filter_map(move |atom| atom.get(key));
            nodes.filter_map(|node| Some((integer(node)?, node)))
        };
        let least = bound("minimum").chain(bound("exclusiveMinimum").map(|(value, node)| (value + 1, node)));
        let most = bound("maximum").chain(bound("exclusiveMaximum").map(|(value, node)| (value - 1, node)));
        let Some((most, node)) = most.min_by_key(|(value, _)| *value) else {
            return format.unwrap_or(IntegerKind::I64);
        };
        let is_unsigned = least.max_by_key(|(value, _)| *value).is_some_and(|(least, _)| least >= 0);
        let kind = format.unwrap_or(match most > i128::from(i64::MAX) && is_unsigned {
            true => IntegerKind::U64,
            false => IntegerKind::I64,
        });
        let largest = match kind {
            IntegerKind::U64 => i128::from(u64::MAX),
            _ => i128::from(i64::MAX),
        };
        if most > largest {
            let message = "integers have 64 bits here, so not all values up to this one can be read";
            self.document.report(rules::LOOSENED_INTEGER, node, message, "give a smaller limit, or describe text");
        }
        kind
    }

    pub(super) fn number(&self) -> TypeExpr {
        match self.format().map(|(format, _)| format) {
            Some("decimal") => TypeExpr::Decimal,
            Some(format) => integer_format(format).map_or(TypeExpr::Float, TypeExpr::Integer),
            None => TypeExpr::Float,
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
        let lists = self.atoms.iter().flat_map(|atom| {
            let listed = atom.get("enum").filter(|list| !list.items().is_empty());
            let listed = listed.map(|list| (list, list.items().iter().collect::<Vec<&'a Node>>()));
            listed.into_iter().chain(atom.get("const").map(|value| (value, vec![value])))
        });
        let mut lists: Vec<(&'a Node, Vec<&'a Node>)> = lists.collect();
        lists.dedup_by(|a, b| std::ptr::eq(a.0, b.0));
        let mut lists = lists.into_iter();
        let mut values = lists.next()?.1;
        for (list, items) in lists {
            let json = |node: &Node| node.to_json().to_string();
            let other: BTreeSet<String> = items.iter().map(|node| json(node)).collect();
            let both: Vec<&'a Node> = values.iter().copied().filter(|value| other.contains(&json(value))).collect();
            if both.is_empty() {
                let message = "joined by `allOf`, these lists of values have none in common";
                let help = "let them share values; the last list is taken";
                self.document.report(rules::LOOSENED_ALL_OF, list, message, help);
                values = items;
            } else {
                values = both;
            }
        }
        Some(values)
    }
}

/// The integers of a format; OpenAPI's registry has these formats for numbers, too.
fn integer_format(format: &str) -> Option<IntegerKind> {
    match format {
        "int32" => Some(IntegerKind::I32),
        "int64" => Some(IntegerKind::I64),
        "uint32" => Some(IntegerKind::U32),
        "uint64" => Some(IntegerKind::U64),
        _ => None,
    }
}

/// A limit as an integer; what is written with a point or an exponent is rounded as JSON's numbers are.
fn integer(node: &Node) -> Option<i128> {
    let Value::Number(text) = &node.value else { return None };
    let rounded = || text.parse::<f64>().ok().filter(|value| value.abs() < 1e30);
    // Few numbers are above 2^53 and have a fraction.
    text.parse().ok().filter(|value: &i128| value.abs() < MOST_LIMIT).or_else(|| rounded().map(|value| value as i128))
}

/// Limits beyond this one are none.
const MOST_LIMIT: i128 = 1_000_000_000_000_000_000_000_000_000_000;
