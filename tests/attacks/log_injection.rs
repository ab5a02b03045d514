//! A guest logs what its caller says, and the caller says what moves a terminal: escape sequences, carriage returns, line ends,
//! characters that turn the reading direction.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Server, get};

const EVIL: &str = "start\x1b[2J\x1b]0;title\x07\r2026-01-01 forged\nforged line\u{202e}desrever\u{2028}next\u{9b}31m\u{200b}end";

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Whether a character acts on a terminal instead of showing itself. Line ends are the program's own.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || ['\u{202e}', '\u{2028}', '\u{200b}'].contains(&c)
}

#[test]
fn what_a_guest_logs_does_not_act_on_a_terminal() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n",
    );
    let admin = server.admin();
    let logged = server.call(&get("lab.localhost", &format!("/log?text={}", percent(EVIL))));
    assert_eq!(logged.status, 200, "{}", logged.text());
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_casemate"))
            .args(arguments)
            .env("CASEMATE_SERVER", format!("http://{}", server.control))
            .env("CASEMATE_TOKEN", &admin)
            .env("CASEMATE_CREDENTIALS", server.folder.path().join("credentials.json"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // Control: the ledger has the text as it was said, and programs get all of it.
    let json = run(&["logs", "lab", "--json"]);
    let said = json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let said: Vec<_> = said.filter(|line| line["kind"] == "log").collect();
    assert!(said.iter().any(|line| line["text"].as_str().is_some_and(|text| text.contains(EVIL))), "{json}");
    let shown = run(&["logs", "lab"]);
    assert!(shown.contains("\\u{202e}desrever\\u{2028}next"), "{shown:?}");
    let explained = run(&["explain", &logged.request_id()]);
    for text in [&json, &shown, &explained] {
        assert!(!text.chars().any(acts), "{text:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("forged")), "{text:?}");
    }
}
