//! Media types: what a request sends, and what a response holds.

use super::document::Document;
use super::limits::assumed;
use super::parameters::is_token;
use super::rules;
use super::schemas::Types;
use crate::ir::{Body, BodyContent, Doc, Failure, FailureWhen, ResponseContent, TypeExpr, TypeKind};
use crate::spec::{Node, Value};

/// What a media type means for a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    Json,
    Form,
    Multipart,
    Xml,
    Text,
    /// A file that is read whole.
    File,
    /// Bytes of any length.
    Bytes,
    /// Not a media type.
    Invalid,
}

/// Lowers the request body of an operation.
pub(super) fn body<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, operation: &'a Node) -> Option<Body> {
    let node = document.resolve(operation.get("requestBody")?)?;
    let content = node.get("content");
    let mut media = content.into_iter().flat_map(Node::members);
    let Some((key, entry)) = media.next() else {
        let help = "name the media type under `content`";
        document.report(rules::MISSING_KEY, node, "the request body has no media type", help);
        return None;
    };
    if media.next().is_some() {
        let message = "several media types for one request body are not supported yet";
        document.report(
            rules::UNSUPPORTED_MEDIA_TYPES,
            content.unwrap_or(node),
            message,
            "keep the one that is to be sent",
        );
        return None;
    }
    let schema = entry.get("schema");
    if let Some(encoding) = entry.get("encoding").filter(|encoding| encoding.members().next().is_some()) {
        document.report(rules::UNSUPPORTED_ENCODING, encoding, "`encoding` is not supported yet", "take it away");
    }
    let refused = |what: &str, help: &str| {
        let message = format!("{what} as a request body is not supported yet");
        document.report(rules::UNSUPPORTED_MEDIA_TYPE, entry, &message, help);
        None
    };
    let content = match classify(&key.text) {
        Media::Json => BodyContent::Json(json(types, schema)),
        Media::Form => BodyContent::Form(form(document, types, entry, schema)?),
        Media::Text => BodyContent::Text,
        Media::File | Media::Bytes if key.text.contains('*') => {
            document.report(
                rules::UNSUPPORTED_MEDIA_RANGE,
                entry,
                "a request names its media type",
                "write one without `*`",
            );
            return None;
        }
        Media::File | Media::Bytes => BodyContent::Bytes,
        Media::Multipart => return refused("multipart", "describe another media type, if the provider takes one"),
        Media::Xml => return refused("XML", "describe another media type, if the provider takes one"),
        Media::Invalid => {
            let message = format!("`{}` is not a media type", key.text.escape_debug());
            document.report(rules::MEDIA_TYPE, entry, &message, "write it like `application/json`");
            return None;
        }
    };
    Some(Body {
        required: node.get("required").and_then(Node::bool) == Some(true),
        media_type: key.text.clone(),
        content,
        doc: Doc {
            description: node.get("description").and_then(Node::text).map(str::to_owned),
            notes: [node, entry].into_iter().filter_map(assumed).collect(),
            ..Doc::default()
        },
    })
}

/// The type of a JSON body, which may be null as a whole.
fn json<'a>(types: &mut Types<'_, 'a>, schema: Option<&'a Node>) -> TypeExpr {
    let Some(schema) = schema else { return TypeExpr::Any };
    let lowered = types.lower_node(schema);
    match lowered.ty {
        ty if lowered.nullable && ty != TypeExpr::Any => TypeExpr::Nullable(Box::new(ty)),
        ty => ty,
    }
}

/// The type of a form: an object of scalars and lists of scalars.
fn form<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    entry: &'a Node,
    schema: Option<&'a Node>,
) -> Option<TypeExpr> {
    let refused = |message: &str| {
        document.report(
            rules::UNSUPPORTED_FORM,
            entry,
            message,
            "describe members of text, numbers, booleans and lists of them",
        );
        None
    };
    let Some(schema) = schema else { return refused("the form has no schema") };
    let ty = types.lower_node(schema).ty;
    let members: Vec<TypeExpr> = match &ty {
        TypeExpr::Map(value) => vec![value.as_ref().clone()],
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Struct(object)) => {
                object.fields.iter().map(|field| field.ty.clone()).chain(object.extra.clone()).collect()
            }
            _ => return refused("a form is an object"),
        },
        _ => return refused("a form is an object"),
    };
    if members.iter().all(|member| fits_form(types, member, true)) {
        Some(ty)
    } else {
        refused("a form can't hold objects, or lists in lists, yet")
    }
}

fn fits_form(types: &Types<'_, '_>, ty: &TypeExpr, may_be_list: bool) -> bool {
    match ty {
        TypeExpr::List(item) => may_be_list && fits_form(types, item, false),
        TypeExpr::Nullable(inner) => fits_form(types, inner, may_be_list),
        TypeExpr::Map(_) | TypeExpr::Any => false,
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Enum(_)) => true,
            Some(TypeKind::Union(union)) => union.branches.iter().all(|branch| fits_form(types, &branch.ty, false)),
            _ => false,
        },
        _ => true,
    }
}

/// Lowers what a response holds; several media types are read as the one that says most.
pub(super) fn response<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, node: &'a Node) -> ResponseContent {
    let media: Vec<(&str, Media, &'a Node)> = node
        .get("content")
        .into_iter()
        .flat_map(Node::members)
        .map(|(key, entry)| (key.text.as_str(), classify(&key.text), entry))
        .collect();
    let order = [Media::Json, Media::Text, Media::File, Media::Bytes, Media::Form, Media::Multipart, Media::Xml];
    let rank = |media: Media| order.iter().position(|other| *other == media).unwrap_or(order.len());
    let Some((key, kind, entry)) = media.iter().min_by_key(|(_, kind, _)| rank(*kind)).copied() else {
        return ResponseContent::Empty;
    };
    if media.len() > 1 && media.iter().any(|(_, other, _)| *other != kind) {
        let message = format!("of several media types, only `{key}` is read");
        document.report(rules::LOOSENED_MEDIA_TYPES, entry, &message, "keep the one that the provider sends");
    }
    let schema = entry.get("schema");
    match kind {
        Media::Json => ResponseContent::Json(json(types, schema)),
        Media::Text => ResponseContent::Text,
        Media::File => ResponseContent::Binary,
        // `*/*` with a schema that is no text is what tools write for JSON.
        Media::Bytes if key == "*/*" => match schema.map(|schema| types.lower_node(schema).ty) {
            Some(ty) if !matches!(ty, TypeExpr::Text(_) | TypeExpr::Any) => ResponseContent::Json(ty),
            _ => ResponseContent::Stream,
        },
        Media::Bytes => ResponseContent::Stream,
        Media::Form | Media::Multipart | Media::Xml => {
            let message = format!("a response of `{key}` is not decoded; its bytes are given as a stream");
            document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "describe JSON, if the provider sends it");
            ResponseContent::Stream
        }
        Media::Invalid => {
            let message = format!("`{}` is not a media type", key.escape_debug());
            document.report(rules::MEDIA_TYPE, entry, &message, "write it like `application/json`");
            ResponseContent::Empty
        }
    }
}

fn classify(text: &str) -> Media {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else { return Media::Invalid };
    let visible = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if !is_token(kind) || !is_token(subtype) || !visible {
        return Media::Invalid;
    }
    match (kind, subtype) {
        (_, "json") => Media::Json,
        (_, subtype) if subtype.ends_with("+json") => Media::Json,
        (_, "xml") => Media::Xml,
        ("text", "event-stream") => Media::Bytes,
        ("application", "x-www-form-urlencoded") => Media::Form,
        ("multipart", _) => Media::Multipart,
        ("image" | "audio" | "video" | "font", _) => Media::File,
        ("text", _) => Media::Text,
        (_, subtype) if subtype.ends_with("+xml") => Media::Xml,
        ("application", "pdf" | "zip" | "gzip") => Media::File,
        _ => Media::Bytes,
    }
}

/// `x-failure` of a response: where, which values, and the type of the body then.
pub(super) fn failure<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    response: &'a Node,
    own: &ResponseContent,
) -> Option<Failure> {
    let node = response.get("x-failure")?;
    let ResponseContent::Json(own) = own else {
        document.report(rules::FAILURE, node, "only JSON can carry a failure", "take `x-failure` away");
        return None;
    };
    let at = node.get("at").and_then(Node::text);
    let Some(at) = at.filter(|at| at.is_empty() || at.starts_with('/')) else {
        let help = "write `at: /success`";
        document.report(rules::FAILURE, node, "`at` must be a JSON Pointer in the body", help);
        return None;
    };
    let values = |key: &str| match node.get(key).map(|values| &values.value) {
        Some(Value::List(values)) if !values.is_empty() => Some(values.iter().map(Node::to_json).collect()),
        _ => None,
    };
    let when = match (values("equals"), values("not-equals")) {
        (Some(values), None) => FailureWhen::Equals(values),
        (None, Some(values)) => FailureWhen::NotEquals(values),
        _ => {
            let message = "one of `equals` and `not-equals` must list values";
            document.report(rules::FAILURE, node, message, "write `equals: [false]`, or `not-equals: [0]`");
            return None;
        }
    };
    let body = node.get("schema").map_or_else(|| own.clone(), |schema| json(types, Some(schema)));
    Some(Failure { at: at.to_owned(), when, body })
}
