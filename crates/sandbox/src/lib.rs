//! Room `sandbox`: runs functions. It alone links wasmtime.
//!
//! Owns: the engine and its pool, compiling (in a child process), what components may import, runs with all their limits,
//! the one door for host calls, and the only way out to the network. Invariants: a fresh instance for every request; no
//! effect without a permit; every limit has a name. Not here: who may call or do what (`policy`), what stores keep
//! (`storage`).
//!
//! Reading order: [`Sandbox`], `run.rs`, `host_call.rs`, `guest.rs`, `inspect/table.rs`.

use std::sync::Arc;

use bytes::Bytes;
use casemate_core::action::operation::Invoke;
use casemate_core::{Digest, Entry};
use casemate_policy::Permit;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

mod bindings;
mod body;
mod budget;
mod compile;
mod egress;
mod engine;
mod error;
mod guest;
mod host_call;
mod inspect;
mod keyvalue;
mod load;
mod logging;
mod outgoing_http;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod run;
mod settings;
mod state;
mod stdio;
#[cfg(test)]
mod testbed;

#[cfg(test)]
extern crate self as casemate_sandbox;

pub use body::RunBody;
pub use compile::{COMPILE_VERB, compile_child};
pub use egress::{EgressSettings, Resolver, Roots, SystemResolver};
pub use error::{CompileError, InspectError, Limit, LoadError, OpenSandboxError, RunError, SlowBody};
pub use inspect::{Inspected, Wasi, inspect};
pub use load::{FunctionSpec, FunctionStats, LoadedFunction};
pub use settings::{CompileLimits, Compiler, HostServices, SandboxSettings};

/// What runs components of one WASI.
struct Runner {
    engine: Engine,
    linker: Linker<guest::Guest>,
}

impl Runner {
    fn new(wasi: Wasi) -> Result<Self, OpenSandboxError> {
        let engine = engine::running(wasi)?;
        let mut linker = Linker::new(&engine);
        for offered in inspect::OFFERED.iter().filter(|offered| offered.is_for(wasi)) {
            (offered.link)(&mut linker)
                .map_err(|error| OpenSandboxError::Link(format!("{}: {error:#}", offered.name)))?;
        }
        engine::start_clock(&engine)?;
        Ok(Self { engine, linker })
    }
}

/// The sandbox: one for the process.
pub struct Sandbox {
    p2: Runner,
    p3: Runner,
    services: Arc<settings::Services>,
    settings: SandboxSettings,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Opens the sandbox: reserves the pools, links the host's interfaces, reads the machine's certificate authorities. Do
    /// this before the file system is closed.
    ///
    /// # Errors
    /// [`OpenSandboxError`] says which of these failed.
    pub fn new(services: HostServices, settings: SandboxSettings) -> Result<Arc<Self>, OpenSandboxError> {
        let (p2, p3) = (Runner::new(Wasi::P2)?, Runner::new(Wasi::P3)?);
        let services = Arc::new(settings::Services::new(services)?);
        Ok(Arc::new(Self { p2, p3, services, settings }))
    }

    /// The key under which a component's image is kept: it changes with the component, and with the engine that the image
    /// must fit.
    #[must_use]
    pub fn image_key(&self, component: &Digest) -> String {
        format!("{}-{:016x}", component.to_hex(), engine::compatibility([&self.p2.engine, &self.p3.engine]))
    }

    /// Compiles a component to an image.
    ///
    /// # Errors
    /// [`CompileError`] says whether the component is at fault, a limit was hit, or the compiler could not be run.
    pub async fn compile(&self, component: impl Into<Vec<u8>>) -> Result<Vec<u8>, CompileError> {
        compile::compile(&self.settings.compiler, &self.settings.compile, component.into()).await
    }

    /// Makes a function ready to run from an image that [`Self::compile`] made.
    ///
    /// SECURITY: an image is native code. The caller must have authenticated it: it comes from this installation's own
    /// compiler, untouched.
    ///
    /// # Errors
    /// [`LoadError`] when the image is of another engine, or the component does not link or fit.
    pub fn load(&self, image: &[u8], spec: FunctionSpec) -> Result<Arc<LoadedFunction>, LoadError> {
        let (tag, code) = image.split_first().ok_or_else(|| LoadError::Image("it is empty".to_owned()))?;
        let wasi = Wasi::ALL.into_iter().find(|wasi| wasi.tag() == *tag);
        let runner =
            match wasi.ok_or_else(|| LoadError::Image("it is of no WASI that is known".to_owned()))? {
                Wasi::P2 => &self.p2,
                Wasi::P3 => &self.p3,
            };
        let component = Self::deserialize(&runner.engine, code)?;
        LoadedFunction::new(&runner.linker, &component, spec).map(Arc::new)
    }

    #[expect(
        unsafe_code,
        reason = "loading native code is unsafe by nature; it is confined to this function"
    )]
    fn deserialize(engine: &Engine, image: &[u8]) -> Result<Component, LoadError> {
        // SAFETY: `deserialize` runs whatever machine code it is given, so the image must be one that `serialize` of this
        // version made. The contract of `load` passes that on to its one caller, which reads images from the storage room
        // only; that room keeps them under a MAC that it checks on every read. wasmtime itself checks version and settings.
        unsafe { Component::deserialize(engine, image) }
            .map_err(|error| LoadError::Image(format!("{error:#}")))
    }

    /// Runs a function for one request, in a fresh instance that nothing survives. Call it inside a tokio runtime; the
    /// guest runs in a task there.
    ///
    /// The answer's body drives nothing by itself but keeps the run: dropping it early ends the run. The entry completes
    /// when the last part of the run is gone.
    ///
    /// # Errors
    /// [`RunError`] when there is no answer. What breaks off after the head is an error of the body.
    pub async fn run<B>(
        &self,
        permit: Permit<Invoke>,
        function: &Arc<LoadedFunction>,
        entry: Arc<Entry>,
        request: http::Request<B>,
    ) -> Result<http::Response<RunBody>, RunError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        run::run(&self.services, permit, function, entry, request).await
    }
}
