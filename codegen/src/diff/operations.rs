//! Paths and operations: which of the old is which of the new, and what each says by itself.

use super::compare::Compare;
use super::life::{Life, Promise};
use super::model::Side;
use super::report::{Direction, OperationRef};
use super::values::canonical_without_texts;
use super::{bodies, life, parameters, responses, rules, security, service, signing, texts, webhooks};
use crate::finding::shortened;
use crate::lint::operations::METHODS;
use crate::spec::Node;
use std::collections::{HashMap, HashSet};

/// An operation of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    /// Path template, or name of the webhook.
    pub(super) path: &'a str,
    pub(super) item: &'a Node,
    pub(super) method: &'a str,
    pub(super) node: &'a Node,
}

impl<'a> Operation<'a> {
    pub(super) fn id(&self) -> Option<&'a str> {
        self.node.get("operationId").and_then(Node::text)
    }

    pub(super) fn reference(&self, incoming: bool) -> OperationRef {
        OperationRef {
            method: self.method.to_uppercase(),
            path: self.path.to_owned(),
            id: self.id().map(str::to_owned),
            incoming,
        }
    }

    fn shown(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), shortened(self.path, 120))
    }
}

/// The operations under a map of path items.
pub(super) fn operations<'a>(side: &Side<'a>, paths: Option<&'a Node>) -> Vec<Operation<'a>> {
    let mut all = Vec::new();
    for (path_key, item) in paths.into_iter().flat_map(Node::members) {
        let Some(item) = side.resolve(item) else { continue };
        for (method, node) in item.members().filter(|(key, _)| METHODS.contains(&key.text.as_str())) {
            all.push(Operation { path: &path_key.text, item, method: &method.text, node });
        }
    }
    all
}

/// A path template without the names of its parameters.
pub(super) fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut depth = 0_usize;
    for c in path.chars() {
        match c {
            '{' => {
                depth += 1;
                shape.push_str("{}");
            }
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => shape.push(c),
            _ => {}
        }
    }
    shape
}

/// Compares all operations; true when every path is the same one below another server.
pub(super) fn compare(compare: &mut Compare<'_>, prefixes: (&str, &str)) -> bool {
    let old = operations(&compare.old, compare.old.root().get("paths"));
    let new = operations(&compare.new, compare.new.root().get("paths"));
    collisions(compare, &old, &new);
    let mut matcher = Matcher { left_old: old, left_new: new, matched: Vec::new() };
    let method = |operation: &Operation<'_>| operation.method.to_owned();
    matcher.by(|operation, _| format!("{} {}", method(operation), operation.path));
    matcher.by(|operation, _| format!("{} {}", method(operation), shape(operation.path)));
    let before = matcher.matched.len();
    if prefixes.0 != prefixes.1 {
        matcher.by(|operation, is_old| {
            let prefix = if is_old { prefixes.0 } else { prefixes.1 };
            format!("{} {prefix}{}", method(operation), shape(operation.path))
        });
    }
    let by_prefix = matcher.matched.len() - before;
    let same_below = by_prefix > 0 && before == 0 && matcher.left_old.is_empty();
    let found = matcher.matched.len();
    matcher.by(|operation, _| {
        format!("{} {}", method(operation), shape(operation.path).trim_end_matches('/').to_lowercase())
    });
    let spelt = matcher.matched.len();
    // An operation that moved: its operationId stayed, or all that it says.
    matcher.by_one(|operation| operation.id().map(str::to_owned));
    matcher.by_one(|operation| Some(canonical_without_texts(operation.node)).filter(|text| text.len() > 80));
    let Matcher { left_old, left_new, matched } = matcher;
    for (index, (old, new)) in matched.iter().enumerate() {
        pair(compare, old, new, index >= found, index >= found && index < spelt);
    }
    gone_and_new(compare, &left_old, &left_new);
    same_below
}

/// Pairs operations by keys, the surest first.
struct Matcher<'a> {
    left_old: Vec<Operation<'a>>,
    left_new: Vec<Operation<'a>>,
    matched: Vec<(Operation<'a>, Operation<'a>)>,
}

impl<'a> Matcher<'a> {
    /// Pairs the operations of equal keys, in order.
    fn by(&mut self, key: impl Fn(&Operation<'a>, bool) -> String) {
        let mut known: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, operation) in self.left_new.iter().enumerate().rev() {
            known.entry(key(operation, false)).or_default().push(index);
        }
        let mut taken = HashSet::new();
        let (left_new, matched) = (&self.left_new, &mut self.matched);
        self.left_old.retain(|operation| {
            let Some(index) = known.get_mut(&key(operation, true)).and_then(Vec::pop) else { return true };
            taken.insert(index);
            matched.push((*operation, left_new[index]));
            false
        });
        let mut index = 0;
        self.left_new.retain(|_| {
            index += 1;
            !taken.contains(&(index - 1))
        });
    }

    /// Pairs operations whose key is there once on each side.
    fn by_one(&mut self, key: impl Fn(&Operation<'a>) -> Option<String>) {
        let count = |operations: &[Operation<'a>]| {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for key in operations.iter().filter_map(&key) {
                *counts.entry(key).or_default() += 1;
            }
            counts
        };
        let (old, new) = (count(&self.left_old), count(&self.left_new));
        self.by(|operation, is_old| match key(operation) {
            Some(key) if old.get(&key) == Some(&1) && new.get(&key) == Some(&1) => key,
            _ => format!("\u{0}{is_old} {} {}", operation.method, operation.path),
        });
    }
}

/// Method names that two operations ask for, where they did not before.
fn collisions<'a>(compare: &mut Compare<'a>, old: &[Operation<'a>], new: &[Operation<'a>]) {
    let name = |operation: &Operation<'a>| operation.id().map(heck::ToSnakeCase::to_snake_case);
    let twice = |operations: &[Operation<'a>]| {
        let mut seen = HashSet::new();
        operations.iter().filter_map(name).filter(|name| !seen.insert(name.clone())).collect::<HashSet<_>>()
    };
    let before = twice(old);
    let mut collided: Vec<String> = twice(new).into_iter().filter(|name| !before.contains(name)).collect();
    collided.sort();
    for name_of in collided {
        let second = new.iter().filter(|operation| name(operation).as_deref() == Some(name_of.as_str())).nth(1);
        let message = format!("two operations ask for the method name `{}`", shortened(&name_of, 60));
        compare
            .emit(&rules::METHOD_NAMES_COLLIDE, None, second.map(|operation| operation.node), message)
            .detail(name_of);
    }
}

/// A vertex at which an operation begins in both directions is two: its requests, and its responses.
fn begin(compare: &mut Compare<'_>, operation: OperationRef, unstable: bool) -> usize {
    compare.operations.push(operation);
    compare.unstable.push(unstable);
    compare.operations.len() - 1
}

/// Moves to a new vertex at which an operation begins in a direction.
pub(super) fn enter(compare: &mut Compare<'_>, index: usize, direction: Direction) {
    let vertex = compare.work.graph.vertex();
    compare.work.graph.start(vertex, direction, index);
    compare.work.at = vertex;
}

fn pair<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>, moved: bool, spelt: bool) {
    let unstable = Life::of(old.node).is_unstable();
    let index = begin(compare, new.reference(false), unstable);
    let outside = compare.work.at;
    enter(compare, index, Direction::Request);
    if moved {
        let (rule, word) = match (old.method == new.method, spelt) {
            (true, true) => (&rules::PATH_SPELLING_CHANGED, "is spelt"),
            (true, false) => (&rules::OPERATION_MOVED, "is"),
            _ => (&rules::METHOD_CHANGED, "is"),
        };
        compare.emit(rule, old.node, new.node, format!("`{}` {word} `{}` now", old.shown(), new.shown()));
    } else if old.path != new.path && shape(old.path) == shape(new.path) {
        compare.emit(&rules::PATH_PARAMETER_RENAMED, old.node, new.node, "a parameter of the path has another name");
    }
    own(compare, old, new);
    service::of_operation(compare, old, new);
    parameters::compare(compare, old, new);
    security::operation(compare, old.node, new.node);
    for scheme in security::asked_for(&compare.new, new.node) {
        compare.scheme_users.entry(scheme).or_default().push(index);
    }
    signing::operation(compare, old.node, new.node);
    bodies::compare(compare, old.node, new.node);
    webhooks::callbacks(compare, old.node, new.node, index);
    enter(compare, index, Direction::Response);
    responses::compare(compare, old.node, new.node, responses::Ours::Receive);
    compare.work.at = outside;
}

/// What an operation says of itself.
pub(super) fn own<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    if old.id() != new.id() {
        let shown = |id: Option<&str>| id.map_or("nothing".to_owned(), |id| format!("`{}`", shortened(id, 80)));
        let message = format!("the operationId was {} and is {}", shown(old.id()), shown(new.id()));
        let nodes = (old.node.get("operationId").unwrap_or(old.node), new.node.get("operationId").unwrap_or(new.node));
        compare.emit(&rules::OPERATION_ID_CHANGED, nodes.0, nodes.1, message);
    }
    let tags = |operation: &Operation<'a>| {
        let tags = operation.node.get("tags").map(Node::items).unwrap_or_default();
        tags.iter().filter_map(Node::text).collect::<Vec<_>>()
    };
    let (was, is) = (tags(old), tags(new));
    let set = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<std::collections::BTreeSet<_>>();
    let nodes = (old.node.get("tags").unwrap_or(old.node), new.node.get("tags").unwrap_or(new.node));
    if was.first() != is.first() && set(&was) != set(&is) {
        compare.emit(&rules::FIRST_TAG_CHANGED, nodes.0, nodes.1, "the first tag is another one");
    } else if set(&was) != set(&is) {
        compare.emit(&rules::TAGS_CHANGED, nodes.0, nodes.1, "the tags are others");
    }
    life::objects(compare, "the operation", old.node, new.node);
    texts::of_objects(compare, old.node, new.node);
    texts::of_items(compare, old, new);
}

fn gone_and_new<'a>(compare: &mut Compare<'a>, gone: &[Operation<'a>], new: &[Operation<'a>]) {
    let outside = compare.work.at;
    let paths = |side: &Side<'a>| {
        let paths = side.root().get("paths").into_iter().flat_map(Node::members);
        paths.map(|(key, _)| shape(&key.text)).collect::<HashSet<_>>()
    };
    let (old_paths, new_paths) = (paths(&compare.old), paths(&compare.new));
    for operation in gone {
        let life = Life::of(operation.node);
        let index = begin(compare, operation.reference(false), life.is_unstable());
        enter(compare, index, Direction::Request);
        let whole = !new_paths.contains(&shape(operation.path));
        let rule = match life.promise(compare.settings.today) {
            Promise::NotDeprecated if whole => &rules::PATH_REMOVED,
            Promise::NotDeprecated => &rules::OPERATION_REMOVED,
            Promise::Over => &rules::REMOVED_AFTER_SUNSET,
            Promise::NotOver => &rules::REMOVED_BEFORE_SUNSET,
            Promise::NotADate => {
                let message = "the sunset is no date, so it is not known whether it is over";
                compare.emit(&rules::SUNSET_UNPARSABLE, life.sunset_node(), None, message);
                &rules::REMOVED_AFTER_SUNSET
            }
        };
        compare.emit(rule, operation.node, None, format!("`{}` is gone", operation.shown()));
    }
    for operation in new {
        let index = begin(compare, operation.reference(false), Life::of(operation.node).is_unstable());
        enter(compare, index, Direction::Request);
        let whole = !old_paths.contains(&shape(operation.path));
        let rule = if whole { &rules::PATH_ADDED } else { &rules::OPERATION_ADDED };
        compare.emit(rule, None, operation.node, format!("`{}` is new", operation.shown()));
        let stability = operation.node.get("x-stability-level");
        let known = |node: &Node| matches!(node.text(), Some("draft" | "alpha" | "beta" | "stable"));
        if let Some(node) = stability.filter(|node| !known(node)) {
            compare.emit(&rules::STABILITY_UNKNOWN, None, node, "the stability of the operation is no level");
        }
    }
    compare.work.at = outside;
}

/// Compares what comes in: a webhook or callback, whose body we receive and whose answer we send.
pub(super) fn incoming<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    let index = begin(compare, new.reference(true), Life::of(old.node).is_unstable());
    let outside = compare.work.at;
    enter(compare, index, Direction::Response);
    own(compare, old, new);
    parameters::compare(compare, old, new);
    bodies::compare(compare, old.node, new.node);
    enter(compare, index, Direction::Request);
    responses::compare(compare, old.node, new.node, responses::Ours::Send);
    compare.work.at = outside;
}
