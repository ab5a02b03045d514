//! One leaf: a clear header and a sealed event.
//!
//! Owns: the layout `version 1 | class 1 | seq 8 | request 16 | sealed event`, where the sealed event starts with its own
//! version and key id, in clear (`vault`). The hash of a leaf is over the ciphertext, so that shredding the key keeps every proof
//! valid, and verification needs no secret. Invariant: the event opens only in its place: sequence number, request and class
//! are bound into it. Not here: where leaves stand (`frame`, `tile`).

use casemate_core::{Event, KeyId, LedgerClass, RequestId, Seq};
use casemate_vault::{Binding, KeyScope, Vault, VaultError};
use serde::{Deserialize, Serialize};

use crate::error::ReadLedgerError;

/// The layout's version.
const VERSION: u8 = 1;
/// The clear header's length.
pub(crate) const HEADER: usize = 26;
/// What a leaf has beyond its event's JSON.
pub(crate) const LEAF_OVERHEAD: usize = HEADER + casemate_vault::SEALED_OVERHEAD;

/// A leaf that was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its place.
    pub seq: Seq,
    /// The request it belongs to; leaves of the platform's own have one each.
    pub request: RequestId,
    /// Its class.
    pub class: LedgerClass,
    /// What happened.
    pub event: Event,
}

/// What stands in clear before the sealed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafHeader {
    /// The leaf's place.
    pub seq: Seq,
    /// The request it belongs to.
    pub request: RequestId,
    /// Its class.
    pub class: LedgerClass,
}

impl LeafHeader {
    fn class_byte(self) -> u8 {
        match self.class {
            LedgerClass::Acknowledge => 0,
            LedgerClass::Durable => 1,
        }
    }

    /// Reads a leaf's header; `None` for bytes that no leaf of this version has.
    #[must_use]
    pub fn parse(leaf: &[u8]) -> Option<Self> {
        let (&[version, class], rest) = leaf.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (request, _) = rest.split_first_chunk()?;
        let class = match class {
            0 => LedgerClass::Acknowledge,
            1 => LedgerClass::Durable,
            _ => return None,
        };
        let (seq, request) = (Seq(u64::from_be_bytes(*seq)), RequestId::from_bytes(*request));
        (version == VERSION).then_some(Self { seq, request, class })
    }

    /// Appends header and sealed event to `out`; on error `out` is as it was.
    pub(crate) fn seal(self, vault: &Vault, event: &[u8], out: &mut Vec<u8>) -> Result<KeyId, VaultError> {
        let start = out.len();
        let (seq, request) = (self.seq.0.to_be_bytes(), self.request.to_bytes());
        out.extend_from_slice(&[VERSION, self.class_byte()]);
        out.extend_from_slice(&seq);
        out.extend_from_slice(&request);
        let parts: &[&[u8]] = &[b"leaf", &seq, &request, &[self.class_byte()]];
        let binding = Binding { scope: &KeyScope::Ledger, parts };
        vault.seal_into(&binding, event, out).inspect_err(|_| out.truncate(start))
    }
}

/// Opens a leaf.
pub(crate) fn open(vault: &Vault, seq: Seq, leaf: &[u8]) -> Result<Leaf, ReadLedgerError> {
    let header = LeafHeader::parse(leaf).filter(|header| header.seq == seq);
    let (Some(header), Some(sealed)) = (header, leaf.get(HEADER..)) else {
        return Err(ReadLedgerError::Sealed { seq, source: VaultError::NotSealed });
    };
    let (place, request) = (seq.0.to_be_bytes(), header.request.to_bytes());
    let parts: &[&[u8]] = &[b"leaf", &place, &request, &[header.class_byte()]];
    let binding = Binding { scope: &KeyScope::Ledger, parts };
    let json =
        vault.open_sealed(&binding, sealed).map_err(|source| ReadLedgerError::Sealed { seq, source })?;
    let event = serde_json::from_slice(&json).map_err(|_| ReadLedgerError::NotAnEvent(seq))?;
    Ok(Leaf { seq, request: header.request, class: header.class, event })
}

#[cfg(test)]
mod tests;
