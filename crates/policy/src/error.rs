//! What can go wrong in this room: a refusal at the door, and a policy that is not accepted.
//!
//! Invariant: a [`Refusal`] tells a caller nothing but what it may know; the reasons stand in the ledger.

use casemate_core::{Fault, Faulty, Method, RecordError};

/// A stronger authentication that would lift a deny: the material of the RFC 9470 challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUp {
    /// The method that is missing or too old.
    pub method: Method,
}

/// Why [`crate::Guard::authorize`] gave no permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The policies do not allow it. The reasons stand in the ledger.
    #[error("not allowed")]
    Denied {
        /// Whether the actor may know that the resource exists: 403 if so, 404 if not.
        visible: bool,
        /// The stronger authentication that would lift the deny.
        step_up: Option<StepUp>,
    },
    /// The decision could not be recorded, so it does not count.
    #[error("the decision could not be recorded")]
    Unrecorded(#[source] RecordError),
}

impl Faulty for Refusal {
    fn fault(&self) -> Fault {
        match self {
            Self::Denied { .. } => Fault::Denied,
            Self::Unrecorded(error) => error.fault(),
        }
    }
}

/// Why rules were not accepted. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text does not parse, or fails strict validation.
    #[error("policy `{policy}`, line {line}, column {column}: {message}")]
    Invalid {
        /// The written policy's name, or a manifest's app.
        policy: String,
        /// Line, from one.
        line: usize,
        /// Column in characters, from one.
        column: usize,
        /// What is wrong.
        message: String,
        /// What would mend it, when that is known.
        help: Option<String>,
    },
    /// A written policy's name does not fit the grammar, or is the platform's own.
    #[error(
        "`{0}` is not a valid policy name: use 1 to 63 of a-z, 0-9 and `-`, starting with a letter; `casemate` is taken"
    )]
    Name(String),
    /// Two policies have the same id, or two apps the same name.
    #[error("`{0}` is there twice")]
    Twice(String),
}

impl Faulty for PolicyError {
    fn fault(&self) -> Fault {
        Fault::Caller
    }
}
