//! How something is put into a file: block and flow YAML, JSON, the end of a file.
//!
//! Invariants: an edit touches no line but its own; a value that came by an alias or a merge is never edited, for it stands elsewhere.
//! Not here: what is put.

use crate::document::{Key, Node, NodeKind};
use crate::finding::{Edit, Worth};
use crate::source::{FileId, Place, SourceTree};

/// The value of the declaration that a place names: by its key, or by itself.
pub(super) fn declaration(node: &Node, of: Place) -> Option<&Node> {
    let node = untagged(node);
    let around = |value: &Node| value.place.start <= of.start && of.end <= value.place.end;
    for (key, value) in node.entries() {
        if key.place == of || value.place == of {
            return Some(untagged(value));
        }
        if around(value)
            && let Some(found) = declaration(value, of)
        {
            return Some(found);
        }
    }
    node.items().iter().filter(|item| around(item)).find_map(|item| declaration(item, of))
}

fn untagged(node: &Node) -> &Node {
    match &node.kind {
        NodeKind::Tagged(_, inner) => untagged(inner),
        _ => node,
    }
}

/// A property of a map becomes a value.
pub(super) fn property(tree: &SourceTree, map: &Node, name: &str, value: &Worth) -> Option<Edit> {
    let place = Layout::of(tree, map)?;
    let Some((key, found)) = map.entry(name) else {
        return place
            .insert(tree, map, |flow, _| format!("{}: {}", key_text(name, flow), worth(value, flow)));
    };
    // Only a plain word is replaced: anything else was meant.
    let plain = matches!(found.kind, NodeKind::Bool(_) | NodeKind::String(_) | NodeKind::Number(_));
    let own = stands(tree, key) && !tree.excerpt(found.place).is_empty() && within(map, found.place);
    (plain && own).then(|| Edit { place: found.place, text: worth(value, place.flow) })
}

/// A list of a map has an item.
pub(super) fn item(tree: &SourceTree, map: &Node, name: &str, value: &Worth) -> Option<Edit> {
    let place = Layout::of(tree, map)?;
    let Some((key, list)) = map.entry(name) else {
        return place.insert(tree, map, |flow, indent| match flow {
            true => format!("{}: [{}]", key_text(name, flow), worth(value, flow)),
            false => format!("{name}:{}{indent}  - {}", place.newline, worth(value, flow)),
        });
    };
    let NodeKind::List(items) = &list.kind else { return None };
    if !stands(tree, key) || !within(map, list.place) {
        return None;
    }
    let text = tree.file(map.place.file)?.text()?;
    if text.get(list.place.start as usize..)?.starts_with('[') {
        let more = if items.is_empty() { "" } else { ", " };
        return Some(insert(list.place, list.place.start + 1, format!("{}{more}", worth(value, true))));
    }
    let first = items.first()?.place.start as usize;
    let before = text.get(..first)?.trim_end_matches(' ');
    let dash = before.len().checked_sub(1).filter(|_| before.ends_with('-'))?;
    let indent = indent_of(text, dash, false)?;
    let line = format!("- {}{}{indent}", worth(value, false), place.newline);
    Some(insert(list.place, u32::try_from(dash).ok()?, line))
}

/// A word becomes another; its quotation marks stay.
pub(super) fn word(tree: &SourceTree, at: Place, from: &str, to: &str) -> Option<Edit> {
    let excerpt = tree.excerpt(at);
    let bare = excerpt.trim_matches(['"', '\'']);
    let offset = u32::try_from(excerpt.find(bare)?).ok()?;
    let end = at.start + offset + u32::try_from(bare.len()).ok()?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    (bare == from && excerpt.len() <= bare.len() + 2 && plain(to))
        .then(|| Edit { place: Place { start: at.start + offset, end, ..at }, text: to.to_owned() })
}

/// Lines stand at the end of a file.
pub(super) fn end(tree: &SourceTree, file: FileId, lines: &str) -> Option<Edit> {
    let text = tree.file(file)?.text()?;
    let newline = newline(text);
    let before = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    let lines = format!("{before}\n{lines}\n").replace('\n', newline);
    Some(Edit { place: Place::new(file, text.len(), text.len()), text: lines })
}

/// How a map is written.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// In braces, as JSON and YAML's flow style are.
    flow: bool,
    newline: &'static str,
}

impl Layout {
    fn of(tree: &SourceTree, map: &Node) -> Option<Self> {
        let text = tree.file(map.place.file)?.text()?;
        let flow = text.get(map.place.start as usize..)?.starts_with('{');
        map.is_map().then(|| Self { flow, newline: newline(text) })
    }

    /// Puts an entry before the first one that stands there. `entry` is told whether it stands in braces, and how far in.
    fn insert(&self, tree: &SourceTree, map: &Node, entry: impl Fn(bool, &str) -> String) -> Option<Edit> {
        let text = tree.file(map.place.file)?.text()?;
        let own = |(key, _): &&(Key, Node)| stands(tree, key) && within(map, key.place);
        let Some((key, _)) = map.entries().iter().find(own) else {
            let empty = self.flow && map.entries().is_empty();
            return empty.then(|| insert(map.place, map.place.start + 1, entry(true, "")));
        };
        let at = key.place.start;
        let Some(indent) = indent_of(text, at as usize, true) else {
            // Behind something else on its line: only between braces.
            return self.flow.then(|| insert(map.place, at, format!("{}, ", entry(true, ""))));
        };
        let comma = if self.flow { "," } else { "" };
        Some(insert(map.place, at, format!("{}{comma}{}{indent}", entry(self.flow, &indent), self.newline)))
    }
}

fn insert(of: Place, at: u32, text: String) -> Edit {
    Edit { place: Place { start: at, end: at, ..of }, text }
}

/// Whether a key stands where its place says: copies of what an alias names do not.
fn stands(tree: &SourceTree, key: &Key) -> bool {
    tree.excerpt(key.place).trim_matches(['"', '\'']) == key.text
}

fn within(map: &Node, place: Place) -> bool {
    place.file == map.place.file && map.place.start <= place.start && place.end <= map.place.end
}

/// What makes a line start as far in as an offset: blanks for what stands before it. `None` when anything but blanks and, where `dashes`
/// are allowed, a list's dashes stand there.
fn indent_of(text: &str, at: usize, dashes: bool) -> Option<String> {
    let before = text.get(..at)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let blank = |c: char| match c {
        ' ' | '\t' => Some(c),
        '-' if dashes => Some(' '),
        _ => None,
    };
    line.chars().map(blank).collect()
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn key_text(name: &str, flow: bool) -> String {
    if flow { format!("\"{name}\"") } else { name.to_owned() }
}

/// A value in block style, or between braces, where JSON's way is YAML's too.
fn worth(value: &Worth, flow: bool) -> String {
    match (value, flow) {
        (Worth::True, _) => "true".to_owned(),
        (Worth::Reference(name), false) => format!("!Ref {name}"),
        (Worth::Reference(name), true) => format!("{{ \"Ref\": \"{name}\" }}"),
        (Worth::Composed(text), false) => format!("!Sub \"{text}\""),
        (Worth::Composed(text), true) => format!("{{ \"Fn::Sub\": \"{text}\" }}"),
    }
}
