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

#[test]
fn the_code_does_not_stand_where_every_user_of_the_machine_reads_it() {
    let server = Server::start();
    let code = server.setup_code.clone().unwrap();
    let mut waiting = std::process::Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["setup", "--username", "ada-of-the-arguments", "--password-stdin"])
        .env("CASEMATE_SETUP_CODE", &code)
        .env("CASEMATE_SERVER", format!("http://{}", server.control))
        .env("CASEMATE_CREDENTIALS", server.folder.path().join("credentials.json"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let arguments = std::fs::read(format!("/proc/{}/cmdline", waiting.id())).unwrap();
    let holds = |what: &str| arguments.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(holds("ada-of-the-arguments"), "control: this is what others read");
    assert!(!holds(&code));
    std::io::Write::write_all(&mut waiting.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes())
        .unwrap();
    assert!(waiting.wait().unwrap().success(), "control: the code was good");
    // The way that put it there is gone.
    let old = std::process::Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["setup", "--code", &code, "--username", "eve", "--password-stdin"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(old.status.code(), Some(2));
}
