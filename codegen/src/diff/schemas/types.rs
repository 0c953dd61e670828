//! Types, formats and null.

use super::Pair;
use crate::diff::compare::{Compare, Use};
use crate::diff::report::Step;
use crate::diff::rules::{self, Rule};
use crate::diff::schema::{Schema, Type, is_number_format, is_parsed};
use crate::spec::Node;
use std::collections::BTreeSet;

/// Compares what values may be; false when they have nothing in common, so that no keyword is worth comparing.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) -> bool {
    null(compare, pair);
    let (old, new) = (effective(pair.old), effective(pair.new));
    let nodes = (pair.old.type_node.unwrap_or(pair.old_node), pair.new.type_node.unwrap_or(pair.new_node));
    let (old, new) = match (old, new) {
        (None, None) => return true,
        (None, Some(types)) => {
            let message = format!("this could be anything and must be {}", words(&types));
            compare.emit(&rules::TYPE_SET, nodes.0, nodes.1, message);
            return false;
        }
        (Some(types), None) => {
            let message = format!("this had to be {} and may be anything", words(&types));
            compare.emit(&rules::TYPE_UNSET, nodes.0, nodes.1, message);
            return false;
        }
        (Some(old), Some(new)) => (old, new),
    };
    if wide(&old) != wide(&new) {
        let rule = tell(compare, pair, (&old, &new));
        return old.intersection(&new).next().is_some() || (rule != &rules::TYPE_CHANGED && numeric(&old, &new));
    }
    format(compare, pair, &new);
    true
}

/// Says that a value has other types.
pub(super) fn tell<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    (old, new): (&BTreeSet<Type>, &BTreeSet<Type>),
) -> &'static Rule {
    let nodes = (pair.old.type_node.unwrap_or(pair.old_node), pair.new.type_node.unwrap_or(pair.new_node));
    let rule = types_rule(pair, old, new);
    let message = format!("this was {} and is {}", words(old), words(new));
    compare.emit(rule, nodes.0, nodes.1, message).detail(format!("{} -> {}", words(old), words(new)));
    rule
}

fn numeric(old: &BTreeSet<Type>, new: &BTreeSet<Type>) -> bool {
    old.iter().chain(new).all(|ty| matches!(ty, Type::Integer | Type::Number))
}

/// The types of a schema, none of them where only `null` fits; of a choice, those of its branches are not looked at.
pub(super) fn effective(schema: &Schema<'_>) -> Option<BTreeSet<Type>> {
    schema.types.clone().filter(|types| !types.is_empty() || schema.nullable)
}

/// Types with what they include.
pub(super) fn wide(types: &BTreeSet<Type>) -> BTreeSet<Type> {
    let mut wide = types.clone();
    if wide.contains(&Type::Number) {
        wide.insert(Type::Integer);
    }
    wide
}

fn words(types: &BTreeSet<Type>) -> String {
    if types.is_empty() {
        return "null".to_owned();
    }
    types.iter().map(|ty| ty.word()).collect::<Vec<_>>().join(" or ")
}

fn types_rule(pair: &Pair<'_, '_>, old: &BTreeSet<Type>, new: &BTreeSet<Type>) -> &'static Rule {
    let (wide_old, wide_new) = (wide(old), wide(new));
    let scalar = |types: &BTreeSet<Type>| !types.contains(&Type::Array) && !types.contains(&Type::Object);
    // A parameter that was declared with several types told them apart; one that had a single type did not.
    let alike = pair.usage == Use::Text || (pair.usage != Use::Body && old.len() == 1);
    if alike && scalar(old) && !wide_new.is_superset(&wide_old) && new.contains(&Type::String) && is_free_text(pair.new)
    {
        return &rules::TYPE_AS_TEXT;
    }
    if pair.usage == Use::Text && !new.contains(&Type::String) && old.contains(&Type::String) && is_free_text(pair.old)
    {
        return &rules::TEXT_TYPED;
    }
    // `null` alone is none of these types, and beside another it is a second one.
    let several = old.len() != 1 || new.len() != 1;
    if wide_new.is_superset(&wide_old) {
        return if several { &rules::TYPE_ADDED } else { &rules::TYPE_WIDENED };
    }
    if wide_new.is_subset(&wide_old) {
        return if several { &rules::TYPE_REMOVED } else { &rules::TYPE_NARROWED };
    }
    let one_of = |types: &BTreeSet<Type>| types.len() == 1 && types.contains(&Type::Array);
    if one_of(old) != one_of(new) && (scalar(old) || scalar(new)) {
        return &rules::BECAME_ARRAY;
    }
    if pair.old.values.is_some() && pair.new.values.is_some() {
        return &rules::ENUM_TYPE_CHANGED;
    }
    let number_text = |a: &BTreeSet<Type>, b: &BTreeSet<Type>, text: &Schema<'_>| {
        numeric(a, a) && b.contains(&Type::String) && text.format.and_then(Node::text).is_some_and(is_number_format)
    };
    if number_text(old, new, pair.new) || number_text(new, old, pair.old) {
        return &rules::NUMBER_AS_TEXT;
    }
    &rules::TYPE_CHANGED
}

/// Whether any text fits.
fn is_free_text(schema: &Schema<'_>) -> bool {
    schema.format.is_none() && schema.values.is_none() && schema.patterns.is_empty()
}

fn null<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let any = |schema: &Schema<'_>| {
        schema.types.is_none() && schema.values.is_none() && schema.branches.is_empty() && schema.members.is_empty()
    };
    if pair.old.nullable == pair.new.nullable || any(pair.old) || any(pair.new) {
        return;
    }
    let nodes = (pair.old_node, pair.new_node);
    if pair.new.nullable {
        compare.emit(&rules::NULL_ADDED, nodes.0, nodes.1, "this may be null");
    } else {
        compare.emit(&rules::NULL_REMOVED, nodes.0, nodes.1, "this may no longer be null");
    }
}

/// Whether one is bytes as OpenAPI 3.0 spells them, and the other as 3.1 does.
pub(super) fn same_bytes(old: &Schema<'_>, new: &Schema<'_>) -> bool {
    let keyword =
        |schema: &Schema<'_>, key: &str| schema.keywords.get(key).and_then(|nodes| nodes[0].text().map(str::to_owned));
    let same = |older: &Schema<'_>, newer: &Schema<'_>| {
        let content = (keyword(newer, "contentEncoding"), keyword(newer, "contentMediaType"));
        let format = older.format.and_then(Node::text);
        let spelt = match (content.0.as_deref(), content.1.as_deref()) {
            (Some("base64"), None) => format == Some("byte"),
            (None, Some("application/octet-stream")) => format == Some("binary"),
            _ => false,
        };
        spelt && newer.format.is_none()
    };
    same(old, new) || same(new, old)
}

fn format<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, types: &BTreeSet<Type>) {
    let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
    let (old, new) = (text(pair.old.format), text(pair.new.format));
    if old == new || same_bytes(pair.old, pair.new) {
        return;
    }
    let numbers = numeric(types, types);
    let parsed = (is_parsed(&old), is_parsed(&new));
    // Without a format an integer has 64 bits and a number is a double, as the crate takes them.
    let rule = match (old.as_str(), new.as_str()) {
        ("byte" | "binary", "byte" | "binary") => &rules::CONTENT_ENCODING_CHANGED,
        ("int32", "int64") => &rules::FORMAT_WIDENED,
        ("int64", "int32") => &rules::FORMAT_NARROWED,
        ("int32", "") if numbers => &rules::FORMAT_WIDENED,
        ("", "int32") if numbers => &rules::FORMAT_NARROWED,
        ("float" | "double" | "", "float" | "double" | "") if numbers => &rules::FLOAT_CHANGED,
        ("int64", "") | ("", "int64") if numbers => &rules::FORMAT_NOTE_CHANGED,
        ("", _) if parsed.1 => &rules::FORMAT_ADDED,
        (_, "") if parsed.0 => &rules::PARSED_FORMAT_REMOVED,
        (_, "") => &rules::FORMAT_REMOVED,
        ("", _) => &rules::FORMAT_NOTE_CHANGED,
        _ if parsed.0 || parsed.1 => &rules::FORMAT_CHANGED,
        _ => &rules::FORMAT_NOTE_CHANGED,
    };
    let nodes = (pair.old.format.unwrap_or(pair.old_node), pair.new.format.unwrap_or(pair.new_node));
    let shown = |format: &str| if format.is_empty() { "none".to_owned() } else { format!("`{format}`") };
    let message = format!("the format was {} and is {}", shown(&old), shown(&new));
    let typed = |format: &str| matches!(format, "date-time" | "date" | "uuid" | "password" | "decimal");
    let raw = compare.emit(rule, nodes.0, nodes.1, message);
    if !numbers && !typed(&old) && !typed(&new) {
        raw.source(Step::Patch);
    }
}
