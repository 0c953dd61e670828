//! One document of the two, in the form that is compared: nodes with identity, references followed on demand.
//!
//! A [`Source`] is what a schema is made of: mostly one node, several where `allOf` joins what it says of one member.
//! Sources are numbered, so that a pair of them is compared once, however often it is reached. Nothing is expanded:
//! a schema is read when it is first compared ([`super::schema`]), and its members are numbers again.
//!
//! The generator has a form of its own ([`crate::normalize`]), which forgets what no type needs: limits, defaults,
//! `readOnly` on requests, the difference between a loosened and an exact schema. A review needs all of it, so both
//! stand on the same reader and the same [`References`], and each keeps what it is about.

use super::report::Place;
use super::schema::{self, Schema};
use crate::addresses::AddressMap;
use crate::finding::shortened;
use crate::references::{References, Way};
use crate::spec::{Node, Spec, Value};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The number of a source of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Source(pub(super) u32);

/// One of the two documents.
pub(super) struct Side<'a> {
    pub(super) spec: &'a Spec,
    pub(super) references: References<'a>,
    /// OpenAPI 3.1 or newer: members beside a `$ref` count.
    pub(super) modern: bool,
    /// Sources of one node, which most are.
    single: AddressMap<*const Node, Source>,
    ids: HashMap<Vec<*const Node>, Source>,
    /// Whether there would have been more of them than are looked at.
    pub(super) overflown: bool,
    nodes: Vec<Rc<[&'a Node]>>,
    schemas: Vec<Option<Rc<Schema<'a>>>>,
    /// Components that have another schema in `allOf`, by that schema.
    children: OnceCell<AddressMap<*const Node, Vec<(&'a str, &'a Node)>>>,
}

/// The most ways in which schemas are joined: a document of twenty schemas can ask for a million.
const MOST_JOINED: usize = 10_000;

impl<'a> Side<'a> {
    pub(super) fn new(spec: &'a Spec) -> Self {
        let version = spec.root.get("openapi").and_then(Node::text).unwrap_or_default();
        Side {
            spec,
            references: References::new(spec),
            modern: !version.starts_with("3.0"),
            single: AddressMap::default(),
            ids: HashMap::new(),
            overflown: false,
            nodes: Vec::new(),
            schemas: Vec::new(),
            children: OnceCell::new(),
        }
    }

    pub(super) fn root(&self) -> &'a Node {
        &self.spec.root
    }

    /// The number of a schema that one node makes; references are followed first, so that who refers does not count.
    pub(super) fn source_of(&mut self, node: &'a Node) -> Source {
        let node = self.without_bare_reference(node);
        if let Some(source) = self.single.get(&std::ptr::from_ref(node)) {
            return *source;
        }
        let source = self.number([node].into());
        self.single.insert(node, source);
        source
    }

    fn number(&mut self, nodes: Rc<[&'a Node]>) -> Source {
        let source = Source(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(nodes);
        self.schemas.push(None);
        source
    }

    /// The number of a schema that several nodes make together.
    pub(super) fn source(&mut self, nodes: &[&'a Node]) -> Source {
        let mut resolved: Vec<&'a Node> = Vec::new();
        for node in nodes {
            let node = self.without_bare_reference(node);
            if !resolved.iter().any(|known| std::ptr::eq(*known, node)) {
                resolved.push(node);
            }
        }
        if let [one] = resolved.as_slice() {
            return self.source_of(one);
        }
        let key: Vec<*const Node> = resolved.iter().map(|node| std::ptr::from_ref(*node)).collect();
        if let Some(source) = self.ids.get(&key) {
            return *source;
        }
        if self.ids.len() == MOST_JOINED {
            self.overflown = true;
            return self.source_of(resolved[0]);
        }
        let source = self.number(resolved.into());
        self.ids.insert(key, source);
        source
    }

    /// A schema with one of its branches in the place of the choice that the branch stands in.
    pub(super) fn with_branch(&mut self, source: Source, branch: Source, choice: &'a Node) -> Source {
        let mut nodes = self.nodes(branch).to_vec();
        for node in self.nodes(source).iter() {
            if !nodes.iter().any(|known| std::ptr::eq(*known, *node)) {
                nodes.push(node);
            }
        }
        let mut key: Vec<*const Node> = nodes.iter().map(|node| std::ptr::from_ref(*node)).collect();
        // The choice is no schema, so no other source has it among its nodes.
        key.push(choice);
        if let Some(known) = self.ids.get(&key) {
            return *known;
        }
        if self.ids.len() == MOST_JOINED {
            self.overflown = true;
            return branch;
        }
        let mut schema = schema::read(self, &nodes);
        schema.branches.retain(|branches| !std::ptr::eq(branches.node, choice));
        if schema.branches.is_empty() {
            schema.discriminator = None;
        }
        let joined = self.number(nodes.into());
        self.schemas[joined.0 as usize] = Some(Rc::new(schema));
        self.ids.insert(key, joined);
        joined
    }

    /// What a reference without members of weight leads to; a node that is none is itself.
    fn without_bare_reference(&self, node: &'a Node) -> &'a Node {
        let mut at = node;
        // As many steps as a sane document never has; a circle ends here too, and the last node stands.
        for _ in 0..64 {
            let Some(reference) = at.get("$ref") else { return at };
            if self.modern && at.members().any(|(key, _)| key.text != "$ref" && !schema::is_text(&key.text)) {
                return at;
            }
            match self.references.target(reference) {
                Ok(target) => at = target,
                Err(_) => return at,
            }
        }
        at
    }

    /// What may stand where a schema with a discriminator is asked for: the components that the mapping names, and
    /// those that have the schema in `allOf`, by their names.
    ///
    /// None where the schema is a choice: its branches say it then.
    pub(super) fn children(&self, node: &'a Node) -> BTreeMap<&'a str, &'a Node> {
        let mut children = BTreeMap::new();
        if ["oneOf", "anyOf"].iter().any(|choice| node.get(choice).is_some()) {
            return children;
        }
        let components = self.spec.root.at_pointer("/components/schemas");
        let targets =
            node.get("discriminator").and_then(|told| told.get("mapping")).into_iter().flat_map(Node::members);
        for target in targets.filter_map(|(_, target)| target.text()) {
            let name = target.rsplit('/').next().unwrap_or(target);
            if let Some(entry) = components.and_then(|map| map.entry(name)) {
                children.insert(entry.0.text.as_str(), entry.1);
            }
        }
        let known = self.children.get_or_init(|| self.by_parent(components));
        children.extend(known.get(&std::ptr::from_ref(node)).into_iter().flatten().copied());
        children
    }

    fn by_parent(&self, components: Option<&'a Node>) -> AddressMap<*const Node, Vec<(&'a str, &'a Node)>> {
        let mut known: AddressMap<*const Node, Vec<(&'a str, &'a Node)>> = AddressMap::default();
        for (name, node) in components.into_iter().flat_map(Node::members) {
            for parent in node.get("allOf").map(Node::items).unwrap_or_default() {
                if let Some(parent) = parent.get("$ref").and_then(|reference| self.references.target(reference).ok()) {
                    known.entry(parent).or_default().push((name.text.as_str(), node));
                }
            }
        }
        known
    }

    /// The nodes of a source.
    pub(super) fn nodes(&self, source: Source) -> Rc<[&'a Node]> {
        Rc::clone(&self.nodes[source.0 as usize])
    }

    /// The schema that a source makes, read once.
    pub(super) fn schema(&mut self, source: Source) -> Rc<Schema<'a>> {
        let index = source.0 as usize;
        if let Some(known) = &self.schemas[index] {
            return Rc::clone(known);
        }
        let nodes = self.nodes(source);
        let schema = Rc::new(schema::read(self, &nodes));
        self.schemas[index] = Some(Rc::clone(&schema));
        schema
    }

    /// What stands behind a reference, if anything does.
    pub(super) fn resolve(&self, node: &'a Node) -> Option<&'a Node> {
        self.references.behind(node).ok()
    }

    /// The member of a map, references followed on both.
    pub(super) fn member(&self, node: &'a Node, key: &str) -> Option<&'a Node> {
        self.resolve(node)?.get(key).and_then(|member| self.resolve(member))
    }

    /// The name of the component that a node is: of `/components/schemas/Order` that is `Order`.
    pub(super) fn component_of(&self, node: &Node) -> Option<&'a str> {
        let components = self.spec.root.get("components")?;
        let key = self.references.key_of(node)?;
        let stands = |map: &'a Node| map.get(key).is_some_and(|member| std::ptr::eq(member, node));
        components.members().any(|(_, map)| stands(map)).then_some(key)
    }

    /// Where a node stands, and what stands there if it is short.
    pub(super) fn place(&self, node: &Node, way: &Way<'_>) -> Place {
        let scalar = match &node.value {
            Value::Map(_) | Value::List(_) => None,
            Value::Null => Some("null".to_owned()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(text) | Value::Text(text) => Some(shortened(text, 80)),
        };
        let at = if scalar.is_some() { node.at } else { way.key_at() };
        Place { file: self.spec.file_of(at).to_owned(), at, pointer: way.pointer(), value: scalar }
    }
}
