//! Accounts, services and sessions through the control API.

use serde_json::json;

use crate::harness::{PASSWORD, Server, ask, get};

#[test]
fn a_disabled_account_stops_at_once() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n");
    server.user("bob", &[]);
    let (admin, bob) = (server.admin(), server.sign_in("hello", "bob"));
    assert_eq!(server.call(&get("hello.localhost", "/").token(&bob)).status, 200);
    server.control(
        &ask("PATCH", "localhost", "/v1/users/bob").json(&json!({ "enabled": false })).token(&admin),
    );
    assert_eq!(server.call(&get("hello.localhost", "/").token(&bob)).status, 401);
    // The last administrator cannot be locked out of the platform.
    let suicide = server.try_control(
        &ask("PATCH", "localhost", "/v1/users/admin").json(&json!({ "enabled": false })).token(&admin),
    );
    assert!((400..500).contains(&suicide.status), "{}", suicide.text());
    let revoke =
        server.try_control(&ask("DELETE", "localhost", "/v1/apps/casemate/roles/admin/admin").token(&admin));
    assert!((400..500).contains(&revoke.status), "{}", revoke.text());
    assert_eq!(server.try_control(&get("localhost", "/v1/users").token(&admin)).status, 200);
}

#[test]
fn a_service_calls_with_its_key_until_it_is_revoked() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = { roles = [\"robot\"] }\n");
    let admin = server.admin();
    let body = json!({ "name": "robot", "app": "hello" });
    let made = server.control(&ask("POST", "localhost", "/v1/services").json(&body).token(&admin));
    let key = made["api_key"].as_str().unwrap().to_owned();
    let call = || server.call(&get("hello.localhost", "/").token(&key)).status;
    assert_ne!(call(), 200, "it has no role yet");
    server.control(&ask("PUT", "localhost", "/v1/apps/hello/roles/robot/robot").token(&admin));
    assert_eq!(call(), 200);
    assert_eq!(
        server.try_control(&get("localhost", "/v1/users").token(&key)).status,
        401,
        "its key is for another app"
    );
    server.control(&ask("DELETE", "localhost", "/v1/services/robot").token(&admin));
    assert_eq!(call(), 401);
}

#[test]
fn sessions_renew_rotate_and_end() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n");
    server.user("bob", &[]);
    let post =
        |path: &str, body: serde_json::Value| server.call(&ask("POST", "hello.localhost", path).json(&body));
    let first = post("/.casemate/sign-in", json!({ "username": "bob", "password": PASSWORD })).json();
    let handle = first["session"].as_str().unwrap().to_owned();
    let renewed = post("/.casemate/token", json!({ "session": handle }));
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let next = renewed.json()["session"].as_str().unwrap().to_owned();
    let token = renewed.json()["access_token"].as_str().unwrap().to_owned();
    assert_ne!(handle, next, "the handle rotates");
    assert_eq!(server.call(&get("hello.localhost", "/").token(&token)).status, 200);
    assert_eq!(post("/.casemate/sign-out", json!({ "session": next })).status, 204);
    assert_eq!(server.call(&get("hello.localhost", "/").token(&token)).status, 401, "its tokens end with it");
    assert_eq!(post("/.casemate/token", json!({ "session": next })).status, 401);
}
