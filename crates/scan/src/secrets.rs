//! Secrets in clear text: keys of known formats, and values whose names say that they are secret.
//!
//! Owns: finding them in a text, and cutting them short for reports. Invariants: every search is linear in the text; a secret leaves this
//! room only cut short; placeholders, references and names of secrets are none. Not here: which texts are searched and what is
//! reported (`rules::secrets`).

mod commands;
mod formats;
mod guess;
mod lines;
mod names;
pub(crate) mod shown;

pub use self::lines::Syntax;

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// What it is, with its article: `an AWS access key`.
    pub what: &'static str,
    /// The name that it is given, where there is one.
    pub name: Option<String>,
    /// How much it opens.
    pub weight: Weight,
}

/// How much a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Little, or only for a while: test keys, tokens that end, keys that browsers carry.
    Light,
    /// Something real.
    Heavy,
}

/// A secret as reports may show it: enough to recognise it, not enough to use it.
#[must_use]
pub fn cut(secret: &str) -> String {
    let length = secret.chars().count();
    let shown = if length >= 12 { 4 } else { usize::from(length >= 6) };
    format!("{}…", secret.chars().take(shown).collect::<String>())
}

/// Whether a value that has a name is a secret: what it is.
#[must_use]
pub fn of_value(name: &str, value: &str) -> Option<(&'static str, Weight)> {
    if let Some(leak) = formats::find(value).into_iter().next() {
        return Some((leak.what, leak.weight));
    }
    names::is_secret(name, value).then_some(("a secret by its name", Weight::Heavy))
}

/// Whether a name says that its value is secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    names::kind(name).is_some()
}

/// Whether a value only stands for one that is still to be filled in.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    names::is_placeholder(value)
}

/// Whether a password is one that anyone would try.
#[must_use]
pub fn is_guessable(value: &str) -> bool {
    guess::is_guessable(value)
}

/// Whether a password is a word of everybody's, which need not be hidden wherever it stands.
#[must_use]
pub fn is_everybodys(value: &str) -> bool {
    guess::is_guessable(value) && of_value("password", value).is_none()
}

/// Whether a value leads to a secret, or is a setting, rather than being one.
#[must_use]
pub fn is_reference(value: &str) -> bool {
    names::is_reference(value)
}

/// Every secret in a text, by place. With a syntax, also values whose names say so.
#[must_use]
pub fn in_text(text: &str, syntax: Option<Syntax>) -> Vec<Leak> {
    let mut leaks = formats::find(text);
    let known = leaks.len();
    for named in syntax.map(|syntax| lines::find(text, syntax)).unwrap_or_default() {
        // A known format says more than a name. Both kinds come by place, so the one that it meets is found without looking at all.
        let of_form = leaks.get(..known).unwrap_or_default();
        let at = of_form.partition_point(|leak| leak.end <= named.start);
        let last = leaks.len().saturating_sub(1);
        let meets = |leak: &Leak| leak.start < named.end && named.start < leak.end;
        let met = [at, last].into_iter().find(|at| leaks.get(*at).is_some_and(meets));
        match met.and_then(|at| leaks.get_mut(at)) {
            Some(leak) => leak.name = named.name,
            None => leaks.push(named),
        }
    }
    leaks.sort_by_key(|leak| leak.start);
    leaks
}

/// A text in which no secret can be read, as far as the text alone says; `report::cover` knows more of an app.
#[must_use]
pub fn redact(text: &str) -> String {
    shown::without(text, shown::cuts(text))
}

#[cfg(test)]
mod tests;
