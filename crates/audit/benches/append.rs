//! How many leaves a second: durable ones with 1, 32 and 256 callers, acknowledged ones with one and two threads.
//!
//! Every durable leaf was awaited, and the whole ledger is verified afterwards. Numbers, no thresholds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and fails by panicking"
)]

#[path = "../tests/it/home.rs"]
mod home;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_audit::{Ledger, LedgerSettings};
use casemate_core::{Durable, Event, LedgerClass, Recorder};
use home::{Home, request};

const RUN: Duration = Duration::from_secs(2);
/// As the server has them: a runtime for each core.
const RUNTIMES: usize = 2;

fn main() {
    let profile = if cfg!(debug_assertions) { "dev profile" } else { "release profile" };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "ledger append, {cores} cores, {profile}, {} bytes of JSON an event",
        serde_json::to_vec(&decision()).unwrap().len()
    );
    for callers in [1, 32, 256] {
        measure(&format!("durable, {callers} callers"), |ledger| durable(ledger, callers));
    }
    for threads in [1, 2] {
        measure(&format!("acknowledged, {threads} threads"), |ledger| acknowledged(ledger, threads));
    }
}

fn measure(name: &str, run: impl FnOnce(&Arc<Ledger>) -> Vec<Duration>) {
    let home = Home::new();
    let ledger = home.open(LedgerSettings::default());
    let before = ledger.head().0;
    let since = Instant::now();
    let mut times = run(&ledger);
    let elapsed = since.elapsed().as_secs_f64();
    let appended = u64::try_from(times.len()).unwrap();
    assert_eq!(ledger.head().0, before + appended, "every append has its place");
    ledger.close();
    let report = home.verify(&ledger.verifier_key()).unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert_eq!(report.checkpoint.size, before + appended + 1, "every leaf is under the checkpoint");
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{name:>24}: {:>8.0}/s   p50 {:>7.1} µs   p99 {:>7.1} µs   ({appended} leaves, all verified)",
        appended as f64 / elapsed,
        at(0.5),
        at(0.99)
    );
}

fn durable(ledger: &Arc<Ledger>, callers: usize) -> Vec<Duration> {
    let event = Arc::new(decision());
    let numbers = Arc::new(AtomicU64::new(0));
    let runtimes: Vec<_> = (0..RUNTIMES.min(callers))
        .map(|_| {
            let (ledger, event, numbers) = (Arc::clone(ledger), Arc::clone(&event), Arc::clone(&numbers));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let end = Instant::now() + RUN;
                    let tasks: Vec<_> = (0..callers.div_ceil(RUNTIMES))
                        .map(|_| {
                            let (ledger, event, numbers) =
                                (Arc::clone(&ledger), Arc::clone(&event), Arc::clone(&numbers));
                            tokio::spawn(async move {
                                let mut times = Vec::new();
                                while Instant::now() < end {
                                    let since = Instant::now();
                                    let id = request(numbers.fetch_add(1, Ordering::Relaxed));
                                    let seq = ledger.append(id, LedgerClass::Durable, &event).unwrap();
                                    ledger.durable(seq).await.unwrap();
                                    times.push(since.elapsed());
                                }
                                times
                            })
                        })
                        .collect();
                    let mut times = Vec::new();
                    for task in tasks {
                        times.extend(task.await.unwrap());
                    }
                    times
                })
            })
        })
        .collect();
    runtimes.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}

fn acknowledged(ledger: &Arc<Ledger>, threads: usize) -> Vec<Duration> {
    let event = decision();
    let numbers = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let end = Instant::now() + RUN;
                    let mut times = Vec::new();
                    while Instant::now() < end {
                        let since = Instant::now();
                        let id = request(numbers.fetch_add(1, Ordering::Relaxed));
                        ledger.append(id, LedgerClass::Acknowledge, &event).unwrap();
                        times.push(since.elapsed());
                    }
                    times
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// A decision as the guard records one for an invocation.
fn decision() -> Event {
    serde_json::from_value(serde_json::json!({
        "class_name": "decision",
        "time": 1_700_000_000_000_u64,
        "http_request": {
            "http_method": "GET", "host": "shop.localhost", "path": "/orders/1234", "version": "HTTP/1.1",
            "src_endpoint": "127.0.0.1", "tls": false
        },
        "actor": {
            "principal": { "type": "User", "uid": "usr_00112233445566778899aabbccddeeff" }, "name": "ada",
            "authentication": { "methods": ["pwd"], "at": 1_699_999_000_000_u64 }
        },
        "action": "invoke",
        "resource": casemate_core::Resource::Function(casemate_core::FunctionId {
            app: casemate_core::AppId::parse("shop").unwrap(),
            name: casemate_core::FunctionName::parse("orders").unwrap(),
        }),
        "disposition": "allow",
        "policies": ["app:shop/function:orders/access"],
        "policy_version": 3,
        "directory_version": 5,
        "reused": false
    }))
    .unwrap()
}
