//! The list of accepted changes beside a spec: `accepted.yaml` in a provider's folder, `acme.accepted.yaml` beside
//! an `acme.yaml` that lies anywhere.

use anyhow::{Context as _, Result, bail};
use countersign_codegen::diff::{Entry, read_accepted};
use countersign_codegen::finding::{Sources, render};
use countersign_codegen::parse::LONGEST_FILE;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A list of accepted changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepted {
    /// The file as messages show it.
    pub(super) shown: PathBuf,
    /// What stands in it; nothing if there is none yet.
    pub(super) text: String,
    /// The file that entries can be added to; nothing where a git revision is reviewed.
    pub(super) file: Option<PathBuf>,
}

impl Accepted {
    /// The list beside a spec, which messages call `shown`.
    ///
    /// # Errors
    /// If it is there and can't be read.
    pub(super) fn beside(spec: &Path, shown: &Path) -> Result<Self> {
        let (file, shown) = (path(spec), path(shown));
        let mut bytes = Vec::new();
        match File::open(&file) {
            Ok(open) => {
                let most = LONGEST_FILE as u64 + 1;
                open.take(most).read_to_end(&mut bytes).with_context(|| format!("can't read {}", shown.display()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("can't read {}", shown.display())),
        }
        let Ok(text) = String::from_utf8(bytes) else { bail!("{} is no text in UTF-8", shown.display()) };
        Ok(Self { shown, text, file: None })
    }

    /// The same, with the spec beside which it is written.
    pub(super) fn writable(mut self, spec: &Path) -> Self {
        self.file = Some(path(spec));
        self
    }

    /// The entries.
    ///
    /// # Errors
    /// Everything that is wrong with the file, with its places.
    pub(super) fn entries(&self) -> Result<Vec<Entry>> {
        read_accepted(&self.shown, &self.text).or_else(|findings| {
            let sources = Sources::default().with(&self.shown, &self.text);
            let shown = self.shown.display();
            bail!("{shown} is no list of accepted changes:\n{}", render(&findings, &sources))
        })
    }
}

/// The file beside a spec.
fn path(spec: &Path) -> PathBuf {
    match spec.file_stem().and_then(|stem| stem.to_str()) {
        None | Some("openapi") => spec.with_file_name("accepted.yaml"),
        Some(_) => spec.with_extension("accepted.yaml"),
    }
}
