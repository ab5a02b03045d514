//! Which fields of a GraphQL schema an API key opens.
//!
//! Invariants: one pass over the text; a field's own directives win over its type's; what has none is opened where a key is what the interface
//! asks for by default. Not here: what that is (the formats).

use std::collections::BTreeMap;

/// What asks callers of a field who they are. `@aws_auth` does so only where a user pool is all that an interface asks for, and then there is
/// no key (AWS AppSync Developer Guide, "Using additional authorization modes").
const ASKING: [&str; 5] = ["aws_api_key", "aws_iam", "aws_cognito_user_pools", "aws_oidc", "aws_lambda"];

/// Why the fields of an interface that takes an API key too cannot be told.
pub(crate) const UNREAD: &str = "it takes an API key too, and its schema, which says for which fields (`@aws_api_key`), is not in these files";

/// Why it cannot be told whether a key opens a field.
pub(crate) const UNTOLD_MODE: &str = "whether it takes an API key too cannot be told";

/// What a source of data that is no function does itself, by its kind: `dynamodb:path/Orders`; whatever its role lets it do.
pub(crate) fn operation(kind: &str, name: &str) -> Option<String> {
    let service = match kind {
        "AMAZON_DYNAMODB" => "dynamodb",
        "AMAZON_ELASTICSEARCH" | "AMAZON_OPENSEARCH_SERVICE" => "es",
        "RELATIONAL_DATABASE" => "rds-data",
        "AMAZON_EVENTBRIDGE" => "events",
        _ => return None,
    };
    Some(format!("{service}:path/{name}"))
}

/// Who is let in where a key is what an interface asks for, and a field is not opened by it.
pub(crate) const BY_DIRECTIVE: &str = "whom a directive of the schema asks for";

/// A field with its type: `("Query", "posts")`.
pub(crate) type Field = (String, String);

/// The fields of a schema that say whom they ask, and whether an API key will do.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<Field, bool>);

impl Fields {
    /// Those of a schema.
    pub(crate) fn of(schema: &str) -> Self {
        let words = words(schema);
        let mut found = BTreeMap::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            if *word != "type" {
                continue;
            }
            let Some(name) = words.get(at) else { break };
            let head = outside(&words, at, |word| word == "{" || word == "type");
            let of_type = asked(words.get(at..head).unwrap_or_default());
            at = head;
            if words.get(head) != Some(&"{") {
                continue;
            }
            let end = outside(&words, head, |word| word == "}");
            for field in fields(words.get(head + 1..end).unwrap_or_default()) {
                let own = asked(field);
                let asked = if own.is_empty() { &of_type } else { &own };
                if let Some(field) = field.first().filter(|_| !asked.is_empty()) {
                    let by_key = asked.contains(&"aws_api_key");
                    found.insert(((*name).to_owned(), (*field).to_owned()), by_key);
                }
            }
            at = end;
        }
        Self(found)
    }

    /// Whether an API key opens a field. `by_default`: whether it opens what says nothing.
    pub(crate) fn opens(&self, field: &Field, by_default: bool) -> bool {
        self.0.get(field).copied().unwrap_or(by_default)
    }

    /// Whether an API key opens some field.
    pub(crate) fn opens_any(&self, by_default: bool) -> bool {
        by_default || self.0.values().any(|by_key| *by_key)
    }
}

/// The first word of a kind that stands in no arguments.
fn outside(words: &[&str], from: usize, ends: impl Fn(&str) -> bool) -> usize {
    let mut depth = 0_usize;
    let rest = words.get(from..).unwrap_or_default();
    let found = rest.iter().position(|word| {
        match *word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && ends(word)
    });
    found.map_or(words.len(), |found| from + found)
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
            ending(text, "\"\"\"").map_or(rest.len(), |end| end + 6)
        } else if let Some(text) = rest.strip_prefix('"') {
            let line = text.find('\n').unwrap_or(text.len());
            ending(text.get(..line).unwrap_or(text), "\"").unwrap_or(line) + 2
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

/// Where a text ends: at the first mark before which there is no odd number of backslashes.
fn ending(text: &str, mark: &str) -> Option<usize> {
    let escaped = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        (before.len() - before.trim_end_matches('\\').len()) % 2 == 1
    };
    text.match_indices(mark).map(|(at, _)| at).find(|at| !escaped(*at))
}

#[cfg(test)]
mod tests;
