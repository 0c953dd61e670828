//! `spec-diff accept FINGERPRINT… --reason … --who … --until DATE`: adds entries to the list of accepted changes.
//!
//! 1. The review is made, and each fingerprint looked up in it: what is not there can't be accepted.
//! 2. The entries are put at the end of the file beside the spec, or in place of those that are over; everything
//!    else stays, byte for byte.
//! 3. The new text is read back before it is written, so that a file never ends up malformed.
//!
//! `--prune` takes out what is over or unused instead, each with the comment directly above it.

mod lines;

use super::accepted::Accepted;
use super::input::{self, Pair};
use super::review::{FailOn, Review};
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_codegen::diff::{Day, Entry, accepted_text, mend, read_accepted, rules};
use countersign_codegen::finding::{Sources, render};
use countersign_codegen::kept;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

/// Arguments of `spec-diff accept`.
#[derive(Args)]
pub(crate) struct Accept {
    /// The changes, as the review names them: 16 hexadecimal digits each.
    #[arg(required_unless_present = "prune")]
    fingerprints: Vec<String>,
    /// Why they are no trouble.
    #[arg(long, required_unless_present = "prune")]
    reason: Option<String>,
    /// Who says so.
    #[arg(long, required_unless_present = "prune")]
    who: Option<String>,
    /// The last day on which this holds: 2030-12-31.
    #[arg(long, value_name = "DATE", value_parser = super::day, required_unless_present = "prune")]
    until: Option<Day>,
    /// The old state, as for the review itself.
    #[arg(long)]
    base: Option<String>,
    /// The new state, as for the review itself: a file or the working tree.
    #[arg(long)]
    head: Option<String>,
    /// The provider or file, if a change of this fingerprint is in several.
    #[arg(long)]
    spec: Option<String>,
    /// Look at changed texts, too.
    #[arg(long)]
    docs: bool,
    /// Compare what two files would be in Rust, too.
    #[arg(long)]
    rust: bool,
    /// Take out the entries that are over or that no change needs.
    #[arg(long, conflicts_with_all = ["fingerprints", "reason", "who", "until"])]
    prune: bool,
    /// Take this day for today.
    #[arg(long, value_name = "DATE", value_parser = super::day)]
    today: Option<Day>,
}

/// Adds the entries, or takes out those that do nothing.
///
/// # Errors
/// If a change is not there, an entry is there already, or the file can't be read or written.
pub(super) fn run(arguments: &Accept) -> Result<ExitCode> {
    let settings = countersign_codegen::diff::Settings { docs: arguments.docs, ..super::settings(arguments.today) };
    let mut pairs = input::pairs(arguments.base.as_deref(), arguments.head.as_deref())?;
    pairs.iter_mut().for_each(|pair| pair.rust = arguments.rust);
    let review = Review::of(&pairs, &settings, FailOn::Wire)?;
    if arguments.prune {
        return prune(&pairs, &review, arguments);
    }
    let (Some(reason), Some(who), Some(until)) = (&arguments.reason, &arguments.who, arguments.until) else {
        bail!("name --reason, --who and --until");
    };
    if reason.trim().is_empty() || who.trim().is_empty() {
        bail!("--reason and --who are for those who read the entry later; they can't be empty");
    }
    if until < settings.today {
        bail!("{until} is over");
    }
    let mut texts = vec![Texts::new(); pairs.len()];
    for fingerprint in &arguments.fingerprints {
        let (index, rule) = found(&review, fingerprint, arguments.spec.as_deref())?;
        texts[index].insert(fingerprint, accepted_text(fingerprint, rule, reason.trim(), who.trim(), until));
    }
    let mut written = Vec::new();
    for (pair, texts) in pairs.iter().zip(&texts).filter(|(_, texts)| !texts.is_empty()) {
        written.push((&pair.accepted, added(&pair.accepted, texts)?));
    }
    write(&written)
}

/// New entries by their fingerprints.
type Texts<'t> = BTreeMap<&'t str, String>;

/// The spec that a change is in, and its rule.
fn found(review: &Review, fingerprint: &str, spec: Option<&str>) -> Result<(usize, &'static str)> {
    let mut places = Vec::new();
    for (index, reviewed) in review.specs.iter().enumerate() {
        let named = spec.is_none_or(|name| reviewed.name == name);
        let change = reviewed.report.changes.iter().find(|change| change.fingerprint == fingerprint);
        if let Some(change) = change.filter(|_| named) {
            if let Some(suppression) = &change.suppressed {
                bail!("{fingerprint} is {}", suppression.sentence());
            }
            if let Some(mend) = mend(change.rule) {
                bail!("{fingerprint} is a `{}`, which can't be accepted: {mend}", change.rule.id);
            }
            places.push((index, change.rule.id));
        }
    }
    match places.as_slice() {
        [only] => Ok(*only),
        [] => bail!("no change has the fingerprint {fingerprint}; nothing is written"),
        several => {
            let names: Vec<&str> = several.iter().map(|(index, _)| review.specs[*index].name.as_str()).collect();
            bail!("{fingerprint} is in {}; name one with --spec", names.join(", "))
        }
    }
}

/// The file's text with entries in place of those of their fingerprints, or at its end.
fn added(accepted: &Accepted, texts: &Texts<'_>) -> Result<String> {
    let before = accepted.entries()?;
    let end = if accepted.text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = accepted.text.split_inclusive('\n').collect();
    let (mut text, mut at) = (String::new(), 0);
    for (entry, own) in before.iter().zip(lines::of(&lines, &before)) {
        if let Some(new) = texts.get(entry.fingerprint.as_str()) {
            let dash = " ".repeat(lines::indentation(lines[own.begin]));
            text.extend(lines[at..own.begin].iter().copied());
            text.extend(new.lines().map(|line| format!("{dash}{line}{end}")));
            at = own.end;
        }
    }
    text.extend(lines[at..].iter().copied());
    let is_new = |fingerprint: &str| before.iter().all(|entry| entry.fingerprint != fingerprint);
    let fresh: Vec<&String> = texts.iter().filter(|(print, _)| is_new(print)).map(|(_, text)| text).collect();
    let last = text.split_inclusive('\n').next_back().filter(|_| !fresh.is_empty());
    if last.is_some_and(|line| !line.ends_with('\n')) {
        text.push_str(end);
    }
    // Directly above an entry a comment would be the entry's, and go with it.
    if text.split_inclusive('\n').next_back().is_some_and(|line| !fresh.is_empty() && lines::is_comment(line)) {
        text.push_str(end);
    }
    text.extend(fresh.iter().flat_map(|new| new.lines()).map(|line| format!("{line}{end}")));
    match read_accepted(&accepted.shown, &text) {
        Ok(after) if is_as_meant(&before, &after, texts, fresh.len()) => Ok(text),
        Err(findings) if before.is_empty() && accepted.text.is_empty() => {
            let sources = Sources::default().with(&accepted.shown, &text);
            bail!("the entry can't be written:\n{}", render(&findings, &sources))
        }
        _ => {
            let (file, entries) = (accepted.shown.display(), texts.values().map(String::as_str).collect::<String>());
            bail!("nothing can be added by lines to {file}; add this by hand:\n{entries}")
        }
    }
}

/// Whether the new entries are there, and the others as before.
fn is_as_meant(before: &[Entry], after: &[Entry], texts: &Texts<'_>, fresh: usize) -> bool {
    let kept = |(was, is): (&Entry, &Entry)| {
        let said = |entry: &Entry| (entry.suppression.reason.clone(), entry.suppression.who.clone());
        let same = was.rule == is.rule && said(was) == said(is) && was.suppression.until == is.suppression.until;
        was.fingerprint == is.fingerprint && (same || texts.contains_key(was.fingerprint.as_str()))
    };
    after.len() == before.len() + fresh && before.iter().zip(after).all(kept)
}

fn write(written: &[(&Accepted, String)]) -> Result<ExitCode> {
    for (accepted, _) in written {
        if accepted.file.is_none() {
            bail!(
                "{} is no file that can be written: let HEAD be a file or the working tree",
                accepted.shown.display()
            );
        }
    }
    for (accepted, text) in written {
        let Some(file) = &accepted.file else { continue };
        // The folder of a spec that is gone may be gone as well.
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        kept::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
        workspace::print(&format!("{} is written\n", accepted.shown.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes out entries that are over or unused: their lines, the comments directly above them, and nothing else.
fn prune(pairs: &[Pair], review: &Review, arguments: &Accept) -> Result<ExitCode> {
    let mut written = Vec::new();
    for (pair, reviewed) in pairs.iter().zip(&review.specs) {
        if arguments.spec.as_ref().is_some_and(|name| *name != pair.name) {
            continue;
        }
        let idle = reviewed.report.changes.iter().filter(|change| {
            [&rules::ACCEPTANCE_UNUSED, &rules::ACCEPTANCE_EXPIRED].contains(&change.rule)
                && change.suppressed.is_none()
        });
        let idle: BTreeSet<&str> = idle.map(|change| change.detail.as_str()).collect();
        if idle.is_empty() {
            continue;
        }
        let entries = pair.accepted.entries()?;
        let lines: Vec<&str> = pair.accepted.text.split_inclusive('\n').collect();
        let mut keep = vec![true; lines.len()];
        for (entry, own) in entries.iter().zip(lines::of(&lines, &entries)) {
            if idle.contains(entry.fingerprint.as_str()) {
                keep[own.comment..own.end].fill(false);
            }
        }
        let text: String = lines.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(line, _)| *line).collect();
        let kept = entries.iter().filter(|entry| !idle.contains(entry.fingerprint.as_str())).count();
        match read_accepted(&pair.accepted.shown, &text) {
            Ok(after) if after.len() == kept => written.push((&pair.accepted, text)),
            _ => bail!("entries of {} can't be taken out by lines; edit it by hand", pair.accepted.shown.display()),
        }
    }
    write(&written)
}
