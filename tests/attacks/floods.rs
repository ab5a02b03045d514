//! Floods of strangers: what they cost the ledger is bounded, they are counted, and they learn nothing from where they are stopped.

use crate::harness::{Answer, Ask, Server, ask, get};

const SHOP: &str = "app = \"shop\"\n\
    [functions.open]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/open\"]\naccess = \"public\"\n\
    [functions.hidden]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/hidden\"]\naccess = \"signed-in\"\n";

/// Far more at once than a bucket holds, from four hands, so that a slow machine floods too.
fn flood(server: &Server, control: bool, ask: &Ask) -> Vec<Answer> {
    let send = || (0..200).map(|_| if control { server.try_control(ask) } else { server.call(ask) });
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..4).map(|_| scope.spawn(|| send().collect::<Vec<_>>())).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    })
}

fn recorded(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| !answer.request_id().is_empty()).count()
}

/// What an answer shows to whoever asked, but for the request's id and the time to wait.
fn face(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let varies = ["casemate-request-id", "date", "retry-after"];
    let headers =
        answer.headers.iter().filter(|(name, _)| !varies.contains(&name.as_str())).cloned().collect();
    (answer.status, headers, answer.text())
}

#[test]
fn a_flood_at_either_door_is_mostly_counted_and_not_written() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    let long = format!("/{}", "a".repeat(7_000));
    for (control, host, rate) in [(false, "shop.localhost", 200.0), (true, "localhost", 100.0)] {
        let began = std::time::Instant::now();
        let answers = flood(&server, control, &get(host, &long).from([127, 0, 0, 21]));
        let (written, refused) =
            (recorded(&answers), answers.iter().filter(|answer| answer.status == 429).count());
        assert_eq!(written + refused, answers.len(), "control {control}");
        assert!(written > 50, "control: what comes slowly enough is written down: {written}");
        // One second's worth at once, and what comes back while the flood lasts: a slow machine floods less.
        let most = rate * (began.elapsed().as_secs_f64() + 1.0) + 5.0;
        assert!(written as f64 <= most, "control {control}: {written} were written, {most} at most");
    }
    // Who shows a good credential is not held up by a flood from elsewhere, nor counted as one.
    let admin = server.admin();
    for _ in 0..300 {
        server.control(&get("localhost", "/v1/apps").token(&admin));
    }
    let ledger = server.ledger();
    let before: u64 = folder_bytes(&ledger);
    server.verify();
    assert!(before < 40 << 20, "the flood cost the ledger {before} bytes");
    server.restart();
    let admin = server.control_token("admin");
    server.control(&get("localhost", "/v1/apps").token(&admin));
}

fn folder_bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { folder_bytes(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

#[test]
fn a_flood_tells_no_hidden_path_from_a_missing_one() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    let from = [127, 0, 0, 22];
    // Spend whatever the missing path's bucket holds; if the hidden path had another, it would now answer differently.
    let spent = flood(&server, false, &get("shop.localhost", "/missing").from(from));
    assert!(spent.iter().any(|answer| answer.status == 429), "control: there is a bucket, and it is empty");
    let mut probes = Vec::new();
    for _ in 0..40 {
        for path in ["/hidden", "/missing"] {
            probes.push((path, server.call(&get("shop.localhost", path).from(from)).status));
        }
    }
    let refused = |path: &str| probes.iter().filter(|(at, status)| *at == path && *status == 429).count();
    // One bucket: it refills while the probes go, and serves whoever asks then; a bucket for each would refuse only one of them.
    assert!(refused("/hidden") > 0 && refused("/missing") > 0, "{probes:?}");
    let fresh = |host: &str, path: &str, token: Option<&str>| {
        let asked = get(host, path).from([127, 0, 0, 23]);
        face(&server.call(&token.map_or(asked.clone(), |token| asked.token(token))))
    };
    for token in [None, Some("x"), Some("a.b.c")] {
        let hidden = fresh("shop.localhost", "/hidden", token);
        assert_eq!(hidden.0, 401);
        assert_eq!(hidden, fresh("shop.localhost", "/missing", token), "{token:?}");
        assert_eq!(hidden, fresh("nothing.localhost", "/hidden", token), "{token:?}: no such app");
    }
    assert_eq!(fresh("shop.localhost", "/open", None).0, 200, "control");
}

#[test]
fn a_web_page_cannot_speak_to_the_control_listener() {
    let mut server = Server::start();
    let admin = server.admin();
    let apps = || get("localhost", "/v1/apps").token(&admin);
    assert_eq!(server.try_control(&apps()).status, 200, "control: no page");
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let answer = server.try_control(&apps().header(name, value));
        assert_eq!((answer.status, answer.request_id().as_str()), (403, ""), "{name}: {value}");
    }
}

#[test]
fn a_stranger_cannot_make_the_server_hold_large_bodies() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    for (control, host, path) in [
        (false, "shop.localhost", "/.casemate/sign-in"),
        (true, "localhost", "/v1/sign-in"),
        (true, "localhost", "/v1/setup"),
    ] {
        let post = |bytes: usize| {
            let asked = ask("POST", host, path).header("content-type", "application/json");
            let asked = asked.bytes(&vec![b' '; bytes]);
            if control { server.try_control(&asked) } else { server.call(&asked) }
        };
        assert_eq!(post(1_000).status, 422, "control: {path} reads a small body and finds it wrong");
        assert_eq!(post(100_000).status, 413, "{path}");
    }
}

#[test]
fn what_a_rate_refused_stands_in_the_ledger() {
    let mut server = Server::start();
    server.deploy("shop", SHOP);
    let refused = flood(&server, false, &get("shop.localhost", "/missing").from([127, 0, 0, 24]));
    let refused = refused.iter().filter(|answer| answer.status == 429).count();
    assert!(refused > 0, "control");
    server.stop();
    server.restart();
    let admin = server.control_token("admin");
    let said = server.try_control(&get("localhost", "/v1/apps/casemate/logs").token(&admin)).text();
    assert!(said.contains(&format!("rate: {refused}")), "{said}");
}
