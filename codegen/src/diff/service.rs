//! The document itself: servers (those of single operations, too), info, tags, the version of OpenAPI.

use super::compare::Compare;
use super::operations::Operation;
use super::report::Step;
use super::values::canonical;
use super::{rules, texts};
use crate::finding::shortened;
use crate::spec::{Key, Node, Spec};
use std::collections::{BTreeMap, BTreeSet};

/// A server with its variables filled in.
#[derive(Clone, Debug)]
struct Server<'a> {
    url: String,
    /// With its variables, which is what a server is known by: a variable may have another default.
    template: String,
    node: &'a Node,
}

impl<'a> Server<'a> {
    fn variables(&self) -> impl Iterator<Item = (&'a Key, &'a Node)> + use<'a> {
        self.node.get("variables").into_iter().flat_map(Node::members)
    }
}

fn servers(owner: &Node) -> Vec<Server<'_>> {
    let list = owner.get("servers").map(Node::items).unwrap_or_default();
    list.iter()
        .filter_map(|node| {
            let template = node.get("url")?.text()?;
            let mut url = template.to_owned();
            for (name, variable) in node.get("variables").into_iter().flat_map(Node::members) {
                let value = variable.get("default").and_then(Node::text).unwrap_or_default();
                url = url.replace(&format!("{{{}}}", name.text), value);
            }
            Some(Server { url: in_one_spelling(&url), template: in_one_spelling(template), node })
        })
        .collect()
}

/// A URL with its scheme and host in lower case, and without the scheme's own port and a last slash.
fn in_one_spelling(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (scheme, host) = (lower_outside_braces(scheme), lower_outside_braces(host));
    let port = match scheme.as_str() {
        "https" | "wss" => ":443",
        "http" | "ws" => ":80",
        _ => "",
    };
    format!("{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
}

/// Names of variables stay as they are.
fn lower_outside_braces(text: &str) -> String {
    let mut inside = false;
    let lower = |c: char| {
        inside = (inside || c == '{') && c != '}';
        if inside { c } else { c.to_ascii_lowercase() }
    };
    text.chars().map(lower).collect()
}

/// Scheme and host of a URL, and its path; a URL without a host is all path.
fn split(url: &str) -> (String, &str) {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (format!("{scheme}://{}", &rest[..end]).to_lowercase(), &rest[end..])
        }
        None if url.starts_with('/') => (String::new(), url),
        None => (url.to_owned(), ""),
    }
}

/// The path of the first server, below which all paths stand.
pub(super) fn prefix(spec: &Spec) -> String {
    servers(&spec.root).first().map(|server| split(&server.url).1.to_owned()).unwrap_or_default()
}

/// Compares everything but operations and components; `same_below` says that paths took up the servers' change.
pub(super) fn compare(compare: &mut Compare<'_>, same_below: bool) {
    let (old, new) = (compare.old.root(), compare.new.root());
    dialect(compare);
    server_list(compare, same_below);
    info(compare);
    tags(compare);
    texts::of_objects(compare, old, new);
}

fn dialect(compare: &mut Compare<'_>) {
    let minor = |text: &str| text.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let (old, new) = (compare.old.root().get("openapi"), compare.new.root().get("openapi"));
    let text = |node: Option<&Node>| minor(node.and_then(Node::text).unwrap_or_default());
    if text(old) != text(new) {
        let message = format!("the document was OpenAPI {} and is {}", text(old), text(new));
        compare.emit(&rules::DIALECT_MOVED, old, new, message);
    }
    for key in ["jsonSchemaDialect", "$self"] {
        // Its default spelt out says nothing.
        let other = |node: &&Node| node.text() != Some("https://spec.openapis.org/oas/3.1/dialect/base");
        let (was, is) = (compare.old.root().get(key).filter(other), compare.new.root().get(key).filter(other));
        if was.map(canonical) != is.map(canonical) {
            compare.emit(&rules::NOT_FOLLOWED, was, is, format!("`{key}` changed, which is not followed")).detail(key);
        }
    }
}

/// Compares where an operation goes, if it or its path has servers of its own in a document.
pub(super) fn of_operation<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    let own = |operation: &Operation<'a>| {
        let nodes = [operation.node, operation.item].into_iter();
        nodes.map(servers).find(|list| !list.is_empty())
    };
    let (was, is) = (own(old), own(new));
    if was.is_none() && is.is_none() {
        return;
    }
    let (old_root, new_root) = (servers(compare.old.root()), servers(compare.new.root()));
    // Without servers of the document, those of its operations are the crate's choice of servers.
    let is_choice = old_root.is_empty() || new_root.is_empty();
    let found = compare.work.raws.len();
    lists(compare, &was.unwrap_or(old_root), &is.unwrap_or(new_root));
    for raw in compare.work.raws[found..].iter_mut().filter(|_| !is_choice) {
        raw.source(Step::Patch);
    }
}

fn server_list(compare: &mut Compare<'_>, same_below: bool) {
    let (was, is) = (servers(compare.old.root()), servers(compare.new.root()));
    let host = |server: &Server<'_>| split(&server.url).0;
    if same_below && was.iter().map(host).eq(is.iter().map(host)) {
        variables(compare, &was, &is);
        return;
    }
    lists(compare, &was, &is);
}

fn lists<'a>(compare: &mut Compare<'a>, was: &[Server<'a>], is: &[Server<'a>]) {
    // Where none is declared, the server is `/`.
    let is_root = |list: &[Server<'_>]| list.iter().all(|server| server.template.is_empty()) && list.len() < 2;
    if is_root(was) && is_root(is) {
        return;
    }
    let is = &same_by_default(compare, was, is);
    variables(compare, was, is);
    let urls = |servers: &[Server<'_>]| servers.iter().map(|server| server.template.clone()).collect::<Vec<_>>();
    let (old_urls, new_urls) = (urls(was), urls(is));
    let removed: Vec<_> = was.iter().filter(|server| !new_urls.contains(&server.template)).cloned().collect();
    let mut added: Vec<_> = is.iter().filter(|server| !old_urls.contains(&server.template)).cloned().collect();
    for server in removed {
        let shown = shortened(&server.url, 120);
        if old_urls.first() == Some(&server.template) && !is.is_empty() {
            let now = added.first().or(is.first()).cloned();
            added.retain(|other| Some(&other.template) != now.as_ref().map(|now| &now.template));
            let to = now.as_ref().map(|now| shortened(&now.url, 120)).unwrap_or_default();
            let message = format!("the default server was `{shown}` and is `{to}`");
            compare.emit(&rules::SERVER_CHANGED, server.node, now.map(|now| now.node), message);
        } else if was.len() > 1 || is.is_empty() {
            compare
                .emit(&rules::SERVER_REMOVED, server.node, None, format!("the server `{shown}` is gone"))
                .detail(shown);
        }
    }
    for server in added {
        let shown = shortened(&server.url, 120);
        compare.emit(&rules::SERVER_ADDED, None, server.node, format!("the server `{shown}` is new")).detail(shown);
    }
    let kept_first = old_urls.first().filter(|url| new_urls.contains(url));
    if let (Some(first), Some(now)) = (kept_first, is.first())
        && *first != now.template
    {
        let message = format!("`{}` comes first now", shortened(&now.url, 120));
        compare.emit(&rules::SERVER_ORDER_CHANGED, was.first().map(|server| server.node), now.node, message);
    }
}

/// The new servers; those with the address of an old one where no variable is set are known as that one.
fn same_by_default<'a>(compare: &mut Compare<'a>, was: &[Server<'a>], is: &[Server<'a>]) -> Vec<Server<'a>> {
    let known = |list: &[Server<'a>], template: &str| list.iter().any(|server| server.template == template);
    let mut servers = is.to_vec();
    for old in was.iter().filter(|old| !known(is, &old.template)) {
        let found = servers.iter_mut().find(|new| new.url == old.url && !known(was, &new.template));
        let Some(new) = found else { continue };
        new.template.clone_from(&old.template);
        let message = format!("the server `{}` has other variables", shortened(&old.url, 120));
        compare.emit(&rules::SERVER_VARIABLES_CHANGED, old.node, new.node, message);
    }
    servers
}

fn variables<'a>(compare: &mut Compare<'a>, was: &[Server<'a>], is: &[Server<'a>]) {
    for old in was {
        let Some(new) = is.iter().find(|new| new.template == old.template) else { continue };
        let named = |server: &Server<'a>, name: &Key| server.variables().find(|(key, _)| key.text == name.text);
        for (name, variable) in old.variables() {
            match named(new, name) {
                Some((_, other)) => one_variable(compare, &name.text, variable, other),
                // One of another name may have its values.
                None if new.variables().any(|(name, other)| {
                    let (before, after) = (values(variable), values(other));
                    named(old, name).is_none() && (after.is_empty() || (!before.is_empty() && before.is_subset(&after)))
                }) => {}
                None if old.template.contains(&format!("{{{}}}", name.text)) => {
                    let default = variable.get("default").map(canonical);
                    let lost = values(variable).into_iter().filter(|value| Some(value) != default.as_ref());
                    lost.for_each(|value| value_removed(compare, &name.text, (variable, new.node), value));
                }
                None => {}
            }
        }
    }
}

/// The values that a variable may have; none is said where it may have any.
fn values(variable: &Node) -> BTreeSet<String> {
    variable.get("enum").map(Node::items).unwrap_or_default().iter().map(canonical).collect()
}

fn value_removed<'a>(compare: &mut Compare<'a>, name: &str, nodes: (&'a Node, &'a Node), value: String) {
    let message = format!("the variable `{}` may no longer be {value}", shortened(name, 60));
    compare.emit(&rules::SERVER_VARIABLE_VALUE_REMOVED, nodes.0, nodes.1, message).detail(value);
}

fn one_variable<'a>(compare: &mut Compare<'a>, name: &str, old: &'a Node, new: &'a Node) {
    let shown = shortened(name, 60);
    if old.get("default").map(canonical) != new.get("default").map(canonical) {
        let message = format!("the variable `{shown}` of the server has another default");
        compare.emit(&rules::SERVER_VARIABLE_DEFAULT, old, new, message).detail(name);
    }
    let (before, after) = (values(old), values(new));
    match (before.is_empty(), after.is_empty()) {
        (true, false) => {
            let message = format!("the variable `{shown}` may be one of certain values only");
            compare.emit(&rules::SERVER_VARIABLE_VALUE_REMOVED, old, new, message).detail(name);
        }
        (false, true) => {
            let message = format!("the variable `{shown}` may have any value");
            compare.emit(&rules::SERVER_VARIABLE_VALUE_ADDED, old, new, message).detail(name);
        }
        _ => {
            for value in before.difference(&after) {
                value_removed(compare, name, (old, new), value.clone());
            }
            for value in after.difference(&before) {
                let message = format!("the variable `{shown}` may be {value}");
                compare.emit(&rules::SERVER_VARIABLE_VALUE_ADDED, old, new, message).detail(value.clone());
            }
        }
    }
}

fn info(compare: &mut Compare<'_>) {
    let (Some(old), Some(new)) = (compare.old.root().get("info"), compare.new.root().get("info")) else { return };
    for key in ["title", "version", "contact", "license", "termsOfService"] {
        let (was, is) = (old.get(key), new.get(key));
        if was.map(canonical) != is.map(canonical) {
            let message = format!("`info.{key}` changed");
            compare.emit(&rules::INFO_CHANGED, was.unwrap_or(old), is.unwrap_or(new), message).detail(key);
        }
    }
    crate_name(compare, old, new);
    if compare.settings.docs {
        let text = |key: &str| matches!(key, "description" | "summary");
        texts::compare(compare, (&texts::members(old, text), old), (&texts::members(new, text), new));
    }
}

/// The crate's own name, where both documents give one.
fn crate_name<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let name = |info: &'a Node| info.get("x-crate").and_then(|of_crate| of_crate.get("name"));
    let (Some(was), Some(is)) = (name(old), name(new)) else { return };
    if let (Some(before), Some(after)) = (was.text(), is.text())
        && before != after
    {
        let message = format!("the crate was `{}` and is `{}`", shortened(before, 60), shortened(after, 60));
        compare.emit(&rules::CRATE_RENAMED, was, is, message);
    }
}

fn tags(compare: &mut Compare<'_>) {
    if !compare.settings.docs {
        return;
    }
    let all = |root| {
        let items = Node::get(root, "tags").map(Node::items).unwrap_or_default();
        items.iter().filter_map(|tag| Some((tag.get("name")?.text()?, tag))).collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (all(compare.old.root()), all(compare.new.root()));
    for (name, tag) in &was {
        let Some(other) = is.get(name) else { continue };
        if tag.get("description").map(canonical) != other.get("description").map(canonical) {
            let message = format!("the description of the tag `{}` changed", shortened(name, 60));
            compare.emit(&rules::TAG_TEXT_CHANGED, *tag, *other, message).detail(*name);
        }
    }
}
