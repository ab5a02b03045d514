//! What holds for everything that the server reads from outside, whoever wrote it.
//!
//! Owns: one property for each reader that is not the edge's. `fuzz/` looks for bytes that break one, the tests here replay its seeds.
//! Invariant: a property panics when it does not hold, and says whether the bytes were taken. Not here: examples.

use crate::edge::parse_authority;
use crate::settings::{Settings, Tls};

pub use crate::edge::properties::{admit, authority, connection, head, path, query};

/// Settings that are taken open no door that was not asked for by name, and every app of theirs has a host.
pub fn settings(bytes: &[u8]) -> bool {
    let Some(settings) = std::str::from_utf8(bytes).ok().and_then(|text| Settings::parse(text).ok()) else {
        return false;
    };
    if settings.check().is_err() {
        return false;
    }
    let (listen, control) = (settings.listen.ip(), settings.control.ip());
    let sealed = settings.tls != Tls::Off || settings.dangerous_plain_http;
    assert!(sealed || listen.is_loopback() && control.is_loopback(), "{settings:?}");
    assert!(settings.dangerous_remote_control || control.is_loopback(), "{settings:?}");
    let host = format!("app.{}", settings.domain);
    let read = parse_authority(host.as_bytes());
    assert!(read.is_ok_and(|read| read.host() == host), "`{host}` is no host");
    let issuer = casemate_core::Origin::parse(&settings.issuer());
    assert!(issuer.is_ok_and(|issuer| issuer.to_string() == settings.issuer()), "`{}`", settings.issuer());
    true
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("settings", super::settings);
        replay("path", super::path);
        replay("query", super::query);
        replay("authority", super::authority);
        replay("admit", super::admit);
        replay("head", super::head);
        replay("connection", super::connection);
    }
}
