//! How the parts of a form are written: what `encoding` says, and what holds where it says nothing.
//!
//! Only forms and multipart bodies have parts, and only members of the schema are parts. A part is compared as it is
//! written in the end, so that a default that is spelt out says nothing.

use super::bodies::{Entry, MediaType};
use super::compare::{Compare, Use};
use super::model::{Side, Source};
use super::report::Verdict;
use super::rules;
use super::schema::Type;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet};

/// How one part is written.
struct Part<'a> {
    /// What is said of it, or the media type that says nothing of it.
    node: &'a Node,
    /// The types that it may have.
    types: Vec<MediaType>,
    /// Style, `explode` where there may be several values, and whether reserved characters stay; where they count.
    form: Option<(&'a str, bool, bool)>,
    /// Headers by their names in lower case.
    headers: BTreeMap<String, &'a Node>,
}

/// Compares the parts of two bodies of one media type.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: &Entry<'a>, new: &Entry<'a>) {
    let named = |entry: &Entry<'a>| entry.2.get("encoding").into_iter().flat_map(Node::members);
    let names: BTreeSet<&str> = named(old).chain(named(new)).map(|(key, _)| key.text.as_str()).collect();
    for name in names {
        let parts = (part(&mut compare.old, old, name), part(&mut compare.new, new, name));
        let (Some(was), Some(is)) = parts else { continue };
        let shown = shortened(name, 80);
        let types = types(&was.types, &is.types);
        if types.is_some() || was.form != is.form {
            let (request, response) = if was.form == is.form { types.unwrap_or(CHANGED) } else { CHANGED };
            let message = format!("the part `{shown}` is written in another way");
            let raw = compare.emit(&rules::ENCODING_CHANGED, was.node, is.node, message);
            raw.detail(name).weigh(request, response);
        }
        headers(compare, name, &was, &is);
    }
}

const CHANGED: (Verdict, Verdict) = (Verdict::Break, Verdict::Break);

/// What it means that a part may have other types, where it may: where it is sent, and where it is received.
fn types(old: &[MediaType], new: &[MediaType]) -> Option<(Verdict, Verdict)> {
    let within = |inner: &[MediaType], outer: &[MediaType]| {
        inner.iter().all(|one| outer.iter().any(|other| other == one || other.includes(one)))
    };
    match (within(old, new), within(new, old)) {
        (true, true) => None,
        (true, false) => Some((Verdict::Ok, Verdict::Break)),
        (false, true) => Some((Verdict::Break, Verdict::Ok)),
        (false, false) => Some(CHANGED),
    }
}

fn headers<'a>(compare: &mut Compare<'a>, part: &str, was: &Part<'a>, is: &Part<'a>) {
    let required = |node: &Node| node.get("required").and_then(Node::bool) == Some(true);
    let names: BTreeSet<&String> = was.headers.keys().chain(is.headers.keys()).collect();
    for name in names {
        let (word, weight) = match (was.headers.get(name), is.headers.get(name)) {
            (None, Some(node)) if required(node) => ("new", (Verdict::Break, Verdict::Ok)),
            (None, _) => ("new", (Verdict::Ok, Verdict::Ok)),
            (Some(node), None) if required(node) => ("gone", (Verdict::Warn, Verdict::Break)),
            (Some(_), None) => ("gone", (Verdict::Warn, Verdict::Warn)),
            (Some(old), Some(new)) => {
                if let (Some(old), Some(new)) = (old.get("schema"), new.get("schema")) {
                    compare.pair_nodes(old, new, Use::Text);
                }
                match (required(old), required(new)) {
                    (false, true) => ("required now", (Verdict::Break, Verdict::Ok)),
                    (true, false) => ("optional now", (Verdict::Ok, Verdict::Break)),
                    _ => continue,
                }
            }
        };
        let nodes = [was, is].map(|side| side.headers.get(name).copied().unwrap_or(side.node));
        let message = format!("the header `{}` of the part `{}` is {word}", shortened(name, 80), shortened(part, 80));
        let raw = compare.emit(&rules::ENCODING_CHANGED, nodes[0], nodes[1], message);
        raw.detail(format!("{part} {name}")).weigh(weight.0, weight.1);
    }
}

/// How a part is written; nothing if the body has no such part.
fn part<'a>(side: &mut Side<'a>, (media, _, node): &Entry<'a>, name: &str) -> Option<Part<'a>> {
    let is_form = media.essence == "application/x-www-form-urlencoded";
    if !is_form && !media.is_multipart() {
        return None;
    }
    let schema = side.source_of(node.get("schema")?);
    let schema = side.schema(schema);
    let member = schema.properties.get(name).map(|property| property.source);
    if member.is_none() && schema.branches.is_empty() {
        return None;
    }
    let said = node.get("encoding").and_then(|encoding| encoding.get(name));
    let get = |key: &str| said.and_then(|said| said.get(key));
    let types = match get("contentType").and_then(Node::text) {
        Some(text) => text.split(',').map(MediaType::parse).collect(),
        None => vec![MediaType::parse(default_type(side, member))],
    };
    let said_form = ["style", "explode", "allowReserved"].iter().any(|key| get(key).is_some());
    let style = get("style").and_then(Node::text).unwrap_or("form");
    let flag = |key: &str| get(key).and_then(Node::bool);
    let several = may_be_several(side, member);
    let explode = !several || flag("explode").unwrap_or(style == "form");
    let form = (style, explode, flag("allowReserved") == Some(true));
    let headers = get("headers").filter(|_| !is_form).into_iter().flat_map(Node::members);
    let headers = headers
        .filter(|(key, _)| !key.text.eq_ignore_ascii_case("content-type"))
        .filter_map(|(key, node)| Some((key.text.to_lowercase(), side.resolve(node)?)))
        .collect();
    Some(Part {
        node: said.unwrap_or(node),
        types,
        // Multipart bodies have styles since 3.1.
        form: (is_form || (side.modern && said_form)).then_some(form),
        headers,
    })
}

fn may_be_several(side: &mut Side<'_>, member: Option<Source>) -> bool {
    let types = member.and_then(|member| side.schema(member).types.clone());
    types.is_none_or(|types| types.contains(&Type::Array) || types.contains(&Type::Object))
}

/// Lists of lists end somewhere.
const DEEPEST: usize = 8;

/// The type that a part has where none is said.
fn default_type(side: &mut Side<'_>, member: Option<Source>) -> &'static str {
    let mut at = member;
    for _ in 0..DEEPEST {
        let Some(source) = at else { break };
        let schema = side.schema(source);
        let Some(types) = &schema.types else { break };
        if types.contains(&Type::Object) {
            return "application/json";
        }
        if types.contains(&Type::Array) {
            at = schema.items.map(|(items, _)| items);
            continue;
        }
        let is_binary = schema.format.and_then(Node::text) == Some("binary")
            || schema.keywords.keys().any(|key| key.starts_with("content"));
        return if is_binary { "application/octet-stream" } else { "text/plain" };
    }
    "application/octet-stream"
}
