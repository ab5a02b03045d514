//! Runtimes and until when the provider cares for them.
//!
//! Invariant: there is no clock here. A runtime is retired when its day had come on the day that is passed in, or on the day of the
//! table, whichever is later: a wrong clock cannot make a runtime young again. Not here: the rule (`rules`).

use std::fmt;

use serde::Serialize;

use super::{RUNTIMES, header, row, rows};

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Reads `2026-11-22`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, long| {
            (part.len() == long && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse().ok())?
        };
        let mut parts = text.splitn(3, '-');
        let year: u16 = digits(parts.next()?, 4)?;
        let month = u8::try_from(digits(parts.next()?, 2)?).ok()?;
        let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Self { year, month, day })
    }

    /// The same day some years later.
    #[must_use]
    pub fn years_later(self, years: u16) -> Self {
        Self { year: self.year.saturating_add(years), ..self }
    }

    /// The day on which a number of seconds since 1970 (UTC) falls.
    #[must_use]
    pub fn of_unix_seconds(seconds: u64) -> Self {
        // Days since 1 March of year 0, cut into spans of 400, 100, 4 years and 1 year: leap days come last in each.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day_of_year - (153 * from_march + 2) / 5 + 1).unwrap_or(31),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeFact {
    /// `nodejs24.x`.
    pub name: &'static str,
    /// From this day on it gets no more security patches.
    pub deprecated: Option<Day>,
    /// From this day on no function can be made with it.
    pub creation_blocked: Option<Day>,
    /// From this day on no function that has it can be changed.
    pub update_blocked: Option<Day>,
    /// The newest runtime of its language, where it is not that itself.
    pub successor: Option<&'static str>,
}

impl RuntimeFact {
    /// Since when it is no longer cared for, if that day had come on `today` (or on the table's day, if that is later).
    #[must_use]
    pub fn retired(&self, today: Option<Day>) -> Option<Day> {
        let today = today.max(runtime_day());
        self.deprecated.filter(|day| today >= Some(*day))
    }
}

/// The day of the table.
#[must_use]
pub fn runtime_day() -> Option<Day> {
    header(RUNTIMES, "# Day: ").and_then(Day::parse)
}

fn read(line: &'static str) -> Option<RuntimeFact> {
    let mut columns = line.split('\t');
    let name = columns.next()?;
    let mut day = || columns.next().and_then(Day::parse);
    let (deprecated, creation_blocked, update_blocked) = (day(), day(), day());
    let successor = columns.next().filter(|name| *name != "-");
    Some(RuntimeFact { name, deprecated, creation_blocked, update_blocked, successor })
}

/// A runtime by name. `None` when the table does not know it: a newer one, or a misspelt one.
#[must_use]
pub fn runtime(name: &str) -> Option<RuntimeFact> {
    read(row(RUNTIMES, name)?)
}

/// All runtimes of the table.
pub fn runtimes() -> impl Iterator<Item = RuntimeFact> {
    rows(RUNTIMES).filter_map(read)
}
