//! Changes that mend findings: what rules ask for becomes edits, and edits become files.
//!
//! ```text
//! Finding.change.remedies ─ edits ─▶ Change.edits ─▶ Report ─ mend ─▶ Rewrite, held against a second assessment
//! ```
//!
//! Owns: how a property is put into YAML, JSON and HCL (`put`), what a tree says afterwards (`apply`). Invariants: an edit changes nothing
//! but what it says, so comments, order and layout stay; what cannot be placed with certainty is no edit; nothing is rewritten that a
//! second assessment does not find better. Not here: which changes are safe (`rules`), writing files (`cli`).

mod apply;
mod put;

use std::collections::BTreeMap;

pub use self::apply::{Mended, Rewrite, mend};
use crate::document::{self, Node};
use crate::finding::{Edit, Finding, Remedy};
use crate::source::{FileId, Place, SourceTree};

/// Remedies that become edits in one app; nobody reads more in one go.
const MAX_REMEDIES: usize = 2_000;

/// Why a change that is safe is not made.
const ALIASES: &str = " `--fix` leaves this file alone: it has aliases (`*name`), and what one of them names stands for several things.";

/// Makes edits of what findings ask for. A change that cannot be placed as a whole keeps its advice alone.
pub fn edits(tree: &SourceTree, findings: &mut [Finding]) {
    let mut maker = Maker { tree, documents: BTreeMap::new() };
    let changes =
        findings.iter_mut().filter_map(|finding| Some((finding.place.file, finding.change.as_mut()?)));
    for (file, change) in changes.filter(|(_, change)| !change.remedies.is_empty()).take(MAX_REMEDIES) {
        let edits: Option<Vec<Edit>> = change.remedies.iter().map(|remedy| maker.edit(remedy)).collect();
        let repeated = |edits: &Vec<Edit>| edits.iter().any(|edit| maker.repeats(edit.place.file));
        if change.safe && maker.repeats(file) {
            change.advice.push_str(ALIASES);
        }
        let edits = edits.filter(|edits| !repeated(edits));
        change.edits = edits.unwrap_or_default();
        change.safe &= !change.edits.is_empty();
    }
    // Beyond the bound no edit was made, so none is promised.
    let rest = findings.iter_mut().filter_map(|finding| finding.change.as_mut());
    rest.filter(|change| change.edits.is_empty()).for_each(|change| change.safe = false);
}

/// Makes edits, and reads each document once.
struct Maker<'a> {
    tree: &'a SourceTree,
    documents: BTreeMap<FileId, Option<Node>>,
}

impl Maker<'_> {
    fn edit(&mut self, remedy: &Remedy) -> Option<Edit> {
        match remedy {
            Remedy::Set { of, path, value } => {
                let (property, above) = path.split_last()?;
                put::property(self.tree, self.declaration(*of)?.at(above)?, property, value)
            }
            Remedy::Add { of, path, value } => {
                let (property, above) = path.split_last()?;
                put::item(self.tree, self.declaration(*of)?.at(above)?, property, value)
            }
            Remedy::Replace { at, from, to } => put::word(self.tree, *at, from, to),
            Remedy::Append { to, text } => put::end(self.tree, *to, text),
        }
    }

    /// Whether parts of a file stand for several things, by aliases: changing one of them would change the others.
    fn repeats(&self, file: FileId) -> bool {
        let path = self.tree.path(file);
        let yaml = ["yml", "yaml", "template"].iter().any(|end| path.ends_with(end));
        let text = self.tree.file(file).and_then(|file| file.text()).unwrap_or_default();
        let named = |sign: char| {
            text.match_indices(sign).any(|(at, _)| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                let after = text.get(at + 1..).and_then(|after| after.chars().next());
                before.is_none_or(|c| c.is_whitespace() || "[{,".contains(c))
                    && after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        };
        yaml && named('&') && named('*')
    }

    fn declaration(&mut self, of: Place) -> Option<&Node> {
        let tree = self.tree;
        let read = || document::read(tree, of.file).ok();
        put::declaration(self.documents.entry(of.file).or_insert_with(read).as_ref()?, of)
    }
}

#[cfg(test)]
mod tests;
