//! Which of two versions comes first, by the rules of each ecosystem.
//!
//! Owns: parsing of versions, their order, ranges of them. Invariants: what is no version is `None`, never the smallest or the largest;
//! versions of different schemes have no order; numbers are never cut, whatever their length. Not here: which versions are
//! vulnerable (`advisories`). The tests compare with what the ecosystems' own programs say (`versions/reference/`).

mod composer;
mod gem;
mod maven;
mod number;
mod python;
mod range;
mod semantic;

use std::cmp::Ordering;

pub use self::range::{Bound, Interval, complement, npm_range, requirement};
use crate::packages::Ecosystem;

/// No honest version is longer; beyond it reading would only cost time.
const MAX_BYTES: usize = 512;

/// A version that was understood.
#[derive(Debug, Clone)]
pub struct Version(Scheme);

#[derive(Debug, Clone)]
enum Scheme {
    Semantic(semantic::Semantic),
    Python(python::Python),
    Maven(maven::Maven),
    Gem(gem::Gem),
    Composer(composer::Composer),
}

impl Version {
    /// Reads a version as its ecosystem does. `None` when it is none there.
    #[must_use]
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        Some(Self(match ecosystem {
            Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Go => {
                Scheme::Semantic(semantic::Semantic::parse(text)?)
            }
            // The registry compares without case.
            Ecosystem::NuGet => Scheme::Semantic(semantic::Semantic::parse(&text.to_ascii_lowercase())?),
            Ecosystem::PyPi => Scheme::Python(python::Python::parse(text)?),
            Ecosystem::Maven => Scheme::Maven(maven::Maven::parse(text)),
            Ecosystem::RubyGems => Scheme::Gem(gem::Gem::parse(text)?),
            Ecosystem::Packagist => Scheme::Composer(composer::Composer::parse(text)?),
        }))
    }

    /// How this version stands to another one; `None` when they are of different schemes.
    #[must_use]
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (&self.0, &other.0) {
            (Scheme::Semantic(a), Scheme::Semantic(b)) => Some(a.cmp(b)),
            (Scheme::Python(a), Scheme::Python(b)) => Some(a.cmp(b)),
            (Scheme::Maven(a), Scheme::Maven(b)) => Some(a.order(b)),
            (Scheme::Gem(a), Scheme::Gem(b)) => Some(a.cmp(b)),
            (Scheme::Composer(a), Scheme::Composer(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The first number of a semantic version, as it is written: the major version.
    #[must_use]
    pub fn major(&self) -> Option<String> {
        match &self.0 {
            Scheme::Semantic(version) => Some(version.major()),
            _ => None,
        }
    }
}

/// The order of two versions; `None` when one of them is none.
#[must_use]
pub fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    Version::parse(ecosystem, a)?.order(&Version::parse(ecosystem, b)?)
}

#[cfg(test)]
mod tests;
