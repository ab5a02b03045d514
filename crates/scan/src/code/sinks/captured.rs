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
    let (mut safe, mut depth) = (Safe::ALL, 0_usize);
    while let Some(letter) = letters.next() {
        let part = match letter {
            '\\' => escaped(letters.next(), depth > 0),
            '.' => Safe::default(),
            '[' => class(&mut letters),
            '(' => {
                depth += 1;
                past_kind(&mut letters);
                Safe::ALL
            }
            ')' => {
                depth = depth.saturating_sub(1);
                Safe::ALL
            }
            '|' | '*' | '+' | '?' | '{' | '}' | '^' | '$' => Safe::ALL,
            // Around what is kept a mark is the pattern's own.
            mark if depth > 0 => tame(mark),
            _ => Safe::ALL,
        };
        safe = Safe(safe.0 & part.0);
    }
    safe
}

/// Whether a pattern that a whole text meets lets marks through by a class that only looks like letters: `[\x20-\x7e]`, `[A-z]`.
pub(in crate::code) fn is_wide(pattern: &str) -> bool {
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => _ = letters.next(),
            '[' => {
                let rest = letters.as_str();
                let end = rest.find(']').unwrap_or(rest.len());
                let class = rest.get(..end).unwrap_or_default();
                let ends = |from: char, to: char| range(Some(from), Some(to)) == Safe::default();
                let marks: Vec<char> = class.chars().collect();
                let ranges = marks.windows(3).any(|three| match three {
                    [from, '-', to] => from.is_alphanumeric() && to.is_alphanumeric() && ends(*from, *to),
                    _ => false,
                });
                if ranges || ["\\x", "\\u", "\\S", "\\W", "\\D"].iter().any(|wide| class.contains(wide)) {
                    return true;
                }
                letters = rest.get(end..).unwrap_or_default().chars();
            }
            _ => {}
        }
    }
    false
}

/// What stands behind a bracket and says what it is for: `?:`, `?<name>`, `?P<name>`, `?=`.
fn past_kind(letters: &mut std::str::Chars<'_>) {
    if letters.clone().next() == Some('?') {
        let ends = |letter: char| matches!(letter, ':' | '>' | '=' | '!');
        letters.find(|letter| ends(*letter));
    }
}

/// A letter that the pattern may let through as it is.
fn tame(letter: char) -> Safe {
    match letter {
        '/' => Safe(Safe::ALL.0 & !Safe::PATH.0),
        '_' | '-' | '.' | ':' | '@' | ',' | '+' | '=' => Safe::ALL,
        other if other.is_alphanumeric() => Safe::ALL,
        _ => Safe::default(),
    }
}

/// What stands for one kind of letters outside of a class: `\d` and `\w` are letters and digits, a mark stands for itself.
fn escaped(letter: Option<char>, within: bool) -> Safe {
    match letter {
        // A line's end parts commands as `;` does.
        Some('S' | 'W' | 'D' | 'p' | 'P' | 's') => Safe::default(),
        Some('x' | 'u' | 'n' | 'r' | 't') if within => Safe::default(),
        Some(mark) if within => tame(mark),
        _ => Safe::ALL,
    }
}

/// What one letter of a class may be: `[a-z0-9]`, `[^/]`. A class of which something is not known to be tame lets everything through.
fn class(letters: &mut std::str::Chars<'_>) -> Safe {
    let (mut first, mut negated, mut slash, mut safe) = (true, false, false, Safe::ALL);
    let mut before = None;
    while let Some(letter) = letters.next() {
        let mut single = None;
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
                Some('.' | '-' | 'd' | 'w') => Safe::ALL,
                _ => Safe::default(),
            },
            '/' => {
                slash = true;
                Safe::ALL
            }
            // At the end it stands for itself, and between two letters for all from one to the other.
            '-' if before.is_some() && letters.clone().next().is_some_and(|next| next != ']') => {
                range(before, letters.next())
            }
            '_' | '-' | '.' | ':' | '@' | ',' | '+' | '=' => {
                single = Some(letter);
                Safe::ALL
            }
            other if other.is_alphanumeric() => {
                single = Some(letter);
                Safe::ALL
            }
            _ => Safe::default(),
        };
        safe = Safe(safe.0 & part.0);
        (first, before) = (false, single);
    }
    match (negated, slash) {
        // Nothing climbs without a slash, and little else is kept out.
        (true, true) => Safe::PATH,
        (true, false) => Safe::default(),
        (false, true) => Safe(safe.0 & !Safe::PATH.0),
        (false, false) => safe,
    }
}

/// All letters between two: only within one kind are there no marks among them (`[A-z]` has the backtick).
fn range(from: Option<char>, to: Option<char>) -> Safe {
    let within = |kind: fn(&char) -> bool| from.as_ref().is_some_and(kind) && to.as_ref().is_some_and(kind);
    let tame =
        within(char::is_ascii_digit) || within(char::is_ascii_lowercase) || within(char::is_ascii_uppercase);
    if tame { Safe::ALL } else { Safe::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_tame_only_where_all_that_it_lets_through_is() {
        let check = |patterns: &[&str], safe: Safe| {
            for pattern in patterns {
                assert_eq!(captured(pattern), safe, "{pattern}");
            }
        };
        check(&["/^id=([a-z0-9]+)$/i", "(\\d+)-(\\w+)", "[A-Za-z0-9_.-]+", "a\\+[+-]", "[-a]"], Safe::ALL);
        check(
            &[
                "(.*)",
                "name=([\\w\\s]+)",
                "(\\S+)",
                "[\\w\\x20-\\x7e]+",
                "[\\u0000-\\uffff]",
                "[A-z0-9]+",
                "[+-z]",
                "[a-Z]",
                "[^;]",
                "[ a]",
                "[a;]",
            ],
            Safe::default(),
        );
        check(&["[^/]+"], Safe::PATH);
        // What stands around is the pattern's own; what is kept with it may be chosen.
        check(&["\"(\\w+)\"", "a; (?<n>\\d+)", "(?:\\w|-)+"], Safe::ALL);
        check(&["((?:\\w|;)+)", "((?:\\w|'|=)+)", "((?:\\w|\\|)+)", "(\\w+;\\w+)"], Safe::default());
        check(&["((\\w|\\.|\\/)+)", "((\\w|/)+)"], Safe(Safe::ALL.0 & !Safe::PATH.0));
        let wide = ["^[\\w\\x20-\\x7e]+$", "^[A-z0-9]+$", "^a[\\u0000-\\uffff]$"];
        assert!(wide.iter().all(|pattern| is_wide(pattern)));
        assert!(!["^[A-Za-z0-9_ -]+$", "^\\w+$", "^[^/]+$", "^\\[A-z$"].iter().any(|it| is_wide(it)));
    }
}
