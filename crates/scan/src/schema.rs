//! Which fields of a GraphQL schema an API key opens, where the interface asks for something else by default.
//!
//! Invariants: one pass over the text; a field's own directives win over its type's; what has none is not opened. Not here: what the
//! interface asks for by default (the formats).

use std::collections::BTreeSet;

/// What asks callers of a field who they are.
const ASKING: [&str; 6] =
    ["aws_api_key", "aws_iam", "aws_cognito_user_pools", "aws_oidc", "aws_lambda", "aws_auth"];

/// Why the fields of an interface that takes an API key too cannot be told.
pub(crate) const UNREAD: &str = "it takes an API key too, and its schema, which says for which fields (`@aws_api_key`), is not in these files";

/// The fields that are opened, each with its type: `("Query", "posts")`.
pub(crate) fn opened_by_key(schema: &str) -> BTreeSet<(String, String)> {
    let words = words(schema);
    let mut opened = BTreeSet::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if *word != "type" {
            continue;
        }
        let Some(name) = words.get(at) else { break };
        let head = until(&words, at, |word| word == "{" || word == "type");
        let of_type = asked(words.get(at..head).unwrap_or_default());
        at = head;
        if words.get(head) != Some(&"{") {
            continue;
        }
        let end = until(&words, head, |word| word == "}");
        for field in fields(words.get(head + 1..end).unwrap_or_default()) {
            let own = asked(field);
            let keyed = if own.is_empty() { &of_type } else { &own }.contains(&"aws_api_key");
            if let Some(field) = field.first().filter(|_| keyed) {
                opened.insert(((*name).to_owned(), (*field).to_owned()));
            }
        }
        at = end;
    }
    opened
}

fn until(words: &[&str], from: usize, ends: impl Fn(&str) -> bool) -> usize {
    let rest = words.get(from..).unwrap_or_default();
    rest.iter().position(|word| ends(word)).map_or(words.len(), |found| from + found)
}

/// The directives among words that ask who calls.
fn asked<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let named = words.windows(2).filter_map(|pair| match pair {
        ["@", name] => Some(*name),
        _ => None,
    });
    named.filter(|name| ASKING.contains(name)).collect()
}

/// The fields of a type, each with all that is said of it.
fn fields<'w, 'a>(words: &'w [&'a str]) -> Vec<&'w [&'a str]> {
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| words.get(before)).copied().unwrap_or_default();
        match *word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && before != "@" && matches!(words.get(at + 1), Some(&":" | &"(")) => {
                starts.push(at);
            }
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).copied().chain([words.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| words.get(*start..end)).collect()
}

/// Names and signs; comments and texts left out.
fn words(schema: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = schema;
    while let Some(first) = rest.chars().next() {
        let named = |c: char| c.is_alphanumeric() || c == '_';
        let length = if named(first) {
            rest.find(|c| !named(c)).unwrap_or(rest.len())
        } else if first == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(text) = rest.strip_prefix("\"\"\"") {
            text.find("\"\"\"").map_or(rest.len(), |end| end + 6)
        } else if let Some(text) = rest.strip_prefix('"') {
            text.find(['"', '\n']).map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        let (word, left) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if !first.is_whitespace() && !matches!(first, '#' | '"') {
            words.push(word);
        }
        rest = left;
    }
    words
}

#[cfg(test)]
mod tests;
