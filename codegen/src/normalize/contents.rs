//! What a response holds: one kind of content for each of its media types, and `x-failure`.
//!
//! JSON comes first. Media types that hold the same are one; XML and forms of JSON's own schema are left to servers
//! that can't do better, and a note says so.

use super::bodies::json;
use super::document::Document;
use super::media::{Media, classify, is_open, word};
use super::rules;
use super::schemas::Types;
use crate::ir::{EventShape, Failure, FailureWhen, ResponseContent, TextKind, TypeExpr, TypeKind};
use crate::spec::{Node, Value};

/// One kind of content.
pub(super) struct Content {
    /// Media types, the preferred one first; none is no body.
    pub(super) media_types: Vec<String>,
    /// The word for the first of them.
    pub(super) word: String,
    pub(super) content: ResponseContent,
}

/// Lowers the media types of a response; at least one content.
pub(super) fn contents<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, node: &'a Node) -> Vec<Content> {
    let mut media: Vec<(&str, Media, &'a Node)> = Vec::new();
    for (key, entry) in node.get("content").into_iter().flat_map(Node::members) {
        match classify(&key.text) {
            Media::Invalid => left_out(document, &key.text, entry),
            kind => media.push((key.text.as_str(), kind, entry)),
        }
    }
    media.sort_by_key(|(key, kind, _)| (rank(*kind), *key != "application/json"));
    let first_json = media.iter().find(|(_, kind, _)| *kind == Media::Json).map(|(_, _, entry)| *entry);
    let of_json = first_json.map(|entry| json(types, entry.get("schema")));
    let mut contents: Vec<Content> = Vec::new();
    for (key, kind, entry) in media {
        if let Some(of_json) = &of_json
            && is_json_again(types, kind, entry, of_json)
        {
            let message = format!("`{key}` is not read, since the same comes as JSON");
            document.report(rules::LOOSENED_MEDIA_TYPES, entry, &message, "keep the one that the provider sends");
            continue;
        }
        let content = content(document, types, key, kind, entry);
        match contents.iter_mut().find(|known| known.content == content) {
            Some(known) => known.media_types.push(key.to_owned()),
            None => contents.push(Content { media_types: vec![key.to_owned()], word: word(key), content }),
        }
    }
    let has_media = node.get("content").is_some_and(|content| content.members().next().is_some());
    if contents.is_empty() && has_media {
        // None of its media types is one: there is a body, and nobody knows of what.
        contents.push(Content {
            media_types: vec!["*/*".to_owned()],
            word: word("*/*"),
            content: ResponseContent::Stream,
        });
    }
    if contents.is_empty() {
        contents.push(Content { media_types: Vec::new(), word: String::new(), content: ResponseContent::Empty });
    }
    contents
}

/// Says that something under `content` is no media type; nothing can be sent or come by that name.
pub(super) fn left_out<'a>(document: &Document<'a>, key: &str, entry: &'a Node) {
    let message = format!("`{}` is not a media type, and is left out", key.escape_debug());
    document.report(rules::LOOSENED_MEDIA_TYPES, entry, &message, "write it like `application/json`");
}

fn rank(media: Media) -> usize {
    let order = [Media::Json, Media::JsonLines, Media::Events, Media::Text, Media::File, Media::Bytes];
    order.iter().position(|other| *other == media).unwrap_or(order.len())
}

/// Whether a media type only says JSON's schema in other words.
fn is_json_again<'a>(types: &mut Types<'_, 'a>, kind: Media, entry: &'a Node, of_json: &TypeExpr) -> bool {
    let schema = entry.get("schema");
    match kind {
        Media::Xml | Media::Form => schema.is_none_or(|schema| json(types, Some(schema)) == *of_json),
        Media::Text => match schema.map(|schema| json(types, Some(schema))) {
            Some(TypeExpr::Text(_) | TypeExpr::Any) | None => false,
            Some(ty) => ty == *of_json,
        },
        _ => false,
    }
}

fn content<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    key: &str,
    kind: Media,
    entry: &'a Node,
) -> ResponseContent {
    let schema = entry.get("schema");
    match kind {
        Media::Json => ResponseContent::Json(json(types, schema)),
        Media::JsonLines => ResponseContent::JsonLines(item(types, entry)),
        Media::Events => events(document, types, entry),
        Media::Text => {
            if schema.is_some_and(|schema| !is_text(types, schema)) {
                let message = format!("a response of `{key}` is not decoded; its text is given");
                document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "describe text, or JSON if it is that");
            }
            ResponseContent::Text
        }
        Media::File => ResponseContent::Binary,
        Media::Bytes if is_open(key) => match schema.map(|schema| types.lower_node(schema).ty) {
            Some(ty) if is_for_json(&ty) => ResponseContent::Json(ty),
            _ => ResponseContent::Stream,
        },
        Media::Bytes | Media::Invalid => ResponseContent::Stream,
        Media::Form | Media::Xml => {
            let message = format!("a response of `{key}` is not decoded; its text is given");
            document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "describe JSON, if the provider sends it");
            ResponseContent::Text
        }
        Media::Multipart => {
            let message = format!("a response of `{key}` is not decoded; its bytes are given as a stream");
            document.report(rules::LOOSENED_MEDIA_TYPE, entry, &message, "describe JSON, if the provider sends it");
            ResponseContent::Stream
        }
    }
}

/// Whether a schema says no more of a text than that it is one, or which values it has.
pub(super) fn is_text<'a>(types: &mut Types<'_, 'a>, schema: &'a Node) -> bool {
    let mut ty = json(types, Some(schema));
    if let TypeExpr::Nullable(inner) = ty {
        ty = *inner;
    }
    match ty {
        TypeExpr::Text(_) | TypeExpr::Any => true,
        TypeExpr::Named(key) => types.draft(&key).is_some_and(|draft| matches!(draft.def.kind, TypeKind::Enum(_))),
        _ => false,
    }
}

/// Whether a type is what tools write for JSON where the media type is a range: anything but text.
pub(super) fn is_for_json(ty: &TypeExpr) -> bool {
    match ty {
        TypeExpr::Nullable(inner) => is_for_json(inner),
        ty => !matches!(ty, TypeExpr::Text(_) | TypeExpr::Any),
    }
}

/// The type of one value of a stream: `itemSchema`, else the schema, or its items if it is a list.
fn item<'a>(types: &mut Types<'_, 'a>, entry: &'a Node) -> TypeExpr {
    if let Some(schema) = entry.get("itemSchema") {
        return json(types, Some(schema));
    }
    match json(types, entry.get("schema")) {
        TypeExpr::List(item) => *item,
        // Tools write `string` for what they can't describe.
        TypeExpr::Text(TextKind::Plain) => TypeExpr::Any,
        ty => ty,
    }
}

fn events<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, entry: &'a Node) -> ResponseContent {
    let Some(schema) = entry.get("itemSchema").or_else(|| entry.get("schema")) else {
        return ResponseContent::Events(TypeExpr::Text(TextKind::Plain), EventShape::Text);
    };
    let listed = document.references.resolve(schema).ok().and_then(|resolved| resolved.node.get("items"));
    if is_event(document, listed.unwrap_or(schema), 0) {
        return ResponseContent::Events(json(types, Some(listed.unwrap_or(schema))), EventShape::Whole);
    }
    match json(types, Some(schema)) {
        TypeExpr::List(item) => ResponseContent::Events(*item, EventShape::Data),
        ty @ TypeExpr::Text(_) => ResponseContent::Events(ty, EventShape::Text),
        TypeExpr::Any => ResponseContent::Events(TypeExpr::Text(TextKind::Plain), EventShape::Text),
        ty => ResponseContent::Events(ty, EventShape::Data),
    }
}

/// Whether a schema describes an event as a whole: an object with `event` and `data`, or a choice of such.
fn is_event<'a>(document: &Document<'a>, node: &'a Node, depth: usize) -> bool {
    let Ok(resolved) = document.references.resolve(node) else { return false };
    let node = resolved.node;
    if let Some(properties) = node.get("properties") {
        let of_events = |name: &str| matches!(name, "event" | "data" | "id" | "retry" | "comment" | "enabled");
        return properties.get("data").is_some()
            && (properties.get("event").is_some() || properties.get("id").is_some())
            && properties.members().all(|(name, _)| of_events(&name.text));
    }
    ["oneOf", "anyOf"].into_iter().any(|key| {
        let mut branches = node.get(key).map(Node::items).unwrap_or_default().iter().peekable();
        branches.peek().is_some() && depth < 16 && branches.all(|branch| is_event(document, branch, depth + 1))
    })
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
