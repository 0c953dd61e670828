//! One feature, one row: what OpenAPI can say, and what becomes of it on a socket.
//!
//! 1. `rows` reads the files beside this one; what a row expects follows from OpenAPI's text.
//! 2. Each row's document is generated alone: it gives a crate, with the notes that the row names, or the finding.
//! 3. Rows of a file that give crates are generated as one document, so that few crates are compiled.
//! 4. `driver` writes a program that makes every row's calls against `support.rs`, a server that plays the row's
//!    answers and keeps the bytes that come. It prints a verdict for each row.

mod coverage;
mod documents;
mod driver;
mod rows;

use countersign_codegen::files::CrateFiles;
use countersign_codegen::finding::{Finding, Level, render};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use rows::{Group, Row};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// At least so many rows.
const ROWS: usize = 150;

#[test]
fn every_row_is_right() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix");
    let mut verdicts = BTreeMap::new();
    let (mut modules, mut known) = (Vec::new(), BTreeMap::new());
    for group in groups(&here.join("tests/matrix")) {
        for row in &group.rows {
            let verdict = alone(&folder, &group, row);
            let before = verdicts.insert(row.name.clone(), verdict);
            assert!(before.is_none(), "{} stands twice", row.name);
        }
        known.extend(group.rows.iter().filter_map(|row| Some((row.name.clone(), row.wrong.clone()?))));
        // What fails alone would take the others along.
        let is_right = |row: &&Row| matches!(verdicts[&row.name], Verdict::Right);
        modules.extend(crates(&folder, &group, group.rows.iter().filter(is_right)));
    }
    wrong_ones(&verdicts);
    for (row, verdict) in calls(&folder, &modules) {
        let known = verdicts.get_mut(&row).unwrap_or_else(|| panic!("no row {row}"));
        if matches!(known, Verdict::Right) {
            *known = verdict;
        }
    }
    report(&verdicts, &known);
}

/// What is said of a row.
enum Verdict {
    Right,
    Finding(String),
    Wrong(String),
}

/// Prints what is wrong so far: the program may not compile because of it.
fn wrong_ones(verdicts: &BTreeMap<String, Verdict>) {
    for (row, verdict) in verdicts {
        if let Verdict::Wrong(why) = verdict {
            println!("{row:40} WRONG {why}");
        }
    }
}

fn report(verdicts: &BTreeMap<String, Verdict>, known: &BTreeMap<String, String>) {
    let (mut right, mut findings, mut wrong, mut surprises) = (0, 0, 0, Vec::new());
    for (row, verdict) in verdicts {
        let said = match verdict {
            Verdict::Right => {
                right += 1;
                "right".to_owned()
            }
            Verdict::Finding(rule) => {
                findings += 1;
                format!("finding {rule}")
            }
            Verdict::Wrong(why) => {
                wrong += 1;
                let reason = known.get(row).map_or_else(|| why.clone(), |reason| format!("(known) {reason}"));
                format!("WRONG {reason}")
            }
        };
        println!("{row:40} {said}");
        if matches!(verdict, Verdict::Wrong(_)) != known.contains_key(row) {
            surprises.push(row.as_str());
        }
    }
    println!("{} rows: {right} right, {findings} located findings, {wrong} wrong", verdicts.len());
    assert!(surprises.is_empty(), "not as the rows say: {surprises:?}");
    assert!(verdicts.len() >= ROWS, "only {} rows", verdicts.len());
}

fn groups(folder: &Path) -> Vec<Group> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the rows")
        .map(|entry| entry.expect("an entry").path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let read = |file: &PathBuf| {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        rows::read(&name, &fs::read_to_string(file).expect("readable"))
    };
    files.iter().map(read).collect()
}

/// What a document becomes, with the files of its rows beside it; a panic is an answer, too.
fn generated(folder: &Path, name: &str, text: &str, rows: &[&Row]) -> Result<Result<Generated, Failure>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let spec = folder.join("specs").join(name).join(format!("{name}.yaml"));
    put(&spec, text.as_bytes());
    for (file, text) in rows.iter().flat_map(|row| &row.files) {
        put(&spec.with_file_name(file), text.as_bytes());
    }
    let source = Source::anywhere(root, &spec, &format!("{name}-client"), "cargo xtask codegen acme");
    catch_unwind(AssertUnwindSafe(|| generate(&source))).map_err(|_| "the generator panics".to_owned())
}

/// The verdict on a row's own document.
fn alone(folder: &Path, group: &Group, row: &Row) -> Verdict {
    let text = documents::document(group, &[row]);
    let wrong = |why: String| Verdict::Wrong(format!("{why}, in\n{text}"));
    match (generated(folder, &row.name.replace('_', "-"), &text, &[row]), &row.finding) {
        (Err(panic), _) => Verdict::Wrong(panic),
        (Ok(Ok(generated)), None) => match missing(&row.notes, &generated.notes) {
            Some(note) => wrong(format!("no note `{note}` among {:?}", rules(&generated.notes))),
            None => match unwritten(&row.written, &generated.files) {
                Some(text) => wrong(format!("nowhere written: `{text}`")),
                None => Verdict::Right,
            },
        },
        (Ok(Ok(_)), Some((rule, _))) => wrong(format!("no finding `{rule}`")),
        (Ok(Err(failure)), expected) => {
            let Failure::Findings { findings, sources } = failure else { return wrong(failure.to_string()) };
            let Some((rule, line)) = expected else { return wrong(render(&errors(&findings), &sources)) };
            let is_it = |finding: &Finding| {
                let at = (finding.at.line as usize).checked_sub(1).and_then(|at| text.lines().nth(at));
                finding.rule == rule.as_str() && at.is_some_and(|at| at.contains(line.as_str()))
            };
            match findings.iter().any(is_it) {
                true => Verdict::Finding(rule.clone()),
                false => wrong(format!("not `{rule}` at `{line}` but {}", render(&errors(&findings), &sources))),
            }
        }
    }
}

fn errors(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().filter(|finding| finding.level == Level::Error).cloned().collect()
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule).collect()
}

fn missing<'a>(expected: &'a [String], findings: &[Finding]) -> Option<&'a String> {
    expected.iter().find(|rule| findings.iter().all(|finding| finding.rule != rule.as_str()))
}

/// What no source holds; white space does not count.
fn unwritten<'a>(expected: &'a [String], files: &CrateFiles) -> Option<&'a String> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources: Vec<String> = files.0.values().map(|bytes| plain(&String::from_utf8_lossy(bytes))).collect();
    expected.iter().find(|text| sources.iter().all(|source| !source.contains(&plain(text))))
}

/// Writes the crates of a group: one of all rows that can stand together, and one for each that can't.
fn crates<'a>(folder: &Path, group: &Group, rows: impl Iterator<Item = &'a Row>) -> Vec<driver::Module> {
    let (others, together): (Vec<&Row>, Vec<&Row>) = rows.partition(|row| row.is_alone());
    let others = others.into_iter().map(|row| (format!("alone-{}", row.name.replace('_', "-")), vec![row]));
    let crates = std::iter::once((format!("matrix-{}", group.name.replace('_', "-")), together)).chain(others);
    let mut modules = Vec::new();
    for (name, rows) in crates.filter(|(_, rows)| !rows.is_empty()) {
        let text = documents::document(group, &rows);
        match generated(folder, &name, &text, &rows) {
            Ok(Ok(generated)) => write(&folder.join("crates").join(&name), &generated.files),
            Ok(Err(Failure::Findings { findings, sources })) => {
                panic!("{name}: {}", render(&errors(&findings), &sources))
            }
            Ok(Err(failure)) => panic!("{name}: {failure}"),
            Err(panic) => panic!("{name}: {panic}"),
        }
        modules.extend(rows.iter().map(|row| driver::module(&format!("{name}-client"), row)));
    }
    modules
}

/// Writes what differs, so that an unchanged crate is not compiled again, and removes what is no longer there.
fn write(folder: &Path, files: &CrateFiles) {
    let names = files.0.keys().cloned().collect::<Vec<_>>().join("\n");
    if folder.exists() && fs::read_to_string(folder.join("files.txt")).unwrap_or_default() != names {
        fs::remove_dir_all(folder).expect("removable");
    }
    for (path, bytes) in &files.0 {
        put(&folder.join(path), bytes);
    }
    put(&folder.join("files.txt"), names.as_bytes());
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    if fs::read(path).ok().as_deref() != Some(bytes) {
        fs::write(path, bytes).expect("writable");
    }
}

/// Builds the program, runs it, and reads its verdicts.
fn calls(folder: &Path, modules: &[driver::Module]) -> Vec<(String, Verdict)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let program = folder.join("driver");
    for (path, text) in driver::files(modules) {
        put(&program.join(path), text.as_bytes());
    }
    if !program.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), program.join("Cargo.lock")).expect("a lock file");
    }
    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").into();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--offline", "--quiet"])
        .current_dir(&program)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
    let verdicts = said(&output.stdout);
    let read = |line: &str| {
        let (row, verdict) = line.split_once('\t').unwrap_or_else(|| panic!("no verdict: {line}"));
        match verdict {
            "right" => (row.to_owned(), Verdict::Right),
            why => (row.to_owned(), Verdict::Wrong(why.replace("\\n", "\n"))),
        }
    };
    let verdicts: Vec<_> = verdicts.lines().map(read).collect();
    assert_eq!(verdicts.len(), modules.len(), "a row has no verdict");
    verdicts
}
