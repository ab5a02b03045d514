//! GraphQL interfaces (AppSync): what they ask for, and the functions that answer.
//!
//! Invariant: an interface with an API key as its only way to ask is `Anyone` with a key. Not here: schemas, whose directives may ask for
//! more.

use super::function::is_set;
use super::stack::Resource;
use super::value::{str_at, switch, text};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::{Access, Api, ApiKind, Endpoint, Route};
use crate::known::{Known, Setting};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let known = matches!(resource.kind.as_str(), "AWS::AppSync::GraphQLApi" | "AWS::Serverless::GraphQLApi");
    if !known || resource.deployed.is(&false) {
        return false;
    }
    let properties = &resource.properties;
    let endpoint = match str_at(properties, "Visibility") {
        Some("PRIVATE") => Endpoint::Private,
        _ => Endpoint::Public,
    };
    writer.add_api(Api {
        name: resource.name.clone(),
        place: resource.place,
        kind: ApiKind::GraphQl,
        endpoint: Setting::new(resource.place, endpoint),
        policy: Vec::new(),
        cors: None,
        access_log: properties.get("LogConfig").or_else(|| properties.get("Logging")).and_then(is_set),
        throttled: None,
        data_trace: None,
        minimum_tls: None,
        tracing: properties.get("XrayEnabled").map(switch),
        firewall: None,
    });
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::AppSync::DataSource" => {
            let function = properties.at(&["LambdaConfig", "LambdaFunctionArn"]);
            let api = Writer::text_at(resource, "ApiId").map(|text| writer.api_of(&text));
            let (Some(function), Some(api)) = (function, api) else { return };
            route(writer, resource, function, api, "POST");
        }
        "AWS::Serverless::GraphQLApi" => {
            let sources = properties.at(&["DataSources", "Lambda"]).map(Node::entries).unwrap_or_default();
            for (_, source) in sources {
                if let Some(function) = source.get("FunctionArn") {
                    route(writer, resource, function, Known::Value(resource.name.clone()), "POST");
                }
            }
        }
        _ => {}
    }
}

fn route(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    function: &Node,
    api: Known<crate::known::Name>,
    method: &str,
) {
    let owner = api.value().and_then(|name| writer.resource(name));
    let asked = owner.map(|owner| asked(&owner.properties));
    let (access, api_key) = asked.unwrap_or_else(|| {
        (Setting::unknown(resource.place, "its interface is not among these files"), false)
    });
    let target = writer.function_of(&text(function));
    writer.add_route(Route {
        api,
        place: resource.place,
        method: Known::Value(method.to_owned()),
        path: Known::Value("/graphql".to_owned()),
        target,
        access,
        api_key,
        scopes: Vec::new(),
    });
}

fn asked(properties: &Node) -> (Setting<Access>, bool) {
    let node = ["AuthenticationType"]
        .iter()
        .find_map(|key| properties.get(key))
        .or_else(|| properties.at(&["Auth", "Type"]));
    let Some(node) = node else {
        return (Setting::unknown(properties.place, "it does not say whom it asks"), false);
    };
    match node.as_str() {
        Some("API_KEY") => (Setting::new(node.place, Access::Anyone), true),
        Some("AWS_IAM") => (Setting::new(node.place, Access::Iam), false),
        Some(kind @ ("AMAZON_COGNITO_USER_POOLS" | "OPENID_CONNECT" | "AWS_LAMBDA")) => {
            (Setting::new(node.place, Access::Outside(format!("`{kind}` of the interface"))), false)
        }
        _ => (Setting::unknown(node.place, "whom it asks cannot be told"), false),
    }
}
