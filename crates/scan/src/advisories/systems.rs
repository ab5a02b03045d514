//! The systems that a record is about, as `RustSec` names them.
//!
//! Invariant: a record that names none is about all. Not here: what becomes of records about other systems (`import`).

use serde::Deserialize;

/// What functions run on.
const OS: [&str; 3] = ["linux", "unix", "any"];
const ARCH: [&str; 5] = ["x86_64", "aarch64", "amd64", "arm64", "any"];

/// Operating systems and processors; a list that is empty names all.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Systems {
    pub(super) os: Option<Vec<String>>,
    pub(super) arch: Option<Vec<String>>,
}

impl Systems {
    /// Whether none of them is what functions run on.
    pub(super) fn are_others(&self) -> bool {
        let others = |named: &Option<Vec<String>>, ours: &[&str]| {
            let ours = |one: &String| ours.iter().any(|own| own.eq_ignore_ascii_case(one));
            named.as_ref().is_some_and(|named| !named.is_empty() && !named.iter().any(ours))
        };
        others(&self.os, &OS) || others(&self.arch, &ARCH)
    }
}
