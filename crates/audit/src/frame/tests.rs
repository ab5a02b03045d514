use casemate_core::{LedgerClass, RequestId, Seq};
use proptest::prelude::*;

use super::*;
use crate::test_vault::vault;

fn frame(vault: &Vault, chain: &Hash, seq: u64) -> (Frame, Hash) {
    let mut bytes = Frame::start(100);
    let header = LeafHeader {
        seq: Seq(seq),
        request: RequestId::from_bytes([1; 16]),
        class: LedgerClass::Acknowledge,
    };
    header.seal(vault, b"an event", &mut bytes).unwrap();
    Frame::finish(bytes, vault, chain, seq, 5)
}

#[test]
fn a_frame_follows_its_chain_and_nothing_else() {
    let vault = vault();
    let (frame, next) = frame(&vault, &[8; 32], 6);
    let raw = RawFrame::parse(frame.bytes(), &[8; 32]).unwrap();
    assert_eq!((raw.leaf, raw.durable, raw.chain), (frame.leaf(), 5, next));
    assert_eq!((raw.length(), raw.to_frame()), (frame.bytes().len(), frame.clone()));
    assert!(raw.follows(&[8; 32], 6) && raw.is_authentic(&vault, &[8; 32], 6));
    assert!(!raw.follows(&[8; 32], 7) && !raw.follows(&[9; 32], 6));
    assert!(!raw.is_authentic(&crate::test_vault::vault(), &[8; 32], 6), "another vault's key");
    for place in 0..frame.bytes().len() {
        let mut changed = frame.bytes().to_vec();
        changed[place] ^= 1;
        let follows = RawFrame::parse(&changed, &[8; 32]).is_some_and(|raw| raw.follows(&[8; 32], 6));
        assert!(!follows, "byte {place} is covered by the checksum");
    }
    assert!(RawFrame::parse(&frame.bytes()[..frame.bytes().len() - 1], &[8; 32]).is_none());
    let sealed = Frame::sealed(frame.leaf());
    assert_eq!((sealed.leaf(), sealed.hash), (frame.leaf(), frame.hash));
}

/// Whoever has the files only can make links that fit, but no MAC.
#[test]
fn new_links_without_the_key_satisfy_the_checksum_and_not_the_vault() {
    let vault = vault();
    let (frame, _) = frame(&vault, &[8; 32], 6);
    let mut forged = frame.bytes().to_vec();
    let last = FRAME_HEAD + frame.leaf().len() - 1;
    forged[last] ^= 1;
    let raw = RawFrame::parse(&forged, &[8; 32]).unwrap();
    let chain = frame_chain(&[8; 32], 6, raw.durable, &leaf_hash(raw.leaf), raw.mac);
    let end = forged.len() - 32;
    forged[end..].copy_from_slice(&chain);
    let raw = RawFrame::parse(&forged, &[8; 32]).unwrap();
    assert!(raw.follows(&[8; 32], 6));
    assert!(!raw.is_authentic(&vault, &[8; 32], 6));
}

#[test]
fn a_segment_header_is_bound_to_its_vault_and_every_byte() {
    let vault = vault();
    let header = SegmentHeader { first: 9, boot: [2; 16], chain: [3; 32] };
    let bytes = header.to_bytes(&vault);
    assert_eq!(bytes.len(), SEGMENT_HEADER);
    assert_eq!(SegmentHeader::parse(&bytes), Some(header));
    assert!(header.is_authentic(&vault, &bytes));
    assert!(!header.is_authentic(&crate::test_vault::vault(), &bytes));
    for place in 0..SEGMENT_HEADER {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(SegmentHeader::parse(&changed), None, "byte {place}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_or_none(mut bytes in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>(), length in 0..300_u32) {
        if magic && bytes.len() > 8 {
            bytes[..4].copy_from_slice(&FRAME_MAGIC);
            bytes[4..8].copy_from_slice(&length.to_be_bytes());
            if let Some(durable) = bytes.get(8..16).and_then(|durable| durable.try_into().ok()) {
                let check = head_check(&[0; 32], length.to_be_bytes(), durable);
                bytes.iter_mut().skip(16).zip(check).for_each(|(to, from)| *to = from);
            }
        }
        if let Some(raw) = RawFrame::parse(&bytes, &[0; 32]) {
            prop_assert_eq!(raw.leaf.len() + FRAME_OVERHEAD, raw.length());
            prop_assert!(raw.length() <= bytes.len());
            prop_assert!(!raw.follows(&[0; 32], 0));
        }
    }

    #[test]
    fn any_bytes_hold_no_linked_frame(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(RawFrame::linked_anywhere(&bytes).count(), 0);
    }

    #[test]
    fn any_bytes_are_no_segment_header(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(SegmentHeader::parse(&bytes), None);
    }
}
