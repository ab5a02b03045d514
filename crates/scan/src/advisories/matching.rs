//! Which packages of an app are vulnerable.
//!
//! Invariants: one vulnerability of one package is one match, whatever number of databases know it; what could not be compared is
//! listed as such. Not here: what a match means for the app (`rules`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::Advisory;
use super::fix::{Fix, mend};
use super::module::Modules;
use super::record::Affected;
use super::store::{Bytes, Store, StoreError};
use crate::packages::{Ecosystem, Lock, Package, go_major};
use crate::source::Place;
use crate::versions::Version;

/// A package that is vulnerable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The position of its lock file.
    pub lock: usize,
    /// Its position in the lock file.
    pub package: usize,
    /// The vulnerability, with the ids of all records about it.
    pub advisory: Advisory,
    /// What mends it, where something does.
    pub fixed_in: Option<Fix>,
    /// What mends all that is known about the package, where something does.
    pub mended_by: Option<Fix>,
    /// Where the package stands.
    pub place: Place,
    /// The part of it that the records name alone, where they do not name the whole.
    pub part: Option<String>,
    /// Whether code imports it, itself or through others; for whoever reads code to fill in.
    pub imported: Option<bool>,
}

/// What was found in an app's packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Vulnerable packages, by lock file and position, the worst first for each.
    pub matches: Vec<Match>,
    /// Packages about which there are advisories, and whose version is not known or cannot be compared: lock file, position, why.
    pub unknown: Vec<(usize, usize, String)>,
}

/// How many vulnerabilities of packages are told for one tree; more are no list that anybody works through.
const MAX_MATCHES: usize = 50_000;

/// Packages that are looked up together: lock file, position, package.
type Wanted<'a> = BTreeMap<(Ecosystem, String), Vec<(usize, usize, &'a Package)>>;

/// Looks every package up.
///
/// # Errors
/// When the store cannot be read or is damaged.
pub fn judge<B: Bytes>(store: &Store<B>, locks: &[Lock]) -> Result<Judged, StoreError> {
    // In the order of the store, so that each of its blocks is read once.
    let mut wanted = Wanted::new();
    for (at, lock) in locks.iter().enumerate() {
        for (position, package) in lock.packages.iter().enumerate() {
            let key = (package.ecosystem, package.ecosystem.key(&package.name));
            wanted.entry(key).or_default().push((at, position, package));
        }
    }
    let mut judged = Judged::default();
    let mut modules: HashMap<usize, Option<Modules>> = HashMap::new();
    for ((ecosystem, key), packages) in wanted {
        let known = store.find(ecosystem, &key)?;
        let parts = if ecosystem == Ecosystem::Go { store.below(ecosystem, &key)? } else { Vec::new() };
        if known.is_empty() && parts.is_empty() {
            continue;
        }
        for (lock, position, package) in packages {
            if judged.matches.len() >= MAX_MATCHES {
                let why = "the lock files have more vulnerable packages than are told".to_owned();
                judged.unknown.push((lock, position, why));
                continue;
            }
            let within = |part| {
                let modules = modules.entry(lock).or_insert_with(|| locks.get(lock).map(Modules::of));
                Some((modules.as_ref()?.within(&key, part)?, Some(part.name.clone())))
            };
            let parts: Vec<_> = parts.iter().filter_map(within).collect();
            let whole = known.iter().map(|affected| (affected.clone(), None));
            match judge_one(package, whole.chain(parts)) {
                Ok(found) => judged.matches.extend(found.into_iter().map(|found| Match {
                    lock,
                    package: position,
                    advisory: found.advisory,
                    fixed_in: found.fixed_in,
                    mended_by: found.mended_by,
                    place: package.place,
                    part: found.part,
                    imported: None,
                })),
                Err(why) => judged.unknown.push((lock, position, why)),
            }
        }
    }
    judged.matches.sort_by(|a, b| {
        let order = |found: &Match| (found.lock, found.package);
        order(a)
            .cmp(&order(b))
            .then_with(|| b.advisory.severity.cmp(&a.advisory.severity))
            .then_with(|| b.advisory.score_tenths.cmp(&a.advisory.score_tenths))
            .then_with(|| a.advisory.id.cmp(&b.advisory.id))
    });
    judged.unknown.sort();
    Ok(judged)
}

/// A vulnerability of one package, as in [`Match`].
struct Held {
    advisory: Advisory,
    fixed_in: Option<Fix>,
    mended_by: Option<Fix>,
    part: Option<String>,
}

/// What holds for one package, or why that cannot be told.
fn judge_one(
    package: &Package,
    known: impl IntoIterator<Item = (Affected, Option<String>)>,
) -> Result<Vec<Held>, String> {
    let (ecosystem, name) = (package.ecosystem, package.name.as_str());
    let is_about = |(affected, _): &(Affected, Option<String>)| about(ecosystem, name, affected).is_some();
    let mut about = known.into_iter().filter(is_about).peekable();
    if about.peek().is_none() {
        return Ok(Vec::new());
    }
    let text = match &package.version {
        crate::known::Known::Value(text) => text,
        crate::known::Known::Unknown(why) => return Err(why.clone()),
    };
    let Some(version) = Version::parse(ecosystem, text) else {
        return Err(format!("`{text}` is no version that could be compared"));
    };
    let about: Vec<_> = about.map(|(affected, part)| (for_major(name, &affected, &version), part)).collect();
    let held: Vec<&(Affected, Option<String>)> =
        about.iter().filter(|(affected, _)| affected.holds(text, &version)).collect();
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let mend = |records: &[&Affected]| mend(ecosystem, (text, &version), records);
    let records: Vec<&Affected> = held.iter().map(|(affected, _)| affected).collect();
    // Better a version of which nothing at all is known; where there is none, one that mends what was found.
    let all: Vec<&Affected> = about.iter().map(|(affected, _)| affected).collect();
    let mended_by = mend(&all).or_else(|| mend(&records));
    // A record of the whole counts for more than one of a part.
    let part = |records: &[&Affected]| {
        let of = |record: &&Affected| held.iter().find(|(affected, _)| std::ptr::eq(affected, *record));
        let mut parts = records.iter().filter_map(of).map(|(_, part)| part.clone());
        let first = parts.next()?;
        if parts.any(|part| part.is_none()) { None } else { first }
    };
    let held = merged(records.clone()).into_iter().map(|(advisory, records)| Held {
        advisory,
        fixed_in: mend(&records),
        mended_by: mended_by.clone(),
        part: part(&records),
    });
    Ok(held.collect())
}

/// A record that could be about the package. The store's key of a Go module has no major version, so both spellings meet here.
fn about<'a>(ecosystem: Ecosystem, name: &str, affected: &'a Affected) -> Option<&'a Affected> {
    let same = affected.name == name;
    let other_spelling =
        ecosystem == Ecosystem::Go && (go_major(&affected.name).is_none() || go_major(name).is_none());
    (same || other_spelling).then_some(affected)
}

/// A record about `example.com/a` counts for `example.com/a/v2` only with stretches that begin at that major version, and the
/// other way round: `introduced: 0` of one says nothing about the other.
fn for_major(name: &str, affected: &Affected, version: &Version) -> Affected {
    let mut affected = affected.clone();
    if affected.ecosystem == Ecosystem::Go && affected.name != name {
        let major = version.major();
        affected.versions.clear();
        affected.stretches.retain(|stretch| {
            let from = stretch.interval.from.as_ref();
            let from = from.and_then(|from| Version::parse(Ecosystem::Go, &from.version));
            from.is_some_and(|from| from.major() == major)
        });
    }
    affected
}

/// Whether a record that was found under a package's key holds a version of it. Of a Go module it may be about another major version.
#[must_use]
pub fn holds(affected: &Affected, name: &str, text: &str, version: &Version) -> bool {
    let name = affected.ecosystem.normalise(name);
    about(affected.ecosystem, &name, affected)
        .is_some_and(|affected| for_major(&name, affected, version).holds(text, version))
}

/// Joins records that are about one vulnerability, because their ids and aliases meet: what they say together, and the records.
fn merged<'a>(mut found: Vec<&'a Affected>) -> Vec<(Advisory, Vec<&'a Affected>)> {
    // Reviewed records with a level first: what they say is kept.
    let rank = |affected: &Affected| {
        let advisory = &affected.advisory;
        (advisory.severity.is_some(), advisory.id.starts_with("GHSA"))
    };
    found.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.advisory.id.cmp(&b.advisory.id)));
    let mut groups: Vec<(BTreeSet<String>, Advisory, Vec<&'a Affected>)> = Vec::new();
    for affected in found {
        let advisory = affected.advisory.clone();
        let mut ids: BTreeSet<String> = advisory.aliases.iter().cloned().collect();
        ids.insert(advisory.id.clone());
        let mut group = (ids, advisory, vec![affected]);
        // A record may join groups that did not know each other.
        while let Some(at) = groups.iter().position(|(known, ..)| !known.is_disjoint(&group.0)) {
            let (ids, advisory, records) = groups.remove(at);
            group.0.extend(ids);
            group.2.extend(records);
            group.1 = joined(advisory, group.1);
        }
        groups.push(group);
    }
    let one = |(ids, advisory, records): (BTreeSet<String>, Advisory, Vec<&'a Affected>)| {
        let aliases = ids.into_iter().filter(|id| *id != advisory.id).collect();
        (Advisory { aliases, ..advisory }, records)
    };
    groups.into_iter().map(one).collect()
}

/// What the first says, with what the second knows better.
fn joined(mut first: Advisory, second: Advisory) -> Advisory {
    first.severity = first.severity.max(second.severity);
    first.malicious |= second.malicious;
    if first.vector.is_none() && first.score_tenths.is_none() {
        (first.vector, first.score_tenths) = (second.vector, second.score_tenths);
    }
    if first.cwes.is_empty() {
        first.cwes = second.cwes;
    }
    if first.summary.is_empty() {
        first.summary = second.summary;
    }
    first
}
