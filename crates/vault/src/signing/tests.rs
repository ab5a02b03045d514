//! Tests of `signing`: published vectors for what is checked, and refusal of everything else.

use casemate_core::ids::unhex;

use super::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    unhex(&hex.to_lowercase()).unwrap()
}

/// RFC 6979 §A.2.5: P-256 with SHA-256, message "sample".
fn rfc_6979() -> (PublicKey, [u8; 64]) {
    let mut point = vec![4];
    point.extend(bytes::<32>("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"));
    point.extend(bytes::<32>("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
    let mut signature = [0; 64];
    signature[..32]
        .copy_from_slice(&bytes::<32>("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"));
    signature[32..]
        .copy_from_slice(&bytes::<32>("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"));
    (PublicKey::parse(SignatureAlgorithm::EcdsaP256, &point).unwrap(), signature)
}

/// RFC 8032 §7.1, TEST 1: the empty message.
fn rfc_8032() -> (PublicKey, [u8; 64]) {
    let key = bytes::<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature = bytes(concat!(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ));
    (PublicKey::parse(SignatureAlgorithm::Ed25519, &key).unwrap(), signature)
}

#[test]
fn published_signatures_verify_and_changed_ones_do_not() {
    for ((key, signature), message) in [(rfc_6979(), b"sample".as_slice()), (rfc_8032(), b"")] {
        assert!(key.verify(message, &signature));
        assert!(!key.verify(b"another message", &signature));
        for byte in 0..64 {
            let mut changed = signature;
            changed[byte] ^= 1;
            assert!(!key.verify(message, &changed), "{key:?} byte {byte}");
        }
        for length in 0..64 {
            assert!(!key.verify(message, &signature[..length]));
        }
        assert!(!key.verify(message, &[&signature[..], &[0]].concat()));
        // CVE-2022-21449: r = s = 0 once verified everywhere.
        assert!(!key.verify(message, &[0; 64]));
        assert!(!key.verify(message, &[0xff; 64]));
    }
}

#[test]
fn ids_are_thumbprints() {
    // RFC 8037 §A.3.
    assert_eq!(rfc_8032().0.id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let id = rfc_6979().0.id();
    assert_eq!(SigningKeyId::parse(id.as_str()).unwrap(), id);
    assert_eq!(id.as_str().len(), 43);
    for bad in [
        "",
        "kPrK",
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4",
        "kPrK/qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    ] {
        assert_eq!(SigningKeyId::parse(bad), Err(VaultError::BadSigningKeyId));
    }
}

#[test]
fn only_points_on_the_curve_are_public_keys() {
    let (key, _) = rfc_6979();
    let (x, y) = key.to_jwk_xy().unwrap();
    assert_eq!([&[4][..], &x, &y].concat(), key.as_bytes());
    assert!(rfc_8032().0.to_jwk_xy().is_none());

    let mut off_curve = key.as_bytes().to_vec();
    off_curve[64] ^= 1;
    let mut compressed = vec![3];
    compressed.extend_from_slice(&x);
    for bad in
        [off_curve, compressed, vec![], vec![0], vec![4; 65], vec![0; 65], key.as_bytes()[1..].to_vec()]
    {
        let parsed = PublicKey::parse(SignatureAlgorithm::EcdsaP256, &bad);
        assert_eq!(parsed, Err(VaultError::BadPublicKey), "{} bytes", bad.len());
    }
    for bad in [vec![], vec![1; 31], vec![1; 33], key.as_bytes().to_vec()] {
        assert_eq!(PublicKey::parse(SignatureAlgorithm::Ed25519, &bad), Err(VaultError::BadPublicKey));
    }
}

#[test]
fn generated_keys_sign_for_their_public_half_only() {
    for algorithm in [SignatureAlgorithm::EcdsaP256, SignatureAlgorithm::Ed25519] {
        let (one, pkcs8) = PrivateKey::generate(algorithm).unwrap();
        let (two, _) = PrivateKey::generate(algorithm).unwrap();
        let signature = one.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        assert!(one.public().unwrap().verify(b"message", &signature));
        assert!(!two.public().unwrap().verify(b"message", &signature));
        let again = PrivateKey::parse(algorithm, &pkcs8).unwrap();
        assert_eq!(again.public().unwrap(), one.public().unwrap());
        assert_eq!(SignatureAlgorithm::from_name(algorithm.name()), Some(algorithm));
    }
    assert_eq!(SignatureAlgorithm::from_name("none"), None);
}
