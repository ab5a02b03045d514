//! The walls of the workspace, held by a test: what the compiler cannot see.
//!
//! Owns: the list of rules. Invariant: each rule has a test that shows it failing, and each finding says where and what
//! would mend it. Not here: style that clippy knows.

mod arrows;
mod code;
mod documents;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::{actions, files, guests};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    line: Option<usize>,
    what: String,
}

impl Finding {
    /// A finding about a whole file.
    pub(crate) fn new(path: &str, what: &str) -> Self {
        Self { path: path.to_owned(), line: None, what: what.to_owned() }
    }

    /// A finding about a line, counted from one.
    fn at(path: &str, line: usize, what: &str) -> Self {
        Self { line: Some(line), ..Self::new(path, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

/// Everything that is not as it should be, in the order of the rules.
pub(crate) fn findings(root: &Path) -> Result<Vec<Finding>> {
    let files = files::below(root, "")?;
    let mut findings = arrows::check(root)?;
    files.iter().for_each(|file| findings.extend(code::check(file)));
    files.iter().for_each(|file| findings.extend(documents::check(root, file)));
    findings.extend(documents::invariants(root));
    findings.extend(actions::check(root));
    findings.extend(guests::check(root)?);
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy() {
        let findings = findings(&files::root().unwrap()).unwrap();
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "`cargo xtask tidy` finds:\n{}", lines.join("\n"));
    }

    #[test]
    fn a_finding_says_where() {
        assert_eq!(Finding::new("a.rs", "is odd").to_string(), "a.rs: is odd");
        assert_eq!(Finding::at("a.rs", 3, "is odd").to_string(), "a.rs:3: is odd");
    }
}
