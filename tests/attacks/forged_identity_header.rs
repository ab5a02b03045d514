//! A caller writes the headers in which the platform tells functions who calls.

use crate::harness::{Server, get};

#[test]
fn identity_headers_from_outside_are_not_seen() {
    let mut server = Server::start();
    server.deploy("lab", "app = \"lab\"\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n");
    let echo = |name: &str, value: &str| server.call(&get("lab.localhost", "/echo").header(name, value));
    let control = echo("x-mine", "User usr_stolen");
    assert!(control.text().contains("usr_stolen"), "control: an ordinary header arrives: {}", control.text());
    assert!(control.text().contains("casemate-caller: "), "control: the platform says who calls");
    for name in [
        "casemate-caller",
        "Casemate-Caller",
        "casemate_caller",
        "CASEMATE-CALLER-NAME",
        "casemate-anything",
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "remote-user",
    ] {
        let answer = echo(name, "User usr_stolen");
        assert!(!answer.text().contains("usr_stolen"), "{name}: {}", answer.text());
    }
    // Named as a hop-by-hop header, the platform's own is still there.
    let named = echo("connection", "close, casemate-caller");
    assert!(named.status == 400 || named.text().contains("casemate-caller: "), "{}", named.text());
}
