//! What a template changes of the resources that the framework makes: roles, interfaces, routes, addresses of functions.
//!
//! Owns: which entries of `Resources` and `extensions` are changes, and what the framework calls its routes (`naming.js` of its source).
//! Invariant: a change that is not read is unknown, at its place. Not here: resources of the service's own (`resources`).

use std::collections::BTreeMap;

use super::interfaces::{HTTP, REST, WEBSOCKET};
use super::policy::statements;
use super::service::{Parts, Service};
use crate::cloudformation::{self, http_api, rest_api, value::string, value::text};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{Access, App, ManagedPolicy, Route};
use crate::known::{Known, Name, Setting};
use crate::rates::Rates;

/// Stages that the framework makes, and of which interface each is.
const STAGES: [(&str, &str); 3] =
    [("ApiGatewayStage", REST), ("HttpApiStage", HTTP), ("WebsocketsDeploymentStage", WEBSOCKET)];
/// What is read of a changed role, and what of it gives nobody anything.
const OF_ROLE: [&str; 7] =
    ["Policies", "ManagedPolicyArns", "RoleName", "Path", "Description", "Tags", "MaxSessionDuration"];
/// The same of a changed interface.
const OF_API: [&str; 9] = [
    "Policy",
    "Name",
    "Description",
    "Tags",
    "MinimumCompressionSize",
    "BinaryMediaTypes",
    "ApiKeySourceType",
    "FailOnWarnings",
    "ProtocolType",
];
/// What is read of a changed route, what is the same by its name, and what decides neither who may call nor what answers.
const OF_ROUTE: [&str; 14] = [
    "AuthorizationType",
    "AuthorizerId",
    "AuthorizationScopes",
    "ApiKeyRequired",
    "ApiId",
    "RestApiId",
    "ResourceId",
    "HttpMethod",
    "RouteKey",
    "OperationName",
    "RequestParameters",
    "RequestModels",
    "RequestValidatorId",
    "MethodResponses",
];
/// What is read of a changed stage, and what decides nothing.
const OF_STAGE: [&str; 9] = [
    "AccessLogSetting",
    "AccessLogSettings",
    "AutoDeploy",
    "DefaultRouteSettings",
    "Description",
    "MethodSettings",
    "RouteSettings",
    "Tags",
    "TracingEnabled",
];
/// The same of an address of a function.
const OF_URL: [&str; 4] = ["AuthType", "TargetFunctionArn", "Qualifier", "InvokeMode"];

/// Changes of what the framework makes.
pub(super) struct Changes {
    entries: Vec<(Key, Node)>,
    /// Where the framework's routes are among the app's, by their logical ids.
    routes: BTreeMap<String, usize>,
}

impl Changes {
    /// Takes out of a template what only changes something. The app has the framework's routes already, and no others.
    pub(super) fn take(template: &mut Node, parts: &Parts, app: &App) -> Self {
        let routes = app.routes.iter().enumerate();
        let routes = routes.rev().filter_map(|(at, route)| Some((logical(route)?, at))).collect();
        let mut changes = Self { entries: Vec::new(), routes };
        let NodeKind::Map(sections) = &mut template.kind else { return changes };
        for (key, section) in sections {
            let NodeKind::Map(entries) = &mut section.kind else { continue };
            match key.text.as_str() {
                "extensions" => changes.entries.append(entries),
                "Resources" => {
                    let all = std::mem::take(entries);
                    let (made, rest): (Vec<_>, _) =
                        all.into_iter().partition(|(key, node)| changes.is_change(parts, key, node));
                    *entries = rest;
                    changes.entries.extend(made);
                }
                _ => {}
            }
        }
        changes
    }

    /// Whether an entry of `Resources` changes what is made elsewhere: the framework merges the two.
    fn is_change(&self, parts: &Parts, key: &Key, node: &Node) -> bool {
        let kind = parts.own.get(&key.text).map(|found| found.kind.as_str());
        // Without a type nothing is made by it. `Fn::Transform` and the like are no resources.
        let untyped = node.is_map() && node.get("Type").is_none() && !key.text.contains("::");
        kind.is_some_and(|kind| !matches!(kind, "AWS::S3::Bucket" | "AWS::SNS::Topic"))
            || self.routes.contains_key(&key.text)
            || untyped
    }

    /// Carries them out in an app that has everything else already.
    pub(super) fn apply(&self, parts: &Parts, service: &Service<'_>, app: &mut App) {
        for (key, change) in &self.entries {
            let change = service.stack.resolve(change);
            // What cannot be told in whole is a change, too.
            let properties = change.as_ref().and_then(|change| match change.why_open() {
                Some(_) => Some(change),
                None => change.get("Properties"),
            });
            let Some(properties) = properties else { continue };
            let own = parts.own.get(&key.text).filter(|found| found.kind == "AWS::Lambda::Url");
            let read = if properties.why_open().is_some() {
                false
            } else if let Some(at) = self.routes.get(&key.text) {
                of_route(app, *at, properties)
            } else if let Some(function) = own {
                of_url(app, &function.name, properties)
            } else if let Some((_, api)) = STAGES.iter().find(|(stage, _)| *stage == key.text) {
                of_stage(app, &Name::from(*api), properties)
            } else {
                of_role_or_api(app, &Name::from(key.text.as_str()), properties)
            };
            if read || key.text.ends_with("LogGroup") {
                continue;
            }
            let name = Name::from(key.text.as_str());
            let route = self.routes.get(&key.text).and_then(|at| app.routes.get(*at)).map(called);
            let route = route.map_or(String::new(), |route| format!(" (`{route}`)"));
            let why =
                format!("`{name}`{route} is made by the framework; what is changed of it here is not read");
            app.unknown(Some(&name), key.place, why);
        }
    }
}

/// Whether all that is set is among some properties.
fn only(properties: &Node, read: &[&str]) -> bool {
    properties.entries().iter().all(|(key, _)| read.contains(&key.text.as_str()))
}

/// Each of these carries a change out, and says whether that was all of it.
fn of_role_or_api(app: &mut App, name: &Name, properties: &Node) -> bool {
    if let Some(role) = app.roles.iter_mut().find(|role| role.name == *name) {
        role.statements.extend(cloudformation::inline(properties));
        for policy in properties.get("ManagedPolicyArns").map(Node::one_or_many).unwrap_or_default() {
            let found = cloudformation::provided(&text(policy), None);
            role.statements.extend(found.value().into_iter().flatten().cloned());
            role.managed.push(ManagedPolicy { policy: text(policy), statements: found.map(|_| ()) });
        }
        return only(properties, &OF_ROLE);
    }
    let Some(api) = app.apis.iter_mut().find(|api| api.name == *name) else { return false };
    api.policy.extend(properties.get("Policy").map(statements).unwrap_or_default());
    only(properties, &OF_API)
}

fn of_stage(app: &mut App, name: &Name, properties: &Node) -> bool {
    let Some(api) = app.apis.iter_mut().find(|api| api.name == *name) else { return false };
    let mut rates = Rates::default();
    if name.as_str() == REST {
        rest_api::stage_settings(api, properties);
        rest_api::stage_rates(&mut rates, name, None, None, properties);
    } else {
        http_api::stage_settings(api, properties);
        http_api::stage_rates(&mut rates, name, None, properties);
    }
    // What plugins set stays where the change says nothing of rates.
    if ["DefaultRouteSettings", "MethodSettings", "RouteSettings"]
        .iter()
        .any(|key| properties.get(key).is_some())
    {
        rates.set(app);
    }
    only(properties, &OF_STAGE)
}

fn of_url(app: &mut App, function: &Name, properties: &Node) -> bool {
    let url = app.functions.iter_mut().find(|found| found.name == *function);
    let Some(url) = url.and_then(|found| found.url.as_mut()) else { return false };
    if let Some(node) = properties.get("AuthType") {
        let access = match string(node).value {
            Known::Value(word) if word == "NONE" => Known::Value(Access::Anyone),
            Known::Value(word) if word == "AWS_IAM" => Known::Value(Access::Iam),
            Known::Value(word) => Known::Unknown(format!("`{word}` is no way to ask who calls")),
            Known::Unknown(why) => Known::Unknown(why),
        };
        url.access = Setting { place: node.place, value: access };
    }
    only(properties, &OF_URL)
}

fn of_route(app: &mut App, at: usize, properties: &Node) -> bool {
    let access = access(app, properties);
    let Some(route) = app.routes.get_mut(at) else { return false };
    let asked = matches!(route.access.known(), Some(Access::Authorizer(_) | Access::Outside(_)));
    let settled = match access {
        Asks::AsBefore => true,
        Asks::SomeAuthorizer => asked,
        Asks::Now(access) => {
            route.access = access;
            true
        }
    };
    let needed = properties.get("ApiKeyRequired");
    let key_known = needed.is_none_or(|needed| needed.as_bool().is_some());
    route.api_key = needed.and_then(Node::as_bool).unwrap_or(route.api_key);
    if let Some(scopes) = properties.get("AuthorizationScopes") {
        route.scopes = scopes.one_or_many().iter().filter_map(Node::as_scalar).collect();
    }
    let renamed = rename(route, properties);
    let (api, access) = (route.api.clone(), route.access.clone());
    // Whoever is connected may use every route of a websocket.
    if api.value().is_some_and(|api| api.as_str() == WEBSOCKET) {
        if !route.method.is(&"$connect".to_owned()) {
            return properties.get("AuthorizationType").is_none() && only(properties, &OF_ROUTE);
        }
        app.routes
            .iter_mut()
            .filter(|other| other.api == api)
            .for_each(|other| other.access = access.clone());
    }
    settled && key_known && renamed && only(properties, &OF_ROUTE)
}

/// What else it is called than the framework calls it; whether that can be told.
fn rename(route: &mut Route, properties: &Node) -> bool {
    if let Some(key) = properties.get("RouteKey") {
        let Known::Value(key) = string(key).value else { return false };
        if route.api.value().is_some_and(|api| api.as_str() == HTTP) {
            let (method, path) = http_api::split_key(&key);
            (route.method, route.path) = (Known::Value(method), Known::Value(path));
        } else {
            route.method = Known::Value(key);
        }
    }
    match properties.get("HttpMethod").map(|method| string(method).value) {
        Some(Known::Unknown(_)) => false,
        Some(Known::Value(method)) => {
            route.method = Known::Value(method.to_ascii_uppercase());
            true
        }
        None => true,
    }
}

/// Whom a changed route asks who calls.
enum Asks {
    AsBefore,
    /// An authorizer, and the change does not say which.
    SomeAuthorizer,
    Now(Setting<Access>),
}

fn access(app: &App, properties: &Node) -> Asks {
    let (kind, id) = (properties.get("AuthorizationType"), properties.get("AuthorizerId"));
    let Some(place) = kind.or(id).map(|node| node.place) else { return Asks::AsBefore };
    let value = match kind.map(|kind| string(kind).value) {
        Some(Known::Unknown(why)) => Known::Unknown(why),
        Some(Known::Value(word)) if word.eq_ignore_ascii_case("NONE") => Known::Value(Access::Anyone),
        Some(Known::Value(word)) if word.eq_ignore_ascii_case("AWS_IAM") => Known::Value(Access::Iam),
        _ => {
            let Some(named) = id.map(text) else { return Asks::SomeAuthorizer };
            let own = named.references().find(|name| app.authorizer(name).is_some());
            match (own, named.why_unknown()) {
                (Some(name), _) => Known::Value(Access::Authorizer(name.clone())),
                (None, Some(why)) => Known::Unknown(why.to_owned()),
                (None, None) => Known::Value(Access::Outside(format!("the authorizer `{named}`"))),
            }
        }
    };
    Asks::Now(Setting { place, value })
}

fn called(route: &Route) -> String {
    let known = |part: &Known<String>| part.value().map_or_else(|| "?".to_owned(), Clone::clone);
    format!("{} {}", known(&route.method), known(&route.path)).trim_end().to_owned()
}

/// The logical id of a route that the framework makes.
fn logical(route: &Route) -> Option<String> {
    let (method, path) = (route.method.value()?, route.path.value()?);
    Some(match route.api.value()?.as_str() {
        REST => format!("ApiGatewayMethod{}{}", of_path(path), capital(method)),
        HTTP if path == "$default" => "HttpApiRouteDefault".to_owned(),
        HTTP => format!("HttpApiRoute{}{}", capital(method), of_path(path)),
        WEBSOCKET => {
            let signs = [('$', "S"), ('/', "Slash"), ('-', "Dash"), ('_', "Underscore"), ('.', "Period")];
            let key = signs.iter().fold(method.clone(), |key, (sign, word)| key.replace(*sign, word));
            format!("{key}WebsocketsRoute")
        }
        _ => return None,
    })
}

/// `/orders/{orderId}` as logical ids have it: `OrdersOrderidVar`.
fn of_path(path: &str) -> String {
    let part = |part: &str| {
        let mut part = capital(part).replace('-', "Dash");
        if let (Some(open), Some(close)) = (part.find('{'), part.rfind('}'))
            && open < close
        {
            part.insert_str(close, "Var");
        }
        super::service::alphanumeric(&part)
    };
    path.split('/').map(part).collect()
}

/// The first letter large, all others small.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}
