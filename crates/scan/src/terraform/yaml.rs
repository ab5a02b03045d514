//! YAML as a value, from texts that may hold references: OpenAPI bodies in files and templates, `yamldecode`.
//!
//! Not here: YAML itself, which `document` reads within its own bounds.

use super::json::{HOLE, Joined};
use super::value::{Chunk, Key, Value};
use crate::document::{self, Node, NodeKind};
use crate::known::Piece;
use crate::source::{Place, SourceTree};

/// Reads a text as YAML. `whole` is the place of what has none of its own.
pub(super) fn read(chunks: &[Chunk], whole: Place) -> Result<Value, String> {
    let joined = Joined::new(chunks, whole);
    let mut tree = SourceTree::new();
    let file = tree.add("joined.yaml", joined.text.clone().into_bytes());
    let node = document::yaml(&tree, file).map_err(|unread| format!("it is not YAML: {}", unread.why))?;
    Ok(value(&node, &joined))
}

fn value(node: &Node, joined: &Joined) -> Value {
    let (start, end) = (node.place.start as usize, node.place.end as usize);
    let place = joined.place(start, end);
    match &node.kind {
        NodeKind::Null => Value::null(place),
        NodeKind::Bool(value) => Value::bool(place, *value),
        NodeKind::Number(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Value::number(place, number),
            _ => Value::literal(place, text.as_str()),
        },
        NodeKind::String(text) => Value::text(place, pieces(text, joined, start..end)),
        NodeKind::List(items) => Value::list(place, items.iter().map(|item| value(item, joined)).collect()),
        NodeKind::Map(entries) => {
            let entry = |(key, item): &(document::Key, Node)| {
                let at = joined.place(key.place.start as usize, key.place.end as usize);
                (Key::new(key.text.as_str(), at), value(item, joined))
            };
            Value::map(place, entries.iter().map(entry).collect())
        }
        NodeKind::Tagged(_, inner) => value(inner, joined),
        NodeKind::Composed(_) => Value::unknown(place, "it is put together from other values"),
    }
}

/// The parts of a text in which marks stand for what is not known.
fn pieces(text: &str, joined: &Joined, span: std::ops::Range<usize>) -> Vec<Chunk> {
    let mut holes = joined.holes.range(span).map(|(_, piece)| piece);
    let mut chunks = Vec::new();
    for (at, literal) in text.split(HOLE).enumerate() {
        if at > 0 {
            let lost = || Piece::Unknown("it is left open".to_owned());
            chunks.push(Chunk { piece: holes.next().cloned().unwrap_or_else(lost), at: None });
        }
        if !literal.is_empty() {
            chunks.push(Chunk::literal(literal));
        }
    }
    chunks
}
