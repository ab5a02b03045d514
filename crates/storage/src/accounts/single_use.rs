//! Things that are good for one use.
//!
//! Invariant: of any number of callers, in parallel and across restarts, exactly one consumes a thing. Not here: what
//! the things open.

use rusqlite::{Connection, OptionalExtension};

use super::{Accounts, AccountsError, Mac, millis};

/// Unused things of one purpose that are kept; the oldest give way.
const MOST_OPEN: u32 = 8;

impl Accounts {
    /// Makes a thing that is good for one use. It does not expire; earlier ones of its purpose stay good, up to eight.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn issue_single_use(&self, purpose: &'static str, mac: Mac) -> Result<(), AccountsError> {
        let now = millis(self.now());
        self.database
            .transact(move |db| {
                db.prepare_cached("INSERT INTO single_use (mac, purpose, created_at) VALUES (?1, ?2, ?3)")?
                    .execute((mac, purpose, now))?;
                db.prepare_cached(
                    "DELETE FROM single_use WHERE purpose = ?1 AND consumed_at IS NULL AND mac NOT IN
                        (SELECT mac FROM single_use WHERE purpose = ?1 AND consumed_at IS NULL
                         ORDER BY created_at DESC, mac = ?2 DESC LIMIT ?3)",
                )?
                .execute((purpose, mac, MOST_OPEN))?;
                Ok(())
            })
            .await
    }

    /// Whether a thing was made and not used.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn is_unused(&self, purpose: &'static str, mac: &Mac) -> Result<bool, AccountsError> {
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT 1 FROM single_use WHERE mac = ?1 AND purpose = ?2 AND consumed_at IS NULL",
            )?;
            Ok(statement.query_row((mac, purpose), |_| Ok(())).optional()?.is_some())
        })
    }

    /// Uses a thing: `true` for exactly one caller.
    ///
    /// # Errors
    /// [`AccountsError::Storage`]: then it counts as not used by this caller.
    pub async fn consume(&self, purpose: &'static str, mac: Mac) -> Result<bool, AccountsError> {
        let now = millis(self.now());
        self.database.transact(move |db| consume_in(db, purpose, &mac, now)).await
    }
}

/// Uses a thing as part of a larger transaction.
pub(super) fn consume_in(db: &Connection, purpose: &str, mac: &Mac, now: i64) -> Result<bool, AccountsError> {
    let used = db
        .prepare_cached(
            "UPDATE single_use SET consumed_at = ?3 WHERE mac = ?1 AND purpose = ?2 AND consumed_at IS NULL",
        )?
        .execute((mac, purpose, now))?;
    Ok(used == 1)
}

/// Closes everything of a purpose that is still unused.
pub(super) fn close_all(db: &Connection, purpose: &str) -> Result<(), AccountsError> {
    db.prepare_cached("DELETE FROM single_use WHERE purpose = ?1 AND consumed_at IS NULL")?
        .execute([purpose])?;
    Ok(())
}
