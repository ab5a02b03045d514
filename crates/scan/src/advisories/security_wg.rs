//! Advisories in the form that npm's ecosystem had before: JSON with a range of versions as text.
//!
//! Invariant: a range that cannot be read refuses the record. Not here: the same group's records about Node.js itself.

use serde::Deserialize;

use super::import::{Found, Refused};
use super::record::{Affected, Stretch};
use super::summary;
use super::{Advisory, cvss};
use crate::finding::Severity;
use crate::packages::Ecosystem;
use crate::versions::{Bound, npm_range};

#[derive(Deserialize)]
pub(super) struct Record {
    id: u64,
    title: Option<String>,
    module_name: String,
    updated_at: Option<String>,
    cves: Option<Vec<String>>,
    vulnerable_versions: Option<String>,
    patched_versions: Option<String>,
    cvss_vector: Option<String>,
    cvss_score: Option<f64>,
}

pub(super) fn read(record: Record) -> Result<Found, Refused> {
    let id = format!("NSWG-ECO-{}", record.id);
    // No range means every version.
    let range = record.vulnerable_versions.as_deref().unwrap_or("*");
    // npm knows no commas; people wrote them all the same.
    let intervals = npm_range(&range.replace(',', " "))
        .ok_or_else(|| Refused(format!("`{range}` is no range of npm's")))?;
    let vector = record.cvss_vector.as_deref().unwrap_or_default();
    let given = record.cvss_score.filter(|score| (0.0..=10.0).contains(score));
    let score_tenths = cvss::score_tenths(vector).or_else(|| given.map(|score| (score * 10.0).round() as u8));
    let stretches: Vec<Stretch> = intervals
        .into_iter()
        .map(|interval| Stretch { fixed: interval.to.as_ref().is_some_and(|to| !to.inclusive), interval })
        .collect();
    let mut found = Found { id: id.clone(), ..Found::default() };
    if stretches.is_empty() {
        found.without_versions = true;
        return Ok(found);
    }
    let malicious = super::is_malware([], record.title.as_deref().unwrap_or_default());
    let level = if malicious { Some(Severity::Critical) } else { score_tenths.and_then(cvss::level) };
    found.affected.push(Affected {
        ecosystem: Ecosystem::Npm,
        name: Ecosystem::Npm.normalise(&record.module_name),
        advisory: Advisory {
            malicious,
            vector: Some(vector.to_owned()).filter(|vector| cvss::score_tenths(vector).is_some()),
            cwes: Vec::new(),
            id,
            aliases: record.cves.unwrap_or_default(),
            summary: summary::title(record.title.as_deref().unwrap_or_default()),
            severity: level,
            score_tenths,
            modified: record.updated_at.unwrap_or_default(),
        },
        stretches,
        versions: Vec::new(),
        patched: record.patched_versions.as_deref().and_then(patched),
    });
    Ok(found)
}

/// Where patched versions begin. `<0.0.0` is this form's word for "none"; nothing at all says nothing.
fn patched(range: &str) -> Option<Vec<Bound>> {
    let range = range.replace(',', " ");
    let intervals = npm_range(range.trim()).filter(|_| !range.trim().is_empty())?;
    Some(intervals.into_iter().filter_map(|interval| interval.from).collect())
}
