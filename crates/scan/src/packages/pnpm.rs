//! `pnpm-lock.yaml`, versions 5 to 9.
//!
//! Invariant: one package of one version is one entry, however many sets of peers it is installed with. Not here: `package.json`: the
//! file itself says what each folder of the workspace asks for.

use std::collections::HashMap;

use super::npm::version_of;
use super::web::Roots;
use super::{Ecosystem, Lock, Package};
use crate::document::{self, Node};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{Place, SourceTree};

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let document = document::yaml(files, lock.file)?;
    if document.get("lockfileVersion").is_none() {
        let why = "it does not say its `lockfileVersion`".to_owned();
        return Err(Unread { place: Place::whole(lock.file), why });
    }
    let mut entries = Entries::default();
    // From version 9 on, `packages` has the versions and `snapshots` who needs whom.
    for section in ["packages", "snapshots"] {
        for (key, node) in document.get(section).map(Node::entries).unwrap_or_default() {
            entries.add(&key.text, node, key.place);
        }
    }
    let mut roots = Roots::default();
    match document.get("importers") {
        Some(importers) => {
            importers.entries().iter().for_each(|(_, folder)| entries.roots(folder, &mut roots));
        }
        None => entries.roots(&document, &mut roots),
    }
    entries.finish(&roots, lock);
    Ok(())
}

#[derive(Default)]
struct Entries {
    packages: Vec<Package>,
    /// Positions by the file's own key, with and without peers.
    by_key: HashMap<String, usize>,
    /// Positions by name and version.
    by_version: HashMap<(String, String), usize>,
    needs: Vec<Vec<(String, String)>>,
}

impl Entries {
    fn add(&mut self, key: &str, node: &Node, place: Place) {
        let text = |name: &str| node.get(name).and_then(Node::as_scalar);
        let parts = split(key);
        let (name, version) = match (text("name"), text("version"), parts) {
            (Some(name), version, _) => (name, version),
            (None, Some(version), Some((name, _))) => (name.to_owned(), Some(version)),
            (None, None, Some((name, version))) => (name.to_owned(), Some(version.to_owned())),
            _ => return,
        };
        let same = (name.clone(), version.clone().unwrap_or_default());
        let at = *self.by_version.entry(same).or_insert_with(|| {
            let version = match &version {
                Some(version) => version_of(version).1,
                None => Known::Unknown("it does not come from the registry".to_owned()),
            };
            let mut package = Package::new(Ecosystem::Npm, &name, version, place);
            package.dev = node.get("dev").and_then(Node::as_bool).unwrap_or(false);
            self.packages.push(package);
            self.needs.push(Vec::new());
            self.packages.len().saturating_sub(1)
        });
        self.by_key.insert(key.to_owned(), at);
        self.by_key.entry(without_peers(key).to_owned()).or_insert(at);
        if let Some(needs) = self.needs.get_mut(at) {
            let found = ["dependencies", "optionalDependencies"].into_iter().filter_map(|key| node.get(key));
            let found = found.flat_map(Node::entries);
            needs.extend(found.map(|(name, version)| (name.text.clone(), reference(version))));
        }
    }

    /// The package that a folder or another package means by a name and what stands beside it.
    fn find(&self, name: &str, reference: &str) -> Option<usize> {
        let keys = [
            reference.to_owned(),
            format!("{name}@{reference}"),
            format!("/{name}/{reference}"),
            format!("/{name}@{reference}"),
        ];
        let exact = keys.iter().find_map(|key| self.by_key.get(key));
        exact.or_else(|| keys.iter().find_map(|key| self.by_key.get(without_peers(key)))).copied()
    }

    fn roots(&self, folder: &Node, roots: &mut Roots) {
        let found = |section: &str| {
            let wanted = folder.get(section).map(Node::entries).unwrap_or_default();
            let found =
                wanted.iter().filter_map(|(name, version)| self.find(&name.text, &reference(version)));
            found.collect::<Vec<_>>()
        };
        roots.production.extend(found("dependencies"));
        roots.production.extend(found("optionalDependencies"));
        roots.development.extend(found("devDependencies"));
    }

    fn finish(mut self, roots: &Roots, lock: &mut Lock) {
        lock.packages = std::mem::take(&mut self.packages);
        let needs = |needs: &Vec<(String, String)>| {
            needs.iter().filter_map(|(name, reference)| self.find(name, reference)).collect::<Vec<_>>()
        };
        lock.link(self.needs.iter().map(needs));
        roots.mark(&mut lock.packages);
    }
}

/// What stands beside a name: a version, or an object that has one.
fn reference(node: &Node) -> String {
    node.as_scalar().or_else(|| node.get("version").and_then(Node::as_scalar)).unwrap_or_default()
}

/// Name and version in a key: `/a/1.0.0_peer@2`, `/@s/a@1.0.0(peer@2)`, `a@1.0.0`. `None` for what is not from a registry.
fn split(key: &str) -> Option<(&str, &str)> {
    let key = without_peers(key);
    let plain = key.strip_prefix('/').unwrap_or(key);
    let at = plain.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let (name, version) = match at {
        Some(at) => (plain.get(..at)?, plain.get(at + 1..)?),
        None if key.starts_with('/') => plain.rsplit_once('/')?,
        None => return None,
    };
    let slashes = name.matches('/').count();
    let scoped = usize::from(name.starts_with('@'));
    (slashes == scoped && !name.is_empty()).then_some((name, version))
}

/// A key without the peers that it was resolved with.
fn without_peers(key: &str) -> &str {
    let key = key.split('(').next().unwrap_or(key);
    if !key.starts_with('/') && !key.starts_with(|c: char| c.is_ascii_digit()) {
        return key;
    }
    // Version 5 puts them behind an underscore of the version, which no version has itself; a name may have one.
    let version = key.rfind('/').map_or(0, |at| at + 1);
    let peers = key.get(version..).and_then(|text| text.find('_')).map(|at| version + at);
    let before = peers.and_then(|at| key.get(version..at)).unwrap_or_default();
    match peers {
        Some(at) if before.starts_with(|c: char| c.is_ascii_digit()) => key.get(..at).unwrap_or(key),
        _ => key,
    }
}
