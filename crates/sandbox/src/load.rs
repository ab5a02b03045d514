//! A function ready to run: its code linked and laid out, its places, what it may consume.
//!
//! Invariant: at most `concurrency` requests run and at most `queue` wait; the next one is turned away at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_core::manifest::{Function, Store};
use casemate_core::{FunctionId, Limits, Revision, StoreName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::error::{InspectError, Limit, LoadError, RunError};
use crate::guest::Guest;
use crate::inspect::{Wasi, wasi_of};

/// When a busy function may be tried again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a deployed function is.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its id.
    pub id: FunctionId,
    /// The revision that it belongs to.
    pub revision: Revision,
    /// Its part of the manifest.
    pub function: Function,
    /// The stores that its app declares.
    pub stores: BTreeMap<StoreName, Store>,
}

/// A function that is ready to run.
pub struct LoadedFunction {
    spec: FunctionSpec,
    wasi: Wasi,
    pre: Pre,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
    counts: Counts,
}

impl std::fmt::Debug for LoadedFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedFunction")
            .field("id", &self.spec.id)
            .field("wasi", &self.wasi)
            .finish_non_exhaustive()
    }
}

/// A component that is linked, in the version that it speaks.
pub(crate) enum Pre {
    P2(ProxyPre<Guest>),
    P3(ServicePre<Guest>),
}

/// What a function did since it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FunctionStats {
    /// Runs that were started.
    pub started: u64,
    /// Requests that were turned away because the function was busy.
    pub busy: u64,
    /// Runs that ended with an error.
    pub failed: u64,
    /// Requests that run now.
    pub running: u32,
    /// Requests that wait now.
    pub waiting: u32,
}

#[derive(Debug, Default)]
struct Counts {
    started: AtomicU64,
    busy: AtomicU64,
    failed: AtomicU64,
}

impl LoadedFunction {
    pub(crate) fn new(
        linker: &Linker<Guest>,
        component: &Component,
        spec: FunctionSpec,
    ) -> Result<Self, LoadError> {
        let limits = spec.function.limits;
        fits(component, &limits)?;
        let engine = component.engine();
        let exports: Vec<_> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let wasi = wasi_of(exports.iter().map(String::as_str)).ok_or(InspectError::NoHandler)?;
        let link = |error: wasmtime::Error| LoadError::Link(format!("{error:#}"));
        let pre = linker.instantiate_pre(component).map_err(link)?;
        let pre = match wasi {
            Wasi::P2 => Pre::P2(ProxyPre::new(pre).map_err(link)?),
            Wasi::P3 => Pre::P3(ServicePre::new(pre).map_err(link)?),
        };
        let places = usize::try_from(limits.concurrency).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            spec,
            wasi,
            pre,
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicU32::new(0),
            counts: Counts::default(),
        })
    }

    /// The function's id.
    #[must_use]
    pub fn id(&self) -> &FunctionId {
        &self.spec.id
    }

    /// The revision that it belongs to.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.spec.revision
    }

    /// What it may consume.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.spec.function.limits
    }

    /// Which WASI it speaks.
    #[must_use]
    pub fn wasi(&self) -> Wasi {
        self.wasi
    }

    /// What it did since it was loaded.
    #[must_use]
    pub fn stats(&self) -> FunctionStats {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        FunctionStats {
            started: self.counts.started.load(Ordering::Relaxed),
            busy: self.counts.busy.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            running: self.limits().concurrency.saturating_sub(free),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn stores(&self) -> &BTreeMap<StoreName, Store> {
        &self.spec.stores
    }

    pub(crate) fn pre(&self) -> &Pre {
        &self.pre
    }

    pub(crate) fn engine(&self) -> &Engine {
        match &self.pre {
            Pre::P2(pre) => pre.engine(),
            Pre::P3(pre) => pre.engine(),
        }
    }

    pub(crate) fn count_failure(&self) {
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a place to run in, or waits for one in the queue; `None` when there was none until the deadline.
    ///
    /// # Errors
    /// [`RunError::Busy`] when the queue is full.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<Option<OwnedSemaphorePermit>, RunError> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            self.counts.started.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(place));
        }
        let limits = self.limits();
        let seat = Seat(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= limits.queue {
            self.counts.busy.fetch_add(1, Ordering::Relaxed);
            return Err(RunError::Busy { retry_after: RETRY_AFTER });
        }
        let place = tokio::time::timeout_at(deadline.into(), Arc::clone(&self.places).acquire_owned()).await;
        drop(seat);
        match place {
            Ok(Ok(place)) => {
                self.counts.started.fetch_add(1, Ordering::Relaxed);
                Ok(Some(place))
            }
            // The semaphore is never closed.
            Ok(Err(_)) => Err(RunError::Internal("the function is closed".to_owned())),
            Err(_) => Ok(None),
        }
    }
}

/// A place in the queue; given back when its owner leaves in any way.
struct Seat<'a>(&'a AtomicU32);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Refuses at load what could never be instantiated.
fn fits(component: &Component, limits: &Limits) -> Result<(), LoadError> {
    let Some(required) = component.resources_required() else { return Ok(()) };
    let pages = required.max_initial_memory_size.unwrap_or(0);
    let elements = required.max_initial_table_size.unwrap_or(0);
    let pairs = [
        (Limit::MemoryBytes, pages.saturating_mul(64 << 10), limits.memory_bytes),
        (Limit::TableElements, elements, limits.table_elements.into()),
    ];
    match pairs.into_iter().find(|(_, need, limit)| need > limit) {
        Some((key, need, limit)) => Err(LoadError::Limit { key, need, limit }),
        None => Ok(()),
    }
}
