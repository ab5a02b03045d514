//! An HTTP origin: scheme, host, port (RFC 6454 §4). What egress is granted to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A normalised origin: lower-case host, explicit port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// Why an origin was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{origin}` is not an origin: {why}; write it as `https://host` or `https://host:port`")]
pub struct OriginError {
    origin: String,
    why: &'static str,
}

impl Origin {
    /// Parses `http(s)://host[:port]`. User information, paths, queries, fragments, wildcards and non-ASCII hosts are
    /// refused: what is granted is compared byte for byte with what is called.
    ///
    /// # Errors
    /// [`OriginError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let fail = |why| OriginError { origin: text.chars().take(200).collect(), why };
        let (secure, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(fail("it must start with `https://` or `http://`"));
        };
        Self::from_parts(secure, rest).map_err(fail)
    }

    /// The origin of a request's scheme and authority.
    ///
    /// # Errors
    /// The reason, in a few words.
    pub fn from_parts(secure: bool, authority: &str) -> Result<Self, &'static str> {
        if authority.contains('@') {
            return Err("user information is not allowed");
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((inner, after)) => {
                let address: Ipv6Addr = inner.parse().map_err(|_| "the brackets hold no IPv6 address")?;
                let port = match after.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if after.is_empty() => None,
                    None => return Err("something stands after the closing bracket"),
                };
                (format!("[{address}]"), port)
            }
            None if authority.starts_with('[') => return Err("a closing bracket is missing"),
            None => match authority.split_once(':') {
                Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
                None => (authority.to_ascii_lowercase(), None),
            },
        };
        let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if host.is_empty() || host.len() > 255 || !host.starts_with('[') && !host.bytes().all(name) {
            return Err("the host may only have letters, digits, `-` and `.`");
        }
        if host.starts_with('.') || host.contains("..") {
            return Err("the host has an empty label");
        }
        let port = match port {
            None => {
                if secure {
                    443
                } else {
                    80
                }
            }
            Some(digits) if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse::<u16>().ok().filter(|port| *port != 0).ok_or("the port is out of range")?
            }
            Some(_) => return Err("the port is no number"),
        };
        Ok(Self { secure, host, port })
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host; an IPv6 address stands in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address, when the host is one and needs no look-up.
    #[must_use]
    pub fn literal_address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default) = if self.secure { ("https", 443) } else { ("http", 80) };
        if self.port == default {
            write!(f, "{scheme}://{}", self.host)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;
    fn try_from(text: String) -> Result<Self, OriginError> {
        Self::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises() {
        let check = |text: &str, expect: &str| assert_eq!(Origin::parse(text).unwrap().to_string(), expect);
        check("https://Pay.Example", "https://pay.example");
        check("https://pay.example:443", "https://pay.example");
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        check("http://[::1]:8080", "http://[::1]:8080");
        check("https://[2001:DB8:0::0001]", "https://[2001:db8::1]");
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        for text in [
            "pay.example",
            "ftp://pay.example",
            "https://good@evil.example",
            "https://pay.example/path",
            "https://pay.example?x",
            "https://pay.example#x",
            "https://pay.example\\@evil",
            "https://*.example",
            "https://",
            "https://:80",
            "https://a..b",
            "https://[::1",
            "https://[::1]x",
            "https://a:99999",
            "https://a:0",
            "https://a:+80",
            "https://pây.example",
            "https://a b",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
