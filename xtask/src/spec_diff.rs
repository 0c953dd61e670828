//! `spec-diff BASE HEAD`: what breaks between two specs; `spec-diff score DIR`: how often that agrees with others.
//!
//! Exit codes: 0 nothing fails, 1 something fails, 2 trouble.

mod score;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use countersign_codegen::diff::{Day, Settings, diff, text};
use countersign_codegen::finding::{Sources, render};
use countersign_codegen::parse::parse;
use countersign_codegen::spec::Spec;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spec-diff`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SpecDiff {
    #[command(subcommand)]
    task: Option<Task>,
    /// The old spec.
    base: Option<PathBuf>,
    /// The new spec.
    head: Option<PathBuf>,
    /// List every operation that a change reaches.
    #[arg(long)]
    expand: bool,
    /// Show changed texts, too.
    #[arg(long)]
    docs: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Compare our verdicts with those of a folder of pairs.
    Score(score::Score),
}

/// Reviews two specs, or scores a folder of them.
///
/// # Errors
/// If a spec can't be read.
pub(crate) fn run(arguments: &SpecDiff) -> Result<ExitCode> {
    if let Some(Task::Score(arguments)) = &arguments.task {
        return score::run(arguments);
    }
    let (Some(base), Some(head)) = (&arguments.base, &arguments.head) else {
        bail!("name two specs: spec-diff BASE HEAD");
    };
    let settings = Settings { docs: arguments.docs, ..settings() };
    let (old, new) = (read(base)?, read(head)?);
    let report = diff(&old, &new, &settings);
    workspace::print(&text(&report, arguments.expand))?;
    Ok(verdict(!report.fails()))
}

/// The settings of this repository, and today's date: the only place that asks for it.
fn settings() -> Settings {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let days = since.as_secs() / (24 * 60 * 60);
    Settings { today: Day(i64::try_from(days).unwrap_or(i64::MAX)), ..Settings::default() }
}

fn read(file: &Path) -> Result<Spec> {
    let bytes = std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
    let sources = Sources::default().with(file, String::from_utf8_lossy(&bytes));
    parse(file, bytes).or_else(|findings| bail!("{} is no document:\n{}", file.display(), render(&findings, &sources)))
}
