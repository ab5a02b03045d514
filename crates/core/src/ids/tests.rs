use super::*;

#[test]
fn names_follow_the_host_label_rule() {
    let check = |name: &str, good: bool| assert_eq!(AppId::parse(name).is_ok(), good, "{name}");
    for good in ["a", "shop", "my-shop-2", &"a".repeat(63)] {
        check(good, true);
    }
    for bad in ["", "-a", "a-", "2a", "Shop", "a_b", "a.b", "a/b", "ä", "a b", &"a".repeat(64)] {
        check(bad, false);
    }
}

#[test]
fn a_hostile_name_does_not_flood_the_message() {
    let error = AppId::parse(&"X".repeat(1 << 20)).unwrap_err().to_string();
    assert!(error.len() < 300);
}

#[test]
fn request_ids_sort_by_time_and_round_trip() {
    let early = RequestId::new(crate::Timestamp::from_millis(1_000), [0xff; 10]);
    let late = RequestId::new(crate::Timestamp::from_millis(1_001), [0; 10]);
    assert!(early < late);
    assert_eq!(RequestId::parse(&late.to_string()).unwrap(), late);
    assert!(RequestId::parse("XYZ").is_err());
}

#[test]
fn random_ids_keep_their_namespace() {
    let user = UserId::from_random([7; 16]);
    assert_eq!(UserId::parse(user.as_str()).unwrap(), user);
    assert!(ServiceId::parse(user.as_str()).is_err());
    assert!(UserId::parse("usr_07").is_err());
}

proptest::proptest! {
    #[test]
    fn hex_round_trips(bytes: [u8; 16]) {
        proptest::prop_assert_eq!(unhex::<16>(&hex(&bytes)), Some(bytes));
    }
}
