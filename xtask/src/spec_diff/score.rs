//! `spec-diff score DIR`: our verdicts beside those of a folder with an `index.tsv`.
//!
//! The columns that are read: `pair`, `base`, `revision`, `breaking`, `ids`, `policy_differs`. Pairs on which the
//! policy knowingly differs are counted apart. A pair without findings upstream must not fail at all.

use super::input::read;
use super::settings;
use crate::{verdict, workspace};
use anyhow::{Context as _, Result};
use clap::Args;
use countersign_codegen::diff::{Report, Settings, Verdict, diff};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spec-diff score`.
#[derive(Args)]
pub(crate) struct Score {
    /// The folder.
    dir: PathBuf,
    /// The least percentage of agreement that is enough.
    #[arg(long, default_value_t = 98.0)]
    least: f64,
    /// List the pairs on which the policy differs, too.
    #[arg(long)]
    policy: bool,
}

/// Why a pair that is known to disagree does.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "breaking-request-body-enum-removed",
        "the list of values is gone as a whole: every value that was sent is still allowed (G6)",
    ),
    (
        "transition-claims-real-change-alongside-transition-still-reported",
        "the list of values gave way to any text or integer: every value that was sent is still allowed (G6, E4)",
    ),
];

struct Pair {
    name: String,
    theirs: bool,
    silent: bool,
    policy_differs: bool,
    ids: String,
    report: Result<Report>,
}

/// Scores a folder.
///
/// # Errors
/// If the index can't be read.
pub(crate) fn run(arguments: &Score) -> Result<ExitCode> {
    let settings = settings(None);
    let index = arguments.dir.join("index.tsv");
    let text = std::fs::read_to_string(&index).with_context(|| format!("can't read {}", index.display()))?;
    let mut lines = text.lines();
    let columns: BTreeMap<&str, usize> =
        lines.next().unwrap_or_default().split('\t').enumerate().map(|(at, name)| (name, at)).collect();
    let pairs: Vec<Pair> = lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| pair(&arguments.dir, &columns, line, &settings))
        .collect::<Result<_>>()?;
    let (text, good) = summary(&pairs, arguments);
    workspace::print(&text)?;
    Ok(verdict(good))
}

fn pair(dir: &Path, columns: &BTreeMap<&str, usize>, line: &str, settings: &Settings) -> Result<Pair> {
    let fields: Vec<&str> = line.split('\t').collect();
    let field = |name: &str| {
        let at = columns.get(name).with_context(|| format!("index.tsv has no column `{name}`"))?;
        fields.get(*at).copied().with_context(|| format!("a line of index.tsv has no `{name}`: {line}"))
    };
    let spec = |name: &str| {
        let file = dir.join(name);
        read(&file, &file)
    };
    let compared = |base: &str, head: &str| -> Result<Report> {
        let (old, new) = (spec(base)?, spec(head)?);
        Ok(diff(&old, &new, settings))
    };
    let ids = field("ids")?;
    Ok(Pair {
        name: field("pair")?.to_owned(),
        theirs: field("breaking")? == "yes",
        silent: matches!(ids, "" | "-"),
        policy_differs: field("policy_differs")? == "yes",
        ids: ids.to_owned(),
        report: compared(field("base")?, field("revision")?),
    })
}

impl Pair {
    fn ours(&self) -> Option<bool> {
        self.report.as_ref().ok().map(Report::fails)
    }

    fn agrees(&self) -> bool {
        self.ours() == Some(self.theirs)
    }

    fn shown(&self) -> String {
        let word = |breaking: bool| if breaking { "breaking" } else { "not breaking" };
        let mut text = format!("{}: theirs {} ({})\n", self.name, word(self.theirs), self.ids);
        match &self.report {
            // Writing to a `String` can't fail.
            Err(error) => {
                let _ = writeln!(text, "  ours: can't be read: {error:#}");
            }
            Ok(report) => {
                let _ = writeln!(text, "  ours {}", word(report.fails()));
                for change in
                    report.changes.iter().filter(|change| change.fails() || change.wire >= Verdict::Warn).take(8)
                {
                    let place = change.place().map(|place| place.pointer.as_str()).unwrap_or_default();
                    let _ = writeln!(text, "    {} {}: {} {place}", change.wire.word(), change.rule.id, change.message);
                }
            }
        }
        if let Some((_, why)) = EXPLAINED.iter().find(|(name, _)| *name == self.name) {
            let _ = writeln!(text, "  because {why}");
        }
        text
    }
}

fn summary(pairs: &[Pair], arguments: &Score) -> (String, bool) {
    let scored: Vec<&Pair> = pairs.iter().filter(|pair| !pair.policy_differs).collect();
    let agreed = scored.iter().filter(|pair| pair.agrees()).count();
    let percent = if scored.is_empty() { 0.0 } else { agreed as f64 * 100.0 / scored.len() as f64 };
    let mut text = format!("agreement: {percent:.1} % ({agreed} of {})\n", scored.len());
    let silent: Vec<&Pair> = pairs.iter().filter(|pair| pair.silent).collect();
    let quiet = silent.iter().filter(|pair| pair.ours() == Some(false)).count();
    // Writing to a `String` can't fail.
    let _ = writeln!(text, "without findings upstream: {quiet} of {} do not fail", silent.len());
    let _ = writeln!(text, "policy differs: {}", pairs.len() - scored.len());
    for pair in scored.iter().filter(|pair| !pair.agrees()) {
        let _ = write!(text, "\nmiss: {}", pair.shown());
    }
    if arguments.policy {
        for pair in pairs.iter().filter(|pair| pair.policy_differs) {
            let _ = write!(text, "\npolicy: {}", pair.shown());
        }
    }
    (text, percent >= arguments.least && quiet == silent.len())
}
