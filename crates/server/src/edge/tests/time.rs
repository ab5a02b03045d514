//! Slow peers: heads, bodies, readers, idlers. Each beside a peer that is slow within reason.

use std::io::Read;
use std::time::{Duration, Instant};

use super::super::*;
use super::support::*;

const SHORT: Duration = Duration::from_millis(200);
/// Between two bytes of a dripping peer.
const DRIP: Duration = Duration::from_millis(20);

/// Sends byte by byte until the server closes or all is sent; whether all was sent.
fn drip(client: &mut Client, bytes: &[u8]) -> bool {
    let since = Instant::now();
    for byte in bytes {
        if !client.send(&[*byte]) {
            return false;
        }
        assert!(since.elapsed() < PATIENCE, "still open");
        std::thread::sleep(DRIP);
    }
    true
}

fn header_limits() -> ListenerLimits {
    ListenerLimits { header_timeout: SHORT, ..ListenerLimits::default() }
}

#[test]
fn slowloris_heads_are_cut_off_with_the_limits_name() {
    let server = Server::start(header_limits());
    let mut client = server.connect();
    drip(&mut client, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(2_000)).as_bytes());
    drop(client);
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ");
    let since = Instant::now();
    let answer = client.rest();
    assert!(since.elapsed() >= SHORT / 2 && since.elapsed() < PATIENCE);
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout"), "{answer}");
    assert!(answer.contains("\"limit\":\"header_timeout_ms\""), "{answer}");
    assert_eq!(server.counters.count(Wall::HeadTime), 2);
    assert!(server.settles_at(0));
    server.still_serves();
}

#[test]
fn the_second_head_of_a_connection_is_timed_too() {
    let server = Server::start(header_limits());
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.answer().starts_with("HTTP/1.1 200"));
    client.send(b"GET / HT");
    assert!(client.rest().starts_with("HTTP/1.1 408"));
}

#[test]
fn a_head_in_two_pieces_is_fine() {
    let server = Server::start(ListenerLimits::default());
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHo");
    std::thread::sleep(DRIP);
    client.send(b"st: a\r\nConnection: close\r\n\r\n");
    assert!(client.rest().starts_with("HTTP/1.1 200"));
}

#[test]
fn silence_is_closed() {
    let server = Server::start(header_limits());
    assert_eq!(server.connect().rest(), "");
    let idle = ListenerLimits { idle_timeout: SHORT, header_timeout: SHORT, ..ListenerLimits::default() };
    let server = Server::start(idle);
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.answer().starts_with("HTTP/1.1 200"));
    assert_eq!(client.rest(), "", "an idle connection is closed without a word");
}

#[test]
fn slowloris_bodies_are_cut_off() {
    let pace = BodyPace { grace: SHORT, bytes_per_second: 1_000 };
    let server = Server::start(ListenerLimits { body_pace: pace, ..ListenerLimits::default() });
    for head in ["Content-Length: 2000", "Transfer-Encoding: chunked"] {
        let mut client = server.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n").as_bytes());
        let chunk = b"1\r\nx\r\n".repeat(300);
        let sent_all = drip(&mut client, &chunk);
        assert!(!sent_all, "{head}: a dripping body was read to its end");
    }
    let mut client = server.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("too slowly"), "{answer}");
    let mut client = server.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc");
    std::thread::sleep(DRIP);
    client.send(b"def");
    assert!(client.rest().ends_with(" abcdef"), "positive control");
}

#[test]
fn a_reader_that_does_not_read_is_cut_off() {
    let server = Server::start(ListenerLimits { write_timeout: SHORT, ..ListenerLimits::default() });
    let mut client = server.connect();
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(server.settles_at(1));
    assert!(server.settles_at(0), "the connection is still held");
    let mut read = Vec::new();
    drop(client.0.read_to_end(&mut read));
    assert!(read.len() < 32 << 20);
    let whole = server.talk(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(whole.len() > 32 << 20, "positive control: {}", whole.len());
}

#[test]
fn a_connection_does_not_live_for_ever() {
    let server = Server::start(ListenerLimits { lifetime: SHORT, ..ListenerLimits::default() });
    let mut client = server.connect();
    let since = Instant::now();
    let mut answered = 0;
    while client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
        let mut first = [0];
        match client.0.read(&mut first) {
            Ok(1..) => {}
            _ => break,
        }
        client.answer();
        answered += 1;
        assert!(since.elapsed() < PATIENCE, "still open");
    }
    assert!(answered > 0, "positive control");
}
