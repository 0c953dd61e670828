//! `lint [PROVIDER…|--spec FILE]`: what is wrong with specs, all of it at once.

use crate::{verdict, workspace};
use anyhow::{Context as _, Result};
use clap::Args;
use countersign_codegen::finding::{Finding, Level, Sources, joined, render};
use countersign_codegen::lint::{Context, lint};
use countersign_codegen::load::{LoadError, load};
use countersign_codegen::normalize::{self, normalize};
use countersign_codegen::vectors::Vectors;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lint`.
#[derive(Args)]
pub(crate) struct Lint {
    /// Folders of specs/; all of them if none is named.
    providers: Vec<String>,
    /// A spec that lies anywhere; its vectors.json is looked for beside it.
    #[arg(long, value_name = "FILE", conflicts_with = "providers")]
    spec: Option<PathBuf>,
}

/// Prints the findings of each spec, and a line that counts them.
///
/// # Errors
/// If a file can't be read.
pub(crate) fn run(arguments: &Lint) -> Result<ExitCode> {
    let root = workspace::root()?;
    let specs = match &arguments.spec {
        Some(spec) => vec![spec.clone()],
        None => providers(&root, &arguments.providers)?,
    };
    let mut clean = true;
    for spec in &specs {
        clean &= one(&root, spec, arguments.spec.is_some())?;
    }
    Ok(verdict(clean))
}

fn providers(root: &Path, named: &[String]) -> Result<Vec<PathBuf>> {
    let all = workspace::providers(root)?;
    let chosen = if named.is_empty() { &all[..] } else { named };
    chosen.iter().map(|provider| workspace::spec_of(root, provider)).collect()
}

fn one(root: &Path, path: &Path, crate_is_named: bool) -> Result<bool> {
    let shown = workspace::shown(root, path);
    let (findings, sources) = examine(root, path, &shown, crate_is_named)?;
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings, notes) = (count(Level::Error), count(Level::Warning), count(Level::Note));
    workspace::print(&render(&findings, &sources))?;
    workspace::print(&format!("{}: {errors} errors, {warnings} warnings, {notes} notes\n", shown.display()))?;
    Ok(errors + warnings == 0)
}

/// Everything that can be said of a spec, and the texts that it is said about.
fn examine(root: &Path, path: &Path, shown: &Path, crate_is_named: bool) -> Result<(Vec<Finding>, Sources)> {
    let trouble = |path: &Path| format!("can't read {}", path.display());
    let spec = match load(path, shown, None) {
        Ok(spec) => spec,
        Err(LoadError::Findings { findings, sources }) => return Ok((findings, sources)),
        Err(error) => return Err(error.into()),
    };
    let mut sources = Sources::of(&spec);
    let mut vectors = Vectors::beside(path).with_context(|| trouble(&path.with_file_name("vectors.json")))?;
    if let Vectors::File { file, text } = &mut vectors {
        *file = workspace::shown(root, file);
        sources = sources.with(file.clone(), String::from_utf8_lossy(text));
    }
    let findings = lint(&spec, &Context { vectors, crate_is_named });
    let lowering = normalize(&spec, &outside(root, path, shown)).map_or_else(|errors| errors, |lowered| lowered.notes);
    Ok((joined(findings, lowering), sources))
}

/// What generating would know besides the document; only names depend on it.
fn outside(root: &Path, path: &Path, shown: &Path) -> normalize::Context {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let of_provider = path.starts_with(root.join("specs"));
    normalize::Context {
        spec_path: shown.display().to_string(),
        crate_name: (!of_provider).then(|| "anywhere-client".to_owned()),
        provider: folder,
        ..normalize::Context::default()
    }
}
