//! Tests of `mac`: each purpose has its own key, and parts are framed.

use std::collections::HashSet;

use super::*;

fn prk() -> hkdf::Prk {
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"test").extract(&[1; 32])
}

#[test]
fn each_purpose_uses_the_key_of_its_own_label() {
    let keys = MacKeys::derive(&prk()).unwrap();
    for (purpose, label) in MacPurpose::ALL {
        let mut message = Vec::new();
        for part in [b"ab".as_slice(), b""] {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, expand(&prk(), label.as_bytes()).unwrap().as_slice());
        assert_eq!(keys.mac(purpose, &[b"ab", b""]), hmac::sign(&key, &message).as_ref(), "{purpose:?}");
    }
}

#[test]
fn different_purposes_and_parts_give_different_macs() {
    let keys = MacKeys::derive(&prk()).unwrap();
    let messages: [&[&[u8]]; 6] = [&[], &[b""], &[b"", b""], &[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"]];
    let mut seen = HashSet::new();
    for (purpose, _) in MacPurpose::ALL {
        for message in messages {
            assert!(seen.insert(keys.mac(purpose, message)), "{purpose:?} {message:?}");
            assert_eq!(keys.mac(purpose, message), keys.mac(purpose, message));
        }
    }
}
