//! The changes that [`super::write()`] makes to a disk, one by one, so that a test can stop after each.

use super::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Where changes go: the system, or something that refuses one of them.
pub trait Disk {
    /// Makes one change.
    ///
    /// # Errors
    /// The system's answer. [`io::ErrorKind::Unsupported`] to [`Step::Exchange`] asks for two renames instead.
    fn step(&mut self, step: &Step<'_>) -> io::Result<()>;
}

/// One change to a disk.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Creates a folder that does not exist.
    CreateFolder(&'a Path),
    /// Creates a file that does not exist.
    WriteFile {
        /// The file.
        file: &'a Path,
        /// All of its bytes.
        content: &'a [u8],
    },
    /// Gives a file a second name.
    Link {
        /// The file.
        from: &'a Path,
        /// Its second name.
        to: &'a Path,
    },
    /// Waits until a file is on the medium.
    SyncFile(&'a Path),
    /// Waits until a folder's entries are on the medium.
    SyncFolder(&'a Path),
    /// Exchanges two folders.
    Exchange {
        /// One folder.
        one: &'a Path,
        /// The other.
        other: &'a Path,
    },
    /// Renames a folder to a name that is free.
    Rename {
        /// The folder.
        from: &'a Path,
        /// Its new name.
        to: &'a Path,
    },
    /// Removes a file or a link.
    RemoveFile(&'a Path),
    /// Removes an empty folder.
    RemoveFolder(&'a Path),
}

impl Step<'_> {
    pub(super) fn error(&self, source: io::Error) -> Error {
        let (action, path) = match self {
            Self::CreateFolder(path) => ("create", path),
            Self::WriteFile { file, .. } => ("write", file),
            Self::Link { to, .. } => ("link", to),
            Self::SyncFile(path) | Self::SyncFolder(path) => ("sync", path),
            Self::Exchange { other, .. } => ("exchange", other),
            Self::Rename { to, .. } => ("rename a folder to", to),
            Self::RemoveFile(path) | Self::RemoveFolder(path) => ("remove", path),
        };
        Error::Io { action, path: path.to_path_buf(), source }
    }
}

/// The system's disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        match *step {
            Step::CreateFolder(path) => fs::create_dir(path),
            Step::WriteFile { file, content } => File::create_new(file)?.write_all(content),
            Step::Link { from, to } => fs::hard_link(from, to).or_else(|_| copy(from, to)),
            Step::SyncFile(path) => sync(path),
            Step::SyncFolder(path) => sync(path),
            Step::Exchange { one, other } => exchange(one, other),
            Step::Rename { from, to } => fs::rename(from, to),
            Step::RemoveFile(path) => fs::remove_file(path),
            Step::RemoveFolder(path) => fs::remove_dir(path),
        }
    }
}

/// For file systems without hard links, and for files of another owner.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    let mut copy = File::create_new(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.set_modified(modified)
}

#[cfg(unix)]
fn sync(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some file systems can't sync a folder; there is nothing else to do about it.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// Elsewhere a file must be open for writing to be synced, and folders can't be.
#[cfg(not(unix))]
fn sync(path: &Path) -> io::Result<()> {
    if path.is_dir() { Ok(()) } else { fs::OpenOptions::new().write(true).open(path)?.sync_all() }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
