//! The limits of a listener. Every one has a default and is enforced in this room.

use std::time::Duration;

use super::BodyPace;

/// What one listener allows its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Open connections, all together.
    pub connections: usize,
    /// Open connections of one address (IPv6: one /64).
    pub connections_per_address: usize,
    /// TLS handshakes at once; others wait within their deadline.
    pub handshakes: usize,
    /// From the accepted connection to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From a request head's first byte to its last, and from a connection's start to its first byte.
    pub header_timeout: Duration,
    /// Between requests.
    pub idle_timeout: Duration,
    /// A reader that takes no byte of an answer for so long is cut off.
    pub write_timeout: Duration,
    /// After so long a connection takes no more requests.
    pub lifetime: Duration,
    /// How long a request that runs at the end of the lifetime may still take.
    pub last_request: Duration,
    /// How slowly a body may come.
    pub body_pace: BodyPace,
    /// Bytes of a request head (HTTP/2: of its header list).
    pub head_bytes: usize,
    /// Headers of one request.
    pub header_count: usize,
    /// Bytes of a request target.
    pub uri_bytes: usize,
    /// Bytes of any request's body; functions have lower limits of their own.
    pub request_body_bytes: u64,
    /// Streams at once on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Streams that a caller may open and reset on one HTTP/2 connection, when they are more than half of its streams
    /// (CVE-2023-44487).
    pub h2_resets: u64,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 1_000,
            handshakes: 512,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            lifetime: Duration::from_secs(3600),
            last_request: Duration::from_secs(300),
            body_pace: BodyPace::default(),
            head_bytes: 32 * 1024,
            header_count: 100,
            uri_bytes: 8 * 1024,
            request_body_bytes: 64 << 20,
            h2_streams: 128,
            h2_resets: 100,
        }
    }
}
