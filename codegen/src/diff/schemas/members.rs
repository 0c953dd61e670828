//! Members of objects, items of lists.

use super::{Pair, both, seen, unnamed};
use crate::diff::compare::{Compare, Use};
use crate::diff::reach::Passes;
use crate::diff::report::Verdict;
use crate::diff::rules;
use crate::diff::schema::{Property, Rest, Schema, Type};
use crate::finding::shortened;
use std::rc::Rc;

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    if became_map(compare, pair) {
        return;
    }
    properties(compare, pair);
    required_without_property(compare, pair);
    rest(compare, pair);
    items(compare, pair);
    prefix(compare, pair);
}

/// An object with named members that became a map, or the reverse.
fn became_map<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) -> bool {
    let map = |schema: &Schema<'_>| schema.properties.is_empty() && matches!(schema.rest, Some(Rest::Of(..)));
    let object = |schema: &Schema<'_>| !schema.properties.is_empty() && !matches!(schema.rest, Some(Rest::Of(..)));
    let (to, from) = (object(pair.old) && map(pair.new), map(pair.old) && object(pair.new));
    if to || from {
        let message = if to { "named members became a map" } else { "a map became named members" };
        compare.emit(&rules::MAP_CHANGED, pair.old_node, pair.new_node, message);
        for (name, property) in pair.old.properties.iter().filter(|_| to) {
            unnamed::no_longer_named(compare, pair, name, property);
        }
        for (name, property) in pair.new.properties.iter().filter(|_| from) {
            unnamed::named(compare, pair, name, property);
        }
    }
    to || from
}

/// How members of something are written.
pub(super) fn inner(usage: Use) -> Use {
    if usage == Use::Text { Use::Text } else { Use::Body }
}

struct Gone<'a> {
    name: &'a str,
    property: Property<'a>,
    required: bool,
}

fn missing<'a>(from: &Schema<'a>, other: &Schema<'a>) -> Vec<Gone<'a>> {
    let gone = from.properties.iter().filter(|(name, _)| !other.properties.contains_key(*name));
    gone.map(|(name, property)| Gone { name, property: property.clone(), required: from.required.contains_key(name) })
        .collect()
}

fn properties<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let (mut removed, mut added) = (missing(pair.old, pair.new), missing(pair.new, pair.old));
    rename(compare, &mut removed, &mut added);
    moved(compare, pair, &mut removed, &mut added);
    for gone in &removed {
        property_removed(compare, pair, gone);
    }
    for new in &added {
        property_added(compare, pair, new);
    }
    for (name, old) in &pair.old.properties {
        let Some(new) = pair.new.properties.get(name) else { continue };
        let required = (pair.old.required.contains_key(name), pair.new.required.contains_key(name));
        property(compare, pair, name, (old, new), required);
    }
}

/// One member that went and one that came, equal, both required or both not, and no others.
fn rename<'a>(compare: &mut Compare<'a>, removed: &mut Vec<Gone<'a>>, added: &mut Vec<Gone<'a>>) {
    let ([was], [is]) = (removed.as_slice(), added.as_slice()) else { return };
    let similar = crate::finding::similar(was.name, [is.name]).is_some();
    if was.required != is.required || !similar || !compare.equal(was.property.source, is.property.source) {
        return;
    }
    let message = format!("the property `{}` seems to be called `{}` now", name(was.name), name(is.name));
    compare.emit(&rules::PROPERTY_RENAMED, was.property.node, is.property.node, message).detail(was.name);
    removed.clear();
    added.clear();
}

/// The most members that are looked for in the objects beside them.
const MOST_MOVED: usize = 32;

/// Members that went into an object beside them, or came out of one. The other half is shown where the object is.
fn moved<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, removed: &mut Vec<Gone<'a>>, added: &mut Vec<Gone<'a>>) {
    if removed.len() + added.len() > MOST_MOVED {
        return;
    }
    for (other, old) in pair.old.properties.iter().take(MOST_MOVED) {
        let Some(new) = pair.new.properties.get(other) else { continue };
        let (was, is) = (compare.old.schema(old.source), compare.new.schema(new.source));
        removed.retain(|gone| {
            let there = is.properties.get(gone.name).filter(|_| !was.properties.contains_key(gone.name));
            let Some(there) = there.filter(|there| compare.equal(gone.property.source, there.source)) else {
                return true;
            };
            let message = format!("the property `{}` went into `{}`", name(gone.name), name(other));
            compare.emit(&rules::PROPERTY_MOVED, gone.property.node, there.node, message).detail(gone.name);
            false
        });
        added.retain(|new| {
            let there = was.properties.get(new.name).filter(|_| !is.properties.contains_key(new.name));
            let Some(there) = there.filter(|there| compare.equal(there.source, new.property.source)) else {
                return true;
            };
            let message = format!("the property `{}` came out of `{}`", name(new.name), name(other));
            compare.emit(&rules::PROPERTY_MOVED, there.node, new.property.node, message).detail(new.name);
            false
        });
    }
}

fn name(name: &str) -> String {
    shortened(name, 80)
}

fn property_removed<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, gone: &Gone<'a>) {
    let passes = seen(&compare.old.schema(gone.property.source));
    let closed = matches!(pair.new.rest, Some(Rest::Refused(_)));
    let rule = match (gone.required, closed) {
        _ if pair.usage == Use::DeepObject => &rules::DEEP_OBJECT_MEMBER_REMOVED,
        (true, _) => &rules::REQUIRED_PROPERTY_REMOVED,
        (false, true) => &rules::CLOSED_PROPERTY_REMOVED,
        (false, false) => &rules::OPTIONAL_PROPERTY_REMOVED,
    };
    let message = format!("the property `{}` is gone", name(gone.name));
    let raw = compare.emit(rule, gone.property.node, pair.new_node, message);
    if closed {
        raw.weigh(Verdict::Break, raw.response);
    }
    raw.detail(gone.name).seen(passes);
    unnamed::no_longer_named(compare, pair, gone.name, &gone.property);
}

fn property_added<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, new: &Gone<'a>) {
    let schema = compare.new.schema(new.property.source);
    let was_required = pair.old.required.contains_key(new.name);
    let rule = match (new.required && !was_required, schema.default.is_some()) {
        (true, _) if pair.usage == Use::DeepObject => &rules::DEEP_OBJECT_REQUIRED_ADDED,
        (true, true) => &rules::REQUIRED_PROPERTY_WITH_DEFAULT_ADDED,
        (true, false) => &rules::REQUIRED_PROPERTY_ADDED,
        _ => &rules::OPTIONAL_PROPERTY_ADDED,
    };
    let message = format!("the property `{}` is new", name(new.name));
    compare.emit(rule, pair.old_node, new.property.node, message).detail(new.name).seen(seen(&schema));
    unnamed::named(compare, pair, new.name, &new.property);
}

fn property<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    wire: &'a str,
    (old, new): (&Property<'a>, &Property<'a>),
    required: (bool, bool),
) {
    if required.0 == required.1 && compare.same(old.source, new.source) {
        return;
    }
    let schemas = (compare.old.schema(old.source), compare.new.schema(new.source));
    let passes = both(seen(&schemas.0), seen(&schemas.1));
    if required.0 != required.1 {
        let (rule, word) = match (required.1, schemas.1.default.is_some()) {
            (true, true) => (&rules::PROPERTY_REQUIRED_WITH_DEFAULT, "required"),
            (true, false) => (&rules::PROPERTY_REQUIRED, "required"),
            (false, _) => (&rules::PROPERTY_OPTIONAL, "optional"),
        };
        let message = format!("the property `{}` is {word} now", name(wire));
        let old_node = pair.old.required.get(wire).copied().unwrap_or(old.node);
        let new_node = pair.new.required.get(wire).copied().unwrap_or(new.node);
        compare.emit(rule, old_node, new_node, message).detail(wire).seen(passes);
    }
    if required == (false, false) {
        compare.work.optional.insert((std::ptr::from_ref(old.node), std::ptr::from_ref(new.node)));
    }
    one_way(compare, wire, &schemas, required.1);
    compare.pair(old.source, new.source, inner(pair.usage), passes);
}

/// `readOnly` and `writeOnly` that came or went.
fn one_way<'a>(
    compare: &mut Compare<'a>,
    wire: &'a str,
    (old, new): &(Rc<Schema<'a>>, Rc<Schema<'a>>),
    required: bool,
) {
    let changes = [(old.read_only, new.read_only, "read-only"), (old.write_only, new.write_only, "write-only")];
    for (was, is, word) in changes {
        let rule = match (was.is_some(), is.is_some(), word, required) {
            (false, true, "read-only", true) => &rules::BECAME_READ_ONLY_REQUIRED,
            (false, true, "read-only", false) => &rules::BECAME_READ_ONLY,
            (true, false, "read-only", true) => &rules::NOT_READ_ONLY_REQUIRED,
            (true, false, "read-only", false) => &rules::NOT_READ_ONLY,
            (false, true, _, true) => &rules::BECAME_WRITE_ONLY_REQUIRED,
            (false, true, _, false) => &rules::BECAME_WRITE_ONLY,
            (true, false, ..) => &rules::NOT_WRITE_ONLY,
            _ => continue,
        };
        let verb = if is.is_some() { "is" } else { "is no longer" };
        let message = format!("the property `{}` {verb} {word}", name(wire));
        compare.emit(rule, was, is, message).detail(wire);
    }
}

/// Names that `required` lists and `properties` does not.
fn required_without_property<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let bare = |schema: &Schema<'_>, other: &Schema<'_>, wire: &str| {
        !schema.properties.contains_key(wire) && !other.properties.contains_key(wire)
    };
    for (wire, node) in &pair.new.required {
        if !pair.old.required.contains_key(wire) && bare(pair.new, pair.old, wire) {
            let message = format!("a member `{}` is required now", name(wire));
            compare.emit(&rules::REQUIRED_PROPERTY_ADDED, pair.old_node, *node, message).detail(*wire);
        }
    }
    for (wire, node) in &pair.old.required {
        if !pair.new.required.contains_key(wire) && bare(pair.old, pair.new, wire) {
            let message = format!("a member `{}` is no longer required", name(wire));
            compare.emit(&rules::PROPERTY_OPTIONAL, *node, pair.new_node, message).detail(*wire);
        }
    }
}

fn rest<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let object = |schema: &Schema<'_>| schema.types.as_ref().is_none_or(|types| types.contains(&Type::Object));
    if !object(pair.old) || !object(pair.new) {
        return;
    }
    let nodes = (pair.old_node, pair.new_node);
    let (rule, old, new, message) = match (pair.old.rest, pair.new.rest) {
        (Some(Rest::Of(old, _)), Some(Rest::Of(new, _))) => {
            compare.pair(old, new, inner(pair.usage), Passes::BOTH);
            return;
        }
        (Some(Rest::Refused(old)), Some(Rest::Of(_, new))) => {
            (&rules::ADDITIONAL_OPENED, old, new, "members that are not named are allowed")
        }
        (Some(Rest::Refused(old)), None | Some(Rest::Any)) => {
            (&rules::ADDITIONAL_OPENED, old, nodes.1, "members that are not named are allowed")
        }
        (None | Some(Rest::Any | Rest::Of(..)), Some(Rest::Refused(new))) => {
            (&rules::ADDITIONAL_CLOSED, nodes.0, new, "members that are not named are refused")
        }
        (None | Some(Rest::Any), Some(Rest::Of(_, new))) => {
            (&rules::ADDITIONAL_TYPED, nodes.0, new, "members that are not named must fit a schema")
        }
        (Some(Rest::Of(_, old)), None | Some(Rest::Any)) => {
            (&rules::ADDITIONAL_UNTYPED, old, nodes.1, "members that are not named may be anything")
        }
        _ => return,
    };
    compare.emit(rule, old, new, message);
}

fn items<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    match (pair.old.items, pair.new.items) {
        (Some((old, _)), Some((new, _))) => compare.pair(old, new, pair.usage, Passes::BOTH),
        (None, Some((source, node))) if !is_any(compare.new.schema(source).as_ref()) => {
            compare.emit(&rules::TYPE_SET, pair.old_node, node, "the items could be anything and have a schema now");
        }
        (Some((source, node)), None) if !is_any(compare.old.schema(source).as_ref()) => {
            compare.emit(&rules::TYPE_UNSET, node, pair.new_node, "the items had a schema and may be anything");
        }
        _ => {}
    }
}

fn is_any(schema: &Schema<'_>) -> bool {
    schema.types.is_none() && schema.values.is_none() && schema.branches.is_empty()
}

/// Items of a tuple, by position.
fn prefix<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    for ((old, _), (new, _)) in pair.old.prefix.iter().zip(&pair.new.prefix) {
        compare.pair(*old, *new, pair.usage, Passes::BOTH);
    }
    let common = pair.old.prefix.len().min(pair.new.prefix.len());
    for (index, (source, node)) in pair.new.prefix.iter().enumerate().skip(common) {
        let number = index + 1;
        if pair.old.items_refused {
            let message = format!("the tuple has another item, number {number}");
            compare.emit(&rules::TUPLE_ITEM_ADDED, pair.old_node, *node, message).detail(index.to_string());
        } else if let Some((before, _)) = pair.old.items {
            compare.pair(before, *source, pair.usage, Passes::BOTH);
        } else if !is_any(compare.new.schema(*source).as_ref()) {
            let message = format!("item {number} of the tuple could be anything and has a schema now");
            compare.emit(&rules::TYPE_SET, pair.old_node, *node, message).detail(index.to_string());
        }
    }
    for (index, (source, node)) in pair.old.prefix.iter().enumerate().skip(common) {
        let number = index + 1;
        if pair.new.items_refused {
            let message = format!("the tuple has an item less, number {number}");
            compare.emit(&rules::TUPLE_ITEM_REMOVED, *node, pair.new_node, message).detail(index.to_string());
        } else if let Some((after, _)) = pair.new.items {
            compare.pair(*source, after, pair.usage, Passes::BOTH);
        } else if !is_any(compare.old.schema(*source).as_ref()) {
            let message = format!("item {number} of the tuple had a schema and may be anything");
            compare.emit(&rules::TYPE_UNSET, *node, pair.new_node, message).detail(index.to_string());
        }
    }
    if pair.old.items_refused != pair.new.items_refused && !(pair.old.prefix.is_empty() && pair.new.prefix.is_empty()) {
        let closed = pair.new.items_refused;
        let rule = if closed { &rules::UNEVALUATED_CLOSED } else { &rules::UNEVALUATED_OPENED };
        let message =
            if closed { "items after the tuple's are refused" } else { "items after the tuple's are allowed" };
        compare.emit(rule, pair.old_node, pair.new_node, message).detail("items");
    }
}
