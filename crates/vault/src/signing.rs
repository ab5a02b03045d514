//! Signing keys and the public keys that check their signatures.
//!
//! Owns: ES256 (ECDSA over P-256 with SHA-256, signatures as `r | s`, RFC 7518 §3.4) and Ed25519 (RFC 8032). Invariant: an
//! algorithm belongs to a key and is never taken from a message; a private key leaves this module only wrapped. Not here:
//! tokens and checkpoints, which are what gets signed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::error::VaultError;

/// A signature algorithm that the vault makes keys for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ES256: for tokens.
    EcdsaP256,
    /// Ed25519: for ledger checkpoints.
    Ed25519,
}

impl SignatureAlgorithm {
    /// A name for storing; [`Self::from_name`] reads it back.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "es256",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The algorithm of a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EcdsaP256, Self::Ed25519].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A signing key's id: the JWK thumbprint of its public key (RFC 7638, SHA-256, base64url), so that an id cannot be made
/// to name another key. It serves as the `kid` of tokens.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SigningKeyId(Arc<str>);

impl SigningKeyId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`VaultError::BadSigningKeyId`] unless `text` is base64url of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(Arc::from(text))),
            _ => Err(VaultError::BadSigningKeyId),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyId({})", self.0)
    }
}

/// A public key, parsed once.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: SignatureAlgorithm,
    key: Arc<ParsedPublicKey>,
}

impl PublicKey {
    /// Reads a public key: for P-256 an uncompressed point (65 bytes, SEC 1 §2.3.3), for Ed25519 its 32 bytes.
    ///
    /// # Errors
    /// [`VaultError::BadPublicKey`] for anything else, and for a point that is not on the curve.
    pub fn parse(algorithm: SignatureAlgorithm, bytes: &[u8]) -> Result<Self, VaultError> {
        let (expected, verification): (usize, &'static dyn VerificationAlgorithm) = match algorithm {
            SignatureAlgorithm::EcdsaP256 => (65, &ECDSA_P256_SHA256_FIXED),
            SignatureAlgorithm::Ed25519 => (32, &ED25519),
        };
        // WHY: the library would also take an X.509 wrapping, and one key shall have one encoding.
        if bytes.len() != expected {
            return Err(VaultError::BadPublicKey);
        }
        let key = ParsedPublicKey::new(verification, bytes).map_err(|_| VaultError::BadPublicKey)?;
        Ok(Self { algorithm, key: Arc::new(key) })
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Its bytes, as [`Self::parse`] takes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        (*self.key).as_ref()
    }

    /// Whether `signature` (64 bytes) was made over `message` with the private half of this key.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// The coordinates of a P-256 key as a JWK has them (RFC 7518 §6.2.1); `None` for an Ed25519 key.
    #[must_use]
    pub fn to_jwk_xy(&self) -> Option<([u8; 32], [u8; 32])> {
        match self.algorithm {
            SignatureAlgorithm::EcdsaP256 => {
                let (_, point) = self.as_bytes().split_first()?;
                let (x, y) = point.split_first_chunk()?;
                Some((*x, y.try_into().ok()?))
            }
            SignatureAlgorithm::Ed25519 => None,
        }
    }

    /// Its id (RFC 7638 §3; for Ed25519 RFC 8037 §2).
    #[must_use]
    pub fn id(&self) -> SigningKeyId {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = match self.to_jwk_xy() {
            Some((x, y)) => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(&x), encode(&y))
            }
            None => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(self.as_bytes())),
        };
        SigningKeyId(Arc::from(encode(&sha256(jwk.as_bytes()).0)))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm.name(), self.id())
    }
}

pub(crate) enum PrivateKey {
    EcdsaP256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// Makes a key and its PKCS #8 form, which is to be wrapped.
    pub(crate) fn generate(algorithm: SignatureAlgorithm) -> Result<(Self, Zeroizing<Vec<u8>>), VaultError> {
        const STEP: VaultError = VaultError::Cryptography("making a signing key");
        let random = SystemRandom::new();
        let document = match algorithm {
            SignatureAlgorithm::EcdsaP256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            SignatureAlgorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random),
        }
        .map_err(|_| STEP)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::parse(algorithm, &pkcs8)?, pkcs8))
    }

    pub(crate) fn parse(algorithm: SignatureAlgorithm, pkcs8: &[u8]) -> Result<Self, VaultError> {
        const STEP: VaultError = VaultError::Cryptography("reading a signing key");
        match algorithm {
            SignatureAlgorithm::EcdsaP256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map(Self::EcdsaP256)
                    .map_err(|_| STEP)
            }
            SignatureAlgorithm::Ed25519 => {
                Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::Ed25519).map_err(|_| STEP)
            }
        }
    }

    pub(crate) fn public(&self) -> Result<PublicKey, VaultError> {
        match self {
            Self::EcdsaP256(pair) => {
                PublicKey::parse(SignatureAlgorithm::EcdsaP256, pair.public_key().as_ref())
            }
            Self::Ed25519(pair) => PublicKey::parse(SignatureAlgorithm::Ed25519, pair.public_key().as_ref()),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let signature = match self {
            Self::EcdsaP256(pair) => pair.sign(&SystemRandom::new(), message),
            Self::Ed25519(pair) => pair.try_sign(message),
        };
        Ok(signature.map_err(|_| VaultError::Cryptography("signing"))?.as_ref().to_vec())
    }
}

/// The private keys in memory.
#[derive(Default)]
pub(crate) struct SigningKeys(ArcSwap<HashMap<SigningKeyId, Arc<PrivateKey>>>);

impl SigningKeys {
    pub(crate) fn add(&self, id: SigningKeyId, key: PrivateKey) {
        let key = Arc::new(key);
        self.0.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.insert(id.clone(), Arc::clone(&key));
            keys
        });
    }

    pub(crate) fn forget(&self, id: &SigningKeyId) {
        self.0.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.remove(id);
            keys
        });
    }

    pub(crate) fn sign(&self, id: &SigningKeyId, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.0.load().get(id).cloned();
        key.ok_or_else(|| VaultError::UnknownSigningKey(id.clone()))?.sign(message)
    }
}

#[cfg(test)]
mod tests;
