//! Two readers disagree on where a request ends. (The corpus of variants stands in the tests of the edge; this one goes all the way
//! to a function.)

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};

use crate::harness::{Server, connect};

fn talk(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), server.listen).unwrap();
    stream.write_all(bytes).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_hidden_request_is_not_served() {
    let mut server = Server::start();
    server.deploy("lab", "app = \"lab\"\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n");
    let hidden = "GET /echo?hidden HTTP/1.1\r\nhost: lab.localhost\r\nconnection: close\r\n\r\n";
    // Control: two requests, one after the other, are two.
    let two = talk(&server, format!("GET /count HTTP/1.1\r\nhost: lab.localhost\r\n\r\n{hidden}").as_bytes());
    assert_eq!(two.matches("HTTP/1.1 200").count(), 2, "{two}");
    let length = hidden.len();
    for head in [
        "content-length: 0\r\ntransfer-encoding: chunked".to_owned(),
        format!("content-length: {length}\r\ncontent-length: 0"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding : chunked".to_owned(),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(),
        format!("content-length: +{length}"),
        format!("content-length: 0\n content-length: {length}"),
    ] {
        let request =
            format!("POST /count HTTP/1.1\r\nhost: lab.localhost\r\n{head}\r\n\r\n0\r\n\r\n{hidden}");
        let answer = talk(&server, request.as_bytes());
        assert!(!answer.contains("hidden"), "{head}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{head}: the connection ends with the refusal: {answer}"
        );
    }
}
