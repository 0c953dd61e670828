//! What a review says: one model that every output is written from.
//!
//! A [`Change`] is one changed place, whatever the number of operations that reach it. Its three verdicts are those
//! of the wire, of behaviour, and the version step that the crate needs; what fails by default is [`Change::fails`].

use super::life::Day;
use super::rules::Rule;
use crate::finding::{printable, shortened};
use crate::spec::Mark;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// What a change does to messages of a client that was made from the old document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does not reach the wire.
    None,
    /// Every message that was good still is.
    Ok,
    /// It breaks some clients.
    Warn,
    /// The documents do not say; somebody has to look.
    Undecided,
    /// Messages that were good are refused, or not understood.
    Break,
}

impl Verdict {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::Break, Self::Undecided, Self::Warn, Self::Ok, Self::None];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::None => "none",
            Verdict::Ok => "ok",
            Verdict::Warn => "warning",
            Verdict::Undecided => "undecided",
            Verdict::Break => "breaking",
        }
    }
}

/// The least step of the crate's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Nothing public changes.
    Patch,
    /// Something is new.
    Minor,
    /// Callers stop compiling, or old crates stop working.
    Major,
}

impl Step {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Step::Patch => "patch",
            Step::Minor => "minor",
            Step::Major => "major",
        }
    }
}

/// What the life-cycle policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// It is not about the life of things.
    None,
    /// Worth a line.
    Info,
    /// Against the policy.
    Error,
}

/// Which way a message goes, seen from our crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We send it: requests, and our answers to webhooks.
    Request,
    /// We receive it: responses, and what webhooks bring.
    Response,
}

impl Direction {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Request => "sent",
            Direction::Response => "received",
        }
    }
}

/// A place in one of the two documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line and column.
    pub at: Mark,
    /// JSON Pointer.
    pub pointer: String,
    /// What stands there, on one line, cut where it is long; nothing for lists and maps.
    pub value: Option<String>,
}

/// An operation, webhook or callback that reaches a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationRef {
    /// `GET`; for webhooks too.
    pub method: String,
    /// Path template, or the webhook's name.
    pub path: String,
    /// operationId.
    pub id: Option<String>,
    /// Whether the provider calls us.
    pub incoming: bool,
}

/// One changed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rule.
    pub rule: &'static Rule,
    /// What it does to messages: the worst over the directions that reach it.
    pub wire: Verdict,
    /// Whether the same messages mean something else.
    pub behaviour: bool,
    /// The step that the crate needs for its public API alone; see [`Change::step`].
    pub source: Step,
    /// What the life-cycle policy says.
    pub policy: Policy,
    /// Whether everything that reaches it is draft or alpha, so that nothing counts as breaking.
    pub unstable: bool,
    /// Where it was.
    pub old: Option<Place>,
    /// Where it is.
    pub new: Option<Place>,
    /// Indices into [`Report::operations`], rising.
    pub operations: Vec<usize>,
    /// The directions that reach it, request before response.
    pub directions: Vec<Direction>,
    /// What changed, in one sentence without a period.
    pub message: String,
    /// What of several things at one place: a value, a name, a keyword.
    pub detail: String,
    /// 16 hexadecimal digits made from rule, places, detail and values: the same however the places are reached.
    pub fingerprint: String,
    /// Who accepts it, and why; then it does not fail.
    pub suppressed: Option<Suppression>,
}

/// The entry of a file by which somebody accepts a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub reason: String,
    /// Who.
    pub who: String,
    /// The last day on which it holds.
    pub until: Day,
    /// Where the entry stands.
    pub place: Place,
}

impl Suppression {
    /// The entry in words.
    pub fn sentence(&self) -> String {
        let (file, at) = (self.place.file.display(), self.place.at);
        format!("accepted by {} until {}: {} ({file}:{at})", self.who, self.until, self.reason)
    }
}

/// The version that a crate needs, and the one that it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The crate: `info.x-crate.name`.
    pub crate_name: String,
    /// `info.x-crate.version` of the old document, if it has one.
    pub base: Option<String>,
    /// `info.x-crate.version` of the new document.
    pub head: String,
    /// The step that all changes together need.
    pub step: Step,
    /// The smallest version that is enough, if the old one is not.
    pub least: Option<String>,
    /// Whether the new version is large enough.
    pub enough: bool,
    /// What of the two is no version, so that they can't be weighed.
    pub unreadable: Option<String>,
}

impl Advice {
    /// The advice in words: `acme-client 0.1.0 -> 0.1.0 is too small: a major step needs 0.2.0 at least`.
    pub fn sentence(&self) -> String {
        let (name, head, step) = (&self.crate_name, &self.head, self.step.word());
        if let Some(text) = &self.unreadable {
            return format!(
                "{name}: `{}` is no version, which is written 1.2.3: nothing is weighed",
                shortened(text, 40)
            );
        }
        let Some(base) = &self.base else { return format!("{name} {head} is new") };
        let moved = if base == head { format!("{name} stays {head}") } else { format!("{name} {base} -> {head}") };
        match (&self.least, self.enough) {
            (Some(_), true) if self.step == Step::Patch => format!("{moved} is enough: nothing public changes"),
            (Some(least), true) => format!("{moved} is enough: a {step} step needs {least} at least"),
            (Some(least), false) => format!("{moved} is too small: a {step} step needs {least} at least"),
            (None, true) => format!("{moved}: nothing asks for a new version"),
            (None, false) => format!("{moved} goes back"),
        }
    }
}

impl Change {
    /// Whether it fails by default: it breaks the wire, or is against the policy, and nobody accepts it.
    pub fn fails(&self) -> bool {
        self.suppressed.is_none() && (self.wire == Verdict::Break || self.policy == Policy::Error)
    }

    /// The version step it needs: what breaks the wire needs a major one.
    pub fn step(&self) -> Step {
        if self.wire == Verdict::Break { Step::Major } else { self.source }
    }

    /// Its verdicts in words: `breaking, source major`.
    pub fn verdicts(&self) -> String {
        let mut words = vec![self.wire.word().to_owned()];
        words.extend(self.behaviour.then(|| "behaviour".to_owned()));
        words.push(format!("source {}", self.source.word()));
        words.extend((self.policy == Policy::Error).then(|| "against the policy".to_owned()));
        words.extend(self.unstable.then(|| "unstable".to_owned()));
        words.extend(self.suppressed.as_ref().map(|_| "suppressed".to_owned()));
        words.join(", ")
    }

    /// The place to show: the new one where there is one.
    pub fn place(&self) -> Option<&Place> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

/// What a review says.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Every change, worst first, then by rule and place.
    pub changes: Vec<Change>,
    /// Operations of both documents; changes refer to them by index.
    pub operations: Vec<OperationRef>,
    /// How many pairs of places were compared: the work that was done.
    pub compared: usize,
    /// The version of the crate, if a crate is made of the document.
    pub advice: Option<Advice>,
}

impl Report {
    /// Whether anything fails by default.
    pub fn fails(&self) -> bool {
        self.changes.iter().any(Change::fails)
    }

    /// The version step that all changes together need.
    pub fn step(&self) -> Step {
        self.changes.iter().map(Change::step).max().unwrap_or(Step::Patch)
    }

    /// How many changes have each wire verdict.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.wire).or_default() += 1;
        }
        counts
    }

    /// The operations that a change reaches.
    pub fn reached<'r>(&'r self, change: &'r Change) -> impl Iterator<Item = &'r OperationRef> {
        change.operations.iter().filter_map(|index| self.operations.get(*index))
    }
}

/// The changes of a report as plain text, one paragraph for each; nothing changed is an empty text.
///
/// `expand` lists every operation that a change reaches.
pub fn text(report: &Report, expand: bool) -> String {
    let paragraph = |change: &Change| {
        let (verdicts, message) = (change.verdicts(), printable(&change.message));
        format!("\n{verdicts}[{}]: {message}\n{}", change.rule.id, details(report, change, expand))
    };
    report.changes.iter().map(paragraph).collect()
}

/// What stands below the first line of a change: its places, who reaches it, its fingerprint.
pub fn details(report: &Report, change: &Change, expand: bool) -> String {
    let mut text = String::new();
    for (word, place) in [("old", &change.old), ("new", &change.new)] {
        let Some(place) = place else { continue };
        let value = place.value.as_deref().map(|value| format!(" = {}", printable(value))).unwrap_or_default();
        let file = printable(&place.file.display().to_string());
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "  {word} {file}:{} {}{value}", place.at, printable(&place.pointer));
    }
    let reached = change.operations.len();
    let ways: Vec<&str> = change.directions.iter().map(|way| way.word()).collect();
    let names = report.reached(change).map(|operation| format!("{} {}", operation.method, operation.path));
    let shown = if expand { usize::MAX } else { 1 };
    let named: Vec<String> = names.take(shown).map(|name| printable(&name)).collect();
    if reached > 0 {
        let more = if reached > named.len() { format!(" and {} more", reached - named.len()) } else { String::new() };
        let _ = writeln!(text, "  {} in {}{more}", ways.join(" and "), named.join(", "));
    }
    if let Some(suppression) = &change.suppressed {
        let _ = writeln!(text, "  {}", printable(&suppression.sentence()));
    }
    let _ = writeln!(text, "  fingerprint {}", change.fingerprint);
    text
}
