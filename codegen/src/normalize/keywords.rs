//! The keywords of a schema: each is used, described in the docs, without meaning for JSON, or reported.

use super::document::Document;
use super::rules;
use crate::spec::{Node, Value};

/// Reports keywords that have no effect, once for each schema.
pub(super) fn check<'a>(document: &Document<'a>, node: &'a Node) {
    if !document.checked.borrow_mut().insert(std::ptr::from_ref(node)) {
        return;
    }
    if !matches!(node.value, Value::Map(_)) {
        let help = "write an object of keywords";
        document.report(rules::WRONG_TYPE, node, "a schema of OpenAPI 3.0 is an object", help);
        return;
    }
    let is_reference = node.get("$ref").is_some();
    for (key, value) in node.members() {
        let key = key.text.as_str();
        if key.starts_with("x-") {
            continue;
        }
        if is_reference && key != "$ref" && !BESIDE_REFERENCES.contains(&key) {
            let message = format!("`{key}` stands beside `$ref`, where OpenAPI 3.0 ignores it, and so do we");
            document.report(rules::REF_SIBLINGS, value, &message, "put the reference into `allOf`");
            continue;
        }
        match KEYWORDS.iter().find(|(name, _)| *name == key) {
            Some((_, Form::Any)) => {}
            Some((_, form)) if form.fits(&value.value) => {}
            Some((_, form)) => {
                let message = format!("`{key}` must be {}", form.words());
                match matches!(form, Form::Flag | Form::Limit) || key == "required" {
                    // Without effect on types, so worth a word only.
                    true => document.report(rules::IGNORED_KEYWORD, value, &message, "write it so, or take it away"),
                    false => document.report(rules::WRONG_TYPE, value, &message, "write it so"),
                }
            }
            None => {
                let names = KEYWORDS.iter().map(|(name, _)| *name);
                let help = match crate::finding::similar(key, names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "take it away, or say it in OpenAPI 3.0".to_owned(),
                };
                let message = format!("`{key}` is not a keyword of OpenAPI 3.0 schemas and has no effect");
                document.report(rules::IGNORED_KEYWORD, value, &message, &help);
            }
        }
    }
    if let Some(not) = node.get("not") {
        let message = "`not` can't be said in a type; it is not checked";
        document.report(rules::LOOSENED_NOT, not, message, "");
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = node.get(keyword).filter(|list| list.items().is_empty()) {
            let message = format!("`{keyword}` has no schemas");
            document.report(rules::WRONG_TYPE, list, &message, "name at least one, or take the keyword away");
        }
    }
}

/// What may describe a reference.
const BESIDE_REFERENCES: [&str; 10] = [
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
];

/// What a keyword's value looks like.
#[derive(Clone, Copy, Debug)]
enum Form {
    Any,
    Text,
    Flag,
    Limit,
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
            Self::List => "a list",
            Self::Map => "an object",
        }
    }
}

/// Keywords of Schema Objects in OpenAPI 3.0 that are used, described, or without meaning for JSON.
const KEYWORDS: [(&str, Form); 36] = [
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
    ("exclusiveMaximum", Form::Flag),
    ("exclusiveMinimum", Form::Flag),
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
    ("not", Form::Map),
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
