//! From raw differences to changes: who reaches them, what they weigh, which of them are one.
//!
//! A place that several pairs reach is found several times (a member that `allOf` hands on, a shared response): what
//! has the same rule, places and detail is one change, and its operations are joined.

use super::compare::{Compare, Raw};
use super::fingerprint::{self, Prints, number_twins};
use super::reach::Reach;
use super::report::{Change, Direction, Place, Policy, Report, Verdict};
use super::rules::{self, Rule};
use crate::spec::{Mark, Node};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;

/// What has to be equal for two differences to be one.
type Key = (&'static str, Option<*const Node>, Option<*const Node>, String);

/// A change that is being put together.
#[derive(Default)]
struct Joined<'r> {
    /// Operations that reach it, rising in each list; most changes have one list, and many share it.
    operations: Vec<&'r [u32]>,
    directions: BTreeSet<Direction>,
    request: Verdict0,
    response: Verdict0,
    stable: bool,
}

/// The worst verdict so far, if any.
type Verdict0 = Option<Verdict>;

/// Weighs everything that a comparison found.
pub(super) fn classify(mut compare: Compare<'_>) -> Report {
    double_options(&mut compare);
    let docs = compare.settings.docs;
    compare.work.raws.retain(|raw| docs || !raw.rule.docs);
    if compare.work.raws.is_empty() {
        return Report {
            changes: Vec::new(),
            operations: compare.operations,
            compared: compare.work.compared,
            advice: None,
        };
    }
    let reach = compare.work.graph.reach();
    let mut order: Vec<Key> = Vec::new();
    let mut joined: HashMap<Key, (usize, Joined<'_>)> = HashMap::new();
    for (index, raw) in compare.work.raws.iter().enumerate() {
        let pointer = |node: Option<&Node>| node.map(std::ptr::from_ref);
        let key: Key = (raw.rule.id, pointer(raw.old), pointer(raw.new), raw.detail.clone());
        let entry = joined.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            (index, Joined::default())
        });
        join(&compare, &reach, raw, &mut entry.1);
    }
    let mut prints = Prints::default();
    let mut changes: Vec<Change> = order
        .iter()
        .filter_map(|key| joined.get(key))
        .map(|(index, joined)| change(&compare, &compare.work.raws[*index], joined, &mut prints))
        .collect();
    changes.extend(unstable(&changes));
    arrange(&mut changes);
    Report { changes, operations: compare.operations, compared: compare.work.compared, advice: None }
}

/// A member that was optional and may be null as well is its own change: absent and null are two things then.
fn double_options(compare: &mut Compare<'_>) {
    let optional = &compare.work.optional;
    for raw in compare.work.raws.iter_mut().filter(|raw| raw.rule == &rules::NULL_ADDED) {
        if let (Some(old), Some(new)) = (raw.old, raw.new)
            && optional.contains(&(std::ptr::from_ref(old), std::ptr::from_ref(new)))
        {
            raw.rule = &rules::OPTIONAL_NULL_ADDED;
        }
    }
}

/// One line on what would break if it were stable.
fn unstable(changes: &[Change]) -> Option<Change> {
    let breaks = |change: &&Change| {
        let rule = change.rule;
        change.unstable && change.wire == Verdict::Warn && rule.request.max(rule.response) == Verdict::Break
    };
    let count = changes.iter().filter(breaks).count();
    let first = changes.iter().find(breaks)?;
    let message = format!("{count} changes break what is draft or alpha, and do not count as breaking");
    Some(beside(&rules::UNSTABLE_BROKEN, (first.old.clone(), first.new.clone()), message, String::new()))
}

/// Brings changes into their order, and tells those of one fingerprint apart.
pub(super) fn arrange(changes: &mut Vec<Change>) {
    sort(changes);
    number_twins(changes);
}

fn join<'r>(compare: &Compare<'_>, reach: &'r Reach, raw: &Raw<'_>, joined: &mut Joined<'r>) {
    for direction in [Direction::Request, Direction::Response] {
        let operations = reach.operations(raw.vertex, direction);
        if operations.is_empty() {
            continue;
        }
        if !joined.operations.iter().any(|known| std::ptr::eq(*known, operations)) {
            joined.operations.push(operations);
        }
        joined.directions.insert(direction);
        let unstable = |index: &u32| compare.unstable.get(*index as usize).copied().unwrap_or_default();
        joined.stable |= !operations.iter().all(unstable);
        let slot = match direction {
            Direction::Request => (&mut joined.request, raw.request),
            Direction::Response => (&mut joined.response, raw.response),
        };
        *slot.0 = (*slot.0).max(Some(slot.1));
    }
}

fn change<'a>(compare: &Compare<'a>, raw: &Raw<'a>, joined: &Joined<'_>, prints: &mut Prints) -> Change {
    let rule = raw.rule;
    // What stands at the document's root is reached by every operation, and no vertex says so.
    let of_document = raw.vertex == super::reach::Vertex::default();
    let sent = joined.directions.contains(&Direction::Request);
    let mut wire = joined.request.max(joined.response).unwrap_or(Verdict::None);
    if of_document {
        wire = raw.request.max(raw.response);
    }
    let mut policy = rule.policy;
    let unstable = !of_document && !joined.operations.is_empty() && !joined.stable;
    let is_stability = rule == &rules::STABILITY_LOWERED || rule == &rules::STABILITY_UNKNOWN;
    if unstable && wire == Verdict::Break {
        wire = Verdict::Warn;
    }
    if (unstable && rule != &rules::STABILITY_UNKNOWN) || (joined.operations.is_empty() && !of_document && is_stability)
    {
        policy = policy.min(Policy::Info);
    }
    let source = raw.source.unwrap_or(if sent || of_document { rule.sent } else { rule.received });
    let seen = [(&compare.old, raw.old), (&compare.new, raw.new)]
        .map(|(side, node)| node.map(|node| (node, side.references.way(node))));
    let [old, new] = [(&compare.old, &seen[0]), (&compare.new, &seen[1])]
        .map(|(side, seen)| seen.as_ref().map(|(node, way)| side.place(node, way)));
    Change {
        rule,
        wire,
        behaviour: rule.behaviour && wire != Verdict::None,
        source,
        policy,
        unstable,
        old,
        new,
        operations: merged(&joined.operations),
        directions: joined.directions.iter().copied().collect(),
        message: raw.message.clone(),
        detail: raw.detail.clone(),
        fingerprint: prints.of(raw, &seen),
        suppressed: None,
    }
}

/// A change that no operation reaches, beside those of the comparison.
pub(super) fn beside(
    rule: &'static Rule,
    (old, new): (Option<Place>, Option<Place>),
    message: String,
    detail: String,
) -> Change {
    let fingerprint = fingerprint::beside(rule, (old.as_ref(), new.as_ref()), &message, &detail);
    Change {
        rule,
        wire: rule.request.max(rule.response),
        behaviour: rule.behaviour,
        source: rule.sent,
        policy: rule.policy,
        unstable: false,
        old,
        new,
        operations: Vec::new(),
        directions: Vec::new(),
        message,
        detail,
        fingerprint,
        suppressed: None,
    }
}

/// Rising lists as one.
fn merged(lists: &[&[u32]]) -> Vec<usize> {
    let mut all: Vec<usize> = lists.iter().copied().flatten().map(|index| *index as usize).collect();
    if lists.len() > 1 {
        all.sort_unstable();
        all.dedup();
    }
    all
}

/// Worst first; then by rule, in the order of the catalogue, and by place.
pub(super) fn sort(changes: &mut Vec<Change>) {
    let ranks: BTreeMap<&str, usize> = rules::all().enumerate().map(|(rank, rule)| (rule.id, rank)).collect();
    let key = |change: &Change| {
        let weight = (change.fails(), change.wire, change.behaviour, change.source, change.policy);
        (Reverse(weight), ranks.get(change.rule.id).copied().unwrap_or(usize::MAX))
    };
    let mut order: Vec<_> = changes.iter().map(key).zip(0..).collect();
    order.sort_by(|(a, left), (b, right)| {
        let (left, right): (&Change, &Change) = (&changes[*left], &changes[*right]);
        let texts = || (&left.detail, &left.message).cmp(&(&right.detail, &right.message));
        a.cmp(b).then_with(|| standing(left).cmp(&standing(right))).then_with(texts)
    });
    let mut unsorted: Vec<Option<Change>> = changes.drain(..).map(Some).collect();
    changes.extend(order.into_iter().filter_map(|(_, index): (_, usize)| unsorted[index].take()));
}

/// Where a change stands. Paths are compared as text: each of the few is compared often.
fn standing(change: &Change) -> Option<(&OsStr, Mark, &str)> {
    change.place().map(|place| (place.file.as_os_str(), place.at, place.pointer.as_str()))
}
