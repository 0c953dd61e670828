//! Accepted changes and exit codes of `spec-diff`, as it is called.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const OLD: &str = "openapi: 3.0.3
info: {title: Acme, version: '1', x-crate: {name: acme-client, version: 0.1.0}}
paths:
  /orders:
    get:
      operationId: list_orders
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
      responses:
        '200': {description: Orders.}
  /users:
    get:
      operationId: list_users
      responses:
        '200': {description: Users.}
";

fn output(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(folder).arg("spec-diff").args(arguments).output().expect("xtask runs")
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = output(folder, arguments);
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

fn trouble(folder: &Path, arguments: &[&str]) -> String {
    let output = output(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

/// A folder with the old document, and a new one with the text replaced.
fn pair(edits: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("old.yaml"), OLD).expect("written");
    let mut new = OLD.to_owned();
    for (from, to) in edits {
        assert!(new.contains(from), "{from}");
        new = new.replace(from, to);
    }
    fs::write(place.path().join("new.yaml"), new).expect("written");
    place
}

/// `/users` is gone, and the crate has the version that this needs.
fn broken() -> tempfile::TempDir {
    let users = &OLD[OLD.find("  /users").expect("users")..];
    pair(&[(users, ""), ("version: 0.1.0", "version: 0.2.0")])
}

const REVIEW: [&str; 4] = ["old.yaml", "new.yaml", "--today", "2026-11-22"];

fn review(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    run(folder, &[&REVIEW[..], more].concat())
}

fn fingerprint(folder: &Path, rule: &str) -> String {
    let json: Value = serde_json::from_str(&review(folder, &["--format", "json"]).1).expect("JSON");
    let changes = json["changes"].as_array().expect("a list");
    let change = changes.iter().find(|change| change["rule"] == rule).unwrap_or_else(|| panic!("{rule}: {json:#}"));
    change["fingerprint"].as_str().expect("text").to_owned()
}

fn accept(folder: &Path, fingerprint: &str, until: &str) -> Output {
    let who = ["--reason", "nobody calls \"it\": # no\ttab", "--who", "Ä. Nyone", "--until", until];
    let states = ["--base", "old.yaml", "--head", "new.yaml", "--today", "2026-11-22"];
    output(folder, &[&["accept", fingerprint], &who[..], &states[..]].concat())
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn an_accepted_change_is_shown_and_does_not_fail() {
    let place = broken();
    let here = place.path();
    assert_eq!(review(here, &[]).0, Some(1));
    let written = accept(here, &fingerprint(here, "path-removed"), "2026-12-31");
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let (code, shown) = review(here, &[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(" 0 of them fail; 1 are suppressed;"), "{shown}");
    assert!(shown.contains("\nbreaking, source major, suppressed[path-removed]: "), "{shown}");
    assert!(shown.contains("accepted by Ä. Nyone until 2026-12-31: nobody calls \"it\": # no"), "{shown}");
    assert!(shown.contains("(new.accepted.yaml:1:3)"), "{shown}");
    for format in ["markdown", "github", "junit", "json", "sarif"] {
        let (code, shown) = review(here, &["--format", format]);
        assert_eq!(code, Some(0), "{format}: {shown}");
        assert!(shown.contains("suppress") || shown.contains("<skipped "), "{format}: {shown}");
        assert!(shown.contains("2026-12-31") && !shown.contains("::error"), "{format}: {shown}");
    }
    let sarif: Value = serde_json::from_str(&review(here, &["--format", "sarif"]).1).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    for result in results {
        let suppressions = result["suppressions"].as_array().expect("each result says whether it is suppressed");
        assert_eq!(suppressions.len(), usize::from(result["ruleId"] == "path-removed"), "{result:#}");
        assert_ne!(result["level"], "error");
    }
    assert_eq!(review(here, &["--fail-on", "source"]).0, Some(0), "accepted is accepted for each --fail-on");
}

#[test]
fn an_entry_that_is_over_or_unused_fails_at_its_place() {
    let place = broken();
    let here = place.path();
    let written = accept(here, &fingerprint(here, "path-removed"), "2026-12-31");
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    // The last day itself is still good.
    let on = |day: &str| run(here, &["old.yaml", "new.yaml", "--today", day]);
    assert_eq!(on("2026-12-31").0, Some(0));
    let (code, shown) = on("2027-01-01");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("[acceptance-expired]: ") && shown.contains("was accepted until 2026-12-31"), "{shown}");
    assert!(shown.contains("new new.accepted.yaml:1:3 "), "{shown}");
    assert!(shown.contains("2 of them fail;"), "the change fails again, too: {shown}");
    fs::copy(here.join("old.yaml"), here.join("new.yaml")).expect("copied");
    let (code, shown) = on("2026-12-01");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("[acceptance-unused]: no change has the fingerprint"), "{shown}");
    assert!(shown.contains("new new.accepted.yaml:1:3 "), "{shown}");
    let states = ["--base", "old.yaml", "--head", "new.yaml", "--today", "2026-12-01"];
    let pruned = output(here, &[&["accept", "--prune"], &states[..]].concat());
    assert_eq!(pruned.status.code(), Some(0), "{}", text(&pruned.stderr));
    assert_eq!(fs::read_to_string(here.join("new.accepted.yaml")).expect("text"), "");
    assert_eq!(on("2026-12-01"), (Some(0), String::new()));
}

#[test]
fn accepting_leaves_the_rest_of_the_file_alone() {
    let place = broken();
    let here = place.path();
    let print = fingerprint(here, "path-removed");
    let file = here.join("new.accepted.yaml");
    for before in ["", "# Why we know better.\n", "# No line end", "\n\n# a\r\n"] {
        fs::write(&file, before).expect("written");
        let written = accept(here, &print, "2026-12-31");
        assert_eq!(written.status.code(), Some(0), "{before:?}: {}", text(&written.stderr));
        let after = fs::read_to_string(&file).expect("text");
        assert!(after.starts_with(before), "{after:?}");
        assert_eq!(review(here, &[]).0, Some(0), "{after}");
    }
    let info = fingerprint(here, "document-version-not-moved");
    let before = fs::read_to_string(&file).expect("text");
    assert_eq!(accept(here, &info, "2026-12-31").status.code(), Some(0));
    let after = fs::read_to_string(&file).expect("text");
    assert!(after.starts_with(&before) && after.matches("- fingerprint: ").count() == 2, "{after}");
    for (print, said) in [(print.as_str(), "accepted by"), ("0123456789abcdef", "no change has the fingerprint")] {
        let refused = accept(here, print, "2026-12-31");
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
    assert_eq!(accept(here, "0123456789abcdef", "2026-11-21").status.code(), Some(2), "a day that is over");
    fs::write(&file, "[]\n").expect("written");
    let refused = accept(here, &info, "2026-12-31");
    assert!(text(&refused.stderr).contains("nothing can be added by lines"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&file).expect("text"), "[]\n");
}

#[test]
fn a_malformed_list_is_trouble_with_all_its_places() {
    let place = broken();
    let good = "  rule: path-removed\n  reason: r\n  who: w\n  until: 2027-01-01\n";
    let file = format!(
        "- fingerprint: xyz\n  rule: path-removd\n  reason: ''\n  whoo: me\n  until: soon\n- fingerprint: \"0123456789012345\"\n{good}- fingerprint: \"0123456789012345\"\n{good}- 7\n- fingerprint: 0123456789012345\n{good}\n"
    );
    fs::write(place.path().join("new.accepted.yaml"), file).expect("written");
    let said = trouble(place.path(), &REVIEW);
    for (what, at) in [
        ("`xyz` is no fingerprint", "1:16"),
        ("there is no rule `path-removd`", "2:9"),
        ("`reason` is no text", "3:11"),
        ("an entry has no `whoo`", "4:3"),
        ("`who` is missing", "1:3"),
        ("`soon` is no date", "5:10"),
        ("0123456789012345 is accepted already, on line 6", "11:3"),
        ("this is no entry", "16:3"),
        ("`fingerprint` is no text", "17:16"),
    ] {
        assert!(said.contains(what) && said.contains(&format!("--> new.accepted.yaml:{at}\n")), "{what} {at}\n{said}");
    }
    assert!(said.contains("did you mean `path-removed`?"), "{said}");
    fs::write(place.path().join("new.accepted.yaml"), "accepted: [").expect("written");
    assert!(trouble(place.path(), &REVIEW).contains("--> new.accepted.yaml:"));
    fs::write(place.path().join("new.accepted.yaml"), b"\xff\xfe\x00").expect("written");
    assert!(trouble(place.path(), &REVIEW).contains("no text in UTF-8"));
}

#[test]
fn each_exit_code_has_its_cause() {
    // 0: nothing, or nothing that fails.
    let same = pair(&[]);
    assert_eq!(review(same.path(), &[]), (Some(0), String::new()));
    let new_operation = pair(&[("list_users", "list_users\n      deprecated: true"), ("0.1.0", "0.1.1")]);
    let (code, shown) = review(new_operation.path(), &[]);
    assert!(code == Some(0) && shown.contains("[deprecated]"), "{shown}");
    // 1: something fails.
    let (code, shown) = review(broken().path(), &[]);
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("acme-client 0.1.0 -> 0.2.0 is enough: a major step needs 0.2.0 at least"), "{shown}");
    // 2: trouble.
    assert!(trouble(same.path(), &["old.yaml", "nowhere.yaml"]).contains("neither a file nor a git revision"));
    assert!(trouble(same.path(), &["old.yaml", "new.yaml", "--today", "soon"]).contains("2030-12-31"));
    // 4: the version step is too small, also where something fails.
    let small = pair(&[("list_users", "users")]);
    let (code, shown) = review(small.path(), &[]);
    assert_eq!(code, Some(4), "{shown}");
    assert!(shown.contains("acme-client stays 0.1.0 is too small: a major step needs 0.2.0 at least"), "{shown}");
    assert!(shown.contains("old old.yaml:2:") && shown.contains("new new.yaml:2:"), "{shown}");
    let both = pair(&[(&OLD[OLD.find("  /users").expect("users")..], ""), ("0.1.0", "0.1.9")]);
    assert_eq!(review(both.path(), &[]).0, Some(4));
    assert_eq!(review(both.path(), &["--fail-on", "none"]).0, Some(0), "a review that only informs");
    let back = pair(&[("0.1.0", "0.0.9")]);
    let (code, shown) = review(back.path(), &[]);
    assert!(code == Some(4) && shown.contains("acme-client 0.1.0 -> 0.0.9 goes back"), "{shown}");
    // The advice is in every format.
    for format in ["text", "markdown", "sarif", "junit", "github", "json"] {
        let (code, shown) = review(small.path(), &["--format", format]);
        let shown = shown.replace("&#46;", ".");
        assert!(code == Some(4) && shown.contains("acme-client stays 0.1.0"), "{format}: {shown}");
    }
    let help = run(same.path(), &["--help"]).1;
    for line in ["  0  nothing fails", "  1  something fails", "  2  trouble", "  4  a crate is not"] {
        assert!(help.contains(line), "{help}");
    }
}

#[test]
fn what_is_wrong_with_a_crate_cannot_be_accepted() {
    let place = pair(&[("list_users", "users")]);
    let here = place.path();
    let small = fingerprint(here, "crate-version-too-small");
    let refused = accept(here, &small, "2026-12-31");
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("is a `crate-version-too-small`, which can't be accepted: raise `info.x-crate.version`"));
    assert!(!here.join("new.accepted.yaml").exists());
    // Nor by hand: an entry for one state of a crate would hide the next.
    for (rule, help) in [
        ("crate-version-too-small", "raise `info.x-crate.version`"),
        ("crate-out-of-date", "run `cargo xtask codegen`"),
        ("acceptance-expired", "accept the change itself anew"),
    ] {
        let entry = format!("- fingerprint: \"{small}\"\n  rule: {rule}\n  reason: r\n  who: w\n  until: 2027-01-01\n");
        fs::write(here.join("new.accepted.yaml"), entry).expect("written");
        let said = trouble(here, &REVIEW);
        assert!(said.contains(&format!("`{rule}` can't be accepted")) && said.contains(help), "{said}");
        assert!(said.contains("--> new.accepted.yaml:2:9"), "{said}");
    }
}

#[test]
fn a_version_that_is_none_is_told() {
    for (old, new, code, said) in [
        ("1.0", "1.1.0", 0, "acme-client: `1.0` is no version, which is written 1.2.3: nothing is weighed"),
        ("0.1.0", "foo", 4, "acme-client: `foo` is no version, which is written 1.2.3: nothing is weighed"),
        ("2.0.0-rc.1", "2.0.0-rc.1", 4, "acme-client stays 2.0.0-rc.1 is too small: a major step needs 2.0.0-rc.2"),
        (
            "2.0.0-rc.1",
            "2.0.0-rc.2",
            0,
            "acme-client 2.0.0-rc.1 -> 2.0.0-rc.2 is enough: a major step needs 2.0.0-rc.2",
        ),
    ] {
        let place = pair(&[("list_users", "users"), ("version: 0.1.0", &format!("version: '{new}'"))]);
        let file = place.path().join("old.yaml");
        fs::write(&file, OLD.replace("version: 0.1.0", &format!("version: '{old}'"))).expect("written");
        let (ended, shown) = review(place.path(), &[]);
        assert!(ended == Some(code) && shown.contains(said), "{old} -> {new}: {ended:?} {shown}");
    }
}

/// A repository with a spec and its crate, both committed on main.
fn repository() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let specs = place.path().join("specs/acme");
    fs::create_dir_all(&specs).expect("a folder");
    fs::write(specs.join("openapi.yaml"), OLD).expect("written");
    fs::write(place.path().join("Cargo.toml"), "[workspace]\n").expect("written");
    generate(place.path());
    git(place.path(), &["init", "--quiet", "--initial-branch", "main"]);
    commit(place.path());
    git(place.path(), &["checkout", "--quiet", "-b", "work"]);
    place
}

fn generate(root: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.current_dir(root).args(["codegen", "acme"]).output().expect("xtask runs");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(who).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", "a"]);
}

#[test]
fn a_crate_that_was_not_generated_again_is_exit_code_4() {
    let place = repository();
    let here = place.path();
    assert_eq!(run(here, &[]), (Some(0), String::new()));
    // The spec changed, the crate did not: in the working tree, then in a revision.
    let spec = here.join("specs/acme/openapi.yaml");
    let edited =
        OLD.replace("description: Users.", "description: All users.").replace("title: Acme", "title: Acme Shops");
    fs::write(&spec, &edited).expect("written");
    let stale = "is not what specs/acme/openapi.yaml generates: Cargo.toml differs in line ";
    let (code, shown) = run(here, &[]);
    assert_eq!(code, Some(4), "{shown}");
    assert!(
        shown.contains(stale) && shown.contains("the spec changed, and the crate was not generated again"),
        "{shown}"
    );
    commit(here);
    let (code, shown) = run(here, &["main", "HEAD"]);
    assert!(code == Some(4) && shown.contains("new HEAD:generated/acme/Cargo.toml:"), "{shown}");
    // Generated again, it is good, and the revision before is still not.
    generate(here);
    assert_eq!(run(here, &[]).0, Some(0), "{}", run(here, &[]).1);
    commit(here);
    assert_eq!(run(here, &["main", "HEAD"]).0, Some(0));
    assert_eq!(run(here, &["main", "HEAD~1"]).0, Some(4));
}

#[test]
fn a_crate_edited_by_hand_is_exit_code_4() {
    let place = repository();
    let here = place.path();
    let file = here.join("generated/acme/src/lib.rs");
    let source = fs::read_to_string(&file).expect("text");
    fs::write(&file, format!("{source}// by hand\n")).expect("written");
    let (code, shown) = run(here, &[]);
    assert_eq!(code, Some(4), "{shown}");
    assert!(
        shown.contains("the crate was edited by hand") && shown.contains("new generated/acme/src/lib.rs:"),
        "{shown}"
    );
    fs::remove_dir_all(here.join("generated")).expect("removed");
    assert_eq!(run(here, &[]).0, Some(4), "a crate that is gone");
    fs::write(&file, "").expect_err("the folder is gone");
    git(here, &["checkout", "--quiet", "."]);
    git(here, &["rm", "--quiet", "-r", "specs"]);
    let (code, shown) = run(here, &["--fail-on", "wire"]);
    assert!(code == Some(4) && shown.contains("generated/acme has no specs/acme/openapi.yaml any more"), "{shown}");
}

#[test]
fn two_files_are_compared_in_rust_when_asked() {
    let edit = "{name: limit, x-rust-name: at_most, in: query";
    let place = pair(&[("{name: limit, in: query", edit), ("0.1.0", "0.2.0")]);
    let (_, shown) = review(place.path(), &[]);
    assert!(shown.contains("[variant-names-changed]") && !shown.contains("[member-renamed]"), "{shown}");
    let (code, shown) = review(place.path(), &["--rust"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("[member-renamed]") && !shown.contains("[variant-names-changed]"), "{shown}");
}

#[test]
fn what_changes_in_rust_only_asks_for_a_version() {
    let place = repository();
    let here = place.path();
    let method = "operationId: list_users";
    let edited = OLD.replace(method, "operationId: list_users\n      parameters:\n        - {name: at, in: query, required: true, schema: {type: string}, x-rust-name: since}");
    fs::write(here.join("specs/acme/openapi.yaml"), edited.replace("version: 0.1.0", "version: 0.2.0"))
        .expect("written");
    generate(here);
    commit(here);
    let renamed = edited.replace("in: query, schema", "x-rust-name: at_most, in: query, schema");
    fs::write(here.join("specs/acme/openapi.yaml"), renamed.replace("version: 0.1.0", "version: 0.2.1"))
        .expect("written");
    generate(here);
    let (code, shown) = run(here, &["HEAD"]);
    assert_eq!(code, Some(4), "{shown}");
    assert!(shown.contains("[member-renamed]: the setter `limit` of `list_orders` is called `at_most`"), "{shown}");
    assert!(shown.contains("acme-client 0.2.0 -> 0.2.1 is too small: a major step needs 0.3.0 at least"), "{shown}");
}
