//! What schemas say of values, as far as it contradicts itself.

use super::kinds::Kind;
use super::shape::follow;
use super::{Lint, rules};
use crate::finding::shortened;
use crate::location;
use crate::spec::{Dialect, Node, Value};
use std::collections::HashMap;

/// Looks at every schema of the document.
pub(super) fn check(lint: &mut Lint<'_>) {
    for schema in lint.all(Kind::Schema) {
        let known = type_of(lint, schema);
        enumeration(lint, schema, known);
        default(lint, schema, known);
        required(lint, schema);
        bounds(lint, schema);
        mapping(lint, schema);
    }
}

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

fn type_of<'a>(lint: &mut Lint<'a>, schema: &'a Node) -> Option<&'a str> {
    let node = schema.get("type")?;
    let name = node.text()?;
    if TYPES.contains(&name) {
        return Some(name);
    }
    if name == "null" && lint.spec().dialect() == Dialect::V3_1 {
        return None;
    }
    const ALMOST: &[(&str, &str)] =
        &[("int", "integer"), ("bool", "boolean"), ("float", "number"), ("double", "number")];
    let almost = ALMOST.iter().find(|(other, _)| name.eq_ignore_ascii_case(other)).map(|(_, right)| *right);
    let help = match almost.or_else(|| crate::finding::similar(name, TYPES.iter().copied())) {
        Some(right) => format!("did you mean `{right}`?"),
        None if name == "null" => "write `nullable: true` beside the type".to_owned(),
        None => format!("use one of {}", TYPES.join(", ")),
    };
    let message = format!("`{}` is not a type", shortened(name, 60));
    lint.on(rules::SCHEMA_TYPE, node, message).help(help);
    None
}

fn enumeration(lint: &mut Lint<'_>, schema: &Node, known: Option<&str>) {
    let Some((key, list)) = schema.entry("enum") else { return };
    if list.items().is_empty() && matches!(list.value, Value::List(_)) {
        lint.at(rules::ENUM_EMPTY, key.at, list, "this enum allows no value").help("list its values, or remove it");
    }
    let mut places = HashMap::new();
    for item in list.items() {
        let text = item.to_json().to_string();
        if let Some(first) = places.insert(text.clone(), item.at) {
            let message = format!("the value {} stands here and at {first}", shortened(&text, 60));
            lint.on(rules::ENUM_DUPLICATE, item, message).help("remove one of the two");
        }
        if !fits(item, known, schema) {
            let message = format!("{} is not of the type `{}`", shortened(&text, 60), known.unwrap_or_default());
            let help = quoting(item, known);
            lint.on(rules::VALUE_TYPE, item, message).maybe_help(help);
        }
    }
}

fn default(lint: &mut Lint<'_>, schema: &Node, known: Option<&str>) {
    let Some(node) = schema.get("default") else { return };
    let text = node.to_json().to_string();
    if !fits(node, known, schema) {
        let message =
            format!("the default {} is not of the type `{}`", shortened(&text, 60), known.unwrap_or_default());
        let help = quoting(node, known);
        lint.on(rules::VALUE_TYPE, node, message).maybe_help(help);
    } else if let Some(list) = schema.get("enum")
        && !list.items().iter().any(|item| item.to_json() == node.to_json())
        && !matches!(node.value, Value::Null)
    {
        let message = format!("the default {} is not in the enum", shortened(&text, 60));
        lint.on(rules::VALUE_TYPE, node, message).maybe_help(None);
    }
}

fn quoting(node: &Node, known: Option<&str>) -> Option<String> {
    let scalar = matches!(node.value, Value::Number(_) | Value::Bool(_) | Value::Null);
    (scalar && known == Some("string")).then(|| "put it in quotes".to_owned())
}

/// Whether a value is of a schema's type; schemas without a type take anything.
fn fits(node: &Node, known: Option<&str>, schema: &Node) -> bool {
    let nullable = schema.get("nullable").and_then(Node::bool) == Some(true);
    match (known, &node.value) {
        (None, _) => true,
        (_, Value::Null) => nullable,
        (Some("string"), Value::Text(_)) | (Some("boolean"), Value::Bool(_)) => true,
        (Some("array"), Value::List(_)) | (Some("object"), Value::Map(_)) => true,
        (Some("number"), Value::Number(_)) => true,
        (Some("integer"), Value::Number(text)) => is_integer(text),
        _ => false,
    }
}

/// `1`, and also `1.0`: JSON does not tell them apart.
fn is_integer(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0')
}

fn required(lint: &mut Lint<'_>, schema: &Node) {
    let Some(list) = schema.get("required") else { return };
    // Elsewhere the property may come from a sibling, a parent, or from nowhere in particular.
    let composed = ["allOf", "anyOf", "oneOf", "not"].iter().any(|key| schema.get(key).is_some());
    let open = matches!(schema.get("additionalProperties").map(|node| &node.value), Some(Value::Map(_)));
    let pointer = lint.references.pointer_of(schema);
    let part = ["/allOf/", "/anyOf/", "/oneOf/"].iter().any(|key| pointer.contains(key)) || pointer.ends_with("/not");
    let Some(properties) = schema.get("properties") else { return };
    if composed || open || part {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for item in list.items() {
        let Some(name) = item.text() else { continue };
        if seen.contains(&name) {
            lint.on(rules::REQUIRED_UNDECLARED, item, format!("`{}` stands here twice", shortened(name, 60)))
                .maybe_help(None);
        }
        seen.push(name);
        if properties.get(name).is_none() {
            let similar = crate::finding::similar(name, properties.members().map(|(key, _)| key.text.as_str()));
            let help = similar.map(|name| format!("did you mean `{name}`?"));
            let message = format!("`{}` is required, but no property is called so", shortened(name, 60));
            lint.on(rules::REQUIRED_UNDECLARED, item, message).maybe_help(help);
        }
    }
}

fn bounds(lint: &mut Lint<'_>, schema: &Node) {
    const PAIRS: &[(&str, &str)] = &[
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ];
    for (least, most) in PAIRS {
        let (Some(low), Some(high)) = (schema.get(least), schema.get(most)) else { continue };
        let number = |node: &Node| match &node.value {
            Value::Number(text) => text.parse::<f64>().ok(),
            _ => None,
        };
        if let (Some(a), Some(b)) = (number(low), number(high))
            && a > b
        {
            let message = format!("`{least}` is above `{most}`, so no value fits");
            lint.on(rules::BOUNDS, low, message).help("swap the two");
        }
    }
}

fn mapping<'a>(lint: &mut Lint<'a>, schema: &'a Node) {
    let mapping = schema.get("discriminator").and_then(|discriminator| discriminator.get("mapping"));
    for (key, node) in mapping.into_iter().flat_map(Node::members) {
        let Some(text) = node.text() else { continue };
        let named = lint.spec().root.at_pointer("/components/schemas").and_then(|schemas| schemas.get(text));
        let found = match named {
            None if location::is_reference(text) => lint.references.target(node).ok(),
            named => named,
        };
        if found.and_then(|found| follow(&lint.references, found)).is_none() {
            let message = format!("`{}` of the discriminator leads to no schema", shortened(&key.text, 60));
            lint.on(rules::DISCRIMINATOR, node, message).help("write '#/components/schemas/…'");
        }
    }
}
