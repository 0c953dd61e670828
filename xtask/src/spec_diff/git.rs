//! What git holds: revisions, where two of them part, and the files of one.
//!
//! Files of a revision are written to a folder that goes away afterwards, through an index of its own: neither the
//! repository's index nor its working tree is touched.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The names that the main branch may have here, best first.
const MAIN: [&str; 2] = ["origin/main", "main"];

/// A repository with a working tree.
pub(super) struct Git {
    /// The folder of the working tree.
    pub(super) root: PathBuf,
}

impl Git {
    /// The repository that the current folder is in.
    ///
    /// # Errors
    /// If there is none, or no git.
    pub(super) fn here() -> Result<Self> {
        let output = Command::new("git").args(["rev-parse", "--show-toplevel"]).output().context("can't run git")?;
        if !output.status.success() {
            bail!("this is no git repository; name two files: spec-diff BASE HEAD");
        }
        Ok(Self { root: PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n'])) })
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.root).args(arguments).output().context("can't run git")
    }

    fn line(&self, arguments: &[&str]) -> Result<Option<String>> {
        let output = self.run(arguments)?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    /// The commit that a name stands for; nothing if it stands for none.
    ///
    /// # Errors
    /// If git can't be run.
    pub(super) fn commit(&self, revision: &str) -> Result<Option<String>> {
        // What begins with a dash would be an option of git.
        if revision.is_empty() || revision.starts_with('-') {
            return Ok(None);
        }
        self.line(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
    }

    /// The commit where this branch left the main one.
    ///
    /// # Errors
    /// If there is no main branch, or the history that holds the commit is not here.
    pub(super) fn merge_base(&self) -> Result<String> {
        let shallow = self.line(&["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true");
        let mut main = None;
        for name in MAIN {
            if self.commit(name)?.is_some() {
                main = Some(name);
                break;
            }
        }
        let Some(main) = main else {
            let way_out =
                if shallow { "run `git fetch --unshallow origin main:refs/remotes/origin/main`" } else { "fetch it" };
            bail!("there is neither origin/main nor main here; {way_out}, or name BASE: a revision or a file");
        };
        match self.line(&["merge-base", main, "HEAD"])? {
            Some(commit) => Ok(commit),
            None if shallow => bail!(
                "this clone is shallow and does not reach back to where the branch left {main}; \
                 run `git fetch --unshallow`, or name BASE: a revision or a file"
            ),
            None => bail!("this branch and {main} have no commit in common; name BASE: a revision or a file"),
        }
    }

    /// Whether a commit has a file or folder of this name.
    ///
    /// # Errors
    /// If git can't be run.
    pub(super) fn has(&self, commit: &str, path: &str) -> Result<bool> {
        Ok(self.run(&["cat-file", "-e", &format!("{commit}:{path}")])?.status.success())
    }

    /// What a commit has under this name: `blob` is a file, `tree` a folder; nothing if there is nothing.
    ///
    /// # Errors
    /// If git can't be run.
    pub(super) fn kind(&self, commit: &str, path: &str) -> Result<Option<String>> {
        self.line(&["cat-file", "-t", &format!("{commit}:{path}")])
    }

    /// A folder of a commit, written to disk; an empty name is the whole tree.
    ///
    /// # Errors
    /// If git refuses, or the folder can't be written.
    pub(super) fn export(&self, commit: &str, folder: &str) -> Result<TempDir> {
        let place = tempfile::tempdir().context("can't make a temporary folder")?;
        let index = place.path().join("index");
        let files = place.path().join("files");
        let inside = format!("--prefix={}/", files.display());
        for arguments in
            [&["read-tree", &format!("{commit}:{folder}")][..], &["checkout-index", "--all", "--quiet", &inside]]
        {
            let mut git = Command::new("git");
            git.arg("-C").arg(&self.root).args(arguments).env("GIT_INDEX_FILE", &index);
            let output = git.output().context("can't run git")?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("git can't read {commit}:{folder}: {}", said.trim());
            }
        }
        // An empty folder leaves nothing behind.
        std::fs::create_dir_all(&files).with_context(|| format!("can't write {}", files.display()))?;
        Ok(place)
    }
}

/// The files of an exported folder.
pub(super) fn files(place: &TempDir) -> PathBuf {
    place.path().join("files")
}

/// A path as git names it.
pub(super) fn slashes(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
