//! How findings speak: lists, and what each format calls things.
//!
//! Not here: what is said (the themes).

use crate::graph::{App, Framework, Written};
use crate::known::Name;

/// How many things a sentence names before it counts.
const NAMED: usize = 4;

/// "`a`, `b` and `c`"; long lists end in "and 7 more".
pub(crate) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| format!("`{}`", item.as_ref())).collect();
    join(&quoted, "and")
}

/// As [`list`], of whole phrases.
pub(crate) fn join(phrases: &[String], word: &str) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] if phrases.len() <= NAMED => format!("{} {word} {last}", most.join(", ")),
        _ => {
            let shown: Vec<_> = phrases.iter().take(NAMED - 1).cloned().collect();
            format!("{} and {} more", shown.join(", "), phrases.len() - shown.len())
        }
    }
}

/// "1 route", "5 routes".
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The advice for the format that the app is written in.
pub(crate) fn by_format<'a>(
    app: &App,
    sam: &'a str,
    cloudformation: &'a str,
    serverless: &'a str,
    terraform: &'a str,
) -> &'a str {
    match app.framework {
        Framework::Sam => sam,
        Framework::CloudFormation => cloudformation,
        Framework::Serverless => serverless,
        Framework::Terraform => terraform,
    }
}

/// As [`by_format`], for an interface: one that is a plain resource is changed as such.
pub(crate) fn by_interface<'a>(
    app: &App,
    api: Option<&Name>,
    sam: &'a str,
    cloudformation: &'a str,
    serverless: &'a str,
    terraform: &'a str,
) -> &'a str {
    match api.and_then(|api| app.written.get(api)) {
        Some(Written::Resource) => cloudformation,
        _ => by_format(app, sam, cloudformation, serverless, terraform),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_sentences() {
        let check = |items: &[&str], wanted: &str| assert_eq!(list(items), wanted);
        check(&[], "");
        check(&["a"], "`a`");
        check(&["a", "b"], "`a` and `b`");
        check(&["a", "b", "c", "d"], "`a`, `b`, `c` and `d`");
        check(&["a", "b", "c", "d", "e"], "`a`, `b`, `c` and 2 more");
        assert_eq!(count(1, "route", "routes"), "1 route");
        assert_eq!(count(0, "route", "routes"), "0 routes");
    }
}
