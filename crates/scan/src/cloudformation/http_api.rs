//! HTTP and websocket APIs (API Gateway v2), plain and SAM's.
//!
//! Not here: SAM's events, which add routes (`event`), and descriptions in OpenAPI (`openapi`).

use super::domain;
use super::function::{cors, is_set, limits};
use super::openapi::{add_authorizer, body_of, read, target_of};
use super::rest_api::{access, authorizer, scopes};
use super::sam;
use super::sam::auth::Defaults;
use super::stack::Resource;
use super::value::{str_at, string, text, truth_at};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::{Access, Api, ApiKind, Authorizer, AuthorizerKind, Route};
use crate::known::{Known, Name, Setting, Text};
use crate::rates::Rates;
use crate::source::Place;

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let properties = &resource.properties;
    let known = matches!(
        resource.kind.as_str(),
        "AWS::ApiGatewayV2::Api"
            | "AWS::Serverless::HttpApi"
            | "AWS::Serverless::WebSocketApi"
            | "AWS::ApiGatewayV2::Authorizer"
    );
    if !known || resource.deployed.is(&false) {
        return false;
    }
    match resource.kind.as_str() {
        "AWS::ApiGatewayV2::Api" => {
            let kind = match str_at(properties, "ProtocolType") {
                Some("WEBSOCKET") => ApiKind::Websocket,
                _ => ApiKind::Http,
            };
            let mut made = Api::new(resource.name.clone(), resource.place, kind);
            made.cors = properties.get("CorsConfiguration").and_then(cors);
            domain::declare(&mut made, properties);
            writer.add_api(made);
        }
        "AWS::Serverless::HttpApi" => {
            let properties = sam::with_globals(writer.stack, "HttpApi", properties);
            declare_serverless(writer, &resource.name, resource.place, &properties);
        }
        "AWS::Serverless::WebSocketApi" => {
            let properties = sam::with_globals(writer.stack, "WebSocketApi", properties);
            let mut made = Api::new(resource.name.clone(), resource.place, ApiKind::Websocket);
            domain::declare(&mut made, &properties);
            stage_settings(&mut made, &properties);
            stage_rates(writer.rates(), &resource.name, Some(&resource.name), &properties);
            writer.add_api(made);
        }
        _ => {
            let api = properties.get("ApiId").and_then(|node| text(node).references().next().cloned());
            let kind = AuthorizerKind::Other("not read yet".to_owned());
            writer.add_authorizer(Authorizer {
                name: resource.name.clone(),
                place: resource.place,
                api,
                kind,
            });
        }
    }
    writer.note_condition(resource);
    true
}

/// An interface of SAM: the implicit one has no resource.
pub(super) fn declare_serverless(writer: &mut Writer<'_, '_>, name: &Name, place: Place, properties: &Node) {
    let mut made = Api::new(name.clone(), place, ApiKind::Http);
    made.cors = properties.get("CorsConfiguration").and_then(cors);
    domain::declare(&mut made, properties);
    stage_settings(&mut made, properties);
    // Its one stage has no resource of its own.
    stage_rates(writer.rates(), name, Some(name), properties);
    writer.add_api(made);
}

/// What a stage sets, but for its rates.
pub(crate) fn stage_settings(api: &mut Api, properties: &Node) {
    api.access_log = api.access_log.take().or_else(|| properties.get("AccessLogSettings").and_then(is_set));
    let settings = properties.get("DefaultRouteSettings");
    let trace = settings.and_then(|settings| settings.get("DataTraceEnabled"));
    api.data_trace = api.data_trace.take().or_else(|| trace.map(super::value::switch));
}

/// The rates of a stage: those of single routes, and the one of all others.
pub(crate) fn stage_rates(rates: &mut Rates, api: &Name, resource: Option<&Name>, properties: &Node) {
    let rate = |settings: &Node| settings.get("ThrottlingRateLimit").and_then(limits);
    let called = properties.get("StageName").map(|name| text(name).to_string()).unwrap_or_default();
    rates.stage(api, resource, &called, |stage| {
        if let Some(rate) = properties.get("DefaultRouteSettings").and_then(rate) {
            stage.all(rate);
        }
        for (key, settings) in properties.get("RouteSettings").map(Node::entries).unwrap_or_default() {
            if let Some(rate) = rate(settings) {
                stage.route(&key.text, rate);
            }
        }
    });
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::ApiGatewayV2::Api" => {
            if let Some(body) = body_of(writer, properties) {
                read(writer, &resource.name, &body, &Defaults::none());
            } else if properties.get("BodyS3Location").is_some() {
                writer.app.unknown(Some(&resource.name), resource.place, "its description is in a bucket");
            }
            quick_create(writer, resource);
        }
        "AWS::Serverless::HttpApi" => {
            let merged = sam::with_globals(writer.stack, "HttpApi", properties);
            let defaults = writer.defaults(&resource.name);
            if let (Some(defaults), Some(body)) = (defaults, body_of(writer, &merged)) {
                read(writer, &resource.name, &body, &defaults);
            }
        }
        "AWS::Serverless::WebSocketApi" => websocket(writer, resource),
        "AWS::ApiGatewayV2::Authorizer" => v2_authorizer(writer, resource),
        "AWS::ApiGatewayV2::Route" => route(writer, resource),
        "AWS::ApiGatewayV2::Stage" => {
            if let Some(Known::Value(name)) =
                Writer::text_at(resource, "ApiId").map(|text| writer.api_of(&text))
            {
                stage_rates(writer.rates(), &name, Some(&resource.name), properties);
                if let Some(api) = writer.api(&name) {
                    stage_settings(api, properties);
                }
            }
        }
        _ => {}
    }
}

/// An interface that names its function itself has one route for everything.
fn quick_create(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let Some(target) = Writer::text_at(resource, "Target") else { return };
    // It has a stage of its own, which sets nothing.
    writer.rates().stage(&resource.name, None, "$default", |_| {});
    let key = resource.properties.get("RouteKey").and_then(Node::as_str).unwrap_or("$default");
    let (method, path) = split_key(key);
    writer.add_route(Route {
        api: Known::Value(resource.name.clone()),
        place: resource.place,
        method: Known::Value(method),
        path: Known::Value(path),
        target: writer.function_of(&target),
        access: Setting::new(resource.place, Access::Anyone),
        api_key: false,
        scopes: Vec::new(),
        acts_as: None,
        does: None,
        rate: None,
    });
}

/// `GET /x` is a method and a path; `$default` takes everything that no other route takes.
pub(crate) fn split_key(key: &str) -> (String, String) {
    match key.split_once(' ') {
        Some((method, path)) => (method.to_ascii_uppercase(), path.trim().to_owned()),
        None => ("ANY".to_owned(), key.to_owned()),
    }
}

fn v2_authorizer(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    if str_at(properties, "AuthorizerType") != Some("JWT") {
        return authorizer(writer, resource);
    }
    let configuration = properties.get("JwtConfiguration");
    let kind = AuthorizerKind::Jwt {
        issuer: configuration
            .and_then(|node| node.get("Issuer"))
            .map_or_else(|| Text::unknown("no issuer is written", resource.place), text),
        audience: configuration.map(|node| super::value::texts_at(node, "Audience")).unwrap_or_default(),
    };
    if let Some(authorizer) = writer.authorizer(&resource.name) {
        authorizer.kind = kind;
    }
}

fn route(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let api = Writer::text_at(resource, "ApiId")
        .map_or_else(|| Known::Unknown("it names no interface".to_owned()), |text| writer.api_of(&text));
    let websocket =
        api.value().and_then(|name| writer.api(name)).is_some_and(|api| api.kind == ApiKind::Websocket);
    let key = properties
        .get("RouteKey")
        .map_or_else(|| Known::Unknown("it has no key".to_owned()), |node| string(node).value);
    let (method, path) = match (&key, websocket) {
        (Known::Value(key), true) => (Known::Value(key.clone()), Known::Value(String::new())),
        (Known::Value(key), false) => {
            let (method, path) = split_key(key);
            (Known::Value(method), Known::Value(path))
        }
        (Known::Unknown(why), _) => (Known::Unknown(why.clone()), Known::Unknown(why.clone())),
    };
    let integration = integration_of(writer, resource).map(|integration| &integration.properties);
    let acts_as = super::role::acting(writer, integration);
    writer.add_route(Route {
        api,
        place: resource.place,
        method,
        path,
        target: integration_target(writer, resource),
        access: access(writer, properties, resource.place),
        api_key: truth_at(properties, "ApiKeyRequired", false).is(&true),
        scopes: scopes(properties),
        acts_as,
        does: None,
        rate: None,
    });
}

fn integration_of<'a>(writer: &Writer<'a, '_>, resource: &Resource) -> Option<&'a Resource> {
    Writer::text_at(resource, "Target")?.references().find_map(|name| writer.resource(name))
}

/// A route names its integration, which names the function.
fn integration_target(writer: &Writer<'_, '_>, resource: &Resource) -> Known<Name> {
    let Some(target) = Writer::text_at(resource, "Target") else {
        return Known::Unknown("it names no integration".to_owned());
    };
    match integration_of(writer, resource) {
        Some(integration) => target_of(writer, &integration.properties),
        None => Known::Unknown(format!("`{target}` is not among these files")),
    }
}

/// SAM's websockets: who connects is asked once, at `$connect`.
fn websocket(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = sam::with_globals(writer.stack, "WebSocketApi", &resource.properties);
    let auth = properties.get("Auth");
    let connect = match auth.map(|auth| (auth, str_at(auth, "AuthType"))) {
        Some((auth, Some("AWS_IAM"))) => Setting::new(auth.place, Access::Iam),
        Some((auth, Some("CUSTOM"))) => {
            let function = auth.get("AuthArn").map(text).map(|text| writer.function_of(&text));
            let function = function.unwrap_or_else(|| Known::Unknown("it names no function".to_owned()));
            let kind = AuthorizerKind::Function(function);
            let name = add_authorizer(
                writer,
                &resource.name,
                &format!("{}ConnectAuthorizer", resource.name),
                auth.place,
                kind,
            );
            Setting::new(auth.place, Access::Authorizer(name))
        }
        Some((auth, None)) if auth.why_open().is_some() => {
            Setting::unknown(auth.place, auth.why_open().unwrap_or_default())
        }
        Some((auth, _)) => Setting::new(auth.place, Access::Anyone),
        None => Setting::new(resource.place, Access::Anyone),
    };
    for (key, node) in properties.get("Routes").map(Node::entries).unwrap_or_default() {
        let function = ["FunctionArn", "FunctionName"].iter().find_map(|name| node.get(name));
        let access = match key.text.as_str() {
            "$connect" => connect.clone(),
            _ => Setting::new(key.place, Access::Anyone),
        };
        let target = match function {
            Some(function) => writer.function_of(&text(function)),
            None => Known::Unknown("it names no function".to_owned()),
        };
        writer.add_route(Route {
            api: Known::Value(resource.name.clone()),
            place: key.place,
            method: Known::Value(key.text.clone()),
            path: Known::Value(String::new()),
            target,
            access,
            api_key: truth_at(node, "ApiKeyRequired", false).is(&true),
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        });
    }
}
