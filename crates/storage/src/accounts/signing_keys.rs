//! Token signing keys at rest: wrapped by the vault, and the state each is in.
//!
//! Invariant: at most one key is active, whatever happens between two statements. Not here: when keys change state
//! (`identity`).

use casemate_core::Timestamp;
use casemate_vault::{SigningKeyId, WrappedKey};

use super::{Accounts, AccountsError, millis, timestamp};
use crate::error::StorageError;

/// Where a key stands in its life. A key that is gone has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, and not used yet.
    Next,
    /// Signs.
    Active,
    /// Signs no more; what it signed before is good until it ends.
    Retiring {
        /// When it signed last.
        since: Timestamp,
    },
}

/// A key at rest.
#[derive(Debug, Clone)]
pub struct StoredSigningKey {
    /// Its id: the `kid`.
    pub id: SigningKeyId,
    /// The private key, wrapped.
    pub wrapped: WrappedKey,
    /// Its state.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Accounts {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, AccountsError> {
        type Row = (String, Vec<u8>, String, i64, Option<i64>);
        let rows: Vec<Row> = self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, wrapped, state, created_at, retired_at FROM signing_keys ORDER BY created_at, id",
            )?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
                .collect::<Result<_, _>>()?;
            Ok::<_, AccountsError>(rows)
        })?;
        rows.into_iter()
            .map(|(id, wrapped, state, created_at, retired_at)| {
                let state = match (state.as_str(), retired_at) {
                    ("next", None) => KeyState::Next,
                    ("active", None) => KeyState::Active,
                    ("retiring", Some(since)) => KeyState::Retiring { since: timestamp(since) },
                    _ => return Err(StorageError::Corrupt("the state of a signing key".to_owned()).into()),
                };
                let id = SigningKeyId::parse(&id).map_err(StorageError::from)?;
                Ok(StoredSigningKey {
                    id,
                    wrapped: WrappedKey::from_bytes(wrapped),
                    state,
                    created_at: timestamp(created_at),
                })
            })
            .collect()
    }

    /// Replaces all keys by `keys`, in one step.
    ///
    /// # Errors
    /// [`AccountsError::Storage`]: then the old ones stand.
    pub async fn set_signing_keys(&self, keys: Vec<StoredSigningKey>) -> Result<(), AccountsError> {
        self.database
            .transact(move |db| {
                db.prepare_cached("DELETE FROM signing_keys")?.execute([])?;
                for key in keys {
                    let (state, retired_at) = match key.state {
                        KeyState::Next => ("next", None),
                        KeyState::Active => ("active", None),
                        KeyState::Retiring { since } => ("retiring", Some(millis(since))),
                    };
                    db.prepare_cached(
                        "INSERT INTO signing_keys (id, wrapped, state, created_at, retired_at)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((
                        key.id.as_str(),
                        key.wrapped.as_bytes(),
                        state,
                        millis(key.created_at),
                        retired_at,
                    ))?;
                }
                Ok(())
            })
            .await
    }
}
