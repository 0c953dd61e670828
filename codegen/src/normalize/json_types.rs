//! The JSON type of a schema: declared, or inferred from keywords that are about one type only.

use super::atoms::Atom;
use super::document::Document;
use super::rules;
use crate::spec::Node;
use std::collections::BTreeSet;

/// A word of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Object,
    Array,
    String,
    Number,
    Integer,
    Boolean,
}

impl Word {
    fn from(text: &str) -> Option<Self> {
        Some(match text {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }
}

/// The JSON type that the atoms agree on, declared or inferred.
pub(super) fn type_word(document: &Document<'_>, atoms: &[Atom<'_>]) -> Option<Word> {
    let mut declared: Vec<(Word, &Node)> = Vec::new();
    for atom in atoms {
        let Some(node) = atom.node.get("type") else { continue };
        match node.text().map(|text| (text, Word::from(text))) {
            Some((_, Some(word))) => declared.push((word, node)),
            Some((text, None)) => unknown_type(document, node, text),
            None if node.items().is_empty() => {
                document.report(rules::WRONG_TYPE, node, "`type` must be text", "write `type: string`");
            }
            None => {
                let help = "write one type, and `nullable: true` where null is allowed";
                document.report(rules::UNSUPPORTED_TYPE_LIST, node, "a list of types is not supported yet", help);
            }
        }
    }
    let words: BTreeSet<Word> = declared.iter().map(|(word, _)| *word).collect();
    match words.len() {
        0 => infer(document, atoms),
        1 => words.into_iter().next(),
        2 if words.contains(&Word::Number) && words.contains(&Word::Integer) => Some(Word::Integer),
        _ => {
            let (word, node) = declared.pop()?;
            let message = "joined by `allOf`, these schemas ask for different types, and no value can be both";
            document.report(rules::LOOSENED_ALL_OF, node, message, "let them ask for one type; the last one is taken");
            Some(word)
        }
    }
}

fn unknown_type(document: &Document<'_>, node: &Node, text: &str) {
    let words = ["object", "array", "string", "number", "integer", "boolean"];
    let help = match (text, crate::finding::similar(text, words)) {
        ("null", _) => "write the type of the other values, and `nullable: true`".to_owned(),
        ("file", _) => "write `type: string` and `format: binary`".to_owned(),
        (_, Some(word)) => format!("did you mean `{word}`?"),
        _ => format!("write one of {}", words.join(", ")),
    };
    document.report(rules::SCHEMA_TYPE, node, &format!("`{text}` is not a type of OpenAPI 3.0"), &help);
}

/// The type that the keywords are about, where none is declared.
fn infer(document: &Document<'_>, atoms: &[Atom<'_>]) -> Option<Word> {
    let has = |keys: &[&str]| atoms.iter().any(|atom| keys.iter().any(|key| atom.node.get(key).is_some()));
    let object = ["properties", "additionalProperties", "required", "minProperties", "maxProperties"];
    if has(&object) {
        return Some(Word::Object);
    }
    if has(&["items", "minItems", "maxItems", "uniqueItems"]) {
        return Some(Word::Array);
    }
    if has(&["pattern", "minLength", "maxLength"]) {
        return Some(Word::String);
    }
    if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]) {
        return Some(Word::Number);
    }
    let node = atoms.iter().find_map(|atom| atom.node.get("format"))?;
    match node.text()? {
        "int32" | "int64" | "uint32" | "uint64" => Some(Word::Integer),
        "float" | "double" | "decimal" => Some(Word::Number),
        "date-time" | "date" | "uuid" | "password" | "email" | "uri" | "byte" | "binary" | "hostname" | "ipv4"
        | "ipv6" => Some(Word::String),
        _ => {
            let message = "this schema has a format but no type, so it takes any value";
            document.report(rules::LOOSENED_FORMAT, node, message, "write the type");
            None
        }
    }
}
