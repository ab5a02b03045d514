//! What a role may do: how actions and ARNs are compared, what that comes to for each thing of the app, and how a role grows beyond itself.
//!
//! Owns: reading the statements of roles. Invariants: a verdict is yes, no, or unknown with its reason; `Deny` wins; what is known in
//! part (a name that a parameter makes, a condition, a policy of which nobody knows the statements) is unknown, never yes and never no;
//! comparing is bounded for each app. Not here: the tables (`facts`), who reaches a function (`paths`), what is wrong (`rules`).
//!
//! ```text
//! Grants::of(&app).role(&name) ─▶ Permissions ─┬─ may("dynamodb:PutItem", Target::Store(&table)) ─▶ Verdict
//!                                              ├─ reach() ─▶ Reach { holds: what it may do to each store, secret, function … }
//!                                              └─ escalations() ─▶ ways to more than was meant
//! statement::…(&Statement) ─▶ levels, actions that need `*`, misspelt ones
//! ```

mod actions;
mod condition;
mod deed;
mod escalation;
mod limit;
mod operation;
mod pattern;
mod permissions;
mod reach;
pub mod statement;
mod target;
pub mod wildcard;

use serde::Serialize;

pub use self::condition::{Binding, binding, has_come};
pub use self::deed::{Deed, deed, deed_services};
pub use self::escalation::{Combination, Escalation, combinations};
pub use self::limit::bound_patterns;
pub use self::permissions::{Grants, Permissions};
pub use self::reach::{Hold, Reach};
pub use self::target::{Target, is_every_thing_of};

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may not.
    No,
    /// It cannot be told: why, in words that follow "because".
    Unknown(String),
    /// It may.
    Yes,
}

impl Verdict {
    /// Whether it is a plain yes.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }

    /// Whether it is a plain no.
    #[must_use]
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }

    /// Whether it cannot be ruled out.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        !self.is_no()
    }

    /// The more of two: either is enough.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// The less of two: both are needed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::No => 0,
            Self::Unknown(_) => 1,
            Self::Yes => 2,
        }
    }
}
