//! JSON, with comments and commas at the end forgiven: what templates, CDK output and API descriptions are written in.
//!
//! Invariant: no recursion, so no depth of brackets exhausts the stack. Not here: JSON without places (`serde_json`).

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};

use super::builder::{Builder, Label, refused};
use super::{Node, NodeKind, text_of};
use crate::graph::Unread;
use crate::source::{FileId, Place, SourceTree};

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    /// A value, or the end of a list that is empty or had a comma.
    Value,
    /// A key, or the end of the map.
    Key,
    /// The colon behind a key.
    Colon,
    /// A comma, or an end.
    Comma,
}

/// Reads a JSON file.
///
/// # Errors
/// When it is no JSON, or beyond the bounds; with the place where reading stopped.
pub fn json(files: &SourceTree, file: FileId) -> Result<Node, Unread> {
    let (text, skipped) = text_of(files, file)?;
    let options = ScannerOptions {
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let mut scanner = Scanner::new(text, &options);
    let mut reader = Reader { builder: Builder::default(), kinds: Vec::new(), expect: Expect::Value };
    loop {
        let token = scanner.scan().map_err(|error| {
            let range = error.range();
            let place = Place::new(file, range.start + skipped, range.end + skipped);
            refused(place, format!("not valid JSON: {}", lowered(&error.kind().to_string())))
        })?;
        let place = Place::new(file, scanner.token_start() + skipped, scanner.token_end() + skipped);
        match token {
            Some(token) => reader.take(token, place)?,
            None if reader.builder.is_complete() => break,
            None => return Err(refused(place, "not valid JSON: it ends in the middle")),
        }
    }
    reader.builder.finish().ok_or_else(|| refused(Place::whole(file), "not valid JSON: it is empty"))
}

struct Reader {
    builder: Builder,
    /// Whether each open bracket is one of a map.
    kinds: Vec<bool>,
    expect: Expect,
}

impl Reader {
    fn take(&mut self, token: Token<'_>, place: Place) -> Result<(), Unread> {
        let kind = match token {
            Token::CommentLine(_) | Token::CommentBlock(_) => return Ok(()),
            _ if self.builder.is_complete() => {
                return Err(refused(place, "not valid JSON: something follows the value"));
            }
            Token::OpenBrace | Token::OpenBracket => {
                return self.open(place, matches!(token, Token::OpenBrace));
            }
            Token::CloseBrace | Token::CloseBracket => {
                return self.close(place, matches!(token, Token::CloseBrace));
            }
            Token::Comma if self.expect == Expect::Comma => {
                let map = self.kinds.last() == Some(&true);
                self.expect = if map { Expect::Key } else { Expect::Value };
                return Ok(());
            }
            Token::Colon if self.expect == Expect::Colon => {
                self.expect = Expect::Value;
                return Ok(());
            }
            Token::String(text) => NodeKind::String(text.into_owned()),
            Token::Number(text) => NodeKind::Number(text.to_owned()),
            Token::Boolean(value) => NodeKind::Bool(value),
            Token::Null => NodeKind::Null,
            Token::Comma | Token::Colon | Token::Word(_) => {
                return Err(refused(
                    place,
                    format!("not valid JSON: `{}` stands here", short(token.as_str())),
                ));
            }
        };
        match (self.expect, &kind) {
            (Expect::Value, _) => self.expect = Expect::Comma,
            (Expect::Key, NodeKind::String(_)) => self.expect = Expect::Colon,
            _ => return Err(refused(place, "not valid JSON: a value stands where none belongs")),
        }
        self.builder.value(Node { place, kind }, Label::default())
    }

    fn open(&mut self, place: Place, map: bool) -> Result<(), Unread> {
        if self.expect != Expect::Value {
            return Err(refused(place, "not valid JSON: a bracket stands where none belongs"));
        }
        self.expect = if map { Expect::Key } else { Expect::Value };
        self.kinds.push(map);
        self.builder.open(place, Label::default(), map)
    }

    fn close(&mut self, place: Place, map: bool) -> Result<(), Unread> {
        let fits = match self.expect {
            Expect::Comma => true,
            Expect::Key => map,
            Expect::Value => !map,
            Expect::Colon => false,
        };
        if !fits || self.kinds.pop() != Some(map) {
            return Err(refused(place, "not valid JSON: a bracket closes what is not open"));
        }
        self.expect = Expect::Comma;
        self.builder.close(place.end)
    }
}

fn lowered(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}
