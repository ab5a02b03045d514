//! Why a server did not start. Each names what to change.

use std::path::PathBuf;

use casemate_core::AppId;

use crate::settings::SettingsError;

/// Why a server did not start. Nothing was changed on disk unless the message says so.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting would open a wall by accident.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The vault could not be opened.
    #[error(transparent)]
    Vault(#[from] casemate_vault::OpenVaultError),
    /// A key could not be used.
    #[error(transparent)]
    Key(#[from] casemate_vault::VaultError),
    /// The data folder could not be opened.
    #[error(transparent)]
    Storage(#[from] casemate_storage::OpenStorageError),
    /// The data folder could not be read.
    #[error(transparent)]
    Read(#[from] casemate_storage::StorageError),
    /// The ledger could not be opened.
    #[error(transparent)]
    Ledger(#[from] casemate_audit::OpenLedgerError),
    /// Accounts could not be opened.
    #[error(transparent)]
    Identity(#[from] casemate_identity::OpenIdentityError),
    /// Accounts could not be read or written.
    #[error(transparent)]
    Account(#[from] casemate_identity::AccountError),
    /// The sandbox could not be built.
    #[error(transparent)]
    Sandbox(#[from] casemate_sandbox::OpenSandboxError),
    /// A listener could not be bound.
    #[error(transparent)]
    Listen(#[from] crate::edge::ListenError),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] crate::edge::TlsError),
    /// The process could not be confined.
    #[error(transparent)]
    Confine(#[from] crate::confine::ConfineError),
    /// The kernel has no Landlock, and the settings require it.
    #[error("this kernel cannot confine the process ({0}), and `require_landlock` is set")]
    Unconfined(String),
    /// A constant is not what it should be.
    #[error(transparent)]
    Name(#[from] casemate_core::NameError),
    /// A thread or runtime could not be started.
    #[error("the runtime could not be started")]
    Runtime(#[source] std::io::Error),
    /// An app that was live cannot be put live again.
    #[error("app `{app}` cannot be restored: {why}")]
    Restore {
        /// The app.
        app: AppId,
        /// What failed.
        why: String,
    },
    /// An older copy of the ledger was put back.
    #[error(
        "the ledger has {found} leaves, but had {known} when this server last looked: an older copy was put back. Restore the newer \
         `ledger` folder; or, if the loss is known and accepted, start once with `dangerous_accept_older_ledger = true`"
    )]
    LedgerRolledBack {
        /// Leaves that are there.
        found: u64,
        /// Leaves that were there.
        known: u64,
    },
    /// There is no data folder.
    #[error("there is no data folder at `{0}`")]
    NoFolder(PathBuf),
    /// The ledger did not take a record.
    #[error(transparent)]
    Record(#[from] casemate_core::RecordError),
    /// The policies that were in force cannot be put in force again.
    #[error("the policies cannot be restored: {0}")]
    Rules(String),
}
