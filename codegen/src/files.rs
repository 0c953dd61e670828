//! A crate on disk: all of it is the old one, or all of it is the new one.
//!
//! 1. [`compare`] lists the files that differ; nothing differs, nothing is touched.
//! 2. The new folder is built beside the old one, unchanged files as hard links so that their times stay,
//!    and everything is synced.
//! 3. The two folders are exchanged in one rename, and the old one is removed.
//!
//! Beside `acme` only `.acme.new` and `.acme.old` ever appear, and only while a run lasts: a lock on the
//! parent folder makes a second run wait, so what is found there is left over from a killed one, and
//! [`write()`] first brings it to an end. Where two folders cannot be exchanged, `.acme.old` is the marker: it
//! exists only once the new folder is complete, so a run that finds it knows what to finish.
//!
//! Symbolic links are never followed. `Cargo.lock` and `target` belong to whoever builds the crate by itself;
//! they are neither compared nor lost. What the files hold is up to [`crate::emit`].

mod disk;

pub use disk::{Disk, Step, SystemDisk};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The files of a crate by relative path, segments joined with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrateFiles(pub BTreeMap<String, Vec<u8>>);

impl CrateFiles {
    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), content.into());
    }

    /// Refuses paths that lead out of the crate's folder or cannot exist on every system.
    ///
    /// # Errors
    /// [`Error::Path`] with the first such path.
    pub fn check(&self) -> Result<(), Error> {
        let mut folders = BTreeSet::new();
        let mut names = BTreeSet::new();
        for path in self.0.keys() {
            check_path(path).map_err(|reason| Error::Path { path: path.clone(), reason })?;
            folders.extend(path.match_indices('/').map(|(end, _)| path[..end].to_lowercase()));
            if !names.insert(path.to_lowercase()) {
                return Err(Error::Path { path: path.clone(), reason: "differs from another one only in case" });
            }
        }
        match self.0.keys().find(|path| folders.contains(&path.to_lowercase())) {
            Some(path) => Err(Error::Path { path: path.clone(), reason: "is a file and a folder" }),
            None => Ok(()),
        }
    }
}

/// What a run of [`write()`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have new content.
    pub written: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
}

impl Written {
    /// Whether the crate already was what it should be.
    pub fn is_unchanged(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "file" } else { "files" };
        match (self.written.len(), self.removed.len()) {
            (0, 0) => f.write_str("unchanged"),
            (written, 0) => write!(f, "{written} {} written", plural(written)),
            (0, removed) => write!(f, "{removed} {} removed", plural(removed)),
            (written, removed) => write!(f, "{written} {} written, {removed} removed", plural(written)),
        }
    }
}

/// A file that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Its path below the crate's folder.
    pub path: String,
    /// In what way.
    pub kind: StaleKind,
}

/// In what way a file is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleKind {
    /// It should exist.
    Missing,
    /// It has other content; the first line that differs, from 1. Something else than a file differs in line 1.
    Different {
        /// The line.
        line: usize,
    },
    /// It should not exist.
    Orphan,
}

/// Why a crate could not be written or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path in [`CrateFiles`] is refused.
    #[error("the path {path:?} {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The crate's folder is something else, or its path has no last name.
    #[error("{} is not a folder that can be replaced", .0.display())]
    NotAFolder(PathBuf),
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Makes `folder` hold exactly `files`, in one step.
///
/// # Errors
/// [`Error`]; the folder is then what it was, or already the new one, never a mixture.
pub fn write(files: &CrateFiles, folder: &Path) -> Result<Written, Error> {
    write_with(&mut SystemDisk, files, folder)
}

/// [`write()`] with every change to the disk made through `disk`.
///
/// # Errors
/// [`Error`], as for [`write()`].
pub fn write_with(disk: &mut dyn Disk, files: &CrateFiles, folder: &Path) -> Result<Written, Error> {
    files.check()?;
    let place = Place::of(folder)?;
    fs::create_dir_all(&place.parent).map_err(io_error("create", &place.parent))?;
    let _lock = lock(&place)?;
    recover(disk, &place)?;

    let stale = compare(files, &place.target)?;
    if stale.is_empty() && place.target.is_dir() {
        return Ok(Written::default());
    }
    if let Err(error) = replace(disk, files, &stale, &place) {
        // Room may be what is missing: leave nothing behind. A second failure would say nothing new.
        let _ = recover(disk, &place);
        return Err(error);
    }
    let (removed, written): (Vec<_>, Vec<_>) = stale.into_iter().partition(|file| file.kind == StaleKind::Orphan);
    let paths = |files: Vec<Stale>| files.into_iter().map(|file| file.path).collect();
    Ok(Written { written: paths(written), removed: paths(removed) })
}

/// The files of `folder` that are not what `files` says; writes nothing and waits for nobody.
///
/// # Errors
/// [`Error`] if a path is refused or a file can't be read.
pub fn compare(files: &CrateFiles, folder: &Path) -> Result<Vec<Stale>, Error> {
    files.check()?;
    let present = present(folder, files)?;
    let mut stale = Vec::new();
    for (path, expected) in &files.0 {
        let kind = match present.get(path) {
            None => Some(StaleKind::Missing),
            Some(Entry::Other) => Some(StaleKind::Different { line: 1 }),
            Some(Entry::File) => {
                let on_disk = join(folder, path);
                let found = fs::read(&on_disk).map_err(io_error("read", &on_disk))?;
                (found != *expected).then(|| StaleKind::Different { line: first_difference(&found, expected) })
            }
        };
        stale.extend(kind.map(|kind| Stale { path: path.clone(), kind }));
    }
    let orphans = present.into_keys().filter(|path| !files.0.contains_key(path));
    stale.extend(orphans.map(|path| Stale { path, kind: StaleKind::Orphan }));
    stale.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(stale)
}

/// The crate's folder and what stands beside it while a run lasts.
struct Place {
    parent: PathBuf,
    target: PathBuf,
    /// The folder in the making; after the exchange, the old one.
    new: PathBuf,
    /// The old folder where folders can't be exchanged.
    old: PathBuf,
    /// The lock where a folder can't be locked.
    lock: PathBuf,
}

impl Place {
    fn of(folder: &Path) -> Result<Self, Error> {
        let target = std::path::absolute(folder).map_err(io_error("find", folder))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name().and_then(|name| name.to_str())) else {
            return Err(Error::NotAFolder(target));
        };
        let beside = |suffix: &str| parent.join(format!(".{name}.{suffix}"));
        Ok(Self {
            parent: parent.to_owned(),
            // Joined anew: with a slash at its end, a link would be followed.
            target: parent.join(name),
            new: beside("new"),
            old: beside("old"),
            lock: beside("lock"),
        })
    }
}

/// Waits until no other run writes below the same parent folder.
fn lock(place: &Place) -> Result<File, Error> {
    // A folder can be locked on Unix, which leaves no lock file behind.
    if let Ok(parent) = File::open(&place.parent)
        && parent.lock().is_ok()
    {
        return Ok(parent);
    }
    let file = File::create(&place.lock).map_err(io_error("create", &place.lock))?;
    file.lock().map_err(io_error("lock", &place.lock))?;
    Ok(file)
}

/// Brings what a killed run left behind to an end.
fn recover(disk: &mut dyn Disk, place: &Place) -> Result<(), Error> {
    if exists(&place.old) && !exists(&place.target) {
        // Killed between two renames: the new folder is complete.
        let from = if exists(&place.new) { &place.new } else { &place.old };
        step(disk, Step::Rename { from, to: &place.target })?;
        step(disk, Step::SyncFolder(&place.parent))?;
    }
    for leftover in [&place.new, &place.old] {
        if exists(leftover) {
            keep_build(disk, leftover, &place.target)?;
            remove(disk, leftover)?;
        }
    }
    Ok(())
}

/// Builds the new folder, puts it in place of the old one, and removes that.
fn replace(disk: &mut dyn Disk, files: &CrateFiles, stale: &[Stale], place: &Place) -> Result<(), Error> {
    build(disk, files, stale, place)?;
    if !exists(&place.target) {
        step(disk, Step::Rename { from: &place.new, to: &place.target })?;
        return step(disk, Step::SyncFolder(&place.parent));
    }
    let exchange = Step::Exchange { one: &place.new, other: &place.target };
    match disk.step(&exchange) {
        Ok(()) => {}
        Err(error) if cannot_exchange(&error) => {
            step(disk, Step::Rename { from: &place.target, to: &place.old })?;
            step(disk, Step::Rename { from: &place.new, to: &place.target })?;
        }
        Err(error) => return Err(exchange.error(error)),
    }
    step(disk, Step::SyncFolder(&place.parent))?;
    // The crate is the new one; if the old one can't be removed now, the next run does.
    let _ = recover(disk, place);
    Ok(())
}

fn build(disk: &mut dyn Disk, files: &CrateFiles, stale: &[Stale], place: &Place) -> Result<(), Error> {
    let changed: BTreeSet<&str> = stale.iter().map(|file| file.path.as_str()).collect();
    let mut folders = BTreeSet::from([place.new.clone()]);
    for path in files.0.keys() {
        let file = join(&place.new, path);
        folders.extend(file.ancestors().skip(1).take_while(|folder| **folder != place.new).map(Path::to_owned));
    }
    for folder in &folders {
        step(disk, Step::CreateFolder(folder))?;
    }
    for (path, content) in &files.0 {
        let file = join(&place.new, path);
        if changed.contains(path.as_str()) {
            step(disk, Step::WriteFile { file: &file, content })?;
        } else {
            step(disk, Step::Link { from: &join(&place.target, path), to: &file })?;
        }
        step(disk, Step::SyncFile(&file))?;
    }
    let lock_file = place.target.join(LOCK_FILE);
    if !files.0.contains_key(LOCK_FILE) && lock_file.is_file() {
        step(disk, Step::Link { from: &lock_file, to: &place.new.join(LOCK_FILE) })?;
    }
    for folder in folders.iter().rev() {
        step(disk, Step::SyncFolder(folder))?;
    }
    step(disk, Step::SyncFolder(&place.parent))
}

/// Takes the build's results along, so that the next build is not one from nothing.
fn keep_build(disk: &mut dyn Disk, leftover: &Path, target: &Path) -> Result<(), Error> {
    let (from, to) = (leftover.join(BUILD_FOLDER), target.join(BUILD_FOLDER));
    if exists(&from) && exists(target) && !exists(&to) {
        step(disk, Step::Rename { from: &from, to: &to })?;
    }
    Ok(())
}

fn remove(disk: &mut dyn Disk, path: &Path) -> Result<(), Error> {
    let kind = fs::symlink_metadata(path).map_err(io_error("read", path))?.file_type();
    if !kind.is_dir() {
        return step(disk, Step::RemoveFile(path));
    }
    for entry in fs::read_dir(path).map_err(io_error("read", path))? {
        remove(disk, &entry.map_err(io_error("read", path))?.path())?;
    }
    step(disk, Step::RemoveFolder(path))
}

/// What stands at a path.
enum Entry {
    File,
    /// A symbolic link, a device, a pipe: never opened.
    Other,
}

/// What `folder` holds, folders themselves and the builder's own files left out.
fn present(folder: &Path, files: &CrateFiles) -> Result<BTreeMap<String, Entry>, Error> {
    let mut found = BTreeMap::new();
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => list(folder, "", &mut found)?,
        Ok(_) => return Err(Error::NotAFolder(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error("read", folder)(error)),
    }
    found.retain(|path, _| files.0.contains_key(path) || path != LOCK_FILE);
    Ok(found)
}

fn list(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Entry>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(io_error("read", folder))? {
        let entry = entry.map_err(io_error("read", folder))?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(io_error("read", &entry.path()))?;
        if path == BUILD_FOLDER {
            continue;
        } else if kind.is_dir() {
            list(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.insert(path, if kind.is_file() { Entry::File } else { Entry::Other });
        }
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if path.starts_with('/') {
        return Err("is absolute");
    }
    if path.chars().any(|c| c == '\\' || c == ':' || c.is_control()) {
        return Err("holds a character that file names can't have everywhere");
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err("has an empty segment"),
            "." | ".." => return Err("has a segment of dots"),
            _ if segment.len() > LONGEST_NAME => return Err("has a name that is too long"),
            _ => {}
        }
    }
    match path.split('/').next() {
        Some(first) if first.eq_ignore_ascii_case(BUILD_FOLDER) => Err("is in the build's folder"),
        _ => Ok(()),
    }
}

fn first_difference(found: &[u8], expected: &[u8]) -> usize {
    let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    1 + found[..same].iter().filter(|byte| **byte == b'\n').count()
}

fn cannot_exchange(error: &io::Error) -> bool {
    // ENOSYS and ENOTSUP are `Unsupported`; a file system that knows no flags answers EINVAL.
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

fn step(disk: &mut dyn Disk, step: Step<'_>) -> Result<(), Error> {
    disk.step(&step).map_err(|error| step.error(error))
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn join(folder: &Path, path: &str) -> PathBuf {
    let mut joined = folder.to_owned();
    joined.extend(path.split('/'));
    joined
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}

/// Versions that somebody's build has chosen.
const LOCK_FILE: &str = "Cargo.lock";
/// Where somebody's build puts its results.
const BUILD_FOLDER: &str = "target";
/// The shortest limit among common file systems is 255 bytes; names beside the folder need some of it.
const LONGEST_NAME: usize = 200;
