//! Tests of `sealing`: every changed byte is refused, and the attack that the commitment exists for.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use proptest::prelude::*;

use super::*;

const ID: KeyId = KeyId(7);

fn key(secret: u8) -> SealingKey {
    SealingKey::derive(&[secret; 32]).unwrap()
}

fn seal(key: &SealingKey, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    key.seal(ID, associated, plaintext, &mut sealed).unwrap();
    sealed
}

fn open(key: &SealingKey, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut out = b"before".to_vec();
    let outcome = key.open(&Sealed::parse(sealed)?, associated, &mut out);
    let text = out.strip_prefix(b"before").unwrap().to_vec();
    assert!(outcome.is_ok() || text.is_empty(), "a refusal leaves nothing behind");
    outcome.map(|()| text)
}

#[test]
fn the_layout_is_the_documented_one() {
    let (associated, plaintext) = (b"place".as_slice(), b"plaintext".as_slice());
    let (key, nonce) = (key(1), [9; NONCE]);
    let mut sealed = b"before".to_vec();
    key.seal_with_nonce(ID, &nonce, associated, plaintext, &mut sealed).unwrap();
    let sealed = sealed.strip_prefix(b"before").unwrap();
    assert_eq!(sealed.len(), SEALED_OVERHEAD + plaintext.len());
    assert_eq!(sealed[0], 1);
    assert_eq!(sealed[1..9], 7_u64.to_be_bytes());
    assert_eq!(sealed[9..33], nonce);

    // The commitment as RFC 5869 has it, by the library's HKDF: extract, expand to a key, expand over nonce and place.
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"casemate sealing key v1").extract(&[1; 32]);
    let mut expected = [0; 32];
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, expand(&prk, b"commitment").unwrap().as_slice())
        .expand(&[&nonce, associated], hkdf::HKDF_SHA256)
        .unwrap()
        .fill(&mut expected)
        .unwrap();
    assert_eq!(sealed[33..65], expected);

    // The rest is XAES-256-GCM under the other derived key.
    let mut text = plaintext.to_vec();
    let cipher = XaesKey::new(&expand(&prk, b"XAES-256-GCM").unwrap()).unwrap();
    let tag = cipher.seal(&nonce, associated, &mut text).unwrap();
    assert_eq!(sealed[65..74], text);
    assert_eq!(sealed[74..], tag);
}

#[test]
fn every_flipped_bit_is_refused() {
    for plaintext in [b"".as_slice(), b"x", b"the quick brown fox jumps over"] {
        let key = key(1);
        let sealed = seal(&key, b"place", plaintext);
        assert_eq!(open(&key, b"place", &sealed).unwrap(), plaintext);
        for byte in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[byte] ^= 1 << bit;
                match open(&key, b"place", &changed) {
                    Err(VaultError::NotSealed) => assert_eq!(byte, 0, "only the version is public syntax"),
                    Err(VaultError::NotAuthentic) => {}
                    // This key's holder checks the id, which is in the associated data of a binding.
                    Ok(text) => assert!((1..9).contains(&byte) && text == plaintext, "byte {byte} bit {bit}"),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

#[test]
fn every_other_length_is_refused() {
    let key = key(1);
    let sealed = seal(&key, b"place", b"plaintext");
    for length in 0..sealed.len() {
        assert!(open(&key, b"place", &sealed[..length]).is_err(), "cut to {length}");
        assert!(open(&key, b"place", &sealed[sealed.len() - length..]).is_err(), "last {length}");
    }
    for extra in 1..40 {
        let mut longer = sealed.clone();
        longer.extend(std::iter::repeat_n(0, extra));
        assert_eq!(open(&key, b"place", &longer), Err(VaultError::NotAuthentic), "{extra} more");
    }
}

#[test]
fn another_key_or_place_is_refused() {
    let sealed = seal(&key(1), b"place", b"plaintext");
    assert_eq!(open(&key(1), b"place", &sealed).unwrap(), b"plaintext");
    assert_eq!(open(&key(2), b"place", &sealed), Err(VaultError::NotAuthentic));
    for place in [b"".as_slice(), b"plac", b"place\0", b"Place", b"place\x01"] {
        assert_eq!(open(&key(1), place, &sealed), Err(VaultError::NotAuthentic));
    }
}

#[test]
fn the_same_plaintext_never_seals_alike() {
    let key = key(1);
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..1000 {
        let sealed = seal(&key, b"place", b"plaintext");
        assert!(nonces.insert(sealed[9..33].to_vec()));
    }
}

/// Arithmetic of GHASH (NIST SP 800-38D §6.3 and §6.4), for forging.
mod ghash {
    pub(super) fn multiply(x: u128, y: u128) -> u128 {
        let (mut product, mut shifted) = (0, y);
        for bit in (0..128).rev() {
            if x >> bit & 1 == 1 {
                product ^= shifted;
            }
            shifted = (shifted >> 1) ^ (if shifted & 1 == 1 { 0xe1 << 120 } else { 0 });
        }
        product
    }

    /// `x` to the power 2^128 - 2.
    pub(super) fn invert(x: u128) -> u128 {
        let (mut inverse, mut power) = (1 << 127, x);
        for _ in 1..128 {
            power = multiply(power, power);
            inverse = multiply(inverse, power);
        }
        inverse
    }

    pub(super) fn hash(h: u128, associated: &[u8], ciphertext: &[u8]) -> u128 {
        let blocks = |bytes: &[u8]| -> Vec<u128> {
            bytes
                .chunks(16)
                .map(|chunk| {
                    let mut block = [0; 16];
                    block[..chunk.len()].copy_from_slice(chunk);
                    u128::from_be_bytes(block)
                })
                .collect()
        };
        let lengths = (associated.len() as u128 * 8) << 64 | (ciphertext.len() as u128 * 8);
        blocks(associated)
            .into_iter()
            .chain(blocks(ciphertext))
            .chain([lengths])
            .fold(0, |hash, block| multiply(hash ^ block, h))
    }
}

/// GHASH key and tag mask of the message key that `key` derives for `nonce`.
fn gcm_secrets(key: &SealingKey, nonce: &[u8; NONCE]) -> (u128, u128) {
    let message_key = key.cipher.derive(&nonce[..12]).unwrap();
    let block_cipher =
        EncryptingKey::ecb(UnboundCipherKey::new(&AES_256, message_key.as_slice()).unwrap()).unwrap();
    let encrypt = |mut block: [u8; 16]| {
        block_cipher.less_safe_encrypt(&mut block, EncryptionContext::None).unwrap();
        u128::from_be_bytes(block)
    };
    let mut counter = [0; 16];
    counter[..12].copy_from_slice(&nonce[12..]);
    counter[15] = 1;
    (encrypt([0; 16]), encrypt(counter))
}

#[test]
fn a_ciphertext_that_is_valid_under_two_keys_is_refused() {
    // The attacker knows both keys (two apps of his, say) and solves for one ciphertext block with which both keys give
    // the same GCM tag, though the associated data differ.
    let (one, two) = (key(1), key(2));
    let (place_one, place_two) = (b"place one".as_slice(), b"another place".as_slice());
    let nonce = [5; NONCE];
    let (h_one, mask_one) = gcm_secrets(&one, &nonce);
    let (h_two, mask_two) = gcm_secrets(&two, &nonce);
    let zero_one = mask_one ^ ghash::hash(h_one, place_one, &[0; 16]);
    let zero_two = mask_two ^ ghash::hash(h_two, place_two, &[0; 16]);
    let slope = ghash::multiply(h_one, h_one) ^ ghash::multiply(h_two, h_two);
    let block = ghash::multiply(zero_one ^ zero_two, ghash::invert(slope)).to_be_bytes();
    let tag = (mask_one ^ ghash::hash(h_one, place_one, &block)).to_be_bytes();

    // Positive control: without the commitment, XAES-256-GCM opens it under both keys.
    for (key, place) in [(&one, place_one), (&two, place_two)] {
        key.cipher.open(&nonce, place, &mut block.clone(), &tag).unwrap();
    }

    // With it, whichever commitment the attacker stores, exactly that key opens.
    let forge = |commitment: hmac::Tag| {
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&ID.0.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(commitment.as_ref());
        sealed.extend_from_slice(&block);
        sealed.extend_from_slice(&tag);
        sealed
    };
    let for_one = forge(one.commit(&nonce, place_one));
    assert!(open(&one, place_one, &for_one).is_ok());
    assert_eq!(open(&two, place_two, &for_one), Err(VaultError::NotAuthentic));
    let for_two = forge(two.commit(&nonce, place_two));
    assert!(open(&two, place_two, &for_two).is_ok());
    assert_eq!(open(&one, place_one, &for_two), Err(VaultError::NotAuthentic));
}

proptest! {
    #[test]
    fn opens_what_it_sealed_and_nothing_else(
        secret: [u8; 32],
        associated in proptest::collection::vec(any::<u8>(), 0..100),
        plaintext in proptest::collection::vec(any::<u8>(), 0..600),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let key = SealingKey::derive(&secret).unwrap();
        let sealed = seal(&key, &associated, &plaintext);
        prop_assert_eq!(open(&key, &associated, &sealed).unwrap(), plaintext);
        prop_assert!(open(&key, &associated, &noise).is_err());
        let mut with_header = sealed[..HEADER].to_vec();
        with_header.extend_from_slice(&noise);
        prop_assert!(open(&key, &associated, &with_header).is_err());
    }
}
