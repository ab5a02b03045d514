//! Bucket arithmetic and eviction.

use casemate_core::{AppId, FunctionName, ServiceId, UserId};
use proptest::prelude::*;

use super::*;

fn function(name: &str) -> FunctionId {
    FunctionId { app: AppId::parse("shop").unwrap(), name: FunctionName::parse(name).unwrap() }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn allowed(count: usize, mut take: impl FnMut() -> bool) -> usize {
    (0..count).filter(|_| take()).count()
}

#[test]
fn a_bucket_holds_one_second_and_refills_at_its_rate() {
    for rate in [1, 2, 3, 7, 100, 999, 1_000, 1_000_000_u32] {
        let mut full_at = 0;
        let now = 5 * SECOND;
        let burst = allowed(rate as usize + 10, || spend(&mut full_at, rate, now).is_ok());
        assert_eq!(burst, rate as usize, "burst at {rate}");
        let wait = spend(&mut full_at, rate, now).unwrap_err();
        assert!(wait <= Duration::from_nanos(SECOND / u64::from(rate)), "{rate}: {wait:?}");
        let then = now + u64::try_from(wait.as_nanos()).unwrap();
        assert!(spend(&mut full_at, rate, then - 1).is_err(), "{rate}: a moment too early");
        assert!(spend(&mut full_at, rate, then).is_ok(), "{rate}: when it said");
        assert!(spend(&mut full_at, rate, then).is_err(), "{rate}: and only once");
        let rested = allowed(rate as usize + 10, || spend(&mut full_at, rate, then + 10 * SECOND).is_ok());
        assert_eq!(rested, rate as usize, "rest does not save up beyond a second at {rate}");
    }
}

#[test]
fn a_clock_that_stands_or_runs_back_gives_nothing() {
    let mut full_at = 0;
    assert_eq!(allowed(20, || spend(&mut full_at, 5, 9 * SECOND).is_ok()), 5);
    assert!(spend(&mut full_at, 5, 0).is_err());
    assert!(spend(&mut full_at, 5, 9 * SECOND).is_err());
}

#[test]
fn each_rate_is_named_and_kept_apart() {
    let rates = Rates::default();
    let now = Instant::now();
    let rate = Rate { function: 5, caller: 2, address: 3 };
    let (one, two) = (function("one"), function("two"));
    let refused = |address: &str, function: &FunctionId| {
        rates.admit(function, ip(address), &rate, now).err().map(|exceeded| exceeded.key())
    };
    assert_eq!([(); 4].map(|()| refused("192.0.2.1", &one)), [None, None, None, Some("rate.address")]);
    assert_eq!([(); 3].map(|()| refused("192.0.2.2", &one)), [None, None, Some("rate.function")]);
    assert_eq!(refused("192.0.2.1", &two), None, "another function has its own buckets");

    let user = Principal::User(UserId::from_random([1; 16]));
    let service = Principal::Service(ServiceId::from_random([1; 16]));
    let caller =
        |principal: &Principal| rates.admit_caller(&one, principal, &rate, now).err().map(|e| e.key());
    assert_eq!([(); 3].map(|()| caller(&user)), [None, None, Some("rate.caller")]);
    assert_eq!(caller(&service), None);
    let later = now + Duration::from_millis(500);
    assert_eq!(rates.admit_caller(&one, &user, &rate, later), Ok(()));
}

#[test]
fn one_ipv6_subscriber_is_one_address() {
    let rates = Rates::default();
    let (now, one) = (Instant::now(), function("one"));
    let rate = Rate { function: 100, caller: 1, address: 2 };
    let check = |address: &str| rates.admit(&one, ip(address), &rate, now).is_ok();
    assert!(check("2001:db8:0:1::1") && check("2001:db8:0:1:ffff::2"));
    assert!(!check("2001:db8:0:1:2:3:4:5"), "same /64");
    assert!(check("2001:db8:0:2::1"), "another /64");
    assert!(check("192.0.2.1") && check("::ffff:192.0.2.1"));
    assert!(!check("192.0.2.1"), "a mapped address is the same address");
}

#[test]
fn retry_after_is_whole_seconds() {
    for (wait, seconds) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2)] {
        let exceeded = RateExceeded { key: "rate.address", retry_after: Duration::from_millis(wait) };
        assert_eq!(exceeded.retry_after(), Some(Duration::from_secs(seconds)), "{wait} ms");
        assert_eq!(exceeded.limit(), Some("rate.address"));
    }
}

#[test]
fn a_flood_of_addresses_does_not_refill_an_exhausted_one() {
    let rates = Rates::with_room(512);
    let (now, one) = (Instant::now(), function("one"));
    let rate = Rate { function: 1_000_000, caller: 1, address: 5 };
    let victim = ip("192.0.2.1");
    assert_eq!(allowed(10, || rates.admit(&one, victim, &rate, now).is_ok()), 5);
    for number in 0..100_000_u32 {
        let address = IpAddr::from(number.to_be_bytes());
        let _counted = rates.admit(&one, address, &rate, now);
    }
    assert!(rates.admit(&one, victim, &rate, now).is_err(), "the emptiest bucket stays");
}

proptest! {
    #[test]
    fn never_more_than_burst_plus_rate(rate in 1_u32..5_000, steps in proptest::collection::vec(0_u64..50_000_000, 1..400)) {
        let (mut full_at, mut now, mut passed) = (0, 3 * SECOND, 0_u64);
        let start = now;
        for step in steps {
            now += step;
            passed += u64::from(spend(&mut full_at, rate, now).is_ok());
        }
        // Nanosecond rounding can give at most one token in a million.
        let most = u64::from(rate) + (now - start).saturating_mul(u64::from(rate)) / SECOND + 1 + passed / 100_000;
        prop_assert!(passed <= most, "{} > {}", passed, most);
    }
}

#[test]
fn a_door_counts_strangers_and_forgets_those_who_were_known() {
    let rates = Rates::default();
    let now = Instant::now();
    let (stranger, friend) = (ip("192.0.2.1"), ip("192.0.2.2"));
    let most = allowed(1_000, || rates.arrive(Door::Data, stranger, now).is_ok());
    assert_eq!(most, Door::Data.per_second() as usize);
    assert!(rates.arrive(Door::Control, stranger, now).is_ok(), "another door has its own bucket");
    let known = allowed(1_000, || {
        let came = rates.arrive(Door::Data, friend, now).is_ok();
        rates.take_back(Door::Data, friend);
        came
    });
    assert_eq!(known, 1_000);
    // Taking back what was never counted gives no credit.
    (0..1_000).for_each(|_| rates.take_back(Door::Data, friend));
    let most = allowed(1_000, || rates.arrive(Door::Data, friend, now).is_ok());
    assert_eq!(most, Door::Data.per_second() as usize);
}
