//! A review as annotations of a GitHub workflow, one line for each change.
//!
//! What fails is an error, what else deserves a look a warning, the rest a notice. GitHub shows ten of each kind for
//! a step, so the worst come first. A change whose place is gone is shown at the top of the new file.

use super::review::{Review, Reviewed, Weight};
use countersign_codegen::diff::Change;
use countersign_codegen::finding::printable;
use std::fmt::Write as _;

/// The review as workflow commands; nothing changed is an empty text.
pub(super) fn render(review: &Review) -> String {
    let mut out = String::new();
    for (spec, change) in review.changes() {
        let kind = match review.weight(change) {
            Weight::Fails => "error",
            Weight::Look => "warning",
            Weight::Fine => "notice",
        };
        let title = format!("{}: {}", change.rule.id, change.verdicts());
        // Writing to a `String` can't fail.
        let _ = writeln!(out, "::{kind} {}title={}::{}", place(spec, change), property(&title), data(&message(change)));
    }
    out
}

fn place(spec: &Reviewed, change: &Change) -> String {
    match (&change.new, &spec.new) {
        (Some(place), _) => {
            let (line, column) = (place.at.line, place.at.column);
            format!("file={},line={line},col={column},", property(&place.file.display().to_string()))
        }
        (None, Some(file)) => format!("file={},line=1,", property(&file.display().to_string())),
        (None, None) => String::new(),
    }
}

fn message(change: &Change) -> String {
    let old = change.old.as_ref().filter(|_| change.new.is_none());
    let was = old.map(|place| format!(" (was {}:{})", place.file.display(), place.at)).unwrap_or_default();
    let suppression = change.suppressed.as_ref().map(|suppression| format!(", {}", suppression.sentence()));
    format!("{}{was}, fingerprint {}{}", change.message, change.fingerprint, suppression.unwrap_or_default())
}

/// Text that can't end the command.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// Text that can't end a property of the command either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
