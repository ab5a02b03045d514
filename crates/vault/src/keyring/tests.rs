//! Tests of `keyring`: counting, conflicts, concurrent changes.

use casemate_core::AppId;

use super::*;

fn key(id: u64, scope: &KeyScope, secret: u8) -> DataKey {
    let sealing = SealingKey::derive(&[secret; 32]).unwrap();
    DataKey { id: KeyId(id), scope: scope.clone(), sealing, check: [secret; 32], seals: AtomicU64::new(0) }
}

#[test]
fn a_worn_key_refuses_for_good() {
    let key = key(1, &KeyScope::Ledger, 1);
    key.seals.store(MOST_SEALS - 2, Ordering::Relaxed);
    assert_eq!(key.spend(), Ok(()));
    assert_eq!(key.spend(), Ok(()));
    for _ in 0..3 {
        assert_eq!(key.spend(), Err(VaultError::KeyWornOut(KeyId(1))));
    }
    assert_eq!(key.seals.load(Ordering::Relaxed), MOST_SEALS);
}

#[test]
fn an_id_names_one_key_of_one_scope() {
    let ring = Keyring::default();
    ring.add(key(1, &KeyScope::Ledger, 1), false).unwrap();
    assert!(ring.current(&KeyScope::Ledger).is_err());
    ring.add(key(1, &KeyScope::Ledger, 1), true).unwrap();
    let conflict = Err(VaultError::KeyConflict(KeyId(1)));
    assert_eq!(ring.add(key(1, &KeyScope::Ledger, 2), true), conflict);
    assert_eq!(ring.add(key(1, &KeyScope::Platform, 1), true), conflict);
    assert!(ring.current(&KeyScope::Platform).is_err());
    assert_eq!(ring.current(&KeyScope::Ledger).unwrap().check, [1; 32]);
}

#[test]
fn adopting_again_keeps_the_count() {
    let ring = Keyring::default();
    ring.add(key(1, &KeyScope::Ledger, 1), true).unwrap();
    ring.current(&KeyScope::Ledger).unwrap().spend().unwrap();
    ring.add(key(1, &KeyScope::Ledger, 1), true).unwrap();
    assert_eq!(ring.seals(KeyId(1)), Some(1));
    assert_eq!(ring.seals(KeyId(2)), None);
}

#[test]
fn keys_added_at_once_are_all_there() {
    let ring = Keyring::default();
    std::thread::scope(|threads| {
        for thread in 0..4_u64 {
            let ring = &ring;
            threads.spawn(move || {
                for n in 0..16 {
                    let scope = KeyScope::App(AppId::parse(&format!("app{thread}-{n}")).unwrap());
                    ring.add(key(thread * 16 + n, &scope, 1), true).unwrap();
                }
            });
        }
    });
    assert_eq!(ring.0.load().by_id.len(), 64);
    assert_eq!(ring.0.load().current.len(), 64);
}
