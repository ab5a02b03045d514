//! Reading leaves back: one request's, or in order.
//!
//! Invariant: an event is returned only if the vault opens it in its place, so an edited leaf is an error and never an event.
//! Not here: proof towards somebody who has no key (`prove`, `verify`).

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use casemate_core::{RequestId, Seq};

use crate::error::ReadLedgerError;
use crate::frame::Frame;
use crate::leaf::{self, Leaf, LeafHeader};
use crate::ledger::Ledger;
use crate::tile::{bundle_path, parse_bundle};
use crate::tree::TILE_WIDTH;

impl Ledger {
    /// All leaves of a request, in order; none when the ledger knows nothing of it. It reads one index run per
    /// 16,384 leaves whose range of ids holds the request, nearly always one or two, and one bundle per leaf.
    ///
    /// # Errors
    /// [`ReadLedgerError`] when a leaf cannot be read or does not open.
    pub fn read(&self, request: RequestId) -> Result<Vec<Leaf>, ReadLedgerError> {
        let mut cursor = Cursor::new(self);
        self.places(request)?.into_iter().map(|seq| cursor.leaf(seq)).collect()
    }

    /// Up to `limit` leaves from `from` on, in order.
    ///
    /// # Errors
    /// [`ReadLedgerError`] when a leaf cannot be read or does not open.
    pub fn scan(&self, from: Seq, limit: usize) -> Result<Vec<Leaf>, ReadLedgerError> {
        let head = self.head().0;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut cursor = Cursor::new(self);
        (from.0..head.min(from.0.saturating_add(limit))).map(|seq| cursor.leaf(Seq(seq))).collect()
    }

    /// Where the leaves of a request stand.
    pub(crate) fn places(&self, request: RequestId) -> Result<BTreeSet<Seq>, ReadLedgerError> {
        // WHY this order: a leaf is in the index before it leaves the memory, so none is missed between the two.
        let tail = self.shared.tail();
        let recent = tail.frames(tail.recent_first, tail.next);
        drop(tail);
        let ours =
            |frame: &Arc<Frame>| LeafHeader::parse(frame.leaf()).filter(|header| header.request == request);
        let mut places: BTreeSet<_> = recent.iter().filter_map(ours).map(|header| header.seq).collect();
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        places.extend(index.leaves(self.shared.files.view(), &self.shared.vault, request)?);
        Ok(places)
    }

    /// The leaf's bytes, as they are hashed.
    pub(crate) fn leaf_bytes(&self, seq: Seq) -> Result<Vec<u8>, ReadLedgerError> {
        Cursor::new(self).bytes(seq)
    }
}

/// Reads leaves, keeping the last bundle, which the next leaf is most likely in.
struct Cursor<'a> {
    ledger: &'a Ledger,
    bundle: Option<(u64, Vec<u8>)>,
}

impl<'a> Cursor<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, bundle: None }
    }

    fn leaf(&mut self, seq: Seq) -> Result<Leaf, ReadLedgerError> {
        let bytes = self.bytes(seq)?;
        leaf::open(&self.ledger.shared.vault, seq, &bytes)
    }

    /// Leaves of the bundle that is not full, and later ones, are in memory; the others are in full bundles.
    fn bytes(&mut self, seq: Seq) -> Result<Vec<u8>, ReadLedgerError> {
        if let Some(frame) = self.ledger.shared.tail().frame(seq.0) {
            return Ok(frame.leaf().to_vec());
        }
        let number = seq.0 / TILE_WIDTH;
        let name = bundle_path(number, TILE_WIDTH);
        let bundle = match self.bundle.take().filter(|(found, _)| *found == number) {
            Some((_, bundle)) => bundle,
            None => {
                let bundle = self.ledger.shared.files.view().read(&name)?;
                bundle.ok_or_else(|| ReadLedgerError::damaged(&name, "it is missing"))?
            }
        };
        let entry = usize::try_from(seq.0 % TILE_WIDTH).unwrap_or(usize::MAX);
        let cut = |_| ReadLedgerError::damaged(&name, "it is cut short");
        let leaf = parse_bundle(&bundle).map_err(cut)?.get(entry).map(|leaf| leaf.to_vec());
        self.bundle = Some((number, bundle));
        leaf.ok_or_else(|| ReadLedgerError::damaged(&name, format!("entry {entry} is missing")))
    }
}
