//! The files that an assessment reads, and places in them.
//!
//! Owns: what was taken in (relative paths and bytes) and how a byte offset becomes a line and a column. Invariants: paths are relative,
//! with `/` between and no `..`; a place always names a file of the tree it came from. Not here: walking a disk (`cli`), parsing.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

/// A file of a [`SourceTree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FileId(u32);

/// A stretch of a file, by byte offsets. Lines and columns come from [`SourceTree::locate`] when someone wants to read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Place {
    /// A stretch of a file. Offsets beyond 4 GiB are cut; no such file is taken in.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let cut = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: cut(start), end: cut(end.max(start)) }
    }

    /// The whole file, shown as its first line.
    #[must_use]
    pub fn whole(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// Where a reader looks: counted from one, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One file.
#[derive(Debug)]
pub struct SourceFile {
    /// Its path, relative to the tree's root.
    pub path: String,
    /// What it holds.
    pub bytes: Arc<[u8]>,
    lines: OnceLock<Vec<u32>>,
    /// How many characters begin before every [`STRIDE`]-th byte, so that a column costs the same in a line of any length.
    characters: OnceLock<Vec<u32>>,
}

/// How many bytes are counted for a column at most.
const STRIDE: usize = 1_024;

impl SourceFile {
    /// Its text, without a byte order mark; `None` when it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Offsets at which lines start.
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            let starts = ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
            std::iter::once(0).chain(starts).collect()
        })
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, offset: usize) -> u32 {
        let strides = self.characters.get_or_init(|| {
            let mut before = 0;
            let counted = self.bytes.chunks(STRIDE).map(|chunk| {
                before += begins(chunk);
                before
            });
            std::iter::once(0).chain(counted).collect()
        });
        let offset = offset.min(self.bytes.len());
        let counted = strides.get(offset / STRIDE).copied().unwrap_or(0);
        counted + begins(self.bytes.get(offset / STRIDE * STRIDE..offset).unwrap_or_default())
    }

    fn position(&self, offset: u32) -> Position {
        let line = self.lines().partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.lines().get(line).copied().unwrap_or(0);
        let column =
            self.characters_before(offset as usize).saturating_sub(self.characters_before(start as usize));
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Position { line: line.saturating_add(1), column: column.saturating_add(1) }
    }
}

/// How many characters begin in some bytes: one at every byte that does not continue one.
fn begins(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()).unwrap_or(u32::MAX)
}

/// All files of one assessment.
#[derive(Debug, Default)]
pub struct SourceTree {
    files: Vec<SourceFile>,
    by_path: BTreeMap<String, FileId>,
}

impl SourceTree {
    /// A tree of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in. `path` is relative, with `/` between; a file of the same path is replaced by name, its places stay valid.
    pub fn add(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.by_path.insert(path.to_owned(), id);
        self.files.push(SourceFile {
            path: path.to_owned(),
            bytes: bytes.into(),
            lines: OnceLock::new(),
            characters: OnceLock::new(),
        });
        id
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.by_path.values().filter_map(|id| Some((*id, self.file(*id)?)))
    }

    /// One file.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The file at a path; `.` and `..` within it are resolved, and nothing outside the tree is ever found.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(&normalise(path)?).copied()
    }

    /// The files below a folder (`""` for all of them), by path.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (FileId, &'a SourceFile)> + use<'a> {
        let folder = normalise(folder).unwrap_or_default();
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.by_path.range(prefix.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&prefix))
            .filter_map(|(_, id)| Some((*id, self.file(*id)?)))
    }

    /// A file's path; empty for an id of another tree.
    #[must_use]
    pub fn path(&self, id: FileId) -> &str {
        self.file(id).map_or("", |file| file.path.as_str())
    }

    /// The line on which a place starts: without the columns, which cost the length of the line.
    #[must_use]
    pub fn line_of(&self, place: Place) -> u32 {
        let starts = self.file(place.file).map(SourceFile::lines).unwrap_or_default();
        u32::try_from(starts.partition_point(|start| *start <= place.start)).unwrap_or(u32::MAX).max(1)
    }

    /// Where a place starts and ends, for readers.
    #[must_use]
    pub fn locate(&self, place: Place) -> (Position, Position) {
        let nowhere = Position { line: 1, column: 1 };
        self.file(place.file)
            .map_or((nowhere, nowhere), |file| (file.position(place.start), file.position(place.end)))
    }

    /// The text of a place; empty where it is not UTF-8. Costs the length of the place, however long the file is.
    #[must_use]
    pub fn excerpt(&self, place: Place) -> &str {
        let bytes = self.file(place.file).map_or(&[][..], |file| &file.bytes);
        let part = bytes.get(place.start as usize..place.end as usize).unwrap_or_default();
        std::str::from_utf8(part).unwrap_or_default()
    }

    /// A whole line, counted from one, without its end; nothing where there is no such line.
    #[must_use]
    pub fn line(&self, file: FileId, line: u32) -> Option<Place> {
        let found = self.file(file)?;
        let at = (line as usize).checked_sub(1)?;
        let start = *found.lines().get(at)? as usize;
        let end = found.lines().get(at + 1).map_or(found.bytes.len(), |next| *next as usize);
        let bytes = found.bytes.get(start..end)?;
        let ends = bytes.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        Some(Place::new(file, start, end - ends))
    }

    /// The part of a place that stands within so many bytes of an offset, cut between characters.
    #[must_use]
    pub fn around(&self, place: Place, offset: u32, before: u32, behind: u32) -> Place {
        let bytes = self.file(place.file).map_or(&[][..], |file| &file.bytes);
        let inside = |at: u32| bytes.get(at as usize).is_some_and(|byte| byte & 0xC0 == 0x80);
        let mut start = offset.saturating_sub(before).clamp(place.start, place.end);
        while start > place.start && inside(start) {
            start -= 1;
        }
        let mut end = offset.saturating_add(behind).clamp(start, place.end.max(start));
        while end < place.end && inside(end) {
            end += 1;
        }
        Place { file: place.file, start, end }
    }
}

/// A relative path without `.` and `..`; `None` when it leads out of the tree.
#[must_use]
pub fn normalise(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
