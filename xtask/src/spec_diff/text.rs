//! A review as plain text: a line for each spec, then its changes; grouped by rule where there are many.
//!
//! The text is written with colours, and [`print()`] takes them out again where nobody wants them. What a document
//! says brings none: it is made printable first.

use super::Color;
use super::review::{Fate, Review, Reviewed, Weight};
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result};
use countersign_codegen::diff::{Change, Verdict, details};
use countersign_codegen::finding::printable;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

/// Past this many changes, each rule gets one line.
const MANY: usize = 500;

/// Prints a text with its colours or without.
///
/// # Errors
/// If the reader went away.
pub(super) fn print(text: &str, color: Color) -> Result<()> {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let mut out = AutoStream::new(std::io::stdout(), choice);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("can't write the result")
}

fn style(weight: Weight) -> Style {
    match weight {
        Weight::Fails => AnsiColor::Red.on_default().bold(),
        Weight::Look => AnsiColor::Yellow.on_default().bold(),
        Weight::Fine => AnsiColor::Green.on_default(),
    }
}

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The review as text with colours; nothing changed is an empty text.
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
            _ => write!(out, "{BOLD}== {}: {}{BOLD:#}\n{part}\n", printable(&spec.name), files(spec)),
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
        Fate::New => "this spec is new: there is nothing to compare\n",
        Fate::Gone => "this spec is gone\n",
        Fate::Compared => "",
    };
    if spec.report.changes.is_empty() {
        return fate.to_owned();
    }
    let failing = spec.report.changes.iter().filter(|change| review.fails_on(change)).count();
    let total = spec.report.changes.len();
    let suppressed = spec.report.changes.iter().filter(|change| change.suppressed.is_some()).count();
    let suppressed = if suppressed > 0 { format!(" {suppressed} are suppressed;") } else { String::new() };
    let needs = if spec.fate == Fate::New { "its crate is new".to_owned() } else { needs(spec) };
    let weight = if failing > 0 { Weight::Fails } else { Weight::Fine };
    let (on, off) = (style(weight), style(weight).render_reset());
    let summary = format!("{total} changes, {on}{failing} of them fail{off};{suppressed} {needs}\n");
    let changes = if grouped {
        by_rule(review, spec)
    } else {
        spec.report.changes.iter().map(|change| paragraph(review, spec, change, expand)).collect()
    };
    format!("{fate}{summary}{changes}")
}

/// A change: its first line in the colour of its weight, what stands below in none.
fn paragraph(review: &Review, spec: &Reviewed, change: &Change, expand: bool) -> String {
    let style = style(review.weight(change));
    let (verdicts, id, message) = (change.verdicts(), change.rule.id, printable(&change.message));
    let details = details(&spec.report, change, expand);
    format!("\n{style}{verdicts}{style:#}{FAINT}[{id}]{FAINT:#}: {message}\n{details}")
}

/// What the crate's version needs, in words.
fn needs(spec: &Reviewed) -> String {
    match &spec.report.advice {
        Some(advice) => printable(&advice.sentence()),
        None => format!("a crate of it needs a {} step", spec.report.step().word()),
    }
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
        let (style, word) = (style(review.weight(first)), first.wire.word());
        let _ =
            writeln!(out, "\n{count} x {style}{word}{fails}{style:#}{FAINT}[{}]{FAINT:#}: {}", rule.id, rule.sentence);
        if let Some(place) = first.place() {
            let file = printable(&place.file.display().to_string());
            let _ = writeln!(out, "  first {file}:{} {}", place.at, printable(&place.pointer));
        }
    }
    out
}
