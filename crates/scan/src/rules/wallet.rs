//! What lets strangers run up the bill, and functions that start themselves.
//!
//! Not here: who can call at all (`access`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::access::{Connects, is_public, is_public_route};
use super::words::{by_format, by_interface, count, list};
use super::{Sight, Verdict, catalogue};
use crate::code::Certainty;
use crate::facts;
use crate::finding::{Finding, Severity};
use crate::graph::{Access, ApiKind, App, Function, Statement, Store, Trigger, TriggerKind};
use crate::iam::statement::is_every_resource;
use crate::iam::{Permissions, Target};
use crate::known::{Known, Name, Piece, Setting, Text};
use crate::need::{Need, Thing, Use};
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    unbounded(sight.app, verdict);
    loops(sight, verdict);
}

/// What stands before a function and could have counted calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before<'a> {
    Api(&'a Name),
    /// Addresses of functions themselves.
    Nothing,
}

fn unbounded(app: &App, verdict: &mut Verdict) {
    let mut causes: BTreeMap<Before<'_>, Vec<&Function>> = BTreeMap::new();
    let connects = app.connects();
    for function in app.functions.iter().filter(|function| !function.deployed.is(&false)) {
        if !is_public(app, &connects, &function.name) {
            continue;
        }
        if let Some(limit) = &function.concurrency {
            if let Some(why) = limit.value.why() {
                let why = format!("how many `{}` may run at once cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), limit.place, why);
            }
            continue;
        }
        match gate(app, &connects, function) {
            Gate::Counts => {}
            Gate::Unknown(why) => {
                let why = format!("whether calls of `{}` are limited cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), function.place, why);
            }
            Gate::Open(before) => causes.entry(before).or_default().push(function),
        }
    }
    for (before, functions) in causes {
        let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
        let (cause, gate) = match before {
            Before::Api(api) => (format!("rate of {api}"), format!("`{api}` sets no rate")),
            Before::Nothing => match names.as_slice() {
                [_] => ("urls".to_owned(), "its URL has no rate".to_owned()),
                _ => ("urls".to_owned(), "URLs have no rate".to_owned()),
            },
        };
        let longest = functions.iter().filter_map(|function| seconds(function)).max().unwrap_or(3);
        let message = format!(
            "Anyone can start {} as often as they like: {gate}, and {} no limit of concurrency. One call may run for {}; a flood of them uses up the account's concurrency, which stops its other functions, and is paid for.",
            list(&names),
            if names.len() == 1 { "the function has" } else { "the functions have" },
            count(usize::try_from(longest).unwrap_or(usize::MAX), "second", "seconds"),
        );
        let Some(place) = functions.first().map(|function| function.place) else { continue };
        let mut found = Finding::new(&catalogue::UNBOUNDED_PUBLIC_FUNCTION, cause, place, message);
        for function in functions.iter().skip(1) {
            found = found.seen_at(function.place, format!("{} has no limit either", function.name));
        }
        let api = match before {
            Before::Api(api) => Some(api),
            Before::Nothing => None,
        };
        verdict
            .report(found.touching(functions.iter().map(|function| &function.name)).advice(bound(app, api)));
    }
}

/// How calls are bounded: those of an interface of a kind, or of a function's own address.
fn bound(app: &App, api: Option<&Name>) -> &'static str {
    match api.and_then(|api| app.api(api)).map(|api| api.kind) {
        None => by_format(
            app,
            "`ReservedConcurrentExecutions: 20` on the function: a URL has no rate of its own.",
            "`ReservedConcurrentExecutions: 20` on the function: a URL has no rate of its own.",
            "`reservedConcurrency: 20` on the function: a URL has no rate of its own.",
            "`reserved_concurrent_executions = 20` on the function: a URL has no rate of its own.",
        ),
        Some(ApiKind::LoadBalancer | ApiKind::GraphQl) => by_format(
            app,
            "`ReservedConcurrentExecutions: 20` on the function, and a firewall with a rate before the interface (`AWS::WAFv2::WebACL` with a `RateBasedStatement`).",
            "`ReservedConcurrentExecutions: 20` on the function, and a firewall with a rate before the interface (`AWS::WAFv2::WebACL` with a `RateBasedStatement`).",
            "`reservedConcurrency: 20` on the function, and a firewall with a rate before the interface (`AWS::WAFv2::WebACL` with a `RateBasedStatement`).",
            "`reserved_concurrent_executions = 20` on the function, and a firewall with a rate before the interface (`aws_wafv2_web_acl` with a `rate_based_statement`).",
        ),
        Some(ApiKind::Rest) => by_interface(
            app,
            api,
            "`ReservedConcurrentExecutions: 20` on the function, and a rate on the interface (`MethodSettings: [{ ResourcePath: '/*', HttpMethod: '*', ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }]`).",
            "`ReservedConcurrentExecutions: 20` on the function, and a rate on the stage (`MethodSettings: [{ ResourcePath: '/*', HttpMethod: '*', ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }]`).",
            "`reservedConcurrency: 20` on the function; a rate needs a plugin (`serverless-api-gateway-throttling`), or `MethodSettings` of the stage (`resources: extensions: ApiGatewayStage`, which the framework makes where `logs` or `tracing` ask for it).",
            "`reserved_concurrent_executions = 20` on the function, and a rate on the stage (`aws_api_gateway_method_settings` with `throttling_rate_limit = 50` and `throttling_burst_limit = 100`).",
        ),
        Some(_) => by_interface(
            app,
            api,
            "`ReservedConcurrentExecutions: 20` on the function, and a rate on the interface (`DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }`).",
            "`ReservedConcurrentExecutions: 20` on the function, and a rate on the stage (`DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }`).",
            "`reservedConcurrency: 20` on the function, and a rate on the stage (`resources: extensions: HttpApiStage: Properties: DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }`).",
            "`reserved_concurrent_executions = 20` on the function, and a rate on the stage (`throttling_rate_limit = 50` and `throttling_burst_limit = 100` in `default_route_settings`; without the second it is 0, and every call is turned away).",
        ),
    }
}

fn seconds(function: &Function) -> Option<u64> {
    function.timeout_s.as_ref().and_then(Setting::known).copied()
}

enum Gate<'a> {
    /// Something counts calls.
    Counts,
    /// Nothing does.
    Open(Before<'a>),
    /// It cannot be told.
    Unknown(String),
}

fn gate<'a>(app: &'a App, connects: &Connects<'_>, function: &'a Function) -> Gate<'a> {
    let mut unknown = None;
    for route in app.routes_of(&function.name).filter(|route| is_public_route(app, connects, route)) {
        let api = match &route.api {
            Known::Value(name) => app.api(name),
            Known::Unknown(why) => {
                unknown = Some(why);
                continue;
            }
        };
        let Some(api) = api else { continue };
        let rate = route.rate.as_ref().or(api.throttled.as_ref());
        let settings = || [rate, api.firewall.as_ref()].into_iter().flatten().map(|setting| &setting.value);
        let untold = settings().find_map(|value| match value {
            Known::Unknown(why) => Some(why),
            Known::Value(_) => None,
        });
        match untold {
            _ if settings().any(|value| value.is(&true)) => {}
            Some(why) => unknown = Some(why),
            None => return Gate::Open(Before::Api(&api.name)),
        }
    }
    let url = function.url.as_ref().is_some_and(|url| matches!(url.access.known(), Some(Access::Anyone)));
    match unknown {
        _ if url => Gate::Open(Before::Nothing),
        Some(why) => Gate::Unknown(why.clone()),
        None => Gate::Counts,
    }
}

/// Longest way round that is looked for.
const LONGEST_LOOP: usize = 6;
/// Ways that are tried for all functions of an app together; no loop is looked for behind these.
const MAX_WAYS: usize = 2_000_000;

fn loops(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    // Function → stores that its role names for sending → functions that these start.
    let mut next: BTreeMap<&Name, Rc<Vec<(&Name, &Name)>>> = BTreeMap::new();
    let started = started(app);
    let mut known: BTreeMap<usize, Rc<Vec<(&Name, &Name)>>> = BTreeMap::new();
    for function in app.functions.iter().filter(|function| !function.deployed.is(&false)) {
        let Some(permissions) = sight.grants.function(function) else { continue };
        let ways = known.entry(permissions.class()).or_insert_with(|| Rc::new(ways(&permissions, &started)));
        let need = verdict.needs.iter().find(|need| need.function == function.name);
        let used = |(store, _): &&(&Name, &Name)| need.is_none_or(|need| may_send(app, need, store));
        let written = need.map(|need| sent_by_code(app, &permissions, need, &started)).unwrap_or_default();
        let ways = match written.is_empty() && ways.iter().all(|way| used(&way)) {
            true => Rc::clone(ways),
            false => Rc::new(ways.iter().filter(used).copied().chain(written).collect()),
        };
        if !ways.is_empty() {
            next.insert(&function.name, ways);
        }
    }
    let mut seen: BTreeSet<BTreeSet<&Name>> = BTreeSet::new();
    let mut left = MAX_WAYS;
    for start in next.keys() {
        let Some(round) = round(&next, start, &mut left) else { continue };
        let functions: Vec<&Name> = round.iter().map(|(function, _)| *function).collect();
        if seen.insert(functions.iter().copied().collect()) {
            report_loop(app, &round, &functions, verdict);
        }
    }
    if left == 0 {
        let why =
            "whether functions start themselves by way of others: there are too many ways to follow all";
        verdict.unknown(None, Place::whole(app.file), why.to_owned());
    }
}

/// Whether a function's code may send to a store, as far as it is known: it does, on what may be that store, or not all of it was
/// followed. (Its role may be allowed to and nothing be there that does.)
fn may_send(app: &App, need: &Need, store: &Name) -> bool {
    let kinds = app
        .triggers
        .iter()
        .filter(|trigger| trigger.source.as_reference().is_some_and(|(name, _)| name == store));
    let actions: BTreeSet<&str> = kinds.flat_map(|trigger| sending(&trigger.kind)).copied().collect();
    let sends = |used: &Use| actions.contains(used.action.as_str()) && used.thing.may_be(store);
    !need.followed || need.uses.iter().any(sends)
}

/// The stores that a function's code names for sending to them, where its role allows that by allowing it on everything.
fn sent_by_code<'a>(
    app: &'a App,
    permissions: &Permissions<'_, 'a>,
    need: &Need,
    started: &Started<'a>,
) -> Vec<(&'a Name, &'a Name)> {
    let mut ways = Vec::new();
    // What it signs for somebody else it does not do itself, and which of its calls those are is not known.
    let own = need.uses.iter().filter(|used| !need.signs && used.certainty == Certainty::Certain);
    for used in own {
        let Thing::Own(name) = &used.thing else { continue };
        let Some((store, triggers)) = app.store(name).zip(started.get(name)) else { continue };
        // With which key it writes is not known: a trigger for some of them alone may not be meant.
        let whole = triggers.iter().filter(|(trigger, _)| trigger.prefix.is_none());
        for (trigger, function) in whole {
            if sending(&trigger.kind).contains(&used.action.as_str())
                && permissions.may(&used.action, Target::Store(store)).is_yes()
                && !ways.contains(&(&store.name, *function))
            {
                ways.push((&store.name, *function));
            }
        }
    }
    ways
}

/// What each store starts.
type Started<'a> = BTreeMap<&'a Name, Vec<(&'a Trigger, &'a Name)>>;

/// Which functions each store starts, and through which trigger.
fn started(app: &App) -> Started<'_> {
    let mut started = Started::new();
    for trigger in app.triggers.iter().filter(|trigger| !trigger.enabled.is(&false)) {
        if let (Some((source, _)), Known::Value(function)) =
            (trigger.source.as_reference(), &trigger.function)
        {
            started.entry(source).or_default().push((trigger, function));
        }
    }
    started
}

/// The stores that a role names for sending to them, each with a function that it starts.
fn ways<'a>(permissions: &Permissions<'_, 'a>, started: &Started<'a>) -> Vec<(&'a Name, &'a Name)> {
    let mut ways = Vec::new();
    for hold in &permissions.reach().holds {
        let Target::Store(store) = hold.target else { continue };
        let mut sent: BTreeMap<(&'static [&'static str], Option<&str>), bool> = BTreeMap::new();
        for (trigger, function) in started.get(&store.name).into_iter().flatten() {
            let actions = sending(&trigger.kind);
            let prefix = trigger.prefix.as_ref().and_then(Text::as_literal);
            if *sent.entry((actions, prefix)).or_insert_with(|| sends(permissions, store, actions, prefix)) {
                ways.push((&store.name, *function));
            }
        }
    }
    ways
}

/// The shortest way from a function back to itself: functions, each with the store through which it starts the next.
fn round<'a>(
    next: &BTreeMap<&'a Name, Rc<Vec<(&'a Name, &'a Name)>>>,
    start: &'a Name,
    left: &mut usize,
) -> Option<Vec<(&'a Name, &'a Name)>> {
    let mut ways: Vec<Vec<(&Name, &Name)>> = vec![Vec::new()];
    let mut visited: BTreeSet<&Name> = BTreeSet::new();
    for _ in 0..LONGEST_LOOP {
        let mut longer = Vec::new();
        for way in ways {
            let at = match way.last() {
                None => start,
                Some((function, store)) => {
                    let started = next.get(function).into_iter().flat_map(|ways| ways.iter());
                    match started.filter(|(through, _)| through == store).map(|(_, started)| *started).next()
                    {
                        Some(started) => started,
                        None => continue,
                    }
                }
            };
            for (store, started) in next.get(at).into_iter().flat_map(|ways| ways.iter()) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return None;
                }
                let mut way = way.clone();
                way.push((at, store));
                if *started == start {
                    return Some(way);
                }
                if visited.insert(started) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

/// Actions that make an event, for kinds of triggers that pass every one on. An event bus does not: its rules pick some.
fn sending(kind: &TriggerKind) -> &'static [&'static str] {
    match kind {
        TriggerKind::Bucket => &["s3:PutObject"],
        TriggerKind::Queue => &["sqs:SendMessage"],
        TriggerKind::Topic => &["sns:Publish"],
        TriggerKind::TableStream => &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
        TriggerKind::Stream => &["kinesis:PutRecord", "kinesis:PutRecords"],
        _ => &[],
    }
}

/// Whether a role names a store for sending what the store passes on: for a bucket, keys with this beginning. What it may do to
/// everything says nothing about this store.
fn sends(permissions: &Permissions<'_, '_>, store: &Store, actions: &[&str], prefix: Option<&str>) -> bool {
    let named = |statement: &Statement| {
        !statement.not_resources
            && !statement.resources.iter().any(is_every_resource)
            && prefix.is_none_or(|prefix| statement.resources.iter().any(|resource| meets(resource, prefix)))
    };
    let facts = actions.iter().filter_map(|action| facts::action(action));
    facts.into_iter().any(|fact| {
        permissions.may_do(fact, Target::Store(store)).is_yes()
            && permissions.because(fact, Target::Store(store)).into_iter().any(named)
    })
}

/// Whether some key that a resource of a policy covers may begin like this. (`arn:aws:s3:::bucket/clean/*` and `incoming/`: none.)
fn meets(resource: &Text, prefix: &str) -> bool {
    // A bucket's ARN has no slash: what stands behind the first one is the key.
    let behind = resource.pieces.iter().enumerate().find_map(|(at, piece)| match piece {
        Piece::Literal(text) => text.split_once('/').map(|(_, key)| (key, at + 1 < resource.pieces.len())),
        _ => None,
    });
    let Some((key, goes_on)) = behind else { return true };
    let fixed = key.split(['*', '?']).next().unwrap_or(key);
    // A key that is written out in full begins with the prefix or not; one that goes on may.
    fixed.starts_with(prefix) || (prefix.starts_with(fixed) && (goes_on || fixed != key))
}

fn report_loop(app: &App, round: &[(&Name, &Name)], functions: &[&Name], verdict: &mut Verdict) {
    let Some((first, _)) = round.first() else { return };
    let steps: Vec<String> =
        round.iter().map(|(function, store)| format!("`{function}` may write to `{store}`")).collect();
    let message = format!(
        "{}, which starts `{first}` again: one event can make events without end.",
        steps.join(", which starts the next; ")
    );
    let place = app.function(first).map(|function| function.place);
    let Some(place) = place else { return };
    let cause =
        format!("loop of {}", functions.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "));
    let found = Finding::new(&catalogue::TRIGGER_LOOP, cause, place, message);
    verdict.report(
        found
            .touching(functions.iter().copied())
            .touching(round.iter().map(|(_, store)| *store))
            .severity(Severity::High)
            .likely()
            .advice("Write to another store than the one that is listened to; for a bucket, a filter of the notification (by prefix: `uploads/`) that leaves out what the function writes does as well. Where the code does not write there, take the permission away."),
    );
}

#[cfg(test)]
mod tests;
