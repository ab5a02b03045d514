//! A caller announces a body, sends half of it and holds the rest back: whoever waits for it would hold its place for ever.

use std::io::Write;
use std::net::SocketAddr;

use serde_json::json;

use crate::harness::{Answer, PASSWORD, Server, ask, connect, read_answer};

/// Sends a head that announces `body`, and of the body all but `held_back` bytes.
fn send(to: SocketAddr, head: &str, body: &str, held_back: usize) -> Answer {
    let mut stream = connect([127, 0, 0, 1].into(), to).unwrap();
    write!(stream, "{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len()).unwrap();
    stream.write_all(&body.as_bytes()[..body.len() - held_back]).unwrap();
    read_answer(stream).unwrap()
}

#[test]
fn a_body_that_is_held_back_is_cut_off_wherever_it_goes() {
    let mut server = Server::start_with("[edge]\nbody_grace_ms = 300\n");
    for (app, component) in [("lab", "attacker"), ("lab3", "attacker3")] {
        let manifest = format!(
            "app = \"{app}\"\n[functions.f]\ncomponent = \"components/{component}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n"
        );
        server.deploy(app, &manifest);
    }
    let admin = server.admin();
    let credentials = json!({ "username": "admin", "password": PASSWORD }).to_string();
    let host = "host: lab.localhost\r\ncontent-type: application/json";
    let doors = [
        (server.listen, format!("POST /echo HTTP/1.1\r\n{host}"), "x".repeat(200)),
        (server.listen, format!("POST /swallow HTTP/1.1\r\n{host}"), "x".repeat(200)),
        (server.listen, "POST /echo HTTP/1.1\r\nhost: lab3.localhost".to_owned(), "x".repeat(200)),
        (server.listen, "POST /swallow HTTP/1.1\r\nhost: lab3.localhost".to_owned(), "x".repeat(200)),
        (server.listen, format!("POST /.casemate/sign-in HTTP/1.1\r\n{host}"), credentials.clone()),
        (
            server.control,
            "POST /v1/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json".into(),
            credentials,
        ),
        (
            server.control,
            format!(
                "POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer {admin}"
            ),
            json!({ "name": "eve", "password": PASSWORD }).to_string(),
        ),
    ];
    for (to, head, body) in &doors {
        let stalled = send(*to, head, body, 7);
        assert_eq!(stalled.status, 408, "{head}: {}", stalled.text());
        assert_eq!(stalled.limit(), "body_grace_ms", "{head}");
    }
    // Nothing was done with the half: the user is not there. Control: the same requests sent whole are served.
    let known = |server: &Server| {
        server.control(&ask("GET", "localhost", "/v1/users").token(&admin)).to_string().contains("eve")
    };
    assert!(!known(&server), "half a request made a user");
    for (to, head, body) in &doors {
        let whole = send(*to, head, body, 0);
        assert!((200..300).contains(&whole.status), "{head}: {} {}", whole.status, whole.text());
    }
    assert!(known(&server));
    server.verify();
}
