//! The part of a ledger that a running server changes: checkpoint, partial tiles, partial bundle, tail.
//!
//! Invariant: all of it was read while one checkpoint stood. Not here: full tiles and bundles, which never change.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use casemate_storage::ledger_files::LedgerView;

use super::VerifyError;
use super::tail::TailReport;
use crate::note::{Checkpoint, VerifierKey};
use crate::seal::CHECKPOINT;
use crate::tile::{bundle_path, tile_path};
use crate::tree::{Edge, TILE_WIDTH};

/// How often it is read again while a server seals.
const ATTEMPTS: usize = 50;
/// How often a tail that looks wrong is read again: a reader may see half of a write that is going on.
const TAIL_ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(5);

/// What was read.
pub(super) struct Moving {
    pub(super) checkpoint: Checkpoint,
    partial: HashMap<String, Vec<u8>>,
    pub(super) tail: TailReport,
}

impl Moving {
    pub(super) fn read(view: &LedgerView, key: &VerifierKey) -> Result<Self, VerifyError> {
        let no_ledger = || VerifyError::NoLedger(view.path().display().to_string());
        for attempt in 0..ATTEMPTS {
            let note = view.read(CHECKPOINT)?.ok_or_else(no_ledger)?;
            let checkpoint = Checkpoint::open(&note, key).map_err(VerifyError::Checkpoint)?;
            let mut partial = HashMap::new();
            for name in partial_names(checkpoint.size) {
                if let Some(bytes) = view.read(&name)? {
                    partial.insert(name, bytes);
                }
            }
            let tail = TailReport::read(view, checkpoint.size)?;
            if view.read(CHECKPOINT)?.as_ref() == Some(&note)
                && (!tail.is_wrong() || attempt >= TAIL_ATTEMPTS)
            {
                return Ok(Self { checkpoint, partial, tail });
            }
            thread::sleep(PAUSE);
        }
        Err(VerifyError::Moving)
    }

    /// A tile or bundle: from what was read, or, when full, from the disk.
    pub(super) fn file(
        &self,
        view: &LedgerView,
        name: &str,
        width: u64,
    ) -> Result<Option<Vec<u8>>, VerifyError> {
        if width < TILE_WIDTH { Ok(self.partial.get(name).cloned()) } else { Ok(view.read(name)?) }
    }
}

fn partial_names(size: u64) -> Vec<String> {
    let bundle =
        (!size.is_multiple_of(TILE_WIDTH)).then(|| bundle_path(size / TILE_WIDTH, size % TILE_WIDTH));
    let tiles = (0..Edge::height(size)).filter_map(|level| {
        let width = Edge::width(size, level);
        (width > 0).then(|| tile_path(level, size >> (8 * (level + 1)), width))
    });
    tiles.chain(bundle).collect()
}
