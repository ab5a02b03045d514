//! TOML with places, as the lock files of Python and Rust are written in.
//!
//! Invariant: keys that nest without end are refused before they are read. Not here: what the tables mean.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::graph::Unread;
use crate::source::{FileId, Place, SourceTree};

/// Full stops that one run of keys may have. Each opens a table within a table, and tables are freed one within the other.
const MAX_DOTS: usize = 200;

/// Reads a file.
pub(super) fn read(files: &SourceTree, file: FileId) -> Result<DeTable<'_>, Unread> {
    let text = super::text(files, file)?;
    if nests(text) {
        let why = "keys stand too deep in one another".to_owned();
        return Err(Unread { place: Place::whole(file), why });
    }
    DeTable::parse(text).map(Spanned::into_inner).map_err(|error| {
        let Range { start, end } = error.span().unwrap_or_default();
        Unread { place: Place::new(file, start, end), why: format!("not valid TOML: {}", error.message()) }
    })
}

/// Whether some line could be a key of very many parts.
pub(crate) fn nests(text: &str) -> bool {
    let mut dots = 0;
    for byte in text.bytes() {
        match byte {
            b'.' => dots += 1,
            b'=' | b'\n' | b',' | b'(' | b')' | b'/' | b':' | b'[' | b']' | b'{' | b'}' => dots = 0,
            _ => {}
        }
        if dots > MAX_DOTS {
            return true;
        }
    }
    false
}

/// A value, with its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// The tables of a list of tables: `[[package]]`.
pub(super) fn each<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> impl Iterator<Item = &'t Value<'a>> {
    table.get(name).and_then(|value| value.get_ref().as_array()).into_iter().flatten()
}

/// A text within a table.
pub(super) fn text<'t>(value: &'t DeValue<'_>, name: &str) -> Option<&'t str> {
    value.as_table()?.get(name)?.get_ref().as_str()
}

/// A table at the end of a path of keys.
pub(super) fn at<'t, 'a>(table: &'t DeTable<'a>, path: &[&str]) -> Option<&'t DeTable<'a>> {
    path.iter().try_fold(table, |table, name| table.get(*name)?.get_ref().as_table())
}

/// Where a value's own text stands, where it has one, else the value.
pub(super) fn place(file: FileId, value: &Value<'_>, name: &str) -> Place {
    let inner = value.get_ref().as_table().and_then(|table| table.get(name));
    let span = inner.unwrap_or(value).span();
    Place::new(file, span.start, span.end)
}
