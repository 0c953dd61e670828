//! `corpus DIR`: how a folder of published specs fares: what generates, compiles and has a method for each operation,
//! and what becomes of the specs' own examples.
//!
//! 1. [`document`] finds the files and counts their operations with a reader of its own.
//! 2. Each file becomes a crate below one work folder, and [`methods`] counts the methods in its Rust.
//! 3. [`cargo`] compiles the crates one by one; a warning counts like an error.
//! 4. With `--examples`, [`examples`] tries each example of a body that its own schema accepts.
//! 5. [`report`] prints a row for each file, totals, and below them what is in no row.

mod cargo;
mod document;
mod examples;
mod methods;
mod report;
mod same;
mod schema;
#[cfg(test)]
mod tests;
mod trial;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use cargo::{Said, Workspace};
use clap::Args;
use countersign_codegen::files;
use countersign_codegen::finding::{Finding, Level, Sources, render};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use document::{Documents, Published};
use examples::{Accepted, Score};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `corpus`.
#[derive(Args)]
pub(crate) struct Corpus {
    /// The folder: files, and folders with an `openapi.*` in them.
    folder: PathBuf,
    /// Only these, by name without ending.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Compile nothing.
    #[arg(long, conflicts_with_all = ["clippy", "doc", "examples"])]
    generate_only: bool,
    /// Also run clippy, its warnings denied.
    #[arg(long)]
    clippy: bool,
    /// Also build the documentation, its warnings denied.
    #[arg(long)]
    doc: bool,
    /// Also decode the specs' examples into the generated types and encode them again.
    #[arg(long)]
    examples: bool,
    /// Where the crates and what is compiled are kept; target/corpus if not given.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// How many processes cargo may start.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// How many specs must pass; all of them if not given.
    #[arg(long, value_name = "N")]
    at_least: Option<usize>,
    /// How many findings of each spec that does not generate are shown.
    #[arg(long, value_name = "N", default_value_t = 3)]
    findings: usize,
}

/// A line of the table.
#[derive(Default)]
struct Row {
    name: String,
    /// In the document; nothing if it can't be read at all.
    operations: Option<usize>,
    /// In the crate; nothing if there is none.
    methods: Option<usize>,
    /// Whether the crate compiles without a warning; nothing if that was not asked.
    checked: Option<bool>,
    /// What the crate says more loosely than the document.
    loosened: usize,
    /// How its examples fare, if that was asked and the trial ran.
    examples: Option<Score>,
    generating: Duration,
    compiling: Duration,
    /// What stands below the table.
    remarks: String,
}

impl Row {
    fn is_equal(&self) -> bool {
        self.methods.is_some() && self.methods == self.operations
    }

    fn passes(&self) -> bool {
        self.is_equal() && self.checked != Some(false)
    }
}

/// Prints the table, and ends with 1 if too few specs pass.
///
/// # Errors
/// If the folder can't be read, or the work folder can't be written.
pub(crate) fn run(task: &Corpus) -> Result<ExitCode> {
    let root = workspace::root()?;
    let specs = chosen(task)?;
    let folder = task.keep.clone().unwrap_or_else(|| root.join("target/corpus"));
    std::fs::create_dir_all(&folder).with_context(|| format!("can't write {}", folder.display()))?;
    let folder = std::path::absolute(folder).context("can't find the current folder")?;
    let mut rows = Vec::new();
    let mut crates = Vec::new();
    for (spec, documents) in &specs {
        let (row, accepted) = generated(&root, &folder, spec, documents.as_ref(), task)?;
        if row.methods.is_some() && !task.generate_only {
            crates.push((rows.len(), documents.as_ref(), accepted));
        }
        rows.push(row);
    }
    compile(&root, &folder, &mut rows, crates, task)?;
    workspace::print(&report::table(&rows, !task.generate_only))?;
    let enough = rows.iter().filter(|row| row.passes()).count() >= task.at_least.unwrap_or(rows.len());
    Ok(verdict(enough && (!task.examples || report::examples_are_good(&rows))))
}

/// A spec, and how a reader of its own reads it, if it can.
type Read = (Published, Option<Documents>);

fn chosen(task: &Corpus) -> Result<Vec<Read>> {
    let all = document::find(&task.folder)?;
    let names: Vec<&str> = all.iter().map(|spec| spec.name.as_str()).collect();
    if let Some(unknown) = task.only.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no `{unknown}` in {}; there are: {}", task.folder.display(), names.join(", "));
    }
    let mut specs = Vec::new();
    for spec in all.into_iter().filter(|spec| task.only.is_empty() || task.only.contains(&spec.name)) {
        let documents = Documents::read(&spec.file);
        match &documents {
            Ok(documents) if !documents.is_openapi() => {
                eprintln!("{} is no OpenAPI document", spec.file.display());
                continue;
            }
            Ok(_) => {}
            Err(error) => eprintln!("a second reader can't read it: {error:#}"),
        }
        specs.push((spec, documents.ok()));
    }
    if specs.is_empty() {
        bail!("there is no OpenAPI document in {}", task.folder.display());
    }
    Ok(specs)
}

/// A document's crate, written below the work folder, and beside it the program for its examples.
fn generated<'d>(
    root: &Path,
    folder: &Path,
    spec: &Published,
    documents: Option<&'d Documents>,
    task: &Corpus,
) -> Result<(Row, Option<Accepted<'d>>)> {
    let operations = documents.map(|documents| documents.operations().len());
    let mut row = Row { name: spec.name.clone(), operations, ..Row::default() };
    let source = source(root, spec);
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| generate(&source)));
    row.generating = start.elapsed();
    let mut accepted = None;
    match result {
        Ok(Ok(generated)) => {
            written(&mut row, &generated, &folder.join(&spec.name), task)?;
            if let Some(documents) = documents.filter(|_| task.examples) {
                let examples = Accepted::new(documents, &generated.bodies);
                let name = package(&spec.name);
                trial::write(&folder.join(trial::package(&name)), &name, &spec.name, &examples.types)?;
                accepted = Some(examples);
            }
        }
        Ok(Err(Failure::Findings { findings, sources })) => row.remarks += &refusal(&findings, &sources, task.findings),
        Ok(Err(failure)) => row.remarks += &format!("error: {failure}\n"),
        Err(_) => row.remarks += "error: the generator panicked\n",
    }
    Ok((row, accepted))
}

fn source(root: &Path, spec: &Published) -> Source {
    let name = package(&spec.name);
    let command = format!("cargo xtask codegen --spec {} --name {name} --out {}", spec.file.display(), spec.name);
    let mut source = Source::anywhere(root, &spec.file, &name, &command);
    source.options.standalone = false;
    source
}

/// The name of a spec's crate: a letter comes first, whatever the file is called.
fn package(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let first = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "api-" };
    format!("{first}{}-client", name.chars().map(plain).collect::<String>())
}

fn written(row: &mut Row, generated: &Generated, folder: &Path, task: &Corpus) -> Result<()> {
    row.loosened = generated.notes.len();
    let methods = methods::of(&generated.files)?;
    row.methods = Some(methods.count);
    if methods.operations.len() != methods.count {
        let _ = writeln!(row.remarks, "{} methods call {} operations", methods.count, methods.operations.len());
    }
    if !task.generate_only || task.keep.is_some() {
        files::write(&generated.files, folder).with_context(|| format!("can't write {}", folder.display()))?;
    }
    Ok(())
}

/// Why a document becomes nothing: the first errors as they are shown elsewhere, and how many there are of each rule.
fn refusal(findings: &[Finding], sources: &Sources, most: usize) -> String {
    let errors: Vec<Finding> = findings.iter().filter(|finding| finding.level == Level::Error).cloned().collect();
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for error in &errors {
        *rules.entry(error.rule).or_default() += 1;
    }
    let counts: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    let shown = render(&errors[..errors.len().min(most)], sources);
    format!("{shown}{} errors: {}\n", errors.len(), counts.join(", "))
}

/// A row by its number, and what its examples need.
type Crate<'d> = (usize, Option<&'d Documents>, Option<Accepted<'d>>);

/// Compiles all crates in one workspace, one after the other.
fn compile(root: &Path, folder: &Path, rows: &mut [Row], crates: Vec<Crate<'_>>, task: &Corpus) -> Result<()> {
    let mut members = Vec::new();
    for (row, _, accepted) in &crates {
        members.push(rows[*row].name.clone());
        members.extend(accepted.iter().map(|_| trial::package(&package(&rows[*row].name))));
    }
    if members.is_empty() {
        return Ok(());
    }
    let space = Workspace::new(root, folder, &members, task.jobs)?;
    for (row, documents, accepted) in crates {
        let row = &mut rows[row];
        let start = Instant::now();
        let is_tried = accepted.as_ref().is_some_and(|accepted| !accepted.types.is_empty());
        check(row, &space, is_tried, task)?;
        if let (Some(documents), Some(accepted)) = (documents, accepted) {
            try_examples(row, &space, documents, accepted)?;
        }
        row.compiling = start.elapsed();
        eprintln!("{}: compiled in {:.1} s", row.name, row.compiling.as_secs_f64());
    }
    Ok(())
}

fn check(row: &mut Row, space: &Workspace, is_tried: bool, task: &Corpus) -> Result<()> {
    // The program for the examples needs a build. That says no less than a check, and so does clippy.
    let mut commands = if is_tried { vec![vec!["build"]] } else { Vec::new() };
    commands.extend(task.clippy.then(|| vec!["clippy"]));
    if commands.is_empty() {
        commands.push(vec!["check"]);
    }
    commands.extend(task.doc.then(|| vec!["doc", "--no-deps"]));
    let mut clean = true;
    for command in &commands {
        let said = space.run(command, &package(&row.name))?;
        clean &= said.is_clean();
        row.remarks += &complaint(command[0], &said);
    }
    row.checked = Some(clean);
    Ok(())
}

fn try_examples(row: &mut Row, space: &Workspace, documents: &Documents, accepted: Accepted<'_>) -> Result<()> {
    let client = package(&row.name);
    let trials = accepted.trials();
    let outcomes = if trials.is_empty() || row.checked == Some(false) {
        Vec::new()
    } else {
        let said = trial::build(space, &client)?;
        row.remarks += &complaint("build of the examples", &said);
        if said.ended_well { trial::run(space, &client, &trials)? } else { Vec::new() }
    };
    row.examples = Some(accepted.score(documents, outcomes));
    Ok(())
}

/// What the compiler said, if there is something to mend.
fn complaint(command: &str, said: &Said) -> String {
    if said.is_clean() {
        return String::new();
    }
    let shown: String = said.messages.iter().take(3).map(|message| format!("{message}\n")).collect();
    format!("{shown}cargo {command}: {} errors and warnings\n", said.messages.len())
}
