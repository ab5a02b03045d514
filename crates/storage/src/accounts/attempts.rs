//! Counters of failed attempts, durable, one for each account name and each address.
//!
//! Invariant: an attempt is reserved, that is counted as failed and synced to disk, before anyone looks at the password;
//! only success takes the count back. Not here: the arithmetic (`lockout`).

use std::time::Duration;

use casemate_core::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::lockout::{Counter, LockRule};
use super::{Accounts, AccountsError, Mac, millis, timestamp};

/// Rows that nobody needs any more, removed with each attempt.
const SWEPT_AT_ONCE: u32 = 16;

/// What is counted: a MAC of it, and its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// A MAC of the account's name, or of the address.
    pub mac: Mac,
    /// How it locks.
    pub rule: LockRule,
}

/// Whether an attempt may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may; it is counted as failed until it is taken back.
    Reserved,
    /// The account is locked. The attempt counts against the address.
    AccountLocked,
    /// The address is locked. Nothing was counted.
    AddressLocked,
}

impl Accounts {
    /// Counts an attempt on `account` from `address` as failed, or says which of them is locked. On disk on return.
    ///
    /// # Errors
    /// [`AccountsError::Storage`]: the attempt must then fail.
    pub async fn reserve_attempt(
        &self,
        account: Subject,
        address: Subject,
    ) -> Result<Admission, AccountsError> {
        let now = self.now();
        self.database
            .transact(move |db| {
                sweep(db, now)?;
                let of_address = load(db, &address, now)?;
                if of_address.is_locked(now) {
                    keep(db, &address, of_address)?;
                    return Ok(Admission::AddressLocked);
                }
                keep(db, &address, of_address.failed(&address.rule, now))?;
                let of_account = load(db, &account, now)?;
                if of_account.is_locked(now) {
                    keep(db, &account, of_account)?;
                    return Ok(Admission::AccountLocked);
                }
                keep(db, &account, of_account.failed(&account.rule, now))?;
                Ok(Admission::Reserved)
            })
            .await
    }

    /// Until when a subject is locked, if it is.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn locked_until(&self, subject: &Subject) -> Result<Option<Timestamp>, AccountsError> {
        let now = self.now();
        let counter = self.database.read(|db| load(db, subject, now))?;
        Ok(counter.is_locked(now).then(|| counter.last_at.plus(counter.locked_for)))
    }

    /// Forgets the failures of an account: somebody unlocked it.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn forgive(&self, account: Mac) -> Result<(), AccountsError> {
        self.database.transact(move |db| clear(db, &account)).await
    }
}

/// Success: the account's counter starts at zero, the address gets back this one attempt and no more.
pub(super) fn succeed(
    db: &Connection,
    account: &Mac,
    address: &Subject,
    now: Timestamp,
) -> Result<(), AccountsError> {
    clear(db, account)?;
    let counter = load(db, address, now)?.taken_back(&address.rule);
    if counter.failures == 0 { clear(db, &address.mac) } else { keep(db, address, counter) }
}

fn clear(db: &Connection, subject: &Mac) -> Result<(), AccountsError> {
    db.prepare_cached("DELETE FROM attempts WHERE subject = ?1")?.execute([subject])?;
    Ok(())
}

fn load(db: &Connection, subject: &Subject, now: Timestamp) -> Result<Counter, AccountsError> {
    let mut statement =
        db.prepare_cached("SELECT failures, last_at, locked_for FROM attempts WHERE subject = ?1")?;
    let row: Option<(u32, i64, i64)> =
        statement.query_row([subject.mac], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let counter = row.map_or(Counter::default(), |(failures, last_at, locked_for)| Counter {
        failures,
        last_at: timestamp(last_at),
        locked_for: Duration::from_millis(u64::try_from(locked_for).unwrap_or(0)),
    });
    Ok(counter.settled(&subject.rule, now))
}

fn keep(db: &Connection, subject: &Subject, counter: Counter) -> Result<(), AccountsError> {
    let forget_at = counter.last_at.plus(subject.rule.forget);
    let locked_for = i64::try_from(counter.locked_for.as_millis()).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO attempts (subject, failures, last_at, locked_for, forget_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at,
            locked_for = excluded.locked_for, forget_at = excluded.forget_at",
    )?
    .execute((subject.mac, counter.failures, millis(counter.last_at), locked_for, millis(forget_at)))?;
    Ok(())
}

fn sweep(db: &Connection, now: Timestamp) -> Result<(), AccountsError> {
    db.prepare_cached(
        "DELETE FROM attempts WHERE subject IN
            (SELECT subject FROM attempts WHERE forget_at <= ?1 ORDER BY forget_at LIMIT ?2)",
    )?
    .execute((millis(now), SWEPT_AT_ONCE))?;
    Ok(())
}
