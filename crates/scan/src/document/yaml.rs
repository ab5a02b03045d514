//! YAML as templates use it: tags kept, anchors and merge keys expanded within bounds, the first document of several
//! that holds anything.
//!
//! Plain words are read as YAML 1.1 does, because CloudFormation and the SAM CLI do: `yes`, `no`, `on` and `off` are booleans beside `true`
//! and `false`. Numbers and dates keep their spelling. Invariants: places are bytes of the file; an alias holds the places of what
//! it repeats. Not here: what tags such as `!Ref` mean (`cloudformation`).

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::builder::{Builder, Label, refused};
use super::{Node, NodeKind, text_of};
use crate::graph::Unread;
use crate::source::{FileId, Place, SourceTree};

/// How many brackets, braces and commas a file may have: the parser keeps what stands in brackets until they close.
const MAX_FLOW_MARKS: usize = 1_500_000;

/// Reads the first document of a YAML file that holds anything; an empty file is null.
///
/// # Errors
/// When it is no YAML, or beyond the bounds; with the place where reading stopped.
pub fn yaml(files: &SourceTree, file: FileId) -> Result<Node, Unread> {
    let found = documents(files, file, 1)?.pop();
    Ok(found.unwrap_or(Node { place: Place::whole(file), kind: NodeKind::Null }))
}

/// Reads all documents of a YAML file that hold anything.
pub(super) fn yaml_all(files: &SourceTree, file: FileId) -> Result<Vec<Node>, Unread> {
    documents(files, file, usize::MAX)
}

fn documents(files: &SourceTree, file: FileId, most: usize) -> Result<Vec<Node>, Unread> {
    let (text, skipped) = text_of(files, file)?;
    let first = documents_in(file, text, skipped, most);
    match &first {
        // What AWS's own tools read must not be out of sight here.
        Err(unread) if unread.why.ends_with("invalid indentation") => match lenient(text) {
            Some(lenient) => documents_in(file, &lenient, skipped, most).or(first),
            None => first,
        },
        _ => first,
    }
}

/// The same text, as long and with every value where it was, in which no bracket closes at the margin: such a line goes on from the one
/// above. YAML wants it further in, and libyaml, which reads templates everywhere else, does not. Only a last resort: within a block of
/// text it would take out a line's end.
fn lenient(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut changed = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if start > 0 && line.get(indent..).is_some_and(|rest| rest.starts_with([']', '}'])) {
            // A comment above would swallow the bracket.
            let above = text.get(..start - 1)?.rfind('\n').map_or(0, |end| end + 1);
            let comment = text.get(above..start)?.find(" #").map_or(start - 1, |at| above + at);
            let comment = match text.get(above..start)?.trim_start().starts_with('#') {
                true => above,
                false => comment,
            };
            bytes.get_mut(comment..start)?.fill(b' ');
            changed = true;
        }
        start += line.len();
    }
    if changed { String::from_utf8(bytes).ok() } else { None }
}

fn documents_in(file: FileId, text: &str, skipped: usize, most: usize) -> Result<Vec<Node>, Unread> {
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{' | b',')).count() > MAX_FLOW_MARKS {
        return Err(refused(Place::whole(file), "more brackets and commas than a document may have"));
    }
    let places = Places::new(file, text, skipped);
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    let mut found = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| unreadable(&error, &places))?;
        let place = places.of(span);
        match event {
            Event::SequenceStart(anchor, tag) => builder.open(place, label(anchor, tag), false)?,
            Event::MappingStart(anchor, tag) => builder.open(place, label(anchor, tag), true)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(places.end_of(span))?,
            Event::Alias(anchor) => builder.alias(anchor, place)?,
            Event::Scalar(text, style, anchor, tag) => scalar(&mut builder, place, text, style, anchor, tag)?,
            Event::DocumentEnd => {
                found.extend(builder.take().filter(|document| document.kind != NodeKind::Null));
                if found.len() >= most {
                    break;
                }
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::Nothing => {}
        }
    }
    Ok(found)
}

fn scalar(
    builder: &mut Builder,
    place: Place,
    text: Cow<'_, str>,
    style: ScalarStyle,
    anchor: usize,
    tag: Option<Cow<'_, Tag>>,
) -> Result<(), Unread> {
    let is_text = tag.as_ref().is_some_and(|tag| means_text(tag));
    let label = label(anchor, tag);
    if style != ScalarStyle::Plain || is_text {
        return builder.value(Node { place, kind: NodeKind::String(text.into_owned()) }, label);
    }
    // Keys keep their spelling: `on:` of a workflow is no boolean.
    let kind = match builder.wants_key() {
        true => NodeKind::String(text.into_owned()),
        false => plain(text),
    };
    builder.plain(Node { place, kind }, label)
}

/// What a word without quotation marks means.
fn plain(text: Cow<'_, str>) -> NodeKind {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => NodeKind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => NodeKind::Bool(false),
        word if is_number(word) => NodeKind::Number(text.into_owned()),
        _ => NodeKind::String(text.into_owned()),
    }
}

fn is_number(word: &str) -> bool {
    let bare = word.strip_prefix(['-', '+']).unwrap_or(word);
    let all = |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| fits(&byte));
    if let Some(hexadecimal) = bare.strip_prefix("0x") {
        return all(hexadecimal, u8::is_ascii_hexdigit);
    }
    if let Some(octal) = bare.strip_prefix("0o") {
        return all(octal, |byte| matches!(byte, b'0'..=b'7'));
    }
    if !bare.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return false;
    }
    let (mantissa, exponent) = bare.split_once(['e', 'E']).map_or((bare, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), u8::is_ascii_digit)
    });
    (!whole.is_empty() || !fraction.is_empty()) && digits(whole) && digits(fraction) && exponent_fits
}

fn label(anchor: usize, tag: Option<Cow<'_, Tag>>) -> Label {
    // `!` alone and the standard tags (`!!str`, `!!map`) say nothing that the value does not say.
    let tag = tag.filter(|tag| !tag.is_yaml_core_schema() && !is_bare(tag));
    let tag = tag.map(|tag| match tag.handle.as_str() {
        "!" | "" => tag.suffix.clone(),
        handle => format!("{handle}{}", tag.suffix),
    });
    Label { anchor, tag }
}

fn means_text(tag: &Tag) -> bool {
    (tag.is_yaml_core_schema() && tag.suffix == "str") || is_bare(tag)
}

fn unreadable(error: &ScanError, places: &Places<'_>) -> Unread {
    let at = places.byte(error.marker().index());
    refused(
        Place::new(places.file, at, at),
        format!("not valid YAML: {}", error.info().trim_end_matches('.')),
    )
}

/// From the parser's positions, which count characters, to bytes.
struct Places<'a> {
    file: FileId,
    text: &'a str,
    skipped: usize,
    /// The byte of every [`STEP`]th character; empty where characters are bytes.
    steps: Vec<usize>,
}

const STEP: usize = 64;

impl<'a> Places<'a> {
    fn new(file: FileId, text: &'a str, skipped: usize) -> Self {
        let steps = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STEP).map(|(at, _)| at).collect(),
        };
        Self { file, text, skipped, steps }
    }

    fn byte(&self, character: usize) -> usize {
        let byte = match self.steps.get(character / STEP) {
            None if self.steps.is_empty() => character,
            None => self.text.len(),
            Some(start) => {
                let rest = self.text.get(*start..).unwrap_or_default();
                rest.char_indices().nth(character % STEP).map_or(self.text.len(), |(at, _)| start + at)
            }
        };
        byte.min(self.text.len()) + self.skipped
    }

    fn of(&self, span: Span) -> Place {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        Place::new(self.file, start, self.trimmed(start, end))
    }

    /// The end of a closing bracket; 0 where a block ends, which the parser notices only at what follows it.
    fn end_of(&self, span: Span) -> u32 {
        match span.is_empty() {
            true => 0,
            false => Place::new(self.file, 0, self.trimmed(self.skipped, self.byte(span.end.index()))).end,
        }
    }

    /// Without the space that a block of text or a bracket is followed by.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let text = self.text.get(start - self.skipped..end - self.skipped).unwrap_or_default();
        start + text.trim_end().len()
    }
}

/// Whether it is `!` alone.
fn is_bare(tag: &Tag) -> bool {
    matches!((tag.handle.as_str(), tag.suffix.as_str()), ("", "!") | ("!", ""))
}
