//! GraphQL interfaces (AppSync): what they ask for, and the functions that answer.
//!
//! Invariants: an interface with an API key as its only way to ask is `Anyone` with a key; where it takes a key beside other things, its schema
//! says for which fields, and a function counts by the fields that its source of data answers. Interfaces, sources, steps of pipelines and
//! resolvers may stand in several templates of an app: what they mean together is said when all are read. Not here: reading schemas (`schema`).

use std::collections::{BTreeMap, BTreeSet};

use super::function::is_set;
use super::stack::{Resource, Stack};
use super::value::{str_at, switch, text};
use super::writer::Writer;
use crate::document::Node;
use crate::facts;
use crate::graph::{Access, Api, ApiKind, App, Endpoint, Role, Route};
use crate::known::{Known, Name, Setting};
use crate::schema::{self, Field, Fields};

/// What is known of them while an app is read.
#[derive(Debug, Default)]
pub(super) struct GraphQl {
    /// What interfaces ask for where a field says nothing, and whether that is a key.
    asked: BTreeMap<Name, (Setting<Access>, bool)>,
    /// Those that take a key and something else.
    interfaces: BTreeMap<Name, Interface>,
    /// Sources of data by the name that they have within their interface.
    named: BTreeMap<(Name, String), Name>,
    /// Steps of pipelines with their sources.
    steps: BTreeMap<Name, Source>,
    resolvers: Vec<Resolver>,
    /// Routes of sources that a function answers, by their position.
    routes: Vec<(usize, Name, Name)>,
}

/// An interface that takes an API key and something else.
#[derive(Debug)]
struct Interface {
    /// Whether a key is what it asks for where a field says nothing.
    by_default: bool,
    /// Whether it cannot be told that it takes a key too.
    unsure: bool,
    /// The fields that say whom they ask; none where the schema is not in the files.
    fields: Option<Fields>,
}

/// What a resolver answers, and with what.
#[derive(Debug)]
struct Resolver {
    api: Name,
    /// None where it cannot be told.
    field: Option<Field>,
    /// Steps of a pipeline; of one that is named in some other way nothing is known.
    steps: Vec<Option<Name>>,
    source: Option<Source>,
}

/// A source of data, as something refers to it.
#[derive(Debug)]
enum Source {
    Resource(Name),
    /// By the name that it has within an interface.
    Called(Name, String),
}

impl GraphQl {
    /// Reads those of a template.
    pub(super) fn read(&mut self, stack: &Stack<'_>, resources: &[Resource]) {
        for resource in resources {
            let properties = &resource.properties;
            if is_interface(resource) {
                self.asked.insert(resource.name.clone(), asked(properties));
            }
            match resource.kind.as_str() {
                "AWS::AppSync::GraphQLApi" => {
                    let more = properties.get("AdditionalAuthenticationProviders");
                    let default = str_at(properties, "AuthenticationType");
                    self.interface(resource, default, more, "AuthenticationType");
                }
                "AWS::Serverless::GraphQLApi" => self.serverless(stack, resource),
                _ => {}
            }
        }
        let api_of = |resource: &Resource| Writer::text_at(resource, "ApiId")?.references().next().cloned();
        for resource in resources {
            let properties = &resource.properties;
            let Some(api) = api_of(resource) else { continue };
            // By reference, or by the name that it has within its interface.
            let source = || {
                let source = Writer::text_at(resource, "DataSourceName")?;
                let referred = source.references().next().cloned().map(Source::Resource);
                Some(referred.unwrap_or_else(|| Source::Called(api.clone(), source.to_string())))
            };
            match resource.kind.as_str() {
                "AWS::AppSync::GraphQLSchema" => {
                    if let Some(interface) = self.interfaces.get_mut(&api) {
                        interface.fields = schema_of(stack, properties, "Definition", "DefinitionS3Location");
                    }
                }
                "AWS::AppSync::DataSource" => {
                    if let Some(called) = Writer::text_at(resource, "Name") {
                        self.named.insert((api, called.to_string()), resource.name.clone());
                    }
                }
                "AWS::AppSync::FunctionConfiguration" => {
                    self.steps.extend(source().map(|source| (resource.name.clone(), source)));
                }
                "AWS::AppSync::Resolver" => {
                    let word = |key: &str| str_at(properties, key).map(str::to_owned);
                    let steps = properties.at(&["PipelineConfig", "Functions"]).map(Node::one_or_many);
                    let steps = steps.unwrap_or_default().iter();
                    let steps = steps.map(|step| text(step).references().next().cloned()).collect();
                    let (field, source) = (word("TypeName").zip(word("FieldName")), source());
                    self.resolvers.push(Resolver { api, field, steps, source });
                }
                _ => {}
            }
        }
    }

    /// Writes an interface down that takes an API key and something else.
    fn interface(&mut self, resource: &Resource, default: Option<&str>, more: Option<&Node>, key: &str) {
        let more = more.map(Node::one_or_many).unwrap_or_default();
        let by_default = default == Some("API_KEY");
        let too = more.iter().any(|one| str_at(one, key) == Some("API_KEY"));
        let unsure = !too && !by_default && more.iter().any(|one| str_at(one, key).is_none());
        if too || unsure || (by_default && !more.is_empty()) {
            self.interfaces.insert(resource.name.clone(), Interface { by_default, unsure, fields: None });
        }
    }

    /// An interface in SAM's spelling, with its resolvers.
    fn serverless(&mut self, stack: &Stack<'_>, resource: &Resource) {
        let properties = &resource.properties;
        let default = properties.at(&["Auth", "Type"]).and_then(Node::as_str);
        self.interface(resource, default, properties.at(&["Auth", "Additional"]), "Type");
        let Some(interface) = self.interfaces.get_mut(&resource.name) else { return };
        interface.fields = schema_of(stack, properties, "SchemaInline", "SchemaUri");
        let called = |name: &str| Source::Called(resource.name.clone(), name.to_owned());
        let resolvers = properties.get("Resolvers").map(Node::entries).unwrap_or_default();
        for (of, resolvers) in resolvers {
            for (key, resolver) in resolvers.entries() {
                let field = str_at(resolver, "FieldName").unwrap_or(&key.text);
                for step in resolver.get("Pipeline").map(Node::one_or_many).unwrap_or_default() {
                    let source =
                        properties.at(&["Functions", step.as_str().unwrap_or_default(), "DataSource"]);
                    let source = source.and_then(Node::as_str).map(called);
                    let field = Some((of.text.clone(), field.to_owned()));
                    self.resolvers.push(Resolver {
                        api: resource.name.clone(),
                        field,
                        steps: Vec::new(),
                        source,
                    });
                }
            }
        }
        for kind in ["Lambda", "DynamoDb"] {
            for (key, _) in properties.at(&["DataSources", kind]).map(Node::entries).unwrap_or_default() {
                let name = source_name(&resource.name, &key.text);
                self.named.insert((resource.name.clone(), key.text.clone()), name);
            }
        }
    }

    /// Says of the routes that were written what they mean.
    pub(super) fn set(&self, app: &mut App) {
        // Of each source the fields that it answers and a key opens.
        let mut opened: BTreeMap<&Name, BTreeSet<&Field>> = BTreeMap::new();
        // Interfaces of which a key opens a field that nobody knows what answers it.
        let mut untold: BTreeMap<&Name, String> = BTreeMap::new();
        for resolver in &self.resolvers {
            let Some(Interface { by_default, fields: Some(fields), .. }) = self.interfaces.get(&resolver.api)
            else {
                continue;
            };
            let (is_open, may_be) = match &resolver.field {
                Some(field) => (fields.opens(field, *by_default), false),
                None => (false, fields.opens_any(*by_default)),
            };
            let steps = resolver.steps.iter().map(|step| self.steps.get(step.as_ref()?));
            for source in steps.chain(resolver.source.iter().map(Some)) {
                match source.and_then(|source| self.source(source)) {
                    Some(source) => {
                        opened.entry(source).or_default().extend(resolver.field.iter().filter(|_| is_open));
                    }
                    None if is_open => {
                        let (of, field) = resolver.field.clone().unwrap_or_default();
                        let why =
                            format!("an API key opens `{of}.{field}`, and what answers that cannot be told");
                        untold.insert(&resolver.api, why);
                    }
                    None => {}
                }
            }
            if may_be {
                let why = "an API key opens fields, and which field a resolver answers cannot be told";
                untold.insert(&resolver.api, why.to_owned());
            }
        }
        for (at, api, source) in &self.routes {
            let (Some(route), Some(asked)) = (app.routes.get_mut(*at), self.asked.get(api)) else { continue };
            (route.access, route.api_key) = asked.clone();
            let Some(interface) = self.interfaces.get(api) else { continue };
            let place = route.access.place;
            let fields = opened.get(source);
            match (&interface.fields, fields.map(|fields| !fields.is_empty()), interface.by_default) {
                (None, ..) | (Some(_), Some(true), _) if interface.unsure => {
                    route.access = Setting::unknown(place, schema::UNTOLD_MODE);
                }
                (Some(_), Some(true), _) => {
                    (route.access, route.api_key) = (Setting::new(place, Access::Anyone), true);
                    route.path = Known::Value(format!("/graphql ({})", names(fields)));
                }
                (None, _, false) => route.access = Setting::unknown(place, schema::UNREAD),
                (Some(_), opened, by_default)
                    if untold.contains_key(api) && (opened.is_some() || !by_default) =>
                {
                    let why = untold.get(api).cloned().unwrap_or_default();
                    (route.access, route.api_key) = (Setting::unknown(place, why), false);
                }
                (Some(_), Some(false), true) => {
                    let asked = Access::Outside(schema::BY_DIRECTIVE.to_owned());
                    (route.access, route.api_key) = (Setting::new(place, asked), false);
                }
                // As the interface asks by default.
                _ => {}
            }
        }
    }

    fn source<'g>(&'g self, source: &'g Source) -> Option<&'g Name> {
        match source {
            Source::Resource(name) => Some(name),
            Source::Called(api, called) => self.named.get(&(api.clone(), called.clone())),
        }
    }
}

/// How many fields are named.
const NAMED_FIELDS: usize = 20;

/// Fields by their names: `Query.posts, Query.users`.
fn names(fields: Option<&BTreeSet<&Field>>) -> String {
    let all: Vec<String> = fields.into_iter().flatten().map(|(of, field)| format!("{of}.{field}")).collect();
    let more = if all.len() > NAMED_FIELDS {
        format!(" and {} more", all.len() - NAMED_FIELDS)
    } else {
        String::new()
    };
    format!("{}{more}", all.get(..NAMED_FIELDS).unwrap_or(&all).join(", "))
}

/// Sources of SAM's interfaces have no resource of their own.
fn source_name(api: &Name, called: &str) -> Name {
    Name::from(format!("{api}.{called}"))
}

/// The schema that stands in a property, or in the file that another one names.
fn schema_of(stack: &Stack<'_>, properties: &Node, inline: &str, file: &str) -> Option<Fields> {
    if let Some(text) = str_at(properties, inline) {
        return Some(Fields::of(text));
    }
    let path = stack.path(str_at(properties, file)?)?;
    let file = stack.files.file(stack.files.find(&path)?)?;
    Some(Fields::of(file.text()?))
}

fn is_interface(resource: &Resource) -> bool {
    matches!(resource.kind.as_str(), "AWS::AppSync::GraphQLApi" | "AWS::Serverless::GraphQLApi")
}

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    if !is_interface(resource) || resource.deployed.is(&false) {
        return false;
    }
    let properties = &resource.properties;
    let endpoint = match str_at(properties, "Visibility") {
        Some("PRIVATE") => Endpoint::Private,
        _ => Endpoint::Public,
    };
    writer.add_api(Api {
        endpoint: Setting::new(resource.place, endpoint),
        access_log: properties.get("LogConfig").or_else(|| properties.get("Logging")).and_then(is_set),
        tracing: properties.get("XrayEnabled").map(switch),
        ..Api::new(resource.name.clone(), resource.place, ApiKind::GraphQl)
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
            let Some(api) = api else { return };
            let Some(function) = function else { return of_itself(writer, resource, api) };
            let target = writer.function_of(&text(function));
            route(writer, resource, target, api, resource.name.clone());
        }
        "AWS::Serverless::GraphQLApi" => {
            let sources = properties.at(&["DataSources", "Lambda"]).map(Node::entries).unwrap_or_default();
            for (key, source) in sources {
                if let Some(function) = source.get("FunctionArn") {
                    let name = source_name(&resource.name, &key.text);
                    let function = writer.function_of(&text(function));
                    route(writer, resource, function, Known::Value(resource.name.clone()), name);
                }
            }
            let tables = properties.at(&["DataSources", "DynamoDb"]).map(Node::entries).unwrap_or_default();
            for (key, source) in tables {
                table(writer, resource, &key.text, source);
            }
        }
        _ => {}
    }
}

/// A table behind an interface in SAM's spelling, with the role that SAM makes for it where none is named.
fn table(writer: &mut Writer<'_, '_>, resource: &Resource, key: &str, source: &Node) {
    let name = source_name(&resource.name, key);
    let role = match source.get("ServiceRoleArn") {
        Some(role) => writer.role_of(&text(role)).value().cloned(),
        None => {
            let mut role = Role {
                name: name.clone(),
                place: source.place,
                statements: Vec::new(),
                managed: Vec::new(),
                trust: Vec::new(),
                boundary: None,
                implicit: true,
            };
            let asked = source.get("Permissions").map(Node::one_or_many).unwrap_or_default();
            for (word, policy) in [("Read", "DynamoDBReadPolicy"), ("Write", "DynamoDBWritePolicy")] {
                let gives =
                    asked.is_empty() || asked.iter().any(|one| one.as_str().is_none_or(|one| one == word));
                if let Some(fact) = facts::sam_template(policy).filter(|_| gives) {
                    role.statements.extend(fact.at(source.place, |_| source.get("TableName").map(text)));
                }
            }
            writer.add_role(role);
            Some(name.clone())
        }
    };
    let target = Known::Unknown("its source of data is no function (`AMAZON_DYNAMODB`)".to_owned());
    let does = schema::operation("AMAZON_DYNAMODB", key);
    if let Some(route) = route(writer, resource, target, Known::Value(resource.name.clone()), name) {
        (route.acts_as, route.does) = (role, does);
    }
}

/// A source that is no function: the interface does what resolvers say, with a role.
fn of_itself(writer: &mut Writer<'_, '_>, resource: &Resource, api: Known<Name>) {
    let Some(kind) = str_at(&resource.properties, "Type") else { return };
    let Some(does) = schema::operation(kind, resource.name.as_str()) else { return };
    let role = resource.properties.get("ServiceRoleArn");
    let role = role.and_then(|role| writer.role_of(&text(role)).value().cloned());
    let target = Known::Unknown(format!("its source of data is no function (`{kind}`)"));
    if let Some(route) = route(writer, resource, target, api, resource.name.clone()) {
        (route.acts_as, route.does) = (role, Some(does));
    }
}

fn route<'w>(
    writer: &'w mut Writer<'_, '_>,
    resource: &Resource,
    target: Known<Name>,
    api: Known<Name>,
    source: Name,
) -> Option<&'w mut Route> {
    let access = Setting::unknown(resource.place, "its interface is not among these files");
    if let Known::Value(api) = &api {
        let at = writer.app.routes.len();
        writer.graphql().routes.push((at, api.clone(), source));
    }
    writer.add_route(Route {
        api,
        place: resource.place,
        method: Known::Value("POST".to_owned()),
        path: Known::Value("/graphql".to_owned()),
        target,
        access,
        api_key: false,
        scopes: Vec::new(),
        acts_as: None,
        does: None,
        rate: None,
    });
    writer.app.routes.last_mut()
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
