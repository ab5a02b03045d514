//! The score: what all risks of an app come to, and why.
//!
//! Invariants: the points of the reasons add up to the score; less risk is never a higher score. Not here: the risks (`spread`).

use serde::Serialize;

use super::Path;

/// All of the scale, in the unit in which it is counted.
const WHOLE: u64 = 1_000_000_000;
/// A risk of likelihood 1000 and harm 100.
const FULL_RISK: u64 = 100_000;

/// How much risk an app has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// 0: no risk that can be seen. 100: anyone, at once, everything.
    pub points: u8,
    /// The same in a letter.
    pub grade: Grade,
    /// Where the points come from; they add up.
    pub reasons: Vec<Reason>,
}

/// A score in a letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Grade {
    /// Below 10.
    #[default]
    A,
    /// Below 25.
    B,
    /// Below 45.
    C,
    /// Below 70.
    D,
    /// 70 and more.
    F,
}

/// Where points come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// How many.
    pub points: u8,
    /// The path that they are for: its place in the list of paths.
    pub path: usize,
    /// That path in one sentence.
    pub text: String,
}

impl Grade {
    /// The letter of a number of points.
    #[must_use]
    pub fn of(points: u8) -> Self {
        match points {
            0..=9 => Self::A,
            10..=24 => Self::B,
            25..=44 => Self::C,
            45..=69 => Self::D,
            _ => Self::F,
        }
    }
}

/// Points after each risk, the greatest first: each next one counts half as much, and of what is left only.
pub(super) fn running(risks: &[u32]) -> Vec<u8> {
    let mut left = WHOLE;
    let after = |(at, risk): (usize, &u32)| {
        let share = (u64::from(*risk).min(FULL_RISK) * WHOLE / FULL_RISK) >> at.min(63);
        left -= (u128::from(left) * u128::from(share) / u128::from(WHOLE)) as u64;
        u8::try_from((WHOLE - left) * 100 / WHOLE).unwrap_or(100)
    };
    risks.iter().enumerate().map(after).collect()
}

/// All points.
pub(super) fn points(risks: &[u32]) -> u8 {
    running(risks).last().copied().unwrap_or(0)
}

/// The score with its reasons. A risk that has no path of its own is told by the path that it stands behind.
pub(super) fn score(risks: &[u32], paths: &[(Path, Vec<usize>)]) -> Score {
    let running = running(risks);
    let before = std::iter::once(0).chain(running.iter().copied());
    let own: Vec<u8> = running.iter().zip(before).map(|(after, before)| after - before).collect();
    let reason = |(at, (path, of)): (usize, &(Path, Vec<usize>))| {
        let points = of.iter().filter_map(|risk| own.get(*risk)).sum();
        let text = path.steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join("; ");
        (points > 0).then_some(Reason { points, path: at, text })
    };
    let points = running.last().copied().unwrap_or(0);
    let mut reasons: Vec<_> = paths.iter().enumerate().filter_map(reason).collect();
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.points), reason.path));
    Score { points, grade: Grade::of(points), reasons }
}
