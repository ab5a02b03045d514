//! What well-behaved clients do.

use super::super::*;
use super::support::*;

#[test]
fn keep_alive_serves_many_requests() {
    let server = Server::start(ListenerLimits::default());
    let mut client = server.connect();
    for number in 0..20 {
        client.send(
            format!("POST /n{number} HTTP/1.1\r\nHost: Shop.localhost:80\r\nContent-Length: 2\r\n\r\nhi")
                .as_bytes(),
        );
        let answer = client.answer();
        assert!(answer.ends_with(&format!("POST shop.localhost /n{number} HTTP/1.1 false hi")), "{answer}");
    }
    assert_eq!(server.serving.connections(), 1);
}

#[test]
fn continue_is_said_before_the_body_is_read() {
    let server = Server::start(ListenerLimits::default());
    let mut client = server.connect();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"hi");
    assert!(client.rest().ends_with(" hi"));
}

#[test]
fn absolute_targets_and_escapes_are_normalised() {
    let server = Server::start(ListenerLimits::default());
    let answer = server.talk(
        b"GET http://SHOP.localhost/%7ea%2Db HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n",
    );
    assert!(answer.contains("GET shop.localhost /~a-b "), "{answer}");
}

#[test]
fn a_head_request_has_no_body() {
    let server = Server::start(ListenerLimits::default());
    let answer = server.talk(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
}
