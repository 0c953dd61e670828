//! A review as plain text: a line for each spec, then its changes; grouped by rule where there are many.

use super::review::{Fate, Review, Reviewed};
use countersign_codegen::diff::{Change, Verdict, text};
use countersign_codegen::finding::printable;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Past this many changes, each rule gets one line.
const MANY: usize = 500;

/// The review as text; nothing changed is an empty text.
pub(super) fn render(review: &Review, expand: bool, all: bool) -> String {
    let counts = review.counts();
    let grouped = counts.changes > MANY && !all;
    let mut out = String::new();
    for spec in &review.specs {
        let part = part(review, spec, grouped, expand);
        if part.is_empty() {
            continue;
        }
        // Writing to a `String` can't fail.
        let _ = match review.specs.len() {
            1 => write!(out, "{part}"),
            _ => write!(out, "== {}: {}\n{part}\n", printable(&spec.name), files(spec)),
        };
    }
    if grouped {
        let _ = writeln!(out, "\n{} changes, grouped by rule; --all shows each", counts.changes);
    }
    if review.specs.len() > 1 && counts.changes > 0 {
        let (changes, failing) = (counts.changes, counts.failing);
        let verdicts = Verdict::ALL.map(|verdict| format!("{} {}", review.with(verdict), verdict.word()));
        let _ =
            writeln!(out, "all specs: {changes} changes, {failing} of them fail; on the wire {}", verdicts.join(", "));
    }
    out
}

/// The old and the new file, as far as they are there.
fn files(spec: &Reviewed) -> String {
    let shown: Vec<String> =
        [&spec.old, &spec.new].into_iter().flatten().map(|file| printable(&file.display().to_string())).collect();
    shown.join(" -> ")
}

fn part(review: &Review, spec: &Reviewed, grouped: bool, expand: bool) -> String {
    let fate = match spec.fate {
        Fate::New => return "this spec is new: there is nothing to compare\n".to_owned(),
        Fate::Gone => "this spec is gone\n",
        Fate::Compared => "",
    };
    if spec.report.changes.is_empty() {
        return fate.to_owned();
    }
    let failing = spec.report.changes.iter().filter(|change| review.fails_on(change)).count();
    let (total, step) = (spec.report.changes.len(), spec.report.step().word());
    let summary = format!("{total} changes, {failing} of them fail; the crate needs a {step} step\n");
    let changes = if grouped { by_rule(review, spec) } else { text(&spec.report, expand) };
    format!("{fate}{summary}{changes}")
}

/// One line for each rule and verdict: how often, and the first place.
fn by_rule(review: &Review, spec: &Reviewed) -> String {
    let mut order = BTreeMap::new();
    let mut groups: BTreeMap<(bool, usize), (&Change, usize)> = BTreeMap::new();
    for change in &spec.report.changes {
        let next = order.len();
        let rank = *order.entry((change.wire, change.rule.id)).or_insert(next);
        groups.entry((!review.fails_on(change), rank)).or_insert((change, 0)).1 += 1;
    }
    let mut out = String::new();
    for ((passes, _), (first, count)) in groups {
        let fails = if passes { "" } else { ", fails" };
        let rule = first.rule;
        // Writing to a `String` can't fail.
        let _ = writeln!(out, "\n{count} x {}{fails}[{}]: {}", first.wire.word(), rule.id, rule.sentence);
        if let Some(place) = first.place() {
            let file = printable(&place.file.display().to_string());
            let _ = writeln!(out, "  first {file}:{} {}", place.at, printable(&place.pointer));
        }
    }
    out
}
