//! JSON Web Signatures, as strict as our own issuer lets us be: compact form only, one shape of header, one way to write it.
//!
//! Invariant: what a token says about how to check it is never believed. Its `kid` names one of a few keys that we hold;
//! that key has the algorithm; the header's `alg` must merely agree (RFC 8725 §3.1). Headers that carry or fetch keys,
//! `crit`, `b64` and anything else that we do not write are refused. Sizes are checked before anything is decoded.
//! Not here: what the payload means (`claims`), and which keys there are (`keys`).

pub(crate) mod strict_json;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casemate_vault::{PublicKey, SignatureAlgorithm};
use serde_json::{Map, Value};

/// The longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 4096;
/// The longest header segment, in base64url characters.
const MAX_HEADER_CHARS: usize = 512;
/// ES256: 64 bytes (RFC 7518 §3.4) are 86 characters.
const SIGNATURE_CHARS: usize = 86;
/// The longest key id.
const MAX_KID_BYTES: usize = 64;

/// Why a token is no valid signature of ours. For the owner's eyes: a caller never reads which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    /// Longer than any token of ours.
    #[error("the token is too long")]
    TooLong,
    /// Not three segments. JSON serialisations and JWE have another number.
    #[error("the token does not have three parts")]
    Parts,
    /// A segment is not canonical base64url without padding.
    #[error("a part of the token is not base64url")]
    Base64,
    /// A segment is not a JSON object, or names a member twice.
    #[error("a part of the token is not a JSON object with distinct members")]
    Json,
    /// The header has a member that our tokens do not have.
    #[error("the token's header has a member that is not expected")]
    HeaderMember,
    /// `typ` is missing or of another kind of token.
    #[error("the token is of another type")]
    Type,
    /// `kid` is missing, or names no key that verifies.
    #[error("the token's key is not known")]
    Key,
    /// `alg` is missing, or is not the key's.
    #[error("the token's algorithm is not its key's")]
    Algorithm,
    /// The signature is not the key's over this text.
    #[error("the token's signature is wrong")]
    Signature,
}

/// The name that a key's algorithm has in `alg` (RFC 7518 §3.1). Keys for other purposes have none.
fn algorithm_name(key: &PublicKey) -> Option<&'static str> {
    match key.algorithm() {
        SignatureAlgorithm::EcdsaP256 => Some("ES256"),
        SignatureAlgorithm::Ed25519 => None,
    }
}

/// The payload of a token that is validly signed by one of our keys, and the `kid` of that key. `find` knows the keys.
///
/// # Errors
/// [`JwsFault`]: the first thing that is wrong, found in an order that does the least work.
pub(crate) fn verify<K: AsRef<PublicKey>>(
    token: &str,
    typ: &str,
    find: impl FnOnce(&str) -> Option<K>,
) -> Result<(Map<String, Value>, K), JwsFault> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwsFault::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwsFault::Parts)?;
    let (header, payload) = signed.split_once('.').ok_or(JwsFault::Parts)?;
    if payload.contains('.') {
        return Err(JwsFault::Parts);
    }
    if header.len() > MAX_HEADER_CHARS {
        return Err(JwsFault::TooLong);
    }
    if signature.len() != SIGNATURE_CHARS {
        return Err(JwsFault::Signature);
    }
    let header = Header::read(header)?;
    if header.typ != typ {
        return Err(JwsFault::Type);
    }
    let key = find(&header.kid).ok_or(JwsFault::Key)?;
    if algorithm_name(key.as_ref()) != Some(header.alg.as_str()) {
        return Err(JwsFault::Algorithm);
    }
    let signature = decode(signature)?;
    // SECURITY: the signature covers the text as it came, not what was read from it.
    if !key.as_ref().verify(signed.as_bytes(), &signature) {
        return Err(JwsFault::Signature);
    }
    let payload = strict_json::object(&decode(payload)?).ok_or(JwsFault::Json)?;
    Ok((payload, key))
}

/// The text to sign, for a key that signs ES256.
pub(crate) fn signing_input(typ: &str, kid: &str, payload: &Map<String, Value>) -> Option<String> {
    let header = serde_json::json!({ "typ": typ, "alg": "ES256", "kid": kid });
    let header = serde_json::to_vec(&header).ok()?;
    let payload = serde_json::to_vec(payload).ok()?;
    Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)))
}

/// The token of a text and its signature.
pub(crate) fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

struct Header {
    typ: String,
    alg: String,
    kid: String,
}

impl Header {
    fn read(segment: &str) -> Result<Self, JwsFault> {
        let members = strict_json::object(&decode(segment)?).ok_or(JwsFault::Json)?;
        let (mut typ, mut alg, mut kid) = (None, None, None);
        for (name, value) in members {
            let place = match name.as_str() {
                "typ" => &mut typ,
                "alg" => &mut alg,
                "kid" => &mut kid,
                // SECURITY: also `crit` (RFC 7515 §4.1.11), `jwk`, `jku`, `x5u`, `x5c` (§4.1.2 to §4.1.6), `b64`, `zip`, `enc`.
                _ => return Err(JwsFault::HeaderMember),
            };
            let Value::String(text) = value else { return Err(JwsFault::Json) };
            *place = Some(text);
        }
        let kid = kid.filter(|kid| kid.len() <= MAX_KID_BYTES).ok_or(JwsFault::Key)?;
        Ok(Self { typ: typ.ok_or(JwsFault::Type)?, alg: alg.ok_or(JwsFault::Algorithm)?, kid })
    }
}

/// Decodes base64url: no padding, no white space, no bits left over (RFC 7515 §2; RFC 4648 §3.5).
fn decode(segment: &str) -> Result<Vec<u8>, JwsFault> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| JwsFault::Base64)
}

#[cfg(test)]
mod tests;
