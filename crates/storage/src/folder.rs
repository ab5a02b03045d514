//! The data folder: made private, locked by one server, its files written so that a crash leaves the old or the new.
//!
//! Invariant: while a [`Folder`] lives, no other process holds one on the same path. Folders have mode 0700, files 0600.
//! Not here: what the files mean.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{OpenStorageError, StorageError};

const LOCK: &str = "lock";

/// The locked data folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    // The kernel gives the lock up when this is closed, also after `kill -9`.
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenStorageError> {
        make_private(path)?;
        let metadata = path.metadata().map_err(|error| StorageError::file("read", path, error))?;
        if !metadata.is_dir() {
            return Err(OpenStorageError::Unfit(path.to_owned(), "it is not a folder".to_owned()));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            let why = "it belongs to another user".to_owned();
            return Err(OpenStorageError::Unfit(path.to_owned(), why));
        }
        if metadata.mode() & 0o077 != 0 && is_unused(path)? {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
                .map_err(|error| StorageError::file("made private", path, error))?;
        } else if metadata.mode() & 0o077 != 0 {
            let mode = metadata.permissions().mode() & 0o777;
            let why = format!("others may enter it (mode {mode:03o}); run `chmod 700` on it");
            return Err(OpenStorageError::Unfit(path.to_owned(), why));
        }
        let lock_path = path.join(LOCK);
        let lock = private_file()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|error| StorageError::file("opened", &lock_path, error))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                keep_out_of_git(path)?;
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(Errno::WOULDBLOCK) => Err(OpenStorageError::InUse(path.to_owned())),
            Err(error) => Err(StorageError::file("locked", &lock_path, error.into()).into()),
        }
    }

    /// A path within the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A data folder is often made where somebody works: nothing of it may end up in their repository.
fn keep_out_of_git(path: &Path) -> Result<(), StorageError> {
    let ignore = path.join(".gitignore");
    let written = match private_file().create_new(true).open(&ignore) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    written.map_err(|error| StorageError::file("written", &ignore, error))
}

/// Whether nothing lies in the folder but the root key that the vault may just have made there.
fn is_unused(path: &Path) -> Result<bool, StorageError> {
    let failed = |error| StorageError::file("listed", path, error);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        if entry.map_err(failed)?.file_name() != "root.key" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a folder with mode 0700, and its parents, unless it is there.
pub(crate) fn make_private(path: &Path) -> Result<(), StorageError> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StorageError::file("made", path, error)),
    }
}

/// Options for a file that its owner alone may read and write. A link in the last part of the path is not followed.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options.custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0));
    options
}

/// Writes a whole file: beside its place first, synced, then renamed onto it, the rename synced too.
pub(crate) fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<(), StorageError> {
    let mut beside = Beside::create(path)?;
    for part in parts {
        beside.write(part)?;
    }
    beside.keep()
}

/// A file in the making beside its place; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Beside {
    file: File,
    temporary: PathBuf,
    place: PathBuf,
    kept: bool,
}

/// What the name of every file in the making starts with.
pub(crate) const BESIDE_PREFIX: &str = ".new-";

impl Beside {
    /// Starts a file that will stand at `place`.
    pub(crate) fn create(place: &Path) -> Result<Self, StorageError> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{BESIDE_PREFIX}{}-{count}", std::process::id());
        let temporary = place.with_file_name(name);
        let file = private_file()
            .create_new(true)
            .open(&temporary)
            .map_err(|error| StorageError::file("made", &temporary, error))?;
        Ok(Self { file, temporary, place: place.to_owned(), kept: false })
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(bytes).map_err(|error| StorageError::file("written", &self.temporary, error))
    }

    /// Syncs the file, moves it to its place and syncs the move.
    pub(crate) fn keep(mut self) -> Result<(), StorageError> {
        self.file.sync_all().map_err(|error| StorageError::file("synced", &self.temporary, error))?;
        std::fs::rename(&self.temporary, &self.place)
            .map_err(|error| StorageError::file("renamed", &self.temporary, error))?;
        self.kept = true;
        sync_parent(&self.place)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed when the folder is next opened.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Removes what a crash left in the making.
pub(crate) fn sweep(folder: &Path) -> Result<(), StorageError> {
    let failed = |error| StorageError::file("listed", folder, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with(BESIDE_PREFIX) {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(|error| StorageError::file("removed", &path, error))?;
        }
    }
    Ok(())
}

/// Syncs the folder that holds `path`, so that its name there survives a power cut.
pub(crate) fn sync_parent(path: &Path) -> Result<(), StorageError> {
    let parent = path.parent().unwrap_or(path);
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StorageError::file("synced", parent, error))
}
