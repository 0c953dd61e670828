//! Limits, patterns, multiples, unique items.

use super::Pair;
use crate::diff::compare::Compare;
use crate::diff::rules;
use crate::diff::schema::{Limit, Schema, Type, is_tighter};
use crate::diff::values::{Number, canonical};
use crate::spec::{Node, Value};
use std::collections::BTreeSet;

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let names: BTreeSet<&'static str> = pair.old.limits.keys().chain(pair.new.limits.keys()).copied().collect();
    for name in names {
        limit(compare, pair, name);
    }
    pattern(compare, pair);
    multiple(compare, pair);
    let nodes = (pair.old.unique.unwrap_or(pair.old_node), pair.new.unique.unwrap_or(pair.new_node));
    match (pair.old.unique.is_some(), pair.new.unique.is_some()) {
        (false, true) => {
            compare.emit(&rules::UNIQUE_ADDED, nodes.0, nodes.1, "the items must differ from each other");
        }
        (true, false) => {
            compare.emit(&rules::UNIQUE_REMOVED, nodes.0, nodes.1, "the items may be equal");
        }
        _ => {}
    }
}

fn limit<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, name: &'static str) {
    let upper = name.starts_with("max");
    let counts_contained = name.ends_with("Contains");
    // A count that may be zero is not limited, and what a list contains once is not counted.
    let idle = |schema: &Schema<'_>, limit: &Limit<'_>| match name {
        "minContains" => !schema.keywords.contains_key("contains") || limit.number.is_one(),
        "maxContains" => !schema.keywords.contains_key("contains"),
        _ => !upper && name != "minimum" && limit.number.is_zero(),
    };
    let of = |schema: &'_ Schema<'a>| schema.limits.get(name).filter(|limit| !idle(schema, limit)).cloned();
    let (old, new) = (of(pair.old), of(pair.new));
    let integers = [pair.old, pair.new].map(is_integer) == [true, true];
    let (rule, message) = match (&old, &new) {
        (Some(old), Some(new)) if old.number == new.number && old.exclusive == new.exclusive => return,
        // `exclusiveMaximum: 5` lets the same integers through as `maximum: 4`.
        (Some(old), Some(new)) if integers && last(old, upper).is_some() && last(old, upper) == last(new, upper) => {
            return;
        }
        (Some(old), Some(new)) if is_tighter(new, old, upper) => (
            if counts_contained { &rules::CONTAINS_TIGHTENED } else { &rules::LIMIT_TIGHTENED },
            format!("`{name}` is tighter"),
        ),
        (Some(_), Some(_)) => (
            if counts_contained { &rules::CONTAINS_LOOSENED } else { &rules::LIMIT_LOOSENED },
            format!("`{name}` is looser"),
        ),
        (None, Some(_)) => {
            (if counts_contained { &rules::CONTAINS_TIGHTENED } else { &rules::LIMIT_SET }, format!("`{name}` is new"))
        }
        (Some(_), None) => (
            if counts_contained { &rules::CONTAINS_LOOSENED } else { &rules::LIMIT_REMOVED },
            format!("`{name}` is gone"),
        ),
        _ => return,
    };
    let node = |limit: Option<Limit<'a>>, otherwise: &'a Node| limit.map_or(otherwise, |limit| limit.node);
    let nodes = (node(old, pair.old_node), node(new, pair.new_node));
    compare.emit(rule, nodes.0, nodes.1, message).detail(name);
}

fn is_integer(schema: &Schema<'_>) -> bool {
    schema.types.as_ref().is_some_and(|types| types.iter().eq([&Type::Integer]))
}

/// The last integer that a limit lets through, if the limit is an integer.
fn last(limit: &Limit<'_>, upper: bool) -> Option<i128> {
    let number = limit.number.integer()?;
    match (limit.exclusive, upper) {
        (false, _) => Some(number),
        (true, true) => number.checked_sub(1),
        (true, false) => number.checked_add(1),
    }
}

fn pattern<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let any = |pattern: &str| matches!(pattern, "" | ".*" | "^.*$" | "^.*" | ".*$");
    let without = |nodes: &[&'a Node], others: &[&'a Node]| -> Vec<&'a Node> {
        let known: BTreeSet<&str> = others.iter().filter_map(|node| node.text()).collect();
        nodes
            .iter()
            .copied()
            .filter(|node| !node.text().is_some_and(|text| known.contains(text) || any(text)))
            .collect()
    };
    let (old, new) = (&pair.old.patterns, &pair.new.patterns);
    let (gone, came) = (without(old, new), without(new, old));
    let (rule, message) = match (gone.is_empty(), came.is_empty()) {
        (true, true) => return,
        (true, false) => (&rules::PATTERN_ADDED, "a text must match a pattern"),
        (false, true) if new.iter().any(|node| node.text().is_some_and(any)) => {
            (&rules::PATTERN_GENERALIZED, "any text matches the new pattern")
        }
        (false, true) => (&rules::PATTERN_REMOVED, "a text need not match a pattern any more"),
        (false, false) => (&rules::PATTERN_CHANGED, "the pattern is another one; which texts match can't be decided"),
    };
    let old = gone.first().or(old.first().filter(|_| rule == &rules::PATTERN_ADDED && old.len() == 1));
    let new = came.first().or(new.first().filter(|_| rule == &rules::PATTERN_GENERALIZED));
    compare.emit(rule, old.copied().unwrap_or(pair.old_node), new.copied().unwrap_or(pair.new_node), message);
}

fn multiple<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let numbers = |schema: &Schema<'a>| -> Vec<(Number, &'a Node)> {
        let number = |node: &&'a Node| match &node.value {
            Value::Number(text) => Number::parse(text).map(|number| (number, *node)),
            _ => None,
        };
        // Every integer is a multiple of one.
        let counts = |(number, _): &(Number, &Node)| !(number.is_one() && is_integer(schema));
        schema.multiple_of.iter().filter_map(number).filter(counts).collect()
    };
    let (old, new) = (numbers(pair.old), numbers(pair.new));
    // What others ask for already asks for nothing.
    let without = |numbers: &[(Number, &'a Node)], others: &[(Number, &'a Node)]| -> Vec<&'a Node> {
        let implied = |number: &Number| others.iter().any(|(other, _)| other.is_multiple_of(number) == Some(true));
        numbers.iter().filter(|(number, _)| !implied(number)).map(|(_, node)| *node).collect()
    };
    let (gone, came) = (without(&old, &new), without(&new, &old));
    let (rule, message) = match (gone.is_empty(), came.is_empty()) {
        (true, true) => return,
        (_, false) if old.is_empty() => (&rules::MULTIPLE_TIGHTENED, "the number must be a multiple"),
        (_, false) => (&rules::MULTIPLE_TIGHTENED, "the number must be a multiple of another divisor"),
        (false, true) if new.is_empty() => (&rules::MULTIPLE_LOOSENED, "the number need not be a multiple any more"),
        (false, true) => (&rules::MULTIPLE_LOOSENED, "more numbers are multiples of the new divisor"),
    };
    let node = |first: &[&'a Node], all: &[(Number, &'a Node)], otherwise: &'a Node| {
        first.first().copied().or(all.first().map(|(_, node)| *node)).unwrap_or(otherwise)
    };
    let nodes = (node(&gone, &old, pair.old_node), node(&came, &new, pair.new_node));
    compare.emit(rule, nodes.0, nodes.1, message).detail(canonical(nodes.1));
}
