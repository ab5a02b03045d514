//! The packages of a tree and what is known about them.
//!
//! Not here: reading lock files (`packages`), comparing versions (`advisories`), what a match means (`rules`).

use crate::advisories::{self, Bytes, Judged, Store, StoreError};
use crate::graph::Unread;
use crate::packages::{self, Lock};
use crate::source::SourceTree;

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
}
