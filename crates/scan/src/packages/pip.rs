//! Python requirements (`requirements.txt`) and `Pipfile.lock`.
//!
//! Invariant: only `==` and `===` with a whole version settle one; everything else is named and unknown. Not here: what an environment
//! would be given: a marker (`; python_version < "3.8"`) is not weighed, the requirement counts.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::manifest::{self, requirement_name};
use super::{Ecosystem, Lock, Package, kind_of, lines};
use crate::document::{self, Node};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{FileId, Place, SourceTree};

/// How many files one file may include, directly and through others.
const MAX_INCLUDES: usize = 64;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let mut reader =
        Reader { files, seen: BTreeSet::new(), constraints: HashMap::new(), packages: Vec::new() };
    reader.take(lock.file, false)?;
    let path = files.path(lock.file).to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let dev = ["dev", "test", "lint", "doc", "ci"].iter().any(|word| {
        name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.trim_end_matches('s') == *word)
    });
    for mut package in reader.packages {
        package.dev = dev;
        // A constraint settles a requirement that leaves its version open.
        if let (Known::Unknown(_), Some(version)) = (&package.version, reader.constraints.get(&package.name))
        {
            package.version = Known::Value(version.clone());
        }
        lock.packages.push(package);
    }
    Ok(())
}

struct Reader<'a> {
    files: &'a SourceTree,
    seen: BTreeSet<FileId>,
    /// Pins of files that are named as constraints.
    constraints: HashMap<String, String>,
    packages: Vec<Package>,
}

impl Reader<'_> {
    fn take(&mut self, file: FileId, constraint: bool) -> Result<(), Unread> {
        let mut open = vec![(file, constraint)];
        while let Some((file, constraint)) = open.pop() {
            if self.seen.len() >= MAX_INCLUDES || !self.seen.insert(file) {
                continue;
            }
            let text = super::text(self.files, file)?;
            for (place, line) in logical(file, text) {
                match option(&line) {
                    Some((name, constraint_here)) => {
                        let path = format!("{}/{name}", super::folder(self.files.path(file)));
                        // A file that is a lock file by its own name is read on its own.
                        let found = self.files.find(&path);
                        let own = !constraint_here && kind_of(&path).is_some();
                        open.extend(
                            found.filter(|_| !own).map(|found| (found, constraint || constraint_here)),
                        );
                    }
                    None => self.requirement(place, &line, constraint),
                }
            }
        }
        Ok(())
    }

    fn requirement(&mut self, place: Place, line: &str, constraint: bool) {
        let Some((name, version)) = requirement(line) else { return };
        match (constraint, version) {
            (true, Known::Value(version)) => {
                self.constraints.insert(name, version);
            }
            (true, Known::Unknown(_)) => {}
            (false, version) => self.packages.push(Package::new(Ecosystem::PyPi, &name, version, place)),
        }
    }
}

/// Lines with their continuations, without comments and empty ones.
fn logical(file: FileId, text: &str) -> Vec<(Place, String)> {
    let mut all = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (start, line) in lines(text) {
        let (at, mut whole) = open.take().unwrap_or_else(|| (start, String::new()));
        let comment = line.find('#').filter(|hash| {
            *hash == 0 || line.get(..*hash).is_some_and(|before| before.ends_with([' ', '\t']))
        });
        let words = comment.and_then(|hash| line.get(..hash)).unwrap_or(line).trim_end();
        match words.strip_suffix('\\') {
            Some(words) => {
                whole.push_str(words);
                open = Some((at, whole));
            }
            None => {
                whole.push_str(words);
                let end = at + whole.trim_end().len().max(1);
                all.push((Place::new(file, at, end), whole.trim().to_owned()));
            }
        }
    }
    all.extend(open.map(|(at, whole)| (Place::new(file, at, at + 1), whole.trim().to_owned())));
    all.retain(|(_, line)| !line.is_empty());
    all
}

/// A file that a line includes, and whether as constraints.
fn option(line: &str) -> Option<(&str, bool)> {
    let named = [("--requirement", false), ("--constraint", true), ("-r", false), ("-c", true)];
    named.into_iter().find_map(|(option, constraint)| {
        let rest = line.strip_prefix(option)?;
        Some((rest.trim_start_matches([' ', '=', '\t']).trim(), constraint))
    })
}

/// A requirement's normalised name and version. `None` for options and for folders.
fn requirement(line: &str) -> Option<(String, Known<String>)> {
    let unknown = |why: &str| Known::Unknown(why.to_owned());
    let line = line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable ")).unwrap_or(line).trim();
    if let Some((_, egg)) = line.split_once("#egg=") {
        return Some((requirement_name(egg)?, unknown("it comes from an address, not from the registry")));
    }
    if line.starts_with(['-', '.', '/']) || line.contains("://") && !line.contains(" @ ") {
        return None;
    }
    // Options such as `--hash=…` and the marker stand behind the specifier.
    let spec = line.split(" --").next().unwrap_or(line).split(';').next().unwrap_or(line).trim();
    let name = requirement_name(spec)?;
    let rest = spec.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c)).trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim_start(),
        None => rest,
    };
    if rest.starts_with('@') {
        return Some((name, unknown("it comes from an address, not from the registry")));
    }
    let rest = rest.trim_start_matches('(').trim_end_matches(')').trim();
    let pinned = rest.strip_prefix("===").or_else(|| rest.strip_prefix("=="));
    let version = match pinned.map(str::trim) {
        Some(version) if !version.contains([',', '*', ' ']) && !version.is_empty() => {
            Known::Value(version.to_owned())
        }
        Some(version) if version.contains(',') => {
            // `==1.2, !=1.3` is settled by its first part.
            let first = version.split(',').next().unwrap_or_default().trim();
            if first.contains('*') { unknown("it is not pinned") } else { Known::Value(first.to_owned()) }
        }
        _ => unknown("it is not pinned to one version"),
    };
    Some((name, version))
}

pub(super) fn read_pipfile(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let document = document::json(files, lock.file)?;
    if document.get("default").is_none() && document.get("develop").is_none() {
        let why = "neither `default` nor `develop` is in it".to_owned();
        return Err(Unread { place: Place::whole(lock.file), why });
    }
    let wanted = manifest::pipfile(files, lock.file);
    let mut seen = HashSet::new();
    for (section, dev) in [("default", false), ("develop", true)] {
        for (name, node) in document.get(section).map(Node::entries).unwrap_or_default() {
            let pinned = node.get("version").and_then(Node::as_str).and_then(|text| text.strip_prefix("=="));
            let version = match pinned {
                Some(version) => Known::Value(version.trim_start_matches('=').trim().to_owned()),
                None => Known::Unknown("it does not come from the registry".to_owned()),
            };
            let mut package = Package::new(Ecosystem::PyPi, &name.text, version, name.place);
            // What both sections name is needed to run.
            if !seen.insert(package.name.clone()) {
                continue;
            }
            package.dev = dev;
            package.direct = wanted.as_ref().map(|wanted| wanted.contains(&package.name));
            lock.packages.push(package);
        }
    }
    Ok(())
}
