//! Limits, patterns, multiples, unique items.

use super::Pair;
use crate::diff::compare::Compare;
use crate::diff::rules;
use crate::diff::schema::{Limit, is_tighter};
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
    // A count that may be zero is not limited.
    let idle = |limit: &Limit<'_>| !upper && name != "minimum" && !counts_contained && limit.number.is_zero();
    let (old, new) = (pair.old.limits.get(name), pair.new.limits.get(name));
    let (rule, message) = match (old, new) {
        (Some(old), Some(new)) if old.number == new.number && old.exclusive == new.exclusive => return,
        (Some(old), Some(new)) if is_tighter(new, old, upper) => (
            if counts_contained { &rules::CONTAINS_TIGHTENED } else { &rules::LIMIT_TIGHTENED },
            format!("`{name}` is tighter"),
        ),
        (Some(_), Some(_)) => (
            if counts_contained { &rules::CONTAINS_LOOSENED } else { &rules::LIMIT_LOOSENED },
            format!("`{name}` is looser"),
        ),
        (None, Some(new)) if !idle(new) => {
            (if counts_contained { &rules::CONTAINS_TIGHTENED } else { &rules::LIMIT_SET }, format!("`{name}` is new"))
        }
        (Some(old), None) if !idle(old) => (
            if counts_contained { &rules::CONTAINS_LOOSENED } else { &rules::LIMIT_REMOVED },
            format!("`{name}` is gone"),
        ),
        _ => return,
    };
    let nodes = (old.map_or(pair.old_node, |limit| limit.node), new.map_or(pair.new_node, |limit| limit.node));
    compare.emit(rule, nodes.0, nodes.1, message).detail(name);
}

fn pattern<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let any = |pattern: &str| matches!(pattern, "" | ".*" | "^.*$" | "^.*" | ".*$");
    let nodes = (pair.old.pattern.unwrap_or(pair.old_node), pair.new.pattern.unwrap_or(pair.new_node));
    let (rule, message) = match (text(pair.old.pattern), text(pair.new.pattern)) {
        (Some(old), Some(new)) if old == new => return,
        (Some(old), Some(new)) if any(&old) && any(&new) => return,
        (Some(old), Some(_)) if any(&old) => (&rules::PATTERN_ADDED, "a text must match a pattern"),
        (Some(_), Some(new)) if any(&new) => (&rules::PATTERN_GENERALIZED, "any text matches the new pattern"),
        (Some(_), Some(_)) => {
            (&rules::PATTERN_CHANGED, "the pattern is another one; which texts match can't be decided")
        }
        (None, Some(new)) if !any(&new) => (&rules::PATTERN_ADDED, "a text must match a pattern"),
        (Some(old), None) if !any(&old) => (&rules::PATTERN_REMOVED, "a text need not match a pattern any more"),
        _ => return,
    };
    compare.emit(rule, nodes.0, nodes.1, message);
}

fn multiple<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let number = |node: Option<&Node>| match node.map(|node| &node.value) {
        Some(Value::Number(text)) => Number::parse(text),
        _ => None,
    };
    let (old, new) = (number(pair.old.multiple_of), number(pair.new.multiple_of));
    let (rule, message) = match (&old, &new) {
        (None, Some(_)) => (&rules::MULTIPLE_TIGHTENED, "the number must be a multiple"),
        (Some(_), None) => (&rules::MULTIPLE_LOOSENED, "the number need not be a multiple any more"),
        (Some(old), Some(new)) if old != new => match old.is_multiple_of(new) {
            Some(true) => (&rules::MULTIPLE_LOOSENED, "more numbers are multiples of the new divisor"),
            _ => (&rules::MULTIPLE_TIGHTENED, "the number must be a multiple of another divisor"),
        },
        _ => return,
    };
    let nodes = (pair.old.multiple_of.unwrap_or(pair.old_node), pair.new.multiple_of.unwrap_or(pair.new_node));
    let detail = nodes.1;
    compare.emit(rule, nodes.0, nodes.1, message).detail(canonical(detail));
}
