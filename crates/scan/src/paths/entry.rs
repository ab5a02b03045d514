//! Ways in: what somebody outside can start, and what that takes.
//!
//! Invariant: a way in of which nobody knows who may use it counts, for less than an open one. Not here: what the function does then.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Cause;
use crate::finding::Finding;
use crate::graph::{Access, App, AuthorizerKind, Endpoint, Route, TriggerKind};
use crate::known::{Known, Name, Setting};
use crate::rules::opens_route;
use crate::source::Place;

/// Anyone gets there.
pub(super) const ANYONE: u32 = 1_000;
const KEY: u32 = 600;
const BROKEN_AUTHORIZER: u32 = 800;
const UNKNOWN: u32 = 500;
const SIGNED_IN: u32 = 250;
const SIGNED: u32 = 100;
const PRIVATE: u32 = 100;

/// A way in.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The function that it starts.
    pub(super) function: Name,
    /// How likely it is that a stranger gets through, in parts of a thousand.
    pub(super) likelihood: u32,
    /// The same when its cause is taken away.
    pub(super) closed: u32,
    /// What it is: `POST /orders`.
    pub(super) name: String,
    /// Who gets through, and to what: a clause.
    pub(super) text: String,
    /// What it still takes.
    pub(super) need: Option<String>,
    /// Why it cannot be told.
    pub(super) unknown: Option<String>,
    /// Whether its calls are meant to change something.
    pub(super) changes: bool,
    pub(super) place: Place,
    /// What would have to change to close it.
    pub(super) cause: Option<Cause>,
}

/// Who gets through.
struct Gate {
    likelihood: u32,
    who: String,
    need: Option<String>,
    unknown: Option<String>,
}

/// All ways in.
pub(super) fn entries(app: &App, findings: &[Finding]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let connects = app.connects();
    entries.extend(app.routes.iter().filter_map(|route| of_route(app, route, &connects, findings)));
    entries.extend(app.functions.iter().filter_map(|function| {
        let url = function.url.as_ref()?;
        let gate = gate(app, &url.access, None, findings);
        let name = format!("the URL of `{}`", function.name);
        Some(Entry::new(
            function.name.clone(),
            name,
            gate,
            url.access.place,
            Cause::Url(function.name.clone()),
        ))
    }));
    let opened = |rule: &'static str| findings.iter().filter(move |finding| finding.rule.id == rule);
    for finding in opened("open-permission").chain(opened("confused-deputy")) {
        let functions = finding.subjects.iter().filter(|name| app.function(name).is_some());
        for function in functions {
            let gate = Gate {
                likelihood: if finding.rule.id == "open-permission" { 900 } else { SIGNED_IN },
                who: "every account of the provider".to_owned(),
                need: Some("an account of the provider and the function's ARN".to_owned()),
                unknown: None,
            };
            let name = format!("the permissions of `{function}`");
            let cause = Cause::Permission(function.clone());
            entries
                .push(Entry { closed: 0, ..Entry::new(function.clone(), name, gate, finding.place, cause) });
        }
    }
    let open: BTreeSet<&Name> = opened("open-store").flat_map(|finding| &finding.subjects).collect();
    entries.extend(app.triggers.iter().filter_map(|trigger| {
        if trigger.enabled.is(&false) {
            return None;
        }
        let function = trigger.function.value()?.clone();
        let store = trigger.source.references().find(|name| open.contains(name));
        let (name, gate, cause, closed) = match (store, &trigger.kind) {
            (Some(store), _) => {
                let who = "whoever the store lets in, which is everyone,".to_owned();
                let gate = Gate { likelihood: 900, who, need: None, unknown: None };
                (format!("`{store}`"), gate, Some(Cause::Store(store.clone())), 0)
            }
            (None, TriggerKind::UserPool) => {
                let gate = Gate {
                    likelihood: SIGNED_IN,
                    who: "whoever signs up or in".to_owned(),
                    need: None,
                    unknown: None,
                };
                ("the user pool's hook".to_owned(), gate, None, SIGNED_IN)
            }
            _ => return None,
        };
        let entry = Entry::new(function, name, gate, trigger.place, Cause::Store(trigger.name.clone()));
        Some(Entry { cause, closed, ..entry })
    }));
    let live = app.functions.iter().filter(|function| !function.deployed.is(&false));
    let live: BTreeSet<_> = live.map(|function| &function.name).collect();
    entries.retain(|entry| live.contains(&entry.function));
    entries
}

impl Entry {
    fn new(function: Name, name: String, gate: Gate, place: Place, cause: Cause) -> Self {
        let text = format!("{} can use {name}", gate.who);
        // Closing a way in means to ask who calls; one that asks already is not closed further.
        let closed = gate.likelihood.min(SIGNED_IN);
        let cause = (closed < gate.likelihood).then_some(cause);
        let Gate { likelihood, need, unknown, .. } = gate;
        Self { function, likelihood, closed, name, text, need, unknown, changes: true, place, cause }
    }
}

/// Whether a route asks nobody.
pub(super) fn is_for_anyone(app: &App, route: &Route, findings: &[Finding]) -> bool {
    gate(app, &route.access, Some(route), findings).likelihood >= ANYONE
}

fn of_route(
    app: &App,
    route: &Route,
    connects: &BTreeMap<&Name, &Setting<Access>>,
    findings: &[Finding],
) -> Option<Entry> {
    let function = route.target.value()?.clone();
    let method = route.method.value().map_or("ANY", String::as_str);
    if method == "OPTIONS" {
        return None;
    }
    let api = route.api.value().and_then(|name| app.api(name));
    let access = api.and_then(|api| connects.get(&api.name)).copied().unwrap_or(&route.access);
    let name = match (route.path.value(), route.path.why()) {
        (Some(path), _) if path.is_empty() => format!("`{method}`"),
        (Some(path), _) => format!("`{method} {path}`"),
        _ => format!("a route of `{function}`"),
    };
    let gate = gate(app, access, Some(route), findings);
    let cause = Cause::Api(api.map_or_else(|| function.clone(), |api| api.name.clone()));
    let changes = !matches!(method, "GET" | "HEAD");
    Some(Entry { changes, ..Entry::new(function, name, gate, access.place, cause) })
}

fn gate(app: &App, access: &Setting<Access>, route: Option<&Route>, findings: &[Finding]) -> Gate {
    let gate = |likelihood, who: &str, need: Option<&str>| Gate {
        likelihood,
        who: who.to_owned(),
        need: need.map(str::to_owned),
        unknown: None,
    };
    let asked = match &access.value {
        Known::Value(Access::Anyone) if route.is_some_and(|route| route.api_key) => {
            gate(KEY, "whoever has an API key", Some("an API key, which apps give away"))
        }
        Known::Value(Access::Anyone) => gate(ANYONE, "anyone", None),
        Known::Value(Access::Iam) => {
            gate(SIGNED, "whoever the provider's signatures let in", Some("credentials of the account"))
        }
        Known::Value(Access::Authorizer(name)) => by_authorizer(app, name, findings),
        Known::Value(Access::Outside(what)) => {
            gate(SIGNED_IN, &format!("whoever {what} lets in"), Some("somebody's sign-in"))
        }
        Known::Unknown(why) => {
            let why = format!("who may call cannot be told: {why}");
            Gate { unknown: Some(why), ..gate(UNKNOWN, "whoever is let in, perhaps anyone,", None) }
        }
    };
    let api = |route: &&Route| route.api.value().and_then(|name| app.api(name));
    let Some((route, api)) = route.and_then(|route| Some((route, api(&route)?))) else { return asked };
    let private = api.endpoint.value.is(&Endpoint::Private);
    if private {
        let need = Some("a place in the private network");
        return Gate {
            unknown: asked.unknown.clone(),
            ..gate(asked.likelihood.min(PRIVATE), "whoever is in the private network", need)
        };
    }
    let policy = (!api.policy.is_empty()).then(|| opens_route(&api.policy, route));
    if policy == Some(Ok(false)) {
        let need = Some("to be one whom the interface's policy lets in");
        return Gate {
            unknown: asked.unknown.clone(),
            ..gate(asked.likelihood.min(SIGNED_IN), "whoever the interface's policy lets in", need)
        };
    }
    // Whether it is open at all cannot be told: it counts for less than what is.
    let untold = match (api.endpoint.value.why(), policy) {
        (Some(why), _) => Some(format!("whether it can be reached from the internet cannot be told: {why}")),
        (None, Some(Err(why))) => {
            Some(format!("whether the interface's policy keeps strangers out cannot be told: {why}"))
        }
        _ => None,
    };
    match untold {
        Some(why) if asked.likelihood > UNKNOWN => Gate {
            unknown: asked.unknown.or(Some(why)),
            ..gate(UNKNOWN, "whoever is let in, perhaps anyone,", asked.need.as_deref())
        },
        _ => asked,
    }
}

/// An authorizer that does not check signatures, or that event data breaks, lets everyone in.
fn by_authorizer(app: &App, name: &Name, findings: &[Finding]) -> Gate {
    let function = app.authorizer(name).and_then(|authorizer| match &authorizer.kind {
        AuthorizerKind::Function(function) => function.value(),
        _ => None,
    });
    let broken = |finding: &&Finding| {
        let rule =
            matches!(finding.rule.id, "signature-verification-off" | "command-injection" | "code-injection");
        rule && function.is_some_and(|function| finding.subjects.contains(function))
    };
    let signed = |likelihood, who: String, need: &str| Gate {
        likelihood,
        who,
        need: Some(need.to_owned()),
        unknown: None,
    };
    if findings.iter().any(|finding| broken(&finding)) {
        return signed(
            BROKEN_AUTHORIZER,
            format!("whoever gets past `{name}`, which can be fooled,"),
            "a forged sign-in",
        );
    }
    signed(SIGNED_IN, format!("whoever `{name}` lets in"), "somebody's sign-in")
}
