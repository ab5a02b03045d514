//! What people and machines send by mistake: a clear answer, nothing half-done.

use serde_json::json;

use crate::harness::{Server, ask, component, connect, get, read_answer};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

const GOOD: &str = "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n";

#[test]
fn a_bad_deploy_changes_nothing() {
    let mut server = Server::start();
    server.deploy("hello", GOOD);
    let admin = server.admin();
    let digest = casemate_server::sha256(&component("components/hello.wasm")).to_string();
    let try_it = |app: &str, manifest: &str, components: serde_json::Value| {
        let body = json!({ "manifest": manifest, "components": components });
        server.try_control(
            &ask("POST", "localhost", &format!("/v1/apps/{app}/revisions")).json(&body).token(&admin),
        )
    };
    let check = |answer: crate::harness::Answer, status: u16, words: &str| {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    };
    check(try_it("hello", "app = ", json!({})), 422, "line 1");
    check(try_it("hello", &GOOD.replace("public", "publik"), json!({ "a": digest })), 422, "publik");
    check(try_it("other", GOOD, json!({ "a": digest })), 422, "hello");
    check(try_it("hello", GOOD, json!({})), 422, "`a`");
    check(try_it("hello", GOOD, json!({ "a": digest, "b": digest })), 422, "`b`");
    check(try_it("hello", GOOD, json!({ "a": format!("sha256:{}", "0".repeat(64)) })), 422, "not uploaded");
    let live = server.control(&get("localhost", "/v1/apps/hello").token(&admin));
    assert_eq!(live["revision"], 1);
    assert_eq!(server.call(&get("hello.localhost", "/")).status, 200);
}

#[test]
fn what_is_no_component_is_refused_with_its_reason() {
    let mut server = Server::start();
    let check = |server: &mut Server, bytes: &[u8], words: &[&str]| {
        let answer = server.upload(bytes);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(words.iter().any(|words| answer.text().contains(words)), "{}", answer.text());
    };
    check(&mut server, b"this is no WebAssembly", &["component"]);
    check(&mut server, b"\0asm\x01\0\0\0", &["component"]);
    check(&mut server, &component("components/sockets.wasm"), &["wasi:sockets"]);
    let mut cut = component("components/hello.wasm");
    cut.truncate(cut.len() / 2);
    check(&mut server, &cut, &["component", "unexpected end"]);
}

#[test]
fn a_truncated_or_mislabelled_upload_leaves_nothing() {
    let mut server = Server::start();
    let admin = server.admin();
    let bytes = component("components/hello.wasm");
    let digest = casemate_server::sha256(&bytes).to_hex();
    // Another digest than announced.
    let wrong =
        ask("PUT", "localhost", &format!("/v1/components/{}", "0".repeat(64))).bytes(&bytes).token(&admin);
    assert_eq!(server.try_control(&wrong).status, 422);
    // The connection breaks half-way.
    let mut stream = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), server.control).unwrap();
    write!(stream, "PUT /v1/components/{digest} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {admin}\r\ncontent-length: {}\r\n\r\n", bytes.len()).unwrap();
    stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = read_answer(stream);
    let components = server.data().join("components");
    assert_eq!(std::fs::read_dir(&components).unwrap().count(), 0, "something was left behind");
    assert_eq!(server.upload(&bytes).status, 200);
}

#[test]
fn bodies_that_are_not_what_they_should_be() {
    let mut server = Server::start();
    let admin = server.admin();
    let post = |body: &[u8], kind: &str| {
        server.try_control(
            &ask("POST", "localhost", "/v1/users").bytes(body).header("content-type", kind).token(&admin),
        )
    };
    assert_eq!(post(b"{}", "text/plain").status, 422);
    assert_eq!(post(b"{\"name\": \xff}", "application/json").status, 422);
    assert_eq!(
        post(b"{\"name\": \"bob\", \"password\": \"x\", \"admin\": true}", "application/json").status,
        422,
        "no mass assignment"
    );
    assert_eq!(post(&vec![b' '; 2 << 20], "application/json").status, 413);
    assert_eq!(post(b"{\"name\": \"bob\", \"password\": \"short\"}", "application/json").status, 422);
    assert!(
        server.control(&get("localhost", "/v1/users").token(&admin)).to_string().matches("usr_").count() == 1
    );
}

#[test]
fn a_body_that_is_refused_is_not_repeated() {
    let server = Server::start();
    let bodies = [
        "{\"username\":\"ada\",\"password\":20260142}",
        "{\"username\":\"ada\",\"20260142\":\"x\"}",
        "{\"username\":\"ada\",\"password\":\"20260142",
        "\"20260142\"",
    ];
    for body in bodies {
        let sent = ask("POST", "localhost", "/v1/sign-in")
            .header("content-type", "application/json")
            .bytes(body.as_bytes());
        let answer = server.try_control(&sent);
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert!(!answer.text().contains("20260142"), "{body}: {}", answer.text());
        assert!(answer.text().contains("line 1, column"), "control: it says where: {}", answer.text());
    }
}
