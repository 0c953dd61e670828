//! `spec-diff [BASE [HEAD]]`: what breaks between two states of the specs.
//!
//! 1. [`input`] says what BASE and HEAD are: files, standard input, git revisions; [`git`] fetches what git holds.
//! 2. [`review`] compares each spec of the one with its counterpart in the other, [`crates`] their crates.
//! 3. [`accepted`] reads which changes somebody accepts; [`accept`] adds one.
//! 4. A review is written in one of seven formats, a file each; the exit code is that of what `--fail-on` names.
//! 5. [`comment`] keeps it as the one comment of a pull request.
//!
//! Exit codes: 0 nothing fails, 1 something fails, 2 trouble, 4 a crate is out of date or its version too small.

mod accept;
mod accepted;
mod bench;
mod comment;
mod crates;
mod git;
mod github;
mod html;
mod input;
mod json;
mod junit;
mod links;
mod markdown;
mod review;
mod rules;
mod sarif;
mod score;
mod semver;
mod text;

use crate::{verdict, workspace};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use countersign_codegen::diff::{Day, Settings};
use input::Pair;
use links::Links;
use review::{FailOn, Review};
use std::process::ExitCode;

/// What `--help` says last.
const EXIT_CODES: &str = "Exit codes:
  0  nothing fails
  1  something fails (--fail-on), or an entry of accepted.yaml is over or unused
  2  trouble: something can't be read, or accepted.yaml is malformed
  4  a crate is not what its spec generates, or its version is too small for what changed; 4 wins over 1";

/// Arguments of `spec-diff`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
pub(crate) struct SpecDiff {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    specs: Specs,
    /// What ends with exit code 1.
    #[arg(long, value_enum, default_value_t = FailOn::Wire)]
    fail_on: FailOn,
    /// How the review is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List every operation that a change reaches.
    #[arg(long)]
    expand: bool,
    /// Show each change, however many there are.
    #[arg(long)]
    all: bool,
    /// Where lines are linked to from the page: a web address with {revision}, {file} and {line}; GitHub's in its workflows.
    #[arg(long, value_name = "TEMPLATE")]
    links: Option<String>,
    /// Whether text is coloured; by default on a terminal, as NO_COLOR, CLICOLOR and CLICOLOR_FORCE say.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

/// What is reviewed.
#[derive(Args)]
struct Specs {
    /// The old state: a file, `-`, a git revision, or REV:path; where this branch left main if none is named.
    base: Option<String>,
    /// The new state, in the same forms; the working tree if none is named.
    head: Option<String>,
    /// Show changed texts, too.
    #[arg(long)]
    docs: bool,
    /// Compare what two files would be in Rust, too, as it is done for providers.
    #[arg(long)]
    rust: bool,
    /// Take this day for today: sunsets and accepted changes are over or not.
    #[arg(long, value_name = "DATE", value_parser = day)]
    today: Option<Day>,
}

impl Specs {
    /// The specs that are named, and the review of them.
    fn review(&self, fail_on: FailOn) -> Result<(Vec<Pair>, Review)> {
        let settings = Settings { docs: self.docs, ..settings(self.today) };
        let mut pairs = input::pairs(self.base.as_deref(), self.head.as_deref())?;
        pairs.iter_mut().for_each(|pair| pair.rust = self.rust);
        let review = Review::of(&pairs, &settings, fail_on)?;
        Ok((pairs, review))
    }
}

#[derive(Subcommand)]
enum Task {
    /// Accept changes until a day: adds entries to accepted.yaml beside the spec.
    Accept(accept::Accept),
    /// Measure time and memory beside oasdiff's.
    Bench(bench::Bench),
    /// Make a copy of a spec with seeded edits, to measure with.
    Edit(bench::Edit),
    /// Compare our verdicts with those of a folder of pairs.
    Score(score::Score),
    /// Hold what is said of crates against cargo-semver-checks.
    Semver(semver::Semver),
    /// List the rules: what each is called, what it weighs, and what oasdiff calls it.
    Rules,
    /// Say of a rule what it finds, what that means, and what to do.
    Explain(rules::Explain),
    /// Post the review as a comment on a pull request, or update or remove the one that is there.
    Comment(comment::Comment),
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// How a review is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For a comment on a pull request, never longer than one may be.
    Markdown,
    /// For programs, in the form of review.schema.json.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for reports of tests.
    Junit,
    /// One page with everything in it, for a browser.
    Html,
}

/// Reviews what changed, or does one of the tasks around that.
///
/// # Errors
/// If something can't be read, or git does not know it.
pub(crate) fn run(arguments: &SpecDiff) -> Result<ExitCode> {
    match &arguments.task {
        Some(Task::Accept(arguments)) => return accept::run(arguments),
        Some(Task::Bench(arguments)) => return bench::run(arguments),
        Some(Task::Edit(arguments)) => return bench::edit(arguments),
        Some(Task::Score(arguments)) => return score::run(arguments),
        Some(Task::Semver(arguments)) => return semver::run(arguments),
        Some(Task::Rules) => return rules::table(),
        Some(Task::Explain(arguments)) => return rules::explain(arguments),
        Some(Task::Comment(arguments)) => return comment::run(arguments),
        None => {}
    }
    let (pairs, review) = arguments.specs.review(arguments.fail_on)?;
    let text = written(&review, &pairs, arguments)?;
    match arguments.format {
        Format::Text => text::print(&text, arguments.color)?,
        _ => workspace::print(&text)?,
    }
    let ended = if review.has_stale_crates() { ExitCode::from(STALE_CRATE) } else { verdict(!review.fails()) };
    // The process ends here: giving back a million nodes one by one takes as long as comparing them.
    std::mem::forget((pairs, review));
    Ok(ended)
}

/// A crate is out of date, or its version too small.
const STALE_CRATE: u8 = 4;

fn written(review: &Review, pairs: &[Pair], arguments: &SpecDiff) -> Result<String> {
    Ok(match arguments.format {
        Format::Text => text::render(review, arguments.expand, arguments.all),
        Format::Markdown => markdown::render(review),
        Format::Json => json::render(review),
        Format::Github => github::render(review),
        Format::Sarif => sarif::render(review),
        Format::Junit => junit::render(review),
        Format::Html => html::render(review, pairs, &Links::new(arguments.links.as_deref())?),
    })
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).filter(|_| text.len() == 10).ok_or_else(|| "a date is written 2030-12-31".to_owned())
}

/// The settings of this repository, and today's date unless it is given: the only place that asks for it.
fn settings(today: Option<Day>) -> Settings {
    if let Some(today) = today {
        return Settings { today, ..Settings::default() };
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let days = since.as_secs() / (24 * 60 * 60);
    Settings { today: Day(i64::try_from(days).unwrap_or(i64::MAX)), ..Settings::default() }
}
