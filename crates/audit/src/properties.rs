//! What holds for everything that this room reads back, whoever wrote it.
//!
//! Owns: one property for each reader. `fuzz/` looks for bytes that break one, the tests here replay its seeds. The crates `signed_note`
//! and `tlog_tiles` are the oracles. Invariant: a property panics when it does not hold, and says whether the bytes were taken. Not
//! here: examples (the readers' own tests), and files (`tests/it`).
#![expect(clippy::expect_used, clippy::panic, reason = "a property says no by panicking")]

mod proof;
mod segment;

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casemate_core::{Event, LedgerClass, RequestId, Seq};
use casemate_vault::{KeyScope, RootKeySource, SignatureAlgorithm, SigningKeyId, Vault, sha256};
use signed_note::{Note, StandardVerifier, VerifierList};

use crate::leaf::{self, HEADER, LeafHeader};
use crate::tile::{parse_bundle, parse_tile, push_entry, tile_bytes};
use crate::{Checkpoint, VerifierKey};

pub use proof::{inclusion, request_proof};
pub use segment::segment;

/// The key of the examples in C2SP signed-note: seeds are signed with it, since its private half is known.
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

/// A ledger's vault and key, from a root key that everybody knows.
struct Home {
    vault: Arc<Vault>,
    id: SigningKeyId,
    key: VerifierKey,
    known: VerifierKey,
}

static HOME: LazyLock<Home> = LazyLock::new(|| {
    let root = RootKeySource::Command(vec!["printf".into(), "07".repeat(32)]);
    let vault = Vault::open(&root, true).expect("a root key");
    vault.create_data_key(&KeyScope::Ledger).expect("a data key");
    let (id, public, _) = vault.create_signing_key(SignatureAlgorithm::Ed25519).expect("a signing key");
    let key = VerifierKey::new("casemate.local/ledger", public).expect("a good name");
    Home { vault: Arc::new(vault), id, key, known: VerifierKey::parse(VKEY).expect("a key") }
});

/// A note that opens is one that the oracle opens too and reads the same from, and what was read stands in it byte for byte. The
/// bytes are tried as a note, and as a text that we sign.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let home = &*HOME;
    let mut taken = opens(bytes, &home.known).is_some();
    if let Ok(text) = std::str::from_utf8(bytes) {
        let signature = home.vault.sign(&home.id, bytes).expect("the key signs");
        let line = STANDARD.encode([home.key.hash().as_slice(), &signature].concat());
        let note = format!("{text}\n\u{2014} {} {line}\n", home.key.name());
        if let Some(checkpoint) = opens(note.as_bytes(), &home.key) {
            let plain = checkpoint.text() == text;
            assert_eq!(plain, text.lines().count() == 3, "only extension lines are left out");
            assert!(!plain || checkpoint.note(&home.key, &signature) == note);
            taken = true;
        }
    }
    taken
}

fn opens(note: &[u8], key: &VerifierKey) -> Option<Checkpoint> {
    let checkpoint = Checkpoint::open(note, key).ok()?;
    assert!(note.starts_with(checkpoint.text().as_bytes()));
    let theirs = Note::from_bytes(note).expect("the oracle reads the note");
    let verifier = StandardVerifier::new(&key.to_string()).expect("the oracle reads the key");
    theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("the oracle verifies the note");
    let read = tlog_tiles::Checkpoint::from_bytes(theirs.text()).expect("the oracle reads the checkpoint");
    assert_eq!(
        (read.origin(), read.size(), read.hash().0),
        (checkpoint.origin.as_str(), checkpoint.size, checkpoint.root)
    );
    Some(checkpoint)
}

/// A verifier key is written as it was read, and is taken whenever the oracle takes it. The bytes are tried as they come, and, when
/// they are a name and a key around a `+`, with the right hash between them.
pub fn verifier_key(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let hashed = text.split_once('+').and_then(|(name, key)| {
        let hash = sha256(&[name.as_bytes(), b"\n", STANDARD.decode(key).ok()?.as_slice()].concat());
        let hash = hash.0.first_chunk::<4>().map(|hash| casemate_core::ids::hex(hash));
        Some(format!("{name}+{}+{key}", hash.unwrap_or_default()))
    });
    let mut taken = false;
    for text in std::iter::once(text.to_owned()).chain(hashed) {
        let theirs = StandardVerifier::new(&text);
        match VerifierKey::parse(&text) {
            Ok(key) => {
                assert_eq!(key.to_string(), text.trim());
                taken = true;
            }
            Err(_) => {
                // We are stricter in two things: control characters in names, and one way to write the hash.
                let ours = text.chars().any(char::is_control) || text.chars().any(|c| c.is_ascii_uppercase());
                assert!(theirs.is_err() || ours, "`{text}`");
            }
        }
    }
    taken
}

/// A bundle or tile that is read is written back byte for byte.
pub fn tile(bytes: &[u8]) -> bool {
    let hashes = parse_tile(bytes);
    assert_eq!(
        hashes.is_some(),
        !bytes.is_empty() && bytes.len().is_multiple_of(32) && bytes.len() <= 256 * 32
    );
    if let Some(hashes) = hashes {
        assert_eq!(tile_bytes(&hashes), bytes);
    }
    let (entries, whole) = match parse_bundle(bytes) {
        Ok(entries) => (entries, true),
        Err(cut) => {
            // What stands before the cut is whole.
            let end = (0..bytes.len()).rev().find_map(|end| parse_bundle(bytes.get(..end)?).ok());
            let entries = end.expect("at least the empty bundle is whole");
            assert_eq!(entries.len(), cut.entries);
            (entries, false)
        }
    };
    let mut again = Vec::new();
    entries.iter().for_each(|entry| push_entry(&mut again, entry));
    assert!(bytes.starts_with(&again) && (again.len() == bytes.len()) == whole);
    whole
}

/// A leaf's header is written as it was read. A leaf of ours opens in its place to what was sealed, and after any change not at all.
/// The bytes are tried as a leaf, and as an event.
pub fn leaf(bytes: &[u8]) -> bool {
    let home = &*HOME;
    if let Some(header) = LeafHeader::parse(bytes) {
        let class = u8::from(header.class == LedgerClass::Durable);
        let clear =
            [&[1, class][..], &header.seq.0.to_be_bytes(), header.request.to_bytes().as_slice()].concat();
        assert!(bytes.starts_with(&clear) && clear.len() == HEADER);
        assert!(leaf::open(&home.vault, header.seq, bytes).is_err(), "nobody else has the key");
    }
    let seq = Seq(bytes.len().try_into().unwrap_or(u64::MAX));
    let header = LeafHeader { seq, request: RequestId::from_bytes([5; 16]), class: LedgerClass::Durable };
    let mut sealed = Vec::new();
    header.seal(&home.vault, bytes, &mut sealed).expect("the vault seals");
    assert_eq!(LeafHeader::parse(&sealed), Some(header));
    let event: Option<Event> = serde_json::from_slice(bytes).ok();
    let opened = leaf::open(&home.vault, seq, &sealed).ok();
    assert_eq!(opened.as_ref().map(|leaf| &leaf.event), event.as_ref());
    assert!(leaf::open(&home.vault, seq.next(), &sealed).is_err(), "it stands in one place");
    let place = bytes.iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % sealed.len());
    sealed.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1);
    assert!(leaf::open(&home.vault, seq, &sealed).is_err(), "byte {place} was changed");
    if let Some(event) = &event {
        let text = serde_json::to_vec(event).expect("an event is written");
        assert_eq!(serde_json::from_slice::<Event>(&text).ok().as_ref(), Some(event));
    }
    event.is_some()
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("checkpoint", super::checkpoint);
        replay("verifier_key", super::verifier_key);
        replay("tile", super::tile);
        replay("leaf", super::leaf);
        replay("segment", super::segment);
        replay("inclusion", super::inclusion);
        replay("request_proof", super::request_proof);
    }
}
