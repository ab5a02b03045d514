//! The files of a folder, as far as an assessment wants them.
//!
//! Invariants: symlinks are not followed, what `.gitignore` leaves out is left out, installed packages are never entered; sizes and counts
//! are bounded, and what was left out for that is said. Not here: what the files say.

use std::io::Read;
use std::path::Path;

use casemate_scan::source::SourceTree;

use crate::failure::Failure;
use crate::output::{Output, WARN, paint, plain_lines};

/// Larger files describe no app.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// More than this is no folder of apps.
const MAX_FILES: usize = 100_000;
const MAX_BYTES: usize = 96 << 20;
/// A file with a zero byte this early is no text.
const LOOKED_AT_BYTES: usize = 8_000;
/// Folders of what tools made or fetched.
const MADE: [&str; 10] = [
    "node_modules",
    "target",
    ".git",
    ".aws-sam",
    ".serverless",
    ".terraform",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
];

/// Reads a folder's files, or one file.
pub(super) fn take_in(path: &Path, output: &Output) -> Result<SourceTree, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
    };
    let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    let mut tree = SourceTree::new();
    if metadata.is_file() {
        let bytes = read(path, metadata.len()).map_err(|error| cannot(&error))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        tree.add(&name, bytes);
        output.note("Only this file is read. For the code and the lock files beside it, name its folder.");
        return Ok(tree);
    }
    let mut walk = ignore::WalkBuilder::new(path);
    walk.hidden(false).require_git(false).follow_links(false).sort_by_file_path(Path::cmp);
    walk.filter_entry(|entry| {
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        !folder || entry.depth() == 0 || !entry.file_name().to_str().is_some_and(|name| MADE.contains(&name))
    });
    let (mut files, mut bytes) = (0_usize, 0_usize);
    for entry in walk.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                output.note(&paint(WARN, plain_lines(&format!("left out: {error}"))));
                continue;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(relative) = entry.path().strip_prefix(path) else { continue };
        let name = relative.to_string_lossy().replace('\\', "/");
        let length = entry.metadata().map_or(0, |metadata| metadata.len());
        if length > MAX_FILE_BYTES {
            if describes(&name) {
                output.note(&paint(WARN, plain_lines(&format!("left out: `{name}` is larger than 16 MB"))));
            }
            continue;
        }
        files += 1;
        bytes = bytes.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        if files > MAX_FILES || bytes > MAX_BYTES {
            let message =
                format!("`{}` holds more than {MAX_FILES} files or 96 MB that could matter", path.display());
            return Err(Failure::failed(message).help("casemate scan one/of/its/folders"));
        }
        match read(entry.path(), length) {
            Ok(content) if content.iter().take(LOOKED_AT_BYTES).any(|byte| *byte == 0) => {}
            Ok(content) => {
                tree.add(&name, content);
            }
            Err(error) => output.note(&paint(WARN, plain_lines(&format!("left out: `{name}`: {error}")))),
        }
    }
    Ok(tree)
}

/// A file's bytes, never more than the bound, even where it grows.
fn read(path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_FILE_BYTES)).unwrap_or(0));
    std::fs::File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether somebody would miss the file.
fn describes(name: &str) -> bool {
    [".yaml", ".yml", ".json", ".tf", ".template"].iter().any(|end| name.ends_with(end))
}
