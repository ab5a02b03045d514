//! Which packages of an app are vulnerable.
//!
//! Invariants: one vulnerability of one package is one match, whatever number of databases know it; what could not be compared is
//! listed as such. Not here: what a match means for the app (`rules`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::record::{Affected, Stretch};
use super::store::{Bytes, Store, StoreError};
use super::{Advisory, safe_version};
use crate::packages::{Ecosystem, Lock, Package, go_major};
use crate::source::Place;
use crate::versions::Version;

/// How often a fixed version may itself lie in another affected stretch.
const MAX_STEPS: usize = 32;

/// A package that is vulnerable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The position of its lock file.
    pub lock: usize,
    /// Its position in the lock file.
    pub package: usize,
    /// The vulnerability, with the ids of all records about it.
    pub advisory: Advisory,
    /// The lowest version that mends it, where one does.
    pub fixed_in: Option<String>,
    /// Where the package stands.
    pub place: Place,
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
    for ((ecosystem, key), packages) in wanted {
        let known = store.find(ecosystem, &key)?;
        if known.is_empty() {
            continue;
        }
        for (lock, position, package) in packages {
            match judge_one(package, &known) {
                Ok(found) => judged.matches.extend(found.into_iter().map(|(advisory, fixed_in)| Match {
                    lock,
                    package: position,
                    advisory,
                    fixed_in,
                    place: package.place,
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

/// What holds for one package, or why that cannot be told.
fn judge_one(package: &Package, known: &[Affected]) -> Result<Vec<(Advisory, Option<String>)>, String> {
    let mut about = known.iter().filter_map(|affected| about(package, affected)).peekable();
    if about.peek().is_none() {
        return Ok(Vec::new());
    }
    let text = match &package.version {
        crate::known::Known::Value(text) => text,
        crate::known::Known::Unknown(why) => return Err(why.clone()),
    };
    let Some(version) = Version::parse(package.ecosystem, text) else {
        return Err(format!("`{text}` is no version that could be compared"));
    };
    let mut found = Vec::new();
    for affected in about {
        let affected = for_major(package, affected, &version);
        if affected.holds(text, &version) {
            found.push((affected.advisory.clone(), fixed_in(&affected, &version)));
        }
    }
    Ok(merged(package.ecosystem, found))
}

/// A record that could be about the package. The store's key of a Go module has no major version, so both spellings meet here.
fn about<'a>(package: &Package, affected: &'a Affected) -> Option<&'a Affected> {
    let same = affected.name == package.name;
    let other_spelling = package.ecosystem == Ecosystem::Go
        && (go_major(&affected.name).is_none() || go_major(&package.name).is_none());
    (same || other_spelling).then_some(affected)
}

/// A record about `example.com/a` counts for `example.com/a/v2` only with stretches that begin at that major version, and the
/// other way round: `introduced: 0` of one says nothing about the other.
fn for_major(package: &Package, affected: &Affected, version: &Version) -> Affected {
    let mut affected = affected.clone();
    if package.ecosystem == Ecosystem::Go && affected.name != package.name {
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

/// The lowest version above that is not affected.
fn fixed_in(affected: &Affected, version: &Version) -> Option<String> {
    let ecosystem = affected.ecosystem;
    let end = |stretch: &Stretch| {
        let to = stretch.interval.to.as_ref().filter(|_| stretch.fixed)?;
        Some((to.version.clone(), Version::parse(ecosystem, &to.version)?))
    };
    let mut at = version.clone();
    let mut fix = None;
    for _ in 0..MAX_STEPS {
        let held: Vec<&Stretch> =
            affected.stretches.iter().filter(|stretch| stretch.interval.contains(ecosystem, &at)).collect();
        let Some(stretch) = held.first() else { break };
        let (text, next) = end(stretch)?;
        (fix, at) = (Some(text), next);
    }
    // A version that is listed alone is mended by the next fix above it.
    fix.or_else(|| {
        let above = affected
            .stretches
            .iter()
            .filter_map(end)
            .filter(|(_, end)| end.order(version).is_some_and(std::cmp::Ordering::is_gt));
        above.min_by(|(_, a), (_, b)| a.order(b).unwrap_or(std::cmp::Ordering::Equal)).map(|(text, _)| text)
    })
}

/// Joins records that are about one vulnerability: their ids and aliases meet.
fn merged(
    ecosystem: Ecosystem,
    mut found: Vec<(Advisory, Option<String>)>,
) -> Vec<(Advisory, Option<String>)> {
    // Reviewed records with a level first: what they say is kept.
    found.sort_by(|(a, _), (b, _)| {
        (b.severity.is_some(), b.id.starts_with("GHSA"), &a.id).cmp(&(
            a.severity.is_some(),
            a.id.starts_with("GHSA"),
            &b.id,
        ))
    });
    let mut groups: Vec<(BTreeSet<String>, Advisory, Vec<String>)> = Vec::new();
    for (advisory, fix) in found {
        let mut ids: BTreeSet<String> = advisory.aliases.iter().cloned().collect();
        ids.insert(advisory.id.clone());
        let mut group = (ids, advisory, fix.into_iter().collect::<Vec<_>>());
        // A record may join groups that did not know each other.
        while let Some(at) = groups.iter().position(|(known, ..)| !known.is_disjoint(&group.0)) {
            let (ids, advisory, fixes) = groups.remove(at);
            group.0.extend(ids);
            group.2.extend(fixes);
            group.1 = Advisory { severity: advisory.severity.max(group.1.severity), ..advisory };
        }
        groups.push(group);
    }
    let one = |(ids, advisory, fixes): (BTreeSet<String>, Advisory, Vec<String>)| {
        let fix = safe_version(ecosystem, fixes.iter().map(String::as_str)).map(str::to_owned);
        let aliases = ids.into_iter().filter(|id| *id != advisory.id).collect();
        (Advisory { aliases, ..advisory }, fix)
    };
    groups.into_iter().map(one).collect()
}
