//! Events of SAM that make routes, and which part of SAM each other event belongs to.
//!
//! Invariant: an event adds a route only where SAM would: an interface with a description of its own has its routes from there. Not here:
//! events that are no routes (`event_source`).

use super::{IMPLICIT_HTTP, IMPLICIT_REST, auth, event_source};
use crate::cloudformation::function::is_set;
use crate::cloudformation::http_api::split_key;
use crate::cloudformation::openapi::Asked;
use crate::cloudformation::stack::Resource;
use crate::cloudformation::value::{nothing, str_at, string, text};
use crate::cloudformation::writer::Writer;
use crate::document::{Key, Node};
use crate::graph::Route;
use crate::known::{Known, Name, Setting};

pub(super) fn read(writer: &mut Writer<'_, '_>, resource: &Resource, key: &Key, event: &Node) {
    let empty = nothing(key.place);
    let properties = event.get("Properties").unwrap_or(&empty);
    match str_at(event, "Type") {
        Some("Api") => {
            rest(writer, resource, key, properties);
            event_source::invoking_role(writer, resource, key, "Api", properties);
        }
        Some("HttpApi") => http(writer, resource, key, properties),
        Some(kind) => event_source::read(writer, resource, key, kind, properties),
        None => {
            let why = event.why_open().unwrap_or_else(|| "an event says of no kind".to_owned());
            writer.app.unknown(Some(&resource.name), key.place, why);
        }
    }
}

fn word(properties: &Node, key: &str) -> Option<Known<String>> {
    properties.get(key).map(|node| string(node).value)
}

fn rest(writer: &mut Writer<'_, '_>, resource: &Resource, key: &Key, properties: &Node) {
    let api = match properties.get("RestApiId") {
        None => Known::Value(writer.stack.name(IMPLICIT_REST)),
        Some(node) => api_of(writer, node),
    };
    let own = api.value().and_then(|name| writer.resource(name));
    // A plain interface has its methods as resources; the event only lets it invoke.
    if own.is_some_and(|own| own.kind == "AWS::ApiGateway::RestApi") {
        return;
    }
    let missing = |what: &str| Known::Unknown(format!("it names no {what}"));
    let method =
        word(properties, "Method").unwrap_or_else(|| missing("method")).map(|word| word.to_ascii_uppercase());
    let path = word(properties, "Path").unwrap_or_else(|| missing("path"));
    let merged = own.map(|own| super::with_globals(writer.stack, "Api", &own.properties));
    let described = merged.as_ref().is_some_and(|merged| {
        merged.get("DefinitionBody").is_some() || merged.get("DefinitionUri").is_some()
    });
    let merges = merged
        .as_ref()
        .is_some_and(|merged| merged.get("MergeDefinitions").and_then(Node::as_bool) == Some(true));
    let asked = asked(writer, &api, properties, key, &method);
    policy_of_event(writer, &api, properties, &method, &path);
    let route = route(resource, key, api, (method, path), asked);
    if !described {
        writer.add_route(route);
    } else if merges {
        replace(writer, route, true);
    } else if properties.at(&["Auth", "OverrideApiAuth"]).and_then(Node::as_bool) == Some(true) {
        replace(writer, route, false);
    }
}

fn http(writer: &mut Writer<'_, '_>, resource: &Resource, key: &Key, properties: &Node) {
    let api = match properties.get("ApiId") {
        None => Known::Value(writer.stack.name(IMPLICIT_HTTP)),
        Some(node) => api_of(writer, node),
    };
    // Without a path it takes everything that no other route takes.
    let (method, path) = match (word(properties, "Method"), word(properties, "Path")) {
        (None, None) => {
            let (method, path) = split_key("$default");
            (Known::Value(method), Known::Value(path))
        }
        (method, path) => (
            method.unwrap_or_else(|| Known::Value("ANY".to_owned())).map(|word| word.to_ascii_uppercase()),
            path.unwrap_or_else(|| Known::Value("$default".to_owned())),
        ),
    };
    if let (Known::Value(api), Known::Value(method), Known::Value(path)) = (&api, &method, &path)
        && writer.resource(api).is_none_or(|own| own.kind == "AWS::Serverless::HttpApi")
        && let Some(rate) = properties.at(&["RouteSettings", "ThrottlingRateLimit"]).and_then(is_set)
    {
        let (method, path) = if path == "$default" { (path, "") } else { (method, path.as_str()) };
        writer.rates().stage(api, Some(api), "", |stage| stage.one(method, path, rate));
    }
    let asked = asked(writer, &api, properties, key, &method);
    let own = api.value().and_then(|name| writer.resource(name)).map(|own| &own.properties);
    let in_bucket = own.is_some_and(|own| own.get("DefinitionUri").is_some());
    let described = own.is_some_and(|own| own.get("DefinitionBody").is_some());
    let route = route(resource, key, api, (method, path), asked);
    match (described, in_bucket) {
        (true, _) => replace(writer, route, true),
        (false, true) => {}
        (false, false) => writer.add_route(route),
    }
}

/// The interface that an event names: by reference, or by its bare name.
fn api_of(writer: &Writer<'_, '_>, node: &Node) -> Known<Name> {
    let named = text(node);
    let bare = named.as_literal().map(|id| writer.stack.name(id)).filter(|name| writer.has_api(name));
    bare.map_or_else(|| writer.api_of(&named), Known::Value)
}

fn asked(
    writer: &Writer<'_, '_>,
    api: &Known<Name>,
    properties: &Node,
    key: &Key,
    method: &Known<String>,
) -> Asked {
    let place = key.place;
    match api {
        Known::Unknown(why) => {
            Asked { access: Setting::unknown(place, why.clone()), api_key: false, scopes: Vec::new() }
        }
        Known::Value(name) => match writer.defaults(name) {
            Some(defaults) => {
                let method = method.value().map_or("ANY", String::as_str);
                auth::asked(&defaults, properties.get("Auth"), method, place)
            }
            None => {
                let why = format!("what `{name}` asks for is not among these files");
                Asked { access: Setting::unknown(place, why), api_key: false, scopes: Vec::new() }
            }
        },
    }
}

fn route(
    resource: &Resource,
    key: &Key,
    api: Known<Name>,
    (method, path): (Known<String>, Known<String>),
    asked: Asked,
) -> Route {
    Route {
        api,
        place: key.place,
        method,
        path,
        target: Known::Value(resource.name.clone()),
        access: asked.access,
        api_key: asked.api_key,
        scopes: asked.scopes,
        acts_as: None,
        does: None,
        rate: None,
    }
}

/// An event takes the place of what its interface's description says about the same route.
fn replace(writer: &mut Writer<'_, '_>, route: Route, add: bool) {
    let same = |other: &&mut Route| {
        other.api == route.api && other.path == route.path && other.method == route.method
    };
    match writer.app.routes.iter_mut().find(same) {
        Some(found) => *found = route,
        None if add => writer.add_route(route),
        None => {}
    }
}

fn policy_of_event(
    writer: &mut Writer<'_, '_>,
    api: &Known<Name>,
    properties: &Node,
    method: &Known<String>,
    path: &Known<String>,
) {
    let Some(policy) = properties.at(&["Auth", "ResourcePolicy"]) else { return };
    let part = |known: &Known<String>| known.value().cloned().unwrap_or_else(|| "*".to_owned());
    let method = part(method).replace("ANY", "*");
    let made = auth::resource_policy(policy, Some(&format!("execute-api:/*/{method}{}", part(path))));
    if let Known::Value(name) = api
        && let Some(api) = writer.api(name)
    {
        api.policy.extend(made);
    }
}
