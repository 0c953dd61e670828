//! Texts for readers, and extensions whose meaning nobody knows.

use super::compare::Compare;
use super::operations::Operation;
use super::rules;
use super::same::is_written_alike;
use super::values::canonical;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet};

type Members<'m, 'a> = (&'m BTreeMap<&'a str, &'a Node>, &'a Node);

/// Texts, which are shown on request only.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: Members<'_, 'a>, new: Members<'_, 'a>) {
    if compare.trial || !compare.settings.docs {
        return;
    }
    for (key, was, is) in changed(old, new) {
        let rule = if key == "title" { &rules::TITLE_CHANGED } else { &rules::TEXT_CHANGED };
        compare.emit(rule, was, is, format!("`{key}` changed")).detail(key);
    }
}

/// Extensions.
pub(super) fn extensions<'a>(compare: &mut Compare<'a>, old: Members<'_, 'a>, new: Members<'_, 'a>) {
    if compare.trial {
        return;
    }
    for (key, was, is) in changed(old, new) {
        let rule = match key {
            "x-enum-varnames" | "x-enumNames" | "x-rust-name" => &rules::VARIANT_NAMES_CHANGED,
            "x-repeat" | "x-idempotency" | "x-limits" => &rules::REPEAT_CHANGED,
            // Where they are on one side only, methods come or go.
            "x-first-of" | "x-transitions" if old.0.contains_key(key) != new.0.contains_key(key) => {
                &rules::EXTENSION_CHANGED
            }
            key if STEERING.contains(&key) => &rules::EXTENSION_STEERS,
            "x-pages" | "x-poll" | "x-batch" => flow(key, old.1, new.1),
            key if compare.settings.ignored_extensions.iter().any(|ignored| ignored == key) => continue,
            _ => &rules::EXTENSION_CHANGED,
        };
        compare.emit(rule, was, is, format!("`{}` changed", shortened(key, 60))).detail(key);
    }
}

/// Extensions that a crate acts on, without another API: what is a failure, what is followed, what comes twice, which
/// value may follow which and which of them mean the same, which of several members counts.
const STEERING: [&str; 7] =
    ["dedupe", "x-failure", "x-final", "x-first-of", "x-redirects", "x-synonyms", "x-transitions"];

/// Extensions of path items, which hold for operations that do not say otherwise; of a webhook also which member tells
/// repeated events apart.
pub(super) fn of_items<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    let own = |key: &str| old.node.get(key).is_some() && new.node.get(key).is_some();
    let wanted = |key: &str| (is_extension(key) || key == "dedupe") && !own(key);
    extensions(compare, (&members(old.item, wanted), old.item), (&members(new.item, wanted), new.item));
}

/// Whether a member of an object is an extension that nothing else compares.
fn is_extension(key: &str) -> bool {
    key.starts_with("x-") && !matches!(key, "x-signing" | "x-sunset" | "x-stability-level" | "x-assumed" | "x-webhooks")
}

/// The rule on calls that belong together: what changed are methods, or only times and limits.
fn flow(key: &str, old: &Node, new: &Node) -> &'static rules::Rule {
    const PACE: [&str; 8] =
        ["accepted", "again", "bytes", "complete", "deadline", "interval", "limit", "longest-interval"];
    let shape = |node: &Node| {
        let members = members(node, |member| !PACE.contains(&member) && member != "smaller");
        members.into_iter().map(|(member, node)| (member.to_owned(), canonical(node))).collect::<Vec<_>>()
    };
    match (old.get(key), new.get(key)) {
        (None, _) => &rules::CALL_FLOW_ADDED,
        (_, None) => &rules::CALL_FLOW_REMOVED,
        (Some(old), Some(new)) if shape(old) == shape(new) => &rules::REPEAT_CHANGED,
        _ => &rules::CALL_FLOW_CHANGED,
    }
}

/// The members of a node that keep `wanted`.
pub(super) fn members(node: &Node, wanted: impl Fn(&str) -> bool) -> BTreeMap<&str, &Node> {
    let members = node.members().filter(|(key, _)| wanted(&key.text));
    members.map(|(key, node)| (key.text.as_str(), node)).collect()
}

/// Texts and extensions of an object of OpenAPI.
pub(super) fn of_objects<'a>(this: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let text = |key: &str| super::schema::is_text(key);
    if this.settings.docs {
        compare(this, (&members(old, text), old), (&members(new, text), new));
    }
    extensions(this, (&members(old, is_extension), old), (&members(new, is_extension), new));
}

type Changed<'a> = (&'a str, Option<&'a Node>, Option<&'a Node>);

fn changed<'a>((old, old_node): Members<'_, 'a>, (new, new_node): Members<'_, 'a>) -> Vec<Changed<'a>> {
    let keys: BTreeSet<&'a str> = old.keys().chain(new.keys()).copied().collect();
    let text = |node: Option<&&'a Node>| node.map(|node| canonical(node));
    let same =
        |key: &&str| matches!((old.get(key), new.get(key)), (Some(old), Some(new)) if is_written_alike(old, new));
    let differ = keys.into_iter().filter(|key| !same(key) && text(old.get(key)) != text(new.get(key)));
    differ
        .map(|key| {
            let was = old.get(key).copied().unwrap_or(old_node);
            let is = new.get(key).copied().unwrap_or(new_node);
            (key, Some(was), Some(is))
        })
        .collect()
}
