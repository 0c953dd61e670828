//! `spec-diff` as it is called: what BASE and HEAD can be, what fails, and what each format says.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec_diff");

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(name)).expect("a fixture")
}

fn spec_diff(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(folder).arg("spec-diff").args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("xtask runs");
    // Who does not read standard input may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("xtask ends")
}

/// Exit code and standard output.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = spec_diff(folder, arguments, "");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

/// Exit code and standard error.
fn trouble(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = spec_diff(folder, arguments, "");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(who).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose main branch has the old spec of `acme`, and whose branch `work` has the new one checked out.
fn repository() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let specs = place.path().join("specs/acme");
    fs::create_dir_all(&specs).expect("a folder");
    fs::write(place.path().join("openapi.yaml"), fixture("old.yaml")).expect("written");
    fs::write(place.path().join("order.yaml"), fixture("order.yaml")).expect("written");
    fs::write(specs.join("openapi.yaml"), fixture("old.yaml")).expect("written");
    fs::write(specs.join("order.yaml"), fixture("order.yaml")).expect("written");
    git(place.path(), &["init", "--quiet", "--initial-branch", "main"]);
    git(place.path(), &["add", "."]);
    git(place.path(), &["commit", "--quiet", "-m", "old"]);
    git(place.path(), &["checkout", "--quiet", "-b", "work"]);
    fs::write(specs.join("openapi.yaml"), fixture("new.yaml")).expect("written");
    place
}

#[test]
fn files_are_compared() {
    let here = Path::new(FOLDER);
    let (code, text) = run(here, &["old.yaml", "new.yaml"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("[path-removed]") && text.contains("old old.yaml:17:"), "{text}");
    assert!(text.contains("new new.yaml:9:"), "{text}");
    assert_eq!(run(here, &["old.yaml", "old.yaml"]), (Some(0), String::new()));
}

#[test]
fn one_side_may_be_standard_input() {
    // Standard input has no folder, so it is one file.
    let text = fixture("old.yaml").replace("{$ref: 'order.yaml'}", "{type: object}");
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("one.yaml"), &text).expect("written");
    let output = spec_diff(place.path(), &["one.yaml", "-"], &text.replace("list_orders", "orders"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("[operation-id-changed]") && shown.contains("new -:7:"), "{shown}");
    assert_eq!(trouble(place.path(), &["-", "-"]).0, Some(2));
}

#[test]
fn without_arguments_the_branch_is_compared_with_main() {
    let place = repository();
    let (code, text) = run(place.path(), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("new specs/acme/openapi.yaml:9:"), "{text}");
    git(place.path(), &["checkout", "--quiet", "."]);
    assert_eq!(run(place.path(), &[]), (Some(0), String::new()));
}

#[test]
fn revisions_are_exported_with_the_files_that_a_spec_refers_to() {
    let place = repository();
    git(place.path(), &["commit", "--quiet", "-am", "new"]);
    // What changes is in the other file, and in git only.
    let order = place.path().join("specs/acme/order.yaml");
    fs::write(&order, fixture("order.yaml").replace("integer", "boolean")).expect("written");
    git(place.path(), &["commit", "--quiet", "-am", "order"]);
    fs::remove_file(&order).expect("removed");
    let (code, text) = run(place.path(), &["HEAD~1", "HEAD"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("old HEAD~1:specs/acme/order.yaml:5:"), "{text}");
    assert!(text.contains("new HEAD:specs/acme/order.yaml:5:"), "{text}");
    assert!(text.contains("[type-changed]") && !text.contains("[path-removed]"), "{text}");
    let status = Command::new("git").current_dir(place.path()).args(["status", "--short"]).output().expect("git runs");
    assert_eq!(String::from_utf8_lossy(&status.stdout), " D specs/acme/order.yaml\n", "the index is left alone");
}

#[test]
fn a_revision_may_name_a_file() {
    let place = repository();
    let spec = "specs/acme/openapi.yaml";
    for arguments in [&["main:specs/acme/openapi.yaml", spec][..], &["main", spec], &["main:openapi.yaml", spec]] {
        let (code, text) = run(place.path(), arguments);
        assert_eq!(code, Some(1), "{arguments:?} {text}");
        assert!(text.contains("old main:") && text.contains("/openapi.yaml:17:"), "{text}");
    }
    let (code, text) = trouble(place.path(), &["main:specs/nobody.yaml", spec]);
    assert_eq!(code, Some(2));
    assert!(text.contains("main has no file `specs/nobody.yaml`"), "{text}");
    let (code, text) = trouble(place.path(), &["nothing", spec]);
    assert_eq!(code, Some(2));
    assert!(text.contains("`nothing` is neither a file nor a git revision"), "{text}");
}

#[test]
fn a_spec_that_is_new_passes_and_one_that_is_gone_fails() {
    let place = repository();
    git(place.path(), &["checkout", "--quiet", "."]);
    git(place.path(), &["mv", "specs/acme", "specs/other"]);
    let (code, text) = run(place.path(), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("== acme: ") && text.contains("this spec is gone\n"), "{text}");
    assert!(text.contains("== other: specs/other/openapi.yaml\nthis spec is new"), "{text}");
    assert_eq!(text.matches("[path-removed]").count(), 2, "{text}");
}

#[test]
fn a_spec_that_is_gone_takes_its_webhooks_along() {
    let place = repository();
    let file = place.path().join("specs/acme/openapi.yaml");
    let answer = "{requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'200': {description: Ok.}}}";
    let spec = format!(
        "openapi: 3.0.3\ninfo: {{title: Acme, version: '1'}}\npaths: {{}}\nx-webhooks: {{done: {{post: {answer}}}}}\n"
    );
    fs::write(&file, spec).expect("written");
    git(place.path(), &["commit", "--quiet", "-am", "only webhooks"]);
    git(place.path(), &["rm", "--quiet", "-r", "specs/acme"]);
    let (code, text) = run(place.path(), &["HEAD"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("this spec is gone\n") && text.contains("[webhook-removed]"), "{text}");
}

#[test]
fn a_shallow_clone_and_a_missing_main_name_the_way_out() {
    let place = repository();
    git(place.path(), &["commit", "--quiet", "-am", "new"]);
    git(place.path(), &["checkout", "--quiet", "main"]);
    git(place.path(), &["commit", "--quiet", "--allow-empty", "-m", "later"]);
    let clones = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", place.path().display());
    git(clones.path(), &["clone", "--quiet", "--depth", "1", "--branch", "work", &url, "one"]);
    let one = clones.path().join("one");
    let (code, text) = trouble(&one, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("neither origin/main nor main") && text.contains("git fetch --unshallow"), "{text}");
    git(&one, &["fetch", "--quiet", "--depth", "1", "origin", "main:refs/remotes/origin/main"]);
    let (code, text) = trouble(&one, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("this clone is shallow") && text.contains("git fetch --unshallow"), "{text}");
    let (code, text) = trouble(clones.path(), &[]);
    assert_eq!(code, Some(2));
    assert!(text.contains("no git repository"), "{text}");
}

#[test]
fn what_fails_can_be_chosen() {
    let here = Path::new(FOLDER);
    let code = |new: &str, fail_on: &str| run(here, &["old.yaml", new, "--fail-on", fail_on]).0;
    assert_eq!(code("new.yaml", "none"), Some(0));
    assert_eq!(code("new.yaml", "wire"), Some(1));
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("order.yaml"), fixture("order.yaml")).expect("written");
    let edited = |from: &str, to: &str| {
        let file = place.path().join("edited.yaml");
        fs::write(&file, fixture("old.yaml").replace(from, to)).expect("written");
        ["none", "wire", "source", "behaviour"].map(|on| code(file.to_str().expect("text"), on))
    };
    assert_eq!(edited("list_orders", "orders"), [Some(0), Some(0), Some(1), Some(0)]);
    assert_eq!(edited("default: 10", "default: 20"), [Some(0), Some(0), Some(0), Some(1)]);
}

#[test]
fn rules_are_listed_and_explained() {
    let here = Path::new(FOLDER);
    let (code, text) = run(here, &["rules"]);
    assert_eq!(code, Some(0));
    assert!(text.lines().count() > 200, "{}", text.lines().count());
    assert!(text.lines().all(|line| line.split('\t').count() == 10));
    assert!(text.contains("A4\toperation-removed\tbreaking\tbreaking\t-\tmajor\tmajor\t-\t"), "{text}");
    let (code, text) = run(here, &["explain", "operation-removed"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("wire: breaking") && text.contains("api-removed-without-deprecation"), "{text}");
    assert!(text.contains("what to do: "), "{text}");
    let code = "stops compiling: \n  client.create_thing().await?;\n  // no method named `create_thing`\n";
    assert!(text.contains(code) && text.contains("\nat: /paths/~1things/post\n  before: {"), "{text}");
    assert!(text.contains("\n  after: (nothing)\n"), "{text}");
    let (_, text) = run(here, &["explain", "digest-changed"]);
    assert!(text.contains("  before: hash: sha-512\n  after: hash: sha-256\n"), "{text}");
    assert_eq!(run(here, &["explain", "b6"]).1.matches("what to do: ").count(), 2);
    assert_eq!(trouble(here, &["explain", "nothing"]).0, Some(2));
}

/// A pair with hostile text and many changes of each kind: `count` operations go, as many defaults change.
fn large(folder: &Path, count: usize) {
    let operation = |at: usize, default: usize| {
        let name = format!("/p{at}<script>@all `x` | ]]> %0A::error::");
        let parameter =
            serde_json::json!({"name": "limit", "in": "query", "schema": {"type": "integer", "default": default}});
        let operation = serde_json::json!({"parameters": [parameter], "responses": {"200": {"description": ""}}});
        (name, serde_json::json!({"get": operation}))
    };
    let document = |from: usize, default: usize| {
        let paths: serde_json::Map<_, _> = (from..2 * count).map(|at| operation(at, default)).collect();
        serde_json::json!({"openapi": "3.0.3", "info": {"title": "Acme"}, "paths": paths}).to_string()
    };
    fs::write(folder.join("old.json"), document(0, 1)).expect("written");
    fs::write(folder.join("new.json"), document(count, 2)).expect("written");
}

fn formats(folder: &Path, old: &str, new: &str, fail_on: &str) -> [String; 7] {
    ["json", "text", "markdown", "github", "sarif", "junit", "html"].map(|format| {
        let (code, text) = run(folder, &[old, new, "--all", "--fail-on", fail_on, "--format", format]);
        assert_eq!(code, Some(i32::from(fail_on != "none")), "{format}: {text}");
        text
    })
}

/// The schema of SARIF 2.1.0 (OASIS) holds, without its descriptions and with a stray bracket in two patterns mended; and does not hold of what is no SARIF.
fn is_sarif(sarif: &serde_json::Value) {
    let schema = serde_json::from_str(include_str!("spec_diff/sarif-2.1.0.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> =
        validator.iter_errors(sarif).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let mut other = sarif.clone();
    other["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&other), "the schema knows the levels");
}

/// Each format counts the same changes, and the same that fail.
fn counted(folder: &Path, old: &str, new: &str, fail_on: &str) -> (usize, usize) {
    let [json, text, markdown, github, sarif, junit, html] = formats(folder, old, new, fail_on);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let number = |at: &str| usize::try_from(json.pointer(at).and_then(serde_json::Value::as_u64).expect(at)).expect(at);
    let (all, failing) = (number("/summary/changes"), number("/summary/failing"));
    let changes = json["changes"].as_array().expect("a list");
    assert_eq!((changes.len(), changes.iter().filter(|change| change["fails"] == true).count()), (all, failing));
    assert!(text.starts_with(&format!("{all} changes, {failing} of them fail;")), "{text}");
    assert_eq!(text.matches("\n  fingerprint ").count(), all);
    assert!(markdown.starts_with(&format!("### Spec review: {all} changes, {failing} of them fail\n")), "{markdown}");
    assert_eq!(github.lines().count(), all);
    assert_eq!(github.lines().filter(|line| line.starts_with("::error ")).count(), failing);
    let sarif: serde_json::Value = serde_json::from_str(&sarif).expect("JSON");
    let results = sarif.pointer("/runs/0/results").and_then(serde_json::Value::as_array).expect("a list");
    assert_eq!(results.len(), all);
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), failing);
    is_sarif(&sarif);
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure ").count()), (all, failing));
    assert!(junit.contains(&format!("<testsuites name=\"spec-diff\" tests=\"{all}\" failures=\"{failing}\">")));
    assert_eq!(html.matches("class=\"item ").count(), all);
    assert_eq!(html.matches(" data-v=\"fails ").count(), failing);
    let schema = include_str!("../src/spec_diff/review.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let mut unknown = json.clone();
    unknown["changes"][0]["surprise"] = serde_json::Value::Null;
    assert!(!validator.is_valid(&unknown), "the schema knows every member");
    (all, failing)
}

#[test]
fn formats_count_alike() {
    let here = Path::new(FOLDER);
    assert_eq!(counted(here, "old.yaml", "new.yaml", "wire"), (4, 1));
    assert_eq!(counted(here, "old.yaml", "new.yaml", "behaviour"), (4, 2));
    assert_eq!(counted(here, "old.yaml", "new.yaml", "none"), (4, 0));
    let place = tempfile::tempdir().expect("a folder");
    large(place.path(), 300);
    assert_eq!(counted(place.path(), "old.json", "new.json", "wire"), (600, 300));
}

#[test]
fn nothing_changed_is_nothing_in_every_format() {
    let here = Path::new(FOLDER);
    for format in ["text", "markdown", "github"] {
        assert_eq!(run(here, &["old.yaml", "old.yaml", "--format", format]), (Some(0), String::new()));
    }
    let (code, json) = run(here, &["old.yaml", "old.yaml", "--format", "json"]);
    assert!(code == Some(0) && json.contains("\"changes\": []"), "{json}");
}

#[test]
fn many_changes_are_grouped_and_fit_a_comment() {
    let place = tempfile::tempdir().expect("a folder");
    large(place.path(), 300);
    let (_, text) = run(place.path(), &["old.json", "new.json"]);
    assert!(text.contains("\n300 x breaking, fails[path-removed]: "), "{text}");
    assert!(text.contains("\n600 changes, grouped by rule; --all shows each\n"), "{text}");
    assert!(text.lines().count() < 12, "{text}");
    let (_, markdown) = run(place.path(), &["old.json", "new.json", "--format", "markdown"]);
    assert!(markdown.len() < 60_000 && markdown.len() > 50_000, "{}", markdown.len());
    let shown = markdown.matches("  - fingerprint ").count();
    let left_out = format!("{} changes are left out here", 600 - shown);
    assert!(shown > 10 && markdown.contains(&left_out), "{shown}");
    assert_eq!(markdown.matches("<details>").count(), markdown.matches("</details>").count());
}

#[test]
fn text_of_a_document_stays_text() {
    let place = tempfile::tempdir().expect("a folder");
    large(place.path(), 1);
    let [_, _, markdown, github, _, junit, html] = formats(place.path(), "old.json", "new.json", "wire");
    for markup in ["<script", "@all", "`x`"] {
        assert!(!markdown.contains(markup), "{markdown}");
    }
    assert!(
        github.lines().all(|line| line.starts_with("::error ")
            || line.starts_with("::notice ")
            || line.starts_with("::warning "))
    );
    assert!(github.contains("%250A") && !github.contains("%0A"), "{github}");
    assert!(html.matches("<script").count() == 1 && html.contains("&lt;script&gt;"), "{html}");
    assert!(!junit.contains("<script") && !junit.contains("]]>"), "{junit}");
}

/// What the command writes with some variables set, the others that are about colour taken away.
fn coloured(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.current_dir(FOLDER).args(["spec-diff", "old.yaml", "new.yaml"]).args(arguments);
    let output = command.envs(variables.iter().copied()).output().expect("xtask runs");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn colour_is_there_when_it_is_wanted() {
    let plain = coloured(&[], &[]);
    assert!(!plain.contains('\u{1b}') && plain.contains("breaking, source major[path-removed]: "), "{plain}");
    let always = coloured(&["--color", "always"], &[]);
    assert!(always.contains("\u{1b}[1m\u{1b}[31mbreaking, source major\u{1b}[0m"), "{always:?}");
    assert_eq!(anstream::adapter::strip_str(&always).to_string(), plain);
    assert_eq!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), always, "who asks for it gets it");
    assert_eq!(coloured(&[], &[("CLICOLOR_FORCE", "1")]), always);
    assert_eq!(coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), plain);
    assert_eq!(coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
    for format in ["markdown", "json", "github", "sarif", "junit"] {
        assert!(!coloured(&["--format", format, "--color", "always"], &[]).contains('\u{1b}'), "{format}");
    }
}

#[test]
fn a_terminal_is_coloured() {
    // `script` runs a command on a terminal of its own; it is part of every Debian.
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: script not found, run .ci/setup");
        assert!(std::env::var_os("COUNTERSIGN_CI").is_none_or(|value| value != "1"), "not found: script");
        return;
    }
    let on_terminal = |variables: &[(&str, &str)]| {
        let call = format!("{} spec-diff old.yaml new.yaml", env!("CARGO_BIN_EXE_xtask"));
        let mut command = Command::new("script");
        command.current_dir(FOLDER).args(["--quiet", "--return", "--command", &call, "/dev/null"]);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let output = command.env("TERM", "xterm").envs(variables.iter().copied()).stdin(Stdio::null()).output();
        String::from_utf8(output.expect("script runs").stdout).expect("text")
    };
    assert!(on_terminal(&[]).contains("\u{1b}[31mbreaking"), "{}", on_terminal(&[]));
    let plain = on_terminal(&[("NO_COLOR", "1")]);
    assert!(plain.contains("breaking, source major[path-removed]") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn a_comment_has_room_whatever_the_input() {
    // Sixty providers whose names grow most when they are made harmless, each with many hostile changes.
    let place = tempfile::tempdir().expect("a folder");
    git(place.path(), &["init", "--quiet", "--initial-branch", "main"]);
    let source = tempfile::tempdir().expect("a folder");
    large(source.path(), 40);
    let put = |file: &str| {
        for at in 0..60 {
            let folder = place.path().join(format!("specs/{at:02}{}", "@".repeat(230)));
            fs::create_dir_all(&folder).expect("a folder");
            fs::copy(source.path().join(file), folder.join("openapi.yaml")).expect("copied");
        }
    };
    put("old.json");
    git(place.path(), &["add", "."]);
    git(place.path(), &["commit", "--quiet", "-m", "old"]);
    put("new.json");
    let (code, markdown) = run(place.path(), &["--format", "markdown"]);
    assert_eq!(code, Some(1), "{markdown}");
    assert!(markdown.len() < 60_000, "{}", markdown.len());
    assert!(markdown.starts_with("### Spec review: 4800 changes, 2400 of them fail\n"), "{markdown}");
    let named = markdown.matches("\n| ").count() - 1;
    assert!(named > 2 && markdown.contains(&format!("\nAnd {} specs more.\n", 60 - named)), "{named} {markdown}");
    let shown = markdown.matches("  - fingerprint ").count();
    assert!(shown > 5 && markdown.contains(&format!("\n{} changes are left out here", 4800 - shown)), "{shown}");
    assert_eq!(markdown.matches("<details>").count(), markdown.matches("</details>").count());
}

/// Whether `*` of a pattern can stand for what is between its other parts.
fn fits(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = id.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    last.map_or(rest.is_empty(), |part| id.ends_with(part))
}

#[test]
fn ids_of_oasdiff_are_real_and_nearly_all_have_a_rule() {
    let known: Vec<&str> = include_str!("spec_diff/oasdiff.txt").lines().filter(|id| !id.starts_with('#')).collect();
    let (_, table) = run(Path::new(FOLDER), &["rules"]);
    let columns = table.lines().skip(1).filter_map(|line| line.split('\t').next_back());
    let patterns: Vec<&str> = columns.flat_map(|column| column.split(' ')).filter(|id| *id != "-").collect();
    let unreal: Vec<&&str> = patterns.iter().filter(|pattern| !known.iter().any(|id| fits(pattern, id))).collect();
    assert!(unreal.is_empty(), "oasdiff has no {unreal:?}");
    let without: Vec<&&str> = known.iter().filter(|id| !patterns.iter().any(|pattern| fits(pattern, id))).collect();
    println!("{} of {} ids of oasdiff have a rule; without one: {without:?}", known.len() - without.len(), known.len());
    assert!(without.len() <= 6, "{without:?}");
}

#[test]
fn what_is_no_openapi_3_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let good = Path::new(FOLDER).join("old.yaml");
    let good = good.to_str().expect("text");
    let cases = [
        ("{\"name\": \"acme\"}", ":1:1 is no OpenAPI document"),
        ("[]", ":1:1 is no OpenAPI document"),
        ("{\"swagger\": \"2.0\", \"paths\": {}}", ":1:2 is Swagger 2"),
        ("{\"openapi\": \"2.1\", \"paths\": {}}", ":1:2 is for OpenAPI `2.1`"),
        ("{\"paths\": {},\n  \"openapi\": \"\"}", ":2:3 is for OpenAPI ``"),
    ];
    for (text, says) in cases {
        let file = place.path().join("package.json");
        fs::write(&file, text).expect("written");
        let file = file.to_str().expect("text");
        for arguments in [[good, file], [file, good]] {
            let (code, error) = trouble(place.path(), &arguments);
            assert_eq!(code, Some(2), "{text}: {error}");
            assert!(error.contains(says), "{text}: {error}");
        }
        let output = spec_diff(place.path(), &["-", good], text);
        assert_eq!(output.status.code(), Some(2), "{text}");
    }
}
