//! Merkle tree hashing (RFC 6962 §2.1, RFC 9162 §2.1) and the growing right edge of a tiled tree.
//!
//! Owns: leaf and node hashes, roots, inclusion proofs. Invariant: for any leaves, [`Edge`] and [`root_of`] agree, and a proof
//! that [`prove_inclusion`] makes is accepted by [`check_inclusion`] for that leaf, that place and that tree only.
//! Not here: files (`tile`), signatures (`note`).

use casemate_vault::Sha256Stream;

/// A SHA-256 hash of a leaf or a node.
pub type Hash = [u8; 32];

/// Hashes in a full tile: 2^8 (C2SP tlog-tiles).
pub const TILE_WIDTH: u64 = 256;
/// The binary logarithm of [`TILE_WIDTH`].
const TILE_BITS: u32 = 8;

/// The hash of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    casemate_vault::sha256(&[]).0
}

/// The hash of a leaf's bytes.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut stream = Sha256Stream::new();
    stream.update(&[0]);
    stream.update(leaf);
    stream.finish().0
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    for (to, from) in bytes.iter_mut().zip([1].iter().chain(left).chain(right)) {
        *to = *from;
    }
    casemate_vault::sha256(&bytes).0
}

/// The largest power of two below `n`, for `n` ≥ 2.
fn split_point(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The root over hashes of equally large complete subtrees, the last of which may be smaller.
#[must_use]
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [only] => *only,
        more => {
            let count = u64::try_from(more.len()).unwrap_or(u64::MAX);
            let middle = usize::try_from(split_point(count)).unwrap_or(1);
            let (left, right) = more.split_at(middle);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The right edge of a tiled tree: at each level the hashes of the tile that is not full yet. With the full tiles it
/// is the whole tree; alone it is enough to grow the tree and to know its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// A tile that a new leaf filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// The tile's level.
    pub level: usize,
    /// Its index within the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of `size` leaves from its partial tiles, lowest first.
    #[must_use]
    pub fn from_levels(size: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, levels }
    }

    /// How many hashes the partial tile at `level` has in a tree of `size` leaves.
    #[must_use]
    pub fn width(size: u64, level: usize) -> u64 {
        let shift = u32::try_from(level).unwrap_or(u32::MAX).saturating_mul(TILE_BITS);
        size.checked_shr(shift).unwrap_or(0) % TILE_WIDTH
    }

    /// How many tile levels a tree of `size` leaves has.
    #[must_use]
    pub fn height(size: u64) -> usize {
        (0..8).take_while(|level| size >> (8 * level) > 0).count()
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles, lowest level first; one may be empty.
    #[must_use]
    pub fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Adds one leaf's hash and hands every tile that this filled to `full`.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(FullTile)) {
        let mut hash = leaf;
        let mut index = self.size;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::with_capacity(256));
            }
            let Some(tile) = self.levels.get_mut(level) else { break };
            tile.push(hash);
            index /= TILE_WIDTH;
            if tile.len() < 256 {
                break;
            }
            let hashes = std::mem::replace(tile, Vec::with_capacity(256));
            hash = root_of(&hashes);
            full(FullTile { level, index, hashes });
        }
        self.size += 1;
    }

    /// The root of the tree.
    ///
    /// A level's complete subtrees and the rest below them form a list as [`root_of`] takes it: with w subtrees of B
    /// leaves and a rest of at most B, the largest power of two below w·B + r is B times the largest one below w + 1.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut rest: Option<Hash> = None;
        for level in &self.levels {
            let mut hashes = level.clone();
            hashes.extend(rest);
            if !hashes.is_empty() {
                rest = Some(root_of(&hashes));
            }
        }
        rest.unwrap_or_else(empty_root)
    }
}

/// Where the hashes of a tree come from: a tile's hashes by level and index, full, or as wide as the tree makes it.
pub trait TileSource {
    /// What goes wrong.
    type Error;
    /// The hashes of tile `index` at `level`.
    ///
    /// # Errors
    /// When the tile is not there or cannot be read.
    fn tile(&mut self, level: usize, index: u64) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of {size}")]
    OutOfTree {
        /// The leaf.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A tile is narrower than the tree's size says.
    #[error("tile {level}/{index} is too narrow")]
    Narrow {
        /// Its level.
        level: usize,
        /// Its index.
        index: u64,
    },
    /// The source failed.
    #[error(transparent)]
    Source(#[from] E),
}

/// The audit path of leaf `index` in the tree of `size` leaves, lowest sibling first (RFC 9162 §2.1.3.1).
///
/// # Errors
/// [`ProofError`].
pub fn prove_inclusion<S: TileSource>(
    source: &mut S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if index >= size {
        return Err(ProofError::OutOfTree { index, size });
    }
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    // From the root down; the siblings are passed highest first.
    while high - low > 1 {
        let middle = low + split_point(high - low);
        if index < middle {
            path.push(range_root(source, middle, high)?);
            high = middle;
        } else {
            path.push(range_root(source, low, middle)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root of the subtree over leaves `low..high`, where `low` is a multiple of a power of two that covers the range.
fn range_root<S: TileSource>(source: &mut S, low: u64, high: u64) -> Result<Hash, ProofError<S::Error>> {
    let mut low = low;
    let mut parts = Vec::new();
    while low < high {
        // The largest complete subtree that starts here: the range is a list of them, each smaller than the last.
        let bits = (high - low).ilog2();
        parts.push(complete_root(source, bits, low >> bits)?);
        low += 1 << bits;
    }
    let mut parts = parts.into_iter().rev();
    let Some(last) = parts.next() else { return Ok(empty_root()) };
    Ok(parts.fold(last, |right, left| node_hash(&left, &right)))
}

/// The root of the complete subtree of 2^`bits` leaves with number `index` among those of its size.
fn complete_root<S: TileSource>(source: &mut S, bits: u32, index: u64) -> Result<Hash, ProofError<S::Error>> {
    let level = usize::try_from(bits / TILE_BITS).unwrap_or(usize::MAX);
    let inner = bits % TILE_BITS;
    let first = index << inner;
    let (tile, offset) = (first / TILE_WIDTH, usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX));
    let hashes = source.tile(level, tile)?;
    let wanted = hashes.get(offset..offset + (1 << inner));
    wanted.map(root_of).ok_or(ProofError::Narrow { level, index: tile })
}

/// Whether `path` proves that a leaf with this hash stands at `index` in the tree of `size` leaves with this root
/// (RFC 9162 §2.1.3.2).
#[must_use]
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            if node % 2 == 0 {
                while node % 2 == 0 && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

#[cfg(test)]
mod tests;
