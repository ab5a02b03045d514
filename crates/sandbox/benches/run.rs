//! How long one whole in-process request takes with everything on: decision, entry, fresh instance, guest, body, outcome;
//! the ledger is a recorder that keeps nothing.
//!
//! `cargo bench -p casemate-sandbox --bench run`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench says what it expects by panicking")]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "as above")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_core::action::operation::Invoke;
use casemate_core::event::HttpRequest;
use casemate_core::{
    Actor, Entry, Event, LedgerClass, Opened, RecordError, Recorder, RequestId, Seq, Timestamp,
};
use casemate_sandbox::LoadedFunction;

#[path = "../src/testbed.rs"]
#[allow(dead_code, unreachable_pub, reason = "made for tests, of which this uses a part")]
mod testbed;

use testbed::World;

/// A recorder that counts and keeps nothing.
#[derive(Default)]
struct Void(AtomicU64);

impl Recorder for Void {
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError> {
        Ok(Entry::new(opened, self, casemate_core::testing::clock_at(1_700_000_000)))
    }
    fn append(&self, _: RequestId, _: LedgerClass, _: &Event) -> Result<Seq, RecordError> {
        Ok(Seq(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

fn opened() -> Opened {
    let at = Timestamp::from_secs(1_700_000_000);
    let http = HttpRequest {
        http_method: "GET".to_owned(),
        host: "shop.localhost".to_owned(),
        path: "/".to_owned(),
        version: "HTTP/1.1".to_owned(),
        src_endpoint: [127, 0, 0, 1].into(),
        tls: false,
    };
    Opened { request: RequestId::new(at, [7; 10]), at, http, door: casemate_core::action::Audience::Data }
}

async fn one(
    world: &World,
    void: &Arc<Void>,
    caller: &Arc<Actor>,
    function: &Arc<LoadedFunction>,
) -> Duration {
    let request = testbed::request("GET", "/", "");
    let since = Instant::now();
    let entry = Arc::new(Arc::clone(void).begin(opened()).unwrap());
    let permit = world.guard.authorize::<Invoke>(&entry, caller, function.id().clone()).unwrap();
    let response = world.sandbox.run(permit, function, entry, request).await.unwrap();
    let came = testbed::read(response).await;
    let took = since.elapsed();
    assert_eq!((came.status, came.text().as_str()), (200, "Hello, world!\n"));
    took
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds: usize =
        std::env::var("CASEMATE_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let world = World::new();
    let void = Arc::new(Void::default());
    let caller = Arc::new(Actor::anonymous());
    for guest in ["hello", "hello3"] {
        let function = world.deploy(guest, "").await.unwrap();
        let mut times = Vec::with_capacity(rounds);
        for round in 0..rounds + rounds / 10 {
            let took = one(&world, &void, &caller, &function).await;
            if round >= rounds / 10 {
                times.push(took);
            }
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_nanos() as f64 / 1_000.0;
        println!(
            "{guest:8} whole request: p50 {:.1} us, p90 {:.1} us, p99 {:.1} us ({rounds} rounds)",
            at(50),
            at(90),
            at(99)
        );
    }
    assert!(void.0.load(Ordering::Relaxed) > 0, "decisions and outcomes were recorded");
}
