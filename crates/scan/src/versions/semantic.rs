//! Semantic versions (semver.org, 2.0.0), read as leniently as npm, Go and NuGet do.
//!
//! Invariants: build metadata makes no difference; a version with a pre-release part comes before the one without. Not here: ranges.

use std::cmp::Ordering;

use super::number::{Number, without_trailing_zeros};

/// A semantic version. Numbers that are missing are zero, and there may be a fourth (NuGet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Semantic {
    /// Without zeros at the end.
    numbers: Vec<Number>,
    /// The parts after the hyphen.
    before: Vec<Identifier>,
}

/// A part of what stands after the hyphen. Numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identifier {
    Number(Number),
    Word(Box<str>),
}

impl Semantic {
    /// Reads `1.2.3-beta.1+build`, also with `v` or `=` before it, with fewer numbers, and without the hyphen (`1.2.3beta`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(['=', 'v', 'V', ' ']);
        let text = text.split('+').next().unwrap_or_default();
        let core = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
        let (core, rest) = text.split_at_checked(core)?;
        let numbers = core.split('.').map(Number::parse).collect::<Option<Vec<_>>>()?;
        let before = match rest.strip_prefix('-').unwrap_or(rest) {
            "" if rest.is_empty() => Vec::new(),
            before => before.split('.').map(Identifier::parse).collect::<Option<_>>()?,
        };
        Some(Self { numbers: without_trailing_zeros(numbers), before })
    }

    pub(super) fn major(&self) -> String {
        self.numbers.first().unwrap_or(&Number::ZERO).to_string()
    }
}

impl Identifier {
    fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if text.is_empty() || !text.bytes().all(fits) {
            return None;
        }
        Some(Number::parse(text).map_or_else(|| Self::Word(text.into()), Self::Number))
    }
}

impl Ord for Semantic {
    fn cmp(&self, other: &Self) -> Ordering {
        // Zeros at the end are gone, so the longer of two lists that start alike is the larger.
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => self.before.cmp(&other.before),
            }
        })
    }
}

impl PartialOrd for Semantic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
