//! The engines: one for each WASI, with a pool of ready slots, and the thread that moves its epoch.
//!
//! Invariant: the compiler's engine and the running engine of one WASI differ in the allocator and in nothing else, so that an image
//! of the one fits the other. Not here: what is linked ([`crate::inspect`]).
//!
//! WHY two: the component model's concurrency, which 0.3 is made of, costs a 0.2 call about a sixth of its time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use casemate_core::Limits;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::{OpenSandboxError, Wasi};

/// How often the epoch moves: a busy guest gives its thread back this often.
const TICK: Duration = Duration::from_millis(2);

/// Instances that can be alive at once, of all functions of one WASI together.
pub(crate) const INSTANCES: u32 = 1_000;

/// Address space for each linear memory: with 4 GiB and a guard, no bounds check is ever compiled.
const MEMORY_RESERVATION: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;

/// Memory of a used slot that is cleaned and kept, instead of being given back to the system and faulted in again.
const KEEP_RESIDENT: usize = 1 << 20;

fn config(wasi: Wasi, allocator: InstanceAllocationStrategy) -> Config {
    let concurrent = wasi == Wasi::P3;
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .allocation_strategy(allocator)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        .memory_may_move(false)
        .wasm_component_model(true)
        .wasm_component_model_async(concurrent)
        .concurrency_support(concurrent)
        // SECURITY: what no guest toolchain of ours emits is switched off: fewer paths through compiler and runtime.
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// The engine that compiles components of one WASI.
pub(crate) fn compiling(wasi: Wasi) -> wasmtime::Result<Engine> {
    Engine::new(&config(wasi, InstanceAllocationStrategy::OnDemand))
}

/// The engine that runs components of one WASI. It opens `/proc/self/pagemap`: make it before the file system is closed.
pub(crate) fn running(wasi: Wasi) -> Result<Engine, OpenSandboxError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        // A component is several core instances: its own, shims, adapters; Python's has dozens.
        .total_core_instances(INSTANCES * 16)
        .max_core_instances_per_component(64)
        .total_memories(INSTANCES * 2)
        .max_memories_per_component(8)
        .total_tables(INSTANCES * 8)
        .max_tables_per_component(64)
        .table_elements(usize::try_from(Limits::CEILING.table_elements).unwrap_or(usize::MAX))
        .total_stacks(INSTANCES * 2)
        .max_memory_size(usize::try_from(Limits::CEILING.memory_bytes).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    Engine::new(&config(wasi, InstanceAllocationStrategy::Pooling(pool)))
        .map_err(|error| OpenSandboxError::Engine(format!("{error:#}")))
}

/// Starts the thread that moves the engine's epoch. It ends by itself when the engine is gone.
pub(crate) fn start_clock(engine: &Engine) -> Result<(), OpenSandboxError> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("casemate-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(OpenSandboxError::Thread)
}

/// A number that changes whenever images of these engines would not fit others.
pub(crate) fn compatibility<'a>(engines: impl IntoIterator<Item = &'a Engine>) -> u64 {
    // `DefaultHasher::new` has fixed keys: the same engines give the same number in every process.
    let mut hasher = DefaultHasher::new();
    for engine in engines {
        engine.precompile_compatibility_hash().hash(&mut hasher);
    }
    hasher.finish()
}
