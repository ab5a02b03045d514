//! Whether a deny turns away every stranger whom another statement lets in.
//!
//! Invariant: a deny closes an allow only where it speaks of all that the allow speaks of, and holds for any stranger. Not here: which
//! statements let strangers in (`opening`).

use super::{NARROWING, Opening, is_everyone, value};
use crate::graph::{Condition, Effect, Principal, Statement};
use crate::iam::wildcard;
use crate::known::{Known, Text};

/// What a deny leaves of an allow: nothing is `Narrow`.
pub(super) fn closes(deny: &Statement, allow: &Statement) -> Opening {
    let speaks = deny.effect.value() != Some(&Effect::Allow)
        && speaks_of_actions(deny, allow)
        && speaks_of_resources(deny, allow);
    if !speaks {
        return Opening::Open;
    }
    let mut unknown = deny.effect.why().map(str::to_owned);
    match speaks_of_strangers(&deny.principals) {
        Opening::Narrow => {}
        Opening::Open => return Opening::Open,
        Opening::Unknown(why) => unknown = Some(why),
    }
    for condition in &deny.conditions {
        match holds_for_strangers(condition) {
            Opening::Narrow => {}
            Opening::Open => return Opening::Open,
            Opening::Unknown(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Opening::Narrow, Opening::Unknown)
}

/// Whether a deny speaks of any stranger: `Narrow` if so.
fn speaks_of_strangers(principals: &[Principal]) -> Opening {
    if principals.iter().any(is_everyone) {
        return Opening::Narrow;
    }
    let mut spoken = Opening::Open;
    for principal in principals {
        let Principal::Others(spared) = principal else { continue };
        let everyone =
            |one: &Text| one.as_literal().is_some_and(|one| one == "*" || one.ends_with(":iam::*:root"));
        // Whoever spares everyone denies nobody.
        if spared.is_empty() || spared.iter().any(everyone) {
            continue;
        }
        match spared.iter().find_map(Text::why_unknown) {
            Some(why) => spoken = Opening::Unknown(format!("whom its deny spares cannot be told: {why}")),
            None => return Opening::Narrow,
        }
    }
    spoken
}

/// Whether a condition of a deny is met by any stranger: `Narrow` if so.
fn holds_for_strangers(condition: &Condition) -> Opening {
    let key = condition.key.to_ascii_lowercase();
    let operator = condition.operator.to_ascii_lowercase();
    let is = |word: &str| {
        !condition.values.is_empty()
            && condition
                .values
                .iter()
                .all(|value| value.as_literal().is_some_and(|it| it.eq_ignore_ascii_case(word)))
    };
    // No stranger is a service of the provider.
    let serves = matches!(key.as_str(), "aws:principalisawsservice" | "aws:viaawsservice");
    if serves && operator.starts_with("bool") && is("false") {
        return Opening::Narrow;
    }
    match crate::iam::has_come(condition) {
        Some(true) => return Opening::Narrow,
        Some(false) => return Opening::Open,
        None => {}
    }
    if key == "aws:sourceip" && operator.starts_with("ipaddress") {
        return match value::whole(&condition.values) {
            (true, true) => Opening::Narrow,
            (true, false) => Opening::Unknown(
                "it turns away every address of IPv4, and whether it can be called by IPv6 is not in the files"
                    .to_owned(),
            ),
            _ => Opening::Open,
        };
    }
    let others = operator.contains("not")
        // Without the key, none of its values is another's: whoever has none is not turned away.
        && !operator.starts_with("foranyvalue:")
        && NARROWING.contains(&key.as_str());
    if !others {
        return Opening::Open;
    }
    if let Some(why) = condition.values.iter().find_map(Text::why_unknown) {
        return Opening::Unknown(format!("the condition on `{}` cannot be told: {why}", condition.key));
    }
    if value::is_loose(&key, &condition.values) { Opening::Open } else { Opening::Narrow }
}

fn speaks_of_actions(deny: &Statement, allow: &Statement) -> bool {
    let patterns = || deny.actions.iter().filter_map(|action| action.known());
    if deny.not_actions {
        let spared = |action: &str| patterns().any(|pattern| wildcard::covers_action(pattern, action));
        let plain = |action: &String| !action.contains(['*', '?']) && !spared(action);
        return deny.actions.is_empty()
            || !allow.not_actions && allow.actions.iter().all(|it| it.known().is_some_and(plain));
    }
    if patterns().any(|pattern| pattern == "*") {
        return true;
    }
    let covers = |action: &str| {
        patterns().any(|pattern| covers(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    // Nothing else of an interface is of use without calling it.
    let calls = || covers("execute-api:invoke");
    !allow.not_actions
        && allow.actions.iter().all(|action| match &action.value {
            Known::Value(action) => {
                covers(action) || matches!(action.as_str(), "*" | "execute-api:*") && calls()
            }
            Known::Unknown(_) => false,
        })
}

fn speaks_of_resources(deny: &Statement, allow: &Statement) -> bool {
    let spoken: Vec<String> = deny.resources.iter().map(plain).collect();
    if deny.not_resources {
        return spoken.is_empty();
    }
    let all = |resource: &String| resource == "*" || is_whole_interface(resource);
    if spoken.is_empty() || spoken.iter().any(all) {
        return true;
    }
    let itself = deny.resources.iter().any(|resource| resource.as_reference().is_some());
    !allow.not_resources
        && allow.resources.iter().map(plain).all(|resource| {
            spoken.iter().any(|pattern| covers(pattern, &resource))
                || resource == "*" && itself && !is_of_bucket(allow)
        })
}

/// Whether the policy is one of a bucket, whose objects are resources of their own.
fn is_of_bucket(statement: &Statement) -> bool {
    let of_bucket = |action: &String| action == "*" || action.to_ascii_lowercase().starts_with("s3:");
    statement.actions.iter().any(|action| action.known().is_none_or(of_bucket))
}

/// A resource as it is compared: a bucket's ARN can be written in several ways.
fn plain(resource: &Text) -> String {
    let text = resource.to_string().replace(".Arn}", "}");
    let bucket = text.split_once(":s3:::").map(|(_, bucket)| bucket.to_owned());
    bucket.unwrap_or(text)
}

/// `execute-api:/*`, `arn:aws:execute-api:eu-west-1:111122223333:abc/*/*`: all routes of an interface.
fn is_whole_interface(resource: &str) -> bool {
    let Some((_, rest)) = resource.split_once("execute-api:") else { return false };
    let routes = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest);
    routes.contains('*') && routes.chars().all(|c| matches!(c, '*' | '/' | ':'))
}

/// Whether all that one pattern stands for is in another.
fn covers(pattern: &str, other: &str) -> bool {
    pattern == other || !pattern.contains('?') && wildcard::matches(pattern, other)
}
