//! Which passwords are taken, and in which form they are hashed.
//!
//! Rules follow NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 §6.2: length counts, composition does not; what is widely used or
//! made of the account's own words is refused. Invariant: a [`Prepared`] password is bounded, free of control characters
//! and in one Unicode form (RFC 8265 `OpaqueString`), so that the same keys typed on another machine hash alike.
//! Not here: hashing ([`pool`]).

pub(crate) mod common;
pub(crate) mod pool;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The fewest characters.
pub(crate) const MIN_CHARS: usize = 12;
/// The most bytes, before and after normalisation.
pub(crate) const MAX_BYTES: usize = 1024;
/// Characters that must be left of a password when the account's own words are taken out.
const MIN_OWN_CHARS: usize = 8;

/// Why a new password was refused. Each says what would mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer characters than asked.
    #[error("the password has fewer than {MIN_CHARS} characters")]
    Short,
    /// More bytes than taken.
    #[error("the password has more than {MAX_BYTES} bytes")]
    Long,
    /// It has control characters.
    #[error("the password has control characters")]
    Control,
    /// It is, or is built like, a widely used one.
    #[error("the password is one of the most common ones, or a simple pattern: use several unrelated words")]
    Common,
    /// Little is left without the account's own words.
    #[error("the password consists of the account's name or the platform's: use several unrelated words")]
    Context,
}

/// A password in the form that is hashed.
pub(crate) struct Prepared(Zeroizing<String>);

impl Prepared {
    /// Normalises a password as it was typed (RFC 8265 §4.2: other spaces become U+0020, then NFC).
    /// Control characters, none at all and too many bytes are refused: no stored password has them.
    pub(crate) fn new(typed: &str) -> Result<Self, PasswordRefused> {
        if typed.is_empty() {
            return Err(PasswordRefused::Short);
        }
        // SECURITY: before any work that grows with the length (ASVS 6.2.9; a megabyte is refused, not hashed).
        if typed.len() > MAX_BYTES {
            return Err(PasswordRefused::Long);
        }
        let space = |c: char| if c != ' ' && c.is_whitespace() && !c.is_control() { ' ' } else { c };
        let normal: Zeroizing<String> = Zeroizing::new(typed.chars().map(space).nfc().collect());
        if normal.len() > MAX_BYTES {
            return Err(PasswordRefused::Long);
        }
        if normal.chars().any(char::is_control) {
            return Err(PasswordRefused::Control);
        }
        Ok(Self(normal))
    }

    /// The bytes to hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Checks a password that somebody wants to set; `context` are words that an attacker would try first.
    pub(crate) fn check_new(&self, context: &[&str]) -> Result<(), PasswordRefused> {
        if self.0.chars().count() < MIN_CHARS {
            return Err(PasswordRefused::Short);
        }
        let folded: Zeroizing<String> = Zeroizing::new(self.0.nfkc().flat_map(char::to_lowercase).collect());
        if common::is_common(&folded) {
            return Err(PasswordRefused::Common);
        }
        let mut rest = folded;
        for word in context
            .iter()
            .flat_map(|words| words.split(['@', '.', '+', '_', '-']))
            .chain(context.iter().copied())
        {
            if word.chars().count() >= 3 {
                rest = Zeroizing::new(rest.replace(&word.to_lowercase(), ""));
            }
        }
        if rest.chars().filter(|c| c.is_alphanumeric()).count() < MIN_OWN_CHARS {
            return Err(PasswordRefused::Context);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
