//! The unsealed end of the ledger, as one mutex guards it: numbering, framing, writing, room.
//!
//! Invariants: sequence numbers have no gaps and follow the order in which frames stand in the segments; a frame is numbered
//! only once the kernel has it; room for the outcome of every open entry is never given to anything else; the last room is for
//! the control plane alone, and the last but that not for what functions cause.
//! Not here: syncing (`sync`) and sealing (`seal`).

use std::collections::VecDeque;
use std::sync::Arc;

use casemate_core::action::Audience;
use casemate_core::{LedgerClass, RecordError, RequestId, Seq};
use casemate_storage::ledger_files::Segment;
use casemate_storage::{LedgerFiles, StorageError};
use casemate_vault::Vault;

use crate::frame::{FRAME_OVERHEAD, Frame, SEGMENT_HEADER, SegmentHeader};
use crate::index::stored_bytes;
use crate::leaf::{LEAF_OVERHEAD, LeafHeader};
use crate::settings::LedgerSettings;
use crate::tile::LEAF_MAX;
use crate::tree::{Hash, TILE_WIDTH};

/// Room that `begin` sets aside for an entry's outcome. An outcome is cut to fit it.
pub(crate) const OUTCOME_RESERVE: u64 = 8 * 1024;
/// Room that `begin` wants free for the decisions of a request.
const HEADROOM: u64 = 64 * 1024;
/// More unsealed bytes than this mean that the sealer cannot keep up; the ledger then refuses until it does.
const UNSEALED_MAX: u64 = 128 << 20;
/// The folder of segments.
pub(crate) const TAIL: &str = "tail";

/// What a leaf is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Anything that may be refused when the share of its door is full.
    Work(Audience),
    /// The outcome of an open entry, for which room is reserved.
    Outcome,
}

/// How much of some room a door may fill. Functions stop first, because one of them alone could fill any ledger with what it does
/// and prints; then requests, which rates bound but anyone may send. The rest is for those who can mend it.
fn share(door: Audience, room: u64) -> u64 {
    let kept_back = match door {
        Audience::Guest => room / 10,
        Audience::Data => room / 20,
        Audience::Control => 0,
    };
    room.saturating_sub(kept_back)
}

/// How much free space on the disk a door leaves.
fn least_free(door: Audience, settings: &LedgerSettings) -> u64 {
    let times = match door {
        Audience::Guest => 3,
        Audience::Data => 2,
        Audience::Control => 1,
    };
    settings.min_free_bytes.saturating_mul(times)
}

/// Why nothing is taken any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Broken(String),
    Closed,
}

/// A segment that holds leaves.
#[derive(Debug)]
pub(crate) struct LiveSegment {
    pub(crate) first: u64,
    pub(crate) name: String,
}

/// The tail. Always behind one mutex.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) next: u64,
    pub(crate) chain: Hash,
    pub(crate) segment: Arc<Segment>,
    pub(crate) offset: u64,
    /// Every segment that still holds an unsealed leaf, oldest first; the last is written to.
    pub(crate) live: VecDeque<LiveSegment>,
    /// Segments that were left behind and not synced since.
    pub(crate) unsynced: Vec<Arc<Segment>>,
    pub(crate) names_unsynced: bool,
    pub(crate) spare: Option<Segment>,
    /// The leaves from `recent_first` on: those unsealed, and those of the last bundle that is not full.
    pub(crate) recent: VecDeque<Arc<Frame>>,
    pub(crate) recent_first: u64,
    /// Leaves under the last checkpoint.
    pub(crate) sealed: u64,
    /// Bytes that all leaves take, and the unsealed ones of them.
    pub(crate) bytes: u64,
    pub(crate) unsealed_bytes: u64,
    pub(crate) open_entries: u64,
    pub(crate) disk_full: bool,
    /// Free space on the disk, as the sealer saw it last.
    pub(crate) free_bytes: u64,
    pub(crate) state: State,
}

/// What `append` needs besides the tail.
pub(crate) struct Pen<'a> {
    pub(crate) files: &'a LedgerFiles,
    pub(crate) vault: &'a Vault,
    pub(crate) settings: &'a LedgerSettings,
    pub(crate) boot: [u8; 16],
    /// How many leaves are on disk.
    pub(crate) durable: u64,
}

pub(crate) fn segment_name(first: u64) -> String {
    format!("{TAIL}/{first:020}")
}

impl Tail {
    /// Opens one more entry, or refuses.
    pub(crate) fn begin(&mut self, door: Audience, settings: &LedgerSettings) -> Result<(), RecordError> {
        self.check_state()?;
        let reserved = (self.open_entries + 1).saturating_mul(OUTCOME_RESERVE);
        self.check_room(HEADROOM.saturating_add(reserved), door, settings)?;
        self.open_entries += 1;
        Ok(())
    }

    fn check_state(&self) -> Result<(), RecordError> {
        match &self.state {
            State::Open => Ok(()),
            State::Broken(why) => Err(RecordError::Broken(why.clone())),
            State::Closed => Err(RecordError::Closed),
        }
    }

    fn check_room(&self, wanted: u64, door: Audience, settings: &LedgerSettings) -> Result<(), RecordError> {
        let over = self.bytes.saturating_add(wanted) > share(door, settings.max_bytes)
            || self.unsealed_bytes > share(door, UNSEALED_MAX)
            || self.free_bytes < least_free(door, settings);
        if over || self.disk_full { Err(RecordError::Full) } else { Ok(()) }
    }

    fn admit(&mut self, purpose: Purpose, leaf: usize, settings: &LedgerSettings) -> Result<(), RecordError> {
        self.check_state()?;
        let bytes = stored_bytes(leaf);
        match purpose {
            Purpose::Work(door) => {
                let reserved = self.open_entries.saturating_mul(OUTCOME_RESERVE);
                self.check_room(bytes.saturating_add(reserved), door, settings)
            }
            // The room was reserved; what the disk says comes out when writing.
            Purpose::Outcome if bytes <= OUTCOME_RESERVE => Ok(()),
            Purpose::Outcome => self.check_room(bytes, Audience::Control, settings),
        }
    }

    /// Seals, frames and writes one leaf. On return the kernel has it.
    pub(crate) fn append(
        &mut self,
        pen: &Pen<'_>,
        (request, class): (RequestId, LedgerClass),
        purpose: Purpose,
        event: &[u8],
    ) -> Result<Seq, RecordError> {
        if purpose == Purpose::Outcome {
            self.open_entries = self.open_entries.saturating_sub(1);
        }
        let leaf = LEAF_OVERHEAD + event.len();
        if leaf > LEAF_MAX {
            return Err(RecordError::TooLarge(event.len()));
        }
        self.admit(purpose, leaf, pen.settings)?;
        let length = u64::try_from(FRAME_OVERHEAD + leaf).unwrap_or(u64::MAX);
        if self.offset + length > self.segment.length() {
            self.roll(pen).map_err(|error| self.failed(&error))?;
        }
        let seq = Seq(self.next);
        let mut bytes = Frame::start(leaf);
        LeafHeader { seq, request, class }
            .seal(pen.vault, event, &mut bytes)
            .map_err(|error| RecordError::Broken(error.to_string()))?;
        let (frame, chain) = Frame::finish(bytes, pen.vault, &self.chain, self.next, pen.durable);
        self.write(&frame).map_err(|error| self.failed(&error))?;
        self.chain = chain;
        self.next += 1;
        self.offset += length;
        self.bytes += stored_bytes(leaf);
        self.unsealed_bytes += stored_bytes(leaf);
        self.recent.push_back(Arc::new(frame));
        Ok(seq)
    }

    /// Hands a frame to the kernel. When that fails, what may have been written of it is zeroed again, so that the place
    /// still reads as the end; if even that fails, only the first error counts and the ledger breaks.
    fn write(&mut self, frame: &Frame) -> Result<(), StorageError> {
        let written = self.segment.write_at(frame.bytes(), self.offset);
        if let Err(error) = &written {
            let zeros = vec![0; frame.bytes().len()];
            if !matches!(error, StorageError::Full) || self.segment.write_at(&zeros, self.offset).is_err() {
                self.state = State::Broken(error.to_string());
            }
        }
        written
    }

    fn failed(&mut self, error: &StorageError) -> RecordError {
        match (error, &self.state) {
            (_, State::Broken(why)) => RecordError::Broken(why.clone()),
            // Either passes; the sealer looks again at every round.
            (StorageError::Full | StorageError::Descriptors, _) => {
                self.disk_full = true;
                RecordError::Full
            }
            _ => {
                self.state = State::Broken(error.to_string());
                RecordError::Broken(error.to_string())
            }
        }
    }

    /// Goes on in a new segment. Its header is written before it gets its name, so a named segment has one.
    pub(crate) fn roll(&mut self, pen: &Pen<'_>) -> Result<(), StorageError> {
        let mut segment = match self.spare.take() {
            Some(spare) => spare,
            None => {
                pen.files.create_segment(&format!("{TAIL}/reserve"), pen.settings.segment_bytes, false)?
            }
        };
        let header = SegmentHeader { first: self.next, boot: pen.boot, chain: self.chain };
        segment.write_at(&header.to_bytes(pen.vault), 0)?;
        let name = segment_name(self.next);
        pen.files.rename_segment(&mut segment, &name)?;
        let left = std::mem::replace(&mut self.segment, Arc::new(segment));
        self.unsynced.push(left);
        self.names_unsynced = true;
        // A segment that was left without a leaf was replaced by this one, which has the same name.
        if self.live.back().is_none_or(|last| last.first != self.next) {
            self.live.push_back(LiveSegment { first: self.next, name });
        }
        self.offset = u64::try_from(SEGMENT_HEADER).unwrap_or(u64::MAX);
        Ok(())
    }

    /// The frames `from..to`, which are in memory.
    pub(crate) fn frames(&self, from: u64, to: u64) -> Vec<Arc<Frame>> {
        let skip = usize::try_from(from.saturating_sub(self.recent_first)).unwrap_or(usize::MAX);
        let take = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        self.recent.iter().skip(skip).take(take).map(Arc::clone).collect()
    }

    /// The frame of one leaf, if it is in memory.
    pub(crate) fn frame(&self, seq: u64) -> Option<Arc<Frame>> {
        let place = usize::try_from(seq.checked_sub(self.recent_first)?).ok()?;
        self.recent.get(place).map(Arc::clone)
    }

    /// Takes note that the first `sealed` leaves are under a checkpoint, forgets those of full bundles, and returns the names
    /// of segments that hold only sealed leaves.
    pub(crate) fn sealed_up_to(&mut self, sealed: u64) -> Vec<String> {
        for frame in self.frames(self.sealed, sealed) {
            self.unsealed_bytes = self.unsealed_bytes.saturating_sub(stored_bytes(frame.leaf().len()));
        }
        self.sealed = sealed;
        while self.recent_first < sealed / TILE_WIDTH * TILE_WIDTH && self.recent.pop_front().is_some() {
            self.recent_first += 1;
        }
        let mut done = Vec::new();
        while self.live.get(1).is_some_and(|second| second.first <= sealed) {
            done.extend(self.live.pop_front().map(|segment| segment.name));
        }
        done
    }
}
