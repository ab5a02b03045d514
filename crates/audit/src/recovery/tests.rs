use casemate_core::{LedgerClass, RequestId, Seq};
use proptest::prelude::*;

use super::*;
use crate::leaf::LeafHeader;
use crate::test_vault::{SHARED, vault};

const BOOT: [u8; 16] = [1; 16];
const OTHER_BOOT: [u8; 16] = [2; 16];
const LENGTH: usize = 8192;

/// Segments of `counts` frames each; frame n says that `durable(n)` leaves were on disk.
fn segments(vault: &Vault, counts: &[u64], durable: impl Fn(u64) -> u64) -> Vec<RawSegment> {
    let (mut seq, mut chain) = (0, [0; 32]);
    let mut segments = Vec::new();
    for count in counts {
        let first = seq;
        let mut bytes = SegmentHeader { first, boot: BOOT, chain }.to_bytes(vault);
        for _ in 0..*count {
            let header = LeafHeader {
                seq: Seq(seq),
                request: RequestId::from_bytes([1; 16]),
                class: LedgerClass::Acknowledge,
            };
            let mut frame = Frame::start(300);
            header.seal(vault, &[b'x'; 200], &mut frame).unwrap();
            let (frame, next) = Frame::finish(frame, vault, &chain, seq, durable(seq));
            bytes.extend_from_slice(frame.bytes());
            (seq, chain) = (seq + 1, next);
        }
        assert!(bytes.len() < LENGTH);
        bytes.resize(LENGTH, 0);
        segments.push(RawSegment { name: format!("tail/{first:020}"), first, bytes });
    }
    segments
}

/// Where frame `n` of a segment starts; all have one length.
fn start(segment: &RawSegment, n: usize) -> usize {
    let header = SegmentHeader::parse(&segment.bytes).unwrap();
    SEGMENT_HEADER + n * RawFrame::extent(&segment.bytes[SEGMENT_HEADER..], &header.chain).unwrap()
}

#[test]
fn a_whole_tail_goes_on_at_its_end() {
    let vault = vault();
    let tail = segments(&vault, &[5, 7, 3], |_| 0);
    for sealed in 0..=15 {
        let recovered = recover(&vault, BOOT, sealed, &tail).unwrap();
        assert_eq!((recovered.next, recovered.segment, recovered.dropped), (15, 2, None));
        assert_eq!(u64::try_from(recovered.unsealed.len()).unwrap(), 15 - sealed);
        assert_eq!(recovered.offset, start(&tail[2], 3));
    }
    assert!(recover(&vault, BOOT, 16, &tail).is_err(), "the checkpoint covers more than there is");
    assert!(recover(&vault, BOOT, 4, &tail[1..]).is_err(), "leaf 4 is nowhere");
    assert!(recover(&vault, BOOT, 5, &tail[1..]).is_ok());
    assert!(recover(&vault, BOOT, 0, &[]).is_err());
    assert!(recover(&crate::test_vault::vault(), BOOT, 0, &tail).is_err(), "another vault's tail");
}

#[test]
fn a_missing_segment_is_an_error_that_names_the_place() {
    let vault = vault();
    let mut tail = segments(&vault, &[5, 7, 3], |_| 0);
    tail.remove(1);
    let error = recover(&vault, BOOT, 0, &tail).unwrap_err().to_string();
    assert!(error.contains("tail/00000000000000000000") && error.contains("(leaf 5)"), "{error}");
}

#[test]
fn after_a_power_cut_only_what_was_not_on_disk_may_be_missing() {
    let vault = vault();
    let check = |durable: u64, boot: [u8; 16], expect: Option<u64>| {
        // Frame 2 of segment 1 (leaf 7) never reached the disk; later frames did.
        let mut tail = segments(&vault, &[5, 7, 3], |seq| if seq > 8 { durable } else { 0 });
        let (from, to) = (start(&tail[1], 2), start(&tail[1], 3));
        tail[1].bytes[from..to].fill(0);
        match (recover(&vault, boot, 0, &tail), expect) {
            (Ok(recovered), Some(next)) => {
                assert_eq!((recovered.next, recovered.segment, recovered.offset), (next, 1, from));
                assert_eq!(recovered.dropped, Some(Dropped { seq: next, power_cut: true }));
            }
            (Err(error), None) => assert!(error.to_string().contains("(leaf 7)"), "{error}"),
            (result, _) => panic!("durable {durable}, boot {boot:?}: {result:?}"),
        }
    };
    check(0, OTHER_BOOT, Some(7));
    check(7, OTHER_BOOT, Some(7));
    check(8, OTHER_BOOT, None); // leaf 7 was on disk once: somebody removed it
    check(0, BOOT, None); // no power cut, no excuse
    check(0, [0; 16], None); // unknown counts as the same
}

#[test]
fn a_cut_at_a_border_of_the_last_frame_is_a_write_that_was_cut_off() {
    let vault = vault();
    let whole = segments(&vault, &[7], |_| 0);
    let (from, to) = (start(&whole[0], 6), start(&whole[0], 7));
    let mut borders = 0;
    for cut in from..to {
        let mut tail = segments(&vault, &[0], |_| 0);
        tail[0].bytes = whole[0].bytes.clone();
        tail[0].bytes[cut..].fill(0);
        let result = recover(&vault, BOOT, 0, &tail);
        // The first byte after the cut may have been zero anyway; then it is the same as a cut a byte earlier.
        let written = tail[0].bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let border = written.next_multiple_of(SECTOR);
        match result {
            Ok(recovered) if cut == from => assert_eq!((recovered.next, recovered.dropped), (6, None)),
            Ok(recovered) => {
                assert!(border < to, "a frame that is whole but for its last bytes was edited");
                assert_eq!(recovered.dropped, Some(Dropped { seq: 6, power_cut: false }));
                borders += 1;
            }
            // Without its whole head it is no frame of ours: the head stands in one sector with what follows it.
            Err(error) => assert!(border >= to || written < from + FRAME_HEAD, "cut at {cut}: {error}"),
        }
    }
    assert!(borders > 0);
}

/// A head with a greater length, and a checksum that fits it, would make everything after it part of one unfinished frame.
#[test]
fn a_forged_length_does_not_swallow_the_frames_after_it() {
    let vault = vault();
    let mut tail = segments(&vault, &[8], |_| 0);
    let chain = SegmentHeader::parse(&tail[0].bytes).unwrap().chain;
    let length = 60_000_u32.to_be_bytes();
    let check = crate::frame::head_check(&chain, length, [0; 8]);
    tail[0].bytes[SEGMENT_HEADER + 4..][..4].copy_from_slice(&length);
    tail[0].bytes[SEGMENT_HEADER + 16..][..8].copy_from_slice(&check);
    assert_eq!(RawFrame::extent(&tail[0].bytes[SEGMENT_HEADER..], &chain), Some(60_000 + 88));
    let error = recover(&vault, BOOT, 0, &tail).unwrap_err();
    assert!(error.to_string().contains("(leaf 0)"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_an_acknowledged_frame_goes_unnoticed(place in SEGMENT_HEADER..4000_usize, flip in 1..=255_u8) {
        let vault = &*SHARED;
        let mut tail = segments(vault, &[8], |_| 0);
        let end = start(&tail[0], 8);
        tail[0].bytes[place.min(end - 1)] ^= flip;
        prop_assert!(recover(vault, BOOT, 0, &tail).is_err());
    }

    #[test]
    fn any_bytes_are_a_tail_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000), keep in 0..3000_usize) {
        let vault = &*SHARED;
        let mut tail = segments(vault, &[4], |_| 0);
        tail[0].bytes.truncate(SEGMENT_HEADER + keep);
        tail[0].bytes.extend_from_slice(&bytes);
        let _ = recover(vault, OTHER_BOOT, 0, &tail);
        tail[0].bytes = bytes;
        prop_assert!(recover(vault, BOOT, 0, &tail).is_err());
    }
}
