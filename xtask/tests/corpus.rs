//! `corpus` over a folder of two documents: one that generates, one that ends in a finding.

use std::process::{Command, Output};

fn corpus(arguments: &[&str]) -> (Output, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.args(["corpus", folder, "--generate-only"]).args(arguments).output().expect("xtask runs");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    (output, text)
}

/// The columns of a row but the last one, which holds seconds.
fn row<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("a row");
    let mut columns: Vec<&str> = line.split_whitespace().collect();
    columns.pop();
    columns
}

#[test]
fn the_table_counts_both_sides() {
    let (output, text) = corpus(&[]);
    assert_eq!(row(&text, "orders")[..5], ["orders", "2", "2", "yes", "-"]);
    assert_eq!(row(&text, "broken")[..5], ["broken", "1", "-", "no", "-"]);
    assert!(
        text.contains("\n1 of 2 generated, none checked, methods equal operations in 1; 2 methods for 3 operations")
    );
    assert!(text.contains("error[dangling-ref]"), "{text}");
    assert!(text.contains("1 errors: dangling-ref 1\n"), "{text}");
    assert!(!text.contains("note"), "a file that is no document has no row: {text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_threshold_decides_the_exit_code() {
    assert_eq!(corpus(&["--at-least", "1"]).0.status.code(), Some(0));
    assert_eq!(corpus(&["--at-least", "2"]).0.status.code(), Some(1));
    assert_eq!(corpus(&["--only", "orders"]).0.status.code(), Some(0));
}

#[test]
fn an_unknown_name_is_trouble() {
    let (output, _) = corpus(&["--only", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken, note, orders"));
}
