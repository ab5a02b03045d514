//! Somebody else uses the setup code: before, after, and at the same time as its owner.

use serde_json::json;

use crate::harness::{PASSWORD, Server, ask, get};

#[test]
fn the_code_makes_one_administrator() {
    let server = Server::start();
    let code = server.setup_code.clone().unwrap();
    let claim = |code: &str, name: &str| {
        ask("POST", "localhost", "/v1/setup")
            .json(&json!({ "code": code, "username": name, "password": PASSWORD }))
    };
    assert_eq!(server.try_control(&claim("AAAA-AAAA", "eve")).status, 401, "a guess");
    let control = server.control;
    let racers: Vec<_> = (0..16)
        .map(|number| {
            let ask = claim(&code, &format!("racer-{number}"));
            std::thread::spawn(move || ask.send(control).status)
        })
        .collect();
    let answers: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    assert_eq!(
        answers.iter().filter(|status| **status == 201).count(),
        1,
        "control: exactly one wins: {answers:?}"
    );
    assert_eq!(server.try_control(&claim(&code, "late")).status, 401, "afterwards it is worth nothing");
    assert_eq!(server.try_control(&get("localhost", "/v1/users")).status, 401);
}
