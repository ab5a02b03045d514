//! Advisories in RustSec's form: TOML at the head of a Markdown file, the title below it.
//!
//! Invariant: affected is whatever is neither patched nor unaffected. Not here: RustSec's export in OSV's form (`osv`).

use serde::Deserialize;

use super::import::{Found, Refused};
use super::record::{Affected, Stretch};
use super::systems::Systems;
use super::{Advisory, cvss, summary};
use crate::finding::Severity;
use crate::packages::Ecosystem;
use crate::versions::{Interval, complement, requirement};

/// Requirements that one advisory may have: each is compared with all.
const MAX_REQUIREMENTS: usize = 500;

#[derive(Deserialize)]
struct File {
    advisory: Head,
    versions: Option<Versions>,
    affected: Option<Systems>,
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
    categories: Option<Vec<String>>,
    keywords: Option<Vec<String>>,
    // Before 2020 versions and systems stood here.
    patched_versions: Option<Vec<String>>,
    unaffected_versions: Option<Vec<String>>,
    affected_os: Option<Vec<String>>,
    affected_arch: Option<Vec<String>>,
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
        Some(rest) => match rest.split_once("\n```") {
            Some(parts) => parts,
            None => return is_ours(rest).then(|| Err(Refused("its TOML has no end".to_owned()))),
        },
        None if path.ends_with(".toml") => (text, ""),
        None => return None,
    };
    if !is_ours(head) {
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

/// Whether a text has the table that these files have. Its bracket may be what is damaged.
fn is_ours(head: &str) -> bool {
    head.lines().any(|line| line.trim_start().starts_with("[advisory"))
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
    let title = head.title.clone().unwrap_or_else(|| summary::title(body));
    let marks =
        head.categories.iter().flatten().chain(head.keywords.iter().flatten()).chain(&head.informational);
    let malicious = super::is_malware([], &title) || marks.into_iter().any(|mark| is_malicious(mark));
    if !malicious && head.informational.as_deref().is_some_and(|kind| kind != "unsound") {
        found.informational = true;
        return Ok(found);
    }
    let before = Systems { os: head.affected_os, arch: head.affected_arch };
    if before.are_others() || file.affected.is_some_and(|systems| systems.are_others()) {
        found.other_systems = true;
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
    let level =
        if malicious { Some(Severity::Critical) } else { head.cvss.as_deref().and_then(cvss::severity) };
    let score_tenths = head.cvss.as_deref().and_then(cvss::score_tenths);
    found.affected.push(Affected {
        ecosystem: Ecosystem::Cargo,
        name: head.package,
        advisory: Advisory {
            id: head.id,
            aliases: head.aliases.unwrap_or_default(),
            summary: title,
            severity: level,
            score_tenths,
            vector: head.cvss.filter(|vector| cvss::severity(vector).is_some()),
            cwes: Vec::new(),
            malicious,
            modified: head.date.unwrap_or_default(),
        },
        // Where a stretch ends, something patched or unaffected begins.
        stretches: left
            .into_iter()
            .map(|interval| Stretch { fixed: interval.to.as_ref().is_some_and(|to| !to.inclusive), interval })
            .collect(),
        versions: Vec::new(),
        patched: None,
    });
    Ok(found)
}

/// Whether a category, a keyword or a kind of note calls the crate itself the harm.
pub(super) fn is_malicious(mark: &str) -> bool {
    let mark = mark.to_ascii_lowercase();
    mark.contains("malicious") || mark.contains("malware")
}
