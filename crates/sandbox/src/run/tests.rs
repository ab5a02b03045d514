//! Runs of real guests, each test for both versions of WASI.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use casemate_core::action::operation::Invoke;
use casemate_core::testing::{MemoryLedger, clock_at};
use casemate_core::{
    Action, Actor, Entry, Event, LedgerClass, Opened, RecordError, Recorder, RequestId, Seq,
};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::testbed::{World, component, read, request};
use crate::{Limit, LoadError, LoadedFunction, RunError, Wasi, inspect};

const HELLO: [&str; 2] = ["hello", "hello3"];
const ATTACKER: [&str; 2] = ["attacker", "attacker3"];

#[tokio::test]
async fn hello_answers_and_the_entry_says_what_it_used() {
    for (guest, wasi) in HELLO.into_iter().zip([Wasi::P2, Wasi::P3]) {
        assert_eq!(inspect(&component(guest)).unwrap().wasi, wasi);
        let world = World::new();
        let hello = world.deploy(guest, "").await.unwrap();
        assert_eq!(hello.wasi(), wasi);
        let came = world.get(&hello, "/").await.unwrap();
        assert_eq!(
            (came.status, came.text().as_str(), came.broken),
            (200, "Hello, world!\n", None),
            "{guest}"
        );
        let outcome = world.outcome(1).await;
        assert_eq!((outcome.status_code, outcome.status_detail.as_str()), (200, "answered"), "{guest}");
        assert_eq!(
            (outcome.bytes_out, outcome.revision.map(|revision| revision.0)),
            (14, Some(3)),
            "{guest}"
        );
        assert!(outcome.memory_bytes >= 64 << 10, "{guest}: {outcome:?}");
        assert!(outcome.cpu_us > 0, "{guest}: {outcome:?}");
    }
}

/// Every limit that a guest can run into: what it does, the limit's line, and its key in the answer.
const LIMITS: &[(&str, &str, &str, &str)] = &[
    ("/loop", "", "cpu_ms = 50", "cpu_ms"),
    ("/busy?ms=60000", "", "cpu_ms = 50", "cpu_ms"),
    ("/slow", "", "wall_ms = 200", "wall_ms"),
    ("/loop", "", "wall_ms = 200, cpu_ms = 60000", "wall_ms"),
    ("/hog", "", "memory_bytes = 16777216", "memory_bytes"),
    ("/resources", "", "resources = 100", "resources"),
    ("/kv-spin", "", "host_call_units = 200", "host_call_units"),
    ("/log?count=1000000", "", "host_call_units = 200", "host_call_units"),
    ("/kv-big?bytes=900000", "", "host_call_bytes = 300000", "host_call_bytes"),
    ("/swallow", "0123456789", "request_body_bytes = 9", "request_body_bytes"),
    ("/big-body?bytes=10000000", "", "response_body_bytes = 200000", "response_body_bytes"),
];

#[tokio::test]
async fn every_limit_ends_the_run_and_is_named() {
    for guest in ATTACKER {
        for (path, body, limit, key) in LIMITS {
            let world = World::new();
            let lines = format!("limits = {{ {limit} }}\ngrants.kv = {{ scratch = [\"get\", \"set\"] }}");
            let attacker = world.deploy(guest, &lines).await.unwrap();
            let ended = match world.ask(&attacker, request("POST", path, body)).await {
                Err(error) => error,
                Ok(came) => came.broken.clone().unwrap_or_else(|| panic!("{guest} {path}: {came:?}")),
            };
            let RunError::Limit { limit, value } = &ended else { panic!("{guest} {path}: {ended:?}") };
            assert_eq!(limit.key(), *key, "{guest} {path}");
            assert!(lines.contains(&value.to_string()), "{guest} {path}: {ended}");
            assert!(ended.to_string().contains(key), "{guest} {path}: {ended}");
            let outcome = world.outcome(1).await;
            assert!(outcome.status_detail.contains(key), "{guest} {path}: {outcome:?}");
        }
    }
}

/// A body in pieces, whose length nobody knows beforehand.
fn pieces(
    pieces: &[Option<&'static str>],
) -> http::Request<impl http_body::Body<Data = Bytes, Error = io::Error> + use<>> {
    let frames: Vec<_> = pieces
        .iter()
        .map(|piece| match piece {
            Some(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            None => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        })
        .collect();
    request("POST", "/swallow", "").map(|_| StreamBody::new(futures_util::stream::iter(frames)))
}

#[tokio::test]
async fn a_request_body_of_unknown_length_is_bounded_and_may_break_off() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "limits = { request_body_bytes = 9 }").await.unwrap();
        let (_, ran) =
            world.start(&attacker, Actor::anonymous(), pieces(&[Some("1234"), Some("56789")])).await;
        assert_eq!(read(ran.unwrap()).await.text(), "9 bytes\n", "{guest}");
        let (_, ran) =
            world.start(&attacker, Actor::anonymous(), pieces(&[Some("12345"), Some("67890")])).await;
        assert_eq!(ran.unwrap_err(), RunError::Limit { limit: Limit::RequestBodyBytes, value: 9 }, "{guest}");
        let (_, ran) = world.start(&attacker, Actor::anonymous(), pieces(&[Some("1234"), None])).await;
        let came = read(ran.unwrap()).await;
        assert!(came.status == 400 && came.text().starts_with("4 bytes, then: "), "{guest}: {came:?}");
        world.outcome(3).await;
    }
}

#[tokio::test]
async fn the_same_work_within_the_limits_is_done() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "grants.kv = { scratch = [\"get\", \"set\"] }").await.unwrap();
        let check = async |method: &str, path: &str, body: &str, expect: &str| {
            let came = world.ask(&attacker, request(method, path, body)).await.unwrap();
            assert_eq!((came.text().as_str(), came.broken), (expect, None), "{guest} {path}");
        };
        check("GET", "/busy?ms=10", "", "worked for 10 ms\n").await;
        check("GET", "/grow?mib=8", "", "8 MiB\n").await;
        check("GET", "/resources?count=50", "", "nothing stopped it from holding 50 handles\n").await;
        check("GET", "/kv-spin?count=5", "", "nothing stopped 5 calls\n").await;
        check("GET", "/kv-big?bytes=1000", "", "nothing stopped a value of 1000 bytes\n").await;
        check("POST", "/swallow", "0123456789", "10 bytes\n").await;
        check("GET", "/big-body?bytes=3", "", "xxx").await;
    }
}

#[tokio::test]
async fn a_guest_that_takes_no_for_an_answer_may_go_on() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "limits = { memory_bytes = 16777216 }").await.unwrap();
        let came = world.get(&attacker, "/grow?mib=1000").await.unwrap();
        let got: u64 = came.text().trim_end_matches(" MiB\n").parse().unwrap();
        assert!((4..16).contains(&got), "{guest}: {got}");
    }
}

#[tokio::test]
async fn what_needs_too_much_from_the_start_is_not_loaded() {
    let world = World::new();
    for (guest, line, key) in [
        ("tables", "", "table_elements"),
        ("tables3", "", "table_elements"),
        ("hello", "limits = { memory_bytes = 65536 }", "memory_bytes"),
    ] {
        let error = world.deploy(guest, line).await.unwrap_err();
        let LoadError::Limit { key: found, .. } = &error else { panic!("{guest}: {error}") };
        assert_eq!(found.key(), key, "{guest}");
    }
    assert!(world.deploy("tables", "limits = { table_elements = 40000 }").await.is_ok());
}

#[tokio::test]
async fn every_request_gets_a_fresh_instance() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        for _ in 0..3 {
            assert_eq!(world.get(&attacker, "/count").await.unwrap().text(), "1\n", "{guest}");
        }
    }
}

#[tokio::test]
async fn a_fault_is_an_error_before_the_head_and_a_broken_body_after_it() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        let error = world.get(&attacker, "/panic").await.unwrap_err();
        assert!(matches!(error, RunError::Trapped(_)), "{guest}: {error:?}");
        // What it wrote to standard error stands in the ledger.
        let lines = world.decisions();
        assert!(lines.iter().any(|line| line.contains("a fault on purpose")), "{guest}: {lines:?}");
        // More than fits between guest and reader: the fault comes after the head was taken.
        let came = world.get(&attacker, "/half?pieces=20").await.unwrap();
        assert!(came.text().starts_with("the first half\n"), "{guest}");
        assert!(matches!(came.broken, Some(RunError::Trapped(_))), "{guest}: {:?}", came.broken);
        assert_eq!(attacker.stats().failed, 2, "{guest}");
    }
}

/// Here the guest mostly comes to its fault before anybody takes its head: on one thread, and with less than fits between the two.
/// When its time slice ends in between, the head is out, and only a broken body can follow.
#[tokio::test]
async fn a_fault_before_anything_was_sent_is_a_clean_error() {
    let world = World::new();
    let attacker = world.deploy("attacker", "").await.unwrap();
    let mut clean = 0;
    for request in 1..=50 {
        match world.get(&attacker, "/half").await {
            Err(RunError::Trapped(_)) => {
                clean += 1;
                let outcome = world.outcome(request).await;
                assert_eq!(outcome.status_code, 0, "no answer is said to have been given: {outcome:?}");
                assert!(outcome.status_detail.contains("failed"), "{outcome:?}");
            }
            ran => assert!(ran.as_ref().is_ok_and(|came| came.broken.is_some()), "{ran:?}"),
        }
    }
    assert!(clean > 0);
}

/// To `wasmtime_wasi_http` a body that the guest forgets looks finished.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_answer_never_looks_whole() {
    let world = World::new();
    let attacker = world.deploy("attacker", "").await.unwrap();
    for round in 0..100 {
        let came = world.get(&attacker, "/forget").await.unwrap();
        let RunError::BrokenOff(_) = came.broken.clone().unwrap_or(RunError::Unanswered) else {
            panic!("round {round}: {came:?}");
        };
        assert_eq!(came.text(), "the first half\n");
    }
    let outcome = world.outcome(100).await;
    assert!(outcome.status_detail.contains("broke its answer off"), "{outcome:?}");
}

/// A ledger that panics at the first log line: a fault of the host in the middle of a run.
struct Falls(Arc<MemoryLedger>);

impl Recorder for Falls {
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError> {
        Ok(Entry::new(opened, self, clock_at(1_700_000_000)))
    }
    fn append(&self, request: RequestId, class: LedgerClass, event: &Event) -> Result<Seq, RecordError> {
        if matches!(event, Event::Decision(decision) if decision.action == Action::LogWrite) {
            panic!("a fault of the host, on purpose");
        }
        self.0.append(request, class, event)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_the_host_never_looks_like_the_end_of_an_answer() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        for _ in 0..50 {
            let opened = world.ledger.entry().unwrap().opened().clone();
            let entry = Arc::new(Arc::new(Falls(Arc::clone(&world.ledger))).begin(opened).unwrap());
            let caller = Arc::new(Actor::anonymous());
            let permit = world.guard.authorize::<Invoke>(&entry, &caller, attacker.id().clone()).unwrap();
            // The guest's own fault, between two pieces, prints a line.
            let asked = request("GET", "/half?pieces=20", "");
            let ran = world.sandbox.run(permit, &attacker, entry, asked).await;
            let came = read(ran.unwrap()).await;
            assert!(matches!(came.broken, Some(RunError::Internal(_))), "{guest}: {came:?}");
        }
    }
}

/// The reader of the body and the guest's end race on two threads: whoever wins, half an answer is not a whole one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_answer_never_looks_whole() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        let mut answers = 0;
        for round in 0..300 {
            // With many pieces the guest waits for a reader before its fault; with few the fault may overtake the head, and then
            // there is no answer to cut short.
            let path = format!("/half?pieces={}", if round % 2 == 0 { 20 } else { 2 });
            let (entry, ran) = world.start(&attacker, Actor::anonymous(), request("GET", &path, "")).await;
            drop(entry);
            let Ok(response) = ran else { continue };
            answers += 1;
            let came = tokio::spawn(read(response)).await.unwrap();
            assert!(came.broken.is_some(), "{guest}, round {round}: `{}` looked whole", came.text());
        }
        assert!(answers >= 150, "{guest}: only {answers} answers were read");
    }
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_run() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "limits = { concurrency = 1, queue = 1 }").await.unwrap();
        // In the middle of the answer.
        let (entry, ran) = world.start(&attacker, Actor::anonymous(), request("GET", "/big-body", "")).await;
        drop(entry);
        let mut body = ran.unwrap().into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert_eq!(attacker.stats().running, 1);
        drop(body);
        assert_eq!(world.outcome(1).await.status_detail, "caller left", "{guest}");
        // Before the answer began.
        let asked = world.get(&attacker, "/slow");
        assert!(tokio::time::timeout(Duration::from_millis(50), asked).await.is_err());
        world.outcome(2).await;
        assert_eq!(
            world.get(&attacker, "/count").await.unwrap().text(),
            "1\n",
            "{guest}: the place is free again"
        );
        world.outcome(3).await;
        assert_eq!(attacker.stats().running, 0, "{guest}");
    }
}

#[tokio::test]
async fn places_and_the_queue_are_bounded() {
    for guest in ATTACKER {
        let world = Arc::new(World::new());
        let attacker =
            world.deploy(guest, "limits = { concurrency = 1, queue = 1, wall_ms = 400 }").await.unwrap();
        let slow = || {
            let (world, attacker) = (Arc::clone(&world), Arc::clone(&attacker));
            tokio::spawn(async move { world.get(&attacker, "/slow").await })
        };
        let (first, second) = (slow(), slow());
        while attacker.stats().running + attacker.stats().waiting < 2 {
            tokio::task::yield_now().await;
        }
        let turned_away = world.get(&attacker, "/count").await.unwrap_err();
        assert!(matches!(turned_away, RunError::Busy { .. }), "{guest}: {turned_away:?}");
        assert_eq!(casemate_core::Faulty::limit(&turned_away), Some("queue"));
        assert!(casemate_core::Faulty::retry_after(&turned_away).is_some());
        for ended in [first, second] {
            let error = ended.await.unwrap().unwrap_err();
            assert_eq!(casemate_core::Faulty::limit(&error), Some("wall_ms"), "{guest}: {error:?}");
        }
        assert_eq!(world.get(&attacker, "/count").await.unwrap().text(), "1\n");
        assert_eq!(attacker.stats().busy, 1);
    }
}

#[tokio::test]
async fn the_wait_for_a_place_is_part_of_the_wall_time() {
    let world = Arc::new(World::new());
    let attacker =
        world.deploy("attacker", "limits = { concurrency = 1, queue = 1, wall_ms = 1000 }").await.unwrap();
    let first = {
        let (world, attacker) = (Arc::clone(&world), Arc::clone(&attacker));
        tokio::spawn(async move { world.get(&attacker, "/slow").await })
    };
    while attacker.stats().running == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    // It gets the place after half its time, and has the other half left.
    let since = Instant::now();
    let ended = world.get(&attacker, "/slow").await.unwrap_err();
    let took = since.elapsed();
    assert_eq!(ended, RunError::Limit { limit: Limit::WallMs, value: 1000 });
    assert_eq!(attacker.stats().started, 2, "control: it got the place");
    assert!(took >= Duration::from_millis(990) && took < Duration::from_millis(1400), "{took:?}");
    assert!(first.await.unwrap().is_err());
}

#[tokio::test]
async fn a_busy_guest_leaves_the_thread_to_others() {
    for guest in ATTACKER {
        let world = Arc::new(World::new());
        let attacker = world.deploy(guest, "limits = { cpu_ms = 2000 }").await.unwrap();
        let busy = {
            let (world, attacker) = (Arc::clone(&world), Arc::clone(&attacker));
            tokio::spawn(async move { world.get(&attacker, "/loop").await })
        };
        while attacker.stats().running == 0 {
            tokio::task::yield_now().await;
        }
        // One thread for both: without yields this would come only after the loop was stopped.
        assert_eq!(world.get(&attacker, "/count").await.unwrap().text(), "1\n", "{guest}");
        assert!(!busy.is_finished(), "{guest}");
        busy.abort();
    }
}

#[tokio::test]
async fn the_caller_stands_in_headers_that_outsiders_cannot_set() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        let mut asked = request("POST", "/echo?a=b", "the body");
        for (name, value) in [
            ("casemate-caller", "User root"),
            ("casemate-roles", "admin"),
            ("casemate_caller", "User root"),
            ("authorization", "Bearer secret"),
            ("x-own", "kept"),
        ] {
            asked.headers_mut().append(name, value.parse().unwrap());
        }
        let caller = Actor { name: Arc::from("Änne 100%"), ..Actor::anonymous() };
        let (entry, ran) = world.start(&attacker, caller, asked).await;
        let text = read(ran.unwrap()).await.text();
        for line in [
            "POST /echo?a=b\n",
            "casemate-caller: Anonymous anonymous\n",
            "casemate-caller-name: %C3%84nne 100%25\n",
            &format!("casemate-request-id: {}\n", entry.request()),
            "x-own: kept\n",
            "\nthe body",
        ] {
            assert!(text.contains(line), "{guest}: {line:?} in {text:?}");
        }
        for spoofed in ["root", "roles", "secret", "casemate_"] {
            assert!(!text.contains(spoofed), "{guest}: {spoofed} in {text:?}");
        }
    }
}

#[tokio::test]
async fn a_guest_finds_nothing_around_it() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        let text = world.get(&attacker, "/env").await.unwrap().text();
        assert!(!text.contains("variable ") && !text.contains("argument "), "{guest}: {text}");
        assert!(text.contains("path /etc/passwd") && !text.contains("is there"), "{guest}: {text}");
    }
}

#[tokio::test]
async fn head_requests_and_empty_answers_are_complete() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        let came = world.ask(&attacker, request("HEAD", "/count", "")).await.unwrap();
        assert_eq!((came.status, came.body.len(), came.broken), (200, 0, None), "{guest}");
        let came = world.get(&attacker, "/status?code=204").await.unwrap();
        assert_eq!((came.status, came.body.len(), came.broken), (204, 0, None), "{guest}");
        for count in 1..=2 {
            assert_eq!(world.outcome(count).await.status_detail, "answered", "{guest}");
        }
    }
}

#[tokio::test]
async fn a_run_ends_with_the_credential_that_allowed_it() {
    let world = World::new();
    let attacker = world.deploy("attacker", "").await.unwrap();
    // The world's clock stands 300 ms before.
    let expires = Some(casemate_core::Timestamp::from_millis(1_700_000_000_300));
    let caller = Actor { expires, ..Actor::anonymous() };
    let (_, ran) = world.start(&attacker, caller, request("GET", "/slow", "")).await;
    assert_eq!(ran.unwrap_err(), RunError::CredentialEnded);
}

#[tokio::test]
async fn without_a_ledger_no_host_call_acts() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "grants.kv = { scratch = [\"get\"] }").await.unwrap();
        let entry = Arc::new(world.ledger.entry().unwrap());
        let permit = world
            .guard
            .authorize::<casemate_core::action::operation::Invoke>(
                &entry,
                &Arc::new(Actor::anonymous()),
                attacker.id().clone(),
            )
            .unwrap();
        world.ledger.break_it();
        let ran = world.sandbox.run(permit, &attacker, entry, request("GET", "/kv?do=get", "")).await;
        assert!(matches!(ran, Err(RunError::Unrecorded(_))), "{guest}: {ran:?}");
    }
}

#[tokio::test]
async fn a_permit_runs_its_own_function_only() {
    let world = World::new();
    let function: Arc<LoadedFunction> = world.deploy("hello", "").await.unwrap();
    let entry = Arc::new(world.ledger.entry().unwrap());
    let caller = Arc::new(Actor::anonymous());
    let mut other = function.id().clone();
    other.name = casemate_core::FunctionName::parse("g").unwrap();
    let text =
        "app = \"shop\"\n[functions.g]\ncomponent = \"g.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n";
    let manifest = Arc::new(casemate_core::Manifest::parse(text).unwrap());
    world.guard.install(casemate_policy::Rules { apps: vec![manifest], written: Vec::new() }).unwrap();
    let permit =
        world.guard.authorize::<casemate_core::action::operation::Invoke>(&entry, &caller, other).unwrap();
    let ran = world.sandbox.run(permit, &function, entry, request("GET", "/", "")).await;
    assert_eq!(ran.unwrap_err(), RunError::WrongPermit);
}
