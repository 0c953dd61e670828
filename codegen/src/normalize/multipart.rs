//! Bodies of parts: a type with a method for each part, where the schema is an object.

use super::bodies;
use super::document::Document;
use super::media::{Media, classify};
use super::names::{Style, distinct, field_name, joined};
use super::rules;
use super::schemas::Types;
use crate::ir::{Doc, Field, Multipart, Part, PartContent, TextKind, TypeExpr, TypeKind};
use crate::spec::Node;
use std::collections::BTreeSet;

/// Lowers the parts of a media type.
pub(super) fn parts<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, entry: &'a Node, stem: &str) -> Multipart {
    let schema = entry.get("schema").filter(|schema| !bodies::is_empty(schema));
    let ty = schema.map(|schema| types.lower_node(schema).ty);
    let draft = match &ty {
        Some(TypeExpr::Named(key)) => types.draft(key),
        _ => None,
    };
    let (Some(schema), Some(TypeKind::Struct(object))) = (schema, draft.map(|draft| &draft.def.kind)) else {
        let message = "the parts are not described by an object with members; the caller names them";
        document.report(rules::LOOSENED_FORM, entry, message, "describe an object with `properties`");
        return Multipart::default();
    };
    if object.extra.is_none() {
        bodies::encodings_of_nothing(document, entry, object);
    }
    let one_way = draft.map(|draft| draft.one_way.as_slice()).unwrap_or_default();
    let mut nodes = Vec::new();
    properties(document, schema, 0, &mut nodes);
    let mut fields: Vec<&Field> = object.fields.iter().collect();
    // The order of parts is that of the document.
    fields.sort_by_key(|field| nodes.iter().position(|(name, _)| *name == field.wire));
    let encodings = entry.get("encoding");
    let mut parts: Vec<Part> = Vec::new();
    for field in fields {
        let node = nodes.iter().find(|(name, _)| *name == field.wire).map(|(_, node)| *node);
        let encoding = encodings.and_then(|encodings| encodings.get(&field.wire));
        let only_received = one_way.iter().any(|member| member.wire == field.wire && !member.only_sent);
        parts.push(part(document, field, node, encoding, field.required && !field.nullable && !only_received));
    }
    name_parts(&mut parts);
    Multipart { type_name: Some(joined(stem, "Form")), parts }
}

fn part<'a>(
    document: &Document<'a>,
    field: &Field,
    node: Option<&'a Node>,
    encoding: Option<&'a Node>,
    required: bool,
) -> Part {
    let said = encoding.and_then(|encoding| encoding.get("contentType"));
    let media_type = said.or_else(|| node.and_then(|node| described(document, node))).and_then(Node::text);
    let media_type = media_type.map(first_type);
    let is_text = |media: Media| matches!(media, Media::Json | Media::Text | Media::Xml | Media::Form);
    let is_bytes = media_type.as_deref().is_some_and(|media_type| !is_text(classify(media_type)));
    let item = |ty: &TypeExpr| matches!(ty, TypeExpr::Any | TypeExpr::Text(TextKind::Plain));
    let content = match (&field.ty, node) {
        (TypeExpr::List(ty), Some(node))
            if item(ty) && (is_bytes || items(document, node).is_some_and(|node| is_file(document, node, 0))) =>
        {
            PartContent::Files
        }
        (ty, Some(node)) if item(ty) && (is_bytes || is_file(document, node, 0)) => PartContent::File,
        (ty, node) if media_type.as_deref().is_some_and(|kind| classify(kind) == Media::Xml) && !is_written(ty) => {
            let message = "this part is not made from its schema; the caller writes the text";
            let at = encoding.or(node).unwrap_or(&document.spec.root);
            document.report(rules::LOOSENED_MEDIA_TYPE, at, message, "describe JSON, if the provider takes it");
            PartContent::Value(TypeExpr::Text(TextKind::Plain))
        }
        (ty, _) => PartContent::Value(ty.clone()),
    };
    let headers = encoding.and_then(|encoding| encoding.get("headers")).into_iter().flat_map(Node::members);
    let headers = headers.filter(|(name, _)| !name.text.eq_ignore_ascii_case("content-type")).map(|(name, header)| {
        let header = document.resolve(header);
        let text = header.and_then(|header| header.get("description")).and_then(Node::text).map(str::to_owned);
        let setter = format!("{}_{}", field_name(&field.wire), field_name(&name.text));
        (setter, name.text.clone(), Doc { description: text, ..Doc::default() })
    });
    Part {
        name: field.name.clone(),
        wire: field.wire.clone(),
        content,
        media_type,
        required,
        constant: field.constant.clone().filter(|_| required),
        headers: headers.collect(),
        doc: field.doc.clone(),
        deprecated: field.deprecated,
    }
}

/// Whether the type is text, which the caller writes in any case.
fn is_written(ty: &TypeExpr) -> bool {
    matches!(ty, TypeExpr::Text(_))
}

/// The media type that a file, or each of a list of files, says of itself.
fn described<'a>(document: &Document<'a>, node: &'a Node) -> Option<&'a Node> {
    let own = |node: &'a Node| {
        let node = follow(document, node).filter(|node| node.get("contentEncoding").is_none())?;
        node.get("contentMediaType").filter(|_| is_file(document, node, 0))
    };
    own(node).or_else(|| own(items(document, node)?))
}

/// The first of several media types; a range says nothing.
fn first_type(text: &str) -> String {
    let mut types = text.split(',').map(str::trim).filter(|one| classify(one) != Media::Invalid);
    types.find(|one| !one.contains('*')).unwrap_or("application/octet-stream").to_owned()
}

/// Names of parts and of their headers, none of them a method that every form has.
fn name_parts(parts: &mut [Part]) {
    let kept: BTreeSet<String> = ["new", "map", "from", "into", "try_from", "try_into"].map(str::to_owned).into();
    let mut wishes: Vec<(String, String)> = Vec::new();
    for part in parts.iter() {
        wishes.push((part.wire.clone(), part.name.clone()));
        wishes
            .extend(part.headers.iter().map(|(setter, wire, _)| (format!("{} {wire}", part.wire), field_name(setter))));
    }
    let mut names = distinct(&wishes, &kept, Style::Snake("part")).into_iter();
    for part in parts.iter_mut() {
        part.name = names.next().unwrap_or_default();
        for (setter, _, _) in &mut part.headers {
            *setter = names.next().unwrap_or_default();
        }
    }
}

/// The members that a schema describes, those joined by `allOf` included.
fn properties<'a>(document: &Document<'a>, schema: &'a Node, depth: usize, found: &mut Vec<(&'a str, &'a Node)>) {
    let Some(schema) = follow(document, schema).filter(|_| depth < MOST_STEPS) else { return };
    let own = schema.get("properties").into_iter().flat_map(Node::members);
    found.extend(own.map(|(name, node)| (name.text.as_str(), node)));
    for inner in schema.get("allOf").into_iter().flat_map(Node::items) {
        properties(document, inner, depth + 1, found);
    }
}

fn items<'a>(document: &Document<'a>, node: &'a Node) -> Option<&'a Node> {
    follow(document, node)?.get("items")
}

/// Whether a schema is bytes as they are.
fn is_file<'a>(document: &Document<'a>, node: &'a Node, depth: usize) -> bool {
    let Some(node) = follow(document, node).filter(|_| depth < MOST_STEPS) else { return false };
    let text = |key: &str| node.get(key).and_then(Node::text);
    if matches!(text("format"), Some("binary")) || text("type") == Some("file") {
        return true;
    }
    if node.get("contentMediaType").is_some() && node.get("contentEncoding").is_none() {
        return text("contentMediaType").is_some_and(|kind| !matches!(classify(kind), Media::Json | Media::Text));
    }
    let is_null = |node: &&Node| node.get("type").and_then(Node::text) == Some("null");
    ["allOf", "oneOf", "anyOf"].into_iter().any(|key| {
        let branches: Vec<&'a Node> = node.get(key).map(Node::items).unwrap_or_default().iter().collect();
        let mut branches = branches.into_iter().filter(|node| !is_null(node)).peekable();
        branches.peek().is_some() && branches.all(|branch| is_file(document, branch, depth + 1))
    })
}

fn follow<'a>(document: &Document<'a>, node: &'a Node) -> Option<&'a Node> {
    document.references.resolve(node).ok().map(|resolved| resolved.node)
}

/// Schemas that may stand one inside the other.
const MOST_STEPS: usize = 32;
