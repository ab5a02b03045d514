//! The arithmetic of lock-outs: pure, so that every case can be tested by value.
//!
//! Invariant: an attempt is counted as failed before it is judged, so guesses in parallel cannot outrun the counter; a
//! lock ends by itself after at most [`LockRule::longest`] of a clock that runs forwards, whatever the clock did before.
//! Not here: where counters are kept (`attempts`), and what an attempt is (`identity`).

use std::time::Duration;

use casemate_core::Timestamp;

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
}

impl Counter {
    /// The counter as it counts now: forgotten when it is old; when the clock was set back, its lock starts anew now, so
    /// it neither ends early nor lasts until the clock has caught up. Must be kept, not only looked at.
    pub(crate) fn settled(self, rule: &LockRule, now: Timestamp) -> Self {
        if now.since(self.last_at) >= rule.forget {
            return Self { last_at: now, ..Self::default() };
        }
        Self { last_at: self.last_at.min(now), ..self }
    }

    /// Whether attempts are refused now.
    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        now.since(self.last_at) < self.locked_for
    }

    /// Counts an attempt as failed, before anyone knows.
    pub(crate) fn failed(self, rule: &LockRule, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self { failures, last_at: now, locked_for: rule.locked_for(failures) }
    }

    /// Takes back one attempt that turned out to be none: what others failed stays counted.
    pub(crate) fn taken_back(self, rule: &LockRule) -> Self {
        let failures = self.failures.saturating_sub(1);
        Self { failures, locked_for: self.locked_for.min(rule.locked_for(failures)), ..self }
    }
}

#[cfg(test)]
mod tests;
