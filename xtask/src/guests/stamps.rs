//! The stamp of each committed component: what it was built from, with what, and what came out.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const PATH: &str = "examples/components/stamps.toml";

const HEAD: &str = "\
# What each component was built from. Written by `cargo xtask guests`; `cargo xtask guests --check` compares.
# source: SHA-256 of its crate, the SDK, the WIT and the lock; component: SHA-256 of the file.

";

/// One component's stamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stamp {
    /// Hash of its sources.
    pub(crate) source: String,
    /// `rustc --version`.
    pub(crate) toolchain: String,
    /// Digest of the component.
    pub(crate) component: String,
}

/// All stamps, by component.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamps(BTreeMap<String, Stamp>);

impl Stamps {
    /// Reads the file; a missing one is empty.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        match std::fs::read_to_string(root.join(PATH)) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot parse `{PATH}`")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read `{PATH}`")),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        let text = format!("{HEAD}{}", toml::to_string(self)?);
        std::fs::write(root.join(PATH), text).with_context(|| format!("cannot write `{PATH}`"))
    }

    /// The stamp of a component.
    pub(crate) fn of(&self, name: &str) -> Option<&Stamp> {
        self.0.get(name)
    }

    /// Sets the stamp of a component.
    pub(crate) fn set(&mut self, name: &str, stamp: Stamp) {
        self.0.insert(name.to_owned(), stamp);
    }

    /// Forgets the stamps of components that are gone.
    pub(crate) fn keep(&mut self, there: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| there(name));
    }
}

/// What is wrong with a committed component, given its stamp and the hash of its sources as they stand.
pub(crate) fn fault(stamp: Option<&Stamp>, source: &str, component: Option<&[u8]>) -> Option<&'static str> {
    match (stamp, component) {
        (_, None) => Some("the component is missing"),
        (None, Some(_)) => Some("the component has no stamp"),
        (Some(stamp), Some(bytes)) if stamp.component != digest(bytes) => {
            Some("the component is not the one that was stamped")
        }
        (Some(stamp), Some(_)) if stamp.source != source => Some("its source changed after it was built"),
        (Some(_), Some(_)) => None,
    }
}

/// SHA-256 in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    casemate_core::ids::hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_a_component_can_differ_is_told() {
        let stamp = Stamp { source: "s".into(), toolchain: "rustc".into(), component: digest(b"component") };
        let check = |stamp: Option<&Stamp>, source, component: Option<&[u8]>, expect: Option<&str>| {
            assert_eq!(fault(stamp, source, component), expect);
        };
        check(Some(&stamp), "s", Some(b"component"), None);
        check(Some(&stamp), "t", Some(b"component"), Some("its source changed after it was built"));
        check(Some(&stamp), "s", Some(b"edited"), Some("the component is not the one that was stamped"));
        check(None, "s", Some(b"component"), Some("the component has no stamp"));
        check(Some(&stamp), "s", None, Some("the component is missing"));
    }
}
