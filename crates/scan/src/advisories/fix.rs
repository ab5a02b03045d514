//! Which version to take instead of a vulnerable one.
//!
//! Invariant: what is proposed lies above what is installed, and none of the given records holds it. Not here: which records are about a
//! package (`matching`).

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::record::{Affected, Stretch};
use crate::packages::Ecosystem;
use crate::versions::{Bound, Version};

/// How many ends are tried before none is proposed.
const MAX_TRIES: usize = 256;

/// What to take instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// This version, which a record names.
    At(String),
    /// A version from this one on, which itself may never have been released.
    From(String),
    /// A version after this one, which is the last that is affected.
    After(String),
}

impl fmt::Display for Fix {
    /// As it follows "update to".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(version) => f.write_str(version),
            Self::From(version) => write!(f, "a version from {version} on"),
            Self::After(version) => write!(f, "a version after {version}"),
        }
    }
}

/// What mends all of these records: a version that is compatible with the installed one, else one from which on nothing is affected,
/// else the lowest that is not.
pub(super) fn mend(ecosystem: Ecosystem, installed: (&str, &Version), records: &[&Affected]) -> Option<Fix> {
    let (text, version) = installed;
    let areas: Vec<Area> = records
        .iter()
        .flat_map(|record| &record.stretches)
        .filter_map(|one| Area::of(ecosystem, one))
        .collect();
    let listed: Vec<Version> = records
        .iter()
        .flat_map(|record| &record.versions)
        .filter_map(|one| Version::parse(ecosystem, one))
        .collect();
    let top = Top::of(&areas, &listed);
    let wanted = line(text);
    let mut candidates: Vec<(u8, Candidate)> = records
        .iter()
        .flat_map(|record| Candidate::all(record))
        .filter(|candidate| candidate.is_above(version))
        .filter_map(|candidate| match (top.is_below(&candidate), &candidate.fix) {
            // What comes after the last affected version of one stretch may be in the next.
            (false, Fix::After(_)) => None,
            (_, Fix::At(text) | Fix::From(text) | Fix::After(text)) if line(text) == wanted => {
                Some((0, candidate))
            }
            (true, _) => Some((1, candidate)),
            (false, _) => Some((2, candidate)),
        })
        .collect();
    candidates.sort_by(|(rank, a), (other, b)| {
        let order = || a.at.order(&b.at).unwrap_or(Ordering::Equal);
        rank.cmp(other).then_with(|| a.is_after().cmp(&b.is_after())).then_with(order)
    });
    let free = |candidate: &Candidate| {
        let same = |one: &Version| one.order(&candidate.at) == Some(Ordering::Equal);
        !areas.iter().any(|area| area.holds(candidate)) && (candidate.is_after() || !listed.iter().any(same))
    };
    let mut tried = candidates.into_iter().take(MAX_TRIES).map(|(_, candidate)| candidate);
    tried.find(free).map(|candidate| candidate.fix)
}

/// The numbers that compatible versions have in common: up to the first that is not zero, two at most.
fn line(text: &str) -> Vec<&str> {
    let mut line = Vec::new();
    for part in text.trim_start_matches(['v', 'V', '=', ' ']).split(['.', '-', '+', '_']).take(2) {
        let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let digits = digits.trim_start_matches('0');
        line.push(digits);
        if !digits.is_empty() {
            break;
        }
    }
    line
}

/// A version that may mend.
struct Candidate {
    fix: Fix,
    at: Version,
}

impl Candidate {
    /// What a record offers: what it calls patched, or where its stretches end.
    fn all(record: &Affected) -> Vec<Self> {
        let ecosystem = record.ecosystem;
        match &record.patched {
            Some(starts) => {
                starts.iter().filter_map(|start| Self::of(ecosystem, start, start.inclusive, true)).collect()
            }
            None => {
                let end = |stretch: &Stretch| {
                    let to = stretch.interval.to.as_ref()?;
                    Self::of(ecosystem, to, !to.inclusive, stretch.fixed)
                };
                record.stretches.iter().filter_map(end).collect()
            }
        }
    }

    /// At an end: the version there when it is `fine` itself, else what comes after it. Whoever wrote `named` knows that it exists.
    fn of(ecosystem: Ecosystem, bound: &Bound, fine: bool, named: bool) -> Option<Self> {
        let text = bound.shown(ecosystem).to_owned();
        let named = named && text == bound.version;
        let at = Version::parse(ecosystem, &text)?;
        let fix = match (fine, named) {
            (true, true) => Fix::At(text),
            (true, false) => Fix::From(text),
            (false, _) => Fix::After(text),
        };
        Some(Self { fix, at })
    }

    fn is_after(&self) -> bool {
        matches!(self.fix, Fix::After(_))
    }

    fn is_above(&self, version: &Version) -> bool {
        match self.at.order(version) {
            Some(Ordering::Equal) => self.is_after(),
            order => order == Some(Ordering::Greater),
        }
    }
}

/// Affected versions, with ends that were read once. Whether an end belongs to it stands beside the end.
struct Area {
    from: Option<(Version, bool)>,
    to: Option<(Version, bool)>,
}

impl Area {
    /// `None` where an end is no version: such a stretch holds nobody.
    fn of(ecosystem: Ecosystem, stretch: &Stretch) -> Option<Self> {
        let end = |bound: &Option<Bound>| match bound {
            None => Some(None),
            Some(bound) => {
                Version::parse(ecosystem, &bound.version).map(|version| Some((version, bound.inclusive)))
            }
        };
        Some(Self { from: end(&stretch.interval.from)?, to: end(&stretch.interval.to)? })
    }

    fn holds(&self, candidate: &Candidate) -> bool {
        let above = self.from.as_ref().is_none_or(|(from, inclusive)| match candidate.at.order(from) {
            Some(Ordering::Equal) => *inclusive || candidate.is_after(),
            order => order == Some(Ordering::Greater),
        });
        above && self.to.as_ref().is_none_or(|(to, inclusive)| ends_above(to, *inclusive, candidate))
    }
}

/// Whether an end leaves a candidate below it.
fn ends_above(to: &Version, inclusive: bool, candidate: &Candidate) -> bool {
    match candidate.at.order(to) {
        Some(Ordering::Equal) => inclusive && !candidate.is_after(),
        order => order == Some(Ordering::Less),
    }
}

/// Where all that is affected ends.
enum Top<'a> {
    Open,
    Nothing,
    At(&'a Version, bool),
}

impl<'a> Top<'a> {
    fn of(areas: &'a [Area], listed: &'a [Version]) -> Self {
        let mut top = Self::Nothing;
        let ends = areas.iter().map(|area| area.to.as_ref().map(|(to, inclusive)| (to, *inclusive)));
        for end in ends.chain(listed.iter().map(|version| Some((version, true)))) {
            let Some((to, inclusive)) = end else { return Self::Open };
            let higher = match &top {
                Self::At(known, held) => match to.order(known) {
                    Some(Ordering::Equal) => inclusive && !held,
                    order => order == Some(Ordering::Greater),
                },
                _ => true,
            };
            if higher {
                top = Self::At(to, inclusive);
            }
        }
        top
    }

    fn is_below(&self, candidate: &Candidate) -> bool {
        match self {
            Self::Open => false,
            Self::Nothing => true,
            Self::At(to, inclusive) => !ends_above(to, *inclusive, candidate),
        }
    }
}
