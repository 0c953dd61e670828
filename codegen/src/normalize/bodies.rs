//! Request bodies: what is sent, and which of several media types it is.
//!
//! 1. Media types are put in order: JSON, forms, parts, text, XML, bytes; within a kind, `application/json` first,
//!    then as the document has them.
//! 2. The first is the body. The others are setters (`body_as_form`) if all have one schema, and variants of an enum
//!    if their schemas differ.
//! 3. Media types of bytes are one: the caller's `Upload` says which it is.

use super::contents::{is_for_json, is_text, left_out};
use super::document::Document;
use super::limits::assumed;
use super::media::{self, Media, classify, essence, is_open, word};
use super::multipart;
use super::names::{Style, distinct, joined};
use super::rules;
use super::schemas::Types;
use crate::ir::{Body, BodyAlternative, BodyContent, Doc, FormStyle, Struct, TypeExpr, TypeKind};
use crate::spec::{Node, Value};
use std::collections::BTreeSet;

/// A media type of a body, lowered.
struct Entry {
    /// What is sent as `Content-Type`.
    sent: String,
    media: Media,
    content: BodyContent,
    /// What its schema is, whatever the media type makes of it.
    schema: Option<TypeExpr>,
}

/// Lowers the request body of an operation whose types are named after `stem`.
pub(super) fn body<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    operation: &'a Node,
    stem: &str,
) -> Option<Body> {
    let node = document.resolve(operation.get("requestBody")?)?;
    let mut entries = entries(document, types, node, stem);
    if entries.is_empty() {
        let message = "the request body has no media type; the caller says which one it is";
        document.report(rules::LOOSENED_MEDIA_TYPE, node, message, "name the media type under `content`");
        entries.push(Entry { sent: "*/*".to_owned(), media: Media::Bytes, content: BodyContent::Bytes, schema: None });
    }
    let variants = variants(&entries);
    let differ = entries.iter().any(|entry| entry.schema != entries[0].schema);
    if entries.len() > 1 && !differ {
        let message =
            format!("of several media types with one schema, `{}` is sent unless a setter asks", entries[0].sent);
        document.report(rules::LOOSENED_MEDIA_TYPES, node, &message, "keep the one that is to be sent");
    }
    let mut lowered = entries.into_iter().zip(variants).map(|(entry, variant)| BodyAlternative {
        variant,
        media_type: entry.sent,
        content: entry.content,
    });
    let BodyAlternative { variant, media_type, content } = lowered.next()?;
    let alternatives: Vec<BodyAlternative> = lowered.collect();
    Some(Body {
        required: node.get("required").and_then(Node::bool) == Some(true),
        media_type,
        content,
        variant,
        type_name: (differ && !alternatives.is_empty()).then(|| joined(stem, "Body")),
        alternatives,
        doc: doc(node),
    })
}

fn doc(node: &Node) -> Doc {
    let entries = node.get("content").into_iter().flat_map(Node::members).map(|(_, entry)| entry);
    Doc {
        description: node.get("description").and_then(Node::text).map(str::to_owned),
        notes: std::iter::once(node).chain(entries).filter_map(assumed).collect(),
        ..Doc::default()
    }
}

/// The media types in order of preference; those that mean the same once.
fn entries<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, node: &'a Node, stem: &str) -> Vec<Entry> {
    let mut found: Vec<(&'a str, Media, &'a Node)> = Vec::new();
    for (key, entry) in node.get("content").into_iter().flat_map(Node::members) {
        match classify(&key.text) {
            Media::Invalid => left_out(document, &key.text, entry),
            media => found.push((&key.text, media, entry)),
        }
    }
    let is_range = |key: &str| essence(key).contains('*');
    found.sort_by_key(|(key, media, _)| (order(*media), essence(key) != "application/json", is_range(key)));
    let mut entries: Vec<Entry> = Vec::new();
    for (key, media, entry) in found {
        let lowered = lower(document, types, key, media, entry, stem);
        let is_known = |known: &Entry| known.content == BodyContent::Bytes && lowered.content == BodyContent::Bytes;
        let is_again = |known: &Entry| known.sent == lowered.sent && known.content == lowered.content;
        let message = if entries.iter().any(is_known) {
            format!("`{key}` is sent if the caller's `Upload` says so")
        } else if lowered.sent != key && entries.iter().any(is_again) {
            format!("`{key}` is a range, and a type of it that says the same is sent")
        } else {
            if lowered.sent != key {
                let message = format!("`{key}` is a range, which no body is of; `{}` is sent", lowered.sent);
                document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "name the media type that is to be sent");
            }
            entries.push(lowered);
            continue;
        };
        document.report(rules::LOOSENED_MEDIA_TYPES, entry, &message, "keep the one that is to be sent");
    }
    // What a range turned out to be stands among its kind.
    entries.sort_by_key(|entry| order(entry.media));
    entries
}

fn order(media: Media) -> Media {
    match media {
        Media::File | Media::JsonLines | Media::Events => Media::Bytes,
        media => media,
    }
}

fn lower<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    key: &'a str,
    media: Media,
    entry: &'a Node,
    stem: &str,
) -> Entry {
    let schema = entry.get("schema");
    let ty = schema.map(|schema| json(types, Some(schema)));
    let is_json = media == Media::Bytes && is_open(key) && ty.as_ref().is_some_and(is_for_json);
    let media = if is_json { Media::Json } else { media };
    let content = match media {
        Media::Json => BodyContent::Json(ty.clone().unwrap_or(TypeExpr::Any)),
        Media::Form => form(document, types, entry, ty.clone()),
        Media::Multipart => BodyContent::Multipart(multipart::parts(document, types, entry, stem)),
        Media::Text if schema.is_none_or(|schema| is_text(types, schema)) => BodyContent::Text,
        Media::Text | Media::Xml => {
            let message = format!("`{key}` is not made from its schema; the caller writes the text");
            document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "describe JSON, if the provider takes it");
            BodyContent::Text
        }
        Media::File | Media::Bytes | Media::JsonLines | Media::Events | Media::Invalid => BodyContent::Bytes,
    };
    Entry { sent: media::sent(key, media), media, content, schema: ty }
}

/// Names of the variants, all different.
fn variants(entries: &[Entry]) -> Vec<String> {
    let wishes: Vec<(String, String)> = entries
        .iter()
        .map(|entry| match entry.media {
            Media::File | Media::Bytes => (entry.sent.clone(), "Bytes".to_owned()),
            _ => (entry.sent.clone(), word(&entry.sent)),
        })
        .collect();
    distinct(&wishes, &BTreeSet::new(), Style::Pascal("Body"))
}

/// The type of a JSON body, which may be null as a whole.
pub(super) fn json<'a>(types: &mut Types<'_, 'a>, schema: Option<&'a Node>) -> TypeExpr {
    let Some(schema) = schema else { return TypeExpr::Any };
    let lowered = types.lower_node(schema);
    match lowered.ty {
        ty if lowered.nullable && ty != TypeExpr::Any => TypeExpr::Nullable(Box::new(ty)),
        ty => ty,
    }
}

/// A form: an object, with the styles of its members.
fn form<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, entry: &'a Node, ty: Option<TypeExpr>) -> BodyContent {
    // Without a schema, or with one that says nothing, it is any object.
    let ty = match ty {
        Some(TypeExpr::Nullable(inner)) => *inner,
        Some(TypeExpr::Any) | None => TypeExpr::Map(Box::new(TypeExpr::Any)),
        Some(ty) => ty,
    };
    let is_object = match &ty {
        TypeExpr::Map(_) => true,
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Enum(_)) => false,
            Some(TypeKind::Struct(_) | TypeKind::Union(_)) | None => true,
        },
        _ => false,
    };
    if !is_object {
        let message = "a form is an object; this one takes any members";
        document.report(rules::LOOSENED_FORM, entry, message, "describe an object");
        return BodyContent::Form(TypeExpr::Map(Box::new(TypeExpr::Any)), Vec::new());
    }
    if let TypeExpr::Named(key) = &ty
        && let Some(TypeKind::Struct(object)) = types.draft(key).map(|draft| &draft.def.kind)
        && object.extra.is_none()
    {
        encodings_of_nothing(document, entry, object);
    }
    let encodings = entry.get("encoding").into_iter().flat_map(Node::members);
    let styles = encodings.filter_map(|(name, node)| Some((name.text.clone(), style(document, node)?))).collect();
    BodyContent::Form(ty, styles)
}

/// Reports entries of `encoding` that name no property.
pub(super) fn encodings_of_nothing(document: &Document<'_>, entry: &Node, object: &Struct) {
    let names = || object.fields.iter().map(|field| field.wire.as_str());
    for (name, node) in entry.get("encoding").into_iter().flat_map(Node::members) {
        if names().all(|known| known != name.text) {
            let help = match crate::finding::similar(&name.text, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "describe the property, or take the entry away".to_owned(),
            };
            let message = format!("`{}` is no property of this body, so this has no effect", name.text.escape_debug());
            document.report(rules::IGNORED_ENCODING, node, &message, &help);
        }
    }
}

/// The style of a member, if its `encoding` says one.
fn style(document: &Document<'_>, node: &Node) -> Option<FormStyle> {
    if node.get("allowReserved").and_then(Node::bool) == Some(true) {
        let message = "reserved characters in forms are percent-encoded";
        document.report(rules::LOOSENED_ALLOW_RESERVED, node, message, "");
    }
    let text = |key: &str| node.get(key).and_then(Node::text);
    let explode = node.get("explode").and_then(Node::bool);
    match (text("style"), explode) {
        (Some("deepObject"), _) => Some(FormStyle::Deep),
        (Some("spaceDelimited"), Some(true)) | (Some("pipeDelimited"), Some(true)) => Some(FormStyle::Exploded),
        (Some("spaceDelimited"), _) => Some(FormStyle::Spaces),
        (Some("pipeDelimited"), _) => Some(FormStyle::Pipes),
        (Some("form") | None, Some(false)) => Some(FormStyle::Commas),
        (Some("form"), _) | (None, Some(true)) => Some(FormStyle::Exploded),
        (Some(style), _) => {
            let message = format!("`{}` is not a style of forms; the usual one is taken", style.escape_debug());
            document.report(rules::LOOSENED_FORM, node, &message, "write `form`, `deepObject` or a delimited style");
            None
        }
        (None, None) => text("contentType").filter(|kind| classify(kind) == Media::Json).map(|_| FormStyle::Json),
    }
}

/// Whether a node says nothing.
pub(super) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}
