//! Gradle's lock files: `group:artifact:version=configuration,configuration`.
//!
//! Invariant: a package serves development alone when every configuration that uses it is one of tests or of the build. Not here: build
//! scripts, which are programs.

use super::{Ecosystem, Lock, Package, lines};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{Place, SourceTree};

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let text = super::text(files, lock.file)?;
    let path = files.path(lock.file);
    let build = path.ends_with("buildscript-gradle.lockfile");
    for (start, line) in lines(text) {
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') || words.starts_with("empty=") {
            continue;
        }
        let place = Place::new(lock.file, start, start + line.len());
        let (package, used) = words.split_once('=').unwrap_or((words, ""));
        let parts: Vec<&str> = package.split(':').collect();
        let [group, artifact, version] = parts.as_slice() else {
            let why = "this line is not `group:artifact:version=configurations`".to_owned();
            lock.unread.push(Unread { place, why });
            continue;
        };
        let mut package = Package::new(
            Ecosystem::Maven,
            &format!("{group}:{artifact}"),
            Known::Value((*version).to_owned()),
            place,
        );
        // Before Gradle 7 each configuration has a file that is named for it.
        let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".lockfile"));
        let used = if used.is_empty() { name.unwrap_or_default() } else { used };
        package.dev = build || used.split(',').all(is_development);
        lock.packages.push(package);
    }
    Ok(())
}

fn is_development(configuration: &str) -> bool {
    let name = configuration.to_ascii_lowercase();
    name.starts_with("test")
        || name.contains("androidtest")
        || name.contains("integrationtest")
        || name == "checkstyle"
        || name == "pmd"
        || name == "jacocoagent"
        || name == "jacocoant"
}
