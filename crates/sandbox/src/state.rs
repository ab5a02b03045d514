//! What all parts of one run share: who runs for whom, the budget, the meters, and how it ended.
//!
//! Invariant: a run ends once, with the first reason that was given; every reason that names a limit ends it, whether or
//! not the guest would like to go on. Not here: driving the guest ([`crate::run`]).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use casemate_core::{Actor, Entry, Limits};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;
use wasmtime_wasi_http::WasiBody;

use crate::budget::Budget;
use crate::error::{Limit, RunError};
use crate::load::LoadedFunction;
use crate::settings::Services;

/// The head of an answer, and the body that follows it.
pub(crate) type Answer = Result<http::Response<WasiBody>, RunError>;

/// One run, as everything that belongs to it sees it.
pub(crate) struct RunState {
    pub(crate) services: Arc<Services>,
    pub(crate) function: Arc<LoadedFunction>,
    pub(crate) entry: Arc<Entry>,
    pub(crate) budget: Budget,
    pub(crate) meter: Meter,
    caller: Arc<Actor>,
    actor: OnceLock<Arc<Actor>>,
    ended: OnceLock<RunError>,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

impl RunState {
    pub(crate) fn new(
        services: Arc<Services>,
        function: Arc<LoadedFunction>,
        entry: Arc<Entry>,
        caller: Arc<Actor>,
        answer: oneshot::Sender<Answer>,
    ) -> Self {
        Self {
            budget: Budget::new(function.limits()),
            services,
            function,
            entry,
            meter: Meter::default(),
            caller,
            actor: OnceLock::new(),
            ended: OnceLock::new(),
            answer: Mutex::new(Some(answer)),
        }
    }

    /// A run that nobody waits for.
    #[cfg(test)]
    pub(crate) fn of_nobody(world: &crate::testbed::World, function: &Arc<LoadedFunction>) -> Arc<Self> {
        let services = Arc::clone(&world.sandbox.services);
        let entry = Arc::new(world.ledger.entry().unwrap());
        let caller = Arc::new(Actor::anonymous());
        Arc::new(Self::new(services, Arc::clone(function), entry, caller, oneshot::channel().0))
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.function.limits()
    }

    pub(crate) fn caller(&self) -> &Arc<Actor> {
        &self.caller
    }

    /// The function as it acts for the caller; made at the first host call.
    pub(crate) fn actor(&self) -> &Arc<Actor> {
        self.actor
            .get_or_init(|| Arc::new(Actor::function(self.function.id().clone(), Arc::clone(&self.caller))))
    }

    /// Ends the run; the first reason counts.
    pub(crate) fn end(&self, reason: RunError) -> RunError {
        self.ended.get_or_init(|| reason).clone()
    }

    /// Ends the run with a limit.
    pub(crate) fn hit(&self, limit: Limit) -> RunError {
        self.end(RunError::Limit { limit, value: self.value(limit) })
    }

    /// The reason why it ended, once it did.
    pub(crate) fn ended(&self) -> Option<&RunError> {
        self.ended.get()
    }

    fn value(&self, limit: Limit) -> u64 {
        let key = limit.key();
        self.limits().pairs().iter().find(|(name, _)| *name == key).map_or(0, |(_, value)| *value)
    }

    /// Hands the answer's head to whoever waits for it. Only the first answer counts.
    pub(crate) fn answer(&self, answer: Answer) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // A guest that was already stopped may get this far before it notices.
            let answer = self.ended().map_or(answer, |reason| Err(reason.clone()));
            // When nobody waits any more, the caller has left; the run is about to be dropped.
            let _ = sender.send(answer);
        }
    }

    /// Why a guest that was stopped by `error` was stopped, in words that name a limit where one was hit.
    pub(crate) fn explain(&self, error: &wasmtime::Error) -> RunError {
        if let Some(reason) = self.ended() {
            return reason.clone();
        }
        let full = error.downcast_ref::<wasmtime::component::ResourceTableError>();
        if matches!(full, Some(wasmtime::component::ResourceTableError::Full)) {
            return self.hit(Limit::Resources);
        }
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return self.end(RunError::Full { retry_after: crate::load::RETRY_AFTER });
        }
        let text = format!("{error:#}");
        // WHY: wasmtime keeps the types of these two errors to itself; a test holds the words.
        if text.contains("fuel allocated for hostcalls has been exhausted") {
            return self.hit(Limit::HostCallBytes);
        }
        if text.contains("store handle limit exceeded") {
            return self.hit(Limit::Resources);
        }
        if let Some(limit) = self.meter.denied() {
            return self.hit(limit);
        }
        if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
            return self.end(RunError::Trapped(format!("it exited with status {}", exit.0)));
        }
        let cause = error.root_cause().to_string();
        self.end(RunError::Trapped(casemate_core::resource::clip(&cause, 500)))
    }
}

/// CPU time and memory of one run.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    cpu_ns: AtomicU64,
    since_ns: AtomicU64,
    peak_bytes: AtomicU64,
    memory_denied: AtomicBool,
    table_denied: AtomicBool,
}

impl Meter {
    /// A poll begins on this thread.
    pub(crate) fn start(&self) {
        self.since_ns.store(thread_cpu_ns(), Ordering::Relaxed);
    }

    /// The poll ends; returns the CPU time of the run so far, in nanoseconds.
    pub(crate) fn stop(&self) -> u64 {
        let total = self.cpu_ns();
        self.cpu_ns.store(total, Ordering::Relaxed);
        total
    }

    /// CPU time of the run so far, in the middle of a poll.
    pub(crate) fn cpu_ns(&self) -> u64 {
        let poll = thread_cpu_ns().saturating_sub(self.since_ns.load(Ordering::Relaxed));
        self.cpu_ns.load(Ordering::Relaxed).saturating_add(poll)
    }

    /// Adds CPU time, in nanoseconds, that another thread spent for the run.
    pub(crate) fn charge(&self, cpu_ns: u64) {
        self.cpu_ns.fetch_add(cpu_ns, Ordering::Relaxed);
    }

    /// CPU time of all finished polls, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed) / 1_000
    }

    pub(crate) fn memory(&self, bytes: u64) {
        self.peak_bytes.fetch_max(bytes, Ordering::Relaxed);
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn deny(&self, limit: Limit) {
        let flag = if limit == Limit::TableElements { &self.table_denied } else { &self.memory_denied };
        flag.store(true, Ordering::Relaxed);
    }

    /// The limit on growth that the guest ran into, if it did.
    fn denied(&self) -> Option<Limit> {
        if self.memory_denied.load(Ordering::Relaxed) {
            Some(Limit::MemoryBytes)
        } else if self.table_denied.load(Ordering::Relaxed) {
            Some(Limit::TableElements)
        } else {
            None
        }
    }
}

/// CPU time of the calling thread. Unlike a wall clock it does not charge a guest for its neighbours.
pub(crate) fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let secs = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}
