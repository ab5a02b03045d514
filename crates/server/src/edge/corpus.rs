//! Requests that smuggle, and good ones beside them. (PortSwigger's and Defparam's collections, RFC 9112 §11.2.)

use super::Wall;

/// One attack.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) wall: Wall,
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a.localhost\r\n\r\n";

fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a.localhost\r\n{fields}\r\n{body}").into_bytes()
}

fn get(fields: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: a.localhost\r\n{fields}\r\n").into_bytes()
}

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// What must be refused, and by which wall.
pub(super) fn refused() -> Vec<Case> {
    use Wall::{Authority, Framing, Grammar, Target, Version};
    let smuggle = format!("0\r\n\r\n{SMUGGLED}");
    let mut cases: Vec<(&'static str, Vec<u8>, Wall)> = vec![
        ("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"), Framing),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &smuggle), Framing),
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"), Framing),
        ("the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "abcde"), Framing),
        (
            "two codings",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", &smuggle),
            Framing,
        ),
        (
            "chunked, then identity",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", &smuggle),
            Framing,
        ),
        (
            "identity, then chunked",
            post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", &smuggle),
            Framing,
        ),
        ("bare LF in the head", raw("GET / HTTP/1.1\nHost: a.localhost\n\n"), Grammar),
        ("bare LF after a header", raw("GET / HTTP/1.1\r\nHost: a.localhost\n\r\n"), Grammar),
        ("bare CR in a value", get("X: a\rContent-Length: 5\r\n"), Grammar),
        ("CR CR LF", get("X: a\r\r\n"), Grammar),
        ("NUL in a value", get("X: a\0b\r\n"), Grammar),
        ("NUL in a name", get("X\0: a\r\n"), Grammar),
        ("vertical tab in a value", get("X: a\x0bb\r\n"), Grammar),
        ("form feed after a coding", post("Transfer-Encoding: chunked\x0c\r\n", &smuggle), Grammar),
        ("CR after a length", post("Content-Length: 5\r\r\n", "abcde"), Grammar),
        ("DEL in a value", get("X: a\x7fb\r\n"), Grammar),
        ("space before the colon", post("Content-Length : 5\r\n", "abcde"), Grammar),
        ("tab before the colon", post("Transfer-Encoding\t: chunked\r\n", &smuggle), Grammar),
        ("space before the name", raw("GET / HTTP/1.1\r\n Host: a.localhost\r\n\r\n"), Grammar),
        ("obs-fold with a space", get("X: a\r\n b\r\n"), Grammar),
        ("obs-fold with a tab", post("Transfer-Encoding:\r\n\tchunked\r\n", &smuggle), Framing),
        ("no name", get(": a\r\n"), Grammar),
        ("no colon", get("X\r\n"), Grammar),
        ("quotes in a name", get("\"X\": a\r\n"), Grammar),
        ("non-ASCII name", get("Xé: a\r\n"), Grammar),
        ("two spaces in the request line", raw("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("tab in the request line", raw("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("space in the target", raw("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("no target", raw("GET HTTP/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("HTTP/0.9", raw("GET /\r\n\r\n"), Grammar),
        ("empty lines first", raw("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("HTTP/1.0", raw("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), Version),
        (
            "HTTP/1.0 with chunks",
            raw("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Version,
        ),
        ("HTTP/1.2", raw("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), Version),
        ("HTTP/2.0 in text", raw("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), Version),
        ("a version in small letters", raw("GET / http/1.1\r\nHost: a\r\n\r\n"), Grammar),
        ("a version that goes on", raw("GET / HTTP/1.1x\r\nHost: a\r\n\r\n"), Grammar),
        ("a fragment", raw("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), Target),
        ("non-ASCII target", raw("GET /é HTTP/1.1\r\nHost: a\r\n\r\n"), Target),
        ("no host", raw("GET / HTTP/1.1\r\nX: a\r\n\r\n"), Authority),
        ("two hosts", get("Host: b.localhost\r\n"), Authority),
        ("the same host twice", get("host: a.localhost\r\n"), Authority),
        ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n".to_vec(), Grammar),
    ];
    for length in [
        "+5",
        "-5",
        "5 5",
        "5,5",
        "5, 5",
        "05",
        "0x5",
        "5.0",
        "5e0",
        "",
        "five",
        "\"5\"",
        "5;",
        "18446744073709551621",
        "99999999999999999999",
    ] {
        cases.push(("odd length", post(&format!("Content-Length: {length}\r\n"), "abcde"), Framing));
    }
    for coding in [
        "xchunked",
        "chunked, identity",
        "identity",
        "gzip, chunked",
        "chunked, chunked",
        "chunked;q=1",
        "\"chunked\"",
        "chunked,",
        ",chunked",
        "cow",
        "",
        "chunked chunked",
        "identity, chunked",
        "chun ked",
    ] {
        cases.push(("odd coding", post(&format!("Transfer-Encoding: {coding}\r\n"), &smuggle), Framing));
    }
    cases.push(("control in the coding", post("Transfer-Encoding: \x0bchunked\r\n", &smuggle), Grammar));
    for chunks in [
        "5;ext=1\r\nabcde\r\n0\r\n\r\n",
        "5 ;a\r\nabcde\r\n0\r\n\r\n",
        "5 \r\nabcde\r\n0\r\n\r\n",
        " 5\r\nabcde\r\n0\r\n\r\n",
        "+5\r\nabcde\r\n0\r\n\r\n",
        "0x5\r\nabcde\r\n0\r\n\r\n",
        "-1\r\nabcde\r\n0\r\n\r\n",
        "\r\n5\r\nabcde\r\n0\r\n\r\n",
        "5\r\nabcdeX\r\n0\r\n\r\n",
        "5\r\nabcde0\r\n\r\n",
        "g\r\nabcde\r\n0\r\n\r\n",
        "10000000000000005\r\nabcde\r\n0\r\n\r\n",
        "0;ext\r\n\r\n",
        "5;\"\r\nabcde\r\n0\r\n\r\n",
    ] {
        cases.push(("odd chunk", post("Transfer-Encoding: chunked\r\n", chunks), Framing));
    }
    for chunks in [
        "5\nabcde\r\n0\r\n\r\n",
        "5\r\nabcde\n0\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\n folded: y\r\n\r\n",
        "0\r\nX y\r\n\r\n",
    ] {
        cases.push(("odd line in chunks", post("Transfer-Encoding: chunked\r\n", chunks), Grammar));
    }
    cases.push((
        "a length in trailers",
        post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"),
        Framing,
    ));
    cases.into_iter().map(|(name, bytes, wall)| Case { name, bytes, wall }).collect()
}

/// What must pass.
pub(super) fn good() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a request", get("")),
        ("one empty line first", [b"\r\n".to_vec(), get("")].concat()),
        ("empty value", get("X:\r\n")),
        ("no space after the colon", get("X:a\r\n")),
        ("tabs around a value", get("X:\t a\t\r\n")),
        ("high bytes in a value", get("X: é\r\n")),
        ("a body", post("Content-Length: 5\r\n", "abcde")),
        ("an empty body", post("Content-Length: 0\r\n", "")),
        ("a body that looks like a request", post("Content-Length: 45\r\n", SMUGGLED)),
        ("chunks", post("Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\nA\r\n0123456789\r\n0\r\n\r\n")),
        ("chunks, in capitals", post("TRANSFER-ENCODING: Chunked\r\n", "005\r\nabcde\r\n00\r\n\r\n")),
        ("trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nX-Sum: 1\r\n\r\n")),
        ("a pipeline", [get(""), post("Content-Length: 3\r\n", "abc"), get("")].concat()),
    ]
}
