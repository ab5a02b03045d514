//! From resolved values of a document to the words of the graph: texts, settings, truth.
//!
//! Invariant: a value that was left open becomes an unknown with its reason. Not here: resolving (`resolve`).

use crate::document::{Node, NodeKind};
use crate::known::{Known, Piece, Setting, Text};
use crate::source::Place;

/// The text of a value, with references kept.
pub(crate) fn text(node: &Node) -> Text {
    let place = node.place;
    match &node.kind {
        NodeKind::Composed(pieces) => Text { pieces: pieces.clone(), place },
        NodeKind::Null => Text::literal("", place),
        NodeKind::Tagged(_, inner) => Text { place, ..text(inner) },
        // A list of one stands for its value in many places of templates.
        NodeKind::List(items) => match items.as_slice() {
            [one] => text(one),
            _ => Text::unknown("a list stands where text belongs", place),
        },
        NodeKind::Map(_) => Text::unknown("a structure stands where text belongs", place),
        NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {
            Text::literal(node.as_scalar().unwrap_or_default(), place)
        }
    }
}

/// The texts of a list, or of the one value that stands for a list.
pub(crate) fn texts(node: &Node) -> Vec<Text> {
    node.one_or_many().iter().map(text).collect()
}

/// The texts below a key.
pub(crate) fn texts_at(node: &Node, key: &str) -> Vec<Text> {
    node.get(key).map(texts).unwrap_or_default()
}

/// A text setting.
pub(crate) fn string(node: &Node) -> Setting<String> {
    setting(node, "it is no plain text", Node::as_scalar)
}

/// A number setting.
pub(crate) fn number(node: &Node) -> Setting<u64> {
    setting(node, "it is no whole number", Node::as_u64)
}

/// A setting that is on or off.
pub(crate) fn switch(node: &Node) -> Setting<bool> {
    setting(node, "it is neither true nor false", Node::as_bool)
}

/// A setting whose presence switches something on.
pub(crate) fn presence(node: &Node) -> Setting<bool> {
    match node.why_open() {
        Some(why) => Setting::unknown(node.place, why),
        None => Setting::new(node.place, true),
    }
}

/// Whether a key is set to true; `otherwise` where it is not written.
pub(crate) fn truth_at(node: &Node, key: &str, otherwise: bool) -> Known<bool> {
    node.get(key).map_or(Known::Value(otherwise), |value| switch(value).value)
}

/// The plain text below a key.
pub(crate) fn str_at<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

/// Several texts' plain characters; what cannot be told is left out by the caller, who is told with `None`.
pub(crate) fn strings(node: &Node) -> Vec<Setting<String>> {
    node.one_or_many().iter().map(string).collect()
}

fn setting<T>(node: &Node, otherwise: &str, read: impl Fn(&Node) -> Option<T>) -> Setting<T> {
    let place = node.place;
    match (read(node), node.why_open()) {
        (Some(value), _) => Setting::new(place, value),
        (None, Some(why)) => Setting::unknown(place, why),
        (None, None) => Setting::unknown(place, otherwise),
    }
}

/// A value that cannot be told.
pub(crate) fn open(place: Place, why: impl Into<String>) -> Node {
    composed(place, vec![Piece::Unknown(why.into())])
}

/// A value made of parts; plain text where all of them are.
pub(crate) fn composed(place: Place, pieces: Vec<Piece>) -> Node {
    let mut text = Text { pieces: Vec::new(), place };
    for piece in pieces {
        text.push(piece);
    }
    let kind = match text.as_literal() {
        Some(literal) => NodeKind::String(literal.to_owned()),
        None => NodeKind::Composed(text.pieces),
    };
    Node { place, kind }
}

/// An empty map.
pub(crate) fn nothing(place: Place) -> Node {
    Node { place, kind: NodeKind::Map(Vec::new()) }
}
