//! Where a `$ref` leads: JSON Pointers (RFC 6901) and anchors in the document's files.
//!
//! 1. [`References::new`] remembers the names that schemas of 3.1 give themselves.
//! 2. [`References::resolve`] follows a node's `$ref`, and that node's, until something else stands there.
//! 3. [`References::pointer_of`] gives the JSON Pointer of any node, for findings and names.
//!
//! A pointer may be percent-encoded, as URI fragments are (RFC 6901 section 6). Members beside a `$ref` are
//! not looked at; [`crate::lint`] and [`crate::normalize`] decide what they mean. Other files are those that
//! [`crate::load`] has read; nothing is read here. In 3.1, `#name` is an `$anchor` of the same file, and a whole
//! address is the schema with this `$id`.

use crate::addresses::AddressMap;
use crate::finding::{Finding, shortened};
use crate::lint::rules::{self, Rule};
use crate::location::{self, percent_decode};
use crate::spec::{Dialect, Mark, Node, Spec, Value};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

/// The nodes of a document by place, and where references lead.
#[derive(Debug)]
pub struct References<'a> {
    spec: &'a Spec,
    /// For nodes that their place does not lead to; made when the first of them is asked for.
    parents: OnceCell<AddressMap<*const Node, Parent<'a>>>,
    /// Members of the large maps that somebody asked for, so that many references into one map stay linear.
    members: RefCell<AddressMap<*const Node, HashMap<&'a str, &'a Node>>>,
    /// Where references end that somebody followed, so that a chain of them is walked once and not from each link.
    ends: RefCell<AddressMap<*const Node, End<'a>>>,
    /// Nodes with an `$anchor`, by file and name; none where two have the same.
    anchors: HashMap<(u16, &'a str), Option<&'a Node>>,
    /// Nodes with an `$id`; none where two have the same.
    ids: HashMap<&'a str, Option<&'a Node>>,
    with_id: AddressMap<*const Node, &'a Node>,
    files: HashMap<&'a str, &'a Node>,
}

/// What stands behind a reference, or the node itself where there is none.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// The node; not a reference itself.
    pub node: &'a Node,
    /// Its JSON Pointer from the root: `/components/schemas/Order`.
    pub pointer: String,
}

#[derive(Clone, Copy, Debug)]
struct Parent<'a> {
    node: &'a Node,
    token: Token<'a>,
    key_at: Mark,
}

/// Where a chain of references ends.
#[derive(Clone, Copy, Debug)]
enum End<'a> {
    /// At a node that is no reference.
    Node(&'a Node),
    /// At this `$ref`, which leads nowhere, or to where the chain has been.
    Reference(&'a Node, Broken),
}

/// Why a chain of references ends at one of them.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Nowhere,
    Circle,
}

#[derive(Clone, Copy, Debug)]
enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

/// What leads to a node, from the root of its file on.
pub(crate) struct Way<'a> {
    /// The file's name, if it is not the spec's own.
    file: Option<&'a str>,
    parents: Vec<Parent<'a>>,
    /// Where the node stands.
    at: Mark,
}

impl Way<'_> {
    /// See [`References::pointer_of`].
    pub(crate) fn pointer(&self) -> String {
        self.written(|_, index| index.to_string())
    }

    /// The same with items of lists by what they are called, so that it stays when they stand in another order.
    pub(crate) fn known_as(&self) -> String {
        self.written(|list, index| name_of_item(list.items(), index).unwrap_or_else(|| index.to_string()))
    }

    /// See [`References::key_at`].
    pub(crate) fn key_at(&self) -> Mark {
        self.parents.last().map_or(self.at, |parent| parent.key_at)
    }

    fn written(&self, item: impl Fn(&Node, usize) -> String) -> String {
        let mut pointer = String::with_capacity(128);
        if let Some(file) = self.file {
            pointer.push_str(file);
            pointer.push('#');
        }
        for parent in &self.parents {
            pointer.push('/');
            match parent.token {
                Token::Key(key) => push_token(&mut pointer, key),
                Token::Index(index) => pointer.push_str(&item(parent.node, index)),
            }
        }
        pointer
    }
}

/// Maps with more members than this are looked up by hash.
const LARGE_MAP: usize = 16;

impl<'a> References<'a> {
    /// The references of `spec`.
    pub fn new(spec: &'a Spec) -> Self {
        let mut references = References {
            spec,
            parents: OnceCell::new(),
            members: RefCell::default(),
            ends: RefCell::default(),
            anchors: HashMap::new(),
            ids: HashMap::new(),
            with_id: AddressMap::default(),
            files: spec.others.iter().map(|other| (other.name.as_str(), &other.root)).collect(),
        };
        if spec.dialect() == Dialect::V3_1 {
            // A list of its own instead of recursion: depth is limited by the reader, not by this stack.
            let mut open: Vec<&Node> = spec.roots().collect();
            while let Some(node) = open.pop() {
                references.names(node);
                open.extend(node.members().map(|(_, child)| child));
                open.extend(node.items());
            }
        }
        references
    }

    /// What each node stands in.
    fn parents(&self) -> &AddressMap<*const Node, Parent<'a>> {
        self.parents.get_or_init(|| {
            let mut parents = AddressMap::default();
            // About as many nodes as a document of this length has.
            parents.reserve(self.spec.text.len() / 24);
            let mut open: Vec<&'a Node> = self.spec.roots().collect();
            while let Some(node) = open.pop() {
                for (key, child) in node.members() {
                    parents.insert(child as *const Node, Parent { node, token: Token::Key(&key.text), key_at: key.at });
                    open.push(child);
                }
                for (index, child) in node.items().iter().enumerate() {
                    parents.insert(child, Parent { node, token: Token::Index(index), key_at: child.at });
                    open.push(child);
                }
            }
            parents
        })
    }

    /// Remembers the names that a schema of 3.1 gives itself.
    fn names(&mut self, node: &'a Node) {
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = node.get(key).and_then(Node::text) {
                let known = self.anchors.entry((node.at.file, name)).or_insert(Some(node));
                *known = known.filter(|known| std::ptr::eq(*known, node));
            }
        }
        if let Some(id) = node.get("$id").and_then(Node::text) {
            self.with_id.insert(node, node);
            let id = id.strip_suffix('#').unwrap_or(id);
            let known = self.ids.entry(id).or_insert(Some(node));
            *known = known.filter(|known| std::ptr::eq(*known, node));
        }
    }

    /// The document.
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// Follows the `$ref` of `node`, and on until something else stands there.
    ///
    /// A node without a `$ref` is returned as it is, with its own pointer.
    ///
    /// # Errors
    /// A finding when a reference leads nowhere (`dangling-ref`), to what is not read (`external-ref`), in a
    /// circle (`ref-cycle`), or is not text that a reference may be (`invalid-ref`).
    pub fn resolve(&self, node: &'a Node) -> Result<Resolved<'a>, Box<Finding>> {
        let node = self.behind(node)?;
        Ok(Resolved { node, pointer: self.pointer_of(node) })
    }

    /// The node that [`References::resolve`] finds, without its pointer.
    ///
    /// # Errors
    /// As [`References::resolve`].
    pub fn behind(&self, node: &'a Node) -> Result<&'a Node, Box<Finding>> {
        match self.end(node) {
            End::Node(node) => Ok(node),
            End::Reference(reference, Broken::Nowhere) => self.target(reference),
            End::Reference(reference, Broken::Circle) => {
                let message = "this reference leads back to itself";
                let help = "let one of the references of the circle be the thing itself";
                Err(Box::new(self.error(rules::REF_CYCLE, reference, message.to_owned(), help)))
            }
        }
    }

    /// Where the references from a node on end, remembered for each of them.
    fn end(&self, node: &'a Node) -> End<'a> {
        let mut way: Vec<(&'a Node, &'a Node)> = Vec::new();
        let mut places: AddressMap<*const Node, usize> = AddressMap::default();
        let mut known = self.ends.borrow_mut();
        let mut at = node;
        let end = loop {
            let Some((_, reference)) = at.entry("$ref") else { break End::Node(at) };
            if let Some(end) = known.get(&std::ptr::from_ref(at)) {
                break *end;
            }
            if let Some(first) = places.insert(at, way.len()) {
                // Each link of a circle leads back to itself; those before it lead to the first of them.
                for (link, reference) in way.drain(first..) {
                    known.insert(link, End::Reference(reference, Broken::Circle));
                }
                break End::Reference(reference, Broken::Circle);
            }
            way.push((at, reference));
            match self.target(reference) {
                Ok(target) => at = target,
                Err(_) => break End::Reference(reference, Broken::Nowhere),
            }
        };
        for (link, _) in way {
            known.insert(link, end);
        }
        known.get(&std::ptr::from_ref(node)).copied().unwrap_or(end)
    }

    /// Whether `node` is a reference.
    pub fn is_reference(node: &Node) -> bool {
        node.get("$ref").is_some()
    }

    /// The node that the text of a `$ref` names; one step, not followed further.
    ///
    /// # Errors
    /// As [`References::resolve`], but for circles.
    pub fn target(&self, reference: &'a Node) -> Result<&'a Node, Box<Finding>> {
        let Some(text) = reference.text() else {
            let message = "`$ref` must be text".to_owned();
            return Err(Box::new(self.error(rules::INVALID_REF, reference, message, "write '#/components/…'")));
        };
        let (file, fragment) = text.split_once('#').unwrap_or((text, ""));
        let root = match self.ids.get(file) {
            Some(Some(schema)) if !file.is_empty() => schema,
            Some(None) if !file.is_empty() => return Err(self.ambiguous(reference, "$id")),
            _ => self.root(reference, text, file)?,
        };
        if !fragment.is_empty() && !fragment.starts_with(['/', '%']) {
            return self.anchor(reference, root, fragment);
        }
        let tokens = pointer_tokens(fragment).map_err(|problem| {
            let message = format!("`{}` is not a JSON Pointer: {problem}", shortened(text, 200));
            Box::new(self.error(rules::INVALID_REF, reference, message, "write '#/components/…'; '~1' stands for '/'"))
        })?;
        let mut found = self.follow(root, &tokens);
        if found.is_err()
            && file.is_empty()
            && let Some(schema) = self.schema_with_id(reference)
        {
            // A schema with an `$id` is a document of its own.
            found = self.follow(schema, &tokens).or(found);
        }
        found.map_err(|(node, token)| {
            let (text, token) = (shortened(text, 200), shortened(token, 100));
            let message = format!("`{text}` names nothing in this document: there is no `{token}`");
            Box::new(self.error(rules::DANGLING_REF, reference, message, &self.almost(node, &token)))
        })
    }

    /// The root of the file that the part of a reference before its `#` names.
    fn root(&self, reference: &Node, text: &str, file: &str) -> Result<&'a Node, Box<Finding>> {
        let from = reference.at.file;
        if file.is_empty() {
            return Ok(self.spec.root_of(from).unwrap_or(&self.spec.root));
        }
        let shown = shortened(text, 200);
        let name = location::name(self.spec.name_of(from), file).map_err(|refusal| {
            let message = format!("`{shown}` {}", refusal.reason);
            Box::new(self.error(rules::EXTERNAL_REF, reference, message, refusal.help))
        })?;
        if name == self.spec.name {
            return Ok(&self.spec.root);
        }
        if let Some(root) = self.files.get(name.as_str()) {
            return Ok(root);
        }
        let refused = self.spec.refused.iter().find(|refused| refused.name == name);
        let (rule, reason, help) = match refused {
            Some(refused) if refused.is_missing => (rules::DANGLING_REF, refused.reason.as_str(), &*refused.help),
            Some(refused) => (rules::EXTERNAL_REF, refused.reason.as_str(), &*refused.help),
            None => (rules::EXTERNAL_REF, "is in another file, which was not read", "read the document from disk"),
        };
        Err(Box::new(self.error(rule, reference, format!("`{shown}` {reason}"), help)))
    }

    /// The node with an anchor in the file of `root`.
    fn anchor(&self, reference: &Node, root: &Node, name: &str) -> Result<&'a Node, Box<Finding>> {
        match self.anchors.get(&(root.at.file, name)) {
            Some(Some(node)) => Ok(node),
            Some(None) => Err(self.ambiguous(reference, "$anchor")),
            None => {
                let name = shortened(name, 100);
                let message = format!("`#{name}` is neither a JSON Pointer nor an `$anchor` of this file");
                let help = "write '#/components/…'; anchors belong to OpenAPI 3.1";
                Err(Box::new(self.error(rules::INVALID_REF, reference, message, help)))
            }
        }
    }

    fn ambiguous(&self, reference: &Node, keyword: &str) -> Box<Finding> {
        let message = format!("several schemas have the `{keyword}` that this reference names");
        let help = "write '#/components/…', which names one place";
        Box::new(self.error(rules::INVALID_REF, reference, message, help))
    }

    /// The innermost schema around a node that has an `$id`.
    fn schema_with_id(&self, node: &Node) -> Option<&'a Node> {
        if self.with_id.is_empty() {
            return None;
        }
        let around = self.way(node).parents.into_iter().rev();
        around.into_iter().find_map(|parent| self.with_id.get(&std::ptr::from_ref(parent.node)).copied())
    }

    /// The node behind the tokens of a pointer, or how far they lead.
    fn follow<'t>(&self, root: &'a Node, tokens: &'t [String]) -> Result<&'a Node, (&'a Node, &'t str)> {
        tokens.iter().try_fold(root, |node, token| self.child(node, token).ok_or((node, token.as_str())))
    }

    /// The JSON Pointer of a node of this document; empty for the root, and for nodes of no document.
    ///
    /// In another file, the file's name stands before it: `schemas/user.yaml#/User`.
    pub fn pointer_of(&self, node: &Node) -> String {
        self.way(node).pointer()
    }

    /// The way to a node; an empty one to the root, and to nodes of no document.
    pub(crate) fn way(&self, node: &Node) -> Way<'a> {
        let file = self.spec.other(node.at.file).map(|other| other.name.as_str());
        if let Some(parents) = self.way_by_place(node) {
            return Way { file, parents, at: node.at };
        }
        let mut parents = Vec::new();
        let mut at = std::ptr::from_ref(node);
        while let Some(parent) = self.parents().get(&at) {
            parents.push(*parent);
            at = std::ptr::from_ref(parent.node);
        }
        parents.reverse();
        // A node that was joined into another file stands there.
        let file = match self.spec.others.iter().find(|other| std::ptr::eq(&other.root, at)) {
            Some(other) => Some(other.name.as_str()),
            None if std::ptr::eq(&self.spec.root, at) => None,
            None => file,
        };
        Way { file, parents, at: node.at }
    }

    /// The way that the place of a node shows: nodes stand in the order of their text.
    ///
    /// Not so those that an alias has copied: they are in no order, and this yields nothing.
    fn way_by_place(&self, node: &Node) -> Option<Vec<Parent<'a>>> {
        let mut way = Vec::with_capacity(16);
        let mut around = self.spec.root_of(node.at.file)?;
        while !std::ptr::eq(around, node) {
            let (parent, child) = match &around.value {
                Value::Map(members) => {
                    let index = members.partition_point(|(key, _)| key.at <= node.at).checked_sub(1)?;
                    let (key, child) = &members[index];
                    (Parent { node: around, token: Token::Key(&key.text), key_at: key.at }, child)
                }
                Value::List(items) => {
                    let index = items.partition_point(|item| item.at <= node.at).checked_sub(1)?;
                    let child = &items[index];
                    (Parent { node: around, token: Token::Index(index), key_at: child.at }, child)
                }
                _ => return None,
            };
            way.push(parent);
            around = child;
        }
        Some(way)
    }

    /// Where the key of a node stands; for items of lists and for the root, where the node stands.
    pub fn key_at(&self, node: &Node) -> Mark {
        self.way(node).key_at()
    }

    /// The key under which a node stands in a map.
    pub fn key_of(&self, node: &Node) -> Option<&'a str> {
        match self.way(node).parents.last()?.token {
            Token::Key(key) => Some(key),
            Token::Index(_) => None,
        }
    }

    /// The node at a JSON Pointer, or the last one on the way there, and the place to show for it.
    ///
    /// For lists and maps the place is their key: a step, a scheme, a case is known by its name.
    pub fn nearest(&self, pointer: &str) -> (&'a Node, Mark) {
        let mut node = &self.spec.root;
        for token in pointer.split('/').skip(1) {
            let Ok(token) = unescape_token(token) else { break };
            let Some(child) = self.child(node, &token) else { break };
            node = child;
        }
        let at = match node.value {
            Value::List(_) | Value::Map(_) | Value::Null => self.key_at(node),
            _ => node.at,
        };
        (node, at)
    }

    fn child(&self, node: &'a Node, token: &str) -> Option<&'a Node> {
        match &node.value {
            Value::Map(members) if members.len() > LARGE_MAP => {
                let mut known = self.members.borrow_mut();
                let by_name = known.entry(node).or_insert_with(|| {
                    // The first of two equal keys counts, as elsewhere.
                    members.iter().rev().map(|(key, child)| (key.text.as_str(), child)).collect()
                });
                by_name.get(token).copied()
            }
            Value::Map(_) => node.get(token),
            Value::List(items) => items.get(list_index(token)?),
            _ => None,
        }
    }

    /// Help for a reference that leads nowhere: a name that is almost the same, or what to do.
    fn almost(&self, node: &Node, token: &str) -> String {
        let names = node.members().map(|(key, _)| key.text.as_str());
        match crate::finding::similar(token, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "define it, or correct the reference".to_owned(),
        }
    }

    fn error(&self, rule: Rule, node: &Node, message: String, help: &str) -> Finding {
        Finding::new(self.spec, rule.level, rule.id, node.at, self.pointer_of(node), message).help(help)
    }
}

/// The longest list whose items are known by their names.
const LONGEST_NAMED: usize = 1000;

/// What an item of a list is called, if no other is called so: a parameter, a server, a schema with a title, a text.
fn name_of_item(items: &[Node], index: usize) -> Option<String> {
    let wanted = items.get(index).filter(|_| items.len() <= LONGEST_NAMED).and_then(place_and_name)?;
    let mut others = items.iter().enumerate().filter(|(other, _)| *other != index);
    others.all(|(_, item)| place_and_name(item) != Some(wanted)).then(|| {
        let (place, name) = wanted;
        format!("{place}={}", escape_token(name))
    })
}

/// Where a parameter is sent, if it is one, and what the item is called.
fn place_and_name(item: &Node) -> Option<(&str, &str)> {
    let text = |key: &str| item.get(key).and_then(Node::text);
    let name = item.text().or_else(|| ["$ref", "name", "url", "title"].iter().find_map(|key| text(key)))?;
    Some((text("in").unwrap_or_default(), name))
}

/// A reference token of a JSON Pointer: `~` and `/` escaped.
pub fn escape_token(token: &str) -> String {
    let mut escaped = String::with_capacity(token.len());
    push_token(&mut escaped, token);
    escaped
}

fn push_token(pointer: &mut String, token: &str) {
    let mut from = 0;
    for (at, byte) in token.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'~' | b'/')) {
        pointer.push_str(&token[from..at]);
        pointer.push_str(if byte == b'~' { "~0" } else { "~1" });
        from = at + 1;
    }
    pointer.push_str(&token[from..]);
}

/// The tokens of a JSON Pointer that stands in a URI fragment, percent-decoded and unescaped.
fn pointer_tokens(fragment: &str) -> Result<Vec<String>, &'static str> {
    let pointer = percent_decode(fragment)?;
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(tokens) = pointer.strip_prefix('/') else { return Err("it does not begin with '/'") };
    tokens.split('/').map(unescape_token).collect()
}

fn unescape_token(token: &str) -> Result<String, &'static str> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.as_bytes().first() {
            Some(b'0') => text.push('~'),
            Some(b'1') => text.push('/'),
            _ => return Err("'~' stands before '0' or '1' only"),
        }
        text.push_str(&part[1..]);
    }
    Ok(text)
}

/// An array index as RFC 6901 writes it: digits without a leading zero.
fn list_index(token: &str) -> Option<usize> {
    let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    if digits && !leading_zero { token.parse().ok() } else { None }
}
