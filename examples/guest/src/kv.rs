//! Key-value stores, by the names that the app's manifest declares them with.
//!
//! Opening a store grants nothing: every call is decided on by the host.

use crate::bindings::wasi::keyvalue::{atomics, batch, store};

/// A store, as far as this request is concerned.
pub struct Store(store::Bucket);

/// Opens a store.
///
/// # Errors
/// What the host said.
pub fn open(name: &str) -> Result<Store, String> {
    store::open(name).map(Store).map_err(words)
}

impl Store {
    /// The value of a key. Needs the right `get`.
    ///
    /// # Errors
    /// What the host said; so for all calls here.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key).map_err(words)
    }

    /// The values of many keys, in their order. Needs the right `get`.
    ///
    /// # Errors
    /// What the host said.
    pub fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, String> {
        let pairs = batch::get_many(&self.0, keys).map_err(words)?;
        Ok(pairs.into_iter().map(|(_, value)| value).collect())
    }

    /// Whether a key has a value. Needs the right `get`.
    ///
    /// # Errors
    /// What the host said.
    pub fn exists(&self, key: &str) -> Result<bool, String> {
        self.0.exists(key).map_err(words)
    }

    /// Writes a value; when this returns, it is on disk. Needs the right `set`.
    ///
    /// # Errors
    /// What the host said.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.set(key, value).map_err(words)
    }

    /// Writes all of these, or none. Needs the right `set`.
    ///
    /// # Errors
    /// What the host said.
    pub fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), String> {
        batch::set_many(&self.0, pairs).map_err(words)
    }

    /// Removes a key. Needs the right `delete`.
    ///
    /// # Errors
    /// What the host said.
    pub fn delete(&self, key: &str) -> Result<(), String> {
        self.0.delete(key).map_err(words)
    }

    /// Removes all of these, or none. Needs the right `delete`.
    ///
    /// # Errors
    /// What the host said.
    pub fn delete_many(&self, keys: &[String]) -> Result<(), String> {
        batch::delete_many(&self.0, keys).map_err(words)
    }

    /// All keys, page after page. Needs the right `list`.
    ///
    /// # Errors
    /// What the host said.
    pub fn keys(&self) -> Result<Vec<String>, String> {
        let mut page = self.0.list_keys(None).map_err(words)?;
        let mut keys = page.keys;
        while let Some(cursor) = page.cursor {
            page = self.0.list_keys(Some(&cursor)).map_err(words)?;
            keys.append(&mut page.keys);
        }
        Ok(keys)
    }

    /// Adds to a number and returns the sum; what is not there counts as zero. Needs the right `set`.
    ///
    /// # Errors
    /// What the host said.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        atomics::increment(&self.0, key, delta).map_err(words)
    }

    /// Writes what `change` makes of the present value, again and again until nobody else wrote meanwhile. Needs the
    /// rights `get` and `set`.
    ///
    /// # Errors
    /// What the host said.
    pub fn update(&self, key: &str, change: impl Fn(Option<Vec<u8>>) -> Vec<u8>) -> Result<(), String> {
        let mut seen = atomics::Cas::new(&self.0, key).map_err(words)?;
        loop {
            let value = change(seen.current().map_err(words)?);
            match atomics::swap(seen, &value) {
                Ok(()) => return Ok(()),
                Err(atomics::CasError::CasFailed(newer)) => seen = newer,
                Err(atomics::CasError::StoreError(error)) => return Err(words(error)),
            }
        }
    }
}

fn words(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "no such store".into(),
        store::Error::AccessDenied => "access denied".into(),
        store::Error::Other(other) => other,
    }
}
