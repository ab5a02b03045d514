//! Attacks on leaves that no checkpoint covers yet, and what a cut-off write looks like.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use casemate_audit::OpenLedgerError;
use casemate_core::{Durable, Event, LedgerClass, Recorder, Seq, SystemClock};

use crate::home::{Home, copy_folder, event, request, small};

/// Sealed leaves in the image, leaves of the tail after them.
const SEALED: u64 = 11;
const UNSEALED: u64 = 8;

/// What `kill -9` leaves right before a checkpoint: tiles of then, the tail of now.
fn crash_image() -> (Home, String) {
    let home = Home::new();
    let ledger = home.open(small());
    for number in 1..SEALED {
        ledger.append(request(number), LedgerClass::Acknowledge, &event(number)).unwrap();
    }
    ledger.seal_now().unwrap();
    let image = home.copy();
    let mut last = Seq(0);
    for number in SEALED..SEALED + UNSEALED {
        last = ledger.append(request(number), LedgerClass::Durable, &event(number)).unwrap();
    }
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(ledger.durable(last)).unwrap();
    copy_folder(&home.ledger().join("tail"), &image.ledger().join("tail"));
    (image, ledger.verifier_key())
}

fn segment(home: &Home) -> PathBuf {
    home.ledger().join("tail/00000000000000000000")
}

/// Where each frame starts, and where the last ends.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let starts: Vec<_> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"CmLf").collect();
    let last = *starts.last().unwrap();
    let length = u32::from_be_bytes(bytes[last + 4..last + 8].try_into().unwrap());
    starts.into_iter().chain([last + 88 + usize::try_from(length).unwrap()]).collect()
}

#[test]
fn the_tail_goes_on_where_a_killed_process_left_it() {
    let (home, vkey) = crash_image();
    let report = home.verify(&vkey).unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert_eq!((report.checkpoint.size, report.unsealed_leaves), (SEALED, UNSEALED));
    let ledger = home.open(small());
    for number in 1..SEALED + UNSEALED {
        assert_eq!(ledger.read(request(number)).unwrap()[0].event, event(number), "leaf {number}");
    }
    let started = &ledger.scan(Seq(SEALED + UNSEALED), 1).unwrap()[0];
    assert!(
        matches!(&started.event, Event::Lifecycle(l) if l.message == "8 leaves were recovered after the last checkpoint"),
        "{started:?}"
    );
    ledger.close();
    assert_eq!(home.verify(&vkey).unwrap().checkpoint.size, SEALED + UNSEALED + 2);
}

#[test]
fn every_edit_of_an_acknowledged_frame_is_named_online_and_offline() {
    let (original, vkey) = crash_image();
    let bytes = fs::read(segment(&original)).unwrap();
    let starts = frames(&bytes);
    assert_eq!(u64::try_from(starts.len()).unwrap(), SEALED + UNSEALED + 1);
    let check = |attack: &dyn Fn(&mut Vec<u8>), expect: &str| {
        let home = original.copy();
        let mut bytes = bytes.clone();
        attack(&mut bytes);
        fs::write(segment(&home), bytes).unwrap();
        let report = home.verify(&vkey).unwrap();
        assert!(
            !report.holds() && report.findings[0].to_string().contains(expect),
            "{expect}: {:?}",
            report.findings
        );
        let error = home.try_open(small(), Arc::new(SystemClock)).unwrap_err();
        assert!(
            matches!(error, OpenLedgerError::Damaged { .. }) && error.to_string().contains(expect),
            "{error}"
        );
    };
    let expect =
        |leaf: usize| format!("frame at byte {} (leaf {leaf}) is not what was written there", starts[leaf]);
    // A byte of the leaf, of the head, of the MAC, of the link; in the middle, and in the very last frame.
    for leaf in [3, 14, 18] {
        for place in [
            starts[leaf] + 60,
            starts[leaf] + 5,
            starts[leaf] + 6,
            starts[leaf] + 12,
            starts[leaf + 1] - 40,
            starts[leaf + 1] - 10,
        ] {
            check(&|bytes| bytes[place] ^= 1, &expect(leaf));
        }
    }
    // Swapped, removed, doubled frames.
    check(&|bytes| bytes[starts[13]..starts[15]].rotate_left(starts[14] - starts[13]), &expect(13));
    check(
        &|bytes| {
            bytes.drain(starts[13]..starts[14]);
            bytes.extend(vec![0; starts[14] - starts[13]]);
        },
        &expect(13),
    );
    check(
        &|bytes| {
            let end = starts[19];
            let double = bytes[starts[18]..end].to_vec();
            bytes[end..end + double.len()].copy_from_slice(&double);
        },
        "(leaf 19) is not what was written there",
    );
    check(&|bytes| bytes[starts[12]..starts[13]].fill(0), &expect(12));
    // The header, and everything.
    check(&|bytes| bytes[30] ^= 1, "header");
    check(&|bytes| bytes.fill(0), "header");
    // Cut off behind the checkpoint's size is a log that ended earlier; before it, it is not.
    check(&|bytes| bytes[starts[5]..].fill(0), "the checkpoint covers 11 leaves");
}

#[test]
fn a_frame_whose_write_was_cut_off_is_dropped_and_said_so() {
    let (original, vkey) = crash_image();
    let bytes = fs::read(segment(&original)).unwrap();
    let starts = frames(&bytes);
    let mut checked = 0;
    for leaf in SEALED..SEALED + UNSEALED {
        // The kernel writes page by page and the disk sector by sector: what was begun ends at such a border.
        let place = usize::try_from(leaf).unwrap();
        let Some(border) = (starts[place] + 1..starts[place + 1]).find(|at| at % 512 == 0) else { continue };
        let home = original.copy();
        let mut cut = bytes.clone();
        cut[border..].fill(0);
        fs::write(segment(&home), &cut).unwrap();
        let report = home.verify(&vkey).unwrap();
        assert!(report.holds(), "a cut-off frame is no attack: {:?}", report.findings);
        assert!(report.findings[0].to_string().contains("was not finished"), "{:?}", report.findings);
        assert_eq!(report.unsealed_leaves, leaf - SEALED);
        let ledger = home.open(small());
        let started = &ledger.scan(Seq(leaf), 1).unwrap()[0];
        let expect = format!("leaf {leaf} was not finished when the process ended, and was dropped");
        assert!(matches!(&started.event, Event::Lifecycle(l) if l.message.ends_with(&expect)), "{started:?}");
        ledger.append(request(1), LedgerClass::Acknowledge, &event(1)).unwrap();
        ledger.close();
        let report = home.verify(&vkey).unwrap();
        assert!(report.holds() && report.findings.is_empty(), "the log goes on: {:?}", report.findings);
        checked += 1;
    }
    assert!(checked >= 3, "only {checked} frames cross a border");
}
