//! Texts with wildcards: `*` stands for any characters, `?` for one.
//!
//! Invariant: time grows with the lengths of pattern and text added up, not multiplied, unless the pattern has `?`. Not here: texts
//! that are known in part only (`iam::pattern`).

/// Whether a pattern stands for a text. Letters are compared as they are: bring both to small letters where case does not matter.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = without_start(text, first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The ends first: most texts are told from a pattern there, without a search.
    let Some((between, end)) = rest.len().checked_sub(last.len()).and_then(|at| rest.split_at_checked(at))
    else {
        return false;
    };
    if !same(end, last) {
        return false;
    }
    rest = between;
    // The earliest place is as good as any for each part between two stars: it leaves the most for what follows.
    for part in parts {
        let Some(after) = after(rest, part) else { return false };
        rest = after;
    }
    true
}

/// Whether a pattern of actions stands for an action: letters of either case are the same, and a lone `*` is everything.
#[must_use]
pub fn covers_action(pattern: &str, action: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    // Nearly all patterns are settled by what stands before the first wildcard, and nearly all others end with it.
    let Some(at) = pattern.bytes().position(|byte| matches!(byte, b'*' | b'?')) else {
        return pattern.eq_ignore_ascii_case(action);
    };
    let (start, rest) = pattern.as_bytes().split_at(at);
    let begins = action.as_bytes().get(..at).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    begins && (rest == b"*" || matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
}

fn same(text: &[u8], part: &[u8]) -> bool {
    text.len() == part.len() && text.iter().zip(part).all(|(byte, wanted)| *wanted == b'?' || byte == wanted)
}

fn without_start<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(part.len())?;
    same(start, part).then_some(rest)
}

/// What follows the first place of `part` in `text`.
fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    if part.is_empty() {
        return Some(text);
    }
    let plain = (!part.contains(&b'?')).then_some(part).and_then(|part| std::str::from_utf8(part).ok());
    let at = match (plain, std::str::from_utf8(text)) {
        (Some(part), Ok(text)) => text.find(part)?,
        _ => text.windows(part.len()).position(|window| same(window, part))?,
    };
    text.get(at + part.len()..)
}

#[cfg(test)]
mod tests;
