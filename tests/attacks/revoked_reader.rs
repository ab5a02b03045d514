//! Somebody whose right to read logs was taken back keeps an open stream.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};

use crate::harness::{Server, ask, connect, get};

const SHOP: &str = "app = \"shop\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n";

#[test]
fn a_log_stream_ends_with_the_right_to_read() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    server.user("eve", &["casemate/admin"]);
    let eve = server.control_token("eve");
    let stream = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), server.control).unwrap();
    write!(
        &stream,
        "GET /v1/apps/shop/logs?follow=true HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {eve}\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines();
    // Chunks of the stream hold whole JSON lines; framing lines are passed over.
    let mut next = move |wanted: &str| {
        lines.by_ref().map_while(Result::ok).find(|line| line.contains(wanted) || line == "0")
    };
    let call = |server: &Server| server.call(&get("shop.localhost", "/")).request_id();
    let first = call(&server);
    assert!(next(&first).is_some_and(|line| line.contains(&first)), "control: the stream shows what happens");
    let admin = server.admin();
    server.control(&ask("DELETE", "localhost", "/v1/apps/casemate/roles/admin/eve").token(&admin));
    let second = call(&server);
    let came = next(&second);
    assert!(came.as_deref().is_none_or(|line| line == "0"), "after the role was taken: {came:?}");
}
