//! Policy documents: statements of roles, resources and trust.
//!
//! Invariant: a document that cannot be told leaves a statement whose effect is unknown, so that nobody takes it for empty. Not here: what
//! statements allow (`iam`).

use super::value::{string, strings, text, texts};
use crate::document::{Node, NodeKind};
use crate::graph::{Condition, Effect, Origin, Principal, Statement};
use crate::known::{Known, Setting};

/// The statements of a policy document, resolved.
#[must_use]
pub fn statements(document: &Node) -> Vec<Statement> {
    if let Some(why) = document.why_open() {
        return vec![unknown(document, why)];
    }
    if let Some(text) = document.as_str() {
        // Some resources take the document as JSON text.
        return match serde_json::from_str(text) {
            Ok(value) if text.trim_start().starts_with('{') => {
                statements(&Node::of_json(&value, document.place))
            }
            _ => vec![unknown(document, "it is no policy document".to_owned())],
        };
    }
    match document.get("Statement") {
        Some(list) => list.one_or_many().iter().map(statement).collect(),
        None => Vec::new(),
    }
}

/// One statement, resolved.
#[must_use]
pub fn statement(node: &Node) -> Statement {
    if !node.is_map() {
        let why = node.why_open().unwrap_or_else(|| "it is no statement".to_owned());
        return unknown(node, why);
    }
    let mut made = Statement::allow(node.place, Origin::Written);
    made.effect = node.get("Effect").map_or_else(
        || Known::Unknown("no effect is written".to_owned()),
        |effect| match string(effect).value {
            Known::Value(word) if word.eq_ignore_ascii_case("allow") => Known::Value(Effect::Allow),
            Known::Value(word) if word.eq_ignore_ascii_case("deny") => Known::Value(Effect::Deny),
            Known::Value(word) => Known::Unknown(format!("`{word}` is no effect")),
            Known::Unknown(why) => Known::Unknown(why),
        },
    );
    made.not_actions = node.get("NotAction").is_some();
    made.actions = node.get("Action").or_else(|| node.get("NotAction")).map(strings).unwrap_or_default();
    made.not_resources = node.get("NotResource").is_some();
    made.resources = node.get("Resource").or_else(|| node.get("NotResource")).map(texts).unwrap_or_default();
    made.principals = node.get("Principal").map(principals).unwrap_or_default();
    if let Some(others) = node.get("NotPrincipal") {
        made.principals = not_principals(&made, others);
    }
    made.conditions = node.get("Condition").map(conditions).unwrap_or_default();
    made
}

fn unknown(node: &Node, why: String) -> Statement {
    let mut made = Statement::allow(node.place, Origin::Written);
    made.effect = Known::Unknown(why.clone());
    made.actions.push(Setting::unknown(node.place, why));
    made
}

/// Everyone but a few is nearly everyone where it allows. Where it denies, it closes.
fn not_principals(statement: &Statement, others: &Node) -> Vec<Principal> {
    match statement.may_allow() {
        true => vec![Principal::Anyone],
        false => {
            let listed = match others.is_map() {
                true => others.entries().iter().flat_map(|(_, value)| texts(value)).collect(),
                false => texts(others),
            };
            vec![Principal::Others(listed)]
        }
    }
}

/// Whom a statement speaks of.
#[must_use]
pub fn principals(node: &Node) -> Vec<Principal> {
    match &node.kind {
        NodeKind::String(text) if text == "*" => vec![Principal::Anyone],
        NodeKind::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| value.one_or_many().iter().map(|item| principal(&key.text, item)))
            .collect(),
        NodeKind::List(items) => items.iter().flat_map(principals).collect(),
        _ => vec![principal("AWS", node)],
    }
}

fn principal(kind: &str, node: &Node) -> Principal {
    let text = text(node);
    if let Some(why) = text.why_unknown() {
        return Principal::Unknown(why.to_owned());
    }
    match (kind, text.as_literal()) {
        ("AWS" | "*" | "CanonicalUser", Some("*")) => Principal::Anyone,
        ("AWS", Some(arn)) if arn.ends_with(":iam::*:root") => Principal::Anyone,
        ("Service", _) => Principal::Service(text),
        ("Federated", _) => Principal::Federated(text),
        _ => Principal::Aws(text),
    }
}

fn conditions(node: &Node) -> Vec<Condition> {
    if let Some(why) = node.why_open() {
        // A condition that cannot be told is still a condition.
        let values = vec![crate::known::Text::unknown(why, node.place)];
        return vec![Condition { operator: "?".to_owned(), key: "?".to_owned(), values }];
    }
    let operators = node.entries().iter();
    operators
        .flat_map(|(operator, keys)| {
            keys.entries().iter().map(|(key, values)| Condition {
                operator: operator.text.clone(),
                key: key.text.clone(),
                values: texts(values),
            })
        })
        .collect()
}
