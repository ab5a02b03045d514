//! Room `server`: the process. Edge, request path, control API, jobs, composition root.
//!
//! Owns: what happens between a socket and the rooms. Invariant: every request takes the one path of `request.rs` (or
//! `control.rs`, which is the same path for administration). Not here: any decision, key, file or instance: those are other
//! rooms. Read `request.rs` first.

mod body;
pub mod confine;
mod control;
mod deploy;
mod descriptors;
pub mod edge;
mod error;
mod functions;
mod jobs;
pub mod offline;
mod outlet;
mod platform;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod reply;
mod request;
mod settings;
mod sign_in;
mod start;

pub use casemate_vault::{SystemEntropy, sha256};
pub use error::StartError;
pub use platform::PublishedCertificate;
pub use settings::{EdgeLimits, RootKey, Settings, SettingsError, Tls};
pub use start::{Ready, Server};
