//! What holds for every credential and name that this room reads, whoever wrote it.
//!
//! Owns: one property for each reader. `fuzz/` looks for bytes that break one, the tests here replay its seeds. Invariant: a property
//! panics when it does not hold, and says whether the bytes were taken. Not here: examples (the readers' own tests).
#![expect(clippy::expect_used, reason = "a property says no by panicking")]

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casemate_vault::{PublicKey, RootKeySource, SignatureAlgorithm, SigningKeyId, Vault};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::jws::{self, JwsFault, strict_json};
use crate::name::AccountName;
use crate::{api_key, base32};

const TYP: &str = "at+jwt";

/// An issuer with one key, from a root key that everybody knows.
struct Issuer {
    vault: Vault,
    id: SigningKeyId,
    key: Arc<PublicKey>,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let root = RootKeySource::Command(vec!["printf".into(), "07".repeat(32)]);
    let vault = Vault::open(&root, true).expect("a root key");
    let (id, key, _) = vault.create_signing_key(SignatureAlgorithm::EcdsaP256).expect("a key");
    Issuer { vault, id, key: Arc::new(key) }
});

impl Issuer {
    fn verify(&self, token: &str) -> Result<Map<String, Value>, JwsFault> {
        let find = |kid: &str| (kid == self.id.as_str()).then(|| Arc::clone(&self.key));
        jws::verify(token, TYP, find).map(|(payload, _)| payload)
    }

    fn sign(&self, header: &[u8], payload: &[u8]) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.vault.sign(&self.id, input.as_bytes()).expect("the key signs");
        jws::compact(&input, &signature)
    }
}

/// A token that is taken has three canonical parts, a header of exactly three members that name our key, and a payload that any
/// reader of JSON reads alike. The bytes are tried as a token, and, cut at their first line end, as a header and a payload that we
/// signed; `KID` in a header stands for the id of our key.
pub fn jws(bytes: &[u8]) -> bool {
    let issuer = &*ISSUER;
    if let Ok(token) = std::str::from_utf8(bytes) {
        assert!(issuer.verify(token).is_err(), "nobody else has the key: `{token}`");
    }
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, payload) = bytes.split_at(cut);
    let payload = payload.strip_prefix(b"\n").unwrap_or(payload);
    let header = match std::str::from_utf8(header) {
        Ok(text) => text.replacen("KID", issuer.id.as_str(), 1).into_bytes(),
        Err(_) => header.to_vec(),
    };
    let token = issuer.sign(&header, payload);
    let read = match issuer.verify(&token) {
        Ok(read) => read,
        Err(fault) => {
            assert_ne!(fault, JwsFault::Signature, "we signed it");
            return false;
        }
    };
    for part in token.split('.') {
        let decoded = URL_SAFE_NO_PAD.decode(part).expect("a part is base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(decoded), part);
    }
    assert_eq!(token.split('.').count(), 3);
    let header: Value = serde_json::from_slice(&header).expect("a header is JSON");
    assert_eq!(header, serde_json::json!({ "typ": TYP, "alg": "ES256", "kid": issuer.id.as_str() }));
    assert_eq!(serde_json::from_slice::<Value>(payload).ok(), Some(Value::Object(read.clone())));
    assert!(strict_json::object(payload) == Some(read.clone()));
    // Another payload under the same signature is another token.
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    assert!(issuer.verify(&format!("{signed}A.{signature}")).is_err());
    // What we write of it, we read again. Fractions are left out: they are not exact in JSON.
    if !has_fraction(&Value::Object(read.clone())) {
        let input = jws::signing_input(TYP, issuer.id.as_str(), &read).expect("a payload is written");
        let signature = issuer.vault.sign(&issuer.id, input.as_bytes()).expect("the key signs");
        let again = issuer.verify(&jws::compact(&input, &signature));
        assert!(again == Err(JwsFault::TooLong) || again == Ok(read));
    }
    true
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}

/// A name has one form, whatever the spelling: case and compatibility forms make no other account.
pub fn account_name(bytes: &[u8]) -> bool {
    let Some((raw, name)) =
        std::str::from_utf8(bytes).ok().and_then(|raw| Some((raw, AccountName::parse(raw).ok()?)))
    else {
        return false;
    };
    let text = name.as_str();
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-+@".contains(&b);
    assert!((1..=64).contains(&text.len()) && text.bytes().all(inner), "`{text}`");
    let end = |c: char| c.is_ascii_alphanumeric();
    assert!(text.starts_with(end) && text.ends_with(end), "`{text}`");
    let spellings = [
        text.to_owned(),
        text.to_uppercase(),
        raw.nfc().collect(),
        raw.nfd().collect(),
        raw.nfkd().collect(),
    ];
    for spelling in spellings {
        // The limit on what is looked at may cut a longer spelling off.
        let again = AccountName::parse(&spelling);
        assert!(again.as_ref() == Ok(&name) || spelling.len() > 256, "`{spelling}` is {again:?}");
    }
    true
}

/// A key has one spelling, and its checksum is over all of it. The bytes are tried as they come, and as what random bytes become.
pub fn api_key(bytes: &[u8]) -> bool {
    let mut taken = false;
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(id) = api_key::public_id(text)
    {
        let rest = text.strip_prefix(api_key::PREFIX).and_then(|rest| rest.strip_prefix(id));
        assert!(rest.is_some_and(|rest| rest.starts_with('_')), "`{text}`");
        assert!(text.bytes().all(|b| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit()), "`{text}`");
        assert_eq!(api_key::public_id(&text.to_uppercase()), None);
        taken = true;
    }
    let text = base32::encode(bytes);
    assert!(base32::is_base32(&text) && text.len() == (bytes.len() * 8).div_ceil(5));
    let key = api_key::issue(&Given(bytes));
    assert_eq!(api_key::public_id(&key.text), Some(key.id.as_str()));
    let place = bytes.iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % key.text.len());
    for other in ["0", "1", "_", "K"] {
        let mut changed = key.text.to_string();
        changed.replace_range(place..=place, other);
        assert!(changed == *key.text || api_key::public_id(&changed).is_none(), "`{changed}`");
    }
    taken
}

/// Randomness that somebody chose.
struct Given<'a>(&'a [u8]);

impl casemate_core::Entropy for Given<'_> {
    fn fill(&self, out: &mut [u8]) {
        out.iter_mut().zip(self.0.iter().chain(std::iter::repeat(&0))).for_each(|(to, from)| *to = *from);
    }
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("jws", super::jws);
        replay("account_name", super::account_name);
        replay("api_key", super::api_key);
    }
}
