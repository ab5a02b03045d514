//! The one room that opens databases and files: key-value stores, accounts, the registry, the ledger's files.
//!
//! Owns: the data folder. Invariant: what stands in it is sealed by the vault and bound to its place, or authenticated, or
//! named below as public. [`Storage::open`] returns separate handles, each moved into exactly one room, so authority follows
//! ownership; [`GuestStores`] alone serves guests, and every method of it demands a permit.
//! Not here: keys (`vault`), who is allowed what (`policy`), what the records mean (the rooms that hold the handles).
//!
//! The data folder (mode 0700, every file 0600):
//!
//! | name | what | protected by |
//! |---|---|---|
//! | `lock` | empty; locked while a server runs | – |
//! | `root-key.check` | the vault's fingerprint | public |
//! | `casemate.db`, `-wal`, `-shm` | SQLite | every value sealed; in clear: app names, revision numbers, times, sizes, ids |
//! | `components/<sha256>` | uploaded components | not secret; refused when the digest differs |
//! | `images/<sha256>` | compiled images | not secret; refused, and removed, when the MAC differs |
//! | `ledger/` | the ledger | sealed leaves, signed tree |
//!
//! What is *not* noticed here is a rollback: whoever can write to the disk can put an old copy of the whole database, or of a
//! whole row with its version, back in place, and it opens. (A value without its version, or in another row, does not.)
//! The ledger names every write, so an auditor sees it there, and the checkpoints that others remember cannot be rolled back.

pub mod accounts;
mod database;
mod error;
mod folder;
mod keys;
pub mod kv;
pub mod ledger_files;
mod migrations;
mod open;
pub mod registry;
#[cfg(test)]
mod testing;

pub use accounts::Accounts;
pub use error::{OpenStorageError, StorageError};
pub use kv::{GuestStores, KvError, KvPage};
pub use ledger_files::LedgerFiles;
pub use open::{Handles, Storage, is_new};
pub use registry::{
    ComponentError, DeployError, DeployedRevision, ImageError, PolicyStoreError, Registry, Upload,
    UploadError,
};
