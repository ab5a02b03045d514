//! Whether anything changed about a session, account or key since a credential was verified.
//!
//! Invariant: a change is seen by every cached verification at once. Each name (a session, an account, a key) falls on
//! one of a fixed number of counters; a change raises it *after* it is on disk, a verification notes it *before* it reads
//! the disk. Two names on one counter cost a verification too many, never one too few. Not here: what changed (`storage`).

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

const COUNTERS: usize = 4096;

/// The counters.
pub(crate) struct Standing {
    counters: Box<[AtomicU64]>,
    // Keyed, so that nobody can choose names that fall on another's counter.
    hasher: RandomState,
}

/// What the counters of some names stood at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks([(usize, u64); 3]);

impl Standing {
    pub(crate) fn new() -> Self {
        Self { counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// Notes where the counters stand. To be called before the disk is read.
    pub(crate) fn mark(&self, names: [&str; 3]) -> Marks {
        Marks(names.map(|name| {
            let place = self.place(name);
            (place, self.read(place))
        }))
    }

    /// Whether nothing changed since.
    pub(crate) fn holds(&self, marks: &Marks) -> bool {
        marks.0.iter().all(|(place, count)| self.read(*place) == *count)
    }

    /// Something changed about a name. To be called once the change is on disk, and before anyone is told.
    pub(crate) fn changed(&self, name: &str) {
        if let Some(counter) = self.counters.get(self.place(name)) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn place(&self, name: &str) -> usize {
        usize::try_from(self.hasher.hash_one(name)).unwrap_or(0) % COUNTERS
    }

    fn read(&self, place: usize) -> u64 {
        self.counters.get(place).map_or(0, |counter| counter.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_name_breaks_the_marks_and_only_of_those() {
        for changed in ["ses_1", "usr_1", "key"] {
            let standing = Standing::new();
            let marks = standing.mark(["ses_1", "usr_1", "key"]);
            assert!(standing.holds(&marks));
            standing.changed(changed);
            assert!(!standing.holds(&marks), "{changed}");
            assert!(standing.holds(&standing.mark(["ses_1", "usr_1", "key"])));
        }
        let standing = Standing::new();
        let marks = standing.mark(["a", "b", "c"]);
        let others = (0..64).map(|n| format!("other {n}"));
        let apart: Vec<_> = others
            .filter(|name| !["a", "b", "c"].iter().any(|n| standing.place(n) == standing.place(name)))
            .collect();
        assert!(!apart.is_empty());
        apart.iter().for_each(|name| standing.changed(name));
        assert!(standing.holds(&marks));
    }
}
