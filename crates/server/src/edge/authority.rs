//! Which host a request is for: one lower-case name or address, and perhaps a port.
//!
//! Invariant: an [`Authority`] has one spelling for each host, so that it can be compared byte for byte.

use std::fmt;
use std::net::Ipv6Addr;

use http::request::Parts;
use http::{Version, header};

use super::{Refused, Wall};

/// A parsed `Host` or `:authority`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// The host: lower-case; an IPv6 address stands in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, when one was written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

const fn refuse(why: &'static str) -> Refused {
    Refused::new(Wall::Authority, why)
}

/// Parses `host[:port]` (RFC 9110 §7.2). User information, an empty host, a trailing dot, zone identifiers, escapes and
/// non-ASCII are refused.
///
/// # Errors
/// [`Refused`] by [`Wall::Authority`], with the reason.
pub fn parse_authority(text: &[u8]) -> Result<Authority, Refused> {
    let text = std::str::from_utf8(text).map_err(|_| refuse("the host is not ASCII"))?;
    if text.len() > 255 + 6 {
        return Err(refuse("the host is too long"));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, after) = rest.split_once(']').ok_or(refuse("the host has an open bracket"))?;
        let address: Ipv6Addr =
            inner.parse().map_err(|_| refuse("the host's brackets hold no IPv6 address"))?;
        let port = match after.strip_prefix(':') {
            Some(digits) => Some(parse_port(digits)?),
            None if after.is_empty() => None,
            None => return Err(refuse("something stands after the host's bracket")),
        };
        return Ok(Authority { host: format!("[{address}]"), port });
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(parse_port(digits)?)),
        None => (text, None),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(refuse("the host is not a name of letters, digits, `-` and `.`"));
    }
    Ok(Authority { host: host.to_ascii_lowercase(), port })
}

fn parse_port(digits: &str) -> Result<u16, Refused> {
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let port = plain.then(|| digits.parse::<u16>().ok()).flatten().filter(|port| *port != 0);
    port.ok_or(refuse("the port is no number from 1 to 65535"))
}

/// The one authority of a request: from `:authority` or an absolute target, and `Host`. Where both stand they must agree.
///
/// # Errors
/// [`Refused`] by [`Wall::Authority`] when there is none, more than one, or they differ.
pub(super) fn of_request(parts: &Parts, tls: bool) -> Result<Authority, Refused> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(refuse("there is more than one `Host`"));
    }
    if parts.version < Version::HTTP_2 && host.is_none() {
        return Err(refuse("there is no `Host`"));
    }
    if parts.uri.scheme_str().is_some_and(|scheme| scheme != "http" && scheme != "https") {
        return Err(refuse("the target's scheme is neither `http` nor `https`"));
    }
    let host = host.map(|host| parse_authority(host.as_bytes())).transpose()?;
    let target =
        parts.uri.authority().map(|target| parse_authority(target.as_str().as_bytes())).transpose()?;
    let default = if tls { 443 } else { 80 };
    match (target, host) {
        (Some(target), Some(host)) => {
            let same =
                target.host == host.host && target.port.unwrap_or(default) == host.port.unwrap_or(default);
            if same { Ok(host) } else { Err(refuse("the target and `Host` name different hosts")) }
        }
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (None, None) => Err(refuse("there is neither `:authority` nor `Host`")),
    }
}

/// The hosts that a listener answers for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hosts {
    /// Any: the request path tells apps apart by host and answers unknown ones alike.
    #[default]
    Any,
    /// Only these, and addresses of the loopback network. SECURITY: a page in a browser can point its own name at 127.0.0.1
    /// (DNS rebinding); it cannot make the browser send another name.
    Only(Vec<String>),
}

impl Hosts {
    /// # Errors
    /// [`Refused`] by [`Wall::Misdirected`] for a host that is not answered for.
    pub(super) fn check(&self, authority: &Authority) -> Result<(), Refused> {
        let host = authority.host();
        let answered = match self {
            Self::Any => true,
            Self::Only(names) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let loopback =
                    bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
                loopback || names.iter().any(|name| name.eq_ignore_ascii_case(host))
            }
        };
        if answered {
            Ok(())
        } else {
            Err(Refused::new(Wall::Misdirected, "this listener does not answer for the host"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for (text, spelling) in [
            ("localhost", "localhost"),
            ("Shop.LOCALHOST:8080", "shop.localhost:8080"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]:443", "[::1]:443"),
            ("[2001:DB8::A]", "[2001:db8::a]"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("my_service:1", "my_service:1"),
        ] {
            assert_eq!(parse_authority(text.as_bytes()).unwrap().to_string(), spelling);
        }
    }

    #[test]
    fn refuses_what_has_two_readings() {
        for text in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a: 1",
            "a:1:2",
            "a b",
            " a",
            "a ",
            "a.",
            ".a",
            "a..b",
            "a/b",
            "a?b",
            "a#b",
            "a@b",
            "user:pw@b",
            "a,b",
            "a%2eb",
            "é",
            "a\\b",
            "[::1",
            "::1",
            "[::1]x",
            "[::1%25eth0]",
            "[::1%eth0]",
            "[v1.x]",
            "[]",
            "[127.0.0.1]",
            "a\0b",
            "a\tb",
            "a\"b",
            "*",
        ] {
            let refused = parse_authority(text.as_bytes()).map_err(|refused| refused.wall());
            assert_eq!(refused, Err(Wall::Authority), "{text:?}");
        }
        assert!(parse_authority(b"\xff").is_err());
        assert!(parse_authority("a".repeat(64).as_bytes()).is_err());
        assert!(parse_authority("a.".repeat(500).as_bytes()).is_err());
    }

    #[test]
    fn listeners_answer_for_their_own_hosts() {
        let check =
            |hosts: &Hosts, host: &str| hosts.check(&parse_authority(host.as_bytes()).unwrap()).is_ok();
        let own = Hosts::Only(vec!["localhost".into(), "casemate.internal".into()]);
        for host in
            ["localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.8.8.8", "[::1]:1", "casemate.internal"]
        {
            assert!(check(&own, host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[2001:db8::1]"]
        {
            assert!(!check(&own, host), "{host}");
            assert!(check(&Hosts::Any, host), "{host}");
        }
    }
}
