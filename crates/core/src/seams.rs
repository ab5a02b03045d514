//! The traits at which rooms meet. Time, randomness and the ledger come in as parameters, so every room can be tested
//! with stand-ins and no room reaches for a global.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::LedgerClass;
use crate::entry::{Entry, Opened};
use crate::event::Event;
use crate::fault::{Fault, Faulty};
use crate::ids::{RequestId, Seq};
use crate::time::Timestamp;

/// A wall clock.
pub trait Clock: Send + Sync {
    /// The time now. It may jump, also backwards: never use it to measure a duration.
    fn now(&self) -> Timestamp;
}

/// A source of randomness that is good enough for keys.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bits.
    fn fill(&self, bytes: &mut [u8]);
}

/// The ledger as the other rooms see it: a place where decided means recorded.
pub trait Recorder: Send + Sync {
    /// Opens the entry of one request, or refuses: no entry, no work.
    ///
    /// # Errors
    /// [`RecordError`] when the ledger is full, broken or closed.
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError>;

    /// Appends one leaf and returns its place. On return the leaf is *acknowledged*: handed to the kernel, so that it
    /// survives `kill -9`. `class` [`LedgerClass::Durable`] also asks for a sync soon; await [`Durable::durable`] for it.
    ///
    /// # Errors
    /// [`RecordError`] when the ledger is full, broken or closed. The caller must then not do what it wanted recorded.
    fn append(&self, request: RequestId, class: LedgerClass, event: &Event) -> Result<Seq, RecordError>;
}

/// Waiting for the disk.
pub trait Durable: Send + Sync {
    /// Resolves once the leaf at `seq`, and every one before it, is synced to disk.
    fn durable(&self, seq: Seq) -> Pin<Box<dyn Future<Output = Result<(), RecordError>> + Send + '_>>;
}

/// Why the ledger did not take an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The disk or the configured size is exhausted.
    #[error("the ledger is full")]
    Full,
    /// Writing failed; the ledger denies everything until it is opened anew.
    #[error("the ledger cannot be written: {0}")]
    Broken(String),
    /// The ledger is shutting down.
    #[error("the ledger is closed")]
    Closed,
    /// One event is larger than a leaf can be.
    #[error("the event has {0} bytes, more than a leaf holds")]
    TooLarge(usize),
}

impl Faulty for RecordError {
    fn fault(&self) -> Fault {
        match self {
            Self::Full | Self::Broken(_) | Self::Closed => Fault::Unavailable,
            Self::TooLarge(_) => Fault::Caller,
        }
    }
}
