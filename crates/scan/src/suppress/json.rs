//! Marks in JSON: the key `casemate` in the `Metadata` of a resource.
//!
//! Invariant: a mark speaks of the resource that it stands in, byte for byte; a mark anywhere else speaks of nothing and is reported. Not
//! here: what a mark says (`suppress`).

use std::collections::BTreeSet;

use super::{MARKS_OF_A_FILE, MISPLACED, Mark, Scope, TOO_MANY, parse};
use crate::document::{self, Node};
use crate::source::{FileId, Place, SourceTree};

/// The key of a mark.
const KEY: &str = "casemate";

/// The marks of a file, by place; none when it is no JSON: by its name, or, where names do not say, by what is in it.
pub(super) fn marks(tree: &SourceTree, file: FileId, text: &str) -> Option<Vec<Mark>> {
    let end = tree.path(file).rsplit('.').next().unwrap_or_default();
    let named = matches!(end, "json" | "jsonc");
    let begins = || text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if !(named || matches!(end, "template" | "yml" | "yaml") && begins()) {
        return None;
    }
    // Most files have none, and need not be parsed again to know it.
    if !text.contains(KEY) {
        return Some(Vec::new());
    }
    let document = match document::json(tree, file) {
        Ok(document) => document,
        // A file that cannot be read is reported as such, and describes nothing that could be allowed.
        Err(_) if named => return Some(Vec::new()),
        // YAML's flow style, which has comments.
        Err(_) => return None,
    };
    let mut marks = Vec::new();
    let mut read = BTreeSet::new();
    for resources in
        [document.get("Resources"), document.at(&["resources", "Resources"])].into_iter().flatten()
    {
        for (name, resource) in resources.entries() {
            let Some((key, value)) = resource.get("Metadata").and_then(|metadata| metadata.entry(KEY)) else {
                continue;
            };
            let stretch = Place { end: resource.place.end, ..name.place };
            let mark = value.as_str().and_then(|text| parse(text, key.place, Scope::Stretch(stretch)));
            read.insert(key.place);
            marks.extend(mark);
        }
    }
    elsewhere(&document, &read, &mut marks);
    marks.sort_by_key(|mark| mark.place);
    if let Some(first) = marks.get_mut(MARKS_OF_A_FILE) {
        first.scope = Scope::Nothing(TOO_MANY);
        marks.truncate(MARKS_OF_A_FILE + 1);
    }
    Some(marks)
}

/// Keys that look like marks and stand where none is read.
fn elsewhere(document: &Node, read: &BTreeSet<Place>, marks: &mut Vec<Mark>) {
    let mut open = vec![document];
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for (key, value) in node.entries() {
            open.push(value);
            let text = value.as_str().filter(|_| key.text == KEY && !read.contains(&key.place));
            // Other programs may have a key of this name; one that allows nothing is theirs.
            marks.extend(text.and_then(|text| parse(text, key.place, Scope::Nothing(MISPLACED))));
        }
    }
}
