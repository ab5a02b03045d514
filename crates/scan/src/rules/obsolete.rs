//! Triggers that do nothing and functions that nothing starts.
//!
//! Not here: authorizers that are attached to nothing (`access`).

use super::{Sight, Verdict, catalogue};
use crate::finding::Finding;
use crate::graph::{App, AuthorizerKind, Function, Origin};
use crate::known::{Known, Name, Piece, Text};
use crate::need::{Thing, Use};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    dead_triggers(sight.app, verdict);
    unused_functions(sight.app, verdict);
}

fn dead_triggers(app: &App, verdict: &mut Verdict) {
    for trigger in &app.triggers {
        // A machine of states is started by its events too.
        let is_there = |name: &Name| app.function(name).is_some() || app.store(name).is_some();
        let gone = trigger
            .function
            .value()
            .filter(|name| !is_there(name) && !is_declared(app, name) && !app.may_gain(name));
        let why = match (&trigger.enabled, gone) {
            (Known::Value(false), _) => "is switched off".to_owned(),
            (_, Some(name)) => format!("leads to `{name}`, which is not there"),
            (Known::Unknown(why), None) => {
                let why =
                    format!("whether the trigger `{}` is switched on cannot be told: {why}", trigger.name);
                verdict.unknown(Some(&trigger.name), trigger.place, why);
                continue;
            }
            (Known::Value(true), None) => continue,
        };
        let runs = match trigger.function.value() {
            Some(name) if gone.is_none() => format!(" of `{name}`"),
            _ => String::new(),
        };
        let message = format!(
            "The trigger `{}`{runs} {why}. Nobody watches what nobody uses, and it can be switched on again unnoticed.",
            trigger.name
        );
        let cause = format!("trigger {}", trigger.name);
        verdict.report(
            Finding::new(&catalogue::DEAD_TRIGGER, cause, trigger.place, message)
                .touching(trigger.function.value())
                .advice("Delete the trigger, or switch it on."),
        );
    }
}

fn is_declared(app: &App, name: &Name) -> bool {
    app.others.iter().any(|other| other.name == *name)
}

fn unused_functions(app: &App, verdict: &mut Verdict) {
    // A route or trigger whose function cannot be told may lead to any of them, and so may what a macro makes.
    let untold = !app.macros.is_empty()
        || app.routes.iter().any(|route| route.target.why().is_some())
        || app.triggers.iter().any(|trigger| trigger.function.why().is_some());
    for function in app.functions.iter().filter(|function| function.deployed.is(&true)) {
        let called = |used: &Use| {
            used.action.starts_with("lambda:Invoke")
                && matches!(&used.thing, Thing::Own(name) | Thing::Within { name, .. } if *name == function.name)
        };
        let by_code = || {
            verdict.needs.iter().any(|need| need.function != function.name && need.uses.iter().any(called))
        };
        if untold || is_started(app, function) || by_code() {
            continue;
        }
        let message = format!(
            "Nothing in these files starts `{}`: no route, trigger, permission or other function leads to it. It keeps its role and its packages.",
            function.name
        );
        let cause = format!("function {}", function.name);
        verdict.report(
            Finding::new(&catalogue::UNUSED_FUNCTION, cause, function.place, message)
                .touching([&function.name])
                .likely()
                .advice("Delete the function, or declare what starts it."),
        );
    }
}

fn is_started(app: &App, function: &Function) -> bool {
    let name = &function.name;
    let names = |text: &Text| text.references().any(|found| found == name) || says(text, function);
    app.routes_of(name).next().is_some()
        || app.triggers_of(name).next().is_some()
        || function.url.is_some()
        || function.permissions.iter().any(|statement| statement.origin != Origin::Framework)
        || app.mentioned.contains(name)
        || app.authorizers.iter().any(
            |authorizer| matches!(&authorizer.kind, AuthorizerKind::Function(Known::Value(found)) if found == name),
        )
        || app.functions.iter().any(|other| {
            other.name != *name && other.environment.iter().any(|variable| names(&variable.value))
        })
        || app.roles.iter().any(|role| {
            let own = function.role.as_ref().and_then(|own| own.known()) == Some(&role.name);
            !own && role.statements.iter().flat_map(|statement| &statement.resources).any(names)
        })
        || app.stores.iter().any(|store| store.policy.iter().flat_map(|s| &s.resources).any(names))
}

/// Whether a written-out text ends in the function's name, as an ARN does.
fn says(text: &Text, function: &Function) -> bool {
    let Some(Piece::Literal(end)) = text.pieces.last() else { return false };
    let end = end.trim_end_matches([':', '*']);
    let written = function.physical.as_ref().and_then(|name| match name.pieces.last() {
        Some(Piece::Literal(tail)) => Some(tail.as_str()),
        _ => None,
    });
    [Some(function.name.as_str()), written].into_iter().flatten().any(|name| {
        end.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with([':', '-', '/']))
    })
}
