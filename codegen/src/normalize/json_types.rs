//! The JSON type of a schema: declared, or inferred from keywords that are about one type only.

use super::atoms::Atom;
use super::document::Document;
use super::rules;
use crate::spec::{Node, Value};

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
    /// The word as it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
        }
    }

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

/// The JSON types that the atoms agree on, declared or inferred; several where a list of types says so.
pub(super) fn type_words(document: &Document<'_>, atoms: &[Atom<'_>]) -> Vec<Word> {
    let mut agreed: Option<Vec<Word>> = None;
    for atom in atoms {
        let Some(node) = atom.get("type") else { continue };
        let words = declared(document, node);
        if words.is_empty() {
            continue;
        }
        let both = agreed.as_ref().map(|known| common(known, &words));
        if both.as_ref().is_some_and(Vec::is_empty) {
            let message = "joined by `allOf`, these schemas ask for different types, and no value can be both";
            document.report(rules::LOOSENED_ALL_OF, node, message, "let them ask for one type; the last one is taken");
        }
        agreed = Some(both.filter(|both| !both.is_empty()).unwrap_or(words));
    }
    agreed.unwrap_or_else(|| infer(document, atoms).into_iter().collect())
}

/// The types of a `type` beside null.
fn declared(document: &Document<'_>, node: &Node) -> Vec<Word> {
    let one = std::slice::from_ref(node);
    let list = if matches!(node.value, Value::List(_)) { node.items() } else { one };
    let mut words = Vec::new();
    for item in list {
        match item.text().map(|text| (text, Word::from(text))) {
            Some(("null", _)) => {}
            Some((_, Some(word))) if words.contains(&word) => {}
            Some((_, Some(word))) => words.push(word),
            Some((text, None)) => unknown_type(document, item, text),
            None => document.report(rules::WRONG_TYPE, item, "`type` must be text", "write `type: string`"),
        }
    }
    // Every integer is a number.
    if words.contains(&Word::Number) {
        words.retain(|word| *word != Word::Integer);
    }
    words
}

/// The types that two lists allow.
fn common(left: &[Word], right: &[Word]) -> Vec<Word> {
    let both = |word: &Word| match word {
        Word::Number if right.contains(&Word::Integer) => Some(Word::Integer),
        Word::Integer if right.contains(&Word::Number) => Some(Word::Integer),
        word => right.contains(word).then_some(*word),
    };
    left.iter().filter_map(both).collect()
}

/// Whether an atom says that null is a value, too.
pub(super) fn allows_null(atom: &Atom<'_>) -> bool {
    let is_null = |node: &Node| node.text() == Some("null");
    atom.get("nullable").and_then(Node::bool) == Some(true)
        || atom.get("type").is_some_and(|node| is_null(node) || node.items().iter().any(is_null))
}

/// Whether the atoms allow nothing but null.
pub(super) fn is_only_null(atoms: &[Atom<'_>]) -> bool {
    let all_null =
        |list: &Node| !list.items().is_empty() && list.items().iter().all(|item| matches!(item.value, Value::Null));
    let says = |atom: &Atom<'_>| {
        let ty = atom.get("type").is_some_and(|node| {
            let list = node.items();
            node.text() == Some("null") || !list.is_empty() && list.iter().all(|item| item.text() == Some("null"))
        });
        ty || atom.get("enum").is_some_and(all_null)
            || atom.get("const").is_some_and(|n| matches!(n.value, Value::Null))
    };
    atoms.iter().any(says)
}

fn unknown_type(document: &Document<'_>, node: &Node, text: &str) {
    let words = ["object", "array", "string", "number", "integer", "boolean"];
    let help = match (text, crate::finding::similar(text, words)) {
        ("file", _) => "write `type: string` and `format: binary`".to_owned(),
        (_, Some(word)) => format!("did you mean `{word}`?"),
        _ => format!("write one of {}", words.join(", ")),
    };
    document.report(rules::SCHEMA_TYPE, node, &format!("`{text}` is not a type of OpenAPI"), &help);
}

/// The type that the keywords are about, where none is declared.
fn infer(document: &Document<'_>, atoms: &[Atom<'_>]) -> Option<Word> {
    let has = |keys: &[&str]| atoms.iter().any(|atom| keys.iter().any(|key| atom.get(key).is_some()));
    let object = [
        "properties",
        "additionalProperties",
        "required",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependentRequired",
        "dependentSchemas",
    ];
    if has(&object) {
        return Some(Word::Object);
    }
    if has(&["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"]) {
        return Some(Word::Array);
    }
    if has(&["pattern", "minLength", "maxLength", "contentEncoding", "contentMediaType"]) {
        return Some(Word::String);
    }
    if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]) {
        return Some(Word::Number);
    }
    let node = atoms.iter().find_map(|atom| atom.get("format"))?;
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
