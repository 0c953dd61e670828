//! What cargo-semver-checks says of two crates: rustdoc's JSON of each side, then the program on each pair.

use super::items::Item;
use super::{Pair, package};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A lint that asks for a major version, and an item for which it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) lint: String,
    pub(super) item: Item,
}

/// What it says, by the name of the pair.
pub(super) type Answers = BTreeMap<String, Vec<Broken>>;

/// What it says of all pairs. A pair without an answer is left out.
///
/// # Errors
/// If something can't be written or started, or the program fails or says what can't be read.
pub(super) fn answers(root: &Path, folder: &Path, program: &Path, pairs: &[Pair]) -> Result<Answers> {
    let kept = |pair: &Pair| folder.join("said").join(format!("{}-{:016x}.txt", pair.name, pair.key));
    fs::create_dir_all(folder.join("said")).with_context(|| format!("can't write {}", folder.display()))?;
    let open: Vec<&Pair> = pairs.iter().filter(|pair| !kept(pair).is_file()).collect();
    if !open.is_empty() {
        for pair in &open {
            pair.write(folder)?;
        }
        for side in ["old", "new"] {
            document(root, folder, side, &open)?;
        }
    }
    for pair in open {
        if let Some(said) = ask(program, folder, pair)? {
            fs::write(kept(pair), said).context("can't keep an answer")?;
        }
    }
    let mut answers = BTreeMap::new();
    for pair in pairs {
        if let Ok(said) = fs::read_to_string(kept(pair)) {
            answers.insert(pair.name.clone(), lints(&said)?);
        }
    }
    Ok(answers)
}

/// Documents all crates of one side; the JSON goes to its own folder, since both sides have the same names.
fn document(root: &Path, folder: &Path, side: &str, pairs: &[&Pair]) -> Result<()> {
    let place = folder.join(side);
    let members: Vec<String> = pairs.iter().map(|pair| format!("{:?}", pair.name)).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    fs::write(place.join("Cargo.toml"), manifest).with_context(|| format!("can't write {}", place.display()))?;
    let lock = place.join("Cargo.lock");
    if !lock.exists() {
        fs::copy(root.join("Cargo.lock"), &lock).context("can't copy Cargo.lock")?;
    }
    let target = folder.join("target");
    // Dependencies are checked once and serve both sides; what rustdoc wrote for the other side must not be taken.
    let doc = target.join("doc");
    if doc.exists() {
        fs::remove_dir_all(&doc).context("can't remove old documents")?;
    }
    let flags = "-Zunstable-options --output-format=json --document-hidden-items --cap-lints=allow";
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&place).env("CARGO_TARGET_DIR", &target).stdin(Stdio::null());
    // rustdoc's JSON is not stable; the program itself asks for it in this way.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTDOCFLAGS", flags).env_remove("RUSTFLAGS");
    cargo.args(["doc", "--offline", "--no-deps", "--workspace", "--lib", "--keep-going"]);
    let status = cargo.status().context("can't start cargo")?;
    if !status.success() {
        eprintln!("not every crate of {} could be documented", place.display());
    }
    let json = folder.join("json").join(side);
    fs::create_dir_all(&json).with_context(|| format!("can't write {}", json.display()))?;
    for pair in pairs {
        let file = json_name(pair);
        let (from, to) = (doc.join(&file), json.join(&file));
        if to.exists() {
            fs::remove_file(&to).context("can't remove an old document")?;
        }
        if from.exists() {
            fs::rename(&from, &to).with_context(|| format!("can't move {}", from.display()))?;
        }
    }
    Ok(())
}

fn json_name(pair: &Pair) -> String {
    format!("{}.json", package(&pair.name).replace('-', "_"))
}

/// What the program says; nothing if a crate has no document.
fn ask(program: &Path, folder: &Path, pair: &Pair) -> Result<Option<String>> {
    let json = |side: &str| -> PathBuf { folder.join("json").join(side).join(json_name(pair)) };
    let (old, new) = (json("old"), json("new"));
    if !old.exists() || !new.exists() {
        return Ok(None);
    }
    let mut command = Command::new(program);
    command.args(["semver-checks", "--color", "never", "--release-type", "minor"]);
    command.arg("--baseline-rustdoc").arg(&old).arg("--current-rustdoc").arg(&new);
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| {
        let install = "cargo install --locked cargo-semver-checks@^0.51";
        format!("can't start {}: `{install}`, or name it with --program", program.display())
    })?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if !said.contains("Checked") {
        bail!("{} said nothing of {}: {said}", program.display(), pair.name);
    }
    Ok(Some(said))
}

/// The lints that failed: `--- failure enum_missing: pub enum removed or renamed ---`, then the items, one a line, two
/// blanks before each.
fn lints(said: &str) -> Result<Vec<Broken>> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut listed = false;
    for line in said.lines() {
        if let Some(failure) = line.trim().strip_prefix("--- ") {
            ended(open.take(), &found)?;
            let name = failure.strip_prefix("failure ").and_then(|failure| failure.split_once(':'));
            open = name.map(|(lint, _)| (lint.to_owned(), found.len()));
            listed = false;
        } else if line == "Failed in:" {
            listed = true;
        } else if let (Some((lint, _)), true) = (&open, listed && line.starts_with("  ") && !line.starts_with("   ")) {
            found.push(Broken { lint: lint.clone(), item: Item::of_lint(line)? });
        }
    }
    ended(open, &found)?;
    Ok(found)
}

/// A lint that failed for nothing is one whose list is not understood.
fn ended(open: Option<(String, usize)>, found: &[Broken]) -> Result<()> {
    match open {
        Some((lint, before)) if before == found.len() => bail!("{lint} of cargo-semver-checks names no item"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::lints;

    #[test]
    fn failed_lints_are_read_with_their_items() {
        let said = "     Checked [   0.1s] 9 checks: 7 pass, 2 fail, 0 warn, 0 skip\n\n--- failure enum_missing: pub enum \
                    removed ---\n\nDescription:\nx\n\nFailed in:\n  enum a::types::State, previously in file \
                    a/src/types.rs:7\n  enum a::types::Kind, previously in file a/src/types.rs:9\n\n--- failure \
                    struct_missing: y ---\nFailed in:\n  struct a::types::Order, previously in file a/src/types.rs:1\n\
                    --- warning other: z ---\nFailed in:\n  nothing\n    Finished [   0.046s] a\n";
        let broken = lints(said).expect("a list");
        let shown: Vec<String> = broken.iter().map(|one| format!("{} {}", one.lint, one.item.shown())).collect();
        assert_eq!(shown, ["enum_missing State", "enum_missing Kind", "struct_missing Order"]);
        assert!(lints("--- failure enum_missing: x ---\nFailed in:\n").is_err());
    }
}
