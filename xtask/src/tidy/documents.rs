//! Rules for documents: what they name must be there, and no path of a machine may stand in any file.

use std::path::Path;

use super::Finding;
use crate::files::SourceFile;

/// Where sessions of this project happen to run. Put together here, because this file is checked too.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Checks one file: no machine path, and no relative link of a page leads nowhere.
pub(super) fn check(root: &Path, file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for word in MACHINE_PATHS {
        if let Some(at) = file.bytes.windows(word.len()).position(|window| window == word.as_bytes()) {
            let line = file.bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            findings.push(Finding::at(&file.path, line, &format!("`{word}` is a path of one machine")));
        }
    }
    let page = file.path.ends_with(".md");
    for (line, link) in file.text().filter(|_| page).map(links).unwrap_or_default() {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        if !root.join(folder).join(&link).exists() {
            findings.push(Finding::at(&file.path, line, &format!("`{link}` is not there")));
        }
    }
    findings
}

/// The relative links of a page, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for (_, rest) in
            line.match_indices("](").filter_map(|(at, mark)| line.split_at_checked(at + mark.len()))
        {
            let target = rest.split([')', '#', ' ']).next().unwrap_or("");
            if !target.is_empty() && !target.contains(':') {
                found.push((at + 1, target.to_owned()));
            }
        }
    }
    found
}

/// Holds the invariants of `ARCHITECTURE.md` to their tests. Format: under `## Invariants`, items `1. …`, counted up;
/// each names, in backticks, at least one `path/to/test.rs` or `path/to/test.rs::test_name`.
pub(super) fn invariants(root: &Path) -> Vec<Finding> {
    const PATH: &str = "ARCHITECTURE.md";
    let Ok(text) = std::fs::read_to_string(root.join(PATH)) else {
        return vec![Finding::new(PATH, "there is no such page: it holds the map and the invariants")];
    };
    check_invariants(&text, |path| std::fs::read_to_string(root.join(path)).ok())
        .into_iter()
        .map(|(line, what)| Finding::at(PATH, line, &what))
        .collect()
}

fn check_invariants(text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let section = text.lines().enumerate().skip_while(|(_, line)| *line != "## Invariants").skip(1);
    for (at, line) in section.take_while(|(_, line)| !line.starts_with("## ")) {
        let number = line.split_once(". ").and_then(|(number, _)| number.parse::<usize>().ok());
        match (number, items.last_mut()) {
            (Some(_), _) => items.push((at + 1, line.to_owned())),
            (None, Some((_, item))) => item.extend([" ", line.trim()]),
            (None, None) => {}
        }
    }
    let mut wrong = Vec::new();
    if items.is_empty() {
        wrong.push((1, "there are no numbered lines under `## Invariants`".to_owned()));
    }
    for (index, (line, item)) in items.iter().enumerate() {
        let number = index + 1;
        if !item.starts_with(&format!("{number}. ")) {
            wrong.push((*line, format!("invariant {number} is expected here")));
        }
        let tests: Vec<&str> = item
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| word.contains('/') && (word.ends_with(".rs") || word.contains(".rs::")))
            .collect();
        if tests.is_empty() {
            wrong.push((*line, format!("invariant {number} names no test, like `crates/core/tests/x.rs`")));
        }
        for test in tests {
            let (path, name) = test.split_once("::").unwrap_or((test, ""));
            match read(path) {
                None => wrong.push((*line, format!("`{path}` is not there"))),
                Some(source) if !name.is_empty() && !source.contains(&format!("fn {name}(")) => {
                    wrong.push((*line, format!("`{path}` has no test `{name}`")));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invariant_without_its_test_is_found() {
        let read = |path: &str| (path == "crates/a/b.rs").then(|| "fn holds() {}".to_owned());
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<_> = check_invariants(text, read).into_iter().map(|(_, what)| what).collect();
            assert_eq!(found.len(), expect.len(), "{found:?}");
            for (found, expect) in found.iter().zip(expect) {
                assert!(found.contains(expect), "{found}");
            }
        };
        check("## Invariants\n\n1. Holds: `crates/a/b.rs`\n", &[]);
        check("## Invariants\n1. Holds,\n   as `crates/a/b.rs::holds` shows.\n\n## Next\n2. Not here\n", &[]);
        check("## Invariants\n1. Holds: `crates/a/b.rs::falls`\n", &["has no test `falls`"]);
        check("## Invariants\n1. Holds: `crates/a/c.rs`\n", &["is not there"]);
        check("## Invariants\n1. Holds, says `core`\n", &["names no test"]);
        check("## Invariants\n2. Holds: `crates/a/b.rs`\n", &["invariant 1 is expected"]);
        check("# Map\n", &["no numbered lines"]);
    }

    #[test]
    fn machine_paths_and_dead_links_are_found() {
        let root = crate::files::root().unwrap();
        let check = |path: &str, text: &str, expect: usize| {
            let file = SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
            assert_eq!(super::check(&root, &file).len(), expect, "{text}");
        };
        check("docs/a.md", "[root](../Cargo.toml) [web](https://example.org) [here](#x)", 0);
        check("docs/a.md", "[gone](../Gone.toml)", 1);
        check("docs/a.md", "```\n[gone](../Gone.toml)\n```", 0);
        check("a.rs", &format!("x\n{}main", MACHINE_PATHS[0]), 1);
        check("a.wasm", &format!("\0{}.cargo", MACHINE_PATHS[1]), 1);
    }
}
