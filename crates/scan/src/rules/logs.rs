//! Functions that leave no logs, and what would let them.
//!
//! Invariants: what the policy that bounds a role does not allow, no policy of the role gives; nothing is proposed that the app's own
//! files would take back. Not here: whether interfaces log calls (`hygiene`).

use std::collections::{BTreeMap, BTreeSet};

use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Remedy, Worth};
use crate::graph::{App, Effect, Framework, Function, ManagedPolicy, Role, Statement, StoreKind};
use crate::iam::wildcard;
use crate::known::{Attribute, Known, Name, Piece, Setting};

/// The policy that lets a function write its logs.
const POLICY: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

/// What policies say of writing logs.
#[derive(Debug, PartialEq, Eq)]
enum Logs {
    May,
    MayNot,
    /// A statement forbids it, whatever others allow.
    Forbidden,
    Unknown(String),
}

fn logs(app: &App, statements: &[Statement], managed: &[ManagedPolicy]) -> Logs {
    let speaks = |statement: &&Statement, effect: Effect| {
        let known = statement.actions.iter().filter_map(Setting::known);
        let named = known.clone().any(|action| wildcard::covers_action(action, "logs:PutLogEvents"));
        statement.effect.value() == Some(&effect) && named != statement.not_actions
    };
    let everywhere = |statement: &Statement| {
        !statement.not_resources
            && statement.resources.iter().any(|resource| resource.as_literal() == Some("*"))
    };
    let denied = statements.iter().any(|statement| {
        speaks(&statement, Effect::Deny) && everywhere(statement) && statement.conditions.is_empty()
    });
    if denied {
        return Logs::Forbidden;
    }
    let allows = |statement: &&Statement| speaks(statement, Effect::Allow) && may_name_logs(app, statement);
    if statements.iter().any(|statement| allows(&statement)) {
        return Logs::May;
    }
    let unknown = managed.iter().find_map(|policy| policy.statements.why()).or_else(|| {
        let mut settings = statements.iter().filter(|statement| statement.may_allow());
        settings.find_map(|statement| {
            statement.effect.why().or_else(|| statement.actions.iter().find_map(|action| action.value.why()))
        })
    });
    unknown.map_or(Logs::MayNot, |why| Logs::Unknown(why.to_owned()))
}

/// What the policy that bounds a role leaves of writing logs; one that could not be read is told of by itself.
fn bounds(app: &App, role: &Role) -> Logs {
    match role.boundary.as_ref().map(|boundary| &boundary.statements) {
        None => Logs::May,
        Some(Known::Value(statements)) => logs(app, statements, &[]),
        Some(Known::Unknown(why)) => Logs::Unknown(why.clone()),
    }
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

/// A role that writes no logs, and its functions.
struct Silent<'a> {
    role: &'a Role,
    functions: Vec<&'a Function>,
    /// Whether it is what bounds the role that does not let it.
    bounded: bool,
}

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    let mut silent: BTreeMap<&Name, Silent<'_>> = BTreeMap::new();
    for function in app.functions.iter().filter(|function| !function.deployed.is(&false)) {
        // A role from elsewhere may do anything.
        let Some(role) = app.role_of(function) else { continue };
        let (own, left) = (logs(app, &role.statements, &role.managed), bounds(app, role));
        let bounded = matches!(left, Logs::MayNot | Logs::Forbidden);
        match own {
            Logs::May if !bounded => {}
            Logs::MayNot if app.may_gain(&function.name) || app.may_gain(&role.name) => {}
            Logs::Unknown(why) if !bounded => {
                let why = format!("whether `{}` may write logs cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), role.place, why);
            }
            _ => {
                let one = Silent { role, functions: Vec::new(), bounded };
                silent.entry(&role.name).or_insert(one).functions.push(function);
            }
        }
    }
    let taken = if silent.is_empty() { BTreeSet::new() } else { taken(sight) };
    for one in silent.into_values() {
        verdict.report(finding(app, &one, &taken));
    }
}

fn finding(app: &App, silent: &Silent<'_>, taken: &BTreeSet<&str>) -> Finding {
    let Silent { role, functions, bounded } = silent;
    let name = &role.name;
    let who = list(functions.iter().map(|function| function.name.as_str()));
    let what = match bounded {
        true => format!("the policy that bounds the role `{name}`"),
        false => format!("the role `{name}`"),
    };
    let message = format!(
        "{who} may not write logs: {what} does not allow `logs:PutLogEvents`. Nobody will see what was done, or by whom."
    );
    let found = Finding::new(&catalogue::UNLOGGED_FUNCTION, format!("logs of {name}"), role.place, message)
        .touching(functions.iter().map(|function| &function.name));
    if let Some(boundary) = role.boundary.as_ref().filter(|_| *bounded) {
        let advice = "Allow `logs:CreateLogStream` and `logs:PutLogEvents` in the permissions boundary, and in the role.";
        return found
            .advice(advice)
            .seen_at(role.place, "the role")
            .seen_at(boundary.policy.place, "what bounds it");
    }
    if let Some(listed) = app.exclusive.get(name) {
        let advice = format!(
            "Add `{POLICY}` to the list of the role's policies: what is attached beside it is detached again."
        );
        return found.advice(advice).seen_at(role.place, "the role").seen_at(*listed, "all of its policies");
    }
    found
        .advice(by_format(
            app,
            "Add the policy `AWSLambdaBasicExecutionRole` to the role.",
            "`ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]`.",
            "Allow `logs:CreateLogStream` and `logs:PutLogEvents` on the function's log group.",
            "Attach `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole` to the role.",
        ))
        .safely_mended_by(logging(app, role, taken).into_iter().collect())
}

/// What the names of proposed attachments end with.
const ENDING: &str = "_writes_logs";

/// Words in the app's files that are written like names of proposed attachments: a second declaration of one name would be an error.
fn taken<'a>(sight: &Sight<'a>) -> BTreeSet<&'a str> {
    let texts = sight.files.iter().filter_map(|(file, _)| sight.tree.file(*file)?.text());
    let words =
        texts.flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')));
    words.filter(|word| word.contains(ENDING)).collect()
}

/// Lets a role write logs: more is allowed than before, so nothing that works stops.
fn logging(app: &App, role: &Role, taken: &BTreeSet<&str>) -> Option<Remedy> {
    // What a statement forbids, no other gives back; nor what the role's bounds leave out. And the provider takes ten policies of a role.
    let forbidden = logs(app, &role.statements, &role.managed) == Logs::Forbidden;
    if role.implicit || role.managed.len() >= 10 || forbidden || bounds(app, role) != Logs::May {
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
    let label = (1..=9).map(|at: u8| match at {
        1 => format!("{name}{ENDING}"),
        _ => format!("{name}{ENDING}_{at}"),
    });
    let label = { label }.find(|label| !taken.contains(label.as_str())).filter(|_| plain)?;
    Some(Remedy::Append {
        to: role.place.file,
        text: format!(
            "resource \"aws_iam_role_policy_attachment\" \"{label}\" {{\n  role       = aws_iam_role.{name}.name\n  policy_arn = \"{POLICY}\"\n}}"
        ),
    })
}
