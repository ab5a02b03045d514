//! Attacks on a ledger at rest. Each changes files as somebody with the disk and without the keys could, and each must be named.

use std::fs;
use std::path::Path;

use casemate_audit::tile::{parse_bundle, push_entry};
use casemate_audit::tree::leaf_hash;
use casemate_audit::{OpenLedgerError, VerifyError, verify};
use casemate_core::{LedgerClass, Recorder, SystemClock};

use crate::home::{Home, event, request, small};

/// A closed ledger of 700 leaves: two full bundles and one of 188.
fn ledger() -> (Home, String) {
    let home = Home::new();
    let ledger = home.open(small());
    append(&ledger, 1..699);
    ledger.close();
    (home, ledger.verifier_key())
}

fn append(ledger: &casemate_audit::Ledger, numbers: std::ops::Range<u64>) {
    for number in numbers {
        ledger.append(request(number), LedgerClass::Acknowledge, &event(number)).unwrap();
    }
}

fn change(home: &Home, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = home.ledger().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Rewrites a bundle's entries.
fn rewrite(bundle: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut entries: Vec<_> = parse_bundle(bundle).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    change(&mut entries);
    bundle.clear();
    entries.iter().for_each(|entry| push_entry(bundle, entry));
}

fn set_hash(tile: &mut [u8], position: usize, hash: [u8; 32]) {
    tile[position * 32..][..32].copy_from_slice(&hash);
}

#[test]
fn each_changed_file_is_named() {
    let (original, vkey) = ledger();
    let clean = original.copy().verify(&vkey).unwrap();
    assert!(clean.holds(), "the control must hold: {:?}", clean.findings);
    assert_eq!((clean.checkpoint.size, clean.bundles, clean.findings.len()), (700, 3, 0));

    let check = |attack: &dyn Fn(&Home), expect: &[&str]| {
        let home = original.copy();
        attack(&home);
        let report = home.verify(&vkey).unwrap();
        let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert!(!report.holds(), "undetected; expected {expect:?}");
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.starts_with(expect), "expected `{expect}`, found `{found}`");
        }
    };
    let edit = |file: &'static str, entry: usize| {
        move |home: &Home| change(home, file, |bundle| rewrite(bundle, |entries| entries[entry][100] ^= 1))
    };
    let changed = "it is not the leaf that was signed: it was changed";
    check(&edit("tile/entries/001", 17), &[&format!("tile/entries/001 entry 17: {changed}")]);
    check(&edit("tile/entries/002.p/188", 187), &[&format!("tile/entries/002.p/188 entry 187: {changed}")]);

    let flip = |file: &'static str, position: usize| {
        move |home: &Home| change(home, file, |tile| tile[position * 32 + 9] ^= 1)
    };
    check(
        &flip("tile/0/000", 5),
        &["tile/0/000 entry 5: the hash is not that of its entry: the tile was changed"],
    );
    check(&flip("tile/0/002.p/188", 0), &["tile/0/002.p/188 entry 0: the hash is not that of its entry"]);
    check(&flip("tile/1/000.p/2", 1), &["tile/1/000.p/2 entry 1: the hash is not that of the tile below it"]);

    let swap = |home: &Home| change(home, "tile/entries/000", |b| rewrite(b, |entries| entries.swap(3, 4)));
    check(
        &swap,
        &[
            "tile/entries/000 entry 3: it is leaf 4, not leaf 3",
            "tile/entries/000 entry 4: it is leaf 3, not leaf 4",
            &format!("tile/entries/000 entry 3: {changed}"),
            &format!("tile/entries/000 entry 4: {changed}"),
        ],
    );
    let delete = |file: &'static str| move |home: &Home| fs::remove_file(home.ledger().join(file)).unwrap();
    check(&delete("tile/entries/001"), &["tile/entries/001: it is missing, with leaves 256 on"]);
    check(&delete("tile/0/001"), &["tile/0/001: it is missing"]);
    check(&delete("tile/entries/002.p/188"), &["tile/entries/002.p/188: it is missing"]);
    let drop_last = |home: &Home| {
        change(home, "tile/entries/002.p/188", |b| rewrite(b, |entries| drop(entries.pop())));
    };
    check(&drop_last, &["tile/entries/002.p/188 entry 187: it and what follows it is cut off"]);
    let insert = |home: &Home| change(home, "tile/entries/000", |b| rewrite(b, |e| e.push(e[0].clone())));
    check(&insert, &["tile/entries/000 entry 256: there are more than 256 entries"]);
    let truncate = |home: &Home| change(home, "tile/entries/001", |bundle| bundle.truncate(bundle.len() - 3));
    check(&truncate, &["tile/entries/001 entry 255: it and what follows it is cut off"]);

    // Consistent rewriting, level by level: the signature is what stops it in the end.
    let with_tile = |home: &Home| {
        edit("tile/entries/000", 9)(home);
        let bundle = fs::read(home.ledger().join("tile/entries/000")).unwrap();
        let hash = leaf_hash(parse_bundle(&bundle).unwrap()[9]);
        change(home, "tile/0/000", |tile| set_hash(tile, 9, hash));
    };
    check(&with_tile, &["tile/entries/000: its entries and their tile were rewritten"]);
    let with_all_tiles = |home: &Home| {
        with_tile(home);
        let tile = fs::read(home.ledger().join("tile/0/000")).unwrap();
        let hashes = casemate_audit::tile::parse_tile(&tile).unwrap();
        let root = casemate_audit::tree::root_of(&hashes);
        change(home, "tile/1/000.p/2", |tile| set_hash(tile, 0, root));
    };
    check(&with_all_tiles, &["checkpoint: entries and tiles agree with each other, but not with its root"]);
    check(&delete_tail, &["tail: it is missing"]);
}

fn delete_tail(home: &Home) {
    fs::remove_dir_all(home.ledger().join("tail")).unwrap();
}

#[test]
fn a_changed_checkpoint_and_a_replaced_key_are_refused() {
    let (original, vkey) = ledger();
    let check = |home: &Home, vkey: &str, expect: &str| {
        let error = home.verify(vkey).unwrap_err();
        assert!(error.to_string().contains(expect), "expected `{expect}`, found `{error}`");
    };
    let home = original.copy();
    change(&home, "checkpoint", |note| {
        *note = String::from_utf8(note.clone()).unwrap().replacen("\n700\n", "\n699\n", 1).into_bytes();
    });
    check(&home, &vkey, "its signature does not verify: the text was changed after it was signed");

    // A thief makes a ledger of his own, of the same name, and puts it in place.
    let (thief, thiefs_key) = ledger();
    assert!(thief.verify(&thiefs_key).unwrap().holds(), "it is a good ledger of its own key");
    check(&thief, &vkey, "it is signed by `casemate.local/ledger+");

    let home = original.copy();
    fs::copy(thief.ledger().join("checkpoint"), home.ledger().join("checkpoint")).unwrap();
    check(&home, &vkey, "it is signed by");
    let home = original.copy();
    fs::remove_file(home.ledger().join("checkpoint")).unwrap();
    check(&home, &vkey, "there is no ledger");
    assert!(matches!(original.verify("casemate+00000000+AAAA"), Err(VerifyError::Key(_))));
}

#[test]
fn a_rollback_and_a_fork_are_refused_against_a_remembered_checkpoint() {
    let (original, vkey) = ledger();
    let old = original.copy();
    let go_on = |home: &Home, from: u64| {
        let ledger = home.open(small());
        append(&ledger, from..from + 300);
        ledger.close();
        ledger.checkpoint().0
    };
    let at_700 = original.verify(&vkey).unwrap().checkpoint;
    let remembered = go_on(&original, 1000);
    let extended = verify(original.path(), &vkey, Some(&at_700)).unwrap();
    assert!(extended.holds());
    assert_eq!(extended.extends, Some(700), "the control: a ledger that only grew");
    assert!(verify(original.path(), &vkey, Some(&remembered)).unwrap().holds());

    // The whole folder is put back to an older copy: alone it is clean, but it was longer once.
    assert!(old.verify(&vkey).unwrap().holds());
    let error = verify(old.path(), &vkey, Some(&remembered)).unwrap_err();
    assert!(matches!(error, VerifyError::RolledBack { remembered: 1002, size: 700 }), "{error:?}");
    assert!(error.to_string().contains("the ledger was rolled back"));

    // Rolled back and grown again beyond what was seen, with the real keys: another history.
    let same_length = go_on(&old, 2000);
    assert_eq!(same_length.size, remembered.size);
    let error = verify(old.path(), &vkey, Some(&remembered)).unwrap_err();
    assert!(matches!(error, VerifyError::Forked { size: 1002 }), "{error:?}");
    go_on(&old, 3000);
    let error = verify(old.path(), &vkey, Some(&remembered)).unwrap_err();
    assert!(matches!(error, VerifyError::Forked { size: 1002 }), "{error:?}");
    assert!(error.to_string().contains("was rewritten"));
    assert!(verify(old.path(), &vkey, Some(&at_700)).unwrap().holds(), "both histories share the first 700");

    let other = casemate_audit::Checkpoint { origin: "elsewhere".to_owned(), ..remembered };
    assert!(matches!(verify(old.path(), &vkey, Some(&other)), Err(VerifyError::OtherOrigin { .. })));
}

#[test]
fn a_changed_ledger_does_not_open_as_if_nothing_were() {
    let (original, _) = ledger();
    let check = |attack: &dyn Fn(&Path), expect: &str| {
        let home = original.copy();
        attack(&home.ledger());
        let error = home.try_open(small(), std::sync::Arc::new(SystemClock)).expect_err(expect);
        let text = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        assert!(text.contains(expect), "expected `{expect}`, found `{text}`");
        assert!(!matches!(error, OpenLedgerError::Settings(_)));
    };
    let flip = |file: &'static str, place: usize| {
        move |dir: &Path| {
            let mut bytes = fs::read(dir.join(file)).unwrap();
            bytes[place] ^= 1;
            fs::write(dir.join(file), bytes).unwrap();
        }
    };
    check(&flip("tile/entries/002.p/188", 200), "`tile/entries/002.p/188`: entry 0 was changed");
    check(&flip("tile/0/002.p/188", 200), "`checkpoint`: the partial tiles do not give its root");
    check(&flip("checkpoint", 30), "checkpoint was refused");
    check(
        &|dir| fs::remove_file(dir.join("checkpoint")).unwrap(),
        "`checkpoint`: it is missing, but leaves are there",
    );
    check(
        &|dir| fs::remove_file(dir.join("key.json")).unwrap(),
        "`key.json`: it is missing, but `checkpoint` is there",
    );
    check(&|dir| fs::remove_dir_all(dir.join("tail")).unwrap(), "`tail`: there is no segment");
    check(&flip("key.json", 30), "");
    let home = original.copy();
    assert!(home.try_open(small(), std::sync::Arc::new(SystemClock)).is_ok(), "the control opens");
}
