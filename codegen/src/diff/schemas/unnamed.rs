//! Members that one document names, and the other leaves to a schema for all that are not named.
//!
//! What has that schema is what `additionalProperties` or the entries of `patternProperties` say: a member that gets a
//! schema of its own is compared with it, and one that loses its own, too.

use super::Pair;
use crate::diff::compare::Compare;
use crate::diff::model::{Side, Source};
use crate::diff::rules;
use crate::diff::schema::{Property, Rest, Schema};
use crate::spec::Node;
use jsonschema::Validator;
use serde_json::{Value, json};

/// A member that only the new document names.
pub(super) fn named<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &str, new: &Property<'a>) {
    let old = unnamed(compare, pair, pair.old, name, true);
    if let Some(old) = old {
        let new = whole(compare, pair, pair.new, (name, new), false);
        pair_up(compare, pair, old, new);
    }
}

/// A member that only the old document names.
pub(super) fn no_longer_named<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &str, old: &Property<'a>) {
    let new = unnamed(compare, pair, pair.new, name, false);
    if let Some(new) = new {
        let old = whole(compare, pair, pair.old, (name, old), true);
        pair_up(compare, pair, old, new);
    }
}

fn pair_up(compare: &mut Compare<'_>, pair: &Pair<'_, '_>, old: Source, new: Source) {
    let (was, is) = (compare.old.schema(old), compare.new.schema(new));
    let passes = super::both(super::seen(&was), super::seen(&is));
    compare.pair(old, new, super::members::inner(pair.usage), passes);
}

/// What a member of this name must fit where it has no schema of its own.
fn unnamed<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    schema: &Schema<'a>,
    name: &str,
    old: bool,
) -> Option<Source> {
    let nodes = patterns(compare, pair, schema, name);
    match schema.rest {
        _ if !nodes.is_empty() => Some(side(compare, old).source(&nodes)),
        Some(Rest::Of(source, _)) => Some(source),
        _ => None,
    }
}

/// What a named member must fit: its own schema, and those of the patterns that its name has.
fn whole<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    schema: &Schema<'a>,
    (name, property): (&str, &Property<'a>),
    old: bool,
) -> Source {
    let patterns = patterns(compare, pair, schema, name);
    if patterns.is_empty() {
        return property.source;
    }
    let side = side(compare, old);
    let mut nodes = side.nodes(property.source).to_vec();
    nodes.extend(patterns);
    side.source(&nodes)
}

fn side<'c, 'a>(compare: &'c mut Compare<'a>, old: bool) -> &'c mut Side<'a> {
    if old { &mut compare.old } else { &mut compare.new }
}

/// The schemas of the patterns that a name has.
fn patterns<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, schema: &Schema<'a>, name: &str) -> Vec<&'a Node> {
    let mut nodes = Vec::new();
    for (pattern, node) in schema.keywords.get("patternProperties").into_iter().flatten().flat_map(|map| map.members())
    {
        match has_pattern(name, &pattern.text) {
            Some(true) => nodes.push(node),
            Some(false) => {}
            None => {
                let message = "a pattern of `patternProperties` is none: which members it is for is not known";
                compare.emit(&rules::NOT_FOLLOWED, pair.old_node, pair.new_node, message).detail(pattern.text.clone());
            }
        }
    }
    nodes
}

/// Whether a name has a pattern; nothing if the pattern is none.
fn has_pattern(name: &str, pattern: &str) -> Option<bool> {
    let validator: Validator = jsonschema::validator_for(&json!({ "pattern": pattern })).ok()?;
    Some(validator.is_valid(&Value::from(name)))
}
