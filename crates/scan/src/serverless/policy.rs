//! Statements of policies, as `iam.role.statements` and resource policies write them.
//!
//! Invariant: a statement that cannot be read is unknown, never left out. Not here: which role they belong to (`roles`).

use super::text::{self, Names};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{Condition, Effect, Origin, Principal, Statement};
use crate::known::{Known, Piece, Setting, Text};
use crate::source::Place;

/// The statements of a list; lists within it, as included files make them, count as their items.
pub(super) fn statements(names: &Names, node: &Node) -> Vec<Statement> {
    match &node.kind {
        NodeKind::List(items) => items.iter().flat_map(|item| statements(names, item)).collect(),
        NodeKind::Null => Vec::new(),
        NodeKind::Map(entries) if node.get("Statement").is_some() && entries.len() <= 3 => {
            node.get("Statement").map(|inner| statements(names, inner)).unwrap_or_default()
        }
        _ => vec![statement(names, node)],
    }
}

fn statement(names: &Names, node: &Node) -> Statement {
    let mut statement = Statement::allow(node.place, Origin::Written);
    if !node.is_map() || intrinsic(node) {
        let why = text::why(&names.text(node));
        statement.effect = Known::Unknown(why.clone());
        statement.actions.push(Setting::unknown(node.place, why.clone()));
        statement.resources.push(Text::unknown(why, node.place));
        return statement;
    }
    statement.effect = match node.get("Effect").map(|effect| names.string(effect)) {
        None => Known::Value(Effect::Allow),
        Some(effect) => match effect.value {
            Known::Value(word) if word.eq_ignore_ascii_case("deny") => Known::Value(Effect::Deny),
            Known::Value(word) if word.eq_ignore_ascii_case("allow") => Known::Value(Effect::Allow),
            Known::Value(word) => Known::Unknown(format!("`{word}` is no effect")),
            Known::Unknown(why) => Known::Unknown(why),
        },
    };
    let either = |one: &str, other: &str| {
        node.get(one).map(|found| (found, false)).or_else(|| node.get(other).map(|found| (found, true)))
    };
    if let Some((actions, not)) = either("Action", "NotAction") {
        statement.not_actions = not;
        statement.actions = flat(actions).into_iter().map(|action| names.string(action)).collect();
    }
    if let Some((resources, not)) = either("Resource", "NotResource") {
        statement.not_resources = not;
        statement.resources = flat(resources).into_iter().map(|resource| names.text(resource)).collect();
    }
    if let Some((principals, not)) = either("Principal", "NotPrincipal") {
        statement.principals = match not {
            // Everyone but some is everyone for our purposes when it allows; a denial of that form opens nothing.
            true => vec![Principal::Anyone],
            false => principals_of(names, principals),
        };
    }
    statement.conditions = node.get("Condition").map(|found| conditions(names, found)).unwrap_or_default();
    statement
}

/// Whether a map is a function of CloudFormation and no statement.
fn intrinsic(node: &Node) -> bool {
    matches!(node.entries(), [(key, _)] if key.text == "Ref" || key.text.starts_with("Fn::"))
}

/// One or many values, with the lists that included files put among them taken apart.
fn flat(node: &Node) -> Vec<&Node> {
    let items = node.one_or_many().iter();
    items
        .flat_map(|item| match &item.kind {
            NodeKind::List(inner) => inner.iter().collect(),
            _ => vec![item],
        })
        .collect()
}

fn principals_of(names: &Names, node: &Node) -> Vec<Principal> {
    if !node.is_map() || intrinsic(node) {
        return flat(node).into_iter().map(|one| principal(names, "AWS", one)).collect();
    }
    let each = |(kind, values): &(Key, Node)| {
        flat(values).into_iter().map(|one| principal(names, &kind.text, one)).collect::<Vec<_>>()
    };
    node.entries().iter().flat_map(each).collect()
}

fn principal(names: &Names, kind: &str, node: &Node) -> Principal {
    let text = names.text(node);
    if text.as_literal() == Some("*") {
        return Principal::Anyone;
    }
    match (kind, text.why_unknown()) {
        (_, Some(why)) if text.pieces.len() == 1 => Principal::Unknown(why.to_owned()),
        ("Service", _) => Principal::Service(text),
        ("Federated", _) => Principal::Federated(text),
        _ => Principal::Aws(text),
    }
}

fn conditions(names: &Names, node: &Node) -> Vec<Condition> {
    if !node.is_map() || intrinsic(node) {
        let value = Text::unknown(text::why(&names.text(node)), node.place);
        return vec![Condition { operator: "?".to_owned(), key: "?".to_owned(), values: vec![value] }];
    }
    let mut conditions = Vec::new();
    for (operator, keys) in node.entries() {
        for (key, values) in keys.entries() {
            conditions.push(Condition {
                operator: operator.text.clone(),
                key: key.text.clone(),
                values: flat(values).into_iter().map(|value| names.text(value)).collect(),
            });
        }
    }
    conditions
}

/// A statement that the framework adds by itself.
pub(super) fn added(place: Place, actions: &[&str], resources: Vec<Text>) -> Statement {
    Statement {
        actions: actions.iter().map(|action| Setting::new(place, (*action).to_owned())).collect(),
        resources,
        ..Statement::allow(place, Origin::Framework)
    }
}

/// Who may take on a role that the framework makes.
pub(super) fn trust(place: Place, services: &[&str]) -> Statement {
    let service = |name: &&str| Principal::Service(Text::literal(*name, place));
    Statement {
        principals: services.iter().map(service).collect(),
        ..added(place, &["sts:AssumeRole"], Vec::new())
    }
}

/// A text that may be anything.
pub(super) fn anything(place: Place) -> Text {
    Text { pieces: vec![Piece::Literal("*".to_owned())], place }
}
