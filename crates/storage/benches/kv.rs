//! Sealed key-value calls, one at a time and 256 at once. Run with `cargo bench -p casemate-storage --bench kv`.
//!
//! Measures the way from a permit to the answer, on the disk that holds the temporary folder; making the permits is not
//! timed. Every value is read back. Not here: deciding (`policy` has a bench of its own), the sandbox.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_core::action::operation::{AppDeploy, ComponentUpload, KvGet, KvSet};
use casemate_core::manifest::Partition;
use casemate_core::resource::{Deployment, KvKeys, PlatformPart};
use casemate_core::testing::{MemoryLedger, clock_at};
use casemate_core::{
    Actor, AppId, Entry, FunctionId, FunctionName, Manifest, Operation, Principal, RoleName, StoreId,
    StoreName, UserId,
};
use casemate_policy::{Directory, Guard, Permit, Rules};
use casemate_storage::{GuestStores, Storage};
use casemate_vault::{RootKeySource, Vault, sha256};

const MANIFEST: &str = r#"
app = "bench"
[stores.values]
[functions.main]
component = "main.wasm"
routes = ["/*"]
access = "public"
[functions.main.grants]
kv = { values = ["get", "set"] }
"#;
const AT_ONCE: u64 = 256;
const ROUNDS: u64 = 40;
const VALUE_BYTES: usize = 256;

/// Who asks, and the guard that answers.
struct Asking {
    guard: Guard,
    entry: Entry,
    actor: Arc<Actor>,
    admin: Arc<Actor>,
    app: AppId,
}

impl Asking {
    fn new() -> Self {
        let app = AppId::parse("bench").unwrap();
        let guard = Guard::new();
        let manifest = Arc::new(Manifest::parse(MANIFEST).unwrap());
        guard.install(Rules { apps: vec![manifest], written: Vec::new() }).expect("valid rules");
        let admin = Principal::User(UserId::from_random([1; 16]));
        guard.update_directory(Directory {
            memberships: vec![(admin.clone(), AppId::platform(), RoleName::admin())],
        });
        let function = FunctionId { app: app.clone(), name: FunctionName::parse("main").unwrap() };
        Self {
            guard,
            entry: MemoryLedger::new().entry().unwrap(),
            actor: Arc::new(Actor::function(function, Arc::new(Actor::anonymous()))),
            admin: Arc::new(Actor {
                principal: admin,
                audience: Some(AppId::platform()),
                ..Actor::anonymous()
            }),
            app,
        }
    }

    fn admin<A: Operation>(&self, target: A::Target) -> Permit<A> {
        self.guard.authorize(&self.entry, &self.admin, target).expect("an administrator may")
    }

    fn kv<A: Operation<Target = KvKeys>>(&self, key: u64) -> Permit<A> {
        let store = StoreId { app: self.app.clone(), name: StoreName::parse("values").unwrap() };
        let target = KvKeys { store, partition: Partition::Shared, keys: vec![format!("key {key}")] };
        self.guard.authorize(&self.entry, &self.actor, target).expect("the function was granted this")
    }
}

fn value(key: u64, round: u64) -> Vec<u8> {
    let seed = key.wrapping_mul(31).wrapping_add(round).to_be_bytes();
    seed.iter().copied().cycle().take(VALUE_BYTES).collect()
}

fn print(what: &str, took: Duration, operations: u64) {
    let each = took.as_secs_f64() * 1e6 / f64::from(u32::try_from(operations).unwrap());
    println!("{what:<32} {each:>9.2} µs/op   ({operations} operations)");
}

fn check(asking: &Asking, stores: &GuestStores, keys: u64, round: u64) {
    for key in 0..keys {
        let found = stores.get(asking.kv::<KvGet>(key), u64::MAX).expect("reads");
        assert_eq!(found, [Some(value(key, round))], "key {key} of round {round}");
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let key = RootKeySource::File(folder.path().join("root.key"));
    let vault = Arc::new(Vault::open(&key, true).expect("a vault"));
    let handles = Storage::open(&folder.path().join("data"), vault, clock_at(1_700_000_000)).expect("opens");
    let asking = Asking::new();

    let digest = sha256(b"component");
    let permit = asking.admin::<ComponentUpload>(PlatformPart(Some(digest.to_string())));
    let mut upload = handles.registry.begin_component(permit, 100).expect("begins");
    upload.write(b"component").expect("writes");
    upload.finish().expect("finishes");
    let target = Deployment { app: asking.app.clone(), manifest: sha256(MANIFEST.as_bytes()) };
    let components = BTreeMap::from([(FunctionName::parse("main").unwrap(), digest)]);
    let permit = asking.admin::<AppDeploy>(target);
    handles.registry.deploy(permit, MANIFEST, components).await.expect("deploys");
    let stores = Arc::new(handles.guest);
    println!("values of {VALUE_BYTES} bytes, one key a call; set returns when the value is on disk");

    // One at a time.
    let mut took = Duration::ZERO;
    for key in 0..AT_ONCE * 4 {
        let (permit, value) = (asking.kv::<KvSet>(key), vec![value(key, 0)]);
        let start = Instant::now();
        stores.set(permit, value).await.expect("sets");
        took += start.elapsed();
    }
    print("set, one at a time", took, AT_ONCE * 4);
    check(&asking, &stores, AT_ONCE * 4, 0);

    // 256 at once, over and over.
    let mut took = Duration::ZERO;
    for round in 1..=ROUNDS {
        let calls: Vec<_> =
            (0..AT_ONCE).map(|key| (asking.kv::<KvSet>(key), vec![value(key, round)])).collect();
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for (permit, value) in calls {
            let stores = Arc::clone(&stores);
            tasks.spawn(async move { stores.set(permit, value).await });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().expect("sets");
        }
        took += start.elapsed();
    }
    print("set, 256 at once", took, AT_ONCE * ROUNDS);
    check(&asking, &stores, AT_ONCE, ROUNDS);

    // Reads.
    let mut took = Duration::ZERO;
    for round in 0..ROUNDS {
        let permits: Vec<_> = (0..AT_ONCE).map(|key| asking.kv::<KvGet>(key)).collect();
        let start = Instant::now();
        let found: Vec<_> =
            permits.into_iter().map(|permit| stores.get(permit, u64::MAX).expect("reads")).collect();
        took += start.elapsed();
        for (key, found) in (0..).zip(found) {
            assert_eq!(found, [Some(value(key, ROUNDS))], "key {key} in reading round {round}");
        }
    }
    print("get", took, AT_ONCE * ROUNDS);
}
