//! Records about packages of Go modules.
//!
//! Invariant: a package belongs to the module with the longest path that leads to it, of those that a lock file names; what has a major
//! version of its own is a module, and none of it. Not here: comparing versions (`matching`).
//!
//! Source: the Go modules reference (go.dev/ref/mod), its section on resolving a package to a module. Go's own records name modules and
//! list packages beside them; others name the package alone.

use std::collections::BTreeSet;

use super::record::Affected;
use crate::packages::{Ecosystem, Lock, go_major};

/// The modules of one lock file, without their major versions.
pub(super) struct Modules(BTreeSet<String>);

impl Modules {
    pub(super) fn of(lock: &Lock) -> Self {
        let of_go = lock.packages.iter().filter(|package| package.ecosystem == Ecosystem::Go);
        Self(of_go.map(|package| Ecosystem::Go.key(&package.name)).collect())
    }

    /// What a record about a package says of a module of this key; nothing where the package belongs to another one.
    pub(super) fn within(&self, key: &str, record: &Affected) -> Option<Affected> {
        let rest = record.name.strip_prefix(key)?.strip_prefix('/')?;
        let first = rest.split('/').next().unwrap_or_default();
        let major = format!("{key}/{first}");
        let (module, inside) = match go_major(&major) {
            Some(_) => (major.as_str(), rest.strip_prefix(first)?.strip_prefix('/')?),
            None => (key, rest),
        };
        let mut path = record.name.as_str();
        if inside.is_empty() || go_major(path).is_some() || self.0.contains(path) {
            return None;
        }
        while let Some((above, _)) = path.rsplit_once('/').filter(|(above, _)| above.len() > key.len()) {
            if above != module && self.0.contains(&Ecosystem::Go.key(above)) {
                return None;
            }
            path = above;
        }
        Some(Affected { name: module.to_owned(), ..record.clone() })
    }
}
