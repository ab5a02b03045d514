//! Guessing passwords: fast, in parallel, over aliases of a name; and learning from the answers who has an account.

use serde_json::json;

use crate::harness::{Answer, PASSWORD, Server, ask};

const APP: &str = "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n";

fn sign_in(server: &Server, name: &str, password: &str, from: [u8; 4]) -> Answer {
    let body = json!({ "username": name, "password": password });
    server.call(&ask("POST", "hello.localhost", "/.casemate/sign-in").json(&body).from(from))
}

fn visible(mut answer: Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    answer.headers.retain(|(name, _)| name != "casemate-request-id" && name != "date");
    (answer.status, answer.headers, answer.body)
}

#[test]
fn the_account_locks_and_says_nothing() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    for name in ["bob", "mary"] {
        server.user(name, &[]);
    }
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 9]).status, 200, "control: the right password");
    // Aliases of one name count as one.
    let names = ["bob", "BOB", "Bob", "bob", "bOb", "boB", "BOb", "bob", "bob", "bob", "bob", "bob"];
    let refused: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            visible(sign_in(&server, name, &format!("wrong password {number}"), [127, 0, 0, 10]))
        })
        .collect();
    let right = visible(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 10]));
    let unknown = visible(sign_in(&server, "nobody", "some password", [127, 0, 0, 12]));
    assert_eq!(refused[0].0, 401);
    assert_eq!(right, refused[0], "locked: even the right password gets the same answer");
    assert_eq!(unknown, refused[0], "an unknown user gets the same answer");
    assert!(refused.iter().all(|answer| *answer == refused[0]));
    // Another account is not affected, nor is bob where he sits himself, nor what his administrator sees.
    assert_eq!(sign_in(&server, "mary", PASSWORD, [127, 0, 0, 13]).status, 200);
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 9]).status, 200);
    let admin = server.admin();
    let users = server.control(&crate::harness::get("localhost", "/v1/users").token(&admin));
    let bob = users["users"].as_array().unwrap().iter().find(|user| user["name"] == "bob").unwrap().clone();
    assert!(!bob["locked_until"].is_null(), "{bob}");
    server
        .control(&ask("PATCH", "localhost", "/v1/users/bob").json(&json!({ "unlock": true })).token(&admin));
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 10]).status, 200, "control: unlocked");
}

#[test]
fn parallel_guesses_do_not_outrun_the_counter() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("bob", &[]);
    let listen = server.listen;
    let guesses: Vec<_> = (0..24_u8)
        .map(|number| {
            std::thread::spawn(move || {
                let body = json!({ "username": "bob", "password": format!("wrong password {number}") });
                ask("POST", "hello.localhost", "/.casemate/sign-in")
                    .json(&body)
                    .from([127, 0, 1, 1])
                    .send(listen)
                    .status
            })
        })
        .collect();
    let answers: Vec<_> = guesses.into_iter().map(|guess| guess.join().unwrap()).collect();
    assert!(answers.iter().all(|status| [401, 503].contains(status)), "{answers:?}");
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 1, 1]).status, 401, "it is locked by now");
    // A restart does not forget.
    server.kill_9();
    server.restart();
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 1, 1]).status, 401, "still locked");
}

#[test]
fn guesses_from_many_addresses_lock_the_whole_account_but_not_where_its_owner_was() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("bob", &[]);
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 9]).status, 200, "bob sits here");
    for guess in 0..50 {
        sign_in(&server, "bob", &format!("wrong password {guess}"), [127, 0, 1, guess / 5 + 1]);
    }
    let from = |last: u8| sign_in(&server, "bob", PASSWORD, [127, 0, 2, last]).status;
    assert_eq!(from(1), 401, "control: no address that is new may try any more");
    assert_eq!(sign_in(&server, "bob", PASSWORD, [127, 0, 0, 9]).status, 200, "bob is not kept out");
}
