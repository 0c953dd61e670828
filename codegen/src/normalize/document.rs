//! The document as the lowerings read it: references, findings so far, names by place, schemas in one form.
//!
//! Reading is lazy and remembered. Nothing here makes types; see [`super::schemas`].

use super::atoms::MOST_STEPS;
use super::canonical::{Canonical, Id, only_reference};
use super::inside::Remembered;
use super::names::{field_name, type_name};
use super::places::Places;
use super::rules::{self, Rule};
use crate::finding::{Finding, shortened};
use crate::references::References;
use crate::spec::{Dialect, Node, Spec, Value};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// A document and what has been learned of it.
pub(super) struct Document<'a> {
    pub(super) spec: &'a Spec,
    pub(super) references: &'a References<'a>,
    pub(super) places: Places<'a>,
    findings: RefCell<BTreeSet<Finding>>,
    pub(super) canonical: RefCell<HashMap<Id, Rc<Canonical<'a>>>>,
    pointers: RefCell<HashMap<*const Node, String>>,
    pub(super) branch_names: RefCell<BTreeMap<String, Rc<Vec<String>>>>,
    /// Component schemas by the schema that they have in `allOf`.
    children: OnceCell<HashMap<*const Node, Vec<&'a Node>>>,
    /// Schemas whose keywords have been looked at.
    pub(super) checked: RefCell<HashSet<*const Node>>,
    /// Bytes of the keys of all schemas that members of several schemas have been joined to.
    joined: Cell<usize>,
    pub(super) remembered: RefCell<Remembered>,
}

impl<'a> Document<'a> {
    pub(super) fn new(spec: &'a Spec, references: &'a References<'a>) -> Self {
        Self {
            spec,
            references,
            places: Places::new(spec, references),
            findings: RefCell::default(),
            canonical: RefCell::default(),
            pointers: RefCell::default(),
            branch_names: RefCell::default(),
            children: OnceCell::new(),
            checked: RefCell::default(),
            joined: Cell::new(0),
            remembered: RefCell::default(),
        }
    }

    /// Whether this is a document that can be read at all; a finding if not.
    pub(super) fn is_supported(&self) -> bool {
        let root = &self.spec.root;
        let Some(version) = root.get("openapi") else {
            let help = "begin the document with `openapi: 3.0.3`";
            self.report(rules::MISSING_KEY, root, "this is not an OpenAPI 3 document: `openapi` is missing", help);
            return false;
        };
        let text = match &version.value {
            Value::Text(text) | Value::Number(text) => text.as_str(),
            _ => "",
        };
        let known = Dialect::of(text).is_some();
        if !known {
            let message = format!("OpenAPI version `{}` is not supported", shortened(text, 20));
            self.report(rules::UNSUPPORTED_VERSION, version, &message, "write the document in OpenAPI 3.0.x or 3.1.x");
        }
        known
    }

    /// Reports each `x-rust-name` that is not one.
    pub(super) fn check_chosen_names(&self) {
        let mut open = vec![&self.spec.root];
        while let Some(node) = open.pop() {
            open.extend(node.items());
            for (key, member) in node.members() {
                open.push(member);
                if key.text != "x-rust-name" {
                    continue;
                }
                let text = member.text().unwrap_or_default();
                if text.is_empty() || (type_name(text) != text && field_name(text) != text) {
                    let message = format!("`{}` can't be a name in Rust", text.escape_debug());
                    let help = format!("write it like `{}` or `{}`", type_name(text), field_name(text));
                    self.report(rules::RUST_NAME, member, &message, &help);
                }
            }
        }
    }

    /// The node behind a node's `$ref`, or itself; a finding and nothing if it leads nowhere.
    pub(super) fn resolve(&self, node: &'a Node) -> Option<&'a Node> {
        match self.references.resolve(node) {
            Ok(resolved) => Some(resolved.node),
            Err(finding) => {
                self.add([*finding]);
                None
            }
        }
    }

    /// The node that a `$ref`'s text names, not followed further; a finding and nothing if there is none.
    pub(super) fn target(&self, reference: &'a Node) -> Option<&'a Node> {
        match self.references.target(reference) {
            Ok(node) => Some(node),
            Err(finding) => {
                self.add([*finding]);
                None
            }
        }
    }

    pub(super) fn pointer(&self, node: &Node) -> String {
        let mut pointers = self.pointers.borrow_mut();
        pointers.entry(std::ptr::from_ref(node)).or_insert_with(|| self.references.pointer_of(node)).clone()
    }

    /// Reports what is wrong with a node; findings stand at its key.
    pub(super) fn report(&self, rule: Rule, node: &Node, message: &str, help: &str) {
        self.add([Finding {
            file: self.spec.file_of(node.at).to_owned(),
            at: self.references.key_at(node),
            level: rule.level,
            rule: rule.id,
            pointer: self.pointer(node),
            message: message.to_owned(),
            help: (!help.is_empty()).then(|| help.to_owned()),
        }]);
    }

    /// Component schemas that have `parent` in their `allOf`, directly or by another name, in the order of the
    /// document. What is only another name for a schema with a discriminator is none of its children.
    pub(super) fn children_of(&self, parent: &Node) -> &[&'a Node] {
        let children = self.children.get_or_init(|| {
            let mut children: HashMap<*const Node, Vec<&'a Node>> = HashMap::new();
            let schemas = self.spec.root.get("components").and_then(|components| components.get("schemas"));
            for (_, schema) in schemas.into_iter().flat_map(Node::members) {
                let is_same = self.same_as(schema).is_some_and(|same| same.get("discriminator").is_some());
                let members = schema.get("allOf").map(Node::items).unwrap_or_default();
                for member in members.iter().filter(|_| !is_same) {
                    let target = member.get("$ref").and_then(|reference| self.references.target(reference).ok());
                    let target = target.map(|target| self.same_as(target).unwrap_or(target));
                    children.entry(target.map_or(std::ptr::null(), std::ptr::from_ref)).or_default().push(schema);
                }
            }
            children
        });
        children.get(&std::ptr::from_ref(parent)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The schema that this one only gives another name: one reference, alone or in `allOf`, and nothing that counts.
    pub(super) fn same_as(&self, node: &'a Node) -> Option<&'a Node> {
        let mut found = node;
        for _ in 0..MOST_STEPS {
            match only_reference(self, found) {
                Some(target) if !std::ptr::eq(target, node) => found = target,
                _ => break,
            }
        }
        (!std::ptr::eq(found, node)).then_some(found)
    }

    /// The key of a schema that is joined from the members of several; none, and a finding, if there are too many.
    ///
    /// Twenty schemas whose members refer to each other can be joined in a million ways, each a type of its own.
    pub(super) fn joined_key(&self, members: &[&'a Node]) -> Option<String> {
        let mut key = String::new();
        for (index, member) in members.iter().enumerate() {
            key.push_str(if index == 0 { "" } else { "+" });
            key.push_str(&self.pointer(member));
        }
        let before = self.joined.get();
        if before > MOST_JOINED {
            return None;
        }
        self.joined.set(before.saturating_add(key.len()));
        if self.joined.get() <= MOST_JOINED {
            return Some(key);
        }
        // Said once: where it happens is where the schemas meet, not each place after it.
        let message = "schemas joined by `allOf` make more joined schemas than are followed: their members are joined, \
                       too, and the members of these";
        let help = "write the members of one schema out here, or let the schemas declare different members";
        if let Some(last) = members.last() {
            self.report(rules::TOO_MANY_JOINS, last, message, help);
        }
        None
    }

    /// Adds findings; the same one is kept once.
    pub(super) fn add(&self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.borrow_mut().extend(findings);
    }

    /// All findings, in the order of their places.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner().into_iter().collect()
    }
}

/// Bytes that the keys of joined schemas have together. Of 161 published documents one has an eighth of this, and
/// none of the others a fiftieth.
const MOST_JOINED: usize = 2 << 20;
