//! The machine's randomness.
//!
//! Owns: the production implementation of [`casemate_core::Entropy`] (AWS-LC's per-thread DRBG over the kernel's
//! `getrandom`). Invariant: it fills completely or the process stops; there is no weak fallback. Not here: ids, codes and
//! tokens made from it.

use casemate_core::Entropy;

/// Random bytes fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "a process that goes on without randomness makes guessable keys")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the kernel gives randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_all_and_never_twice_the_same() {
        let mut seen = std::collections::HashSet::new();
        let mut ever_set = [0_u8; 32];
        for _ in 0..64 {
            let mut bytes = [0; 32];
            SystemEntropy.fill(&mut bytes);
            for (ever, byte) in ever_set.iter_mut().zip(bytes) {
                *ever |= byte;
            }
            assert!(seen.insert(bytes));
        }
        // Each byte stays zero in all 64 draws with probability 2^-512.
        assert!(ever_set.iter().all(|byte| *byte != 0));
    }
}
