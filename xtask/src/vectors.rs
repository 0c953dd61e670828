//! `vectors [--recipes FILE] VECTORS…`: vector files against recipes, step by step and turned round.

use crate::{verdict, workspace};
use anyhow::{Context as _, Result};
use clap::Args;
use countersign_auth::recipe::Recipe;
use countersign_auth::vectors::{CaseOutcome, Outcome};
use countersign_codegen::finding::{Finding, Sources, printable, render, shortened};
use countersign_codegen::parse::{ReadError, parse, read};
use countersign_codegen::signing::recipes;
use countersign_codegen::spec::{Node, Spec};
use countersign_codegen::vectors::run_file;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `vectors`.
#[derive(Args)]
pub(crate) struct Vectors {
    /// A document with `components` that declares the recipes; without it, those of the vector file's provider.
    #[arg(long, value_name = "FILE")]
    recipes: Option<PathBuf>,
    /// Vector files.
    #[arg(required = true, value_name = "VECTORS")]
    vectors: Vec<PathBuf>,
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
}

/// Prints each failure with its step, a line for each file, and the sum.
///
/// # Errors
/// If a file can't be read.
pub(crate) fn run(arguments: &Vectors) -> Result<ExitCode> {
    let given = match &arguments.recipes {
        Some(file) => match load(file)? {
            Ok(recipes) => Some(recipes),
            Err(findings) => {
                workspace::print(&findings)?;
                return Ok(verdict(false));
            }
        },
        None => None,
    };
    let (mut passed, mut failed, mut all_ran) = (0, 0, true);
    for file in &arguments.vectors {
        match one(file, given.as_deref())? {
            Some(count) => {
                passed += count.passed;
                failed += count.failed;
            }
            None => all_ran = false,
        }
    }
    workspace::print(&format!("{passed} passed, {failed} failed\n"))?;
    Ok(verdict(all_ran && failed == 0 && passed > 0))
}

/// Runs one file; nothing if it could not be run, which is said already.
fn one(file: &Path, given: Option<&[Recipe]>) -> Result<Option<Count>> {
    let text = std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
    let of_provider;
    let recipes = match given {
        Some(recipes) => recipes,
        None => {
            of_provider = match provider_recipes(file, &text)? {
                Ok(recipes) => recipes,
                Err(findings) => {
                    workspace::print(&findings)?;
                    return Ok(None);
                }
            };
            &of_provider
        }
    };
    let ran = match run_file(file, &text, recipes) {
        Ok(ran) => ran,
        Err(findings) => {
            workspace::print(&shown(&findings, file, &text))?;
            return Ok(None);
        }
    };
    let mut count = Count::default();
    for case in &ran.outcomes {
        match failure(case, &ran.document) {
            None => count.passed += 1,
            Some(line) => {
                count.failed += 1;
                workspace::print(&line)?;
            }
        }
    }
    let name = workspace::shown(&workspace::root()?, file);
    workspace::print(&format!("{}: {} passed, {} failed\n", name.display(), count.passed, count.failed))?;
    Ok(Some(count))
}

/// What a failing case prints: where it stands, the step, both values.
fn failure(case: &CaseOutcome, document: &Spec) -> Option<String> {
    let Outcome::Failed { step, expected, got } = &case.outcome else { return None };
    let at = document.root.at_pointer(&case.pointer).map(|node| node.at).unwrap_or_default();
    let value = |text: &str| printable(&shortened(text, 400));
    Some(format!(
        "FAILED {} at {step}\n  --> {}:{at}\n  expected {}\n  got      {}\n",
        printable(&case.name),
        document.file.display(),
        value(expected),
        value(got)
    ))
}

/// The recipes of the provider that a vector file names; none if there is no such provider.
fn provider_recipes(file: &Path, text: &[u8]) -> Result<Result<Vec<Recipe>, String>> {
    let Ok(document) = parse(file, text) else { return Ok(Ok(Vec::new())) };
    let Some(provider) = document.root.get("provider").and_then(Node::text) else { return Ok(Ok(Vec::new())) };
    match workspace::spec_of(&workspace::root()?, provider) {
        Ok(spec) => load(&spec),
        // A file may be about no provider of ours and carry its own recipes.
        Err(_) => Ok(Ok(Vec::new())),
    }
}

/// The recipes of a document, or its findings as text.
fn load(file: &Path) -> Result<Result<Vec<Recipe>, String>> {
    let text = || std::fs::read(file).with_context(|| format!("can't read {}", file.display()));
    let spec = match read(file) {
        Ok(spec) => spec,
        Err(ReadError::Findings(findings)) => return Ok(Err(shown(&findings, file, &text()?))),
        Err(error) => return Err(error.into()),
    };
    match recipes(&spec) {
        Ok(recipes) => Ok(Ok(recipes)),
        Err(findings) => Ok(Err(shown(&findings, file, spec.text.as_bytes()))),
    }
}

fn shown(findings: &[Finding], file: &Path, text: &[u8]) -> String {
    render(findings, &Sources::default().with(file, String::from_utf8_lossy(text)))
}
