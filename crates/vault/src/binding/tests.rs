//! Tests of `binding`: different places never share associated data.

use proptest::prelude::*;

use super::*;

#[test]
fn neighbouring_places_differ() {
    let app = |name: &str| KeyScope::App(AppId::parse(name).unwrap());
    let places: Vec<(KeyScope, u64, Vec<&[u8]>)> = vec![
        (KeyScope::Platform, 1, vec![]),
        (KeyScope::Ledger, 1, vec![]),
        (app("shop"), 1, vec![]),
        (app("shops"), 1, vec![]),
        (app("shop"), 2, vec![]),
        (app("shop"), 1, vec![b""]),
        (app("shop"), 1, vec![b"", b""]),
        (app("shop"), 1, vec![b"ab", b"c"]),
        (app("shop"), 1, vec![b"a", b"bc"]),
        (app("shop"), 1, vec![b"abc"]),
        (app("shop"), 1, vec![b"abc", b""]),
        (app("shop"), 1, vec![b"", b"abc"]),
    ];
    let mut seen = std::collections::HashSet::new();
    for (scope, id, parts) in &places {
        assert!(seen.insert(encode_place(scope, KeyId(*id), parts)), "{scope} {id} {parts:?}");
    }
}

fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Few byte values and short parts, so that collisions would be found were there any.
    proptest::collection::vec(
        proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(8)], 0..12),
        0..4,
    )
}

proptest! {
    #[test]
    fn equal_encodings_come_from_equal_parts(one in parts(), two in parts()) {
        let encode = |parts: &[Vec<u8>]| {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            encode_place(&KeyScope::Ledger, KeyId(1), &parts)
        };
        prop_assert_eq!(encode(&one) == encode(&two), one == two);
    }
}
