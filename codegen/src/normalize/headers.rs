//! Headers that responses declare: types that a header can carry, and one name for each in the crate.

use super::bodies::json;
use super::document::Document;
use super::limits::{assumed, sentences};
use super::names::{Style, distinct, field_name};
use super::rules;
use super::schemas::Types;
use crate::enums;
use crate::ir::{Doc, IntegerKind, Operation, ResponseHeader, TextKind, TypeExpr, TypeKind};
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet};

/// The headers of a response.
pub(super) fn headers<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    response: &'a Node,
) -> Vec<ResponseHeader> {
    let mut headers = Vec::new();
    for (name, node) in response.get("headers").into_iter().flat_map(Node::members) {
        let Some(node) = document.resolve(node) else { continue };
        // The media type is that of the content.
        if name.text.eq_ignore_ascii_case("content-type") {
            continue;
        }
        if !super::parameters::is_token(&name.text) {
            let message = format!("`{}` is not a header's name", name.text.escape_debug());
            document.report(rules::LOOSENED_HEADER, node, &message, "correct the name");
            continue;
        }
        let schema = node.get("schema");
        let mut notes: Vec<String> = schema.map(sentences).unwrap_or_default();
        notes.extend(assumed(node));
        headers.push(ResponseHeader {
            name: String::new(),
            wire: name.text.clone(),
            ty: schema.map_or(TypeExpr::Text(TextKind::Plain), |schema| carried(types, schema)),
            doc: Doc {
                description: node.get("description").and_then(Node::text).map(str::to_owned),
                notes,
                ..Doc::default()
            },
        });
    }
    headers
}

/// The type that a header's text is read as.
fn carried<'a>(types: &mut Types<'_, 'a>, schema: &'a Node) -> TypeExpr {
    let text = || TypeExpr::Text(TextKind::Plain);
    match json(types, Some(schema)) {
        TypeExpr::Nullable(inner) => scalar(types, &inner).unwrap_or_else(text),
        TypeExpr::List(item) => scalar(types, &item).map_or_else(text, |item| TypeExpr::List(Box::new(item))),
        TypeExpr::Map(_) => TypeExpr::Map(Box::new(text())),
        TypeExpr::Named(key) => match types.draft(&key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Struct(_)) => TypeExpr::Map(Box::new(text())),
            _ => scalar(types, &TypeExpr::Named(key)).unwrap_or_else(text),
        },
        ty => scalar(types, &ty).unwrap_or_else(text),
    }
}

fn scalar(types: &Types<'_, '_>, ty: &TypeExpr) -> Option<TypeExpr> {
    match ty {
        TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float | TypeExpr::Decimal | TypeExpr::Text(_) => {
            Some(ty.clone())
        }
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Enum(choice)) if enums::is_integer(choice) => Some(TypeExpr::Integer(IntegerKind::I64)),
            Some(TypeKind::Enum(_)) => Some(TypeExpr::Text(TextKind::Plain)),
            _ => None,
        },
        _ => None,
    }
}

/// All headers of all responses, each once: one that has several types is text.
pub(super) fn collect(operations: &[Operation]) -> Vec<ResponseHeader> {
    let responses = operations.iter().flat_map(|operation| operation.successes.iter().chain(&operation.errors));
    let mut all: BTreeMap<String, ResponseHeader> = BTreeMap::new();
    for header in responses.flat_map(|response| &response.headers) {
        let known = all.entry(header.wire.to_ascii_lowercase()).or_insert_with(|| header.clone());
        if known.ty != header.ty {
            known.ty = TypeExpr::Text(TextKind::Plain);
        }
        // Of several descriptions the first by the alphabet: the order of operations says nothing.
        if (&header.doc.description, &header.wire) < (&known.doc.description, &known.wire) {
            (known.doc, known.wire) = (header.doc.clone(), header.wire.clone());
        }
    }
    let wishes: Vec<(String, String)> =
        all.values().map(|header| (header.wire.clone(), field_name(&header.wire))).collect();
    let names =
        distinct(&wishes, &KEPT.map(str::to_owned).into_iter().collect::<BTreeSet<_>>(), Style::Snake("header"));
    all.into_values().zip(names).map(|(header, name)| ResponseHeader { name, ..header }).collect()
}

/// Methods that the map of headers has.
const KEPT: [&str; 30] = [
    "append",
    "borrow",
    "borrow_mut",
    "capacity",
    "clear",
    "clone",
    "clone_into",
    "contains_key",
    "drain",
    "entry",
    "eq",
    "extend",
    "fmt",
    "from",
    "get",
    "get_all",
    "get_mut",
    "insert",
    "into",
    "into_iter",
    "is_empty",
    "iter",
    "iter_mut",
    "keys",
    "keys_len",
    "len",
    "remove",
    "reserve",
    "values",
    "values_mut",
];
