//! What the edge refuses, and the one answer for each wall.
//!
//! Invariant: every refusal names its wall, and a refusal that a limit made names the limit. Nothing of the request is
//! echoed. Not here: refusals of requests that have an entry in the ledger (`reply`).

use casemate_core::{Fault, Faulty};
use http::StatusCode;

/// The walls of the edge. The discriminant is the index into `super::EdgeCounters`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Wall {
    /// The request line or a header line breaks the grammar of RFC 9112.
    Grammar,
    /// Where the body ends could be read in two ways, or the body breaks the chunked grammar.
    Framing,
    /// A version of HTTP that is not spoken.
    Version,
    /// The path or query has more than one reading.
    Target,
    /// `Host` or `:authority` is missing, doubled, contradictory or malformed.
    Authority,
    /// The host is none that this listener answers for: DNS rebinding, or a stray client.
    Misdirected,
    /// A header that must stand alone is doubled, or one that could pass for the platform's own.
    Header,
    /// A method that is not on the list.
    Method,
    /// A protocol upgrade.
    Upgrade,
    /// An expectation other than `100-continue`.
    Expectation,
    /// `uri_bytes`.
    UriBytes,
    /// `head_bytes`.
    HeadBytes,
    /// `header_count`.
    HeaderCount,
    /// `request_body_bytes`.
    BodyBytes,
    /// `header_timeout`.
    HeadTime,
    /// `connections`.
    Connections,
    /// `connections_per_address`.
    ConnectionsPerAddress,
    /// The TLS handshake failed.
    Handshake,
    /// `handshake_timeout`.
    HandshakeTime,
    /// `h2_resets`: streams that were opened and reset (CVE-2023-44487).
    Resets,
    /// A rate: `rate.function`, `rate.address` or the arrivals at a door.
    Rate,
    /// Another site's page speaks to the control listener.
    CrossSite,
}

/// Whom a wall's refusals speak to, and how.
struct Answer {
    name: &'static str,
    status: u16,
    limit: Option<&'static str>,
}

const fn answer(name: &'static str, status: u16, limit: Option<&'static str>) -> Answer {
    Answer { name, status, limit }
}

impl Wall {
    /// Every wall, in the order of its discriminant.
    pub const ALL: [Self; 22] = [
        Self::Grammar,
        Self::Framing,
        Self::Version,
        Self::Target,
        Self::Authority,
        Self::Misdirected,
        Self::Header,
        Self::Method,
        Self::Upgrade,
        Self::Expectation,
        Self::UriBytes,
        Self::HeadBytes,
        Self::HeaderCount,
        Self::BodyBytes,
        Self::HeadTime,
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::Handshake,
        Self::HandshakeTime,
        Self::Resets,
        Self::Rate,
        Self::CrossSite,
    ];

    const fn answer(self) -> Answer {
        match self {
            Self::Grammar => answer("grammar", 400, None),
            Self::Framing => answer("framing", 400, None),
            Self::Version => answer("version", 505, None),
            Self::Target => answer("target", 400, None),
            Self::Authority => answer("authority", 400, None),
            Self::Misdirected => answer("misdirected", 421, None),
            Self::Header => answer("header", 400, None),
            Self::Method => answer("method", 405, None),
            Self::Upgrade => answer("upgrade", 400, None),
            Self::Expectation => answer("expectation", 417, None),
            Self::UriBytes => answer("uri length", 414, Some("uri_bytes")),
            Self::HeadBytes => answer("head size", 431, Some("head_bytes")),
            Self::HeaderCount => answer("header count", 431, Some("header_count")),
            Self::BodyBytes => answer("body size", 413, Some("request_body_bytes")),
            Self::HeadTime => answer("header timeout", 408, Some("header_timeout_ms")),
            Self::Connections => answer("connections", 503, Some("connections")),
            Self::ConnectionsPerAddress => {
                answer("connections of one address", 503, Some("connections_per_address"))
            }
            Self::Handshake => answer("tls handshake", 400, None),
            Self::HandshakeTime => answer("tls handshake timeout", 408, Some("handshake_timeout_ms")),
            Self::Resets => answer("stream resets", 429, Some("h2_resets")),
            Self::Rate => answer("rate", 429, Some("rate")),
            Self::CrossSite => answer("another site's page", 403, None),
        }
    }

    /// A short name, for counters and the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.answer().name
    }

    /// The status of its answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.answer().status).unwrap_or(StatusCode::BAD_REQUEST)
    }
}

/// A request or connection that the edge did not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refused at the edge ({}): {why}", .wall.name())]
pub struct Refused {
    wall: Wall,
    why: &'static str,
}

impl Refused {
    /// A refusal with its reason, which the caller may read.
    #[must_use]
    pub const fn new(wall: Wall, why: &'static str) -> Self {
        Self { wall, why }
    }

    /// The wall that stopped it.
    #[must_use]
    pub const fn wall(&self) -> Wall {
        self.wall
    }

    /// Why, in a few words.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

impl Faulty for Refused {
    fn fault(&self) -> Fault {
        if self.limit().is_some() { Fault::Exhausted } else { Fault::Caller }
    }

    fn limit(&self) -> Option<&'static str> {
        self.wall.answer().limit
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self.wall, Wall::Connections | Wall::ConnectionsPerAddress)
            .then_some(std::time::Duration::from_secs(1))
    }
}
