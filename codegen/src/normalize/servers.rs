//! Servers: their URLs, the variables in them, and servers of single operations.
//!
//! A URL that can't be one of a server is left out with a note: the client's builder then asks for a base URL. A path
//! without a host is kept only if there is no whole URL, so that the builder can say what is missing.

use super::document::Document;
use super::names::{Style, distinct, field_name, is_taken, joined, pascal, variant_name};
use super::operations::doc;
use super::rules;
use super::service::scalar_text;
use crate::ir::{Operation, Server, ServerPiece, ServerTemplate, ServerVariable};
use crate::spec::Node;
use std::collections::BTreeSet;

/// The servers of the document; those of its operations if it has none itself.
pub(super) fn servers(document: &Document<'_>, operations: &[Operation]) -> Vec<Server> {
    let nodes = document.spec.root.get("servers").map(Node::items).unwrap_or_default();
    let mut found: Vec<(String, Server)> = nodes.iter().filter_map(|node| server(document, node)).collect();
    if found.is_empty() {
        let own: BTreeSet<&String> = operations.iter().filter_map(|operation| operation.server.as_ref()).collect();
        found = own.into_iter().map(|url| (url.clone(), plain(host(url), url.clone()))).collect();
    }
    let is_whole = |(_, server): &(String, Server)| server.url.contains("://");
    if found.iter().any(is_whole) {
        if let Some(list) = document.spec.root.get("servers").filter(|_| !found.iter().all(is_whole)) {
            let message = "a server without a host is left out, since others have one";
            document.report(rules::IGNORED_SERVER, list, message, "write `https://` and the host");
        }
        found.retain(is_whole);
    } else if let Some(first) = nodes.first().filter(|_| !found.is_empty()) {
        let message = "the document names no host, so every client needs a base URL";
        document.report(rules::RELATIVE_SERVER, first, message, "write `https://` and the host");
    }
    let wishes: Vec<(String, String)> =
        found.iter().map(|(text, server)| (text.clone(), server.name.clone())).collect();
    let taken = BTreeSet::from(["Custom".to_owned()]);
    let names = distinct(&wishes, &taken, Style::Pascal("Server"));
    let mut servers: Vec<Server> =
        found.into_iter().zip(names).map(|((_, server), name)| Server { name: variant(&name), ..server }).collect();
    for Server { name, template, .. } in &mut servers {
        if let Some(template) = template {
            template.type_name = joined(name, "Server");
        }
    }
    servers
}

/// The server of one operation: the first of its own, else of its path's.
///
/// A variable without a default stays in its braces: a call is refused then unless the client's builder chose a URL.
pub(super) fn own(document: &Document<'_>, item: &Node, operation: &Node) -> Option<String> {
    let list = operation.get("servers").filter(|list| !list.items().is_empty()).or_else(|| item.get("servers"))?;
    let servers: Vec<Server> =
        list.items().iter().filter_map(|node| server(document, node).map(|(_, server)| server)).collect();
    if servers.len() > 1 || servers.iter().any(|server| server.template.is_some()) {
        let message = "the first of these servers is taken, with the defaults of its variables";
        let help = "`base_url_of` of the client's builder chooses another";
        document.report(rules::LOOSENED_SERVER, list, message, help);
    }
    let url = servers.into_iter().next()?.url;
    let root = document.spec.root.get("servers").map(Node::items).unwrap_or_default();
    // The same server as that of the whole document is nothing of its own.
    match root {
        [only] if server(document, only).is_some_and(|(_, server)| server.url == url) => None,
        _ => Some(url),
    }
}

fn plain(name: &str, url: String) -> Server {
    Server { name: variant_name(name), url, template: None, doc: Default::default() }
}

fn host(url: &str) -> &str {
    url.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("default")
}

/// The variant of a server; one that means something else in Rust says what it is.
fn variant(name: &str) -> String {
    let name = pascal(name);
    if is_taken(&name) { format!("{name}Server") } else { name }
}

/// A server, and the text that its name comes from.
fn server(document: &Document<'_>, node: &Node) -> Option<(String, Server)> {
    let (url, template) = url(document, node)?;
    let chosen = node.get("x-name").and_then(Node::text);
    let described = node.get("description").and_then(Node::text).filter(|text| text.len() <= LONGEST_NAME);
    let described = described.filter(|text| text.chars().any(char::is_alphanumeric));
    let text = chosen.or(described).unwrap_or(host(&url)).trim_end_matches('.').to_owned();
    let server = Server { name: variant_name(&text), url: url.clone(), template, doc: doc(node) };
    Some((format!("{text} {url}"), server))
}

/// Longer descriptions of servers are sentences.
const LONGEST_NAME: usize = 40;

/// The URL with its defaults, and its pieces if it has variables; nothing if it can't be that of a server.
fn url(document: &Document<'_>, node: &Node) -> Option<(String, Option<ServerTemplate>)> {
    let ignored = |message: &str| {
        document.report(rules::IGNORED_SERVER, node, message, "write `https://`, the host and the path");
        None
    };
    let Some(written) = node.get("url").and_then(Node::text) else {
        return ignored("a server without a `url` is left out");
    };
    let written = written.trim();
    let written = match written.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => written.to_owned(),
    };
    let template = template(document, node, &written);
    let filled = |of: &dyn Fn(&ServerVariable) -> String| -> String {
        let piece = |piece: &ServerPiece| match piece {
            ServerPiece::Text(text) => text.clone(),
            ServerPiece::Variable(name) => {
                template.variables.iter().find(|v| v.name == *name).map(of).unwrap_or_default()
            }
        };
        template.pieces.iter().map(piece).collect::<String>().trim_end_matches('/').to_owned()
    };
    let sample = filled(&|variable| variable.default.clone().unwrap_or_else(|| "x".to_owned()));
    let url = filled(&|variable| variable.default.clone().unwrap_or_else(|| format!("{{{}}}", variable.wire)));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&b));
    let rest = sample.strip_prefix("https://").or_else(|| sample.strip_prefix("http://"));
    let valid = match rest {
        Some(rest) => {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty() && !host.contains('@') && plain(rest)
        }
        None => (sample.is_empty() || sample.starts_with('/')) && plain(&sample),
    };
    if !valid {
        return ignored("this is not the URL of a server; it is left out");
    }
    let url = if url.is_empty() { "/".to_owned() } else { url };
    Some((url, (!template.variables.is_empty()).then_some(template)))
}

fn template(document: &Document<'_>, node: &Node, written: &str) -> ServerTemplate {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut pieces: Vec<(bool, &str)> = Vec::new();
    let mut rest = written;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        pieces.extend([(false, before), (true, name)]);
        if !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), field_name(name)));
        }
        rest = after;
    }
    pieces.push((false, rest));
    let names = distinct(&found, &METHODS.map(str::to_owned).into(), Style::Snake("variable"));
    let name_of = |wire: &str| {
        let at = found.iter().position(|(known, _)| known == wire).unwrap_or_default();
        names[at].clone()
    };
    let pieces = pieces.into_iter().filter(|(is_variable, text)| *is_variable || !text.is_empty());
    let pieces = pieces.map(|(is_variable, text)| match is_variable {
        true => ServerPiece::Variable(name_of(text)),
        false => ServerPiece::Text(text.to_owned()),
    });
    let variables = found.iter().zip(&names).map(|((wire, _), name)| variable(document, node, wire, name));
    ServerTemplate { type_name: String::new(), pieces: pieces.collect(), variables: variables.collect() }
}

fn variable(document: &Document<'_>, node: &Node, wire: &str, name: &str) -> ServerVariable {
    let described = node.get("variables").and_then(|variables| variables.get(wire));
    let default = described.and_then(|variable| variable.get("default")).and_then(scalar_text);
    if default.is_none() {
        let message = format!("the variable `{}` has no default, so it must be set", wire.escape_debug());
        document.report(rules::LOOSENED_SERVER, node, &message, "give it one under `variables`");
    }
    let values = described.and_then(|variable| variable.get("enum")).map(Node::items).unwrap_or_default();
    ServerVariable {
        name: name.to_owned(),
        wire: wire.to_owned(),
        default,
        values: values.iter().filter_map(scalar_text).collect(),
        doc: described.map(doc).unwrap_or_default(),
    }
}

/// Names that the type of a server's variables has already.
const METHODS: [&str; 10] = ["clone", "clone_from", "default", "eq", "fmt", "from", "into", "ne", "new", "url"];
