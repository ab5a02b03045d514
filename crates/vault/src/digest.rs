//! SHA-256 and comparison in constant time.
//!
//! Owns: the one hash function of the platform. Invariant: [`constant_time_eq`] is what compares secrets. Not here:
//! keyed hashes (`mac`) and password hashes (`identity`).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use casemate_core::Digest;

/// SHA-256 (FIPS 180-4) of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    to_digest(digest(&SHA256, bytes))
}

/// SHA-256 of bytes that arrive in pieces.
pub struct Sha256Stream(Context);

impl Sha256Stream {
    /// Starts with no bytes.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all the bytes.
    #[must_use]
    pub fn finish(self) -> Digest {
        to_digest(self.0.finish())
    }
}

impl Default for Sha256Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state would reveal what is hashed.
        f.write_str("Sha256Stream")
    }
}

fn to_digest(digest: aws_lc_rs::digest::Digest) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    Digest(bytes)
}

/// Whether `a` and `b` are the same bytes. Takes the same time wherever they differ; the lengths are not secret.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_the_vectors_of_fips_180() {
        // NIST, "SHA-256 examples": the empty message, "abc", and the 56-byte message.
        let check = |message: &str, hex: &str| {
            assert_eq!(sha256(message.as_bytes()).to_hex(), hex);
            let mut stream = Sha256Stream::new();
            for byte in message.as_bytes() {
                stream.update(&[*byte]);
            }
            assert_eq!(stream.finish().to_hex(), hex);
        };
        check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        );
    }

    #[test]
    fn compares_every_byte_and_the_length() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"casemate", b"casemate"));
        assert!(!constant_time_eq(b"casemate", b"casematE"));
        assert!(!constant_time_eq(b"casemate", b"Casemate"));
        assert!(!constant_time_eq(b"casemate", b"casemat"));
        assert!(!constant_time_eq(b"", b"c"));
    }
}
