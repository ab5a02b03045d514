//! Runtimes that nobody cares for any more, functions that leave no logs, and protections that the environment switches off.
//!
//! Not here: what code switches off (`code`).

use std::collections::{BTreeMap, BTreeSet};

use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::facts;
use crate::finding::{Finding, Remedy, Severity, Worth};
use crate::graph::{App, Effect, Framework, Function, Role, Statement, StoreKind};
use crate::iam::wildcard;
use crate::known::{Attribute, Known, Name, Piece, Setting, Text};
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    retired(sight, verdict);
    unlogged(sight.app, verdict);
    switches(sight.app, verdict);
}

fn deployed(app: &App) -> impl Iterator<Item = &Function> {
    app.functions.iter().filter(|function| !function.deployed.is(&false))
}

fn retired(sight: &Sight<'_>, verdict: &mut Verdict) {
    // A runtime is one cause, however many functions say it; where a comment allows some of them, the others stay.
    let mut causes: BTreeMap<_, Vec<(Place, &Function)>> = BTreeMap::new();
    for function in deployed(sight.app) {
        let Some(runtime) = &function.runtime else { continue };
        match &runtime.value {
            Known::Value(name) => {
                let rule = catalogue::RETIRED_RUNTIME.id;
                let mark = sight.marks.covering(sight.tree, rule, runtime.place).map(|_| runtime.place);
                causes.entry((name, mark)).or_default().push((runtime.place, function));
            }
            Known::Unknown(why) => {
                let why = format!("which runtime `{}` has cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), runtime.place, why);
            }
        }
    }
    for ((name, _), placed) in causes {
        let places: BTreeSet<Place> = placed.iter().map(|(place, _)| *place).collect();
        let Some(place) = places.first().copied() else { continue };
        let functions: Vec<&Function> = placed.into_iter().map(|(_, function)| function).collect();
        let Some(fact) = facts::runtime(name) else { continue };
        let Some(since) = fact.retired(sight.today) else { continue };
        let blocked = fact.update_blocked.filter(|day| sight.today.max(facts::runtime_day()) >= Some(*day));
        let severity = if blocked.is_some() { Severity::High } else { Severity::Medium };
        let also = blocked
            .map_or(String::new(), |day| format!(" Since {day} not even your own fixes can be deployed."));
        let names = list(functions.iter().map(|function| function.name.as_str()));
        let message = format!(
            "{names} {} on `{name}`, which has had no security fixes since {since}.{also}",
            if functions.len() == 1 { "runs" } else { "run" }
        );
        let change = fact.successor.map_or_else(
            || "Move to a runtime that is cared for.".to_owned(),
            |next| {
                let line = by_format(sight.app, "Runtime: ", "Runtime: ", "runtime: ", "runtime = ");
                let mark = if line.ends_with("= ") { "\"" } else { "" };
                format!("`{line}{mark}{next}{mark}`, and test.")
            },
        );
        let newer = fact.successor.map(|next| {
            let replace =
                |at: &Place| Remedy::Replace { at: *at, from: name.to_owned(), to: next.to_string() };
            places.iter().map(replace).collect()
        });
        let mut found = Finding::new(&catalogue::RETIRED_RUNTIME, format!("runtime {name}"), place, message)
            .touching(functions.iter().map(|function| &function.name))
            .severity(severity)
            .advice(change)
            .mended_by(newer.unwrap_or_default());
        if places.len() > 1 {
            for place in &places {
                found = found.seen_at(*place, format!("`{name}`"));
            }
        }
        verdict.report(found);
    }
}

/// What a role says of writing logs.
#[derive(Debug, PartialEq, Eq)]
enum Logs {
    May,
    MayNot,
    /// A statement forbids it, whatever others allow.
    Forbidden,
    Unknown(String),
}

fn logs(app: &App, role: &Role) -> Logs {
    let speaks = |statement: &&Statement, effect: Effect| {
        let known = statement.actions.iter().filter_map(Setting::known);
        let named = known.clone().any(|action| wildcard::covers_action(action, "logs:PutLogEvents"));
        statement.effect.value() == Some(&effect) && named != statement.not_actions
    };
    let everywhere = |statement: &Statement| {
        !statement.not_resources
            && statement.resources.iter().any(|resource| resource.as_literal() == Some("*"))
    };
    let denied = role.statements.iter().any(|statement| {
        speaks(&statement, Effect::Deny) && everywhere(statement) && statement.conditions.is_empty()
    });
    if denied {
        return Logs::Forbidden;
    }
    let allows = |statement: &&Statement| speaks(statement, Effect::Allow) && may_name_logs(app, statement);
    if role.statements.iter().any(|statement| allows(&statement)) {
        return Logs::May;
    }
    let unknown = role.managed.iter().find_map(|policy| policy.statements.why()).or_else(|| {
        let mut settings = role.statements.iter().filter(|statement| statement.may_allow());
        settings.find_map(|statement| {
            statement.effect.why().or_else(|| statement.actions.iter().find_map(|action| action.value.why()))
        })
    });
    unknown.map_or(Logs::MayNot, |why| Logs::Unknown(why.to_owned()))
}

/// Whether a statement may speak of a log group: of one table it does not, whatever its actions.
fn may_name_logs(app: &App, statement: &Statement) -> bool {
    statement.not_resources
        || statement.resources.iter().any(|resource| {
            let other = |name: &Name| match app.store(name) {
                Some(store) => store.kind != StoreKind::Logs,
                None => app.function(name).is_some() || app.secret(name).is_some(),
            };
            if let Some(Piece::Of { node, attribute: Attribute::Arn | Attribute::StreamArn }) =
                resource.pieces.first()
            {
                return !other(node);
            }
            // What is not written out may be anything.
            let pieces = resource.pieces.iter().map(|piece| match piece {
                Piece::Literal(text) => text.as_str(),
                _ => "*",
            });
            let plain: String = pieces.collect();
            let mut fields = plain.split(':').skip(2);
            let service = fields.next().filter(|_| fields.next().is_some());
            service.is_none_or(|service| wildcard::matches(service, "logs"))
        })
}

fn unlogged(app: &App, verdict: &mut Verdict) {
    let mut silent: BTreeMap<&Name, (&Role, Vec<&Function>)> = BTreeMap::new();
    for function in deployed(app) {
        // A role from elsewhere may do anything.
        let Some(role) = app.role_of(function) else { continue };
        match logs(app, role) {
            Logs::May => {}
            Logs::MayNot if app.may_gain(&function.name) || app.may_gain(&role.name) => {}
            Logs::MayNot | Logs::Forbidden => {
                silent.entry(&role.name).or_insert((role, Vec::new())).1.push(function);
            }
            Logs::Unknown(why) => {
                let why = format!("whether `{}` may write logs cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), role.place, why);
            }
        }
    }
    for (name, (role, functions)) in silent {
        let message = format!(
            "{} may not write logs: the role `{name}` does not allow `logs:PutLogEvents`. Nobody will see what was done, or by whom.",
            list(functions.iter().map(|function| function.name.as_str()))
        );
        verdict.report(
            Finding::new(&catalogue::UNLOGGED_FUNCTION, format!("logs of {name}"), role.place, message)
                .touching(functions.iter().map(|function| &function.name))
                .advice(by_format(
                    app,
                    "Add the policy `AWSLambdaBasicExecutionRole` to the role.",
                    "`ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]`.",
                    "Allow `logs:CreateLogStream` and `logs:PutLogEvents` on the function's log group.",
                    "Attach `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole` to the role.",
                ))
                .safely_mended_by(logging(app, role).into_iter().collect()),
        );
    }
}

/// Lets a role write logs: more is allowed than before, so nothing that works stops.
fn logging(app: &App, role: &Role) -> Option<Remedy> {
    // What a statement forbids, no other gives back; and the provider takes ten policies of a role.
    if role.implicit || role.managed.len() >= 10 || logs(app, role) == Logs::Forbidden {
        return None;
    }
    let value =
        Worth::Composed("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
    if app.framework != Framework::Terraform {
        return Some(Remedy::Add { of: role.place, path: &["Properties", "ManagedPolicyArns"], value });
    }
    // One role of the root module, declared by a block of its own.
    let name = role.name.as_str().strip_prefix("aws_iam_role.")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    plain.then(|| Remedy::Append {
        to: role.place.file,
        text: format!(
            "resource \"aws_iam_role_policy_attachment\" \"{name}_writes_logs\" {{\n  role       = aws_iam_role.{name}.name\n  policy_arn = \"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole\"\n}}"
        ),
    })
}

/// Variables that switch the check of certificates off, and the value that does it.
const OFF: [(&str, &[&str]); 4] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true"]),
    ("npm_config_strict_ssl", &["false"]),
];

fn switches(app: &App, verdict: &mut Verdict) {
    for (name, values) in OFF {
        let set = deployed(app).filter_map(|function| {
            let value = &function.variable(name)?.value;
            let off = value.as_literal().is_some_and(|text| values.contains(&text.trim()));
            off.then_some((function, value))
        });
        let set: Vec<(&Function, &Text)> = set.collect();
        let Some((_, first)) = set.first() else { continue };
        let message = format!(
            "`{name}` switches the check of certificates off in {}: whoever sits between reads and changes everything that it sends.",
            list(set.iter().map(|(function, _)| function.name.as_str()))
        );
        verdict.report(
            Finding::new(&catalogue::TLS_VERIFICATION_OFF, format!("variable {name}"), first.place, message)
                .touching(set.iter().map(|(function, _)| &function.name))
                .advice(format!("Remove `{name}`; for an authority of your own set `NODE_EXTRA_CA_CERTS` or hand it to the client.")),
        );
    }
}
