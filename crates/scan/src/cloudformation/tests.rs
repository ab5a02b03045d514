use super::*;
use crate::document;
use crate::graph::{Access, CodeLocation, Effect, Principal, Role, Route};
use crate::known::{Known, Name, Setting};

mod apis;
mod hostile;
mod resources;
mod roles;
mod templates;

/// Reads the first of several files as a template.
pub(super) fn app_of(files: &[(&str, &str)]) -> (SourceTree, App) {
    let mut tree = SourceTree::new();
    let ids: Vec<FileId> =
        files.iter().map(|(path, text)| tree.add(path, text.as_bytes().to_vec())).collect();
    let document = document::read(&tree, ids[0]).unwrap_or_else(|unread| panic!("{unread:?}"));
    assert!(is_template(&document), "it is no template");
    let app = read(&tree, &Exports::default(), ids[0], &document);
    (tree, app)
}

pub(super) fn app(template: &str) -> App {
    app_of(&[("shop/template.yaml", template)]).1
}

/// `GET /orders -> Function : who` and `+key`, `(scopes)` where there are some.
pub(super) fn routes(app: &App) -> Vec<String> {
    app.routes.iter().map(route).collect()
}

fn route(route: &Route) -> String {
    let word = |known: &Known<String>| known.value().cloned().unwrap_or_else(|| "?".to_owned());
    let name = |known: &Known<Name>| known.value().map_or("?".to_owned(), |name| name.to_string());
    let key = if route.api_key { " +key" } else { "" };
    let scopes = match route.scopes.is_empty() {
        true => String::new(),
        false => format!(" ({})", route.scopes.join(" ")),
    };
    let (api, method, path) = (name(&route.api), word(&route.method), word(&route.path));
    format!("{api}: {method} {path} -> {} : {}{key}{scopes}", name(&route.target), access(&route.access))
}

pub(super) fn access(setting: &Setting<Access>) -> String {
    match &setting.value {
        Known::Value(Access::Anyone) => "anyone".to_owned(),
        Known::Value(Access::Iam) => "iam".to_owned(),
        Known::Value(Access::Authorizer(name)) => name.to_string(),
        Known::Value(Access::Outside(what)) => format!("outside: {what}"),
        Known::Unknown(why) => format!("unknown: {why}"),
    }
}

/// `allow s3:GetObject on ${Bucket.Arn}/*`, one line for each statement.
pub(super) fn grants(role: &Role) -> Vec<String> {
    role.statements.iter().map(statement_line).collect()
}

pub(super) fn statement_line(statement: &crate::graph::Statement) -> String {
    let effect = match &statement.effect {
        Known::Value(Effect::Allow) => "allow",
        Known::Value(Effect::Deny) => "deny",
        Known::Unknown(_) => "unknown",
    };
    let actions: Vec<String> = statement
        .actions
        .iter()
        .map(|action| action.known().cloned().unwrap_or_else(|| "?".to_owned()))
        .collect();
    let resources: Vec<String> = statement.resources.iter().map(ToString::to_string).collect();
    let principals: Vec<String> = statement
        .principals
        .iter()
        .map(|principal| match principal {
            Principal::Anyone => "anyone".to_owned(),
            Principal::Aws(text) | Principal::Service(text) | Principal::Federated(text) => text.to_string(),
            Principal::Others(spared) => {
                let spared: Vec<String> = spared.iter().map(ToString::to_string).collect();
                format!("all but {}", spared.join("+"))
            }
            Principal::Unknown(_) => "?".to_owned(),
        })
        .collect();
    let conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|condition| {
            let values: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
            format!(" if {} {} {}", condition.operator, condition.key, values.join("|"))
        })
        .collect();
    let to = if principals.is_empty() { String::new() } else { format!(" to {}", principals.join("|")) };
    let not = if statement.not_actions { "all but " } else { "" };
    format!("{effect} {not}{} on {}{to}{}", actions.join(","), resources.join(","), conditions.join(""))
}

/// `Queue OrdersFunctionMessages: ${Orders.Arn} -> Function`.
pub(super) fn triggers(app: &App) -> Vec<String> {
    let line = |trigger: &crate::graph::Trigger| {
        let function = trigger.function.value().map_or("?".to_owned(), |name| name.to_string());
        let off = if trigger.enabled.is(&false) { " (off)" } else { "" };
        format!("{:?} {}: {} -> {function}{off}", trigger.kind, trigger.name, trigger.source)
    };
    app.triggers.iter().map(line).collect()
}
