//! What the sandbox is given at start: the rooms it calls, and its own settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use casemate_core::{Clock, Durable};
use casemate_policy::Guard;
use casemate_storage::GuestStores;

use crate::egress::{Connector, EgressSettings};
use crate::error::OpenSandboxError;

/// The other rooms, as host calls need them.
pub struct HostServices {
    /// Decides.
    pub guard: Arc<Guard>,
    /// Keeps what guests store.
    pub stores: Arc<GuestStores>,
    /// Waits for the disk where an action is durable.
    pub durable: Arc<dyn Durable>,
    /// Tells when a credential ends.
    pub clock: Arc<dyn Clock>,
    /// How outgoing requests leave.
    pub egress: EgressSettings,
}

impl std::fmt::Debug for HostServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostServices").finish_non_exhaustive()
    }
}

/// The other rooms, ready to be called.
pub(crate) struct Services {
    pub(crate) guard: Arc<Guard>,
    pub(crate) stores: Arc<GuestStores>,
    pub(crate) durable: Arc<dyn Durable>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) connector: Connector,
}

impl Services {
    pub(crate) fn new(services: HostServices) -> Result<Self, OpenSandboxError> {
        let HostServices { guard, stores, durable, clock, egress } = services;
        Ok(Self { guard, stores, durable, clock, connector: Connector::new(egress)? })
    }
}

/// The sandbox's own settings.
#[derive(Debug, Clone, Default)]
pub struct SandboxSettings {
    /// How components are compiled.
    pub compiler: Compiler,
    /// What compiling one component may take.
    pub compile: CompileLimits,
}

/// Who compiles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Compiler {
    /// A child process of this very binary, started with the argument `compile-component`.
    #[default]
    ThisBinary,
    /// A child process of another program. Its last act must be [`crate::compile_child`].
    Program {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// This process itself. A component that is hard to compile can then exhaust the server: for tests only.
    DangerousInProcess,
}

/// What compiling one component may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// The largest component, in bytes.
    pub component_bytes: usize,
    /// The compiler's memory, in bytes.
    pub memory_bytes: u64,
    /// The compiler's CPU time.
    pub cpu: Duration,
    /// How long to wait for it.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            component_bytes: 64 << 20,
            memory_bytes: 2 << 30,
            cpu: Duration::from_secs(120),
            wall: Duration::from_secs(180),
        }
    }
}
