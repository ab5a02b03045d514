//! The crates `signed_note` and `tlog_tiles` are the oracles.

use casemate_vault::Vault;
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, Verifier as _, VerifierList};

use super::*;
use crate::test_vault::vault;

fn signed(vault: &Vault, size: u64) -> (VerifierKey, String) {
    let (id, public, _) = vault.create_signing_key(SignatureAlgorithm::Ed25519).unwrap();
    let key = VerifierKey::new("casemate.local/ledger", public).unwrap();
    let checkpoint = Checkpoint { origin: key.name().to_owned(), size, root: [7; 32] };
    let signature = vault.sign(&id, checkpoint.text().as_bytes()).unwrap();
    let note = checkpoint.note(&key, &signature);
    (key, note)
}

#[test]
fn the_oracle_accepts_our_notes_and_reads_the_same_from_them() {
    let vault = vault();
    for size in [0, 1, 923_748, u64::MAX] {
        let (key, note) = signed(&vault, size);
        let verifier = StandardVerifier::new(&key.to_string()).unwrap();
        assert_eq!(verifier.name(), key.name());
        assert_eq!(verifier.key_id(), u32::from_be_bytes(key.hash()));
        let theirs = TheirNote::from_bytes(note.as_bytes()).unwrap();
        let (verified, unknown) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
        assert_eq!((verified.len(), unknown.len()), (1, 0));
        let ours = Checkpoint::open(note.as_bytes(), &key).unwrap();
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size()), (ours.origin.as_str(), ours.size));
        assert_eq!(checkpoint.hash().0, ours.root);
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
}

#[test]
fn we_accept_the_oracles_notes_with_the_signatures_of_witnesses() {
    let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = VerifierKey::parse(vkey).unwrap();
    assert_eq!(key.to_string(), vkey);
    let checkpoint = Checkpoint { origin: "PeterNeumann".to_owned(), size: 12, root: [9; 32] };
    let text = format!("{}an extension line\n", checkpoint.text());
    let mut note = TheirNote::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&StandardSigner::new(skey).unwrap()]).unwrap();
    let bytes = note.to_bytes();
    assert_eq!(Checkpoint::open(&bytes, &key), Ok(checkpoint.clone()));
    // A witness adds its line; the log's own signature still counts.
    let witness = format!("{SIGNATURE_LINE}witness {}\n", STANDARD.encode([1; 76]));
    let cosigned = [bytes.as_slice(), witness.as_bytes()].concat();
    assert_eq!(Checkpoint::open(&cosigned, &key), Ok(checkpoint));
}

#[test]
fn every_change_of_a_note_is_refused_for_its_reason() {
    let vault = vault();
    let (key, note) = signed(&vault, 700);
    let (other, _) = signed(&vault, 700);
    let check = |note: &str, key: &VerifierKey, expect: fn(&NoteError) -> bool| {
        let error = Checkpoint::open(note.as_bytes(), key).unwrap_err();
        assert!(expect(&error), "{error:?} for {note:?}");
    };
    check(&note, &other, |e| matches!(e, NoteError::OtherKey { .. }));
    check(&note.replacen("700", "701", 1), &key, |e| *e == NoteError::BadSignature);
    check(&note.replacen("Bw", "Bx", 1), &key, |e| *e == NoteError::BadSignature);
    check(&note.replacen("ledger\n", "ledgex\n", 1), &key, |e| *e == NoteError::BadSignature);
    check(&note.replacen("\n\n", "\n", 1), &key, |e| *e == NoteError::Malformed);
    check(note.trim_end(), &key, |e| *e == NoteError::Malformed);
    check(&note.replacen('\n', "\r\n", 1), &key, |e| *e == NoteError::Malformed);
    check("", &key, |e| *e == NoteError::Malformed);
    check(&"x".repeat(100_000), &key, |e| *e == NoteError::Malformed);
    // Signed by the right key, but no checkpoint, or another log's.
    let sign = |text: &str| {
        let (id, public, _) = vault.create_signing_key(SignatureAlgorithm::Ed25519).unwrap();
        let key = VerifierKey::new("casemate.local/ledger", public).unwrap();
        let signature = vault.sign(&id, text.as_bytes()).unwrap();
        let signature = STANDARD.encode([key.hash().as_slice(), &signature].concat());
        (format!("{text}\n{SIGNATURE_LINE}{} {signature}\n", key.name), key)
    };
    let root = STANDARD.encode([7; 32]);
    for text in [
        "hello\n".to_owned(),
        format!("casemate.local/ledger\n007\n{root}\n"),
        format!("casemate.local/ledger\n+7\n{root}\n"),
        format!("casemate.local/ledger\n-7\n{root}\n"),
        format!("casemate.local/ledger\n99999999999999999999\n{root}\n"),
        "casemate.local/ledger\n7\nAAAA\n".to_owned(),
    ] {
        let (note, key) = sign(&text);
        check(&note, &key, |e| *e == NoteError::BadCheckpoint);
    }
    let (note, key) = sign(&format!("another.log\n7\n{root}\n"));
    check(&note, &key, |e| matches!(e, NoteError::OtherOrigin { .. }));
}

#[test]
fn only_whole_verifier_keys_are_read() {
    let (key, _) = signed(&vault(), 1);
    let text = key.to_string();
    let check = |text: &str| assert!(VerifierKey::parse(text).is_err(), "{text}");
    check(&text.replacen("casemate", "casemata", 1));
    check(&text.replacen('+', "", 1));
    check(text.get(..text.len() - 4).unwrap());
    check("");
    check("a b+00000000+AAAA");
    let (_, public, _) = vault().create_signing_key(SignatureAlgorithm::EcdsaP256).unwrap();
    assert_eq!(VerifierKey::new("name", public), Err(NoteError::BadVerifierKey));
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(matches!(VerifierKey::new(name, key.key.clone()), Err(NoteError::BadName(_))), "{name}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        prop_assert!(Checkpoint::open(&bytes, &key).is_err());
    }

    #[test]
    fn any_text_that_looks_like_a_note_is_refused_without_panic(
        text in "[a-z0-9\n]{0,40}\n\n(\u{2014} PeterNeumann x08go/[A-Za-z0-9+/]{0,90}=?=?\n){0,3}"
    ) {
        let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        prop_assert!(Checkpoint::open(text.as_bytes(), &key).is_err());
    }

    #[test]
    fn any_text_is_a_verifier_key_only_if_it_reads_back(text in "[a-zA-Z]{0,9}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{0,60}={0,2}") {
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
