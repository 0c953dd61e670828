//! `spec-diff semver DIR`: what a review says of a crate's API, held against cargo-semver-checks.
//!
//! 1. Pairs are taken from a folder with an `index.tsv` (both sides must generate, and the crates must differ), and
//!    copies of our own specs are made with the edits of tests/data/spec_diff_semver.txt.
//! 2. Both crates of each pair are generated and documented as rustdoc's JSON, all crates of one side in one run of
//!    cargo ([`program`]); cargo-semver-checks compares the two documents.
//! 3. Every item for which a lint of its asks for a major version must be explained by a finding of ours at that item
//!    ([`items`]), and every finding of ours that breaks sources by such a lint, or by a reason in [`reasons`].
//! 4. It compares names, not types. So a reason counts only where a public signature changed ([`signatures`]), and
//!    every signature that changed must be where a finding is, seen by a lint or not.
//!
//! What it said of two crates is kept beside them, so that a second run asks only about what changed. It takes
//! minutes, so the gate does not run it. Exit code 1: something is not explained, or there are too few pairs.

mod items;
mod program;
mod reasons;
mod signatures;
mod table;

use super::{input, settings};
use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_codegen::diff::{Made, Report, diff, surface};
use countersign_codegen::files::{self, CrateFiles};
use countersign_codegen::generate::{Source, generate};
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::spec::Spec;
use items::{Item, Origins};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `spec-diff semver`.
#[derive(Args)]
pub(crate) struct Semver {
    /// A folder with an `index.tsv`.
    dir: PathBuf,
    /// How many pairs of the folder, the first that fit.
    #[arg(long, default_value_t = 36)]
    pairs: usize,
    /// Where crates and answers are kept; target/semver if not given.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// The program; CARGO_SEMVER_CHECKS names it, too.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

/// The fewest pairs that say something, of the folder and of our own specs.
const LEAST: (usize, usize) = (30, 10);

/// Where the edits of our own specs stand.
const EDITS: &str = "tests/data/spec_diff_semver.txt";

/// Two specs, their crates, and what is said of them.
struct Pair {
    name: String,
    own: bool,
    report: Report,
    origins: Origins,
    /// What both crates are, as a hash: an answer about others is not taken.
    key: u64,
    old: CrateFiles,
    new: CrateFiles,
}

/// Compares, prints a line for each pair, and ends with 1 if something is not explained.
///
/// # Errors
/// If the folder can't be read, a crate can't be written or documented, or the program is missing.
pub(crate) fn run(arguments: &Semver) -> Result<ExitCode> {
    let root = workspace::root()?;
    let folder = arguments.keep.clone().unwrap_or_else(|| root.join("target/semver"));
    std::fs::create_dir_all(&folder).with_context(|| format!("can't write {}", folder.display()))?;
    let folder = std::path::absolute(folder).context("can't find the current folder")?;
    let mut pairs = own(&root, &folder)?;
    pairs.extend(published(&root, &arguments.dir, arguments.pairs)?);
    let named = std::env::var_os("CARGO_SEMVER_CHECKS").map(PathBuf::from);
    let program = arguments.program.clone().or(named).unwrap_or_else(|| "cargo-semver-checks".into());
    let answers = program::answers(&root, &folder, &program, &pairs)?;
    let (text, good) = table::table(&pairs, &answers)?;
    workspace::print(&text)?;
    Ok(verdict(good))
}

/// Pairs of a folder of which both sides generate, and differ.
fn published(root: &Path, dir: &Path, most: usize) -> Result<Vec<Pair>> {
    let index = dir.join("index.tsv");
    let text = std::fs::read_to_string(&index).with_context(|| format!("can't read {}", index.display()))?;
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let mut pairs = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if pairs.len() == most {
            break;
        }
        let fields: BTreeMap<&str, &str> = columns.iter().copied().zip(line.split('\t')).collect();
        let field = |name: &str| fields.get(name).copied().with_context(|| format!("index.tsv has no column `{name}`"));
        let (old, new) = (dir.join(field("base")?), dir.join(field("revision")?));
        pairs.extend(pair(root, (field("pair")?, false), &old, &new)?.filter(|pair| pair.old != pair.new));
    }
    Ok(pairs)
}

/// Our own specs, and copies of them with one edit each.
fn own(root: &Path, folder: &Path) -> Result<Vec<Pair>> {
    let text = std::fs::read_to_string(root.join(EDITS)).with_context(|| format!("can't read {EDITS}"))?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).enumerate() {
        let (provider, edits) = line.split_once(" | ").with_context(|| format!("{EDITS}: no provider in: {line}"))?;
        let file = root.join(format!("specs/{provider}/openapi.yaml"));
        let old = std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        let mut new = old.clone();
        for edit in edits.split(" ;; ") {
            let (from, to) = edit.split_once(" => ").with_context(|| format!("{EDITS}: no edit in: {line}"))?;
            if !new.contains(from) {
                bail!("{EDITS}: `{from}` is not in the spec of {provider}");
            }
            new = new.replacen(from, to, 1);
        }
        let name = format!("own-{}-{provider}", number + 1);
        let place = |side: &str| folder.join("specs").join(&name).join(side);
        for (side, text) in [("old", &old), ("new", &new)] {
            let place = place(side);
            let trouble = || format!("can't write {}", place.display());
            std::fs::create_dir_all(&place).with_context(trouble)?;
            std::fs::write(place.join("openapi.yaml"), text).with_context(trouble)?;
            let vectors = file.with_file_name("vectors.json");
            if vectors.is_file() {
                std::fs::copy(&vectors, place.join("vectors.json")).with_context(trouble)?;
            }
        }
        let (old, new) = (place("old").join("openapi.yaml"), place("new").join("openapi.yaml"));
        pairs.push(pair(root, (&name, true), &old, &new)?.with_context(|| format!("{EDITS}: no crate from: {line}"))?);
    }
    Ok(pairs)
}

/// A pair; nothing if one of the two does not generate.
fn pair(root: &Path, (name, own): (&str, bool), old: &Path, new: &Path) -> Result<Option<Pair>> {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let crate_of = |spec: &Path| {
        let mut source = Source::anywhere(root, spec, &package(&name), "cargo xtask spec-diff semver");
        source.options.standalone = false;
        generate(&source).ok().map(|generated| generated.files)
    };
    let (Some(old_crate), Some(new_crate)) = (crate_of(old), crate_of(new)) else { return Ok(None) };
    let mut hash = DefaultHasher::new();
    for crate_files in [&old_crate, &new_crate] {
        // The marker names the spec's place, which says nothing of the crate.
        crate_files.0.iter().for_each(|(path, content)| (path, content).hash(&mut hash));
    }
    let (report, origins) = review(&name, &input::read(old, old)?, &input::read(new, new)?)?;
    Ok(Some(Pair { name, own, report, origins, key: hash.finish(), old: old_crate, new: new_crate }))
}

/// The review of two documents and their crates; each crate chooses its names anew, as those do that are compared.
fn review(name: &str, old: &Spec, new: &Spec) -> Result<(Report, Origins)> {
    let mut report = diff(old, new, &settings(None));
    let made = |spec: &Spec| {
        let context = Context { provider: package(name), crate_name: Some(package(name)), ..Context::default() };
        normalize(spec, &context).map(|made| made.ir)
    };
    let (Ok(was), Ok(is)) = (made(old), made(new)) else { bail!("{name}: generated, and can't be compared") };
    surface(&mut report, Made { spec: old, ir: &was }, Made { spec: new, ir: &is });
    Ok((report, Origins::of(&was, &is)))
}

/// The name of a pair's crates: the same on both sides, since paths in Rust begin with it.
fn package(name: &str) -> String {
    format!("pair-{}", name.to_lowercase())
}

impl Pair {
    /// What the old crate has and the new one has not, or has otherwise.
    fn gone(&self) -> Result<Vec<Item>> {
        signatures::gone(&self.old, &self.new).with_context(|| self.name.clone())
    }

    fn write(&self, folder: &Path) -> Result<()> {
        for (side, content) in [("old", &self.old), ("new", &self.new)] {
            let place = folder.join(side).join(&self.name);
            files::write(content, &place).with_context(|| format!("can't write {}", place.display()))?;
        }
        Ok(())
    }
}
