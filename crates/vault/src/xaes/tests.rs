//! Tests of `xaes`: the specification's own vectors, its accumulated test, and AWS-LC's CMAC as a second opinion.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cmac;
use casemate_core::ids::{hex, unhex};
use proptest::prelude::*;

use super::*;

/// SHAKE-128 (FIPS 202), which the specification's accumulated test is driven by and AWS-LC's Rust API does not offer.
pub(crate) struct Shake128 {
    lanes: [u64; 25],
    at: usize,
    squeezing: bool,
}

impl Shake128 {
    const RATE: usize = 168;

    pub(crate) fn new() -> Self {
        Self { lanes: [0; 25], at: 0, squeezing: false }
    }

    fn xor(&mut self, at: usize, byte: u8) {
        self.lanes[at / 8] ^= u64::from(byte) << (at % 8 * 8);
    }

    pub(crate) fn absorb(&mut self, bytes: &[u8]) {
        assert!(!self.squeezing);
        for byte in bytes {
            self.xor(self.at, *byte);
            self.at += 1;
            if self.at == Self::RATE {
                self.permute();
                self.at = 0;
            }
        }
    }

    pub(crate) fn squeeze(&mut self, out: &mut [u8]) {
        if !self.squeezing {
            self.xor(self.at, 0x1f);
            self.xor(Self::RATE - 1, 0x80);
            self.squeezing = true;
            self.at = Self::RATE;
        }
        for byte in out {
            if self.at == Self::RATE {
                self.permute();
                self.at = 0;
            }
            *byte = (self.lanes[self.at / 8] >> (self.at % 8 * 8)) as u8;
            self.at += 1;
        }
    }

    /// Keccak-f[1600], FIPS 202 §3.2 and §3.3.
    fn permute(&mut self) {
        let a = &mut self.lanes;
        let mut lfsr: u8 = 1;
        for _ in 0..24 {
            let mut c = [0_u64; 5];
            for (x, column) in c.iter_mut().enumerate() {
                *column = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
            }
            for x in 0..5 {
                let d = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
                for y in 0..5 {
                    a[x + 5 * y] ^= d;
                }
            }
            let (mut x, mut y, mut lane) = (1, 0, a[1]);
            for t in 0..24_u32 {
                (x, y) = (y, (2 * x + 3 * y) % 5);
                std::mem::swap(&mut a[x + 5 * y], &mut lane);
                a[x + 5 * y] = a[x + 5 * y].rotate_left((t + 1) * (t + 2) / 2 % 64);
            }
            for y in 0..5 {
                let row: [u64; 5] = std::array::from_fn(|x| a[x + 5 * y]);
                for x in 0..5 {
                    a[x + 5 * y] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
                }
            }
            for j in 0..7 {
                if lfsr & 1 == 1 {
                    a[0] ^= 1 << ((1 << j) - 1);
                }
                lfsr = (lfsr << 1) ^ (if lfsr & 0x80 == 0 { 0 } else { 0x71 });
            }
        }
    }
}

struct Vector {
    key: [u8; 32],
    associated: &'static str,
    subkey: &'static str,
    message_key: &'static str,
    sealed: &'static str,
}

/// C2SP XAES-256-GCM, "Test vectors": the nonce and the plaintext are the same in both. In the first MSB₁(L) is 0, in the
/// second it is 1.
const VECTORS: [Vector; 2] = [
    Vector {
        key: [1; 32],
        associated: "",
        subkey: "e531954aca063d5b8d9c47a47d4cc6f0",
        message_key: "c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b",
        sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
    },
    Vector {
        key: [3; 32],
        associated: "c2sp.org/XAES-256-GCM",
        subkey: "23810ec50edb99f374409466ed1f4b7b",
        message_key: "e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8",
        sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
    },
];
const NONCE_TEXT: &[u8; NONCE] = b"ABCDEFGHIJKLMNOPQRSTUVWX";
const PLAINTEXT: &[u8] = b"XAES-256-GCM";

fn seal(key: &XaesKey, nonce: &[u8; NONCE], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let tag = key.seal(nonce, associated, &mut sealed).unwrap();
    sealed.extend_from_slice(&tag);
    sealed
}

fn open(key: &XaesKey, nonce: &[u8; NONCE], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (text, tag) = sealed.split_last_chunk()?;
    let mut text = text.to_vec();
    key.open(nonce, associated, &mut text, tag).ok()?;
    Some(text)
}

#[test]
fn the_published_vectors_hold() {
    for vector in VECTORS {
        let key = XaesKey::new(&vector.key).unwrap();
        assert_eq!(hex(key.subkey.as_slice()), vector.subkey);
        let sealed = seal(&key, NONCE_TEXT, vector.associated.as_bytes(), PLAINTEXT);
        assert_eq!(hex(&sealed), vector.sealed);
        assert_eq!(open(&key, NONCE_TEXT, vector.associated.as_bytes(), &sealed).unwrap(), PLAINTEXT);

        // The message key itself is checked by using the published one with plain AES-256-GCM.
        let published = unhex::<32>(vector.message_key).unwrap();
        let plain = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &published).unwrap());
        let mut text = PLAINTEXT.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&NONCE_TEXT[12..]).unwrap();
        plain.seal_in_place_append_tag(nonce, Aad::from(vector.associated), &mut text).unwrap();
        assert_eq!(hex(&text), vector.sealed);
    }
}

#[test]
fn the_accumulated_test_holds() {
    // C2SP XAES-256-GCM, "Accumulated randomized tests", 10,000 iterations.
    let (mut random, mut all) = (Shake128::new(), Shake128::new());
    for iteration in 0..10_000 {
        let mut key = [0; 32];
        random.squeeze(&mut key);
        if iteration == 0 {
            assert_eq!(hex(&key[..16]), "7f9c2ba4e88f827d616045507605853e", "the start of the stream");
        }
        let mut nonce = [0; NONCE];
        random.squeeze(&mut nonce);
        let mut field = || {
            let mut length = [0];
            random.squeeze(&mut length);
            let mut field = vec![0; usize::from(length[0])];
            random.squeeze(&mut field);
            field
        };
        let (plaintext, associated) = (field(), field());
        let key = XaesKey::new(&key).unwrap();
        let sealed = seal(&key, &nonce, &associated, &plaintext);
        assert_eq!(open(&key, &nonce, &associated, &sealed).unwrap(), plaintext);
        all.absorb(&sealed);
    }
    let mut digest = [0; 32];
    all.squeeze(&mut digest);
    assert_eq!(hex(&digest), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

/// XAES as its overview states it: NIST SP 800-108 in counter mode over CMAC-AES-256, then AES-256-GCM.
fn seal_by_cmac(key: &[u8; 32], nonce: &[u8; NONCE], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let prf = cmac::Key::new(cmac::AES_256, key).unwrap();
    let mut derived = Vec::new();
    for counter in [1, 2] {
        let mut input = vec![0, counter, b'X', 0];
        input.extend_from_slice(&nonce[..12]);
        derived.extend_from_slice(cmac::sign(&prf, &input).unwrap().as_ref());
    }
    let gcm = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived).unwrap());
    let mut text = plaintext.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&nonce[12..]).unwrap();
    gcm.seal_in_place_append_tag(nonce, Aad::from(associated), &mut text).unwrap();
    text
}

proptest! {
    #[test]
    fn agrees_with_the_library_s_cmac(
        key: [u8; 32],
        nonce: [u8; NONCE],
        associated in proptest::collection::vec(any::<u8>(), 0..80),
        plaintext in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let ours = seal(&XaesKey::new(&key).unwrap(), &nonce, &associated, &plaintext);
        prop_assert_eq!(ours, seal_by_cmac(&key, &nonce, &associated, &plaintext));
    }
}
