//! A ratchet: every entrance of the action table that guests have is gone through three times, through the deploy path: granted,
//! not granted, and with a budget that is one unit short. A new entrance without its row here fails, and so does a row without
//! its entrance.
//!
//! What was decided is read from the ledger, not guessed from the answer.

use std::collections::BTreeSet;
use std::net::TcpListener;

use casemate_core::{ACTIONS, ActionSpec, Audience};
use serde_json::Value;

use crate::harness::{Answer, Server, ask, get};

/// How the attacker component goes through one entrance.
struct Way {
    enters: &'static str,
    /// What it is asked; `ORIGIN` stands for a service on loopback.
    path: &'static str,
    /// The rights on its store with which it gets to the entrance and no further.
    before: &'static [&'static str],
    /// Units that are spent before the entrance, at it, and after it.
    units: [u32; 3],
    versions: &'static [&'static str],
}

const BOTH: &[&str] = &["", "3"];

const fn kv(enters: &'static str, path: &'static str, units: u32) -> Way {
    Way { enters, path, before: &[], units: [0, units, 0], versions: BOTH }
}

const WAYS: &[Way] = &[
    kv("wasi:keyvalue/store#get", "/kv?do=get", 10),
    kv("wasi:keyvalue/store#exists", "/kv?do=exists", 10),
    Way { units: [0, 10, 20], ..kv("wasi:keyvalue/atomics#new", "/kv?do=append", 10) },
    // A batch costs what its keys cost.
    kv("wasi:keyvalue/batch#get-many", "/kv?do=get-many&key=a,b,c", 30),
    kv("wasi:keyvalue/store#set", "/kv?do=set", 20),
    kv("wasi:keyvalue/batch#set-many", "/kv?do=set-many&key=a,b", 40),
    kv("wasi:keyvalue/atomics#increment", "/kv?do=increment&key=n&value=1", 20),
    Way { before: &["get"], units: [10, 20, 0], ..kv("wasi:keyvalue/atomics#swap", "/kv?do=append", 20) },
    kv("wasi:keyvalue/store#delete", "/kv?do=delete", 20),
    kv("wasi:keyvalue/batch#delete-many", "/kv?do=delete-many&key=a,b", 40),
    kv("wasi:keyvalue/store#list-keys", "/kv?do=list", 20),
    Way { versions: &[""], ..kv("wasi:http/outgoing-handler#handle", "/fetch?url=ORIGIN/", 100) },
    Way { versions: &["3"], ..kv("wasi:http/client#send", "/fetch?url=ORIGIN/", 100) },
    kv("wasi:logging/logging#log", "/log?text=hello", 5),
];

/// Entrances that no row goes through, each with its reason. This list may only become shorter.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn no_entrance_is_without_its_row() {
    let enters = |row: &ActionSpec| row.enters.iter().copied();
    let guest = ACTIONS.iter().filter(|row| row.audience == Audience::Guest);
    let known: BTreeSet<_> = guest.flat_map(enters).collect();
    let covered: BTreeSet<_> = WAYS.iter().map(|way| way.enters).collect();
    let excepted: BTreeSet<_> = EXCEPTIONS.iter().map(|(enters, _)| *enters).collect();
    assert_eq!(covered.len(), WAYS.len(), "an entrance stands twice");
    assert!(covered.is_disjoint(&excepted), "an exception is not needed any more: {excepted:?}");
    assert_eq!(&covered | &excepted, known);
}

#[test]
fn every_entrance_is_granted_refused_and_exhausted() {
    let origin = service();
    for version in BOTH {
        let mut server = Server::start();
        for way in WAYS.iter().filter(|way| way.versions.contains(version)) {
            walk(&mut server, version, way, &origin);
        }
    }
}

/// A service on loopback that answers everyone.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut head);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            let _ = std::io::Write::write_all(&mut stream, answer);
        }
    });
    origin
}

fn walk(server: &mut Server, version: &str, way: &Way, origin: &str) {
    let row = ACTIONS.iter().find(|row| row.enters.contains(&way.enters)).unwrap();
    let name = format!("{} (wasi 0.{})", way.enters, if version.is_empty() { 2 } else { 3 });
    let [before, at, after] = way.units;
    let all = ["get", "set", "delete", "list"];
    let egress = format!("grants.egress = [{{ origin = \"{origin}\", dangerous_private_address = true }}]\n");

    let live = deploy(server, version, &all, &egress, before + at + after);
    let interface = way.enters.split('#').next().unwrap();
    let imports = live["functions"][0]["imports"].to_string();
    assert!(imports.contains(interface), "{name}: the component does not import it: {imports}");
    let (answer, decided) = call(server, way, origin, row);
    assert_eq!(answer.status, 200, "{name}, granted: {}", answer.text());
    let says_no = ["denied", "refused", "open:"].iter().any(|word| answer.text().contains(word));
    assert!(!says_no, "{name}, granted: {}", answer.text());
    assert_eq!(decided, ["allow"], "{name}, granted");

    // One unit less than the entrance costs.
    deploy(server, version, &all, &egress, before + at - 1);
    let (answer, decided) = call(server, way, origin, row);
    assert_eq!(
        (answer.status, answer.limit().as_str()),
        (502, "host_call_units"),
        "{name}, exhausted: {}",
        answer.text()
    );
    assert!(decided.is_empty(), "{name}: what is not paid for is not decided on: {decided:?}");

    refuse(server, version, way, row, true);
    let (answer, decided) = call(server, way, origin, row);
    assert_eq!(decided, ["deny"], "{name}, refused: {}", answer.text());
    match row.name {
        // A line that may not be written is dropped; the ledger alone says so.
        "log-write" => assert_eq!(answer.status, 200, "{name}"),
        "http-send" => assert!(answer.text().starts_with("refused"), "{name}: {}", answer.text()),
        _ => assert!(answer.text().contains("access denied"), "{name}: {}", answer.text()),
    }
    refuse(server, version, way, row, false);
}

fn deploy(server: &mut Server, version: &str, rights: &[&str], egress: &str, units: u32) -> Value {
    let rights: Vec<_> = rights.iter().map(|right| format!("\"{right}\"")).collect();
    let grants = match rights.as_slice() {
        [] => String::new(),
        rights => format!("grants.kv = {{ scratch = [{}] }}\n", rights.join(", ")),
    };
    server.deploy(
        "lab",
        &format!(
            "app = \"lab\"\n[stores.scratch]\n[functions.a]\ncomponent = \"components/attacker{version}.wasm\"\nroutes = [\"/*\"]\n\
             access = \"public\"\n{grants}{egress}limits = {{ host_call_units = {units} }}\n"
        ),
    )
}

/// Takes away what the entrance needs: the grant, or, for what every function may, by a written policy.
fn refuse(server: &mut Server, version: &str, way: &Way, row: &ActionSpec, on: bool) {
    if on {
        deploy(server, version, way.before, "", 10_000);
    }
    if row.name == "log-write" {
        let admin = server.admin();
        let text = format!("forbid (principal, action == Action::\"{}\", resource);", row.name);
        let policy = match on {
            true => ask("PUT", "localhost", "/v1/policies/quiet").bytes(text.as_bytes()),
            false => ask("DELETE", "localhost", "/v1/policies/quiet"),
        };
        server.control(&policy.token(&admin));
    }
}

/// Calls, and gives what the ledger says was decided on the row's action.
fn call(server: &mut Server, way: &Way, origin: &str, row: &ActionSpec) -> (Answer, Vec<String>) {
    let answer = server.call(&get("lab.localhost", &way.path.replace("ORIGIN", origin)));
    let explained = server.explain(&answer.request_id());
    let steps = explained["steps"].as_array().unwrap();
    let decided = steps
        .iter()
        .filter(|step| step["kind"] == "decision" && step["action"] == row.name)
        .map(|step| step["disposition"].as_str().unwrap().to_owned())
        .collect();
    (answer, decided)
}
