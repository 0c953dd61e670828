//! Small documents and what they become: `normalize/cases/NAME.yaml` and, beside it, `NAME.txt`.
//!
//! A case is a document without its head, or a whole one. `COUNTERSIGN_ACCEPT=1` writes what comes out instead of
//! comparing it; read the difference before you commit it.

#[path = "normalize/show.rs"]
mod show;

use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Case, version: '1'}\nservers: [{url: 'https://acme.example'}]\n";

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/normalize/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder of cases").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 15, "{} cases in {}", files.len(), folder.display());
    let accept = std::env::var_os("COUNTERSIGN_ACCEPT").is_some();
    let mut failures = String::new();
    for file in files {
        let case = std::fs::read_to_string(&file).expect("a case");
        let got = outcome(&case);
        assert_eq!(got, outcome(&case), "two runs over {} differ", file.display());
        let expected_file = file.with_extension("txt");
        let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
        if accept {
            std::fs::write(&expected_file, &got).expect("the expected text is written");
        } else if got != expected {
            let _ = writeln!(failures, "{}:\n{}", file.display(), difference(&expected, &got));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// What a case becomes, as text.
fn outcome(case: &str) -> String {
    let document = if case.contains("openapi:") { case.to_owned() } else { format!("{HEAD}{case}") };
    let spec = match parse("case.yaml", document) {
        Ok(spec) => spec,
        Err(findings) => return show::findings(&findings),
    };
    let context = Context { provider: "acme".to_owned(), spec_path: "case.yaml".to_owned(), ..Context::default() };
    match normalize(&spec, &context) {
        Ok(normalized) => show::ir(&normalized.ir) + &show::findings(&normalized.notes),
        Err(findings) => show::findings(&findings),
    }
}

/// Lines that only one of two texts has.
fn difference(expected: &str, got: &str) -> String {
    let mut out = String::new();
    for line in expected.lines().filter(|line| !got.lines().any(|other| other == *line)) {
        let _ = writeln!(out, "  - {line}");
    }
    for line in got.lines().filter(|line| !expected.lines().any(|other| other == *line)) {
        let _ = writeln!(out, "  + {line}");
    }
    if out.is_empty() { "  the order of lines differs".to_owned() } else { out }
}
