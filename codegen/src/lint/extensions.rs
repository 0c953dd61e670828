//! What our extensions say, as far as their shape alone does not tell.

use super::kinds::Kind;
use super::shape::follow;
use super::{Context, Lint, rules};
use crate::references::References;
use crate::spec::{Node, Value};

/// Looks at `x-crate` and `x-failure`.
pub(super) fn check(lint: &mut Lint<'_>, context: &Context) {
    crate_name(lint, context);
    for response in lint.all(Kind::Response) {
        failure(lint, response);
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
        let message = format!("`{}` can't be the name of a crate", crate::finding::shortened(name, 60));
        lint.on(rules::CRATE, node, message).help("use lower-case letters, digits and `-`, a letter first");
    }
    if let Some(node) = declared.get("version")
        && let Some(version) = node.text()
        && !is_semver(version)
    {
        let message = format!("`{}` is not a semantic version", crate::finding::shortened(version, 60));
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
