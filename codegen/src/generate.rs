//! The whole flow, from a spec on disk to the files of its crate in memory.
//!
//! Every command and test that needs a crate calls [`generate`]; [`crate::files`] compares or writes the result.

use crate::body_types::BodyType;
use crate::emit::{EmitOptions, RuntimeLocation, emit};
use crate::files::CrateFiles;
use crate::finding::{Finding, Level, Sources, has_errors, joined};
use crate::ir::Ir;
use crate::kept::Names;
use crate::lint::lint;
use crate::load::{LoadError, load};
use crate::normalize::{Normalized, normalize};
use crate::skip::skip;
use crate::spec::{Mark, Spec};
use crate::vectors::Vectors;
use crate::{body_types, lint, normalize};
use std::io;
use std::path::{Path, PathBuf};

/// A spec, and all that its crate depends on besides.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file; its vectors are beside it.
    pub spec: PathBuf,
    /// The file as findings and generated files name it.
    pub shown: String,
    /// The provider: the spec's folder, or what the crate is named after.
    pub provider: String,
    /// The crate's name, if it is not `info.x-crate.name`.
    pub crate_name: Option<String>,
    /// The file of names that were chosen before; written if it is absent.
    pub names: Option<PathBuf>,
    /// Operations to leave out, beside those of `info.x-crate.skip`: by operationId, or as `GET /orders`.
    pub skip: Vec<String>,
    /// Where the crate will stand.
    pub options: EmitOptions,
    /// The folder that holds all files to which references may lead, if it is not the spec's own.
    pub folder: Option<PathBuf>,
}

impl Source {
    /// A provider of the workspace at `root`, with its spec below that: `specs/acme/openapi.yaml`.
    pub fn of_provider(root: &Path, provider: &str, spec: &Path) -> Self {
        let shown = slashes(spec);
        let runtime = RuntimeLocation { version: VERSION.to_owned(), path: Some("../../runtime".to_owned()) };
        let options = EmitOptions {
            runtime,
            standalone: false,
            command: format!("cargo xtask codegen {provider}"),
            repository: REPOSITORY.to_owned(),
            spec_url: Some(format!("{REPOSITORY}/blob/main/{shown}")),
        };
        let spec = root.join(&shown);
        let names = Some(spec.with_file_name(NAMES));
        Self {
            spec,
            shown,
            provider: provider.to_owned(),
            crate_name: None,
            names,
            skip: Vec::new(),
            options,
            folder: None,
        }
    }

    /// A spec that lies anywhere; names are kept if `acme.names.json` stands beside `acme.yaml`. Its crate uses the runtime in the workspace at `root`.
    pub fn anywhere(root: &Path, spec: &Path, crate_name: &str, command: &str) -> Self {
        let runtime = RuntimeLocation { version: VERSION.to_owned(), path: Some(slashes(&root.join("runtime"))) };
        let options = EmitOptions {
            runtime,
            standalone: true,
            command: command.to_owned(),
            repository: REPOSITORY.to_owned(),
            spec_url: None,
        };
        Self {
            spec: spec.to_owned(),
            shown: slashes(spec),
            provider: crate_name.strip_suffix("-client").unwrap_or(crate_name).to_owned(),
            crate_name: Some(crate_name.to_owned()),
            names: Some(spec.with_extension(NAMES)).filter(|file| file.exists()),
            skip: Vec::new(),
            options,
            folder: None,
        }
    }
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// What a spec becomes.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The crate.
    pub files: CrateFiles,
    /// What it is made of.
    pub ir: Ir,
    /// The types of its JSON bodies.
    pub bodies: Vec<BodyType>,
    /// What the author should look at, and what was expressed more loosely than the spec says.
    pub notes: Vec<Finding>,
    /// The texts that those are about.
    pub sources: Sources,
    /// The names file and its new text, if there is to be one.
    pub names: Option<(PathBuf, String)>,
}

impl Generated {
    /// Whether the names file on disk is the new one.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn has_fresh_names(&self) -> io::Result<bool> {
        let Some((file, text)) = &self.names else { return Ok(true) };
        match std::fs::read_to_string(file) {
            Ok(on_disk) => Ok(on_disk == *text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Why a spec becomes nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There are errors in it.
    #[error("{} findings", findings.len())]
    Findings {
        /// All findings, errors and others.
        findings: Vec<Finding>,
        /// The texts that they are about.
        sources: Sources,
    },
    /// A file can't be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Makes the crate of a spec in memory.
///
/// # Errors
/// [`Failure`].
pub fn generate(source: &Source) -> Result<Generated, Failure> {
    let Look { findings: notes, sources, normalized } = look(source)?;
    let Some(normalized) = normalized.filter(|_| !has_errors(&notes)) else {
        return Err(Failure::Findings { findings: notes, sources });
    };
    let files = match emit(&normalized.ir, &source.options) {
        Ok(files) => files,
        Err(findings) => return Err(Failure::Findings { findings: placed(findings, &sources), sources }),
    };
    let bodies = body_types::all(&normalized.ir);
    let names = source.names.clone().map(|file| (file, normalized.names.text()));
    Ok(Generated { files, ir: normalized.ir, bodies, notes, names, sources })
}

/// What the crate of a spec is made of, if it can be generated.
///
/// # Errors
/// [`Failure::Io`].
pub fn lowered(source: &Source) -> Result<Option<Ir>, Failure> {
    let Look { findings, normalized, .. } = look(source)?;
    Ok(normalized.filter(|_| !has_errors(&findings)).map(|normalized| normalized.ir))
}

/// Findings of emitters, which know places but no files, with the file that each stands in.
fn placed(mut findings: Vec<Finding>, sources: &Sources) -> Vec<Finding> {
    for finding in findings.iter_mut().filter(|finding| finding.at.file > 0) {
        if let Some(file) = sources.file(finding.at.file) {
            finding.file = file.to_owned();
        }
    }
    findings
}

/// Everything that can be said of a spec, and the texts that it is said about.
///
/// # Errors
/// [`Failure::Io`].
pub fn examine(source: &Source) -> Result<(Vec<Finding>, Sources), Failure> {
    look(source).map(|look| (look.findings, look.sources))
}

/// A spec up to where tokens are made of it.
struct Look {
    findings: Vec<Finding>,
    sources: Sources,
    normalized: Option<Normalized>,
}

fn look(source: &Source) -> Result<Look, Failure> {
    let vectors = vectors(source)?;
    let kept = kept_text(source)?;
    let mut spec = match read(source, &vectors) {
        Ok(spec) => spec,
        Err(Failure::Findings { findings, sources }) => return Ok(Look { findings, sources, normalized: None }),
        Err(failure) => return Err(failure),
    };
    let sources = with_vectors(Sources::of(&spec), &vectors).with(kept_shown(source), kept.clone());
    let names = match kept_names(source, &kept) {
        Ok(names) => names,
        Err(findings) => return Ok(Look { findings, sources, normalized: None }),
    };
    let skipped = skip(&mut spec, &source.skip);
    let found = joined(skipped, lint(&spec, &lint_context(source, vectors)));
    let (findings, normalized) = match normalize(&spec, &normalize_context(source, names)) {
        Ok(mut normalized) => (joined(found, std::mem::take(&mut normalized.notes)), Some(normalized)),
        Err(more) => (joined(found, more), None),
    };
    Ok(Look { findings, sources, normalized })
}

/// The text of the names file; that of no names if there is none yet.
fn kept_text(source: &Source) -> Result<String, Failure> {
    let Some(file) = &source.names else { return Ok("{}".to_owned()) };
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok("{}".to_owned()),
        Err(error) => Err(Failure::Io { file: file.clone(), source: error }),
    }
}

/// The names file as findings name it: beside the spec.
fn kept_shown(source: &Source) -> String {
    let name = source.names.as_deref().and_then(Path::file_name).unwrap_or_default();
    slashes(&Path::new(&source.shown).with_file_name(name))
}

fn kept_names(source: &Source, text: &str) -> Result<Names, Vec<Finding>> {
    let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Names::parse(text).map_err(|error| {
        vec![Finding {
            file: kept_shown(source).into(),
            at: Mark { line: place(error.line()), column: place(error.column()), ..Mark::default() },
            level: Level::Error,
            rule: normalize::rules::NAMES_FILE.id,
            pointer: String::new(),
            message: format!("this is not a file of names: {error}"),
            help: Some("bring its last good version back, or remove it: names are then chosen anew".to_owned()),
        }]
    })
}

fn lint_context(source: &Source, vectors: Vectors) -> lint::Context {
    lint::Context { vectors, crate_is_named: source.crate_name.is_some() }
}

fn normalize_context(source: &Source, names: Names) -> normalize::Context {
    normalize::Context {
        provider: source.provider.clone(),
        spec_path: source.shown.clone(),
        crate_name: source.crate_name.clone(),
        names,
        names_file: kept_shown(source),
    }
}

/// The spec with all its files.
fn read(source: &Source, vectors: &Vectors) -> Result<Spec, Failure> {
    load(&source.spec, Path::new(&source.shown), source.folder.as_deref()).map_err(|error| match error {
        LoadError::Io { file, source } => Failure::Io { file, source },
        LoadError::Findings { findings, sources } => {
            Failure::Findings { findings, sources: with_vectors(sources, vectors) }
        }
    })
}

/// The vectors beside a spec, shown beside it, too.
fn vectors(source: &Source) -> Result<Vectors, Failure> {
    match Vectors::beside(&source.spec) {
        Ok(Vectors::File { file, text }) => {
            let name = file.file_name().unwrap_or_default();
            Ok(Vectors::File { file: Path::new(&source.shown).with_file_name(name), text })
        }
        Ok(missing) => Ok(missing),
        Err(error) => Err(Failure::Io { file: source.spec.with_file_name("vectors.json"), source: error }),
    }
}

fn with_vectors(sources: Sources, vectors: &Vectors) -> Sources {
    match vectors {
        Vectors::File { file, text } => sources.with(file, String::from_utf8_lossy(text)),
        Vectors::Missing => sources,
    }
}

/// The names file's name, or its extension beside a spec that lies anywhere.
const NAMES: &str = "names.json";

/// Runtime and generator are released together.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_of_an_emitter_names_its_own_file() {
        let finding = |file: u16| Finding {
            file: "openapi.yaml".into(),
            at: Mark { file, ..Mark::new(2, 1) },
            level: Level::Error,
            rule: "rust-name",
            pointer: String::new(),
            message: "`a` is no name".to_owned(),
            help: None,
        };
        let sources = Sources::default().with("openapi.yaml", "a").with("schemas/user.yaml", "b\nc");
        let found = placed(vec![finding(0), finding(1)], &sources);
        let files: Vec<_> = found.iter().map(|finding| finding.file.to_str()).collect();
        assert_eq!(files, [Some("openapi.yaml"), Some("schemas/user.yaml")]);
    }
}
