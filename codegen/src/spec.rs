//! A document with positions: what [`crate::parse`] makes and everything else reads.
//!
//! A [`Spec`] is the document exactly as written, YAML or JSON, with the line and column of every node.
//! It knows nothing of OpenAPI; [`crate::lint`] and [`crate::normalize`] do.

use std::fmt;
use std::path::PathBuf;

/// Line and column of a node, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A parsed document.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file as the user named it, for messages.
    pub file: PathBuf,
    /// The text that was read.
    pub text: String,
    /// The document's root.
    pub root: Node,
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
