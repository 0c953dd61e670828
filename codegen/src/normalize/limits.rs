//! Limits and other remarks of a schema as sentences: they go to the docs and never into types.

use crate::spec::{Node, Value};

/// What a schema's own keywords say, one sentence each.
pub(super) fn sentences(node: &Node) -> Vec<String> {
    if node.get("$ref").is_some() {
        return remarks(node);
    }
    let mut notes = Vec::new();
    range(node, "characters", ("minLength", "maxLength"), &mut notes);
    range(node, "items", ("minItems", "maxItems"), &mut notes);
    range(node, "members", ("minProperties", "maxProperties"), &mut notes);
    if flag(node, "uniqueItems") {
        notes.push("No item twice.".to_owned());
    }
    for (key, exclusive, words) in [
        ("minimum", "exclusiveMinimum", ("At least", "More than")),
        ("maximum", "exclusiveMaximum", ("At most", "Less than")),
    ] {
        if let Some(limit) = number(node, exclusive) {
            notes.push(format!("{} {limit}.", words.1));
        }
        if let Some(limit) = number(node, key) {
            let word = if flag(node, exclusive) { words.1 } else { words.0 };
            notes.push(format!("{word} {limit}."));
        }
    }
    if let Some(step) = number(node, "multipleOf") {
        notes.push(format!("A multiple of {step}."));
    }
    if let Some(pattern) = node.get("pattern").and_then(Node::text) {
        notes.push(format!("Matches {}.", code(pattern)));
    }
    if let Some(format) = node.get("format").and_then(Node::text).filter(|format| !has_type(node, format)) {
        notes.push(format!("Format: {}.", code(format)));
    }
    if let Some(not) = node.get("not") {
        notes.push(format!("Not {}.", code(&not.to_json().to_string())));
    }
    if let Some(encoding) = node.get("contentEncoding").and_then(Node::text) {
        notes.push(format!("Encoded as {}.", code(encoding)));
    }
    if let Some(media_type) = node.get("contentMediaType").and_then(Node::text) {
        notes.push(format!("Holds {}.", code(media_type)));
    }
    if let Some(names) = node.get("propertyNames").filter(|names| names.members().next().is_some()) {
        notes.push(format!("Names of members are {}.", code(&names.to_json().to_string())));
    }
    notes.extend(remarks(node));
    notes
}

/// What may stand beside a reference, too.
fn remarks(node: &Node) -> Vec<String> {
    let mut notes = Vec::new();
    if flag(node, "readOnly") {
        notes.push("Only in responses.".to_owned());
    }
    if flag(node, "writeOnly") {
        notes.push("Only in requests.".to_owned());
    }
    if let Some(default) = node.get("default") {
        notes.push(format!("Default: {}.", code(&shown(default))));
    }
    let examples = node.get("examples").and_then(|examples| examples.items().first());
    if let Some(example) = node.get("example").or(examples) {
        let text = shown(example);
        if text.chars().count() <= LONGEST_EXAMPLE {
            notes.push(format!("Example: {}.", code(&text)));
        }
    }
    notes.extend(assumed(node));
    notes
}

/// The sentence of `x-assumed`.
pub(super) fn assumed(node: &Node) -> Option<String> {
    let why = match &node.get("x-assumed")?.value {
        Value::Text(why) => why.trim().to_owned(),
        _ => return Some("Assumed.".to_owned()),
    };
    let end = if why.ends_with(['.', '!', '?']) { "" } else { "." };
    Some(format!("Assumed: {why}{end}"))
}

/// Longer examples say little in a line of docs.
const LONGEST_EXAMPLE: usize = 120;

/// Whether a format has a type, or says no more than the type does.
fn has_type(node: &Node, format: &str) -> bool {
    let listed = || node.get("type")?.items().iter().filter_map(Node::text).find(|word| *word != "null");
    match node.get("type").and_then(Node::text).or_else(listed) {
        Some("string") | None => matches!(format, "date" | "date-time" | "password" | "uuid"),
        Some("integer") => matches!(format, "int32" | "int64" | "uint32" | "uint64"),
        Some("number") => matches!(format, "decimal" | "double" | "float"),
        _ => false,
    }
}

fn range(node: &Node, unit: &str, (least, most): (&str, &str), notes: &mut Vec<String>) {
    match (number(node, least), number(node, most)) {
        (Some(least), Some(most)) if least == most => notes.push(format!("Exactly {least} {unit}.")),
        (Some(least), Some(most)) => notes.push(format!("{least} to {most} {unit}.")),
        (Some(least), None) => notes.push(format!("At least {least} {unit}.")),
        (None, Some(most)) => notes.push(format!("At most {most} {unit}.")),
        (None, None) => {}
    }
}

fn number<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value {
        Value::Number(text) => Some(text),
        _ => None,
    }
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::bool) == Some(true)
}

fn shown(node: &Node) -> String {
    match &node.value {
        Value::Text(text) if !text.is_empty() => text.clone(),
        _ => node.to_json().to_string(),
    }
}

/// Text as code in Markdown, whatever backticks it has, on one line.
pub(super) fn code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("{fence}{line}{fence}") } else { format!("{fence} {line} {fence}") }
}
