//! A function, and then the crowd, fill the ledger, so that everything that must be recorded is refused: other apps, and the
//! administrators who could mend it.

use crate::harness::{Answer, Server, get};

/// Small enough to fill, large enough that its last twentieth holds what the control plane does here.
const LEDGER_BYTES: u64 = 8 << 20;

fn deploy(server: &mut Server, app: &str) {
    let rates = "rate = { function = 100000, address = 100000 }";
    server.deploy(app, &format!("app = \"{app}\"\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\nlimits = {{ {rates} }}\n"));
}

/// Asks until the ledger takes no more, and gives that answer.
fn until_refused(ask: impl Fn() -> Answer) -> Answer {
    for _ in 0..20_000 {
        let answer = ask();
        if answer.status == 503 {
            return answer;
        }
    }
    panic!("the ledger never filled");
}

#[test]
fn a_flood_leaves_the_ledger_to_others_and_to_administrators() {
    let mut server = Server::start_with(&format!("ledger_max_bytes = {LEDGER_BYTES}\n"));
    deploy(&mut server, "flood");
    deploy(&mut server, "quiet");
    let line = "x".repeat(3_500);
    let flood =
        |server: &Server| server.call(&get("flood.localhost", &format!("/log?count=100000&text={line}")));
    let quiet = |server: &Server, path: &str| server.call(&get("quiet.localhost", path));
    assert_eq!(quiet(&server, "/log?count=1").status, 200, "control: it may write a line");
    assert_eq!(flood(&server).limit(), "host_call_units", "control: nothing but its units stops one request");

    // One function floods.
    let refused = until_refused(|| flood(&server));
    assert_eq!(refused.limit(), "", "no limit of the function stopped it: {}", refused.text());
    until_refused(|| quiet(&server, "/log?count=1"));
    assert_eq!(
        quiet(&server, "/count").status,
        200,
        "another app answers, as long as it causes nothing itself"
    );
    server.control_token("admin");
    let explained = server.explain(&refused.request_id());
    assert_eq!(explained["steps"].as_array().unwrap().last().unwrap()["status"], 503, "{explained}");

    // The crowd floods, with requests that anyone may send.
    until_refused(|| quiet(&server, "/count"));
    let admin = server.control_token("admin");
    deploy(&mut server, "mended");
    let apps = server.control(&get("localhost", "/v1/apps").token(&admin)).to_string();
    assert!(apps.contains("mended"), "{apps}");
    assert_eq!(server.call(&get("mended.localhost", "/count")).status, 503, "until there is room again");
    server.verify();
}

/// What one request may put into the ledger does not depend on whether it writes many short lines or a few long ones.
#[test]
fn long_lines_cost_what_they_take() {
    let mut server = Server::start();
    deploy(&mut server, "flood");
    let size = |server: &Server| {
        let mut bytes = 0;
        let mut folders = vec![server.ledger().join("tile/entries")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let kind = entry.metadata().unwrap();
                if kind.is_dir() { folders.push(entry.path()) } else { bytes += kind.len() }
            }
        }
        bytes
    };
    // Tiles are replaced while the server runs, so the ledger is measured when it stands still.
    let mut taken = |text: &str| {
        server.stop();
        let before = size(&server);
        server.restart();
        let answer = server.call(&get("flood.localhost", &format!("/log?count=100000&text={text}")));
        assert_eq!(answer.limit(), "host_call_units", "{}", answer.text());
        server.stop();
        let taken = size(&server) - before;
        server.restart();
        taken
    };
    let (short, long) = (taken("x"), taken(&"x".repeat(4_000)));
    assert!(short > 500_000, "control: the lines stand there: {short}");
    assert!(long < 2 * short, "{long} bytes of long lines, {short} of short ones");
}
