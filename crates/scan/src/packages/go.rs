//! Go modules: `go.mod`, and `go.sum` where that is needed to know the versions.
//!
//! Invariant: from Go 1.17 on `go.mod` alone names every module that is built; before, and without it, the highest version whose content
//! `go.sum` has is the one that is built (minimal version selection). Not here: the standard library, which the toolchain brings.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use super::{Ecosystem, Lock, Package, beside, lines};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{FileId, Place, SourceTree};
use crate::versions;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let text = super::text(files, lock.file)?;
    if files.path(lock.file).ends_with("go.sum") {
        lock.packages = sums(lock.file, text).into_values().collect();
        return Ok(());
    }
    let module = Module::parse(lock.file, text);
    let direct: HashMap<String, bool> =
        module.required.iter().map(|package| (package.name.clone(), package.direct == Some(true))).collect();
    lock.packages = module.required;
    if !module.complete
        && let Some(sum) = beside(files, lock.file, "go.sum")
    {
        let mut all = sums(sum, super::text(files, sum)?);
        for package in &mut lock.packages {
            // What the sums know of a module that the app names itself is at least as high as what it asks for.
            if let Some(found) = all.remove(&package.name) {
                package.version = found.version;
            }
        }
        for mut package in all.into_values() {
            package.direct = Some(direct.get(&package.name).copied().unwrap_or(false));
            lock.packages.push(package);
        }
    }
    for package in &mut lock.packages {
        let version = package.version.value().cloned();
        let key = |version: Option<String>| (package.name.clone(), version);
        let Some(other) = module.replaced.get(&key(version)).or_else(|| module.replaced.get(&key(None)))
        else {
            continue;
        };
        match other {
            (name, Some(version)) => {
                package.name.clone_from(name);
                package.version = Known::Value(version.clone());
            }
            (_, None) => {
                package.version = Known::Unknown("a folder takes the place of the module".to_owned());
            }
        }
    }
    Ok(())
}

/// A module's file.
struct Module {
    required: Vec<Package>,
    /// By name, and version where one is given: what takes the module's place.
    replaced: HashMap<(String, Option<String>), (String, Option<String>)>,
    /// Whether it names indirect dependencies too.
    complete: bool,
}

impl Module {
    fn parse(file: FileId, text: &str) -> Self {
        let mut module = Self { required: Vec::new(), replaced: HashMap::new(), complete: false };
        let mut block: Option<&str> = None;
        for (start, line) in lines(text) {
            let (words, comment) = line.split_once("//").unwrap_or((line, ""));
            let mut words: Vec<&str> = words.split_whitespace().map(|word| word.trim_matches('"')).collect();
            match (block, words.as_slice()) {
                (_, [")"]) => block = None,
                (None, [verb, "("]) => block = Some(*verb),
                (Some(verb), _) => words.insert(0, verb),
                _ => {}
            }
            match words.as_slice() {
                ["require", name, version] => {
                    let place = Place::new(file, start, start + line.len());
                    let version = Known::Value((*version).to_owned());
                    let mut package = Package::new(Ecosystem::Go, name, version, place);
                    package.direct = Some(!comment.trim_start().starts_with("indirect"));
                    module.required.push(package);
                }
                ["go", version] => {
                    let order = versions::compare(Ecosystem::Go, version, "1.17");
                    module.complete = order.is_some_and(Ordering::is_ge);
                }
                ["replace", rest @ ..] => module.replace(rest),
                _ => {}
            }
        }
        module
    }

    fn replace(&mut self, words: &[&str]) {
        let Some(arrow) = words.iter().position(|word| *word == "=>") else { return };
        let (Some(from), Some(to)) = (words.get(..arrow), words.get(arrow + 1..)) else { return };
        let [name, version @ ..] = from else { return };
        let [other, with @ ..] = to else { return };
        let text = |words: &[&str]| words.first().map(|version| (*version).to_owned());
        self.replaced.insert(((*name).to_owned(), text(version)), ((*other).to_owned(), text(with)));
    }
}

/// The highest version of each module whose content the sums have.
fn sums(file: FileId, text: &str) -> BTreeMap<String, Package> {
    let mut all: BTreeMap<String, Package> = BTreeMap::new();
    for (start, line) in lines(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, version, _] = words.as_slice() else { continue };
        if version.ends_with("/go.mod") {
            continue;
        }
        let place = Place::new(file, start, start + line.len());
        let package = Package::new(Ecosystem::Go, name, Known::Value((*version).to_owned()), place);
        let higher = all.get(*name).and_then(|known| known.version.value()).is_none_or(|known| {
            versions::compare(Ecosystem::Go, version, known).is_some_and(Ordering::is_gt)
        });
        if higher {
            all.insert((*name).to_owned(), package);
        }
    }
    all
}
