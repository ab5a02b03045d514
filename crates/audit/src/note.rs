//! Checkpoints: a tree's size and root (C2SP tlog-checkpoint) in a signed note (C2SP signed-note), and the verifier key.
//!
//! Invariant: [`Checkpoint::open`] takes any bytes without panicking and returns a checkpoint only if an Ed25519 signature of the
//! given key covers exactly its text. Not here: whether the files fit the checkpoint (`verify`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casemate_vault::{PublicKey, SignatureAlgorithm, sha256};
use serde::{Deserialize, Serialize};

use crate::error::NoteError;
use crate::tree::Hash;

/// The signature type of Ed25519 in a note.
const ED25519: u8 = 1;
/// How every signature line starts.
const SIGNATURE_LINE: &str = "\u{2014} ";
/// A note with more signatures than this is refused.
const SIGNATURES_MAX: usize = 100;
/// A note longer than this is refused.
const NOTE_MAX: usize = 64 * 1024;

/// A public key as C2SP signed-note writes it: `<name>+<hash>+<key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: PublicKey,
}

impl VerifierKey {
    /// Names a public key. A ledger's origin is its key's name.
    ///
    /// # Errors
    /// [`NoteError::BadName`] when the name is empty or holds a space, a control character or `+`;
    /// [`NoteError::BadVerifierKey`] when the key is not an Ed25519 key.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteError::BadName(name.chars().take(80).collect()));
        }
        if key.algorithm() != SignatureAlgorithm::Ed25519 {
            return Err(NoteError::BadVerifierKey);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// Parses a verifier key.
    ///
    /// # Errors
    /// [`NoteError`] when it has another form, or its hash is not that of its name and key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::BadVerifierKey);
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::BadVerifierKey)?;
        let Some((&ED25519, key)) = bytes.split_first() else { return Err(NoteError::BadVerifierKey) };
        let key =
            PublicKey::parse(SignatureAlgorithm::Ed25519, key).map_err(|_| NoteError::BadVerifierKey)?;
        let this = Self::new(name, key)?;
        if casemate_core::ids::unhex(hash) == Some(this.hash()) {
            Ok(this)
        } else {
            Err(NoteError::BadVerifierKey)
        }
    }

    /// The key's name: the ledger's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, newline, type and key.
    pub(crate) fn hash(&self) -> [u8; 4] {
        let message = [self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()].concat();
        sha256(&message).0.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519], self.key.as_bytes()].concat());
        write!(f, "{}+{}+{key}", self.name, casemate_core::ids::hex(&self.hash()))
    }
}

/// A tree head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The Merkle tree hash over them, in base64.
    #[serde(with = "base64_hash")]
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The signed note: the text, an empty line, one signature line.
    #[must_use]
    pub fn note(&self, key: &VerifierKey, signature: &[u8]) -> String {
        let signature = STANDARD.encode([key.hash().as_slice(), signature].concat());
        format!("{}\n{SIGNATURE_LINE}{} {signature}\n", self.text(), key.name)
    }

    /// Verifies a signed note and reads the checkpoint in it. Signatures of other keys (witnesses) are passed over, and
    /// extension lines are kept out of the result but are covered by the signature.
    ///
    /// # Errors
    /// [`NoteError`], by what is wrong.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, NoteError> {
        let note = Self::split(note)?;
        verify_signature(&note, key)?;
        let checkpoint = Self::parse_text(note.text).ok_or(NoteError::BadCheckpoint)?;
        if checkpoint.origin == key.name {
            Ok(checkpoint)
        } else {
            Err(NoteError::OtherOrigin { found: checkpoint.origin, wanted: key.name.clone() })
        }
    }

    fn split(note: &[u8]) -> Result<Note<'_>, NoteError> {
        let note = (note.len() <= NOTE_MAX).then_some(note).ok_or(NoteError::Malformed)?;
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed)?;
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let text = note.get(..text.len() + 1).ok_or(NoteError::Malformed)?;
        let signatures: Vec<_> =
            lines.split('\n').map(parse_signature).collect::<Option<_>>().ok_or(NoteError::Malformed)?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::Malformed);
        }
        Ok(Note { text, signatures })
    }

    fn parse_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let canonical = size == "0" || !size.starts_with(['0', '+']);
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let size = size.parse().ok().filter(|_| canonical)?;
        // The text ends with a line break, and an extension line is never empty (C2SP tlog-checkpoint).
        let rest: Vec<_> = lines.collect();
        let (last, extensions) = rest.split_last()?;
        let whole = last.is_empty() && extensions.iter().all(|line| !line.is_empty());
        (!origin.is_empty() && whole).then(|| Self { origin: origin.to_owned(), size, root })
    }
}

struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

struct Signature<'a> {
    name: &'a str,
    hash: [u8; 4],
    bytes: Vec<u8>,
}

fn parse_signature(line: &str) -> Option<Signature<'_>> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_LINE)?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (hash, bytes) = decoded.split_first_chunk::<4>()?;
    // The names that a key may have (C2SP signed-note).
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    (named && !bytes.is_empty()).then(|| Signature { name, hash: *hash, bytes: bytes.to_vec() })
}

fn verify_signature(note: &Note<'_>, key: &VerifierKey) -> Result<(), NoteError> {
    let ours = |signature: &&Signature<'_>| signature.name == key.name && signature.hash == key.hash();
    let Some(signature) = note.signatures.iter().find(ours) else {
        let names =
            note.signatures.iter().map(|s| format!("{}+{}", s.name, casemate_core::ids::hex(&s.hash)));
        return Err(NoteError::OtherKey {
            found: names.collect::<Vec<_>>().join(", "),
            wanted: key.to_string(),
        });
    };
    if key.key.verify(note.text.as_bytes(), &signature.bytes) { Ok(()) } else { Err(NoteError::BadSignature) }
}

/// A hash as base64 text.
pub(crate) mod base64_hash {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(hash))
    }

    pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        bytes.try_into().map_err(|_| serde::de::Error::custom("a hash has 32 bytes"))
    }
}

#[cfg(test)]
mod tests;
