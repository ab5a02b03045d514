//! What can go wrong beneath every store: one enum that says which, and whose fault it is.
//!
//! Invariant: no message holds a key, a value or a path inside a guest's data. Not here: errors of one operation
//! (`KvError`, `DeployError` …), which stand beside that operation and wrap [`StorageError`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casemate_core::{Fault, Faulty};
use rusqlite::ErrorCode;
use rustix::io::Errno;

/// Why a read or a write failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The disk is full (`ENOSPC`, `EDQUOT`, `SQLITE_FULL`). Nothing of the write remains.
    #[error("the disk of the data folder is full")]
    Full,
    /// The folder or the database cannot be written. Nothing was changed.
    #[error("the data folder cannot be written: {0}")]
    ReadOnly(String),
    /// The process has no file descriptor or memory left for a file (`EMFILE`, `ENFILE`, `ENOMEM`). It may have again soon.
    #[error("the process has no file descriptors left")]
    Descriptors,
    /// The database file is damaged.
    #[error("the database is damaged: {0}; restore the data folder from a backup")]
    Corrupt(String),
    /// A record of the platform's own is larger than it may be.
    #[error("a {what} of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// What kind of record.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// Its limit.
        limit: usize,
    },
    /// Something sealed does not open where it stands: it was edited, or moved there from another place.
    #[error("a sealed {0} does not open where it stands: it was edited or moved")]
    Tampered(&'static str),
    /// Another process holds a lock on the database for longer than we wait.
    #[error("the database is locked by another process")]
    Busy,
    /// The writer has stopped: the process is shutting down.
    #[error("the storage is closed")]
    Closed,
    /// The disk failed.
    #[error("`{path}` could not be {verb}")]
    File {
        /// What was tried, as a past participle: `read`, `written`, `renamed`.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The disk failed under the database.
    #[error("the database could not be read or written")]
    Io(#[source] Arc<rusqlite::Error>),
    /// The vault could not seal or make a key.
    #[error("the vault refused")]
    Vault(#[source] casemate_vault::VaultError),
    /// A statement of ours is wrong.
    #[error("a statement failed")]
    Statement(#[source] Arc<rusqlite::Error>),
    /// The disk failed in another write of the same transaction; this one was undone with it.
    #[error("the write was undone, because the disk failed in another one of its group")]
    Undone,
    /// A write of ours panicked; it was undone.
    #[error("a write was abandoned")]
    Abandoned,
}

impl StorageError {
    /// Sorts an error of the file system.
    pub(crate) fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        let errno = Errno::from_io_error(&source);
        if matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM)) {
            return Self::Descriptors;
        }
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(format!("`{}`: {source}", path.display()))
            }
            _ => Self::File { verb, path: path.to_owned(), source: Arc::new(source) },
        }
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Busy,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::OutOfMemory) => {
                Self::Io(Arc::new(error))
            }
            _ => Self::Statement(Arc::new(error)),
        }
    }
}

impl From<casemate_vault::VaultError> for StorageError {
    fn from(error: casemate_vault::VaultError) -> Self {
        Self::Vault(error)
    }
}

/// Sorts the vault's answer to opening something sealed: what is not authentic was edited or moved.
pub(crate) fn unsealed(what: &'static str) -> impl Fn(casemate_vault::VaultError) -> StorageError {
    use casemate_vault::VaultError;
    move |error| match error {
        VaultError::NotAuthentic | VaultError::NotSealed | VaultError::UnknownKey(_) => {
            StorageError::Tampered(what)
        }
        other => StorageError::Vault(other),
    }
}

impl Faulty for StorageError {
    fn fault(&self) -> Fault {
        match self {
            Self::Full
            | Self::Descriptors
            | Self::ReadOnly(_)
            | Self::Corrupt(_)
            | Self::Tampered(_)
            | Self::Busy
            | Self::Closed
            | Self::Undone
            | Self::File { .. }
            | Self::Io(_) => Fault::Unavailable,
            Self::TooLarge { .. } => Fault::Exhausted,
            Self::Vault(error) => error.fault(),
            Self::Statement(_) | Self::Abandoned => Fault::Bug,
        }
    }
}

/// Why the data folder could not be opened. Nothing in it was changed, except by [`OpenStorageError::Storage`] during a
/// migration, which is undone as a whole.
#[derive(Debug, thiserror::Error)]
pub enum OpenStorageError {
    /// Another server runs on this folder.
    #[error(
        "another server is running on the data folder `{0}`; stop it, or choose another folder with `--data`"
    )]
    InUse(PathBuf),
    /// The folder was made under another root key.
    #[error("the root key is not the one that the data folder `{0}` was made with; nothing was changed")]
    WrongRootKey(PathBuf),
    /// The folder was last written by a newer program.
    #[error("the data folder `{folder}` was written by a newer version (it has migration `{migration}`)")]
    TooNew {
        /// The folder.
        folder: PathBuf,
        /// What this program does not know.
        migration: String,
    },
    /// Part of the folder is missing.
    #[error("the data folder `{folder}` is incomplete: `{missing}` is missing; restore it from a backup")]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// The folder is not private, or not a folder.
    #[error("`{0}` cannot be the data folder: {1}")]
    Unfit(PathBuf, String),
    /// Reading or writing failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for OpenStorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Faulty for OpenStorageError {
    fn fault(&self) -> Fault {
        match self {
            Self::InUse(_)
            | Self::WrongRootKey(_)
            | Self::TooNew { .. }
            | Self::Incomplete { .. }
            | Self::Unfit(..) => Fault::Unavailable,
            Self::Storage(error) => error.fault(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_which_error_it_is() {
        let check = |code: rustix::io::Errno, expect: fn(&StorageError) -> bool| {
            let error = StorageError::file("written", Path::new("/x"), code.into());
            assert!(expect(&error), "{code:?} became {error:?}");
            assert_eq!(error.fault(), Fault::Unavailable);
        };
        check(rustix::io::Errno::NOSPC, |error| matches!(error, StorageError::Full));
        check(rustix::io::Errno::DQUOT, |error| matches!(error, StorageError::Full));
        check(rustix::io::Errno::ROFS, |error| matches!(error, StorageError::ReadOnly(_)));
        check(rustix::io::Errno::ACCESS, |error| matches!(error, StorageError::ReadOnly(_)));
        check(rustix::io::Errno::IO, |error| matches!(error, StorageError::File { .. }));
    }
}
