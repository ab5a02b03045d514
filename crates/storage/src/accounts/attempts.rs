//! Counters of failed attempts, durable: of an account at one address, of an account from everywhere, of an address.
//!
//! Invariant: an attempt is reserved, that is counted as failed and synced to disk, before anyone looks at the password;
//! only success takes the count back. What is counted at one [`Door`] never locks the other. Not here: the arithmetic
//! (`lockout`), and what is counted under which MAC (`identity`).

use std::time::Duration;

use casemate_core::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::lockout::{Counter, KNOWN_FOR, LockRule};
use super::{Accounts, AccountsError, Mac, millis, timestamp};
use crate::error::StorageError;

/// Rows that nobody needs any more, removed with each attempt.
const SWEPT_AT_ONCE: u32 = 16;

/// Where passwords are shown. Each has counters of its own: the control listener is not reached from everywhere that the
/// data listener is, so guesses there must not keep administrators out here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// Signing in to an app, on the data listener.
    Apps,
    /// Signing in to the platform, on the control listener.
    Control,
}

impl Door {
    /// The door's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::Control => "control",
        }
    }

    fn parse(text: &str) -> Result<Self, StorageError> {
        match text {
            "apps" => Ok(Self::Apps),
            "control" => Ok(Self::Control),
            _ => Err(StorageError::Corrupt("a door".to_owned())),
        }
    }
}

/// What is counted: a MAC of it, and its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// A MAC of what is counted, door and all.
    pub mac: Mac,
    /// How it locks.
    pub rule: LockRule,
}

/// The counters of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Where it is made.
    pub door: Door,
    /// A MAC of the account's name, the same at both doors: what [`Accounts::forgive`] finds its counters by.
    pub account: Mac,
    /// The account at the caller's address.
    pub here: Subject,
    /// The account from everywhere.
    pub everywhere: Subject,
    /// The address, over all accounts; `None` where an address is nobody's own.
    pub address: Option<Subject>,
}

/// Whether an attempt may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may; it is counted as failed until it is taken back.
    Reserved,
    /// The account is locked, here or everywhere. The attempt counts against the address.
    AccountLocked,
    /// The address is locked. Nothing was counted.
    AddressLocked,
}

/// A counter that refuses attempts on an account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// At which door.
    pub door: Door,
    /// Whether for every address that is not known; one address otherwise.
    pub everywhere: bool,
    /// Until when.
    pub until: Timestamp,
}

impl Accounts {
    /// Counts an attempt as failed, or says what is locked. On disk on return.
    ///
    /// # Errors
    /// [`AccountsError::Storage`]: the attempt must then fail.
    pub async fn reserve_attempt(&self, counters: Counters) -> Result<Admission, AccountsError> {
        let now = self.now();
        self.database
            .transact(move |db| {
                sweep(db, now)?;
                if let Some(address) = &counters.address {
                    let of_address = load(db, address, now)?;
                    if of_address.is_locked(now) {
                        keep(db, &counters, Scope::Address(address), of_address)?;
                        return Ok(Admission::AddressLocked);
                    }
                    keep(db, &counters, Scope::Address(address), of_address.failed(&address.rule, now))?;
                }
                let here = load(db, &counters.here, now)?;
                if here.is_locked(now) {
                    keep(db, &counters, Scope::Here, here)?;
                    return Ok(Admission::AccountLocked);
                }
                let everywhere = load(db, &counters.everywhere, now)?;
                // An address where the owner was before stays open: who guesses from everywhere else cannot close it.
                if everywhere.is_locked(now) && !here.is_known() {
                    keep(db, &counters, Scope::Everywhere, everywhere)?;
                    return Ok(Admission::AccountLocked);
                }
                keep(db, &counters, Scope::Here, here.failed(&counters.here.rule, now))?;
                keep(db, &counters, Scope::Everywhere, everywhere.failed(&counters.everywhere.rule, now))?;
                Ok(Admission::Reserved)
            })
            .await
    }

    /// What refuses attempts on an account now, at both doors.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn locks(&self, account: &Mac) -> Result<Vec<Lock>, AccountsError> {
        let now = self.now();
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT failures, last_at, locked_for, right_at, door, everywhere FROM attempts
                 WHERE account = ?1 AND locked_for > 0",
            )?;
            let mut rows = statement.query([account])?;
            let mut locks = Vec::new();
            while let Some(row) = rows.next()? {
                if let Some(until) = counter(row)?.locked_until(now) {
                    let door = Door::parse(&row.get::<_, String>(4)?)?;
                    locks.push(Lock { door, everywhere: row.get(5)?, until });
                }
            }
            Ok(locks)
        })
    }

    /// Forgets the failures of an account at both doors, and those of every address: nobody knows at which the account's
    /// owner sits. Which addresses are known stays known.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn forgive(&self, account: Mac) -> Result<(), AccountsError> {
        self.database
            .transact(move |db| {
                db.prepare_cached("UPDATE attempts SET failures = 0, locked_for = 0 WHERE account = ?1")?
                    .execute([account])?;
                db.prepare_cached("DELETE FROM attempts WHERE account IS NULL")?.execute([])?;
                Ok(())
            })
            .await
    }
}

/// Success: the account's counter at this address starts at zero and the address is known; what was counted here is taken
/// back from the account's whole. The address gets back this one attempt and no more.
pub(super) fn succeed(db: &Connection, counters: &Counters, now: Timestamp) -> Result<(), AccountsError> {
    let here = load(db, &counters.here, now)?;
    let rule = &counters.everywhere.rule;
    let everywhere = load(db, &counters.everywhere, now)?.taken_back(rule, here.failures);
    keep(db, counters, Scope::Here, Counter::right(now))?;
    keep_or_clear(db, counters, Scope::Everywhere, everywhere)?;
    if let Some(address) = &counters.address {
        let counter = load(db, address, now)?.taken_back(&address.rule, 1);
        keep_or_clear(db, counters, Scope::Address(address), counter)?;
    }
    Ok(())
}

/// Which of an attempt's counters.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Here,
    Everywhere,
    Address(&'a Subject),
}

fn keep_or_clear(
    db: &Connection,
    counters: &Counters,
    scope: Scope<'_>,
    counter: Counter,
) -> Result<(), AccountsError> {
    if counter.failures > 0 {
        return keep(db, counters, scope, counter);
    }
    let subject = subject(counters, scope);
    db.prepare_cached("DELETE FROM attempts WHERE subject = ?1")?.execute([subject.mac])?;
    Ok(())
}

fn subject<'a>(counters: &'a Counters, scope: Scope<'a>) -> &'a Subject {
    match scope {
        Scope::Here => &counters.here,
        Scope::Everywhere => &counters.everywhere,
        Scope::Address(address) => address,
    }
}

fn load(db: &Connection, subject: &Subject, now: Timestamp) -> Result<Counter, AccountsError> {
    let mut statement =
        db.prepare_cached("SELECT failures, last_at, locked_for, right_at FROM attempts WHERE subject = ?1")?;
    let counter = statement.query_row([subject.mac], counter).optional()?.unwrap_or_default();
    Ok(counter.settled(&subject.rule, now))
}

fn counter(row: &rusqlite::Row<'_>) -> Result<Counter, rusqlite::Error> {
    Ok(Counter {
        failures: row.get(0)?,
        last_at: timestamp(row.get(1)?),
        locked_for: Duration::from_millis(u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0)),
        right_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
    })
}

fn keep(
    db: &Connection,
    counters: &Counters,
    scope: Scope<'_>,
    counter: Counter,
) -> Result<(), AccountsError> {
    let subject = subject(counters, scope);
    let account = (!matches!(scope, Scope::Address(_))).then_some(counters.account);
    let everywhere = matches!(scope, Scope::Everywhere);
    let forget_at = counter.last_at.plus(subject.rule.forget);
    let forget_at = counter.right_at.map_or(forget_at, |at| forget_at.max(at.plus(KNOWN_FOR)));
    let locked_for = i64::try_from(counter.locked_for.as_millis()).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO attempts (subject, account, door, everywhere, failures, last_at, locked_for, right_at, forget_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at,
            locked_for = excluded.locked_for, right_at = excluded.right_at, forget_at = excluded.forget_at",
    )?
    .execute((
        subject.mac,
        account,
        counters.door.as_str(),
        everywhere,
        counter.failures,
        millis(counter.last_at),
        locked_for,
        counter.right_at.map(millis),
        millis(forget_at),
    ))?;
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
