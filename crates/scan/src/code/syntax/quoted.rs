//! Code that stands in quotation marks: a string of JSON, a quoted scalar of YAML.
//!
//! Owns: what the marks, escapes and folded lines stand for, and where each part of the code stands in the file. Invariant: one pass over the
//! text. Not here: block scalars (`syntax`).

use std::iter::Peekable;
use std::str::CharIndices;

/// The code, and for each part of it where it starts, in the code and in the file.
pub(super) fn read(text: &str, mark: char, start: u32) -> (String, Vec<(u32, u32)>) {
    let inner = text.strip_prefix(mark).unwrap_or(text);
    let inner = inner.strip_suffix(mark).unwrap_or(inner);
    let cut = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let first = start.saturating_add(cut(mark.len_utf8()));
    let (mut code, mut parts) = (String::new(), vec![(0, first)]);
    let mut rest = inner.char_indices().peekable();
    while let Some((_, letter)) = rest.next() {
        match letter {
            '\\' if mark == '"' => code.extend(escaped(&mut rest)),
            '\'' if mark == '\'' => {
                rest.next_if(|(_, next)| *next == '\'');
                code.push('\'');
            }
            '\n' => folded(&mut rest, &mut code),
            other => {
                code.push(other);
                continue;
            }
        }
        let at = rest.peek().map_or(inner.len(), |(at, _)| *at);
        parts.push((cut(code.len()), first.saturating_add(cut(at))));
    }
    (code, parts)
}

/// What stands behind a backslash.
fn escaped(rest: &mut Peekable<CharIndices<'_>>) -> Option<char> {
    let (_, letter) = rest.next()?;
    let digits = match letter {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'b' | 'f' | '0' => return Some(' '),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        // The line goes on.
        '\n' => {
            while rest.next_if(|(_, next)| matches!(next, ' ' | '\t')).is_some() {}
            return None;
        }
        other => return Some(other),
    };
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit =
            rest.next_if(|(_, next)| next.is_ascii_hexdigit()).and_then(|(_, next)| next.to_digit(16))?;
        code = code.saturating_mul(16).saturating_add(digit);
    }
    char::from_u32(code)
}

/// A line that is folded: one break is a space, and of several all but one stay.
fn folded(rest: &mut Peekable<CharIndices<'_>>, code: &mut String) {
    code.truncate(code.trim_end_matches([' ', '\t', '\r']).len());
    let mut breaks = 0_usize;
    while let Some((_, letter)) = rest.next_if(|(_, next)| matches!(next, ' ' | '\t' | '\r' | '\n')) {
        breaks += usize::from(letter == '\n');
    }
    match breaks {
        0 => code.push(' '),
        _ => code.extend(std::iter::repeat_n('\n', breaks)),
    }
}
