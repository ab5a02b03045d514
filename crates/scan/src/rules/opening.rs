//! Whether a statement of a resource or trust policy lets strangers in.
//!
//! Invariant: a condition counts as narrowing only if no stranger can meet it; one that cannot be told makes the whole verdict unknown. Not
//! here: which policies are looked at (`rules::permissions`, `rules::stores`, `rules::trust`).

use crate::graph::{Condition, Effect, Principal, Statement};
use crate::known::Text;

/// Whether strangers get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opening {
    /// They do.
    Open,
    /// They do not.
    Narrow,
    /// It cannot be told, and why.
    Unknown(String),
}

/// Keys whose values a stranger cannot choose: where a call comes from, on whose behalf, from which account. Names and tags of callers, and
/// addresses in their own networks, are theirs to choose.
const NARROWING: [&str; 25] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcevpcarn",
    "aws:sourceip",
    "aws:userid",
    "aws:calledvia",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "lambda:eventsourcetoken",
    "lambda:sourcefunctionarn",
    "sts:externalid",
    "sns:endpoint",
    "events:creatoraccount",
];

/// Whether an allow statement lets everyone in.
pub(crate) fn to_everyone(statement: &Statement) -> Opening {
    match statement.effect.value() {
        Some(Effect::Deny) => return Opening::Narrow,
        Some(Effect::Allow) => {}
        None => return Opening::Unknown("the statement's effect cannot be told".to_owned()),
    }
    if statement.principals.iter().any(is_everyone) {
        return narrowed(&statement.conditions);
    }
    let unknown = statement.principals.iter().find_map(|principal| match principal {
        Principal::Unknown(why) => Some(why.clone()),
        Principal::Aws(text) => text.why_unknown().map(str::to_owned),
        _ => None,
    });
    match unknown {
        Some(why) if narrowed(&statement.conditions) == Opening::Open => Opening::Unknown(why),
        _ => Opening::Narrow,
    }
}

/// Whether an allow statement lets a service of the provider act on anyone's behalf; which service.
pub(crate) fn to_service(statement: &Statement) -> Option<(&str, Opening)> {
    if statement.effect.value() == Some(&Effect::Deny) {
        return None;
    }
    let service = statement.principals.iter().find_map(|principal| match principal {
        Principal::Service(text) => text.as_literal().filter(|service| acts_for_strangers(service)),
        _ => None,
    })?;
    let opening = match statement.effect.why() {
        Some(why) => Opening::Unknown(why.to_owned()),
        None => narrowed(&statement.conditions),
    };
    Some((service, opening))
}

/// Services that only ever act for the account in which they are set up, or that cannot name a source. A load balancer is among them: the
/// provider registers a function only with a target group of the function's own account ("Use Lambda functions as targets of an Application
/// Load Balancer", Limits), so a permission without `SourceArn` lets in no load balancer of a stranger.
fn acts_for_strangers(service: &str) -> bool {
    const OWN: [&str; 10] = [
        "edgelambda",
        "elasticloadbalancing",
        "lambda",
        "cloudformation",
        "replicator.lambda",
        "rds",
        "dynamodb",
        "autoscaling",
        "ec2",
        "pipes",
    ];
    let known = service.ends_with(".amazonaws.com") || service.ends_with(".amazon.com");
    known && !OWN.iter().any(|own| service.strip_prefix(own).is_some_and(|rest| rest.starts_with(".amazon")))
}

/// Whether a principal is anyone.
pub(crate) fn is_everyone(principal: &Principal) -> bool {
    match principal {
        Principal::Anyone => true,
        Principal::Aws(text) => text.as_literal() == Some("*"),
        _ => false,
    }
}

/// Whether conditions keep strangers out of a statement that speaks of everyone.
pub(crate) fn narrowed(conditions: &[Condition]) -> Opening {
    // All conditions must hold: one that narrows is enough.
    let mut unknown = None;
    for condition in conditions {
        match narrows(condition) {
            Opening::Narrow => return Opening::Narrow,
            Opening::Unknown(why) => unknown = Some(why),
            Opening::Open => {}
        }
    }
    unknown.map_or(Opening::Open, Opening::Unknown)
}

fn narrows(condition: &Condition) -> Opening {
    let key = condition.key.to_ascii_lowercase();
    let operator = condition.operator.to_ascii_lowercase();
    // What was allowed up to a time that is past is allowed no more.
    if crate::iam::has_come(condition) == Some(false) {
        return Opening::Narrow;
    }
    if key == "aws:sourceip" && operator.starts_with("notipaddress") {
        let nobody = value::whole(&condition.values) == (true, true);
        return if nobody { Opening::Narrow } else { Opening::Open };
    }
    let issued = key.ends_with(":sub") || key.ends_with(":aud") || key.ends_with(":amr");
    if !(issued || NARROWING.contains(&key.as_str())) {
        return Opening::Open;
    }
    // `…IfExists` holds where the key is absent, `…Not…` and `Null` where the value is any other, `ForAllValues` where there is none.
    let weak = operator.ends_with("ifexists")
        || operator.contains("not")
        || operator == "null"
        || operator.starts_with("forallvalues:");
    if weak {
        return Opening::Open;
    }
    if let Some(why) = condition.values.iter().find_map(Text::why_unknown) {
        return Opening::Unknown(format!("the condition on `{}` cannot be told: {why}", condition.key));
    }
    // No stranger is a service of the provider, and every one is none.
    let denies = |value: &Text| value.as_literal().is_some_and(|value| value.eq_ignore_ascii_case("false"));
    if operator == "bool" && condition.values.iter().any(denies) {
        return Opening::Open;
    }
    // Any of the values may hold: one that strangers meet undoes the rest.
    if value::is_loose(&key, &condition.values) { Opening::Open } else { Opening::Narrow }
}

/// Whether a policy as a whole lets everyone in: the first statement that does. A deny that turns strangers away closes it.
pub(crate) fn open_statement(policy: &[Statement]) -> Result<Option<&Statement>, String> {
    let (open, unknown) = open_statements(policy);
    match (open.first(), unknown) {
        (Some(statement), _) => Ok(Some(statement)),
        (None, unknown) => unknown.map_or(Ok(None), Err),
    }
}

/// The statements of a policy that let everyone in, and why it cannot be told of another one.
pub(crate) fn open_statements(policy: &[Statement]) -> (Vec<&Statement>, Option<String>) {
    let (mut open, mut unknown) = (Vec::new(), None);
    for statement in policy {
        match to_everyone(statement) {
            Opening::Open => match left_open(statement, policy) {
                Opening::Open => open.push(statement),
                Opening::Unknown(why) => unknown = Some(why),
                Opening::Narrow => {}
            },
            Opening::Unknown(why) if left_open(statement, policy) != Opening::Narrow => unknown = Some(why),
            Opening::Unknown(_) | Opening::Narrow => {}
        }
    }
    (open, unknown)
}

/// What the denies of a policy leave of a statement that lets strangers in.
fn left_open(allow: &Statement, policy: &[Statement]) -> Opening {
    let mut left = Opening::Open;
    for statement in policy {
        match deny::closes(statement, allow) {
            Opening::Narrow => return Opening::Narrow,
            Opening::Unknown(why) => left = Opening::Unknown(why),
            Opening::Open => {}
        }
    }
    left
}

mod deny;
mod route;
mod value;

pub(crate) use self::route::opens_route;

#[cfg(test)]
mod tests;
