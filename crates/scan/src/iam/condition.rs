//! Whether the conditions of a statement hold for a role's own calls.
//!
//! Invariant: a condition that is not understood is unknown. Not here: conditions of resource policies (`rules`).

use super::{Verdict, wildcard};
use crate::graph::Condition;

/// Keys that narrow a permission to this account, its regions or encrypted calls: a function's own calls pass.
const ALWAYS_OWN: [&str; 5] = [
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:principalaccount",
    "aws:resourceorgid",
    "aws:principalorgid",
];

/// Whether all conditions hold when the role itself calls. `passed_to`: the service that is handed a role, where that is asked.
pub(super) fn hold(conditions: &[Condition], passed_to: Option<&str>) -> Verdict {
    conditions.iter().fold(Verdict::Yes, |all, condition| all.and(holds(condition, passed_to)))
}

fn holds(condition: &Condition, passed_to: Option<&str>) -> Verdict {
    let key = condition.key.to_ascii_lowercase();
    let negative = condition.operator.to_ascii_lowercase().contains("not");
    let unknown = || Verdict::Unknown(format!("it holds only under a condition on `{}`", condition.key));
    let literals: Option<Vec<&str>> = condition.values.iter().map(|value| value.as_literal()).collect();
    match (key.as_str(), literals, passed_to) {
        ("aws:securetransport", Some(values), _) if condition.operator.eq_ignore_ascii_case("bool") => {
            // Every SDK calls over TLS.
            let encrypted = values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            if encrypted { Verdict::Yes } else { Verdict::No }
        }
        ("iam:passedtoservice", Some(values), Some(service)) if !negative => {
            let named = values.iter().any(|value| wildcard::matches(value, service));
            if named { Verdict::Yes } else { Verdict::No }
        }
        (key, _, _) if ALWAYS_OWN.contains(&key) && !negative => Verdict::Yes,
        _ => unknown(),
    }
}
