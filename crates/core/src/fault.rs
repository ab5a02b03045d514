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

/// An error that knows its fault.
pub trait Faulty: std::error::Error {
    /// Whose fault it is.
    fn fault(&self) -> Fault;
}
