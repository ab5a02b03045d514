//! The entry of one request: opened before any work, completed whatever happens.
//!
//! Invariant: an entry that was begun leaves an [`Outcome`] in the ledger, even when its owner panics, is dropped or
//! forgets, because `Drop` writes it. A plain request is two leaves: the decision, and the outcome.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::action::{Audience, LedgerClass};
use crate::event::{Decision, Event, HttpRequest, Outcome, SignInAttempt};
use crate::ids::{RequestId, Revision, Seq};
use crate::seams::{Clock, RecordError, Recorder};
use crate::time::Timestamp;

/// Bytes of a path that an undecided outcome keeps.
const PATH_KEPT: usize = 512;

/// What is known when a request arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The request's id.
    pub request: RequestId,
    /// When it arrived.
    pub at: Timestamp,
    /// The request itself.
    pub http: HttpRequest,
    /// Which door it came through: [`Audience::Data`] or [`Audience::Control`]. A ledger that fills up closes them one by one.
    pub door: Audience,
}

/// What is known of how a request ended; filled in as it becomes known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The HTTP status that was answered; 0 when none was.
    pub status: u16,
    /// What ended it.
    pub detail: String,
    /// CPU time of the guest, in microseconds.
    pub cpu_us: u64,
    /// The largest linear memory, in bytes.
    pub memory_bytes: u64,
    /// Bytes of body that were sent.
    pub bytes_out: u64,
    /// The revision that ran.
    pub revision: Option<Revision>,
}

/// An open entry. Not `Clone`: share it as `Arc<Entry>`; the last owner's drop completes it.
pub struct Entry {
    opened: Opened,
    since: Instant,
    recorder: Arc<dyn Recorder>,
    clock: Arc<dyn Clock>,
    decided: AtomicBool,
    completed: AtomicBool,
    ending: Mutex<Ending>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("request", &self.opened.request).finish_non_exhaustive()
    }
}

impl Entry {
    /// Opens an entry. Only a [`Recorder`]'s `begin` calls this, after it made sure that it can still write.
    #[must_use]
    pub fn new(opened: Opened, recorder: Arc<dyn Recorder>, clock: Arc<dyn Clock>) -> Self {
        Self {
            opened,
            since: Instant::now(),
            recorder,
            clock,
            decided: AtomicBool::new(false),
            completed: AtomicBool::new(false),
            ending: Mutex::new(Ending { detail: "dropped".to_owned(), ..Ending::default() }),
        }
    }

    /// The request's id.
    #[must_use]
    pub fn request(&self) -> RequestId {
        self.opened.request
    }

    /// What was known when the request arrived: policies read their context from here.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// How long the request has been open.
    #[must_use]
    pub fn age(&self) -> std::time::Duration {
        self.since.elapsed()
    }

    /// Records a decision. The first of an entry carries the request. Only `policy` calls this.
    ///
    /// # Errors
    /// [`RecordError`]: the decision must then count as a deny.
    pub fn decided(&self, class: LedgerClass, mut decision: Decision) -> Result<Seq, RecordError> {
        if !self.decided.swap(true, Ordering::Relaxed) {
            decision.http_request = Some(self.opened.http.clone());
        }
        self.recorder.append(self.opened.request, class, &Event::Decision(Box::new(decision)))
    }

    /// Records an attempt to sign in. Only `identity` calls this.
    ///
    /// # Errors
    /// [`RecordError`]: the attempt must then fail.
    pub fn attempted(&self, attempt: SignInAttempt) -> Result<Seq, RecordError> {
        self.recorder.append(
            self.opened.request,
            LedgerClass::Acknowledge,
            &Event::Authentication(Box::new(attempt)),
        )
    }

    /// Notes something about the end, to be written when it comes.
    pub fn note(&self, note: impl FnOnce(&mut Ending)) {
        note(&mut self.ending.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Completes the entry with what was noted. Later calls, and the drop, then do nothing.
    ///
    /// # Errors
    /// [`RecordError`] when the ledger broke meanwhile.
    pub fn complete(&self) -> Result<(), RecordError> {
        if self.completed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let ending = std::mem::take(&mut *self.ending.lock().unwrap_or_else(PoisonError::into_inner));
        let outcome = Outcome {
            time: self.clock.now(),
            // Nothing was decided on it, so nothing needs to be judged again: a flood of long paths is cut short.
            http_request: (!self.decided.load(Ordering::Relaxed)).then(|| {
                let http = &self.opened.http;
                HttpRequest { path: crate::resource::clip(&http.path, PATH_KEPT), ..http.clone() }
            }),
            status_code: ending.status,
            status_detail: ending.detail,
            duration_us: u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX),
            cpu_us: ending.cpu_us,
            memory_bytes: ending.memory_bytes,
            bytes_out: ending.bytes_out,
            revision: ending.revision,
        };
        let event = Event::Outcome(Box::new(outcome));
        self.recorder.append(self.opened.request, LedgerClass::Acknowledge, &event).map(|_| ())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A broken ledger already denies every new request; there is nobody left to tell about this one.
        let _ = self.complete();
    }
}

#[cfg(test)]
mod tests;
