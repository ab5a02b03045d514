//! What a function needs against what its role grants.
//!
//! Owns: from a [`Reading`] and a role to permissions that are missing, permissions that nothing uses, and the smallest policy. Invariants:
//! a permission is missing only where the role plainly does not give it; it is too much only where nothing that was read uses it, and
//! while anything could not be followed that is no more than likely. Not here: reading code (`code`), what a role may do (`iam`).

mod arn;
mod excess;
mod given;
mod implied;
mod json;
mod passing;
mod policy;
mod target;
mod writing;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::excess::Excess;
use self::given::Given;
pub use self::policy::{Policy, PolicyStatement};
pub use self::target::Thing;
use crate::code::{Certainty, PASS_ROLE, Reading, SdkCall, Seen};
use crate::finding::Confidence;
use crate::graph::{App, Function, Principal, Statement};
use crate::iam::wildcard::covers_action;
use crate::iam::{Grants, Verdict};
use crate::known::Name;
use crate::source::Place;

/// What a function needs, and how that compares with what it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// The function.
    pub function: Name,
    /// The role that it runs with, where that is one of the app.
    pub role: Option<Name>,
    /// Whether its code was found and read.
    pub read: bool,
    /// Whether its code was followed in full. On what it uses something may still not be told.
    pub followed: bool,
    /// Whether some of what its code uses is signed for somebody else to do.
    pub signs: bool,
    /// What its code uses.
    pub uses: Vec<Use>,
    /// What it uses and plainly may not.
    pub missing: Vec<Missing>,
    /// What it may and does not use. See [`excess_of_role`] for roles that functions share.
    pub excess: Vec<Excess>,
    /// Actions that its set-up asks for, whatever its code says: logs, triggers, a private network.
    pub implied: BTreeSet<String>,
    /// The smallest policy that it can do with, its set-up too; `None` where something could not be followed far enough to write one.
    pub policy: Option<Policy>,
    /// Why need is not known in full. Empty: it is.
    pub gaps: Vec<Seen<String>>,
}

/// A use of one permission.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Use {
    /// The permission: `dynamodb:PutItem`.
    pub action: String,
    /// On what.
    pub thing: Thing,
    /// Whether the handler gets there.
    pub certainty: Certainty,
    /// Where.
    pub place: Place,
}

/// A permission that is used and not given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// The permission.
    pub action: String,
    /// On what.
    pub thing: Thing,
    /// Where it is used.
    pub place: Place,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is no more than likely, where it is.
    pub because: Option<String>,
    /// One sentence about it.
    pub message: String,
}

/// Compares what a function's code uses with what its role grants.
#[must_use]
pub fn compare<'a>(app: &'a App, grants: &Grants<'a>, function: &'a Function, reading: &Reading) -> Need {
    let uses = uses(app, function, reading);
    let implied = implied::actions(app, function);
    let mut gaps = reading.unknowns.clone();
    let read = !reading.files.is_empty() || reading.entry.is_some();
    if !read && gaps.is_empty() {
        gaps.push(Seen { place: function.place, value: "no code was read".to_owned() });
    }
    let followed = gaps.is_empty();
    let missing = missing(grants, function, &uses, &gaps);
    let role = grants.function(function).map(|permissions| permissions.role);
    let excess = match role {
        Some(role) if read => excess::of(app, role, function, &uses, &implied, &gaps),
        _ => Vec::new(),
    };
    let given = Given { app: grants.app(), permissions: grants.function(function), missing: &missing };
    let policy = if followed { policy::smallest(app, function, given, &uses, &excess) } else { None };
    if policy.is_none() {
        let obstacles = policy::obstacles(role, &uses).into_iter();
        gaps.extend(obstacles.map(|(place, value)| Seen { place, value }));
    }
    let role = role.map(|role| role.name.clone());
    let function = function.name.clone();
    Need {
        function,
        role,
        read,
        followed,
        signs: reading.signs,
        uses,
        missing,
        excess,
        implied,
        policy,
        gaps,
    }
}

impl Need {
    /// The same for a function that is declared in this file: its policy is written as that file is.
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        if let Some(policy) = &mut self.policy {
            policy.is_json = path.ends_with(".json");
        }
        self
    }
}

/// What a role grants and none of its functions uses. `needs` are those of all functions that run with it.
#[must_use]
pub fn excess_of_role(needs: &[&Need]) -> Vec<Excess> {
    let Some((first, rest)) = needs.split_first() else { return Vec::new() };
    let common = first.excess.iter().filter_map(|excess| {
        let mut confidence = excess.confidence;
        for need in rest {
            let same = need.excess.iter().find(|other| {
                other.place == excess.place
                    && other.action == excess.action
                    && other.resource == excess.resource
            })?;
            confidence = confidence.min(same.confidence);
        }
        Some(Excess { confidence, ..excess.clone() })
    });
    common.collect()
}

fn uses(app: &App, function: &Function, reading: &Reading) -> Vec<Use> {
    let mut found: Vec<Use> = Vec::new();
    for call in &reading.sdk_calls {
        // A role that is only named, to take it on or to change it, is not passed.
        let asked = |action: &&String| *action != PASS_ROLE || passes(reading, call);
        let resources = target::of_senders(app, function, &call.resource);
        let on_each = |action| resources.iter().map(move |resource| (action, resource));
        for (action, resource) in call.actions.iter().filter(asked).flat_map(on_each) {
            let thing = target::thing(app, function, action, resource);
            let same = found.iter_mut().find(|known| known.action == *action && known.thing == thing);
            match same {
                Some(known) => known.certainty = known.certainty.max(call.certainty),
                None => found.push(Use {
                    action: action.clone(),
                    thing,
                    certainty: call.certainty,
                    place: call.place,
                }),
            }
        }
    }
    found
}

/// Whether a call passes the role that it is handed.
fn passes(reading: &Reading, call: &SdkCall) -> bool {
    let same = reading.sdk_calls.iter().filter(|other| other.place == call.place);
    let operation = format!("{}:{}", call.service, call.operation);
    passing::passes_role(&operation)
        || same.flat_map(|other| &other.actions).any(|action| passing::passes_role(action))
}

fn missing(grants: &Grants<'_>, function: &Function, uses: &[Use], gaps: &[Seen<String>]) -> Vec<Missing> {
    let Some(permissions) = grants.function(function) else { return Vec::new() };
    let certain = uses.iter().filter(|used| used.certainty == Certainty::Certain);
    let lacks = |used: &&Use| {
        let verdict = match target::ask(grants.app(), &used.thing) {
            Some(target) => permissions.may(&used.action, target),
            // On what is not known: missing only where it is given on nothing at all.
            None => permissions.may_somewhere(&used.action),
        };
        verdict == Verdict::No && !names_role(grants.app(), &permissions.role.name, used)
    };
    let other_role = uses.iter().any(|used| used.action.starts_with("sts:AssumeRole"));
    let doubt = |used: &Use| -> Option<String> {
        if other_role {
            return Some("its code takes on another role, which may be allowed to".to_owned());
        }
        if is_opened(grants.app(), used) {
            return Some("the resource's own policy may allow it".to_owned());
        }
        gaps.first().map(|gap| gap.value.clone())
    };
    let told = |used: &Use, because: Option<String>, message: String| Missing {
        action: used.action.clone(),
        thing: used.thing.clone(),
        place: used.place,
        confidence: if because.is_some() { Confidence::Likely } else { Confidence::Certain },
        because,
        message,
    };
    let lacking = certain.filter(lacks).map(|used| {
        let message = format!(
            "`{}` calls for `{}` on {}, and its role does not allow that: the call will be refused.",
            function.name, used.action, used.thing
        );
        told(used, doubt(used), message)
    });
    // The provider itself takes events from what it asks, with the function's role, whatever the code says.
    let taken = implied::taken(grants.app(), function);
    let taken = taken.iter().filter(lacks).map(|used| {
        let opened = || "the resource's own policy may allow it".to_owned();
        let message = format!(
            "Events for `{}` are taken with its role, which does not allow `{}` on {}: the provider refuses to set that up.",
            function.name,
            used.action,
            match &used.thing {
                Thing::Unknown => "anything".to_owned(),
                thing => thing.to_string(),
            }
        );
        let missing = told(used, is_opened(grants.app(), used).then(opened), message);
        // Which of several names of a stream is meant nobody has to be told.
        let thing = if missing.thing == Thing::Unknown { Thing::Nothing } else { missing.thing };
        Missing { thing, ..missing }
    });
    lacking.chain(taken).collect()
}

/// Whether the policy of a resource may allow a use, whatever the role says: within one account either is enough.
fn is_opened(app: &App, used: &Use) -> bool {
    let others =
        |principal: &Principal| !matches!(principal, Principal::Service(_) | Principal::Federated(_));
    let name = used.thing.own();
    name.is_some_and(|name| policies(app).any(|(of, policy)| of == name && speaks(policy, used, others)))
}

/// Whether the policy of a resource names the role for a use: of the very thing, or of some thing where what is used cannot be told.
fn names_role(app: &App, role: &Name, used: &Use) -> bool {
    let it = |principal: &Principal| match principal {
        Principal::Aws(text) => text.as_reference().is_some_and(|(name, _)| name == role),
        _ => false,
    };
    let own = used.thing.own();
    let known = own.is_some() || target::ask(app, &used.thing).is_some();
    policies(app).any(|(of, policy)| (own == Some(of) || !known) && speaks(policy, used, it))
}

/// The policies of all resources.
fn policies(app: &App) -> impl Iterator<Item = (&Name, &[Statement])> {
    let stores = app.stores.iter().map(|store| (&store.name, store.policy.as_slice()));
    let secrets = app.secrets.iter().map(|secret| (&secret.name, secret.policy.as_slice()));
    let functions = app.functions.iter().map(|function| (&function.name, function.permissions.as_slice()));
    stores.chain(secrets).chain(functions)
}

/// Whether a policy may allow an action to one of these principals.
fn speaks(policy: &[Statement], used: &Use, principals: impl Fn(&Principal) -> bool) -> bool {
    let covers = |statement: &Statement| {
        let covers = |pattern: &String| covers_action(pattern, &used.action);
        statement.not_actions || statement.actions.iter().any(|action| action.known().is_none_or(covers))
    };
    policy
        .iter()
        .filter(|statement| statement.may_allow() && covers(statement))
        .any(|statement| statement.principals.iter().any(&principals))
}

/// How sure a claim is that rests on all of the code.
fn confidence(gaps: &[Seen<String>]) -> Confidence {
    if gaps.is_empty() { Confidence::Certain } else { Confidence::Likely }
}

#[cfg(test)]
mod tests;
