//! The document itself: servers (those of single operations, too), info, tags, the version of OpenAPI.

use super::compare::Compare;
use super::operations::Operation;
use super::report::Step;
use super::values::canonical;
use super::{rules, texts};
use crate::finding::shortened;
use crate::spec::{Node, Spec};
use std::collections::{BTreeMap, BTreeSet};

/// A server with its variables filled in.
#[derive(Clone, Debug)]
struct Server<'a> {
    url: String,
    /// As it is written, which is what a server is known by: a variable may have another default.
    template: &'a str,
    node: &'a Node,
}

fn servers(owner: &Node) -> Vec<Server<'_>> {
    let list = owner.get("servers").map(Node::items).unwrap_or_default();
    list.iter()
        .filter_map(|node| {
            let template = node.get("url")?.text()?.trim_end_matches('/');
            let mut url = template.to_owned();
            for (name, variable) in node.get("variables").into_iter().flat_map(Node::members) {
                let value = variable.get("default").and_then(Node::text).unwrap_or_default();
                url = url.replace(&format!("{{{}}}", name.text), value);
            }
            Some(Server { url: url.trim_end_matches('/').to_owned(), template, node })
        })
        .collect()
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
        let (was, is) = (compare.old.root().get(key), compare.new.root().get(key));
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
    variables(compare, was, is);
    let urls = |servers: &[Server<'_>]| servers.iter().map(|server| server.template.to_owned()).collect::<Vec<_>>();
    let (old_urls, new_urls) = (urls(was), urls(is));
    let removed: Vec<_> =
        was.iter().filter(|server| !new_urls.iter().any(|url| url == server.template)).cloned().collect();
    let mut added: Vec<_> =
        is.iter().filter(|server| !old_urls.iter().any(|url| url == server.template)).cloned().collect();
    for server in removed {
        let shown = shortened(&server.url, 120);
        if old_urls.first().is_some_and(|url| url == server.template) && !is.is_empty() {
            let now = added.first().or(is.first()).cloned();
            added.retain(|other| Some(other.template) != now.as_ref().map(|now| now.template));
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

fn variables<'a>(compare: &mut Compare<'a>, was: &[Server<'a>], is: &[Server<'a>]) {
    let raw = |server: &Server<'a>| server.node.get("url").and_then(Node::text).map(str::to_owned);
    for old in was {
        let Some(new) = is.iter().find(|new| raw(new) == raw(old)) else { continue };
        for (name, variable) in old.node.get("variables").into_iter().flat_map(Node::members) {
            let Some(other) = new.node.get("variables").and_then(|all| all.get(&name.text)) else { continue };
            let shown = shortened(&name.text, 60);
            let text = |node: &'a Node, key: &str| node.get(key).map(canonical);
            if text(variable, "default") != text(other, "default") {
                let message = format!("the variable `{shown}` of the server has another default");
                compare.emit(&rules::SERVER_VARIABLE_DEFAULT, variable, other, message).detail(name.text.clone());
            }
            let values = |node: &'a Node| {
                let items = node.get("enum").map(Node::items).unwrap_or_default();
                items.iter().map(canonical).collect::<BTreeSet<_>>()
            };
            let (before, after) = (values(variable), values(other));
            for value in before.difference(&after).filter(|_| !after.is_empty()) {
                let message = format!("the variable `{shown}` may no longer be {value}");
                compare.emit(&rules::SERVER_VARIABLE_VALUE_REMOVED, variable, other, message).detail(value.clone());
            }
            for value in after.difference(&before).filter(|_| !before.is_empty()) {
                let message = format!("the variable `{shown}` may be {value}");
                compare.emit(&rules::SERVER_VARIABLE_VALUE_ADDED, variable, other, message).detail(value.clone());
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
