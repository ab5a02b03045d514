//! Puts a tree of values together from a stream of "opens, value, closes", and counts while it does.
//!
//! Invariant: nothing is added once a bound is passed: depth, number of values, bytes of copied text. Not here: reading characters.

use std::collections::{HashMap, HashSet};

use super::{Key, MAX_ANCHORS, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, NodeKind};
use crate::graph::Unread;
use crate::source::Place;

/// What is still open.
struct Frame {
    place: Place,
    anchor: usize,
    tag: Option<String>,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, key: Option<Key>, merges: bool },
}

/// What a value is labelled with.
#[derive(Default)]
pub(super) struct Label {
    /// Its number, when aliases may repeat it; 0 for none.
    pub(super) anchor: usize,
    /// Its tag.
    pub(super) tag: Option<String>,
}

/// A tree in the making.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copied_bytes: usize,
    root: Option<Node>,
}

/// How much a value holds.
struct Extent {
    nodes: usize,
    depth: usize,
    bytes: usize,
}

impl Builder {
    /// The value, once everything is closed.
    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    /// The value, once everything is closed; what is counted goes on for the next one.
    pub(super) fn take(&mut self) -> Option<Node> {
        self.root.take()
    }

    /// Whether a value stands there and nothing is open.
    pub(super) fn is_complete(&self) -> bool {
        self.root.is_some() && self.open.is_empty()
    }

    /// Whether the next value is a key.
    pub(super) fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Frame { inside: Inside::Map { key: None, .. }, .. }))
    }

    /// A list or map starts.
    pub(super) fn open(&mut self, place: Place, label: Label, map: bool) -> Result<(), Unread> {
        if self.wants_key() {
            return Err(refused(place, "a key is not a plain text"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(refused(place, format!("values stand more than {MAX_DEPTH} deep in one another")));
        }
        let inside = match map {
            true => Inside::Map { entries: Vec::new(), key: None, merges: false },
            false => Inside::List(Vec::new()),
        };
        self.open.push(Frame { place, anchor: label.anchor, tag: label.tag, inside });
        Ok(())
    }

    /// The innermost list or map ends; `end` is the byte after it, where that is known better than by its last value.
    pub(super) fn close(&mut self, end: u32) -> Result<(), Unread> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let mut place = frame.place;
        let last = match &frame.inside {
            Inside::List(items) => items.last().map(|item| item.place.end),
            Inside::Map { entries, .. } => entries.last().map(|(_, value)| value.place.end),
        };
        place.end = place.end.max(end).max(last.unwrap_or(0));
        let kind = match frame.inside {
            Inside::List(items) => NodeKind::List(items),
            Inside::Map { entries, merges: false, .. } => NodeKind::Map(entries),
            Inside::Map { entries, merges: true, .. } => NodeKind::Map(self.merge(entries)?),
        };
        self.value(Node { place, kind }, Label { anchor: frame.anchor, tag: frame.tag })
    }

    /// A value that is complete.
    pub(super) fn value(&mut self, node: Node, label: Label) -> Result<(), Unread> {
        let node = match label.tag {
            Some(tag) => Node { place: node.place, kind: NodeKind::Tagged(tag, Box::new(node)) },
            None => node,
        };
        self.count(1, 0, node.place)?;
        if label.anchor != 0 {
            if self.anchors.len() >= MAX_ANCHORS {
                return Err(refused(node.place, format!("more than {MAX_ANCHORS} anchors")));
            }
            let copy = self.copy(&node, node.place)?;
            self.anchors.insert(label.anchor, copy);
        }
        self.put(node, false)
    }

    /// A key or value of a map that may be `<<`, which takes over the entries of another map.
    pub(super) fn plain(&mut self, node: Node, label: Label) -> Result<(), Unread> {
        let merges = self.wants_key() && node.as_str() == Some("<<") && label.tag.is_none();
        match merges {
            true => self.count(1, 0, node.place).and_then(|()| self.put(node, true)),
            false => self.value(node, label),
        }
    }

    /// A repetition of a value that had an anchor.
    pub(super) fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Unread> {
        let Some(node) = self.anchors.remove(&anchor) else {
            return Err(refused(place, "an alias of something that is not complete yet"));
        };
        let copy = self.copy(&node, place);
        self.anchors.insert(anchor, node);
        // The copy keeps the places of what it repeats: that is where its text stands.
        self.put(copy?, false)
    }

    fn put(&mut self, node: Node, merge_key: bool) -> Result<(), Unread> {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.inside {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, key, merges } => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    *merges |= merge_key;
                    *key = Some(key_of(node)?);
                }
            },
        }
        Ok(())
    }

    /// Takes over what `<<` names. What is written out wins, and of several maps the first.
    fn merge(&mut self, entries: Vec<(Key, Node)>) -> Result<Vec<(Key, Node)>, Unread> {
        let mut seen: HashSet<String> =
            entries.iter().filter(|(key, _)| key.text != "<<").map(|(key, _)| key.text.clone()).collect();
        let (mut taken, mut own) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            if key.text != "<<" {
                own.push((key, value));
                continue;
            }
            for map in value.one_or_many() {
                for (name, node) in map.entries() {
                    if seen.insert(name.text.clone()) {
                        taken.push((name.clone(), self.copy(node, key.place)?));
                    }
                }
            }
        }
        taken.append(&mut own);
        Ok(taken)
    }

    fn copy(&mut self, node: &Node, place: Place) -> Result<Node, Unread> {
        let extent = extent(node);
        if self.open.len() + extent.depth > MAX_DEPTH {
            return Err(refused(
                place,
                format!("aliases put values more than {MAX_DEPTH} deep in one another"),
            ));
        }
        self.count(extent.nodes, extent.bytes, place)?;
        Ok(node.clone())
    }

    fn count(&mut self, nodes: usize, bytes: usize, place: Place) -> Result<(), Unread> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.nodes > MAX_NODES || self.copied_bytes > MAX_BYTES {
            return Err(refused(place, format!("more than {MAX_NODES} values, or 16 MB of repeated text")));
        }
        Ok(())
    }
}

/// How much a value holds. Recursion is bounded: no value is deeper than [`MAX_DEPTH`].
fn extent(node: &Node) -> Extent {
    let of = |children: &mut dyn Iterator<Item = &Node>, bytes: usize| {
        children.fold(Extent { nodes: 1, depth: 1, bytes }, |sum, child| {
            let child = extent(child);
            Extent {
                nodes: sum.nodes + child.nodes,
                depth: sum.depth.max(child.depth + 1),
                bytes: sum.bytes + child.bytes,
            }
        })
    };
    match &node.kind {
        NodeKind::List(items) => of(&mut items.iter(), 0),
        NodeKind::Map(entries) => {
            let keys = entries.iter().map(|(key, _)| key.text.len()).sum();
            of(&mut entries.iter().map(|(_, value)| value), keys)
        }
        // A tag is no level of its own: the value within stands where it stands.
        NodeKind::Tagged(tag, inner) => {
            let inner = extent(inner);
            Extent { nodes: inner.nodes + 1, depth: inner.depth, bytes: inner.bytes + tag.len() }
        }
        NodeKind::String(text) | NodeKind::Number(text) => Extent { nodes: 1, depth: 0, bytes: text.len() },
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Composed(_) => Extent { nodes: 1, depth: 0, bytes: 0 },
    }
}

fn key_of(node: Node) -> Result<Key, Unread> {
    let place = node.place;
    let text = match node.kind {
        NodeKind::String(text) | NodeKind::Number(text) => text,
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Null => String::new(),
        NodeKind::Tagged(_, inner) => return key_of(*inner),
        NodeKind::List(_) | NodeKind::Map(_) | NodeKind::Composed(_) => {
            return Err(refused(place, "a key is not a plain text"));
        }
    };
    Ok(Key { place, text })
}

/// Why a document is not read, and where.
pub(super) fn refused(place: Place, why: impl Into<String>) -> Unread {
    Unread { place, why: why.into() }
}
