//! The pool: its bounds, and that every check is one hash.

use std::sync::Arc;

use super::*;

const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

fn peppered(byte: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([byte; 32])
}

async fn hash(pool: &HashPool, byte: u8) -> String {
    pool.hash(pool.place().unwrap(), peppered(byte), [byte; 16]).await.unwrap()
}

async fn check(pool: &HashPool, byte: u8, stored: Option<&str>) -> Checked {
    pool.check(pool.place().unwrap(), peppered(byte), stored.map(str::to_owned)).await.unwrap()
}

#[tokio::test]
async fn right_wrong_nothing_and_nonsense_cost_one_hash_each() {
    let pool = HashPool::start(CHEAP, 2, 8).unwrap();
    let stored = hash(&pool, 1).await;
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    let huge = stored.replace("m=64", "m=4194304");
    let other = stored.replace("argon2id", "argon2i");
    let cases = [
        (1, Some(stored.as_str()), Checked::Right { outdated: false }),
        (2, Some(stored.as_str()), Checked::Wrong),
        (1, None, Checked::Wrong),
        (1, Some("nonsense"), Checked::Wrong),
        (1, Some(""), Checked::Wrong),
        (1, Some(other.as_str()), Checked::Wrong),
        (1, Some(huge.as_str()), Checked::Wrong),
    ];
    for (done, (byte, stored, expect)) in (1..).zip(cases) {
        assert_eq!(pool.hashes_done(), done);
        assert_eq!(check(&pool, byte, stored).await, expect, "{stored:?}");
    }
    assert_eq!(pool.hashes_done(), 8);
}

#[tokio::test]
async fn a_hash_of_another_cost_is_right_and_outdated() {
    let old = HashPool::start(HashCost { memory_kib: 32, ..CHEAP }, 1, 1).unwrap();
    let stored = hash(&old, 1).await;
    let new = HashPool::start(CHEAP, 1, 1).unwrap();
    assert_eq!(check(&new, 1, Some(&stored)).await, Checked::Right { outdated: true });
    assert_eq!(check(&new, 2, Some(&stored)).await, Checked::Wrong);
}

#[tokio::test]
async fn agrees_with_the_reference_vector_of_rfc_9106() {
    // The RFC's own vector uses a secret and associated data, which we do not; this one is of the reference
    // implementation (phc-winner-argon2, test.c: argon2id, v=13, t=2, m=65536, p=1, "password", "somesalt").
    let params = Params::new(65_536, 2, 1, None).unwrap();
    let out = argon2id(&Gauge::default(), &params, b"password", b"somesalt").unwrap();
    let expect = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7";
    assert_eq!(casemate_core::ids::hex(out.as_slice()), expect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_run_than_workers_and_no_more_wait_than_places() {
    // Dear enough that they pile up.
    let pool = Arc::new(HashPool::start(HashCost { memory_kib: 4096, passes: 2, lanes: 1 }, 2, 4).unwrap());
    let places: Vec<Place> = (0..6).map(|_| pool.place().unwrap()).collect();
    assert!(pool.place().is_err(), "the seventh is told at once");
    let running: Vec<_> = places
        .into_iter()
        .map(|place| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.check(place, peppered(1), None).await })
        })
        .collect();
    for task in running {
        assert_eq!(task.await.unwrap(), Ok(Checked::Wrong));
    }
    assert_eq!(pool.hashes_done(), 6);
    assert!((1..=2).contains(&pool.most_at_once()), "{}", pool.most_at_once());
    // The workers give their places back after they answered.
    while pool.places.available_permits() < 6 {
        tokio::task::yield_now().await;
    }
    assert!(pool.place().is_ok());
}

#[test]
fn costs_that_cannot_be_paid_are_refused() {
    for (memory_kib, passes, lanes, workers) in
        [(0, 1, 1, 1), (64, 0, 1, 1), (64, 1, 0, 1), (64, 1, 1, 0), (u32::MAX, 1, 1, 1), (64, 17, 1, 1)]
    {
        let cost = HashCost { memory_kib, passes, lanes };
        assert_eq!(HashPool::start(cost, workers, 1).err(), Some(HashError::Cost), "{cost:?}");
    }
}
