//! The tables, in the order in which they came to be.
//!
//! Invariant: a migration that was released never changes; a change is a new one at the end of [`MIGRATIONS`]. All that are
//! due run in one transaction, so a folder is at one state or the next, never between. Not here: what the tables mean.

use casemate_core::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::StorageError;

/// Name and SQL of each migration, oldest first.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_base", include_str!("../migrations/0001_base.sql")),
    ("0002_accounts", include_str!("../migrations/0002_accounts.sql")),
];

/// The first migration that the database has and this program does not know, if there is one. Changes nothing.
pub(crate) fn unknown(connection: &Connection) -> Result<Option<String>, StorageError> {
    if !connection.table_exists(None, "migrations")? {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT name FROM migrations ORDER BY place")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut known = MIGRATIONS.iter().map(|(name, _)| *name);
    Ok(names.into_iter().find(|name| known.next() != Some(name.as_str())))
}

/// Runs every migration that is due.
pub(crate) fn migrate(connection: &mut Connection, now: Timestamp) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
            place INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            at INTEGER NOT NULL
        ) STRICT",
    )?;
    let done: i64 = transaction.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0))?;
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    for (place, (name, sql)) in (0_i64..).zip(MIGRATIONS).skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        transaction.execute_batch(sql)?;
        transaction
            .execute("INSERT INTO migrations (place, name, at) VALUES (?1, ?2, ?3)", (place, name, now))?;
    }
    transaction.commit()?;
    Ok(())
}
