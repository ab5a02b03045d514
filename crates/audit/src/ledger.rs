//! The ledger as the other rooms see it.
//!
//! Invariant: between [`Recorder::begin`] and the entry's end, room for its outcome is set aside. Not here: opening (`open`),
//! reading (`read`), proofs (`prove`).

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use casemate_core::action::Audience;
use casemate_core::entry::{Entry, Opened};
use casemate_core::event::{HttpRequest, Lifecycle, Outcome};
use casemate_core::{Durable, Entropy, Event, LedgerClass, RecordError, Recorder, RequestId, Seq};
use casemate_vault::SystemEntropy;

use crate::error::ReadLedgerError;
use crate::leaf::LEAF_OVERHEAD;
use crate::note::Checkpoint;
use crate::shared::{Call, Shared};
use crate::tail::{OUTCOME_RESERVE, Purpose, State};

/// How far the clock may go back between two requests before it is recorded: threads overtake each other.
const CLOCK_JITTER_MS: u64 = 1000;

/// The ledger. Share it as `Arc<Ledger>`; dropping the last one closes it.
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("head", &self.head()).finish_non_exhaustive()
    }
}

thread_local! {
    /// Events are serialised here, so that a leaf allocates once, for its frame.
    static JSON: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Ledger {
    /// The public key that verifies checkpoints, as C2SP signed-note writes it. Keep it outside this machine.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.shared.key.verifier.to_string()
    }

    /// The last signed checkpoint, and the note that proves it.
    #[must_use]
    pub fn checkpoint(&self) -> (Checkpoint, String) {
        let published = self.shared.published.load();
        (published.checkpoint.clone(), published.note.clone())
    }

    /// The number of leaves: the sequence number that the next one will have.
    #[must_use]
    pub fn head(&self) -> Seq {
        Seq(self.shared.tail().next)
    }

    /// Resolves once the leaf at `seq` is there and on disk, or the ledger has ended. Pass [`Self::head`] to wait for
    /// something new. Works on any runtime.
    pub async fn wait_past(&self, seq: Seq) {
        let mut progress = self.shared.progress.subscribe();
        // The sender lives as long as `self`.
        let _ = progress.wait_for(|progress| progress.durable > seq.0 || progress.ended.is_some()).await;
    }

    /// Records a change of the platform's own state: `key rotated`, `refused at the edge` …
    ///
    /// # Errors
    /// [`RecordError`]
    pub fn note(&self, activity: &str, message: &str) -> Result<Seq, RecordError> {
        let time = self.shared.clock.now();
        let mut random = [0; 10];
        SystemEntropy.fill(&mut random);
        let event = Lifecycle { time, activity: activity.to_owned(), message: message.to_owned() };
        self.append(RequestId::new(time, random), LedgerClass::Durable, &Event::Lifecycle(event))
    }

    /// Seals every leaf that is there now. Blocks for some milliseconds: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`ReadLedgerError::NotSealed`] when the disk is full or fails, or the ledger is closed with leaves unsealed.
    pub fn seal_now(&self) -> Result<(), ReadLedgerError> {
        let target = self.head().0;
        let mut rounds = self.shared.rounds();
        let failures = rounds.failures;
        self.shared.seal_call.raise(Call::NOW);
        while rounds.sealed < target {
            if rounds.failures != failures || rounds.ended {
                return Err(ReadLedgerError::NotSealed(rounds.last_failure.clone()));
            }
            rounds = self.shared.round_done.wait(rounds).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Records that the platform stopped, refuses everything from then on, syncs, seals, and ends the threads. Entries that are
    /// still open lose their outcome, so end them first. Blocks for some milliseconds. Later calls do nothing.
    pub fn close(&self) {
        if self.shared.closing.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.note("stopped", "") {
            tracing::warn!(%error, "the ledger could not record its end");
        }
        let mut tail = self.shared.tail();
        if tail.state == State::Open {
            tail.state = State::Closed;
        }
        drop(tail);
        self.shared.closing.store(true, Ordering::Release);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.seal_call.wake();
        self.shared.sync_call.wake();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the ledger failed");
            }
        }
        self.shared.end(RecordError::Closed);
    }

    /// Records it when the clock went back since the last request.
    fn watch_clock(&self, opened: &Opened) {
        let now = opened.at.as_millis();
        let before = self.shared.latest_ms.swap(now, Ordering::AcqRel);
        if before > now.saturating_add(CLOCK_JITTER_MS) {
            let message = format!("by {} ms; sequence numbers go on, times do not", before - now);
            // When this cannot be recorded, the request that follows cannot either.
            let _ = self.note("clock set back", &message);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}

impl Recorder for Ledger {
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError> {
        self.shared.tail().begin(opened.door, &self.shared.settings).inspect_err(|_| {
            // Only a round of the sealer finds out that there is room again.
            self.shared.seal_call.raise(Call::SOON);
        })?;
        self.watch_clock(&opened);
        let clock = Arc::clone(&self.shared.clock);
        Ok(Entry::new(opened, self, clock))
    }

    fn append(&self, request: RequestId, class: LedgerClass, event: &Event) -> Result<Seq, RecordError> {
        let purpose = match event {
            Event::Outcome(_) => Purpose::Outcome,
            Event::Decision(decision) => Purpose::Work(decision.action.spec().audience),
            Event::Authentication(attempt) if !attempt.app.is_platform() => Purpose::Work(Audience::Data),
            Event::Authentication(_) | Event::Lifecycle(_) => Purpose::Work(Audience::Control),
        };
        JSON.with_borrow_mut(|json| {
            serialise(event, json)?;
            if let Event::Outcome(outcome) = event
                && json.len() + LEAF_OVERHEAD > OUTCOME_EVENT_MAX
            {
                serialise(&Event::Outcome(Box::new(shortened(outcome))), json)?;
            }
            self.shared.append(request, class, purpose, json)
        })
    }
}

/// What fits the room that is set aside for an outcome; 128 bytes of it are for its hash and its place in the index.
const OUTCOME_EVENT_MAX: usize = 8 * 1024 - 128;
const _: () = assert!(OUTCOME_EVENT_MAX as u64 + 128 == OUTCOME_RESERVE);

fn serialise(event: &Event, json: &mut Vec<u8>) -> Result<(), RecordError> {
    json.clear();
    serde_json::to_writer(json, event).map_err(|error| RecordError::Broken(error.to_string()))
}

/// An outcome whose texts are cut so that it fits, even if every character takes six bytes of JSON.
fn shortened(outcome: &Outcome) -> Outcome {
    let cut = |text: &str, most: usize| {
        let mut short: String = text.chars().take(most).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        short
    };
    let http_request = outcome.http_request.as_ref().map(|http| HttpRequest {
        http_method: cut(&http.http_method, 32),
        host: cut(&http.host, 255),
        path: cut(&http.path, 512),
        version: cut(&http.version, 16),
        ..http.clone()
    });
    Outcome { http_request, status_detail: cut(&outcome.status_detail, 256), ..outcome.clone() }
}

impl Durable for Ledger {
    fn durable(&self, seq: Seq) -> Pin<Box<dyn Future<Output = Result<(), RecordError>> + Send + '_>> {
        Box::pin(async move {
            if self.shared.durable.load(Ordering::Acquire) > seq.0 {
                return Ok(());
            }
            self.shared.sync_call.raise(Call::NOW);
            let mut progress = self.shared.progress.subscribe();
            let ended =
                |progress: &crate::shared::Progress| progress.durable > seq.0 || progress.ended.is_some();
            let progress = progress.wait_for(ended).await.map_err(|_| RecordError::Closed)?;
            if progress.durable > seq.0 {
                Ok(())
            } else {
                Err(progress.ended.clone().unwrap_or(RecordError::Closed))
            }
        })
    }
}
