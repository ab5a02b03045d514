//! Proof, for somebody who has only the public key, that a request's leaves are in the ledger.
//!
//! Owns: making and checking a [`RequestProof`]. Invariant: [`verify_proof`] accepts a proof only if the checkpoint is signed by the
//! given key, every leaf belongs to the request and to its place, and every inclusion proof leads to the checkpoint's root.
//! What it does not show: that there is no further leaf of the request; only who reads the whole ledger knows that.

use casemate_core::{Fault, Faulty, RequestId};
use serde::{Deserialize, Serialize};

use crate::error::{NoteError, ReadLedgerError};
use crate::leaf::LeafHeader;
use crate::ledger::Ledger;
use crate::note::{Checkpoint, VerifierKey};
use crate::shared::Published;
use crate::tile::{parse_tile, tile_path};
use crate::tree::{Hash, ProofError, TILE_WIDTH, TileSource, check_inclusion, leaf_hash, prove_inclusion};

/// A request's leaves, each with its way to the root of one signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProof {
    /// The request.
    pub request: RequestId,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
    /// Its leaves, in order.
    pub leaves: Vec<LeafProof>,
}

/// One leaf and its inclusion proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafProof {
    /// Its place.
    pub seq: u64,
    /// Its bytes, in base64: the clear header and the sealed event.
    #[serde(with = "base64_bytes")]
    pub leaf: Vec<u8>,
    /// The sibling hashes from the leaf up, in base64 (RFC 9162 §2.1.3).
    pub path: Vec<HashText>,
}

/// A hash, in base64 where it is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashText(#[serde(with = "crate::note::base64_hash")] pub Hash);

mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedRequest {
    /// The tree head that everything leads to.
    pub checkpoint: Checkpoint,
    /// The clear headers of the leaves.
    pub leaves: Vec<LeafHeader>,
}

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyProofError {
    /// The checkpoint or the key.
    #[error("the checkpoint was refused: {0}")]
    Checkpoint(#[from] NoteError),
    /// Nothing is proved.
    #[error("the proof holds no leaf")]
    Empty,
    /// The bytes are not that leaf of that request.
    #[error("leaf {0} is not a leaf of this request in this place")]
    OtherLeaf(u64),
    /// The leaves do not stand in order.
    #[error("leaf {0} stands twice or out of order")]
    Order(u64),
    /// The path does not lead to the root.
    #[error("leaf {0} is not included in the checkpoint")]
    NotIncluded(u64),
}

impl Faulty for VerifyProofError {
    fn fault(&self) -> Fault {
        Fault::Caller
    }
}

impl Ledger {
    /// Proves all leaves that a request has now. Seals first when some are not under a checkpoint yet, which blocks for
    /// some milliseconds: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`ReadLedgerError::Unknown`] when there is none; [`ReadLedgerError`] when files are damaged or sealing fails.
    pub fn prove(&self, request: RequestId) -> Result<RequestProof, ReadLedgerError> {
        let places = self.places(request)?;
        let Some(last) = places.last() else { return Err(ReadLedgerError::Unknown(request)) };
        if last.0 >= self.shared.published.load().checkpoint.size {
            self.seal_now()?;
        }
        let published = self.shared.published.load_full();
        let mut tiles = PublishedTiles { ledger: self, published: &published };
        let size = published.checkpoint.size;
        let mut leaves = Vec::with_capacity(places.len());
        for seq in places {
            let path = prove_inclusion(&mut tiles, seq.0, size).map_err(|error| match error {
                ProofError::Source(error) => error,
                other => ReadLedgerError::damaged("tile", other.to_string()),
            })?;
            let path = path.into_iter().map(HashText).collect();
            leaves.push(LeafProof { seq: seq.0, leaf: self.leaf_bytes(seq)?, path });
        }
        Ok(RequestProof { request, checkpoint: published.note.clone(), leaves })
    }
}

/// Full tiles from the disk, the others from memory, so that a checkpoint made meanwhile does not matter.
struct PublishedTiles<'a> {
    ledger: &'a Ledger,
    published: &'a Published,
}

impl TileSource for PublishedTiles<'_> {
    type Error = ReadLedgerError;

    fn tile(&mut self, level: usize, index: u64) -> Result<Vec<Hash>, ReadLedgerError> {
        let edge = &self.published.edge;
        if index == edge.size() >> (8 * (level + 1)) {
            return Ok(edge.levels().get(level).cloned().unwrap_or_default());
        }
        let name = tile_path(level, index, TILE_WIDTH);
        let bytes = self.ledger.shared.files.view().read(&name)?;
        let bytes = bytes.ok_or_else(|| ReadLedgerError::damaged(&name, "it is missing"))?;
        parse_tile(&bytes).ok_or_else(|| ReadLedgerError::damaged(&name, "it is not whole hashes"))
    }
}

/// Checks a proof with nothing but the ledger's public key.
///
/// # Errors
/// [`VerifyProofError`], by what is wrong.
pub fn verify_proof(proof: &RequestProof, vkey: &str) -> Result<ProvedRequest, VerifyProofError> {
    let checkpoint = Checkpoint::open(proof.checkpoint.as_bytes(), &VerifierKey::parse(vkey)?)?;
    if proof.leaves.is_empty() {
        return Err(VerifyProofError::Empty);
    }
    let mut leaves: Vec<LeafHeader> = Vec::with_capacity(proof.leaves.len());
    for LeafProof { seq, leaf, path } in &proof.leaves {
        let header = LeafHeader::parse(leaf)
            .filter(|header| header.seq.0 == *seq && header.request == proof.request)
            .ok_or(VerifyProofError::OtherLeaf(*seq))?;
        if leaves.last().is_some_and(|last| last.seq >= header.seq) {
            return Err(VerifyProofError::Order(*seq));
        }
        let path: Vec<_> = path.iter().map(|hash| hash.0).collect();
        if !check_inclusion(leaf_hash(leaf), *seq, checkpoint.size, &path, &checkpoint.root) {
            return Err(VerifyProofError::NotIncluded(*seq));
        }
        leaves.push(header);
    }
    Ok(ProvedRequest { checkpoint, leaves })
}
