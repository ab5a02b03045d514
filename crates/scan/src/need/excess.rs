//! Permissions that a role has and nothing uses.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Use, confidence, target::Thing};
use crate::code::{Certainty, Seen};
use crate::facts;
use crate::finding::Confidence;
use crate::graph::{App, Function, Origin, Role, Statement};
use crate::iam::wildcard::covers_action;
use crate::known::{Known, Name, Text};
use crate::source::Place;

/// A permission that is given and not used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excess {
    /// The action as the statement writes it: `s3:DeleteObject`, `dynamodb:*`.
    pub action: String,
    /// The resource, where only the action on that one is not used.
    pub resource: Option<Text>,
    /// Where it is given.
    pub place: Place,
    /// The policy template that gives it, together with other things.
    pub template: Option<String>,
    /// Actions that would do instead, for a pattern of which some are used. Empty: none is.
    pub used: BTreeSet<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is no more than likely, where it is.
    pub because: Option<String>,
}

/// What a role gives to a function that does not use it.
pub(super) fn of(
    app: &App,
    role: &Role,
    function: &Function,
    uses: &[Use],
    implied: &BTreeSet<String>,
    gaps: &[Seen<String>],
) -> Vec<Excess> {
    let mut found = Vec::new();
    for statement in role.statements.iter().filter(|statement| is_judged(statement)) {
        for setting in &statement.actions {
            let Known::Value(pattern) = &setting.value else { continue };
            if is_quiet(pattern, function, implied) {
                continue;
            }
            found.extend(judge(app, statement, pattern, setting.place, uses, gaps));
        }
    }
    found
}

/// Statements that somebody wrote for this role: what a framework or the provider puts together is not theirs to cut.
fn is_judged(statement: &Statement) -> bool {
    let written = matches!(statement.origin, Origin::Written | Origin::Template(_));
    written && statement.may_allow() && !statement.not_actions && statement.effect.value().is_some()
}

/// Actions that a function's set-up asks for, and those that layers use without the code's help.
fn is_quiet(pattern: &str, function: &Function, implied: &BTreeSet<String>) -> bool {
    let layered = ["ssm:Get", "secretsmanager:Get", "appconfig:", "xray:", "cloudwatch:Put", "kms:Decrypt"];
    let always = ["logs:", "xray:", "kms:"];
    if always.iter().any(|start| pattern.starts_with(start)) || pattern == "cloudwatch:PutMetricData" {
        return true;
    }
    if !function.layers.is_empty() && layered.iter().any(|start| pattern.starts_with(start)) {
        return true;
    }
    implied.iter().any(|action| covers_action(pattern, action) || covers_action(action, pattern))
}

fn judge(
    app: &App,
    statement: &Statement,
    pattern: &str,
    place: Place,
    uses: &[Use],
    gaps: &[Seen<String>],
) -> Vec<Excess> {
    let covered: Vec<&Use> = uses.iter().filter(|used| covers_action(pattern, &used.action)).collect();
    let certain: BTreeSet<String> = covered
        .iter()
        .filter(|used| used.certainty == Certainty::Certain)
        .map(|used| used.action.clone())
        .collect();
    let known = facts::action(pattern).is_some() || pattern.contains(['*', '?']);
    if !known {
        return Vec::new();
    }
    let excess = |resource: Option<Text>, used: BTreeSet<String>, confidence, because| Excess {
        action: pattern.to_owned(),
        resource,
        place,
        template: match &statement.origin {
            Origin::Template(name) => Some(name.clone()),
            _ => None,
        },
        used,
        confidence,
        because,
    };
    let first_gap = gaps.first().map(|gap| gap.value.clone());
    if covered.is_empty() {
        return vec![excess(None, BTreeSet::new(), confidence(gaps), first_gap)];
    }
    if certain.is_empty() {
        // Some file that belongs to the function uses it, by a way that was not found.
        let why =
            "code that belongs to the function uses it, though no way from the handler was found".to_owned();
        return vec![excess(None, BTreeSet::new(), Confidence::Likely, Some(why))];
    }
    if pattern.contains(['*', '?']) {
        let all = facts::actions_matching(pattern).count();
        let used: BTreeSet<String> = covered.iter().map(|used| used.action.clone()).collect();
        if used.len() < all {
            return vec![excess(None, used, confidence(gaps), first_gap)];
        }
    }
    // Used, but not on each thing of the app that the statement names.
    if covered.iter().any(|used| used.thing == Thing::Unknown || used.thing == Thing::Nothing) {
        return Vec::new();
    }
    let idle = statement.resources.iter().filter(|resource| {
        only_own(app, resource)
            .is_some_and(|name| !covered.iter().any(|used| used.thing == Thing::Own(name.clone())))
    });
    let whole = statement.resources.len();
    let idle: Vec<&Text> = idle.collect();
    if idle.is_empty() || whole < 2 && idle.len() < whole {
        return Vec::new();
    }
    idle.into_iter()
        .map(|resource| excess(Some(resource.clone()), BTreeSet::new(), confidence(gaps), first_gap.clone()))
        .collect()
}

/// The thing of the app that a resource is, or is within.
fn only_own(app: &App, resource: &Text) -> Option<Name> {
    let mut named = resource.references();
    let (first, second) = (named.next()?, named.next());
    let exists = app.store(first).is_some() || app.secret(first).is_some() || app.function(first).is_some();
    (second.is_none() && exists).then(|| first.clone())
}
