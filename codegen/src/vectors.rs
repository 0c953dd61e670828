//! The vectors beside a spec, run against its recipes.
//!
//! 1. [`Vectors::beside`] finds `vectors.json`.
//! 2. [`check`] reads it with positions, runs it with [`countersign_auth::vectors`], and reports each failing
//!    vector on the recipe's step that differs: there the spec, and not the vector, is mended.

use crate::finding::{Finding, shortened};
use crate::lint::rules::{self, Rule};
use crate::parse;
use crate::references::{References, escape_token};
use crate::signing::{Signing, recipe_pointer, sentence, value};
use crate::spec::{Node, Spec};
use countersign_auth::document::DocumentError;
use countersign_auth::recipe::Recipe;
use countersign_auth::vectors::{CaseOutcome, Outcome, VectorFile, run};
use std::path::{Path, PathBuf};

/// The vector file of a spec.
#[derive(Clone, Debug, Default)]
pub enum Vectors {
    /// There is none.
    #[default]
    Missing,
    /// Its name and text.
    File {
        /// The file as the user named it.
        file: PathBuf,
        /// What stands in it.
        text: Vec<u8>,
    },
}

impl Vectors {
    /// Reads `vectors.json` in the folder of a spec.
    ///
    /// # Errors
    /// What the system says, unless it says that there is no such file.
    pub fn beside(spec: &Path) -> Result<Vectors, std::io::Error> {
        let file = spec.with_file_name("vectors.json");
        match std::fs::read(&file) {
            Ok(text) => Ok(Vectors::File { file, text }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vectors::Missing),
            Err(error) => Err(error),
        }
    }
}

/// What became of one vector file.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The file, for the places of its cases.
    pub document: Spec,
    /// What became of each case, in the order of the file.
    pub outcomes: Vec<CaseOutcome>,
}

/// Runs a vector file's text against recipes; the file's own come first.
///
/// # Errors
/// What is wrong with the file's form.
pub fn run_file(file: &Path, text: &[u8], recipes: &[Recipe]) -> Result<Ran, Vec<Finding>> {
    let document = parse::parse(file, text)?;
    let vectors = match VectorFile::read(&value(&document.root)) {
        Ok(vectors) => vectors,
        Err(errors) => return Err(shape_findings(&document, errors)),
    };
    let outcomes = run(&vectors, recipes);
    Ok(Ran { document, outcomes })
}

fn shape_findings(document: &Spec, errors: Vec<DocumentError>) -> Vec<Finding> {
    let references = References::new(document);
    let rule = rules::VECTORS_SHAPE;
    let finding = |error: DocumentError| {
        let (_, at) = references.nearest(&error.pointer);
        let message = sentence(&error);
        let mut finding = Finding::new(document, rule.level, rule.id, at, error.pointer, message);
        finding.help = error.help;
        finding
    };
    errors.into_iter().map(finding).collect()
}

/// Findings in the vectors of a spec that signs; none for a spec that does not.
pub fn check(spec: &Spec, signing: &Signing, vectors: &Vectors) -> Vec<Finding> {
    // What a scheme of OpenAPI itself sends is proved by the vectors of the generator's own tests.
    let declared = signing.schemes.iter().filter(|scheme| !scheme.standard);
    let recipes: Vec<Recipe> =
        declared.map(|scheme| scheme.recipe.clone()).chain(signing.tokens.iter().cloned()).collect();
    let Some(first) = recipes.first() else { return Vec::new() };
    let references = References::new(spec);
    let on_recipe = |rule: Rule, name: &str, step: Option<&str>, message: String| {
        let pointer = step_pointer(spec, name, step);
        let (_, at) = references.nearest(&pointer);
        Finding::new(spec, rule.level, rule.id, at, pointer, message)
    };
    let Vectors::File { file, text } = vectors else {
        let message = "this spec signs, and there is no vectors.json beside it";
        let help = "write vectors from the provider's documents or another implementation";
        return vec![on_recipe(rules::VECTORS_MISSING, &first.name, None, message.to_owned()).help(help)];
    };
    let ran = match run_file(file, text, &recipes) {
        Ok(ran) => ran,
        Err(findings) => return findings,
    };
    let mut findings = Vec::new();
    for outcome in &ran.outcomes {
        let Outcome::Failed { step, expected, got } = &outcome.outcome else { continue };
        let name = shortened(&outcome.name, 80);
        let message = format!(
            "the vector `{name}` fails at {step}: expected {}, got {}",
            shortened(expected, LONGEST_QUOTE),
            shortened(got, LONGEST_QUOTE)
        );
        let case = ran.document.root.at_pointer(&outcome.pointer);
        let recipe = case.and_then(|case| case.get("recipe")).and_then(Node::text).unwrap_or_default();
        let own = ran.document.root.at_pointer(&format!("/recipes/{}", escape_token(recipe))).is_some();
        if own || !recipes.iter().any(|known| known.name == recipe) {
            let references = References::new(&ran.document);
            let (_, at) = references.nearest(&outcome.pointer);
            let rule = rules::VECTOR_FAILED;
            findings.push(Finding::new(&ran.document, rule.level, rule.id, at, outcome.pointer.clone(), message));
        } else {
            let help = format!("see `{name}` in {}", file.display());
            findings.push(on_recipe(rules::VECTOR_FAILED, recipe, Some(step), message).help(help));
        }
    }
    findings.extend(uncovered(&ran, &recipes).into_iter().map(|recipe| {
        let message = format!("no vector proves the recipe `{}`", recipe.name);
        on_recipe(rules::VECTORS_MISSING, &recipe.name, None, message).help(format!("add one to {}", file.display()))
    }));
    findings
}

/// Expected and computed values are quoted up to here.
const LONGEST_QUOTE: usize = 100;

/// Recipes that no case of the file names.
fn uncovered<'r>(ran: &Ran, recipes: &'r [Recipe]) -> Vec<&'r Recipe> {
    let cases = ran.document.root.get("vectors").map(Node::items).unwrap_or_default();
    let named: Vec<&str> = cases.iter().filter_map(|case| case.get("recipe").and_then(Node::text)).collect();
    recipes.iter().filter(|recipe| !named.contains(&&*recipe.name)).collect()
}

/// Where a step of a recipe stands: a step by its name, what leaves under `send`, else the recipe.
fn step_pointer(spec: &Spec, recipe: &str, step: Option<&str>) -> String {
    let Some(base) = recipe_pointer(spec, recipe) else { return String::new() };
    let step = step.unwrap_or_default();
    let name = step.split('.').next().unwrap_or_default();
    let places = [
        format!("{base}/values/{}", escape_token(name)),
        match step {
            "headers" => format!("{base}/send/header"),
            "target" => format!("{base}/send/query"),
            "body_hex" => format!("{base}/send/body"),
            "give" => format!("{base}/give"),
            _ => base.clone(),
        },
    ];
    places.into_iter().find(|pointer| spec.root.at_pointer(pointer).is_some()).unwrap_or(base)
}
