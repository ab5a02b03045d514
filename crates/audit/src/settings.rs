//! What can be set about the ledger, with defaults that need no thought.

use std::time::Duration;

use crate::error::OpenLedgerError;
use crate::frame::{FRAME_OVERHEAD, SEGMENT_HEADER};
use crate::tile::LEAF_MAX;

/// The ledger's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    /// The ledger's name in checkpoints (C2SP tlog-checkpoint origin); kept from the first start on.
    pub origin: String,
    /// The longest that an acknowledged leaf stays unsynced.
    pub sync_every: Duration,
    /// The longest that a new leaf waits for a checkpoint, before the time that making one takes.
    pub seal_every: Duration,
    /// The length of a preallocated tail segment.
    pub segment_bytes: u64,
    /// How large the ledger may grow. What functions cause stops at 90 % of it, requests at 95 %.
    pub max_bytes: u64,
    /// Below this much free space on the disk the ledger counts as full; for requests below twice as much, for what functions cause
    /// below three times.
    pub min_free_bytes: u64,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            origin: "casemate.local/ledger".to_owned(),
            sync_every: Duration::from_millis(20),
            seal_every: Duration::from_millis(500),
            segment_bytes: 8 << 20,
            max_bytes: 64 << 30,
            min_free_bytes: 64 << 20,
        }
    }
}

impl LedgerSettings {
    pub(crate) fn check(&self) -> Result<(), OpenLedgerError> {
        let frame = LEAF_MAX + FRAME_OVERHEAD + SEGMENT_HEADER;
        if self.segment_bytes < u64::try_from(frame).unwrap_or(u64::MAX) {
            return Err(OpenLedgerError::Settings("a segment must hold at least 66 KB"));
        }
        if self.seal_every > Duration::from_secs(1) || self.sync_every > Duration::from_secs(1) {
            return Err(OpenLedgerError::Settings("leaves must be synced and sealed within a second"));
        }
        Ok(())
    }
}
