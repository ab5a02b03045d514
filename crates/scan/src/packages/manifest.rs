//! What an app itself asks for: `package.json`, `pyproject.toml`, `Pipfile`, beside their lock files.
//!
//! Invariant: a manifest that is missing or unreadable says nothing; the lock file counts. Not here: the lock files.

use std::collections::{HashMap, HashSet};

use super::{Ecosystem, tables};
use crate::document::{self, Node};
use crate::source::{FileId, SourceTree};

/// What a `package.json` asks for: names and ranges.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// What the app runs with.
    pub(super) production: HashMap<String, String>,
    /// What it is developed with.
    pub(super) development: HashMap<String, String>,
}

/// Reads a `package.json`, or any object of its shape.
pub(super) fn package_json(node: &Node) -> Wanted {
    let mut wanted = Wanted::default();
    let mut take = |key: &str, development: bool| {
        let into = if development { &mut wanted.development } else { &mut wanted.production };
        for (name, range) in node.get(key).map(Node::entries).unwrap_or_default() {
            into.insert(name.text.clone(), range.as_scalar().unwrap_or_default());
        }
    };
    take("dependencies", false);
    take("optionalDependencies", false);
    take("peerDependencies", false);
    take("devDependencies", true);
    wanted
}

/// The `package.json` of a folder.
pub(super) fn package_json_in(files: &SourceTree, folder: &str) -> Option<Wanted> {
    let file = files.find(&format!("{folder}/package.json"))?;
    document::json(files, file).ok().map(|node| package_json(&node))
}

/// What a Python project asks for, as normalised names.
#[derive(Debug, Default)]
pub(super) struct PythonWanted {
    /// What it runs with.
    pub(super) production: HashSet<String>,
    /// What it is developed with.
    pub(super) development: HashSet<String>,
}

/// Reads the `pyproject.toml` beside a lock file.
pub(super) fn pyproject(files: &SourceTree, lock: FileId) -> Option<PythonWanted> {
    let table = tables::read(files, super::beside(files, lock, "pyproject.toml")?).ok()?;
    let mut wanted = PythonWanted::default();
    let listed = |list: Option<&tables::Value<'_>>, into: &mut HashSet<String>| {
        let items = list.and_then(|list| list.get_ref().as_array()).into_iter().flatten();
        into.extend(items.filter_map(|item| item.get_ref().as_str()).filter_map(requirement_name));
    };
    if let Some(project) = tables::at(&table, &["project"]) {
        listed(project.get("dependencies"), &mut wanted.production);
        for (_, list) in tables::at(project, &["optional-dependencies"]).into_iter().flatten() {
            listed(Some(list), &mut wanted.production);
        }
    }
    for (_, list) in tables::at(&table, &["dependency-groups"]).into_iter().flatten() {
        listed(Some(list), &mut wanted.development);
    }
    if let Some(poetry) = tables::at(&table, &["tool", "poetry"]) {
        let names = |path: &[&str]| {
            let found = tables::at(poetry, path).into_iter().flatten();
            found.map(|(name, _)| Ecosystem::PyPi.normalise(name.get_ref())).collect::<Vec<_>>()
        };
        wanted.production.extend(names(&["dependencies"]).into_iter().filter(|name| name != "python"));
        wanted.development.extend(names(&["dev-dependencies"]));
        for (group, _) in tables::at(poetry, &["group"]).into_iter().flatten() {
            let group = group.get_ref().as_ref();
            let into = if group == "main" { &mut wanted.production } else { &mut wanted.development };
            into.extend(names(&["group", group, "dependencies"]));
        }
    }
    Some(wanted)
}

/// The names in the `Pipfile` beside a lock file.
pub(super) fn pipfile(files: &SourceTree, lock: FileId) -> Option<HashSet<String>> {
    let table = tables::read(files, super::beside(files, lock, "Pipfile")?).ok()?;
    let sections = ["packages", "dev-packages"].into_iter().filter_map(|name| tables::at(&table, &[name]));
    Some(sections.flatten().map(|(name, _)| Ecosystem::PyPi.normalise(name.get_ref())).collect())
}

/// The package that a requirement such as `Flask[async]>=2` names, normalised.
pub(super) fn requirement_name(text: &str) -> Option<String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
    let name = text.get(..end).filter(|name| !name.is_empty())?;
    Some(Ecosystem::PyPi.normalise(name))
}
