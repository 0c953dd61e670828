//! The service itself: title, crate, servers, tags.

use super::Context;
use super::document::Document;
use super::operations::{doc, first_tag};
use super::rules;
use crate::ir::{Api, Operation, Tag};
use crate::spec::{Node, Value};

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
        redirects: root.get("x-redirects").and_then(Node::text) == Some("one"),
        servers: super::servers::servers(document, operations),
        tags: tags(document, operations),
    }
}

/// A scalar as text: `version: 1.0` is a number to YAML.
pub(super) fn scalar_text(node: &Node) -> Option<String> {
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
