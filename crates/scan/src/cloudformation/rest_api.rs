//! REST APIs (API Gateway v1), plain and SAM's.
//!
//! Not here: SAM's events, which add routes (`event`), and descriptions in OpenAPI (`openapi`).

use super::domain;
use super::function::{is_set, limits};
use super::openapi;
use super::policy::statements;
use super::sam;
use super::sam::auth::Defaults;
use super::stack::Resource;
use super::value::{str_at, string, strings, switch, text, texts, texts_at, truth_at};
use super::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::graph::{Access, Api, ApiKind, Authorizer, AuthorizerKind, Endpoint, Route};
use crate::known::{Known, Name, Setting, Text};
use crate::rates::Rates;
use crate::source::Place;

/// How deep paths may be.
const MAX_SEGMENTS: usize = 64;

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    match resource.kind.as_str() {
        "AWS::ApiGateway::RestApi" if !resource.deployed.is(&false) => {
            let api = api(resource.name.clone(), resource.place, &resource.properties);
            writer.add_api(api);
        }
        "AWS::Serverless::Api" if !resource.deployed.is(&false) => {
            let properties = sam::with_globals(writer.stack, "Api", &resource.properties);
            declare_serverless(writer, &resource.name, resource.place, &properties);
        }
        "AWS::ApiGateway::Authorizer" if !resource.deployed.is(&false) => {
            let properties = &resource.properties;
            let api = properties.get("RestApiId").and_then(|node| text(node).references().next().cloned());
            // Whether its function is known shows only when all functions are declared.
            let kind = AuthorizerKind::Other("not read yet".to_owned());
            writer.add_authorizer(Authorizer {
                name: resource.name.clone(),
                place: resource.place,
                api,
                kind,
            });
        }
        _ => return false,
    }
    writer.note_condition(resource);
    true
}

/// An interface of SAM: the implicit one has no resource.
pub(super) fn declare_serverless(writer: &mut Writer<'_, '_>, name: &Name, place: Place, properties: &Node) {
    let mut api = api(name.clone(), place, properties);
    api.cors = properties.get("Cors").and_then(openapi::quoted_cors);
    stage_settings(&mut api, properties);
    stage_rates(writer.rates(), name, None, properties.get("StageName"), properties);
    if let Some(policy) = properties.at(&["Auth", "ResourcePolicy"]) {
        api.policy.extend(sam::auth::resource_policy(policy, None));
    }
    writer.add_api(api);
}

fn api(name: Name, place: Place, properties: &Node) -> Api {
    let endpoint = endpoint(properties).unwrap_or_else(|| Setting::new(place, Endpoint::Public));
    let policy =
        properties.get("Policy").filter(|node| !node.entries().is_empty() || node.why_open().is_some());
    let mut made = Api {
        endpoint,
        policy: policy.map(statements).unwrap_or_default(),
        ..Api::new(name, place, ApiKind::Rest)
    };
    domain::declare(&mut made, properties);
    made
}

fn endpoint(properties: &Node) -> Option<Setting<Endpoint>> {
    let node = properties.get("EndpointConfiguration")?;
    let kind = node.get("Types").or_else(|| node.get("Type")).unwrap_or(node);
    let words = strings(kind);
    let unknown = words.iter().find_map(|word| word.value.why());
    let private =
        words.iter().any(|word| word.known().is_some_and(|word| word.eq_ignore_ascii_case("private")));
    Some(match (private, unknown) {
        (true, _) => Setting::new(node.place, Endpoint::Private),
        (false, Some(why)) => Setting::unknown(node.place, why),
        (false, None) => Setting::new(node.place, Endpoint::Public),
    })
}

/// What a stage sets, in SAM's and the plain spelling.
pub(crate) fn stage_settings(api: &mut Api, properties: &Node) {
    let log = ["AccessLogSetting", "AccessLogSettings"].iter().find_map(|key| properties.get(key));
    api.access_log = api.access_log.take().or_else(|| log.and_then(is_set));
    api.tracing = api.tracing.take().or_else(|| properties.get("TracingEnabled").map(switch));
    for settings in properties.get("MethodSettings").map(Node::one_or_many).unwrap_or_default() {
        if let Some(trace) = settings.get("DataTraceEnabled") {
            api.data_trace = Some(switch(trace));
        }
    }
}

/// The rates of a stage: those of single methods, and the one of all others.
pub(crate) fn stage_rates(
    rates: &mut Rates,
    api: &Name,
    resource: Option<&Name>,
    called: Option<&Node>,
    said: &Node,
) {
    let called = called.map(|name| text(name).to_string()).unwrap_or_default();
    rates.stage(api, resource, &called, |stage| {
        // Descriptions of a deployment's stage have the one for all beside the others.
        if let Some(rate) = said.get("ThrottlingRateLimit").and_then(limits) {
            stage.all(rate);
        }
        for settings in said.get("MethodSettings").map(Node::one_or_many).unwrap_or_default() {
            let Some(rate) = settings.get("ThrottlingRateLimit").and_then(limits) else { continue };
            let word = |key: &str| settings.get(key).map(|node| string(node).value);
            match (word("HttpMethod"), word("ResourcePath")) {
                (None, None) => stage.all(rate),
                (Some(Known::Value(method)), Some(Known::Value(path))) => match (&*method, &*path) {
                    ("*", "*" | "/*") => stage.all(rate),
                    _ => stage.one(&method, &path, rate),
                },
                // It limits one method, and nobody knows which.
                _ => {
                    stage.some(Setting::unknown(settings.place, "which method a rate is for cannot be told"))
                }
            }
        }
    });
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::ApiGateway::RestApi" => {
            if let Some(body) = openapi::body_of(writer, properties) {
                openapi::read(writer, &resource.name, &body, &Defaults::none());
            } else if properties.get("BodyS3Location").is_some() {
                let why = "its description is in a bucket";
                writer.app.unknown(Some(&resource.name), resource.place, why);
            }
            if let Some(node) = properties.get("CloneFrom") {
                let why = "it is a copy of another interface, of which these files say nothing";
                writer.app.unknown(Some(&resource.name), node.place, why);
            }
        }
        "AWS::Serverless::Api" => {
            let merged = sam::with_globals(writer.stack, "Api", properties);
            let defaults = writer.defaults(&resource.name);
            if let (Some(defaults), Some(body)) = (defaults, openapi::body_of(writer, &merged)) {
                openapi::read(writer, &resource.name, &body, &defaults);
            }
        }
        "AWS::ApiGateway::Authorizer" => authorizer(writer, resource),
        "AWS::ApiGateway::Method" => method(writer, resource),
        "AWS::ApiGateway::Stage" => {
            with_api(writer, properties.get("RestApiId"), |api| stage_settings(api, properties));
            if let Some(api) = api_at(writer, properties.get("RestApiId")) {
                let called = properties.get("StageName");
                stage_rates(writer.rates(), &api, Some(&resource.name), called, properties);
            }
        }
        "AWS::ApiGateway::Deployment" => {
            let (called, said) = (properties.get("StageName"), properties.get("StageDescription"));
            if let Some(stage) = said {
                with_api(writer, properties.get("RestApiId"), |api| stage_settings(api, stage));
            }
            // Without a name of a stage it makes none.
            if let (Some(api), true) = (api_at(writer, properties.get("RestApiId")), called.is_some()) {
                stage_rates(writer.rates(), &api, None, called, said.unwrap_or(properties));
            }
        }
        "AWS::WAFv2::WebACLAssociation" | "AWS::WAFRegional::WebACLAssociation" => {
            let Some(arn) = Writer::text_at(resource, "ResourceArn") else { return };
            let Known::Value(api) = writer.api_of(&arn) else { return };
            let wall =
                Writer::text_at(resource, "WebACLArn").or_else(|| Writer::text_at(resource, "WebACLId"));
            let wall =
                wall.as_ref().and_then(|wall| wall.references().find_map(|name| writer.resource(name)));
            if wall.is_some_and(|wall| !counts_calls(&wall.properties)) {
                return;
            }
            // `…/restapis/${Api}/stages/${Stage}` or `…/stages/prod`
            let stage = arn.references().find(|name| {
                writer.resource(name).is_some_and(|found| found.kind == "AWS::ApiGateway::Stage")
            });
            let stage = stage.cloned();
            let written = arn.to_string();
            let called = written.rsplit_once("/stages/").map_or("", |(_, called)| called);
            writer.rates().wall(&api, stage.as_ref(), called, resource.place);
        }
        _ => {}
    }
}

/// Whether a firewall may turn away whoever calls too often: by a rule with a rate, by one of a group that says its own, or because it
/// turns away whom no rule lets in.
fn counts_calls(wall: &Node) -> bool {
    fn has_rate(node: &Node) -> bool {
        const RATES: [&str; 3] = ["RateBasedStatement", "RuleGroupReferenceStatement", "RuleId"];
        node.why_open().is_some()
            || node.entries().iter().any(|(key, value)| RATES.contains(&key.text.as_str()) || has_rate(value))
            || matches!(&node.kind, NodeKind::List(items) if items.iter().any(has_rate))
    }
    let blocks =
        wall.at(&["DefaultAction", "Block"]).is_some() || str_at(wall, "DefaultAction") == Some("BLOCK");
    let typed = wall.at(&["DefaultAction", "Type"]).and_then(Node::as_str) == Some("BLOCK");
    blocks || typed || wall.get("Rules").is_some_and(has_rate)
}

/// The interface of this app that a property names.
fn api_at(writer: &Writer<'_, '_>, node: Option<&Node>) -> Option<Name> {
    writer.api_of(&text(node?)).value().cloned()
}

fn with_api(writer: &mut Writer<'_, '_>, node: Option<&Node>, change: impl FnOnce(&mut Api)) {
    if let Some(api) = api_at(writer, node).and_then(|name| writer.api(&name)) {
        change(api);
    }
}

pub(super) fn authorizer(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let kind = match str_at(properties, "Type") {
        Some("COGNITO_USER_POOLS") => AuthorizerKind::UserPool(texts_at(properties, "ProviderARNs")),
        Some("JWT") => AuthorizerKind::Jwt {
            issuer: properties
                .at(&["JwtConfiguration", "Issuer"])
                .map_or_else(|| Text::unknown("no issuer is written", resource.place), text),
            audience: properties.at(&["JwtConfiguration", "Audience"]).map(texts).unwrap_or_default(),
        },
        _ => match properties.get("AuthorizerUri") {
            Some(uri) => AuthorizerKind::Function(writer.function_of(&text(uri))),
            None => AuthorizerKind::Other("an authorizer without a function".to_owned()),
        },
    };
    if let Some(authorizer) = writer.authorizer(&resource.name) {
        authorizer.kind = kind;
    }
}

fn method(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let integration = properties.get("Integration");
    let api = Writer::text_at(resource, "RestApiId")
        .map_or_else(|| Known::Unknown("it names no interface".to_owned()), |text| writer.api_of(&text));
    let is_mock = |node: &&Node| str_at(node, "Type").is_some_and(|kind| kind.eq_ignore_ascii_case("mock"));
    if let Some(mock) = integration.filter(is_mock) {
        openapi::preflight(writer, &api, mock);
        return;
    }
    let target = match integration {
        Some(node) => openapi::target_of(writer, node),
        None => Known::Unknown("it names no integration".to_owned()),
    };
    let acts_as = super::role::acting(writer, integration);
    let path = match Writer::text_at(resource, "ResourceId") {
        Some(text) => path_of(writer, &text),
        None => Known::Unknown("it names no path".to_owned()),
    };
    let method = properties.get("HttpMethod").map_or_else(
        || Known::Unknown("it names no method".to_owned()),
        |node| string(node).value.map(|word| word.to_ascii_uppercase()),
    );
    writer.add_route(Route {
        api,
        place: resource.place,
        method,
        path,
        target,
        access: access(writer, properties, resource.place),
        api_key: truth_at(properties, "ApiKeyRequired", false).is(&true),
        scopes: scopes(properties),
        acts_as,
        does: None,
        rate: None,
    });
}

pub(super) fn scopes(properties: &Node) -> Vec<String> {
    let list = properties.get("AuthorizationScopes").map(strings).unwrap_or_default();
    list.into_iter().filter_map(|scope| scope.known().cloned()).collect()
}

/// Who may use a method or route, by its `AuthorizationType`.
pub(super) fn access(writer: &Writer<'_, '_>, properties: &Node, place: Place) -> Setting<Access> {
    let Some(node) = properties.get("AuthorizationType") else {
        return Setting::new(place, Access::Anyone);
    };
    let word = match string(node).value {
        Known::Value(word) => word.to_ascii_uppercase(),
        Known::Unknown(why) => return Setting::unknown(node.place, why),
    };
    match word.as_str() {
        "NONE" => Setting::new(node.place, Access::Anyone),
        "AWS_IAM" => Setting::new(node.place, Access::Iam),
        "CUSTOM" | "COGNITO_USER_POOLS" | "JWT" => {
            let Some(id) = properties.get("AuthorizerId") else {
                return Setting::unknown(node.place, "it names no authorizer");
            };
            let named = text(id);
            let own = named.references().find(|name| writer.has_authorizer(name)).cloned();
            match (own, named.why_unknown()) {
                (Some(name), _) => Setting::new(id.place, Access::Authorizer(name)),
                (None, Some(why)) => Setting::unknown(id.place, why),
                (None, None) => Setting::new(id.place, Access::Outside(format!("the authorizer `{named}`"))),
            }
        }
        other => Setting::unknown(node.place, format!("`{other}` is no way to ask who calls")),
    }
}

/// The path of a `Resource`, from the root down.
fn path_of(writer: &Writer<'_, '_>, resource: &Text) -> Known<String> {
    let mut parts = Vec::new();
    let mut at = resource.clone();
    for _ in 0..MAX_SEGMENTS {
        let Some((name, attribute)) = at.as_reference() else {
            return Known::Unknown(format!("`{at}` is not among these files"));
        };
        if attribute.word() == "RootResourceId" {
            parts.reverse();
            return Known::Value(format!("/{}", parts.join("/")));
        }
        let properties = writer.resource(name).map(|resource| &resource.properties);
        let (part, parent) = (
            properties.and_then(|node| node.get("PathPart")).and_then(Node::as_scalar),
            properties.and_then(|node| node.get("ParentId")).map(text),
        );
        let (Some(part), Some(parent)) = (part, parent) else {
            return Known::Unknown(format!("the path of `{name}` is not among these files"));
        };
        parts.push(part);
        at = parent;
    }
    Known::Unknown("its path is too deep".to_owned())
}
