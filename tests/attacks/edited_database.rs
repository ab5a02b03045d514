//! Somebody with write access to the database file, and without the root key, gives themselves what they were not given, or takes
//! back that it was taken.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, ask, get};

const APP: &str = "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n";

/// Runs a statement past the server.
fn edit(server: &Server, sql: &str) {
    let database = rusqlite::Connection::open(server.data().join("casemate.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    assert!(database.execute(sql, []).unwrap() > 0, "it changed nothing: {sql}");
}

fn id_of(server: &mut Server, name: &str) -> String {
    let admin = server.admin();
    let users = server.control(&get("localhost", "/v1/users").token(&admin));
    let found = users["users"].as_array().unwrap().iter().find(|user| user["name"] == name).cloned();
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Whether a token administers the platform.
fn administers(server: &Server, token: &str) -> bool {
    server.try_control(&get("localhost", "/v1/users").token(token)).status == 200
}

fn sign_in(server: &Server, name: &str) -> u16 {
    let body = json!({ "username": name, "password": PASSWORD });
    server.call(&ask("POST", "hello.localhost", "/.casemate/sign-in").json(&body)).status
}

/// What the server says instead of starting.
fn refusal(server: &Server) -> String {
    let output = server
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success(), "it started on an edited database");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_inserted_membership_is_none() {
    let mut server = Server::start();
    server.user("mallory", &[]);
    let (admin, mallory) = (id_of(&mut server, "admin"), id_of(&mut server, "mallory"));
    server.stop();
    server.restart();
    let token = server.control_token("admin");
    assert!(administers(&server, &token), "control: a restart on an unedited database changes nothing");
    server.stop();
    edit(
        &server,
        &format!(
            "INSERT INTO memberships (app, role, principal, since, proof)
             SELECT app, role, replace(principal, '{admin}', '{mallory}'), since, proof FROM memberships
             WHERE principal LIKE '%{admin}%'"
        ),
    );
    server.restart();
    let (own, theirs) = (server.control_token("admin"), server.control_token("mallory"));
    assert!(!administers(&server, &theirs), "an inserted row made an administrator");
    assert!(administers(&server, &own), "what was given stays given");
    // Control: the same role, given by who may.
    server.control(&ask("PUT", "localhost", "/v1/apps/casemate/roles/admin/mallory").token(&own));
    assert!(administers(&server, &theirs));
}

#[test]
fn a_membership_removed_or_put_back_is_noticed() {
    let mut server = Server::start();
    server.user("bob", &["casemate/admin"]);
    let bob = id_of(&mut server, "bob");
    let row = {
        let database = rusqlite::Connection::open(server.data().join("casemate.db")).unwrap();
        database
            .query_row(
                "SELECT quote(app) || ',' || quote(role) || ',' || quote(principal) || ',' || quote(since) || ',' || quote(proof)
                 FROM memberships WHERE principal LIKE ?1",
                [format!("%{bob}%")],
                |row| row.get::<_, String>(0),
            )
            .unwrap()
    };
    let admin = server.admin();
    server.control(&ask("DELETE", "localhost", "/v1/apps/casemate/roles/admin/bob").token(&admin));
    server.stop();
    edit(&server, &format!("INSERT INTO memberships VALUES ({row})"));
    let words = refusal(&server);
    assert!(words.contains("memberships") && words.contains("edited"), "{words}");
    edit(&server, &format!("DELETE FROM memberships WHERE principal LIKE '%{bob}%'"));
    server.restart();
    assert!(!administers(&server, &server.control_token("bob")), "control: as it was, it starts");
    server.stop();
    // Without its only administrator the server would print a new setup code.
    edit(&server, "DELETE FROM memberships");
    assert!(refusal(&server).contains("edited"));
}

#[test]
fn what_was_ended_stays_ended() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("bob", &[]);
    let admin = server.admin();
    let post = |server: &Server, path: &str, body: Value| {
        server.call(&ask("POST", "hello.localhost", path).json(&body))
    };
    let session =
        post(&server, "/.casemate/sign-in", json!({ "username": "bob", "password": PASSWORD })).json();
    let session = session["session"].as_str().unwrap().to_owned();
    let service = json!({ "name": "robot", "app": "hello" });
    let made = server.control(&ask("POST", "localhost", "/v1/services").json(&service).token(&admin));
    let key = made["api_key"].as_str().unwrap().to_owned();
    let call = |server: &Server| server.call(&get("hello.localhost", "/").token(&key)).status;
    assert_eq!(call(&server), 200, "control: the key is good");
    server.control(&ask("DELETE", "localhost", "/v1/services/robot").token(&admin));
    let bob = |server: &Server, enabled: bool| {
        let change = json!({ "enabled": enabled });
        server.control(&ask("PATCH", "localhost", "/v1/users/bob").json(&change).token(&admin));
    };
    bob(&server, false);
    server.stop();
    edit(&server, "UPDATE services SET revoked_at = NULL");
    edit(&server, "UPDATE api_keys SET revoked_at = NULL");
    edit(&server, "UPDATE sessions SET revoked_at = NULL");
    // Also with a proof, of somebody else.
    let proof = "(SELECT proof FROM users WHERE proof IS NOT NULL LIMIT 1)";
    edit(
        &server,
        &format!("UPDATE users SET disabled_at = NULL, proof = {proof} WHERE disabled_at IS NOT NULL"),
    );
    server.restart();
    assert_eq!(call(&server), 401, "the revoked key works again");
    assert_eq!(sign_in(&server, "bob"), 401, "the disabled user may sign in again");
    assert_eq!(post(&server, "/.casemate/token", json!({ "session": session })).status, 401);
    // Control: enabled by who may, with the same row.
    bob(&server, true);
    assert_eq!(sign_in(&server, "bob"), 200);
    assert_eq!(
        post(&server, "/.casemate/token", json!({ "session": session })).status,
        401,
        "and nothing else"
    );
}

#[test]
fn a_session_or_key_does_not_become_anothers() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("mallory", &[]);
    let (admin, mallory) = (id_of(&mut server, "admin"), id_of(&mut server, "mallory"));
    let renew = |server: &Server, session: &str| {
        let answer =
            server.try_control(&ask("POST", "localhost", "/v1/sign-in").json(&json!({ "session": session })));
        (answer.status, answer.json())
    };
    let body = json!({ "username": "mallory", "password": PASSWORD });
    let signed_in = server.control(&ask("POST", "localhost", "/v1/sign-in").json(&body));
    let (status, renewed) = renew(&server, signed_in["session"].as_str().unwrap());
    assert_eq!(status, 200, "control: the session renews");
    edit(&server, &format!("UPDATE sessions SET user = '{admin}' WHERE user = '{mallory}'"));
    assert_eq!(renew(&server, renewed["session"].as_str().unwrap()).0, 401, "it renews as the administrator");
    let token = server.admin();
    let key = |name: &str, app: &str| {
        let service = json!({ "name": name, "app": app });
        let made = server.control(&ask("POST", "localhost", "/v1/services").json(&service).token(&token));
        (made["id"].as_str().unwrap().to_owned(), made["api_key"].as_str().unwrap().to_owned())
    };
    let ((mine, key), (theirs, _)) = (key("mine", "hello"), key("theirs", "casemate"));
    server.control(&ask("PUT", "localhost", "/v1/apps/casemate/roles/admin/theirs").token(&token));
    assert_eq!(server.call(&get("hello.localhost", "/").token(&key)).status, 200, "control: the key is good");
    edit(&server, &format!("UPDATE api_keys SET service = '{theirs}' WHERE service = '{mine}'"));
    server.kill_9();
    server.restart();
    assert!(!administers(&server, &key), "the key speaks for another service");
}

#[test]
fn a_name_that_was_pointed_at_another_account_is_nobodys() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("victim", &[]);
    server.user("mallory", &[]);
    let (victim, mallory) = (id_of(&mut server, "victim"), id_of(&mut server, "mallory"));
    edit(&server, &format!("DELETE FROM account_names WHERE principal = '{mallory}'"));
    edit(&server, &format!("UPDATE account_names SET principal = '{mallory}' WHERE principal = '{victim}'"));
    let admin = server.admin();
    let given =
        server.try_control(&ask("PUT", "localhost", "/v1/apps/casemate/roles/admin/victim").token(&admin));
    assert_ne!(given.status, 204, "the role that was meant for another went to mallory");
    assert_ne!(sign_in(&server, "victim"), 200, "mallory's password signs in under another name");
    edit(&server, &format!("UPDATE account_names SET principal = '{victim}' WHERE principal = '{mallory}'"));
    assert_eq!(sign_in(&server, "victim"), 200, "control: as it was");
}

#[test]
fn roles_that_cannot_be_read_are_no_roles() {
    let mut server = Server::start();
    server.user("bob", &[]);
    let admin = server.admin();
    let unlock = |server: &Server| {
        let ask = ask("PATCH", "localhost", "/v1/users/bob").json(&json!({ "unlock": true })).token(&admin);
        server.try_control(&ask).status
    };
    assert_eq!(unlock(&server), 204, "control");
    edit(&server, "UPDATE membership_set SET proof = cast(proof || x'00' AS BLOB)");
    assert_eq!(
        unlock(&server),
        503,
        "a change is not reported as done when its roles cannot be put in force"
    );
    assert!(!administers(&server, &admin), "and the roles that were known before are not kept");
    // Put right, they are read again without a restart.
    edit(&server, "UPDATE membership_set SET proof = substr(proof, 1, 32)");
    let until = Instant::now() + Duration::from_secs(60);
    while !administers(&server, &admin) {
        assert!(Instant::now() < until, "the roles were not read again");
        std::thread::sleep(Duration::from_millis(200));
    }
}
