//! ARNs that are known in part, and whether a pattern covers one.
//!
//! A text becomes a row of tokens. Two questions are asked of a pattern and a resource: do they meet whatever the unknown parts turn
//! out to be, and can they meet at all. Invariant: the work for one question is the product of both lengths, and lengths are bounded.
//! Not here: how texts become tokens (`iam::target`).

/// Longer texts are not compared: the provider's ARNs end at 2,048 characters.
pub(super) const MAX_TOKENS: usize = 2_048;

/// A part of a text that is compared as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Token {
    /// A character that is known.
    Byte(u8),
    /// `?`: one character, whichever.
    One,
    /// `*`: any characters.
    Run,
    /// Partition, region or account of a resource: whichever is meant, it is the one of this app.
    Provider,
    /// Something within a resource, such as an object's key: whichever suits.
    Key,
    /// Characters that somebody fills in: a parameter. The same number is the same text; 0 is like nothing else.
    Hole(u64),
    /// The start of a name that the provider makes up.
    Head(u64),
    /// A character of its random end: nobody can write it down, so only wildcards cover it.
    Tail(u64),
    /// A text of which nothing is known but that it is the same wherever the number is the same.
    Atom(u64),
}

/// Whether a pattern covers a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    Yes,
    No,
    /// That depends on what is filled in.
    Maybe,
    /// Too long to be compared.
    TooLong,
}

/// Compares; `spent` counts the work.
pub(super) fn cover(pattern: &[Token], resource: &[Token], spent: &mut u64) -> Cover {
    if pattern == [Token::Run] {
        return Cover::Yes;
    }
    if pattern.len().max(resource.len()) > MAX_TOKENS {
        return Cover::TooLong;
    }
    let Some((pattern, resource)) = trimmed(pattern, resource, spent) else { return Cover::No };
    if meet(pattern, resource, false, spent) {
        Cover::Yes
    } else if meet(pattern, resource, true, spent) {
        Cover::Maybe
    } else {
        Cover::No
    }
}

/// What is left of both without the start and the end that can only be read in one way; `None` where these differ already. Most
/// patterns name one thing, and most things are another one: that ends here, without a table of both lengths.
fn trimmed<'t>(
    mut pattern: &'t [Token],
    mut resource: &'t [Token],
    spent: &mut u64,
) -> Option<(&'t [Token], &'t [Token])> {
    let is_fixed = |token: &Token| matches!(token, Token::Byte(_) | Token::Tail(_));
    while let (Some((wanted, before)), Some((found, other))) = (pattern.split_last(), resource.split_last())
        && is_fixed(wanted)
        && is_fixed(found)
    {
        *spent += 1;
        if wanted != found {
            return None;
        }
        (pattern, resource) = (before, other);
    }
    loop {
        *spent += 1;
        match (pattern, resource) {
            ([Token::Byte(wanted), after @ ..], [Token::Byte(found), other @ ..]) => {
                if wanted != found {
                    return None;
                }
                (pattern, resource) = (after, other);
            }
            // The provider's part ends at its colon, whatever stands there, as long as nothing else in it is open.
            ([..], [Token::Provider, Token::Byte(b':'), other @ ..]) => {
                let within = |token: &&Token| match token {
                    Token::Byte(byte) => *byte != b':',
                    token => **token == Token::Provider,
                };
                let part = pattern.iter().take_while(within).count();
                *spent += part as u64;
                match pattern.split_at_checked(part) {
                    Some((_, [Token::Byte(b':'), after @ ..])) => (pattern, resource) = (after, other),
                    _ => return Some((pattern, resource)),
                }
            }
            _ => return Some((pattern, resource)),
        }
    }
}

/// Whether both can be read as one text. `maybe`: with a suitable filling of what is unknown.
fn meet(pattern: &[Token], resource: &[Token], maybe: bool, spent: &mut u64) -> bool {
    // Row by row over the pattern: which lengths of the resource can be used up by what was read of the pattern.
    let mut row = vec![false; resource.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for wanted in pattern.iter().copied().map(Some).chain([None]) {
        *spent += row.len() as u64;
        let mut below = Vec::with_capacity(row.len());
        let (mut from_left, mut from_corner) = (false, false);
        for (at, above) in row.iter().enumerate() {
            let here = *above || from_left;
            let steps = steps(wanted, resource.get(at).copied(), maybe);
            below.push(from_corner || here && steps.down);
            from_corner = here && steps.both;
            from_left = here && steps.right;
            if wanted.is_none() && here && at == resource.len() {
                return true;
            }
        }
        if !below.contains(&true) {
            return false;
        }
        row = below;
    }
    false
}

/// Which of the two is used up.
#[derive(Clone, Copy)]
struct Steps {
    down: bool,
    right: bool,
    both: bool,
}

fn steps(pattern: Option<Token>, resource: Option<Token>, maybe: bool) -> Steps {
    use Token::{Atom, Byte, Head, Hole, Key, One, Provider, Run, Tail};
    let plain = |stops: &[u8]| match pattern {
        Some(Byte(byte)) => !stops.contains(&byte),
        Some(_) => true,
        None => false,
    };
    let down = match (pattern, resource) {
        (Some(Run), _) => true,
        (Some(Hole(_)), _) if maybe => true,
        (_, Some(Provider)) => plain(b":"),
        (_, Some(Key)) => plain(b""),
        (_, Some(Hole(_))) if maybe => plain(b""),
        (Some(Byte(_) | One), Some(Head(_))) if maybe => plain(b":/"),
        // A text of which nothing is known has characters enough; but it ends only where a `*` takes the rest.
        (Some(One), Some(Atom(_))) => true,
        _ => false,
    };
    let right = match (pattern, resource) {
        (_, None) => false,
        (_, Some(Provider | Key)) | (Some(Run), _) => true,
        // Whoever fills a parameter in does not know the name that the provider will make up.
        (Some(Hole(1..)), Some(Tail(_))) => false,
        (Some(Hole(_)), _) | (_, Some(Hole(_) | Head(_))) => maybe,
        _ => false,
    };
    let both = match (pattern, resource) {
        (Some(Hole(0)), _) => false,
        (Some(One), Some(Byte(_) | Tail(_))) => true,
        (Some(one), Some(other)) => one == other,
        _ => false,
    };
    Steps { down, right, both }
}

#[cfg(test)]
mod tests;
