//! What a type is called that stands at a place: the owner's name and the way from there.
//!
//! A component is called after its key, a property after its owner and its key, items `Item`, map values
//! `Value`, other members `Extra`, a request body `Body`, a response `Response` and its status. The names here are
//! wishes: [`super::finish`] settles them when a component or another place has the same.

use super::canonical::{Kind, Source};
use super::document::Document;
use super::names::{self, Style, distinct, joined, pascal, type_name};
use super::shorter;
use crate::references::{References, escape_token};
use crate::spec::{Node, Spec, Value};
use std::collections::{BTreeMap, BTreeSet};

/// HTTP methods of a path item, in the order of the specification.
pub(super) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Names of components and operations.
pub(super) struct Places<'a> {
    /// Type names by pointer of a component schema.
    pub(super) components: BTreeMap<String, String>,
    /// Method names by pointer of an operation, and the stem of its types.
    pub(super) operations: BTreeMap<String, OperationName<'a>>,
    /// Stems of operations by the pointer where they really stand: path items may be references.
    stems: BTreeMap<String, String>,
    /// What references in any file lead to outside the spec's own.
    targets: BTreeSet<String>,
}

/// What an operation is called.
pub(super) struct OperationName<'a> {
    pub(super) node: &'a Node,
    /// Path template.
    pub(super) path: &'a str,
    /// Method in lower case.
    pub(super) method: &'a str,
    /// Method of the client.
    pub(super) name: String,
    /// Stem of the operation's types.
    pub(super) stem: String,
    /// Whether it is named after method and path, for want of an id of its own.
    pub(super) by_place: bool,
    /// Whether the name that its id would make is taken.
    pub(super) renamed: bool,
}

impl<'a> Places<'a> {
    pub(super) fn new(spec: &'a Spec, references: &References<'a>) -> Self {
        let operations = operations(spec, references);
        let mut stems: BTreeMap<String, String> = BTreeMap::new();
        for operation in operations.values() {
            let stem = stems.entry(references.pointer_of(operation.node)).or_insert_with(|| operation.stem.clone());
            // Of several that share one path item, the alphabet decides.
            if operation.stem < *stem {
                stem.clone_from(&operation.stem);
            }
        }
        Self { components: components(spec), operations, stems, targets: targets(spec, references) }
    }
}

/// Pointers of what references lead to in other files: there a key or a file's name is all that names a schema.
fn targets<'a>(spec: &'a Spec, references: &References<'a>) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    let mut open: Vec<&Node> = if spec.others.is_empty() { Vec::new() } else { spec.roots().collect() };
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for (key, member) in node.members() {
            open.push(member);
            let target = (key.text == "$ref").then(|| references.target(member).ok()).flatten();
            targets.extend(target.filter(|target| target.at.file != 0).map(|target| references.pointer_of(target)));
        }
    }
    targets
}

fn components(spec: &Spec) -> BTreeMap<String, String> {
    let schemas = spec.root.get("components").and_then(|components| components.get("schemas"));
    let keys: Vec<(String, String)> = schemas
        .into_iter()
        .flat_map(Node::members)
        .map(|(key, node)| {
            let chosen = node.get("x-rust-name").and_then(Node::text);
            (key.text.clone(), type_name(chosen.unwrap_or(&key.text)))
        })
        .collect();
    let names = distinct(&keys, &BTreeSet::new(), Style::Pascal("Model"));
    let pointer = |key: &str| format!("/components/schemas/{}", escape_token(key));
    keys.iter().zip(names).map(|((key, _), name)| (pointer(key), name)).collect()
}

fn operations<'a>(spec: &'a Spec, references: &References<'a>) -> BTreeMap<String, OperationName<'a>> {
    let mut found: Vec<(&'a str, &'a str, &'a Node)> = Vec::new();
    for (path, item) in spec.root.get("paths").into_iter().flat_map(Node::members) {
        let Ok(item) = references.resolve(item) else { continue };
        for (method, node) in item.node.members() {
            // What is no map is no operation; the rules on shape say so.
            if METHODS.contains(&method.text.as_str()) && matches!(node.value, Value::Map(_)) {
                found.push((&path.text, &method.text, node));
            }
        }
    }
    let chosen = |node: &'a Node| node.get("x-rust-name").and_then(Node::text);
    let own = |node: &'a Node| names::method_name(chosen(node).unwrap_or(operation_id(node).unwrap_or_default()));
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (_, _, node) in &found {
        *uses.entry(own(node)).or_default() += 1;
    }
    // Of several that would be called the same, none is, so that a new one never takes an old one's name.
    let by_place = |node: &'a Node| match (chosen(node), operation_id(node)) {
        (Some(_), _) => false,
        (None, id) => id.is_none_or(str::is_empty) || uses[&own(node)] > 1,
    };
    let ids = found.iter().filter(|(_, _, node)| !by_place(node)).filter_map(|(_, _, node)| operation_id(node));
    let shorter = shorter::methods(&ids.collect::<Vec<_>>());
    let wishes: Vec<(String, String)> = found
        .iter()
        .map(|(path, method, node)| {
            let text = match operation_id(node) {
                Some(id) if !by_place(node) => id.to_owned(),
                _ => place_text(path, method),
            };
            let short = shorter.get(&text).filter(|_| chosen(node).is_none());
            let name = names::method_name(chosen(node).or(short.map(String::as_str)).unwrap_or(&text));
            (text, name)
        })
        .collect();
    let taken = CLIENT_METHODS.iter().map(|name| (*name).to_owned()).collect();
    let names = distinct(&wishes, &taken, Style::Snake("operation"));
    let stem = |name: &str| {
        let stem = pascal(name);
        if stem.starts_with(|c: char| c.is_ascii_digit()) { format!("N{stem}") } else { stem }
    };
    let mut named = BTreeMap::new();
    for (((path, method, node), (_, wish)), name) in found.into_iter().zip(wishes).zip(names) {
        // A path item may stand behind a reference that two paths share, so the place is the path's own.
        let pointer = format!("/paths/{}/{method}", escape_token(path));
        let (stem, renamed, by_place) = (stem(&name), wish != name, by_place(node));
        named.insert(pointer, OperationName { node, path, method, name, stem, by_place, renamed });
    }
    named
}

fn operation_id(node: &Node) -> Option<&str> {
    node.get("operationId").and_then(Node::text)
}

/// `get /users/{id}` as words: `get_users_by_id`.
fn place_text(path: &str, method: &str) -> String {
    let mut text = method.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        text.push('_');
        text.push_str(&segment.replace('{', "_by_").replace('}', "_"));
    }
    // The same name, but another text: of `/users` and `/users/` the first keeps it, in whatever order they stand.
    if path.len() > 1 && path.ends_with('/') {
        text.push('_');
    }
    text
}

/// What the client itself is made of, and what every type has.
pub(super) const CLIENT_METHODS: [&str; 28] = [
    "as_ref",
    "backend",
    "base_url",
    "borrow",
    "borrow_mut",
    "builder",
    "clone",
    "clone_from",
    "clone_into",
    "core",
    "default",
    "drop",
    "eq",
    "fmt",
    "from",
    "from_core",
    "from_env",
    "into",
    "new",
    "operations",
    "refresh_credentials",
    "request",
    "set_credentials",
    "to_owned",
    "try_from",
    "try_into",
    "type_id",
    "user",
];

impl<'a> Document<'a> {
    /// The name that a type gets which stands at this pointer.
    pub(super) fn name_at(&self, pointer: &str) -> String {
        let (file, pointer) = match pointer.split_once('#') {
            Some((file, rest)) if !pointer.starts_with('/') => (file, rest),
            _ => ("", pointer),
        };
        let other = self.spec.others.iter().find(|other| other.name == file);
        let mut walk = Walk {
            document: self,
            node: other.map_or(&self.spec.root, |other| &other.root),
            pointer: other.map_or_else(String::new, |other| format!("{}#", other.name)),
        };
        let tokens: Vec<String> =
            pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
        let mut rest = tokens.as_slice();
        let stem = match other {
            Some(other) => walk.stem_elsewhere(&other.name, &mut rest),
            None => walk.stem(&mut rest),
        };
        walk.schema(stem, rest)
    }
}

/// A way through the document, token by token.
struct Walk<'d, 'a> {
    document: &'d Document<'a>,
    node: &'a Node,
    pointer: String,
}

impl<'a> Walk<'_, 'a> {
    fn step(&mut self, token: &str) {
        self.pointer.push('/');
        self.pointer.push_str(&escape_token(token));
        let next = match token.parse::<usize>() {
            Ok(index) if !self.node.items().is_empty() => self.node.items().get(index),
            _ => self.node.get(token),
        };
        self.node = next.unwrap_or(self.node);
    }

    fn steps(&mut self, rest: &mut &[String], count: usize) {
        for token in rest.iter().take(count) {
            self.step(token);
        }
        *rest = &rest[count.min(rest.len())..];
    }

    /// The name of what stands outside schemas, up to the first schema.
    fn stem(&mut self, rest: &mut &[String]) -> String {
        let [first, second, third, ..] = rest else { return "Document".to_owned() };
        match (first.as_str(), second.as_str()) {
            ("components", "schemas") => {
                let key = third.clone();
                self.steps(rest, 3);
                let name = self.document.places.components.get(&self.pointer);
                name.cloned().unwrap_or_else(|| type_name(&key))
            }
            // Definitions of the whole document are as good as components.
            ("$defs" | "definitions", key) => {
                let name = type_name(key);
                self.steps(rest, 2);
                name
            }
            ("components", kind) => {
                let suffix = match kind {
                    "responses" => "Response",
                    "requestBodies" => "Body",
                    "parameters" => "Parameter",
                    _ => "",
                };
                let name = type_name(third);
                let name = if name.ends_with(suffix) { name } else { joined(&name, suffix) };
                self.steps(rest, 3);
                self.media(name, rest)
            }
            // `/x-webhooks/<name>/post/requestBody` holds the event.
            ("x-webhooks", webhook) => {
                let own = type_name(webhook);
                let name = if own.ends_with("Event") { own } else { type_name(&format!("{webhook} event")) };
                self.steps(rest, 4);
                self.media(name, rest)
            }
            ("paths", path) if third == "parameters" => {
                let stem = pascal(&place_text(path, ""));
                self.steps(rest, 3);
                self.parameter(&stem, rest)
            }
            (first, second) => {
                let mut pointer = String::new();
                for (count, token) in rest.iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&escape_token(token));
                    if let Some(stem) = self.document.places.stems.get(&pointer) {
                        self.steps(rest, count + 1);
                        return self.operation(stem.clone(), rest);
                    }
                }
                let name = joined(&type_name(first), second);
                self.steps(rest, 2);
                name
            }
        }
    }

    /// The name of what stands in another file: of the operation or the target of a reference that is around it.
    fn stem_elsewhere(&mut self, file: &str, rest: &mut &[String]) -> String {
        let places = &self.document.places;
        let mut pointer = self.pointer.clone();
        let mut target = None;
        for count in 0..=rest.len() {
            if let Some(stem) = places.stems.get(&pointer) {
                self.steps(rest, count);
                return self.operation(stem.clone(), rest);
            }
            if target.is_none() && places.targets.contains(&pointer) {
                target = Some(count);
            }
            if let Some(token) = rest.get(count) {
                pointer.push('/');
                pointer.push_str(&escape_token(token));
            }
        }
        let count = target.unwrap_or(rest.len());
        let stem = file.rsplit('/').next().unwrap_or_default();
        let stem = stem.split_once('.').map_or(stem, |(stem, _)| stem);
        let key = count.checked_sub(1).map_or(stem, |last| &rest[last]).to_owned();
        self.steps(rest, count);
        let chosen = self.node.get("x-rust-name").and_then(Node::text);
        self.media(type_name(chosen.unwrap_or(&key)), rest)
    }

    fn operation(&mut self, stem: String, rest: &mut &[String]) -> String {
        match *rest {
            [kind, ..] if kind == "parameters" => {
                self.steps(rest, 1);
                self.parameter(&stem, rest)
            }
            [kind, ..] if kind == "requestBody" => {
                self.steps(rest, 1);
                self.media(joined(&stem, "Body"), rest)
            }
            [kind, status, ..] if kind == "responses" => {
                let name = match self.is_only_success(status) {
                    true => joined(&stem, "Response"),
                    false => joined(&stem, &format!("Response_{status}")),
                };
                self.steps(rest, 2);
                self.media(name, rest)
            }
            _ => stem,
        }
    }

    fn is_only_success(&self, status: &str) -> bool {
        let is_success = |status: &str| status.starts_with('2');
        let responses = self.node.get("responses").into_iter().flat_map(Node::members);
        is_success(status) && responses.filter(|(key, _)| is_success(&key.text)).count() == 1
    }

    fn parameter(&mut self, stem: &str, rest: &mut &[String]) -> String {
        self.steps(rest, 1);
        let name = self.node.get("name").and_then(Node::text).unwrap_or_default();
        let name = joined(stem, name);
        self.media(name, rest)
    }

    /// Past `content` and its media type, `x-failure`, `schema`.
    fn media(&mut self, mut name: String, rest: &mut &[String]) -> String {
        loop {
            match *rest {
                [kind, _, ..] if kind == "content" => self.steps(rest, 2),
                [kind, ..] if kind == "x-failure" => {
                    name = joined(&name, "Failure");
                    self.steps(rest, 1);
                }
                [kind, ..] if kind == "schema" => {
                    self.steps(rest, 1);
                    return name;
                }
                [kind, key, ..] if kind == "headers" => {
                    name = joined(&name, key);
                    self.steps(rest, 2);
                }
                _ => return name,
            }
        }
    }

    /// The name of what stands inside a schema.
    fn schema(&mut self, mut name: String, mut rest: &[String]) -> String {
        while let Some(keyword) = rest.first() {
            let owner = self.node;
            match (keyword.as_str(), rest.get(1)) {
                ("properties", Some(_)) => {
                    let key = rest[1].clone();
                    self.steps(&mut rest, 2);
                    let chosen = self.node.get("x-rust-name").and_then(Node::text);
                    name = joined(&name, chosen.unwrap_or(&key));
                }
                ("items", _) => {
                    self.steps(&mut rest, 1);
                    name = self.chosen(joined(&name, "Item"));
                }
                ("additionalProperties", _) => {
                    let part = if owner.get("properties").is_some() { "Extra" } else { "Value" };
                    self.steps(&mut rest, 1);
                    name = self.chosen(joined(&name, part));
                }
                ("patternProperties" | "unevaluatedProperties", _) => {
                    let part = if owner.get("properties").is_some() { "Extra" } else { "Value" };
                    self.steps(&mut rest, if keyword == "patternProperties" { 2 } else { 1 });
                    name = self.chosen(joined(&name, part));
                }
                ("prefixItems", place) => {
                    let part = place.map_or_else(|| "Item".to_owned(), |place| format!("Item_{place}"));
                    self.steps(&mut rest, 2);
                    name = self.chosen(joined(&name, &part));
                }
                ("$defs" | "definitions", Some(key)) => {
                    let part = key.clone();
                    self.steps(&mut rest, 2);
                    name = self.chosen(joined(&name, &part));
                }
                // What holds sometimes adds members to what stands around it.
                ("if" | "then" | "else", _) => self.steps(&mut rest, 1),
                ("dependentSchemas" | "dependencies", _) => self.steps(&mut rest, 2),
                ("allOf", Some(_)) => self.steps(&mut rest, 2),
                ("oneOf" | "anyOf", Some(_)) => {
                    let union = self.pointer.clone();
                    self.steps(&mut rest, 2);
                    name = self.chosen(self.branch(owner, &union, name));
                }
                _ => {
                    let part = keyword.clone();
                    self.steps(&mut rest, 1);
                    name = joined(&name, &part);
                }
            }
        }
        name
    }

    fn chosen(&self, name: String) -> String {
        self.node.get("x-rust-name").and_then(Node::text).map_or(name, type_name)
    }

    /// The name of the branch at this walk's node, of the union at `owner`.
    fn branch(&self, owner: &'a Node, union: &str, name: String) -> String {
        let source = Source::of(self.document, owner);
        let Kind::Union(shape) = &self.document.canonical(&source).kind else { return name };
        let Some(index) = shape.branches.iter().position(|branch| branch.has(self.node)) else { return name };
        let names = self.document.branch_names(union, &name, shape);
        // A choice that is one type in the end has branches without names.
        names.get(index).filter(|label| !label.is_empty()).map_or_else(|| name.clone(), |label| joined(&name, label))
    }
}
