//! The host's side of one instance: what its store holds, and the ceiling on its memories and tables.
//!
//! Invariant: a guest's world is empty: no arguments, no environment, no files, no sockets, no input.

use std::sync::Arc;

use casemate_core::Limits;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::error::Limit;
use crate::outgoing_http::{BUFFERED_CHUNKS, CHUNK_BYTES, Hooks};
use crate::state::RunState;
use crate::stdio;

/// Random bytes that one call may ask for.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
/// Size of one set of header fields in the host, in bytes.
const MAX_FIELD_BYTES: usize = 16 << 10;
/// The most that the host keeps for one handle, in bytes: an outgoing request with its fields, its trailers, and the chunks of its
/// body that nobody reads.
const KEPT_BYTES: usize = 64 << 10;
const _: () = assert!(2 * MAX_FIELD_BYTES + (1 + BUFFERED_CHUNKS) * CHUNK_BYTES <= KEPT_BYTES);
// SECURITY: through its handles a guest makes the host keep no more than it may keep itself.
const _: () = assert!(within_memory(Limits::DEFAULT) && within_memory(Limits::CEILING));

const fn within_memory(limits: Limits) -> bool {
    limits.resources as u64 * KEPT_BYTES as u64 <= limits.memory_bytes
}

/// Core instances, tables and memories of one component.
const MAX_PARTS: usize = 64;

/// What a store holds.
pub(crate) struct Guest {
    pub(crate) table: ResourceTable,
    pub(crate) state: Arc<RunState>,
    /// Bytes of values that the host keeps for the guest between two calls.
    pub(crate) kept_bytes: u64,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    ceiling: Ceiling,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// A fresh store with every limit set. The instance that is put into it is the only one it ever holds.
pub(crate) fn store(engine: &Engine, state: &Arc<RunState>) -> Store<Guest> {
    let limits = state.limits();
    let resources = usize::try_from(limits.resources).unwrap_or(usize::MAX);
    let mut table = ResourceTable::new();
    table.set_max_capacity(resources);
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(MAX_RANDOM_BYTES)
        .stdout(stdio::Lines::new(Arc::clone(state), "info"))
        .stderr(stdio::Lines::new(Arc::clone(state), "warn"));
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(MAX_FIELD_BYTES);
    let guest = Guest {
        table,
        state: Arc::clone(state),
        kept_bytes: 0,
        wasi: wasi.build(),
        http,
        hooks: Hooks::new(Arc::clone(state)),
        ceiling: Ceiling::new(limits, Arc::clone(state)),
    };
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.ceiling);
    store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));
    store.set_max_component_handles(resources);
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(resources);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| tick(&store.data().state));
    store
}

/// Every few milliseconds of guest code: give the thread back, or stop when the CPU time is used up.
fn tick(state: &RunState) -> wasmtime::Result<UpdateDeadline> {
    if state.meter.cpu_ns() > cpu_limit_ns(state.limits()) {
        return Err(wasmtime::Error::new(state.hit(Limit::CpuMs)));
    }
    if let Some(reason) = state.ended() {
        return Err(wasmtime::Error::new(reason.clone()));
    }
    // WHY: tokio's own yield lets its driver look at sockets and timers first; a plain wake would not, for many turns.
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
}

pub(crate) fn cpu_limit_ns(limits: &Limits) -> u64 {
    limits.cpu_ms.saturating_mul(1_000_000)
}

/// The ceiling on linear memory and table elements, all of an instance's together.
struct Ceiling {
    memory_limit: u64,
    table_limit: u64,
    memory: u64,
    table: u64,
    /// What was allowed last and may yet fail for another reason, to be taken back then.
    pending: u64,
    state: Arc<RunState>,
}

impl Ceiling {
    fn new(limits: &Limits, state: Arc<RunState>) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            table_limit: limits.table_elements.into(),
            memory: 0,
            table: 0,
            pending: 0,
            state,
        }
    }
}

fn grown(current: usize, desired: usize) -> u64 {
    u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX)
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = grown(current, desired);
        let total = self.memory.saturating_add(more);
        // The guest is told and may do with less; if it cannot, its trap is named after this limit.
        let fits = total <= self.memory_limit;
        self.pending = 0;
        if fits {
            self.pending = more;
            self.memory = total;
            self.state.meter.memory(total);
        } else {
            self.state.meter.deny(Limit::MemoryBytes);
        }
        Ok(fits)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.pending));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = grown(current, desired);
        let total = self.table.saturating_add(more);
        let fits = total <= self.table_limit;
        self.pending = 0;
        if fits {
            self.pending = more;
            self.table = total;
        } else {
            self.state.meter.deny(Limit::TableElements);
        }
        Ok(fits)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.table = self.table.saturating_sub(std::mem::take(&mut self.pending));
        Ok(())
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }
    fn tables(&self) -> usize {
        MAX_PARTS
    }
    fn memories(&self) -> usize {
        MAX_PARTS
    }
}

#[cfg(test)]
mod tests;
