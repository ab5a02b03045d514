//! The ways into an app, for reports.
//!
//! Not here: which of them are a fault (`rules`).

use crate::graph::{Access, Api, App, Endpoint, Route, Trigger, TriggerKind};
use crate::known::{Known, Name, Setting};
use crate::report::{Entry, EntryKind, Spot};
use crate::rules::opens_route;
use crate::source::SourceTree;

/// Every way in, in the order of the file.
pub(super) fn of(tree: &SourceTree, app: &App) -> Vec<Entry> {
    let named = |name: &Known<Name>| name.value().map(ToString::to_string);
    let connects = app.connects();
    let mut entries: Vec<Entry> = app
        .routes
        .iter()
        .map(|route| {
            let api = route.api.value().and_then(|name| app.api(name));
            let method = route.method.value().map_or("?", String::as_str);
            let path = route.path.value().map_or("?", String::as_str);
            let access = api.and_then(|api| connects.get(&api.name)).copied().unwrap_or(&route.access);
            let (who, open) = who(access, route.api_key, api.map(|api| (api, route)));
            Entry {
                what: format!("{method} {path}").trim_end().to_owned(),
                kind: EntryKind::Route,
                function: named(&route.target),
                who,
                open,
                at: Spot::of(tree, route.place),
            }
        })
        .collect();
    for (function, url) in app.functions.iter().flat_map(|it| it.urls().map(move |url| (it, url))) {
        let (who, open) = who(&url.access, false, None);
        let function = Some(function.name.to_string());
        let at = Spot::of(tree, url.place);
        entries.push(Entry { what: "URL".to_owned(), kind: EntryKind::FunctionUrl, function, who, open, at });
    }
    entries.extend(app.triggers.iter().map(|trigger| Entry {
        what: format!("{} {}", word(&trigger.kind), sender(trigger)).trim_end().to_owned(),
        kind: EntryKind::Trigger,
        function: named(&trigger.function),
        who: state(trigger),
        open: false,
        at: Spot::of(tree, trigger.place),
    }));
    entries.sort_by(|a, b| a.at.cmp(&b.at));
    entries
}

fn who(access: &Setting<Access>, api_key: bool, at: Option<(&Api, &Route)>) -> (String, bool) {
    let api = at.map(|(api, _)| api);
    let private = api.is_some_and(|api| api.endpoint.value.is(&Endpoint::Private));
    let untold = api.is_some_and(|api| api.endpoint.value.why().is_some());
    // Whom a policy of the interface turns away no route lets in.
    let policy = at.filter(|(api, _)| !api.policy.is_empty());
    let policy = policy.map(|(api, route)| opens_route(&api.policy, route));
    match &access.value {
        Known::Value(Access::Anyone) if policy == Some(Ok(false)) => {
            ("whom the interface's policy lets in".to_owned(), false)
        }
        Known::Value(Access::Anyone) if untold || matches!(policy, Some(Err(_))) => {
            ("unknown".to_owned(), false)
        }
        Known::Value(Access::Anyone) if private => ("anyone in the private network".to_owned(), false),
        Known::Value(Access::Anyone) if api_key => (Entry::WITH_KEY.to_owned(), true),
        Known::Value(Access::Anyone) => ("anyone".to_owned(), true),
        Known::Value(Access::Iam) => ("signed calls".to_owned(), false),
        Known::Value(Access::Authorizer(name)) => (format!("whom {name} lets in"), false),
        Known::Value(Access::Outside(what)) => (format!("whom {what} lets in"), false),
        Known::Unknown(_) => ("unknown".to_owned(), false),
    }
}

fn state(trigger: &Trigger) -> String {
    match trigger.enabled {
        Known::Value(false) => "switched off".to_owned(),
        _ => "the provider".to_owned(),
    }
}

/// What sends, by its name: a queue is known by that, and not by the expression that its address is taken with.
fn sender(trigger: &Trigger) -> String {
    match trigger.source.as_reference() {
        Some((name, _)) => name.to_string(),
        None => trigger.source.to_string(),
    }
}

fn word(kind: &TriggerKind) -> &str {
    match kind {
        TriggerKind::Schedule => "schedule",
        TriggerKind::Queue => "queue",
        TriggerKind::Topic => "topic",
        TriggerKind::Bucket => "bucket",
        TriggerKind::TableStream => "table stream",
        TriggerKind::Stream => "stream",
        TriggerKind::EventBus => "event bus",
        TriggerKind::UserPool => "user pool",
        TriggerKind::Logs => "logs",
        TriggerKind::StateMachine => "state machine",
        TriggerKind::Other(other) => other,
    }
}
