//! Compiles generated crates: one workspace for all of them, one target folder, no network.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder that all crates stand in.
pub(crate) struct Workspace {
    folder: PathBuf,
    jobs: Option<usize>,
}

/// What a run of cargo said of one crate.
#[derive(Default)]
pub(crate) struct Said {
    /// Errors and warnings, rendered.
    pub(crate) messages: Vec<String>,
    /// Whether cargo ended well.
    pub(crate) ended_well: bool,
}

impl Said {
    /// Whether there is nothing to mend.
    pub(crate) fn is_clean(&self) -> bool {
        self.ended_well && self.messages.is_empty()
    }
}

impl Workspace {
    /// Writes the manifest of the workspace, with the versions that `root` has locked.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub(crate) fn new(root: &Path, folder: &Path, members: &[String], jobs: Option<usize>) -> Result<Self> {
        let trouble = || format!("can't write {}", folder.display());
        std::fs::create_dir_all(folder).with_context(trouble)?;
        let members: Vec<String> = members.iter().map(|member| format!("{member:?}")).collect();
        let manifest = format!(
            "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[profile.dev]\ndebug = false\nincremental = false\n",
            members.join(", ")
        );
        write_if_new(&folder.join("Cargo.toml"), manifest.as_bytes()).with_context(trouble)?;
        let lock = folder.join("Cargo.lock");
        if !lock.exists() {
            std::fs::copy(root.join("Cargo.lock"), &lock).with_context(trouble)?;
        }
        Ok(Workspace { folder: folder.to_owned(), jobs })
    }

    /// Runs a command of cargo for one crate and collects what it says about that crate.
    ///
    /// The network is left alone, unless a package of the lock file was never fetched: then cargo may ask for it.
    ///
    /// # Errors
    /// If cargo can't be started.
    pub(crate) fn run(&self, command: &[&str], package: &str) -> Result<Said> {
        let offline = self.run_with(Some("--offline"), command, package)?;
        if offline.messages.iter().any(|message| is_unfetched(message)) {
            return self.run_with(None, command, package);
        }
        Ok(offline)
    }

    fn run_with(&self, network: Option<&str>, command: &[&str], package: &str) -> Result<Said> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        // What cargo sets for its own run must not reach the next one.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.args(command).args(network).args(["--package", package, "--message-format", "json"]);
        cargo.args(self.jobs.iter().flat_map(|jobs| ["--jobs".to_owned(), jobs.to_string()]));
        let output = cargo.stdin(Stdio::null()).output().context("can't start cargo")?;
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let mut messages: Vec<String> = lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .filter_map(|line| said(&line, package))
            .collect();
        if !output.status.success() && messages.is_empty() {
            messages.push(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(Said { messages, ended_well: output.status.success() })
    }

    /// Where a program of one of the crates lies after a build.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("target/debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// Whether cargo says that it needs the network.
fn is_unfetched(message: &str) -> bool {
    message.contains("--offline") && !message.contains("-->")
}

/// A compiler's message about a crate, if it is one to mend.
fn said(line: &Value, package: &str) -> Option<String> {
    let about = line["target"]["name"].as_str()?.replace('_', "-");
    let message = &line["message"];
    let level = message["level"].as_str()?;
    let mends = level.starts_with("error") || level == "warning";
    // The counts at the end ("12 warnings emitted") have no place.
    let placed = message["spans"].as_array().is_some_and(|spans| !spans.is_empty()) || level.starts_with("error");
    (about == package && mends && placed).then(|| message["rendered"].as_str().unwrap_or_default().to_owned())
}

/// Writes a file, unless it is there already: cargo goes by times.
///
/// # Errors
/// The system's answer.
pub(crate) fn write_if_new(file: &Path, content: &[u8]) -> std::io::Result<()> {
    if std::fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    std::fs::write(file, content)
}
