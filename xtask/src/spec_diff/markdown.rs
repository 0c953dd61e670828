//! A review as Markdown for a comment on a pull request: the summary first, the changes folded below it.
//!
//! The text stays below what GitHub takes ([`MOST`]), whatever the input: changes that find no room are counted.
//! What a document says is text here, never markup, a mention or a link.

use super::review::{Fate, Review, Reviewed};
use countersign_codegen::diff::{Change, Place, Verdict};
use countersign_codegen::finding::printable;
use std::fmt::Write as _;

/// The most bytes that are written.
const MOST: usize = 60_000;

/// What is kept for the lines that end parts and count what is left out.
const ENDING: usize = 400;

/// The most specs that the summary names.
const MOST_SPECS: usize = 50;

/// The most bytes of the summary: names of specs can be long.
const MOST_SUMMARY: usize = MOST / 3;

/// The most characters of a text that a document brings.
const LONGEST: usize = 200;

/// Verdicts of the summary that are always shown, and the heading for them.
const COLUMNS: &str = "| spec | changes | fail | breaking | undecided | warning | behaviour | crate needs |\n\
                       |---|--:|--:|--:|--:|--:|--:|---|\n";

/// The review as Markdown; nothing changed is an empty text.
pub(super) fn render(review: &Review) -> String {
    let counts = review.counts();
    let changed: Vec<&Reviewed> =
        review.specs.iter().filter(|spec| spec.fate != Fate::Compared || !spec.report.changes.is_empty()).collect();
    if changed.is_empty() {
        return String::new();
    }
    let mut out = format!("### Spec review: {} changes, {} of them fail\n\n{COLUMNS}", counts.changes, counts.failing);
    let mut named = 0;
    for spec in changed.iter().take(MOST_SPECS) {
        let row = row(review, spec);
        if out.len() + row.len() > MOST_SUMMARY {
            break;
        }
        out.push_str(&row);
        named += 1;
    }
    if changed.len() > named {
        // Writing to a `String` can't fail.
        let _ = writeln!(out, "\nAnd {} specs more.", changed.len() - named);
    }
    let (failing, passing): (Vec<_>, Vec<_>) = review.changes().partition(|(_, change)| review.fails_on(change));
    let mut left_out = 0;
    for (title, changes) in [("What fails", failing), ("What else changes", passing)] {
        left_out += section(&mut out, review, title, &changes);
    }
    if left_out > 0 {
        // Writing to a `String` can't fail.
        let _ = writeln!(out, "\n{left_out} changes are left out here; `cargo xtask spec-diff --all` shows each.");
    }
    out
}

fn row(review: &Review, spec: &Reviewed) -> String {
    let changes = &spec.report.changes;
    let with = |verdict: Verdict| spec.report.counts().get(&verdict).copied().unwrap_or_default();
    let failing = changes.iter().filter(|change| review.fails_on(change)).count();
    let behaviour = changes.iter().filter(|change| change.behaviour).count();
    let needs = match spec.fate {
        Fate::New => "(new spec)".to_owned(),
        Fate::Gone => "(spec is gone)".to_owned(),
        Fate::Compared => match &spec.report.advice {
            Some(advice) => plain(&advice.sentence()),
            None => format!("a {} step", spec.report.step().word()),
        },
    };
    let (breaking, undecided, warning) = (with(Verdict::Break), with(Verdict::Undecided), with(Verdict::Warn));
    format!(
        "| {} | {} | {failing} | {breaking} | {undecided} | {warning} | {behaviour} | {needs} |\n",
        plain(&spec.name),
        changes.len(),
    )
}

/// A folded list of changes; returns how many found no room.
fn section(out: &mut String, review: &Review, title: &str, changes: &[(&Reviewed, &Change)]) -> usize {
    if changes.is_empty() {
        return 0;
    }
    // Writing to a `String` can't fail.
    let _ = write!(out, "\n<details>\n<summary>{title} ({})</summary>\n\n", changes.len());
    let mut written = 0;
    for (spec, change) in changes {
        let item = item(review, spec, change);
        if out.len() + item.len() + ENDING > MOST {
            break;
        }
        out.push_str(&item);
        written += 1;
    }
    out.push_str("\n</details>\n");
    changes.len() - written
}

fn item(review: &Review, spec: &Reviewed, change: &Change) -> String {
    let several = review.specs.len() > 1;
    let name = if several { format!("{}: ", plain(&spec.name)) } else { String::new() };
    let (words, id) = (change.verdicts(), change.rule.id);
    let mut item = format!("- **{words}** {name}{} (`{id}`)\n", plain(&change.message));
    for (word, place) in [("old", &change.old), ("new", &change.new)] {
        if let Some(place) = place {
            item.push_str(&shown(word, place));
        }
    }
    let mut reached = spec.report.reached(change);
    if let Some(first) = reached.next() {
        let more = reached.count();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        // Writing to a `String` can't fail.
        let _ = writeln!(item, "  - in {}{more}", code(&format!("{} {}", first.method, first.path)));
    }
    if let Some(suppression) = &change.suppressed {
        let _ = writeln!(item, "  - {}", plain(&suppression.sentence()));
    }
    let _ = writeln!(item, "  - fingerprint `{}`", change.fingerprint);
    item
}

fn shown(word: &str, place: &Place) -> String {
    let value = place.value.as_deref().map(|value| format!(" {}", code(value))).unwrap_or_default();
    let at = code(&format!("{}:{}", place.file.display(), place.at));
    format!("  - {word} {at}{value}\n")
}

/// Text of a document as code.
fn code(text: &str) -> String {
    format!("<code>{}</code>", entities(text))
}

/// Text of a document in a sentence: what would be a mention or a number of an issue is split by an empty comment.
fn plain(text: &str) -> String {
    entities(text).replace("&#64;", "&#64;<!-- -->").replace("&#35;", "&#35;<!-- -->")
}

/// Text without anything that Markdown or HTML could read, cut where it is long.
fn entities(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(LONGEST) {
        if c.is_ascii_punctuation() && !matches!(c, ',' | '/' | '-') {
            // Writing to a `String` can't fail.
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}
