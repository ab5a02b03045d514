//! Advisories in OSV's form, as JSON and as YAML.
//!
//! Invariant: the walk over events is OSV's own, done once: what is kept are the stretches that it calls affected. Not here: which
//! version is in a stretch (`record`).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::import::{Found, Refused};
use super::record::{Affected, Stretch};
use super::{Advisory, cvss};
use crate::packages::Ecosystem;
use crate::versions::{Bound, Interval, Version};

/// Characters of a summary that are kept.
const MAX_SUMMARY: usize = 240;

/// Aliases that are kept.
const MAX_ALIASES: usize = 32;

/// Events of one range, and single versions of one package, that a record may have.
const MAX_LISTED: usize = 100_000;

/// Comparisons of listed versions with stretches that one package of a record is worth; beyond it the whole list is kept.
const MAX_COMPARISONS: usize = 1_000_000;

/// A record as it stands. Unknown fields are skipped.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    id: String,
    modified: Option<String>,
    withdrawn: Option<Value>,
    aliases: Option<Vec<String>>,
    summary: Option<String>,
    details: Option<String>,
    severity: Option<Vec<Rating>>,
    affected: Option<Vec<RawAffected>>,
    database_specific: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Rating {
    score: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct RawAffected {
    package: Option<RawPackage>,
    ranges: Option<Vec<RawRange>>,
    versions: Option<Vec<String>>,
    severity: Option<Vec<Rating>>,
    database_specific: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct RawPackage {
    ecosystem: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct RawRange {
    #[serde(rename = "type")]
    kind: Option<String>,
    events: Option<Vec<BTreeMap<String, Value>>>,
}

impl Record {
    /// Whether it is more than some object with an id.
    pub(super) fn has_signs(&self) -> bool {
        self.modified.is_some() || self.affected.is_some()
    }
}

pub(super) fn read(record: Record) -> Result<Found, Refused> {
    let mut found = Found { id: record.id.clone(), ..Found::default() };
    if record.withdrawn.is_some_and(|withdrawn| !withdrawn.is_null()) {
        found.withdrawn = true;
        return Ok(found);
    }
    let advisory = Advisory {
        aliases: record.aliases.unwrap_or_default().into_iter().take(MAX_ALIASES).collect(),
        summary: first_line(record.summary.as_deref().or(record.details.as_deref()).unwrap_or_default()),
        severity: None,
        score_tenths: None,
        modified: record.modified.unwrap_or_default(),
        id: record.id,
    };
    let named = record.database_specific.as_ref().and_then(|facts| facts.get("severity")?.as_str());
    let ratings = record.severity.unwrap_or_default();
    // Several entries for one package are a union.
    let mut by_package: BTreeMap<(Ecosystem, String), Affected> = BTreeMap::new();
    for raw in record.affected.unwrap_or_default() {
        let Some(package) = &raw.package else {
            found.without_package = true;
            continue;
        };
        let Some(ecosystem) = Ecosystem::from_osv(&package.ecosystem) else {
            found.strangers.push(package.ecosystem.clone());
            continue;
        };
        if is_informational(raw.database_specific.as_ref()) {
            found.informational = true;
            continue;
        }
        let name = ecosystem.normalise(&package.name);
        let affected = by_package.entry((ecosystem, name.clone())).or_insert_with(|| {
            let own = raw.severity.as_deref().unwrap_or_default();
            let advisory = rated(advisory.clone(), named, own.iter().chain(&ratings));
            Affected { ecosystem, name, advisory, stretches: Vec::new(), versions: Vec::new() }
        });
        take(affected, raw, &mut found)?;
    }
    for affected in by_package.into_values() {
        if affected.stretches.is_empty() && affected.versions.is_empty() {
            found.without_package = true;
        } else {
            found.affected.push(affected);
        }
    }
    Ok(found)
}

/// Adds what one entry says of its package.
fn take(affected: &mut Affected, raw: RawAffected, found: &mut Found) -> Result<(), Refused> {
    for range in raw.ranges.unwrap_or_default() {
        let events = range.events.unwrap_or_default();
        if events.len() > MAX_LISTED {
            return Err(Refused("a range with too many events".to_owned()));
        }
        // A range of commits says nothing about versions.
        if range.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("GIT")) {
            continue;
        }
        match stretches(affected.ecosystem, &events) {
            Some(stretches) => affected.stretches.extend(stretches),
            None => found.unreadable_ranges += 1,
        }
    }
    let versions = raw.versions.unwrap_or_default();
    if versions.len() > MAX_LISTED {
        return Err(Refused("too many versions are listed".to_owned()));
    }
    // What lies in a stretch need not be kept as well: the list often repeats them.
    let ecosystem = affected.ecosystem;
    let comparisons = versions.len().saturating_mul(affected.stretches.len());
    if comparisons > MAX_COMPARISONS {
        affected.versions.extend(versions);
        return Ok(());
    }
    affected.versions.extend(versions.into_iter().filter(|text| {
        let inside = Version::parse(ecosystem, text).is_some_and(|version| {
            affected.stretches.iter().any(|stretch| stretch.interval.contains(ecosystem, &version))
        });
        !inside
    }));
    Ok(())
}

/// What a range's events mean, from the lowest to the highest. `None` when an event is no version.
fn stretches(ecosystem: Ecosystem, events: &[BTreeMap<String, Value>]) -> Option<Vec<Stretch>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Introduced,
        Fixed,
        LastAffected,
    }
    let mut walk: Vec<(Option<Version>, &str, Kind)> = Vec::new();
    let mut limit: Option<(Version, &str)> = None;
    let mut unlimited = false;
    for (name, text) in
        events.iter().flatten().filter_map(|(name, text)| Some((name.as_str(), text.as_str()?)))
    {
        let kind = match name {
            "introduced" if text == "0" => {
                walk.push((None, text, Kind::Introduced));
                continue;
            }
            "introduced" => Kind::Introduced,
            "fixed" => Kind::Fixed,
            "last_affected" => Kind::LastAffected,
            "limit" if text == "*" => {
                unlimited = true;
                continue;
            }
            "limit" => {
                let version = Version::parse(ecosystem, text)?;
                let higher =
                    limit.as_ref().is_none_or(|(known, _)| version.order(known) == Some(Ordering::Greater));
                if higher {
                    limit = Some((version, text));
                }
                continue;
            }
            _ => continue,
        };
        walk.push((Some(Version::parse(ecosystem, text)?), text, kind));
    }
    walk.sort_by(|(a, ..), (b, ..)| match (a, b) {
        (Some(a), Some(b)) => a.order(b).unwrap_or(Ordering::Equal),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    let limit = limit.filter(|_| !unlimited).map(|(_, text)| text);
    let bound = |text: &str, inclusive| Bound { version: text.to_owned(), inclusive };
    let mut all = Vec::new();
    let mut open: Option<Option<Bound>> = None;
    for (version, text, kind) in walk {
        match (kind, &open) {
            (Kind::Introduced, None) => open = Some(version.map(|_| bound(text, true))),
            (Kind::Fixed | Kind::LastAffected, Some(from)) => {
                let fixed = kind == Kind::Fixed;
                let interval = Interval { from: from.clone(), to: Some(bound(text, !fixed)) };
                all.push(Stretch { interval, fixed });
                open = None;
            }
            _ => {}
        }
    }
    if let Some(from) = open {
        all.push(Stretch { interval: Interval { from, to: None }, fixed: false });
    }
    match limit {
        None => Some(all),
        Some(limit) => {
            let below = Interval { from: None, to: Some(bound(limit, false)) };
            let cut = |stretch: Stretch| {
                let interval = stretch.interval.and(&below, ecosystem)?;
                let fixed = stretch.fixed && interval.to == stretch.interval.to;
                Some(Stretch { interval, fixed })
            };
            Some(all.into_iter().filter_map(cut).collect())
        }
    }
}

/// `RustSec`'s notes that a package is not maintained are no vulnerabilities; that it is unsound may be one.
fn is_informational(facts: Option<&Value>) -> bool {
    let kind = facts.and_then(|facts| facts.get("informational")?.as_str());
    kind.is_some_and(|kind| kind != "unsound")
}

fn rated<'a>(
    mut advisory: Advisory,
    named: Option<&str>,
    ratings: impl Iterator<Item = &'a Rating>,
) -> Advisory {
    let vectors: Vec<&str> = ratings.filter_map(|rating| rating.score.as_ref()?.as_str()).collect();
    advisory.score_tenths = vectors.iter().find_map(|vector| cvss::score_tenths(vector));
    let malicious = advisory.is_malicious().then_some(crate::finding::Severity::Critical);
    advisory.severity = malicious
        .or_else(|| named.and_then(cvss::named))
        .or_else(|| vectors.iter().find_map(|vector| cvss::severity(vector)));
    advisory
}

/// The first line that says something, cut at a length that a report can show.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(MAX_SUMMARY).collect()
}
