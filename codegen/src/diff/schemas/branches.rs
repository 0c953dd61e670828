//! Choices: which branch of the old is which branch of the new, and what tells them apart.

use super::Pair;
use super::chosen::MOST_TRIED;
use crate::diff::compare::Compare;
use crate::diff::model::{Side, Source};
use crate::diff::reach::Passes;
use crate::diff::rules;
use crate::diff::schema::{Branches, Rest, Schema, Type};
use crate::diff::values::canonical_without_texts;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{BTreeMap, HashSet};

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let (old, new) = together(&pair.old.branches, &pair.new.branches);
    for (old, new) in old.iter().zip(&new) {
        choice(compare, pair, old, new);
    }
    let common = old.len().min(new.len());
    for branches in &new[common..] {
        let typed = pair.old.types.is_none() && pair.old.properties.is_empty();
        let rule = if typed { &rules::TYPE_SET } else { &rules::MEMBER_CONSTRAINS };
        compare.emit(rule, pair.old_node, branches.node, "this must fit a choice of schemas now");
    }
    for branches in &old[common..] {
        let rule = match (pair.old.types.is_some(), pair.new.types.is_some()) {
            // The types stay: the choice only asked for more.
            (true, true) => &rules::MEMBER_FREES,
            (false, true) => &rules::TYPE_CHANGED,
            (_, false) => &rules::TYPE_UNSET,
        };
        compare.emit(rule, branches.node, pair.new_node, "this need not fit a choice of schemas any more");
    }
    discriminator(compare, pair);
}

/// The choices of both schemas, those first, in one order, that are written alike: they stand in any order.
fn together<'s, 'a>(
    old: &'s [Branches<'a>],
    new: &'s [Branches<'a>],
) -> (Vec<&'s Branches<'a>>, Vec<&'s Branches<'a>>) {
    if let ([_], [_]) = (old, new) {
        return (old.iter().collect(), new.iter().collect());
    }
    let text = |choice: &Branches<'_>| canonical_without_texts(choice.node);
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    let (mut left, mut others): (Vec<_>, Vec<_>) = (Vec::new(), new.iter().collect());
    for choice in old {
        match others.iter().position(|other| text(other) == text(choice)) {
            Some(index) => {
                olds.push(choice);
                news.push(others.remove(index));
            }
            None => left.push(choice),
        }
    }
    olds.extend(left);
    news.extend(others);
    (olds, news)
}

fn choice<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, old: &Branches<'a>, new: &Branches<'a>) {
    let matched = matching(compare, &old.list, &new.list);
    for (o, n) in &matched {
        compare.pair(old.list[*o].0, new.list[*n].0, pair.usage, Passes::BOTH);
    }
    let olds: HashSet<usize> = matched.iter().map(|(o, _)| *o).collect();
    let news: HashSet<usize> = matched.iter().map(|(_, n)| *n).collect();
    let word = if old.exactly_one { "oneOf" } else { "anyOf" };
    for (index, (_, node)) in old.list.iter().enumerate() {
        if !olds.contains(&index) {
            let label = label(compare.old.component_of(target(compare, node, true)), node, index);
            let message = format!("the branch {label} of `{word}` is gone");
            compare.emit(&rules::BRANCH_REMOVED, *node, new.node, message).detail(label);
        }
    }
    for (index, (_, node)) in new.list.iter().enumerate() {
        if !news.contains(&index) {
            let label = label(compare.new.component_of(target(compare, node, false)), node, index);
            let message = format!("the branch {label} of `{word}` is new");
            compare.emit(&rules::BRANCH_ADDED, old.node, *node, message).detail(label);
        }
    }
    if old.exactly_one != new.exactly_one {
        let safe = pair.new.discriminator.is_some() || disjoint(compare, new);
        let rule = if safe { &rules::CHOICE_KIND_SAFE } else { &rules::CHOICE_KIND_CHANGED };
        compare.emit(rule, old.node, new.node, "`oneOf` became `anyOf`, or the reverse");
    }
    ambiguous(compare, pair, (old, new), &matched);
    let rising = matched.windows(2).all(|two| two[0].1 < two[1].1);
    // Branches that only ask for more of the schema around them are no variants to choose from.
    let variants = new.list.iter().any(|(source, _)| {
        let schema = compare.new.schema(*source);
        schema.types.is_some() || schema.values.is_some() || !schema.branches.is_empty()
    });
    if !rising && variants && pair.new.discriminator.is_none() && !disjoint(compare, new) {
        compare.emit(&rules::BRANCHES_REORDERED, old.node, new.node, "the branches stand in another order");
    }
}

/// The most branches of which every two are looked at.
const MOST_PAIRED: usize = 40;

/// Two branches that a value may fit both of, and that were told apart before.
fn ambiguous<'a>(
    compare: &mut Compare<'a>,
    pair: &Pair<'_, 'a>,
    (old, new): (&Branches<'a>, &Branches<'a>),
    matched: &[(usize, usize)],
) {
    if pair.new.discriminator.is_some() || new.list.len() > MOST_PAIRED {
        return;
    }
    let was = |index: usize| matched.iter().find(|(_, n)| *n == index).map(|(o, _)| old.list[*o].0);
    for first in 0..new.list.len() {
        for second in first + 1..new.list.len() {
            let schemas = [first, second].map(|index| compare.new.schema(new.list[index].0));
            if !overlap(&mut compare.new, &schemas[0], &schemas[1]) {
                continue;
            }
            if let (Some(a), Some(b)) = (was(first), was(second)) {
                let schemas = [a, b].map(|source| compare.old.schema(source));
                if pair.old.discriminator.is_none() && overlap(&mut compare.old, &schemas[0], &schemas[1]) {
                    continue;
                }
            }
            let labels = [first, second].map(|index| {
                let node = new.list[index].1;
                label(compare.new.component_of(target(compare, node, false)), node, index)
            });
            let message = format!("a value may fit the branches {} and {}", labels[0], labels[1]);
            let nodes = (old.node, new.list[second].1);
            compare.emit(&rules::BRANCHES_AMBIGUOUS, nodes.0, nodes.1, message).detail(labels.join(" "));
        }
    }
}

/// Whether every object of one branch is an object of the other: its members are some of the other's, and no member
/// that both have tells them apart.
fn overlap<'a>(side: &mut Side<'a>, a: &Schema<'a>, b: &Schema<'a>) -> bool {
    let object = |schema: &Schema<'_>| {
        schema.types.as_ref().is_some_and(|types| types.iter().eq([&Type::Object])) && schema.branches.is_empty()
    };
    let within = |inner: &Schema<'_>, outer: &Schema<'_>| {
        inner.properties.keys().all(|name| outer.properties.contains_key(name))
            && inner.required.keys().all(|name| outer.required.contains_key(name))
            && !matches!(inner.rest, Some(Rest::Refused(_)))
    };
    let alike = object(a) && object(b) && (within(a, b) || within(b, a));
    alike
        && a.properties.iter().all(|(name, one)| {
            let Some(other) = b.properties.get(name) else { return true };
            let (one, other) = (side.schema(one.source), side.schema(other.source));
            let types = match (&one.types, &other.types) {
                (Some(one), Some(other)) => one.intersection(other).next().is_some(),
                _ => true,
            };
            let values = match (&one.values, &other.values) {
                (Some(one), Some(other)) => one.iter().any(|one| other.iter().any(|other| one.text == other.text)),
                _ => true,
            };
            types && values
        })
}

fn target<'a>(compare: &Compare<'a>, node: &'a Node, old: bool) -> &'a Node {
    let side = if old { &compare.old } else { &compare.new };
    side.resolve(node).unwrap_or(node)
}

fn label(component: Option<&str>, node: &Node, index: usize) -> String {
    let title = node.get("title").and_then(Node::text);
    match component.or(title) {
        Some(name) => format!("`{}`", shortened(name, 60)),
        None => format!("number {}", index + 1),
    }
}

/// Whether no value fits two branches, as far as their types tell.
fn disjoint(compare: &mut Compare<'_>, branches: &Branches<'_>) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let sources: Vec<Source> = branches.list.iter().map(|(source, _)| *source).collect();
    sources.into_iter().all(|source| {
        let schema = compare.new.schema(source);
        schema.types.as_ref().is_some_and(|types| types.iter().all(|ty| seen.insert(*ty)))
    })
}

type Key<'a> = fn(&Compare<'a>, &'a Node, bool) -> Option<String>;
type List<'a> = [(Source, &'a Node)];

/// Pairs of indices, by the old one: by component, title and content; then by meaning; then the only ones left.
fn matching<'a>(compare: &mut Compare<'a>, old: &List<'a>, new: &List<'a>) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let keys: [Key<'a>; 3] = [by_component, |c, n, o| by_title(c, n, o), |c, n, o| by_content(c, n, o)];
    let mut left_old: Vec<usize> = (0..old.len()).collect();
    let mut left_new: Vec<usize> = (0..new.len()).collect();
    for key in keys {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for index in left_new.iter().rev() {
            if let Some(key) = key(compare, new[*index].1, false) {
                known.insert(key, *index);
            }
        }
        let mut taken = HashSet::new();
        left_old.retain(|index| {
            let Some(found) = key(compare, old[*index].1, true).and_then(|key| known.remove(&key)) else { return true };
            pairs.push((*index, found));
            taken.insert(found);
            false
        });
        left_new.retain(|other| !taken.contains(other));
    }
    for o in left_old.clone().into_iter().take(MOST_TRIED) {
        let candidates: Vec<usize> = left_new.iter().copied().take(MOST_TRIED).collect();
        if let Some(n) = candidates.into_iter().find(|n| compare.equal(old[o].0, new[*n].0)) {
            pairs.push((o, n));
            left_old.retain(|other| *other != o);
            left_new.retain(|other| *other != n);
        }
    }
    if let ([o], [n]) = (left_old.as_slice(), left_new.as_slice())
        && alike(compare, old[*o], new[*n])
    {
        pairs.push((*o, *n));
    }
    pairs.sort_unstable();
    pairs
}

/// Whether two branches without names are one that changed.
fn alike<'a>(compare: &mut Compare<'a>, old: (Source, &'a Node), new: (Source, &'a Node)) -> bool {
    if old.1.get("$ref").is_some() || new.1.get("$ref").is_some() {
        return false;
    }
    let (old, new) = (compare.old.schema(old.0), compare.new.schema(new.0));
    old.types == new.types
        && (old.properties.is_empty() || old.properties.keys().any(|name| new.properties.contains_key(name)))
}

fn by_component(_compare: &Compare<'_>, node: &Node, _old: bool) -> Option<String> {
    node.get("$ref").and_then(Node::text).map(|text| text.rsplit('/').next().unwrap_or(text).to_owned())
}

fn by_title<'a>(compare: &Compare<'a>, node: &'a Node, old: bool) -> Option<String> {
    target(compare, node, old).get("title").and_then(Node::text).map(str::to_owned)
}

fn by_content<'a>(compare: &Compare<'a>, node: &'a Node, old: bool) -> Option<String> {
    Some(canonical_without_texts(target(compare, node, old)))
}

/// What tells the branches apart: a property, and which value leads where.
fn discriminator<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let (old, new) = match (pair.old.discriminator, pair.new.discriminator) {
        (None, None) => return,
        (None, Some(new)) => {
            compare.emit(&rules::DISCRIMINATOR_ADDED, pair.old_node, new, "a property tells the branches apart");
            return;
        }
        (Some(old), None) => {
            let message = "no property tells the branches apart any more";
            compare.emit(&rules::DISCRIMINATOR_REMOVED, old, pair.new_node, message);
            return;
        }
        (Some(old), Some(new)) => (old, new),
    };
    let property = |node: &Node| node.get("propertyName").and_then(Node::text).map(str::to_owned);
    if property(old) != property(new) {
        compare.emit(&rules::DISCRIMINATOR_CHANGED, old, new, "another property tells the branches apart");
    }
    mappings(compare, (old, mapping(old, pair.old)), (new, mapping(new, pair.new)));
}

/// Which value leads where: values that lead elsewhere, those that another one stands for now, the others.
fn mappings<'a>(compare: &mut Compare<'a>, (old, was): (&'a Node, Mapping<'a>), (new, is): (&'a Node, Mapping<'a>)) {
    let mut arrived: Vec<_> = is.iter().filter(|(value, _)| !was.contains_key(*value)).collect();
    for (value, (target, node)) in &was {
        let shown = shortened(value, 60);
        if let Some((now, other)) = is.get(value) {
            if now != target && !is_renamed(compare, target, now) {
                let message = format!("the value `{shown}` leads to another branch");
                compare.emit(&rules::MAPPING_CHANGED, *node, *other, message).detail(value.clone());
            }
            continue;
        }
        let leads_here = |(_, (now, _)): &(_, &(String, _))| now == target || is_renamed(compare, target, now);
        if let Some(found) = arrived.iter().position(leads_here) {
            let (now, (_, other)) = arrived.remove(found);
            let message = format!("the value `{shown}` is `{}` now, and leads to the same", shortened(now, 60));
            compare.emit(&rules::MAPPING_CHANGED, *node, *other, message).detail(value.clone());
        } else if node_is_explicit(node) {
            let message = format!("the value `{shown}` is no longer known");
            compare.emit(&rules::MAPPING_REMOVED, *node, new, message).detail(value.clone());
        }
    }
    for (value, (_, node)) in arrived {
        if node_is_explicit(node) {
            let message = format!("the value `{}` is new", shortened(value, 60));
            compare.emit(&rules::MAPPING_ADDED, old, *node, message).detail(value.clone());
        }
    }
}

/// Whether a component went and an equal one of another name came.
fn is_renamed<'a>(compare: &mut Compare<'a>, old: &str, new: &str) -> bool {
    let component = |side: &Side<'a>, name: &str| side.root().get("components")?.get("schemas")?.get(name);
    let stayed = component(&compare.new, old).is_some() || component(&compare.old, new).is_some();
    match (component(&compare.old, old), component(&compare.new, new)) {
        (Some(was), Some(is)) if !stayed => compare.equal_nodes(was, is),
        _ => false,
    }
}

/// Implicit entries stand at their branch, which is a map; explicit ones are texts.
fn node_is_explicit(node: &Node) -> bool {
    node.text().is_some()
}

/// Values, each with the component that it leads to and where that is said.
type Mapping<'a> = BTreeMap<String, (String, &'a Node)>;

/// Values and the component that each leads to: those that are written, and a branch's own name where none is.
fn mapping<'a>(discriminator: &'a Node, schema: &Schema<'a>) -> Mapping<'a> {
    let last = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let mut mapping = BTreeMap::new();
    for (value, node) in discriminator.get("mapping").into_iter().flat_map(Node::members) {
        mapping.insert(value.text.clone(), (last(node.text().unwrap_or_default()), node));
    }
    for (_, branch) in schema.branches.iter().flat_map(|branches| &branches.list) {
        let Some(name) = branch.get("$ref").and_then(Node::text).map(last) else { continue };
        if !mapping.values().any(|(target, _)| *target == name) {
            mapping.entry(name.clone()).or_insert((name, *branch));
        }
    }
    mapping
}
