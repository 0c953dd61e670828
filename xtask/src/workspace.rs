//! Where things lie: the root, the providers' folders, names as messages show them.

use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The workspace's root: the nearest folder upwards with a workspace manifest and `specs/`, so that one program
/// serves copies, too; from outside of any, the workspace that it was built in.
///
/// # Errors
/// If the current folder is gone.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("can't find the current folder")?;
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    here.ancestors().find(|folder| is_root(folder)).or(built_in).map(Path::to_owned).context("there is no workspace")
}

fn is_root(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim_end() == "[workspace]") && folder.join("specs").is_dir()
}

/// The providers by name: folders of `specs/` with an `openapi.yaml`.
///
/// # Errors
/// If the folder can't be read.
pub(crate) fn providers(root: &Path) -> Result<Vec<String>> {
    folders_with(&root.join("specs"), "openapi.yaml")
}

/// The lists of accepted changes, by the names of their folders; the specs beside them may be gone.
///
/// # Errors
/// If the folder can't be read.
pub(crate) fn lists(root: &Path) -> Result<Vec<String>> {
    folders_with(&root.join("specs"), "accepted.yaml")
}

/// The generated crates by name: folders of `generated/` with a `Cargo.toml`.
///
/// # Errors
/// If the folder can't be read.
pub(crate) fn crates(root: &Path) -> Result<Vec<String>> {
    folders_with(&root.join("generated"), "Cargo.toml")
}

fn folders_with(folder: &Path, file: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", folder.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("can't read {}", folder.display()))?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.path().join(file).is_file()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The spec of a provider.
///
/// # Errors
/// If there is no such provider.
pub(crate) fn spec_of(root: &Path, provider: &str) -> Result<PathBuf> {
    let known = providers(root)?;
    if !known.iter().any(|name| name == provider) {
        bail!("there is no specs/{provider}/openapi.yaml; the providers are: {}", known.join(", "));
    }
    Ok(root.join("specs").join(provider).join("openapi.yaml"))
}

/// A path as messages print it: below the root without the root.
pub(crate) fn shown(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// Prints text as it stands.
///
/// # Errors
/// If the reader went away.
pub(crate) fn print(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("can't write the result")
}
