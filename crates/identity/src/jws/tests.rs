//! The form of tokens, attacked without an installation. What an installation refuses besides is in `authenticate/tests.rs`.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use std::sync::Arc;

use casemate_vault::{RootKeySource, SigningKeyId, Vault};
use proptest::prelude::*;

use super::*;

const TYP: &str = "at+jwt";

/// A vault with one key for tokens and one for something else.
struct Keys {
    vault: Arc<Vault>,
    token: (SigningKeyId, PublicKey),
    ledger: (SigningKeyId, PublicKey),
}

impl Keys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&RootKeySource::File(folder.path().join("root.key")), true).unwrap();
        let (token, token_key, _) = vault.create_signing_key(SignatureAlgorithm::EcdsaP256).unwrap();
        let (ledger, ledger_key, _) = vault.create_signing_key(SignatureAlgorithm::Ed25519).unwrap();
        Self { vault: Arc::new(vault), token: (token, token_key), ledger: (ledger, ledger_key) }
    }

    fn find(&self, kid: &str) -> Option<Arc<PublicKey>> {
        [&self.token, &self.ledger]
            .into_iter()
            .find(|(id, _)| id.as_str() == kid)
            .map(|(_, key)| Arc::new(key.clone()))
    }

    fn verify(&self, token: &str) -> Result<Map<String, Value>, JwsFault> {
        verify(token, TYP, |kid| self.find(kid)).map(|(payload, _)| payload)
    }

    /// A token with any header text, signed by the token key.
    fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_with(&self.token.0, header, payload)
    }

    fn sign_with(&self, id: &SigningKeyId, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", b64(header.as_bytes()), b64(payload.as_bytes()));
        let signature = self.vault.sign(id, input.as_bytes()).unwrap();
        compact(&input, &signature)
    }

    fn header(&self) -> String {
        format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{}"}}"#, self.token.0)
    }

    fn good(&self) -> String {
        self.sign(&self.header(), r#"{"a":1}"#)
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn what_we_write_we_read() {
    let keys = Keys::new();
    let payload: Map<String, Value> = serde_json::from_str(r#"{"sub":"x","n":[1,2]}"#).unwrap();
    let input = signing_input(TYP, keys.token.0.as_str(), &payload).unwrap();
    let token = compact(&input, &keys.vault.sign(&keys.token.0, input.as_bytes()).unwrap());
    assert_eq!(keys.verify(&token), Ok(payload));
}

#[test]
fn rfc_7515_appendix_a_3() {
    let (x, y) =
        ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let token = "eyJhbGciOiJFUzI1NiJ9\
        .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
        .DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let mut point = vec![4];
    point.extend(decode(x).unwrap());
    point.extend(decode(y).unwrap());
    let key = Arc::new(PublicKey::parse(SignatureAlgorithm::EcdsaP256, &point).unwrap());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert!(key.verify(signed.as_bytes(), &decode(signature).unwrap()));
    let mut spoilt = decode(signature).unwrap();
    spoilt[0] ^= 1;
    assert!(!key.verify(signed.as_bytes(), &spoilt));
    let payload = strict_json::object(&decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!((&payload["iss"], &payload["exp"]), (&Value::from("joe"), &Value::from(1_300_819_380)));
    // Our own rules ask for more than the example has.
    assert_eq!(verify(token, TYP, |_| Some(key)).map(|_| ()), Err(JwsFault::Key));
}

#[test]
fn headers_that_try_to_choose_how_they_are_checked() {
    let keys = Keys::new();
    let kid = keys.token.0.as_str();
    let with = |member: &str| format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}",{member}}}"#);
    let alg = |name: &str| format!(r#"{{"typ":"at+jwt","alg":"{name}","kid":"{kid}"}}"#);
    let kid_is = |kid: &str| format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":{kid}}}"#);
    let typ = |typ: &str| format!(r#"{{"typ":{typ},"alg":"ES256","kid":"{kid}"}}"#);
    let long = format!("\"{}\"", "k".repeat(65));
    use JwsFault::{Algorithm, HeaderMember, Json, Key, TooLong, Type};
    let cases = [
        // 1, 2, 3, 12: algorithms
        (alg("none"), Algorithm),
        (alg("None"), Algorithm),
        (alg("nOnE"), Algorithm),
        (alg(""), Algorithm),
        (alg("HS256"), Algorithm),
        (alg("RS256"), Algorithm),
        (alg("ES384"), Algorithm),
        (alg("ES256K"), Algorithm),
        (alg("EdDSA"), Algorithm),
        (alg("Ed25519"), Algorithm),
        (alg("es256"), Algorithm),
        (alg("ES256 "), Algorithm),
        (format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#), Algorithm),
        (format!(r#"{{"typ":"at+jwt","alg":["ES256"],"kid":"{kid}"}}"#), Json),
        // 5, 7, 8, 15: members that carry keys, change the rules, or belong to JWE
        (with(r#""jwk":{"kty":"EC"}"#), HeaderMember),
        (with(r#""jku":"https://evil.example/jwks"}"#.trim_end_matches('}')), HeaderMember),
        (with(r#""x5u":"https://evil.example/c""#), HeaderMember),
        (with(r#""x5c":["AA"]"#), HeaderMember),
        (with(r#""x5t":"AA""#), HeaderMember),
        (with(r#""crit":["exp"],"exp":1"#), HeaderMember),
        (with(r#""crit":[]"#), HeaderMember),
        (with(r#""b64":false"#), HeaderMember),
        (with(r#""zip":"DEF""#), HeaderMember),
        (with(r#""enc":"A256GCM""#), HeaderMember),
        (with(r#""cty":"JWT""#), HeaderMember),
        // 6: key ids
        (kid_is(r#""unknown""#), Key),
        (kid_is(r#""../../../dev/null""#), Key),
        (kid_is(r#""' OR 1=1 --""#), Key),
        (kid_is(r#""""#), Key),
        (kid_is(&long), Key),
        (kid_is("7"), Json),
        (kid_is("null"), Json),
        (r#"{"typ":"at+jwt","alg":"ES256"}"#.to_owned(), Key),
        (with(&format!(r#""kid":"{kid}""#)), Json),
        (with(r#""\u006bid":"x""#), Json),
        (with(r#""alg":"none""#), Json),
        // 10: types
        (typ(r#""JWT""#), Type),
        (typ(r#""jwt""#), Type),
        (typ(r#""AT+JWT""#), Type),
        (typ(r#""application/at+jwt""#), Type),
        (typ(r#""logout+jwt""#), Type),
        (typ(r#""dpop+jwt""#), Type),
        (typ(r#""""#), Type),
        (typ("null"), Json),
        (format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), Type),
        // 14: shapes and sizes
        ("[]".to_owned(), Json),
        ("\"x\"".to_owned(), Json),
        ("".to_owned(), Json),
        ("{".to_owned(), Json),
        (format!("{}{}", keys.header(), keys.header()), Json),
        (format!("{} x", keys.header()), Json),
        (with(&format!(r#""x":{}"#, "[".repeat(200))), Json),
        (with(&format!(r#""x":"{}""#, "y".repeat(600))), TooLong),
    ];
    for (header, fault) in cases {
        assert_eq!(keys.verify(&keys.sign(&header, "{}")), Err(fault), "{header}");
    }
    assert!(keys.verify(&keys.good()).is_ok(), "positive control");
}

#[test]
fn a_key_for_something_else_signs_no_tokens() {
    let keys = Keys::new();
    for alg in ["EdDSA", "Ed25519", "ES256"] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, keys.ledger.0);
        assert_eq!(
            keys.verify(&keys.sign_with(&keys.ledger.0, &header, "{}")),
            Err(JwsFault::Algorithm),
            "{alg}"
        );
    }
    // Signed by the one, naming the other.
    assert_eq!(keys.verify(&keys.sign_with(&keys.ledger.0, &keys.header(), "{}")), Err(JwsFault::Signature));
}

/// HMAC-SHA256 (RFC 2104), which the room itself has no use for.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&casemate_vault::sha256(key).0);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8, rest: &[u8]| {
        casemate_vault::sha256(&[&block.map(|byte| byte ^ with)[..], rest].concat()).0
    };
    pad(0x5c, &pad(0x36, message))
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let keys = Keys::new();
    assert_eq!(
        casemate_core::ids::hex(&hmac(b"key", b"The quick brown fox jumps over the lazy dog")),
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    );
    let public = keys.token.1.as_bytes();
    let (x, y) = keys.token.1.to_jwk_xy().unwrap();
    let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(&x), b64(&y));
    for secret in
        [public, &public[1..], jwk.as_bytes(), keys.token.0.as_str().as_bytes(), b"", b" ", b"secret"]
    {
        for alg in ["HS256", "ES256", "none"] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, keys.token.0);
            let input = format!("{}.{}", b64(header.as_bytes()), b64(b"{}"));
            let mac = hmac(secret, input.as_bytes());
            assert!(keys.verify(&compact(&input, &mac)).is_err());
            assert!(keys.verify(&compact(&input, &[mac, mac].concat())).is_err());
        }
    }
    assert!(keys.verify(&keys.good()).is_ok(), "positive control");
}

#[test]
fn signatures_that_are_none() {
    let keys = Keys::new();
    let good = keys.good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let signature = decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let zero = [0_u8; 32];
    // The order of P-256's base point (SEC 2 §2.4.2): r and s must be below it.
    let order =
        casemate_core::ids::unhex::<32>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
            .unwrap();
    let integer = |n: &[u8]| [&[2, 33, 0][..], n].concat();
    let der = [&[0x30, 70][..], &integer(r), &integer(s)].concat();
    let forged: [Vec<u8>; 13] = [
        vec![],
        vec![0],
        [zero, zero].concat(),
        [&zero[..], s].concat(),
        [r, &zero[..]].concat(),
        [order, order].concat(),
        [&order[..], s].concat(),
        [r, &order[..]].concat(),
        [s, r].concat(),
        der.clone(),
        der[..64].to_vec(),
        signature[..63].to_vec(),
        [&signature[..], &[0]].concat(),
    ];
    for forged in forged {
        assert_eq!(keys.verify(&compact(input, &forged)), Err(JwsFault::Signature), "{forged:02x?}");
    }
    let mut one = [0_u8; 64];
    one[31] = 1;
    one[63] = 1;
    assert_eq!(
        keys.verify(&compact(input, &one)),
        Err(JwsFault::Signature),
        "r = s = 1 (CVE-2022-21449 and kin)"
    );
    for bit in 0..512 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(keys.verify(&compact(input, &flipped)), Err(JwsFault::Signature), "bit {bit}");
    }
    assert!(keys.verify(&compact(input, &signature)).is_ok(), "positive control");
}

#[test]
fn one_token_has_one_spelling() {
    let keys = Keys::new();
    let good = keys.good();
    for end in 0..good.len() {
        assert!(keys.verify(&good[..end]).is_err(), "cut at {end}");
    }
    for more in ["A", ".", "=", "==", " ", "\n", "\0", ".A", ".."] {
        assert!(keys.verify(&format!("{good}{more}")).is_err(), "{more:?} after");
        assert!(keys.verify(&format!("{more}{good}")).is_err(), "{more:?} before");
    }
    for (at, _) in good.char_indices() {
        for other in ["=", " ", "\n", "+", "/", "%", "é"] {
            let mut changed = good.clone();
            changed.replace_range(at..=at, other);
            assert!(keys.verify(&changed).is_err(), "{other:?} at {at}");
            changed = good.clone();
            changed.insert_str(at, other);
            assert!(keys.verify(&changed).is_err(), "{other:?} before {at}");
        }
    }
    // The last character of 64 bytes carries four bits that must be zero.
    let last = good.chars().next_back().unwrap();
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = ALPHABET.find(last).unwrap();
    for bits in 1..16 {
        let other = ALPHABET.as_bytes()[place | bits];
        if other != last as u8 {
            let changed = format!("{}{}", &good[..good.len() - 1], char::from(other));
            assert_eq!(keys.verify(&changed), Err(JwsFault::Base64), "{changed}");
        }
    }
    assert!(keys.verify(&good).is_ok(), "positive control");
}

#[test]
fn other_serialisations_and_floods_are_refused_before_work() {
    let keys = Keys::new();
    let good = keys.good();
    let parts: Vec<&str> = good.split('.').collect();
    let flattened =
        format!(r#"{{"protected":"{}","payload":"{}","signature":"{}"}}"#, parts[0], parts[1], parts[2]);
    let general = format!(
        r#"{{"payload":"{}","signatures":[{{"protected":"{}","signature":"{}"}}]}}"#,
        parts[1], parts[0], parts[2]
    );
    use JwsFault::{Parts, Signature, TooLong};
    let cases = [
        (flattened, Parts),
        (general, Parts),
        (String::new(), Parts),
        (".".to_owned(), Parts),
        ("..".to_owned(), Signature),
        ("...".to_owned(), Parts),
        (format!("{}..{}", parts[0], parts[2]), Signature),
        (format!("{good}.{}", parts[1]), Parts),
        (format!("{}.{}.{}.{}.{}", parts[0], "", parts[1], parts[1], parts[2]), Parts),
        (".".repeat(4096), Parts),
        (".".repeat(5_000_000), TooLong),
        ("A".repeat(1 << 20), TooLong),
        (format!("{}.{}.{}", "A".repeat(1 << 20), parts[1], parts[2]), TooLong),
        (format!("{}.{}.{}", "A".repeat(600), parts[1], parts[2]), TooLong),
    ];
    for (token, fault) in cases {
        let found = keys.verify(&token);
        // An empty payload fails at the signature: it is another text than was signed.
        assert_eq!(found, Err(fault), "{:.80}", token);
    }
    for payload in ["", "[]", "1", "{", r#"{"a":1,"a":2}"#, r#"{"a":{"b":1,"b":2}}"#, "{} {}"] {
        assert_eq!(keys.verify(&keys.sign(&keys.header(), payload)), Err(JwsFault::Json), "{payload}");
    }
    assert!(keys.verify(&good).is_ok(), "positive control");
}

#[test]
fn the_signature_covers_header_and_payload() {
    let keys = Keys::new();
    let (one, two) =
        (keys.sign(&keys.header(), r#"{"sub":"alice"}"#), keys.sign(&keys.header(), r#"{"sub":"root"}"#));
    let one: Vec<&str> = one.split('.').collect();
    let two: Vec<&str> = two.split('.').collect();
    assert_eq!(keys.verify(&[one[0], two[1], one[2]].join(".")), Err(JwsFault::Signature));
    let reordered = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, keys.token.0);
    assert_eq!(
        keys.verify(&[&b64(reordered.as_bytes()), one[1], one[2]].join(".")),
        Err(JwsFault::Signature)
    );
    assert!(keys.verify(&one.join(".")).is_ok(), "positive control");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_panics(token in ".{0,300}") {
        prop_assert!(verify(&token, TYP, |_| None::<Arc<PublicKey>>).is_err());
    }

    #[test]
    fn nothing_that_looks_like_a_token_panics(header in any::<Vec<u8>>(), payload in any::<Vec<u8>>(), signature in proptest::collection::vec(any::<u8>(), 64)) {
        let token = format!("{}.{}.{}", b64(&header), b64(&payload), b64(&signature));
        prop_assert!(verify(&token, TYP, |_| None::<Arc<PublicKey>>).is_err());
    }
}
