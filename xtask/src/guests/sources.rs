//! Which guests there are, which folders each is made from, and the hash of those sources.
//!
//! Both are read from the crates' own manifests: a member of the `examples` workspace with `crate-type = ["cdylib"]` is a
//! guest, and every `path` that it names, directly or not, is part of its source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::stamps::hex;
use crate::files;

/// A guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    /// The package's name and the component's.
    pub(crate) name: String,
    /// The folders under `examples/` that it is made from, its own among them.
    pub(crate) folders: BTreeSet<String>,
}

#[derive(Deserialize)]
struct RawWorkspace {
    workspace: RawMembers,
}

#[derive(Deserialize)]
struct RawMembers {
    members: Vec<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
}

#[derive(Deserialize)]
struct RawCrate {
    package: RawPackage,
    #[serde(default)]
    lib: RawLib,
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct RawLib {
    #[serde(default)]
    crate_type: Vec<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawDependency {
    Version(#[expect(dead_code, reason = "only paths matter here")] String),
    Table {
        #[serde(default)]
        workspace: bool,
        path: Option<String>,
    },
}

/// The guests, in the workspace's order.
pub(crate) fn guests(root: &Path) -> Result<Vec<Guest>> {
    let examples = root.join("examples");
    let workspace: RawWorkspace = read(&examples.join("Cargo.toml"))?;
    let mut guests = Vec::new();
    for member in &workspace.workspace.members {
        let raw: RawCrate = read(&examples.join(member).join("Cargo.toml"))?;
        if raw.lib.crate_type.iter().any(|kind| kind == "cdylib") {
            let mut folders = BTreeSet::new();
            follow(&examples, &workspace.workspace, member, &mut folders)?;
            guests.push(Guest { name: raw.package.name, folders });
        }
    }
    Ok(guests)
}

/// Adds a crate's folder, and those that it names.
fn follow(examples: &Path, workspace: &RawMembers, folder: &str, found: &mut BTreeSet<String>) -> Result<()> {
    if !found.insert(folder.to_owned()) {
        return Ok(());
    }
    let raw: RawCrate = read(&examples.join(folder).join("Cargo.toml"))?;
    if let Some(path) = &raw.lib.path
        && let Some(owner) = normal(&Path::new(folder).join(path)).split('/').next()
    {
        found.insert(owner.to_owned());
    }
    for (name, dependency) in &raw.dependencies {
        let RawDependency::Table { workspace: shared, path } = dependency else { continue };
        if let Some(path) = path {
            follow(examples, workspace, &normal(&Path::new(folder).join(path)), found)?;
        } else if *shared
            && let Some(RawDependency::Table { path: Some(path), .. }) = workspace.dependencies.get(name)
        {
            follow(examples, workspace, path, found)?;
        }
    }
    Ok(())
}

/// `a/../b` is `b`.
fn normal(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    files::slashes(&plain)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot parse `{}`", path.display()))
}

/// SHA-256 over everything that a guest is made from: its folders, the WIT, the workspace's manifest and lock. Paths
/// count from the root, and every part is preceded by its length, so that no two trees hash alike.
pub(crate) fn hash(root: &Path, guest: &Guest) -> Result<String> {
    let mut sources = Vec::new();
    for folder in &guest.folders {
        sources.extend(files::below(root, &format!("examples/{folder}"))?);
    }
    sources.extend(files::below(root, "wit")?);
    for name in ["examples/Cargo.toml", "examples/Cargo.lock"] {
        let bytes = std::fs::read(root.join(name)).with_context(|| format!("cannot read `{name}`"))?;
        sources.push(files::SourceFile { path: name.to_owned(), bytes });
    }
    let mut hash = Sha256::new();
    for source in &sources {
        for part in [source.path.as_bytes(), &source.bytes] {
            hash.update(u64::try_from(part.len())?.to_be_bytes());
            hash.update(part);
        }
    }
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(name: &str) -> Vec<String> {
        let guests = guests(&files::root().unwrap()).unwrap();
        let guest = guests.into_iter().find(|guest| guest.name == name).unwrap();
        guest.folders.into_iter().collect()
    }

    #[test]
    fn a_guest_is_made_from_every_folder_it_names() {
        assert_eq!(folders("hello"), ["guest", "hello"]);
        assert_eq!(folders("hello3"), ["guest", "guest3", "hello3"]);
        assert_eq!(folders("attacker3"), ["attacker", "attacker3", "guest", "guest3"]);
    }

    #[test]
    fn the_hash_follows_the_sources() {
        let root = files::root().unwrap();
        let guests = guests(&root).unwrap();
        let hello = guests.iter().find(|guest| guest.name == "hello").unwrap();
        let once = hash(&root, hello).unwrap();
        assert_eq!(once, hash(&root, hello).unwrap());
        let less = Guest { folders: ["guest".to_owned()].into(), ..hello.clone() };
        assert_ne!(once, hash(&root, &less).unwrap());
    }
}
