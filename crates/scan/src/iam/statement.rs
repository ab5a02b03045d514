//! What can be said of one statement alone.
//!
//! Invariant: an action that is not in the tables is listed as unknown, not as harmless. Not here: what a role may do in all
//! (`iam::Permissions`).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::facts::{self, ActionFact, Level};
use crate::graph::Statement;
use crate::known::{Known, Piece, Text};
use crate::source::Place;

/// An action that no service has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misspelt {
    /// As it is written.
    pub action: String,
    /// Where.
    pub place: Place,
    /// What was probably meant.
    pub meant: Option<String>,
}

/// The actions of a statement, by whether they can be bound to a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scoping {
    /// They have no kind of resource: `*` is right for them.
    pub need_star: Vec<ActionFact>,
    /// They could be bound to a resource.
    pub bindable: Vec<ActionFact>,
    /// Patterns that stand for no action that is known, and actions that cannot be told.
    pub unknown: Vec<String>,
}

impl Scoping {
    /// The highest level among the actions that could be bound.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.bindable.iter().map(|fact| fact.level).max()
    }
}

/// Whether a pattern of actions is all of them.
#[must_use]
pub fn is_every_action(pattern: &str) -> bool {
    matches!(pattern, "*" | "*:*")
}

/// The service of which a pattern of actions is the whole: `s3` for `s3:*`.
#[must_use]
pub fn whole_service(pattern: &str) -> Option<&str> {
    let (service, name) = pattern.split_once(':')?;
    (!name.is_empty() && name.bytes().all(|byte| byte == b'*') && facts::service_exists(service))
        .then_some(service)
}

/// Whether a resource is all of them: `*`, or an ARN in which everything behind the service is a wildcard (`arn:aws:s3:::*`).
#[must_use]
pub fn is_every_resource(resource: &Text) -> bool {
    // Nothing but wildcards, of which one takes any length: `*`, `*:*`, `?*`.
    let open = |text: &str| text.contains('*') && text.chars().all(|c| "*?:/".contains(c));
    if resource.as_literal().is_some_and(open) {
        return true;
    }
    // An account or region that the provider fills in binds the statement to no thing.
    let own = |piece: &Piece| matches!(piece, Piece::Literal(_) | Piece::Provider(_));
    // `${AWS::Region}` has colons of its own.
    let plain = resource.pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => text.as_str(),
        _ => "own",
    });
    let plain: String = plain.collect();
    let fields: Vec<&str> = plain.splitn(6, ':').collect();
    // `arn:aws:dynamodb:*`: the star takes the fields that are not written.
    let tail = fields.get(5).or_else(|| fields.last().filter(|last| **last == "*")).copied();
    resource.pieces.iter().all(own)
        && plain.starts_with("arn:")
        && tail.is_some_and(|tail| open(tail) || is_every_of_kind(tail))
}

/// `table/*`, `function:*`, `log-group:*`: everything of one kind.
fn is_every_of_kind(tail: &str) -> bool {
    let kinds = [
        "table",
        "function",
        "stream",
        "secret",
        "parameter",
        "stateMachine",
        "event-bus",
        "key",
        "role",
        "user",
    ];
    kinds.iter().any(|kind| tail.strip_prefix(kind).is_some_and(|rest| matches!(rest, "/*" | ":*" | "*")))
}

/// The levels of everything that a statement speaks of. All of them where it speaks of all actions but some.
#[must_use]
pub fn levels(statement: &Statement) -> BTreeSet<Level> {
    let patterns = statement.actions.iter().filter_map(|action| action.known());
    if statement.not_actions || patterns.clone().any(|pattern| is_every_action(pattern)) {
        return [Level::List, Level::Read, Level::Tagging, Level::Write, Level::Permissions].into();
    }
    patterns.flat_map(|pattern| facts::actions_matching(pattern)).map(|fact| fact.level).collect()
}

/// Which actions of a statement can be bound to a resource and which need `*`. Nothing for all actions but some.
#[must_use]
pub fn scoping(statement: &Statement) -> Scoping {
    let mut scoping = Scoping::default();
    for action in statement.actions.iter().filter(|_| !statement.not_actions) {
        let Known::Value(pattern) = &action.value else {
            scoping.unknown.push(action.value.why().unwrap_or_default().to_owned());
            continue;
        };
        let before = scoping.need_star.len() + scoping.bindable.len();
        for fact in facts::actions_matching(pattern) {
            if fact.needs_star { scoping.need_star.push(fact) } else { scoping.bindable.push(fact) }
        }
        if before == scoping.need_star.len() + scoping.bindable.len() {
            scoping.unknown.push(pattern.clone());
        }
    }
    scoping
}

/// Actions that no service has. A service that is not in the tables may be a new one, so its actions are not listed.
#[must_use]
pub fn misspelt(statement: &Statement) -> Vec<Misspelt> {
    let unknown = |action: &&crate::known::Setting<String>| {
        action.known().is_some_and(|pattern| {
            pattern.len() <= 128
                && !is_every_action(pattern)
                && facts::actions_matching(pattern).next().is_none()
        })
    };
    let read = |action: &crate::known::Setting<String>| {
        let text = action.known()?;
        let meant = meant(text);
        let service = text.split_once(':').is_some_and(|(service, _)| facts::service_exists(service));
        (service || meant.is_some()).then(|| Misspelt { action: text.clone(), place: action.place, meant })
    };
    statement.actions.iter().filter(unknown).filter_map(read).collect()
}

/// The nearest action or service, if one is near: at most two letters away.
fn meant(text: &str) -> Option<String> {
    let (prefix, name) = text.split_once(':')?;
    if facts::service_exists(prefix) {
        let start =
            name.split(['*', '?']).next().filter(|start| start.len() == name.len())?.to_ascii_lowercase();
        let near =
            facts::actions_of(prefix).map(|fact| (distance(&fact.name.to_ascii_lowercase(), &start), fact));
        let (away, fact) = near.min_by_key(|(away, _)| *away)?;
        return (away <= 2).then(|| fact.text());
    }
    let near = facts::services().map(|service| (distance(service, &prefix.to_ascii_lowercase()), service));
    // Another name is a guess; the action must exist there.
    let mut near: Vec<_> = near.filter(|(away, _)| *away <= 2).collect();
    near.sort_unstable();
    near.iter().find_map(|(_, service)| {
        facts::actions_matching(&format!("{service}:{name}")).next().map(|_| format!("{service}:{name}"))
    })
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, a) in one.bytes().enumerate() {
        let mut next = vec![above + 1];
        for (at, (b, up)) in other.bytes().zip(row.iter().skip(1)).enumerate() {
            let (corner, left) = (row.get(at).copied().unwrap_or(0), next.last().copied().unwrap_or(0));
            next.push((corner + usize::from(a != b)).min(left + 1).min(up + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
