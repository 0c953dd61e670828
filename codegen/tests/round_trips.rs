//! Values read and written by generated types: `round_trips/openapi.yaml` becomes a crate, and
//! `round_trips/values.rs` runs as a test inside it.

use countersign_codegen::finding::render;
use countersign_codegen::generate::{Failure, Source, generate};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn values_survive() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().expect("the workspace");
    let source =
        Source::anywhere(root, &here.join("tests/round_trips/openapi.yaml"), "acme-client", "cargo xtask codegen acme");
    let generated = generate(&source).unwrap_or_else(|failure| match failure {
        Failure::Findings { findings, sources } => panic!("{}", render(&findings, &sources)),
        other => panic!("{other}"),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = generated.files.0;
    let values = std::fs::read(here.join("tests/round_trips/values.rs")).expect("a file");
    files.insert("tests/values.rs".into(), values);
    for (path, bytes) in &files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, bytes).expect("writable");
    }
    std::fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a lock file");
    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").into();
    // Without TLS there is less to compile, and nothing here depends on it.
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--no-default-features", "--test", "values"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
}
