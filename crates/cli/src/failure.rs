//! How a verb fails: what is wrong, the line that mends it, the exit code.

use std::process::ExitCode;

/// A verb's failure.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The server's request id, for `casemate explain`.
    pub(crate) request: Option<String>,
}

/// The kinds of failure; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something went wrong. (1)
    Failed,
    /// The command was used wrongly. (2)
    Usage,
    /// Not signed in, or not allowed. (3)
    Denied,
    /// There is no such thing. (4)
    Missing,
    /// The server cannot be reached. (5)
    Unreachable,
    /// A check found something. (6)
    Found,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, request: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Denied => 3,
            Kind::Missing => 4,
            Kind::Unreachable => 5,
            Kind::Found => 6,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
