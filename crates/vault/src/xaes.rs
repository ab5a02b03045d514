//! XAES-256-GCM: AES-256-GCM with a 24-byte nonce that may be random for 2^80 messages (<https://c2sp.org/XAES-256-GCM>).
//!
//! Owns: the derivation of the message key and the AEAD call. Invariant: the output equals the specification's for every
//! input (its vectors and its accumulated test are under test). Not here: key commitment, which XAES does not have
//! (`sealing`), and the choice of nonces.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 24;
/// Bytes of an authentication tag.
pub(crate) const TAG: usize = 16;

/// A key with what can be computed once for all messages: the AES key schedule and the CMAC subkey K1 (steps 1 and 2).
pub(crate) struct XaesKey {
    block: EncryptingKey,
    subkey: Zeroizing<[u8; 16]>,
}

impl XaesKey {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Unspecified> {
        let block = EncryptingKey::ecb(UnboundCipherKey::new(&AES_256, key)?)?;
        let mut subkey = Zeroizing::new([0; 16]);
        block.less_safe_encrypt(subkey.as_mut_slice(), EncryptionContext::None)?;
        // NIST SP 800-38B §6.1: shift left by one bit, fold the carry back in without a branch on it.
        let wide = u128::from_be_bytes(*subkey);
        *subkey = ((wide << 1) ^ ((wide >> 127) * 0b1000_0111)).to_be_bytes();
        Ok(Self { block, subkey })
    }

    /// The AES-256-GCM key and nonce of one message.
    fn message_key(&self, nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let (context, tail) = nonce.split_at(12);
        let derived = self.derive(context)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, derived.as_slice())?);
        Ok((key, Nonce::try_assume_unique_for_key(tail)?))
    }

    /// The key of all messages whose nonces start with `context` (steps 3 to 5).
    ///
    /// WHY not `aws_lc_rs::cmac`: each CMAC clones a heap-allocated context; with a cached key schedule both blocks cost
    /// two AES calls. `tests` hold the two equal.
    pub(crate) fn derive(&self, context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Unspecified> {
        let mut derived = Zeroizing::new([0; 32]);
        for (counter, block) in (1_u8..).zip(derived.chunks_exact_mut(16)) {
            let (head, rest) = block.split_at_mut(4);
            head.copy_from_slice(&[0, counter, b'X', 0]);
            rest.copy_from_slice(context);
            for (byte, mask) in block.iter_mut().zip(self.subkey.iter()) {
                *byte ^= mask;
            }
        }
        self.block.less_safe_encrypt(derived.as_mut_slice(), EncryptionContext::None)?;
        Ok(derived)
    }

    /// Encrypts `text` in place and returns the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG], Unspecified> {
        let (key, nonce) = self.message_key(nonce)?;
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), text)?;
        tag.as_ref().try_into().map_err(|_| Unspecified)
    }

    /// Decrypts `text` in place. On error its content is worthless.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Unspecified> {
        let (key, nonce) = self.message_key(nonce)?;
        key.open_in_place_separate_tag(nonce, Aad::from(associated), tag, text).map(|_| ())
    }
}

#[cfg(test)]
pub(crate) mod tests;
