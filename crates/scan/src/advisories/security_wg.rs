//! Advisories in the form that npm's ecosystem had before: JSON with a range of versions as text.
//!
//! Invariant: a range that cannot be read refuses the record. Not here: the same group's records about Node.js itself.

use serde::Deserialize;

use super::import::{Found, Refused};
use super::osv::first_line;
use super::record::{Affected, Stretch};
use super::{Advisory, cvss};
use crate::packages::Ecosystem;
use crate::versions::npm_range;

#[derive(Deserialize)]
pub(super) struct Record {
    id: u64,
    title: Option<String>,
    module_name: String,
    updated_at: Option<String>,
    cves: Option<Vec<String>>,
    vulnerable_versions: Option<String>,
    cvss_vector: Option<String>,
    cvss_score: Option<f64>,
}

pub(super) fn read(record: Record) -> Result<Found, Refused> {
    let id = format!("NSWG-ECO-{}", record.id);
    // No range means every version.
    let range = record.vulnerable_versions.as_deref().unwrap_or("*");
    let intervals = npm_range(range).ok_or_else(|| Refused(format!("`{range}` is no range of npm's")))?;
    let vector = record.cvss_vector.as_deref().unwrap_or_default();
    let given = record.cvss_score.filter(|score| (0.0..=10.0).contains(score));
    let score_tenths = cvss::score_tenths(vector).or_else(|| given.map(|score| (score * 10.0).round() as u8));
    let stretches: Vec<Stretch> = intervals
        .into_iter()
        .map(|interval| Stretch { fixed: interval.to.as_ref().is_some_and(|to| !to.inclusive), interval })
        .collect();
    let mut found = Found { id: id.clone(), ..Found::default() };
    if stretches.is_empty() {
        found.without_package = true;
        return Ok(found);
    }
    found.affected.push(Affected {
        ecosystem: Ecosystem::Npm,
        name: Ecosystem::Npm.normalise(&record.module_name),
        advisory: Advisory {
            id,
            aliases: record.cves.unwrap_or_default(),
            summary: first_line(record.title.as_deref().unwrap_or_default()),
            severity: score_tenths.and_then(cvss::level),
            score_tenths,
            modified: record.updated_at.unwrap_or_default(),
        },
        stretches,
        versions: Vec::new(),
    });
    Ok(found)
}
