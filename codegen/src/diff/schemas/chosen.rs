//! One schema on one side, a choice on the other: which branch the schema became, or was.
//!
//! 1. A branch that equals the schema is the one, whatever its type.
//! 2. Else the branch of the same type that has most in common with it; the two are compared.
//! 3. Without a branch of the same type the value has another type.

use super::{Pair, types};
use crate::diff::compare::Compare;
use crate::diff::model::{Side, Source};
use crate::diff::reach::Passes;
use crate::diff::rules;
use crate::diff::schema::{Branches, Schema, Type};
use std::collections::BTreeSet;

/// The most branches that are compared with a schema to find an equal one.
pub(super) const MOST_TRIED: usize = 24;

/// How many choices within choices are looked through for types.
const DEEPEST: usize = 4;

/// The two sides of such a pair.
struct Ends<'s, 'a> {
    choice: &'s Branches<'a>,
    /// The schema that has the choice, and the other one.
    of: (&'s Schema<'a>, Source),
    other: (&'s Schema<'a>, Source),
    /// Whether the choice is the old side.
    was: bool,
}

/// Compares a schema with the branch that it belongs to; false if this is no such pair.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, old: Source, new: Source) -> bool {
    let ends = match (pair.old.branches.as_slice(), pair.new.branches.as_slice()) {
        ([], [choice, ..]) => Ends { choice, of: (pair.new, new), other: (pair.old, old), was: false },
        ([choice, ..], []) => Ends { choice, of: (pair.old, old), other: (pair.new, new), was: true },
        _ => return false,
    };
    let schema = ends.of.0;
    let is_bare = schema.properties.is_empty() && schema.values.is_none() && schema.items.is_none();
    let says_nothing = ends.other.0.types.is_none() && ends.other.0.values.is_none();
    if !is_bare || says_nothing {
        return false;
    }
    if let Some(same) = equal(compare, &ends) {
        tell(compare, pair, &ends, same);
        return true;
    }
    by_type(compare, pair, &ends)
}

/// The branch that equals the other side.
fn equal<'a>(compare: &mut Compare<'a>, ends: &Ends<'_, 'a>) -> Option<Source> {
    for (source, _) in ends.choice.list.iter().take(MOST_TRIED) {
        let branch = branch(compare, ends, *source);
        let (old, new) = if ends.was { (branch, ends.other.1) } else { (ends.other.1, branch) };
        if compare.equal(old, new) {
            return Some(branch);
        }
    }
    None
}

/// A branch with what stands beside its choice.
fn branch<'a>(compare: &mut Compare<'a>, ends: &Ends<'_, 'a>, branch: Source) -> Source {
    let (schema, source) = ends.of;
    let is_alone = schema.types.is_none()
        && !schema.nullable
        && schema.limits.is_empty()
        && schema.required.is_empty()
        && schema.rest.is_none()
        && schema.branches.len() == 1;
    let side = if ends.was { &mut compare.old } else { &mut compare.new };
    if is_alone { branch } else { side.with_branch(source, branch, ends.choice.node) }
}

/// Says that a choice came or went, and compares its branch with what stood or stands there.
fn tell<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, ends: &Ends<'_, 'a>, branch: Source) {
    let count = ends.choice.list.len();
    if ends.was {
        let message = format!("of {count} branches one is left");
        compare.emit(&rules::CHOICE_UNWRAPPED, ends.choice.node, pair.new_node, message);
        compare.pair(branch, ends.other.1, pair.usage, Passes::BOTH);
    } else {
        let message = format!("this became one of {count} branches");
        compare.emit(&rules::WRAPPED_IN_CHOICE, pair.old_node, ends.choice.node, message);
        compare.pair(ends.other.1, branch, pair.usage, Passes::BOTH);
    }
}

fn by_type<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, ends: &Ends<'_, 'a>) -> bool {
    let side = if ends.was { &mut compare.old } else { &mut compare.new };
    let sources: Vec<Source> = ends.choice.list.iter().map(|(source, _)| *source).collect();
    let of_branches: Option<Vec<BTreeSet<Type>>> =
        sources.iter().map(|source| types_of(side, *source, DEEPEST)).collect();
    // A branch without a type takes anything.
    let (Some(of_branches), Some(other)) = (of_branches, types::effective(ends.other.0)) else { return false };
    let all: BTreeSet<Type> = of_branches.iter().flatten().copied().collect();
    let alike = |types: &BTreeSet<Type>| types::wide(types).intersection(&types::wide(&other)).next().is_some();
    let candidates: Vec<Source> =
        sources.iter().zip(&of_branches).filter(|(_, types)| alike(types)).map(|(source, _)| *source).collect();
    let types = if ends.was { (&all, &other) } else { (&other, &all) };
    let Some(nearest) = nearest(side, &candidates, ends.other.0) else {
        types::tell(compare, pair, types);
        return true;
    };
    if other.len() > 1 {
        several(compare, pair, ends, types);
        return true;
    }
    let nearest = branch(compare, ends, nearest);
    tell(compare, pair, ends, nearest);
    true
}

/// A schema of several types belongs to no single branch.
fn several<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    ends: &Ends<'_, 'a>,
    types: (&BTreeSet<Type>, &BTreeSet<Type>),
) {
    if types::wide(types.0) != types::wide(types.1) {
        types::tell(compare, pair, types);
    }
    if ends.was {
        let message = "this need not fit a choice of schemas any more";
        compare.emit(&rules::MEMBER_FREES, ends.choice.node, pair.new_node, message).detail("choice");
    } else {
        let message = "this must fit a choice of schemas now";
        compare.emit(&rules::MEMBER_CONSTRAINS, pair.old_node, ends.choice.node, message).detail("choice");
    }
}

/// The types of a schema; of a choice, those of its branches; nothing if it takes anything.
fn types_of(side: &mut Side<'_>, source: Source, depth: usize) -> Option<BTreeSet<Type>> {
    let schema = side.schema(source);
    if let Some(types) = types::effective(&schema) {
        return Some(types);
    }
    let choice = schema.branches.first().filter(|_| depth > 0)?;
    let mut all = BTreeSet::new();
    for (branch, _) in &choice.list {
        all.extend(types_of(side, *branch, depth - 1)?);
    }
    Some(all)
}

/// The branch that shares most with a schema; of several the first.
fn nearest(side: &mut Side<'_>, candidates: &[Source], other: &Schema<'_>) -> Option<Source> {
    let shared = |branch: &Schema<'_>| {
        let members = branch.properties.keys().filter(|name| other.properties.contains_key(*name)).count();
        let same_format = branch.format.and_then(|node| node.text()) == other.format.and_then(|node| node.text());
        let texts = |schema: &Schema<'_>| -> BTreeSet<String> {
            schema.values.iter().flatten().map(|choice| choice.text.clone()).collect()
        };
        (members, texts(branch).intersection(&texts(other)).count(), same_format)
    };
    candidates.iter().copied().rev().max_by_key(|source| shared(&side.schema(*source)))
}
