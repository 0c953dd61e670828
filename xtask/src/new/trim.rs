//! A published document cut down to chosen operations with everything that they need.
//!
//! Kept are the operations with one of the tags and those that are named, their paths' own members, the components
//! that can be reached from them, the security schemes that they ask for, and the tags that they carry. The order is
//! the document's.

use anyhow::{Result, bail};
use countersign_codegen::spec::{Node, Spec, Value as Written};
use std::collections::BTreeSet;
use yaml_serde::{Mapping, Value};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document with the chosen operations; all of it where nothing is chosen.
///
/// # Errors
/// Tags and operations that are not there.
pub(super) fn trimmed(spec: &Spec, tags: &[String], operations: &[String]) -> Result<Value> {
    let everything = tags.is_empty() && operations.is_empty();
    if everything {
        return Ok(value(&spec.root));
    }
    let chosen = Chosen { tags, operations };
    let paths = chosen.paths(spec)?;
    let (components, schemes) = reached(spec, &paths)?;
    let used = used_tags(&paths);
    let mut document = Mapping::new();
    for (key, node) in spec.root.members() {
        let kept = match key.text.as_str() {
            "paths" => Value::Mapping(paths.iter().map(|(path, item)| (text(path), item.value())).collect()),
            "components" => parts(node, &components, &schemes),
            "tags" => {
                let used = |tag: &&Node| tag.get("name").and_then(Node::text).is_some_and(|tag| used.contains(tag));
                Value::Sequence(node.items().iter().filter(used).map(value).collect())
            }
            "webhooks" | "x-webhooks" => continue,
            _ => value(node),
        };
        document.insert(text(&key.text), kept);
    }
    Ok(Value::Mapping(document))
}

/// What is asked for.
struct Chosen<'c> {
    tags: &'c [String],
    operations: &'c [String],
}

/// A path with the members that stay.
struct Item<'s> {
    members: Vec<(&'s str, &'s Node)>,
}

impl<'s> Item<'s> {
    fn value(&self) -> Value {
        Value::Mapping(self.members.iter().map(|(key, node)| (text(key), value(node))).collect())
    }

    fn operations(&self) -> impl Iterator<Item = &'s Node> {
        self.members.iter().filter(|(key, _)| METHODS.contains(key)).map(|(_, node)| *node)
    }
}

impl Chosen<'_> {
    fn paths<'s>(&self, spec: &'s Spec) -> Result<Vec<(&'s str, Item<'s>)>> {
        let mut paths = Vec::new();
        let mut found = BTreeSet::new();
        let mut known = BTreeSet::new();
        for (path, item) in spec.root.get("paths").into_iter().flat_map(Node::members) {
            let mut members = Vec::new();
            let mut any = false;
            for (key, node) in item.members() {
                if METHODS.contains(&key.text.as_str()) {
                    if !self.asks_for(&path.text, &key.text, node, &mut found, &mut known) {
                        continue;
                    }
                    any = true;
                }
                members.push((key.text.as_str(), node));
            }
            if any {
                paths.push((path.text.as_str(), Item { members }));
            }
        }
        let missing: Vec<&str> =
            self.tags.iter().chain(self.operations).map(String::as_str).filter(|name| !found.contains(name)).collect();
        if !missing.is_empty() {
            let known: Vec<&str> = known.into_iter().take(40).collect();
            bail!("no operation has the tag or id `{}`; there are: {}", missing.join("`, `"), known.join(", "));
        }
        Ok(paths)
    }

    /// Whether an operation stays; notes what asked for it, and what could have.
    fn asks_for<'n>(
        &'n self,
        path: &str,
        method: &str,
        operation: &'n Node,
        found: &mut BTreeSet<&'n str>,
        known: &mut BTreeSet<&'n str>,
    ) -> bool {
        let own: Vec<&str> = operation.get("tags").into_iter().flat_map(Node::items).filter_map(Node::text).collect();
        let id = operation.get("operationId").and_then(Node::text);
        known.extend(own.iter().copied().chain(id));
        let route = format!("{} {path}", method.to_uppercase());
        let by_tag = self.tags.iter().filter(|tag| own.contains(&tag.as_str()));
        let by_id = self.operations.iter().filter(|name| id == Some(name.as_str()) || **name == route);
        let before = found.len();
        let asked: Vec<&str> = by_tag.chain(by_id).map(String::as_str).collect();
        found.extend(asked.iter().copied());
        !asked.is_empty() || found.len() > before
    }
}

/// Components by kind and name, and the names of security schemes.
type Reached<'s> = (BTreeSet<(&'s str, &'s str)>, BTreeSet<&'s str>);

/// What can be reached from paths, from the document's security, and from the other files.
fn reached<'s>(spec: &'s Spec, paths: &[(&'s str, Item<'s>)]) -> Result<Reached<'s>> {
    let components = spec.root.get("components");
    let mut waiting: Vec<&'s Node> = spec.others.iter().map(|other| &other.root).collect();
    waiting.extend(paths.iter().flat_map(|(_, item)| item.members.iter().map(|(_, node)| *node)));
    let mut kept = BTreeSet::new();
    let mut schemes = BTreeSet::new();
    let operations = paths.iter().flat_map(|(_, item)| item.operations());
    let requirements = operations.filter_map(|operation| operation.get("security")).chain(spec.root.get("security"));
    for requirement in requirements.flat_map(Node::items) {
        schemes.extend(requirement.members().map(|(key, _)| key.text.as_str()));
    }
    while let Some(node) = waiting.pop() {
        waiting.extend(node.items());
        for (key, member) in node.members() {
            waiting.push(member);
            let references: Vec<&str> = match key.text.as_str() {
                "$ref" => member.text().into_iter().collect(),
                "mapping" => member.members().filter_map(|(_, target)| target.text()).collect(),
                _ => continue,
            };
            for reference in references {
                let pointer = reference.split_once('#').map(|(_, pointer)| pointer).unwrap_or_default();
                let bare = key.text == "mapping" && !reference.contains('#') && !reference.contains('.');
                let (kind, name) = match pointer.strip_prefix("/components/").and_then(|rest| rest.split_once('/')) {
                    Some((kind, rest)) => (kind, unescaped(rest.split('/').next().unwrap_or_default())),
                    None if bare => ("schemas", reference.to_owned()),
                    None if pointer.starts_with("/paths/") => {
                        bail!("`{reference}` leads into a path; choose its operation, too, or take the whole document")
                    }
                    None => continue,
                };
                let section = components.and_then(|components| components.entry(kind));
                let Some((kind, section)) = section else { continue };
                let Some((name, part)) = section.entry(&name) else { continue };
                if kept.insert((kind.text.as_str(), name.text.as_str())) {
                    waiting.push(part);
                }
            }
        }
    }
    Ok((kept, schemes))
}

fn parts(components: &Node, kept: &BTreeSet<(&str, &str)>, schemes: &BTreeSet<&str>) -> Value {
    let mut sections = Mapping::new();
    for (kind, section) in components.members() {
        // Extensions of ours and others stay as they are.
        if kind.text.starts_with("x-") {
            sections.insert(text(&kind.text), value(section));
            continue;
        }
        let stays = |name: &str| match kind.text.as_str() {
            "securitySchemes" => schemes.contains(name),
            kind => kept.contains(&(kind, name)),
        };
        let members = section.members().filter(|(name, _)| stays(&name.text));
        let members: Mapping = members.map(|(name, part)| (text(&name.text), value(part))).collect();
        if !members.is_empty() {
            sections.insert(text(&kind.text), Value::Mapping(members));
        }
    }
    Value::Mapping(sections)
}

fn used_tags<'s>(paths: &'s [(&str, Item<'s>)]) -> BTreeSet<&'s str> {
    let operations = paths.iter().flat_map(|(_, item)| item.operations());
    operations.filter_map(|operation| operation.get("tags")).flat_map(Node::items).filter_map(Node::text).collect()
}

/// A reference token of a JSON Pointer in a URI fragment, as the name that it stands for.
fn unescaped(token: &str) -> String {
    let decoded = percent_decoded(token);
    decoded.replace("~1", "/").replace("~0", "~")
}

fn percent_decoded(token: &str) -> String {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A node as a value that can be written as YAML.
pub(super) fn value(node: &Node) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Bool(flag) => Value::Bool(*flag),
        // A number that YAML's reader does not take stays text.
        Written::Number(digits) => match yaml_serde::from_str(digits) {
            Ok(number @ Value::Number(_)) => number,
            _ => text(digits),
        },
        Written::Text(content) => text(content),
        Written::List(items) => Value::Sequence(items.iter().map(value).collect()),
        Written::Map(members) => {
            Value::Mapping(members.iter().map(|(key, member)| (text(&key.text), value(member))).collect())
        }
    }
}
