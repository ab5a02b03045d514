//! Opening the data folder: lock, root key, database, keys, in this order.
//!
//! Invariant: nothing in the folder changes before it is locked and the root key has proved to be the one that the folder was
//! made with. Not here: what each handle does.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use casemate_core::Clock;
use casemate_core::ids::hex;
use casemate_vault::{Vault, constant_time_eq};
use rusqlite::Connection;

use crate::accounts::Accounts;
use crate::database::Database;
use crate::error::{OpenStorageError, StorageError};
use crate::folder::{Folder, make_private, private_file, sweep, sync_parent, write_whole};
use crate::kv::{GuestStores, Versions};
use crate::ledger_files::LedgerFiles;
use crate::registry::Registry;
use crate::{keys, migrations};

const CHECK: &str = "root-key.check";
const DATABASE: &str = "casemate.db";
pub(crate) const COMPONENTS: &str = "components";
pub(crate) const IMAGES: &str = "images";
const LEDGER: &str = "ledger";

/// The way in.
#[derive(Debug, Clone, Copy)]
pub struct Storage;

/// What the folder holds, one handle for each room that may have it.
pub struct Handles {
    /// For `sandbox`: what guests store.
    pub guest: GuestStores,
    /// For `identity`: accounts, sessions, keys.
    pub accounts: Accounts,
    /// For `server`: components, revisions, policies, settings.
    pub registry: Registry,
    /// For `audit`: the ledger's files.
    pub ledger: LedgerFiles,
}

impl std::fmt::Debug for Handles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handles").finish_non_exhaustive()
    }
}

/// Whether `dir` was never used as a data folder: asked before the vault is opened, because only then may a root key be made.
///
/// # Errors
/// When the folder cannot be looked into.
pub fn is_new(dir: &Path) -> io::Result<bool> {
    for name in [CHECK, DATABASE, LEDGER] {
        if fs::exists(dir.join(name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Storage {
    /// Makes the data folder (mode 0700) on a first start, and says whether it is one. Comes before the vault is opened,
    /// because the root key may lie in the folder.
    ///
    /// # Errors
    /// When the folder cannot be looked into or made.
    pub fn prepare(dir: &Path) -> Result<bool, OpenStorageError> {
        let first_start = is_new(dir).map_err(|error| StorageError::file("read", dir, error))?;
        if first_start {
            make_private(dir)?;
        }
        Ok(first_start)
    }

    /// Opens the data folder, and makes it on a first start. The folder stays locked until the last handle is dropped.
    ///
    /// # Errors
    /// [`OpenStorageError`], by variant; a folder of another root key, of a newer program, or in use is left as it was.
    pub fn open(dir: &Path, vault: Arc<Vault>, clock: Arc<dyn Clock>) -> Result<Handles, OpenStorageError> {
        let folder = Arc::new(Folder::open(dir)?);
        check_root_key(&folder, &vault)?;
        let mut writer = open_database(&folder)?;
        migrations::migrate(&mut writer, clock.now())?;
        keys::open_all(&mut writer, &vault, clock.now())?;
        Accounts::prepare(&writer, &vault)?;
        let versions = Versions::open(&writer)?;
        for name in [COMPONENTS, IMAGES, LEDGER] {
            make_private(&folder.at(name))?;
        }
        sweep(folder.path())?;
        sweep(&folder.at(COMPONENTS))?;
        sweep(&folder.at(IMAGES))?;
        sync_parent(&folder.at(LEDGER))?;

        let database = Database::start(writer, &folder.at(DATABASE), Arc::clone(&folder))?;
        Ok(Handles {
            guest: GuestStores::new(Arc::clone(&database), Arc::clone(&vault), versions),
            accounts: Accounts::new(Arc::clone(&database), Arc::clone(&vault), Arc::clone(&clock)),
            ledger: LedgerFiles::new(Arc::clone(&folder), folder.at(LEDGER)),
            registry: Registry::new(database, folder, vault, clock),
        })
    }
}

/// Compares the vault's fingerprint with the one that the folder was made with, or keeps it on a first start.
fn check_root_key(folder: &Folder, vault: &Vault) -> Result<(), OpenStorageError> {
    let path = folder.at(CHECK);
    let ours = hex(&vault.fingerprint());
    match fs::read(&path) {
        Ok(theirs) if constant_time_eq(theirs.trim_ascii_end(), ours.as_bytes()) => Ok(()),
        Ok(_) => Err(OpenStorageError::WrongRootKey(folder.path().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            for name in [DATABASE, COMPONENTS, LEDGER] {
                if folder.at(name).exists() {
                    return Err(OpenStorageError::Incomplete {
                        folder: folder.path().to_owned(),
                        missing: CHECK,
                    });
                }
            }
            Ok(write_whole(&path, &[ours.as_bytes(), b"\n"])?)
        }
        Err(error) => Err(StorageError::file("read", &path, error).into()),
    }
}

/// Opens the database for writing. It may be missing or empty only if nothing that comes after it was ever made.
fn open_database(folder: &Folder) -> Result<Connection, OpenStorageError> {
    let path = folder.at(DATABASE);
    let used = folder.at(COMPONENTS).exists();
    if used && !path.exists() {
        return Err(OpenStorageError::Incomplete { folder: folder.path().to_owned(), missing: DATABASE });
    }
    private_file()
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| StorageError::file("opened", &path, error))?;
    sync_parent(&path)?;
    let writer = Database::open_writer(&path)?;
    if used && !writer.table_exists(None, "migrations")? {
        return Err(StorageError::Corrupt("its tables are missing".to_owned()).into());
    }
    match migrations::unknown(&writer)? {
        None => Ok(writer),
        Some(migration) => Err(OpenStorageError::TooNew { folder: folder.path().to_owned(), migration }),
    }
}

#[cfg(test)]
mod tests;
