//! Reading the tail back after the process ended, however it ended.
//!
//! Owns: the judgement on what stands after the last good frame. Frames are authenticated with the vault's MAC, one by one and
//! linked. Where they stop, there is
//! - nothing but zeros: the end;
//! - the start of one frame and then zeros from a sector border on, with nothing after it: its writing was cut off, so its
//!   `append` never returned and it was never acknowledged. It is dropped;
//! - anything else, in the same run of the machine: an acknowledged frame was edited or damaged. An error that names the place;
//! - anything else after a restart of the machine: a power cut loses unsynced pages in any order. Dropped, and said so in
//!   the ledger's next leaf, unless a later authentic frame says that this place was already on disk: then an error.
//!
//! Invariant: no leaf that was acknowledged in this run of the machine, and none that was durable, is dropped without an error.
//! What cannot be known: somebody with write access to the disk can cut the tail behind the last checkpoint (at most
//! about a second of leaves); that looks like a log that was stopped earlier.

use std::sync::Arc;

use casemate_vault::Vault;

use crate::error::OpenLedgerError;
use crate::frame::{FRAME_HEAD, Frame, RawFrame, SEGMENT_HEADER, SegmentHeader};
use crate::tree::Hash;

/// A disk writes whole sectors of at least this many bytes, and the kernel whole pages of a multiple of it.
const SECTOR: usize = 512;

/// A segment as it was read.
#[derive(Debug)]
pub(crate) struct RawSegment {
    /// Its name within the ledger's folder.
    pub(crate) name: String,
    /// Its first leaf, from its name.
    pub(crate) first: u64,
    /// All its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// What was dropped at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// From which leaf on.
    pub(crate) seq: u64,
    /// Whether it may be more than one frame that was cut off while it was written.
    pub(crate) power_cut: bool,
}

/// The tail as it goes on.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// The leaves from the first unsealed one on.
    pub(crate) unsealed: Vec<Arc<Frame>>,
    /// The number of leaves.
    pub(crate) next: u64,
    /// The chain value after the last.
    pub(crate) chain: Hash,
    /// The index, in what was read, of the segment that is written next.
    pub(crate) segment: usize,
    /// Where in it.
    pub(crate) offset: usize,
    /// What was dropped there.
    pub(crate) dropped: Option<Dropped>,
}

/// Walks the segments, oldest first; the first must hold leaf `sealed` or end before it.
pub(crate) fn recover(
    vault: &Vault,
    boot: [u8; 16],
    sealed: u64,
    segments: &[RawSegment],
) -> Result<Recovered, OpenLedgerError> {
    let Some(oldest) = segments.first() else {
        return Err(OpenLedgerError::damaged("tail", "there is no segment"));
    };
    let header = read_header(vault, oldest)?;
    if header.first > sealed {
        let problem =
            format!("leaves {sealed} to {} are neither here nor in an entry bundle", header.first - 1);
        return Err(OpenLedgerError::damaged(&oldest.name, problem));
    }
    let mut walk =
        Walk { vault, boot, sealed, chain: header.chain, next: header.first, unsealed: Vec::new() };
    for (index, segment) in segments.iter().enumerate() {
        let header = read_header(vault, segment)?;
        let offset = walk.frames(&segment.bytes);
        let later = segments.get(index + 1..).unwrap_or_default();
        let rest = segment.bytes.get(offset..).unwrap_or_default();
        if is_zero(rest) && later.first().is_some_and(|next| walk.goes_on_in(next)) {
            continue;
        }
        let dropped = walk.judge(segment, &header, offset, later)?;
        if walk.next < sealed {
            let problem = format!(
                "frame at byte {offset}: the tail ends before leaf {}, but the checkpoint covers {sealed} leaves",
                walk.next
            );
            return Err(OpenLedgerError::damaged(&segment.name, problem));
        }
        let Walk { unsealed, next, chain, .. } = walk;
        return Ok(Recovered { unsealed, next, chain, segment: index, offset, dropped });
    }
    Err(OpenLedgerError::damaged("tail", "it has no end"))
}

fn read_header(vault: &Vault, segment: &RawSegment) -> Result<SegmentHeader, OpenLedgerError> {
    SegmentHeader::parse(&segment.bytes)
        .filter(|header| header.is_authentic(vault, &segment.bytes) && header.first == segment.first)
        .ok_or_else(|| OpenLedgerError::damaged(&segment.name, "its header is not the one that was written"))
}

struct Walk<'a> {
    vault: &'a Vault,
    boot: [u8; 16],
    sealed: u64,
    chain: Hash,
    next: u64,
    unsealed: Vec<Arc<Frame>>,
}

impl Walk<'_> {
    /// Takes the authentic frames of a segment and returns where they stop.
    fn frames(&mut self, bytes: &[u8]) -> usize {
        let mut offset = SEGMENT_HEADER;
        while let Some(frame) = bytes.get(offset..).and_then(|rest| RawFrame::parse(rest, &self.chain)) {
            if !frame.is_authentic(self.vault, &self.chain, self.next) {
                break;
            }
            if self.next >= self.sealed {
                self.unsealed.push(Arc::new(frame.to_frame()));
            }
            self.chain = frame.chain;
            self.next += 1;
            offset += frame.length();
        }
        offset
    }

    fn goes_on_in(&self, segment: &RawSegment) -> bool {
        SegmentHeader::parse(&segment.bytes)
            .is_some_and(|header| header.first == self.next && header.chain == self.chain)
    }

    /// Decides on what stands at `offset`, where no frame is authentic.
    fn judge(
        &self,
        segment: &RawSegment,
        header: &SegmentHeader,
        offset: usize,
        later: &[RawSegment],
    ) -> Result<Option<Dropped>, OpenLedgerError> {
        let rest = segment.bytes.get(offset..).unwrap_or_default();
        let alone = later.iter().all(|segment| is_zero(&segment.bytes));
        if alone && is_zero(rest) {
            return Ok(None);
        }
        // Frames that the vault wrote after the break: then the break is in what was acknowledged, whatever it looks like.
        let parts = std::iter::once(rest).chain(later.iter().map(|segment| segment.bytes.as_slice()));
        let after: Vec<_> = parts
            .flat_map(RawFrame::linked_anywhere)
            .filter(|(frame, chain, seq)| frame.is_authentic(self.vault, chain, *seq))
            .map(|(frame, ..)| frame.durable)
            .collect();
        if alone && after.is_empty() && is_cut_off(rest, offset, &self.chain) {
            return Ok(Some(Dropped { seq: self.next, power_cut: false }));
        }
        let known = header.boot != [0; 16] && self.boot != [0; 16];
        if known && header.boot != self.boot && after.iter().all(|durable| *durable <= self.next) {
            return Ok(Some(Dropped { seq: self.next, power_cut: true }));
        }
        let problem = format!("frame at byte {offset} (leaf {}) is not what was written there", self.next);
        Err(OpenLedgerError::damaged(&segment.name, problem))
    }
}

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Whether `rest`, which starts at `offset` in its file, is the start of one frame, cut at a sector border inside it, and zeros.
pub(crate) fn is_cut_off(rest: &[u8], offset: usize, chain: &Hash) -> bool {
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let border = (offset + written).next_multiple_of(SECTOR) - offset;
    match RawFrame::extent(rest, chain) {
        Some(length) => border < length,
        // Cut within the head: not even its length can be believed.
        None => border < FRAME_HEAD,
    }
}

#[cfg(test)]
mod tests;
