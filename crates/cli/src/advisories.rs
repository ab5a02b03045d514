//! The store of advisories on this machine: where it lies, and opening it.
//!
//! Invariant: a lookup reads the part of the file that it needs. Not here: what a store is (`casemate_scan::advisories`), filling it
//! (`verb::db`).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use casemate_scan::advisories::{Bytes, Store};

use crate::failure::{Failure, Kind};

/// A file that is read here and there.
#[derive(Debug)]
pub(crate) struct StoreFile {
    file: File,
    length: u64,
}

impl Bytes for StoreFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // Before memory is set aside for what the file cannot have.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

/// Where the store lies when somebody says: the option, or `CASEMATE_ADVISORIES` unless it is empty.
pub(crate) fn named(option: Option<&Path>) -> Option<PathBuf> {
    let environment = || std::env::var_os("CASEMATE_ADVISORIES").filter(|value| !value.is_empty());
    option.map(Path::to_owned).or_else(|| environment().map(PathBuf::from))
}

/// Where the store lies when nobody says: in the user's folder for data.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    let base = std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = base.or_else(home).ok_or_else(|| {
        Failure::failed("there is no place for advisories: `HOME` is not set").help("--db /path/to/file")
    })?;
    Ok(base.join("casemate").join("advisories.db"))
}

/// Opens a store; `None` when there is none at its place.
pub(crate) fn open(path: &Path) -> Result<Option<Store<StoreFile>>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    let metadata = file.metadata().map_err(|error| cannot(&error))?;
    if !metadata.is_file() {
        return Err(Failure::new(Kind::Usage, format!("`{}` is no file", path.display())));
    }
    let store = Store::open(StoreFile { file, length: metadata.len() });
    store.map(Some).map_err(|error| {
        let message = format!("`{}` cannot be used as a store of advisories: {error}", path.display());
        Failure::failed(message).help("casemate db import FOLDER|ZIP…")
    })
}
