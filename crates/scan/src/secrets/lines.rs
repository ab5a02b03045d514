//! Names and values as they stand in lines of code and configuration.
//!
//! Invariant: lines are looked at one by one, very long ones (which no person wrote) not at all. Not here: what is a secret (`names`).

use super::commands::{self, Look};
use super::names::is_secret;
use super::{Leak, Weight};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Only in quotation marks: code, JSON, HCL.
    Quoted,
    /// Also bare: YAML, `.env`, properties.
    Bare,
}

/// Longest line that is looked at, in bytes.
const LONGEST_LINE: usize = 2_000;
/// How many names and values of one line are looked at.
const PAIRS: usize = 32;

/// Every value of a text whose name says that it is secret.
pub(super) fn find(text: &str, syntax: Syntax) -> Vec<Leak> {
    let mut leaks = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        if body.len() <= LONGEST_LINE && !is_comment(body) {
            let before = leaks.len();
            in_line(body, start, syntax, PAIRS, &mut leaks);
            // A name says more than its place among the words of a command.
            let mut handed = Vec::new();
            commands::in_line(body, start, syntax, Look::Report, &mut handed);
            let named = leaks.get(before..).unwrap_or_default();
            handed
                .retain(|leak| named.iter().all(|named| leak.end <= named.start || named.end <= leak.start));
            leaks.append(&mut handed);
        }
        start += line.len();
    }
    leaks
}

/// The same in what a report shows: comments and long lines too, for nobody may read a secret there either.
pub(super) fn shown(text: &str) -> Vec<Leak> {
    let mut leaks = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        in_line(line.trim_end(), start, Syntax::Bare, usize::MAX, &mut leaks);
        commands::in_line(line.trim_end(), start, Syntax::Bare, Look::Cover, &mut leaks);
        start += line.len();
    }
    leaks
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//") || line.starts_with('*')
}

fn in_line(line: &str, offset: usize, syntax: Syntax, pairs: usize, leaks: &mut Vec<Leak>) {
    let separators = line.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b':'));
    for (at, separator) in separators.take(pairs) {
        let (Some(before), Some(after)) = (line.get(..at), line.get(at + 1..)) else { continue };
        // Comparisons, arrows, scopes and annotations of types are no settings.
        if after.starts_with(['=', ':', '>', '~']) || before.ends_with(['=', '!', '<', '>', ':', '~']) {
            continue;
        }
        let Some(name) = name(before) else { continue };
        // `arn:aws:secretsmanager:eu-west-1:1:secret:x`: a part of an ARN is no name.
        if separator == b':' && before.strip_suffix(name).is_some_and(|before| before.ends_with(':')) {
            continue;
        }
        let Some((from, value)) = value(after, syntax) else { continue };
        if is_secret(name, value) {
            let start = offset + at + 1 + from;
            leaks.push(Leak {
                start,
                end: start + value.len(),
                what: "a secret by its name",
                name: Some(name.to_owned()),
                weight: Weight::Heavy,
            });
        }
    }
}

/// The name before a separator: the last word, out of its quotation marks; in `password: string = "…"` the word before the type.
fn name(before: &str) -> Option<&str> {
    let before = before.trim_end().trim_end_matches(['"', '\'', ']', '`']).trim_end();
    let part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let last = before.rsplit(|c: char| !part(c)).next()?;
    let typed = ["string", "str", "String"].contains(&last);
    let word = match typed.then(|| before.rsplit_once(':')).flatten() {
        Some((named, _)) => named.trim_end().rsplit(|c: char| !part(c)).next()?,
        None => last,
    };
    (!word.is_empty()).then_some(word)
}

/// As much of a line as a value can be long, and its end: a line with a separator in every second byte is not read from each.
fn beginning(rest: &str) -> &str {
    let mut end = LONGEST_LINE.min(rest.len());
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    rest.get(..end).unwrap_or_default()
}

/// The value behind a separator and where it starts.
fn value(after: &str, syntax: Syntax) -> Option<(usize, &str)> {
    let from = after.len() - after.trim_start().len();
    let rest = beginning(after.get(from..)?);
    let mark = rest.chars().next()?;
    if matches!(mark, '"' | '\'' | '`') {
        let inner = rest.get(1..)?;
        let end = inner.find(mark)?;
        // Put together with something else, it is not the whole value; a default behind `||` or `or` is.
        let behind = inner.get(end + 1..).unwrap_or_default().trim_start();
        return (!behind.starts_with(['+', '%'])).then_some((from + 1, inner.get(..end)?));
    }
    if syntax == Syntax::Quoted || "!&*{[|>#(".contains(mark) {
        return None;
    }
    let end = rest.find([' ', '\t', ',', '}']).unwrap_or(rest.len());
    // Several words are a sentence, unless a comment follows.
    let behind = rest.get(end..).unwrap_or_default().trim_start();
    (behind.is_empty() || behind.starts_with(['#', ',', '}'])).then_some((from, rest.get(..end)?))
}
