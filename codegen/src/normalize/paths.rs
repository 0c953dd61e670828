//! Paths: what is wrong with one, and the template that a request fills.
//!
//! A query behind a path is kept where it never changes. A pair whose value is a variable that the operation has as
//! a query parameter is dropped, since the parameter says it; a fragment is never sent.

use super::document::Document;
use super::rules;
use crate::spec::Node;

/// Reports what is wrong with a path, and what is read in another way than it is written.
pub(super) fn check(document: &Document<'_>, item: &Node, path: &str) {
    let stem = path.split(['?', '#']).next().unwrap_or_default();
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if stem.split('/').any(is_dots) {
        let help = "write it as it goes on the wire";
        document.report(rules::PATH_SYNTAX, item, "the path would lead elsewhere", help);
    }
    let loosened = |message: &str| {
        document.report(rules::LOOSENED_PATH, item, message, "write it as it goes on the wire");
    };
    if !stem.starts_with('/') {
        loosened("the path does not begin with '/'; one is put before it");
    }
    if path.contains('#') {
        loosened("a fragment is never sent, so it is left out");
    }
    if path.contains('?') {
        loosened("the query behind the path is sent with every call, but for what parameters say");
    }
    if stem.chars().any(|c| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '|')) {
        loosened("characters that a path can't have are percent-encoded");
    }
    let is_express = |segment: &str| {
        segment.strip_prefix(':').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    if let Some(segment) = stem.split('/').find(|segment| is_express(segment)) {
        let message = format!("`{}` is no variable; it is sent as it stands", segment.escape_debug());
        let help = format!("write `{{{}}}`", &segment[1..]);
        document.report(rules::PATH_COLON, item, &message, &help);
    }
}

/// The template that is filled; `in_query` are the names of the operation's query parameters.
pub(super) fn target(path: &str, in_query: &[&str]) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let (stem, query) = path.split_once('?').unwrap_or((path, ""));
    let is_parameter = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let variable = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
        in_query.contains(&name) || variable.is_some_and(|variable| in_query.contains(&variable))
    };
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_parameter(pair)).collect();
    let slash = if stem.starts_with('/') { "" } else { "/" };
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{slash}{stem}{mark}{}", pairs.join("&"))
}

/// Names in braces, each once, in their order.
pub(super) fn variables(path: &str) -> Vec<&str> {
    let mut variables = Vec::new();
    for part in path.split('{').skip(1) {
        if let Some((name, _)) = part.split_once('}')
            && !variables.contains(&name)
        {
            variables.push(name);
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (path, expected) in [
            ("/a/{b}", "/a/{b}"),
            ("a", "/a"),
            ("/a?", "/a"),
            ("/a?beta=true#x", "/a?beta=true"),
            ("/a#x?y=1", "/a"),
            ("/a?id={id}&v=1&x={own}", "/a?v=1&x={own}"),
            ("/a?id=1", "/a"),
        ] {
            assert_eq!(target(path, &["id"]), expected, "{path}");
        }
        assert_eq!(variables("/{a}.{b}:go/{a}?c={c}"), ["a", "b", "c"]);
    }
}
