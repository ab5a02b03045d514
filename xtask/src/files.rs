//! Which files belong to the workspace, and where they lie.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold what was built or fetched, not what was written.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "corpus"];

/// The workspace's folder.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("xtask lies in no workspace")?;
    Ok(root.to_owned())
}

/// A file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceFile {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl SourceFile {
    /// Its text, if it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        if self.bytes.contains(&0) { None } else { std::str::from_utf8(&self.bytes).ok() }
    }
}

/// All files below a folder of the root (`""` is the root itself), sorted by path.
pub(crate) fn below(root: &Path, folder: &str) -> Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    collect(root, &root.join(folder), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<SourceFile>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name();
        if kind.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                collect(root, &entry.path(), found)?;
            }
        } else if kind.is_file() {
            let path = entry.path();
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            found.push(SourceFile { path: slashes(path.strip_prefix(root)?), bytes });
        }
    }
    Ok(())
}

/// A path with `/` between its parts, on every system.
pub(crate) fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
