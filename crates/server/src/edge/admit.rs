//! From a raw request to one that has exactly one reading.
//!
//! Invariant: everything behind the edge reads an [`Admitted`]: one host, one normalised path, clean headers, a bounded body. What
//! could be read in two ways is refused here, before anything was decided. Credentials are looked for in the `Authorization`
//! header by `identity`; the query is handed on unread.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Version, header};

use super::authority::{self, Hosts};
use super::limits::ListenerLimits;
use super::{LimitedBody, Refused, Wall, headers, path};

/// The methods that are let in, as the `Allow` header says them. CONNECT and TRACE are not.
pub(super) const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// A request as hyper parsed it, and what the connection knows.
#[derive(Debug)]
pub struct RawRequest {
    /// Its head.
    pub parts: Parts,
    /// Its body.
    pub body: LimitedBody,
    /// The peer's address.
    pub source: IpAddr,
    /// Whether TLS protected it.
    pub tls: bool,
}

/// A request that was let in. It has no identity yet.
#[derive(Debug)]
pub struct Admitted {
    /// One of the methods that are let in.
    pub method: Method,
    /// The host that was asked for: lower-case, without the port.
    pub host: String,
    /// The port that was asked for, when one was written.
    pub port: Option<u16>,
    /// The normalised path.
    pub path: String,
    /// The query as it came, without the `?`.
    pub query: Option<String>,
    /// Clean headers, with `Host` in its one spelling.
    pub headers: HeaderMap,
    /// The bounded body.
    pub body: LimitedBody,
    /// The peer's address; an IPv4 address is never written as an IPv6 one.
    pub source: IpAddr,
    /// Whether TLS protected it.
    pub tls: bool,
    /// The version of HTTP.
    pub version: Version,
}

/// Lets a request in, or says which wall stopped it.
///
/// # Errors
/// [`Refused`].
pub fn admit(raw: RawRequest, hosts: &Hosts, limits: &ListenerLimits) -> Result<Admitted, Refused> {
    let RawRequest { parts, mut body, source, tls } = raw;
    if !is_allowed(&parts.method) {
        return Err(Refused::new(Wall::Method, "the method is not one that is let in"));
    }
    check_sizes(&parts, limits)?;
    let authority = authority::of_request(&parts, tls)?;
    hosts.check(&authority)?;
    let path = path::normalise_path(parts.uri.path())?;
    let query = parts.uri.query().map(str::to_owned);
    query.as_deref().map(path::check_query).transpose()?;
    let mut headers = parts.headers;
    headers::clean(&mut headers, parts.version)?;
    let host = authority.to_string();
    if headers.get(header::HOST).is_none_or(|written| written != host.as_str()) {
        let host = HeaderValue::try_from(host)
            .map_err(|_| Refused::new(Wall::Authority, "the host is not ASCII"))?;
        headers.insert(header::HOST, host);
    }
    body.restrict(limits.request_body_bytes)?;
    Ok(Admitted {
        method: parts.method,
        host: authority.host().to_owned(),
        port: authority.port(),
        path,
        query,
        headers,
        body,
        source: source.to_canonical(),
        tls,
        version: parts.version,
    })
}

fn is_allowed(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

/// Over HTTP/1.1 the bytes were counted as they came; a header list of HTTP/2 is counted here.
fn check_sizes(parts: &Parts, limits: &ListenerLimits) -> Result<(), Refused> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.uri_bytes {
        return Err(Refused::new(Wall::UriBytes, "the request target is too long"));
    }
    if parts.headers.len() > limits.header_count {
        return Err(Refused::new(Wall::HeaderCount, "there are too many headers"));
    }
    // RFC 9113 §6.5.2 counts 32 more bytes a field; the limit is meant for what was sent.
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > limits.head_bytes {
        return Err(Refused::new(Wall::HeadBytes, "the headers are too large"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
