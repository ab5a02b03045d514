//! What the parts of a text may hold that a pattern found in it.
//!
//! Invariant: only what the pattern itself lets through counts; one that is not known lets everything through. One pass over the pattern.
//! Not here: conditions that compare a whole text with a pattern (`machine::guard`).

use crate::code::value::Safe;

/// What a text found by this pattern is safe for, as scripts write patterns (`/…/i`) or as text.
pub(in crate::code) fn captured(pattern: &str) -> Safe {
    let bare = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .filter(|(_, flags)| flags.chars().all(|flag| flag.is_ascii_alphabetic()))
        .map_or(pattern, |(bare, _)| bare);
    let mut letters = bare.chars();
    let mut safe = Safe::ALL;
    while let Some(letter) = letters.next() {
        let part = match letter {
            '\\' => escaped(letters.next()),
            '.' => Safe::default(),
            '[' => class(&mut letters),
            _ => Safe::ALL,
        };
        safe = Safe(safe.0 & part.0);
    }
    safe
}

/// `\d` and `\w` are letters and digits, a mark stands for itself, the others may be anything.
fn escaped(letter: Option<char>) -> Safe {
    match letter {
        Some('S' | 'W' | 'D' | 'p' | 'P') => Safe::default(),
        _ => Safe::ALL,
    }
}

/// What one letter of a class may be: `[a-z0-9]`, `[^/]`.
fn class(letters: &mut std::str::Chars<'_>) -> Safe {
    let (mut first, mut negated, mut slash, mut safe) = (true, false, false, Safe::ALL);
    while let Some(letter) = letters.next() {
        let part = match letter {
            '^' if first => {
                negated = true;
                Safe::ALL
            }
            ']' if !first => break,
            '\\' => match letters.next() {
                Some('/') => {
                    slash = true;
                    Safe::ALL
                }
                Some('.' | '-') => Safe::ALL,
                Some(other) if other.is_ascii_alphabetic() => escaped(Some(other)),
                _ => Safe::default(),
            },
            '/' => {
                slash = true;
                Safe::ALL
            }
            '_' | '-' | '.' | ':' | '@' | ',' | '+' | '=' => Safe::ALL,
            other if other.is_alphanumeric() => Safe::ALL,
            _ => Safe::default(),
        };
        safe = Safe(safe.0 & part.0);
        first = false;
    }
    match (negated, slash) {
        // Nothing climbs without a slash, and little else is kept out.
        (true, true) => Safe::PATH,
        (true, false) => Safe::default(),
        (false, true) => Safe(safe.0 & !Safe::PATH.0),
        (false, false) => safe,
    }
}
