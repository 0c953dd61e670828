//! A document held against the table of [`super::kinds`].
//!
//! [`walk`] remembers every object by its kind, so that the other rules need not walk again.

use super::kinds::{Kind, Member, OURS, PATH_ITEM, Shape, home, kind};
use super::{Lint, kinds_3_1, rules, webhooks};
use crate::path_items;
use crate::references::References;
use crate::spec::{Dialect, Key, Mark, Node, Value};
use Kind as K;
use Shape::{
    Any, Bool, Count, Either, List, Map, Number, Object, OneOf, OrReference, Paths, Sent, Signing, Text, Webhooks,
};

/// Holds the document against the table.
pub(super) fn walk(lint: &mut Lint<'_>) {
    object(lint, K::Document, &lint.spec().root);
    // What only references lead to: other files, and parts that stand in no place of their kind.
    while let Some((kind, node, sent)) = lint.waiting.pop() {
        lint.sent = sent;
        object(lint, kind, node);
    }
    lint.sent = false;
}

fn value<'a>(lint: &mut Lint<'a>, shape: Shape, node: &'a Node) {
    match shape {
        Any | Signing => {}
        Text => expect(lint, node.text().is_some(), "text", node),
        Bool => expect(lint, node.bool().is_some(), "true or false", node),
        Number => expect(lint, matches!(node.value, Value::Number(_)), "a number", node),
        Count => {
            let count = matches!(&node.value, Value::Number(text) if text.bytes().all(|b| b.is_ascii_digit()));
            expect(lint, count, "a whole number from 0", node);
        }
        OneOf(choices) => one_of(lint, choices, node),
        Object(kind) => object(lint, kind, node),
        OrReference(kind) => or_reference(lint, kind, node),
        List(item) => {
            expect(lint, matches!(node.value, Value::List(_)), "a list", node);
            for child in node.items() {
                value(lint, *item, child);
            }
        }
        Map(member) => map(lint, *member, node),
        Paths => paths(lint, node),
        Either(first, second) => {
            let first_fits = matches!((first, &node.value), (Bool, Value::Bool(_)) | (List(_), Value::List(_)));
            value(lint, if first_fits { *first } else { *second }, node);
        }
        Sent(shape) => {
            let before = std::mem::replace(&mut lint.sent, true);
            value(lint, *shape, node);
            lint.sent = before;
        }
        Webhooks => our_webhooks(lint, node),
    }
}

fn expect<'a>(lint: &mut Lint<'a>, fits: bool, wanted: &str, node: &'a Node) {
    if !fits {
        let there = node.value.word();
        let key = lint.references.key_of(node).map(|key| format!("`{key}`")).unwrap_or_else(|| "this".to_owned());
        let message = format!("{key} must be {wanted}, and {there} stands here");
        let help = match (wanted, &node.value) {
            ("text", Value::Number(_) | Value::Bool(_)) => Some("put it in quotes"),
            ("true or false", Value::Text(_)) => Some("YAML 1.2 knows `true` and `false` only, without quotes"),
            _ => None,
        };
        let finding = lint.on(rules::WRONG_TYPE, node, message);
        if let Some(help) = help {
            finding.help(help);
        }
    }
}

fn one_of<'a>(lint: &mut Lint<'a>, choices: &[&'static str], node: &'a Node) {
    let Some(text) = node.text() else { return expect(lint, false, "text", node) };
    if !choices.contains(&text) {
        let message = format!("`{text}` is none of {}", choices.join(", "));
        let similar = crate::finding::similar(text, choices.iter().copied());
        let help = similar.map(|choice| format!("did you mean `{choice}`?"));
        lint.on(rules::UNKNOWN_VALUE, node, message).maybe_help(help);
    }
}

fn map<'a>(lint: &mut Lint<'a>, member: Shape, node: &'a Node) {
    expect(lint, matches!(node.value, Value::Map(_)), "a map", node);
    for (_, child) in node.members() {
        value(lint, member, child);
    }
}

fn paths<'a>(lint: &mut Lint<'a>, node: &'a Node) {
    expect(lint, matches!(node.value, Value::Map(_)), "a map", node);
    for (key, child) in node.members() {
        if key.text.starts_with("x-") {
            extension(lint, K::Document, key, child);
        } else {
            value(lint, PATH_ITEM, child);
        }
    }
}

/// `x-webhooks` is our own extension, and others use the name, too.
fn our_webhooks<'a>(lint: &mut Lint<'a>, node: &'a Node) {
    if webhooks::are_ours(lint.spec()) {
        return value(lint, Map(&Object(K::Webhook)), node);
    }
    let message = "these webhooks say nothing of how they are signed, so they are left out";
    lint.at(rules::FOREIGN_WEBHOOKS, lint.key_at(node), node, message)
        .help("to receive them, give a security scheme `x-signing` and each webhook its `security`");
}

fn or_reference<'a>(lint: &mut Lint<'a>, kind: Kind, node: &'a Node) {
    let Some((key, _)) = node.entry("$ref") else { return object(lint, kind, node) };
    match kind == K::PathItem && path_items::is_more_than_a_reference(node) {
        true => path_item(lint, node),
        false => siblings(lint, kind, node),
    }
    match lint.references.resolve(node) {
        Err(finding) => lint.findings.push(*finding),
        Ok(target) => {
            let mut tokens = target.pointer.split('/').skip(1);
            let elsewhere = tokens.next() == Some("components")
                && tokens.next().is_some_and(|place| home(kind).is_some_and(|home| home != place))
                && tokens.nth(1).is_none();
            if elsewhere {
                let message = format!("this must be {}, and the reference names something else", words(kind));
                lint.at(rules::REF_KIND, key.at, node, message);
            } else if !lint.seen.contains(&std::ptr::from_ref(target.node)) && !walked_anyway(kind, &target.pointer) {
                lint.waiting.push((kind, target.node, lint.sent));
            }
        }
    }
}

/// Whether the walk comes to the target of a reference also without it.
fn walked_anyway(kind: Kind, pointer: &str) -> bool {
    let mut tokens = pointer.split('/');
    let in_components = tokens.next() == Some("") && tokens.next() == Some("components");
    in_components && tokens.next() == home(kind) && tokens.count() == 1
}

/// What stands beside a reference: in 3.1 schemas it counts, elsewhere a description may.
fn siblings<'a>(lint: &mut Lint<'a>, kind: Kind, node: &'a Node) {
    if lint.dialect == Dialect::V3_1 && kind == K::Schema {
        return members(lint, kind, node);
    }
    for (other, child) in node.members().filter(|(other, _)| other.text != "$ref") {
        let counts = lint.dialect == Dialect::V3_1 && matches!(other.text.as_str(), "summary" | "description");
        if counts {
            value(lint, Text, child);
        } else if !other.text.starts_with("x-") || OURS.iter().any(|(name, _)| *name == other.text) {
            let message = format!("`{}` stands beside a `$ref`, where OpenAPI {} ignores it", other.text, lint.dialect);
            lint.at(rules::REF_SIBLINGS, other.at, node, message).help("move it to what the reference names");
        }
    }
}

/// A path item that is partly a reference: its own fields count, and each stands in one place.
fn path_item<'a>(lint: &mut Lint<'a>, node: &'a Node) {
    if lint.seen.insert(node) {
        members(lint, K::PathItem, node);
    }
    for (key, field, other) in path_items::twice(&lint.references, node) {
        let there = lint.references.pointer_of(other);
        let message = format!("`{}` stands beside a `$ref` and in what it names, at `{there}`", key.text);
        lint.at(rules::PATH_ITEM_CONFLICT, key.at, field, message).help("keep one of them");
    }
}

fn words(of: Kind) -> &'static str {
    kind(of).0
}

fn object<'a>(lint: &mut Lint<'a>, of: Kind, node: &'a Node) {
    if of == K::Schema && lint.dialect == Dialect::V3_1 && node.bool().is_some() {
        return;
    }
    let Value::Map(_) = &node.value else { return expect(lint, false, "a map", node) };
    if !lint.seen.insert(node) {
        return;
    }
    // Rules on the client's operations don't hold for those that the provider calls.
    if !(of == K::Operation && lint.sent) {
        lint.objects.push((of, node));
    }
    members(lint, of, node);
}

/// The members of an object, each held against the table.
fn members<'a>(lint: &mut Lint<'a>, of: Kind, node: &'a Node) {
    let (words, members) = kind(of);
    let newer = if lint.dialect == Dialect::V3_1 { kinds_3_1::members(of) } else { &[] };
    let is_reference = node.get("$ref").is_some();
    for (key, child) in node.members() {
        let known = newer.iter().chain(members).find(|(name, ..)| *name == key.text);
        match known {
            Some((_, shape, _)) => value(lint, *shape, child),
            None if key.text == "$ref" && is_reference => {}
            None if key.text.starts_with("x-") => extension(lint, of, key, child),
            None if of == K::Responses => or_reference(lint, K::Response, child),
            None if of == K::Callback => value(lint, PATH_ITEM, child),
            None => unknown_key(lint, words, newer, members, key, node),
        }
    }
    if is_reference {
        return;
    }
    let has_other_parts = |name: &str| {
        let parts = ["webhooks", "components"].iter().any(|part| node.get(part).is_some());
        of == K::Document && name == "paths" && lint.dialect == Dialect::V3_1 && parts
    };
    let missing = members.iter().filter(|(name, _, must)| *must && node.get(name).is_none() && !has_other_parts(name));
    for (name, ..) in missing.collect::<Vec<_>>() {
        let at = lint.key_at(node);
        lint.at(rules::MISSING_KEY, at, node, format!("{words} lacks `{name}`")).help("OpenAPI requires it");
    }
    if of == K::Components {
        component_names(lint, node);
    }
}

fn unknown_key<'a>(lint: &mut Lint<'a>, words: &str, newer: &[Member], members: &[Member], key: &Key, node: &'a Node) {
    let message = format!("{words} has no key `{}`", key.text);
    let similar = crate::finding::similar(&key.text, newer.iter().chain(members).map(|(name, ..)| *name));
    let help = match similar {
        Some(name) => format!("did you mean `{name}`?"),
        None if lint.dialect == Dialect::V3_0 && kinds_3_1::has(&key.text) => {
            "it belongs to OpenAPI 3.1: write `openapi: 3.1.0`, or say it in words of 3.0".to_owned()
        }
        None => "remove it, or begin its name with `x-`".to_owned(),
    };
    lint.at(rules::UNKNOWN_KEY, key.at, node, message).help(help);
}

fn extension<'a>(lint: &mut Lint<'a>, of: Kind, key: &Key, node: &'a Node) {
    if key.text == "x-assumed" {
        let fits = node.text().is_some_and(|text| !text.trim().is_empty());
        return expect(lint, fits, "text that says why", node);
    }
    if let Some((name, kinds)) = OURS.iter().find(|(name, _)| *name == key.text) {
        let places: Vec<_> = kinds.iter().map(|kind| words(*kind)).collect();
        let message = format!("`{name}` means nothing in {}", words(of));
        let help = format!("it belongs to {}", places.join(", "));
        lint.at(rules::MISPLACED_EXTENSION, key.at, node, message).help(help);
        return;
    }
    let here = OURS.iter().filter(|(_, kinds)| kinds.is_empty() || kinds.contains(&of)).map(|(name, _)| *name);
    if let Some(name) = crate::finding::similar(&key.text, here) {
        let message = format!("`{}` is almost one of our extensions", key.text);
        lint.at(rules::MISSPELLED_EXTENSION, key.at, node, message).help(format!("did you mean `{name}`?"));
    }
}

fn component_names<'a>(lint: &mut Lint<'a>, components: &'a Node) {
    for (place, map) in components.members().filter(|(place, _)| !place.text.starts_with("x-")) {
        for (key, node) in map.members() {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            if key.text.is_empty() || !key.text.bytes().all(plain) {
                let name = crate::finding::shortened(&key.text, 60);
                let message = format!("`{name}` can't be a name under `{}`", place.text);
                lint.at(rules::COMPONENT_NAME, key.at, node, message).help("use letters, digits, `.`, `-` and `_`");
            }
        }
    }
}

impl Value {
    /// The type of a value in words.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Every text and key, for what no text should hold.
pub(super) fn texts(lint: &mut Lint<'_>) {
    let mut open: Vec<_> = lint.spec().roots().collect();
    while let Some(node) = open.pop() {
        if let Some(text) = node.text() {
            direction(lint, text, node.at, node);
        }
        for (key, child) in node.members() {
            direction(lint, &key.text, key.at, child);
            open.push(child);
        }
        open.extend(node.items());
    }
}

fn direction<'a>(lint: &mut Lint<'a>, text: &str, at: Mark, node: &'a Node) {
    if text.contains(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
        let message = "this text changes the direction of what stands around it".to_owned();
        lint.at(rules::DIRECTION_CONTROL, at, node, message).help("remove the bidirectional control character");
    }
}

/// What a possible reference leads to; the finding of a broken one is [`or_reference`]'s.
pub(super) fn follow<'a>(references: &References<'a>, node: &'a Node) -> Option<&'a Node> {
    references.resolve(node).ok().map(|resolved| resolved.node)
}
