//! `.tf.json` into the same [`Body`] that HCL is read into.
//!
//! Owns: which keys are blocks with labels, and that every string is a template. Not here: JSON itself (`json`).

use std::sync::Arc;

use super::json;
use super::parse::{self, Source};
use super::syntax::{Attribute, Block, Body, Expr, ExprKind};
use super::value::{Chunk, Key, Kind, Value};
use crate::graph::Unread;
use crate::known::Piece;
use crate::source::Place;

/// Reads a file of blocks.
pub(super) fn body(source: Source<'_>) -> Result<Body, Unread> {
    let value = document(source)?;
    let mut body = Body::default();
    for (key, value) in value.entries() {
        let labels = match &*key.text {
            "resource" | "data" => 2,
            "variable" | "output" | "module" | "provider" => 1,
            _ => 0,
        };
        blocks(&key.text, key, value, labels, &mut Vec::new(), &mut body.blocks);
    }
    Ok(body)
}

/// Reads a file of values: `terraform.tfvars.json`. Strings in it are no templates.
pub(super) fn values(source: Source<'_>) -> Result<Vec<Attribute>, Unread> {
    let value = document(source)?;
    let read = value.entries().iter();
    Ok(read.map(|(key, value)| Attribute { name: key.text.to_string(), value: plain(value) }).collect())
}

fn document(source: Source<'_>) -> Result<Value, Unread> {
    let text = source.text();
    let place = source.place(0, text.len());
    let chunks = [Chunk { piece: Piece::Literal(text.to_owned()), at: Some(place) }];
    let unread = |why: String| Unread { place: source.place(0, 0), why };
    let value = json::read(&chunks, place).map_err(unread)?;
    match value.kind {
        Kind::Map(_) => Ok(value),
        Kind::Unknown(why) => Err(unread(why.to_string())),
        _ => Err(unread("it holds no JSON object".to_owned())),
    }
}

/// Goes down through the labels; a list stands for several blocks.
fn blocks(
    kind: &str,
    head: &Key,
    value: &Value,
    left: usize,
    labels: &mut Vec<Arc<str>>,
    out: &mut Vec<Block>,
) {
    if let Kind::List(_) = value.kind {
        for item in value.items().iter().filter(|item| item.is_map()) {
            blocks(kind, head, item, left, labels, out);
        }
        return;
    }
    if left == 0 {
        let labels = labels.iter().map(|label| label.to_string()).collect();
        out.push(Block { kind: kind.to_owned(), labels, head: head.place, body: attributes(value) });
        return;
    }
    for (key, value) in value.entries().iter().filter(|(key, _)| &*key.text != "//") {
        labels.push((&*key.text).into());
        blocks(kind, key, value, left - 1, labels, out);
        labels.pop();
    }
}

fn attributes(value: &Value) -> Body {
    let entries = value.entries().iter().filter(|(key, _)| &*key.text != "//");
    let attributes = entries.map(|(key, value)| Attribute { name: key.text.to_string(), value: expr(value) });
    Body { attributes: attributes.collect(), blocks: Vec::new() }
}

/// A value in which strings are templates.
fn expr(value: &Value) -> Expr {
    convert(value, &|value| {
        let text = value.as_literal().unwrap_or_default();
        if !text.contains("${") && !text.contains("%{") {
            return Expr::text(value.place, text, verbatim(value));
        }
        let source = match verbatim(value) {
            Some(at) => Source::within(&text, at),
            None => Source::fixed(&text, value.place),
        };
        match parse::template(source) {
            Ok(parts) => Expr { place: value.place, kind: ExprKind::Template(parts) },
            Err(_) => Expr::text(value.place, text.as_str(), None),
        }
    })
}

/// A value in which strings are what they are.
fn plain(value: &Value) -> Expr {
    convert(value, &|value| Expr::text(value.place, value.as_literal().unwrap_or_default(), verbatim(value)))
}

fn convert(value: &Value, string: &dyn Fn(&Value) -> Expr) -> Expr {
    let kind = match &value.kind {
        Kind::Bool(value) => ExprKind::Bool(*value),
        Kind::Number(value) => ExprKind::Number(*value),
        Kind::Text(_) => return string(value),
        Kind::List(_) => ExprKind::List(value.items().iter().map(|item| convert(item, string)).collect()),
        Kind::Map(_) => ExprKind::Object(
            value
                .entries()
                .iter()
                .map(|(key, value)| (Expr::text(key.place, &*key.text, None), convert(value, string)))
                .collect(),
        ),
        Kind::Null | Kind::Json(_) | Kind::Thing(_) | Kind::Unknown(_) | Kind::Absent(_) => ExprKind::Null,
    };
    Expr { place: value.place, kind }
}

/// The place of exactly the characters of a string.
fn verbatim(value: &Value) -> Option<Place> {
    match &value.kind {
        Kind::Text(chunks) => match chunks.as_ref() {
            [Chunk { at, .. }] => *at,
            _ => None,
        },
        _ => None,
    }
}
