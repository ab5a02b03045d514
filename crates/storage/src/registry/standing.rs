//! What stands: one sealed digest over all written policies and the live revision of every app.
//!
//! Invariant: it changes in the transaction that changes what it covers, so a row that was deleted, put back or taken from an older copy
//! does not go unnoticed. Not here: an older copy of the whole database, which no value inside it can betray.

use casemate_vault::{Binding, KeyScope, Vault, sha256};
use rusqlite::{Connection, OptionalExtension};

use super::Registry;
use crate::error::{StorageError, unsealed};

const NAME: &str = "standing";

fn binding<T>(act: impl FnOnce(&Binding<'_>) -> T) -> T {
    act(&Binding { scope: &KeyScope::Platform, parts: &[b"setting", NAME.as_bytes()] })
}

/// Takes what stands now into the sealed digest.
pub(super) fn keep(db: &Connection, vault: &Vault) -> Result<(), StorageError> {
    let digest = digest(db)?;
    let sealed = binding(|binding| vault.seal(binding, &digest))?;
    db.prepare_cached("INSERT OR REPLACE INTO settings (name, sealed) VALUES (?1, ?2)")?
        .execute((NAME, sealed))?;
    Ok(())
}

fn digest(db: &Connection) -> Result<[u8; 32], StorageError> {
    let mut all = Vec::new();
    let mut add = |part: &[u8]| {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    };
    let mut policies = db.prepare_cached("SELECT name_mac, sealed FROM policies ORDER BY name_mac")?;
    let mut rows = policies.query([])?;
    while let Some(row) = rows.next()? {
        add(b"policy");
        add(row.get_ref(0)?.as_bytes().unwrap_or_default());
        add(row.get_ref(1)?.as_bytes().unwrap_or_default());
    }
    let mut revisions =
        db.prepare_cached("SELECT app, max(revision), sealed FROM revisions GROUP BY app ORDER BY app")?;
    let mut rows = revisions.query([])?;
    while let Some(row) = rows.next()? {
        add(b"revision");
        add(row.get::<_, String>(0)?.as_bytes());
        add(&row.get::<_, i64>(1)?.to_be_bytes());
        add(row.get_ref(2)?.as_bytes().unwrap_or_default());
    }
    Ok(sha256(&all).0)
}

impl Registry {
    /// Whether policies and live revisions are those that were last put there; asked once, at start.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] when a row was deleted, put back or replaced by an older one.
    pub fn check_standing(&self) -> Result<(), StorageError> {
        const WHAT: &str = "list of policies and live revisions";
        self.database.snapshot(|db| {
            let kept: Option<Vec<u8>> = db
                .prepare_cached("SELECT sealed FROM settings WHERE name = ?1")?
                .query_row([NAME], |row| row.get(0))
                .optional()?;
            let Some(kept) = kept else {
                let any: bool = db.query_row(
                    "SELECT EXISTS (SELECT 1 FROM policies) OR EXISTS (SELECT 1 FROM revisions)",
                    [],
                    |row| row.get(0),
                )?;
                return if any { Err(StorageError::Tampered(WHAT)) } else { Ok(()) };
            };
            let kept =
                binding(|binding| self.vault.open_sealed(binding, &kept)).map_err(unsealed("setting"))?;
            if kept.as_slice() == digest(db)? { Ok(()) } else { Err(StorageError::Tampered(WHAT)) }
        })
    }
}
