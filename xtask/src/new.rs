//! `new PROVIDER [--from FILE-OR-DIR] [--recipe NAME]`: a spec folder, its crate and a first test.
//!
//! 1. A published file is read with everything that it refers to, and trimmed to the chosen tags or operations
//!    ([`trim`]); without one, a spec with a single operation stands in its place.
//! 2. A recipe replaces the document's own security: a scheme of another spec here, or a starter ([`recipes`]).
//! 3. The crate is made in memory first, so a document that can't be generated leaves nothing behind.
//! 4. Spec, crate and test are written; two manifests learn the crate's name ([`scaffold`]).
//!
//! On a terminal, what no flag says is asked for.

mod recipes;
mod scaffold;
mod trim;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_codegen::finding::{Level, render};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use countersign_codegen::load::{LoadError, load};
use countersign_codegen::spec::Spec;
use countersign_codegen::{files, kept};
use std::fs;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use yaml_serde::Value;

/// Arguments of `new`.
#[derive(Args)]
pub(crate) struct New {
    /// The provider's name: lower-case letters, digits and `_`, as the folder of specs/ and the crate are called.
    provider: String,
    /// The file that the provider publishes, or a folder with one `openapi.yaml`, `.yml` or `.json`.
    #[arg(long, value_name = "FILE-OR-DIR")]
    from: Option<PathBuf>,
    /// How requests are signed: a scheme of another spec here, or a starter: `hmac-sha256`, `jwt-hs256`, `aws-sigv4`,
    /// `rfc9421`.
    #[arg(long, value_name = "NAME")]
    recipe: Option<String>,
    /// Keep the operations with one of these tags only.
    #[arg(long, value_name = "TAG", value_delimiter = ',', requires = "from")]
    tags: Vec<String>,
    /// Keep these operations only, too: operationIds, or `METHOD /path`.
    #[arg(long, value_name = "OPERATION", value_delimiter = ',', requires = "from")]
    operations: Vec<String>,
    /// Ask nothing, also on a terminal.
    #[arg(long)]
    yes: bool,
}

/// What is to be written, all of it in memory.
struct Plan {
    provider: String,
    document: Value,
    /// Other files of the document: the way below the spec's folder, and the text.
    others: Vec<(String, String)>,
    /// Where it comes from, for SOURCES.md.
    from: Option<String>,
    /// What signs its requests, where that was chosen.
    recipe: Option<recipes::Recipe>,
}

pub(crate) fn run(task: &New) -> Result<ExitCode> {
    let root = workspace::root()?;
    check_name(&root, &task.provider)?;
    let mut chosen = Chosen::of(task);
    if !task.yes && std::io::stdin().is_terminal() {
        chosen.ask()?;
    }
    let Some(plan) = plan(&root, &task.provider, &chosen)? else { return Ok(verdict(false)) };
    let folder = Staged::new(&root, &plan)?;
    let Some(made) = made(&root, &plan, &folder)? else { return Ok(verdict(false)) };
    write(&root, &plan, folder, &made)?;
    workspace::print(&summary(&plan, &made))?;
    Ok(verdict(true))
}

/// What flags or answers say.
struct Chosen {
    from: Option<PathBuf>,
    recipe: Option<String>,
    tags: Vec<String>,
    operations: Vec<String>,
}

impl Chosen {
    fn of(task: &New) -> Self {
        let (from, recipe) = (task.from.clone(), task.recipe.clone());
        Self { from, recipe, tags: task.tags.clone(), operations: task.operations.clone() }
    }

    fn ask(&mut self) -> Result<()> {
        if self.from.is_none() {
            self.from = answer("published file or folder (nothing: start with an empty spec)")?.map(PathBuf::from);
        }
        if self.from.is_some() && self.tags.is_empty() && self.operations.is_empty() {
            let tags = answer("tags to keep, with commas (nothing: all)")?;
            self.tags = tags.iter().flat_map(|tags| tags.split(',')).map(|tag| tag.trim().to_owned()).collect();
        }
        if self.recipe.is_none() {
            self.recipe = answer(
                "recipe: a scheme of another spec, hmac-sha256, jwt-hs256, aws-sigv4, rfc9421 (nothing: as published)",
            )?;
        }
        Ok(())
    }
}

/// One line of an answer; nothing if it is empty.
fn answer(question: &str) -> Result<Option<String>> {
    print!("{question}: ");
    std::io::stdout().flush().context("can't ask")?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("can't read the answer")?;
    Ok(Some(line.trim().to_owned()).filter(|answer| !answer.is_empty()))
}

fn check_name(root: &Path, provider: &str) -> Result<()> {
    let plain = provider.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || !provider.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!("`{}` is no name of a provider: use lower-case letters, digits and `_`", provider.escape_debug());
    }
    for folder in [format!("specs/{provider}"), format!("generated/{provider}")] {
        if root.join(&folder).exists() {
            bail!("{folder} is there already; edit the spec and run `cargo xtask codegen {provider}`");
        }
    }
    Ok(())
}

/// What to write; nothing if the published file has errors, which are shown.
fn plan(root: &Path, provider: &str, chosen: &Chosen) -> Result<Option<Plan>> {
    let (mut document, others, from) = match &chosen.from {
        Some(from) => {
            let file = published(from)?;
            let Some(spec) = read(&file)? else { return Ok(None) };
            let document = trim::trimmed(&spec, &chosen.tags, &chosen.operations)?;
            let others = spec.others.iter().map(|other| (other.name.clone(), other.text.clone())).collect();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (document, others, Some(name))
        }
        None => (scaffold::empty_spec(provider)?, Vec::new(), None),
    };
    scaffold::name_crate(&mut document, provider);
    let recipe = chosen.recipe.as_deref().map(|name| recipes::find(root, name)).transpose()?;
    if let Some(recipe) = &recipe {
        recipes::sign(&mut document, provider, recipe);
    }
    Ok(Some(Plan { provider: provider.to_owned(), document, others, from, recipe }))
}

/// The one document of a folder, or the file itself.
fn published(from: &Path) -> Result<PathBuf> {
    if !from.is_dir() {
        return Ok(from.to_owned());
    }
    let found = ["openapi.yaml", "openapi.yml", "openapi.json"].map(|name| from.join(name));
    let found = found.into_iter().find(|file| file.is_file());
    found.with_context(|| format!("there is no openapi.yaml, .yml or .json in {}; name the file", from.display()))
}

fn read(file: &Path) -> Result<Option<Spec>> {
    match load(file, file, None) {
        Ok(spec) => Ok(Some(spec)),
        Err(LoadError::Findings { findings, sources }) => {
            workspace::print(&render(&findings, &sources))?;
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("can't read {}", file.display())),
    }
}

/// The spec's folder under a name that no command looks at; gone when it is dropped, unless it was kept.
struct Staged {
    folder: PathBuf,
    kept: bool,
}

impl Staged {
    fn new(root: &Path, plan: &Plan) -> Result<Self> {
        let staged = Self { folder: root.join("specs").join(format!(".{}.new", plan.provider)), kept: false };
        let _ = fs::remove_dir_all(&staged.folder);
        let text = scaffold::spec_text(&plan.document)?;
        let mut all = vec![("openapi.yaml".to_owned(), text), ("SOURCES.md".to_owned(), scaffold::sources(plan))];
        if let Some(recipe) = &plan.recipe {
            all.push(("vectors.json".to_owned(), recipe.vectors(&plan.provider)?));
        }
        all.extend(plan.others.iter().cloned());
        for (name, text) in all {
            let file = staged.folder.join(&name);
            let parent = file.parent().unwrap_or(&staged.folder);
            fs::create_dir_all(parent).with_context(|| format!("can't make {}", parent.display()))?;
            fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
        }
        Ok(staged)
    }

    fn spec(&self) -> PathBuf {
        self.folder.join("openapi.yaml")
    }

    fn keep_as(mut self, folder: &Path) -> Result<()> {
        fs::rename(&self.folder, folder).with_context(|| format!("can't make {}", folder.display()))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The crate; nothing if the document can't become one, which is shown.
fn made(root: &Path, plan: &Plan, staged: &Staged) -> Result<Option<Generated>> {
    let shown = format!("specs/{}/openapi.yaml", plan.provider);
    let mut source = Source::of_provider(root, &plan.provider, Path::new(&shown));
    source.spec = staged.spec();
    source.names = source.names.map(|_| staged.folder.join("names.json"));
    match generate(&source) {
        Ok(made) => Ok(Some(made)),
        Err(Failure::Findings { findings, sources }) => {
            let help = "nothing was written; mend a copy of the file, or choose other --tags or --operations\n";
            workspace::print(&(render(&findings, &sources) + help))?;
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}

fn write(root: &Path, plan: &Plan, staged: Staged, made: &Generated) -> Result<()> {
    if let Some((file, text)) = &made.names {
        kept::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
    }
    let (specs, generated) = (root.join("specs").join(&plan.provider), root.join("generated").join(&plan.provider));
    staged.keep_as(&specs)?;
    let written = files::write(&made.files, &generated).context("can't write the crate").map(drop);
    let written = written.and_then(|()| scaffold::add_test(root, &plan.provider, made));
    if written.is_err() {
        let _ = fs::remove_dir_all(&specs);
        let _ = fs::remove_dir_all(&generated);
    }
    written
}

fn summary(plan: &Plan, made: &Generated) -> String {
    let provider = &plan.provider;
    let mut lines = vec![
        format!("specs/{provider}/openapi.yaml, SOURCES.md, names.json: the source of truth, now yours to edit"),
        format!("generated/{provider}: the crate {}", scaffold::crate_name(provider)),
        format!("tests/tests/{provider}.rs: a first call against a server on this machine"),
    ];
    let count = |level| made.notes.iter().filter(|note| note.level == level).count();
    let (warnings, notes) = (count(Level::Warning), count(Level::Note));
    if warnings + notes > 0 {
        lines.push(format!("{warnings} warnings and {notes} notes on the document: `cargo xtask lint {provider}`"));
    }
    lines.push(match plan.recipe {
        Some(_) => format!("next: fill in the recipe under `securitySchemes` ({provider}), then `cargo xtask codegen`"),
        None => "next: declare how requests are signed (`x-signing`), if the provider asks for it".to_owned(),
    });
    lines.push(format!("then: cargo test -p countersign-tests --test {provider}"));
    lines.join("\n") + "\n"
}
