//! What changes in Rust only: the crates' own API, compared from the two IRs.
//!
//! 1. `types` pairs the types of both by the place of their schema, and names the old ones as the new ones are
//!    called, so that a renamed type is one change; then fields, variants, constructors.
//! 2. `operations` compares methods, arguments, setters, results and errors by what stands in the crate.
//! 3. `service` compares credentials, servers, headers and features.
//! 4. `weigh` lowers what the table says of any crate where these two show that callers keep compiling.
//! 5. A difference that follows from a change of the document is that change, and not told twice (`explained`).

mod explained;
mod operations;
mod service;
mod types;
mod weigh;

use super::classify::{arrange, beside};
use super::report::{Change, Direction, Place, Report, Step};
use super::rules::{self, Rule};
use crate::finding::shortened;
use crate::ir::{Ir, TypeExpr};
use crate::kept::Names;
use crate::normalize::{Context, normalize};
use crate::references::References;
use crate::skip::skip;
use crate::spec::{Node, Spec, Value};
use explained::Explained;
use std::collections::{BTreeMap, BTreeSet};

/// A document, and what its crate is made of.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    /// The document.
    pub spec: &'a Spec,
    /// Its crate, before it is text.
    pub ir: &'a Ir,
}

/// What the crates of two documents would be made of, the new one with the names that the old one chose; nothing if a
/// document makes none.
pub fn lowered_pair(old: &Spec, new: &Spec) -> Option<(Ir, Ir)> {
    let made = |spec: &Spec, names: Names| {
        let (provider, crate_name) = ("provider".to_owned(), Some("provider-client".to_owned()));
        let context = Context { provider, crate_name, names, ..Context::default() };
        if spec.root.at_pointer("/info/x-crate/skip").is_none() {
            return normalize(spec, &context).ok();
        }
        let mut spec = spec.clone();
        skip(&mut spec, &[]);
        normalize(&spec, &context).ok()
    };
    let was = made(old, Names::default())?;
    let is = made(new, was.names)?;
    Some((was.ir, is.ir))
}

/// Adds to a review of two documents what only their crates tell.
pub fn surface(report: &mut Report, old: Made<'_>, new: Made<'_>) {
    // What has names that Rust refuses is no crate, and is said where it is generated.
    if !crate::names::check(old.ir).is_empty() || !crate::names::check(new.ir).is_empty() {
        return;
    }
    let old_ir = types::as_called_now(report, old.ir, new.ir);
    let sides = Sides {
        old: Side { spec: old.spec, references: References::new(old.spec), ir: &old_ir },
        new: Side { spec: new.spec, references: References::new(new.spec), ir: new.ir },
    };
    weigh::by_crates(report, &old_ir, new.ir);
    let explained = Explained::of(report);
    let mut found = Found { sides: &sides, explained: &explained, told: BTreeSet::new(), changes: Vec::new() };
    types::compare(&mut found, old.ir);
    operations::compare(&mut found, report);
    service::compare(&mut found, report);
    let changes = found.changes;
    // That somebody chose another name is told by what the name is of.
    report
        .changes
        .retain(|change| change.rule != &rules::VARIANT_NAMES_CHANGED || !change.message.starts_with("`x-rust-name`"));
    report.changes.extend(changes);
    arrange(&mut report.changes);
}

/// One of the two crates.
struct Side<'a> {
    spec: &'a Spec,
    references: References<'a>,
    ir: &'a Ir,
}

struct Sides<'a> {
    old: Side<'a>,
    new: Side<'a>,
}

impl<'a> Side<'a> {
    fn node(&self, pointer: &str) -> Option<&'a Node> {
        self.spec.at_pointer(pointer)
    }

    fn place(&self, node: &Node) -> Place {
        let value = match &node.value {
            Value::Number(text) | Value::Text(text) => Some(shortened(text, 80)),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::Map(_) | Value::List(_) => None,
        };
        let at = if value.is_some() { node.at } else { self.references.key_at(node) };
        Place { file: self.spec.file_of(at).to_owned(), at, pointer: self.references.pointer_of(node), value }
    }

    /// The place behind a pointer, or the nearest one above it.
    fn place_at(&self, pointer: &str) -> Place {
        let node = self.node(pointer).unwrap_or_else(|| self.references.nearest(pointer).0);
        self.place(node)
    }
}

/// What was found so far.
struct Found<'s, 'a> {
    sides: &'s Sides<'a>,
    explained: &'s Explained,
    /// Types, by their names now, whose fate is told: what names them is not told again.
    told: BTreeSet<String>,
    changes: Vec<Change>,
}

impl<'a> Found<'_, 'a> {
    /// A difference between two places.
    fn tell(
        &mut self,
        rule: &'static Rule,
        places: (Option<Place>, Option<Place>),
        message: impl Into<String>,
        detail: impl Into<String>,
    ) -> &mut Change {
        self.changes.push(beside(rule, places, message.into(), detail.into()));
        let last = self.changes.len() - 1;
        &mut self.changes[last]
    }

    /// A difference at one pointer of both documents.
    fn tell_at(
        &mut self,
        rule: &'static Rule,
        (old, new): (&str, &str),
        message: impl Into<String>,
        detail: impl Into<String>,
    ) -> &mut Change {
        let places = (Some(self.sides.old.place_at(old)), Some(self.sides.new.place_at(new)));
        self.tell(rule, places, message, detail)
    }

    /// Whether a type names one whose fate is told.
    fn is_told(&self, ty: &TypeExpr) -> bool {
        let mut told = false;
        crate::expressions::names(ty, &mut |name| told |= self.told.contains(name));
        told
    }
}

/// A name as messages show it.
fn shown(name: &str) -> String {
    format!("`{}`", shortened(name, 80))
}

/// Tokens as one would write them.
fn code(tokens: &proc_macro2::TokenStream) -> String {
    let text = tokens.to_string();
    let text = text.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace("& ", "&");
    text.replace(" ,", ",")
}

/// Indices of operations, by method and path.
fn indices(report: &Report) -> BTreeMap<(String, String), usize> {
    let outgoing = report.operations.iter().enumerate().filter(|(_, operation)| !operation.incoming);
    outgoing.map(|(index, operation)| ((operation.method.clone(), operation.path.clone()), index)).collect()
}

impl Change {
    /// The same, at an operation.
    fn of_operation(&mut self, index: Option<usize>, direction: Direction) -> &mut Self {
        self.operations.extend(index);
        if index.is_some() {
            self.directions = vec![direction];
        }
        self
    }

    /// The same, with the verdicts of a rule that is told without the wire.
    fn step_only(&mut self, step: Step) -> &mut Self {
        self.source = step;
        self
    }
}
