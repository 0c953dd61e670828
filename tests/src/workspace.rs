//! This workspace seen from a test: its files, copies of them, and its tools as processes.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace")
}

/// The providers: folders below `specs`, sorted.
pub fn providers() -> Vec<String> {
    let specs = fs::read_dir(root().join("specs")).expect("the workspace has specs");
    let mut providers: Vec<_> = specs
        .map(|entry| entry.expect("a folder can be listed"))
        .filter(|entry| entry.path().join("openapi.yaml").is_file())
        .map(|entry| entry.file_name().into_string().expect("a provider's name is UTF-8"))
        .collect();
    providers.sort();
    assert!(!providers.is_empty(), "specs has no provider");
    providers
}

/// Cargo as a person would start it: without what the cargo that runs this test has set.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for (name, _) in env::vars_os() {
        let of_this_test = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "CARGO_TARGET_TMPDIR"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        if of_this_test {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// `xtask` from the sources as they are now, built once for each test binary.
pub fn xtask() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BUILT.get_or_init(|| built(&["--package", "xtask"], "xtask")))
}

/// The example `webhook_receiver` or another of this crate, built once for each test binary.
pub fn example(name: &str) -> Command {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut examples = BUILT.lock().expect("nobody panics with it");
    let build = || built(&["--package", "countersign-tests", "--example", name], name);
    Command::new(examples.entry(name.to_owned()).or_insert_with(build))
}

/// Builds a program; where it is.
fn built(which: &[&str], name: &str) -> PathBuf {
    let built = cargo()
        .args(["build", "--quiet", "--message-format", "json-render-diagnostics"])
        .args(which)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(built.status.success(), "{name} does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("cargo does not say where {name} is"))
}

/// Copies the workspace's files, committed or not, except ignored ones, below the folders (or files) named.
///
/// Needs git. No folder means all of them.
pub fn copy(below: &[&str], to: &Path) {
    let listed = run(git()
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"])
        .args(below)
        .current_dir(root()));
    for path in String::from_utf8(listed.stdout).expect("paths are UTF-8").split_terminator('\0') {
        let (from, to) = (root().join(path), to.join(path));
        // A file may be deleted and still in the index.
        if from.is_file() {
            fs::create_dir_all(to.parent().expect("a file lies in a folder")).expect("a folder can be created");
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

/// Makes `folder` a git repository with everything in it committed: the same files give the same commit.
pub fn commit(folder: &Path) {
    let git = |arguments: &[&str]| {
        run(git()
            .args(["-c", "user.name=countersign", "-c", "user.email=countersign@localhost"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .current_dir(folder));
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--no-verify", "--message", "a copy of the working tree"]);
}

/// Git without anybody's settings, also when a hook of git runs this test.
pub fn git() -> Command {
    let mut git = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    git
}

/// Runs a program that must succeed.
///
/// # Panics
/// With all that it printed if it does not.
pub fn run(command: &mut Command) -> Output {
    let line: Vec<_> =
        [command.get_program()].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    let line = line.join(" ");
    let output = command.output().unwrap_or_else(|error| panic!("`{line}` does not start: {error}"));
    assert!(output.status.success(), "`{line}`: {}\n{}", output.status, text(&output));
    output
}

/// What a program printed, both ways.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
