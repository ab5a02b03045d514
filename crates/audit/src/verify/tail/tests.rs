use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_bytes_are_judged_without_panic(
        parts in prop::collection::vec((0..50_u64, prop::collection::vec(any::<u8>(), 0..600)), 0..4), sealed in 0..50_u64
    ) {
        let named: Vec<_> = parts.into_iter().map(|(first, bytes)| (first, format!("tail/{first}"), bytes)).collect();
        prop_assert!(TailReport::judge(&named, sealed).is_wrong());
    }
}
