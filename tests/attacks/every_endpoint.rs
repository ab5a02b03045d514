//! A ratchet: every endpoint of `docs/control-api.md` is asked without a token, by someone without rights, about things that are
//! there and things that are not, with a body that is too large, and by the administrator. An endpoint that the page names and
//! this file does not, or the other way round, fails; so does one that the page and the action table do not both have.

use std::collections::{BTreeMap, BTreeSet};

use casemate_core::{ACTIONS, Audience};
use serde_json::{Value, json};

use crate::harness::{Answer, Ask, PASSWORD, Server, ask, component, connect, get, repository};

/// What is not as it is elsewhere, each with its reason. This list may only become shorter: a part of it that is no longer so
/// fails as well.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("POST /v1/setup", "needs no token", "the setup code is the credential"),
    ("POST /v1/sign-in", "needs no token", "the password or the session is the credential"),
    ("POST /v1/sign-out", "needs no token", "the session is the credential"),
    ("POST /v1/sign-out", "refuses nobody", "a session that is not there has ended already"),
    ("POST /.casemate/sign-in", "needs no token", "the password is the credential"),
    ("POST /.casemate/token", "needs no token", "the session is the credential"),
    ("POST /.casemate/sign-out", "needs no token", "the session is the credential"),
    ("POST /.casemate/sign-out", "refuses nobody", "a session that is not there has ended already"),
    ("GET /.well-known/jwks.json", "needs no token", "public keys are public"),
    ("GET /.well-known/jwks.json", "refuses nobody", "public keys are public"),
];

/// One row of the page.
#[derive(Debug)]
struct Endpoint {
    call: String,
    body: String,
    /// The status that it promises.
    status: u16,
}

/// The rows of the page's two tables.
fn endpoints() -> Vec<Endpoint> {
    let page = std::fs::read_to_string(repository().join("docs/control-api.md")).unwrap();
    let endpoint = |row: &str| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, call, body, answer, _] = cells.as_slice() else { panic!("not three cells: {row}") };
        let call = call.trim_matches('`').split('?').next().unwrap().replace("{sha256 hex}", "{digest}");
        let status = answer.trim_start_matches('`').get(..3).and_then(|code| code.parse().ok());
        Endpoint { call, body: (*body).to_owned(), status: status.unwrap_or(200) }
    };
    page.lines().filter(|line| line.starts_with("| `")).map(endpoint).collect()
}

#[test]
fn the_page_and_the_action_table_name_the_same_endpoints() {
    let page: BTreeSet<_> = endpoints().into_iter().map(|endpoint| endpoint.call).collect();
    let table: BTreeSet<_> = ACTIONS
        .iter()
        .filter(|row| row.audience != Audience::Guest)
        .flat_map(|row| row.enters.iter().map(|enters| (*enters).to_owned()))
        // Functions have the routes of their manifests; nothing is decided on public keys.
        .filter(|enters| enters != "any route")
        .chain(["GET /.well-known/jwks.json".to_owned()])
        .collect();
    assert_eq!(page, table);
}

#[test]
fn every_endpoint_is_closed_to_others_and_open_to_the_administrator() {
    let rows = endpoints();
    let world = World::new(rows.iter().find(|row| row.call == "POST /v1/setup").unwrap());
    let mut found = BTreeSet::from([("POST /v1/setup".to_owned(), "needs no token")]);
    for row in rows.iter().filter(|row| row.call != "POST /v1/setup") {
        world.probe(row, &mut found);
    }
    let excepted: BTreeSet<_> =
        EXCEPTIONS.iter().map(|(call, part, _)| ((*call).to_owned(), *part)).collect();
    assert_eq!(found, excepted, "left: what was found; right: the exceptions");
}

#[test]
fn the_platforms_own_paths_have_a_rate() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    for path in ["/.well-known/jwks.json", "/.casemate/sign-in", "/.casemate/token", "/.casemate/sign-out"] {
        // All on one connection and at once: faster than the rate, however slow the machine.
        let verb = if path.ends_with("json") { "GET" } else { "POST" };
        let one = format!("{verb} {path} HTTP/1.1\r\nhost: shop.localhost\r\ncontent-length: 0\r\n\r\n");
        let last = one.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        let mut stream = connect([127, 0, 0, 9].into(), server.listen).unwrap();
        std::io::Write::write_all(&mut stream, (one.repeat(600) + &last).as_bytes()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        let refused = text.matches("HTTP/1.1 429").count();
        assert!(refused > 0, "{path}: none of 601 was refused");
        assert_eq!(text.matches("\"limit\":\"rate.address\"").count(), refused, "{path}");
    }
}

const SHOP: &str = "app = \"shop\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = { roles = [\"guest\"] }\n";
const TOO_LARGE_COMPONENT: usize = 300_000;

struct World {
    server: Server,
    admin: String,
    /// Signed in, without any role.
    nobody: String,
    things: BTreeMap<&'static str, String>,
}

impl World {
    /// A server whose administrator came in through the first endpoint.
    fn new(setup: &Endpoint) -> Self {
        let mut server = Server::start_with(&format!("component_max_bytes = {TOO_LARGE_COMPONENT}\n"));
        let code = server.setup_code.clone().unwrap();
        let body = |code: &str| json!({ "code": code, "username": "admin", "password": PASSWORD });
        let post = |body: Value| ask("POST", "localhost", "/v1/setup").json(&body).send(server.control);
        assert_eq!(post(body("aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa")).status, 401);
        assert_eq!(post(json!({ "code": "x".repeat(1 << 20) })).status, 413);
        assert_eq!(post(body(&code)).status, setup.status);
        assert_eq!(post(body(&code)).status, 401, "it works once");
        server.setup_code = None;

        let admin = server.admin();
        server.deploy("shop", SHOP);
        server.user("nobody", &[]);
        server.user("carol", &["shop/guest"]);
        let nobody = server.control_token("nobody");
        let request = server.call(&get("shop.localhost", "/")).request_id();
        let digest = casemate_server::sha256(&component("components/hello.wasm"));
        let things = BTreeMap::from([
            ("{app}", "shop".to_owned()),
            ("{role}", "guest".to_owned()),
            ("{member}", "carol".to_owned()),
            ("{digest}", digest.to_hex()),
            ("{id}", request),
        ]);
        Self { server, admin, nobody, things }
    }

    /// The body with which the administrator is served, and for endpoints whose body is the credential, one with a wrong one.
    fn bodies(&self, row: &Endpoint) -> (Vec<u8>, Option<Vec<u8>>) {
        let json = |value: Value| value.to_string().into_bytes();
        let session = |path: &str| {
            let body = json!({ "username": "carol", "password": PASSWORD });
            let (host, to) = self.place(path);
            let answer = ask("POST", host, path).json(&body).send(to).json();
            answer["session"].as_str().unwrap().to_owned()
        };
        let password = |word: &str| json(json!({ "username": "carol", "password": word }));
        let handle = |path: &str| json(json!({ "session": session(path) }));
        let wrong = || Some(json(json!({ "session": session("/v1/sign-in").replace(|_: char| true, "A") })));
        match (row.call.as_str(), row.body.contains("session")) {
            ("POST /v1/sign-in" | "POST /.casemate/sign-in", false) => {
                (password(PASSWORD), Some(password("wrong horse battery staple")))
            }
            ("POST /v1/sign-in" | "POST /v1/sign-out", true) => (handle("/v1/sign-in"), wrong()),
            ("POST /.casemate/token" | "POST /.casemate/sign-out", true) => {
                (handle("/.casemate/sign-in"), wrong())
            }
            ("POST /v1/users", _) => (json(json!({ "name": "dave", "password": PASSWORD })), None),
            ("PATCH /v1/users/{name}", _) => (json(json!({ "enabled": true })), None),
            ("POST /v1/services", _) => (json(json!({ "name": "robot", "app": "shop" })), None),
            ("PUT /v1/components/{digest}", _) => (component("components/hello.wasm"), None),
            ("POST /v1/apps/{app}/revisions", _) => {
                let digest = format!("sha256:{}", self.things["{digest}"]);
                (json(json!({ "manifest": SHOP, "components": { "a": digest } })), None)
            }
            ("POST /v1/apps/{app}/token", _) => (json(json!({ "lifetime_secs": 60 })), None),
            ("PUT /v1/policies/{name}", _) => {
                (b"forbid (principal, action == Action::\"key-rotate\", resource) unless { principal in Role::\"casemate/admin\" };".to_vec(), None)
            }
            (call, _) => {
                assert!(row.body.is_empty(), "`{call}` reads a body, and no case here has one for it");
                (Vec::new(), None)
            }
        }
    }

    fn place(&self, path: &str) -> (&'static str, std::net::SocketAddr) {
        if path.starts_with("/v1/") {
            ("localhost", self.server.control)
        } else {
            ("shop.localhost", self.server.listen)
        }
    }

    fn ask(&self, row: &Endpoint, there: bool, body: &[u8], token: Option<&str>) -> Answer {
        let (method, path) = row.call.split_once(' ').unwrap();
        let mut path = path.to_owned();
        for (place, thing) in &self.things {
            let absent = match *place {
                "{digest}" | "{id}" => thing.replace(|_: char| true, "0"),
                _ => "absent".to_owned(),
            };
            path = path.replace(place, if there { thing } else { &absent });
        }
        // Names are of users, services and policies.
        let name = match path.split('/').nth(2) {
            _ if !there => "absent",
            Some("users") => "carol",
            Some("services") => "robot",
            _ => "night",
        };
        let (host, to) = self.place(&path);
        let mut ask: Ask = ask(method, host, &path.replace("{name}", name)).bytes(body);
        if let Some(token) = token {
            ask = ask.token(token);
        }
        if !body.is_empty() {
            ask = ask.header("content-type", "application/json");
        }
        ask.send(to)
    }

    /// Asks an endpoint in every way, and notes what is not as it should be.
    fn probe(&self, row: &Endpoint, found: &mut BTreeSet<(String, &'static str)>) {
        let call = &row.call;
        let mut part = |part: &'static str, so: bool| {
            if so {
                found.insert((call.clone(), part));
            }
        };
        let (good, wrong) = self.bodies(row);
        // Without a token: with a wrong credential where the body is the credential, else with the administrator's own body.
        let refused = self.ask(row, true, wrong.as_deref().unwrap_or(&good), None);
        part("refuses nobody", refused.status != 401);
        let anonymous = match wrong {
            Some(_) => 200,
            None => refused.status,
        };
        part("needs no token", anonymous != 401);
        if wrong.is_none() && anonymous == 401 {
            let there = self.ask(row, true, &good, Some(&self.nobody));
            part("serves whoever is signed in", ![403, 404].contains(&there.status));
            // What is there and what is not are refused alike, and the words tell nothing.
            let absent = self.ask(row, false, &good, Some(&self.nobody));
            part("tells what is there", (there.status, &there.body) != (absent.status, &absent.body));
            let words = ["detail", "help", "limit"];
            part("gives reasons", words.iter().any(|word| !there.json()[word].is_null()));
        }
        if !row.body.is_empty() {
            let bound = match call.as_str() {
                "PUT /v1/components/{digest}" => TOO_LARGE_COMPONENT,
                "PUT /v1/policies/{name}" => 64 << 10,
                _ => 1 << 20,
            };
            let answer = self.ask(row, true, &vec![b' '; bound + 1], Some(&self.admin));
            part("bounds no body", answer.status != 413 || answer.limit().is_empty());
        }
        let served = self.ask(row, true, &good, (anonymous == 401).then_some(self.admin.as_str()));
        assert_eq!(served.status, row.status, "{call}, for the administrator: {}", served.text());
    }
}
