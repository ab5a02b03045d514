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
use super::systems::Systems;
use super::{Advisory, cvss, rustsec, summary};
use crate::packages::Ecosystem;
use crate::versions::{Bound, Interval, Version};

/// Aliases that are kept.
const MAX_ALIASES: usize = 32;

/// Weaknesses that are kept.
const MAX_CWES: usize = 16;

/// CWE-506.
const EMBEDDED_MALICIOUS_CODE: u32 = 506;

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
    // Before OSV was at version 1, a record was about one package.
    package: Option<RawPackage>,
    affects: Option<RawAffects>,
}

#[derive(Debug, Deserialize)]
struct RawAffects {
    ranges: Option<Vec<BTreeMap<String, Value>>>,
    versions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Rating {
    score: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct RawAffected {
    package: Option<RawPackage>,
    ranges: Option<Vec<RawRange>>,
    versions: Option<Vec<String>>,
    severity: Option<Vec<Rating>>,
    ecosystem_specific: Option<Value>,
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

    /// What it says of packages, the older form turned into today's. `None` when it says nothing.
    fn entries(&mut self) -> Option<Vec<RawAffected>> {
        if let Some(affected) = self.affected.take().filter(|affected| !affected.is_empty()) {
            return Some(affected);
        }
        let (package, affects) = (self.package.take()?, self.affects.take()?);
        let range = |mut old: BTreeMap<String, Value>| {
            let kind = old.remove("type").and_then(|kind| kind.as_str().map(str::to_owned));
            old.retain(|name, value| EVENTS.contains(&name.as_str()) && value.is_string());
            old.entry("introduced".to_owned()).or_insert_with(|| "0".into());
            RawRange { kind, events: Some(vec![old]) }
        };
        let ranges = affects.ranges.map(|ranges| ranges.into_iter().map(range).collect());
        let versions = affects.versions;
        Some(vec![RawAffected { package: Some(package), ranges, versions, ..RawAffected::default() }])
    }
}

/// What an event may be.
const EVENTS: [&str; 4] = ["introduced", "fixed", "last_affected", "limit"];

pub(super) fn read(mut record: Record) -> Result<Found, Refused> {
    let mut found = Found { id: record.id.clone(), ..Found::default() };
    if record.withdrawn.as_ref().is_some_and(|withdrawn| !withdrawn.is_null()) {
        found.withdrawn = true;
        return Ok(found);
    }
    let entries = record.entries().ok_or_else(|| Refused("it names no package".to_owned()))?;
    let aliases: Vec<_> = record.aliases.unwrap_or_default().into_iter().take(MAX_ALIASES).collect();
    let title = record.summary.as_deref().map(summary::title).filter(|title| !title.is_empty());
    let ids = aliases.iter().chain([&record.id]).map(String::as_str);
    let facts = record.database_specific.as_ref();
    let malicious =
        super::is_malware(ids, title.as_deref().unwrap_or_default()) || is_marked_malicious(facts);
    let advisory = Advisory {
        aliases,
        summary: title.unwrap_or_else(|| summary::beginning(record.details.as_deref().unwrap_or_default())),
        severity: None,
        score_tenths: None,
        vector: None,
        cwes: cwes(facts),
        malicious,
        modified: record.modified.unwrap_or_default(),
        id: record.id,
    };
    let named = facts.and_then(|facts| facts.get("severity")?.as_str());
    let ratings = record.severity.unwrap_or_default();
    // Several entries for one package are a union.
    let mut by_package: BTreeMap<(Ecosystem, String), Affected> = BTreeMap::new();
    for raw in entries {
        let Some(package) = &raw.package else {
            found.without_versions = true;
            continue;
        };
        let Some(ecosystem) = Ecosystem::from_osv(&package.ecosystem) else {
            found.strangers.push(package.ecosystem.clone());
            continue;
        };
        let facts = raw.database_specific.as_ref();
        let malicious = advisory.malicious || is_marked_malicious(facts);
        if !malicious && is_informational(facts) {
            found.informational = true;
            continue;
        }
        let specific = raw.ecosystem_specific.as_ref();
        if systems(specific).are_others() || imported_elsewhere(specific) {
            found.other_systems = true;
            continue;
        }
        let name = ecosystem.normalise(&package.name);
        let affected = by_package.entry((ecosystem, name.clone())).or_insert_with(|| {
            let own = raw.severity.as_deref().unwrap_or_default();
            let mut advisory = Advisory { malicious, ..advisory.clone() };
            advisory.cwes.extend(cwes(facts));
            advisory.cwes.sort_unstable();
            advisory.cwes.dedup();
            let advisory = rated(advisory, named, own.iter().chain(&ratings));
            Affected { ecosystem, name, advisory, stretches: Vec::new(), versions: Vec::new(), patched: None }
        });
        take(affected, raw, &mut found)?;
    }
    for affected in by_package.into_values() {
        if affected.stretches.is_empty() && affected.versions.is_empty() {
            found.without_versions = true;
        } else {
            found.affected.push(affected);
        }
    }
    if found.affected.is_empty() && found.unreadable_ranges > 0 {
        return Err(Refused("none of its ranges can be compared".to_owned()));
    }
    Ok(found)
}

/// The systems that an entry is about, as `RustSec`'s export has them.
fn systems(facts: Option<&Value>) -> Systems {
    let affects = facts.and_then(|facts| facts.get("affects"));
    affects.and_then(|affects| Systems::deserialize(affects).ok()).unwrap_or_default()
}

/// Whether each package that a record of Go's own lists is only built for other systems (`goos`, `goarch`).
fn imported_elsewhere(facts: Option<&Value>) -> bool {
    let imports = facts.and_then(|facts| facts.get("imports")?.as_array());
    let words = |import: &Value, name: &str| {
        let listed = import.get(name)?.as_array()?.iter().filter_map(Value::as_str);
        Some(listed.flat_map(|words| words.split(',')).map(|word| word.trim().to_owned()).collect())
    };
    let elsewhere =
        |import: &Value| Systems { os: words(import, "goos"), arch: words(import, "goarch") }.are_others();
    imports.is_some_and(|imports| !imports.is_empty() && imports.iter().all(elsewhere))
}

/// Adds what one entry says of its package.
fn take(affected: &mut Affected, raw: RawAffected, found: &mut Found) -> Result<(), Refused> {
    let last = last_known(affected.ecosystem, raw.database_specific.as_ref());
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
            Some(stretches) => affected.stretches.extend(
                stretches.into_iter().map(|stretch| ended(affected.ecosystem, stretch, last.as_ref())),
            ),
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

/// Where a record of GitHub's ends that has no event for it: `<= 1.2.3`, or `< 0.2`.
fn last_known(ecosystem: Ecosystem, facts: Option<&Value>) -> Option<Bound> {
    let range = facts?.get("last_known_affected_version_range")?.as_str()?;
    let end = range.split(',').map(str::trim).find_map(|part| part.strip_prefix('<'))?;
    let (version, inclusive) = match end.strip_prefix('=') {
        Some(version) => (version.trim(), true),
        None => (end.trim(), false),
    };
    Version::parse(ecosystem, version).map(|_| Bound { version: version.to_owned(), inclusive })
}

/// A stretch that has no end of its own, with the one that is known.
fn ended(ecosystem: Ecosystem, stretch: Stretch, last: Option<&Bound>) -> Stretch {
    let below = Interval { from: None, to: last.filter(|_| stretch.interval.to.is_none()).cloned() };
    match stretch.interval.and(&below, ecosystem) {
        Some(interval) => Stretch { interval, ..stretch },
        None => stretch,
    }
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

/// Numbers of weaknesses, as GitHub lists them (`cwe_ids`) and as `MAL-` records do (`cwes`).
fn cwes(facts: Option<&Value>) -> Vec<u32> {
    let lists = ["cwe_ids", "cwes"].into_iter().filter_map(|name| facts?.get(name)?.as_array());
    let text = |one: &Value| one.as_str().or_else(|| one.get("cweId")?.as_str()).map(str::to_owned);
    let number = |text: String| text.strip_prefix("CWE-")?.parse().ok();
    lists.flatten().filter_map(text).filter_map(number).take(MAX_CWES).collect()
}

/// Whether a database says of a package that it is the harm itself.
fn is_marked_malicious(facts: Option<&Value>) -> bool {
    let texts = |name: &str| match facts.and_then(|facts| facts.get(name)) {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words = ["categories", "keywords", "informational", "type"].into_iter().flat_map(texts);
    cwes(facts).contains(&EMBEDDED_MALICIOUS_CODE) || words.into_iter().any(rustsec::is_malicious)
}

fn rated<'a>(
    mut advisory: Advisory,
    named: Option<&str>,
    ratings: impl Iterator<Item = &'a Rating>,
) -> Advisory {
    let vectors: Vec<&str> = ratings.filter_map(|rating| rating.score.as_ref()?.as_str()).collect();
    // A vector that has a score first, then one that has a level.
    let scored = vectors.iter().find(|vector| cvss::score_tenths(vector).is_some());
    let vector = scored.or_else(|| vectors.iter().find(|vector| cvss::severity(vector).is_some()));
    advisory.score_tenths = vector.and_then(|vector| cvss::score_tenths(vector));
    advisory.vector = vector.map(|vector| (*vector).to_owned());
    let malicious = advisory.malicious.then_some(crate::finding::Severity::Critical);
    advisory.severity = malicious
        .or_else(|| named.and_then(cvss::named))
        .or_else(|| vectors.iter().find_map(|vector| cvss::severity(vector)));
    advisory
}
