//! The ledger's files: preallocated tail segments, entry bundles, tiles, index runs, the checkpoint.
//!
//! Owns: how a ledger file is read, replaced, preallocated and synced. Invariants: a published file stands whole or not at
//! all (temporary file, sync, rename, sync of the folder); a segment's bytes are zero until something is written there.
//! Not here: what the files mean and in which order they are published (`audit`).

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate, statvfs, syncfs};

use crate::error::{OpenStorageError, StorageError};
use crate::folder::{BESIDE_PREFIX, Folder, private_file, sync_parent};

/// Above this many files, one sync of the whole file system is cheaper than one for each.
const SYNC_EACH_UP_TO: usize = 8;
/// How many zeros are written at once.
const ZEROS: usize = 256 * 1024;

/// Reads a ledger's folder, of a running server or of a copy. Names are relative to the folder, with `/` between.
#[derive(Debug, Clone)]
pub struct LedgerView {
    path: PathBuf,
}

impl LedgerView {
    /// Looks at a ledger folder. Nothing is opened yet and nothing will be changed.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A whole file; `None` when it is not there.
    ///
    /// # Errors
    /// [`StorageError::File`] when it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.path.join(name);
        absent(fs::read(&path)).map_err(|error| StorageError::file("read", &path, error))
    }

    /// `length` bytes from `offset`, fewer at the end of the file; `None` when the file is not there.
    ///
    /// # Errors
    /// [`StorageError::File`] when it cannot be read.
    pub fn read_part(&self, name: &str, offset: u64, length: usize) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.path.join(name);
        let failed = |error| StorageError::file("read", &path, error);
        let Some(mut file) = absent(File::open(&path)).map_err(failed)? else { return Ok(None) };
        io::Seek::seek(&mut file, io::SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::with_capacity(length);
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(bytes))
    }

    /// The names in a folder, sorted, without what is still in the making; none when the folder is not there.
    ///
    /// # Errors
    /// [`StorageError::File`] when it cannot be listed.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let path = self.path.join(folder);
        let failed = |error| StorageError::file("listed", &path, error);
        let Some(entries) = absent(fs::read_dir(&path)).map_err(failed)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            if !name.starts_with(BESIDE_PREFIX) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// What `audit` keeps: the folder `ledger/` within the data folder. One owner writes it.
#[derive(Debug)]
pub struct LedgerFiles {
    view: LedgerView,
    // Held for its lock on the data folder.
    _folder: Arc<Folder>,
}

impl LedgerFiles {
    /// The folder exists already, with mode 0700; holding `folder` keeps the lock.
    pub(crate) fn new(folder: Arc<Folder>, path: PathBuf) -> Self {
        Self { view: LedgerView { path }, _folder: folder }
    }

    /// A ledger's folder that stands alone, locked by itself: for tests, benches and tools. A server's ledger comes from
    /// [`crate::Storage::open`].
    ///
    /// # Errors
    /// [`OpenStorageError`] when it cannot be made or locked.
    pub fn alone(path: &Path) -> Result<Self, OpenStorageError> {
        Ok(Self { view: LedgerView::at(path), _folder: Arc::new(Folder::open(path)?) })
    }

    /// The same folder, for reading.
    #[must_use]
    pub fn view(&self) -> &LedgerView {
        &self.view
    }

    /// Puts whole files in their places. On return they, and their names, are on disk. A crash before leaves any of them
    /// whole or absent (or as they were).
    ///
    /// # Errors
    /// [`StorageError`]; [`StorageError::Full`] when the disk is full.
    pub fn publish(&self, files: &[(String, Vec<u8>)]) -> Result<(), StorageError> {
        let each = files.len() <= SYNC_EACH_UP_TO;
        let mut folders = BTreeSet::new();
        let mut renames = Vec::with_capacity(files.len());
        for (name, bytes) in files {
            let place = self.view.path.join(name);
            let folder = place.parent().unwrap_or(&self.view.path);
            if !folders.contains(folder) {
                make_folders(folder)?;
                folders.insert(folder.to_owned());
            }
            let last = place.file_name().unwrap_or_default().to_string_lossy();
            let temporary = place.with_file_name(format!("{BESIDE_PREFIX}{last}"));
            let failed = |error| StorageError::file("written", &temporary, error);
            let mut file = private_file().create(true).truncate(true).open(&temporary).map_err(failed)?;
            file.write_all(bytes).map_err(failed)?;
            if each {
                file.sync_data().map_err(failed)?;
            }
            renames.push((temporary, place));
        }
        if !each {
            let path = &self.view.path;
            let failed = |error| StorageError::file("synced", path, error);
            syncfs(File::open(path).map_err(failed)?).map_err(|error| failed(error.into()))?;
        }
        for (temporary, place) in renames {
            fs::rename(&temporary, &place)
                .map_err(|error| StorageError::file("renamed", &temporary, error))?;
        }
        for folder in folders {
            sync_folder(&folder)?;
        }
        Ok(())
    }

    /// Removes files, and the folders that this leaves empty within `tile/`. What is not there counts as removed.
    ///
    /// # Errors
    /// [`StorageError`] when one cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), StorageError> {
        let path = self.view.path.join(name);
        absent(fs::remove_file(&path)).map_err(|error| StorageError::file("removed", &path, error))?;
        if let Some(parent) = path.parent().filter(|parent| parent.extension().is_some_and(|end| end == "p"))
        {
            // The folder of a tile's partial widths: the next one may stand in it, then it stays.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    /// Bytes that the disk has left for this process.
    ///
    /// # Errors
    /// [`StorageError`] when the file system does not say.
    pub fn free_bytes(&self) -> Result<u64, StorageError> {
        let path = &self.view.path;
        let stat = statvfs(path).map_err(|error| StorageError::file("measured", path, error.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Which run of the machine this is; the same after a crash of the process, another after a power cut. Zero where the
    /// kernel does not say.
    #[must_use]
    pub fn boot_id(&self) -> [u8; 16] {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        casemate_core::ids::unhex(&digits).unwrap_or_default()
    }

    /// Makes a segment of `length` zero bytes, on disk when this returns. With `written`, the zeros are really written, so
    /// that a later sync has no allocation to record; without, they are only reserved, which is quick.
    ///
    /// # Errors
    /// [`StorageError`]; [`StorageError::Full`] when the disk has no room for it.
    pub fn create_segment(&self, name: &str, length: u64, written: bool) -> Result<Segment, StorageError> {
        let path = self.view.path.join(name);
        let failed = |error| StorageError::file("preallocated", &path, error);
        if let Some(folder) = path.parent() {
            make_folders(folder)?;
        }
        let file = private_file().create(true).truncate(true).open(&path).map_err(failed)?;
        let reserved = match fallocate(&file, FallocateFlags::empty(), 0, length) {
            // A file system that cannot reserve still stores; it may then fill up under a write.
            Err(rustix::io::Errno::OPNOTSUPP) => file.set_len(length),
            other => other.map_err(io::Error::from),
        };
        let segment = Segment { file, path: path.clone(), length };
        let made = reserved.map_err(failed).and_then(|()| if written { segment.clear() } else { Ok(()) });
        if let Err(error) = made {
            // What was reserved until the disk was full is given back; a failure of that changes nothing.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(segment)
    }

    /// Opens a segment that is there.
    ///
    /// # Errors
    /// [`StorageError`] when it is not, or cannot be opened for writing.
    pub fn open_segment(&self, name: &str) -> Result<Segment, StorageError> {
        let path = self.view.path.join(name);
        let failed = |error| StorageError::file("opened", &path, error);
        let file = private_file().open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Segment { file, path, length })
    }

    /// Gives a segment another name, in the same folder. A power cut may undo it until [`Self::sync_names`].
    ///
    /// # Errors
    /// [`StorageError`] when the file system refuses.
    pub fn rename_segment(&self, segment: &mut Segment, name: &str) -> Result<(), StorageError> {
        let place = self.view.path.join(name);
        fs::rename(&segment.path, &place)
            .map_err(|error| StorageError::file("renamed", &segment.path, error))?;
        segment.path = place;
        Ok(())
    }

    /// Syncs the names in a folder.
    ///
    /// # Errors
    /// [`StorageError`] when the disk fails.
    pub fn sync_names(&self, folder: &str) -> Result<(), StorageError> {
        sync_folder(&self.view.path.join(folder))
    }
}

/// An open, preallocated segment of the tail.
#[derive(Debug)]
pub struct Segment {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Segment {
    /// Its length in bytes; it never grows.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Hands bytes to the kernel, at `offset`: from then on they survive `kill -9`.
    ///
    /// # Errors
    /// [`StorageError`]; what stands at `offset` is then unknown.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), StorageError> {
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| StorageError::file("written", &self.path, error))
    }

    /// Puts everything that was written on disk (`fdatasync`).
    ///
    /// # Errors
    /// [`StorageError`]; what is on disk is then unknown, and calling again does not tell (the kernel drops the error).
    pub fn sync(&self) -> Result<(), StorageError> {
        self.file.sync_data().map_err(|error| StorageError::file("synced", &self.path, error))
    }

    /// Overwrites the whole segment with zeros and syncs it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn clear(&self) -> Result<(), StorageError> {
        let zeros = vec![0; ZEROS];
        let mut offset = 0;
        while offset < self.length {
            let rest = usize::try_from(self.length - offset).unwrap_or(ZEROS).min(ZEROS);
            self.write_at(zeros.get(..rest).unwrap_or_default(), offset)?;
            offset += u64::try_from(rest).unwrap_or(u64::MAX);
        }
        self.sync()
    }
}

fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder with mode 0700 and its missing parents, and syncs each new name.
fn make_folders(folder: &Path) -> Result<(), StorageError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => sync_parent(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StorageError::file("made", folder, error)),
    }
}

fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|error| StorageError::file("synced", folder, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, LedgerFiles) {
        let folder = tempfile::tempdir().unwrap();
        let files = LedgerFiles::alone(&folder.path().join("ledger")).unwrap();
        (folder, files)
    }

    #[test]
    fn publishes_few_and_many_files_in_new_folders() {
        let (_folder, files) = files();
        let named = |n: usize| (format!("tile/0/x{n:03}/000"), vec![7; n]);
        for count in [1, 3, 40] {
            files.publish(&(0..count).map(named).collect::<Vec<_>>()).unwrap();
            for (name, bytes) in (0..count).map(named) {
                assert_eq!(files.view().read(&name).unwrap(), Some(bytes));
            }
            assert_eq!(files.view().list("tile/0").unwrap().len(), count);
        }
        assert_eq!(files.view().list("tile/0/x000").unwrap(), ["000"], "nothing temporary is left");
        assert_eq!(files.view().read("tile/0/nothing").unwrap(), None);
    }

    #[test]
    fn replaces_a_file_as_a_whole_and_removes_empty_partial_folders() {
        let (_folder, files) = files();
        files.publish(&[("checkpoint".to_owned(), vec![1; 100])]).unwrap();
        files.publish(&[("checkpoint".to_owned(), vec![2; 10])]).unwrap();
        assert_eq!(files.view().read("checkpoint").unwrap(), Some(vec![2; 10]));
        assert_eq!(files.view().read_part("checkpoint", 8, 5).unwrap(), Some(vec![2; 2]));
        files.publish(&[("tile/0/000.p/1".to_owned(), vec![1])]).unwrap();
        files.remove("tile/0/000.p/1").unwrap();
        files.remove("tile/0/000.p/1").unwrap();
        assert_eq!(files.view().list("tile/0").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_segment_is_zero_until_it_is_written_and_after_it_is_cleared() {
        let (_folder, files) = files();
        for written in [false, true] {
            let mut segment = files.create_segment("tail/spare", 700_000, written).unwrap();
            assert_eq!(files.view().read("tail/spare").unwrap().unwrap(), vec![0; 700_000]);
            segment.write_at(b"leaf", 500_000).unwrap();
            segment.sync().unwrap();
            files.rename_segment(&mut segment, "tail/7").unwrap();
            files.sync_names("tail").unwrap();
            assert_eq!(files.view().read_part("tail/7", 499_999, 6).unwrap().unwrap(), b"\0leaf\0");
            let again = files.open_segment("tail/7").unwrap();
            assert_eq!(again.length(), 700_000);
            again.clear().unwrap();
            assert_eq!(files.view().read("tail/7").unwrap().unwrap(), vec![0; 700_000]);
        }
        assert!(files.open_segment("tail/8").is_err());
    }

    /// Larger than any file may be, so that the system refuses at once: a length between that and what is free would fill the
    /// machine's disk for a moment.
    #[test]
    fn a_segment_that_cannot_be_made_leaves_nothing_behind() {
        let (_folder, files) = files();
        assert!(files.free_bytes().unwrap() > 0);
        let error = files.create_segment("tail/spare", 1 << 62, false).unwrap_err();
        assert!(matches!(error, StorageError::File { .. } | StorageError::Full), "{error:?}");
        assert_eq!(files.view().list("tail").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_folder_has_one_owner() {
        let (_folder, files) = files();
        assert!(matches!(LedgerFiles::alone(files.view().path()), Err(OpenStorageError::InUse(_))));
    }
}
