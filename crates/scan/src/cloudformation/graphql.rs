//! GraphQL interfaces (AppSync): what they ask for, and the functions that answer.
//!
//! Invariant: an interface with an API key as its only way to ask is `Anyone` with a key. Not here: schemas, whose directives may ask for
//! more.

use std::collections::{BTreeMap, BTreeSet};

use super::function::is_set;
use super::stack::Resource;
use super::value::{str_at, switch, text};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::{Access, Api, ApiKind, Endpoint, Route};
use crate::known::{Known, Name, Setting};
use crate::schema;

/// What an API key opens of an interface that takes one beside what it asks for otherwise.
#[derive(Debug)]
pub(super) struct Keyed {
    /// The fields, each with its type; none where the schema is not in the files.
    fields: Option<BTreeSet<(String, String)>>,
    /// Sources of data that answer one of them.
    sources: BTreeSet<Name>,
}

impl Keyed {
    /// Those of a template.
    pub(super) fn of(resources: &[Resource]) -> BTreeMap<Name, Self> {
        let mut keyed = BTreeMap::new();
        let of_kind = |kind: &'static str| resources.iter().filter(move |resource| resource.kind == kind);
        for resource in of_kind("AWS::AppSync::GraphQLApi") {
            let more = resource.properties.get("AdditionalAuthenticationProviders");
            let more = more.map(Node::one_or_many).unwrap_or_default();
            if more.iter().any(|one| str_at(one, "AuthenticationType") == Some("API_KEY")) {
                keyed.insert(resource.name.clone(), Self { fields: None, sources: BTreeSet::new() });
            }
        }
        fn owner<'k>(keyed: &'k mut BTreeMap<Name, Keyed>, resource: &Resource) -> Option<&'k mut Keyed> {
            let api = Writer::text_at(resource, "ApiId")?;
            keyed.get_mut(api.references().next()?)
        }
        if keyed.is_empty() {
            return keyed;
        }
        for schema in of_kind("AWS::AppSync::GraphQLSchema") {
            if let (Some(owner), Some(text)) =
                (owner(&mut keyed, schema), str_at(&schema.properties, "Definition"))
            {
                owner.fields = Some(schema::opened_by_key(text));
            }
        }
        for resolver in of_kind("AWS::AppSync::Resolver") {
            let word = |key: &str| str_at(&resolver.properties, key).unwrap_or_default().to_owned();
            let field = (word("TypeName"), word("FieldName"));
            let source = Writer::text_at(resolver, "DataSourceName");
            let source = source.and_then(|source| source.references().next().cloned());
            if let (Some(owner), Some(source)) = (owner(&mut keyed, resolver), source)
                && owner.fields.as_ref().is_some_and(|fields| fields.contains(&field))
            {
                owner.sources.insert(source);
            }
        }
        keyed
    }

    /// Whether it opens something that this source of data answers.
    fn opens(&self, source: &Name) -> Known<bool> {
        match &self.fields {
            Some(_) => Known::Value(self.sources.contains(source)),
            None => Known::Unknown(schema::UNREAD.to_owned()),
        }
    }
}

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
            let keyed = api.value().and_then(|api| writer.keyed(api));
            let opened = keyed.map(|keyed| keyed.opens(&resource.name));
            route(writer, resource, function, api, opened);
        }
        "AWS::Serverless::GraphQLApi" => {
            let sources = properties.at(&["DataSources", "Lambda"]).map(Node::entries).unwrap_or_default();
            for (_, source) in sources {
                if let Some(function) = source.get("FunctionArn") {
                    route(writer, resource, function, Known::Value(resource.name.clone()), None);
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
    opened: Option<Known<bool>>,
) {
    let owner = api.value().and_then(|name| writer.resource(name));
    let asked = owner.map(|owner| asked(&owner.properties));
    let (access, api_key) = asked.unwrap_or_else(|| {
        (Setting::unknown(resource.place, "its interface is not among these files"), false)
    });
    let (access, api_key) = match opened {
        Some(Known::Value(true)) => (Setting::new(access.place, Access::Anyone), true),
        Some(Known::Unknown(why)) if !api_key => (Setting::unknown(access.place, why), false),
        _ => (access, api_key),
    };
    let target = writer.function_of(&text(function));
    writer.add_route(Route {
        api,
        place: resource.place,
        method: Known::Value("POST".to_owned()),
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
