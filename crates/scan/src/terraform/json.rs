//! JSON as a value, from texts that may hold references: policies in heredocs, `jsondecode`, `.tf.json`.
//!
//! Invariants: every value has its place where the text stands in a file as it is; depth is bounded. Not here: what the values mean.

use std::collections::BTreeMap;

use super::value::{Chunk, Key, Kind, Value};
use crate::known::Piece;
use crate::source::Place;

/// Brackets within each other.
const MAX_DEPTH: usize = 64;

/// Stands in the joined text for a part that is not known.
pub(super) const HOLE: char = '\u{FFFC}';

/// Reads a text as JSON. `whole` is the place of what has none of its own.
pub(super) fn read(chunks: &[Chunk], whole: Place) -> Result<Value, String> {
    let mut reader = Reader { joined: Joined::new(chunks, whole), at: 0 };
    let value = reader.value(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.blame("something follows its end")),
    }
}

/// Writes a value as JSON.
pub(super) fn write(value: &Value) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    write_into(value, &mut chunks);
    chunks
}

fn write_into(value: &Value, out: &mut Vec<Chunk>) {
    let mut plain = |text: &str| out.push(Chunk::literal(text));
    match &value.kind {
        Kind::Null => plain("null"),
        Kind::Bool(_) | Kind::Number(_) => plain(&value.as_literal().unwrap_or_default()),
        Kind::Text(chunks) => {
            plain("\"");
            for chunk in chunks.iter() {
                out.push(match &chunk.piece {
                    Piece::Literal(text) => Chunk::literal(escaped(text)),
                    _ => chunk.clone(),
                });
            }
            out.push(Chunk::literal("\""));
        }
        Kind::List(_) => {
            plain("[");
            for (at, item) in value.items().iter().enumerate() {
                if at > 0 {
                    out.push(Chunk::literal(","));
                }
                write_into(item, out);
            }
            out.push(Chunk::literal("]"));
        }
        Kind::Map(_) => {
            plain("{");
            for (at, (key, item)) in value.entries().iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                out.push(Chunk::literal(format!("{comma}\"{}\":", escaped(&key.text))));
                write_into(item, out);
            }
            out.push(Chunk::literal("}"));
        }
        Kind::Json(_) | Kind::Thing(_) | Kind::Unknown(_) | Kind::Absent(_) => {
            plain("\"");
            for chunk in value.chunks() {
                out.push(match &chunk.piece {
                    Piece::Literal(text) => Chunk::literal(escaped(text)),
                    _ => chunk,
                });
            }
            out.push(Chunk::literal("\""));
        }
    }
}

/// How long a value is as JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: usize,
    /// Characters among them that grow when the text is written within JSON once more: quotation marks and backslashes.
    marks: usize,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), marks: self.marks.saturating_add(other.marks) }
    }

    /// The same without anything to escape.
    fn plain(bytes: usize) -> Self {
        Self { bytes, marks: 0 }
    }

    /// Between quotation marks.
    fn quoted(self) -> Self {
        self.and(Self { bytes: 2, marks: 2 })
    }

    /// Of characters, escaped.
    fn of(text: &str) -> Self {
        let one = |sum: Self, byte: u8| {
            sum.and(match byte {
                b'"' | b'\\' => Self { bytes: 2, marks: 2 },
                b'\n' | b'\r' | b'\t' | 8 | 12 => Self { bytes: 2, marks: 1 },
                0..32 => Self { bytes: 6, marks: 1 },
                _ => Self::plain(1),
            })
        };
        text.bytes().fold(Self::default(), one)
    }
}

/// How long a value would be, without writing it. It has to match [`write`].
pub(super) fn measure(value: &Value) -> Size {
    match &value.kind {
        Kind::Null => Size::plain(4),
        Kind::Bool(_) | Kind::Number(_) => Size::plain(value.as_literal().map_or(0, |text| text.len())),
        Kind::Text(chunks) => chunks_size(chunks).quoted(),
        Kind::List(_) => {
            let items = value.items();
            let all = items.iter().fold(Size::default(), |sum, item| sum.and(measure(item)));
            all.and(Size::plain(2 + items.len().saturating_sub(1)))
        }
        Kind::Map(_) => {
            let entries = value.entries();
            let entry = |(key, item): &(Key, Value)| Size::of(&key.text).quoted().and(measure(item));
            let all = entries.iter().fold(Size::default(), |sum, one| sum.and(entry(one)));
            all.and(Size::plain(2 + entries.len() + entries.len().saturating_sub(1)))
        }
        // Every mark of the inner text becomes two.
        Kind::Json(inner) => {
            let Size { bytes, marks } = inner.size;
            Size { bytes: bytes.saturating_add(marks), marks: marks.saturating_mul(2) }.quoted()
        }
        Kind::Thing(_) | Kind::Unknown(_) | Kind::Absent(_) => chunks_size(&value.chunks()).quoted(),
    }
}

fn chunks_size(chunks: &[Chunk]) -> Size {
    let one = |chunk: &Chunk| match &chunk.piece {
        Piece::Literal(text) => Size::of(text),
        _ => Size::plain(chunk.length()),
    };
    chunks.iter().fold(Size::default(), |sum, chunk| sum.and(one(chunk)))
}

fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::String(text.to_owned()).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// The parts of a text as one text, with a mark for each part that is not known.
pub(super) struct Joined {
    pub(super) text: String,
    /// What stands at the marks, by offset.
    pub(super) holes: BTreeMap<usize, Piece>,
    /// Offsets at which parts of the text start, in order, and their places.
    parts: Vec<(usize, Option<Place>)>,
    /// The place of what has none of its own.
    whole: Place,
}

impl Joined {
    pub(super) fn new(chunks: &[Chunk], whole: Place) -> Self {
        let mut joined = Self { text: String::new(), holes: BTreeMap::new(), parts: Vec::new(), whole };
        for chunk in chunks {
            joined.parts.push((joined.text.len(), chunk.at));
            match &chunk.piece {
                // A mark that the writer put there would be taken for one of ours.
                Piece::Literal(text) if text.contains(HOLE) => {
                    joined.text.push_str(&text.replace(HOLE, "\u{FFFD}"));
                }
                Piece::Literal(text) => joined.text.push_str(text),
                piece => {
                    joined.holes.insert(joined.text.len(), piece.clone());
                    joined.text.push(HOLE);
                }
            }
        }
        joined
    }

    /// Where a stretch of the text stands in its file.
    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        let position = |offset: usize| {
            let next = self.parts.partition_point(|(from, _)| *from <= offset);
            let (from, at) = self.parts.get(next.checked_sub(1)?)?;
            let at = (*at)?;
            Some((at.file, at.start as usize + (offset - from)))
        };
        match (position(start), position(end.saturating_sub(1))) {
            (Some((file, start)), Some((other, last))) if file == other && last >= start => {
                Place::new(file, start, last + 1)
            }
            (Some((file, start)), _) => Place::new(file, start, start + 1),
            _ => self.whole,
        }
    }
}

struct Reader {
    joined: Joined,
    at: usize,
}

impl Reader {
    fn place(&self, start: usize, end: usize) -> Place {
        self.joined.place(start, end)
    }

    fn peek(&self) -> Option<char> {
        self.joined.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let found = self.peek()?;
        self.at += found.len_utf8();
        Some(found)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|found| found.is_ascii_whitespace() || found == '\u{feff}') {
            self.next();
        }
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.blank();
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn blame(&self, why: &str) -> String {
        format!("it is not JSON: {why} (at its byte {})", self.at)
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.blame("it nests too deep"));
        }
        self.blank();
        let start = self.at;
        match self.peek() {
            Some('{') => self.map(depth),
            Some('[') => self.list(depth),
            Some('"') => {
                let (chunks, place) = self.string()?;
                Ok(Value::text(place, chunks))
            }
            Some(HOLE) => {
                self.next();
                let piece = self.joined.holes.get(&start).cloned();
                let piece = piece.unwrap_or_else(|| Piece::Unknown("it is left open".to_owned()));
                Ok(Value::piece(self.place(start, self.at), piece))
            }
            Some(_) => self.word(),
            None => Err(self.blame("it ends too early")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let start = self.at;
        self.next();
        let mut entries = Vec::new();
        loop {
            if self.takes('}') {
                break;
            }
            self.blank();
            let (chunks, place) = self.string()?;
            let key = Value::text(place, chunks).to_text().to_string();
            if !self.takes(':') {
                return Err(self.blame("a colon is missing"));
            }
            entries.push((Key::new(key, place), self.value(depth + 1)?));
            if !self.takes(',') {
                if self.takes('}') {
                    break;
                }
                return Err(self.blame("a comma or brace is missing"));
            }
        }
        Ok(Value::map(self.place(start, self.at), entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let start = self.at;
        self.next();
        let mut items = Vec::new();
        loop {
            if self.takes(']') {
                break;
            }
            items.push(self.value(depth + 1)?);
            if !self.takes(',') {
                if self.takes(']') {
                    break;
                }
                return Err(self.blame("a comma or bracket is missing"));
            }
        }
        Ok(Value::list(self.place(start, self.at), items))
    }

    fn word(&mut self) -> Result<Value, String> {
        let start = self.at;
        while self.peek().is_some_and(|found| found.is_ascii_alphanumeric() || "+-.".contains(found)) {
            self.next();
        }
        let place = self.place(start, self.at);
        let word = self.joined.text.get(start..self.at).unwrap_or_default();
        match word {
            "true" => Ok(Value::bool(place, true)),
            "false" => Ok(Value::bool(place, false)),
            "null" => Ok(Value::null(place)),
            _ => match word.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Value::number(place, number)),
                _ => Err(self.blame("a value is missing")),
            },
        }
    }

    /// A string with its parts, and its place with the quotation marks.
    fn string(&mut self) -> Result<(Vec<Chunk>, Place), String> {
        let start = self.at;
        if self.next() != Some('"') {
            return Err(self.blame("a quotation mark is missing"));
        }
        let mut chunks = Vec::new();
        let mut text = String::new();
        let mut from = self.at;
        loop {
            let here = self.at;
            match self.next().ok_or_else(|| self.blame("a string does not end"))? {
                '"' => {
                    self.close(&mut chunks, &mut text, from, here);
                    return Ok((chunks, self.place(start, self.at)));
                }
                '\\' => text.push(self.escape()?),
                HOLE => {
                    self.close(&mut chunks, &mut text, from, here);
                    if let Some(piece) = self.joined.holes.get(&here) {
                        chunks.push(Chunk { piece: piece.clone(), at: None });
                    }
                    from = self.at;
                }
                other => text.push(other),
            }
        }
    }

    /// Ends a run of characters.
    fn close(&self, chunks: &mut Vec<Chunk>, text: &mut String, from: usize, to: usize) {
        if text.is_empty() {
            return;
        }
        let literal = std::mem::take(text);
        let same = self.joined.text.get(from..to) == Some(literal.as_str());
        let place = same.then(|| self.place(from, to));
        let at = place.filter(|place| (place.end - place.start) as usize == literal.len());
        chunks.push(Chunk { piece: Piece::Literal(literal), at });
    }

    fn escape(&mut self) -> Result<char, String> {
        Ok(match self.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let first = self.hex()?;
                let second = if (0xD800..0xDC00).contains(&first)
                    && self.joined.text.get(self.at..self.at + 2) == Some("\\u")
                {
                    self.at += 2;
                    Some(self.hex()?)
                } else {
                    None
                };
                let code = match second {
                    Some(second) => 0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF),
                    None => first,
                };
                char::from_u32(code).unwrap_or('\u{FFFD}')
            }
            Some(other) => other,
            None => return Err(self.blame("a string does not end")),
        })
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self
            .joined
            .text
            .get(self.at..self.at + 4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        digits.ok_or_else(|| self.blame("an escape is wrong"))
    }
}
