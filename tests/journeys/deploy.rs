//! A function is deployed, called, decided and recorded.

use serde_json::json;

use crate::harness::{Server, ask, get};

const HELLO: &str = r#"
app = "hello"
[functions.public]
component = "components/hello.wasm"
routes = ["GET /"]
access = "public"
[functions.modern]
component = "components/hello3.wasm"
routes = ["GET /modern"]
access = "signed-in"
[functions.managers]
component = "components/hello.wasm"
routes = ["GET /managers"]
access = { roles = ["manager"] }
[functions.closed]
component = "components/hello.wasm"
routes = ["GET /closed"]
"#;

#[test]
fn access_is_what_the_manifest_says() {
    let mut server = Server::start();
    let revision = server.deploy("hello", HELLO);
    assert_eq!(revision["revision"], 1);
    let notes = revision["notes"].to_string();
    assert!(notes.contains("everyone may call it") && notes.contains("nobody may call it"), "{notes}");

    server.user("bob", &[]);
    server.user("mary", &["hello/manager"]);
    let (bob, mary) = (server.sign_in("hello", "bob"), server.sign_in("hello", "mary"));
    let check = |path: &str, token: Option<&str>, status: u16| {
        let mut call = get("hello.localhost", path);
        if let Some(token) = token {
            call = call.token(token);
        }
        let answer = server.call(&call);
        assert_eq!(answer.status, status, "{path} {token:?}: {}", answer.text());
        answer
    };
    assert!(check("/", None, 200).text().to_lowercase().contains("hello"));
    check("/", Some(&bob), 200);
    check("/modern", None, 401);
    check("/modern", Some(&bob), 200);
    check("/managers", None, 401);
    check("/managers", Some(&mary), 200);
    check("/closed", None, 401);
    check("/nothing", None, 401);
    // Whoever has no role in the app does not learn what it hides; whoever has one is told no.
    check("/nothing", Some(&bob), 404);
    assert!([403, 404].contains(&server.call(&get("hello.localhost", "/managers").token(&bob)).status));
    assert_eq!(server.call(&get("hello.localhost", "/closed").token(&mary)).status, 403);

    let report = server.verify();
    assert!(report.checkpoint.size > 20);
}

#[test]
fn an_anonymous_caller_reads_the_same_401_everywhere() {
    let mut server = Server::start();
    server.deploy("hello", HELLO);
    let answers: Vec<_> = [
        ("hello.localhost", "/modern"),
        ("hello.localhost", "/closed"),
        ("hello.localhost", "/nothing"),
        ("nobody.localhost", "/"),
    ]
    .into_iter()
    .map(|(host, path)| {
        let mut answer = server.call(&get(host, path));
        answer.headers.retain(|(name, _)| name != "casemate-request-id" && name != "date");
        (answer.status, answer.headers, answer.body)
    })
    .collect();
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn a_new_revision_replaces_the_old_one_and_survives_a_restart() {
    let mut server = Server::start();
    server.deploy("hello", HELLO);
    assert_eq!(server.call(&get("hello.localhost", "/")).status, 200);
    let second = server.deploy("hello", &HELLO.replace("routes = [\"GET /\"]", "routes = [\"GET /moved\"]"));
    assert_eq!(second["revision"], 2);
    assert_eq!(server.call(&get("hello.localhost", "/")).status, 401);
    assert_eq!(server.call(&get("hello.localhost", "/moved")).status, 200);
    server.stop();
    server.restart();
    assert!(server.setup_code.is_none(), "a setup code is for a first start only");
    assert_eq!(server.call(&get("hello.localhost", "/moved")).status, 200);
}

#[test]
fn roles_and_written_policies_take_effect_at_once() {
    let mut server = Server::start();
    server.deploy("hello", HELLO);
    server.user("bob", &[]);
    let (admin, bob) = (server.admin(), server.sign_in("hello", "bob"));
    let managers = || server.call(&get("hello.localhost", "/managers").token(&bob)).status;
    assert_ne!(managers(), 200);
    let role = ask("PUT", "localhost", "/v1/apps/hello/roles/manager/bob").token(&admin);
    server.control(&role);
    assert_eq!(managers(), 200);

    let forbid =
        "forbid (principal, action == Action::\"invoke\", resource) when { context.path == \"/managers\" };";
    let put = |text: &str| {
        server
            .try_control(&ask("PUT", "localhost", "/v1/policies/night").bytes(text.as_bytes()).token(&admin))
    };
    let wrong = put("permit (principal, action, resource) when { context.nonsense };");
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert_eq!(managers(), 200, "a policy that does not validate changes nothing");
    let written = put(forbid);
    assert_eq!(written.status, 204, "{}", written.text());
    assert_eq!(managers(), 403);
    server.control(&ask("DELETE", "localhost", "/v1/policies/night").token(&admin));
    assert_eq!(managers(), 200);
    server.control(&ask("DELETE", "localhost", "/v1/apps/hello/roles/manager/bob").token(&admin));
    assert_ne!(managers(), 200);
}

#[test]
fn a_shop_keeps_customers_apart() {
    let mut server = Server::start();
    let shop = std::fs::read_to_string(crate::harness::repository().join("examples/shop.toml")).unwrap();
    server.deploy("shop", &shop);
    server.user("alice", &[]);
    server.user("bob", &[]);
    let (alice, bob) = (server.sign_in("shop", "alice"), server.sign_in("shop", "bob"));
    let order = json!({ "item": "rope", "quantity": 2 });
    let created = server.call(&ask("POST", "shop.localhost", "/orders").json(&order).token(&alice));
    assert_eq!(created.status, 201, "{}", created.text());
    let read = |token: &str| server.call(&get("shop.localhost", "/orders/1").token(token));
    assert_eq!(read(&alice).status, 200);
    assert_eq!(read(&bob).status, 404);
    assert_eq!(server.call(&get("shop.localhost", "/orders").token(&bob)).text().trim(), "[]");
}
