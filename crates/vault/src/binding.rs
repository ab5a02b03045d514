//! What a sealed value is tied to. A ciphertext opens only where it was sealed.
//!
//! Owns: the encoding of scope, key and parts into associated data. Invariant: the encoding is injective, so two
//! different places never share associated data (`("ab","c")` is not `("a","bc")`). Not here: the sealing itself.

use std::fmt;

use casemate_core::{AppId, KeyId};

/// Whose data a data key protects. Forgetting a scope shreds everything sealed in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyScope {
    /// The platform's own records: accounts, registry, settings.
    Platform,
    /// The ledger's payloads.
    Ledger,
    /// One app's data.
    App(AppId),
}

impl KeyScope {
    /// A number for the kind of scope and the name within that kind.
    pub(crate) fn label(&self) -> (u8, &str) {
        match self {
            Self::Platform => (1, ""),
            Self::Ledger => (2, ""),
            Self::App(app) => (3, app.as_str()),
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("the platform"),
            Self::Ledger => f.write_str("the ledger"),
            Self::App(app) => write!(f, "app `{app}`"),
        }
    }
}

/// The place of a sealed value: its scope, and the parts that name it there (table, store, key, version …).
/// Parts may be any bytes of any length and number; they are authenticated and not stored.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Whose data it is; selects the data key.
    pub scope: &'a KeyScope,
    /// What names the value within its scope.
    pub parts: &'a [&'a [u8]],
}

impl Binding<'_> {
    /// The associated data of a value sealed here under key `id`.
    pub(crate) fn encode(&self, id: KeyId) -> Vec<u8> {
        encode_place(self.scope, id, self.parts)
    }
}

/// Scope kind (1 byte), scope name, key id (8 bytes), parts; every variable field is preceded by its length, and the
/// parts by their number (8 bytes each, big-endian).
pub(crate) fn encode_place(scope: &KeyScope, id: KeyId, parts: &[&[u8]]) -> Vec<u8> {
    let (kind, name) = scope.label();
    let length = 1 + 8 + name.len() + 8 + 8 + parts.iter().map(|part| 8 + part.len()).sum::<usize>();
    let mut data = Vec::with_capacity(length);
    data.push(kind);
    push_framed(&mut data, name.as_bytes());
    data.extend_from_slice(&id.0.to_be_bytes());
    data.extend_from_slice(&length_prefix(parts.len()));
    for part in parts {
        push_framed(&mut data, part);
    }
    data
}

/// A length as it stands before a field.
pub(crate) fn length_prefix(length: usize) -> [u8; 8] {
    // WHY: usize is at most 64 bits on every target that exists.
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}

pub(crate) fn push_framed(data: &mut Vec<u8>, field: &[u8]) {
    data.extend_from_slice(&length_prefix(field.len()));
    data.extend_from_slice(field);
}

#[cfg(test)]
mod tests;
