//! Specs that are wrong in one way each, and what is said of them.
//!
//! A case is a file: `cases/hostile/NAME.yaml` begins with the findings that it expects, one comment for each
//! (`# expect: unknown-key 14:7`, or `# expect: nothing`), and `NAME.vectors.json` holds its vectors, if any.

use countersign_codegen::finding::{Finding, Sources, has_errors, render};
use countersign_codegen::lint::{Context, lint, rules};
use countersign_codegen::normalize::{self, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::vectors::Vectors;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The case files, in order.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

/// What is found in a case.
fn findings(file: &Path, text: &[u8]) -> Vec<Finding> {
    let vectors = file.with_extension("vectors.json");
    let vectors = match std::fs::read(&vectors) {
        Ok(text) => Vectors::File { file: vectors, text },
        Err(_) => Vectors::Missing,
    };
    match parse(file, text) {
        Ok(spec) => lint(&spec, &Context { vectors, crate_is_named: false }),
        Err(findings) => findings,
    }
}

#[test]
fn every_case_is_answered_with_its_findings() {
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases were found", cases.len());
    let mut wrong = String::new();
    for file in &cases {
        let text = std::fs::read(file).unwrap();
        let readable = String::from_utf8_lossy(&text).into_owned();
        let expected: Vec<&str> = readable.lines().map_while(|line| line.strip_prefix("# expect: ")).collect();
        let begin = Instant::now();
        let findings = findings(file, &text);
        let took = begin.elapsed();
        let mut found: Vec<String> =
            findings.iter().map(|finding| format!("{} {}", finding.rule, finding.at)).collect();
        let mut expected: Vec<String> =
            expected.iter().filter(|line| **line != "nothing").map(|line| (*line).to_owned()).collect();
        expected.sort();
        found.sort();
        assert!(took < Duration::from_secs(20), "{} took {took:?}", file.display());
        if found != expected {
            let shown = render(&findings, &Sources::default().with(file, readable));
            let _ = writeln!(wrong, "{}\n expected {expected:?}\n found    {found:?}\n{shown}", file.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_lint_lets_pass_is_lowered_or_answered_too() {
    for file in cases() {
        let Ok(spec) = parse(&file, std::fs::read(&file).unwrap()) else { continue };
        let context = normalize::Context { provider: "acme".to_owned(), ..normalize::Context::default() };
        let answered =
            |findings: Vec<Finding>| findings.iter().all(|finding| finding.at.line >= 1 && finding.at.column >= 1);
        let sound = match normalize(&spec, &context) {
            Ok(normalized) => answered(normalized.notes),
            Err(findings) => has_errors(&findings) && answered(findings),
        };
        assert!(sound, "{}", file.display());
    }
}

#[test]
fn findings_are_located_and_of_known_rules() {
    for file in cases() {
        let text = std::fs::read(&file).unwrap();
        let lines = text.split(|byte| *byte == b'\n').count();
        for finding in findings(&file, &text) {
            assert!(
                rules::ALL.iter().any(|rule| rule.id == finding.rule && rule.level == finding.level),
                "{finding:?}"
            );
            assert!(finding.at.line >= 1 && finding.at.column >= 1, "{finding:?}");
            assert!(finding.at.line as usize <= lines || finding.file != file, "{finding:?}");
            assert!(!finding.message.ends_with('.'), "{finding:?}");
        }
    }
}

#[test]
fn what_is_printed_can_be_printed() {
    for file in cases() {
        let text = std::fs::read(&file).unwrap();
        let findings = findings(&file, &text);
        let shown = render(&findings, &Sources::default().with(&file, String::from_utf8_lossy(&text)));
        let hidden =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        assert!(!shown.contains(hidden), "{shown:?}");
        assert!(shown.lines().all(|line| line.chars().count() < 1_000), "{shown}");
    }
}

/// A sound document with `operations` operations, and as many schemas, tags and enum values.
fn large(operations: usize, wrong: bool) -> String {
    let mut text =
        "openapi: 3.0.3\ninfo: {title: A, version: '1', x-crate: {name: a-client, version: 0.1.0}}\n".to_owned();
    text.push_str("servers: [{url: https://a.example}]\ntags: [{name: t}]\npaths:\n");
    let (tag, extra) = if wrong { ("tt", ", sumary: x") } else { ("t", "") };
    for n in 0..operations {
        let _ = writeln!(
            text,
            "  /a{n}:\n    get: {{operationId: get_a{n}, tags: [{tag}], x-repeat: safe{extra}, responses: {{'200': {{description: \
             ok, content: {{application/json: {{schema: {{$ref: '#/components/schemas/S{n}'}}}}}}}}}}}}"
        );
    }
    text.push_str("components:\n  schemas:\n");
    for n in 0..operations {
        let _ = writeln!(text, "    S{n}: {{type: string, enum: [a, b]}}");
    }
    let _ = writeln!(
        text,
        "    Many: {{type: string, enum: [{}]}}",
        (0..operations).map(|n| format!("v{n}, ")).collect::<String>()
    );
    let _ = writeln!(text, "    Long: {{type: string, description: '{}'}}", "lorem ipsum ".repeat(400_000));
    text
}

#[test]
fn large_documents_take_time_in_proportion() {
    for (wrong, expected) in [(false, 0), (true, 2 * 5_000)] {
        let begin = Instant::now();
        let findings = findings(Path::new("large.yaml"), large(5_000, wrong).as_bytes());
        assert_eq!(findings.len(), expected, "{:?}", findings.first());
        // Without optimization; what is quadratic takes minutes here.
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    }
}
