//! `cargo xtask codegen` killed at any moment: the crate is the old one or the new one, and cargo still works.

use countersign_tests::{programs, workspace};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

#[cfg(unix)]
#[test]
fn kill_9() {
    if !programs::available(&["git"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("copy");
    workspace::copy(&[], &root);
    let spec = root.join("specs/clutch/openapi.yaml");
    let old_spec = fs::read_to_string(&spec).unwrap();
    let new_spec = old_spec.replace("description: The ", "description: Surely the ");
    assert_ne!(old_spec, new_spec);
    let codegen = || {
        let mut xtask = workspace::xtask();
        xtask.args(["codegen", "clutch"]).current_dir(&root).stdout(Stdio::null()).stderr(Stdio::null());
        xtask
    };

    let whole_run = |text: &str| {
        fs::write(&spec, text).unwrap();
        let start = Instant::now();
        assert!(codegen().status().unwrap().success());
        (read_all(&root.join("generated/clutch")), start.elapsed())
    };
    let (new_crate, _) = whole_run(&new_spec);
    let (old_crate, time) = whole_run(&old_spec);
    assert_ne!(old_crate, new_crate);

    const ROUNDS: u32 = 40;
    let mut left_over = 0;
    for round in 0..ROUNDS {
        fs::write(&spec, if round % 2 == 0 { &new_spec } else { &old_spec }).unwrap();
        let mut running = codegen().spawn().unwrap();
        // Most of a run is thinking; what writes is at its end.
        std::thread::sleep(time.mul_f64(0.5 + 0.6 * f64::from(round) / f64::from(ROUNDS)));
        running.kill().unwrap();
        running.wait().unwrap();

        let found = read_all(&root.join("generated/clutch"));
        assert!(found == old_crate || found == new_crate, "round {round}: a mixture: {:?}", found.keys());
        left_over += usize::from(root.join("generated/.clutch.new").exists());
        // What is left over could break the workspace: two packages of one name.
        workspace::run(
            workspace::cargo().args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&root),
        );
    }
    println!("{left_over} of {ROUNDS} runs left something behind");

    assert_eq!(whole_run(&new_spec).0, new_crate);
    let mut names: Vec<_> = fs::read_dir(root.join("generated")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert!(names.iter().all(|name| !name.to_str().unwrap().starts_with('.')), "{names:?}");
}

fn read_all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{path}/"), found);
            } else {
                found.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}
