//! What can go wrong in this room, one type for each operation.
//!
//! Invariant: a limit that was hit is named by its manifest key; no message holds a value of a guest's data.

use std::time::Duration;

use casemate_core::{Fault, Faulty, RecordError};

/// A limit of a function, as its manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// `memory_bytes`
    MemoryBytes,
    /// `cpu_ms`
    CpuMs,
    /// `wall_ms`
    WallMs,
    /// `queue`: `concurrency` places are taken, and so are the waiting ones.
    Queue,
    /// `request_body_bytes`
    RequestBodyBytes,
    /// `response_body_bytes`
    ResponseBodyBytes,
    /// `host_call_units`
    HostCallUnits,
    /// `host_call_bytes`
    HostCallBytes,
    /// `table_elements`
    TableElements,
    /// `resources`
    Resources,
    /// `egress_bytes`
    EgressBytes,
}

impl Limit {
    /// The manifest key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::MemoryBytes => "memory_bytes",
            Self::CpuMs => "cpu_ms",
            Self::WallMs => "wall_ms",
            Self::Queue => "queue",
            Self::RequestBodyBytes => "request_body_bytes",
            Self::ResponseBodyBytes => "response_body_bytes",
            Self::HostCallUnits => "host_call_units",
            Self::HostCallBytes => "host_call_bytes",
            Self::TableElements => "table_elements",
            Self::Resources => "resources",
            Self::EgressBytes => "egress_bytes",
        }
    }
}

/// Why the sandbox could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenSandboxError {
    /// The engine could not be made: most often the address space or the kernel's map count is too small.
    #[error("the WebAssembly engine could not be started: {0}")]
    Engine(String),
    /// An interface of ours could not be linked.
    #[error("the host interfaces could not be linked: {0}")]
    Link(String),
    /// A thread could not be started.
    #[error("the clock thread of the engine could not be started")]
    Thread(#[source] std::io::Error),
    /// The TLS client for outgoing requests could not be set up.
    #[error("the TLS client could not be set up: {0}")]
    Tls(String),
}

impl Faulty for OpenSandboxError {
    fn fault(&self) -> Fault {
        Fault::Unavailable
    }
}

/// Why a component was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The bytes are not WebAssembly.
    #[error("this is not a WebAssembly component: {0}")]
    NotWasm(String),
    /// The bytes are a core module.
    #[error("this is a core module, not a component")]
    CoreModule,
    /// The component asks for interfaces that nobody offers.
    #[error("the component imports {}, which nobody offers here", quoted(.0))]
    Imports(Vec<String>),
    /// The component answers no requests.
    #[error("the component exports no HTTP handler")]
    NoHandler,
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Faulty for InspectError {
    fn fault(&self) -> Fault {
        Fault::Caller
    }
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotWasm(_) => "upload the file that your toolchain's component build wrote (`*.wasm`)".to_owned(),
            Self::CoreModule => {
                "build for `wasm32-wasip2`, or wrap it: `wasm-tools component new module.wasm -o component.wasm`".to_owned()
            }
            Self::Imports(_) => format!("offered are: {}", crate::inspect::offered_names().join(", ")),
            Self::NoHandler => {
                "export `wasi:http/incoming-handler@0.2.x` (world `wasi:http/proxy`) or `wasi:http/handler@0.3.0` \
                 (world `wasi:http/service`)"
                    .to_owned()
            }
        })
    }
}

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It was not accepted.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It is larger than may be uploaded.
    #[error("the component has {size} bytes, more than the {max} that may be compiled")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The most.
        max: usize,
    },
    /// It is not valid, or uses a feature that is switched off.
    #[error("the component does not compile: {0}")]
    Invalid(String),
    /// The compiler reached its limit.
    #[error("compiling the component took more than {0}")]
    Limit(&'static str),
    /// The compiler could not be run.
    #[error("the compiler could not be run")]
    Compiler(#[source] std::io::Error),
    /// The compiler ended in a way that says nothing of the component.
    #[error("the compiler failed: {0}")]
    Failed(String),
}

impl Faulty for CompileError {
    fn fault(&self) -> Fault {
        match self {
            Self::Inspect(_) | Self::Invalid(_) => Fault::Caller,
            Self::TooLarge { .. } | Self::Limit(_) => Fault::Exhausted,
            Self::Compiler(_) => Fault::Unavailable,
            Self::Failed(_) => Fault::Bug,
        }
    }
    fn help(&self) -> Option<String> {
        match self {
            Self::Inspect(error) => error.help(),
            _ => None,
        }
    }
}

/// Why a compiled image could not be made ready to run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The image is of another engine, or damaged.
    #[error("the compiled image does not fit this engine: {0}")]
    Image(String),
    /// An import has another type than the one that is offered, or is not offered at all.
    #[error("the component does not link: {0}")]
    Link(String),
    /// The component answers no requests.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The component needs more from the start than its limit gives.
    #[error("the component needs {need} for `{}` from the start, and has {limit}", key.key())]
    Limit {
        /// Which limit.
        key: Limit,
        /// What it needs.
        need: u64,
        /// What it has.
        limit: u64,
    },
}

impl Faulty for LoadError {
    fn fault(&self) -> Fault {
        match self {
            Self::Image(_) => Fault::Unavailable,
            Self::Link(_) | Self::Inspect(_) | Self::Limit { .. } => Fault::Caller,
        }
    }
    fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Limit { key, .. } => Some(key.key()),
            _ => None,
        }
    }
    fn help(&self) -> Option<String> {
        match self {
            Self::Limit { key, need, .. } => Some(format!("limits = {{ {} = {need} }}", key.key())),
            Self::Inspect(error) => error.help(),
            Self::Image(_) | Self::Link(_) => None,
        }
    }
}

/// What the edge's body ends with when its sender stalls. The run then ends too: the caller is to read why, not what the function
/// makes of half a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body came too slowly")]
pub struct SlowBody;

impl SlowBody {
    /// The edge's setting that bounds it.
    pub const LIMIT: &str = "body_grace_ms";
}

/// Why a run gave no answer, or broke off in the middle of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A limit of the function was reached.
    #[error("the function's limit `{}` of {value} was reached", limit.key())]
    Limit {
        /// Which.
        limit: Limit,
        /// Its value.
        value: u64,
    },
    /// `concurrency` requests run, and `queue` more wait.
    #[error("the function is busy: its limits `concurrency` and `queue` are reached")]
    Busy {
        /// When trying again may help.
        retry_after: Duration,
    },
    /// All functions together run as many instances as the machine has room for.
    #[error("the server runs as many functions at once as it has room for")]
    Full {
        /// When trying again may help.
        retry_after: Duration,
    },
    /// The guest trapped.
    #[error("the function failed: {0}")]
    Trapped(String),
    /// The guest ended without an answer.
    #[error("the function ended without an answer")]
    Unanswered,
    /// The guest answered with an error.
    #[error("the function answered with an error: {0}")]
    Failed(String),
    /// The guest broke its answer off.
    #[error("the function broke its answer off: {0}")]
    BrokenOff(String),
    /// The credential that the run was allowed by has ended.
    #[error("the caller's credential ended")]
    CredentialEnded,
    /// The ledger does not take entries.
    #[error("the ledger does not take entries")]
    Unrecorded(#[source] RecordError),
    /// The caller sent a request that no guest could read.
    #[error("the request cannot be handed to a function: {0}")]
    Request(String),
    /// The caller's body came too slowly: [`SlowBody`].
    #[error("{SlowBody}")]
    SlowBody,
    /// The permit is for another function than the one to run.
    #[error("the permit is for another function")]
    WrongPermit,
    /// Something of ours failed.
    #[error("the sandbox failed: {0}")]
    Internal(String),
}

impl Faulty for RunError {
    fn fault(&self) -> Fault {
        match self {
            Self::Limit { .. } | Self::Busy { .. } | Self::Full { .. } | Self::SlowBody => Fault::Exhausted,
            Self::CredentialEnded => Fault::Denied,
            Self::Request(_) => Fault::Caller,
            Self::Unrecorded(error) => error.fault(),
            Self::Trapped(_)
            | Self::Unanswered
            | Self::Failed(_)
            | Self::BrokenOff(_)
            | Self::WrongPermit
            | Self::Internal(_) => Fault::Bug,
        }
    }
    fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Limit { limit, .. } => Some(limit.key()),
            Self::Busy { .. } => Some(Limit::Queue.key()),
            Self::SlowBody => Some(SlowBody::LIMIT),
            _ => None,
        }
    }
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Full { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}
