//! Policies as statements: written in JSON, made by `jsonencode` or by a policy document.

use crate::graph::{App, Condition, Effect, Origin, Principal, Statement};
use crate::known::{Known, Name, Setting};
use crate::source::Place;
use crate::terraform::evaluate::Evaluator;
use crate::terraform::value::{Kind, Value};

/// What a policy says, and what of it cannot be told.
#[derive(Default)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
    pub(super) unknown: Vec<(Place, String)>,
}

impl Policy {
    /// Hands the statements over and writes down what cannot be told.
    pub(super) fn unfold(self, app: &mut App, subject: &Name) -> Vec<Statement> {
        for (place, why) in self.unknown {
            app.unknown(Some(subject), place, format!("a policy cannot be told: {why}"));
        }
        self.statements
    }
}

/// Reads a policy.
pub(super) fn read(value: &Value) -> Policy {
    let mut policy = Policy::default();
    let document = match Evaluator::document_of(value) {
        Ok(document) => document,
        Err(why) => {
            policy.unknown.push((value.place, why));
            return policy;
        }
    };
    if let Kind::Unknown(why) | Kind::Absent(why) = &document.kind {
        policy.unknown.push((document.place, why.to_string()));
    }
    for written in document.blocks("Statement") {
        if written.is_map() {
            policy.statements.push(statement(written));
        } else {
            policy.unknown.push((written.place, written.why_not()));
        }
    }
    policy
}

fn statement(written: &Value) -> Statement {
    let mut statement = Statement::allow(written.place, Origin::Written);
    statement.effect = match written.get("Effect") {
        Some(effect) => match effect.as_literal().as_deref() {
            Some("Allow") => Known::Value(Effect::Allow),
            Some("Deny") => Known::Value(Effect::Deny),
            _ => Known::Unknown(effect.why_not()),
        },
        None => Known::Unknown("it has no effect".to_owned()),
    };
    statement.not_actions = written.get("Action").is_none() && written.get("NotAction").is_some();
    let actions = if statement.not_actions { "NotAction" } else { "Action" };
    statement.actions = written.strings_of(actions);
    statement.not_resources = written.get("Resource").is_none() && written.get("NotResource").is_some();
    let resources = if statement.not_resources { "NotResource" } else { "Resource" };
    statement.resources = written.texts_of(resources);
    if let Some(principal) = written.get("Principal") {
        statement.principals = principals(principal);
    } else if let Some(others) = written.get("NotPrincipal") {
        statement.principals = not_principals(&statement, others);
    }
    if let Some(conditions) = written.get("Condition") {
        statement.conditions = read_conditions(conditions);
    }
    statement
}

/// Whom a statement speaks of that speaks of everyone but these: allowing nearly everyone is allowing everyone, and denying all but a
/// few closes.
fn not_principals(statement: &Statement, others: &Value) -> Vec<Principal> {
    if statement.may_allow() {
        return vec![Principal::Anyone];
    }
    let listed = others.entries().iter().flat_map(|(_, some)| some.one_or_many());
    let listed = if others.is_map() { listed.map(Value::to_text).collect() } else { vec![others.to_text()] };
    vec![Principal::Others(listed)]
}

fn principals(value: &Value) -> Vec<Principal> {
    if !value.is_map() {
        return vec![match value.as_literal().as_deref() {
            Some("*") => Principal::Anyone,
            _ => Principal::Unknown(value.why_not()),
        }];
    }
    let mut principals = Vec::new();
    for (kind, identifiers) in value.entries() {
        for identifier in identifiers.one_or_many() {
            principals.push(principal(&kind.text, identifier));
        }
    }
    principals
}

pub(super) fn principal(kind: &str, identifier: &Value) -> Principal {
    let text = identifier.to_text();
    match kind {
        "*" | "AWS" if text.as_literal() == Some("*") => Principal::Anyone,
        "Service" => Principal::Service(text),
        "Federated" => Principal::Federated(text),
        _ => match text.why_unknown() {
            Some(why) => Principal::Unknown(why.to_owned()),
            None => Principal::Aws(text),
        },
    }
}

fn read_conditions(value: &Value) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (operator, keys) in value.entries() {
        for (key, values) in keys.entries() {
            conditions.push(Condition {
                operator: operator.text.to_string(),
                key: key.text.to_string(),
                values: values.one_or_many().iter().map(Value::to_text).collect(),
            });
        }
        if !keys.is_map() {
            conditions.push(Condition {
                operator: operator.text.to_string(),
                key: "?".to_owned(),
                values: Vec::new(),
            });
        }
    }
    if let Some(why) = value.why() {
        // That there is a condition is known; which one is not.
        let values = vec![crate::known::Text::unknown(&*why, value.place)];
        conditions.push(Condition { operator: "?".to_owned(), key: "?".to_owned(), values });
    }
    conditions
}

/// An action that stands alone, as a setting.
pub(super) fn action(value: Option<&Value>, place: Place, default: &str) -> Setting<String> {
    value.map_or_else(|| Setting::new(place, default.to_owned()), Value::literal_setting)
}
