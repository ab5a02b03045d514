//! Another site's page signs its visitor in with the attacker's account (login CSRF).

use serde_json::json;

use crate::harness::{PASSWORD, Server, ask};

#[test]
fn sign_in_comes_from_the_app_itself() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    server.user("eve", &[]);
    let body = json!({ "username": "eve", "password": PASSWORD });
    let post = || ask("POST", "hello.localhost", "/.casemate/sign-in").json(&body);
    assert_eq!(server.call(&post()).status, 200, "control: no page at all");
    let own = format!("http://hello.localhost:{}", server.listen.port());
    assert_eq!(
        server.call(&post().header("origin", &own).header("sec-fetch-site", "same-origin")).status,
        200,
        "control: the app's page"
    );
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(server.call(&post().header(name, value)).status, 422, "{name}: {value}");
    }
    // A form, which needs no leave of the browser to be sent elsewhere, is not JSON.
    let form = ask("POST", "hello.localhost", "/.casemate/sign-in")
        .bytes(b"username=eve")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.call(&form).status, 422);
}
