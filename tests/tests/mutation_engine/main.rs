//! Changes one byte in each operation of the engine, one at a time: the vectors must notice each.
//!
//! 1. `table.txt` names the changes; each must fit the source exactly once, else the table is out of date.
//! 2. For each change a copy of `auth/` gets it, under a name of its own, in a workspace of its own; one
//!    copy stays as it is. A small program, `runner.rs`, runs every vector file against one copy.
//! 3. All of it is built at once, with this workspace's dependencies and lock file. The folder stays below
//!    `target`, and files that do not change keep their times: the next run builds only what differs.
//! 4. The program is started for each copy: every case passes for the untouched one, and one fails for
//!    each of the others.
//!
//! The table of all changes is printed.

mod table;

use countersign_codegen::spec::{Node, Value};
use countersign_tests::{document, vectors, workspace};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use table::Change;

/// A change can make the engine run forever.
const LONGEST_RUN: Duration = Duration::from_secs(60);

#[test]
fn every_changed_byte_is_noticed() {
    let auth = workspace::root().join("auth");
    let changes = table::read(include_str!("table.txt"), &auth.join("src")).unwrap_or_else(|error| panic!("{error}"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mutation_engine");
    write_workspace(&folder, &auth, &changes);
    let runner = build(&folder);

    let untouched = run(&runner, &folder, &package(None));
    assert!(untouched.starts_with("passed "), "the engine as it is: {untouched}");
    let cases: usize = untouched["passed ".len()..].trim().parse().expect("a number of cases");
    assert!(cases >= 87, "only {cases} cases were found");

    let mut rows = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let said = run(&runner, &folder, &package(Some(index)));
        rows.push((change, said));
    }
    print(cases, &rows);
    let missed: Vec<_> =
        rows.iter().filter(|(_, said)| said.starts_with("passed ")).map(|(change, _)| &change.name).collect();
    assert!(missed.is_empty(), "no vector noticed {missed:?}");
}

/// The name of a copy: `auth-00` is untouched.
fn package(change: Option<usize>) -> String {
    format!("auth-{:02}", change.map_or(0, |index| index + 1))
}

fn write_workspace(folder: &Path, auth: &Path, changes: &[Change]) {
    let root = workspace::root();
    let copies: Vec<String> = std::iter::once(None).chain((0..changes.len()).map(Some)).map(package).collect();
    write(&folder.join("Cargo.toml"), &workspace_manifest(&read(&root.join("Cargo.toml")), &copies));
    write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock")));
    for (index, copy) in copies.iter().enumerate() {
        let change = index.checked_sub(1).map(|index| &changes[index]);
        copy_package(auth, &folder.join(copy), copy, change);
    }
    write_runner(&folder.join("runner"), &copies);
    write_vectors(&folder.join("vectors"));
}

/// This workspace's own manifest, with other members and without the path dependencies.
fn workspace_manifest(manifest: &str, copies: &[String]) -> String {
    let members: Vec<String> = copies.iter().map(|copy| format!("{copy:?}")).collect();
    let mut text = String::new();
    for line in manifest.lines() {
        match line {
            _ if line.starts_with("members = ") => writeln!(text, "members = [\"runner\", {}]", members.join(", ")),
            _ if line.starts_with("default-members") || line.starts_with("exclude") || line.contains("{ path = ") => {
                Ok(())
            }
            _ => writeln!(text, "{line}"),
        }
        .expect("a String takes text");
    }
    // What is built here runs for a moment: as little as possible is made of it.
    let small = "[profile.dev]\ndebug = false\nincremental = false\ncodegen-units = 1";
    text.replace("[profile.dev]\ndebug = \"line-tables-only\"", small)
}

fn copy_package(auth: &Path, to: &Path, name: &str, change: Option<&Change>) {
    let manifest = read(&auth.join("Cargo.toml")).replace("name = \"countersign-auth\"", &format!("name = {name:?}"));
    write(&to.join("Cargo.toml"), &manifest);
    write(&to.join("README.md"), &read(&auth.join("README.md")));
    for file in files(&auth.join("src")) {
        let inside = file.strip_prefix(auth.join("src")).expect("a file below src").to_owned();
        let text = read(&file);
        let text = match change {
            Some(change) if Path::new(&change.file) == inside => change.apply(&text),
            _ => text,
        };
        write(&to.join("src").join(inside), &text);
    }
}

fn write_runner(to: &Path, copies: &[String]) {
    let mut manifest = "[package]\nname = \"runner\"\nversion = \"0.0.0\"\nedition.workspace = true\n\n[dependencies]\nhttp.workspace = true\n".to_owned();
    let mut main = include_str!("runner.rs").to_owned();
    main.push_str("\nfn run(copy: &str, recipes: &[String], vectors: &[String]) -> String {\n    match copy {\n");
    for copy in copies {
        writeln!(manifest, "{copy} = {{ path = \"../{copy}\", features = [\"vectors\", \"aws-sigv4\"] }}")
            .expect("a String takes text");
        let name = copy.replace('-', "_");
        writeln!(main, "        {copy:?} => run_with!({name}, recipes, vectors),").expect("a String takes text");
    }
    main.push_str("        _ => panic!(\"no such copy\"),\n    }\n}\n");
    write(&to.join("Cargo.toml"), &manifest);
    write(&to.join("src/main.rs"), &main);
}

/// Every vector file, and the recipes of every spec as one JSON document each.
fn write_vectors(to: &Path) {
    for provider in workspace::providers() {
        let spec = countersign_codegen::parse::read(&document::spec_file(&provider, "openapi.yaml")).expect("the spec");
        let components = spec.root.get("components").map(json).unwrap_or_default();
        write(&to.join(format!("{provider}.recipes.json")), &format!("{{\"components\":{components}}}"));
        write(&to.join(format!("{provider}.json")), &read(&vectors::file(&provider)));
    }
    write(&to.join("operations.json"), include_str!("operations.json"));
    // The engine's own: cases of schemes without a spec here, and their recipes.
    let is_json = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "json");
    for file in files(&workspace::root().join("auth/tests/vectors")).into_iter().filter(is_json) {
        let text = read(&file);
        let content: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        if content.get("components").is_some() {
            write(&to.join(format!("{name}.recipes.json")), &text);
        } else if content.get("vectors").is_some() {
            write(&to.join(format!("{name}.json")), &text);
        }
    }
}

/// Members keep their order: steps, headers and claims have one.
fn json(node: &Node) -> String {
    match &node.value {
        Value::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Map(members) => {
            let members: Vec<_> =
                members.iter().map(|(key, node)| format!("{}:{}", serde_json::json!(key.text), json(node))).collect();
            format!("{{{}}}", members.join(","))
        }
        _ => node.to_json().to_string(),
    }
}

fn build(folder: &Path) -> PathBuf {
    let started = Instant::now();
    let target = folder.join("target");
    let built = workspace::cargo()
        .args(["build", "--quiet", "--offline", "--package", "runner", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "--cap-lints=allow")
        .current_dir(folder)
        .output()
        .expect("cargo starts");
    assert!(
        built.status.success(),
        "a changed engine does not compile; the table must be mended:\n{}",
        workspace::text(&built)
    );
    say(&format!("\nengine copies built in {:.0} s\n", started.elapsed().as_secs_f64()));
    target.join("debug").join(format!("runner{}", std::env::consts::EXE_SUFFIX))
}

/// What the vectors say of a copy: `passed N`, or what failed first.
fn run(runner: &Path, folder: &Path, copy: &str) -> String {
    let mut command = Command::new(runner);
    command.arg(copy).arg(folder.join("vectors")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the runner starts");
    let mut output = child.stdout.take().expect("it is piped");
    let (said, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let mut words = String::new();
        drop(output.read_to_string(&mut words));
        drop(said.send(words));
    });
    let words = hear.recv_timeout(LONGEST_RUN);
    if words.is_err() {
        child.kill().expect("the runner can be stopped");
    }
    child.wait().expect("the runner ends");
    words.map_or_else(|_| "does not end".to_owned(), |words| words.trim().replace('\n', " "))
}

fn print(cases: usize, rows: &[(&Change, String)]) {
    let width = |text: fn(&Change) -> &str| {
        rows.iter().map(|(change, _)| text(change).chars().count()).max().unwrap_or_default()
    };
    let (name, file) = (width(|change| &change.name), width(|change| &change.file));
    let mut text = format!("engine: {} changed bytes against {cases} vectors\n", rows.len());
    for (change, said) in rows {
        writeln!(text, "{:name$}  {:file$}  {}  {said}", change.name, change.file, change.shown())
            .expect("a String takes text");
    }
    say(&text);
}

/// Straight to standard output: the table is shown also when the test passes.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Writes only what differs, so that cargo sees what it built before.
fn write(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(file.parent().expect("a file in a folder")).expect("a folder");
    fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}
