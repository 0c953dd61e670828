//! `spec-diff accept FINGERPRINT… --reason … --who … --until DATE`: adds entries to the list of accepted changes.
//!
//! 1. The review is made, and each fingerprint looked up in it: what is not there can't be accepted.
//! 2. The entries are put at the end of the file beside the spec; what stands there before stays, byte for byte.
//! 3. The new text is read back before it is written, so that a file never ends up malformed.
//!
//! `--prune` takes out what is over or unused instead.

use super::accepted::Accepted;
use super::input::{self, Pair};
use super::review::{FailOn, Review};
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_codegen::diff::{Day, accepted_text, read_accepted, rules};
use countersign_codegen::finding::{Sources, render};
use countersign_codegen::kept;
use std::collections::BTreeSet;
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
    let mut texts = vec![String::new(); pairs.len()];
    for fingerprint in arguments.fingerprints.iter().collect::<BTreeSet<_>>() {
        let (index, rule) = found(&review, fingerprint, arguments.spec.as_deref())?;
        texts[index].push_str(&accepted_text(fingerprint, rule, reason.trim(), who.trim(), until));
    }
    let mut written = Vec::new();
    for (pair, text) in pairs.iter().zip(&texts).filter(|(_, text)| !text.is_empty()) {
        written.push((&pair.accepted, added(&pair.accepted, text)?));
    }
    write(&written)
}

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
            if [&rules::ACCEPTANCE_UNUSED, &rules::ACCEPTANCE_EXPIRED].contains(&change.rule) {
                bail!("{fingerprint} is an entry itself: remove it, or move its last day");
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

/// The file's text with entries at its end.
fn added(accepted: &Accepted, entries: &str) -> Result<String> {
    let before = accepted.entries()?;
    let windows = accepted.text.contains("\r\n");
    let end = if windows { "\r\n" } else { "\n" };
    let gap = if accepted.text.is_empty() || accepted.text.ends_with('\n') { "" } else { end };
    let new = if windows { entries.replace('\n', "\r\n") } else { entries.to_owned() };
    let text = format!("{}{gap}{new}", accepted.text);
    let expected = before.len() + entries.lines().filter(|line| line.starts_with("- ")).count();
    match read_accepted(&accepted.shown, &text) {
        Ok(after) if after.len() == expected && after[..before.len()] == before[..] => Ok(text),
        Err(findings) if before.is_empty() && accepted.text.is_empty() => {
            let sources = Sources::default().with(&accepted.shown, &text);
            bail!("the entry can't be written:\n{}", render(&findings, &sources))
        }
        _ => bail!("nothing can be added at the end of {}; add this by hand:\n{entries}", accepted.shown.display()),
    }
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
        kept::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
        workspace::print(&format!("{} is written\n", accepted.shown.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes out entries that are over or unused: their lines, and nothing else.
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
        let begins: Vec<usize> = entries.iter().map(|entry| entry.suppression.place.at.line as usize - 1).collect();
        let mut keep = vec![true; lines.len()];
        for index in (0..entries.len()).filter(|index| idle.contains(entries[*index].fingerprint.as_str())) {
            let next = begins.get(index + 1).copied().unwrap_or(lines.len());
            // Comments before the next entry belong to that one.
            let mut end = next;
            while end > begins[index] + 1 && is_between(lines[end - 1]) && next < lines.len() {
                end -= 1;
            }
            keep[begins[index]..end].fill(false);
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

fn is_between(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}
