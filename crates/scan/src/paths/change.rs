//! The one change that takes away most.
//!
//! Each cause that the worst paths go through is taken away in turn, and the score is counted again. Invariant: a change that takes
//! nothing away is not advised. Not here: the edits themselves (`fix`).

use std::collections::BTreeMap;

use super::BestChange;
use super::model::{Cause, Model};
use super::score;
use super::spread::{From, Origin, Solution, State, solve};
use crate::source::Place;

/// Paths whose causes are tried.
const MAX_PATHS: usize = 12;
/// Causes that are tried.
const MAX_TRIED: usize = 32;

/// Tries every cause of the worst paths.
pub(super) fn best(model: &Model<'_>, solution: &Solution, points: u8) -> Option<BestChange> {
    let mut causes = BTreeMap::new();
    for best in solution.best.iter().take(MAX_PATHS) {
        let found = match best.origin {
            Origin::Goal(state, at) => along(model, solution, state, Some(at)),
            Origin::Unknown(state) => along(model, solution, state, None),
            Origin::Trusted(number, _) => {
                let trusted = model.trusted.get(number);
                trusted
                    .map(|trusted| (Cause::Trust(trusted.role.clone()), trusted.place))
                    .into_iter()
                    .collect()
            }
            Origin::Direct(at) => {
                model.direct.get(at).map(|direct| (direct.cause.clone(), direct.place)).into_iter().collect()
            }
        };
        for (cause, place) in found {
            causes.entry(cause).or_insert(place);
        }
    }
    let tried = causes.into_iter().take(MAX_TRIED).map(|(cause, place)| {
        let remaining = solve(model, Some(&cause)).risks();
        // Points are coarse: what is left decides between changes of the same points.
        (score::points(&remaining), remaining.iter().map(|risk| u64::from(*risk)).sum::<u64>(), cause, place)
    });
    let (remaining, _, cause, place) = tried.min_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)))?;
    let saved = points.checked_sub(remaining).filter(|saved| *saved > 0)?;
    Some(BestChange { text: advice(&cause), place, remaining, saved })
}

/// The causes along the way to a state, and to the goal behind it.
fn along(model: &Model<'_>, solution: &Solution, to: State, goal: Option<usize>) -> Vec<(Cause, Place)> {
    let mut found = Vec::new();
    let grants = |state: State, at: usize| -> Vec<(Cause, Place)> {
        let role = model.node(state.node).and_then(|node| node.role);
        let goal = model.goal_of(state.node, at).filter(|goal| goal.broad);
        let places = goal.map(|goal| model.places(role, goal)).unwrap_or_default().into_iter();
        role.map(|role| places.map(|place| (Cause::Grant(role.clone(), place), place)).collect())
            .unwrap_or_default()
    };
    found.extend(goal.map(|at| grants(to, at)).unwrap_or_default());
    let mut state = to;
    for _ in 0..24 {
        let Some(way) = solution.way(state) else { break };
        match way.from {
            From::Entry(at) => {
                let entry = model.entries.get(at);
                found.extend(entry.and_then(|entry| Some((entry.cause.clone()?, entry.place))));
                break;
            }
            From::Weakness(at) => {
                let weakness = model.node(state.node).and_then(|node| node.weaknesses.get(at));
                found.extend(weakness.and_then(|weakness| Some((weakness.cause.clone()?, weakness.place?))));
                state = State { controlled: false, ..state };
            }
            From::Hop(before, at) => {
                found.extend(grants(before, at));
                state = before;
            }
        }
    }
    found
}

fn advice(cause: &Cause) -> String {
    match cause {
        Cause::Api(name) => format!("Let an authorizer ask who calls at `{name}`, for all of its routes."),
        Cause::Url(name) => format!(
            "Ask for signatures at the URL of `{name}` (`AWS_IAM`), or put it behind an interface with an authorizer."
        ),
        Cause::Permission(name) => {
            format!("Say in the permissions of `{name}` which account or source may call it.")
        }
        Cause::Store(name) => format!("Close `{name}` to everyone whom the app does not name."),
        Cause::Trust(name) => format!(
            "Say who may take on `{name}`: in its trust policy, or at the identity pool that hands it to guests."
        ),
        Cause::Weakness(name, "vulnerable-dependency", _) => {
            format!("Update the package with the known hole that `{name}` uses.")
        }
        Cause::Weakness(name, "retired-runtime", _) => {
            format!("Move `{name}` to a runtime that is cared for.")
        }
        Cause::Weakness(name, rule, _) => format!("Mend the `{rule}` in the code of `{name}`."),
        Cause::Grant(role, _) => {
            format!("Narrow this statement of `{role}` to the actions and resources that its functions use.")
        }
        Cause::Leak(_, _) => {
            "Move this secret to a managed secret, and change it, because everyone who had the files has it."
                .to_owned()
        }
    }
}
