//! What a tree says once its safe changes are made, held against a second assessment.
//!
//! Invariants: a finding's edits are made together or not at all; edits that meet are not both made; when the second assessment still has
//! what was mended, or has something new, nothing is rewritten. Not here: how edits come about (`put`), writing files (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::{Dependencies, Options, inspect};
use crate::report::{Found, Report};
use crate::source::{FileId, Place, SourceTree};

/// What came of the safe changes.
#[derive(Debug, Default)]
pub struct Mended {
    /// The files that change, by path.
    pub rewrites: Vec<Rewrite>,
    /// Ids of the findings that are gone.
    pub gone: Vec<String>,
    /// What is left to report.
    pub report: Option<Report>,
    /// Why nothing is rewritten although something could be.
    pub refused: Option<String>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Its path, relative to the tree.
    pub path: String,
    /// What it held.
    pub before: String,
    /// What it holds then.
    pub after: String,
}

/// Makes the safe changes of a report that are neither suppressed nor in the baseline.
#[must_use]
pub fn mend(tree: &SourceTree, dependencies: &Dependencies, options: &Options, report: &Report) -> Mended {
    let mut edits = Edits::default();
    let wanted = report.findings().map(|(_, found)| found).filter(|found| !found.known);
    let gone: Vec<String> = wanted.filter(|found| edits.take(found)).map(|found| found.id.clone()).collect();
    if gone.is_empty() {
        return Mended::default();
    }
    let Some((changed, rewrites)) = edits.make(tree) else {
        return Mended {
            refused: Some("a place of a change is not in the files".to_owned()),
            ..Mended::default()
        };
    };
    let after = inspect(&changed, dependencies, options);
    let ids = |report: &Report| -> BTreeSet<String> {
        report.findings().map(|(_, found)| found.id.clone()).collect()
    };
    let (old, new) = (ids(report), ids(&after));
    let refuse = |why: String| Mended { refused: Some(why), ..Mended::default() };
    if let Some(id) = gone.iter().find(|id| new.contains(*id)) {
        return refuse(format!("`{id}` would still be there afterwards"));
    }
    if let Some(id) = new.difference(&old).next() {
        return refuse(format!("`{id}` would be new afterwards"));
    }
    if after.unread.len() != report.unread.len() {
        return refuse("a file could not be read any more afterwards".to_owned());
    }
    Mended { rewrites, gone, report: Some(after), refused: None }
}

/// Edits that do not meet, by file.
#[derive(Debug, Default)]
struct Edits(BTreeMap<FileId, BTreeMap<(u32, u32), Vec<String>>>);

impl Edits {
    /// Takes a finding's edits in, when it has safe ones and none of them meets another.
    fn take(&mut self, found: &Found) -> bool {
        let Some(change) = found.change.as_ref().filter(|change| change.safe && !change.edits.is_empty())
        else {
            return false;
        };
        let fits = change.edits.iter().all(|(spot, text)| self.fits(spot.place, text));
        if fits {
            for (spot, text) in &change.edits {
                let of_file = self.0.entry(spot.place.file).or_default();
                let texts: &mut Vec<String> = of_file.entry((spot.place.start, spot.place.end)).or_default();
                // A template of two apps asks for the same twice.
                if !texts.contains(text) {
                    texts.push(text.clone());
                }
            }
        }
        fits
    }

    fn fits(&self, place: Place, text: &str) -> bool {
        let Some(taken) = self.0.get(&place.file) else { return true };
        let lines = |text: &str| text.starts_with(['\r', '\n']) && text.ends_with('\n');
        taken.get(&(place.start, place.end)).map_or_else(
            || taken.keys().all(|(start, end)| place.end < *start || *end < place.start),
            // Declarations at the end of a file stand one after the other.
            |same| {
                same.iter().all(|same| same == text || place.start == place.end && lines(same) && lines(text))
            },
        )
    }

    /// The tree with all of them, and the files that differ.
    fn make(&self, tree: &SourceTree) -> Option<(SourceTree, Vec<Rewrite>)> {
        let (mut changed, mut rewrites) = (SourceTree::new(), Vec::new());
        for (id, file) in tree.files() {
            let Some(edits) = self.0.get(&id) else {
                changed.add(&file.path, file.bytes.clone());
                continue;
            };
            let before = file.text()?;
            let (mut after, mut from) = (String::with_capacity(before.len() + 64 * edits.len()), 0);
            for ((start, end), texts) in edits {
                after.push_str(before.get(from..*start as usize)?);
                texts.iter().for_each(|text| after.push_str(text));
                from = *end as usize;
            }
            after.push_str(before.get(from..)?);
            changed.add(&file.path, after.clone().into_bytes());
            rewrites.push(Rewrite { path: file.path.clone(), before: before.to_owned(), after });
        }
        Some((changed, rewrites))
    }
}
