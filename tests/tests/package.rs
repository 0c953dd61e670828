//! Every published package can be packed: no file, version or licence is missing.

use countersign_tests::{programs, workspace};

#[test]
fn cargo_package() {
    if !programs::available(&["git"]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let copy = root.path().join("countersign");
    workspace::copy(&[], &copy);
    workspace::commit(&copy);
    let packed = workspace::run(
        workspace::cargo()
            .args(["package", "--workspace", "--no-verify", "--offline", "--target-dir"])
            .arg(root.path().join("target"))
            .current_dir(&copy),
    );
    let log = workspace::text(&packed);
    for package in ["countersign-auth", "countersign-runtime", "countersign-codegen"] {
        assert!(log.contains(&format!("Packaging {package} v")), "{package} was not packed:\n{log}");
    }
    assert!(!log.contains("warning"), "{log}");
}
