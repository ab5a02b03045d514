//! Routes, function URLs and websockets that anyone can call, and authorizers that guard nothing.
//!
//! Not here: what pages of other origins may do (`origins`), resource policies that let strangers in (`permissions`).

mod advice;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::opening::opens_route;
use super::reach::{Reach, severity_of};
use super::words::{by_format, by_interface, count, join, list};
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Remedy, Rule, Severity};
use crate::graph::{Access, Api, ApiKind, App, Endpoint, Framework, Route};
use crate::known::{Known, Name, Setting};
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    routes(sight, verdict);
    function_urls(sight, verdict);
    unused_authorizers(sight, verdict);
}

/// Routes that are reported together: their interface, why, and the place of the one route that a comment allows.
type Group<'a> = (Option<&'a Name>, Cause, Option<Place>);

/// Why routes of one interface are reported together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Nothing asks who calls.
    Open,
    /// The interface asks by default, these routes say that they do not.
    Exception,
    /// Only an API key is asked for.
    KeyOnly,
    /// `$connect` asks nobody.
    Websocket,
}

impl Cause {
    fn rule(self) -> &'static Rule {
        match self {
            Self::Open | Self::Exception => &catalogue::OPEN_ROUTE,
            Self::KeyOnly => &catalogue::API_KEY_ONLY,
            Self::Websocket => &catalogue::OPEN_WEBSOCKET,
        }
    }
}

fn routes(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    // Routes that a comment allows stand apart, so that it allows no others.
    let mut causes: BTreeMap<Group<'_>, Vec<&Route>> = BTreeMap::new();
    for route in app.routes.iter().filter(|route| !leads_nowhere(app, route)) {
        let api = route.api.value().and_then(|name| app.api(name));
        if let Some(why) = route.access.value.why() {
            let subject = route.target.value();
            let why = format!("who may call `{}` cannot be told: {why}", name_of(route));
            verdict.unknown(subject, route.access.place, why);
            continue;
        }
        if !is_open_from_the_internet(route, &route.access, api, verdict) {
            continue;
        }
        if let Some(cause) = cause(sight, route, api) {
            let covers = |place: &Place| sight.marks.covering(sight.tree, cause.rule().id, *place).is_some();
            let mark = [route.access.place, route.place].into_iter().find(covers);
            causes.entry((route.api.value(), cause, mark)).or_default().push(route);
        }
    }
    for ((api, cause, mark), routes) in causes {
        verdict.report(finding(sight, api, cause, mark, &routes));
    }
    for api in app.apis.iter().filter(|api| api.kind == ApiKind::Websocket) {
        let mut own = app.routes.iter().filter(|route| route.api.is(&api.name)).peekable();
        // Without the route, the provider accepts every connection.
        let declared = own.peek().is_some() && own.all(|route| !route.method.is(&"$connect".to_owned()));
        if declared && app.routes.iter().all(|route| route.api.why().is_none()) {
            verdict.report(no_connect(app, api));
        }
    }
}

/// `POST /orders`; for a websocket the route key alone.
pub(super) fn name_of(route: &Route) -> String {
    let method = route.method.value().map_or("?", String::as_str);
    match route.path.value().map(String::as_str) {
        Some("") => method.to_owned(),
        Some(path) => format!("{method} {path}"),
        None => format!("{method} ?"),
    }
}

fn leads_nowhere(app: &App, route: &Route) -> bool {
    let target = route.target.value().and_then(|name| app.function(name));
    target.is_some_and(|function| function.deployed.is(&false))
}

/// Whether a stranger on the internet gets to the function through this route.
fn is_open_from_the_internet(
    route: &Route,
    access: &Setting<Access>,
    api: Option<&Api>,
    verdict: &mut Verdict,
) -> bool {
    if !matches!(access.known(), Some(Access::Anyone)) {
        return false;
    }
    let Some(api) = api else { return true };
    match &api.endpoint.value {
        Known::Value(Endpoint::Public) => {}
        Known::Value(Endpoint::Private) => return false,
        Known::Unknown(why) => {
            let why =
                format!("whether `{}` can be reached from the internet cannot be told: {why}", api.name);
            verdict.unknown(Some(&api.name), api.endpoint.place, why);
            return false;
        }
    }
    if api.policy.is_empty() {
        return true;
    }
    match opens_route(&api.policy, route) {
        Ok(opens) => opens,
        Err(why) => {
            let why =
                format!("whether the policy of `{}` keeps strangers out cannot be told: {why}", api.name);
            verdict.unknown(Some(&api.name), api.place, why);
            false
        }
    }
}

/// Who may connect to each websocket: [`App::connects`].
pub(super) type Connects<'a> = BTreeMap<&'a Name, &'a Setting<Access>>;

/// Whether strangers can start the function through a route or address, as far as the files tell.
pub(super) fn is_public(app: &App, connects: &Connects<'_>, function: &Name) -> bool {
    let url = app.function(function).and_then(|function| function.url.as_ref());
    url.is_some_and(|url| matches!(url.access.known(), Some(Access::Anyone)))
        || app.routes_of(function).any(|route| is_public_route(app, connects, route))
}

/// Whether strangers can use a route, as far as the files tell.
pub(super) fn is_public_route(app: &App, connects: &Connects<'_>, route: &Route) -> bool {
    let api = route.api.value().and_then(|name| app.api(name));
    let access = api.and_then(|api| connects.get(&api.name)).copied().unwrap_or(&route.access);
    !route.api_key && is_open_from_the_internet(route, access, api, &mut Verdict::default())
}

fn cause(sight: &Sight<'_>, route: &Route, api: Option<&Api>) -> Option<Cause> {
    let method = route.method.value().map_or("", String::as_str);
    if api.is_some_and(|api| api.kind == ApiKind::Websocket) {
        return (method == "$connect").then_some(Cause::Websocket);
    }
    let worthless = worth(sight, route) == Severity::Low;
    if method.eq_ignore_ascii_case("OPTIONS") && (worthless || is_preflight(sight.app, route)) {
        return None;
    }
    if route.api_key {
        return Some(Cause::KeyOnly);
    }
    if !is_exception(sight.app, route) {
        return Some(Cause::Open);
    }
    // Reading in public, where there is nothing to be read, is what such exceptions are for.
    let reads = method.eq_ignore_ascii_case("GET") || method.eq_ignore_ascii_case("HEAD");
    let exempt = reads && (worthless || (is_about_itself(route) && worth(sight, route) < Severity::Critical));
    match (exempt, sight.app.framework) {
        (true, _) => None,
        // Plain CloudFormation has no default: what says `NONE` is as open as what says nothing.
        (false, Framework::CloudFormation) if reads => Some(Cause::Open),
        (false, _) => Some(Cause::Exception),
    }
}

/// Whether `OPTIONS` is there for the same function's other methods of its path, of which browsers ask first.
fn is_preflight(app: &App, route: &Route) -> bool {
    let same =
        |other: &&Route| other.api == route.api && other.path == route.path && other.target == route.target;
    app.routes.iter().filter(same).any(|other| other.method != route.method)
}

/// Whether a path by its name says how the app is, and nothing of what it keeps.
fn is_about_itself(route: &Route) -> bool {
    const NAMES: [&str; 12] = [
        "health",
        "healthz",
        "healthcheck",
        "health-check",
        "ping",
        "status",
        "version",
        "ready",
        "readyz",
        "live",
        "livez",
        "favicon.ico",
    ];
    let last = route.path.value().and_then(|path| path.rsplit('/').next());
    last.is_some_and(|last| NAMES.iter().any(|name| last.eq_ignore_ascii_case(name)))
}

/// What strangers get at through a route, whatever its method.
fn worth(sight: &Sight<'_>, route: &Route) -> Severity {
    let reach = sight.reach_of_route(route).map(|reach| severity_of(Some(&reach)));
    let own = if route.operation().is_some() { Severity::Medium } else { Severity::Low };
    reach.unwrap_or(Severity::Low).max(own)
}

/// Whether the interface asks by default and the route says itself that nobody is asked.
fn is_exception(app: &App, route: &Route) -> bool {
    // Elsewhere there is no default that a route could be an exception to.
    let has_defaults = matches!(app.framework, Framework::Sam | Framework::CloudFormation);
    let says_so = route.access.place != route.place;
    has_defaults && says_so && app.routes.iter().any(|other| other.api == route.api && is_guarded(other))
}

/// Whether a route of SAM says itself that nobody is asked, although its interface has somebody who could ask.
fn turns_off(app: &App, route: &Route) -> bool {
    let has = |api: &Name| app.authorizers.iter().any(|it| it.api.as_ref() == Some(api));
    app.framework == Framework::Sam
        && route.api.value().is_some_and(|api| !app.written.contains_key(api))
        && route.access.place != route.place
        && route.access.known() == Some(&Access::Anyone)
        && route.api.value().is_some_and(has)
}

fn is_guarded(route: &Route) -> bool {
    matches!(route.access.known(), Some(Access::Authorizer(_) | Access::Iam | Access::Outside(_)))
}

fn finding(
    sight: &Sight<'_>,
    api: Option<&Name>,
    cause: Cause,
    mark: Option<Place>,
    routes: &[&Route],
) -> Finding {
    let app = sight.app;
    let rule = cause.rule();
    let mut reached: Vec<(&Route, Option<Rc<Reach>>)> =
        routes.iter().map(|route| (*route, sight.reach_of_route(route))).collect();
    reached.sort_by_key(|(route, reach)| std::cmp::Reverse(weight(route, reach.as_deref())));
    let worst = reached.first().map_or(Severity::Low, |(route, reach)| weight(route, reach.as_deref()));
    let weighs_most = || {
        let of_worst = reached.iter().filter(|(route, reach)| weight(route, reach.as_deref()) == worst);
        of_worst.map(|(route, _)| route.access.place).min()
    };
    let place = mark.or_else(weighs_most);
    let place = place.unwrap_or(Place::whole(app.file));
    let api_word = api.map_or("an interface that cannot be told", Name::as_str);
    let id = match cause {
        Cause::Exception => format!("exceptions of {api_word}"),
        _ => format!("routes of {api_word}"),
    };
    let mut finding = Finding::new(rule, id, place, message(cause, api_word, &reached))
        .touching(routes.iter().filter_map(|route| route.target.value()))
        .severity(if cause == Cause::KeyOnly { worst.min(Severity::Medium) } else { worst })
        .advice(match routes.iter().all(|route| turns_off(app, route)) {
            true => "Name an authorizer of the interface where the route says `Authorizer: NONE`, or take that line out where the interface has a `DefaultAuthorizer`.".to_owned(),
            false => advice::of(app, api, cause),
        });
    for route in routes {
        let runs = route.target.value().map_or("something else", Name::as_str);
        finding = finding.seen_at(route.place, format!("{} runs {runs}", name_of(route)));
    }
    finding
}

/// How bad it is that a route is open: what it reaches; at least something where it takes data in.
fn weight(route: &Route, reach: Option<&Reach>) -> Severity {
    let reads = route.method.value().is_some_and(|method| method == "GET" || method == "HEAD");
    let lets_in = reach.is_some() && !reads;
    let least = if lets_in || route.operation().is_some() { Severity::Medium } else { Severity::Low };
    severity_of(reach).max(least)
}

fn message(cause: Cause, api: &str, reached: &[(&Route, Option<Rc<Reach>>)]) -> String {
    let clauses: Vec<String> = reached
        .iter()
        .map(|(route, reach)| {
            let runs = match route.target.value() {
                Some(function) => format!("runs `{function}`"),
                None => match route.operation() {
                    Some(operation) => format!("does `{operation}` itself"),
                    None => "runs something that these files do not tell".to_owned(),
                },
            };
            let may = reach.as_deref().and_then(Reach::clause);
            let may = may.map_or(String::new(), |may| format!(", which {may}"));
            format!("`{}`, which {runs}{may}", name_of(route))
        })
        .collect();
    let what = match clauses.as_slice() {
        [one] => one.clone(),
        _ => {
            let (shown, rest) = clauses.split_at(clauses.len().min(3));
            let rest = match rest.len() {
                0 => String::new(),
                more => format!("; and {}", count(more, "other route", "other routes")),
            };
            format!("{} of `{api}`: {}{rest}", count(clauses.len(), "route", "routes"), shown.join("; "))
        }
    };
    match cause {
        Cause::Open => format!("Anyone on the internet can call {what}. Nothing asks who calls."),
        Cause::Exception => format!(
            "The interface asks who calls, except on what says itself that it does not, and reaches something: anyone on the internet can call {what}."
        ),
        Cause::KeyOnly => format!(
            "Whoever has the API key, which every client carries, can call {what}. Nothing asks who calls."
        ),
        Cause::Websocket => {
            format!("Anyone on the internet can connect to `{api}`: {what}. No later message is asked again.")
        }
    }
}

fn no_connect(app: &App, api: &Api) -> Finding {
    let functions: Vec<&Name> = app
        .routes
        .iter()
        .filter(|route| route.api.is(&api.name))
        .filter_map(|route| route.target.value())
        .collect();
    let message = format!(
        "Anyone on the internet can connect to `{}`: it has no route `$connect`, where alone an authorizer could ask. Messages then run {}.",
        api.name,
        list(functions.iter().map(|name| name.as_str()))
    );
    Finding::new(&catalogue::OPEN_WEBSOCKET, format!("routes of {}", api.name), api.place, message)
        .touching(functions)
        .likely()
        .advice("Add a route `$connect` with an authorizer.")
}

fn function_urls(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    let functions = app.functions.iter().filter(|function| !function.deployed.is(&false));
    for (function, url) in functions.flat_map(|it| it.urls().map(move |url| (it, url))) {
        match &url.access.value {
            Known::Unknown(why) => {
                let why = format!("who may call the URL of `{}` cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), url.access.place, why);
            }
            Known::Value(Access::Anyone) => {
                let reach = sight.reach(function);
                let may = reach.clause().map_or(String::new(), |may| format!(", which {may}"));
                let message = format!(
                    "Anyone on the internet can call the URL of `{}`{may}. No interface, authorizer or throttle stands before it.",
                    function.name
                );
                let signed = Remedy::Replace {
                    at: url.access.place,
                    from: "NONE".to_owned(),
                    to: "AWS_IAM".to_owned(),
                };
                let found = Finding::new(
                    &catalogue::OPEN_FUNCTION_URL,
                    format!("url of {}", function.name),
                    url.access.place,
                    message,
                );
                verdict.report(found.touching([&function.name]).severity(severity_of(Some(&reach)).max(Severity::Medium)).advice(
                    by_format(
                        app,
                        "`FunctionUrlConfig: AuthType: AWS_IAM`, or a route of an HTTP API with an authorizer instead of the URL.",
                        "`AuthType: AWS_IAM`, or a route of an HTTP API with an authorizer instead of the URL.",
                        "`url: authorizer: aws_iam`, or an `httpApi` event with an authorizer instead of the URL.",
                        "`authorization_type = \"AWS_IAM\"`, or a route of an HTTP API with an authorizer instead of the URL.",
                    ),
                ).mended_by(vec![signed]));
            }
            Known::Value(_) => {}
        }
    }
}

fn unused_authorizers(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    for authorizer in &app.authorizers {
        let near = |route: &&Route| {
            authorizer.api.as_ref().is_none_or(|api| route.api.value().is_none_or(|found| found == api))
        };
        let routes: Vec<&Route> = app.routes.iter().filter(near).collect();
        let used = routes.iter().any(|route| match &route.access.value {
            Known::Value(Access::Authorizer(name)) => *name == authorizer.name,
            Known::Value(Access::Outside(_)) | Known::Unknown(_) => true,
            Known::Value(_) => false,
        });
        if used || routes.is_empty() || !app.macros.is_empty() || app.mentioned.contains(&authorizer.name) {
            continue;
        }
        let open = routes.iter().filter(|route| matches!(route.access.known(), Some(Access::Anyone))).count();
        let named: Vec<String> = routes.iter().map(|route| format!("`{}`", name_of(route))).collect();
        let instead = if open == routes.len() {
            let who = if open == 1 { "The route is" } else { "The routes are" };
            format!(" {who} open to everyone.")
        } else {
            String::new()
        };
        let message = format!(
            "The authorizer `{}` is declared and attached to no route: {} {} without it.{instead}",
            authorizer.name,
            join(&named, "and"),
            if named.len() == 1 { "works" } else { "work" },
        );
        let found = Finding::new(
            &catalogue::UNUSED_AUTHORIZER,
            format!("authorizer {}", authorizer.name),
            authorizer.place,
            message,
        );
        let severity = if open > 0 { Severity::Medium } else { Severity::Low };
        verdict.report(
            found.touching(routes.iter().filter_map(|route| route.target.value())).severity(severity).advice(
                by_interface(
                    app,
                    authorizer.api.as_ref(),
                    "Name it in `Auth: DefaultAuthorizer`, or delete it.",
                    "Set `AuthorizerId` on the routes, or delete it.",
                    "Write `authorizer: <name>` on the events, or delete it.",
                    "Set `authorizer_id` on the routes, or delete it.",
                ),
            ),
        );
    }
}
