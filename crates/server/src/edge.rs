//! The edge: from bytes on a socket to a request that has one reading.
//!
//! Owns: listeners, connections, TLS, the limits of both, request parsing and cleaning, rates. Invariant: whatever reaches the
//! [`Handler`] is bounded in size and time and can be read in one way only; whatever does not is counted, and its answer names the
//! wall. Not here: who is calling (`identity`), where a request goes (`request`), answers to requests that have an entry (`reply`).
//!
//! The way in: [`listener`](Listener) accepts and shakes hands → `wire` and `head` read HTTP/1.1 strictly (HTTP/2 has one reading by its
//! framing) → hyper parses → [`admit`] normalises and cleans → [`Handler`].

mod admit;
mod authority;
mod body;
mod connection;
mod counters;
mod error;
mod head;
mod headers;
mod limits;
mod listener;
mod path;
mod places;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod pulse;
mod rates;
mod refused;
mod reply;
mod tls;
mod wire;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

pub use admit::{Admitted, RawRequest, admit};
pub use authority::{Authority, Hosts, parse_authority};
pub use body::{BodyError, BodyPace, LimitedBody};
pub use counters::{EdgeCounters, Sample, Tally};
pub use error::{ListenError, TlsError};
pub use headers::OWN_PREFIX;
pub use limits::ListenerLimits;
pub use listener::{Listener, ListenerSettings, Serving};
pub use path::{check_query, normalise_path};
pub use rates::{Door, RateExceeded, Rates};
pub use refused::{Refused, Wall};
pub use tls::{certified_key, server_config};

/// Any error of a body on its way out; it cuts the answer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;

/// What stands behind the edge. One handler serves all connections of a listener; its futures stay on their thread.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(self: Arc<Self>, admitted: Admitted) -> impl Future<Output = http::Response<ReplyBody>>;
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
