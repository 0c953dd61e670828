//! The service itself: title, crate, servers, tags.

use super::Context;
use super::document::Document;
use super::names::{Style, distinct, pascal, variant_name};
use super::operations::{doc, first_tag};
use super::rules;
use crate::ir::{Api, Operation, Server, Tag};
use crate::spec::{Node, Value};
use std::collections::BTreeSet;

/// Reads what a document says of the service.
pub(super) fn api(document: &Document<'_>, context: &Context, operations: &[Operation]) -> Api {
    let root = &document.spec.root;
    let info = root.get("info");
    let text = |key: &str| info.and_then(|info| info.get(key)).and_then(scalar_text).unwrap_or_default();
    let krate = info.and_then(|info| info.get("x-crate"));
    Api {
        provider: context.provider.clone(),
        title: text("title"),
        version: text("version"),
        doc: info.map(doc).unwrap_or_default(),
        crate_name: crate_name(document, context, krate),
        crate_version: crate_version(document, krate),
        spec_path: context.spec_path.clone(),
        other_files: document.spec.others.iter().map(|other| other.name.clone()).collect(),
        docs_url: root.get("externalDocs").and_then(|docs| docs.get("url")?.text()).map(str::to_owned),
        servers: servers(document),
        tags: tags(document, operations),
    }
}

/// A scalar as text: `version: 1.0` is a number to YAML.
fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    }
}

fn crate_name(document: &Document<'_>, context: &Context, krate: Option<&Node>) -> String {
    let declared = krate.and_then(|krate| krate.get("name"));
    let name = context.crate_name.clone().or_else(|| declared.and_then(Node::text).map(str::to_owned));
    let Some(name) = name else {
        let name = super::names::snake(&context.provider).replace('_', "-");
        return if name.is_empty() { "client".to_owned() } else { format!("{name}-client") };
    };
    let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
        && name.len() <= 64;
    if !valid {
        let message = format!("`{}` can't be the name of a crate", name.escape_debug());
        let help = "write lower-case letters, digits and '-', a letter first";
        document.report(rules::CRATE, declared.unwrap_or(&document.spec.root), &message, help);
    }
    name
}

fn crate_version(document: &Document<'_>, krate: Option<&Node>) -> String {
    let Some(node) = krate.and_then(|krate| krate.get("version")) else { return "0.1.0".to_owned() };
    let text = scalar_text(node).unwrap_or_default();
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| !part.is_empty() && part.len() < 10 && part.bytes().all(|b| b.is_ascii_digit());
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    if core.split('.').count() != 3 || !core.split('.').all(number) || !rest {
        let message = format!("`{}` is not a version of a crate", text.escape_debug());
        document.report(rules::CRATE, node, &message, "write it like `0.1.0`");
    }
    text
}

fn servers(document: &Document<'_>) -> Vec<Server> {
    let mut found: Vec<(String, Server)> = Vec::new();
    for node in document.spec.root.get("servers").map(Node::items).unwrap_or_default() {
        let Some(url) = server_url(document, node) else { continue };
        let host = url.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned();
        let chosen = node.get("x-name").and_then(Node::text);
        let described = node.get("description").and_then(Node::text).filter(|text| text.len() <= LONGEST_NAME);
        let text = chosen.or(described).unwrap_or(&host).trim_end_matches('.').to_owned();
        found.push((format!("{text} {url}"), Server { name: variant_name(&text), url, doc: doc(node) }));
    }
    let wishes: Vec<(String, String)> =
        found.iter().map(|(text, server)| (text.clone(), server.name.clone())).collect();
    let taken = BTreeSet::from(["Custom".to_owned()]);
    let names = distinct(&wishes, &taken, Style::Pascal("Server"));
    found.into_iter().zip(names).map(|((_, server), name)| Server { name: pascal(&name), ..server }).collect()
}

/// Longer descriptions of servers are sentences.
const LONGEST_NAME: usize = 40;

/// A server's URL with the defaults of its variables; nothing if it is not a whole one.
fn server_url(document: &Document<'_>, node: &Node) -> Option<String> {
    let Some(template) = node.get("url").and_then(Node::text) else {
        document.report(rules::SERVER_URL, node, "a server needs a `url`", "write `url: https://…`");
        return None;
    };
    let mut url = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        url.push_str(before);
        let variable = node.get("variables").and_then(|variables| variables.get(name));
        match variable.and_then(|variable| variable.get("default")).and_then(scalar_text) {
            Some(value) => url.push_str(&value),
            None => {
                let message = format!("the variable `{}` has no default", name.escape_debug());
                document.report(rules::SERVER_URL, node, &message, "give it one under `variables`");
                return None;
            }
        }
        if variable.is_some_and(|variable| variable.get("enum").is_some_and(|values| values.items().len() > 1)) {
            let message =
                format!("only the default of `{}` has a name; other values need a base URL", name.escape_debug());
            document.report(rules::LOOSENED_SERVER, node, &message, "list one server for each value");
        }
        rest = after;
    }
    url.push_str(rest);
    let url = url.trim_end_matches('/').to_owned();
    if !url.contains("://") {
        let help = "write `https://` and the host";
        document.report(
            rules::IGNORED_SERVER,
            node,
            "this URL is relative to where the document lies, which is not known",
            help,
        );
        return None;
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let valid = rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty()
            && !host.contains('@')
            && rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&b))
    });
    if !valid {
        let help = "write `https://`, the host and the path";
        document.report(rules::SERVER_URL, node, "this is not the URL of a server", help);
        return None;
    }
    Some(url)
}

/// Tags that operations use: those that the document describes, in its order, then the others.
fn tags(document: &Document<'_>, operations: &[Operation]) -> Vec<Tag> {
    let described = document.spec.root.get("tags").map(Node::items).unwrap_or_default();
    let name_of = |node: &Node| node.get("name").and_then(Node::text).unwrap_or_default().to_owned();
    let mut used: Vec<(String, String)> = Vec::new();
    for operation in operations {
        let pointer = format!(
            "/paths/{}/{}",
            crate::references::escape_token(&operation.path),
            operation.method.to_ascii_lowercase()
        );
        let Some(named) = document.places.operations.get(&pointer) else { continue };
        let tag = first_tag(named.node).to_owned();
        if !used.iter().any(|(name, _)| *name == tag) {
            used.push((tag, operation.module.clone()));
        }
    }
    used.sort_by_key(|(name, _)| described.iter().position(|node| name_of(node) == *name).unwrap_or(usize::MAX));
    let described = |name: &str| described.iter().find(|node| name_of(node) == name);
    used.into_iter()
        .map(|(name, module)| {
            let doc = described(&name).map(doc).unwrap_or_default();
            Tag { name: if name.is_empty() { module.clone() } else { name }, module, doc }
        })
        .collect()
}
