use casemate_core::Timestamp;
use casemate_core::event::Lifecycle;
use proptest::prelude::*;

use super::*;
use crate::test_vault::vault;

fn sealed(vault: &Vault, header: LeafHeader) -> (Event, Vec<u8>) {
    let event = Event::Lifecycle(Lifecycle {
        time: Timestamp::from_secs(1),
        activity: "started".to_owned(),
        message: String::new(),
    });
    let mut leaf = Vec::new();
    header.seal(vault, &serde_json::to_vec(&event).unwrap(), &mut leaf).unwrap();
    (event, leaf)
}

#[test]
fn a_leaf_opens_in_its_place_only_and_unchanged_only() {
    let vault = vault();
    let header =
        LeafHeader { seq: Seq(7), request: RequestId::from_bytes([3; 16]), class: LedgerClass::Durable };
    let (event, leaf) = sealed(&vault, header);
    assert_eq!(LeafHeader::parse(&leaf), Some(header));
    let opened = open(&vault, Seq(7), &leaf).unwrap();
    assert_eq!(opened, Leaf { seq: Seq(7), request: header.request, class: header.class, event });
    assert!(open(&vault, Seq(8), &leaf).is_err());
    for place in 0..leaf.len() {
        let mut changed = leaf.clone();
        changed[place] ^= 1;
        assert!(open(&vault, Seq(7), &changed).is_err(), "byte {place}");
    }
    assert!(open(&vault, Seq(7), &leaf[..leaf.len() - 1]).is_err());
    // Without the key the hash of the leaf is what it was: shredding keeps proofs.
    let hash = crate::tree::leaf_hash(&leaf);
    vault.forget_scope(&KeyScope::Ledger);
    let error = open(&vault, Seq(7), &leaf).unwrap_err();
    assert!(matches!(error, ReadLedgerError::Sealed { source: VaultError::UnknownKey(_), .. }), "{error:?}");
    assert_eq!(crate::tree::leaf_hash(&leaf), hash);
}

#[test]
fn a_leaf_of_another_vault_does_not_open() {
    let header =
        LeafHeader { seq: Seq(0), request: RequestId::from_bytes([0; 16]), class: LedgerClass::Acknowledge };
    let (_, leaf) = sealed(&vault(), header);
    assert!(matches!(open(&vault(), Seq(0), &leaf), Err(ReadLedgerError::Sealed { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_a_header_or_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Some(header) = LeafHeader::parse(&bytes) {
            prop_assert_eq!(bytes[0], VERSION);
            prop_assert_eq!(bytes[1], header.class_byte());
            prop_assert_eq!(&bytes[2..10], &header.seq.0.to_be_bytes()[..]);
            prop_assert_eq!(&bytes[10..26], &header.request.to_bytes()[..]);
        }
    }
}
