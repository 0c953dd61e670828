//! `cargo xtask new`: from a published file to a spec folder, a crate that is fresh, and a test of a first call.

use countersign_tests::workspace;
use std::fs;
use std::path::Path;
use std::process::Output;

/// A workspace with nothing in it but what `new` adds to.
fn empty_workspace() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    workspace::copy(&["Cargo.toml", "tests/Cargo.toml", "specs/cardlytics"], root.path());
    fs::create_dir_all(root.path().join("tests/tests")).unwrap();
    fs::create_dir_all(root.path().join("generated")).unwrap();
    root
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    workspace::xtask().args(arguments).current_dir(root).output().unwrap()
}

fn new(root: &Path, arguments: &[&str]) -> Output {
    run(root, &[&["new"], arguments, &["--yes"]].concat())
}

fn published() -> String {
    workspace::root().join("tests/data/shop").display().to_string()
}

fn read(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Every file below a folder, as text.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_published_file_is_trimmed_and_signed() {
    let root = empty_workspace();
    let arguments = ["shop", "--from", &published(), "--tags", "orders", "--recipe", "hmac-sha256"];
    let output = new(root.path(), &arguments);
    assert!(output.status.success(), "{}", workspace::text(&output));

    let spec = read(root.path(), "specs/shop/openapi.yaml");
    for kept in ["list_orders", "add_order", "Order:", "Page:", "x-crate:", "name: shop-client", "x-signing:"] {
        assert!(spec.contains(kept), "{kept} is missing:\n{spec}");
    }
    for gone in ["list_users", "User:", "- name: users", "X-Key\n", "login"] {
        assert!(!spec.contains(gone), "{gone} stayed:\n{spec}");
    }
    assert!(read(root.path(), "specs/shop/parts/line.json").contains("article"));
    assert!(read(root.path(), "specs/shop/SOURCES.md").contains("openapi.json"));
    assert!(read(root.path(), "generated/shop/Cargo.toml").contains("name = \"shop-client\""));
    assert!(read(root.path(), "tests/tests/shop.rs").contains("shop_client"));
    assert!(read(root.path(), "Cargo.toml").contains("\nshop-client = { path = \"generated/shop\""));
    assert!(read(root.path(), "tests/Cargo.toml").contains("\nshop-client.workspace = true"));

    let fresh = run(root.path(), &["codegen", "shop", "--check"]);
    assert!(fresh.status.success(), "{}", workspace::text(&fresh));
    let vectors = run(root.path(), &["vectors", "--recipes", "specs/shop/openapi.yaml", "specs/shop/vectors.json"]);
    assert!(workspace::text(&vectors).ends_with("2 passed, 0 failed\n"), "{}", workspace::text(&vectors));
}

#[test]
fn single_operations_keep_the_security_that_they_ask_for() {
    let root = empty_workspace();
    let output = new(root.path(), &["shop", "--from", &published(), "--operations", "GET /users"]);
    assert!(output.status.success(), "{}", workspace::text(&output));
    let spec = read(root.path(), "specs/shop/openapi.yaml");
    assert!(spec.contains("list_users") && spec.contains("login:") && spec.contains("User:"), "{spec}");
    assert!(!spec.contains("/orders") && !spec.contains("Order:"), "{spec}");
    assert!(run(root.path(), &["codegen", "shop", "--check"]).status.success());
}

#[test]
fn a_scheme_of_another_spec_comes_with_its_vectors() {
    let root = empty_workspace();
    let output = new(root.path(), &["shop", "--recipe", "cardlytics"]);
    assert!(output.status.success(), "{}", workspace::text(&output));
    let vectors = run(root.path(), &["vectors", "--recipes", "specs/shop/openapi.yaml", "specs/shop/vectors.json"]);
    assert!(vectors.status.success() && workspace::text(&vectors).contains(" passed, 0 failed"));
}

#[test]
fn a_starter_may_be_a_hand_written_scheme() {
    for (starter, feature, count) in [("aws-sigv4", true, 2), ("rfc9421", false, 1)] {
        let root = empty_workspace();
        let output = new(root.path(), &["shop", "--recipe", starter]);
        assert!(output.status.success(), "{}", workspace::text(&output));
        let manifest = read(root.path(), "generated/shop/Cargo.toml");
        assert_eq!(manifest.contains("features = [\"aws-sigv4\"]"), feature, "{manifest}");
        let vectors = run(root.path(), &["vectors", "--recipes", "specs/shop/openapi.yaml", "specs/shop/vectors.json"]);
        let said = workspace::text(&vectors);
        assert!(said.ends_with(&format!("{count} passed, 0 failed\n")), "{said}");
    }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let root = empty_workspace();
    let published = published();
    let broken = root.path().join("broken.yaml");
    fs::write(&broken, "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths:\n  /a:\n    get: {$ref: '#/nowhere'}\n")
        .unwrap();
    let broken = broken.display().to_string();
    let before = files(root.path());
    for (arguments, reason) in [
        (vec!["Shop"], "lower-case letters"),
        (vec!["../shop"], "lower-case letters"),
        (vec!["cardlytics"], "is there already"),
        (vec!["shop", "--recipe", "none"], "there are: hmac-sha256, jwt-hs256, aws-sigv4, rfc9421, cardlytics"),
        (vec!["shop", "--from", &published, "--tags", "order"], "there are: add_order, list_orders"),
        (vec!["shop", "--from", "nowhere.yaml"], "nowhere.yaml"),
        (vec!["shop", "--from", &broken], "error["),
    ] {
        let output = new(root.path(), &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(workspace::text(&output).contains(reason), "{arguments:?}: {}", workspace::text(&output));
        assert_eq!(files(root.path()), before, "{arguments:?}");
    }
}
