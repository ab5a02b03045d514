//! The entities that a policy names, as Cedar's JSON form of it shows them.
//!
//! Owns: which of them can exist at all, and where naming one would be answered wrongly. The guard puts only the principal,
//! the action, the resource and the caller before Cedar, so it cannot answer which groups some *other* entity is in.

use casemate_core::{AppId, FunctionName, Origin, RoleName, ServiceId, StoreName, UserId};
use serde_json::Value;

/// An entity that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Where, in bytes.
    pub(crate) at: usize,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// All literals of a policy: type and id.
pub(crate) fn walk(json: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(json, &mut found);
    found
}

fn collect(json: &Value, found: &mut Vec<(String, String)>) {
    match json {
        Value::Object(map) => match (map.get("type"), map.get("id")) {
            (Some(Value::String(kind)), Some(Value::String(id))) if map.len() == 2 => {
                found.push((kind.clone(), id.clone()));
            }
            _ => map.values().for_each(|value| collect(value, found)),
        },
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Whether some `in` of a condition has a literal on its left side.
pub(crate) fn misplaced_in(json: &Value) -> bool {
    match json {
        Value::Object(map) => {
            let left = |operator: &str| map.get(operator).and_then(|inner| inner.get("left"));
            let literal = |side: &Value| !walk(side).is_empty();
            left("in").is_some_and(literal)
                || left("is").is_some_and(literal)
                || map.values().any(misplaced_in)
        }
        Value::Array(values) => values.iter().any(misplaced_in),
        _ => false,
    }
}

/// Why an entity can never exist.
pub(crate) fn check_literal(literal: &Literal) -> Result<(), String> {
    let name = literal.name.as_str();
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let only = |expect: &str| {
        if name == expect { Ok(()) } else { Err(format!("the only one is `{}::{expect:?}`", literal.kind)) }
    };
    match literal.kind.as_str() {
        "User" => UserId::parse(name).map(drop).map_err(|error| say(&error)),
        "Service" => ServiceId::parse(name).map(drop).map_err(|error| say(&error)),
        "External" => name.split_once('|').map(drop).ok_or_else(|| "write it as `issuer|subject`".to_owned()),
        "Anonymous" => only("anonymous"),
        "Setup" => only("setup"),
        "System" => only("system"),
        "Platform" => only("casemate"),
        "App" => AppId::parse(name).map(drop).map_err(|error| say(&error)),
        "Role" => within(name, |role| role == "*" || RoleName::parse(role).is_ok()),
        "Function" => within(name, |function| FunctionName::parse(function).is_ok()),
        "KvStore" => within(name, |store| StoreName::parse(store).is_ok()),
        "Host" => {
            let (app, origin) = name.split_once(' ').ok_or("write it as `app https://host`")?;
            AppId::parse(app).map_err(|error| say(&error))?;
            match Origin::parse(origin) {
                Ok(parsed) if parsed.to_string() == origin => Ok(()),
                Ok(parsed) => Err(format!("write the origin as `{parsed}`")),
                Err(error) => Err(error.to_string()),
            }
        }
        // Actions are known to the schema, and the validator knows the schema.
        _ => Ok(()),
    }
}

fn within(name: &str, rest: impl Fn(&str) -> bool) -> Result<(), String> {
    match name.split_once('/') {
        Some((app, inner)) if AppId::parse(app).is_ok() && rest(inner) => Ok(()),
        _ => Err("write it as `app/name`".to_owned()),
    }
}

/// The app that an entity belongs to, and what it is there.
pub(crate) fn app_of(literal: &Literal) -> Option<(&str, Option<&str>)> {
    let name = literal.name.as_str();
    match literal.kind.as_str() {
        "App" => Some((name, None)),
        "Function" | "KvStore" | "Role" => name.split_once('/').map(|(app, rest)| (app, Some(rest))),
        "Host" => name.split_once(' ').map(|(app, _)| (app, None)),
        _ => None,
    }
}
