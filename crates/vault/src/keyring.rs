//! The data keys in memory: which key a scope seals with now, and which keys can still open.
//!
//! Owns: the map of data keys and their counts of use. Invariant: an id names one key of one scope for the life of the
//! vault's data; a forgotten key is gone from memory once the operations under way have ended. Not here: wrapped keys on
//! disk (`storage`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use casemate_core::KeyId;

use crate::binding::KeyScope;
use crate::digest::constant_time_eq;
use crate::error::VaultError;
use crate::sealing::SealingKey;

/// After how many seals a key should be replaced. Advice for whoever schedules rotation; nothing breaks at it.
pub const ROTATE_AFTER_SEALS: u64 = 1 << 32;

/// After how many seals (since it was adopted) a key refuses. XAES-256-GCM allows 2^80 random nonces with a collision risk
/// of 2^-32; this many seals take 89 years at 100,000 a second, so reaching it means a defect.
pub(crate) const MOST_SEALS: u64 = 1 << 48;

pub(crate) struct DataKey {
    pub(crate) id: KeyId,
    pub(crate) scope: KeyScope,
    pub(crate) sealing: SealingKey,
    /// A public value derived from the key, by which two keys with one id are told apart.
    pub(crate) check: [u8; 32],
    pub(crate) seals: AtomicU64,
}

impl DataKey {
    /// Counts one seal, or refuses.
    pub(crate) fn spend(&self) -> Result<(), VaultError> {
        // Relaxed: only the sum matters. One thread may pass the limit by the number of threads; the limit has room.
        if self.seals.fetch_add(1, Ordering::Relaxed) >= MOST_SEALS {
            self.seals.store(MOST_SEALS, Ordering::Relaxed);
            return Err(VaultError::KeyWornOut(self.id));
        }
        Ok(())
    }
}

#[derive(Default, Clone)]
struct Keys {
    by_id: HashMap<KeyId, Arc<DataKey>>,
    current: HashMap<KeyScope, Arc<DataKey>>,
}

/// All data keys. Reads take no lock; changes copy the map, which is small and changes rarely.
#[derive(Default)]
pub(crate) struct Keyring(ArcSwap<Keys>);

impl Keyring {
    /// The key with which `scope` seals now.
    pub(crate) fn current(&self, scope: &KeyScope) -> Result<Arc<DataKey>, VaultError> {
        let keys = self.0.load();
        keys.current.get(scope).cloned().ok_or_else(|| VaultError::NoKey { scope: scope.to_string() })
    }

    /// The key `id`, if it is one of `scope`.
    pub(crate) fn key(&self, scope: &KeyScope, id: KeyId) -> Result<Arc<DataKey>, VaultError> {
        let keys = self.0.load();
        match keys.by_id.get(&id) {
            // SECURITY: a ciphertext moved to another scope fails as any other forgery does, before its key is used.
            Some(key) if key.scope != *scope => Err(VaultError::NotAuthentic),
            Some(key) => Ok(Arc::clone(key)),
            None => Err(VaultError::UnknownKey(id)),
        }
    }

    pub(crate) fn seals(&self, id: KeyId) -> Option<u64> {
        self.0.load().by_id.get(&id).map(|key| key.seals.load(Ordering::Relaxed))
    }

    /// Adds a key. Adding the same key again changes at most whether it is current.
    pub(crate) fn add(&self, key: DataKey, current: bool) -> Result<(), VaultError> {
        let key = Arc::new(key);
        let mut conflict = false;
        self.0.rcu(|keys| {
            let mut keys = Keys::clone(keys);
            let held = Arc::clone(keys.by_id.entry(key.id).or_insert_with(|| Arc::clone(&key)));
            conflict = held.scope != key.scope || !constant_time_eq(&held.check, &key.check);
            if current && !conflict {
                keys.current.insert(held.scope.clone(), held);
            }
            keys
        });
        if conflict { Err(VaultError::KeyConflict(key.id)) } else { Ok(()) }
    }

    pub(crate) fn forget(&self, scope: &KeyScope) {
        self.0.rcu(|keys| {
            let mut keys = Keys::clone(keys);
            keys.by_id.retain(|_, key| key.scope != *scope);
            keys.current.remove(scope);
            keys
        });
    }
}

#[cfg(test)]
mod tests;
