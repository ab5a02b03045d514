//! The crate `tlog_tiles` (a port of Go's `sumdb/tlog`) is the oracle.

use std::collections::HashMap;

use proptest::prelude::*;
use tlog_tiles::{HashReader, check_record, prove_record, stored_hashes, tree_hash};

use super::*;

/// All tiles of a tree in memory, full ones and the edge.
struct Tiles {
    full: HashMap<(usize, u64), Vec<Hash>>,
    edge: Edge,
}

impl Tiles {
    fn of(leaves: u64) -> Self {
        let mut tiles = Self { full: HashMap::new(), edge: Edge::default() };
        for leaf in 0..leaves {
            let full = &mut tiles.full;
            tiles.edge.push(leaf_hash(&leaf.to_be_bytes()), |tile| {
                full.insert((tile.level, tile.index), tile.hashes);
            });
        }
        tiles
    }
}

impl TileSource for Tiles {
    type Error = std::convert::Infallible;
    fn tile(&mut self, level: usize, index: u64) -> Result<Vec<Hash>, Self::Error> {
        let edge = || self.edge.levels().get(level).cloned().unwrap_or_default();
        Ok(self.full.get(&(level, index)).cloned().unwrap_or_else(edge))
    }
}

struct Oracle(Vec<tlog_tiles::Hash>);

impl Oracle {
    fn of(leaves: u64) -> Self {
        let mut oracle = Self(Vec::new());
        for leaf in 0..leaves {
            let hashes = stored_hashes(leaf, &leaf.to_be_bytes(), &oracle).unwrap();
            oracle.0.extend(hashes);
        }
        oracle
    }
}

impl HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn root(size: u64, oracle: &Oracle) -> Hash {
    tree_hash(size, oracle).unwrap().0
}

#[test]
fn roots_equal_the_oracle_at_every_small_size_and_around_tile_borders() {
    let oracle = Oracle::of(66_000);
    for size in (0..600).chain([1023, 1024, 65_535, 65_536, 65_537, 65_792, 65_999]) {
        let hashes: Vec<_> = (0..size).map(|leaf: u64| leaf_hash(&leaf.to_be_bytes())).collect();
        assert_eq!(root_of(&hashes), root(size, &oracle), "{size} leaves");
    }
    let mut edge = Edge::default();
    for size in 1..66_000_u64 {
        edge.push(leaf_hash(&(size - 1).to_be_bytes()), |_| ());
        if size % 251 == 0 || size < 600 || (65_530..65_540).contains(&size) {
            assert_eq!(edge.root(), root(size, &oracle), "{size} leaves");
            for (level, hashes) in edge.levels().iter().enumerate() {
                assert_eq!(u64::try_from(hashes.len()).unwrap(), Edge::width(size, level));
            }
            assert_eq!(edge.levels().len(), Edge::height(size));
        }
    }
}

#[test]
fn proofs_equal_the_oracle_across_three_tile_levels() {
    let size = 65_536 + 300;
    let oracle = Oracle::of(size);
    let mut tiles = Tiles::of(size);
    for index in [0, 1, 255, 256, 65_279, 65_535, 65_536, 65_791, 65_792, size - 1] {
        let ours = prove_inclusion(&mut tiles, index, size).unwrap();
        let theirs = prove_record(size, index, &oracle).unwrap();
        assert_eq!(ours, theirs.iter().map(|hash| hash.0).collect::<Vec<_>>(), "leaf {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn proofs_equal_the_oracle_and_hold_for_their_place_only(size in 1..1500_u64, at in any::<prop::sample::Index>()) {
        let index = u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        let oracle = Oracle::of(size);
        let mut tiles = Tiles::of(size);
        let path = prove_inclusion(&mut tiles, index, size).unwrap();
        let theirs = prove_record(size, index, &oracle).unwrap();
        prop_assert_eq!(&path, &theirs.iter().map(|hash| hash.0).collect::<Vec<_>>());
        let (leaf, root) = (leaf_hash(&index.to_be_bytes()), root(size, &oracle));
        prop_assert!(check_inclusion(leaf, index, size, &path, &root));
        let oracle_path = path.iter().map(|hash| tlog_tiles::Hash(*hash)).collect::<Vec<_>>();
        prop_assert!(check_record(&oracle_path, size, tlog_tiles::Hash(root), index, tlog_tiles::Hash(leaf)).is_ok());

        prop_assert!(!check_inclusion(leaf_hash(b"another"), index, size, &path, &root));
        prop_assert!(!check_inclusion(leaf, size, size, &path, &root));
        for other in [index ^ 1, index + 1] {
            prop_assert!(!check_inclusion(leaf, other, size, &path, &root) || size == 1);
        }
        for cut in 0..path.len() {
            let mut changed = path.clone();
            changed[cut][7] ^= 1;
            prop_assert!(!check_inclusion(leaf, index, size, &changed, &root));
            changed.remove(cut);
            prop_assert!(!check_inclusion(leaf, index, size, &changed, &root));
        }
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(!check_inclusion(leaf, index, size, &longer, &root));
    }

    #[test]
    fn any_proof_is_judged_the_same_as_by_the_oracle(
        index in 0..40_u64, size in 0..40_u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..8)
    ) {
        let (leaf, root) = ([3; 32], [4; 32]);
        prop_assert!(!check_inclusion(leaf, index, size, &path, &root));
    }
}

#[test]
fn a_leaf_outside_the_tree_has_no_proof() {
    let mut tiles = Tiles::of(3);
    assert!(matches!(prove_inclusion(&mut tiles, 3, 3), Err(ProofError::OutOfTree { index: 3, size: 3 })));
    assert!(matches!(prove_inclusion(&mut tiles, 1, 600), Err(ProofError::Narrow { .. })));
}
