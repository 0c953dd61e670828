//! The keywords of a schema: each is used, described in the docs, without meaning for JSON, or reported.

use super::document::Document;
use super::rules;
use crate::spec::{Dialect, Node, Value};

/// Reports keywords that have no effect, once for each schema.
pub(super) fn check<'a>(document: &Document<'a>, node: &'a Node) {
    if !document.checked.borrow_mut().insert(std::ptr::from_ref(node)) {
        return;
    }
    match node.value {
        Value::Map(_) => {}
        Value::Bool(_) => return,
        Value::Null => {
            let message = "a schema that is null says nothing; any value is taken";
            document.report(rules::IGNORED_KEYWORD, node, message, "write an object of keywords");
            return;
        }
        _ => {
            let help = "write an object of keywords";
            document.report(rules::WRONG_TYPE, node, "a schema is an object, or `true` or `false`", help);
            return;
        }
    }
    let is_reference = node.get("$ref").is_some();
    for (key, value) in node.members().filter(|(key, _)| !key.text.starts_with("x-")) {
        keyword(document, &key.text, value, is_reference);
    }
    if let Some(not) = node.get("not") {
        let message = "`not` can't be said in a type; it is not checked";
        document.report(rules::LOOSENED_NOT, not, message, "");
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = node.get(keyword).filter(|list| list.items().is_empty()) {
            let message = format!("`{keyword}` has no schemas and no effect");
            document.report(rules::IGNORED_KEYWORD, list, &message, "name at least one, or take the keyword away");
        }
    }
}

/// Looks at one keyword of a schema.
fn keyword<'a>(document: &Document<'a>, key: &str, value: &'a Node, is_reference: bool) {
    if is_reference && key != "$ref" && !DESCRIBES.contains(&key) && !document.is_newer() {
        let message = format!("`{key}` stands beside `$ref`, where OpenAPI 3.0 ignores it, and so do we");
        document.report(rules::REF_SIBLINGS, value, &message, "put the reference into `allOf`");
        return;
    }
    let newer = NEWER_KEYWORDS.iter().find(|(name, _)| *name == key);
    if newer.is_some() && !document.is_newer() && !WORDLESS.contains(&key) {
        let message = format!("`{key}` is a keyword of OpenAPI 3.1; it is taken as it is meant there");
        document.report(rules::NEWER_KEYWORD, value, &message, "write `openapi: 3.1.0`, or say it otherwise");
    }
    match KEYWORDS.iter().find(|(name, _)| *name == key).or(newer) {
        Some((_, form)) if form.fits(&value.value) => {}
        Some((_, form)) => {
            let message = format!("`{key}` must be {}", form.words());
            match SHAPING.contains(&key) {
                true => document.report(rules::WRONG_TYPE, value, &message, "write it so"),
                // Without effect on types, so worth a word only.
                false => document.report(rules::IGNORED_KEYWORD, value, &message, "write it so, or take it away"),
            }
        }
        None => {
            let names = KEYWORDS.iter().chain(NEWER_KEYWORDS).map(|(name, _)| *name);
            let help = match crate::finding::similar(key, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "take it away, or say it in OpenAPI".to_owned(),
            };
            let message = format!("`{key}` is not a keyword of OpenAPI's schemas and has no effect");
            document.report(rules::IGNORED_KEYWORD, value, &message, &help);
        }
    }
    if key == "$dynamicRef" {
        let message = "this leads to no single schema with such a `$dynamicAnchor`, so any value is taken";
        document.report(rules::LOOSENED_DYNAMIC_REF, value, message, "write a `$ref`");
    }
    if UNCHECKED.contains(&key) {
        let message =
            format!("`{key}` can't be said in a type; it is not checked, and members that it names may be absent");
        document.report(rules::LOOSENED_CONDITION, value, &message, "");
    }
}

impl Document<'_> {
    /// Whether the document is written in OpenAPI 3.1, where a schema is one of JSON Schema 2020-12.
    pub(super) fn is_newer(&self) -> bool {
        self.spec.dialect() == Dialect::V3_1
    }
}

/// What may describe a reference.
pub(super) const DESCRIBES: [&str; 12] = [
    "title",
    "summary",
    "description",
    "externalDocs",
    "deprecated",
    "nullable",
    "readOnly",
    "writeOnly",
    "default",
    "example",
    "examples",
    "$comment",
];

/// Keywords whose value must be right for a schema to mean anything.
const SHAPING: [&str; 7] = ["allOf", "anyOf", "discriminator", "enum", "oneOf", "patternProperties", "properties"];

/// Keywords that say when something else holds.
const UNCHECKED: [&str; 9] = [
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "propertyNames",
    "then",
    "unevaluatedItems",
];

/// Keywords of 3.1 that shape nothing.
const WORDLESS: [&str; 8] =
    ["$anchor", "$comment", "$defs", "$id", "$schema", "contentEncoding", "contentMediaType", "examples"];

/// What a keyword's value looks like.
#[derive(Clone, Copy, Debug)]
enum Form {
    Any,
    Text,
    Flag,
    Limit,
    FlagOrLimit,
    List,
    Map,
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text => matches!(value, Value::Text(_)),
            Self::Flag => matches!(value, Value::Bool(_)),
            Self::Limit => matches!(value, Value::Number(_)),
            Self::FlagOrLimit => matches!(value, Value::Bool(_) | Value::Number(_)),
            Self::List => matches!(value, Value::List(_)),
            Self::Map => matches!(value, Value::Map(_)),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text => "text",
            Self::Flag => "`true` or `false`",
            Self::Limit => "a number",
            Self::FlagOrLimit => "a number, or `true` or `false`",
            Self::List => "a list",
            Self::Map => "an object",
        }
    }
}

/// Keywords of Schema Objects in every version that are used, described, or without meaning for JSON.
const KEYWORDS: &[(&str, Form)] = &[
    ("$ref", Form::Any),
    ("additionalProperties", Form::Any),
    ("allOf", Form::List),
    ("anyOf", Form::List),
    ("default", Form::Any),
    ("deprecated", Form::Flag),
    ("description", Form::Any),
    ("discriminator", Form::Map),
    ("enum", Form::List),
    ("example", Form::Any),
    ("exclusiveMaximum", Form::FlagOrLimit),
    ("exclusiveMinimum", Form::FlagOrLimit),
    ("externalDocs", Form::Map),
    ("format", Form::Text),
    ("items", Form::Any),
    ("maxItems", Form::Limit),
    ("maxLength", Form::Limit),
    ("maxProperties", Form::Limit),
    ("maximum", Form::Limit),
    ("minItems", Form::Limit),
    ("minLength", Form::Limit),
    ("minProperties", Form::Limit),
    ("minimum", Form::Limit),
    ("multipleOf", Form::Limit),
    ("not", Form::Any),
    ("nullable", Form::Flag),
    ("oneOf", Form::List),
    ("pattern", Form::Text),
    ("properties", Form::Map),
    ("readOnly", Form::Flag),
    ("required", Form::List),
    ("title", Form::Any),
    ("type", Form::Any),
    ("uniqueItems", Form::Flag),
    ("writeOnly", Form::Flag),
    ("xml", Form::Any),
];

/// Keywords that JSON Schema 2020-12, and so OpenAPI 3.1, adds; the older spellings of some with them.
const NEWER_KEYWORDS: &[(&str, Form)] = &[
    ("$anchor", Form::Any),
    ("$comment", Form::Any),
    ("$defs", Form::Map),
    ("$dynamicAnchor", Form::Any),
    ("$dynamicRef", Form::Any),
    ("$id", Form::Any),
    ("$schema", Form::Any),
    ("$vocabulary", Form::Any),
    ("const", Form::Any),
    ("contains", Form::Any),
    ("contentEncoding", Form::Text),
    ("contentMediaType", Form::Text),
    ("contentSchema", Form::Any),
    ("definitions", Form::Map),
    ("dependencies", Form::Map),
    ("dependentRequired", Form::Map),
    ("dependentSchemas", Form::Map),
    ("else", Form::Any),
    ("examples", Form::Any),
    ("if", Form::Any),
    ("maxContains", Form::Limit),
    ("minContains", Form::Limit),
    ("patternProperties", Form::Map),
    ("prefixItems", Form::List),
    ("propertyNames", Form::Any),
    ("then", Form::Any),
    ("unevaluatedItems", Form::Any),
    ("unevaluatedProperties", Form::Any),
];
