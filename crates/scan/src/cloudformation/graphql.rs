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
        for resource in of_kind("AWS::Serverless::GraphQLApi") {
            keyed.extend(Self::of_serverless(&resource.properties).map(|it| (resource.name.clone(), it)));
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
        let of_api = |resource: &Resource| Writer::text_at(resource, "ApiId")?.references().next().cloned();
        let named = of_kind("AWS::AppSync::DataSource").filter_map(|source| {
            let called = str_at(&source.properties, "Name")?.to_owned();
            Some(((of_api(source), called), source.name.clone()))
        });
        let named: BTreeMap<(Option<Name>, String), Name> = named.collect();
        // By reference, or by the name that it has within its interface.
        let source_of = |resource: &Resource| {
            let source = Writer::text_at(resource, "DataSourceName")?;
            let called = || named.get(&(of_api(resource), source.as_literal()?.to_owned()));
            source.references().next().or_else(called).cloned()
        };
        let steps = of_kind("AWS::AppSync::FunctionConfiguration");
        let steps_sources: BTreeMap<&Name, Name> =
            steps.filter_map(|step| Some((&step.name, source_of(step)?))).collect();
        for resolver in of_kind("AWS::AppSync::Resolver") {
            let word = |key: &str| str_at(&resolver.properties, key).unwrap_or_default().to_owned();
            let field = (word("TypeName"), word("FieldName"));
            let Some(owner) = owner(&mut keyed, resolver).filter(|owner| owner.is_opened(&field)) else {
                continue;
            };
            let steps = resolver.properties.at(&["PipelineConfig", "Functions"]).map(Node::one_or_many);
            let steps =
                steps.unwrap_or_default().iter().filter_map(|step| text(step).references().next().cloned());
            owner.sources.extend(steps.filter_map(|step| steps_sources.get(&step).cloned()));
            owner.sources.extend(source_of(resolver));
        }
        keyed
    }

    /// That of an interface in SAM's spelling, where it takes an API key too.
    fn of_serverless(properties: &Node) -> Option<Self> {
        let more = properties.at(&["Auth", "Additional"])?.one_or_many();
        more.iter().find(|one| str_at(one, "Type") == Some("API_KEY"))?;
        let fields = str_at(properties, "SchemaInline").map(schema::opened_by_key);
        let mut keyed = Self { fields, sources: BTreeSet::new() };
        let resolvers = properties.get("Resolvers").map(Node::entries).unwrap_or_default();
        for (of, resolvers) in resolvers {
            for (key, resolver) in resolvers.entries() {
                let field = str_at(resolver, "FieldName").unwrap_or(&key.text);
                if !keyed.is_opened(&(of.text.clone(), field.to_owned())) {
                    continue;
                }
                for step in resolver.get("Pipeline").map(Node::one_or_many).unwrap_or_default() {
                    let source =
                        properties.at(&["Functions", step.as_str().unwrap_or_default(), "DataSource"]);
                    keyed.sources.extend(source.and_then(Node::as_str).map(Name::from));
                }
            }
        }
        Some(keyed)
    }

    /// Whether an API key opens a field of a type.
    fn is_opened(&self, field: &(String, String)) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.contains(field))
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
            for (key, source) in sources {
                if let Some(function) = source.get("FunctionArn") {
                    let keyed = writer.keyed(&resource.name);
                    let opened = keyed.map(|keyed| keyed.opens(&Name::from(key.text.as_str())));
                    route(writer, resource, function, Known::Value(resource.name.clone()), opened);
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
    api: Known<Name>,
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
        acts_as: None,
        rate: None,
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
