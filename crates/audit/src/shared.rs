//! What the ledger's callers and its two threads share.
//!
//! Owns: the tail's mutex, what is durable, what is published, and how threads wake each other. Lock order: `syncing` before
//! `tail`; `index` alone. Invariant: no lock is held over a disk sync, except `syncing`, whose purpose that is.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::Thread;

use arc_swap::ArcSwap;
use casemate_core::{Clock, LedgerClass, RecordError, RequestId, Seq};
use casemate_storage::LedgerFiles;
use casemate_vault::Vault;
use tokio::sync::watch;

use crate::index::Index;
use crate::keys::SigningKey;
use crate::note::Checkpoint;
use crate::settings::LedgerSettings;
use crate::tail::{Pen, Purpose, State, Tail};
use crate::tree::Edge;

/// What waiters wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// How many leaves are on disk.
    pub(crate) durable: u64,
    /// Why there will be no more.
    pub(crate) ended: Option<RecordError>,
}

/// The last checkpoint and what proofs need beside the full tiles.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) note: String,
    pub(crate) edge: Edge,
}

/// How a round of sealing went, for those who wait for one.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) sealed: u64,
    pub(crate) failures: u64,
    pub(crate) last_failure: String,
    pub(crate) ended: bool,
}

/// A thread's call: nothing, within its interval, or at once.
#[derive(Debug, Default)]
pub(crate) struct Call {
    level: AtomicU8,
    thread: OnceLock<Thread>,
}

impl Call {
    pub(crate) const SOON: u8 = 1;
    pub(crate) const NOW: u8 = 2;

    /// Raises the call. The thread is woken only when that changes something for it.
    pub(crate) fn raise(&self, level: u8) {
        if self.level.fetch_max(level, Ordering::AcqRel) < level {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub(crate) fn level(&self) -> u8 {
        self.level.load(Ordering::Acquire)
    }

    /// Answers the call: whoever raises it from now on wants another round.
    pub(crate) fn clear(&self) {
        self.level.store(0, Ordering::Release);
    }

    /// The calling thread answers this call from now on.
    pub(crate) fn answer(&self) {
        let _ = self.thread.set(std::thread::current());
    }
}

pub(crate) struct Shared {
    pub(crate) files: LedgerFiles,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: LedgerSettings,
    pub(crate) key: SigningKey,
    pub(crate) boot: [u8; 16],
    pub(crate) tail: Mutex<Tail>,
    pub(crate) syncing: Mutex<()>,
    pub(crate) durable: AtomicU64,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) index: RwLock<Index>,
    pub(crate) published: ArcSwap<Published>,
    pub(crate) rounds: Mutex<Rounds>,
    pub(crate) round_done: Condvar,
    pub(crate) sync_call: Call,
    pub(crate) seal_call: Call,
    pub(crate) closing: AtomicBool,
    pub(crate) latest_ms: AtomicU64,
}

impl Shared {
    /// The tail. A panic while it was held (a bug) leaves it in doubt, so the ledger then breaks instead of going on.
    pub(crate) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(|poisoned| {
            let mut tail = poisoned.into_inner();
            if tail.state == State::Open {
                tail.state = State::Broken("a thread failed while appending".to_owned());
            }
            tail
        })
    }

    pub(crate) fn rounds(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends one event that is already serialised, and calls the threads that it concerns.
    pub(crate) fn append(
        &self,
        request: RequestId,
        class: LedgerClass,
        purpose: Purpose,
        event: &[u8],
    ) -> Result<Seq, RecordError> {
        let mut tail = self.tail();
        let pen = Pen {
            files: &self.files,
            vault: &self.vault,
            settings: &self.settings,
            boot: self.boot,
            durable: self.durable.load(Ordering::Acquire),
        };
        let result = tail.append(&pen, (request, class), purpose, event);
        // A full ledger asks too: only a round of the sealer finds out that there is room again.
        let early = result.is_ok() && (tail.unsealed_bytes > SEAL_EARLY || tail.spare.is_none());
        drop(tail);
        self.seal_call.raise(if early { Call::NOW } else { Call::SOON });
        let seq = result?;
        self.sync_call.raise(match class {
            LedgerClass::Durable => Call::NOW,
            LedgerClass::Acknowledge => Call::SOON,
        });
        Ok(seq)
    }

    /// Nothing is taken from now on: the disk failed in a way that leaves doubt.
    pub(crate) fn break_down(&self, why: &str) {
        tracing::error!(why, "the ledger broke; every request is denied until it is opened anew");
        let mut tail = self.tail();
        if tail.state == State::Open {
            tail.state = State::Broken(why.to_owned());
        }
        drop(tail);
        self.end(RecordError::Broken(why.to_owned()));
    }

    /// Tells all waiters that nothing more will come.
    pub(crate) fn end(&self, why: RecordError) {
        self.progress.send_modify(|progress| {
            progress.ended.get_or_insert(why);
        });
    }
}

/// Unsealed bytes from which on sealing does not wait for its interval.
const SEAL_EARLY: u64 = 16 << 20;
