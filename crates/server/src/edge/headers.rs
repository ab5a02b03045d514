//! Which headers of a request reach anyone behind the edge.
//!
//! Invariant: a header that says who the caller is or where it comes from is set by the platform or absent, under every
//! spelling that some framework reads as the same name; what concerns one connection only ends here.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{Refused, Wall};

/// What the platform's own headers start with. Outsiders cannot set them.
pub const OWN_PREFIX: &str = "casemate-";

/// Headers of one connection (RFC 9110 §7.6.1) and of proxies: they end here.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "expect"
    )
}

/// Headers by which others say who or where the caller is, or which method and target were meant. SECURITY: a guest's framework
/// may believe them; the policy decided on the real ones.
fn is_believed(name: &str) -> bool {
    if let Some(rest) = name.strip_prefix("x-") {
        let prefixes = [
            "forwarded",
            "original-",
            "remote-",
            "authenticated-",
            "auth-request-",
            "client-cert",
            "ssl-client-",
            "http-method-",
        ];
        let names =
            ["real-ip", "client-ip", "cluster-client-ip", "rewrite-url", "http-method", "method-override"];
        return names.contains(&rest) || prefixes.iter().any(|prefix| rest.starts_with(prefix));
    }
    matches!(
        name,
        "forwarded"
            | "via"
            | "proxy"
            | "client-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "fastly-client-ip"
            | "remote-user"
            | "remote-addr"
            | "remote-host"
    )
}

/// Headers that may stand once only.
const SINGLE: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONTENT_TYPE,
    header::AUTHORIZATION,
    header::EXPECT,
];

/// Headers that `Connection` may not take away: losing them changes what the request means.
const END_TO_END: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::AUTHORIZATION,
    header::COOKIE,
];

/// Refuses what has two readings and drops what outsiders may not say.
///
/// # Errors
/// [`Refused`] by [`Wall::Header`], [`Wall::Framing`], [`Wall::Upgrade`] or [`Wall::Expectation`].
pub(super) fn clean(headers: &mut HeaderMap, version: http::Version) -> Result<(), Refused> {
    let repeated = headers.len() != headers.keys_len();
    if repeated && SINGLE.iter().any(|name| headers.get_all(name).iter().nth(1).is_some()) {
        return Err(Refused::new(Wall::Header, "a header that must stand once stands twice"));
    }
    let mut drop = Vec::new();
    for name in headers.keys() {
        match judge(name.as_str()) {
            Judgement::Keep => {}
            Judgement::Drop => drop.push(name.clone()),
            Judgement::Refuse => {
                return Err(Refused::new(
                    Wall::Header,
                    "a header's name could pass for one of the platform's own",
                ));
            }
        }
    }
    if !drop.is_empty() {
        // Headers of the connection are among what is dropped: without any, there is nothing to check.
        drop.append(&mut check_connection(headers, version)?);
    }
    for name in drop {
        headers.remove(name);
    }
    if repeated && version >= http::Version::HTTP_2 {
        join_cookies(headers);
    }
    Ok(())
}

/// Checks the headers of the connection; says which others `Connection` takes away.
fn check_connection(headers: &HeaderMap, version: http::Version) -> Result<Vec<HeaderName>, Refused> {
    if headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Refused::new(Wall::Framing, "`Content-Length` and `Transfer-Encoding` stand together"));
    }
    if headers.contains_key(header::UPGRADE) {
        return Err(Refused::new(Wall::Upgrade, "upgrades are not offered"));
    }
    let expectation = headers.get(header::EXPECT).map(HeaderValue::as_bytes);
    if expectation.is_some_and(|value| !value.eq_ignore_ascii_case(b"100-continue")) {
        return Err(Refused::new(Wall::Expectation, "only `100-continue` can be expected"));
    }
    if version >= http::Version::HTTP_2 {
        refuse_connection_headers(headers)?;
    }
    named_by_connection(headers)
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Keep,
    Drop,
    Refuse,
}

/// What becomes of a header, by its lower-case name.
fn judge(name: &str) -> Judgement {
    if name.starts_with(OWN_PREFIX) || is_hop_by_hop(name) || is_believed(name) {
        return Judgement::Drop;
    }
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Judgement::Keep;
    }
    // SECURITY: CGI and its heirs turn every other character into `_`, so `x_real.ip` and `x-real-ip` become one name there.
    let twin: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if twin.starts_with(OWN_PREFIX) {
        Judgement::Refuse
    } else if is_hop_by_hop(&twin) || is_believed(&twin) || END_TO_END.iter().any(|own| own == twin.as_str())
    {
        Judgement::Drop
    } else {
        Judgement::Keep
    }
}

fn named_by_connection(headers: &HeaderMap) -> Result<Vec<HeaderName>, Refused> {
    let mut named = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        for option in value.as_bytes().split(|b| *b == b',') {
            let option = option.trim_ascii();
            if option.is_empty()
                || option.eq_ignore_ascii_case(b"close")
                || option.eq_ignore_ascii_case(b"keep-alive")
            {
                continue;
            }
            let name = HeaderName::from_bytes(option)
                .map_err(|_| Refused::new(Wall::Header, "`Connection` holds something that is no name"))?;
            if name == header::UPGRADE {
                return Err(Refused::new(Wall::Upgrade, "upgrades are not offered"));
            }
            if END_TO_END.contains(&name) {
                return Err(Refused::new(
                    Wall::Header,
                    "`Connection` names a header that belongs to the request",
                ));
            }
            named.push(name);
        }
    }
    Ok(named)
}

/// RFC 9113 §8.2.2: a request with these is malformed.
fn refuse_connection_headers(headers: &HeaderMap) -> Result<(), Refused> {
    let connection =
        ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"];
    let other_te = headers.get_all(header::TE).iter().any(|te| te.as_bytes() != b"trailers");
    if other_te || connection.iter().any(|name| headers.contains_key(*name)) {
        return Err(Refused::new(Wall::Header, "HTTP/2 has no headers of a connection"));
    }
    Ok(())
}

/// RFC 9113 §8.2.3: the crumbs of a cookie are one line again before anyone reads them.
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

/// Drops from an answer what belongs to the connection, which is the edge's, and what only the platform may say.
pub(super) fn clean_reply(headers: &mut HeaderMap) {
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
        header::SERVER,
    ] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

#[cfg(test)]
mod tests;
