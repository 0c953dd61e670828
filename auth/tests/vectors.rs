//! All vectors, step by step, each signed request turned round.
#![cfg(feature = "vectors")]

use countersign_auth::Recipe;
use countersign_auth::document::{Recipes, Value, recipes_from_components};
use countersign_auth::vectors::{CaseOutcome, Outcome, VectorFile, run};
use std::path::{Path, PathBuf};

/// Where each provider's vectors are, and how many of them.
const FILES: [(&str, &str, usize); 6] = [
    ("appsmiles", "../specs/appsmiles/vectors.json", 29),
    ("clutch", "../specs/clutch/vectors.json", 18),
    ("cardlytics", "../specs/cardlytics/vectors.json", 19),
    ("clevertap", "../specs/clevertap/vectors.json", 3),
    ("others", "tests/vectors/others.json", 18),
    ("vendors", "tests/vectors/vendors.json", 98),
];

fn read(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn recipes() -> Recipes {
    let document = Value::from_json(&read("tests/vectors/recipes.json")).unwrap();
    recipes_from_components(&document).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Files whose recipes are hand-written schemes, which they carry themselves.
const CUSTOM: &[(&str, &str, usize)] = &[
    #[cfg(feature = "aws-sigv4")]
    ("aws", "tests/vectors/aws.json", 129),
    ("rfc9421", "tests/vectors/rfc9421.json", 83),
];

#[test]
fn all_vectors_hold() {
    let recipes: Vec<Recipe> = recipes().recipes.into_iter().map(|declared| declared.recipe).collect();
    let mut total = 0;
    let mut failures = Vec::new();
    for (provider, path, count) in FILES.iter().chain(CUSTOM).copied() {
        let file = VectorFile::parse(&read(path)).unwrap_or_else(|errors| panic!("{path}: {errors:#?}"));
        assert_eq!(file.provider, provider, "{path}");
        let outcomes = run(&file, &recipes);
        let failed: Vec<CaseOutcome> = outcomes.iter().filter(|outcome| !outcome.passed()).cloned().collect();
        println!("{provider:<12} {:>3} passed, {} failed", outcomes.len() - failed.len(), failed.len());
        assert_eq!(outcomes.len(), count, "{path}");
        total += outcomes.len();
        failures.extend(failed.into_iter().map(|outcome| (provider, outcome)));
    }
    println!("{:<12} {total:>3}", "total");
    for (provider, outcome) in &failures {
        let Outcome::Failed { step, expected, got } = &outcome.outcome else { continue };
        println!("{provider} {}: {step}\n  expected {expected}\n  got      {got}", outcome.name);
    }
    assert!(failures.is_empty());
    assert_eq!(total, 185 + CUSTOM.iter().map(|(_, _, count)| count).sum::<usize>());
}

/// A runner that passes whatever comes would show nothing: every step that is changed is noticed and named.
#[test]
fn a_changed_vector_is_noticed_at_the_step_that_differs() {
    let recipes: Vec<Recipe> = recipes().recipes.into_iter().map(|declared| declared.recipe).collect();
    let text = read("../specs/cardlytics/vectors.json");
    let changes = [
        ("\"content_digest\": \"7f16", "\"content_digest\": \"8f16", "content_digest"),
        ("\"token.header_json\": \"{\\\"alg\\\"", "\"token.header_json\": \"{\\\"alG\\\"", "token.header_json"),
        ("\"token.payload_json\": \"{\\\"iss", "\"token.payload_json\": \"{\\\"isS", "token.payload_json"),
        ("\"token.signing_input\": \"eyJ", "\"token.signing_input\": \"eYJ", "token.signing_input"),
        ("\"token.signature_hex\": \"44", "\"token.signature_hex\": \"45", "token.signature_hex"),
        ("\"token\": \"eyJ", "\"token\": \"eYJ", "token"),
        ("\"Bearer eyJ", "\"Bearer eYJ", "headers"),
        ("\"body_hex\": \"7b", "\"body_hex\": \"7c", "content_digest"),
        ("\"recipe\": \"cardlytics\"", "\"recipe\": \"cardlitics\"", "recipe"),
    ];
    for (from, to, expected) in changes {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let file = VectorFile::parse(&changed).unwrap();
        let failed: Vec<CaseOutcome> = run(&file, &recipes).into_iter().filter(|outcome| !outcome.passed()).collect();
        assert_eq!(failed.len(), 1, "{from}");
        assert!(matches!(&failed[0].outcome, Outcome::Failed { step, .. } if step == expected), "{:?}", failed[0]);
    }
}

#[test]
fn a_bad_vector_file_gets_all_its_errors_at_once() {
    let text = r#"{"provider": "x", "vectors": [
        {"name": "a", "kind": "sing", "recipe": "r", "input": {"optons": {}, "request": {"method": "GET", "target": "/",
         "headers": [["A\n", "b"]], "body_hex": "0g"}}, "expected": {}},
        {"kind": "verify", "recipe": "r", "input": {"request": null}, "expected": {"valid": "yes"}}]}"#;
    let errors = VectorFile::parse(text).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    for pointer in [
        "/vectors/0/kind",
        "/vectors/0/input/optons",
        "/vectors/0/input/request/headers/0",
        "/vectors/0/input/request/body_hex",
        "/vectors/1",
        "/vectors/1/input/now",
        "/vectors/1/expected/valid",
    ] {
        assert!(pointers.contains(&pointer), "{pointer} in {pointers:?}");
    }
    assert_eq!(
        errors.iter().find(|error| error.pointer.ends_with("optons")).unwrap().help.as_deref(),
        Some("did you mean `options`?")
    );
}
