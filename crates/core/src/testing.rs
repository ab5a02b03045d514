//! Stand-ins at the seams, for the tests of other rooms. They keep the contracts that they stand in for.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::LedgerClass;
use crate::action::Audience;
use crate::entry::{Entry, Opened};
use crate::event::{Event, HttpRequest};
use crate::ids::{RequestId, Seq};
use crate::seams::{Clock, Durable, Entropy, RecordError, Recorder};
use crate::time::{ManualClock, Timestamp};

/// A ledger in memory, which can be broken on purpose.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    events: Mutex<Vec<(RequestId, LedgerClass, Event)>>,
    broken: AtomicBool,
    requests: AtomicU64,
}

impl MemoryLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Makes every later append and begin fail.
    pub fn break_it(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    /// What was appended so far.
    #[must_use]
    pub fn events(&self) -> Vec<(RequestId, LedgerClass, Event)> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens an entry for a made-up request, `GET http://shop.localhost/` from 127.0.0.1.
    ///
    /// # Errors
    /// [`RecordError::Broken`] after [`Self::break_it`].
    pub fn entry(self: &Arc<Self>) -> Result<Entry, RecordError> {
        self.entry_at("/", IpAddr::from([127, 0, 0, 1]), Timestamp::from_secs(1_700_000_000))
    }

    /// Opens an entry for a made-up request with this path, source and time.
    ///
    /// # Errors
    /// [`RecordError::Broken`] after [`Self::break_it`].
    pub fn entry_at(
        self: &Arc<Self>,
        path: &str,
        source: IpAddr,
        at: Timestamp,
    ) -> Result<Entry, RecordError> {
        let mut random = [0; 10];
        let count = self.requests.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (to, from) in random.iter_mut().zip(count) {
            *to = from;
        }
        let http = HttpRequest {
            http_method: "GET".to_owned(),
            host: "shop.localhost".to_owned(),
            path: path.to_owned(),
            version: "HTTP/1.1".to_owned(),
            src_endpoint: source,
            tls: false,
        };
        Arc::clone(self).begin(Opened { request: RequestId::new(at, random), at, http, door: Audience::Data })
    }
}

impl Recorder for MemoryLedger {
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(RecordError::Broken("on purpose".to_owned()));
        }
        let clock = Arc::new(ManualClock::at(opened.at));
        Ok(Entry::new(opened, self, clock))
    }

    fn append(&self, request: RequestId, class: LedgerClass, event: &Event) -> Result<Seq, RecordError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(RecordError::Broken("on purpose".to_owned()));
        }
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push((request, class, event.clone()));
        Ok(Seq(u64::try_from(events.len()).unwrap_or(u64::MAX) - 1))
    }
}

impl Durable for MemoryLedger {
    fn durable(&self, _: Seq) -> Pin<Box<dyn Future<Output = Result<(), RecordError>> + Send + '_>> {
        Box::pin(async { if self.broken.load(Ordering::SeqCst) { Err(RecordError::Closed) } else { Ok(()) } })
    }
}

/// Entropy that counts: every call differs, every run is the same. Never for production.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count =
                self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(count) {
                *to = from;
            }
        }
    }
}

/// A clock that stands at `secs` since the epoch.
#[must_use]
pub fn clock_at(secs: u64) -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(secs)))
}
