//! Where rows live: a partition of a store of an app, as MACs.
//!
//! Invariant: a [`Space`] comes from a permit's target and caller alone; two different spaces share no place. Not here: SQL.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casemate_core::manifest::Partition;
use casemate_core::resource::KvKeys;
use casemate_core::{Actor, StoreId};
use casemate_vault::{Binding, KeyScope, MacPurpose, Vault};

use super::KvError;

/// Bytes that name a store among all, and a partition within it.
const PART: usize = 16;
/// Bytes that name a key within a space.
pub(super) const KEY: usize = 32;
pub(super) const SPACE: usize = 2 * PART;

/// What finds one row: MACs of store, partition and key.
pub(super) type Place = [u8; SPACE + KEY];

/// One partition of one store.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) store: StoreId,
    pub(super) scope: KeyScope,
    /// The caller's kind and identifier; both empty in a shared store.
    kind: &'static str,
    uid: String,
    prefix: [u8; SPACE],
}

impl Space {
    /// The space that the permit's target and caller name.
    pub(super) fn of(vault: &Vault, target: &KvKeys, caller: &Actor) -> Result<Self, KvError> {
        let store = target.store.clone();
        let (kind, uid) = match target.partition {
            Partition::Shared => ("", String::new()),
            // SECURITY: only a proven identity has rows of its own; all anonymous callers together are nobody.
            Partition::Caller if !caller.principal.is_signed_in() => return Err(KvError::NoCaller(store)),
            Partition::Caller => (caller.principal.kind(), caller.principal.uid()),
        };
        let (app, name) = (store.app.as_str().as_bytes(), store.name.as_str().as_bytes());
        let of_store = vault.mac(MacPurpose::RowKey, &[b"kv store", app, name]);
        let of_space =
            vault.mac(MacPurpose::RowKey, &[b"kv space", app, name, kind.as_bytes(), uid.as_bytes()]);
        let mut prefix = [0; SPACE];
        for (to, from) in prefix.iter_mut().zip(of_store.iter().take(PART).chain(&of_space)) {
            *to = *from;
        }
        Ok(Self { scope: KeyScope::App(store.app.clone()), store, kind, uid, prefix })
    }

    /// What names the store in the table of stores.
    pub(super) fn store_mac(&self) -> &[u8] {
        self.prefix.get(..PART).unwrap_or_default()
    }

    /// Where a key's row lives.
    pub(super) fn place(&self, vault: &Vault, key: &str) -> Place {
        let [app, name, kind, uid] = self.names();
        self.place_of(&vault.mac(MacPurpose::RowKey, &[b"kv key", app, name, kind, uid, key.as_bytes()]))
    }

    /// The place of a key's MAC, as a cursor holds it.
    pub(super) fn place_of(&self, key_mac: &[u8; KEY]) -> Place {
        let mut place = [0; SPACE + KEY];
        for (to, from) in place.iter_mut().zip(self.prefix.iter().chain(key_mac)) {
            *to = *from;
        }
        place
    }

    /// The part of a place that names the space: less than every place in it.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Seals or opens a value where it stands.
    pub(super) fn with_value_binding<T>(
        &self,
        key: &str,
        version: i64,
        act: impl FnOnce(&Binding<'_>) -> T,
    ) -> T {
        let [_, name, kind, uid] = self.names();
        let version = version.to_be_bytes();
        act(&Binding { scope: &self.scope, parts: &[b"kv value", name, kind, uid, key.as_bytes(), &version] })
    }

    /// Seals or opens a key where it stands.
    pub(super) fn with_key_binding<T>(&self, place: &[u8], act: impl FnOnce(&Binding<'_>) -> T) -> T {
        let [_, name, kind, uid] = self.names();
        act(&Binding { scope: &self.scope, parts: &[b"kv key", name, kind, uid, place] })
    }

    fn names(&self) -> [&[u8]; 4] {
        [
            self.store.app.as_str().as_bytes(),
            self.store.name.as_str().as_bytes(),
            self.kind.as_bytes(),
            self.uid.as_bytes(),
        ]
    }
}

/// The MAC of the last key on a page. It is no secret and needs no seal: within its own space a guest may start anywhere.
pub(super) fn parse_cursor(cursor: &str) -> Result<[u8; KEY], KvError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| KvError::BadCursor)?;
    bytes.try_into().map_err(|_| KvError::BadCursor)
}

pub(super) fn format_cursor(place: &[u8]) -> Option<String> {
    place.get(SPACE..).map(|key_mac| URL_SAFE_NO_PAD.encode(key_mac))
}
