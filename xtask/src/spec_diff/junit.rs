//! A review as JUnit XML: a suite for each spec, a test case for each change, a failure where it fails.

use super::review::{Review, Reviewed};
use countersign_codegen::diff::{Change, Place};
use countersign_codegen::finding::printable;
use std::fmt::Write as _;

/// The review as XML.
pub(super) fn render(review: &Review) -> String {
    let counts = review.counts();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    // Writing to a `String` can't fail.
    let _ =
        writeln!(out, "<testsuites name=\"spec-diff\" tests=\"{}\" failures=\"{}\">", counts.changes, counts.failing);
    for spec in &review.specs {
        suite(&mut out, review, spec);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, review: &Review, spec: &Reviewed) {
    let changes = &spec.report.changes;
    let failing = changes.iter().filter(|change| review.fails_on(change)).count();
    let (name, tests) = (escaped(&spec.name), changes.len());
    let skipped = changes.iter().filter(|change| change.suppressed.is_some()).count();
    let skipped = if skipped > 0 { format!(" skipped=\"{skipped}\"") } else { String::new() };
    // Writing to a `String` can't fail.
    let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failing}\"{skipped}>");
    if let Some(advice) = &spec.report.advice {
        let advice = escaped(&advice.sentence());
        let _ = writeln!(out, "    <properties><property name=\"crate version\" value=\"{advice}\"/></properties>");
    }
    for change in changes {
        let title = escaped(&format!("{} {}", change.message, change.fingerprint));
        let _ = write!(out, "    <testcase classname=\"{name}.{}\" name=\"{title}\"", change.rule.id);
        if review.fails_on(change) {
            let words = escaped(&change.verdicts());
            let _ =
                writeln!(out, ">\n      <failure message=\"{words}\">{}</failure>\n    </testcase>", places(change));
        } else if let Some(suppression) = &change.suppressed {
            let words = escaped(&suppression.sentence());
            let _ = writeln!(out, ">\n      <skipped message=\"{words}\"/>\n    </testcase>");
        } else {
            out.push_str("/>\n");
        }
    }
    out.push_str("  </testsuite>\n");
}

fn places(change: &Change) -> String {
    let shown = |word: &str, place: &Place| {
        let value = place.value.as_deref().map(|value| format!(" = {value}")).unwrap_or_default();
        escaped(&format!("{word} {}:{} {}{value}", place.file.display(), place.at, place.pointer))
    };
    let old = change.old.as_ref().map(|place| shown("old", place));
    let new = change.new.as_ref().map(|place| shown("new", place));
    old.into_iter().chain(new).collect::<Vec<_>>().join("\n")
}

/// Text that is no markup; what XML can't hold at all is escaped as for a terminal.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
