//! Where requests go: servers, their URLs and variables.

use super::kinds::Kind;
use super::{Lint, rules};
use crate::finding::shortened;
use crate::spec::Node;

/// Looks at every `servers`.
pub(super) fn check(lint: &mut Lint<'_>) {
    let root = &lint.spec().root;
    if root.get("servers").is_none_or(|servers| servers.items().is_empty()) {
        let message = "the document has no server, so every user must give a base URL";
        lint.at(rules::SERVER_MISSING, root.at, root, message).help("add `servers: [{url: https://…}]`");
    }
    for server in lint.all(Kind::Server) {
        server_url(lint, server);
    }
}

fn server_url(lint: &mut Lint<'_>, server: &Node) {
    let Some(node) = server.get("url") else { return };
    let Some(url) = node.text() else { return };
    let variables = server.get("variables");
    let (mut filled, mut rest) = (String::new(), url);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match variables.and_then(|variables| variables.get(name)) {
            Some(variable) => filled.push_str(variable.get("default").and_then(Node::text).unwrap_or("x")),
            None => {
                let message = format!("the variable `{}` of this URL is not declared", shortened(name, 60));
                lint.on(rules::SERVER_URL, node, message).help("add it to the server's `variables`");
                filled.push('x');
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    for (key, variable) in variables.into_iter().flat_map(Node::members) {
        let choices = variable.get("enum").map(Node::items).unwrap_or_default();
        let default = variable.get("default");
        let known = |default: &Node| choices.iter().any(|choice| choice.text() == default.text());
        if let Some(default) = default.filter(|default| !choices.is_empty() && !known(default)) {
            let message = format!("the default of `{}` is not in its enum", shortened(&key.text, 60));
            lint.on(rules::SERVER_URL, default, message);
        }
    }
    let secure = filled.strip_prefix("https://");
    let Some(after_scheme) = secure.or_else(|| filled.strip_prefix("http://")) else {
        let message = format!("`{}` is not an absolute URL of http or https", shortened(url, 80));
        lint.on(rules::SERVER_URL, node, message).help("write `https://host`, with a path if there is one");
        return;
    };
    let host = after_scheme.split('/').next().unwrap_or_default();
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\' | '"' | '<' | '>' | '{' | '}');
    let dots = after_scheme.split('/').skip(1).any(is_dots);
    if host.is_empty() || host.contains('@') || filled.contains(odd) || dots {
        let message = format!("`{}` can't be the URL of a server", shortened(url, 80));
        lint.on(rules::SERVER_URL, node, message).help("leave out user, query, fragment, `.` and `..`");
    } else if secure.is_none() && !is_loopback(host) {
        let message = "requests to this server are not encrypted";
        lint.on(rules::SERVER_INSECURE, node, message).help("use https");
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// `.` or `..`, encoded or not: clients and servers take such segments away.
pub(super) fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}
