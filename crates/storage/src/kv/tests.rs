//! What guests may count on: values, partitions, limits, counters, listings. Attacks and crashes stand in files of their own.

use casemate_core::Principal;
use casemate_core::actor::ExternalId;

use super::*;
use crate::testing::{House, service, user};

mod attacks;
mod crash;

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

impl House {
    pub(super) fn guest(&self) -> &GuestStores {
        &self.handles().guest
    }

    pub(super) async fn set(&self, caller: &Principal, store: &str, key: &str, value: &str) {
        let permit = self.kv::<KvSet>(caller.clone(), store, &[key]);
        self.guest().set(permit, vec![bytes(value)]).await.unwrap();
    }

    pub(super) fn get(&self, caller: &Principal, store: &str, key: &str) -> Result<Option<String>, KvError> {
        let mut values = self.guest().get(self.kv::<KvGet>(caller.clone(), store, &[key]), u64::MAX)?;
        Ok(values.remove(0).map(|value| String::from_utf8(value).unwrap()))
    }
}

#[tokio::test]
async fn keeps_replaces_and_deletes_also_over_a_restart() {
    let mut house = House::new().await;
    let alice = user(1);
    house.set(&alice, "shop/cart", "a", "1").await;
    house.set(&alice, "shop/cart", "b", "").await;
    house.set(&alice, "shop/cart", "a", "2").await;
    for _ in 0..2 {
        assert_eq!(house.get(&alice, "shop/cart", "a").unwrap().as_deref(), Some("2"));
        assert_eq!(house.get(&alice, "shop/cart", "b").unwrap().as_deref(), Some(""));
        assert_eq!(house.get(&alice, "shop/cart", "c").unwrap(), None);
        house.reopen();
    }
    house.guest().delete(house.kv(alice.clone(), "shop/cart", &["a", "c"])).await.unwrap();
    assert_eq!(house.get(&alice, "shop/cart", "a").unwrap(), None);
    assert!(!house.guest().exists(house.kv(alice.clone(), "shop/cart", &["a"])).unwrap());
    assert!(house.guest().exists(house.kv(alice.clone(), "shop/cart", &["b"])).unwrap());
    assert!(!house.guest().exists(house.kv(alice, "shop/cart", &["a", "b"])).unwrap());
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_in_order() {
    let house = House::new().await;
    let alice = user(1);
    let permit = house.kv::<KvSet>(alice.clone(), "shop/cart", &["x", "y", "x"]);
    house.guest().set(permit, vec![bytes("1"), bytes("2"), bytes("3")]).await.unwrap();
    let values =
        house.guest().get(house.kv(alice.clone(), "shop/cart", &["y", "none", "x"]), u64::MAX).unwrap();
    assert_eq!(values, [Some(bytes("2")), None, Some(bytes("3"))]);

    let permit = house.kv::<KvSet>(alice.clone(), "shop/cart", &["x", "y"]);
    let error = house.guest().set(permit, vec![bytes("9"), vec![0; VALUE_MAX + 1]]).await.unwrap_err();
    assert!(matches!(error, KvError::ValueTooLarge(_)), "{error:?}");
    assert_eq!(house.get(&alice, "shop/cart", "x").unwrap().as_deref(), Some("3"));
}

#[tokio::test]
async fn callers_apps_and_stores_do_not_meet() {
    let house = House::new().await;
    let outside = |issuer: &str, subject: &str| {
        Principal::External(ExternalId { issuer: issuer.into(), subject: subject.into() })
    };
    let callers =
        [user(1), user(2), service(1), outside("https://a.example", "b"), outside("https://a.example|b", "")];
    let spaces: Vec<_> = callers
        .iter()
        .flat_map(|caller| ["shop/orders", "blog/orders"].map(|store| (caller.clone(), store)))
        .chain(["shop/cart", "blog/cart"].map(|store| (user(1), store)))
        .collect();
    for (number, (caller, store)) in spaces.iter().enumerate() {
        assert_eq!(
            house.get(caller, store, "key").unwrap(),
            None,
            "{caller} in {store} sees another's value"
        );
        house.set(caller, store, "key", &number.to_string()).await;
    }
    for (number, (caller, store)) in spaces.iter().enumerate() {
        assert_eq!(house.get(caller, store, "key").unwrap(), Some(number.to_string()), "{caller} in {store}");
        let page = house.guest().list(house.kv(caller.clone(), store, &[]), None, 10).unwrap();
        assert_eq!(page, KvPage { keys: vec!["key".to_owned()], cursor: None });
    }
    // A shared store is one space for all.
    assert_eq!(
        house.get(&user(2), "shop/cart", "key").unwrap(),
        house.get(&user(1), "shop/cart", "key").unwrap()
    );
}

#[tokio::test]
async fn nobody_in_particular_has_no_partition() {
    let house = House::new().await;
    let nobody = Principal::Anonymous;
    let refused = |error: KvError| {
        assert!(matches!(error, KvError::NoCaller(_)), "{error:?}");
        assert_eq!(error.fault(), Fault::Denied);
        assert!(error.to_string().contains("shop/orders"), "{error}");
    };
    let guest = house.guest();
    refused(guest.get(house.kv(nobody.clone(), "shop/orders", &["a"]), u64::MAX).unwrap_err());
    refused(guest.exists(house.kv(nobody.clone(), "shop/orders", &["a"])).unwrap_err());
    refused(guest.list(house.kv(nobody.clone(), "shop/orders", &[]), None, 1).unwrap_err());
    refused(guest.delete(house.kv(nobody.clone(), "shop/orders", &["a"])).await.unwrap_err());
    refused(guest.set(house.kv(nobody.clone(), "shop/orders", &["a"]), vec![vec![]]).await.unwrap_err());
    refused(guest.increment(house.kv(nobody.clone(), "shop/orders", &["a"]), 1).await.unwrap_err());
    let swap = guest.compare_and_swap(house.kv(nobody.clone(), "shop/orders", &["a"]), None, vec![]).await;
    refused(swap.unwrap_err());
    house.set(&nobody, "shop/cart", "a", "fine where it is shared").await;
}

#[tokio::test]
async fn every_limit_is_enforced_and_its_last_value_allowed() {
    let house = House::new().await;
    let (guest, alice) = (house.guest(), user(1));
    let longest = "k".repeat(KEY_MAX);
    let too_long = "k".repeat(KEY_MAX + 1);
    for (key, fits) in [("", false), ("k", true), (longest.as_str(), true), (too_long.as_str(), false)] {
        let result = guest.set(house.kv(alice.clone(), "shop/cart", &[key]), vec![vec![1]]).await;
        assert_eq!(result.is_ok(), fits, "{} bytes: {result:?}", key.len());
        assert_eq!(guest.get(house.kv(alice.clone(), "shop/cart", &[key]), u64::MAX).is_ok(), fits);
    }
    for (length, fits) in [(VALUE_MAX, true), (VALUE_MAX + 1, false)] {
        let result = guest.set(house.kv(alice.clone(), "shop/cart", &["v"]), vec![vec![1; length]]).await;
        assert_eq!(result.is_ok(), fits, "{length}: {result:?}");
    }
    let many: Vec<String> = (0..=BATCH_MAX).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (count, fits) in [(BATCH_MAX, true), (BATCH_MAX + 1, false)] {
        let result =
            guest.set(house.kv(alice.clone(), "shop/cart", &many[..count]), vec![vec![]; count]).await;
        assert_eq!(result.is_ok(), fits, "{count}: {result:?}");
    }
    let error = guest.set(house.kv(alice.clone(), "shop/cart", &["a", "b"]), vec![vec![]]).await.unwrap_err();
    assert!(matches!(error, KvError::Shape { keys: 2, values: 1 }), "{error:?}");
    let error = guest.increment(house.kv(alice, "shop/cart", &["a", "b"]), 1).await.unwrap_err();
    assert!(matches!(error, KvError::Shape { .. }), "{error:?}");
}

#[tokio::test]
async fn a_reading_is_weighed_before_it_is_opened_also_where_it_names_a_key_twice() {
    let house = House::new().await;
    let alice = user(1);
    house.set(&alice, "shop/cart", "a", &"x".repeat(100)).await;
    house.set(&alice, "shop/cart", "b", &"y".repeat(50)).await;
    for (keys, fits) in [
        (&["a"][..], 100),
        (&["a", "b"], 150),
        (&["b", "none", "b", "b"], 150),
        (&["a"; BATCH_MAX], 100 * 1_000),
        (&["none"; 3], 0),
    ] {
        let read = |max| house.guest().get(house.kv(alice.clone(), "shop/cart", keys), max);
        assert_eq!(read(fits).unwrap().len(), keys.len());
        let Some(less) = fits.checked_sub(1) else { continue };
        let refused = read(less).unwrap_err();
        assert!(matches!(refused, KvError::TooMuchAtOnce(max) if max == less), "{keys:?}: {refused:?}");
        assert_eq!(refused.fault(), Fault::Exhausted);
    }
}

#[tokio::test]
async fn a_full_store_refuses_and_can_be_emptied() {
    let mut house = House::new().await;
    house.handles.as_mut().unwrap().guest.store_max = 10_000;
    let alice = user(1);
    house.set(&alice, "shop/cart", "a", &"x".repeat(6_000)).await;
    house.set(&alice, "shop/cart", "a", &"y".repeat(6_000)).await;
    let permit = house.kv(alice.clone(), "shop/cart", &["b", "c"]);
    let error = house.guest().set(permit, vec![vec![0; 2_000], vec![0; 3_000]]).await.unwrap_err();
    assert!(matches!(error, KvError::StoreFull { limit: 10_000, .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Exhausted);
    assert_eq!(house.get(&alice, "shop/cart", "b").unwrap(), None);
    // Other stores have room of their own.
    house.set(&alice, "blog/cart", "b", &"x".repeat(6_000)).await;
    house.guest().delete(house.kv(alice.clone(), "shop/cart", &["a"])).await.unwrap();
    house.set(&alice, "shop/cart", "b", &"x".repeat(6_000)).await;
}

#[tokio::test]
async fn increments_count_in_decimal() {
    let house = House::new().await;
    let alice = user(1);
    let add = |key, delta| house.guest().increment(house.kv(alice.clone(), "shop/cart", &[key]), delta);
    assert_eq!(add("n", 5).await.unwrap(), 5);
    assert_eq!(add("n", -7).await.unwrap(), -2);
    assert_eq!(house.get(&alice, "shop/cart", "n").unwrap().as_deref(), Some("-2"));
    for (value, expect) in [("40", Some(42)), ("", None), ("4o", None), (" 1", None), ("1.5", None)] {
        house.set(&alice, "shop/cart", "m", value).await;
        let result = add("m", 2).await;
        match expect {
            Some(sum) => assert_eq!(result.unwrap(), sum),
            None => assert!(matches!(result, Err(KvError::NotANumber)), "{value}: {result:?}"),
        }
    }
    house.set(&alice, "shop/cart", "m", &i64::MAX.to_string()).await;
    assert!(matches!(add("m", 1).await, Err(KvError::Overflow)));
    assert_eq!(house.get(&alice, "shop/cart", "m").unwrap(), Some(i64::MAX.to_string()));
}

#[tokio::test]
async fn concurrent_increments_all_count_and_one_swap_wins() {
    let house = Arc::new(House::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..256_u32 {
        let house = Arc::clone(&house);
        tasks.spawn(async move {
            let cart = |key| house.kv::<KvSet>(user(1), "shop/cart", &[key]);
            house.guest().increment(cart("n"), 1).await.unwrap();
            house.guest().compare_and_swap(cart("once"), None, number.to_be_bytes().to_vec()).await.unwrap()
        });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(house.get(&user(1), "shop/cart", "n").unwrap().as_deref(), Some("256"));
}

#[tokio::test]
async fn a_swap_compares_with_what_is_there() {
    let house = House::new().await;
    let alice = user(1);
    let swap = |expected: Option<&str>, value: &str| {
        let permit = house.kv(alice.clone(), "shop/cart", &["k"]);
        house.guest().compare_and_swap(permit, expected.map(bytes), bytes(value))
    };
    assert!(!swap(Some("x"), "1").await.unwrap());
    assert!(swap(None, "1").await.unwrap());
    assert!(!swap(None, "2").await.unwrap());
    assert!(!swap(Some("2"), "3").await.unwrap());
    assert!(swap(Some("1"), "4").await.unwrap());
    assert_eq!(house.get(&alice, "shop/cart", "k").unwrap().as_deref(), Some("4"));
}

#[tokio::test]
async fn a_listing_gives_each_key_once_in_a_fixed_order() {
    let house = House::new().await;
    let alice = user(1);
    let keys: Vec<String> = (0..57).map(|n| format!("key {n}")).collect();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    house.guest().set(house.kv(alice.clone(), "shop/cart", &names), vec![vec![]; 57]).await.unwrap();
    house.set(&alice, "shop/orders", "not this one", "").await;
    let walk = |limit: usize| {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = house.guest().list(house.kv(alice.clone(), "shop/cart", &[]), cursor, limit).unwrap();
            assert!(page.keys.len() <= limit.clamp(1, BATCH_MAX));
            all.extend(page.keys);
            pages += 1;
            cursor = page.cursor;
            if cursor.is_none() {
                return (all, pages);
            }
        }
    };
    let (whole, pages) = walk(usize::MAX);
    assert_eq!(pages, 1);
    let mut sorted = whole.clone();
    sorted.sort();
    let mut expected = keys;
    expected.sort();
    assert_eq!(sorted, expected);
    for (limit, expect) in [(1, 57), (10, 6), (19, 3), (57, 1), (0, 57)] {
        assert_eq!(walk(limit), (whole.clone(), expect), "{limit}");
    }
    for cursor in ["", "x", "!!", &"A".repeat(44)] {
        let result =
            house.guest().list(house.kv(alice.clone(), "shop/cart", &[]), Some(cursor.to_owned()), 5);
        assert!(matches!(result, Err(KvError::BadCursor)), "{cursor}: {result:?}");
    }
}
