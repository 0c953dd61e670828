//! A run that ends early leaves the old crate or the new one, and the next run needs no help.
//!
//! Ends are tried at every step of the disk (a fault-injecting [`Disk`]), and by `kill -9` on a real process.

use countersign_codegen::files::{self, CrateFiles, Disk, Step, SystemDisk};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The process dies before the step; nothing happens any more.
    Killed,
    /// The process dies in the middle of the step.
    KilledHalfway,
    /// The step fails; what follows works.
    DiskFull,
}

/// Whether the disk can exchange two folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    Possible,
    Impossible,
}

/// A disk on which step number `fails_at` fails.
struct FaultyDisk {
    exchange: Exchange,
    fault: Fault,
    fails_at: usize,
    steps: usize,
    dead: bool,
    /// The steps that were made, for tests of their order.
    log: Vec<(&'static str, PathBuf)>,
}

impl FaultyDisk {
    fn new(exchange: Exchange, fault: Fault, fails_at: usize) -> Self {
        Self { exchange, fault, fails_at, steps: 0, dead: false, log: Vec::new() }
    }
}

impl Disk for FaultyDisk {
    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("dead"));
        }
        if self.exchange == Exchange::Impossible && matches!(step, Step::Exchange { .. }) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if self.steps == self.fails_at {
            self.steps += 1;
            self.dead = self.fault != Fault::DiskFull;
            if let (Fault::KilledHalfway | Fault::DiskFull, Step::WriteFile { file, content }) = (self.fault, step) {
                fs::write(file, &content[..content.len() / 2])?;
            }
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.steps += 1;
        self.log.push(match *step {
            Step::CreateFolder(path) => ("create", path.to_owned()),
            Step::WriteFile { file, .. } => ("write", file.to_owned()),
            Step::Link { to, .. } => ("link", to.to_owned()),
            Step::SyncFile(path) => ("sync file", path.to_owned()),
            Step::SyncFolder(path) => ("sync folder", path.to_owned()),
            Step::Exchange { other, .. } => ("exchange", other.to_owned()),
            Step::Rename { to, .. } => ("rename", to.to_owned()),
            Step::RemoveFile(path) => ("remove", path.to_owned()),
            Step::RemoveFolder(path) => ("remove folder", path.to_owned()),
        });
        SystemDisk.step(step)
    }
}

fn crate_files(files: &[(&str, &str)]) -> CrateFiles {
    CrateFiles(files.iter().map(|(path, content)| (path.to_string(), content.as_bytes().to_vec())).collect())
}

/// A crate as it is, with files that stay, change and go.
fn old_crate() -> CrateFiles {
    crate_files(&[
        ("Cargo.toml", "[package]\n"),
        ("README.md", "# Acme\n"),
        ("src/lib.rs", "mod client;\n"),
        ("src/client.rs", "struct Client;\n"),
        ("src/types.rs", "struct Order;\n"),
        ("src/operations.rs", "mod orders;\n"),
        ("src/operations/orders.rs", "fn get() {}\n"),
        ("src/operations/legacy/deep.rs", "fn gone() {}\n"),
    ])
}

fn new_crate() -> CrateFiles {
    crate_files(&[
        ("Cargo.toml", "[package]\n"),
        ("README.md", "# Acme\n"),
        ("src/lib.rs", "mod client;\nmod types;\n"),
        ("src/client.rs", "struct Client;\n"),
        ("src/types.rs", "struct Order;\nstruct Refund;\n"),
        ("src/operations.rs", "mod orders;\nmod refunds;\n"),
        ("src/operations/orders.rs", "fn get() {}\n"),
        ("src/operations/refunds.rs", "fn refund() {}\n"),
        ("src/webhooks/refunds.rs", "fn refunded() {}\n"),
    ])
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
    if folder.exists() {
        walk(folder, "", &mut found);
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn modified(file: &Path) -> SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}

fn age(file: &Path) -> SystemTime {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    long_ago
}

/// What a run starts from.
#[derive(Clone, Copy, Debug)]
enum Start {
    Nothing,
    OldCrate,
    /// The old crate, and a build inside it.
    BuiltCrate,
}

fn prepare(start: Start, folder: &Path) {
    match start {
        Start::Nothing => {}
        Start::OldCrate => drop(files::write(&old_crate(), folder).unwrap()),
        Start::BuiltCrate => {
            prepare(Start::OldCrate, folder);
            fs::create_dir(folder.join("target")).unwrap();
            fs::write(folder.join("target/built"), "built").unwrap();
            fs::write(folder.join("Cargo.lock"), "versions").unwrap();
        }
    }
}

/// The crate's files, and what a build added to them.
fn expected(start: Start, files: &CrateFiles) -> BTreeMap<String, Vec<u8>> {
    let mut expected = files.0.clone();
    if matches!(start, Start::BuiltCrate) {
        expected.insert("target/built".to_owned(), b"built".to_vec());
        expected.insert("Cargo.lock".to_owned(), b"versions".to_vec());
    }
    expected
}

/// Whether the crate is whole; its build may be on its way from the old folder to the new one.
fn is_whole(found: &BTreeMap<String, Vec<u8>>, start: Start, files: &CrateFiles) -> bool {
    let mut expected = expected(start, files);
    let mut found = found.clone();
    expected.remove("target/built");
    found.remove("target/built");
    found == expected
}

#[test]
fn after_every_fault_the_crate_is_whole_and_the_next_run_succeeds() {
    let mut points = 0;
    for start in [Start::Nothing, Start::OldCrate, Start::BuiltCrate] {
        for exchange in [Exchange::Possible, Exchange::Impossible] {
            for fault in [Fault::Killed, Fault::KilledHalfway, Fault::DiskFull] {
                points += every_step(start, exchange, fault);
            }
        }
    }
    println!("{points} points");
    assert!(points >= 500, "only {points} points were tried");
}

fn every_step(start: Start, exchange: Exchange, fault: Fault) -> usize {
    for fails_at in 0.. {
        let case = format!("{start:?}, exchange {exchange:?}, {fault:?} at step {fails_at}");
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("acme");
        prepare(start, &folder);
        let before = expected(start, &if folder.exists() { old_crate() } else { CrateFiles::default() });
        let stays = folder.exists().then(|| age(&folder.join("Cargo.toml")));

        let mut disk = FaultyDisk::new(exchange, fault, fails_at);
        let result = files::write_with(&mut disk, &new_crate(), &folder);

        if disk.steps <= fails_at {
            assert!(result.is_ok(), "{case}: {result:?}");
            assert_eq!(read_all(&folder), expected(start, &new_crate()), "{case}");
            return fails_at;
        }
        let found = read_all(&folder);
        let between_renames = exchange == Exchange::Impossible && disk.dead && !folder.exists();
        assert!(
            found == before || is_whole(&found, start, &new_crate()) || between_renames,
            "{case}: a mixture: {:?}",
            found.keys()
        );
        if fault == Fault::DiskFull && result.is_err() {
            assert!(folder.exists() || before.is_empty(), "{case}: the crate is gone");
            assert!(names(root.path()).iter().all(|name| name == "acme"), "{case}: {:?}", names(root.path()));
        }

        files::write(&new_crate(), &folder).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(read_all(&folder), expected(start, &new_crate()), "{case}: after the next run");
        assert_eq!(names(root.path()), ["acme"], "{case}: left over");
        if let Some(stays) = stays {
            assert_eq!(modified(&folder.join("Cargo.toml")), stays, "{case}: an unchanged file was written");
        }
    }
    unreachable!("a run ends")
}

#[test]
fn a_run_that_cleans_up_may_be_killed_as_well() {
    for exchange in [Exchange::Possible, Exchange::Impossible] {
        let mut first = 0;
        loop {
            let mut ended = false;
            for second in 0..12 {
                let root = tempfile::tempdir().unwrap();
                let folder = root.path().join("acme");
                prepare(Start::OldCrate, &folder);
                let mut disk = FaultyDisk::new(exchange, Fault::Killed, first);
                ended = files::write_with(&mut disk, &new_crate(), &folder).is_ok() && !disk.dead;
                // The next run wants something else again.
                let _ = files::write_with(
                    &mut FaultyDisk::new(exchange, Fault::KilledHalfway, second),
                    &old_crate(),
                    &folder,
                );
                let found = read_all(&folder);
                assert!(
                    found == old_crate().0 || found == new_crate().0 || !folder.exists(),
                    "{exchange:?}, killed at {first} and {second}"
                );
                files::write(&new_crate(), &folder).unwrap();
                assert_eq!(read_all(&folder), new_crate().0, "{exchange:?}, killed at {first} and {second}");
                assert_eq!(names(root.path()), ["acme"]);
            }
            if ended {
                break;
            }
            // Each third is enough: the steps repeat themselves file by file.
            first += 3;
        }
    }
}

#[test]
fn everything_is_synced_before_the_folders_are_exchanged() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    prepare(Start::OldCrate, &folder);
    let mut disk = FaultyDisk::new(Exchange::Possible, Fault::Killed, usize::MAX);
    files::write_with(&mut disk, &new_crate(), &folder).unwrap();

    let exchange = disk.log.iter().position(|(kind, _)| *kind == "exchange").unwrap();
    let (before, after) = disk.log.split_at(exchange);
    let mut unsynced = BTreeSet::new();
    for (kind, path) in before {
        match *kind {
            "create" | "write" | "link" => {
                unsynced.insert(path);
                unsynced
                    .extend(before.iter().map(|(_, path)| path).find(|folder| Some(folder.as_path()) == path.parent()));
            }
            _ => drop(unsynced.remove(path)),
        }
    }
    assert_eq!(unsynced, BTreeSet::new());
    let parent = ("sync folder", root.path().to_owned());
    assert_eq!(before.last(), Some(&parent));
    assert_eq!(after.get(1), Some(&parent));
    assert!(after[2..].iter().all(|(kind, _)| kind.starts_with("remove")));
}

const CHILD: &str = "FILES_KILLED_CHILD";

/// Not a test of its own: the process that [`kill_9`] kills. Writes one crate, then the other, and so on.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    loop {
        files::write(&old_crate(), Path::new(&folder)).unwrap();
        files::write(&new_crate(), Path::new(&folder)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn kill_9() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    prepare(Start::OldCrate, &folder);
    let mut seen = [0, 0];
    for round in 0..40 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From before the first write to well into the loop; a different moment each time.
        std::thread::sleep(Duration::from_micros(3_000 + 977 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = read_all(&folder);
        match (found == old_crate().0, found == new_crate().0) {
            (true, _) => seen[0] += 1,
            (_, true) => seen[1] += 1,
            _ => panic!("round {round}: a mixture: {:?}", found.keys()),
        }
    }
    println!("old crate {} times, new crate {} times", seen[0], seen[1]);
    files::write(&new_crate(), &folder).unwrap();
    assert_eq!(read_all(&folder), new_crate().0);
    assert_eq!(names(root.path()), ["acme"]);
}
