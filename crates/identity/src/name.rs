//! Names of accounts, in the one form in which they are compared, counted and stored.
//!
//! Invariant: two spellings that a person would call the same name (case, full width, ligatures, Kelvin sign) are one
//! [`AccountName`], so no alias has a lock-out counter of its own (compare CVE-2026-47203). What is left after folding is
//! ASCII: there are no look-alikes. Not here: identifiers, which never change and are never typed (`casemate_core::ids`).

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

/// The longest name that is looked at, in bytes, before folding.
const MAX_RAW_BYTES: usize = 256;
/// The longest name, in bytes, after folding.
const MAX_BYTES: usize = 64;

/// A name of a user or service: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`, `+` and `@`, starting and ending with a letter or
/// digit. E-mail addresses fit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(Arc<str>);

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name is not valid: use 1 to 64 of a-z, 0-9, `.`, `_`, `-`, `+` and `@`, starting and ending with a letter or digit"
)]
pub struct NameRefused;

impl AccountName {
    /// Folds (NFKC, lower case, NFKC again) and checks.
    ///
    /// # Errors
    /// [`NameRefused`] when the folded name does not fit the grammar.
    pub fn parse(raw: &str) -> Result<Self, NameRefused> {
        if raw.len() > MAX_RAW_BYTES {
            return Err(NameRefused);
        }
        let lower: String = raw.nfkc().flat_map(char::to_lowercase).collect();
        let folded: String = lower.nfkc().collect();
        let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = folded.as_bytes();
        let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-+@".contains(byte);
        let fits =
            bytes.len() <= MAX_BYTES && end(bytes.first()) && end(bytes.last()) && bytes.iter().all(inner);
        if fits { Ok(Self(Arc::from(folded))) } else { Err(NameRefused) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
