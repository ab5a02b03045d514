//! The sealed form: XAES-256-GCM with a stored commitment to key, nonce and place.
//!
//! Owns: the layout `version 1 | key id 8 | nonce 24 | commitment 32 | ciphertext | tag 16` and one key's sealing and
//! opening. Invariant: bytes open only under the key, nonce and associated data they were sealed with; the commitment is
//! compared in constant time before anything is decrypted, and every refusal is the same error. Not here: which key
//! (`keyring`) and which place (`binding`).
//!
//! WHY a commitment: AES-GCM tags are forgeable by whoever knows two keys, so one ciphertext can open under both (Dodis
//! et al., "Fast Message Franking", 2018; Len et al., "Partitioning Oracle Attacks", 2021). The commitment is
//! HKDF-SHA256-Expand (RFC 5869 §2.3) of the commitment key over nonce and associated data: a collision in it would be
//! one in HMAC-SHA256, so a sealed value is tied to one key, one nonce and one place (CMT-4 of Bellare and Hoang, 2022).

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac, rand};
use casemate_core::KeyId;
use zeroize::Zeroizing;

use crate::digest::constant_time_eq;
use crate::error::VaultError;
use crate::xaes::{NONCE, TAG, XaesKey};

const VERSION: u8 = 1;
const COMMITMENT: usize = 32;
const HEADER: usize = 1 + 8 + NONCE + COMMITMENT;

/// By how many bytes a sealed value is longer than its plaintext.
pub const SEALED_OVERHEAD: usize = HEADER + TAG;

/// A key in sealed form, fit to be stored anywhere. Only the vault that wrapped it can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// A wrapped key as it was stored. Whether it is one shows when it is adopted.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WrappedKey({} bytes)", self.0.len())
    }
}

/// One symmetric key, ready to seal: everything that does not depend on the message is computed once.
pub(crate) struct SealingKey {
    cipher: XaesKey,
    commitment: hmac::Key,
}

impl SealingKey {
    /// Derives the cipher key and the commitment key from one secret, so that committing to the second commits to both.
    pub(crate) fn derive(secret: &[u8; 32]) -> Result<Self, Unspecified> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"casemate sealing key v1").extract(secret);
        let cipher = XaesKey::new(&*expand(&prk, b"XAES-256-GCM")?)?;
        let commitment = hmac::Key::new(hmac::HMAC_SHA256, expand(&prk, b"commitment")?.as_slice());
        Ok(Self { cipher, commitment })
    }

    /// HKDF-Expand to 32 bytes is one HMAC over the info and the counter 1, here with the key pads computed beforehand.
    fn commit(&self, nonce: &[u8; NONCE], associated: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.commitment);
        context.update(nonce);
        context.update(associated);
        context.update(&[1]);
        context.sign()
    }

    /// Appends the sealed form of `plaintext` to `out`. On error `out` is as it was.
    pub(crate) fn seal(
        &self,
        id: KeyId,
        associated: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unspecified> {
        let mut nonce = [0; NONCE];
        rand::fill(&mut nonce)?;
        self.seal_with_nonce(id, &nonce, associated, plaintext, out)
    }

    fn seal_with_nonce(
        &self,
        id: KeyId,
        nonce: &[u8; NONCE],
        associated: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unspecified> {
        let start = out.len();
        out.reserve(SEALED_OVERHEAD + plaintext.len());
        out.push(VERSION);
        out.extend_from_slice(&id.0.to_be_bytes());
        out.extend_from_slice(nonce);
        out.extend_from_slice(self.commit(nonce, associated).as_ref());
        out.extend_from_slice(plaintext);
        let text = out.get_mut(start + HEADER..).ok_or(Unspecified)?;
        match self.cipher.seal(nonce, associated, text) {
            Ok(tag) => {
                out.extend_from_slice(&tag);
                Ok(())
            }
            Err(error) => {
                // SECURITY: what stands there may still be plaintext.
                zeroize::Zeroize::zeroize(text);
                out.truncate(start);
                Err(error)
            }
        }
    }

    /// Appends to `out` what [`Self::seal`] was given. On error `out` is as it was.
    pub(crate) fn open(
        &self,
        sealed: &Sealed<'_>,
        associated: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let expected = self.commit(sealed.nonce, associated);
        if !constant_time_eq(expected.as_ref(), sealed.commitment) {
            return Err(VaultError::NotAuthentic);
        }
        let start = out.len();
        out.extend_from_slice(sealed.ciphertext);
        let opened = match out.get_mut(start..) {
            Some(text) => self.cipher.open(sealed.nonce, associated, text, sealed.tag),
            None => Err(Unspecified),
        };
        opened.map_err(|Unspecified| {
            // SECURITY: what was decrypted and is not authentic must not be seen.
            out.truncate(start);
            VaultError::NotAuthentic
        })
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey")
    }
}

/// A sealed value taken apart; nothing in it is authenticated yet.
pub(crate) struct Sealed<'a> {
    pub(crate) id: KeyId,
    nonce: &'a [u8; NONCE],
    commitment: &'a [u8; COMMITMENT],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG],
}

impl<'a> Sealed<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, VaultError> {
        let parse = |bytes: &'a [u8]| {
            let (version, bytes) = bytes.split_first()?;
            let (id, bytes) = bytes.split_first_chunk()?;
            let (nonce, bytes) = bytes.split_first_chunk()?;
            let (commitment, bytes) = bytes.split_first_chunk()?;
            let (ciphertext, tag) = bytes.split_last_chunk()?;
            let id = KeyId(u64::from_be_bytes(*id));
            (*version == VERSION).then_some(Self { id, nonce, commitment, ciphertext, tag })
        };
        parse(bytes).ok_or(VaultError::NotSealed)
    }
}

/// HKDF-Expand to one 32-byte key.
pub(crate) fn expand(prk: &hkdf::Prk, label: &[u8]) -> Result<Zeroizing<[u8; 32]>, Unspecified> {
    let mut key = Zeroizing::new([0; 32]);
    prk.expand(&[label], hkdf::HKDF_SHA256)?.fill(key.as_mut_slice())?;
    Ok(key)
}

#[cfg(test)]
mod tests;
