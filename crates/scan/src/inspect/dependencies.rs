//! The packages of a tree and what is known about them.
//!
//! Not here: reading lock files (`packages`), comparing versions (`advisories`), what a match means (`rules`).

use std::collections::{BTreeMap, BTreeSet};

use crate::advisories::{self, Bytes, Judged, Store, StoreError};
use crate::graph::{Unknown, Unread};
use crate::packages::{self, Lock};
use crate::rules::list;
use crate::source::{Place, SourceTree};

/// How many reasons of one lock file are told apart.
const MAX_REASONS: usize = 12;

/// What the lock files of a tree name.
#[derive(Debug, Default)]
pub struct Dependencies {
    /// The lock files, by path.
    pub locks: Vec<Lock>,
    /// Lock files that could not be read.
    pub unread: Vec<Unread>,
    /// What is known about the packages; nothing while nobody looked them up.
    pub judged: Judged,
}

impl Dependencies {
    /// Reads the lock files of a tree.
    #[must_use]
    pub fn read(tree: &SourceTree) -> Self {
        let (locks, unread) = packages::read_all(tree);
        Self { locks, unread, judged: Judged::default() }
    }

    /// Looks the packages up.
    ///
    /// # Errors
    /// When the store cannot be read or is damaged.
    pub fn look_up<B: Bytes>(&mut self, store: &Store<B>) -> Result<(), StoreError> {
        self.judged = advisories::judge(store, &self.locks)?;
        Ok(())
    }

    /// The packages of some lock files of which it cannot be told whether they are vulnerable, those of one reason together.
    pub(super) fn unknowns(&self, locks: &BTreeSet<usize>) -> Vec<Unknown> {
        let mut reasons: BTreeMap<(usize, &str), (Place, BTreeSet<&str>)> = BTreeMap::new();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for (lock, package, why) in self.judged.unknown.iter().filter(|(lock, ..)| locks.contains(lock)) {
            let package = self.locks.get(*lock).and_then(|lock| lock.packages.get(*package));
            let Some(package) = package else { continue };
            let mut why = why.as_str();
            if !reasons.contains_key(&(*lock, why)) {
                let count = counts.entry(*lock).or_default();
                *count += 1;
                why = if *count <= MAX_REASONS { why } else { "they cannot be told" };
            }
            let group = reasons.entry((*lock, why)).or_insert_with(|| (package.place, BTreeSet::new()));
            group.1.insert(&package.name);
        }
        let told = |((_, why), (place, names)): ((usize, &str), (Place, BTreeSet<&str>))| {
            let are = if names.len() == 1 { "is" } else { "are" };
            let why = format!("whether {} {are} vulnerable, as some versions are: {why}", list(&names));
            Unknown { subject: None, place, why }
        };
        reasons.into_iter().map(told).collect()
    }
}
