//! What our extensions say, as far as their shape alone does not tell.

use super::kinds::Kind;
use super::shape::follow;
use super::{Context, Lint, rules};
use crate::finding::shortened;
use crate::references::References;
use crate::spec::{Key, Mark, Node, Value};

/// Looks at `x-crate`, `x-failure`, `x-transitions` and its companions, and `x-first-of`.
pub(super) fn check(lint: &mut Lint<'_>, context: &Context) {
    crate_name(lint, context);
    for response in lint.all(Kind::Response) {
        failure(lint, response);
    }
    for schema in lint.all(Kind::Schema) {
        transitions(lint, schema);
        synonyms(lint, schema);
        first_of(lint, schema);
    }
}

fn crate_name(lint: &mut Lint<'_>, context: &Context) {
    let Some((info_key, info)) = lint.spec().root.entry("info") else { return };
    let Some(declared) = info.get("x-crate") else {
        if !context.crate_is_named {
            let message = "`info` does not say what the crate is called";
            lint.at(rules::CRATE, info_key.at, info, message)
                .help("add `x-crate: {name: <provider>-client, version: 0.1.0}` to `info`");
        }
        return;
    };
    if let Some(node) = declared.get("name")
        && let Some(name) = node.text()
        && !is_crate_name(name)
    {
        let message = format!("`{}` can't be the name of a crate", shortened(name, 60));
        lint.on(rules::CRATE, node, message).help("use lower-case letters, digits and `-`, a letter first");
    }
    if let Some(node) = declared.get("version")
        && let Some(version) = node.text()
        && !is_semver(version)
    {
        let message = format!("`{}` is not a semantic version", shortened(version, 60));
        lint.on(rules::CRATE, node, message).help("write three numbers: 0.1.0");
    }
}

/// What crates.io takes, without upper case and `_`; never a name that Cargo keeps for itself.
fn is_crate_name(name: &str) -> bool {
    const KEPT: &[&str] = &["test", "build", "deps", "examples", "incremental", "core", "std", "alloc"];
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && !KEPT.contains(&name)
}

/// `1.2.3`, or `1.2.3-beta.1`.
fn is_semver(version: &str) -> bool {
    let (numbers, suffix) = match version.split_once('-') {
        Some((numbers, suffix)) => (numbers, Some(suffix)),
        None => (version, None),
    };
    let number = |part: &str| {
        let digits = !part.is_empty() && part.len() < 10 && part.bytes().all(|b| b.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && suffix.is_none_or(|suffix| suffix.len() < 40 && suffix.split('.').all(word))
}

fn failure<'a>(lint: &mut Lint<'a>, response: &'a Node) {
    let Some((key, failure)) = response.entry("x-failure") else { return };
    let tests = ["equals", "not-equals"].map(|key| failure.get(key));
    let lists_none = |test: &Node| matches!(test.value, Value::List(_)) && test.items().is_empty();
    if tests.iter().flatten().count() != 1 || tests.into_iter().flatten().any(lists_none) {
        lint.at(rules::FAILURE, key.at, failure, "one of `equals` and `not-equals` must list values")
            .help("write `equals: [false]`, or `not-equals: [0]`");
    }
    for value in tests.into_iter().flatten().flat_map(Node::items) {
        if matches!(value.value, Value::List(_) | Value::Map(_)) {
            lint.on(rules::FAILURE, value, "a value that means failure is text, a number, a boolean or null")
                .help("point `at` to a member with such a value");
        }
    }
    let Some(at) = failure.get("at") else { return };
    let Some(pointer) = at.text() else { return };
    if !pointer.starts_with('/') {
        lint.on(rules::FAILURE, at, format!("`{pointer}` is not a JSON Pointer")).help("write `at: /success`");
        return;
    }
    let contents = response.get("content").into_iter().flat_map(Node::members);
    let schema =
        contents.filter(|(media, _)| media.text.contains("json")).find_map(|(_, content)| content.get("schema"));
    let Some(schema) = schema else {
        lint.at(rules::FAILURE, key.at, failure, "the response has no JSON body that could tell a failure")
            .help("remove `x-failure`, or describe the body");
        return;
    };
    if !has_member(&lint.references, schema, pointer) {
        let message = format!("the body has no member at `{pointer}`");
        lint.on(rules::FAILURE, at, message).help("name a property of the response's schema");
    }
}

/// Whether a schema may have a member at a JSON Pointer; schemas that do not tell are believed.
pub(crate) fn has_member<'a>(references: &References<'a>, schema: &'a Node, pointer: &str) -> bool {
    let mut schema = schema;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let Some(node) = follow(references, schema) else { return true };
        let Some(properties) = node.get("properties") else { return true };
        match properties.get(&name) {
            Some(property) => schema = property,
            None => {
                return ["allOf", "oneOf", "anyOf", "additionalProperties"].iter().any(|key| node.get(key).is_some());
            }
        }
    }
    true
}

fn transitions<'a>(lint: &mut Lint<'a>, schema: &'a Node) {
    let Some((key, table)) = schema.entry("x-transitions") else {
        if let Some((key, finals)) = schema.entry("x-final") {
            lint.at(rules::TRANSITIONS, key.at, finals, "`x-final` stands here without `x-transitions`")
                .help("say with `x-transitions` which value may follow which");
        }
        return;
    };
    let Some(values) = text_values(lint, schema, key, table) else { return };
    for (from, list) in table.members() {
        is_value(lint, &values, &from.text, from.at, list);
        listed(lint, &values, list);
    }
    if let Some(finals) = schema.get("x-final") {
        listed(lint, &values, finals);
    }
}

/// Names of values, each once.
fn listed<'a>(lint: &mut Lint<'a>, values: &[&str], list: &'a Node) {
    let mut seen: Vec<&str> = Vec::new();
    for item in list.items() {
        let Some(text) = item.text() else { continue };
        is_value(lint, values, text, item.at, item);
        if seen.contains(&text) {
            let message = format!("`{}` stands twice in this list", shortened(text, 60));
            lint.on(rules::TRANSITIONS, item, message).help("remove one of the two");
        }
        seen.push(text);
    }
}

fn synonyms<'a>(lint: &mut Lint<'a>, schema: &'a Node) {
    let Some((key, table)) = schema.entry("x-synonyms") else { return };
    let Some(values) = text_values(lint, schema, key, table) else { return };
    for (word, same) in table.members() {
        is_value(lint, &values, &word.text, word.at, same);
        let Some(text) = same.text() else { continue };
        is_value(lint, &values, text, same.at, same);
        if table.get(text).is_some() {
            let message = format!("`{}` means the same as something else itself", shortened(text, 60));
            lint.on(rules::TRANSITIONS, same, message).help("name the word that is left in the end");
        }
        let names = |list: &Node| list.items().iter().any(|item| item.text() == Some(&word.text));
        let moves = schema.get("x-transitions").into_iter().flat_map(Node::members);
        let mut moves = moves.map(|(from, list)| from.text == word.text || names(list));
        if moves.any(|named| named) || schema.get("x-final").is_some_and(names) {
            let (word_text, same_text) = (shortened(&word.text, 60), shortened(text, 60));
            let message =
                format!("`{word_text}` is only another word for `{same_text}`, and has no transitions of its own");
            lint.at(rules::TRANSITIONS, word.at, same, message)
                .help("name the other one in `x-transitions` and `x-final`");
        }
    }
}

/// The values of the text enum that a key stands beside; a finding and nothing if it stands beside none.
fn text_values<'a>(lint: &mut Lint<'a>, schema: &'a Node, key: &Key, node: &'a Node) -> Option<Vec<&'a str>> {
    let list = schema.get("enum").map(Node::items).unwrap_or_default();
    let values: Vec<&str> = list.iter().filter_map(Node::text).collect();
    let is_text = schema.get("type").is_none_or(|ty| ty.text() == Some("string"));
    if is_text && !values.is_empty() {
        return Some(values);
    }
    lint.at(rules::TRANSITIONS, key.at, node, format!("`{}` does not stand beside an enum of texts", key.text))
        .help("move it to the schema that lists the values");
    None
}

fn is_value(lint: &mut Lint<'_>, values: &[&str], text: &str, at: Mark, node: &Node) {
    if !values.contains(&text) {
        let similar = crate::finding::similar(text, values.iter().copied());
        let help = similar.map(|value| format!("did you mean `{value}`?"));
        let message = format!("`{}` is not one of this enum's values", shortened(text, 60));
        lint.at(rules::TRANSITIONS, at, node, message)
            .maybe_help(help.or_else(|| Some("name a value that `enum` lists".to_owned())));
    }
}

fn first_of(lint: &mut Lint<'_>, schema: &Node) {
    let Some((key, table)) = schema.entry("x-first-of") else { return };
    let Some(properties) = schema.get("properties") else {
        lint.at(rules::FIRST_OF, key.at, table, "`x-first-of` does not stand beside `properties`")
            .help("move it to the object that has them");
        return;
    };
    let required: Vec<&str> =
        schema.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    for (name, list) in table.members() {
        if list.items().len() < 2 && matches!(list.value, Value::List(_)) {
            let message = format!("`{}` has nothing to choose from", shortened(&name.text, 60));
            lint.at(rules::FIRST_OF, name.at, list, message).help("list two properties or more");
        }
        for item in list.items() {
            let Some(text) = item.text() else { continue };
            if properties.get(text).is_none() {
                let similar = crate::finding::similar(text, properties.members().map(|(key, _)| key.text.as_str()));
                let help = similar.map(|name| format!("did you mean `{name}`?"));
                let message = format!("there is no property `{}` here", shortened(text, 60));
                lint.on(rules::FIRST_OF, item, message).maybe_help(help);
            } else if required.contains(&text) {
                let message = format!("`{}` is always there", shortened(text, 60));
                lint.on(rules::FIRST_OF, item, message).help("list properties that may be missing");
            }
        }
    }
}
