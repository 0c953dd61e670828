//! What the provider sends: webhooks of 3.1, `x-webhooks`, callbacks of operations.

use super::compare::Compare;
use super::model::Side;
use super::operations::{self, Operation, incoming, operations};
use super::report::{Direction, Verdict};
use super::rules;
use super::values::canonical_without_texts;
use crate::finding::shortened;
use crate::spec::{Key, Node};
use std::collections::BTreeSet;

/// Compares the webhooks of two documents.
pub(super) fn compare(compare: &mut Compare<'_>) {
    let (old, new) = (all(&compare.old), all(&compare.new));
    lists(compare, old, new);
}

/// The webhooks of a document: one of 3.0 says under `x-webhooks` what one of 3.1 says under `webhooks`.
fn all<'a>(side: &Side<'a>) -> Vec<Operation<'a>> {
    ["webhooks", "x-webhooks"].into_iter().flat_map(|key| operations(side, side.root().get(key))).collect()
}

fn lists<'a>(compare: &mut Compare<'a>, old: Vec<Operation<'a>>, mut new: Vec<Operation<'a>>) {
    let mut left = Vec::new();
    for was in old {
        let same = |is: &Operation<'a>| is.path == was.path && is.method == was.method;
        match new.iter().position(same) {
            Some(index) => one(compare, &was, &new.remove(index)),
            None => left.push(was),
        }
    }
    for was in left {
        let text = canonical_without_texts(was.node);
        let same = |is: &Operation<'a>| canonical_without_texts(is.node) == text;
        match new.iter().position(same) {
            Some(index) => {
                let is = new.remove(index);
                let message =
                    format!("the webhook `{}` is called `{}` now", shortened(was.path, 80), shortened(is.path, 80));
                at(compare, &is, |compare| {
                    compare.emit(&rules::WEBHOOK_RENAMED, was.node, is.node, message).detail(was.path);
                });
            }
            None => at(compare, &was, |compare| {
                let message = format!("the webhook `{}` is gone", shortened(was.path, 80));
                compare.emit(&rules::WEBHOOK_REMOVED, was.node, None, message).detail(was.path);
            }),
        }
    }
    for is in new {
        at(compare, &is, |compare| {
            let message = format!("the webhook `{}` is new", shortened(is.path, 80));
            compare.emit(&rules::WEBHOOK_ADDED, None, is.node, message).detail(is.path);
        });
    }
}

/// Does something at a vertex where only this webhook begins.
fn at<'a>(compare: &mut Compare<'a>, operation: &Operation<'a>, then: impl FnOnce(&mut Compare<'a>)) {
    let outside = compare.work.at;
    compare.operations.push(operation.reference(true));
    compare.unstable.push(false);
    operations::enter(compare, compare.operations.len() - 1, Direction::Response);
    then(compare);
    compare.work.at = outside;
}

fn one<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    incoming(compare, old, new);
    let names = compare.renamed_schemes.clone();
    let security = |root: &'a Node, operation: &'a Node, old: bool| {
        let node = operation.get("security").or_else(|| root.get("security"));
        let new_name = |name: &str| names.get(name).copied().filter(|_| old).unwrap_or(name).to_owned();
        let requirement = |node: &Node| node.members().map(|(key, _)| new_name(&key.text)).collect::<BTreeSet<_>>();
        // Alternatives have no order, and one that is repeated says nothing.
        (node, node.map(Node::items).unwrap_or_default().iter().map(requirement).collect::<BTreeSet<_>>())
    };
    let was = security(compare.old.root(), old.node, true);
    let is = security(compare.new.root(), new.node, false);
    if was.1 != is.1 {
        at(compare, new, |compare| {
            let nodes = (was.0.unwrap_or(old.node), is.0.unwrap_or(new.node));
            compare.emit(&rules::WEBHOOK_SIGNING_CHANGED, nodes.0, nodes.1, "this webhook is signed by another scheme");
        });
    }
}

/// Compares the callbacks of two operations: event names, then URL expressions, then methods.
pub(super) fn callbacks<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node, index: usize) {
    let outside = compare.work.at;
    let events = |node: &'a Node| node.get("callbacks").into_iter().flat_map(Node::members);
    let known = |node: &'a Node, event: &Key| events(node).find(|(key, _)| key.text == event.text);
    let mut arrived: Vec<_> = events(new).filter(|(event, _)| known(old, event).is_none()).collect();
    for (event, was) in events(old) {
        let other = known(new, event).or_else(|| {
            let found = arrived.iter().position(|(_, is)| says_the_same(compare, was, is))?;
            Some(arrived.remove(found))
        });
        let Some((name, is)) = other else {
            let message = format!("the callback `{}` is gone", shortened(&event.text, 80));
            operations::enter(compare, index, Direction::Response);
            compare.emit(&rules::WEBHOOK_REMOVED, was, new, message).detail(event.text.clone());
            compare.work.at = outside;
            continue;
        };
        if name.text != event.text {
            // The name of a callback is not sent: only what is called after it changes.
            let (from, to) = (shortened(&event.text, 80), shortened(&name.text, 80));
            let message = format!("the callback `{from}` is called `{to}` now");
            operations::enter(compare, index, Direction::Response);
            let raw = compare.emit(&rules::WEBHOOK_RENAMED, was, is, message);
            raw.detail(event.text.clone()).weigh(Verdict::Ok, Verdict::Ok);
            compare.work.at = outside;
        }
        let (Some(was), Some(is)) = (compare.old.resolve(was), compare.new.resolve(is)) else { continue };
        expressions(compare, was, is, index);
        compare.work.at = outside;
    }
    for (event, is) in arrived {
        let message = format!("the callback `{}` is new", shortened(&event.text, 80));
        operations::enter(compare, index, Direction::Response);
        compare.emit(&rules::WEBHOOK_ADDED, old, is, message).detail(event.text.clone());
        compare.work.at = outside;
    }
}

/// Whether two callbacks go to the same addresses with the same operations.
fn says_the_same<'a>(compare: &Compare<'a>, old: &'a Node, new: &'a Node) -> bool {
    let nodes = (compare.old.resolve(old), compare.new.resolve(new));
    nodes.0.map(canonical_without_texts) == nodes.1.map(canonical_without_texts)
}

fn expressions<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node, index: usize) {
    let outside = compare.work.at;
    let mut was = operations(&compare.old, Some(old));
    let mut is = operations(&compare.new, Some(new));
    was.retain(|old| {
        let same = |new: &Operation<'a>| new.path == old.path && new.method == old.method;
        let Some(found) = is.iter().position(same) else { return true };
        incoming(compare, old, &is.remove(found));
        false
    });
    operations::enter(compare, index, Direction::Response);
    for old_operation in was {
        let Some(found) = is.iter().position(|new| new.method == old_operation.method) else {
            let message = format!("the callback to `{}` is gone", shortened(old_operation.path, 80));
            compare.emit(&rules::WEBHOOK_REMOVED, old_operation.node, new, message).detail(old_operation.path);
            continue;
        };
        let new_operation = is.remove(found);
        let message = format!(
            "the callback went to `{}` and goes to `{}`",
            shortened(old_operation.path, 80),
            shortened(new_operation.path, 80)
        );
        compare.emit(&rules::CALLBACK_URL_CHANGED, old_operation.node, new_operation.node, message);
        incoming(compare, &old_operation, &new_operation);
    }
    for new_operation in is {
        let message = format!("the callback to `{}` is new", shortened(new_operation.path, 80));
        compare.emit(&rules::WEBHOOK_ADDED, old, new_operation.node, message).detail(new_operation.path);
    }
    compare.work.at = outside;
}
