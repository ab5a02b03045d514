//! Rules for every `.rs` file: its header, its size, and words that may not stand in it.

use super::Finding;
use crate::files::SourceFile;

const MAX_LINES: usize = 500;

/// Words that are left for later, and later never comes. Put together here, because this file is checked too.
const UNFINISHED: [&str; 4] =
    [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[", "ignore")];

/// Checks one file, if it is Rust.
pub(super) fn check(file: &SourceFile) -> Vec<Finding> {
    let Some(text) = file.text().filter(|_| file.path.ends_with(".rs")) else { return Vec::new() };
    let path = file.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    // WHY exempt: a sibling `tests.rs` belongs to the file that declares it, whose header speaks for both; and a long
    // table of cases is not a long thought.
    let sibling_tests = name == "tests.rs";
    let tests = sibling_tests || path.split('/').any(|part| part == "tests");
    let mut findings = Vec::new();
    if name == concat!("mod", ".rs") {
        findings.push(Finding::new(path, "a module `foo` lives in `foo.rs`, beside its folder"));
    }
    if !sibling_tests && !text.starts_with("//!") {
        let what = "open the file with `//!`: what it owns, its invariant, what is not here";
        findings.push(Finding::at(path, 1, what));
    }
    let lines = text.lines().count();
    if !tests && lines > MAX_LINES {
        findings.push(Finding::new(path, &format!("{lines} lines; split it by concept below {MAX_LINES}")));
    }
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or(line);
        for word in UNFINISHED {
            if code.contains(word) {
                findings.push(Finding::at(path, at + 1, &format!("`{word}` may not stay")));
            }
        }
        if !path.starts_with("crates/sandbox/") && is_unsafe(code) {
            findings.push(Finding::at(path, at + 1, "unsafe code belongs to `sandbox` alone"));
        }
    }
    findings
}

/// Whether a line of code opens an unsafe block, item or attribute.
fn is_unsafe(code: &str) -> bool {
    const KEYWORD: &str = concat!("un", "safe");
    code.match_indices(KEYWORD).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code.get(at + KEYWORD.len()..).unwrap_or("");
        let rest = after.trim_start();
        let opens = ["{", "fn ", "impl", "trait ", "extern "].iter().any(|word| rest.starts_with(word));
        let spaced = after.starts_with(' ') || after.starts_with('{') || after.is_empty();
        let attribute = after.starts_with('(') && before.is_some_and(|c| c == '[' || c == ' ');
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '`') && (spaced && opens || attribute)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        check(&file).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn what_breaks_a_rule_is_found() {
        let check = |path: &str, text: &str, expect: Option<&str>| {
            let found = found(path, text);
            match expect {
                None => assert!(found.is_empty(), "{path}: {found:?}"),
                Some(part) => {
                    assert!(found.len() == 1 && found[0].contains(part), "{path}: {found:?}, not {part}");
                }
            }
        };
        check("crates/a/src/b.rs", "//! Owns b.\n", None);
        check("crates/a/src/b.rs", "fn b() {}\n", Some("b.rs:1: open the file"));
        check("crates/a/src/b/tests.rs", "fn b() {}\n", None);
        check(&format!("crates/a/src/b/{}.rs", "mod"), "//! Owns b.\n", Some("beside its folder"));
        check("crates/a/src/b.rs", &"//! Long.\n".repeat(500), None);
        check("crates/a/src/b.rs", &"//! Long.\n".repeat(501), Some("501 lines"));
        check("crates/a/tests/b.rs", &"//! Long.\n".repeat(501), None);
        for word in UNFINISHED {
            check("crates/a/src/b.rs", &format!("//! Owns b.\n{word}"), Some("b.rs:2: "));
            check("crates/a/src/b.rs", &format!("//! Owns b.\n// {word}"), None);
        }
        let block = format!("//! Owns b.\nlet x = {} {{ y }};", concat!("un", "safe"));
        check("crates/a/src/b.rs", &block, Some("`sandbox` alone"));
        check("crates/sandbox/src/b.rs", &block, None);
        check("crates/a/src/b.rs", "//! Owns b.\n#![deny(unsafe_code)] // unsafe { }\n", None);
        check("README.md", "no Rust", None);
    }
}
