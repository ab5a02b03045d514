//! `uv.lock`.
//!
//! Invariant: the project's own packages are no dependencies. Not here: `pyproject.toml`: the lock file repeats what it asks for.

use std::collections::HashMap;

use toml::de::DeTable;

use super::bounds::MAX_NEEDS;
use super::web::Roots;
use super::{Ecosystem, Lock, MAX_SAME_NAME, Package, tables};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::SourceTree;

/// A dependency: a name, and a version where the lock file has several.
type Need = (String, Option<String>);

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let table = tables::read(files, lock.file)?;
    let mut needs: Vec<Vec<Need>> = Vec::new();
    let (mut production, mut development) = (Vec::new(), Vec::new());
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for entry in tables::each(&table, "package") {
        let value = entry.get_ref();
        let (Some(name), Some(fields)) = (tables::text(value, "name"), value.as_table()) else { continue };
        let source = tables::at(fields, &["source"]);
        let is = |kind: &str| source.is_some_and(|source| source.get(kind).is_some());
        let mut asks = listed(fields, "dependencies");
        for (_, extra) in tables::at(fields, &["optional-dependencies"]).into_iter().flatten() {
            asks.extend(named(extra));
        }
        if is("editable") || is("virtual") || is("directory") {
            production.extend(asks);
            for (_, group) in tables::at(fields, &["dev-dependencies"]).into_iter().flatten() {
                development.extend(named(group));
            }
            continue;
        }
        let version = match tables::text(value, "version") {
            Some(version) if is("registry") || source.is_none() => Known::Value(version.to_owned()),
            _ => Known::Unknown("it does not come from the registry".to_owned()),
        };
        let package = Package::new(Ecosystem::PyPi, name, version, tables::place(lock.file, entry, "name"));
        by_name.entry(package.name.clone()).or_default().push(lock.packages.len());
        lock.packages.push(package);
        needs.push(asks);
    }
    let versions: Vec<Known<String>> = lock.packages.iter().map(|package| package.version.clone()).collect();
    let found = |(name, version): &Need| {
        let all = by_name.get(name).into_iter().flatten().take(MAX_SAME_NAME).copied();
        let version = version.clone();
        let same = |at: &usize| versions.get(*at).and_then(Known::value) == version.as_ref();
        all.filter(|at| version.is_none() || same(at)).collect::<Vec<_>>()
    };
    lock.link(needs.iter().map(|needs| needs.iter().flat_map(found)));
    let roots = Roots {
        production: production.iter().flat_map(found).take(MAX_NEEDS).collect(),
        development: development.iter().flat_map(found).take(MAX_NEEDS).collect(),
    };
    roots.mark(&mut lock.packages);
    Ok(())
}

fn listed(fields: &DeTable<'_>, name: &str) -> Vec<Need> {
    fields.get(name).map(named).unwrap_or_default()
}

/// The packages of a list such as `[{ name = "a", version = "1" }]`.
fn named(list: &tables::Value<'_>) -> Vec<Need> {
    let items = list.get_ref().as_array().into_iter().flatten();
    let need = |item: &tables::Value<'_>| {
        let name = Ecosystem::PyPi.normalise(tables::text(item.get_ref(), "name")?);
        Some((name, tables::text(item.get_ref(), "version").map(str::to_owned)))
    };
    items.filter_map(need).collect()
}
