//! Tests of `vault`: what opens where, across restarts, rotations and shredding; and what never gets out.

use casemate_core::AppId;
use casemate_core::ids::hex;
use proptest::prelude::*;

use super::*;

fn vault(root: u8) -> Vault {
    Vault::derive(&[root; 32]).unwrap()
}

fn app(name: &str) -> KeyScope {
    KeyScope::App(AppId::parse(name).unwrap())
}

fn at<'a>(scope: &'a KeyScope, parts: &'a [&'a [u8]]) -> Binding<'a> {
    Binding { scope, parts }
}

#[test]
fn a_vault_is_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Vault>();
}

#[test]
fn fingerprints_tell_root_keys_apart() {
    assert_eq!(vault(1).fingerprint(), vault(1).fingerprint());
    assert_ne!(vault(1).fingerprint(), vault(2).fingerprint());
}

#[test]
fn what_was_sealed_opens_after_a_restart() {
    let before = vault(1);
    let scope = app("shop");
    let (id, wrapped) = before.create_data_key(&scope).unwrap();
    let sealed = before.seal(&at(&scope, &[b"store", b"key"]), b"value").unwrap();
    assert_eq!(Vault::sealed_under(&sealed), Ok(id));
    assert!(i64::try_from(id.0).is_ok());

    let after = vault(1);
    assert_eq!(after.open_sealed(&at(&scope, &[b"store", b"key"]), &sealed), Err(VaultError::UnknownKey(id)));
    let stored = WrappedKey::from_bytes(wrapped.as_bytes().to_vec());
    after.adopt_data_key(&scope, id, &stored, true).unwrap();
    assert_eq!(*after.open_sealed(&at(&scope, &[b"store", b"key"]), &sealed).unwrap(), b"value");
    assert_eq!(after.current_key(&scope), Some(id));
}

#[test]
fn a_wrapped_key_is_adopted_only_as_what_it_was_wrapped() {
    let one = vault(1);
    let (shop, bank) = (app("shop"), app("bank"));
    let (id, wrapped) = one.create_data_key(&shop).unwrap();
    let (other, _) = one.create_data_key(&shop).unwrap();
    let refused = Err(VaultError::NotAuthentic);
    assert_eq!(vault(2).adopt_data_key(&shop, id, &wrapped, true), refused, "wrong root key");
    assert_eq!(vault(1).adopt_data_key(&bank, id, &wrapped, true), refused, "other scope");
    assert_eq!(vault(1).adopt_data_key(&shop, other, &wrapped, true), refused, "other id");
    for byte in 0..wrapped.as_bytes().len() {
        let mut changed = wrapped.as_bytes().to_vec();
        changed[byte] ^= 0x10;
        let vault = vault(1);
        let outcome = vault.adopt_data_key(&shop, id, &WrappedKey::from_bytes(changed), true);
        assert!(matches!(outcome, Err(VaultError::NotAuthentic | VaultError::NotSealed)), "byte {byte}");
        assert_eq!(vault.current_key(&shop), None);
    }
    assert_eq!(
        vault(1).adopt_data_key(&shop, id, &WrappedKey::from_bytes(vec![]), true),
        Err(VaultError::NotSealed)
    );
    assert_eq!(vault(1).adopt_data_key(&shop, id, &wrapped, true), Ok(()));
}

#[test]
fn every_changed_byte_is_refused() {
    let vault = vault(1);
    let scope = app("shop");
    vault.create_data_key(&scope).unwrap();
    let binding = at(&scope, &[b"store", b"key"]);
    let sealed = vault.seal(&binding, b"value").unwrap();
    for byte in 0..sealed.len() {
        for mask in [1, 0x80, 0xff] {
            let mut changed = sealed.clone();
            changed[byte] ^= mask;
            match (byte, vault.open_sealed(&binding, &changed)) {
                (0, Err(VaultError::NotSealed))
                | (1..=8, Err(VaultError::UnknownKey(_)))
                | (9.., Err(VaultError::NotAuthentic)) => {}
                (byte, outcome) => panic!("byte {byte}: {:?}", outcome.map(|_| "opened")),
            }
        }
    }
    assert_eq!(*vault.open_sealed(&binding, &sealed).unwrap(), b"value");
}

#[test]
fn a_moved_ciphertext_is_refused() {
    let vault = vault(1);
    let (shop, bank) = (app("shop"), app("bank"));
    for scope in [&shop, &bank, &KeyScope::Platform, &KeyScope::Ledger] {
        vault.create_data_key(scope).unwrap();
    }
    let sealed = vault.seal(&at(&shop, &[b"kv", b"orders", b"alice"]), b"value").unwrap();
    let elsewhere: [(&KeyScope, &[&[u8]]); 8] = [
        (&bank, &[b"kv", b"orders", b"alice"]),
        (&KeyScope::Platform, &[b"kv", b"orders", b"alice"]),
        (&shop, &[b"kv", b"orders", b"bob"]),
        (&shop, &[b"kv", b"carts", b"alice"]),
        (&shop, &[b"kv", b"ordersa", b"lice"]),
        (&shop, &[b"kv", b"orders"]),
        (&shop, &[b"kv", b"orders", b"alice", b""]),
        (&shop, &[]),
    ];
    for (scope, parts) in elsewhere {
        let outcome = vault.open_sealed(&at(scope, parts), &sealed);
        assert_eq!(outcome.map(|_| "opened"), Err(VaultError::NotAuthentic), "{scope} {parts:?}");
    }
    // Naming another key of the same scope does not help either.
    let (newer, _) = vault.create_data_key(&shop).unwrap();
    let mut relabelled = sealed.clone();
    relabelled[1..9].copy_from_slice(&newer.0.to_be_bytes());
    let outcome = vault.open_sealed(&at(&shop, &[b"kv", b"orders", b"alice"]), &relabelled);
    assert_eq!(outcome, Err(VaultError::NotAuthentic));
    assert!(vault.open_sealed(&at(&shop, &[b"kv", b"orders", b"alice"]), &sealed).is_ok());
}

#[test]
fn a_wrapped_key_is_no_sealed_value_and_the_reverse() {
    let vault = vault(1);
    let scope = KeyScope::Platform;
    let (id, wrapped) = vault.create_data_key(&scope).unwrap();
    let sealed = vault.seal(&at(&scope, &[b"data key"]), &[7; 32]).unwrap();
    assert!(vault.open_sealed(&at(&scope, &[b"data key"]), wrapped.as_bytes()).is_err());
    assert_eq!(
        vault.adopt_data_key(&scope, id, &WrappedKey::from_bytes(sealed), true),
        Err(VaultError::NotAuthentic)
    );
}

#[test]
fn rotation_seals_with_the_new_key_and_opens_the_old() {
    let vault = vault(1);
    let scope = app("shop");
    let binding = at(&scope, &[b"key"]);
    let (old, _) = vault.create_data_key(&scope).unwrap();
    let sealed = vault.seal(&binding, b"value").unwrap();
    let (new, _) = vault.create_data_key(&scope).unwrap();
    assert_ne!(old, new);
    assert_eq!(Vault::sealed_under(&vault.seal(&binding, b"value").unwrap()), Ok(new));
    assert_eq!(*vault.open_sealed(&binding, &sealed).unwrap(), b"value");
    assert_eq!((vault.seals(old), vault.seals(new)), (Some(1), Some(1)));
}

#[test]
fn a_forgotten_scope_is_shredded_and_the_others_stay() {
    let vault = vault(1);
    let (shop, bank) = (app("shop"), app("bank"));
    let (id, _) = vault.create_data_key(&shop).unwrap();
    vault.create_data_key(&shop).unwrap();
    vault.create_data_key(&bank).unwrap();
    let sealed = vault.seal(&at(&shop, &[]), b"value").unwrap();
    let kept = vault.seal(&at(&bank, &[]), b"value").unwrap();
    vault.forget_scope(&shop);
    assert!(matches!(vault.open_sealed(&at(&shop, &[]), &sealed), Err(VaultError::UnknownKey(_))));
    assert_eq!(vault.seal(&at(&shop, &[]), b"v"), Err(VaultError::NoKey { scope: shop.to_string() }));
    assert_eq!(vault.seals(id), None);
    assert!(vault.open_sealed(&at(&bank, &[]), &kept).is_ok());
}

#[test]
fn a_worn_key_refuses_to_seal_and_still_opens() {
    let vault = vault(1);
    let scope = app("shop");
    let (id, _) = vault.create_data_key(&scope).unwrap();
    let sealed = vault.seal(&at(&scope, &[]), b"value").unwrap();
    let key = vault.data.current(&scope).unwrap();
    key.seals.store(crate::keyring::MOST_SEALS, std::sync::atomic::Ordering::Relaxed);
    let mut out = b"before".to_vec();
    assert_eq!(vault.seal_into(&at(&scope, &[]), b"value", &mut out), Err(VaultError::KeyWornOut(id)));
    assert_eq!(out, b"before");
    assert!(vault.open_sealed(&at(&scope, &[]), &sealed).is_ok());
    vault.create_data_key(&scope).unwrap();
    assert!(vault.seal(&at(&scope, &[]), b"value").is_ok());
}

#[test]
fn signing_keys_survive_a_restart_and_only_as_what_they_are() {
    let one = vault(1);
    for algorithm in [SignatureAlgorithm::EcdsaP256, SignatureAlgorithm::Ed25519] {
        let (id, public, wrapped) = one.create_signing_key(algorithm).unwrap();
        let (other, _, _) = one.create_signing_key(algorithm).unwrap();
        let signature = one.sign(&id, b"message").unwrap();
        assert!(public.verify(b"message", &signature));
        assert_eq!(PublicKey::parse(algorithm, public.as_bytes()).unwrap(), public);

        let after = vault(1);
        assert_eq!(after.sign(&id, b"message"), Err(VaultError::UnknownSigningKey(id.clone())));
        assert_eq!(after.adopt_signing_key(id.clone(), algorithm, &wrapped).unwrap(), public);
        assert!(public.verify(b"message", &after.sign(&id, b"message").unwrap()));

        let refused = |vault: &Vault, id: &SigningKeyId, algorithm| {
            let outcome = vault.adopt_signing_key(id.clone(), algorithm, &wrapped);
            assert_eq!(outcome, Err(VaultError::NotAuthentic));
        };
        refused(&vault(2), &id, algorithm);
        refused(&after, &other, algorithm);
        let mixed = match algorithm {
            SignatureAlgorithm::EcdsaP256 => SignatureAlgorithm::Ed25519,
            SignatureAlgorithm::Ed25519 => SignatureAlgorithm::EcdsaP256,
        };
        refused(&after, &id, mixed);

        after.forget_signing_key(&id);
        assert_eq!(after.sign(&id, b"message"), Err(VaultError::UnknownSigningKey(id.clone())));
    }
}

#[test]
fn no_debug_output_holds_key_bytes() {
    // A root key whose bytes would be seen, and everything derived from it or made at random.
    let root = [0xa7; 32];
    let vault = Vault::derive(&root).unwrap();
    let scope = app("shop");
    let (id, wrapped) = vault.create_data_key(&scope).unwrap();
    let place = encode_place(&scope, id, &[b"data key"]);
    let secret = vault.unwrap(&place, wrapped.as_bytes()).unwrap();
    let (signing_id, public, wrapped_signing) =
        vault.create_signing_key(SignatureAlgorithm::EcdsaP256).unwrap();
    let pkcs8 = vault
        .unwrap(&signing_place(&signing_id, SignatureAlgorithm::EcdsaP256), wrapped_signing.as_bytes())
        .unwrap();
    let (tls, wrapped_tls) = vault.tls_identity(None, &["localhost".to_owned()]).unwrap();
    let data_key = vault.data.current(&scope).unwrap();

    let shown = [
        format!("{vault:?} {vault:#?}"),
        format!("{wrapped:?} {wrapped:#?} {wrapped_signing:?} {wrapped_tls:?}"),
        format!("{:?} {:#?}", data_key.sealing, data_key.sealing),
        format!("{signing_id:?} {public:?} {tls:?} {:?}", tls.certified().key),
        format!("{:?} {:?}", crate::Sha256Stream::new(), at(&scope, &[b"part"])),
        format!("{:?}", vault.adopt_data_key(&app("bank"), id, &wrapped, true)),
    ]
    .join("\n");

    let forms = |bytes: &[u8]| {
        let list = format!("{bytes:?}");
        let list = list.trim_matches(['[', ']']).to_owned();
        [hex(bytes), hex(bytes).to_uppercase(), list, base64_of(bytes)]
    };
    // The private scalar stands in bytes 36 to 68 of a P-256 PKCS #8 document (RFC 5208 around RFC 5915).
    for (what, bytes) in [
        ("root", &root[..]),
        ("data key", &secret),
        ("wrapped", wrapped.as_bytes()),
        ("signing", &pkcs8[36..68]),
    ] {
        for piece in bytes.chunks_exact(8) {
            for form in forms(piece) {
                assert!(!shown.contains(&form), "{what} appears in {shown}");
            }
        }
    }
    // Positive control: the search finds what is there.
    let leaked = format!("{shown} {:?}", &root);
    assert!(forms(&root[..8]).iter().any(|form| leaked.contains(form)));
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

proptest! {
    #[test]
    fn round_trips_anywhere(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        moved in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        plaintext in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let vault = vault(1);
        let scope = app("shop");
        vault.create_data_key(&scope).unwrap();
        let here: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let there: Vec<&[u8]> = moved.iter().map(Vec::as_slice).collect();
        let sealed = vault.seal(&at(&scope, &here), &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + SEALED_OVERHEAD);
        prop_assert_eq!(&*vault.open_sealed(&at(&scope, &here), &sealed).unwrap(), &plaintext);
        prop_assert_eq!(vault.open_sealed(&at(&scope, &there), &sealed).is_ok(), parts == moved);
    }

    #[test]
    fn arbitrary_bytes_never_open_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let vault = vault(1);
        let (id, _) = vault.create_data_key(&KeyScope::Ledger).unwrap();
        prop_assert!(vault.open_sealed(&at(&KeyScope::Ledger, &[]), &bytes).is_err());
        let wrapped = WrappedKey::from_bytes(bytes.clone());
        prop_assert!(vault.adopt_data_key(&KeyScope::Ledger, id, &wrapped, true).is_err());
        let wrapped = WrappedTlsIdentity::from_bytes(bytes);
        prop_assert!(vault.tls_identity(Some(&wrapped), &[]).is_err());
    }
}
