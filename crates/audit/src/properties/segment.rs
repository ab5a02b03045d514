//! The tail: whatever is done to a segment, what is read from it is what was written, from the first leaf on.
//!
//! Owns: a segment made by a recipe, and the damage that the recipe does to it. Not here: several segments (`recovery/tests.rs`).

use casemate_core::{LedgerClass, RequestId, Seq};

use super::HOME;
use crate::frame::{Frame, SEGMENT_HEADER, SegmentHeader};
use crate::leaf::LeafHeader;
use crate::recovery::{RawSegment, is_zero, recover};
use crate::verify::segment_holds;

const BOOT: [u8; 16] = [1; 16];
const FRAMES_MAX: u8 = 6;

/// Bytes are judged without a key as the vault would judge them, or more mildly. They are tried as a segment, and as a recipe: how many
/// frames, how long each is, then edits of four bytes.
pub fn segment(bytes: &[u8]) -> bool {
    let home = &*HOME;
    let alone = |bytes: &[u8]| [RawSegment { name: "tail/0".to_owned(), first: 0, bytes: bytes.to_vec() }];
    segment_holds(bytes);
    assert!(recover(&home.vault, BOOT, 0, &alone(bytes)).is_err(), "nobody else has the key");

    let Some((count, rest)) = bytes.split_first() else { return false };
    let count = usize::from(count % (FRAMES_MAX + 1));
    let Some((lengths, edits)) = rest.split_at_checked(count) else { return false };
    let (mut written, frames) = write(lengths);
    let whole = written.clone();
    edits.chunks_exact(4).for_each(|edit| damage(&mut written, edit));
    let keyless = segment_holds(&written);
    match recover(&home.vault, BOOT, 0, &alone(&written)) {
        Ok(recovered) => {
            assert!(keyless, "what the vault takes holds without a key too");
            let (kept, lost) = frames.split_at(recovered.unsealed.len());
            let same = kept.iter().zip(&recovered.unsealed).all(|(one, other)| one == other.as_ref());
            assert!(same && recovered.next == kept.len() as u64, "another leaf than was written");
            let rest = written.get(recovered.offset..).unwrap_or_default();
            // A tail that was cut behind a leaf looks like one that was stopped there. Nothing else goes unsaid.
            assert!(lost.is_empty() || recovered.dropped.is_some() || is_zero(rest), "a leaf is gone");
            let mut place = recovered.offset;
            for frame in lost {
                let linked = place - 32..place + frame.bytes().len();
                assert_ne!(written.get(linked.clone()), whole.get(linked), "a leaf is there and not read");
                place += frame.bytes().len();
            }
            true
        }
        Err(_) => {
            assert!(written != whole, "what was written is read");
            false
        }
    }
}

/// A segment of frames with events of these lengths, and the frames.
fn write(lengths: &[u8]) -> (Vec<u8>, Vec<Frame>) {
    let (vault, mut chain) = (&HOME.vault, [0; 32]);
    let mut bytes = SegmentHeader { first: 0, boot: BOOT, chain }.to_bytes(vault);
    let mut frames = Vec::with_capacity(lengths.len());
    for (seq, length) in (0_u64..).zip(lengths) {
        let request = RequestId::from_bytes([1; 16]);
        let header = LeafHeader { seq: Seq(seq), request, class: LedgerClass::Acknowledge };
        let mut frame = Frame::start(300);
        let sealed = header.seal(vault, &vec![b'x'; usize::from(*length) * 4], &mut frame);
        assert!(sealed.is_ok(), "the vault seals");
        let (frame, next) = Frame::finish(frame, vault, &chain, seq, 0);
        bytes.extend_from_slice(frame.bytes());
        (chain, frames) = (next, [frames, vec![frame]].concat());
    }
    bytes.resize(bytes.len().next_multiple_of(4096), 0);
    (bytes, frames)
}

/// One edit: what to do, where (two bytes), and with what.
fn damage(bytes: &mut Vec<u8>, edit: &[u8]) {
    let [what, high, low, with] = edit else { return };
    let place = SEGMENT_HEADER + usize::from(u16::from_be_bytes([*high, *low])) % bytes.len().max(1);
    let length = usize::from(*with);
    match what % 5 {
        0 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= with),
        1 => bytes.iter_mut().skip(place).for_each(|byte| *byte = 0),
        2 => bytes.truncate(place),
        3 => bytes.iter_mut().skip(place).take(length).for_each(|byte| *byte = 0),
        // A piece stands once more, a little further on.
        _ => {
            let piece = bytes.get(place..).unwrap_or_default().to_vec();
            bytes.iter_mut().skip(place + length).zip(piece).for_each(|(to, from)| *to = from);
        }
    }
}
