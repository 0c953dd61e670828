//! Lists of accepted changes over time: entries that are renewed and pruned, specs that are new or gone, odd names.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const OLD: &str = "openapi: 3.0.3
info: {title: Acme, version: '1', x-crate: {name: acme-client, version: 0.1.0}}
paths:
  /orders:
    get: {operationId: list_orders, responses: {'200': {description: Orders.}}}
  /users:
    get: {operationId: list_users, responses: {'200': {description: Users.}}}
  /things:
    get: {operationId: list_things, responses: {'200': {description: Things.}}}
";

fn output(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(folder).arg("spec-diff").args(arguments).output().expect("xtask runs")
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = output(folder, arguments);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat();
    (output.status.code(), text)
}

/// A folder with two documents: all paths but `/orders` are gone from the new one.
fn broken() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("old.yaml"), OLD).expect("written");
    let new = OLD[..OLD.find("  /users").expect("users")].replace("version: 0.1.0", "version: 0.2.0");
    fs::write(place.path().join("new.yaml"), new.replace("'1'", "'2'")).expect("written");
    place
}

/// The fingerprints of a rule's changes, in the order of their places.
fn fingerprints(folder: &Path, states: &[&str], rule: &str) -> Vec<String> {
    let json = output(folder, &[states, &["--format", "json"]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let changes = json["changes"].as_array().expect("a list").iter();
    changes
        .filter(|change| change["rule"] == rule)
        .map(|change| change["fingerprint"].as_str().expect("text").to_owned())
        .collect()
}

const STATES: [&str; 6] = ["--base", "old.yaml", "--head", "new.yaml", "--today", "2026-12-01"];

fn accept(folder: &Path, prints: &[&str], until: &str) -> (Option<i32>, String) {
    let who = ["--reason", "renewed", "--who", "Jane", "--until", until];
    run(folder, &[&["accept"], prints, &who, &STATES].concat())
}

fn entry(print: &str, until: &str) -> String {
    format!("- fingerprint: \"{print}\"\n  rule: path-removed\n  reason: r\n  who: w\n  until: {until}\n")
}

#[test]
fn an_entry_that_is_over_is_renewed_in_its_place() {
    let place = broken();
    let here = place.path();
    let prints = fingerprints(here, &["old.yaml", "new.yaml"], "path-removed");
    let [first, second] = prints.as_slice() else { panic!("{prints:?}") };
    let file = here.join("new.accepted.yaml");
    for end in ["\n", "\r\n"] {
        let (over, good) = (entry(first, "2026-11-30"), entry(second, "2026-12-31"));
        let list = format!("# All of them.\n\n# About the first.\n{over}\n# About the second.\n{good}# The end.\n");
        fs::write(&file, list.replace('\n', end)).expect("written");
        let states = ["old.yaml", "new.yaml", "--today", "2026-12-01"];
        let (code, said) = run(here, &states);
        assert!(code == Some(1) && said.contains("[acceptance-expired]"), "{said}");
        let (code, said) = accept(here, &[first], "2027-01-31");
        assert_eq!(code, Some(0), "{said}");
        let after = fs::read_to_string(&file).expect("text");
        let new = "  reason: \"renewed\"\n  who: \"Jane\"\n  until: 2027-01-31\n";
        let over = format!("- fingerprint: \"{first}\"\n  rule: path-removed\n{new}");
        let expected = format!("# All of them.\n\n# About the first.\n{over}\n# About the second.\n{good}# The end.\n");
        assert_eq!(after, expected.replace('\n', end));
        assert_eq!(run(here, &states).0, Some(0));
        let (code, said) = accept(here, &[first], "2027-02-28");
        assert!(code == Some(2) && said.contains("accepted by Jane until 2027-01-31"), "{said}");
    }
    // A list that is further in keeps its form.
    let inner: String = entry(first, "2026-11-30").lines().map(|line| format!("  {line}\n")).collect();
    fs::write(&file, &inner).expect("written");
    assert_eq!(accept(here, &[first], "2027-01-31").0, Some(0));
    let after = fs::read_to_string(&file).expect("text");
    assert!(after.starts_with("  - fingerprint: ") && after.ends_with("    until: 2027-01-31\n"), "{after}");
}

#[test]
fn a_pruned_entry_takes_its_own_comment_along() {
    let place = broken();
    let here = place.path();
    let prints = fingerprints(here, &["old.yaml", "new.yaml"], "path-removed");
    let file = here.join("new.accepted.yaml");
    let prune = || run(here, &[&["accept", "--prune"], &STATES[..]].concat());
    let unused = |print: &str| format!("{}  # until we know\n", entry(print, "2026-12-31"));
    let kept = format!("# About this one.\n{}", entry(&prints[0], "2026-12-31"));
    let list = format!(
        "# All of them.\n\n# Gone.\n# Really.\n{}\n{kept}# Gone as well.\n{}# The end.\n",
        unused("0123456789abcdef"),
        unused("0123456789abcde0"),
    );
    fs::write(&file, list).expect("written");
    let (code, said) = prune();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("text"), format!("# All of them.\n\n\n{kept}# The end.\n"));
    // What accepting adds below a comment leaves that comment to the file.
    fs::write(&file, "# All of them.").expect("written");
    assert_eq!(accept(here, &[&prints[0], &prints[1]], "2026-12-31").0, Some(0));
    fs::copy(here.join("old.yaml"), here.join("new.yaml")).expect("copied");
    assert_eq!(prune().0, Some(0));
    assert_eq!(fs::read_to_string(&file).expect("text"), "# All of them.\n\n");
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(who).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all", "."]);
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", "a"]);
}

/// A repository with one provider, of which no crate is made.
fn repository() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(place.path().join("specs/acme")).expect("a folder");
    let plain = OLD.replace(", x-crate: {name: acme-client, version: 0.1.0}", "");
    fs::write(place.path().join("specs/acme/openapi.yaml"), plain).expect("written");
    fs::write(place.path().join("Cargo.toml"), "[workspace]\n").expect("written");
    git(place.path(), &["init", "--quiet", "--initial-branch", "main"]);
    commit(place.path());
    place
}

#[test]
fn what_a_spec_that_is_gone_breaks_can_be_accepted() {
    let place = repository();
    let here = place.path();
    fs::remove_dir_all(here.join("specs/acme")).expect("removed");
    let states = ["HEAD", "--today", "2026-12-01"];
    let prints = fingerprints(here, &states, "path-removed");
    assert_eq!(prints.len(), 3);
    let prints: Vec<&str> = prints.iter().map(String::as_str).collect();
    let who = ["--reason", "r", "--who", "w", "--until", "2026-12-31", "--base", "HEAD", "--today", "2026-12-01"];
    let (code, said) = run(here, &[&["accept"], &prints[..], &who].concat());
    assert_eq!(code, Some(0), "{said}");
    let file = here.join("specs/acme/accepted.yaml");
    assert_eq!(fs::read_to_string(&file).expect("text").matches("- fingerprint: ").count(), 3);
    let (code, said) = run(here, &states);
    assert!(code == Some(0) && said.contains("3 are suppressed"), "{said}");
    // Once it is gone on both sides, the list is one that nothing needs.
    commit(here);
    let (code, said) = run(here, &states);
    assert!(code == Some(1) && said.contains("this spec is gone\n3 changes, 3 of them fail"), "{said}");
    assert!(said.contains("[acceptance-unused]") && said.contains("specs/acme/accepted.yaml:1:3"), "{said}");
    let (code, said) = run(here, &["accept", "--prune", "--base", "HEAD", "--today", "2026-12-01"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(run(here, &states), (Some(0), String::new()));
    fs::write(&file, "- 7\n").expect("written");
    let (code, said) = run(here, &states);
    assert!(code == Some(2) && said.contains("this is no entry"), "{said}");
}

#[test]
fn a_new_spec_shows_what_fails() {
    let place = repository();
    let here = place.path();
    fs::create_dir_all(here.join("specs/other")).expect("a folder");
    let spec = here.join("specs/other/openapi.yaml");
    fs::write(&spec, OLD.replace("acme-client", "other-client")).expect("written");
    let (code, said) = run(here, &["HEAD"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("this spec is new: there is nothing to compare\n1 changes, 1 of them fail"), "{said}");
    assert!(said.contains("[crate-out-of-date]"), "{said}");
    // Where no crate is made of it, nothing fails and nothing else is said.
    fs::write(&spec, fs::read_to_string(here.join("specs/acme/openapi.yaml")).expect("text")).expect("written");
    let (code, said) = run(here, &["HEAD"]);
    assert!(code == Some(0) && said.contains("this spec is new: there is nothing to compare\n"), "{said}");
    assert!(!said.contains("of them fail; its"), "{said}");
}

#[test]
fn names_of_no_file_are_told_as_they_were_given() {
    let place = repository();
    let here = place.path();
    let (code, said) = run(here, &["HEAD:specs/acme", "specs/acme/openapi.yaml"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("`specs/acme` is a folder in HEAD; name a file"), "{said}");
    let place = broken();
    let here = place.path();
    let prints = fingerprints(here, &["old.yaml", "new.yaml"], "path-removed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(here).args(["spec-diff", "accept", &prints[0], "--base", "old.yaml", "--head", "-"]);
    command.args(["--reason", "r", "--who", "w", "--until", "2999-12-31"]);
    let new = fs::File::open(here.join("new.yaml")).expect("the new document");
    let output = command.stdin(Stdio::from(new)).output().expect("xtask runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(2) && said.contains("standard input is no file that can be written"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn an_error_that_nobody_reads_ends_as_one_that_is_read() {
    let place = broken();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(place.path()).args(["spec-diff", "old.yaml", "nowhere.yaml"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = command.stdout(Stdio::null()).stderr(writer).status().expect("xtask runs");
    assert_eq!(ended.code(), Some(2));
}
