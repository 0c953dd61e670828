//! `corpus DIR`: how a folder of published specs fares: what generates, compiles and has a method for each operation.
//!
//! 1. [`document`] finds the files and counts their operations with a reader of its own.
//! 2. Each file becomes a crate below one work folder, and [`methods`] counts the methods in its Rust.
//! 3. [`cargo`] compiles the crates one by one; a warning counts like an error.
//!
//! The table has a row for each file. What is in no row is below it: findings, and what the compiler said.

mod cargo;
mod document;
mod methods;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use cargo::{Said, Workspace};
use clap::Args;
use countersign_codegen::files;
use countersign_codegen::finding::{Finding, Level, Sources, render};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use document::Published;
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
    #[arg(long, conflicts_with_all = ["clippy", "doc"])]
    generate_only: bool,
    /// Also run clippy, its warnings denied.
    #[arg(long)]
    clippy: bool,
    /// Also build the documentation, its warnings denied.
    #[arg(long)]
    doc: bool,
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
    for spec in &specs {
        rows.extend(generated(&root, &folder, spec, task)?);
    }
    if !task.generate_only {
        let members: Vec<String> =
            rows.iter().filter(|row| row.methods.is_some()).map(|row| row.name.clone()).collect();
        let space = Workspace::new(&root, &folder, &members, task.jobs)?;
        for row in rows.iter_mut().filter(|row| row.methods.is_some()) {
            compile(row, &space, task)?;
            eprintln!("{}: compiled in {:.1} s", row.name, row.compiling.as_secs_f64());
        }
    }
    let passing = rows.iter().filter(|row| row.passes()).count();
    workspace::print(&report(&rows, !task.generate_only))?;
    Ok(verdict(passing >= task.at_least.unwrap_or(rows.len())))
}

fn chosen(task: &Corpus) -> Result<Vec<Published>> {
    let all = document::find(&task.folder)?;
    let names: Vec<&str> = all.iter().map(|spec| spec.name.as_str()).collect();
    if let Some(unknown) = task.only.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no `{unknown}` in {}; there are: {}", task.folder.display(), names.join(", "));
    }
    if all.is_empty() {
        bail!("there is no .yaml, .yml or .json in {}", task.folder.display());
    }
    Ok(all.into_iter().filter(|spec| task.only.is_empty() || task.only.contains(&spec.name)).collect())
}

/// A document's crate, written below the work folder; nothing for a file that is no OpenAPI document.
fn generated(root: &Path, folder: &Path, spec: &Published, task: &Corpus) -> Result<Option<Row>> {
    let mut row = Row { name: spec.name.clone(), ..Row::default() };
    match document::read(&spec.file) {
        Ok(document) if !document::is_openapi(&document) => {
            eprintln!("{} is no OpenAPI document", spec.file.display());
            return Ok(None);
        }
        Ok(document) => row.operations = Some(document::operations(&document, &spec.file)),
        Err(error) => row.remarks += &format!("a second reader can't read it: {error:#}\n"),
    }
    let source = source(root, spec);
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| generate(&source)));
    row.generating = start.elapsed();
    match result {
        Ok(Ok(crate_)) => written(&mut row, &crate_, &folder.join(&spec.name), task)?,
        Ok(Err(Failure::Findings { findings, sources })) => row.remarks += &refusal(&findings, &sources, task.findings),
        Ok(Err(failure)) => row.remarks += &format!("error: {failure}\n"),
        Err(_) => row.remarks += "error: the generator panicked\n",
    }
    Ok(Some(row))
}

fn source(root: &Path, spec: &Published) -> Source {
    let name = package(&spec.name);
    let command = format!("cargo xtask codegen --spec {} --name {name} --out {}", spec.file.display(), spec.name);
    let mut source = Source::anywhere(root, &spec.file, &name, &command);
    source.options.standalone = false;
    source
}

/// The name of a spec's crate.
fn package(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("{}-client", name.chars().map(plain).collect::<String>())
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

fn compile(row: &mut Row, space: &Workspace, task: &Corpus) -> Result<()> {
    let start = Instant::now();
    let mut commands = vec![vec!["check"]];
    commands.extend(task.clippy.then(|| vec!["clippy"]));
    commands.extend(task.doc.then(|| vec!["doc", "--no-deps"]));
    let mut clean = true;
    for command in &commands {
        let said = space.run(command, &package(&row.name))?;
        clean &= said.is_clean();
        row.remarks += &complaint(command[0], &said);
    }
    row.checked = Some(clean);
    row.compiling = start.elapsed();
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

/// The table, its totals, and what stands below.
fn report(rows: &[Row], compiled: bool) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>10}  {:>7}  {:>9}  {:>7}  {:>8}  {:>7}\n",
        "spec", "operations", "methods", "generated", "checked", "loosened", "seconds"
    );
    let number = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
    for row in rows {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "{:width$}  {:>10}  {:>7}  {:>9}  {:>7}  {:>8}  {:>7.1}",
            row.name,
            number(row.operations),
            number(row.methods),
            yes(row.methods.is_some()),
            row.checked.map_or("-", yes),
            row.loosened,
            (row.generating + row.compiling).as_secs_f64(),
        );
    }
    text += &totals(rows, compiled);
    for row in rows.iter().filter(|row| !row.remarks.is_empty()) {
        let _ = write!(text, "\n== {}\n{}", row.name, row.remarks);
    }
    text
}

fn totals(rows: &[Row], compiled: bool) -> String {
    let all = rows.len();
    let count = |which: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| which(row)).count();
    let operations: usize = rows.iter().filter_map(|row| row.operations).sum();
    let methods: usize = rows.iter().filter_map(|row| row.methods).sum();
    let loosened: usize = rows.iter().map(|row| row.loosened).sum();
    let checked = if compiled {
        format!("{} checked", count(&|row| row.checked == Some(true)))
    } else {
        "none checked".to_owned()
    };
    format!(
        "{} of {all} generated, {checked}, methods equal operations in {}; {methods} methods for {operations} operations, {loosened} loosened\n",
        count(&|row| row.methods.is_some()),
        count(&Row::is_equal),
    )
}
