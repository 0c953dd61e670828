//! What the branches of a union are called: from what each says, never from where it stands in the list.

use super::canonical::{Kind, Piece, Reading, Source, Union, View as Extent};
use super::document::Document;
use super::keywords::DESCRIBES;
use super::names::{Style, distinct, pascal, variant_name};
use super::unions::{Arm, Decision, Holds};
use crate::ir::{TextKind, TypeExpr};
use crate::spec::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

impl<'a> Document<'a> {
    /// Names of the branches of a union called `owner`, in the order of the document.
    pub(super) fn branch_names(&self, pointer: &str, owner: &str, union: &Union<'a>) -> Rc<Vec<String>> {
        let key = format!("{pointer} {owner}");
        if let Some(names) = self.branch_names.borrow().get(&key) {
            return Rc::clone(names);
        }
        let (decision, _) = self.decide(union);
        let arms = match decision {
            Decision::Tagged(_, arms) | Decision::Shape(arms) => arms,
            _ => Vec::new(),
        };
        let mut by_index: BTreeMap<usize, String> = BTreeMap::new();
        for (arm, name) in arms.iter().zip(self.arm_names(owner, &arms)) {
            if let Some(index) = arm.index {
                by_index.insert(index, name);
            }
        }
        let names = (0..union.branches.len()).map(|index| by_index.remove(&index).unwrap_or_default());
        let names = Rc::new(names.collect::<Vec<_>>());
        self.branch_names.borrow_mut().insert(key, Rc::clone(&names));
        names
    }

    /// Names of the arms of a union called `owner`.
    pub(super) fn arm_names(&self, owner: &str, arms: &[Arm<'a>]) -> Vec<String> {
        let named: Vec<(String, String)> = arms
            .iter()
            .map(|arm| {
                let label = self.label(arm);
                let cut = label.strip_prefix(owner).filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
                let name = cut.unwrap_or(&label).to_owned();
                // Equal labels are told apart by what the branches say, not by their order.
                let text = match &arm.holds {
                    Holds::Source(source) => {
                        source.pieces.iter().map(|piece| in_order(piece.node)).collect::<Vec<_>>().join("+")
                    }
                    Holds::Scalar(ty) => format!("{ty:?}"),
                    Holds::Choices(choices) => choices.values.join(","),
                };
                (text, name)
            })
            .collect();
        let taken = BTreeSet::from(["Unrecognized".to_owned()]);
        // A hash says more than `Mixed` where the texts are whole schemas.
        let names = distinct(&named, &taken, Style::Pascal("Value"));
        names.into_iter().map(|name| pascal(&name)).collect()
    }

    /// The name of a branch: chosen, its title, its reference, its tag, its type, its first required member.
    fn label(&self, arm: &Arm<'a>) -> String {
        let source = match &arm.holds {
            Holds::Source(source) => source,
            Holds::Scalar(ty) => return scalar_label(ty).to_owned(),
            Holds::Choices(choices) => return if choices.integer { "Integer" } else { "Text" }.to_owned(),
        };
        let own = || source.pieces.iter().rev().map(|piece| piece.node);
        let is_reference = |node: &Node| node.get("$ref").is_some();
        if let Some(chosen) = own().find_map(|node| node.get("x-rust-name")?.text()) {
            return variant_name(chosen);
        }
        let canonical = self.canonical(source);
        if let Kind::Reference(target) = canonical.kind {
            let pointer = self.pointer(target);
            return self.places.components.get(&pointer).cloned().unwrap_or_else(|| self.name_at(&pointer));
        }
        if let Some(name) = self.places.components.get(source.key.trim_end_matches("#base")) {
            return name.clone();
        }
        if let Reading::Only(_) = source.reading {
            return kind_label(&canonical.kind).unwrap_or("Object").to_owned();
        }
        let title = own().find_map(|node| node.get("title")?.text()).map(variant_name);
        if let Some(title) = title.filter(|title| title.len() <= LONGEST_TITLE) {
            return title;
        }
        let reference = own().find(|node| is_reference(node)).and_then(|node| node.get("$ref"));
        if let Some(target) = reference.and_then(|reference| self.references.target(reference).ok()) {
            let pointer = self.pointer(target);
            return self.places.components.get(&pointer).cloned().unwrap_or_else(|| self.name_at(&pointer));
        }
        let constant = arm.guards.iter().filter(|guard| guard.strict && guard.values.len() == 1);
        let constant =
            constant.flat_map(|guard| &guard.values).find_map(|json| serde_json::from_str::<String>(json).ok());
        if let Some(tag) = arm.tags.iter().min().or(constant.as_ref()) {
            return variant_name(tag);
        }
        match &canonical.kind {
            Kind::Object(object) => {
                // Of what stands beside the choice, all branches have the same.
                let own = source.pieces.iter().filter(|piece| piece.view == Extent::Whole);
                let own: Vec<&str> = own
                    .filter_map(|piece| piece.node.get("required")?.items().iter().filter_map(Node::text).min())
                    .collect();
                let names = |all: bool| {
                    let properties = object.properties.iter().filter(move |property| all || property.required);
                    properties.map(|property| property.wire.as_str()).min()
                };
                // The alphabet decides, so that order does not.
                match names(false).or_else(|| names(true)) {
                    _ if !own.is_empty() => variant_name(&format!("With_{}", own.join("_"))),
                    Some(name) => variant_name(&format!("With_{name}")),
                    None => "Object".to_owned(),
                }
            }
            kind => kind_label(kind).unwrap_or("Object").to_owned(),
        }
    }
}

/// Longer titles are sentences.
const LONGEST_TITLE: usize = 48;

/// A node as text that does not depend on the order of members.
fn in_order(node: &Node) -> String {
    let mut parts: Vec<String> = match &node.value {
        Value::Map(members) => members.iter().map(|(key, node)| format!("{}:{}", key.text, in_order(node))).collect(),
        Value::List(items) => items.iter().map(in_order).collect(),
        _ => return node.to_json().to_string(),
    };
    parts.sort();
    format!("{{{}}}", parts.join(","))
}

/// What an inline branch says of values, in words left out; nothing for what is a reference or made of several nodes.
pub(super) fn plain_text(source: &Source<'_>) -> Option<String> {
    let [Piece { node, view: Extent::Whole }] = source.pieces.as_slice() else { return None };
    let is_plain = source.reading == Reading::Joined && node.get("$ref").is_none();
    (is_plain && node.members().next().is_some()).then(|| schema_text(node))
}

/// A schema as text that depends neither on the order of members nor on descriptions.
fn schema_text(node: &Node) -> String {
    let mut parts: Vec<String> = match &node.value {
        Value::Map(members) => members
            .iter()
            .filter(|(key, _)| !DESCRIBES.contains(&key.text.as_str()) || key.text == "nullable")
            .map(|(key, node)| match key.text.as_str() {
                "properties" | "patternProperties" => {
                    let inner = node.members().map(|(key, node)| format!("{:?}:{}", key.text, schema_text(node)));
                    let mut inner: Vec<String> = inner.collect();
                    inner.sort();
                    format!("{}:{{{}}}", key.text, inner.join(","))
                }
                "items" | "additionalProperties" | "allOf" | "oneOf" | "anyOf" => {
                    format!("{}:{}", key.text, schema_text(node))
                }
                _ => format!("{}:{}", key.text, in_order(node)),
            })
            .collect(),
        Value::List(items) => items.iter().map(schema_text).collect(),
        _ => return node.to_json().to_string(),
    };
    parts.sort();
    format!("{{{}}}", parts.join(","))
}

/// What a branch is called that has nothing but a JSON type; nothing for objects.
fn kind_label(kind: &Kind<'_>) -> Option<&'static str> {
    Some(match kind {
        Kind::Any | Kind::Null | Kind::Reference(_) => "Any",
        Kind::Scalar(ty) => scalar_label(ty),
        Kind::Choices(choices) if choices.integer => "Integer",
        Kind::Choices(_) => "Text",
        Kind::List(_) => "List",
        Kind::Map(_) => "Map",
        Kind::Union(_) => "Choice",
        Kind::Object(_) => return None,
    })
}

fn scalar_label(ty: &TypeExpr) -> &'static str {
    match ty {
        TypeExpr::Bool => "Bool",
        TypeExpr::Integer(_) => "Integer",
        TypeExpr::Float => "Number",
        TypeExpr::Decimal => "Decimal",
        TypeExpr::Text(TextKind::DateTime) => "DateTime",
        TypeExpr::Text(TextKind::Date) => "Date",
        TypeExpr::Text(TextKind::Uuid) => "Uuid",
        TypeExpr::Text(_) => "Text",
        _ => "Value",
    }
}
