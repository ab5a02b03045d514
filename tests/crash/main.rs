//! `kill -9` at random points during deploys and requests, 200 rounds on one data folder: every acknowledged deploy, write and
//! ledger entry is there afterwards and verifies.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking"
)]

#[path = "../harness.rs"]
mod harness;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::{Ask, Server, ask, get};
use serde_json::json;

const ROUNDS: usize = 200;

fn manifest(cpu_ms: u64) -> String {
    format!(
        "app = \"lab\"\n[stores.scratch]\n[functions.kv]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"GET /kv\"]\n\
         access = \"public\"\ngrants.kv = {{ scratch = [\"get\", \"set\"] }}\nlimits = {{ cpu_ms = {cpu_ms}, rate = {{ function = 100000, address = 100000 }} }}\n"
    )
}

/// What the server has acknowledged so far.
#[derive(Default)]
struct Acknowledged {
    writes: BTreeMap<String, String>,
    requests: Vec<String>,
    revision: u64,
}

#[test]
fn nothing_acknowledged_is_lost() {
    let mut server = Server::start();
    let admin = server.admin();
    server.deploy("lab", &manifest(500));
    let digest = casemate_server::sha256(&harness::component("components/attacker.wasm")).to_string();
    let known = Arc::new(Mutex::new(Acknowledged { revision: 1, ..Acknowledged::default() }));
    // A fixed seed: a failing round can be run again. xorshift64*, Vigna 2016.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        seed.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let (listen, control) = (server.listen, server.control);
        let writer = {
            let (stop, known) = (Arc::clone(&stop), Arc::clone(&known));
            std::thread::spawn(move || {
                for count in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let (key, value) = (format!("k{}", count % 7), format!("{round}.{count}"));
                    let write = get("lab.localhost", &format!("/kv?do=set&key={key}&value={value}"));
                    let Ok(answer) = write.try_send(listen) else { return };
                    if answer.status == 200 && answer.whole && answer.text() == "done\n" {
                        let mut known = known.lock().unwrap();
                        known.writes.insert(key, value);
                        known.requests.push(answer.request_id());
                    }
                }
            })
        };
        let deployer = {
            let (stop, known, admin, digest) =
                (Arc::clone(&stop), Arc::clone(&known), admin.clone(), digest.clone());
            // Control tokens end after five minutes; deploys are tried in the first rounds and whenever they still work.
            std::thread::spawn(move || {
                for count in 0_u64.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let body =
                        json!({ "manifest": manifest(400 + count % 100), "components": { "kv": digest } });
                    let deploy: Ask =
                        ask("POST", "localhost", "/v1/apps/lab/revisions").json(&body).token(&admin);
                    let Ok(answer) = deploy.try_send(control) else { return };
                    if answer.status == 201 && answer.whole {
                        let mut known = known.lock().unwrap();
                        known.revision = known.revision.max(answer.json()["revision"].as_u64().unwrap());
                        known.requests.push(answer.request_id());
                    }
                }
            })
        };
        // The point of the kill is what is random; nothing is waited for to happen.
        let until = Instant::now() + Duration::from_micros(random() % 250_000);
        while Instant::now() < until {
            std::thread::yield_now();
        }
        server.kill_9();
        stop.store(true, Ordering::SeqCst);
        writer.join().unwrap();
        deployer.join().unwrap();
        server.restart();
        check(&server, &known.lock().unwrap(), round);
    }
    let known = known.lock().unwrap();
    assert!(known.requests.len() > ROUNDS, "the rounds did work: {}", known.requests.len());
    // Every acknowledged request is in the ledger, and the ledger holds.
    let token = server.control_token("admin");
    let live = server.control(&get("localhost", "/v1/apps/lab").token(&token))["revision"].as_u64().unwrap();
    assert!(live >= known.revision, "revision {} was acknowledged, {live} is live", known.revision);
    assert!(known.revision > 1, "some deploy got through");
    for request in known.requests.iter().step_by(known.requests.len().div_ceil(300)) {
        let explained =
            server.try_control(&get("localhost", &format!("/v1/requests/{request}")).token(&token));
        assert_eq!(explained.status, 200, "request {request} is not in the ledger");
    }
    let report = server.verify();
    assert!(report.checkpoint.size >= 2 * known.requests.len() as u64);
}

fn check(server: &Server, known: &Acknowledged, round: usize) {
    for (key, value) in &known.writes {
        let read = server.call(&get("lab.localhost", &format!("/kv?do=get&key={key}")));
        let found = read.text();
        // A later write may have reached the disk without its answer reaching us; an earlier value may not come back.
        let order = |text: &str| {
            let (round, count) = text.trim().split_once('.').unwrap_or(("0", "0"));
            (round.parse::<usize>().unwrap_or(0), count.parse::<usize>().unwrap_or(0))
        };
        assert!(
            order(&found) >= order(value),
            "round {round}: key {key} was acknowledged as {value}, now {found}"
        );
    }
}
