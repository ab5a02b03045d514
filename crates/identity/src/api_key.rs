//! API keys of services: `cmk_<public id>_<secret><checksum>`.
//!
//! Invariant: a key has one spelling. The prefix lets scanners of leaked secrets find it, the checksum lets them (and us)
//! tell it from a typing error without asking the database; neither is a proof. What is kept is a MAC of the whole key.
//! Not here: which service it speaks for (`services`), and that it may not stand in a URL (the edge).

use casemate_core::Entropy;
use casemate_vault::{MacPurpose, Vault, sha256};
use zeroize::Zeroizing;

use crate::base32;

/// What every key starts with.
pub(crate) const PREFIX: &str = "cmk_";
const ID_CHARS: usize = 16;
/// 240 bits.
const SECRET_CHARS: usize = 48;
const CHECKSUM_CHARS: usize = 8;
const TOTAL_CHARS: usize = PREFIX.len() + ID_CHARS + 1 + SECRET_CHARS + CHECKSUM_CHARS;

/// A new key: shown once.
pub(crate) struct IssuedKey {
    pub(crate) id: String,
    pub(crate) text: Zeroizing<String>,
}

/// Makes a key.
pub(crate) fn issue(entropy: &dyn Entropy) -> IssuedKey {
    let mut random = Zeroizing::new([0_u8; 40]);
    entropy.fill(random.as_mut_slice());
    let (id, secret) = random.split_at(10);
    let id = base32::encode(id);
    let mut text = Zeroizing::new(format!("{PREFIX}{id}_{}", base32::encode(secret)));
    let sum = checksum(&text);
    text.push_str(&sum);
    IssuedKey { id, text }
}

/// The public id of a text that is spelled like a key and has the right checksum.
pub(crate) fn public_id(text: &str) -> Option<&str> {
    if text.len() != TOTAL_CHARS || !text.is_ascii() {
        return None;
    }
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let (body, sum) = text.split_at_checked(TOTAL_CHARS - CHECKSUM_CHARS)?;
    let spelled = id.len() == ID_CHARS && base32::is_base32(id) && base32::is_base32(secret);
    (spelled && sum == checksum(body)).then_some(id)
}

/// What is kept of a key.
pub(crate) fn mac(vault: &Vault, text: &str) -> [u8; 32] {
    vault.mac(MacPurpose::ApiKey, &[text.as_bytes()])
}

fn checksum(body: &str) -> String {
    let [a, b, c, d, e, ..] = sha256(body.as_bytes()).0;
    base32::encode(&[a, b, c, d, e])
}

#[cfg(test)]
mod tests {
    use super::*;
    use casemate_core::testing::CountingEntropy;
    use proptest::prelude::*;

    #[test]
    fn a_key_reads_back_and_every_change_of_one_character_is_noticed() {
        let key = issue(&CountingEntropy::default());
        assert_eq!(public_id(&key.text), Some(key.id.as_str()));
        assert_eq!(key.text.len(), TOTAL_CHARS);
        for at in 0..key.text.len() {
            for other in ["0", "z", "_", "A", "é"] {
                let mut changed = key.text.to_string();
                changed.replace_range(at..=at, other);
                if changed != *key.text {
                    assert_eq!(public_id(&changed), None, "{at} {other}");
                }
            }
        }
    }

    #[test]
    #[expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]
    fn a_part_or_more_than_a_key_is_none() {
        let key = issue(&CountingEntropy::default());
        for cut in 0..key.text.len() {
            assert_eq!(public_id(&key.text[..cut]), None, "{cut}");
            assert_eq!(public_id(&key.text[cut + 1..]), None, "{cut}");
        }
        for longer in [format!("{}0", *key.text), format!(" {}", *key.text), key.text.to_uppercase()] {
            assert_eq!(public_id(&longer), None, "{longer}");
        }
    }

    #[test]
    fn no_two_keys_are_alike() {
        let entropy = CountingEntropy::default();
        let keys: std::collections::BTreeSet<_> =
            (0..100).map(|_| issue(&entropy).text.to_string()).collect();
        assert_eq!(keys.len(), 100);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(cmk_)?.{0,90}") {
            let _ = public_id(&text);
        }
    }
}
