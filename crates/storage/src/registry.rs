//! The registry: which apps there are, what they run, which policies were written, and the platform's own small values.
//!
//! Owns: the folders `components` and `images`, the tables `revisions`, `policies` and `settings`. Invariant: whoever changes what
//! is live spends a permit that names it; a revision is there whole or not at all, with every component that it names.
//! Manifests, policies and settings are sealed. Components and images lie in clear: they are code that somebody uploaded, not
//! data, and neither is used unless its digest or its MAC fits. Not here: compiling (`sandbox`), installing policies (`policy`).

use std::path::PathBuf;
use std::sync::Arc;

use casemate_core::Clock;
use casemate_vault::{Binding, KeyScope, Vault, WrappedTlsIdentity};
use rusqlite::OptionalExtension;

use crate::database::Database;
use crate::error::{StorageError, unsealed};
use crate::folder::{Folder, write_whole};

mod components;
mod images;
mod policies;
mod revisions;
mod standing;

pub use components::{ComponentError, Upload, UploadError};
pub use images::ImageError;
pub use policies::PolicyStoreError;
pub use revisions::{DeployError, DeployedRevision};

/// Bytes of one setting.
const SETTING_MAX: usize = 64 << 10;
const TLS_IDENTITY: &str = "tls-identity";
const CERTIFICATE: &str = "tls.crt";

/// What `server` keeps.
pub struct Registry {
    database: Arc<Database>,
    folder: Arc<Folder>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    pub(crate) fn new(
        database: Arc<Database>,
        folder: Arc<Folder>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { database, folder, vault, clock }
    }

    /// A small value that the platform keeps about itself: its instance id, its issuer. `None` before the first
    /// [`Self::put_setting`].
    ///
    /// # Errors
    /// [`StorageError::Tampered`] when it was edited or taken from another name, or why it could not be read.
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.database.read(|reader| {
            let mut statement = reader.prepare_cached("SELECT sealed FROM settings WHERE name = ?1")?;
            let Some(sealed) = statement.query_row([name], |row| row.get::<_, Vec<u8>>(0)).optional()? else {
                return Ok(None);
            };
            let binding = Binding { scope: &KeyScope::Platform, parts: &[b"setting", name.as_bytes()] };
            let mut value = self.vault.open_sealed(&binding, &sealed).map_err(unsealed("setting"))?;
            Ok(Some(std::mem::take(&mut *value)))
        })
    }

    /// Keeps a setting, on disk on return. `name` is a constant of the program and stands in clear; the value is sealed.
    ///
    /// # Errors
    /// Why it could not be written; [`StorageError::TooLarge`] above 64 KiB.
    pub async fn put_setting(&self, name: &'static str, value: &[u8]) -> Result<(), StorageError> {
        if value.len() > SETTING_MAX {
            return Err(StorageError::TooLarge { what: "setting", bytes: value.len(), limit: SETTING_MAX });
        }
        let binding = Binding { scope: &KeyScope::Platform, parts: &[b"setting", name.as_bytes()] };
        let sealed = self.vault.seal(&binding, value)?;
        self.database
            .write(move |transaction| {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO settings (name, sealed) VALUES (?1, ?2)")?
                    .execute((name, sealed))?;
                Ok(())
            })
            .await
    }

    /// Writes `tls.crt` into the data folder, for people to give to clients; its path is returned.
    ///
    /// # Errors
    /// Why it could not be written.
    pub fn publish_certificate(&self, pem: &str) -> Result<PathBuf, StorageError> {
        let path = self.folder.at(CERTIFICATE);
        if std::fs::read(&path).ok().as_deref() != Some(pem.as_bytes()) {
            write_whole(&path, &[pem.as_bytes()])?;
        }
        Ok(path)
    }

    /// The TLS identity that was kept, wrapped by the vault.
    ///
    /// # Errors
    /// As [`Self::setting`].
    pub fn tls_identity(&self) -> Result<Option<WrappedTlsIdentity>, StorageError> {
        Ok(self.setting(TLS_IDENTITY)?.map(WrappedTlsIdentity::from_bytes))
    }

    /// Keeps the TLS identity, on disk on return.
    ///
    /// # Errors
    /// As [`Self::put_setting`].
    pub async fn put_tls_identity(&self, identity: &WrappedTlsIdentity) -> Result<(), StorageError> {
        self.put_setting(TLS_IDENTITY, identity.as_bytes()).await
    }
}

#[cfg(test)]
mod tests;
