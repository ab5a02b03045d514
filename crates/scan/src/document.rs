//! Documents as trees in which every value knows its place: what YAML, JSON and their kin are read into.
//!
//! Invariants: keys keep their order and their places; a document that is too deep, too large or expands too far is refused with its
//! place, never cut silently. Not here: what the values mean (the formats).

mod builder;
mod json;
mod yaml;

pub use self::json::json;
pub use self::yaml::yaml;
use crate::graph::Unread;
use crate::known::Piece;
use crate::source::{FileId, Place, SourceTree};

/// The largest file that is read as a document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How deep values may stand in one another. Walks over a document may recurse because of it.
pub const MAX_DEPTH: usize = 128;

/// How many values a document may have once its aliases are expanded.
pub const MAX_NODES: usize = 2_000_000;

/// Values that aliases may repeat.
pub const MAX_ANCHORS: usize = 20_000;

/// Reads a file as what it looks like: JSON when it starts with a brace or bracket and is JSON, YAML otherwise.
///
/// # Errors
/// When it is neither, or beyond the bounds.
pub fn read(files: &SourceTree, file: FileId) -> Result<Node, Unread> {
    let path = files.path(file).to_ascii_lowercase();
    if path.ends_with(".json") || path.ends_with(".jsonc") {
        return json(files, file);
    }
    let (text, _) = text_of(files, file)?;
    match text.trim_start().starts_with(['{', '[']) {
        // YAML's own flow style looks the same, so a failure here says nothing yet.
        true => json(files, file).or_else(|_| yaml(files, file)),
        false => yaml(files, file),
    }
}

/// As [`read`], of all documents that a file of YAML holds; empty ones are left out.
///
/// # Errors
/// When one of them is neither, or beyond the bounds, which count for all of them together.
pub fn read_all(files: &SourceTree, file: FileId) -> Result<Vec<Node>, Unread> {
    let path = files.path(file).to_ascii_lowercase();
    let separated = text_of(files, file)?.0.lines().any(|line| line.starts_with("---"));
    if separated && !path.ends_with(".json") {
        yaml::yaml_all(files, file)
    } else {
        read(files, file).map(|document| vec![document])
    }
}

/// A file's text without its byte order mark, and how many bytes that mark has.
fn text_of(files: &SourceTree, file: FileId) -> Result<(&str, usize), Unread> {
    let refused = |why: &str| Unread { place: Place::whole(file), why: why.to_owned() };
    let bytes = &files.file(file).ok_or_else(|| refused("no such file"))?.bytes;
    if bytes.len() > MAX_BYTES {
        return Err(refused("larger than 16 MB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refused("not text in UTF-8"))?;
    // Parsers take a zero byte for the end; what stands behind it would be left out silently.
    if text.contains('\0') {
        return Err(refused("holds zero bytes, so it is no text"));
    }
    Ok(text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, text.len() - rest.len())))
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: NodeKind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    String(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the order in which they stand. A key that comes twice is kept twice; the last one counts.
    Map(Vec<(Key, Node)>),
    /// A value with a YAML tag: `!Ref x` has the tag `Ref`.
    Tagged(String, Box<Node>),
    /// Text of which a part cannot be told from the files, or a whole value that cannot: what a format's own variables leave behind
    /// (`arn:aws:s3:::${env:BUCKET}`). Parsers never make it. Literals within may still hold another language's references.
    Composed(Vec<Piece>),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where.
    pub place: Place,
    /// The text; numbers and booleans as they are written.
    pub text: String,
}

impl Node {
    /// A value of JSON that stands in a text, or that is made, so that everything in it has one place. Whoever parsed it bounds how deep it goes.
    pub(crate) fn of_json(value: &serde_json::Value, place: Place) -> Self {
        use serde_json::Value;
        let kind = match value {
            Value::Null => NodeKind::Null,
            Value::Bool(value) => NodeKind::Bool(*value),
            Value::Number(number) => NodeKind::Number(number.to_string()),
            Value::String(text) => NodeKind::String(text.clone()),
            Value::Array(items) => {
                NodeKind::List(items.iter().map(|item| Self::of_json(item, place)).collect())
            }
            Value::Object(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    (Key { place, text: key.clone() }, Self::of_json(value, place))
                };
                NodeKind::Map(entries.iter().map(entry).collect())
            }
        };
        Self { place, kind }
    }

    /// The value of a key, when this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key and its value.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Key, &Self)> {
        self.entries().iter().rev().find(|(found, _)| found.text == key).map(|(key, value)| (key, value))
    }

    /// The value at the end of a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Keys and values of a map; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    /// The values of a list, or the one value that stands where a list could.
    #[must_use]
    pub fn one_or_many(&self) -> &[Self] {
        match &self.kind {
            NodeKind::List(items) => items,
            NodeKind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, number or boolean, as templates take them for one another.
    #[must_use]
    pub fn as_scalar(&self) -> Option<String> {
        match &self.kind {
            NodeKind::String(text) | NodeKind::Number(text) => Some(text.clone()),
            NodeKind::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A boolean, also one in quotation marks.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            NodeKind::Bool(value) => Some(*value),
            NodeKind::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            NodeKind::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A whole number, also one in quotation marks.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match &self.kind {
            NodeKind::Number(text) | NodeKind::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Why it cannot be told, when it is a value that variables left open.
    #[must_use]
    pub fn why_open(&self) -> Option<String> {
        let NodeKind::Composed(pieces) = &self.kind else { return None };
        pieces.iter().find_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Unknown(why) => Some(why.clone()),
            Piece::Parameter(name) => Some(format!("`{name}` is given by whoever deploys")),
            Piece::Provider(name) => Some(format!("`{name}` is filled in by the provider")),
            Piece::Of { node, .. } => Some(format!("it is an attribute of `{node}`")),
            Piece::Environment(name) => Some(format!("it is the environment's `{name}`")),
        })
    }

    /// Whether this is a map.
    #[must_use]
    pub fn is_map(&self) -> bool {
        matches!(self.kind, NodeKind::Map(_))
    }
}

#[cfg(test)]
mod tests;
