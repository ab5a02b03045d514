//! What somebody who can write to the database file may try.

use rusqlite::params;

use super::*;
use crate::kv::space::Space;

/// The place of a key, which only this room can compute.
fn place(house: &House, caller: &Principal, store: &str, key: &str) -> Vec<u8> {
    let guest = house.guest();
    let permit = house.kv::<KvGet>(caller.clone(), store, &[key]);
    Space::of(&guest.vault, permit.target(), permit.caller()).unwrap().place(&guest.vault, key).to_vec()
}

fn row(house: &House, place: &[u8]) -> (i64, Vec<u8>, Vec<u8>) {
    house
        .raw()
        .query_row("SELECT version, sealed_key, sealed_value FROM kv WHERE place = ?1", [place], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap()
}

fn put(house: &House, place: &[u8], (version, key, value): &(i64, Vec<u8>, Vec<u8>)) {
    let changed = house
        .raw()
        .execute(
            "UPDATE kv SET version = ?2, sealed_key = ?3, sealed_value = ?4 WHERE place = ?1",
            params![place, version, key, value],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

fn refused<T: std::fmt::Debug>(result: Result<T, KvError>, what: &str) {
    assert!(matches!(result, Err(KvError::Storage(StorageError::Tampered(_)))), "{what}: {result:?}");
}

#[tokio::test]
async fn a_row_moved_anywhere_is_refused() {
    let house = House::new().await;
    let (alice, bob) = (user(1), user(2));
    let here = (&alice, "shop/orders", "key");
    let elsewhere = [
        ("another key", (&alice, "shop/orders", "other")),
        ("another caller", (&bob, "shop/orders", "key")),
        ("another kind of caller", (&service(1), "shop/orders", "key")),
        ("another store", (&alice, "shop/cart", "key")),
        ("another app", (&alice, "blog/orders", "key")),
    ];
    house.set(here.0, here.1, here.2, "mine").await;
    let from = place(&house, here.0, here.1, here.2);
    let stolen = row(&house, &from);
    for (what, (caller, store, key)) in elsewhere {
        house.set(caller, store, key, "theirs").await;
        let to = place(&house, caller, store, key);
        let original = row(&house, &to);
        put(&house, &to, &stolen);
        refused(house.get(caller, store, key), what);
        let list = house.guest().list(house.kv(caller.clone(), store, &[]), None, 10);
        refused(list, what);
        let swap = house.kv::<KvSet>(caller.clone(), store, &[key]);
        refused(house.guest().compare_and_swap(swap, Some(bytes("mine")), bytes("x")).await, what);
        // The control: what was there opens again, so it was the move that was refused.
        put(&house, &to, &original);
        assert_eq!(house.get(caller, store, key).unwrap().as_deref(), Some("theirs"), "{what}");
    }
}

#[tokio::test]
async fn an_old_value_in_a_newer_row_is_refused() {
    let mut house = House::new().await;
    let alice = user(1);
    house.set(&alice, "shop/cart", "balance", "1000").await;
    let at = place(&house, &alice, "shop/cart", "balance");
    let old = row(&house, &at);
    house.set(&alice, "shop/cart", "balance", "0").await;
    let new = row(&house, &at);
    put(&house, &at, &(new.0, old.1.clone(), old.2.clone()));
    refused(house.get(&alice, "shop/cart", "balance"), "old value, new version");
    put(&house, &at, &(old.0, new.1.clone(), new.2.clone()));
    refused(house.get(&alice, "shop/cart", "balance"), "new value, old version");
    put(&house, &at, &new);

    // No version is ever used again, neither by a row that was deleted and made anew, nor after a restart.
    let mut versions = vec![old.0, new.0];
    for _ in 0..3 {
        house.guest().delete(house.kv(alice.clone(), "shop/cart", &["balance"])).await.unwrap();
        house.set(&alice, "shop/cart", "balance", "5").await;
        versions.push(row(&house, &at).0);
        house.reopen();
    }
    let unique: std::collections::BTreeSet<_> = versions.iter().collect();
    assert_eq!(unique.len(), versions.len(), "{versions:?}");

    // What this does not stop, as the crate's documentation says: the whole row, rolled back with its version.
    put(&house, &at, &old);
    assert_eq!(house.get(&alice, "shop/cart", "balance").unwrap().as_deref(), Some("1000"));
}

#[tokio::test]
async fn every_flipped_bit_is_refused() {
    let house = House::new().await;
    let alice = user(1);
    house.set(&alice, "shop/cart", "k", "value").await;
    let at = place(&house, &alice, "shop/cart", "k");
    let original = row(&house, &at);
    for position in 0..original.2.len() {
        let mut edited = original.clone();
        edited.2[position] ^= 1;
        put(&house, &at, &edited);
        refused(house.get(&alice, "shop/cart", "k"), &format!("byte {position}"));
    }
    for (what, value) in [("empty", Vec::new()), ("cut", original.2[..original.2.len() - 1].to_vec())] {
        put(&house, &at, &(original.0, original.1.clone(), value));
        refused(house.get(&alice, "shop/cart", "k"), what);
    }
    put(&house, &at, &original);
    assert_eq!(house.get(&alice, "shop/cart", "k").unwrap().as_deref(), Some("value"));
}
