use proptest::prelude::*;

use super::*;

#[test]
fn paths_are_those_of_the_specification() {
    let check = |path: String, expect: &str| assert_eq!(path, expect);
    check(tile_path(0, 0, 256), "tile/0/000");
    check(tile_path(3, 1_234_067, 256), "tile/3/x001/x234/067");
    check(tile_path(1, 999, 7), "tile/1/999.p/7");
    check(bundle_path(1000, 255), "tile/entries/x001/000.p/255");
    check(bundle_path(0, 256), "tile/entries/000");
}

proptest! {
    #[test]
    fn tile_paths_equal_the_oracle(level in 0..8_u8, index in 0..(u64::MAX >> 8), width in 1..=256_u32) {
        // The oracle writes Go's older form, with the height after `tile/`.
        let theirs = tlog_tiles::Tile::new(8, level, index, width, false).path();
        let ours = tile_path(usize::from(level), index, u64::from(width));
        prop_assert_eq!(ours, theirs.replacen("tile/8/", "tile/", 1));
    }

    #[test]
    fn bundles_return_what_was_put_in(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..256)) {
        let mut bundle = Vec::new();
        for entry in &entries {
            push_entry(&mut bundle, entry);
        }
        prop_assert_eq!(parse_bundle(&bundle), Ok(entries.iter().map(Vec::as_slice).collect()));
        if let Some(last) = entries.iter().rposition(|_| true) {
            let cut = bundle.len() - 1;
            prop_assert_eq!(parse_bundle(&bundle[..cut]), Err(CutShort { entries: last }));
        }
    }

    #[test]
    fn any_bytes_are_a_bundle_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        if let Ok(entries) = parse_bundle(&bytes) {
            let mut again = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut again, entry));
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_tile_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..9000)) {
        match parse_tile(&bytes) {
            Some(hashes) => prop_assert_eq!(tile_bytes(&hashes), bytes),
            None => prop_assert!(bytes.is_empty() || bytes.len() % 32 != 0 || bytes.len() > 256 * 32),
        }
    }
}
