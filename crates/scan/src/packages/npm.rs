//! npm's lock files: `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.
//!
//! Invariant: who needs whom follows Node's own search, from a package's folder upwards. Not here: `package.json` (`manifest`).

use std::collections::HashMap;

use super::manifest::{self, Wanted};
use super::web::Roots;
use super::{Ecosystem, Lock, Package};
use crate::document::{self, Node};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{Place, SourceTree};

const MODULES: &str = "node_modules/";

/// How many folders upwards a package is looked for. npm itself stays far below.
const MAX_CLIMB: usize = 64;

/// The longest folder from which a package is looked for.
const MAX_PATH_BYTES: usize = 4096;

/// The longest name.
const MAX_NAME_BYTES: usize = 512;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let document = document::json(files, lock.file)?;
    let mut folders = Folders::default();
    if let Some(packages) = document.get("packages") {
        folders.take_all(packages);
    } else if let Some(dependencies) = document.get("dependencies") {
        folders.take_nested(dependencies);
        let folder = super::folder(files.path(lock.file));
        folders.wanted.extend(manifest::package_json_in(files, folder).map(|wanted| (String::new(), wanted)));
    } else if document.get("lockfileVersion").is_none() {
        let why = "neither `packages` nor `dependencies` is in it".to_owned();
        return Err(Unread { place: Place::whole(lock.file), why });
    }
    folders.finish(lock);
    Ok(())
}

/// Packages by the folder that they are installed in.
#[derive(Default)]
struct Folders {
    packages: Vec<Package>,
    /// `node_modules/a/node_modules/b` and the position of its package.
    by_path: HashMap<String, usize>,
    /// What each package asks for.
    needs: Vec<(String, Vec<String>)>,
    /// The app's own folders and what they ask for.
    wanted: Vec<(String, Wanted)>,
}

impl Folders {
    /// Versions 2 and 3: one flat list by folder.
    fn take_all(&mut self, packages: &Node) {
        for (path, node) in packages.entries() {
            let flag = |name: &str| node.get(name).and_then(Node::as_bool).unwrap_or(false);
            let Some((_, name)) = path.text.rsplit_once(MODULES) else {
                self.wanted.push((path.text.clone(), manifest::package_json(node)));
                continue;
            };
            if flag("link") {
                continue;
            }
            let name = node.get("name").and_then(Node::as_str).unwrap_or(name);
            let version = match node.get("version").and_then(Node::as_str) {
                Some(version) => version_of(version).1,
                None => Known::Unknown("the lock file gives it no version".to_owned()),
            };
            let mut package = Package::new(Ecosystem::Npm, name, version, path.place);
            package.dev = flag("dev");
            package.licence = licence(node);
            let needs = ["dependencies", "optionalDependencies", "peerDependencies"];
            let needs = needs.iter().filter_map(|key| node.get(key)).flat_map(Node::entries);
            let needs = needs.map(|(name, _)| name.text.clone()).collect();
            self.add(path.text.clone(), package, needs);
        }
    }

    /// Version 1: each package holds those that are installed below it.
    fn take_nested(&mut self, dependencies: &Node) {
        let mut open = vec![(String::new(), dependencies)];
        while let Some((folder, dependencies)) = open.pop() {
            for (name, node) in dependencies.entries() {
                // Every package below it repeats the name in its path; npm allows 214 bytes.
                if name.text.len() > MAX_NAME_BYTES {
                    continue;
                }
                let path = match folder.as_str() {
                    "" => format!("{MODULES}{}", name.text),
                    folder => format!("{folder}/{MODULES}{}", name.text),
                };
                let written = node.get("version").and_then(Node::as_str).unwrap_or_default();
                let (alias, version) = version_of(written);
                let mut package =
                    Package::new(Ecosystem::Npm, alias.unwrap_or(&name.text), version, name.place);
                package.dev = node.get("dev").and_then(Node::as_bool).unwrap_or(false);
                let needs = node.get("requires").map(Node::entries).unwrap_or_default();
                let needs = needs.iter().map(|(name, _)| name.text.clone()).collect();
                if let Some(inner) = node.get("dependencies") {
                    open.push((path.clone(), inner));
                }
                self.add(path, package, needs);
            }
        }
    }

    fn add(&mut self, path: String, package: Package, needs: Vec<String>) {
        self.by_path.insert(path.clone(), self.packages.len());
        self.packages.push(package);
        self.needs.push((path, needs));
    }

    /// The package that `name` means to code in a folder.
    fn find(&self, folder: &str, name: &str) -> Option<usize> {
        if folder.len() > MAX_PATH_BYTES {
            return None;
        }
        let mut folder = folder;
        for _ in 0..MAX_CLIMB {
            let path = match folder {
                "" => format!("{MODULES}{name}"),
                folder => format!("{folder}/{MODULES}{name}"),
            };
            if let Some(found) = self.by_path.get(&path) {
                return Some(*found);
            }
            if folder.is_empty() {
                return None;
            }
            // A workspace's own folder has the root above it, whatever lies between.
            folder =
                folder.rfind(MODULES).and_then(|at| folder.get(..at)).unwrap_or("").trim_end_matches('/');
        }
        None
    }

    fn finish(mut self, lock: &mut Lock) {
        lock.packages = std::mem::take(&mut self.packages);
        let needs = |(path, names): &(String, Vec<String>)| {
            names.iter().filter_map(|name| self.find(path, name)).collect::<Vec<_>>()
        };
        lock.link(self.needs.iter().map(needs));
        let mut roots = Roots::default();
        for (folder, wanted) in &self.wanted {
            let found = |names: &HashMap<String, String>| {
                names.keys().filter_map(|name| self.find(folder, name)).collect::<Vec<_>>()
            };
            roots.production.extend(found(&wanted.production));
            roots.development.extend(found(&wanted.development));
        }
        if !self.wanted.is_empty() {
            roots.mark(&mut lock.packages);
        }
    }
}

/// What a version says, and the true name where it is an alias: `npm:name@1.2.3`.
pub(super) fn version_of(written: &str) -> (Option<&str>, Known<String>) {
    let (alias, version) = match written.strip_prefix("npm:").and_then(|text| text.rsplit_once('@')) {
        Some((name, version)) => (Some(name), version),
        None => (None, written),
    };
    let plain = version.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    if plain && !version.contains([':', '/']) {
        return (alias, Known::Value(version.to_owned()));
    }
    let why = match written {
        "" => "the lock file gives it no version".to_owned(),
        _ => "it does not come from the registry".to_owned(),
    };
    (alias, Known::Unknown(why))
}

/// `license` as npm writes it, and as old packages do.
fn licence(node: &Node) -> Option<String> {
    let licence = node.get("license")?;
    let text = licence.as_str().or_else(|| licence.get("type").and_then(Node::as_str));
    text.map(str::to_owned)
}
