//! The error replies of both listeners, whole: status, headers and body, with ids and times blanked. What a refusal says, and what
//! it does not say, is a promise; a change of it shows here.
//!
//! `INSTA_UPDATE=always cargo test -p casemate-cli --test journeys refusals` writes the snapshots anew.

use std::io::Write;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::harness::{Answer, Ask, PASSWORD, Server, ask, component, connect, get, read_answer};

const SHOP: &str = r#"
app = "shop"
[functions.a]
component = "components/attacker.wasm"
routes = ["/hog", "/swallow", "/panic", "/resources"]
access = "public"
limits = { request_body_bytes = 1000, memory_bytes = 16777216, resources = 100 }
[functions.busy]
component = "components/attacker.wasm"
routes = ["/loop"]
access = "public"
limits = { cpu_ms = 100 }
[functions.slow]
component = "components/attacker.wasm"
routes = ["/slow"]
access = "public"
limits = { wall_ms = 300 }
[functions.managers]
component = "components/hello.wasm"
routes = ["GET /managers"]
access = { roles = ["manager"] }
[functions.rare]
component = "components/hello.wasm"
routes = ["GET /rare"]
access = "public"
limits = { rate = { address = 1 } }
"#;

/// The answers so far, as they are kept.
struct Page {
    to: SocketAddr,
    text: String,
}

impl Page {
    fn new(to: SocketAddr) -> Self {
        Self { to, text: String::new() }
    }

    fn ask(&mut self, what: &str, ask: &Ask) {
        let answer = ask.send(self.to);
        self.keep(what, &format!("{} {}", ask.method, blank(&ask.path)), &answer);
    }

    /// A request that no proper client would send.
    fn raw(&mut self, what: &str, head: &str) {
        let mut stream = connect([127, 0, 0, 1].into(), self.to).unwrap();
        stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        let answer = read_answer(stream).unwrap();
        let line: String = head.lines().next().unwrap().chars().take(60).collect();
        self.keep(what, &line, &answer);
    }

    fn keep(&mut self, what: &str, line: &str, answer: &Answer) {
        assert!(answer.status >= 400, "{what}: {} {}", answer.status, answer.text());
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| match name.as_str() {
                "casemate-request-id" => format!("{name}: ID\n"),
                _ => format!("{name}: {value}\n"),
            })
            .collect();
        headers.sort();
        let (headers, body) = (headers.concat(), blank(&answer.text()));
        self.text.push_str(&format!("# {what}\n{line}\n\n{}\n{headers}\n{body}\n\n\n", answer.status));
    }
}

/// Blanks what differs from run to run: digests, request ids, principals' ids.
fn blank(text: &str) -> String {
    let mut blanked = String::new();
    let mut hex = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() || ('a'..='f').contains(&c) {
            hex.push(c);
            continue;
        }
        blanked.push_str(if hex.len() >= 26 { "HEX" } else { &hex });
        hex.clear();
        blanked.push(c);
    }
    blanked.trim_end_matches('\n').to_owned()
}

/// A token whose signature was changed.
fn forged(token: &str) -> String {
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let others: String = signature.chars().skip(1).collect();
    format!("{rest}.{first}{others}")
}

/// A token that has just expired; the loop ends by itself.
fn expired(server: &Server, control: &str) -> String {
    let wish = json!({ "lifetime_secs": 1 });
    let issued = server.control(&ask("POST", "localhost", "/v1/apps/shop/token").json(&wish).token(control));
    let token = issued["access_token"].as_str().unwrap().to_owned();
    let since = std::time::Instant::now();
    // From another address: what asks so fast has no rate left.
    let ask = get("shop.localhost", "/managers").token(&token).from([127, 0, 0, 2]);
    while server.call(&ask).status != 401 {
        assert!(since.elapsed().as_secs() < 5, "it is still taken");
    }
    token
}

#[test]
fn of_the_data_listener() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    server.user("bob", &["shop/guest"]);
    server.user("mary", &["shop/manager"]);
    server.user("eve", &[]);
    let (bob, mary, eve) =
        (server.sign_in("shop", "bob"), server.sign_in("shop", "mary"), server.sign_in("shop", "eve"));
    let expired = expired(&server, &server.control_token("mary"));
    let mut page = Page::new(server.listen);
    let shop = |path: &str| get("shop.localhost", path);
    let post = |path: &str| ask("POST", "shop.localhost", path);
    let sign_in = |body: Value| post("/.casemate/sign-in").json(&body);
    let right = json!({ "username": "bob", "password": PASSWORD });

    page.ask("unknown host", &get("nobody.localhost", "/"));
    page.ask("unknown host, with a token", &get("nobody.localhost", "/").token(&bob));
    page.ask("no host of ours", &get("example.com", "/"));
    page.ask("unknown route, without a token", &shop("/nothing"));
    page.ask("unknown route, with a token", &shop("/nothing").token(&bob));
    page.ask("a method that the route does not have", &post("/managers").token(&mary));
    page.ask("no token", &shop("/managers"));
    page.ask("an expired token", &shop("/managers").token(&expired));
    page.ask("a forged token", &shop("/managers").token(&forged(&mary)));
    page.ask("no token at all in the header", &shop("/managers").header("authorization", "Basic Ym9iOng="));
    page.ask("forbidden, with a role in the app", &shop("/managers").token(&bob));
    page.ask("forbidden, without any role", &shop("/managers").token(&eve));
    page.ask("a body too large for the function", &post("/swallow").bytes(&[b'x'; 2_000]));
    let refused = std::iter::repeat_with(|| server.call(&shop("/rare"))).find(|answer| answer.status == 429);
    page.keep("too many requests", "GET /rare", &refused.unwrap());
    page.ask("too much CPU time", &shop("/loop"));
    page.ask("too much time", &shop("/slow?seconds=60"));
    page.ask("too much memory", &shop("/hog"));
    page.ask("too many handles", &shop("/resources?count=10000"));
    page.ask("a function that fails", &shop("/panic"));
    page.ask("a wrong password", &sign_in(json!({ "username": "bob", "password": "wrong" })));
    page.ask("a user who is not there", &sign_in(json!({ "username": "zoe", "password": "wrong" })));
    page.ask("a session that is not there", &post("/.casemate/token").json(&json!({ "session": "x" })));
    page.ask(
        "wrong JSON",
        &post("/.casemate/sign-in").bytes(b"{").header("content-type", "application/json"),
    );
    page.ask("JSON with a field too many", &sign_in(json!({ "username": "bob", "role": "admin" })));
    page.ask("no JSON", &post("/.casemate/sign-in").bytes(b"username=bob"));
    page.ask("sign-in from another site", &sign_in(right).header("origin", "https://evil.example"));
    page.ask("a path of the platform that is not there", &shop("/.casemate/nothing"));
    wire(&mut page, "shop.localhost");
    insta::assert_snapshot!("data", page.text);
}

#[test]
fn of_the_control_listener() {
    let mut server = Server::start_with("component_max_bytes = 300000\n");
    let code = json!({ "code": "wrong", "username": "eve", "password": PASSWORD });
    let setup = ask("POST", "localhost", "/v1/setup").json(&code);
    let mut page = Page::new(server.control);
    page.ask("a wrong setup code", &setup);
    server.deploy("shop", SHOP);
    page.ask("setup after the setup", &setup);
    server.user("eve", &[]);
    server.user("bob", &["shop/guest"]);
    let (admin, eve, bob) = (server.admin(), server.control_token("eve"), server.control_token("bob"));
    let app_token = server.sign_in("shop", "bob");

    let users = |token: &str| get("localhost", "/v1/users").token(token);
    page.ask("no token", &get("localhost", "/v1/users"));
    page.ask("no token, no such call", &get("localhost", "/v1/nothing"));
    page.ask("a forged token", &users(&forged(&admin)));
    page.ask("a token of an app", &users(&app_token));
    page.ask("an API key that is none", &users("cmk_0000"));
    page.ask("forbidden", &users(&eve));
    page.ask("forbidden, with a role in the app", &get("localhost", "/v1/apps/shop").token(&bob));
    page.ask("forbidden, without any role", &get("localhost", "/v1/apps/shop").token(&eve));
    page.ask("an app that is not there", &get("localhost", "/v1/apps/absent").token(&eve));
    page.ask(
        "an app that is not there, for the administrator",
        &get("localhost", "/v1/apps/absent").token(&admin),
    );
    page.ask("no such call", &get("localhost", "/v1/nothing").token(&admin));
    page.ask("a method that the call does not have", &ask("PUT", "localhost", "/v1/users").token(&admin));
    page.ask(
        "a request that is not there",
        &get("localhost", &format!("/v1/requests/{}", "0".repeat(32))).token(&admin),
    );
    page.ask("logs of an app that is not there", &get("localhost", "/v1/apps/absent/logs").token(&admin));
    page.ask("a query that cannot be read", &get("localhost", "/v1/apps/shop/logs?limit=0").token(&admin));
    accounts(&mut page, &admin);
    deploys(&mut page, &admin);
    page.ask("a host that is not the control listener's", &get("evil.example", "/v1/users").token(&admin));
    wire(&mut page, "localhost");
    insta::assert_snapshot!("control", page.text);
}

fn accounts(page: &mut Page, admin: &str) {
    let call =
        |method: &str, path: &str, body: Value| ask(method, "localhost", path).json(&body).token(admin);
    let user =
        |name: &str, password: &str| call("POST", "/v1/users", json!({ "name": name, "password": password }));
    page.ask(
        "a wrong password",
        &ask("POST", "localhost", "/v1/sign-in").json(&json!({ "username": "eve", "password": "x" })),
    );
    page.ask("a password too short", &user("zoe", "short"));
    page.ask("a name that is none", &user("zoe zoe", PASSWORD));
    page.ask("a name that is taken", &user("eve", PASSWORD));
    page.ask("a user who is not there", &call("PATCH", "/v1/users/zoe", json!({ "enabled": false })));
    page.ask(
        "the last administrator disabled",
        &call("PATCH", "/v1/users/admin", json!({ "enabled": false })),
    );
    page.ask(
        "the last administrator's role taken",
        &call("DELETE", "/v1/apps/casemate/roles/admin/admin", Value::Null),
    );
    page.ask("a role for nobody", &call("PUT", "/v1/apps/shop/roles/guest/zoe", Value::Null));
    page.ask("a service that is not there", &call("DELETE", "/v1/services/zoe", Value::Null));
    page.ask("a token for an app that is not there", &call("POST", "/v1/apps/absent/token", json!({})));
    page.ask("a policy that is not there", &call("DELETE", "/v1/policies/night", Value::Null));
    let policy = |text: &[u8]| ask("PUT", "localhost", "/v1/policies/night").bytes(text).token(admin);
    page.ask("a policy that does not parse", &policy(b"permit (principal"));
    page.ask(
        "a policy that does not validate",
        &policy(b"permit (principal, action, resource) when { context.nonsense };"),
    );
    page.ask("a policy too large", &policy(&[b' '; (64 << 10) + 1]));
    page.ask(
        "wrong JSON",
        &ask("POST", "localhost", "/v1/users")
            .bytes(b"{\"name\": bob}")
            .header("content-type", "application/json")
            .token(admin),
    );
    page.ask(
        "JSON of another shape",
        &call("POST", "/v1/users", json!({ "name": ["bob"], "password": PASSWORD })),
    );
    page.ask(
        "JSON with a field too many",
        &call("POST", "/v1/users", json!({ "name": "zoe", "password": PASSWORD, "admin": true })),
    );
    page.ask("no JSON", &ask("POST", "localhost", "/v1/users").bytes(b"name=bob").token(admin));
    page.ask("JSON too large", &call("POST", "/v1/users", json!({ "name": "x".repeat(1 << 20) })));
}

fn deploys(page: &mut Page, admin: &str) {
    let hello = component("components/hello.wasm");
    let digest = |bytes: &[u8]| casemate_server::sha256(bytes).to_hex();
    let upload = |announced: String, bytes: &[u8]| {
        ask("PUT", "localhost", &format!("/v1/components/{announced}")).bytes(bytes).token(admin)
    };
    let sockets = component("components/sockets.wasm");
    page.ask("a component with an import that there is not", &upload(digest(&sockets), &sockets));
    page.ask("no component", &upload(digest(b"text"), b"text"));
    page.ask("half a component", &upload(digest(&hello[..20_000]), &hello[..20_000]));
    page.ask("a component of another digest", &upload("0".repeat(64), b"text"));
    page.ask("a component too large", &upload("0".repeat(64), &vec![0; 300_001]));
    assert_eq!(upload(digest(&hello), &hello).send(page.to).status, 200);

    let there = json!({ "a": format!("sha256:{}", digest(&hello)) });
    let mut deploy = |what: &str, manifest: &str, components: &Value| {
        let body = json!({ "manifest": manifest, "components": components });
        page.ask(what, &ask("POST", "localhost", "/v1/apps/hi/revisions").json(&body).token(admin));
    };
    let good = "app = \"hi\"\n[functions.a]\ncomponent = \"a.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n";
    deploy("a manifest that is no TOML", "app = ", &there);
    deploy("a manifest with an unknown key", &good.replace("access", "acces"), &there);
    deploy("a manifest with an unknown word", &good.replace("public", "publik"), &there);
    deploy(
        "a manifest with a grant on a store that is not there",
        &format!("{good}grants.kv = {{ x = [\"get\"] }}\n"),
        &there,
    );
    deploy(
        "a manifest with a limit above its ceiling",
        &format!("{good}limits = {{ cpu_ms = 99999999 }}\n"),
        &there,
    );
    deploy(
        "a manifest whose limits the component does not fit",
        &format!("{good}limits = {{ memory_bytes = 65536 }}\n"),
        &there,
    );
    deploy("a manifest of another app", &good.replace("\"hi\"", "\"ho\""), &there);
    deploy("a function without its component", good, &json!({}));
    deploy("a component without its function", good, &json!({ "a": there["a"], "b": there["a"] }));
    deploy("a component that was not uploaded", good, &json!({ "a": format!("sha256:{}", "0".repeat(64)) }));
    deploy("a digest that is none", good, &json!({ "a": "sha256:xyz" }));
}

/// What the edge refuses before anybody looks at who asks.
fn wire(page: &mut Page, host: &str) {
    page.raw("a method that is not let in", &format!("TRACE / HTTP/1.1\r\nhost: {host}"));
    page.raw("no host", "GET / HTTP/1.1");
    page.raw("two hosts", &format!("GET / HTTP/1.1\r\nhost: {host}\r\nhost: {host}"));
    page.raw("a path with two readings", &format!("GET /a/%2e%2e%2fb HTTP/1.1\r\nhost: {host}"));
    page.raw(
        "two lengths",
        &format!("POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1\r\ncontent-length: 2"),
    );
    page.raw(
        "an upgrade",
        &format!("GET / HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade"),
    );
    page.raw("an old version of HTTP", &format!("GET / HTTP/1.0\r\nhost: {host}"));
    page.raw("a target too long", &format!("GET /{} HTTP/1.1\r\nhost: {host}", "x".repeat(9_000)));
    page.raw("too many headers", &format!("GET / HTTP/1.1\r\nhost: {host}{}", "\r\nx: y".repeat(101)));
    page.raw(
        "a body too large for the server",
        &format!("POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: 99999999999"),
    );
}
