//! Whose fault an error is. Every error of every room has one; the edge turns faults into HTTP in one exhaustive match.

/// The six kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller sent something wrong. It can mend it. (400 family)
    Caller,
    /// The caller may not, or did not show who it is. (401, 403, 404)
    Denied,
    /// The thing is not there. (404)
    Missing,
    /// A limit was reached; the answer names it. (413, 429, 503, 504)
    Exhausted,
    /// Something that we need does not work now: disk, ledger, upstream. (502, 503)
    Unavailable,
    /// Our mistake. (500)
    Bug,
}

/// An error that knows its fault, and what else a caller should read.
pub trait Faulty: std::error::Error {
    /// Whose fault it is.
    fn fault(&self) -> Fault;

    /// The manifest key of the limit that was hit, when one was.
    fn limit(&self) -> Option<&'static str> {
        None
    }

    /// When trying again may help.
    fn retry_after(&self) -> Option<std::time::Duration> {
        None
    }

    /// The line that mends it, when there is one.
    fn help(&self) -> Option<String> {
        None
    }
}
