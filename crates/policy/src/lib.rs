//! Room `policy`: decides who may do what, and mints the permit that proves it.
//!
//! Owns: the Cedar schema and policies, the guard, the permit, explanations. Invariants: a permit exists only after a
//! recorded allow; any error while deciding is a deny; nothing outside this room links Cedar. Not here: who the actor is
//! (`identity`), what a permit is spent on (`storage`, `sandbox`).

mod error;
mod explain;
mod guard;
mod permit;
mod rules;

pub use error::{PolicyError, Refusal, StepUp};
pub use explain::{Advice, ExplainedPolicy, Explanation, PolicyOrigin};
pub use guard::Guard;
pub use permit::Permit;
pub use rules::{Directory, Rules, Warning, WrittenPolicy, check};
