//! Changes that somebody accepts: the file of entries beside a spec, and what they do to a report.
//!
//! 1. [`read`] takes the file's text to entries; everything that is wrong with it comes at once, with its place.
//! 2. [`accept`] marks the changes that entries name. An entry that is over, or that names nothing, is a change
//!    itself, which fails: a list of exceptions is only worth something if each of them is needed.
//!
//! The file is a YAML list, one item for each change, and empty where nothing is accepted.

use super::classify::{beside, sort};
use super::life::Day;
use super::report::{Place, Report, Suppression};
use super::rules::{self, Rule};
use crate::finding::{Finding, Level, shortened, similar, sorted};
use crate::parse::parse;
use crate::spec::{Node, Spec, Value};
use std::collections::HashMap;
use std::path::Path;

/// The id of findings on the file itself.
const FILE: &str = "accepted-changes";

/// The members of an entry, all of which must be there.
const KEYS: [&str; 5] = ["fingerprint", "rule", "reason", "who", "until"];

/// An accepted change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which change: [`super::Change::fingerprint`].
    pub fingerprint: String,
    /// Its rule, for readers; it must be the change's.
    pub rule: &'static Rule,
    /// Who accepts it, why, how long, and where the entry stands.
    pub suppression: Suppression,
}

/// The entries of a file, in its order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &Path, text: &str) -> Result<Vec<Entry>, Vec<Finding>> {
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---";
    if text.trim_start_matches('\u{feff}').lines().all(is_blank) {
        return Ok(Vec::new());
    }
    let spec = parse(file, text)?;
    let mut reader = Reader { spec: &spec, findings: Vec::new(), entries: Vec::new() };
    match &spec.root.value {
        Value::Null => {}
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                reader.entry(index, item);
            }
        }
        _ => reader.error(
            &spec.root,
            "",
            "this is no list of accepted changes",
            "begin each entry with `- fingerprint:`",
        ),
    }
    if reader.findings.is_empty() { Ok(reader.entries) } else { Err(sorted(reader.findings)) }
}

struct Reader<'s> {
    spec: &'s Spec,
    findings: Vec<Finding>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn error(&mut self, node: &Node, pointer: &str, message: impl Into<String>, help: &str) {
        self.findings.push(Finding::new(self.spec, Level::Error, FILE, node.at, pointer, message).help(help));
    }

    fn entry(&mut self, index: usize, item: &Node) {
        let pointer = format!("/{index}");
        let before = self.findings.len();
        if !matches!(item.value, Value::Map(_)) {
            return self.error(
                item,
                &pointer,
                "this is no entry",
                "an entry has fingerprint, rule, reason, who and until",
            );
        }
        for (key, node) in item.members() {
            if !KEYS.contains(&key.text.as_str()) {
                let help = match similar(&key.text, KEYS) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "an entry has fingerprint, rule, reason, who and until".to_owned(),
                };
                let message = format!("an entry has no `{}`", shortened(&key.text, 60));
                let at = Node { at: key.at, value: node.value.clone() };
                self.error(&at, &pointer, message, &help);
            }
        }
        let [fingerprint, rule, reason, who, until] = KEYS.map(|key| self.text(item, &pointer, key));
        let fingerprint = fingerprint.filter(|value| self.is_fingerprint(item, &pointer, value));
        let rule = rule.and_then(|id| self.rule(item, &pointer, &id));
        let until = until.and_then(|text| self.day(item, &pointer, &text));
        if self.findings.len() > before {
            return;
        }
        let (Some(fingerprint), Some(rule), Some(reason)) = (fingerprint, rule, reason) else { return };
        let (Some(who), Some(until)) = (who, until) else { return };
        if let Some(twin) = self.entries.iter().find(|entry| entry.fingerprint == fingerprint) {
            let message = format!("{fingerprint} is accepted already, on line {}", twin.suppression.place.at.line);
            return self.error(item, &pointer, message, "remove one of the two entries");
        }
        let place = Place { file: self.spec.file.clone(), at: item.at, pointer, value: Some(fingerprint.clone()) };
        self.entries.push(Entry { fingerprint, rule, suppression: Suppression { reason, who, until, place } });
    }

    /// The text of a member.
    fn text(&mut self, item: &Node, pointer: &str, key: &str) -> Option<String> {
        let Some(node) = item.get(key) else {
            self.error(
                item,
                pointer,
                format!("`{key}` is missing"),
                "an entry has fingerprint, rule, reason, who and until",
            );
            return None;
        };
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                self.error(
                    node,
                    &format!("{pointer}/{key}"),
                    format!("`{key}` is no text, or empty"),
                    "write it in quotes",
                );
                None
            }
        }
    }

    fn is_fingerprint(&mut self, item: &Node, pointer: &str, text: &str) -> bool {
        let fits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !fits {
            let message = format!("`{}` is no fingerprint", shortened(text, 60));
            let node = item.get("fingerprint").unwrap_or(item);
            self.error(node, &format!("{pointer}/fingerprint"), message, "copy the 16 digits that the review shows");
        }
        fits
    }

    fn rule(&mut self, item: &Node, pointer: &str, id: &str) -> Option<&'static Rule> {
        let rule = rules::by_id(id);
        if let Some(mend) = rule.and_then(mend) {
            let node = item.get("rule").unwrap_or(item);
            let message = format!("`{}` can't be accepted", shortened(id, 60));
            self.error(node, &format!("{pointer}/rule"), message, mend);
        }
        if rule.is_none() {
            let help = match similar(id, rules::all().map(|rule| rule.id)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`cargo xtask spec-diff rules` lists them".to_owned(),
            };
            let node = item.get("rule").unwrap_or(item);
            let message = format!("there is no rule `{}`", shortened(id, 60));
            self.error(node, &format!("{pointer}/rule"), message, &help);
        }
        rule
    }

    fn day(&mut self, item: &Node, pointer: &str, text: &str) -> Option<Day> {
        let day = Day::parse(text).filter(|_| text.len() == 10);
        if day.is_none() {
            let message = format!("`{}` is no date", shortened(text, 60));
            let node = item.get("until").unwrap_or(item);
            self.error(node, &format!("{pointer}/until"), message, "write a day: 2030-12-31");
        }
        day
    }
}

/// What to do instead about a change that nobody can accept: it has a mend of its own, and an entry for one state
/// of a crate would hide the next.
pub fn mend(rule: &Rule) -> Option<&'static str> {
    match rule {
        rule if rule == &rules::CRATE_VERSION_TOO_SMALL => Some("raise `info.x-crate.version`"),
        rule if rule == &rules::CRATE_OUT_OF_DATE => Some("run `cargo xtask codegen`"),
        rule if rule == &rules::ACCEPTANCE_UNUSED => Some("take the entry out: `accept --prune`"),
        rule if rule == &rules::ACCEPTANCE_EXPIRED => Some("accept the change itself anew, or mend it"),
        _ => None,
    }
}

/// The text of an entry, as it stands in a file.
pub fn written(fingerprint: &str, rule: &str, reason: &str, who: &str, until: Day) -> String {
    let quoted = |text: &str| {
        // JSON's quoting is YAML's; characters that YAML does not take as they are become escapes.
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                ' '..='~' => out.push(c),
                c if c.is_alphanumeric() => out.push(c),
                c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            }
        }
        out + "\""
    };
    let (reason, who) = (quoted(reason), quoted(who));
    format!("- fingerprint: \"{fingerprint}\"\n  rule: {rule}\n  reason: {reason}\n  who: {who}\n  until: {until}\n")
}

/// Marks the changes that entries name, and adds what is wrong with the entries themselves.
pub fn accept(report: &mut Report, entries: &[Entry], today: Day) {
    let places: HashMap<&str, usize> =
        report.changes.iter().enumerate().map(|(index, change)| (change.fingerprint.as_str(), index)).collect();
    let found: Vec<Option<usize>> =
        entries.iter().map(|entry| places.get(entry.fingerprint.as_str()).copied()).collect();
    let mut wrong = Vec::new();
    for (entry, found) in entries.iter().zip(found) {
        let Suppression { until, place, .. } = &entry.suppression;
        let fingerprint = &entry.fingerprint;
        let change = found.map(|index| &mut report.changes[index]);
        let (rule, message) = match change {
            Some(change) if change.rule != entry.rule => {
                let (is, says) = (change.rule.id, entry.rule.id);
                (&rules::ACCEPTANCE_UNUSED, format!("{fingerprint} is a `{is}`, and the entry says `{says}`"))
            }
            None => (
                &rules::ACCEPTANCE_UNUSED,
                format!("no change has the fingerprint {fingerprint} (`{}`)", entry.rule.id),
            ),
            Some(_) if *until < today => (
                &rules::ACCEPTANCE_EXPIRED,
                format!("{fingerprint} (`{}`) was accepted until {until}, which is over", entry.rule.id),
            ),
            Some(change) => {
                change.suppressed = Some(entry.suppression.clone());
                continue;
            }
        };
        wrong.push(beside(rule, (None, Some(place.clone())), message, fingerprint.clone()));
    }
    report.changes.extend(wrong);
    sort(&mut report.changes);
}
