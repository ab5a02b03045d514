//! Advisories in RustSec's form: TOML at the head of a Markdown file, the title below it.
//!
//! Invariant: affected is whatever is neither patched nor unaffected. Not here: RustSec's export in OSV's form (`osv`).

use serde::Deserialize;

use super::import::{Found, Refused};
use super::osv::first_line;
use super::record::{Affected, Stretch};
use super::{Advisory, cvss};
use crate::packages::Ecosystem;
use crate::versions::{Interval, complement, requirement};

/// Requirements that one advisory may have: each is compared with all.
const MAX_REQUIREMENTS: usize = 500;

#[derive(Deserialize)]
struct File {
    advisory: Head,
    versions: Option<Versions>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: Option<String>,
    title: Option<String>,
    cvss: Option<String>,
    aliases: Option<Vec<String>>,
    withdrawn: Option<String>,
    yanked: Option<bool>,
    informational: Option<String>,
    collection: Option<String>,
    // Before 2020 the versions stood here.
    patched_versions: Option<Vec<String>>,
    unaffected_versions: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Reads a file; `None` when it is none of RustSec's.
pub(super) fn read(path: &str, text: &str) -> Option<Result<Found, Refused>> {
    let (head, body) = match text.trim_start().strip_prefix("```toml") {
        Some(rest) => rest.split_once("\n```")?,
        None if path.ends_with(".toml") => (text, ""),
        None => return None,
    };
    if !head.contains("[advisory]") {
        return None;
    }
    if crate::packages::nests(head) {
        return Some(Err(Refused("keys stand too deep in one another".to_owned())));
    }
    let file: File = match toml::from_str(head) {
        Ok(file) => file,
        Err(error) => return Some(Err(Refused(format!("not valid TOML: {}", error.message())))),
    };
    Some(found(path, file, body))
}

fn found(path: &str, file: File, body: &str) -> Result<Found, Refused> {
    let head = file.advisory;
    let mut found = Found { id: head.id.clone(), ..Found::default() };
    if head.withdrawn.is_some() || head.yanked == Some(true) {
        found.withdrawn = true;
        return Ok(found);
    }
    // Advisories about the compiler and its library are about no crate.
    if head.collection.as_deref() == Some("rust") || path.split('/').any(|folder| folder == "rust") {
        found.strangers.push("Rust toolchain".to_owned());
        return Ok(found);
    }
    if head.informational.as_deref().is_some_and(|kind| kind != "unsound") {
        found.informational = true;
        return Ok(found);
    }
    let versions = file.versions.unwrap_or_else(|| Versions {
        patched: head.patched_versions.unwrap_or_default(),
        unaffected: head.unaffected_versions.unwrap_or_default(),
    });
    if versions.patched.len() + versions.unaffected.len() > MAX_REQUIREMENTS {
        return Err(Refused("too many versions are listed".to_owned()));
    }
    let mut fine: Vec<Interval> = Vec::new();
    for text in versions.patched.iter().chain(&versions.unaffected) {
        let interval =
            requirement(text).ok_or_else(|| Refused(format!("`{text}` is no requirement of Cargo's")))?;
        fine.extend(interval);
    }
    let left = complement(Ecosystem::Cargo, &fine)
        .ok_or_else(|| Refused("a requirement has no version".to_owned()))?;
    let score_tenths = head.cvss.as_deref().and_then(cvss::score_tenths);
    found.affected.push(Affected {
        ecosystem: Ecosystem::Cargo,
        name: head.package,
        advisory: Advisory {
            id: head.id,
            aliases: head.aliases.unwrap_or_default(),
            summary: head.title.unwrap_or_else(|| first_line(body)),
            severity: head.cvss.as_deref().and_then(cvss::severity),
            score_tenths,
            modified: head.date.unwrap_or_default(),
        },
        // Where a stretch ends, something patched or unaffected begins.
        stretches: left
            .into_iter()
            .map(|interval| Stretch { fixed: interval.to.as_ref().is_some_and(|to| !to.inclusive), interval })
            .collect(),
        versions: Vec::new(),
    });
    Ok(found)
}
