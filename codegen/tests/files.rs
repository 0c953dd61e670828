//! What [`files::write`] and [`files::compare`] promise about folders.

use countersign_codegen::files::{self, CrateFiles, Error, StaleKind};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn crate_files(files: &[(&str, &str)]) -> CrateFiles {
    CrateFiles(files.iter().map(|(path, content)| (path.to_string(), content.as_bytes().to_vec())).collect())
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

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A time that no run of a test can set by accident.
fn age(file: &Path) -> SystemTime {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    long_ago
}

fn modified(file: &Path) -> SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}

#[test]
fn the_first_run_creates_the_crate_and_its_parents() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("deep/generated/acme");
    let files = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "b"), ("src/operations/orders.rs", "c")]);
    let written = files::write(&files, &folder).unwrap();
    assert_eq!(written.to_string(), "3 files written");
    assert_eq!(read_all(&folder), files.0);
    assert_eq!(names(folder.parent().unwrap()), ["acme"]);
}

#[test]
fn a_run_that_changes_nothing_touches_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let files = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "b")]);
    files::write(&files, &folder).unwrap();
    let times = [age(&folder.join("Cargo.toml")), age(&folder.join("src/lib.rs"))];
    let (parent, before) = (modified(root.path()), modified(&folder));

    let written = files::write(&files, &folder).unwrap();

    assert!(written.is_unchanged());
    assert_eq!(written.to_string(), "unchanged");
    assert_eq!([modified(&folder.join("Cargo.toml")), modified(&folder.join("src/lib.rs"))], times);
    assert_eq!((modified(root.path()), modified(&folder)), (parent, before));
}

#[test]
fn unchanged_files_keep_their_times_and_orphans_go() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let old = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "b"), ("src/operations/orders.rs", "c")]);
    files::write(&old, &folder).unwrap();
    fs::create_dir_all(folder.join("src/leftover/deep")).unwrap();
    fs::write(folder.join("src/leftover/deep/mod.rs"), "mine").unwrap();
    let long_ago = age(&folder.join("Cargo.toml"));
    age(&folder.join("src/lib.rs"));

    let new = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "changed"), ("src/types.rs", "d")]);
    let written = files::write(&new, &folder).unwrap();

    assert_eq!(written.written, ["src/lib.rs", "src/types.rs"]);
    assert_eq!(written.removed, ["src/leftover/deep/mod.rs", "src/operations/orders.rs"]);
    assert_eq!(written.to_string(), "2 files written, 2 removed");
    assert_eq!(read_all(&folder), new.0);
    assert_eq!(modified(&folder.join("Cargo.toml")), long_ago);
    assert_ne!(modified(&folder.join("src/lib.rs")), long_ago);
    assert!(!folder.join("src/operations").exists());
    assert_eq!(names(root.path()), ["acme"]);
}

#[test]
fn compare_names_each_stale_file_and_writes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let old = crate_files(&[("Cargo.toml", "same\n"), ("src/lib.rs", "one\ntwo\nthree\n"), ("src/old.rs", "")]);
    files::write(&old, &folder).unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    let new = crate_files(&[("Cargo.toml", "same\n"), ("src/lib.rs", "one\ntwo\n3\n"), ("src/new.rs", "")]);

    let stale = files::compare(&new, &folder).unwrap();

    let stale: Vec<_> = stale.iter().map(|stale| (stale.path.as_str(), stale.kind)).collect();
    assert_eq!(
        stale,
        [
            ("src/lib.rs", StaleKind::Different { line: 3 }),
            ("src/new.rs", StaleKind::Missing),
            ("src/old.rs", StaleKind::Orphan)
        ]
    );
    assert_eq!(files::compare(&old, &folder).unwrap(), []);
    assert_eq!(files::compare(&new, &root.path().join("nowhere")).unwrap().len(), 3);
    assert_eq!(names(root.path()), ["acme"]);
}

#[test]
fn a_build_inside_the_crate_is_neither_compared_nor_lost() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    files::write(&crate_files(&[("Cargo.toml", "a")]), &folder).unwrap();
    fs::create_dir_all(folder.join("target/debug")).unwrap();
    fs::write(folder.join("target/debug/acme"), "built").unwrap();
    fs::write(folder.join("Cargo.lock"), "versions").unwrap();

    assert_eq!(files::compare(&crate_files(&[("Cargo.toml", "a")]), &folder).unwrap(), []);
    let written = files::write(&crate_files(&[("Cargo.toml", "b")]), &folder).unwrap();

    assert_eq!(written.to_string(), "1 file written");
    assert_eq!(fs::read(folder.join("target/debug/acme")).unwrap(), b"built");
    assert_eq!(fs::read(folder.join("Cargo.lock")).unwrap(), b"versions");
    assert_eq!(names(root.path()), ["acme"]);
}

#[test]
fn paths_that_lead_elsewhere_are_refused_before_anything_is_written() {
    let long = "a".repeat(300);
    let refused = [
        "",
        "/etc/passwd",
        "../x",
        "src/../../x",
        "src/..",
        ".",
        "src/./x",
        "src//x",
        "src/",
        "src\\x",
        "C:x",
        "x\0y",
        "x\ny",
        "\u{1b}[2J",
        "target/x",
        "Target",
        &long,
    ];
    for path in refused {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("acme");
        let files = crate_files(&[("Cargo.toml", "a"), (path, "b")]);
        assert!(matches!(files::write(&files, &folder), Err(Error::Path { .. })), "{path:?} was written");
        assert!(matches!(files::compare(&files, &folder), Err(Error::Path { .. })), "{path:?} was compared");
        assert_eq!(names(root.path()), [""; 0], "{path:?}");
    }
    for pair in [["src/a.rs", "src/A.rs"], ["src/a", "src/a/b.rs"], ["src/A", "src/a/b.rs"]] {
        let files = crate_files(&pair.map(|path| (path, "")));
        assert!(matches!(files.check(), Err(Error::Path { .. })), "{pair:?}");
    }
    assert!(crate_files(&[("src/operations/größe.rs", ""), ("..hidden", ""), ("a b", "")]).check().is_ok());
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_replaced_and_never_followed() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let outside = root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "mine").unwrap();
    let folder = root.path().join("acme");
    let files = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "mine"), ("src/types.rs", "c")]);
    files::write(&files, &folder).unwrap();
    fs::remove_file(folder.join("src/lib.rs")).unwrap();
    // The same content behind a link is still not the file.
    symlink(outside.join("precious"), folder.join("src/lib.rs")).unwrap();
    symlink(&outside, folder.join("src/operations")).unwrap();
    symlink(&outside, root.path().join(".acme.new")).unwrap();

    let stale = files::compare(&files, &folder).unwrap();
    assert_eq!(stale.iter().map(|stale| stale.path.as_str()).collect::<Vec<_>>(), ["src/lib.rs", "src/operations"]);
    files::write(&files, &folder).unwrap();

    assert_eq!(read_all(&folder), files.0);
    assert!(fs::symlink_metadata(folder.join("src/lib.rs")).unwrap().is_file());
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"mine");
    assert_eq!(names(root.path()), ["acme", "outside"]);
}

#[cfg(unix)]
#[test]
fn a_target_that_is_a_link_or_a_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (link, file) = (root.path().join("link"), root.path().join("file"));
    fs::create_dir(root.path().join("home")).unwrap();
    fs::write(root.path().join("home/precious"), "mine").unwrap();
    std::os::unix::fs::symlink(root.path().join("home"), &link).unwrap();
    fs::write(&file, "mine").unwrap();
    let files = crate_files(&[("Cargo.toml", "a")]);
    for folder in [&link, &file, &root.path().join("link/"), &root.path().join("home/.."), Path::new("/")] {
        assert!(matches!(files::write(&files, folder), Err(Error::NotAFolder(_))), "{}", folder.display());
    }
    assert_eq!(names(root.path()), ["file", "home", "link"]);
    assert_eq!(names(&root.path().join("home")), ["precious"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_crate_does_not_block() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let files = crate_files(&[("Cargo.toml", "a"), ("src/lib.rs", "b")]);
    files::write(&files, &folder).unwrap();
    fs::remove_file(folder.join("src/lib.rs")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("src/lib.rs")).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: mkfifo not found");
        return;
    }
    files::write(&files, &folder).unwrap();
    assert_eq!(read_all(&folder), files.0);
}

#[test]
fn two_runs_at_once_wait_for_each_other() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let one = crate_files(&[("Cargo.toml", "1"), ("src/lib.rs", "1"), ("src/one.rs", "1")]);
    let other = crate_files(&[("Cargo.toml", "2"), ("src/lib.rs", "2"), ("src/other.rs", "2")]);
    std::thread::scope(|scope| {
        for files in [&one, &other, &one, &other] {
            let folder = &folder;
            scope.spawn(move || {
                for _ in 0..25 {
                    files::write(files, folder).unwrap();
                }
            });
        }
    });
    let found = read_all(&folder);
    assert!(found == one.0 || found == other.0);
    assert_eq!(names(root.path()), ["acme"]);
}
