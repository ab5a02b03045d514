//! Data keys at rest: which wrapped key belongs to which scope.
//!
//! Invariant: a data key is on disk before anything sealed under it is acknowledged, because both are written in one
//! transaction. Not here: key bytes; the vault wraps and unwraps them.

use casemate_core::{AppId, KeyId, Timestamp};
use casemate_vault::{KeyScope, Vault, WrappedKey};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::error::{StorageError, unsealed};

/// Gives the vault every key of the folder, and makes the platform's and the ledger's on a first start.
pub(crate) fn open_all(writer: &mut Connection, vault: &Vault, now: Timestamp) -> Result<(), StorageError> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction
            .prepare("SELECT id, scope, current, wrapped FROM data_keys ORDER BY created_at, id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = KeyId(row.get::<_, i64>(0)?.cast_unsigned());
            let scope = parse(&row.get::<_, String>(1)?)?;
            let wrapped = WrappedKey::from_bytes(row.get(3)?);
            vault.adopt_data_key(&scope, id, &wrapped, row.get(2)?).map_err(unsealed("data key"))?;
        }
    }
    ensure(&transaction, vault, &KeyScope::Platform, now)?;
    ensure(&transaction, vault, &KeyScope::Ledger, now)?;
    transaction.commit()?;
    Ok(())
}

/// Makes the scope's data key unless it has one.
///
/// If the transaction is lost after this, the vault holds a key that the disk does not. Nothing acknowledged was sealed
/// under it, and the next call, which asks the disk, makes another.
pub(crate) fn ensure(
    transaction: &Transaction<'_>,
    vault: &Vault,
    scope: &KeyScope,
    now: Timestamp,
) -> Result<(), StorageError> {
    let text = format(scope);
    let current = transaction
        .query_row("SELECT id FROM data_keys WHERE scope = ?1 AND current = 1", [&text], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    if current.is_some() {
        return Ok(());
    }
    let (id, wrapped) = vault.create_data_key(scope)?;
    transaction.execute(
        "INSERT INTO data_keys (id, scope, current, wrapped, created_at) VALUES (?1, ?2, 1, ?3, ?4)",
        (id.0.cast_signed(), &text, wrapped.as_bytes(), i64::try_from(now.as_millis()).unwrap_or(i64::MAX)),
    )?;
    Ok(())
}

fn format(scope: &KeyScope) -> String {
    match scope {
        KeyScope::Platform => "platform".to_owned(),
        KeyScope::Ledger => "ledger".to_owned(),
        KeyScope::App(app) => format!("app:{app}"),
    }
}

fn parse(text: &str) -> Result<KeyScope, StorageError> {
    match text {
        "platform" => Ok(KeyScope::Platform),
        "ledger" => Ok(KeyScope::Ledger),
        other => other
            .strip_prefix("app:")
            .and_then(|app| AppId::parse(app).ok())
            .map(KeyScope::App)
            .ok_or_else(|| StorageError::Corrupt("a data key has no scope that is known".to_owned())),
    }
}
