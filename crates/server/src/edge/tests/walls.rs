//! Limits of size and number, and what is refused for what it says; each answer names its wall.

use super::super::*;
use super::support::*;

#[test]
fn sizes_are_limited_and_named() {
    let server = Server::start(ListenerLimits { request_body_bytes: 10, ..ListenerLimits::default() });
    let get = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    for (request, status, limit) in [
        (get("/", &format!("X: {}\r\n", "x".repeat(40_000))), "431", "head_bytes"),
        (get("/", &"X: x\r\n".repeat(101)), "431", "header_count"),
        (get(&format!("/{}", "a".repeat(9_000)), ""), "414", "uri_bytes"),
        (get(&format!("/?{}", "a".repeat(9_000)), ""), "414", "uri_bytes"),
        (format!("{}hello world", get("/", "Content-Length: 11\r\n")), "413", "request_body_bytes"),
        (
            format!(
                "{}b\r\nhello world\r\n0\r\n\r\n",
                get("/", "Transfer-Encoding: chunked\r\nConnection: close\r\n")
            ),
            "413",
            "request_body_bytes",
        ),
    ] {
        let answer = server.talk(request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{limit}: {answer}");
        assert!(answer.contains(limit), "{limit}: {answer}");
        assert!(!answer.to_lowercase().contains("\r\nserver:"), "{answer}");
    }
    server.still_serves();
}

#[test]
fn a_refusal_is_a_problem_document_and_ends_the_connection() {
    let server = Server::start(ListenerLimits::default());
    for (request, status) in [
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "405"),
        ("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
            "400",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n", "417"),
        ("GET / HTTP/1.1\r\nHost: a\r\ncasemate_user: root\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Authorization\r\nAuthorization: Bearer a\r\n\r\n", "400"),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET /%c0%ae%c0%ae/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: 417\r\nContent-Length: 3\r\n\r\nabc", "417"),
    ] {
        let answer = server.talk(format!("{request}GET /after HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        for field in ["application/problem+json", "x-content-type-options: nosniff", "connection: close"] {
            assert!(answer.contains(field), "{request}: {answer}");
        }
    }
    assert_eq!(*server.echo.paths.lock().unwrap(), Vec::<String>::new());
    server.still_serves();
}

#[test]
fn connections_are_limited_and_places_come_back() {
    for (limits, limit) in [
        (ListenerLimits { connections: 2, ..ListenerLimits::default() }, "\"connections\""),
        (
            ListenerLimits { connections_per_address: 2, ..ListenerLimits::default() },
            "\"connections_per_address\"",
        ),
    ] {
        let server = Server::start(limits);
        let mut held = [server.connect(), server.connect()];
        for client in &mut held {
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assert!(client.answer().starts_with("HTTP/1.1 200"));
        }
        let refused = server.connect().rest();
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        assert!(refused.contains(limit) && refused.contains("retry-after: 1"), "{refused}");
        drop(held);
        assert!(server.settles_at(0));
        server.still_serves();
    }
}

#[test]
fn a_body_that_nobody_reads_does_not_become_a_request() {
    let server = Server::start(ListenerLimits::default());
    let inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let outer =
        format!("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", inner.len() + 100_000);
    let mut client = server.connect();
    client.send(outer.as_bytes());
    client.send(inner.as_bytes());
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(*server.echo.paths.lock().unwrap(), ["/unread"]);
}

#[test]
fn a_rebound_host_is_misdirected() {
    let server = Server::with(|settings| settings.hosts = Hosts::Only(vec!["localhost".into()]));
    let evil = server.talk(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(evil.starts_with("HTTP/1.1 421 "), "{evil}");
    let own = server.talk(b"GET / HTTP/1.1\r\nHost: localhost:8081\r\nConnection: close\r\n\r\n");
    assert!(own.starts_with("HTTP/1.1 200 "), "{own}");
}
