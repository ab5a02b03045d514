//! Keyed hashes: HMAC-SHA256 under one key for each purpose.
//!
//! Owns: the list of purposes and the framing of parts. Invariant: a MAC made for one purpose says nothing about another,
//! and different part lists never have the same message. Not here: what is authenticated with them.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac};

use crate::binding::length_prefix;
use crate::sealing::expand;

/// What a MAC is for. Each has a key of its own, derived from the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MacPurpose {
    /// An API key at rest.
    ApiKey,
    /// A session's handle at rest.
    SessionHandle,
    /// A password before it is hashed: the pepper.
    Password,
    /// The setup code at rest.
    SetupCode,
    /// A thing that may be used once.
    ConsumeOnce,
    /// A user name or address where only equality matters.
    AccountName,
    /// The primary key of a sealed row.
    RowKey,
    /// A compiled image.
    Image,
    /// A page's cursor that a client hands back.
    Cursor,
    /// The ledger's own records that no checkpoint covers: tail frames, segment headers, index runs.
    Ledger,
    /// What gives an account's row its force: memberships, and that a user, service, key or session was not ended.
    AccountRow,
}

impl MacPurpose {
    /// INVARIANT: a label never changes; stored MACs depend on it.
    const ALL: [(Self, &'static str); 11] = [
        (Self::ApiKey, "mac: api key"),
        (Self::SessionHandle, "mac: session handle"),
        (Self::Password, "mac: password"),
        (Self::SetupCode, "mac: setup code"),
        (Self::ConsumeOnce, "mac: consume once"),
        (Self::AccountName, "mac: account name"),
        (Self::RowKey, "mac: row key"),
        (Self::Image, "mac: image"),
        (Self::Cursor, "mac: cursor"),
        (Self::Ledger, "mac: ledger"),
        (Self::AccountRow, "mac: account row"),
    ];
}

/// The keys of all purposes, with their pads computed.
pub(crate) struct MacKeys([hmac::Key; 11]);

impl MacKeys {
    pub(crate) fn derive(prk: &hkdf::Prk) -> Result<Self, Unspecified> {
        let mut keys = Vec::with_capacity(11);
        for (_, label) in MacPurpose::ALL {
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, expand(prk, label.as_bytes())?.as_slice()));
        }
        keys.try_into().map(Self).map_err(|_| Unspecified)
    }

    /// The MAC of `parts`, each preceded by its length.
    pub(crate) fn mac(&self, purpose: MacPurpose, parts: &[&[u8]]) -> [u8; 32] {
        let [
            api_key,
            session_handle,
            password,
            setup_code,
            consume_once,
            account_name,
            row_key,
            image,
            cursor,
            ledger,
            account_row,
        ] = &self.0;
        let key = match purpose {
            MacPurpose::ApiKey => api_key,
            MacPurpose::SessionHandle => session_handle,
            MacPurpose::Password => password,
            MacPurpose::SetupCode => setup_code,
            MacPurpose::ConsumeOnce => consume_once,
            MacPurpose::AccountName => account_name,
            MacPurpose::RowKey => row_key,
            MacPurpose::Image => image,
            MacPurpose::Cursor => cursor,
            MacPurpose::Ledger => ledger,
            MacPurpose::AccountRow => account_row,
        };
        let mut context = hmac::Context::with_key(key);
        for part in parts {
            context.update(&length_prefix(part.len()));
            context.update(part);
        }
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

#[cfg(test)]
mod tests;
