//! `lint [PROVIDER|FILE…]`: what is wrong with specs, all of it at once; `lint rules`, `lint explain ID`.

mod explain;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use countersign_codegen::finding::{Finding, Level, Sources, render};
use countersign_codegen::formats::{self, Examined};
use countersign_codegen::generate::{Source, examine};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lint`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Lint {
    #[command(subcommand)]
    question: Option<Question>,
    /// Folders of specs/, or files that lie anywhere; all folders if none is named.
    #[arg(value_name = "PROVIDER|FILE")]
    specs: Vec<String>,
    /// For people, or for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Subcommand)]
enum Question {
    /// All rules: id, level and what is demanded.
    Rules,
    /// One rule: why it is there, an example that breaks it, and one that does not.
    Explain {
        /// The rule's id: `unknown-key`.
        id: String,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// Each finding with its line.
    Text,
    /// All findings as one document, described by codegen/src/formats/findings.schema.json.
    Json,
    /// Commands that annotate a pull request on GitHub.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// A spec and all that is to be said of it.
struct Looked {
    shown: String,
    findings: Vec<Finding>,
    sources: Sources,
}

impl Looked {
    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Prints the findings of each spec.
///
/// # Errors
/// If a file can't be read.
pub(crate) fn run(arguments: &Lint) -> Result<ExitCode> {
    match &arguments.question {
        Some(Question::Rules) => return explain::rules(),
        Some(Question::Explain { id }) => return explain::explain(id),
        None => {}
    }
    let root = workspace::root()?;
    let sources = sources(&root, &arguments.specs)?;
    let looked: Vec<Looked> = sources.iter().map(look).collect::<Result<_>>()?;
    workspace::print(&shown(&looked, arguments.format)?)?;
    Ok(verdict(looked.iter().all(|one| one.count(Level::Error) + one.count(Level::Warning) == 0)))
}

fn look(source: &Source) -> Result<Looked> {
    let (findings, sources) = examine(source).with_context(|| format!("can't look at {}", source.shown))?;
    Ok(Looked { shown: source.shown.clone(), findings, sources })
}

fn shown(looked: &[Looked], format: Format) -> Result<String> {
    let examined = || looked.iter().map(|one| Examined { spec: one.shown.clone(), findings: &one.findings });
    Ok(match format {
        Format::Text => looked.iter().map(text).collect(),
        Format::Json => serde_json::to_string_pretty(&formats::json(&examined().collect::<Vec<_>>()))? + "\n",
        Format::Github => looked.iter().map(|one| formats::github(&one.findings)).collect(),
        Format::Sarif => {
            let sarif = formats::sarif(&examined().collect::<Vec<_>>(), &explain::all());
            serde_json::to_string_pretty(&sarif)? + "\n"
        }
    })
}

fn text(one: &Looked) -> String {
    let (errors, warnings, notes) = (one.count(Level::Error), one.count(Level::Warning), one.count(Level::Note));
    let findings = render(&one.findings, &one.sources);
    format!("{findings}{}: {errors} errors, {warnings} warnings, {notes} notes\n", one.shown)
}

/// What is named: providers before files, so that a folder's name never means two things.
fn sources(root: &Path, named: &[String]) -> Result<Vec<Source>> {
    let providers = workspace::providers(root)?;
    let of_provider = |provider: &String| -> Result<Source> {
        let spec = workspace::spec_of(root, provider)?;
        Ok(Source::of_provider(root, provider, &workspace::shown(root, &spec)))
    };
    if named.is_empty() {
        return providers.iter().map(of_provider).collect();
    }
    let source = |name: &String| {
        if providers.contains(name) {
            return of_provider(name);
        }
        let file = PathBuf::from(name);
        if !file.is_file() {
            bail!("`{name}` is no file and no provider; the providers are: {}", providers.join(", "));
        }
        match of_ours(root, &file) {
            Some(provider) => of_provider(&provider),
            None => Ok(Source::anywhere(root, &file, "anywhere-client", "")),
        }
    };
    named.iter().map(source).collect()
}

/// The provider whose spec this file is.
fn of_ours(root: &Path, file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    let below = file.strip_prefix(root.join("specs").canonicalize().ok()?).ok()?;
    let provider = below.parent()?.to_str()?.to_owned();
    (below.file_name()? == "openapi.yaml" && !provider.is_empty()).then_some(provider)
}
