//! What holds for everything that this room reads, whoever wrote it.
//!
//! Owns: one property for each reader. `fuzz/` looks for bytes that break one, the tests here replay its seeds. Invariant: a property
//! panics when it does not hold, and says whether the bytes were taken. Not here: examples (the readers' own tests).

use std::path::{Component, Path};

use crate::ids::IdError;
use crate::manifest::{Manifest, Route};
use crate::{
    AppId, Digest, FunctionName, Origin, RequestId, RoleName, ServiceId, SessionId, StoreName, UserId,
};

/// A manifest that is read is consistent, and an error points into the text.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let manifest = match Manifest::parse(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let line = text.split('\n').nth(error.line.wrapping_sub(1));
            let columns = line.map(|line| 1..=line.chars().count() + 1);
            assert!(columns.is_some_and(|columns| columns.contains(&error.column)), "{error}");
            return false;
        }
    };
    assert!(!manifest.app.is_platform() && !manifest.functions.is_empty());
    let mut routes: Vec<&Route> = Vec::new();
    for (name, function) in &manifest.functions {
        let parts = Path::new(&function.component).components();
        let below = parts.into_iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        assert!(below, "`{name}` has component `{}`", function.component);
        for store in function.grants.kv.keys() {
            assert!(manifest.stores.contains_key(store), "`{name}` is granted `{store}`");
        }
        assert_eq!(function.limits.out_of_range(), None, "`{name}`");
        for granted in &function.grants.egress {
            assert_eq!(Origin::parse(&granted.origin.to_string()).as_ref(), Ok(&granted.origin));
        }
        routes.extend(&function.routes);
    }
    routes.iter().for_each(|route| assert_eq!(Route::parse(&route.to_string()).as_ref(), Ok(*route)));
    assert_one_winner(&routes);
    true
}

/// Of two routes that match one request, one is more specific: which function answers is no accident of their names.
fn assert_one_winner(routes: &[&Route]) {
    for (place, one) in routes.iter().enumerate() {
        for other in routes.iter().skip(place + 1).filter(|other| other.weight() == one.weight()) {
            let text = one.to_string();
            let path = text.split(' ').next_back().unwrap_or_default().trim_end_matches("/*");
            for method in ["GET", "HEAD", "POST"] {
                let both = one.matches(method, path) && other.matches(method, path);
                assert!(!both, "{method} {path} reaches `{one}` and `{other}`");
            }
        }
    }
}

/// An origin has one spelling, and nothing stands in it that somebody else could read otherwise.
pub fn origin(bytes: &[u8]) -> bool {
    let Some(origin) = std::str::from_utf8(bytes).ok().and_then(|text| Origin::parse(text).ok()) else {
        return false;
    };
    let text = origin.to_string();
    assert_eq!(Origin::parse(&text).as_ref(), Ok(&origin));
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
    assert!(!authority.is_empty() && authority.bytes().all(plain), "`{text}`");
    assert_eq!(Origin::from_parts(origin.is_secure(), authority), Ok(origin.clone()));
    match origin.literal_address() {
        Some(std::net::IpAddr::V6(address)) => assert_eq!(origin.host(), format!("[{address}]")),
        Some(std::net::IpAddr::V4(address)) => assert_eq!(origin.host(), address.to_string()),
        None => assert!(!origin.host().contains(['[', ':']), "`{text}`"),
    }
    true
}

/// An identifier is written as it was read, and a name needs no escape anywhere.
pub fn id(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let name = AppId::parse(text).is_ok();
    for (same, read) in [
        (name, FunctionName::parse(text).map(String::from)),
        (name, StoreName::parse(text).map(String::from)),
        (name, RoleName::parse(text).map(String::from)),
    ] {
        assert_eq!(same, read.is_ok(), "one grammar for all names");
        let Ok(read) = read else { continue };
        assert_eq!(read, text);
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!((1..=63).contains(&text.len()) && text.bytes().all(label), "`{text}`");
        assert!(text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-'), "`{text}`");
    }
    let written = |id: Result<String, IdError>| match id {
        Ok(id) => {
            assert_eq!(id, text);
            true
        }
        Err(_) => false,
    };
    let kinds = [
        name,
        written(UserId::parse(text).map(String::from)),
        written(ServiceId::parse(text).map(String::from)),
        written(SessionId::parse(text).map(String::from)),
        written(RequestId::parse(text).map(String::from)),
        Digest::parse(text).is_ok_and(|digest| {
            assert_eq!(digest.to_hex(), text.strip_prefix("sha256:").unwrap_or(text));
            assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
            true
        }),
    ];
    let taken = kinds.iter().filter(|taken| **taken).count();
    // Names and hex digits overlap; ids of people, services and sessions never do with anything.
    assert!(taken <= 2, "`{text}` is {taken} things");
    taken > 0
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("manifest", super::manifest);
        replay("origin", super::origin);
        replay("id", super::id);
    }
}
