//! `poetry.lock`.
//!
//! Invariant: what the file itself says of groups counts before what follows from `pyproject.toml`. Not here: `uv.lock` (`uv`).

use std::collections::{HashMap, HashSet};

use super::bounds::MAX_NEEDS;
use super::web::Roots;
use super::{Ecosystem, Lock, MAX_SAME_NAME, Package, manifest, tables};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::SourceTree;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let table = tables::read(files, lock.file)?;
    let mut needs = Vec::new();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for entry in tables::each(&table, "package") {
        let value = entry.get_ref();
        let Some(name) = tables::text(value, "name") else { continue };
        let source = value.as_table().and_then(|table| tables::at(table, &["source"]));
        let kind = source.and_then(|source| source.get("type")?.get_ref().as_str());
        let version = match (tables::text(value, "version"), kind) {
            (Some(version), None | Some("legacy")) => Known::Value(version.to_owned()),
            _ => Known::Unknown("it does not come from the registry".to_owned()),
        };
        let mut package =
            Package::new(Ecosystem::PyPi, name, version, tables::place(lock.file, entry, "name"));
        package.dev = development(entry);
        by_name.entry(package.name.clone()).or_default().push(lock.packages.len());
        lock.packages.push(package);
        let named = value.as_table().and_then(|table| tables::at(table, &["dependencies"]));
        let named = named.into_iter().flatten().map(|(name, _)| Ecosystem::PyPi.normalise(name.get_ref()));
        needs.push(named.collect::<Vec<_>>());
    }
    let found = |name: &String| by_name.get(name).into_iter().flatten().take(MAX_SAME_NAME).copied();
    lock.link(needs.iter().map(|needs| needs.iter().flat_map(found)));
    if let Some(wanted) = manifest::pyproject(files, lock.file) {
        let positions = |names: &HashSet<String>| names.iter().flat_map(found).take(MAX_NEEDS).collect();
        let roots =
            Roots { production: positions(&wanted.production), development: positions(&wanted.development) };
        roots.mark(&mut lock.packages);
    }
    Ok(())
}

/// Whether the entry says that it serves development: `category` before Poetry 1.5, `groups` from 2.0 on.
fn development(entry: &tables::Value<'_>) -> bool {
    let value = entry.get_ref();
    if let Some(category) = tables::text(value, "category") {
        return category != "main";
    }
    let groups = value.as_table().and_then(|table| table.get("groups")?.get_ref().as_array());
    groups.is_some_and(|groups| groups.iter().all(|group| group.get_ref().as_str() != Some("main")))
}
