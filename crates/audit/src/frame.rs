//! How leaves stand in the tail: frames in preallocated segments, before a checkpoint covers them.
//!
//! Owns: the layout of segment headers and frames, and the two values that protect them. Each frame carries
//! - `mac`: HMAC under the vault's ledger key over the chain value before it, the sequence number and the leaf's hash: whoever
//!   has no key cannot edit, insert, swap or move a frame;
//! - `chain`: SHA-256 over the same and the MAC: a checksum that also links frames, for whoever has only the files.
//!
//! A frame: `magic 4 | length of the leaf 4 | durable 8 | check 8 | leaf | mac 32 | chain 32`. `durable` is how many leaves were
//! known to be on disk when it was written: it tells recovery what a power cut may have cost. `check` is a checksum of what
//! stands before it, linked too: a frame that is not all there still has a length that can be believed.
//! A segment's header: `magic 8 | first seq 8 | boot id 16 | chain before it 32 | mac 32 | sum 32`.
//! Invariant: the parsers take any bytes without panicking. Not here: what recovery makes of a bad frame (`recovery`).

use casemate_vault::{MacPurpose, Sha256Stream, Vault, constant_time_eq};

use crate::leaf::{HEADER, LeafHeader};
use crate::tile::LEAF_MAX;
use crate::tree::{Hash, leaf_hash};

const FRAME_MAGIC: [u8; 4] = *b"CmLf";
const SEGMENT_MAGIC: [u8; 8] = *b"CmSegmt1";
/// What stands before a frame's leaf.
pub(crate) const FRAME_HEAD: usize = 24;
/// What stands after it.
const AFTER: usize = 64;
/// What a frame has beyond its leaf.
pub(crate) const FRAME_OVERHEAD: usize = FRAME_HEAD + AFTER;
/// A segment header's length.
pub(crate) const SEGMENT_HEADER: usize = 128;

/// A leaf and its frame, as it was written to the tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    /// The leaf's hash in the tree.
    pub(crate) hash: Hash,
}

impl Frame {
    /// A frame of a leaf that comes from a bundle; it will not be written to the tail again.
    pub(crate) fn sealed(leaf: &[u8]) -> Self {
        let mut bytes = vec![0; FRAME_HEAD];
        bytes.extend_from_slice(leaf);
        bytes.extend_from_slice(&[0; AFTER]);
        Self { bytes, hash: leaf_hash(leaf) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn leaf(&self) -> &[u8] {
        self.bytes.get(FRAME_HEAD..self.bytes.len().saturating_sub(AFTER)).unwrap_or_default()
    }

    /// Starts a frame: reserves the head; the leaf is appended next, then [`Self::finish`] closes it.
    pub(crate) fn start(leaf_length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAME_OVERHEAD + leaf_length);
        bytes.extend_from_slice(&[0; FRAME_HEAD]);
        bytes
    }

    /// Closes a frame and returns it with the chain value after it.
    pub(crate) fn finish(
        mut bytes: Vec<u8>,
        vault: &Vault,
        chain: &Hash,
        seq: u64,
        durable: u64,
    ) -> (Self, Hash) {
        let leaf = bytes.get(FRAME_HEAD..).unwrap_or_default();
        let (hash, length) = (leaf_hash(leaf), u32::try_from(leaf.len()).unwrap_or(u32::MAX));
        let (length, count) = (length.to_be_bytes(), durable.to_be_bytes());
        let check = head_check(chain, length, count);
        let head = [FRAME_MAGIC.as_slice(), &length, &count, &check];
        for (to, from) in bytes.iter_mut().zip(head.into_iter().flatten()) {
            *to = *from;
        }
        let mac = frame_mac(vault, chain, seq, durable, &hash);
        let next = frame_chain(chain, seq, durable, &hash, &mac);
        bytes.extend_from_slice(&mac);
        bytes.extend_from_slice(&next);
        (Self { bytes, hash }, next)
    }
}

pub(crate) fn head_check(chain: &Hash, length: [u8; 4], durable: [u8; 8]) -> [u8; 8] {
    let mut stream = Sha256Stream::new();
    for part in [b"casemate frame head".as_slice(), chain, &length, &durable] {
        stream.update(part);
    }
    stream.finish().0.first_chunk().copied().unwrap_or_default()
}

fn frame_mac(vault: &Vault, chain: &Hash, seq: u64, durable: u64, hash: &Hash) -> Hash {
    vault.mac(MacPurpose::Ledger, &[b"frame", chain, &seq.to_be_bytes(), &durable.to_be_bytes(), hash])
}

fn frame_chain(chain: &Hash, seq: u64, durable: u64, hash: &Hash, mac: &Hash) -> Hash {
    let mut stream = Sha256Stream::new();
    for part in [b"casemate frame".as_slice(), chain, &seq.to_be_bytes(), &durable.to_be_bytes(), hash, mac] {
        stream.update(part);
    }
    stream.finish().0
}

/// A frame as it stands in a segment's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawFrame<'a> {
    whole: &'a [u8],
    /// The leaf.
    pub(crate) leaf: &'a [u8],
    /// How many leaves were on disk when it was written.
    pub(crate) durable: u64,
    mac: &'a Hash,
    /// The chain value after it.
    pub(crate) chain: Hash,
}

impl<'a> RawFrame<'a> {
    /// Reads the frame that starts `bytes` and stands after `chain`; `None` when none stands there whole.
    pub(crate) fn parse(bytes: &'a [u8], chain: &Hash) -> Option<Self> {
        let end = Self::extent(bytes, chain)?;
        let whole = bytes.get(..end)?;
        let (_, rest) = whole.split_first_chunk::<8>()?;
        let (durable, rest) = rest.split_first_chunk::<8>()?;
        let (_, rest) = rest.split_first_chunk::<8>()?;
        let (rest, chain) = rest.split_last_chunk::<32>()?;
        let (leaf, mac) = rest.split_last_chunk::<32>()?;
        Some(Self { whole, leaf, durable: u64::from_be_bytes(*durable), mac, chain: *chain })
    }

    /// How long the frame is whose head starts `bytes`, after `chain`; `None` when no head stands there.
    pub(crate) fn extent(bytes: &[u8], chain: &Hash) -> Option<usize> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (durable, rest) = rest.split_first_chunk::<8>()?;
        let (check, _) = rest.split_first_chunk::<8>()?;
        let leaf = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let whole = *magic == FRAME_MAGIC && (HEADER..=LEAF_MAX).contains(&leaf);
        (whole && head_check(chain, *length, *durable) == *check).then_some(leaf + FRAME_OVERHEAD)
    }

    /// The frames anywhere in `bytes` that follow the chain value before them, which stands right there; with it and their
    /// place.
    pub(crate) fn linked_anywhere(bytes: &'a [u8]) -> impl Iterator<Item = (Self, Hash, u64)> {
        (0..bytes.len().saturating_sub(32)).filter_map(move |before| {
            let (chain, at) = bytes.get(before..)?.split_first_chunk::<32>()?;
            let frame = at.starts_with(&FRAME_MAGIC).then(|| Self::parse(at, chain))??;
            let seq = LeafHeader::parse(frame.leaf)?.seq.0;
            frame.follows(chain, seq).then_some((frame, *chain, seq))
        })
    }

    /// How many bytes it takes.
    pub(crate) fn length(&self) -> usize {
        self.whole.len()
    }

    /// Whether it follows `chain` as leaf `seq`, as far as that can be told without a key.
    pub(crate) fn follows(&self, chain: &Hash, seq: u64) -> bool {
        LeafHeader::parse(self.leaf).is_some_and(|header| header.seq.0 == seq)
            && frame_chain(chain, seq, self.durable, &leaf_hash(self.leaf), self.mac) == self.chain
    }

    /// Whether the vault wrote it after `chain` as leaf `seq`.
    pub(crate) fn is_authentic(&self, vault: &Vault, chain: &Hash, seq: u64) -> bool {
        let mac = frame_mac(vault, chain, seq, self.durable, &leaf_hash(self.leaf));
        constant_time_eq(&mac, self.mac) && self.follows(chain, seq)
    }

    pub(crate) fn to_frame(self) -> Frame {
        Frame { bytes: self.whole.to_vec(), hash: leaf_hash(self.leaf) }
    }
}

/// What stands at the start of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Its first leaf.
    pub(crate) first: u64,
    /// The run of the machine that began it.
    pub(crate) boot: [u8; 16],
    /// The chain value before its first frame.
    pub(crate) chain: Hash,
}

impl SegmentHeader {
    fn body(&self) -> Vec<u8> {
        [SEGMENT_MAGIC.as_slice(), &self.first.to_be_bytes(), &self.boot, &self.chain].concat()
    }

    pub(crate) fn to_bytes(self, vault: &Vault) -> Vec<u8> {
        let mut bytes = self.body();
        bytes.extend_from_slice(&vault.mac(MacPurpose::Ledger, &[b"segment", &bytes]));
        bytes.extend_from_slice(&casemate_vault::sha256(&bytes).0);
        bytes
    }

    /// Reads a header as far as that can be checked without a key.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..SEGMENT_HEADER)?;
        let (body, sum) = header.split_last_chunk::<32>()?;
        let (magic, rest) = body.split_first_chunk::<8>()?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let (boot, rest) = rest.split_first_chunk::<16>()?;
        let (chain, _) = rest.split_first_chunk::<32>()?;
        let whole = *magic == SEGMENT_MAGIC && casemate_vault::sha256(body).0 == *sum;
        whole.then(|| Self { first: u64::from_be_bytes(*first), boot: *boot, chain: *chain })
    }

    /// Whether the vault wrote the header that stands in `bytes`.
    pub(crate) fn is_authentic(&self, vault: &Vault, bytes: &[u8]) -> bool {
        bytes.get(..SEGMENT_HEADER).is_some_and(|found| constant_time_eq(&self.to_bytes(vault), found))
    }
}

#[cfg(test)]
mod tests;
