//! What becomes more than was written: loops (`Fn::ForEach`) and included files (`AWS::Include`).
//!
//! Invariant: counted like all other values, so that loops in loops end. Not here: other functions (`resolve`).

use std::borrow::Cow;

use super::resolve::intrinsic_of;
use super::stack::Stack;
use super::value::{open, str_at, text};
use crate::document::{Key, Node, NodeKind};
use crate::source::Place;

impl Stack<'_> {
    /// `AWS::Include` with a file of the tree.
    pub(super) fn include(&self, argument: &Node, place: Place, depth: usize) -> Node {
        let location = argument.at(&["Parameters", "Location"]).and_then(|node| self.resolve_at(node, depth));
        let file =
            location.as_ref().and_then(Node::as_str).and_then(|path| self.files.find(&self.path(path)?));
        let name = str_at(argument, "Name").unwrap_or("?");
        let ("AWS::Include", Some(file)) = (name, file) else {
            self.gap(
                place,
                match location.map(|node| text(&node)) {
                    Some(location) if name == "AWS::Include" => {
                        format!("what `{location}` holds, which is included here")
                    }
                    _ => format!("what the macro `{name}` makes here"),
                },
            );
            return open(place, "a macro that is not among the files makes it");
        };
        self.copies(self.files.file(file).map_or(0, |file| file.bytes.len()));
        match crate::document::read(self.files, file) {
            Ok(document) => self
                .resolve_at(&document, depth + 1)
                .unwrap_or_else(|| open(place, "the file that it includes is empty")),
            Err(unread) => open(place, format!("the file that it includes cannot be read: {}", unread.why)),
        }
    }

    /// The entries of a map, with `Fn::ForEach` written out and included files put in.
    pub(super) fn expanded<'n>(&self, node: &'n Node, depth: usize) -> Cow<'n, [(Key, Node)]> {
        let entries = node.entries();
        let special = |key: &str| key.starts_with("Fn::ForEach::") || key == "Fn::Transform";
        if !entries.iter().any(|(key, _)| special(&key.text)) || self.spent(depth) {
            return Cow::Borrowed(entries);
        }
        let mut made = Vec::new();
        for (key, value) in entries {
            if key.text == "Fn::Transform" {
                made.extend_from_slice(self.include(value, key.place, depth + 1).entries());
            } else if key.text.starts_with("Fn::ForEach::") {
                self.repeat(value, &mut made, depth + 1);
            } else {
                made.push((key.clone(), value.clone()));
            }
        }
        Cow::Owned(made)
    }

    fn repeat(&self, call: &Node, made: &mut Vec<(Key, Node)>, depth: usize) {
        let [identifier, collection, body] = call.items() else { return };
        let (Some(identifier), Some(collection)) = (identifier.as_str(), self.resolve_at(collection, depth))
        else {
            return;
        };
        if !matches!(collection.kind, NodeKind::List(_)) {
            self.gap(
                call.place,
                "what `Fn::ForEach` makes here: what it goes over cannot be told".to_owned(),
            );
        }
        for value in collection.items().iter().filter_map(Node::as_scalar) {
            let body = self.with(body, identifier, &value, depth);
            made.extend_from_slice(&self.expanded(&body, depth + 1));
        }
    }

    /// A copy in which an identifier of `Fn::ForEach` has its value.
    fn with(&self, node: &Node, identifier: &str, value: &str, depth: usize) -> Node {
        if self.spent(depth) {
            return open(node.place, "`Fn::ForEach` makes too much");
        }
        if let Some(("Ref", argument)) = intrinsic_of(node)
            && argument.as_str() == Some(identifier)
        {
            return Node { place: node.place, kind: NodeKind::String(value.to_owned()) };
        }
        let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        let filled = |text: &str| {
            self.copies(text.len());
            text.replace(&format!("${{{identifier}}}"), value).replace(&format!("&{{{identifier}}}"), &plain)
        };
        let inner = |node: &Node| self.with(node, identifier, value, depth + 1);
        let kind = match &node.kind {
            NodeKind::String(text) => NodeKind::String(filled(text)),
            NodeKind::List(items) => NodeKind::List(items.iter().map(inner).collect()),
            NodeKind::Tagged(tag, node) => NodeKind::Tagged(tag.clone(), Box::new(inner(node))),
            NodeKind::Map(entries) => {
                let entry = |(key, node): &(Key, Node)| {
                    (Key { place: key.place, text: filled(&key.text) }, inner(node))
                };
                NodeKind::Map(entries.iter().map(entry).collect())
            }
            kind => kind.clone(),
        };
        Node { place: node.place, kind }
    }
}
