//! One operation for each method of each path: names, what it needs, what it takes, what it answers.
//!
//! Arguments are the business of [`super::parameters`], bodies of [`super::bodies`], statuses of
//! [`super::responses`], signing of [`super::security`].

use super::document::Document;
use super::limits::assumed;
use super::names::{Style, distinct, joined, method_name};
use super::places::{METHODS, OperationName};
use super::rules;
use super::schemas::Types;
use super::{bodies, parameters, paths, responses, security, servers};
use crate::ir::{Doc, Flows, Limits, Operation, ParameterPlace, Repeat};
use crate::lint::limits;
use crate::references::escape_token;
use crate::signing::Signing;
use crate::spec::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Lowers all operations.
pub(super) fn operations<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, signing: &Signing) -> Vec<Operation> {
    ignored(document, &document.spec.root, "webhooks", "webhooks of OpenAPI 3.1");
    let modules = modules(document);
    let mut operations = Vec::new();
    for (path, item) in document.spec.root.get("paths").into_iter().flat_map(Node::members) {
        if path.text.starts_with("x-") {
            continue;
        }
        let Some(item) = document.resolve(item) else { continue };
        paths::check(document, item, &path.text);
        check_item(document, item);
        for (method, _) in item.members() {
            let pointer = format!("/paths/{}/{}", escape_token(&path.text), method.text);
            let Some(named) = document.places.operations.get(&pointer) else { continue };
            let mut operation = lower(document, types, signing, item, named);
            operation.module = modules.get(first_tag(named.node)).cloned().unwrap_or_default();
            operations.push(operation);
        }
    }
    operations
}

fn lower<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    signing: &Signing,
    item: &'a Node,
    named: &OperationName<'a>,
) -> Operation {
    let node = named.node;
    report_name(document, named);
    ignored(document, node, "callbacks", "callbacks");
    let security = security::security(document, node, signing);
    let session = security::session(document, node, signing, &security);
    let sent = security::sent(signing, &security);
    let (parameters, choices) = parameters::parameters(document, types, item, named, &sent);
    let all = parameters.iter().chain(choices.iter().flat_map(|choice| choice.variants.iter().map(|(_, one)| one)));
    let in_query: Vec<&str> = all
        .filter(|parameter| parameter.place == ParameterPlace::Query)
        .map(|parameter| parameter.wire.as_str())
        .collect();
    let target = paths::target(named.path, &in_query);
    let body = bodies::body(document, types, node, &named.stem);
    let responses = responses::responses(document, types, node, named.method);
    let limits = limits_of(document, item, node, &target);
    Operation {
        id: node.get("operationId").and_then(Node::text).unwrap_or(&named.name).to_owned(),
        name: named.name.clone(),
        marker: named.stem.clone(),
        module: String::new(),
        method: named.method.to_ascii_uppercase(),
        path: named.path.to_owned(),
        target,
        server: servers::own(document, item, node),
        doc: doc(node),
        at: document.references.key_at(node),
        deprecated: node.get("deprecated").and_then(Node::bool) == Some(true),
        repeat: repeat(document, node),
        limits,
        scopes: security::scopes(document, node, signing),
        security,
        session,
        parameters,
        choices,
        body,
        success_type: responses.is_success_enum.then(|| joined(&named.stem, "Ok")),
        error_type: responses.is_error_enum.then(|| joined(&named.stem, "Error")),
        successes: responses.successes,
        errors: responses.errors,
        flows: Flows::default(),
    }
}

/// Reports a name that is not made of the operation's own id.
fn report_name(document: &Document<'_>, named: &OperationName<'_>) {
    let node = named.node;
    if named.by_place {
        let why = match node.get("operationId").and_then(Node::text) {
            Some(id) if !id.is_empty() => format!("another operationId makes the same name as `{}`", id.escape_debug()),
            _ => "there is no operationId".to_owned(),
        };
        let message = format!("{why}, so this operation is called `{}`", named.name);
        document.report(rules::NAMED_BY_PLACE, node, &message, "give it an operationId that no other has");
    } else if named.renamed {
        let message = format!("its name is taken, so this operation is called `{}`", named.name);
        document.report(rules::RENAMED_OPERATION, node, &message, "choose another with `x-rust-name`");
    }
}

/// What an operation, a tag or a server says of itself.
pub(super) fn doc(node: &Node) -> Doc {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    Doc {
        summary: text("summary"),
        description: text("description"),
        url: node.get("externalDocs").and_then(|docs| docs.get("url")?.text()).map(str::to_owned),
        notes: assumed(node).into_iter().collect(),
    }
}

fn repeat(document: &Document<'_>, node: &Node) -> Repeat {
    let Some(repeat) = node.get("x-repeat") else { return Repeat::Unsafe };
    match repeat.text() {
        Some("safe") => Repeat::Safe,
        Some("unsafe") => Repeat::Unsafe,
        Some("never") => Repeat::Never,
        _ => {
            document.report(
                rules::UNKNOWN_VALUE,
                repeat,
                "`x-repeat` has no such value",
                "write `safe`, `unsafe` or `never`",
            );
            Repeat::Unsafe
        }
    }
}

/// `x-limits`: what the operation does not say, its path may.
fn limits_of(document: &Document<'_>, item: &Node, node: &Node, target: &str) -> Option<Limits> {
    let limits = node.get("x-limits").or_else(|| item.get("x-limits"))?;
    let concurrent = limits.get("concurrent");
    let limit = concurrent.and_then(limits::number).and_then(limits::limit);
    if let (Some(concurrent), None) = (concurrent, limit) {
        let help = "write a whole number, 1 or more";
        document.report(rules::UNKNOWN_VALUE, concurrent, "`concurrent` is no number of calls", help);
    }
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let api = limits.get("api").and_then(Node::text).unwrap_or(path).to_owned();
    Some(Limits { api, concurrent: limit })
}

/// Module names by tag; the empty tag is that of operations without one.
fn modules(document: &Document<'_>) -> BTreeMap<String, String> {
    let mut tags: BTreeSet<&str> = BTreeSet::new();
    for named in document.places.operations.values() {
        tags.insert(first_tag(named.node));
    }
    let wishes: Vec<(String, String)> = tags
        .iter()
        .map(|tag| {
            let name = if tag.is_empty() { "default".to_owned() } else { method_name(tag) };
            ((*tag).to_owned(), name)
        })
        .collect();
    let names = distinct(&wishes, &MODULES.map(str::to_owned).into(), Style::Snake("operations"));
    wishes.into_iter().map(|(tag, _)| tag).zip(names).collect()
}

/// File names that some systems or Rust itself keep.
pub(super) const MODULES: [&str; 10] =
    ["aux", "client", "con", "lib", "main", "mod", "nul", "operations", "prn", "types"];

/// The tag that decides on an operation's module.
pub(super) fn first_tag(node: &Node) -> &str {
    node.get("tags").and_then(|tags| tags.items().first()).and_then(Node::text).unwrap_or_default()
}

fn check_item(document: &Document<'_>, item: &Node) {
    for (key, node) in item.members() {
        match key.text.as_str() {
            "summary" | "description" | "parameters" | "servers" | "$ref" => {}
            name if METHODS.contains(&name) || name.starts_with("x-") => {}
            name => {
                let lower = name.to_ascii_lowercase();
                let help = match crate::finding::similar(&lower, METHODS) {
                    Some(method) => format!("did you mean `{method}`?"),
                    None => "write a method in lower case".to_owned(),
                };
                document.report(rules::UNKNOWN_KEY, node, &format!("`{name}` is not a method"), &help);
            }
        }
    }
}

fn ignored(document: &Document<'_>, node: &Node, key: &str, what: &str) {
    let Some(node) = node.get(key) else { return };
    if matches!(&node.value, Value::Map(members) if members.is_empty()) {
        return;
    }
    document.report(rules::IGNORED_KEY, node, &format!("{what} are not generated yet"), "");
}
