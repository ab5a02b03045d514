//! `Cargo.lock`, versions 1 to 4.
//!
//! Invariant: packages without a source are the app's own and no dependencies. Development dependencies are not told apart: the file does
//! not say. Not here: `Cargo.toml`.

use std::collections::HashMap;

use super::bounds::MAX_NEEDS;
use super::web::Roots;
use super::{Ecosystem, Lock, MAX_SAME_NAME, Package, tables};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::SourceTree;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let table = tables::read(files, lock.file)?;
    let mut needs: Vec<Vec<String>> = Vec::new();
    let mut production: Vec<String> = Vec::new();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for entry in tables::each(&table, "package") {
        let value = entry.get_ref();
        let (Some(name), Some(version)) = (tables::text(value, "name"), tables::text(value, "version"))
        else {
            continue;
        };
        let asks = value.as_table().and_then(|table| table.get("dependencies")?.get_ref().as_array());
        let asks = asks.into_iter().flatten().filter_map(|need| need.get_ref().as_str());
        let asks: Vec<String> = asks.map(str::to_owned).collect();
        let Some(source) = tables::text(value, "source") else {
            production.extend(asks);
            continue;
        };
        let version = match source.starts_with("registry+") || source.starts_with("sparse+") {
            true => Known::Value(version.to_owned()),
            false => Known::Unknown("it does not come from the registry".to_owned()),
        };
        let package = Package::new(Ecosystem::Cargo, name, version, tables::place(lock.file, entry, "name"));
        by_name.entry(package.name.clone()).or_default().push(lock.packages.len());
        lock.packages.push(package);
        needs.push(asks);
    }
    let versions: Vec<Known<String>> = lock.packages.iter().map(|package| package.version.clone()).collect();
    // `name`, or `name version` where there are several, or both and a source.
    let found = |need: &String| {
        let mut words = need.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let all = by_name.get(name).into_iter().flatten().take(MAX_SAME_NAME).copied();
        let same = |at: &usize| match (version, versions.get(*at).and_then(Known::value)) {
            (Some(version), Some(found)) => version == found,
            _ => true,
        };
        all.filter(same).collect::<Vec<_>>()
    };
    lock.link(needs.iter().map(|needs| needs.iter().flat_map(found)));
    let roots = Roots {
        production: production.iter().flat_map(found).take(MAX_NEEDS).collect(),
        development: Vec::new(),
    };
    if !roots.production.is_empty() {
        roots.mark(&mut lock.packages);
    }
    Ok(())
}
