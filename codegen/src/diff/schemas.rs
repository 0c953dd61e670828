//! Two schemas: first what they are as a whole, then keyword by keyword.

mod branches;
mod children;
mod choices;
mod chosen;
mod later;
mod limits;
mod members;
mod types;
mod unnamed;

use super::compare::{Compare, Use};
use super::model::Source;
use super::reach::Passes;
use super::report::Verdict;
use super::rules;
use super::schema::{Schema, is_text};
use super::values::canonical;
use super::{life, texts};
use crate::spec::Node;

/// What is being compared: both schemas, and a node of each for what no keyword says.
pub(super) struct Pair<'s, 'a> {
    pub(super) old: &'s Schema<'a>,
    pub(super) new: &'s Schema<'a>,
    pub(super) old_node: &'a Node,
    pub(super) new_node: &'a Node,
    pub(super) usage: Use,
}

/// Compares the schemas that two sources make.
pub(super) fn compare(compare: &mut Compare<'_>, old_source: Source, new_source: Source, usage: Use) {
    let (old, new) = (compare.old.schema(old_source), compare.new.schema(new_source));
    let (old_node, new_node) = (compare.old.nodes(old_source)[0], compare.new.nodes(new_source)[0]);
    let pair = Pair { old: &old, new: &new, old_node, new_node, usage };
    not_followed(compare, &pair);
    if pair.old.never || pair.new.never {
        match (pair.old.never, pair.new.never) {
            (false, true) => {
                compare.emit(&rules::EMPTY_SCHEMA, old_node, new_node, "no value fits this schema any more");
            }
            (true, false) => {
                compare.emit(&rules::EMPTY_SCHEMA_FILLED, old_node, new_node, "values fit this schema, and none did");
            }
            _ => {}
        }
        return;
    }
    let before = compare.work.raws.len();
    if chosen::compare(compare, &pair, old_source, new_source) || !types::compare(compare, &pair) {
        return;
    }
    choices::compare(compare, &pair);
    limits::compare(compare, &pair);
    members::compare(compare, &pair);
    branches::compare(compare, &pair);
    children::compare(compare, &pair);
    later::compare(compare, &pair);
    all_of(compare, &pair, before);
    default(compare, &pair);
    texts::compare(compare, (&old.texts, old_node), (&new.texts, new_node));
    texts::extensions(compare, (&old.extensions, old_node), (&new.extensions, new_node));
    life::schema(compare, &pair);
}

/// References that lead nowhere, and keywords that nobody follows, where they are not the same on both sides.
fn not_followed<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let text = |nodes: &[&Node]| nodes.iter().map(|node| canonical(node)).collect::<Vec<_>>();
    let (old, new) = (&pair.old.not_followed, &pair.new.not_followed);
    if text(old) != text(new) {
        let message = "a reference here is not followed, so what is behind it is not compared";
        compare.emit(&rules::NOT_FOLLOWED, old.first().copied(), new.first().copied(), message);
    }
    // What stands beside a reference is read by the newer document only, and a 3.0 document drops it at once.
    let node = match (compare.old.modern, compare.new.modern) {
        (false, true) => pair.new_node,
        (true, false) => pair.old_node,
        _ => return,
    };
    let weighty = |key: &str| key != "$ref" && !is_text(key);
    if node.get("$ref").is_some() && node.members().any(|(key, _)| weighty(&key.text)) {
        let message = "what stands beside this reference counts in OpenAPI 3.1, and not in 3.0";
        compare.emit(&rules::SIBLINGS_APPLY, pair.old_node, pair.new_node, message);
    }
}

/// Members of `allOf` that came or went, where the effective set shows it.
fn all_of<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, before: usize) {
    let shown = compare.work.raws[before..].iter().any(|raw| raw.request.max(raw.response) > Verdict::None);
    if !shown || (pair.old.members.is_empty() && pair.new.members.is_empty()) {
        return;
    }
    let key = |(node, _): &(&Node, bool)| match node.get("$ref").and_then(Node::text) {
        Some(reference) => reference.rsplit('/').next().unwrap_or_default().to_owned(),
        None => canonical(node),
    };
    let inline = |member: &&(&Node, bool)| member.0.get("$ref").is_none();
    let missing = |from: &[(&Node, bool)], other: &[(&Node, bool)]| -> Vec<usize> {
        let known: Vec<String> = other.iter().map(key).collect();
        let unmatched: Vec<usize> =
            (0..from.len()).filter(|index| from[*index].1 && !known.contains(&key(&from[*index]))).collect();
        unmatched
    };
    let mut added = missing(&pair.new.members, &pair.old.members);
    let mut removed = missing(&pair.old.members, &pair.new.members);
    // One inline member that changed is neither new nor gone.
    let is_inline = |members: &[(&Node, bool)], index: &usize| inline(&&members[*index]);
    while let (Some(a), Some(r)) = (
        added.iter().position(|index| is_inline(&pair.new.members, index)),
        removed.iter().position(|index| is_inline(&pair.old.members, index)),
    ) {
        added.remove(a);
        removed.remove(r);
    }
    // A schema that was not made of others is now: its own keywords moved into a member.
    if pair.old.members.is_empty() || pair.new.members.is_empty() {
        return;
    }
    for index in added {
        let node = pair.new.members[index].0;
        compare.emit(&rules::MEMBER_CONSTRAINS, None, node, "`allOf` has another member").detail(key(&(node, true)));
    }
    for index in removed {
        let node = pair.old.members[index].0;
        compare.emit(&rules::MEMBER_FREES, node, None, "`allOf` has a member less").detail(key(&(node, true)));
    }
}

fn default<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let text = |node: Option<&Node>| node.map(canonical);
    if text(pair.old.default) == text(pair.new.default) {
        return;
    }
    let rule = if pair.usage == Use::Parameter { &rules::PARAMETER_DEFAULT_CHANGED } else { &rules::DEFAULT_CHANGED };
    let message = match (pair.old.default, pair.new.default) {
        (None, _) => "a value that is not sent has a default now",
        (_, None) => "a value that is not sent has no default any more",
        _ => "a value that is not sent has another default",
    };
    let (old, new) = (pair.old.default.unwrap_or(pair.old_node), pair.new.default.unwrap_or(pair.new_node));
    compare.emit(rule, old, new, message);
}

/// Which directions see a member that is read-only or write-only.
pub(super) fn seen(schema: &Schema<'_>) -> Passes {
    Passes { request: schema.read_only.is_none(), response: schema.write_only.is_none() }
}

pub(super) fn both(a: Passes, b: Passes) -> Passes {
    Passes { request: a.request && b.request, response: a.response && b.response }
}
