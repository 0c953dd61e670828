//! `demo`: the crates are fresh, then every operation is called.

use crate::{codegen, verdict, workspace};
use anyhow::{Context as _, Result, bail};
use std::process::{Command, ExitCode};

/// Compares the crates with a fresh generation, then runs the demo of `countersign-tests`.
pub(crate) fn run() -> Result<ExitCode> {
    let root = workspace::root()?;
    if !codegen::is_fresh(&root)? {
        return Ok(verdict(false));
    }
    // Another process, so that this one needs no generated crate to be built.
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["run", "--quiet", "--package", "countersign-tests", "--bin", "demo"])
        .current_dir(&root)
        .status()
        .context("can't start cargo")?;
    match status.code() {
        Some(code @ (0 | 1)) => Ok(verdict(code == 0)),
        _ => bail!("the demo ended with {status}"),
    }
}
