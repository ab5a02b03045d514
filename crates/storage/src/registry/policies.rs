//! Policies that people wrote: a name and a text each.
//!
//! Invariant: a policy changes only by a permit that names it. Not here: whether the text is valid (`policy` checks it before).

use std::sync::Arc;

use casemate_core::action::operation::PolicyWrite;
use casemate_core::{Fault, Faulty};
use casemate_policy::{Permit, WrittenPolicy};
use casemate_vault::{Binding, KeyScope, MacPurpose};
use serde::{Deserialize, Serialize};

use super::{Registry, standing};
use crate::error::{StorageError, unsealed};

/// Bytes of one policy's text.
const TEXT_MAX: usize = 64 << 10;
/// Policies in all. The guard reads every one of them.
const POLICIES_MAX: i64 = 10_000;

/// Why a policy could not be kept or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyStoreError {
    /// The permit does not name a policy.
    #[error("no policy is named")]
    NoName,
    /// The text is too long.
    #[error("the policy has {0} bytes, more than {TEXT_MAX}")]
    TooLarge(usize),
    /// There are too many.
    #[error("there are {POLICIES_MAX} written policies already")]
    TooMany,
    /// Writing failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for PolicyStoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Faulty for PolicyStoreError {
    fn fault(&self) -> Fault {
        match self {
            Self::NoName => Fault::Caller,
            Self::TooLarge(_) | Self::TooMany => Fault::Exhausted,
            Self::Storage(error) => error.fault(),
        }
    }
}

/// How a policy stands in its sealed row.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    text: String,
}

impl Registry {
    /// Keeps the policy that the permit names (`PlatformPart(Some(name))`), in place of an older one of that name; on disk on
    /// return.
    ///
    /// # Errors
    /// [`PolicyStoreError`], by variant.
    pub async fn put_policy(&self, permit: Permit<PolicyWrite>, text: &str) -> Result<(), PolicyStoreError> {
        let (name, mac) = self.policy_named(&permit)?;
        if text.len() > TEXT_MAX {
            return Err(PolicyStoreError::TooLarge(text.len()));
        }
        let clear = serde_json::to_vec(&Sealed { name, text: text.to_owned() })
            .map_err(|error| StorageError::Corrupt(error.to_string()))?;
        let binding = Binding { scope: &KeyScope::Platform, parts: &[b"policy", &mac] };
        let sealed = self.vault.seal(&binding, &clear).map_err(StorageError::from)?;
        let vault = Arc::clone(&self.vault);
        self.database
            .transact(move |transaction| {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO policies (name_mac, sealed) VALUES (?1, ?2)")?
                    .execute((mac, sealed))?;
                let count: i64 =
                    transaction.query_row("SELECT count(*) FROM policies", [], |row| row.get(0))?;
                if count > POLICIES_MAX {
                    return Err(PolicyStoreError::TooMany);
                }
                Ok(standing::keep(transaction, &vault)?)
            })
            .await
    }

    /// Removes the policy that the permit names; whether there was one. On disk on return.
    ///
    /// # Errors
    /// [`PolicyStoreError::NoName`], [`PolicyStoreError::Storage`].
    pub async fn remove_policy(&self, permit: Permit<PolicyWrite>) -> Result<bool, PolicyStoreError> {
        let (_, mac) = self.policy_named(&permit)?;
        let vault = Arc::clone(&self.vault);
        self.database
            .transact(move |transaction| {
                let removed = transaction.execute("DELETE FROM policies WHERE name_mac = ?1", [mac])?;
                standing::keep(transaction, &vault)?;
                Ok(removed > 0)
            })
            .await
    }

    /// Every written policy, by name. Without a permit, because the guard itself is built from this at start; who shows it
    /// to people authorizes `policy-read` first.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] when one was edited or moved, or why they could not be read.
    pub fn policies(&self) -> Result<Vec<WrittenPolicy>, StorageError> {
        let mut policies = self.database.read(|reader| {
            let mut statement = reader.prepare_cached("SELECT name_mac, sealed FROM policies")?;
            let mut rows = statement.query([])?;
            let mut policies = Vec::new();
            while let Some(row) = rows.next()? {
                let (mac, sealed): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
                let binding = Binding { scope: &KeyScope::Platform, parts: &[b"policy", &mac] };
                let clear = self.vault.open_sealed(&binding, &sealed).map_err(unsealed("policy"))?;
                let Sealed { name, text } =
                    serde_json::from_slice(&clear).map_err(|_| StorageError::Tampered("policy"))?;
                policies.push(WrittenPolicy { name, text });
            }
            Ok::<_, StorageError>(policies)
        })?;
        policies.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(policies)
    }

    fn policy_named(&self, permit: &Permit<PolicyWrite>) -> Result<(String, [u8; 32]), PolicyStoreError> {
        let name = permit.target().0.clone().ok_or(PolicyStoreError::NoName)?;
        let mac = self.vault.mac(MacPurpose::RowKey, &[b"policy", name.as_bytes()]);
        Ok((name, mac))
    }
}
