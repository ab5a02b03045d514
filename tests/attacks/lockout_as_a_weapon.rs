//! Somebody who knows no password guesses on purpose, to keep out those who know one.

use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{PASSWORD, Server, ask};

const APP: &str = "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n";

/// Signs in to the app, on the listener that everybody reaches.
fn in_public(server: &Server, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password });
    server.call(&ask("POST", "hello.localhost", "/.casemate/sign-in").json(&body)).status
}

/// Signs in to the platform.
fn in_control(server: &Server, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password });
    server.try_control(&ask("POST", "localhost", "/v1/sign-in").json(&body)).status
}

fn unlock_offline(server: &Server, name: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["user", "unlock", name, "--data"])
        .arg(server.data())
        .output()
        .unwrap()
}

#[test]
fn guesses_in_public_do_not_keep_the_administrator_out() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    for number in 0..12 {
        assert_eq!(in_public(&server, "admin", &format!("wrong password {number}")), 401);
    }
    assert_eq!(in_public(&server, "admin", PASSWORD), 401, "control: that door is locked by now");
    assert_eq!(in_control(&server, "admin", PASSWORD), 200, "and the platform's is not");
    let admin = server.admin();
    let users = server.control(&crate::harness::get("localhost", "/v1/users").token(&admin));
    assert_eq!(users["users"][0]["locks"][0]["door"], "apps", "{users}");
    server.control(
        &ask("PATCH", "localhost", "/v1/users/admin").json(&json!({ "unlock": true })).token(&admin),
    );
    assert_eq!(in_public(&server, "admin", PASSWORD), 200, "control: unlocked");
}

#[test]
fn made_up_names_do_not_lock_an_address_that_many_share() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    for number in 0..52 {
        assert_eq!(in_public(&server, &format!("made-up-{number}"), "some password"), 401);
    }
    assert_eq!(
        in_public(&server, "admin", PASSWORD),
        200,
        "the right password, from the same loopback address"
    );
}

#[test]
fn the_owner_of_the_folder_opens_the_last_door() {
    let mut server = Server::start();
    server.admin();
    for number in 0..12 {
        assert_eq!(in_control(&server, "admin", &format!("wrong password {number}")), 401);
    }
    assert_eq!(in_control(&server, "admin", PASSWORD), 401, "control: the only administrator is locked out");
    let words = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let running = unlock_offline(&server, "admin");
    assert!(!running.status.success() && words(&running).contains("running"), "{}", words(&running));
    server.stop();
    let unknown = unlock_offline(&server, "nobody");
    assert!(!unknown.status.success() && words(&unknown).contains("no such user"), "{}", words(&unknown));
    server.restart();
    assert_eq!(in_control(&server, "admin", PASSWORD), 401, "control: a restart does not open it");
    server.stop();
    let done = unlock_offline(&server, "admin");
    assert!(done.status.success(), "{}", words(&done));
    server.restart();
    assert_eq!(in_control(&server, "admin", PASSWORD), 200);
    server.verify();
}
