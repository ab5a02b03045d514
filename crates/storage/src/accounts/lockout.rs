//! The arithmetic of lock-outs: pure, so that every case can be tested by value.
//!
//! Invariant: an attempt is counted as failed before it is judged, so guesses in parallel cannot outrun the counter; a
//! lock ends by itself after at most [`LockRule::longest`] of a clock that runs forwards, whatever the clock did before.
//! An address that signed in rightly is known for [`KNOWN_FOR`]: the lock of a whole account does not keep it out.
//! Not here: where counters are kept (`attempts`), and what an attempt is (`identity`).

use std::time::Duration;

use casemate_core::Timestamp;

/// How long an address is known after it signed in to an account rightly.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// When a counter locks, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockRule {
    /// Failures in a row that lock: this many attempts are judged, the next one is not.
    pub after: u32,
    /// How long the first lock lasts; each further failure doubles it.
    pub first: Duration,
    /// The longest lock.
    pub longest: Duration,
    /// A counter without a new failure for this long starts at zero again. Longer than [`Self::longest`].
    pub forget: Duration,
}

impl LockRule {
    /// How long `failures` in a row lock.
    #[must_use]
    pub fn locked_for(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.after) {
            None => Duration::ZERO,
            Some(beyond) => {
                let doubled = 1_u32.checked_shl(beyond.min(31)).unwrap_or(u32::MAX);
                self.first.saturating_mul(doubled).min(self.longest)
            }
        }
    }
}

/// A counter as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counter {
    pub(crate) failures: u32,
    pub(crate) last_at: Timestamp,
    /// From `last_at` on.
    pub(crate) locked_for: Duration,
    /// When the right password was last shown here.
    pub(crate) right_at: Option<Timestamp>,
}

impl Counter {
    /// The counter as it counts now: forgotten when it is old; when the clock was set back, its lock starts anew now, so
    /// it neither ends early nor lasts until the clock has caught up. Must be kept, not only looked at.
    pub(crate) fn settled(self, rule: &LockRule, now: Timestamp) -> Self {
        let right_at = self.right_at.map(|at| at.min(now)).filter(|at| now.since(*at) < KNOWN_FOR);
        if now.since(self.last_at) >= rule.forget {
            return Self { last_at: now, right_at, ..Self::default() };
        }
        Self { last_at: self.last_at.min(now), right_at, ..self }
    }

    /// Whether the right password was shown here lately.
    pub(crate) fn is_known(&self) -> bool {
        self.right_at.is_some()
    }

    /// Until when attempts are refused, if they are now.
    pub(crate) fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.is_locked(now).then(|| self.last_at.min(now).plus(self.locked_for))
    }

    /// Whether attempts are refused now.
    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        now.since(self.last_at) < self.locked_for
    }

    /// Counts an attempt as failed, before anyone knows.
    pub(crate) fn failed(self, rule: &LockRule, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self { failures, last_at: now, locked_for: rule.locked_for(failures), right_at: self.right_at }
    }

    /// Takes back attempts that turned out to be none: what others failed stays counted.
    pub(crate) fn taken_back(self, rule: &LockRule, attempts: u32) -> Self {
        let failures = self.failures.saturating_sub(attempts);
        Self { failures, locked_for: self.locked_for.min(rule.locked_for(failures)), ..self }
    }

    /// The right password was shown: nothing is counted here any more, and the place is known.
    pub(crate) fn right(now: Timestamp) -> Self {
        Self { failures: 0, last_at: now, locked_for: Duration::ZERO, right_at: Some(now) }
    }
}

#[cfg(test)]
mod tests;
