//! `yarn.lock`: the first generation's own notation, and the second's YAML.
//!
//! Invariant: both are read as entries that answer to descriptors such as `name@^1.2.0`. Not here: `package.json` (`manifest`).

use std::collections::HashMap;

use super::manifest::{self, Wanted};
use super::npm::version_of;
use super::web::Roots;
use super::{Ecosystem, Lock, Package, lines};
use crate::document::{self, Node};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{Place, SourceTree};

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let text = super::text(files, lock.file)?;
    let mut entries = Entries::default();
    if text.contains("\n__metadata:") || text.starts_with("__metadata:") {
        second(&document::yaml(files, lock.file)?, &mut entries);
    } else {
        first(text, lock, &mut entries)?;
    }
    let folder = super::folder(files.path(lock.file));
    // The folders of a workspace; a first-generation lock file does not list them.
    let mut folders = entries.workspaces.clone();
    folders.push((String::new(), Vec::new()));
    let wanted: Vec<(Option<Wanted>, Vec<String>)> = folders
        .into_iter()
        .map(|(path, asks)| (manifest::package_json_in(files, &format!("{folder}/{path}")), asks))
        .collect();
    entries.finish(&wanted, lock);
    Ok(())
}

#[derive(Default)]
struct Entries {
    packages: Vec<Package>,
    by_descriptor: HashMap<String, usize>,
    /// For each package the descriptors that it needs.
    needs: Vec<Vec<String>>,
    /// The app's own folders, and the descriptors that they ask for.
    workspaces: Vec<(String, Vec<String>)>,
}

impl Entries {
    fn add(&mut self, descriptors: &[String], package: Package) {
        for descriptor in descriptors {
            self.by_descriptor.insert(descriptor.clone(), self.packages.len());
        }
        self.packages.push(package);
        self.needs.push(Vec::new());
    }

    fn find(&self, descriptor: &str) -> Option<usize> {
        let found = self.by_descriptor.get(descriptor).copied();
        // The second generation leaves `npm:` out of what packages ask for.
        found.or_else(|| {
            let (name, range) = split(descriptor)?;
            self.by_descriptor.get(&format!("{name}@npm:{range}")).copied()
        })
    }

    fn finish(mut self, wanted: &[(Option<Wanted>, Vec<String>)], lock: &mut Lock) {
        lock.packages = std::mem::take(&mut self.packages);
        let mut roots = Roots::default();
        let mut known = false;
        for (wanted, asks) in wanted {
            known |= wanted.is_some() || !asks.is_empty();
            let found = |names: &HashMap<String, String>| {
                let descriptors = names.iter().map(|(name, range)| format!("{name}@{range}"));
                descriptors.filter_map(|descriptor| self.find(&descriptor)).collect::<Vec<_>>()
            };
            match wanted {
                Some(wanted) => {
                    roots.production.extend(found(&wanted.production));
                    roots.development.extend(found(&wanted.development));
                }
                None => roots.production.extend(asks.iter().filter_map(|descriptor| self.find(descriptor))),
            }
        }
        lock.link(self.needs.iter().map(|needs| needs.iter().filter_map(|descriptor| self.find(descriptor))));
        if known {
            roots.mark(&mut lock.packages);
        }
    }
}

/// A descriptor's name and range; the name may begin with the `@` of a scope.
fn split(descriptor: &str) -> Option<(&str, &str)> {
    let at = descriptor.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at)?;
    Some((descriptor.get(..at)?, descriptor.get(at + 1..)?))
}

/// The package that a descriptor means: the true one where it is an alias, `a@npm:b@^1`.
fn true_name(descriptor: &str) -> Option<&str> {
    let (name, range) = split(descriptor)?;
    let alias = range.strip_prefix("npm:").and_then(split).map(|(name, _)| name);
    Some(alias.unwrap_or(name))
}

fn first(text: &str, lock: &Lock, entries: &mut Entries) -> Result<(), Unread> {
    let mut in_needs = false;
    let mut seen = false;
    for (start, line) in lines(text) {
        let place = Place::new(lock.file, start, start + line.len());
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let (key, value) = words.split_once(' ').unwrap_or((words, ""));
        match indent {
            0 => {
                let descriptors = words.strip_suffix(':').unwrap_or_default().split(", ");
                let descriptors: Vec<_> = descriptors.map(|one| one.trim_matches('"').to_owned()).collect();
                let Some(name) = descriptors.first().and_then(|first| true_name(first)) else {
                    let why = "this line begins no entry of a yarn.lock".to_owned();
                    return Err(Unread { place, why });
                };
                let version = Known::Unknown("the lock file gives it no version".to_owned());
                let package = Package::new(Ecosystem::Npm, name, version, place);
                entries.add(&descriptors, package);
                (in_needs, seen) = (false, true);
            }
            2 => {
                in_needs = matches!(words, "dependencies:" | "optionalDependencies:");
                if let (Some(package), "version") = (entries.packages.last_mut(), key.trim_end_matches(':')) {
                    package.version = version_of(value.trim().trim_matches('"')).1;
                }
            }
            _ if in_needs => {
                let need = format!("{}@{}", key.trim_matches('"'), value.trim().trim_matches('"'));
                entries.needs.last_mut().into_iter().for_each(|needs| needs.push(need.clone()));
            }
            _ => {}
        }
    }
    let commented = text.lines().any(|line| line.starts_with("# yarn lockfile"));
    if seen || commented || text.trim().is_empty() {
        return Ok(());
    }
    Err(Unread { place: Place::whole(lock.file), why: "no entry of a yarn.lock is in it".to_owned() })
}

fn second(document: &Node, entries: &mut Entries) {
    for (key, node) in document.entries() {
        let Some(resolution) = node.get("resolution").and_then(Node::as_str) else { continue };
        let Some((name, source)) = split(resolution) else { continue };
        let needs: Vec<String> = ["dependencies", "optionalDependencies"]
            .into_iter()
            .filter_map(|key| node.get(key))
            .flat_map(Node::entries)
            .map(|(name, range)| format!("{}@{}", name.text, range.as_scalar().unwrap_or_default()))
            .collect();
        if let Some(folder) = source.strip_prefix("workspace:") {
            entries.workspaces.push((folder.to_owned(), needs));
            continue;
        }
        let local = ["link:", "portal:", "file:"].iter().any(|local| source.starts_with(local));
        let version = match node.get("version").and_then(Node::as_scalar) {
            Some(version) if !local => version_of(&version).1,
            _ => Known::Unknown("it does not come from the registry".to_owned()),
        };
        let descriptors: Vec<_> = key.text.split(',').map(|one| one.trim().to_owned()).collect();
        entries.add(&descriptors, Package::new(Ecosystem::Npm, name, version, key.place));
        if let Some(last) = entries.needs.last_mut() {
            *last = needs;
        }
    }
}
