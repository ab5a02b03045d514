//! The one normal form of a request's path. Routing, policies, the ledger and the guest all read this form.
//!
//! Invariant: two paths that some reader could take for the same have the same normal form, or one of them is refused. A
//! normal form has no `.` or `..` segment, no empty segment but a last one, no escape of an unreserved character, and
//! upper-case hex digits; normalising it again changes nothing.

use super::{Refused, Wall};

const fn refuse(why: &'static str) -> Refused {
    Refused::new(Wall::Target, why)
}

/// Brings a path (without its query) into the normal form (RFC 3986 §6.2.2), or refuses it.
///
/// Escapes of unreserved characters are decoded, once. Refused are: raw characters outside `pchar` and `/`, escapes that
/// are malformed or stand for `/`, `\`, NUL or a control character, escapes that are not UTF-8, empty segments
/// and `.` and `..` segments (also `..;x`, which some servers take for `..`).
///
/// # Errors
/// [`Refused`] by [`Wall::Target`], with the reason.
pub fn normalise_path(path: &str) -> Result<String, Refused> {
    if !path.starts_with('/') {
        return Err(refuse("the path does not start with `/`"));
    }
    let mut normal = String::with_capacity(path.len());
    // Bytes of the current run of escapes above 0x7f: they must be UTF-8 together.
    let mut run: Vec<u8> = Vec::new();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            end_run(&mut run)?;
            if !(is_plain(byte) || byte == b'/') {
                return Err(refuse("the path has a character that must be escaped"));
            }
            normal.push(char::from(byte));
            continue;
        }
        let decoded = match (bytes.next().and_then(hex_value), bytes.next().and_then(hex_value)) {
            (Some(high), Some(low)) => high << 4 | low,
            _ => return Err(refuse("the path has a malformed escape")),
        };
        match decoded {
            b'/' => return Err(refuse("the path has an escaped `/`")),
            b'\\' => return Err(refuse("the path has an escaped `\\`")),
            0..0x20 | 0x7f => return Err(refuse("the path has an escaped control character")),
            0x80.. => run.push(decoded),
            _ => end_run(&mut run)?,
        }
        if is_unreserved(decoded) {
            normal.push(char::from(decoded));
        } else {
            push_escape(&mut normal, decoded);
        }
    }
    end_run(&mut run)?;
    check_segments(&normal)?;
    Ok(normal)
}

/// Checks a query: it is handed on as it came, so it may only hold what cannot be misread.
///
/// # Errors
/// [`Refused`] by [`Wall::Target`].
pub fn check_query(query: &str) -> Result<(), Refused> {
    // WHY: browsers send `"`, `<`, `>`, `[`, `]`, `^`, `` ` ``, `{`, `|` and `}` unescaped in queries (WHATWG URL); no reader splits on them.
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\';
    if query.bytes().all(fits) {
        Ok(())
    } else {
        Err(refuse("the query has a character that must be escaped"))
    }
}

fn check_segments(normal: &str) -> Result<(), Refused> {
    let mut segments = normal.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() {
            // Only the last one may be: `/a/`.
            if segments.peek().is_some() {
                return Err(refuse("the path has an empty segment"));
            }
            continue;
        }
        // Some servers cut parameters off before they look at dots, escaped or not: `/..;x/`.
        let name = segment.split(';').next().unwrap_or_default();
        let name = name.split_once("%3B").map_or(name, |(name, _)| name);
        // A segment that is only parameters is empty to them.
        if matches!(name, "." | "..") || segment.starts_with(';') {
            return Err(refuse("the path has a `.` or `..` segment"));
        }
    }
    Ok(())
}

fn end_run(run: &mut Vec<u8>) -> Result<(), Refused> {
    if !run.is_empty() {
        // Overlong forms and surrogates are no UTF-8 to Rust.
        std::str::from_utf8(run).map_err(|_| refuse("the path has escapes that are not UTF-8"))?;
        run.clear();
    }
    Ok(())
}

fn push_escape(normal: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    normal.push('%');
    for nibble in [byte >> 4, byte & 15] {
        normal.push(DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from));
    }
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// RFC 3986 §3.3, `pchar` without escapes.
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

#[cfg(test)]
mod tests;
