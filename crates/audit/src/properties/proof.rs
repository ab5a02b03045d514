//! Proofs: what we take, the oracle takes.
//!
//! Owns: the properties of inclusion paths and of whole proofs. Not here: how proofs are made of files (`tests/it`).

use std::convert::Infallible;
use std::sync::LazyLock;

use tlog_tiles::check_record;

use super::VKEY;
use crate::tree::{Edge, Hash, TileSource, check_inclusion, leaf_hash, prove_inclusion, root_of};
use crate::{RequestProof, verify_proof};

/// The leaves that the trees are made of: more than one tile of them.
static LEAVES: LazyLock<Vec<Hash>> =
    LazyLock::new(|| (0..300_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect());

/// All tiles of the tree of the first leaves.
struct Tiles(Vec<Vec<Hash>>, Edge);

impl TileSource for Tiles {
    type Error = Infallible;

    fn tile(&mut self, level: usize, index: u64) -> Result<Vec<Hash>, Infallible> {
        let edge = || self.1.levels().get(level).cloned().unwrap_or_default();
        let full = usize::try_from(index).ok().filter(|_| level == 0).and_then(|index| self.0.get(index));
        Ok(full.cloned().unwrap_or_else(edge))
    }
}

/// An inclusion path is judged as the oracle judges it, and one that was made holds. A recipe: the tree's size (two bytes), the leaf
/// (two bytes), the size and the leaf that are claimed, then edits of the path of two bytes each.
pub fn inclusion(bytes: &[u8]) -> bool {
    let Some((recipe, edits)) = bytes.split_first_chunk::<8>() else { return false };
    let [a, b, c, d, e, f, g, h] = recipe.map(u64::from);
    let size = 1 + (a << 8 | b) % 300;
    let index = (c << 8 | d) % size;
    let count = usize::try_from(size).unwrap_or_default();
    let leaves = LEAVES.get(..count).unwrap_or_default();
    let mut tiles = Tiles(Vec::new(), Edge::default());
    leaves.iter().for_each(|leaf| tiles.1.push(*leaf, |tile| tiles.0.push(tile.hashes)));
    let root = root_of(leaves);
    assert_eq!(tiles.1.root(), root);
    let path = prove_inclusion(&mut tiles, index, size);
    let Ok(mut path) = path else { panic!("{path:?}") };
    let leaf = usize::try_from(index).ok().and_then(|index| leaves.get(index)).copied().unwrap_or_default();
    assert!(check_inclusion(leaf, index, size, &path, &root), "what we made holds");

    let claimed = (size ^ (e << 8 | f), index ^ (g << 8 | h));
    let made = path.clone();
    for edit in edits.chunks_exact(2).take(64) {
        let [what, place] = edit else { break };
        let place = usize::from(*place);
        match what % 4 {
            0 if !path.is_empty() => drop(path.remove(place % path.len())),
            1 => path.insert(place % (path.len() + 1), leaf),
            2 => path.insert(place % (path.len() + 1), path.first().copied().unwrap_or(root)),
            _ => path.iter_mut().flatten().skip(place * 8).take(1).for_each(|byte| *byte ^= 1),
        }
    }
    let ours = check_inclusion(leaf, claimed.1, claimed.0, &path, &root);
    let theirs = path.iter().map(|hash| tlog_tiles::Hash(*hash)).collect();
    let theirs = check_record(&theirs, claimed.0, tlog_tiles::Hash(root), claimed.1, tlog_tiles::Hash(leaf));
    assert_eq!(ours, theirs.is_ok(), "{claimed:?} in a tree of {size}: {theirs:?}");
    assert!(!ours || path == made, "one leaf has one path");
    ours
}

/// A proof is written as it was read. One that holds has, for each leaf, a path that the oracle takes.
pub fn request_proof(bytes: &[u8]) -> bool {
    let Ok(proof) = serde_json::from_slice::<RequestProof>(bytes) else { return false };
    let again = serde_json::to_vec(&proof).ok().and_then(|text| serde_json::from_slice(&text).ok());
    assert_eq!(again.as_ref(), Some(&proof));
    let Ok(proved) = verify_proof(&proof, VKEY) else { return false };
    assert!(!proved.leaves.is_empty() && proved.leaves.len() == proof.leaves.len());
    assert!(proved.leaves.is_sorted_by(|one, other| one.seq < other.seq), "{:?}", proved.leaves);
    for (header, leaf) in proved.leaves.iter().zip(&proof.leaves) {
        assert_eq!((header.seq.0, header.request), (leaf.seq, proof.request));
        let path = leaf.path.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect();
        let (root, hash) =
            (tlog_tiles::Hash(proved.checkpoint.root), tlog_tiles::Hash(leaf_hash(&leaf.leaf)));
        let theirs = check_record(&path, proved.checkpoint.size, root, leaf.seq, hash);
        assert!(theirs.is_ok(), "leaf {}: {theirs:?}", leaf.seq);
    }
    true
}
