//! Responses: statuses, bodies, headers, links.

use super::bodies::{self, Of};
use super::compare::{Compare, Use};
use super::model::Side;
use super::report::Verdict;
use super::rules::{self, Rule};
use super::schema::Type;
use super::values::canonical_without_texts;
use super::{life, parameters, texts};
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::BTreeMap;

/// Who makes the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    /// The provider: we read it.
    Receive,
    /// We do: it answers a webhook.
    Send,
}

fn responses<'a>(side: &Side<'a>, operation: &'a Node) -> BTreeMap<String, &'a Node> {
    let members = operation.get("responses").into_iter().flat_map(Node::members);
    let known = members.filter(|(key, _)| !key.text.starts_with("x-"));
    known.filter_map(|(key, node)| Some((key.text.to_uppercase(), side.resolve(node)?))).collect()
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// Whether a key is a status at all, a range or `default`.
fn is_status(status: &str) -> bool {
    let bytes = status.as_bytes();
    bytes.len() == 3 && bytes[0].is_ascii_digit() && bytes[1..].iter().all(|b| b.is_ascii_digit() || *b == b'X')
}

pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node, ours: Ours) {
    let (mut was, mut is) = (responses(&compare.old, old), responses(&compare.new, new));
    let both: Vec<String> = was.keys().filter(|status| is.contains_key(*status)).cloned().collect();
    for status in both {
        if let (Some(old), Some(new)) = (was.remove(&status), is.remove(&status)) {
            pair(compare, old, new);
        }
    }
    ranges(compare, &mut was, &mut is);
    moved(compare, &mut was, &mut is);
    for (status, node) in &was {
        let message = match status.as_str() {
            "DEFAULT" => "the default response is gone".to_owned(),
            status => format!("the status {} is gone", shortened(status, 20)),
        };
        compare.emit(gone(status, ours), *node, new, message).detail(status.clone());
    }
    for (status, node) in &is {
        let message = match status.as_str() {
            "DEFAULT" => "a default response is new".to_owned(),
            status => format!("the status {} is new", shortened(status, 20)),
        };
        compare.emit(arrived(status, ours), old, *node, message).detail(status.clone());
    }
}

fn gone(status: &str, ours: Ours) -> &'static Rule {
    match (status, ours) {
        ("DEFAULT", _) => &rules::DEFAULT_RESPONSE_REMOVED,
        (status, Ours::Send) if is_success(status) => &rules::WEBHOOK_ANSWER_REMOVED,
        (status, Ours::Receive) if is_success(status) && is_status(status) => &rules::SUCCESS_STATUS_REMOVED,
        _ => &rules::ERROR_STATUS_REMOVED,
    }
}

fn arrived(status: &str, ours: Ours) -> &'static Rule {
    match (status, ours) {
        ("DEFAULT", _) => &rules::DEFAULT_RESPONSE_ADDED,
        (status, Ours::Send) if is_success(status) => &rules::WEBHOOK_ANSWER_ADDED,
        (status, Ours::Receive) if is_success(status) && is_status(status) => &rules::SUCCESS_STATUS_ADDED,
        _ => &rules::ERROR_STATUS_ADDED,
    }
}

type Left<'a> = BTreeMap<String, &'a Node>;

/// A range that became an explicit status with the same body, or the reverse.
fn ranges<'a>(compare: &mut Compare<'a>, was: &mut Left<'a>, is: &mut Left<'a>) {
    let covers = |range: &str, status: &str| range.ends_with("XX") && range.as_bytes()[0] == status.as_bytes()[0];
    let pairs: Vec<(String, String)> = was
        .keys()
        .filter(|status| is_status(status))
        .filter_map(|old| {
            let mut fits = is.keys().filter(|new| is_status(new) && (covers(old, new) || covers(new, old)));
            let new = fits.next()?;
            fits.next().is_none().then(|| (old.clone(), new.clone()))
        })
        .collect();
    for (old, new) in pairs {
        if let (Some(was_node), Some(is_node)) = (was.get(&old).copied(), is.get(&new).copied())
            && same_body(compare, was_node, is_node)
        {
            was.remove(&old);
            is.remove(&new);
            pair(compare, was_node, is_node);
        }
    }
}

/// One success whose status moved.
fn moved<'a>(compare: &mut Compare<'a>, was: &mut Left<'a>, is: &mut Left<'a>) {
    let successes = |left: &Left<'a>| left.keys().filter(|status| is_success(status)).cloned().collect::<Vec<_>>();
    let (olds, news) = (successes(was), successes(is));
    let ([old], [new]) = (olds.as_slice(), news.as_slice()) else {
        return;
    };
    let (Some(old_node), Some(new_node)) = (was.get(old).copied(), is.get(new).copied()) else { return };
    // Statuses without a body are not told apart by it: nothing says that one became the other.
    if old_node.get("content").is_none() || !same_body(compare, old_node, new_node) {
        return;
    }
    let message = format!("the success {old} is {new} now, with the same body");
    compare.emit(&rules::STATUS_MOVED, old_node, new_node, message).detail(old.clone());
    pair(compare, old_node, new_node);
    was.remove(old);
    is.remove(new);
}

fn same_body<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) -> bool {
    let schemas = |node: &'a Node| {
        let content = node.get("content").into_iter().flat_map(Node::members);
        content.map(|(key, media)| (key.text.to_lowercase(), media.get("schema"))).collect::<Vec<_>>()
    };
    let (was, is) = (schemas(old), schemas(new));
    was.len() == is.len()
        && was.into_iter().zip(is).all(|((a, old), (b, new))| {
            a == b
                && match (old, new) {
                    (Some(old), Some(new)) => compare.equal_nodes(old, new),
                    (None, None) => true,
                    _ => false,
                }
        })
}

fn pair<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    texts::of_objects(compare, old, new);
    headers(compare, old, new);
    links(compare, old, new);
    let empty = |node: &Node| node.get("content").is_none_or(|content| content.members().next().is_none());
    match (empty(old), empty(new)) {
        (true, true) => {}
        (true, false) => {
            compare.emit(&rules::RESPONSE_BODY_ADDED, old, new, "the response has a body and had none");
        }
        (false, true) => {
            compare.emit(&rules::RESPONSE_BODY_REMOVED, old, new, "the response has no body any more");
        }
        (false, false) => bodies::content(compare, (old, old.get("content")), (new, new.get("content")), Of::Response),
    }
}

fn headers<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let all = |side: &Side<'a>, node: &'a Node| {
        let members = node.get("headers").into_iter().flat_map(Node::members);
        let headers = members.filter(|(key, _)| !key.text.eq_ignore_ascii_case("content-type"));
        headers
            .filter_map(|(key, node)| Some((key.text.to_lowercase(), (key.text.as_str(), side.resolve(node)?))))
            .collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (all(&compare.old, old), all(&compare.new, new));
    let required = |node: &Node| node.get("required").and_then(Node::bool) == Some(true);
    for (name, (written, node)) in &was {
        let Some((now, other)) = is.get(name) else {
            let rule = match (required(node), steers(name)) {
                (true, _) => &rules::REQUIRED_HEADER_REMOVED,
                (false, true) => &rules::STEERING_HEADER_REMOVED,
                (false, false) => &rules::OPTIONAL_HEADER_REMOVED,
            };
            let message = format!("the response header `{}` is gone", shortened(written, 80));
            let raw = compare.emit(rule, *node, new, message).detail(name.clone());
            if rule == &rules::STEERING_HEADER_REMOVED {
                raw.weigh(Verdict::Warn, Verdict::Warn);
            }
            continue;
        };
        header(compare, now, node, other, (required(node), required(other)));
    }
    for (name, (written, node)) in is.iter().filter(|(name, _)| !was.contains_key(*name)) {
        let message = format!("the response header `{}` is new", shortened(written, 80));
        let raw = compare.emit(&rules::HEADER_ADDED, old, *node, message).detail(name.clone());
        // Where we send the response, an old crate leaves out what is required now.
        if required(node) {
            raw.weigh(Verdict::Break, Verdict::Ok);
        }
    }
}

fn header<'a>(compare: &mut Compare<'a>, name: &str, old: &'a Node, new: &'a Node, required: (bool, bool)) {
    let shown = shortened(name, 80);
    match required {
        (true, false) => {
            compare.emit(&rules::HEADER_OPTIONAL, old, new, format!("the response header `{shown}` is optional now"));
        }
        (false, true) => {
            compare.emit(
                &rules::HEADER_REQUIRED,
                old,
                new,
                format!("the response header `{shown}` is always there now"),
            );
        }
        _ => {}
    }
    life::objects(compare, "the response header", old, new);
    texts::of_objects(compare, old, new);
    let (of_old, of_new) = (header_schema(&compare.old, old), header_schema(&compare.new, new));
    match (old.get("content"), new.get("content")) {
        (Some(was), Some(is)) => return bodies::content(compare, (old, Some(was)), (new, Some(is)), Of::Header),
        (None, None) => header_explode(compare, &shown, (old, of_old), (new, of_new)),
        _ => {
            let message = format!("the response header `{shown}` is written in another way");
            compare.emit(&rules::PARAMETER_CONTENT_CHANGED, old, new, message);
        }
    }
    if let (Some(was), Some(is)) = (of_old, of_new) {
        compare.pair_nodes(was, is, Use::Body);
    }
}

/// The schema of a header, its own or that of its content.
fn header_schema<'a>(side: &Side<'a>, header: &'a Node) -> Option<&'a Node> {
    header.get("schema").or_else(|| side.resolve(header.get("content")?.members().next()?.1)?.get("schema"))
}

/// Headers are of the style `simple`, in which only the members of objects are joined in two ways.
fn header_explode<'a>(
    compare: &mut Compare<'a>,
    shown: &str,
    (old, was): (&'a Node, Option<&'a Node>),
    (new, is): (&'a Node, Option<&'a Node>),
) {
    let (Some(was), Some(is)) = (was, is) else { return };
    let explode = |node: &Node| node.get("explode").and_then(Node::bool) == Some(true);
    let is_object = |ty: Type| ty == Type::Object;
    if explode(old) != explode(new)
        && parameters::may_be(&mut compare.old, was, is_object)
        && parameters::may_be(&mut compare.new, is, is_object)
    {
        let message = format!("the members of the response header `{shown}` are joined in another way");
        compare.emit(&rules::PARAMETER_EXPLODE_CHANGED, old, new, message);
    }
}

/// Headers that waiting, paging or counting hangs on.
fn steers(name: &str) -> bool {
    matches!(name, "retry-after" | "link" | "location") || name.contains("ratelimit") || name.contains("rate-limit")
}

fn links<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let all = |side: &Side<'a>, node: &'a Node| {
        let members = node.get("links").into_iter().flat_map(Node::members);
        members.filter_map(|(key, node)| Some((key.text.as_str(), side.resolve(node)?))).collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (all(&compare.old, old), all(&compare.new, new));
    for (name, node) in &was {
        let shown = shortened(name, 80);
        match is.get(name) {
            None => {
                compare.emit(&rules::LINK_REMOVED, *node, new, format!("the link `{shown}` is gone")).detail(*name);
            }
            Some(other) => {
                // The id of an operation is what a link is about.
                let text = |node: &Node| {
                    (canonical_without_texts(node), node.get("operationId").and_then(Node::text).map(str::to_owned))
                };
                if text(node) != text(other) {
                    let message = format!("the link `{shown}` leads elsewhere");
                    compare.emit(&rules::LINK_CHANGED, *node, *other, message).detail(*name);
                }
            }
        }
    }
    for (name, node) in is.iter().filter(|(name, _)| !was.contains_key(*name)) {
        let message = format!("the link `{}` is new", shortened(name, 80));
        compare.emit(&rules::LINK_ADDED, old, *node, message).detail(*name);
    }
}
