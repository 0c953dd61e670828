//! A document with positions: what [`crate::parse`] makes and everything else reads.
//!
//! A [`Spec`] is the document exactly as written, YAML or JSON, with the line and column of every node.
//! It knows nothing of OpenAPI; [`crate::lint`] and [`crate::normalize`] do.

use crate::finding::Finding;
use std::fmt;
use std::path::{Path, PathBuf};

/// File, line and column of a node; lines and columns are counted from 1, columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The file: 0 is the spec's own, 1 is the first of [`Spec::others`].
    pub file: u16,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Mark {
    /// A place in the spec's own file.
    pub fn new(line: u32, column: u32) -> Self {
        Self { file: 0, line, column }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A parsed document, and the files that its references lead to.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file as the user named it, for messages.
    pub file: PathBuf,
    /// The text that was read.
    pub text: String,
    /// The way to the file from the folder that holds all files, by which others refer back to it.
    pub name: String,
    /// The document's root.
    pub root: Node,
    /// Other files that were read because a reference names them.
    pub others: Vec<Other>,
    /// Files that references name and that were not read.
    pub refused: Vec<Refused>,
    /// What was read although the format's own rules say otherwise.
    pub notes: Vec<Finding>,
}

/// A file that a reference names.
#[derive(Clone, Debug)]
pub struct Other {
    /// The file as messages show it.
    pub file: PathBuf,
    /// The way to it from the folder that holds all files, with `/`: `schemas/user.yaml`.
    pub name: String,
    /// The text that was read.
    pub text: String,
    /// The file's root.
    pub root: Node,
}

/// A file that a reference names and that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The way to the file, as in [`Other::name`].
    pub name: String,
    /// Whether there is nothing to read.
    pub is_missing: bool,
    /// Why it is not followed, as a sentence without its subject: `lies outside the folder`.
    pub reason: String,
    /// How to mend it.
    pub help: String,
}

/// The version of OpenAPI that a document is written in, as far as it changes the meaning of keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// OpenAPI 3.0.x: `nullable`, boolean `exclusiveMinimum`, nothing beside a `$ref`.
    #[default]
    V3_0,
    /// OpenAPI 3.1.x: schemas are JSON Schema 2020-12.
    V3_1,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3_0 => "3.0",
            Self::V3_1 => "3.1",
        })
    }
}

impl Dialect {
    /// The dialect of a value of `openapi`: `3.0.3`.
    pub fn of(version: &str) -> Option<Self> {
        let is = |minor: &str| version.strip_prefix(minor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if is("3.0") {
            Some(Self::V3_0)
        } else if is("3.1") {
            Some(Self::V3_1)
        } else {
            None
        }
    }
}

impl Spec {
    /// A document that is one file.
    pub fn new(file: impl Into<PathBuf>, text: impl Into<String>, root: Node) -> Self {
        let (file, text) = (file.into(), text.into());
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        Self { file, text, name, root, others: Vec::new(), refused: Vec::new(), notes: Vec::new() }
    }

    /// The dialect that the document says; 3.0 where it says none that is known.
    pub fn dialect(&self) -> Dialect {
        let version = match self.root.get("openapi").map(|node| &node.value) {
            Some(Value::Text(text) | Value::Number(text)) => text,
            _ => "",
        };
        Dialect::of(version).unwrap_or_default()
    }

    /// The name of a file as [`Other::name`] gives it, by the number that marks carry.
    pub fn name_of(&self, file: u16) -> &str {
        self.other(file).map_or(&self.name, |other| &other.name)
    }

    /// The file that a place is in, as messages show it.
    pub fn file_of(&self, at: Mark) -> &Path {
        self.other(at.file).map_or(&self.file, |other| &other.file)
    }

    /// The root of a file, by the number that marks carry.
    pub fn root_of(&self, file: u16) -> Option<&Node> {
        if file == 0 { Some(&self.root) } else { self.other(file).map(|other| &other.root) }
    }

    /// The file with this number, if it is not the spec's own.
    pub fn other(&self, file: u16) -> Option<&Other> {
        self.others.get(usize::from(file).checked_sub(1)?)
    }

    /// The roots of all files, the spec's own first.
    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        std::iter::once(&self.root).chain(self.others.iter().map(|other| &other.root))
    }

    /// The node at a pointer as findings show it: `/info`, or `schemas/user.yaml#/User` in another file.
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() || pointer.starts_with('/') {
            return self.root.at_pointer(pointer);
        }
        let (name, pointer) = pointer.split_once('#')?;
        self.others.iter().find(|other| other.name == name)?.root.at_pointer(pointer)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where it begins.
    pub at: Mark,
}

/// A value of a document.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`; nothing else is a boolean.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the document; keys are text, `200:` too.
    Map(Vec<(Key, Node)>),
}

/// The key of a map's member and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key's text.
    pub text: String,
    /// Where it begins.
    pub at: Mark,
}

impl Node {
    /// The member `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The member `key` of a map, with its key.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.members().find(|(k, _)| k.text == key)
    }

    /// The members of a map in order; nothing for other values.
    pub fn members(&self) -> impl Iterator<Item = (&Key, &Node)> {
        let members = match &self.value {
            Value::Map(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(k, n)| (k, n))
    }

    /// The items of a list; nothing for other values.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a text value.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The node at a JSON Pointer (RFC 6901) below this one.
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        let mut node = self;
        for token in pointer.strip_prefix('/').map(|rest| rest.split('/')).into_iter().flatten() {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match &node.value {
                Value::Map(_) => node.get(&token)?,
                Value::List(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The node as a JSON value; numbers beyond JSON's become text.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(members) => {
                members.iter().map(|(k, n)| (k.text.clone(), n.to_json())).collect::<serde_json::Map<_, _>>().into()
            }
        }
    }
}
