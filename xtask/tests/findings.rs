//! `lint` on files that lie anywhere, and what `codegen` does with findings.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const SPEC: &str = "openapi: 3.0.3
info: {title: Acme, version: '1'}
servers: [{url: 'https://api.acme.example'}]
paths:
  /orders:
    get: {operationId: listOrders, security: [], responses: {'204': {description: Done.}}}
    put: {security: [], responses: {'204': {description: Done.}}}
    trace: {operationId: traceOrders, security: [], responses: {'204': {description: Done.}}}
";

fn xtask(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().expect("xtask runs");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    (output, text)
}

/// A folder with a spec in it, and the arguments that generate its crate.
fn folder(text: &str) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (spec, out) = (folder.path().join("acme.yaml"), folder.path().join("acme"));
    std::fs::write(&spec, text).expect("written");
    let shown = |path: &Path| path.display().to_string();
    let arguments = ["codegen", "--spec", &shown(&spec), "--name", "acme-client", "--out", &shown(&out)];
    (folder, arguments.map(str::to_owned).to_vec())
}

fn codegen(arguments: &[String], more: &[&str]) -> (Output, String) {
    let all: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    xtask(&all)
}

#[test]
fn skipped_operations_are_left_out_and_reported() {
    let (folder, arguments) = folder(SPEC);
    let report = folder.path().join("report.json");
    let shown = report.display().to_string();
    let (output, text) = codegen(&arguments, &["--skip", "traceOrders", "--skip", "PUT /orders", "--report", &shown]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("skipped 2"), "{text}");
    let report: Value = serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("JSON");
    let findings = report["specs"][0]["findings"].as_array().expect("findings");
    let skipped = |finding: &&Value| finding["effect"] == "skipped";
    let places: Vec<u64> = findings.iter().filter(skipped).filter_map(|found| found["line"].as_u64()).collect();
    assert_eq!(places, [7, 8]);
    let manifest = std::fs::read_to_string(folder.path().join("acme/Cargo.toml")).expect("a manifest");
    assert!(manifest.lines().next().is_some_and(|line| line.contains("--skip \"traceOrders\" --skip \"PUT /orders\"")));
    let (fresh, _) = codegen(&arguments, &["--skip", "traceOrders", "--skip", "PUT /orders", "--check"]);
    assert_eq!(fresh.status.code(), Some(0));
    let (stale, _) = codegen(&arguments, &["--check"]);
    assert_eq!(stale.status.code(), Some(1));
}

#[test]
fn nothing_is_written_where_something_stands_in_the_way() {
    let (folder, arguments) = folder(SPEC);
    let crate_ = folder.path().join("acme");
    let (output, text) = codegen(&arguments, &["--deny"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("[named-by-place]") && text.contains("acme.yaml:7:"), "{text}");
    assert!(!crate_.exists());
    let (output, text) = codegen(&arguments, &["--skip", "traceOrder"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("error[skip-unknown]") && text.contains("did you mean `traceOrders`?"), "{text}");
    assert!(!crate_.exists());
    let (output, _) = codegen(&arguments, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(crate_.exists());
}

#[test]
fn any_file_is_linted_in_every_format() {
    let (folder, _) = folder(&SPEC.replace("description: Done.", "descripton: Done."));
    let file = folder.path().join("acme.yaml").display().to_string();
    let (output, text) = xtask(&["lint", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("warning[unknown-key]: a response has no key `descripton`"), "{text}");
    assert!(text.contains("help: did you mean `description`?"), "{text}");
    assert!(!text.contains("x-crate"), "a file of others needs no crate: {text}");
    let (_, text) = xtask(&["lint", &file, "--format", "json"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert!(found["specs"][0]["warnings"].as_u64().is_some_and(|count| count >= 3), "{text}");
    let (_, text) = xtask(&["lint", &file, "--format", "sarif"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert!(found["runs"][0]["results"].as_array().is_some_and(|results| results.len() >= 3), "{text}");
    let (_, text) = xtask(&["lint", &file, "--format", "github"]);
    assert!(text.lines().count() >= 3 && text.lines().all(|line| line.starts_with("::")), "{text}");
    let (output, _) = xtask(&["lint", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn rules_are_listed_and_explained() {
    let (output, text) = xtask(&["lint", "rules"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text.lines().any(|line| line.starts_with("dangling-ref ") && line.contains(" error ")), "{text}");
    let (_, text) = xtask(&["lint", "explain", "dangling-ref"]);
    assert!(text.starts_with("error[dangling-ref]: ") && text.contains("This breaks it:"), "{text}");
    let (output, _) = xtask(&["lint", "explain", "dangling-reff"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `dangling-ref`?"));
}
