//! Stretches of versions, and the two notations in which advisories write them: npm's ranges and Cargo's requirements.
//!
//! Invariant: a range that cannot be read is `None`, never everything or nothing. Pre-releases belong to the stretch in which they lie
//! (npm's `includePrerelease`): a vulnerable pre-release is vulnerable. Not here: what is vulnerable (`advisories`).

use std::cmp::Ordering;
use std::fmt;

use super::Version;
use super::number::Number;
use crate::packages::Ecosystem;

/// One end of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The version there.
    pub version: String,
    /// Whether the version itself belongs to the interval.
    pub inclusive: bool,
}

impl Bound {
    /// The version as a person would write it. Ranges begin and end at `2.0.0-0`, the first pre-release of all, which nobody releases.
    #[must_use]
    pub fn shown(&self, ecosystem: Ecosystem) -> &str {
        let semantic =
            matches!(ecosystem, Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Go | Ecosystem::NuGet);
        let release = self.version.strip_suffix("-0").filter(|release| semantic && !release.contains('-'));
        release.unwrap_or(&self.version)
    }
}

/// Versions between two ends; an end that is missing lies at infinity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interval {
    /// Where it starts.
    pub from: Option<Bound>,
    /// Where it ends.
    pub to: Option<Bound>,
}

/// Alternatives of one range are at most as many, so that nobody pays for a hostile advisory.
const MAX_ALTERNATIVES: usize = 1000;

impl Interval {
    /// Whether a version lies in it; an end that is no version holds nobody.
    #[must_use]
    pub fn contains(&self, ecosystem: Ecosystem, version: &Version) -> bool {
        let holds = |bound: &Option<Bound>, side: Ordering| {
            bound.as_ref().is_none_or(|bound| {
                let other = Version::parse(ecosystem, &bound.version);
                match other.and_then(|other| version.order(&other)) {
                    Some(Ordering::Equal) => bound.inclusive,
                    order => order == Some(side),
                }
            })
        };
        holds(&self.from, Ordering::Greater) && holds(&self.to, Ordering::Less)
    }

    fn between(from: Option<(String, bool)>, to: Option<(String, bool)>) -> Self {
        let bound = |(version, inclusive)| Bound { version, inclusive };
        Self { from: from.map(bound), to: to.map(bound) }
    }

    /// What lies in both; `None` when nothing does.
    pub(crate) fn and(&self, other: &Self, ecosystem: Ecosystem) -> Option<Self> {
        let from = tighter(ecosystem, self.from.as_ref(), other.from.as_ref(), Ordering::Greater)?;
        let to = tighter(ecosystem, self.to.as_ref(), other.to.as_ref(), Ordering::Less)?;
        if let (Some(from), Some(to)) = (&from, &to) {
            match super::compare(ecosystem, &from.version, &to.version)? {
                Ordering::Greater => return None,
                Ordering::Equal if !(from.inclusive && to.inclusive) => return None,
                _ => {}
            }
        }
        Some(Self { from, to })
    }
}

impl fmt::Display for Interval {
    /// As npm would write it: `>=1.0.0 <1.2.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (None, None) => f.write_str("*"),
            (from, to) => {
                if let Some(from) = from {
                    write!(f, ">{}{}", if from.inclusive { "=" } else { "" }, from.version)?;
                }
                if let Some(to) = to {
                    let space = if from.is_some() { " " } else { "" };
                    write!(f, "{space}<{}{}", if to.inclusive { "=" } else { "" }, to.version)?;
                }
                Ok(())
            }
        }
    }
}

/// The end of the two that leaves less; `None` when they cannot be compared.
#[expect(clippy::option_option, reason = "not comparable is another thing than no end")]
fn tighter(
    ecosystem: Ecosystem,
    a: Option<&Bound>,
    b: Option<&Bound>,
    side: Ordering,
) -> Option<Option<Bound>> {
    Some(match (a, b) {
        (Some(a), Some(b)) => {
            let order = super::compare(ecosystem, &a.version, &b.version)?;
            let first = order == side || order == Ordering::Equal && !a.inclusive;
            Some(if first { a } else { b }.clone())
        }
        (one, other) => one.or(other).cloned(),
    })
}

/// Everything that lies in none of the intervals, in order. `None` when an end is no version.
#[must_use]
pub fn complement(ecosystem: Ecosystem, intervals: &[Interval]) -> Option<Vec<Interval>> {
    let turned = |bound: &Bound| Bound { version: bound.version.clone(), inclusive: !bound.inclusive };
    let mut left = vec![Interval::default()];
    for interval in intervals {
        let readable = |bound: &Bound| Version::parse(ecosystem, &bound.version).is_some();
        if !interval.from.iter().chain(&interval.to).all(readable) {
            return None;
        }
        let below = interval.from.as_ref().map(|from| Interval { from: None, to: Some(turned(from)) });
        let above = interval.to.as_ref().map(|to| Interval { from: Some(turned(to)), to: None });
        let sides = [below, above];
        left = left
            .iter()
            .flat_map(|one| sides.iter().flatten().filter_map(|side| one.and(side, ecosystem)))
            .collect();
    }
    Some(left)
}

/// Reads a range as npm does: `>=1.2 <2 || ^3.0.1 || 4.x || 5.1 - 5.3`. An empty list is the range that holds nothing.
#[must_use]
pub fn npm_range(text: &str) -> Option<Vec<Interval>> {
    let mut all = Vec::new();
    for alternative in text.split("||") {
        if all.len() > MAX_ALTERNATIVES {
            return None;
        }
        all.extend(alternative_of(alternative)?);
    }
    Some(all)
}

/// Reads one of Cargo's requirements: `>= 1.2.3, < 2`; without a sign it means what is compatible.
#[must_use]
pub fn requirement(text: &str) -> Option<Option<Interval>> {
    let mut all = Some(Interval::default());
    for comparator in text.split(',') {
        let (sign, version) = sign_of(comparator.trim());
        let sign = if sign.is_empty() { "^" } else { sign };
        let one = comparator_of(sign, version.trim())?;
        all = all.and_then(|all| all.and(&one?, Ecosystem::Cargo));
    }
    Some(all)
}

fn alternative_of(text: &str) -> Option<Option<Interval>> {
    if let Some((from, to)) = text.split_once(" - ") {
        return hyphen(from.trim(), to.trim()).map(Some);
    }
    let mut all = Some(Interval::default());
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (sign, version) = sign_of(word);
        // A sign may stand apart from its version.
        let version = if version.is_empty() { words.next()? } else { version };
        let one = comparator_of(sign, version)?;
        all = all.and_then(|all| all.and(&one?, Ecosystem::Npm));
    }
    Some(all)
}

fn sign_of(word: &str) -> (&'static str, &str) {
    for sign in [">=", "<=", "~>", ">", "<", "~", "^", "="] {
        if let Some(rest) = word.strip_prefix(sign) {
            return (sign, rest.trim_start_matches(['=', ' ']));
        }
    }
    ("", word)
}

/// A version of which the end may be missing or a wildcard.
struct Partial {
    numbers: Vec<Number>,
    /// With its hyphen.
    before: String,
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(['v', '=', ' ']).split('+').next().unwrap_or_default();
        let (core, before) = match text.split_once('-') {
            Some((core, before)) => (core, format!("-{before}")),
            None => (text, String::new()),
        };
        let mut numbers = Vec::new();
        for part in core.split('.').take_while(|part| !matches!(*part, "x" | "X" | "*" | "")) {
            numbers.push(Number::parse(part)?);
        }
        let wild =
            core.split('.').all(|part| matches!(part, "x" | "X" | "*" | "") || Number::parse(part).is_some());
        // A pre-release part needs a whole version, and must be readable as one.
        let whole = before.is_empty() || super::Version::parse(Ecosystem::Npm, text).is_some();
        (wild && whole && numbers.len() <= 3).then_some(Self { numbers, before })
    }

    fn number(&self, at: usize) -> Number {
        self.numbers.get(at).cloned().unwrap_or(Number::ZERO)
    }

    /// The version itself, zeros for what is missing.
    fn whole(&self, suffix: &str) -> String {
        format!("{}.{}.{}{suffix}", self.number(0), self.number(1), self.number(2))
    }

    /// The first version after all that have the same numbers up to `at`.
    fn after(&self, at: usize) -> String {
        let mut next: Vec<Number> = (0..3).map(|each| self.number(each)).collect();
        for (each, number) in next.iter_mut().enumerate() {
            match each.cmp(&at) {
                Ordering::Less => {}
                Ordering::Equal => *number = number.next(),
                Ordering::Greater => *number = Number::ZERO,
            }
        }
        Self { numbers: next, before: String::new() }.whole("-0")
    }

    /// Where its own stretch begins: at the version if it is whole, else at the first pre-release.
    fn start(&self) -> String {
        let suffix = if self.numbers.len() < 3 { "-0" } else { self.before.as_str() };
        self.whole(suffix)
    }
}

fn hyphen(from: &str, to: &str) -> Option<Interval> {
    let (from, to) = (Partial::parse(from)?, Partial::parse(to)?);
    let start = match from.numbers.len() {
        0 => None,
        _ if from.before.is_empty() => Some((from.whole("-0"), true)),
        _ => Some((from.start(), true)),
    };
    let end = match to.numbers.len() {
        0 => None,
        3 if !to.before.is_empty() => Some((to.start(), true)),
        given => Some((to.after(given.saturating_sub(1)), false)),
    };
    Some(Interval::between(start, end))
}

/// What one comparator allows; the inner `None` is nothing.
#[expect(clippy::option_option, reason = "unreadable is another thing than empty")]
fn comparator_of(sign: &str, version: &str) -> Option<Option<Interval>> {
    let version = Partial::parse(version)?;
    let given = version.numbers.len();
    let last = given.saturating_sub(1);
    let partial = given < 3;
    let interval = match sign {
        "<" | ">" if given == 0 => return Some(None),
        _ if given == 0 => Interval::default(),
        ">=" => Interval::between(Some((version.start(), true)), None),
        ">" if partial => Interval::between(Some((version.after(last), true)), None),
        ">" => Interval::between(Some((version.start(), false)), None),
        "<" => Interval::between(None, Some((version.start(), false))),
        "<=" if partial => Interval::between(None, Some((version.after(last), false))),
        "<=" => Interval::between(None, Some((version.start(), true))),
        "~" | "~>" => {
            Interval::between(Some((version.start(), true)), Some((version.after(last.min(1)), false)))
        }
        "^" => {
            // The first number that is not zero may not change, or the last one that is written.
            let fixed = version.numbers.iter().position(|number| !number.is_zero()).unwrap_or(last);
            Interval::between(Some((version.start(), true)), Some((version.after(fixed), false)))
        }
        _ if partial => Interval::between(Some((version.start(), true)), Some((version.after(last), false))),
        _ => {
            let exact = version.start();
            Interval::between(Some((exact.clone(), true)), Some((exact, true)))
        }
    };
    Some(Some(interval))
}
