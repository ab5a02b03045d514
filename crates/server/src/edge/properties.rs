//! What holds for everything that the edge reads, whoever sent it.
//!
//! Owns: one property for each reader; `crate::properties` replays their seeds. Invariant: a property panics when it does not hold, and
//! says whether the bytes were taken. Not here: examples, and attacks with names (the room's tests).
#![expect(clippy::expect_used, clippy::panic, reason = "a property says no by panicking")]

mod wire;

use http::{HeaderMap, Request, Uri, Version};

use super::head::Scanner;
use super::limits::ListenerLimits;
use super::{
    Admitted, Hosts, LimitedBody, OWN_PREFIX, RawRequest, check_query, headers, normalise_path,
    parse_authority,
};

pub use wire::connection;

/// A normal form is its own normal form, however it was escaped, and no reader that decodes it once finds a way up or out in it.
pub fn path(bytes: &[u8]) -> bool {
    let Some(normal) = std::str::from_utf8(bytes).ok().and_then(|path| normalise_path(path).ok()) else {
        return false;
    };
    assert_normal(&normal);
    // Every unreserved character escaped, in small hex digits: another spelling of the same.
    let mut inside = 0;
    let spelled: String = normal
        .bytes()
        .map(|byte| {
            inside = if byte == b'%' { 4_u8 } else { inside }.saturating_sub(1);
            let plain =
                inside == 0 && byte != b'%' && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
            if plain { format!("%{byte:02x}") } else { char::from(byte).to_ascii_lowercase().to_string() }
        })
        .collect();
    assert_eq!(normalise_path(&spelled).as_deref(), Ok(normal.as_str()), "`{spelled}`");
    true
}

fn assert_normal(normal: &str) {
    assert_eq!(normalise_path(normal).as_deref(), Ok(normal));
    assert!(normal.starts_with('/') && normal.bytes().all(|byte| byte.is_ascii_graphic()), "`{normal}`");
    assert!(!normal.contains("//") && !normal.contains('\\'), "`{normal}`");
    for escape in normal.split('%').skip(1) {
        let digits = escape.get(..2).unwrap_or_default();
        let byte = u8::from_str_radix(digits, 16).expect("an escape has two digits");
        assert_eq!(digits, digits.to_ascii_uppercase());
        let hidden = byte.is_ascii_alphanumeric() || b"-._~/\\".contains(&byte) || byte.is_ascii_control();
        assert!(!hidden, "`{normal}` hides `{}`", char::from(byte));
    }
    let once = percent_encoding::percent_decode_str(normal).decode_utf8().expect("escapes are UTF-8");
    let up = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    assert!(!once.contains("//") && !once.split('/').any(up), "`{once}`");
    if let Ok(uri) = normal.parse::<Uri>() {
        assert_eq!((uri.path(), uri.query()), (normal, None));
    }
}

/// A query that is taken stays one query behind any path.
pub fn query(bytes: &[u8]) -> bool {
    let Some(query) = std::str::from_utf8(bytes).ok().filter(|query| check_query(query).is_ok()) else {
        return false;
    };
    assert!(query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\'));
    if let Ok(uri) = format!("/a?{query}").parse::<Uri>() {
        assert_eq!((uri.path(), uri.query()), ("/a", Some(query)));
    }
    true
}

/// A host has one spelling, which every other reader of authorities reads alike.
pub fn authority(bytes: &[u8]) -> bool {
    let Ok(authority) = parse_authority(bytes) else { return false };
    let text = authority.to_string();
    assert_eq!(parse_authority(text.as_bytes()).as_ref(), Ok(&authority));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.:[]".contains(&byte);
    assert!(text.bytes().all(plain), "`{text}`");
    let theirs: http::uri::Authority = text.parse().expect("a URI has such an authority");
    assert_eq!((theirs.host(), theirs.port_u16()), (authority.host(), authority.port()));
    if let Some(address) = authority.host().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: std::net::Ipv6Addr = address.parse().expect("brackets hold an address");
        assert_eq!(authority.host(), format!("[{address}]"));
    }
    let own = Hosts::Only(vec!["localhost".to_owned()]);
    if own.check(&authority).is_ok() && authority.host() != "localhost" {
        let bare = authority.host().trim_matches(['[', ']']);
        let address: std::net::IpAddr = bare.parse().expect("only addresses need no name");
        assert!(address.to_canonical().is_loopback(), "`{text}`");
    }
    true
}

/// A request that is let in is let in again as it is, and nothing changes then. The bytes are lines: method, target and version
/// (`2` or something else) with spaces between them, then headers with colons.
pub fn admit(bytes: &[u8]) -> bool {
    let Some(request) = request(bytes) else { return false };
    let Ok(admitted) = admit_default(request) else { return false };
    assert_admitted(&admitted);
    let target = match &admitted.query {
        Some(query) => format!("{}?{query}", admitted.path),
        None => admitted.path.clone(),
    };
    let mut again = Request::new(());
    *again.method_mut() = admitted.method.clone();
    *again.version_mut() = admitted.version;
    *again.uri_mut() = target.parse().expect("a clean target is one");
    *again.headers_mut() = admitted.headers.clone();
    let again = admit_default(again).expect("what was let in is let in again");
    assert_eq!((&again.host, again.port), (&admitted.host, admitted.port));
    assert_eq!((&again.path, &again.query), (&admitted.path, &admitted.query));
    assert_eq!((&again.method, &again.headers), (&admitted.method, &admitted.headers));
    true
}

fn request(bytes: &[u8]) -> Option<Request<()>> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let mut request = Request::new(());
    *request.method_mut() = http::Method::from_bytes(method).ok()?;
    *request.uri_mut() = Uri::try_from(target).ok()?;
    *request.version_mut() = if version == b"2" { Version::HTTP_2 } else { Version::HTTP_11 };
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = http::HeaderName::from_bytes(name).ok()?;
        request.headers_mut().append(name, http::HeaderValue::from_bytes(value.get(1..)?).ok()?);
    }
    Some(request)
}

fn admit_default(request: Request<()>) -> Result<Admitted, super::Refused> {
    let (parts, body) = (request.into_parts().0, LimitedBody::whole(""));
    let raw = RawRequest { parts, body, source: [192, 0, 2, 1].into(), tls: false };
    super::admit(raw, &Hosts::Any, &ListenerLimits::default())
}

/// What everything behind the edge relies on.
fn assert_admitted(admitted: &Admitted) {
    assert_normal(&admitted.path);
    assert!(admitted.query.as_deref().is_none_or(|query| check_query(query).is_ok()));
    let host = admitted.headers.get_all("host").iter().collect::<Vec<_>>();
    let [host] = host.as_slice() else { panic!("{host:?}") };
    let read = parse_authority(host.as_bytes()).expect("the host is one");
    assert_eq!((read.host(), read.port()), (admitted.host.as_str(), admitted.port));
    assert_eq!(read.to_string().as_bytes(), host.as_bytes());
    let allowed = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    assert!(allowed.contains(&admitted.method.as_str()));
    for name in admitted.headers.keys() {
        // As CGI and its heirs read it.
        let twin = name.as_str().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let believed =
            ["x-forwarded-for", "x-real-ip", "forwarded", "connection", "transfer-encoding", "upgrade"];
        assert!(!twin.starts_with(OWN_PREFIX) && !believed.contains(&twin.as_str()), "`{name}`");
    }
    let mut again: HeaderMap = admitted.headers.clone();
    assert!(headers::clean(&mut again, admitted.version).is_ok(), "{again:?}");
    assert_eq!(again, admitted.headers);
}

/// However the bytes of a connection are cut into pieces, they are read alike, and what was good stays good.
pub fn head(bytes: &[u8]) -> bool {
    let limits =
        ListenerLimits { head_bytes: 512, uri_bytes: 64, header_count: 8, ..ListenerLimits::default() };
    let mut whole = Scanner::new(&limits);
    let scan = whole.scan(bytes);
    assert!(scan.good <= bytes.len());
    let step = 1 + bytes.iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % 16);
    for step in [1, step] {
        let mut pieces = Scanner::new(&limits);
        let (mut read, mut refused) = (0, None);
        for piece in bytes.chunks(step) {
            let scan = pieces.scan(piece);
            read += scan.good;
            if scan.refused.is_some() {
                refused = scan.refused;
                break;
            }
        }
        assert_eq!(refused.map(|r| r.wall()), scan.refused.map(|r| r.wall()), "in pieces of {step}");
        assert!(read >= scan.good, "in pieces of {step}: {read} of {}", scan.good);
        if refused.is_none() {
            assert_eq!((pieces.in_head(), pieces.in_body()), (whole.in_head(), whole.in_body()));
            assert_eq!(read, bytes.len());
        }
    }
    // What was good is good alone.
    if scan.refused.is_some() {
        let mut alone = Scanner::new(&limits);
        assert_eq!(alone.scan(bytes.get(..scan.good).unwrap_or_default()).refused, None);
    }
    scan.refused.is_none() && !bytes.is_empty()
}
