//! Operations that are left out because somebody says so: `codegen --skip`, or `info.x-crate.skip` in the spec.
//!
//! They are taken out of the document before anything looks at it, so what only they use goes with them.

use crate::finding::{Finding, shortened, similar};
use crate::lint::rules::{Rule, SKIP_UNKNOWN, SKIPPED};
use crate::references::References;
use crate::spec::{Key, Mark, Node, Spec, Value};

/// Takes operations out of a document; each one is a note.
///
/// An operation is named by its operationId, or as `GET /orders/{id}`. `named` comes on top of what the document
/// itself lists under `info.x-crate.skip`. A name of nothing is an error.
pub fn skip(spec: &mut Spec, named: &[String]) -> Vec<Finding> {
    let wanted = wanted(spec, named);
    if wanted.is_empty() {
        return Vec::new();
    }
    let (all, items) = operations(spec);
    let mut findings = Vec::new();
    let mut gone: Vec<(&str, &str)> = Vec::new();
    for Wanted { name, at, pointer } in &wanted {
        let found: Vec<&Operation> = all.iter().filter(|operation| operation.is_named(name)).collect();
        if found.is_empty() {
            findings.push(unknown(spec, &all, name, *at, pointer));
        }
        gone.extend(found.into_iter().map(|operation| (operation.path.as_str(), operation.method.as_str())));
    }
    for operation in all.iter().filter(|operation| gone.contains(&(operation.path.as_str(), operation.method.as_str())))
    {
        findings.push(finding(
            spec,
            SKIPPED,
            operation.at,
            operation.pointer(),
            format!("`{}` is left out", operation.name()),
        ));
    }
    let paths = member(&mut spec.root, "paths");
    for (key, item) in paths.into_iter().flat_map(members) {
        // A path item that stands elsewhere may serve several paths: this one gets its own, without the operation.
        let gone = gone.iter().filter(|(path, _)| *path == key.text);
        for (_, method) in gone {
            if item.get(method).is_none()
                && let Some((_, target)) = items.iter().find(|(path, _)| *path == key.text)
            {
                *item = target.clone();
            }
            if let Value::Map(members) = &mut item.value {
                members.retain(|(key, _)| key.text != *method);
            }
        }
    }
    findings
}

/// An operation of the document.
struct Operation {
    path: String,
    /// In lower case, as its key is.
    method: String,
    id: Option<String>,
    at: Mark,
}

impl Operation {
    fn is_named(&self, name: &str) -> bool {
        let by_place = name
            .split_once(' ')
            .is_some_and(|(method, path)| method.eq_ignore_ascii_case(&self.method) && path.trim_start() == self.path);
        by_place || self.id.as_deref() == Some(name)
    }

    fn name(&self) -> String {
        let place = format!("{} {}", self.method.to_uppercase(), self.path);
        self.id.as_ref().map_or(place, |id| shortened(id, 100))
    }

    fn pointer(&self) -> String {
        format!("/paths/{}/{}", crate::references::escape_token(&self.path), self.method)
    }
}

/// A name, and where it stands.
struct Wanted {
    name: String,
    at: Mark,
    pointer: String,
}

fn wanted(spec: &Spec, named: &[String]) -> Vec<Wanted> {
    let listed = spec.root.at_pointer("/info/x-crate/skip").map(Node::items).unwrap_or_default().iter().enumerate();
    let listed = listed.filter_map(|(index, item)| {
        let pointer = format!("/info/x-crate/skip/{index}");
        Some(Wanted { name: item.text()?.to_owned(), at: item.at, pointer })
    });
    let root = spec.root.at;
    let named = named.iter().map(|name| Wanted { name: name.clone(), at: root, pointer: String::new() });
    listed.chain(named).collect()
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// All operations, and the path items that stand elsewhere, by path.
fn operations(spec: &Spec) -> (Vec<Operation>, Vec<(String, Node)>) {
    let references = References::new(spec);
    let (mut all, mut items) = (Vec::new(), Vec::new());
    for (key, item) in spec.root.get("paths").into_iter().flat_map(Node::members) {
        let target = References::is_reference(item).then(|| references.resolve(item).ok()).flatten();
        let mut own = vec![item];
        if let Some(target) = target {
            items.push((key.text.clone(), target.node.clone()));
            own.push(target.node);
        }
        for (method, operation) in own.into_iter().flat_map(Node::members) {
            if METHODS.contains(&method.text.as_str()) {
                let id = operation.get("operationId").and_then(Node::text).map(str::to_owned);
                all.push(Operation { path: key.text.clone(), method: method.text.clone(), id, at: method.at });
            }
        }
    }
    (all, items)
}

fn unknown(spec: &Spec, all: &[Operation], name: &str, at: Mark, pointer: &str) -> Finding {
    let message = format!("there is no operation `{}` to leave out", shortened(name, 100));
    let ids = all.iter().filter_map(|operation| operation.id.as_deref());
    let help = match similar(name, ids) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name it by its operationId, or as `GET /path`".to_owned(),
    };
    finding(spec, SKIP_UNKNOWN, at, pointer.to_owned(), message).help(help)
}

fn finding(spec: &Spec, rule: Rule, at: Mark, pointer: String, message: String) -> Finding {
    Finding::new(spec, rule.level, rule.id, at, pointer, message)
}

fn members(node: &mut Node) -> impl Iterator<Item = (&Key, &mut Node)> {
    let members = match &mut node.value {
        Value::Map(members) => members.as_mut_slice(),
        _ => &mut [],
    };
    members.iter_mut().map(|(key, node)| (&*key, node))
}

fn member<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    members(node).find(|(k, _)| k.text == key).map(|(_, node)| node)
}
