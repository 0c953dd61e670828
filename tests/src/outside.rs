//! Crates outside the workspace: what somebody else writes against a client crate.
//!
//! They are built in this workspace's target folder and with its profile and versions, so that what they have in
//! common is built once, and no network is needed.

use crate::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a crate with these dependencies and this program below `root`, builds it, and returns the program's path.
///
/// `target` is the target folder: a test's `CARGO_TARGET_TMPDIR` lies in it.
///
/// # Panics
/// If the crate does not build.
pub fn program(root: &Path, name: &str, dependencies: &str, source: &str, target: &Path) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(folder.join("src")).expect("a folder can be created");
    fs::write(folder.join("src/main.rs"), source).expect("a file can be written");
    let package = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let manifest = format!("{package}\n[dependencies]\n{dependencies}\n\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file can be written");
    build(&folder, target);
    target.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the crate in `folder`.
///
/// # Panics
/// If it does not build.
pub fn build(folder: &Path, target: &Path) {
    fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a file can be copied");
    let manifest = fs::read_to_string(workspace::root().join("Cargo.toml")).expect("the workspace has a manifest");
    let profile = folder.with_extension("profile.toml");
    let settings = manifest.find("[profile.dev]").map_or("", |start| &manifest[start..]);
    fs::write(&profile, settings).expect("a file can be written");
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--quiet", "--config"]).arg(profile).arg("--target-dir").arg(target);
    workspace::run(cargo.current_dir(folder));
}
