//! A schema in the form that is compared: all that list R of the catalogue calls equal is equal here.
//!
//! 1. [`read`] takes the nodes of a source apart: references are followed, `allOf` members and choices of one branch
//!    are taken in, each node once.
//! 2. Each keyword is joined into the effective set: types meet, members gather what every part says of them.
//! 3. `null` becomes one bit, `const` an enum of one value, a choice of values an enum, a choice of types a list of
//!    types, exclusive limits a limit with a mark.

use super::model::{Side, Source};
use super::values::{Number, canonical};
use crate::spec::{Node, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A type of JSON; null is a bit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Number,
    Object,
    String,
}

impl Type {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "array" => Type::Array,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "object" => Type::Object,
            "string" => Type::String,
            _ => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Type::Array => "array",
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Object => "object",
            Type::String => "string",
        }
    }
}

/// A limit: its number and whether the number itself is excluded.
#[derive(Clone, Debug)]
pub(super) struct Limit<'a> {
    pub(super) number: Number,
    pub(super) exclusive: bool,
    pub(super) node: &'a Node,
}

/// What is said of members or items that have no schema of their own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rest<'a> {
    Any,
    Refused(&'a Node),
    Of(Source, &'a Node),
}

/// A named member.
#[derive(Clone, Debug)]
pub(super) struct Property<'a> {
    pub(super) source: Source,
    pub(super) node: &'a Node,
}

/// One value of an enum.
#[derive(Clone, Debug)]
pub(super) struct Choice<'a> {
    pub(super) text: String,
    pub(super) node: &'a Node,
}

/// A `oneOf` or `anyOf` of two branches or more.
#[derive(Clone, Debug)]
pub(super) struct Branches<'a> {
    pub(super) exactly_one: bool,
    pub(super) list: Vec<(Source, &'a Node)>,
    pub(super) node: &'a Node,
}

/// A schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema<'a> {
    /// Types that are allowed; nothing said means all.
    pub(super) types: Option<BTreeSet<Type>>,
    pub(super) type_node: Option<&'a Node>,
    pub(super) nullable: bool,
    /// Nothing fits: `false`, or types without a common one.
    pub(super) never: bool,
    pub(super) format: Option<&'a Node>,
    pub(super) values: Option<Vec<Choice<'a>>>,
    pub(super) values_node: Option<&'a Node>,
    pub(super) is_const: bool,
    pub(super) extensible: Option<&'a Node>,
    pub(super) limits: BTreeMap<&'static str, Limit<'a>>,
    /// Every part's divisor: a number has to be a multiple of each.
    pub(super) multiple_of: Vec<&'a Node>,
    /// Every part's pattern: a text has to match each.
    pub(super) patterns: Vec<&'a Node>,
    pub(super) unique: Option<&'a Node>,
    pub(super) properties: BTreeMap<&'a str, Property<'a>>,
    pub(super) required: BTreeMap<&'a str, &'a Node>,
    pub(super) rest: Option<Rest<'a>>,
    pub(super) items: Option<(Source, &'a Node)>,
    pub(super) prefix: Vec<(Source, &'a Node)>,
    pub(super) items_refused: bool,
    pub(super) branches: Vec<Branches<'a>>,
    pub(super) discriminator: Option<&'a Node>,
    /// Keywords of 3.1 that are compared by direction: by name, each with its nodes.
    pub(super) keywords: BTreeMap<&'static str, Vec<&'a Node>>,
    pub(super) default: Option<&'a Node>,
    pub(super) read_only: Option<&'a Node>,
    pub(super) write_only: Option<&'a Node>,
    /// Nodes with `deprecated`, `x-sunset` or `x-stability-level`.
    pub(super) life: BTreeMap<&'static str, &'a Node>,
    pub(super) texts: BTreeMap<&'a str, &'a Node>,
    pub(super) extensions: BTreeMap<&'a str, &'a Node>,
    /// References that lead nowhere, and keywords that are not followed.
    pub(super) not_followed: Vec<&'a Node>,
    /// Members of `allOf`, and whether each constrains anything.
    pub(super) members: Vec<(&'a Node, bool)>,
}

/// Formats that clients parse into a type of their own.
pub(super) fn is_parsed(format: &str) -> bool {
    matches!(format, "date-time" | "date" | "time" | "duration" | "uuid" | "uri" | "ipv4" | "ipv6" | "byte" | "binary")
        || is_number_format(format)
}

pub(super) fn is_number_format(format: &str) -> bool {
    matches!(format, "int32" | "int64" | "uint32" | "uint64" | "decimal" | "float" | "double" | "bigint")
}

/// Keywords that are texts for readers.
pub(super) fn is_text(key: &str) -> bool {
    matches!(key, "description" | "summary" | "title" | "example" | "examples" | "externalDocs" | "$comment" | "xml")
        || key == "x-assumed"
}

const LIMITS: [(&str, &str); 12] = [
    ("maximum", "maximum"),
    ("minimum", "minimum"),
    ("maxLength", "maxLength"),
    ("minLength", "minLength"),
    ("maxItems", "maxItems"),
    ("minItems", "minItems"),
    ("maxProperties", "maxProperties"),
    ("minProperties", "minProperties"),
    ("exclusiveMaximum", "maximum"),
    ("exclusiveMinimum", "minimum"),
    ("maxContains", "maxContains"),
    ("minContains", "minContains"),
];

const LATER: [&str; 14] = [
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
    "contentMediaType",
    "contentEncoding",
    "not",
];

/// The most nodes that are joined into one schema.
const MOST_PARTS: usize = 4_096;

/// What parts say before they are joined.
#[derive(Default)]
struct Parts<'a> {
    members: BTreeMap<&'a str, Vec<&'a Node>>,
    items: Vec<&'a Node>,
    prefix: Vec<&'a Node>,
    rest: Vec<&'a Node>,
    explicit_null: bool,
    enum_with_null: bool,
    enum_without_null: bool,
    typed: usize,
    typed_with_null: usize,
}

/// The schema that nodes make together.
pub(super) fn read<'a>(side: &mut Side<'a>, nodes: &[&'a Node]) -> Schema<'a> {
    let mut schema = Schema::default();
    let mut parts = Parts::default();
    let mut seen: HashSet<*const Node> = HashSet::new();
    let mut open: Vec<&'a Node> = nodes.iter().rev().copied().collect();
    while let Some(node) = open.pop() {
        if seen.len() >= MOST_PARTS {
            schema.not_followed.push(node);
            break;
        }
        if seen.insert(node) {
            part(side, node, &mut schema, &mut parts, &mut open);
        }
    }
    finish(side, &mut schema, parts);
    schema
}

/// One node: what it says goes to the schema, what it stands for goes to `open`.
fn part<'a>(
    side: &mut Side<'a>,
    node: &'a Node,
    schema: &mut Schema<'a>,
    parts: &mut Parts<'a>,
    open: &mut Vec<&'a Node>,
) {
    if node.bool() == Some(false) {
        schema.never = true;
    }
    if let Some(reference) = node.get("$ref") {
        match side.references.target(reference) {
            Ok(target) => open.push(target),
            Err(_) => schema.not_followed.push(reference),
        }
        // OpenAPI 3.0 ignores what stands beside a reference.
        if !side.modern {
            return;
        }
    }
    let mut later: Vec<&'a Node> = Vec::new();
    for (key, value) in node.members() {
        match key.text.as_str() {
            "allOf" => {
                for member in value.items() {
                    schema.members.push((member, constrains(side, member)));
                    later.push(member);
                }
            }
            "oneOf" | "anyOf" => later.extend(choice(side, key.text == "oneOf", value, schema, parts)),
            "type" => type_part(value, schema, parts),
            "nullable" => parts.explicit_null |= value.bool() == Some(true),
            "enum" => enum_part(value.items(), value, schema, parts),
            "const" => {
                schema.is_const = true;
                enum_part(std::slice::from_ref(value), value, schema, parts);
            }
            "properties" => {
                for (name, member) in value.members() {
                    parts.members.entry(&name.text).or_default().push(member);
                }
            }
            "required" => {
                for name in value.items() {
                    if let Some(text) = name.text() {
                        schema.required.entry(text).or_insert(name);
                    }
                }
            }
            "items" if value.bool() == Some(false) => schema.items_refused = true,
            "items" if value.bool().is_none() => parts.items.push(value),
            "prefixItems" => parts.prefix.extend(value.items()),
            "additionalProperties" => parts.rest.push(value),
            "$dynamicRef" | "$recursiveRef" => schema.not_followed.push(value),
            key => scalar_part(node, key, value, schema),
        }
    }
    open.extend(later.into_iter().rev());
}

/// Keywords that hold one value; of several parts the first stands, limits meet.
fn scalar_part<'a>(node: &'a Node, key: &'a str, value: &'a Node, schema: &mut Schema<'a>) {
    if let Some((_, name)) = LIMITS.iter().find(|(keyword, _)| *keyword == key) {
        limit_part(node, key, name, value, schema);
        return;
    }
    if let Some(name) = LATER.iter().find(|keyword| **keyword == key) {
        schema.keywords.entry(name).or_default().push(value);
        return;
    }
    let set = |slot: &mut Option<&'a Node>| {
        slot.get_or_insert(value);
    };
    match key {
        // A format that says how a text is read counts before one that is only a note.
        "format" if is_note(schema.format) && value.text().is_some_and(is_parsed) => schema.format = Some(value),
        "format" => set(&mut schema.format),
        "pattern" => schema.patterns.push(value),
        "multipleOf" => schema.multiple_of.push(value),
        "uniqueItems" if value.bool() == Some(true) => set(&mut schema.unique),
        "default" => set(&mut schema.default),
        "readOnly" if value.bool() == Some(true) => set(&mut schema.read_only),
        "writeOnly" if value.bool() == Some(true) => set(&mut schema.write_only),
        "discriminator" => set(&mut schema.discriminator),
        "x-extensible-enum" => set(&mut schema.extensible),
        "deprecated" if value.bool() == Some(true) => {
            schema.life.entry("deprecated").or_insert(value);
        }
        "x-sunset" => {
            schema.life.entry("x-sunset").or_insert(value);
        }
        "x-stability-level" => {
            schema.life.entry("x-stability-level").or_insert(value);
        }
        key if is_text(key) => {
            schema.texts.entry(key).or_insert(value);
        }
        key if key.starts_with("x-") => {
            schema.extensions.entry(key).or_insert(value);
        }
        _ => {}
    }
}

/// Whether a format says nothing of how a text is read.
fn is_note(format: Option<&Node>) -> bool {
    format.and_then(Node::text).is_some_and(|format| !is_parsed(format))
}

fn limit_part<'a>(node: &'a Node, key: &str, name: &'static str, value: &'a Node, schema: &mut Schema<'a>) {
    let Value::Number(text) = &value.value else { return };
    let Some(number) = Number::parse(text) else { return };
    // `exclusiveMaximum: true` of 3.0 belongs to the number beside it.
    let beside = match name {
        "maximum" => "exclusiveMaximum",
        "minimum" => "exclusiveMinimum",
        _ => "",
    };
    let exclusive = key == beside || node.get(beside).and_then(Node::bool) == Some(true);
    let upper = name.starts_with("max");
    let limit = Limit { number, exclusive, node: value };
    let tighter = schema.limits.get(name).is_none_or(|known| is_tighter(&limit, known, upper));
    if tighter {
        schema.limits.insert(name, limit);
    }
}

/// Whether a limit lets fewer values through than another.
pub(super) fn is_tighter(limit: &Limit<'_>, other: &Limit<'_>, upper: bool) -> bool {
    let by_number = limit.number.cmp(&other.number);
    let by_number = if upper { by_number.reverse() } else { by_number };
    by_number.is_gt() || (by_number.is_eq() && limit.exclusive && !other.exclusive)
}

fn type_part<'a>(value: &'a Node, schema: &mut Schema<'a>, parts: &mut Parts<'a>) {
    let words: Vec<&str> = match value.text() {
        Some(word) => vec![word],
        None => value.items().iter().filter_map(Node::text).collect(),
    };
    let with_null = words.contains(&"null");
    let types: BTreeSet<Type> = words.iter().filter_map(|word| Type::of(word)).collect();
    parts.typed += 1;
    parts.typed_with_null += usize::from(with_null);
    schema.type_node.get_or_insert(value);
    if types.is_empty() && !with_null {
        return;
    }
    meet(&mut schema.types, types);
}

/// Types that both allow; an integer is a number.
fn meet(known: &mut Option<BTreeSet<Type>>, types: BTreeSet<Type>) {
    let Some(before) = known.take() else {
        *known = Some(types);
        return;
    };
    let allows =
        |set: &BTreeSet<Type>, ty: Type| set.contains(&ty) || (ty == Type::Integer && set.contains(&Type::Number));
    let both: BTreeSet<Type> =
        before.union(&types).copied().filter(|ty| allows(&before, *ty) && allows(&types, *ty)).collect();
    *known = Some(both);
}

fn enum_part<'a>(items: &'a [Node], node: &'a Node, schema: &mut Schema<'a>, parts: &mut Parts<'a>) {
    let has_null = items.iter().any(|item| matches!(item.value, Value::Null));
    parts.enum_with_null |= has_null;
    parts.enum_without_null |= !has_null;
    let values = items.iter().filter(|item| !matches!(item.value, Value::Null));
    let values: Vec<Choice<'a>> = values.map(|node| Choice { text: canonical(node), node }).collect();
    schema.values_node.get_or_insert(node);
    match &mut schema.values {
        // Parts of `allOf` meet.
        Some(known) => {
            let values: HashSet<&str> = values.iter().map(|choice| choice.text.as_str()).collect();
            known.retain(|choice| values.contains(choice.text.as_str()));
        }
        None => schema.values = Some(values),
    }
}

/// A `oneOf` or `anyOf`: `null` comes out, what is a plain list of values or types becomes one, one branch is itself.
fn choice<'a>(
    side: &mut Side<'a>,
    exactly_one: bool,
    node: &'a Node,
    schema: &mut Schema<'a>,
    parts: &mut Parts<'a>,
) -> Option<&'a Node> {
    let (nulls, rest): (Vec<&'a Node>, Vec<&'a Node>) =
        node.items().iter().partition(|branch| side.resolve(branch).is_some_and(is_null));
    if !nulls.is_empty() {
        parts.explicit_null = true;
    }
    if let [only] = rest.as_slice() {
        return Some(only);
    }
    if rest.is_empty() {
        return None;
    }
    let resolved: Vec<&'a Node> = rest.iter().map(|branch| side.resolve(branch).unwrap_or(branch)).collect();
    if resolved.iter().all(|branch| is_only(branch, &["const", "enum", "type"]) && has_values(branch)) {
        let values = resolved.iter().flat_map(|branch| match branch.get("const") {
            Some(value) => std::slice::from_ref(value),
            None => branch.get("enum").map(Node::items).unwrap_or_default(),
        });
        let values: Vec<Choice<'a>> = values.map(|node| Choice { text: canonical(node), node }).collect();
        schema.values_node.get_or_insert(node);
        schema.values.get_or_insert(values);
        return None;
    }
    if resolved.iter().all(|branch| is_only(branch, &["type"]) && branch.get("type").is_some()) {
        let mut types = BTreeSet::new();
        for branch in &resolved {
            let Some(value) = branch.get("type") else { continue };
            let words = value.text().into_iter().chain(value.items().iter().filter_map(Node::text));
            for word in words {
                parts.explicit_null |= word == "null";
                types.extend(Type::of(word));
            }
        }
        schema.type_node.get_or_insert(node);
        meet(&mut schema.types, types);
        return None;
    }
    let list = rest.iter().map(|branch| (side.source_of(branch), *branch)).collect();
    schema.branches.push(Branches { exactly_one, list, node });
    None
}

fn has_values(node: &Node) -> bool {
    node.get("const").is_some() || node.get("enum").is_some()
}

/// Whether a schema has no keywords but these, and texts.
fn is_only(node: &Node, keys: &[&str]) -> bool {
    matches!(node.value, Value::Map(_))
        && node.members().all(|(key, _)| keys.contains(&key.text.as_str()) || is_text(&key.text))
}

/// Whether a schema is that of `null`.
fn is_null(node: &Node) -> bool {
    let null_type = |ty: &Node| ty.text() == Some("null") || matches!(ty.items(), [one] if one.text() == Some("null"));
    let null_values = |values: &Node| matches!(values.items(), [one] if matches!(one.value, Value::Null));
    node.get("type").is_some_and(null_type)
        || node.get("enum").is_some_and(null_values)
        || node.get("const").is_some_and(|value| matches!(value.value, Value::Null))
}

/// Whether a member of `allOf` says anything but texts.
fn constrains<'a>(side: &Side<'a>, member: &'a Node) -> bool {
    let Some(member) = side.resolve(member) else { return true };
    let weighty = |key: &str| !is_text(key) && !key.starts_with("x-") && key != "deprecated" && key != "default";
    member.bool() == Some(false) || member.members().any(|(key, _)| weighty(&key.text))
}

fn finish<'a>(side: &mut Side<'a>, schema: &mut Schema<'a>, parts: Parts<'a>) {
    for (name, nodes) in parts.members {
        let source = side.source(&nodes);
        schema.properties.insert(name, Property { source, node: nodes[0] });
    }
    if let Some(first) = parts.items.first() {
        schema.items = Some((side.source(&parts.items), first));
    }
    for node in parts.prefix {
        schema.prefix.push((side.source_of(node), node));
    }
    schema.rest = rest(side, &parts.rest);
    infer_type(schema);
    if parts.enum_with_null && parts.typed == 0 {
        only_null(schema);
    }
    let all_typed_with_null = parts.typed > 0 && parts.typed == parts.typed_with_null;
    let by_type = all_typed_with_null && (parts.enum_with_null || !parts.enum_without_null);
    schema.nullable = parts.explicit_null || by_type || (parts.enum_with_null && parts.typed == 0);
    let no_type = schema.types.as_ref().is_some_and(BTreeSet::is_empty) && !schema.nullable;
    let no_value = schema.values.as_ref().is_some_and(Vec::is_empty) && !schema.nullable;
    schema.never |= no_type || no_value || crossed(schema);
    if schema.extensible.is_some_and(|node| node.bool() == Some(false)) {
        schema.extensible = None;
    }
}

fn rest<'a>(side: &mut Side<'a>, nodes: &[&'a Node]) -> Option<Rest<'a>> {
    if let Some(refused) = nodes.iter().find(|node| node.bool() == Some(false)) {
        return Some(Rest::Refused(refused));
    }
    let open = |node: &Node| node.bool() == Some(true) || node.members().next().is_none();
    let schemas: Vec<&'a Node> = nodes.iter().copied().filter(|node| !open(node)).collect();
    match schemas.first() {
        Some(first) => Some(Rest::Of(side.source(&schemas), first)),
        None => nodes.first().map(|_| Rest::Any),
    }
}

/// An enum of nothing but `null` is the type of it.
fn only_null(schema: &mut Schema<'_>) {
    let no_other = schema.values.as_ref().is_some_and(Vec::is_empty);
    if no_other && schema.types.is_none() {
        (schema.types, schema.type_node) = (Some(BTreeSet::new()), schema.values_node);
        (schema.values, schema.values_node, schema.is_const) = (None, None, false);
    }
}

/// The type that keywords of one type only imply.
fn infer_type(schema: &mut Schema<'_>) {
    if schema.types.is_some() {
        return;
    }
    let object = !schema.properties.is_empty() || schema.rest.is_some() && schema.branches.is_empty();
    let array = schema.items.is_some() || !schema.prefix.is_empty();
    if object && !array {
        schema.types = Some(BTreeSet::from([Type::Object]));
    } else if array && !object {
        schema.types = Some(BTreeSet::from([Type::Array]));
    } else if let Some(values) = &schema.values
        && !values.is_empty()
    {
        schema.types = values.iter().map(|choice| type_of(choice.node)).collect();
    }
}

fn type_of(node: &Node) -> Option<Type> {
    match &node.value {
        Value::Null => None,
        Value::Bool(_) => Some(Type::Boolean),
        Value::Number(text) if text.contains(['.', 'e', 'E']) => Some(Type::Number),
        Value::Number(_) => Some(Type::Integer),
        Value::Text(_) => Some(Type::String),
        Value::List(_) => Some(Type::Array),
        Value::Map(_) => Some(Type::Object),
    }
}

/// Whether a lower limit stands above its upper one.
fn crossed(schema: &Schema<'_>) -> bool {
    let pairs = [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")];
    pairs.iter().any(|(lower, upper)| match (schema.limits.get(lower), schema.limits.get(upper)) {
        (Some(lower), Some(upper)) => {
            lower.number > upper.number || (lower.number == upper.number && (lower.exclusive || upper.exclusive))
        }
        _ => false,
    })
}
