//! Security: what each operation asks for, and how each scheme is presented.

use super::compare::Compare;
use super::model::Side;
use super::values::canonical_without_texts;
use super::{operations, rules, texts};
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet};

/// One alternative: schemes, each with its scopes.
type Alternative = BTreeMap<String, BTreeSet<String>>;

/// What an operation asks for, its own or the document's.
fn alternatives<'a>(side: &Side<'a>, operation: &'a Node) -> (Vec<Alternative>, Option<&'a Node>) {
    let node = operation.get("security").or_else(|| side.root().get("security"));
    let alternative = |requirement: &Node| {
        let scopes = |list: &Node| list.items().iter().filter_map(Node::text).map(str::to_owned).collect();
        requirement.members().map(|(name, list)| (name.text.clone(), scopes(list))).collect()
    };
    (node.map(Node::items).unwrap_or_default().iter().map(alternative).collect(), node)
}

fn schemes(alternative: &Alternative) -> BTreeSet<&str> {
    alternative.keys().map(String::as_str).collect()
}

/// The schemes of a document by name.
pub(super) fn declared<'a>(side: &Side<'a>) -> BTreeMap<&'a str, &'a Node> {
    let members = side.root().at_pointer("/components/securitySchemes").into_iter().flat_map(Node::members);
    members.filter_map(|(key, node)| Some((key.text.as_str(), side.resolve(node)?))).collect()
}

/// Old names of schemes that have another name and the same definition.
pub(super) fn renamed<'a>(old: &Side<'a>, new: &Side<'a>) -> BTreeMap<&'a str, &'a str> {
    let (old, new) = (declared(old), declared(new));
    let free: Vec<(&str, String)> = new
        .iter()
        .filter(|(name, _)| !old.contains_key(*name))
        .map(|(name, node)| (*name, canonical_without_texts(node)))
        .collect();
    let mut names = BTreeMap::new();
    for (name, node) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        let text = canonical_without_texts(node);
        if let Some((other, _)) =
            free.iter().find(|(other, known)| *known == text && !names.values().any(|n| n == other))
        {
            names.insert(*name, *other);
        }
    }
    names
}

/// Compares what two operations ask for.
pub(super) fn operation<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let (mut was, old_node) = alternatives(&compare.old, old);
    let (mut is, new_node) = alternatives(&compare.new, new);
    let nodes = (old_node.unwrap_or(old), new_node.unwrap_or(new));
    for alternative in &mut was {
        *alternative = std::mem::take(alternative)
            .into_iter()
            .map(|(name, scopes)| match compare.renamed_schemes.get(name.as_str()) {
                Some(new) => ((*new).to_owned(), scopes),
                None => (name, scopes),
            })
            .collect();
    }
    // The same alternative twice is one.
    for list in [&mut was, &mut is] {
        let mut known = BTreeSet::new();
        list.retain(|alternative| known.insert(alternative.clone()));
    }
    let public = |list: &[Alternative]| list.iter().all(BTreeMap::is_empty);
    match (public(&was), public(&is)) {
        (true, true) => return,
        (true, false) => {
            let rule =
                if is.iter().any(BTreeMap::is_empty) { &rules::ALTERNATIVE_ADDED } else { &rules::SECURITY_ADDED };
            compare.emit(rule, nodes.0, nodes.1, format!("credentials are asked for: {}", shown(&is)));
            return;
        }
        (false, true) => {
            let message = format!("no credentials are asked for any more; it was {}", shown(&was));
            compare.emit(&rules::SECURITY_REMOVED, nodes.0, nodes.1, message);
            return;
        }
        (false, false) => {}
    }
    scopes(compare, nodes, &mut was, &mut is);
    subsets(compare, nodes, &mut was, &mut is);
    for alternative in was {
        let rule = if alternative.is_empty() { &rules::ANONYMOUS_REMOVED } else { &rules::ALTERNATIVE_REMOVED };
        let text = shown(std::slice::from_ref(&alternative));
        compare.emit(rule, nodes.0, nodes.1, format!("{text} is no longer accepted")).detail(text);
    }
    for alternative in is {
        let rule = if alternative.is_empty() { &rules::ANONYMOUS_ADDED } else { &rules::ALTERNATIVE_ADDED };
        let text = shown(std::slice::from_ref(&alternative));
        compare.emit(rule, nodes.0, nodes.1, format!("{text} is accepted as well")).detail(text);
    }
}

fn shown(list: &[Alternative]) -> String {
    let one = |alternative: &Alternative| match alternative.is_empty() {
        true => "no credentials".to_owned(),
        false => schemes(alternative).into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "),
    };
    shortened(&list.iter().map(one).collect::<Vec<_>>().join(" or "), 200)
}

type Nodes<'a> = (&'a Node, &'a Node);

/// Alternatives of the same schemes: their scopes.
fn scopes<'a>(compare: &mut Compare<'a>, nodes: Nodes<'a>, was: &mut Vec<Alternative>, is: &mut Vec<Alternative>) {
    was.retain(|old| {
        // The same scopes first, so that two alternatives of one scheme are not mixed up.
        let same = is.iter().position(|new| new == old);
        let Some(index) = same.or_else(|| is.iter().position(|new| schemes(new) == schemes(old))) else { return true };
        let new = is.remove(index);
        for (name, scopes) in old {
            let Some(others) = new.get(name) else { continue };
            for scope in others.difference(scopes) {
                let message = format!("`{}` must grant the scope `{}`", shortened(name, 60), shortened(scope, 80));
                compare.emit(&rules::SCOPE_REQUIRED, nodes.0, nodes.1, message).detail(format!("{name} {scope}"));
            }
            for scope in scopes.difference(others) {
                let message = format!("`{}` need not grant the scope `{}`", shortened(name, 60), shortened(scope, 80));
                compare.emit(&rules::SCOPE_NOT_REQUIRED, nodes.0, nodes.1, message).detail(format!("{name} {scope}"));
            }
        }
        false
    });
}

/// An alternative that asks for one scheme more or less.
fn subsets<'a>(compare: &mut Compare<'a>, nodes: Nodes<'a>, was: &mut Vec<Alternative>, is: &mut Vec<Alternative>) {
    was.retain(|old| {
        let related = |new: &Alternative| {
            !old.is_empty()
                && !new.is_empty()
                && (schemes(new).is_superset(&schemes(old)) || schemes(new).is_subset(&schemes(old)))
        };
        let Some(index) = is.iter().position(related) else { return true };
        let new = is.remove(index);
        for name in schemes(&new).difference(&schemes(old)) {
            let rule = if is_tls(&compare.new, name) { &rules::MUTUAL_TLS_ADDED } else { &rules::SCHEME_REQUIRED_TOO };
            compare.emit(rule, nodes.0, nodes.1, format!("`{name}` is asked for as well")).detail(*name);
        }
        for name in schemes(old).difference(&schemes(&new)) {
            let tls = is_tls(&compare.old, name);
            let rule = if tls { &rules::MUTUAL_TLS_REMOVED } else { &rules::SCHEME_NO_LONGER_REQUIRED };
            compare.emit(rule, nodes.0, nodes.1, format!("`{name}` is no longer asked for")).detail(*name);
        }
        false
    });
}

fn is_tls(side: &Side<'_>, name: &str) -> bool {
    declared(side).get(name).is_some_and(|scheme| scheme.get("type").and_then(Node::text) == Some("mutualTLS"))
}

/// Compares the declarations of schemes; each is reached by the operations that ask for it.
pub(super) fn declarations(compare: &mut Compare<'_>) {
    let (old, new) = (declared(&compare.old), declared(&compare.new));
    let (were_used, are_used) = (used(&compare.old), used(&compare.new));
    let outside = compare.work.at;
    for (name, was) in &old {
        let to = compare.renamed_schemes.get(name).copied().unwrap_or(name);
        let Some(is) = new.get(to) else {
            let message = format!("the security scheme `{}` is gone", shortened(name, 80));
            compare.emit(&rules::SCHEME_UNUSED, *was, None, message).detail(*name);
            continue;
        };
        reached_by(compare, to);
        if to != *name {
            let message =
                format!("the security scheme `{}` is called `{}` now", shortened(name, 80), shortened(to, 80));
            compare.emit(&rules::SCHEME_RENAMED, *was, *is, message).detail(*name);
        }
        scheme(compare, to, was, is);
        compare.work.at = outside;
        if were_used.contains(*name) && !are_used.contains(to) {
            let message = format!("nothing asks for the security scheme `{}` any more", shortened(name, 80));
            compare.emit(&rules::SCHEME_UNUSED, *was, *is, message).detail(*name);
        }
    }
    let known: BTreeSet<&str> = compare.renamed_schemes.values().copied().collect();
    for (name, is) in new.iter().filter(|(name, _)| !old.contains_key(*name) && !known.contains(*name)) {
        let message = format!("the security scheme `{}` is new", shortened(name, 80));
        compare.emit(&rules::SCHEME_NEW, None, *is, message).detail(*name);
    }
}

/// Moves to a vertex that all operations reach which ask for a scheme.
pub(super) fn reached_by(compare: &mut Compare<'_>, scheme: &str) {
    let vertex = compare.work.graph.vertex();
    let users = compare.scheme_users.get(scheme).cloned().unwrap_or_default();
    for index in users {
        compare.work.graph.start(vertex, super::report::Direction::Request, index);
    }
    compare.work.at = vertex;
}

fn scheme<'a>(compare: &mut Compare<'a>, name: &str, old: &'a Node, new: &'a Node) {
    let text = |node: &'a Node, key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    let shown = shortened(name, 80);
    if text(old, "type") != text(new, "type") {
        let message = format!("`{shown}` was of type `{}` and is of `{}`", text(old, "type"), text(new, "type"));
        compare.emit(&rules::SCHEME_TYPE_CHANGED, old, new, message);
        return;
    }
    let is_key = text(old, "type") == "apiKey";
    let is_header = is_key && text(old, "in") == "header";
    let differ = |key: &str| match key {
        "name" if is_header => !text(old, key).eq_ignore_ascii_case(text(new, key)),
        "scheme" => !text(old, key).eq_ignore_ascii_case(text(new, key)),
        _ => text(old, key) != text(new, key),
    };
    let keys = [
        ("name", &rules::KEY_NAME_CHANGED),
        ("in", &rules::KEY_PLACE_CHANGED),
        ("scheme", &rules::HTTP_SCHEME_CHANGED),
        ("bearerFormat", &rules::BEARER_FORMAT_CHANGED),
        ("openIdConnectUrl", &rules::OPENID_URL_CHANGED),
    ];
    for (key, rule) in keys {
        if differ(key) {
            let message = format!("`{key}` of `{shown}` was `{}` and is `{}`", text(old, key), text(new, key));
            compare.emit(rule, old.get(key).unwrap_or(old), new.get(key).unwrap_or(new), shortened(&message, 200));
        }
    }
    flows(compare, name, old, new);
    texts::of_objects(compare, old, new);
}

fn flows<'a>(compare: &mut Compare<'a>, name: &str, old: &'a Node, new: &'a Node) {
    let all = |node: &'a Node| {
        let members = node.get("flows").into_iter().flat_map(Node::members);
        members
            .filter(|(key, _)| !key.text.starts_with("x-"))
            .map(|(key, node)| (key.text.as_str(), node))
            .collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (all(old), all(new));
    for (flow, node) in &was {
        match is.get(flow) {
            None => {
                let message = format!("the flow `{flow}` of `{}` is gone", shortened(name, 80));
                compare.emit(&rules::FLOW_REMOVED, *node, new, message).detail(*flow);
            }
            Some(other) => one_flow(compare, name, node, other),
        }
    }
    for (flow, node) in is.iter().filter(|(flow, _)| !was.contains_key(*flow)) {
        let message = format!("the flow `{flow}` of `{}` is new", shortened(name, 80));
        compare.emit(&rules::FLOW_ADDED, old, *node, message).detail(*flow);
    }
}

fn one_flow<'a>(compare: &mut Compare<'a>, name: &str, old: &'a Node, new: &'a Node) {
    let shown = shortened(name, 80);
    let urls = [
        ("tokenUrl", &rules::TOKEN_URL_CHANGED),
        ("authorizationUrl", &rules::OAUTH_URL_CHANGED),
        ("refreshUrl", &rules::OAUTH_URL_CHANGED),
    ];
    for (key, rule) in urls {
        let (was, is) = (old.get(key), new.get(key));
        if was.and_then(Node::text) != is.and_then(Node::text) {
            compare
                .emit(rule, was.unwrap_or(old), is.unwrap_or(new), format!("`{key}` of `{shown}` changed"))
                .detail(key);
        }
    }
    let scopes = |node: &'a Node| {
        let members = node.get("scopes").into_iter().flat_map(Node::members);
        members.map(|(key, node)| (key.text.as_str(), node)).collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (scopes(old), scopes(new));
    for (scope, node) in was.iter().filter(|(scope, _)| !is.contains_key(*scope)) {
        let required = compare.required_scopes.contains(*scope);
        let rule = if required { &rules::REQUIRED_SCOPE_REMOVED } else { &rules::SCOPE_REMOVED };
        let message = format!("the scope `{}` of `{shown}` is gone", shortened(scope, 80));
        compare.emit(rule, *node, new, message).detail(*scope);
    }
    for (scope, node) in is.iter().filter(|(scope, _)| !was.contains_key(*scope)) {
        let message = format!("the scope `{}` of `{shown}` is new", shortened(scope, 80));
        compare.emit(&rules::SCOPE_ADDED, old, *node, message).detail(*scope);
    }
}

/// Every scope that some operation of the new document asks for.
pub(super) fn required_scopes(side: &Side<'_>) -> BTreeSet<String> {
    let operations = operations::operations(side, side.root().get("paths"));
    let scopes = operations.iter().flat_map(|operation| alternatives(side, operation.node).0);
    scopes.flat_map(|alternative| alternative.into_values().flatten()).collect()
}

/// Every scheme that some operation, callback or webhook asks for.
fn used(side: &Side<'_>) -> BTreeSet<String> {
    let mut all = operations::operations(side, side.root().get("paths"));
    let callbacks = all.iter().flat_map(|operation| operation.node.get("callbacks")).flat_map(Node::members);
    let called: Vec<_> = callbacks.flat_map(|(_, events)| operations::operations(side, side.resolve(events))).collect();
    all.extend(called);
    for key in ["webhooks", "x-webhooks"] {
        all.extend(operations::operations(side, side.root().get(key)));
    }
    all.iter().flat_map(|operation| asked_for(side, operation.node)).collect()
}

/// The schemes that an operation asks for, whatever the alternative.
pub(super) fn asked_for<'a>(side: &Side<'a>, operation: &'a Node) -> BTreeSet<String> {
    alternatives(side, operation).0.into_iter().flat_map(BTreeMap::into_keys).collect()
}
