//! What of a text a report may not show, and the text without it.
//!
//! Invariant: more is cut here than is reported: any login in an address, signatures in its query, values in comments and in lines of any
//! length; a false alarm costs a reader four characters, a miss costs a secret. Not here: which secrets of an app are known (`report::cover`).

use super::{cut, formats, is_reference, lines, names};

/// A stretch that is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte behind its last.
    pub(crate) end: usize,
    /// Whether not even its beginning is shown.
    pub(crate) whole: bool,
}

/// What is not shown of a text, as it can be told from the text alone.
pub(crate) fn cuts(text: &str) -> Vec<Cut> {
    let leaks = formats::find(text).into_iter().chain(lines::shown(text));
    let mut cuts: Vec<Cut> =
        leaks.map(|leak| Cut { start: leak.start, end: leak.end, whole: false }).collect();
    cuts.extend(in_addresses(text));
    cuts
}

/// A text in which these stretches are cut short. What was cut before stays as it is.
pub(crate) fn without(text: &str, mut cuts: Vec<Cut>) -> String {
    cuts.sort();
    cuts.dedup_by(|later, earlier| {
        let meets = later.start < earlier.end;
        if meets {
            earlier.end = earlier.end.max(later.end);
            earlier.whole |= later.whole;
        }
        meets
    });
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for found in cuts {
        let (Some(before), Some(secret)) = (text.get(from..found.start), text.get(found.start..found.end))
        else {
            continue;
        };
        shown.push_str(before);
        match secret.strip_suffix('…') {
            Some(rest) if rest.chars().count() <= 4 => shown.push_str(secret),
            _ if found.whole => shown.push('…'),
            _ => shown.push_str(&cut(secret)),
        }
        from = found.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

/// How far the query of an address is read, in bytes.
const LONGEST_QUERY: usize = 4_096;

/// Passwords, tokens that stand for a login, and signatures in the query of every address.
fn in_addresses(text: &str) -> Vec<Cut> {
    let mut cuts = Vec::new();
    for (at, _) in text.match_indices("://") {
        let from = at + 3;
        let Some(rest) = text.get(from..) else { continue };
        let authority = formats::authority(rest).unwrap_or_default();
        if let Some((login, _)) = authority.rsplit_once('@') {
            let start = match login.split_once(':') {
                Some((user, _)) => Some(user.len() + 1),
                // A name alone is none, a token is.
                None => (login.len() >= 16).then_some(0),
            };
            let secret = start.and_then(|start| Some((start, login.get(start..)?)));
            if let Some((start, _)) = secret.filter(|(_, secret)| !is_open(secret)) {
                cuts.push(Cut { start: from + start, end: from + login.len(), whole: true });
            }
        }
        in_query(rest, from, &mut cuts);
    }
    cuts
}

fn in_query(rest: &str, offset: usize, cuts: &mut Vec<Cut>) {
    let ends = |c: char| c.is_whitespace() || "\"'`<>)".contains(c);
    let bounded = rest.char_indices().take_while(|(at, c)| *at < LONGEST_QUERY && !ends(*c));
    let end = bounded.last().map_or(0, |(at, c)| at + c.len_utf8());
    let Some(address) = rest.get(..end) else { return };
    let mut at = 0;
    for (number, part) in address.split(['?', '&', '#']).enumerate() {
        let pair = part
            .split_once('=')
            .filter(|(name, value)| number > 0 && names::opens(name) && value.len() >= 6 && !is_open(value));
        if let Some((name, value)) = pair {
            let start = offset + at + name.len() + 1;
            cuts.push(Cut { start, end: start + value.len(), whole: true });
        }
        at += part.len() + 1;
    }
}

/// Whether something else is filled in there.
fn is_open(value: &str) -> bool {
    value.is_empty()
        || ["${", "{{", "<", "…"].iter().any(|start| value.starts_with(start))
        || is_reference(value)
}

#[cfg(test)]
mod tests {
    use crate::secrets::redact;

    #[test]
    fn logins_and_signatures_of_addresses_are_cut() {
        let check = |text: &str, expect: &str| {
            assert_eq!(redact(text), expect);
            assert_eq!(redact(expect), expect, "a second time");
        };
        check(
            "from `git::https://deploy:Gh0stT0ken-9fQz7@git.corp.io/a.git?ref=v1`",
            "from `git::https://deploy:…@git.corp.io/a.git?ref=v1`",
        );
        check("https://oauth2:glpat-Zx91kLq0Vb77Tt3Qa1Yc@gitlab.com/a", "https://oauth2:…@gitlab.com/a");
        check("https://Zx91kLq0Vb77Tt3Qa1Yc@gitlab.com/a", "https://…@gitlab.com/a");
        check(
            "https://b.io/t.yaml?X-Amz-Security-Token=abcdef0123456789&v=1234567",
            "https://b.io/t.yaml?X-Amz-Security-Token=…",
        );
        check(
            "https://b.io/t?sig=abcdef0123456789#access_token=abcdef0123",
            "https://b.io/t?sig=…#access_token=…",
        );
        for kept in [
            "https://git@github.com/a/b.git",
            "https://u:${DbPassword}@h.io",
            "https://registry.io:8080/@scope/package",
            "https://b.io/t?token={{resolve:ssm:x}}",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-x9Yz12",
            "{{resolve:secretsmanager:shop1:SecretString:password}}",
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn comments_and_long_lines_hide_nothing() {
        let long = format!("{}password: \"h0rse-battery\"", "a=1; ".repeat(900));
        assert!(!redact(&long).contains("h0rse-battery"));
        assert_eq!(redact("# password: h0rse-battery"), "# password: h0rs…");
        assert_eq!(redact("one\npassword: h0rse-battery\ntwo"), "one\npassword: h0rs…\ntwo");
    }
}
