//! Key-value stores: what guests keep.
//!
//! Invariant: every method spends a permit and takes store, partition, keys and caller from it, so nothing else can be
//! read or written; keys and values are sealed under the app's data key and bound to app, store, partition and key, values
//! also to the version of their row; rows are found by a MAC. Not here: whether it is allowed (`policy`), the ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use casemate_core::action::operation::{KvDelete, KvGet, KvList, KvSet};
use casemate_core::resource::KvKeys;
use casemate_core::{Actor, Fault, Faulty, Operation, StoreId};
use casemate_policy::Permit;
use casemate_vault::Vault;
use rusqlite::Connection;

use crate::database::Database;
use crate::error::StorageError;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod rows;
mod space;

use rows::NewRow;
use space::Space;

/// Bytes of one value.
pub const VALUE_MAX: usize = 1 << 20;
/// Bytes of one key; a key has at least one.
pub const KEY_MAX: usize = 1024;
/// Keys of one call, and of one page of a listing.
pub const BATCH_MAX: usize = 1000;
/// Bytes that one store may hold on disk: sealed keys and values together, all partitions.
pub const STORE_MAX: u64 = 1 << 30;

/// Why a call to a store failed.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// Partitioned by caller, and nobody in particular calls.
    #[error(
        "store `{0}` is partitioned by caller, and the caller is not signed in; `access = \"signed-in\"` demands it"
    )]
    NoCaller(StoreId),
    /// A key of no or too many bytes.
    #[error("a key has {0} bytes; it must have 1 to {KEY_MAX}")]
    KeyLength(usize),
    /// A value of too many bytes.
    #[error("a value has {0} bytes, more than {VALUE_MAX}")]
    ValueTooLarge(usize),
    /// Too many keys at once.
    #[error("{0} keys at once are more than {BATCH_MAX}")]
    BatchTooLarge(usize),
    /// The values that were asked for have too many bytes together.
    #[error("the values that were asked for have more than {0} bytes together")]
    TooMuchAtOnce(u64),
    /// The store is full.
    #[error("store `{store}` would hold more than {limit} bytes")]
    StoreFull {
        /// Which.
        store: StoreId,
        /// Its limit.
        limit: u64,
    },
    /// Only a whole decimal number of 64 bits can be incremented.
    #[error("the value is not a whole decimal number of 64 bits, so it cannot be incremented")]
    NotANumber,
    /// The sum has more than 64 bits.
    #[error("the incremented value would not fit 64 bits")]
    Overflow,
    /// A cursor that no listing gave out.
    #[error("the cursor is not one that a listing gave out")]
    BadCursor,
    /// Keys and values do not pair up, or one key was needed: the permit was made for another call.
    #[error("{keys} keys do not fit {values} values")]
    Shape {
        /// Keys in the permit.
        keys: usize,
        /// Values beside it.
        values: usize,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for KvError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Faulty for KvError {
    fn fault(&self) -> Fault {
        match self {
            Self::NoCaller(_) => Fault::Denied,
            Self::KeyLength(_) | Self::NotANumber | Self::Overflow | Self::BadCursor => Fault::Caller,
            Self::ValueTooLarge(_)
            | Self::BatchTooLarge(_)
            | Self::TooMuchAtOnce(_)
            | Self::StoreFull { .. } => Fault::Exhausted,
            Self::Shape { .. } => Fault::Bug,
            Self::Storage(error) => error.fault(),
        }
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvPage {
    /// Keys, in the order of their MACs: fixed, and it tells nothing.
    pub keys: Vec<String>,
    /// Where the next page starts; `None` at the end.
    pub cursor: Option<String>,
}

/// Numbers that no write of this folder ever had before: 23 bits of how often it was opened, 40 bits of count.
#[derive(Debug)]
pub(crate) struct Versions {
    first: u64,
    count: AtomicU64,
}

impl Versions {
    /// Counts this opening, durably.
    pub(crate) fn open(writer: &Connection) -> Result<Self, StorageError> {
        let opens: i64 =
            writer.query_row("UPDATE opens SET count = count + 1 RETURNING count", [], |row| row.get(0))?;
        Ok(Self { first: opens.cast_unsigned() << 40, count: AtomicU64::new(0) })
    }

    fn next(&self) -> i64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.first.wrapping_add(count).cast_signed()
    }
}

/// The stores of all apps. Only `sandbox` holds this.
pub struct GuestStores {
    database: Arc<Database>,
    vault: Arc<Vault>,
    versions: Arc<Versions>,
    store_max: u64,
}

impl std::fmt::Debug for GuestStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestStores").finish_non_exhaustive()
    }
}

impl GuestStores {
    pub(crate) fn new(database: Arc<Database>, vault: Arc<Vault>, versions: Versions) -> Self {
        Self { database, vault, versions: Arc::new(versions), store_max: STORE_MAX }
    }

    /// The values of the permit's keys, in their order; `None` where there is none. All are of one moment, and have at most
    /// `max_bytes` together. Takes microseconds for one key, milliseconds for many: call it where blocking is allowed then.
    ///
    /// # Errors
    /// [`KvError::NoCaller`], [`KvError::KeyLength`], [`KvError::BatchTooLarge`], [`KvError::TooMuchAtOnce`],
    /// [`KvError::Storage`].
    pub fn get(&self, permit: Permit<KvGet>, max_bytes: u64) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        let (space, target) = self.enter(&permit)?;
        // SECURITY: each value is weighed before it is opened, also one that was already read: a call may name the same key a
        // thousand times.
        let mut left = max_bytes;
        let mut one = |reader: &Connection, key: &String| {
            let value = rows::value(reader, &self.vault, &space, key, left)?;
            left = left.saturating_sub(value.as_deref().map_or(0, bytes_of));
            Ok(value)
        };
        let too_much = |error| match error {
            KvError::TooMuchAtOnce(_) => KvError::TooMuchAtOnce(max_bytes),
            other => other,
        };
        match target.keys.as_slice() {
            [key] => self.database.read(|reader| Ok(vec![one(reader, key)?])),
            keys => self.database.snapshot(|reader| keys.iter().map(|key| one(reader, key)).collect()),
        }
        .map_err(too_much)
    }

    /// Whether every one of the permit's keys has a value.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn exists(&self, permit: Permit<KvGet>) -> Result<bool, KvError> {
        let (space, target) = self.enter(&permit)?;
        self.database.snapshot(|reader| {
            for key in &target.keys {
                if !rows::exists(reader, &space.place(&self.vault, key))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Sets the permit's keys to `values`: all or none, on disk on return. Of a key that is named twice the last value stays.
    ///
    /// # Errors
    /// As [`Self::get`], and [`KvError::ValueTooLarge`], [`KvError::StoreFull`], [`KvError::Shape`].
    pub async fn set(&self, permit: Permit<KvSet>, values: Vec<Vec<u8>>) -> Result<(), KvError> {
        let (space, target) = self.enter(&permit)?;
        if values.len() != target.keys.len() {
            return Err(KvError::Shape { keys: target.keys.len(), values: values.len() });
        }
        // Sealed here, on the caller's thread: the one writer must not wait for ciphers.
        let rows = target
            .keys
            .iter()
            .zip(&values)
            .map(|(key, value)| NewRow::seal(&self.vault, &space, key, self.versions.next(), value))
            .collect::<Result<Vec<_>, _>>()?;
        let max = self.store_max;
        self.database.transact(move |transaction| rows::put(transaction, &space, &rows, max)).await
    }

    /// Adds `delta` to the number under the permit's one key and returns the sum; a missing key counts as zero. The value is
    /// kept as a decimal number in ASCII, so `get` and `set` understand it.
    ///
    /// # Errors
    /// As [`Self::set`], and [`KvError::NotANumber`], [`KvError::Overflow`].
    pub async fn increment(&self, permit: Permit<KvSet>, delta: i64) -> Result<i64, KvError> {
        let (space, target) = self.enter(&permit)?;
        let key = only(target)?;
        let (vault, versions, max) = (Arc::clone(&self.vault), Arc::clone(&self.versions), self.store_max);
        self.database
            .transact(move |transaction| {
                let before = match rows::value(transaction, &vault, &space, &key, u64::MAX)? {
                    None => 0,
                    Some(text) => std::str::from_utf8(&text)
                        .ok()
                        .and_then(|text| text.parse::<i64>().ok())
                        .ok_or(KvError::NotANumber)?,
                };
                let after = before.checked_add(delta).ok_or(KvError::Overflow)?;
                let value = after.to_string();
                let row = NewRow::seal(&vault, &space, &key, versions.next(), value.as_bytes())?;
                rows::put(transaction, &space, &[row], max)?;
                Ok(after)
            })
            .await
    }

    /// Sets the permit's one key to `value` if it holds `expected` now (`None`: if it holds nothing); whether it did.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub async fn compare_and_swap(
        &self,
        permit: Permit<KvSet>,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<bool, KvError> {
        let (space, target) = self.enter(&permit)?;
        let key = only(target)?;
        let row = NewRow::seal(&self.vault, &space, &key, self.versions.next(), &value)?;
        let (vault, max) = (Arc::clone(&self.vault), self.store_max);
        self.database
            .transact(move |transaction| {
                if rows::value(transaction, &vault, &space, &key, u64::MAX)? != expected {
                    return Ok(false);
                }
                rows::put(transaction, &space, &[row], max)?;
                Ok(true)
            })
            .await
    }

    /// Deletes the permit's keys: all or none, on disk on return. A key without a value is no error.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn delete(&self, permit: Permit<KvDelete>) -> Result<(), KvError> {
        let (space, target) = self.enter(&permit)?;
        let places: Vec<_> = target.keys.iter().map(|key| space.place(&self.vault, key)).collect();
        self.database.transact(move |transaction| rows::delete(transaction, &space, &places)).await
    }

    /// One page of the store's keys, at most `limit` (and at most [`BATCH_MAX`], at least one). A key that stands through the
    /// whole listing is given exactly once.
    ///
    /// # Errors
    /// As [`Self::get`], and [`KvError::BadCursor`].
    pub fn list(
        &self,
        permit: Permit<KvList>,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<KvPage, KvError> {
        let (space, _) = self.enter(&permit)?;
        let after = cursor.as_deref().map(space::parse_cursor).transpose()?;
        let limit = limit.clamp(1, BATCH_MAX);
        self.database.read(|reader| rows::list(reader, &self.vault, &space, after, limit))
    }

    /// Reads the permit: whose space of which store, and that the keys are within limits.
    fn enter<'a, A>(&self, permit: &'a Permit<A>) -> Result<(Space, &'a KvKeys), KvError>
    where
        A: Operation<Target = KvKeys>,
    {
        let target = permit.target();
        let caller: &Actor = permit.caller();
        if target.keys.len() > BATCH_MAX {
            return Err(KvError::BatchTooLarge(target.keys.len()));
        }
        if let Some(key) = target.keys.iter().find(|key| key.is_empty() || key.len() > KEY_MAX) {
            return Err(KvError::KeyLength(key.len()));
        }
        Ok((Space::of(&self.vault, target, caller)?, target))
    }
}

fn bytes_of(value: &[u8]) -> u64 {
    u64::try_from(value.len()).unwrap_or(u64::MAX)
}

fn only(target: &KvKeys) -> Result<String, KvError> {
    match target.keys.as_slice() {
        [key] => Ok(key.clone()),
        keys => Err(KvError::Shape { keys: keys.len(), values: 1 }),
    }
}

#[cfg(test)]
mod tests;
