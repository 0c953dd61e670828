//! What a hostile spec costs: each one is generated in a process of its own, with 512 MiB of memory, and answered
//! within two seconds of processor time with located findings or a crate that holds nothing but what it should.
//!
//! [`TABLE`] says which attack is covered by which cases. Small cases are files in `cases/hostile` and entries of
//! `hostile_limits/cases.rs`; what would be large files is made there, too. Without optimization the time is ten
//! times longer: `cargo test --release -p countersign-codegen --test hostile_limits` holds the figure itself.

#[path = "hostile_limits/cases.rs"]
mod cases;

use cases::{Case, Must, TABLE, all};
use countersign_codegen::files::CrateFiles;
use countersign_codegen::finding::{Finding, has_errors};
use countersign_codegen::generate::{Failure, Source, generate};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::str::FromStr as _;
use std::time::Duration;

/// Names the case that a child process runs.
const CASE: &str = "COUNTERSIGN_HOSTILE_CASE";
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
/// 512 MiB, as `ulimit -v` counts.
const MOST_MEMORY_KIB: u64 = 512 * 1024;

#[test]
fn every_attack_is_covered() {
    let names: BTreeSet<String> = all().into_iter().map(|case| case.name).collect();
    assert!(names.len() >= 200, "only {} cases", names.len());
    for (attack, cases) in TABLE {
        assert!(!cases.is_empty(), "{attack}");
        for case in *cases {
            let found = match case.strip_suffix('*') {
                Some(prefix) => names.iter().any(|name| name.starts_with(prefix)),
                None => names.contains(*case),
            };
            assert!(found, "`{attack}` names the case `{case}`, which is not there");
        }
    }
}

#[test]
fn every_case_ends_within_its_limits() {
    let program = std::env::current_exe().unwrap();
    let mut wrong = String::new();
    let mut slowest = (Duration::ZERO, String::new());
    let (mut count, mut crates) = (0, 0);
    for case in all() {
        let mut child = if cfg!(target_os = "linux") {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("ulimit -v {MOST_MEMORY_KIB} && exec \"$0\" \"$@\"")).arg(&program);
            shell
        } else {
            Command::new(&program)
        };
        let child = child.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CASE, &case.name);
        let output = child.env("RUST_BACKTRACE", "0").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let Some(took) = said.lines().find_map(|line| line.split_once("answered in ")?.1.parse::<u64>().ok()) else {
            let trouble = String::from_utf8_lossy(&output.stderr);
            let _ = writeln!(wrong, "{}: {}\n{said}{trouble}", case.name, output.status);
            continue;
        };
        let took = Duration::from_micros(took);
        count += 1;
        crates += usize::from(said.contains("a crate, answered in"));
        if took > LONGEST {
            let _ = writeln!(wrong, "{} took {took:?}", case.name);
        }
        if took > slowest.0 {
            slowest = (took, case.name);
        }
    }
    println!("{count} cases, {crates} crates; slowest: {} with {:?}", slowest.1, slowest.0);
    assert!(wrong.is_empty(), "\n{wrong}");
    // Were everything refused for some other reason, nothing would be shown.
    assert!(crates >= 50, "only {crates} of {count} became crates");
}

#[test]
#[cfg(target_os = "linux")]
fn the_limit_on_memory_holds() {
    let program = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg("ulimit -v 40000 && exec \"$0\" \"$@\"").arg(&program);
    shell.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CASE, "made-scalar-10mb");
    let output = shell.output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("answered in"), "40 MB are too little for this");
}

/// One case, if this is the process for it.
#[test]
fn child() {
    let Ok(name) = std::env::var(CASE) else { return };
    let case = all().into_iter().find(|case| case.name == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(&case.file);
    (case.write)(&file);
    let begin = processor_time();
    let outcome = generate(&Source::anywhere(folder.path(), &file, "acme-client", "codegen"));
    let took = processor_time() - begin;
    let verdict = if outcome.is_ok() { "a crate" } else { "findings" };
    match outcome {
        Ok(generated) => {
            assert!(!matches!(case.must, Must::Refused(_)), "{name} became a crate");
            located(&generated.notes);
            sound(&generated.files);
        }
        Err(Failure::Findings { findings, .. }) => {
            assert!(has_errors(&findings), "{findings:?}");
            located(&findings);
            refused(&case, &findings);
        }
        Err(failure) => panic!("{failure}"),
    }
    println!("\n{verdict}, answered in {}", took.as_micros());
}

fn refused(case: &Case, findings: &[Finding]) {
    let rules: BTreeSet<_> = findings.iter().map(|finding| finding.rule).collect();
    match case.must {
        Must::Refused(rule) => assert!(rules.contains(rule), "{}: {rules:?}", case.name),
        Must::Answered => {}
    }
}

fn located(findings: &[Finding]) {
    for finding in findings {
        assert!(finding.at.line >= 1 && finding.at.column >= 1 && !finding.message.is_empty(), "{finding:?}");
        assert!(finding.message.len() < 2_000, "{finding:?}");
    }
}

/// Files inside the crate, sources that parse, and no word of the spec as code.
fn sound(files: &CrateFiles) {
    files.check().unwrap();
    for (path, content) in &files.0 {
        let inside = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        assert!(inside && path.is_ascii(), "{path}");
        let text = std::str::from_utf8(content).unwrap();
        if Path::new(path).extension().is_some_and(|extension| extension == "rs") {
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            canary(TokenStream::from_str(text).unwrap(), path);
        }
        assert!(!text.contains('\u{202E}') && !text.contains('\0'), "{path}");
    }
}

fn canary(tokens: TokenStream, path: &str) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => canary(group.stream(), path),
            TokenTree::Ident(ident) => assert_ne!(ident, "canary", "{path}"),
            _ => {}
        }
    }
}

/// What this thread has used.
fn processor_time() -> Duration {
    // Nanoseconds on a processor; elsewhere than on Linux the clock on the wall has to do.
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let used = used.and_then(|text| text.split(' ').next()?.parse().ok());
    used.map_or_else(
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default(),
        Duration::from_nanos,
    )
}
