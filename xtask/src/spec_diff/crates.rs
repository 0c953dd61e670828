//! The crates of the providers in a review: what changes in Rust only, and whether each is what its spec generates.
//!
//! A provider of which neither spec nor crate changed costs a comparison of files, and nothing is generated.

use super::input::State;
use anyhow::{Context as _, Result};
use countersign_codegen::diff::{Folder, Made, Moved, Report, abandoned, crates, outdated, surface, vectors};
use countersign_codegen::generate::{Source, lowered};
use countersign_codegen::spec::Spec;
use countersign_codegen::vectors::Vectors;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A provider in two states.
pub(super) struct Crates {
    /// The provider.
    pub(super) provider: String,
    /// The old state.
    pub(super) base: Rc<State>,
    /// The new state.
    pub(super) head: Rc<State>,
}

impl Crates {
    /// Adds what the crates tell to the review of their specs.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(super) fn look(&self, report: &mut Report, old: Option<&Spec>, new: Option<&Spec>) -> Result<()> {
        let folders = (folder(&self.base, &self.provider)?, folder(&self.head, &self.provider)?);
        let files = |folder: &Option<Folder>| folder.as_ref().map(|folder| folder.files.clone());
        let same_spec = is_same(&self.base.root.join(self.specs()), &self.head.root.join(self.specs()))?;
        let moved = Moved { spec: !same_spec, files: files(&folders.0) != files(&folders.1) };
        let shown = format!("{}generated/{}", self.head.before, self.provider);
        let Some(new) = new else {
            if folders.1.is_some() {
                abandoned(report, &shown, &format!("{}/openapi.yaml", self.specs()));
            }
            return Ok(());
        };
        if let Some(old) = old.filter(|_| moved.spec) {
            self.compare(report, old, new)?;
        }
        if let (Some(old), Some(new)) = (&folders.0, &folders.1) {
            crates(report, old, new);
        }
        let is_made = new.root.at_pointer("/info/x-crate").is_some();
        if is_made && (moved.spec || moved.files || folders.1.is_none()) {
            let crate_folder = self.head.root.join("generated").join(&self.provider);
            outdated(report, &self.source(&self.head), &crate_folder, &shown, moved)
                .with_context(|| format!("can't compare {shown}"))?;
        }
        Ok(())
    }

    /// What the IRs and the vectors of both states tell.
    fn compare(&self, report: &mut Report, old: &Spec, new: &Spec) -> Result<()> {
        let sources = (self.source(&self.base), self.source(&self.head));
        if let (Some(was), Some(is)) = (lowered(&sources.0)?, lowered(&sources.1)?) {
            surface(report, Made { spec: old, ir: &was }, Made { spec: new, ir: &is });
        }
        let read = |source: &Source| Vectors::beside(&source.spec).context("can't read vectors.json");
        let shown = |state: &State| PathBuf::from(format!("{}{}/vectors.json", state.before, self.specs()));
        let vector_files = (read(&sources.0)?, read(&sources.1)?);
        vectors(report, (&vector_files.0, &shown(&self.base)), (&vector_files.1, &shown(&self.head)));
        Ok(())
    }

    fn specs(&self) -> String {
        format!("specs/{}", self.provider)
    }

    fn source(&self, state: &State) -> Source {
        Source::of_provider(&state.root, &self.provider, Path::new(&format!("{}/openapi.yaml", self.specs())))
    }
}

fn folder(state: &State, provider: &str) -> Result<Option<Folder>> {
    let shown = format!("generated/{provider}");
    Folder::read(&state.root.join(&shown), &format!("{}{shown}", state.before))
        .with_context(|| format!("can't read {shown}"))
}

/// Whether two folders hold the same files.
fn is_same(old: &Path, new: &Path) -> Result<bool> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        if !folder.is_dir() {
            return Ok(paths);
        }
        for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
            paths.push(entry.with_context(|| format!("can't read {}", folder.display()))?.path());
        }
        paths.sort();
        Ok(paths)
    };
    let (was, is) = (list(old)?, list(new)?);
    let names =
        |paths: &[PathBuf]| paths.iter().map(|path| path.file_name().map(ToOwned::to_owned)).collect::<Vec<_>>();
    if names(&was) != names(&is) {
        return Ok(false);
    }
    for (was, is) in was.iter().zip(&is) {
        let same = match (was.is_dir(), is.is_dir()) {
            (true, true) => is_same(was, is)?,
            (false, false) => read(was)? == read(is)?,
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {}", file.display()))
}
