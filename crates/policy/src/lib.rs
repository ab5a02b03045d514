//! Room `policy`: decides who may do what, and mints the permit that proves it.
//!
//! Owns: the Cedar schema and policies, the guard, the permit, explanations. Invariants: a permit exists only after a
//! recorded allow; any error while deciding is a deny; nothing outside this room links Cedar. Not here: who the actor is
//! (`identity`), what a permit is spent on (`storage`, `sandbox`). Read `guard` first, then `book`, `index`, `compile`.

mod advice;
mod book;
mod cache;
mod check;
mod compile;
mod context;
mod directory;
mod error;
mod explain;
#[cfg(test)]
mod fixture;
mod guard;
mod index;
mod literals;
mod objection;
mod permit;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod question;
mod reads;
mod text;
mod words;

pub use advice::Advice;
pub use book::{Rules, WrittenPolicy};
pub use check::{Warning, check};
pub use directory::Directory;
pub use error::{PolicyError, Refusal, StepUp};
pub use explain::{ExplainedPolicy, Explanation, PolicyOrigin};
pub use guard::Guard;
pub use permit::Permit;
