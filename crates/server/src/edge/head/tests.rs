//! The smuggling corpus, as bytes. The same corpus goes over sockets in `edge/tests`.

use proptest::prelude::*;

use super::super::corpus;
use super::*;

fn scanner() -> Scanner {
    Scanner::new(&ListenerLimits::default())
}

/// Reads the bytes in pieces; the first refusal, if any.
fn wall(bytes: &[u8], piece: usize) -> Option<Wall> {
    let mut scanner = scanner();
    bytes.chunks(piece).find_map(|piece| scanner.scan(piece).refused).map(|refused| refused.wall())
}

#[test]
fn the_corpus_is_refused_however_it_is_cut() {
    for case in corpus::refused() {
        for piece in [1, 2, 7, usize::MAX] {
            assert_eq!(wall(&case.bytes, piece), Some(case.wall), "{} by {piece}", case.name);
        }
    }
}

#[test]
fn good_requests_pass_however_they_are_cut() {
    for (name, bytes) in corpus::good() {
        for piece in [1, 2, 7, usize::MAX] {
            let mut scanner = scanner();
            for piece in bytes.chunks(piece) {
                assert_eq!(scanner.scan(piece), Scan { good: piece.len(), refused: None }, "{name}");
            }
            assert!(!scanner.in_head() && !scanner.in_body(), "{name}");
        }
    }
}

#[test]
fn a_refused_head_is_withheld_and_the_message_before_it_is_not() {
    let good = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let bad = b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n";
    let scan = scanner().scan(&[&good[..], bad].concat());
    assert_eq!((scan.good, scan.refused.map(|r| r.wall())), (good.len(), Some(Wall::Grammar)));
}

#[test]
fn limits_are_named() {
    let head = |lines: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes();
    let check = |bytes: Vec<u8>, expect: Option<Wall>| {
        for piece in [1, 1000, usize::MAX] {
            assert_eq!(wall(&bytes, piece), expect, "by {piece}");
        }
    };
    check(head(&"x: y\r\n".repeat(99)), None);
    check(head(&"x: y\r\n".repeat(100)), Some(Wall::HeaderCount));
    check(head(&format!("x: {}\r\n", "y".repeat(32_000))), None);
    check(head(&format!("x: {}\r\n", "y".repeat(33_000))), Some(Wall::HeadBytes));
    check(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8_190)).into_bytes(), None);
    check(
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8_192)).into_bytes(),
        Some(Wall::UriBytes),
    );
    check(
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(90_000)).into_bytes(),
        Some(Wall::UriBytes),
    );
    // No end of line at all: memory stays bounded.
    check(vec![b'a'; 1 << 20], Some(Wall::UriBytes));
}

proptest! {
    #[test]
    fn never_panics_and_cuts_do_not_matter(bytes in proptest::collection::vec(
        prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), Just(b'1'), Just(b'A'), any::<u8>()], 0..300),
        piece in 1_usize..40,
    ) {
        prop_assert_eq!(wall(&bytes, piece), wall(&bytes, usize::MAX));
    }

    #[test]
    fn odd_spacing_that_passes_changes_nothing(
        name in "(Content-Length|content-length|Transfer-Encoding|X-A|x_b)",
        value in "( |\t)?(0|1|5|05|\\+1|1,1|chunked|gzip, chunked|\\x0bchunked|x)( |\t)?",
        colon in "(:| :|:\\x00|)",
        end in "(\r\n|\n|\r\r\n)",
    ) {
        let bytes = format!("POST / HTTP/1.1\r\nHost: a\r\n{name}{colon}{value}{end}\r\n").into_bytes();
        let mut scanner = scanner();
        if scanner.scan(&bytes).refused.is_none() {
            let one_line = format!("{name}: {}\r\n", value.trim());
            let plain = format!("POST / HTTP/1.1\r\nHost: a\r\n{one_line}\r\n").into_bytes();
            let mut other = self::scanner();
            prop_assert!(other.scan(&plain).refused.is_none());
            prop_assert_eq!(scanner.state, other.state);
        }
    }
}
