//! Request bodies and media types.

use super::compare::{Compare, Use};
use super::model::Side;
use super::schema::is_text;
use super::{encoding, rules, texts};
use crate::finding::shortened;
use crate::spec::{Key, Node, Value};

/// A media type in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaType {
    /// `application/json`, in lower case.
    pub(super) essence: String,
    /// What follows the first semicolon, without spaces.
    pub(super) parameters: String,
}

impl MediaType {
    pub(super) fn parse(text: &str) -> Self {
        let lower = text.to_lowercase();
        let (essence, parameters) = lower.split_once(';').unwrap_or((&lower, ""));
        // Quotes are a spelling of the same value.
        let parameters = parameters.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        MediaType { essence: essence.trim().to_owned(), parameters }
    }

    /// Whether this range includes the other type.
    pub(super) fn includes(&self, other: &MediaType) -> bool {
        let (kind, sub) = self.essence.split_once('/').unwrap_or((&self.essence, ""));
        let (other_kind, other_sub) = other.essence.split_once('/').unwrap_or((&other.essence, ""));
        if kind == "*" || (kind == other_kind && sub == "*") {
            return true;
        }
        // `application/json` stands for `application/vnd.acme+json`.
        kind == other_kind && other_sub.rsplit_once('+').is_some_and(|(_, suffix)| suffix == sub)
    }

    fn is_json(&self) -> bool {
        self.essence.contains("json")
    }

    fn is_stream(&self) -> bool {
        matches!(self.essence.as_str(), "text/event-stream" | "application/x-ndjson" | "application/jsonl")
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    fn is_bytes(&self) -> bool {
        let essence = self.essence.as_str();
        essence == "application/octet-stream"
            || ["image/", "audio/", "video/"].iter().any(|kind| essence.starts_with(kind))
    }
}

pub(super) type Entry<'a> = (MediaType, &'a Key, &'a Node);

fn entries<'a>(content: Option<&'a Node>) -> Vec<Entry<'a>> {
    let members = content.into_iter().flat_map(Node::members);
    members.map(|(key, node)| (MediaType::parse(&key.text), key, node)).collect()
}

/// Which rules a map of media types is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Request,
    Response,
    Header,
}

/// Compares the request bodies of two operations.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let (was, is) = (compare.old.member(old, "requestBody"), compare.new.member(new, "requestBody"));
    let required = |body: &Node| body.get("required").and_then(Node::bool) == Some(true);
    match (was, is) {
        (None, None) => {}
        (None, Some(is)) => {
            let (rule, word) = match required(is) {
                true => (&rules::REQUIRED_BODY_ADDED, "must have a body"),
                false => (&rules::OPTIONAL_BODY_ADDED, "may have a body"),
            };
            compare.emit(rule, old, is, format!("the request {word} and had none"));
        }
        (Some(was), None) => {
            compare.emit(&rules::BODY_REMOVED, was, new, "the request has no body any more");
        }
        (Some(was), Some(is)) => {
            match (required(was), required(is)) {
                (false, true) => {
                    compare.emit(&rules::BODY_REQUIRED, was, is, "the body is required now");
                }
                (true, false) => {
                    compare.emit(&rules::BODY_OPTIONAL, was, is, "the body is optional now");
                }
                _ => {}
            }
            texts::of_objects(compare, was, is);
            content(compare, (was, was.get("content")), (is, is.get("content")), Of::Request);
        }
    }
}

/// Compares two maps of media types.
pub(super) fn content<'a>(
    compare: &mut Compare<'a>,
    (old_owner, old): (&'a Node, Option<&'a Node>),
    (new_owner, new): (&'a Node, Option<&'a Node>),
    of: Of,
) {
    let (mut was, mut is) = (entries(old), entries(new));
    let firsts = (was.first().cloned(), is.first().cloned());
    let mut pairs: Vec<(Entry<'a>, Entry<'a>)> = Vec::new();
    let mut take =
        |was: &mut Vec<Entry<'a>>, is: &mut Vec<Entry<'a>>, same: &dyn Fn(&MediaType, &MediaType) -> bool| {
            was.retain(|entry| {
                let Some(index) = is.iter().position(|other| same(&entry.0, &other.0)) else { return true };
                pairs.push((entry.clone(), is.remove(index)));
                false
            });
        };
    take(&mut was, &mut is, &|a, b| a == b);
    take(&mut was, &mut is, &|a, b| a.essence == b.essence);
    if was.len() == 1 && is.len() == 1 {
        take(&mut was, &mut is, &|a, b| a.includes(b) || b.includes(a));
    }
    for (old, new) in &pairs {
        pair(compare, old, new, of);
    }
    kinds(compare, &mut was, &mut is, of);
    let used = firsts.0.map(|(media, ..)| media);
    for (media, key, node) in was {
        let rule = match of {
            Of::Request if used.as_ref() == Some(&media) => &rules::MEDIA_TYPE_REMOVED,
            Of::Request => &rules::MEDIA_TYPE_UNUSED_REMOVED,
            _ => &rules::RESPONSE_MEDIA_TYPE_REMOVED,
        };
        let message = format!("the media type `{}` is gone", shortened(&key.text, 80));
        compare.emit(rule, node, new_owner, message).detail(media.essence);
    }
    for (media, key, node) in is {
        let rule = if of == Of::Request { &rules::MEDIA_TYPE_ADDED } else { &rules::RESPONSE_MEDIA_TYPE_ADDED };
        let message = format!("the media type `{}` is new", shortened(&key.text, 80));
        compare.emit(rule, old_owner, node, message).detail(media.essence);
    }
    if let (Some(used), Some((first, _, node))) = (used, firsts.1)
        && of == Of::Request
        && used.essence != first.essence
        && pairs.iter().any(|(old, _)| old.0 == used)
    {
        let message = format!("the media type that comes first was `{}` and is `{}`", used.essence, first.essence);
        compare.emit(&rules::FIRST_MEDIA_TYPE_CHANGED, old_owner, node, message);
    }
}

/// A body that became bytes instead of JSON, or a stream instead of one body.
fn kinds<'a>(compare: &mut Compare<'a>, was: &mut Vec<Entry<'a>>, is: &mut Vec<Entry<'a>>, of: Of) {
    let ([old], [new]) = (was.as_slice(), is.as_slice()) else { return };
    let rule = if old.0.is_stream() != new.0.is_stream() && of == Of::Response {
        &rules::STREAMING_CHANGED
    } else if (old.0.is_json() && new.0.is_bytes()) || (old.0.is_bytes() && new.0.is_json()) {
        &rules::BODY_KIND_CHANGED
    } else {
        return;
    };
    let message = format!("the body was `{}` and is `{}`", old.0.essence, new.0.essence);
    compare.emit(rule, old.2, new.2, message);
    was.clear();
    is.clear();
}

fn pair<'a>(compare: &mut Compare<'a>, old: &Entry<'a>, new: &Entry<'a>, of: Of) {
    let (was, is) = (old.2, new.2);
    if old.0.essence != new.0.essence {
        let wider = new.0.includes(&old.0);
        let rule = match (of, wider) {
            (Of::Request, true) => &rules::MEDIA_TYPE_WIDER,
            (Of::Request, false) => &rules::MEDIA_TYPE_NARROWER,
            (_, true) => &rules::RESPONSE_MEDIA_TYPE_WIDER,
            (_, false) => &rules::RESPONSE_MEDIA_TYPE_NARROWER,
        };
        let message = format!("the media type was `{}` and is `{}`", old.0.essence, new.0.essence);
        compare.emit(rule, was, is, message);
    } else if old.0.parameters != new.0.parameters {
        let message = format!("the parameters of the media type `{}` changed", old.0.essence);
        compare.emit(&rules::MEDIA_TYPE_PARAMETERS, was, is, message);
    }
    encoding::compare(compare, old, new);
    texts::of_objects(compare, was, is);
    let (added, removed) = match of {
        Of::Request => (&rules::BODY_SCHEMA_ADDED, &rules::BODY_SCHEMA_REMOVED),
        _ => (&rules::RESPONSE_SCHEMA_ADDED, &rules::RESPONSE_SCHEMA_REMOVED),
    };
    match (was.get("schema"), is.get("schema")) {
        (was, is) if is_all_bytes(&compare.old, &old.0, was) && is_all_bytes(&compare.new, &new.0, is) => {}
        (Some(was), Some(is)) => {
            let usage = if new.0.is_json() && old.0.is_json() { Use::Body } else { Use::Text };
            if new.0.is_multipart() {
                parts_of_bytes(compare, was, is);
            }
            compare.pair_nodes(was, is, usage);
        }
        (None, Some(schema)) => {
            compare.emit(added, was, schema, "the body has a schema and had none");
        }
        (Some(schema), None) => {
            compare.emit(removed, schema, is, "the body has no schema any more");
        }
        (None, None) => {}
    }
    if let (Some(was), Some(is)) = (was.get("itemSchema"), is.get("itemSchema")) {
        compare.pair_nodes(was, is, Use::Body);
    }
}

/// Whether a body is bytes of which nothing more is said.
fn is_all_bytes<'a>(side: &Side<'a>, media: &MediaType, schema: Option<&'a Node>) -> bool {
    media.is_bytes() && schema.is_none_or(|schema| says_nothing(side, schema) || is_binary(side, schema))
}

fn says_nothing<'a>(side: &Side<'a>, schema: &'a Node) -> bool {
    side.resolve(schema).is_some_and(|schema| match &schema.value {
        Value::Map(members) => members.iter().all(|(key, _)| is_text(&key.text)),
        _ => false,
    })
}

/// Whether a schema is a text that stands for bytes.
fn is_binary<'a>(side: &Side<'a>, schema: &'a Node) -> bool {
    let Some(schema) = side.resolve(schema) else { return false };
    let text = |key: &str| schema.get(key).and_then(Node::text);
    let known = |key: &str| is_text(key) || matches!(key, "type" | "format" | "contentMediaType");
    let is_named = match text("format") {
        Some(format) => format == "binary",
        None => text("contentMediaType").is_some(),
    };
    text("type") == Some("string") && is_named && schema.members().all(|(key, _)| known(&key.text))
}

/// Notes the parts that are bytes in both documents: a binary text in 3.0, no type at all in 3.1.
fn parts_of_bytes<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let sources = (compare.old.source_of(old), compare.new.source_of(new));
    let (was, is) = (compare.old.schema(sources.0), compare.new.schema(sources.1));
    for (name, old) in &was.properties {
        let Some(new) = is.properties.get(name) else { continue };
        let items = (compare.old.schema(old.source).items, compare.new.schema(new.source).items);
        let mut pairs = vec![(old.source, new.source)];
        if let (Some((old, _)), Some((new, _))) = items {
            pairs.push((old, new));
        }
        for (old, new) in pairs {
            let bytes = [(&compare.old, old), (&compare.new, new)].map(|(side, source)| match *side.nodes(source) {
                [node] => is_binary(side, node) || (side.modern && says_nothing(side, node)),
                _ => false,
            });
            if bytes == [true, true] {
                compare.work.bytes.insert((old, new));
            }
        }
    }
}
