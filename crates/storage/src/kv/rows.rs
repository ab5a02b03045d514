//! The SQL of key-value rows.
//!
//! Invariant: what is read out was sealed for exactly this space, key and version, or it is an error. Not here: permits.

use casemate_vault::{SEALED_OVERHEAD, Vault};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::space::{KEY, Place, Space, format_cursor};
use super::{BATCH_MAX, KvError, KvPage, VALUE_MAX};
use crate::error::{StorageError, unsealed};

/// A row ready to be written.
#[derive(Debug)]
pub(super) struct NewRow {
    place: Place,
    version: i64,
    sealed_key: Vec<u8>,
    sealed_value: Vec<u8>,
}

impl NewRow {
    pub(super) fn seal(
        vault: &Vault,
        space: &Space,
        key: &str,
        version: i64,
        value: &[u8],
    ) -> Result<Self, KvError> {
        if value.len() > VALUE_MAX {
            return Err(KvError::ValueTooLarge(value.len()));
        }
        let place = space.place(vault, key);
        let sealed_key = space
            .with_key_binding(&place, |binding| vault.seal(binding, key.as_bytes()))
            .map_err(StorageError::from)?;
        let sealed_value = space
            .with_value_binding(key, version, |binding| vault.seal(binding, value))
            .map_err(StorageError::from)?;
        Ok(Self { place, version, sealed_key, sealed_value })
    }

    fn bytes(&self) -> i64 {
        i64::try_from(self.sealed_key.len() + self.sealed_value.len()).unwrap_or(i64::MAX)
    }
}

/// The value of a key, unless it has more than `max_bytes`.
pub(super) fn value(
    reader: &Connection,
    vault: &Vault,
    space: &Space,
    key: &str,
    max_bytes: u64,
) -> Result<Option<Vec<u8>>, KvError> {
    let mut statement = reader.prepare_cached("SELECT version, sealed_value FROM kv WHERE place = ?1")?;
    let mut rows = statement.query([space.place(vault, key)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let version = row.get(0)?;
    let sealed = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    let bytes = u64::try_from(sealed.len().saturating_sub(SEALED_OVERHEAD)).unwrap_or(u64::MAX);
    if bytes > max_bytes {
        return Err(KvError::TooMuchAtOnce(max_bytes));
    }
    let mut opened = space
        .with_value_binding(key, version, |binding| vault.open_sealed(binding, sealed))
        .map_err(unsealed("value"))?;
    Ok(Some(std::mem::take(&mut *opened)))
}

/// Whether there is a row.
pub(super) fn exists(reader: &Connection, place: &Place) -> Result<bool, KvError> {
    Ok(reader.prepare_cached("SELECT 1 FROM kv WHERE place = ?1")?.exists([place])?)
}

/// Writes rows, and counts their bytes.
pub(super) fn put(
    transaction: &Transaction<'_>,
    space: &Space,
    rows: &[NewRow],
    store_max: u64,
) -> Result<(), KvError> {
    let mut find = transaction
        .prepare_cached("SELECT id, length(sealed_key) + length(sealed_value) FROM kv WHERE place = ?1")?;
    let mut replace = transaction
        .prepare_cached("UPDATE kv SET version = ?2, sealed_key = ?3, sealed_value = ?4 WHERE id = ?1")?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO kv (place, version, sealed_key, sealed_value) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut grown = 0;
    for row in rows {
        let old = find
            .query_row([row.place], |old| Ok((old.get::<_, i64>(0)?, old.get::<_, i64>(1)?)))
            .optional()?;
        match old {
            Some((id, bytes)) => {
                replace.execute((id, row.version, &row.sealed_key, &row.sealed_value))?;
                grown += row.bytes() - bytes;
            }
            None => {
                insert.execute((row.place, row.version, &row.sealed_key, &row.sealed_value))?;
                grown += row.bytes();
            }
        }
    }
    let held = account(transaction, space, grown)?;
    if grown > 0 && held > store_max {
        return Err(KvError::StoreFull { store: space.store.clone(), limit: store_max });
    }
    Ok(())
}

/// Deletes rows, and counts their bytes.
pub(super) fn delete(transaction: &Transaction<'_>, space: &Space, places: &[Place]) -> Result<(), KvError> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM kv WHERE place = ?1 RETURNING length(sealed_key) + length(sealed_value)",
    )?;
    let mut freed = 0;
    for place in places {
        freed += statement.query_row([place], |row| row.get::<_, i64>(0)).optional()?.unwrap_or(0);
    }
    account(transaction, space, -freed)?;
    Ok(())
}

fn account(transaction: &Transaction<'_>, space: &Space, grown: i64) -> Result<u64, KvError> {
    let held: i64 = transaction
        .prepare_cached(
            "INSERT INTO kv_stores (store, bytes) VALUES (?1, max(0, ?2))
             ON CONFLICT (store) DO UPDATE SET bytes = max(0, bytes + ?2) RETURNING bytes",
        )?
        .query_row((space.store_mac(), grown), |row| row.get(0))?;
    Ok(held.cast_unsigned())
}

/// One page of keys, after the place of a cursor.
pub(super) fn list(
    reader: &Connection,
    vault: &Vault,
    space: &Space,
    after: Option<[u8; KEY]>,
    limit: usize,
) -> Result<KvPage, KvError> {
    let after = after.map(|key_mac| space.place_of(&key_mac));
    let low = after.as_ref().map_or(space.prefix(), |place| place.as_slice());
    let high = space.place_of(&[0xff; KEY]);
    let mut statement = reader.prepare_cached(
        "SELECT place, sealed_key FROM kv WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3",
    )?;
    // One more than asked tells whether there is another page.
    let mut rows =
        statement.query((low, high, i64::try_from(limit.min(BATCH_MAX) + 1).unwrap_or(i64::MAX)))?;
    let mut page = KvPage { keys: Vec::new(), cursor: None };
    let mut last = None;
    while let Some(row) = rows.next()? {
        if page.keys.len() == limit {
            page.cursor = last;
            break;
        }
        let place = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let sealed = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let mut key = space
            .with_key_binding(place, |binding| vault.open_sealed(binding, sealed))
            .map_err(unsealed("key"))?;
        page.keys
            .push(String::from_utf8(std::mem::take(&mut *key)).map_err(|_| StorageError::Tampered("key"))?);
        last = format_cursor(place);
    }
    Ok(page)
}
