//! Composer's versions: up to four numbers, then a stability and its number.
//!
//! Invariant: `dev < alpha < beta < RC < release < patch`. Not here: branches (`dev-main`), which are no versions, and constraints.

use super::number::{Number, without_trailing_zeros};

/// A version. The order of the fields is the order of importance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Composer {
    /// Without zeros at the end.
    numbers: Vec<Number>,
    stability: Stability,
    count: Vec<Number>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stability {
    Development,
    Alpha,
    Beta,
    Candidate,
    Release,
    Patch,
}

impl Composer {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let text = text.split('+').next().unwrap_or_default();
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
        let (core, rest) = text.split_at_checked(end)?;
        let numbers = core.trim_end_matches('.').split('.').map(Number::parse).collect::<Option<Vec<_>>>()?;
        let rest = rest.trim_start_matches(['.', '-', '_']);
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, count) = rest.split_at_checked(end)?;
        let stability = match word {
            "" | "stable" => Stability::Release,
            "a" | "alpha" => Stability::Alpha,
            "b" | "beta" => Stability::Beta,
            "rc" => Stability::Candidate,
            "dev" => Stability::Development,
            "p" | "pl" | "patch" => Stability::Patch,
            _ => return None,
        };
        let count = count.trim_start_matches(['.', '-']);
        let count = match count {
            "" => Vec::new(),
            count => count.split('.').map(Number::parse).collect::<Option<Vec<_>>>()?,
        };
        Some(Self {
            numbers: without_trailing_zeros(numbers),
            stability,
            count: without_trailing_zeros(count),
        })
    }
}
