//! `codegen [PROVIDER…] [--check]`, `codegen --spec FILE --name CRATE --out DIR [--skip OPERATION…]`: client crates
//! from specs.
//!
//! Every crate is made in memory before the first one is written: a finding in one spec leaves all of them alone.

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_codegen::files::{self, Stale, StaleKind};
use countersign_codegen::finding::{Finding, Level, Sources, render};
use countersign_codegen::formats::{self, Examined};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use countersign_codegen::kept;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `codegen`.
#[derive(Args, Default)]
pub(crate) struct Codegen {
    /// Folders of specs/; all of them if none is named.
    #[arg(value_name = "PROVIDER")]
    providers: Vec<String>,
    /// Write nothing: name each file that differs, and end with 1 if there is one.
    #[arg(long)]
    check: bool,
    /// A spec that lies anywhere; its vectors.json is looked for beside it.
    #[arg(long, value_name = "FILE", conflicts_with = "providers", requires_all = ["name", "out"])]
    spec: Option<PathBuf>,
    /// The name of that spec's crate.
    #[arg(long, value_name = "CRATE", requires = "spec")]
    name: Option<String>,
    /// The folder of that spec's crate, which builds by itself with this workspace's runtime.
    #[arg(long, value_name = "DIR", requires = "spec")]
    out: Option<PathBuf>,
    /// An operation of that spec to leave out, by operationId or as `GET /orders`; a spec of specs/ lists such
    /// operations itself, under `info.x-crate.skip`.
    #[arg(long, value_name = "OPERATION", requires = "spec")]
    skip: Vec<String>,
    /// Take warnings and notes for errors: nothing is written while there are any.
    #[arg(long)]
    deny: bool,
    /// Write to this file, as JSON, what was loosened, renamed or skipped, and what stands in the way.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// A crate to make: from what, and where to.
struct Job {
    /// What stands in summaries: the provider, or the crate's name.
    name: String,
    source: Source,
    /// Where the crate lies or will lie.
    folder: PathBuf,
    /// That folder as it is shown.
    shown: String,
}

pub(crate) fn run(task: &Codegen) -> Result<ExitCode> {
    let root = workspace::root()?;
    if task.check {
        let all = task.providers.is_empty() && task.spec.is_none();
        return Ok(verdict(if all { is_fresh(&root)? } else { compare(&jobs(task, &root)?, task)? }));
    }
    let jobs = jobs(task, &root)?;
    let Some(crates) = generate_all(&jobs, task)? else { return Ok(verdict(false)) };
    for (job, made) in jobs.iter().zip(&crates) {
        let written = files::write(&made.files, &job.folder).with_context(|| format!("can't write {}", job.shown))?;
        if let (false, Some((file, text))) = (made.has_fresh_names()?, &made.names) {
            kept::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
        }
        workspace::print(&format!("{}: {written}\n", job.name))?;
    }
    Ok(verdict(true))
}

/// Whether every crate is what its spec says; what is stale is named. Nothing is written.
///
/// # Errors
/// If a file can't be read.
pub(crate) fn is_fresh(root: &Path) -> Result<bool> {
    let all = Codegen::default();
    let same = compare(&jobs(&all, root)?, &all)?;
    let abandoned = abandoned(root)?;
    for name in &abandoned {
        let help = "help: remove the folder, or bring the spec back";
        workspace::print(&format!("error: generated/{name} has no specs/{name}/openapi.yaml\n{help}\n"))?;
    }
    Ok(same && abandoned.is_empty())
}

/// Crates whose spec is gone.
fn abandoned(root: &Path) -> Result<Vec<String>> {
    let providers = workspace::providers(root)?;
    let crates = workspace::crates(root)?;
    // While a crate is written, others stand beside it, their names beginning with a dot.
    Ok(crates.into_iter().filter(|name| !providers.contains(name) && !name.starts_with('.')).collect())
}

/// The crates in the order of the jobs; nothing if a spec has findings that stand in the way, which are shown together.
fn generate_all(jobs: &[Job], task: &Codegen) -> Result<Option<Vec<Generated>>> {
    let mut crates = Vec::new();
    let mut found: Vec<(&str, Vec<Finding>)> = Vec::new();
    for job in jobs {
        match generate(&job.source) {
            Ok(generated) if task.deny && !generated.notes.is_empty() => {
                refuse(&job.name, &generated.notes, &generated.sources)?;
                found.push((&job.source.shown, generated.notes));
            }
            Ok(generated) => {
                summarize(&job.name, &generated.notes)?;
                report_names(&generated.notes)?;
                found.push((&job.source.shown, generated.notes.clone()));
                crates.push(generated);
            }
            Err(Failure::Findings { findings, sources }) => {
                refuse(&job.name, &findings, &sources)?;
                found.push((&job.source.shown, findings));
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    if let Some(file) = &task.report {
        write_report(file, &found)?;
    }
    Ok((crates.len() == jobs.len()).then_some(crates))
}

/// All findings of a spec that is not generated.
fn refuse(name: &str, findings: &[Finding], sources: &Sources) -> Result<()> {
    workspace::print(&format!("{}{name}: {}\n", render(findings, sources), counts(findings)))
}

/// How many findings there are of each level: `2 errors, 1 warning`.
fn counts(findings: &[Finding]) -> String {
    let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let counts = levels.map(|(level, word)| (count(findings, level), word));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| plural(*count, word));
    counts.collect::<Vec<_>>().join(", ")
}

/// What was loosened, renamed or skipped, counted by rule.
fn summarize(name: &str, notes: &[Finding]) -> Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for note in notes {
        *rules.entry(note.rule).or_default() += 1;
    }
    let mut rules: Vec<(&str, usize)> = rules.into_iter().collect();
    rules.sort_by_key(|(_, count)| Reverse(*count));
    let shown: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    workspace::print(&format!("{name}: {}, see `lint` or `--report`: {}\n", counts(notes), shown.join(", ")))
}

/// Writes the findings of all specs as JSON, each file at once or not at all.
fn write_report(file: &Path, found: &[(&str, Vec<Finding>)]) -> Result<()> {
    let examined: Vec<Examined<'_>> =
        found.iter().map(|(spec, findings)| Examined { spec: (*spec).to_owned(), findings }).collect();
    let text = serde_json::to_string_pretty(&formats::json(&examined))? + "\n";
    std::fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}

/// What callers must follow: names that changed, and those that are gone.
fn report_names(notes: &[Finding]) -> Result<()> {
    for note in notes.iter().filter(|note| NAME_RULES.contains(&note.rule)) {
        workspace::print(&format!("{}: {}[{}]: {}\n", note.pointer, note.level.word(), note.rule, note.message))?;
    }
    Ok(())
}

/// Rules on the names file.
const NAME_RULES: [&str; 3] = ["names-file", "renamed", "vanished-name"];

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn jobs(task: &Codegen, root: &Path) -> Result<Vec<Job>> {
    if let (Some(spec), Some(name), Some(out)) = (&task.spec, &task.name, &task.out) {
        replaceable(out)?;
        let shown = out.display().to_string();
        let skip: String = task.skip.iter().map(|operation| format!(" --skip {operation:?}")).collect();
        let command = format!("cargo xtask codegen --spec {} --name {name} --out {shown}{skip}", spec.display());
        let mut source = Source::anywhere(root, spec, name, &command);
        source.skip.clone_from(&task.skip);
        return Ok(vec![Job { name: name.clone(), source, folder: out.clone(), shown }]);
    }
    let chosen = if task.providers.is_empty() { workspace::providers(root)? } else { task.providers.clone() };
    chosen.into_iter().map(|provider| of_provider(provider, root)).collect()
}

fn of_provider(provider: String, root: &Path) -> Result<Job> {
    let spec = workspace::spec_of(root, &provider)?;
    let shown = format!("generated/{provider}");
    let source = Source::of_provider(root, &provider, &workspace::shown(root, &spec));
    Ok(Job { name: provider, source, folder: root.join(&shown), shown })
}

/// Refuses to replace a folder that holds anything but a crate of ours.
fn replaceable(folder: &Path) -> Result<()> {
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("can't read {}", folder.display())),
    };
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    if !is_empty && !manifest.starts_with("# @generated by") {
        bail!("{} holds something else than a generated crate, and would be replaced as a whole", folder.display());
    }
    Ok(())
}

/// Whether the crates on disk are the fresh ones; names what is stale, and the command that mends it.
fn compare(jobs: &[Job], task: &Codegen) -> Result<bool> {
    let Some(crates) = generate_all(jobs, task)? else { return Ok(false) };
    let mut same = true;
    for (job, made) in jobs.iter().zip(&crates) {
        let stale = files::compare(&made.files, &job.folder).with_context(|| format!("can't read {}", job.shown))?;
        let has_names = made.has_fresh_names()?;
        if !stale.is_empty() || !has_names {
            same = false;
            let mut sentences: String = stale.iter().map(|file| sentence(job, file)).collect();
            if !has_names {
                let spec = &job.source.shown;
                sentences.push_str(&format!("error: the names file beside {spec} is missing or out of date\n"));
            }
            let help = format!("help: run `{}` and commit the result\n", job.source.options.command);
            workspace::print(&(sentences + &help))?;
        }
    }
    Ok(same)
}

fn sentence(job: &Job, stale: &Stale) -> String {
    let (file, spec) = (format!("{}/{}", job.shown, stale.path), &job.source.shown);
    match stale.kind {
        StaleKind::Missing => format!("error: {file} is missing\n"),
        StaleKind::Different { line } => format!("error: {file} is out of date with {spec} (line {line})\n"),
        StaleKind::Orphan => format!("error: {file} is no longer made from {spec}\n"),
    }
}
