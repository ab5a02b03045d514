//! Writes a template's things into the graph, and finds those that are there already.
//!
//! Invariant: looking a thing up takes the same time however many there are; names stay unique. Not here: what resources mean.

use std::collections::HashMap;
use std::rc::Rc;

use super::graphql::GraphQl;
use super::sam::auth::Defaults;
use super::stack::{Resource, Stack};
use super::value::{str_at, text};
use crate::document::{Node, NodeKind};
use crate::graph::{
    Api, App, Authorizer, Function, Network, OtherResource, Role, Route, Secret, Statement, Store, Trigger,
};
use crate::known::{Known, Name, Piece, Text};
use crate::rates::Rates;
use crate::source::Place;

/// What is in a graph, by name. The templates of one app share it: each finds what the others wrote, and nobody reads the graph anew.
#[derive(Default)]
pub(super) struct Index {
    functions: HashMap<Name, usize>,
    roles: HashMap<Name, usize>,
    stores: HashMap<Name, usize>,
    secrets: HashMap<Name, usize>,
    networks: HashMap<Name, usize>,
    apis: HashMap<Name, usize>,
    authorizers: HashMap<Name, usize>,
    /// Functions by the name that they will have.
    physical: HashMap<String, Name>,
    /// Stores by the name that they will have.
    physical_stores: HashMap<String, Name>,
    /// Rates of interfaces; they say what they mean when all templates are read.
    pub(super) rates: Rates,
    /// The same for GraphQL interfaces.
    pub(super) graphql: GraphQl,
}

/// A graph that is being written.
pub(super) struct Writer<'a, 's> {
    /// The template.
    pub(super) stack: &'a Stack<'s>,
    /// The graph.
    pub(super) app: &'a mut App,
    index: Index,
    /// What SAM's interfaces ask for where a route says nothing.
    defaults: HashMap<Name, Rc<Defaults>>,
    /// Properties of the template's resources, by name.
    properties: HashMap<Name, &'a Resource>,
    /// Managed policies by the name that they will have.
    policies: HashMap<String, Name>,
}

/// Adds what was written since; all of it the first time.
fn follow<T>(known: &mut HashMap<Name, usize>, items: &[T], name: impl Fn(&T) -> &Name) {
    for (at, item) in items.iter().enumerate().skip(known.len()) {
        known.insert(name(item).clone(), at);
    }
}

fn physical_name(store: &Store) -> Option<(String, Name)> {
    Some((written(store.physical.as_ref()?)?, store.name.clone()))
}

/// A name as it is put together: what two resources put together alike is the same name.
fn written(text: &Text) -> Option<String> {
    let empty = text.pieces.is_empty() || text.why_unknown().is_some();
    (!empty).then(|| text.to_string())
}

fn physical_function(function: &Function) -> Option<(String, Name)> {
    Some((function.physical.as_ref()?.as_literal()?.to_owned(), function.name.clone()))
}

impl Index {
    fn follow(&mut self, app: &App) {
        let functions = app.functions.iter().skip(self.functions.len());
        self.physical.extend(functions.filter_map(physical_function));
        self.physical_stores.extend(app.stores.iter().skip(self.stores.len()).filter_map(physical_name));
        follow(&mut self.functions, &app.functions, |function| &function.name);
        follow(&mut self.roles, &app.roles, |role| &role.name);
        follow(&mut self.stores, &app.stores, |store| &store.name);
        follow(&mut self.secrets, &app.secrets, |secret| &secret.name);
        follow(&mut self.networks, &app.networks, |network| &network.name);
        follow(&mut self.apis, &app.apis, |api| &api.name);
        follow(&mut self.authorizers, &app.authorizers, |authorizer| &authorizer.name);
    }
}

impl<'a, 's> Writer<'a, 's> {
    pub(super) fn new(stack: &'a Stack<'s>, app: &'a mut App, resources: &'a [Resource]) -> Self {
        let mut index = std::mem::take(&mut *stack.index.borrow_mut());
        index.follow(app);
        index.graphql.read(stack, resources);
        let mut policies = HashMap::new();
        for resource in resources {
            let called = resource.properties.get("ManagedPolicyName").and_then(|name| written(&text(name)));
            policies.extend(called.map(|called| (called, resource.name.clone())));
            if let ("AWS::Lambda::Function" | "AWS::Serverless::Function", Some(name)) =
                (resource.kind.as_str(), str_at(&resource.properties, "FunctionName"))
            {
                index.physical.insert(name.to_owned(), resource.name.clone());
            }
        }
        Self {
            index,
            defaults: HashMap::new(),
            properties: resources.iter().map(|resource| (resource.name.clone(), resource)).collect(),
            stack,
            app,
            policies,
        }
    }

    /// What is known of GraphQL interfaces.
    pub(super) fn graphql(&mut self) -> &mut GraphQl {
        &mut self.index.graphql
    }

    /// The managed policy of the template that an ARN names.
    pub(super) fn policy_called(&self, arn: &Text) -> Option<&Name> {
        let arn = written(arn)?;
        let (account, path) = arn.split_once(":policy/")?;
        let name = path.rsplit('/').next().unwrap_or(path);
        self.policies.get(name).filter(|_| !account.ends_with(":aws"))
    }

    /// Hands what is known of the graph on to the app's next template.
    pub(super) fn finish(self) {
        *self.stack.index.borrow_mut() = self.index;
    }

    /// Where rates of interfaces are gathered.
    pub(super) fn rates(&mut self) -> &mut Rates {
        &mut self.index.rates
    }

    /// A resource of the template by the graph's name.
    pub(super) fn resource(&self, name: &Name) -> Option<&'a Resource> {
        self.properties.get(name).copied()
    }

    pub(super) fn function(&mut self, name: &Name) -> Option<&mut Function> {
        self.index.functions.get(name).and_then(|at| self.app.functions.get_mut(*at))
    }

    pub(super) fn role(&mut self, name: &Name) -> Option<&mut Role> {
        self.index.roles.get(name).and_then(|at| self.app.roles.get_mut(*at))
    }

    pub(super) fn store(&mut self, name: &Name) -> Option<&mut Store> {
        self.index.stores.get(name).and_then(|at| self.app.stores.get_mut(*at))
    }

    pub(super) fn secret(&mut self, name: &Name) -> Option<&mut Secret> {
        self.index.secrets.get(name).and_then(|at| self.app.secrets.get_mut(*at))
    }

    pub(super) fn network(&mut self, name: &Name) -> Option<&mut Network> {
        self.index.networks.get(name).and_then(|at| self.app.networks.get_mut(*at))
    }

    pub(super) fn api(&mut self, name: &Name) -> Option<&mut Api> {
        self.index.apis.get(name).and_then(|at| self.app.apis.get_mut(*at))
    }

    pub(super) fn authorizer(&mut self, name: &Name) -> Option<&mut Authorizer> {
        self.index.authorizers.get(name).and_then(|at| self.app.authorizers.get_mut(*at))
    }

    pub(super) fn has_api(&self, name: &Name) -> bool {
        self.index.apis.contains_key(name)
    }

    pub(super) fn has_authorizer(&self, name: &Name) -> bool {
        self.index.authorizers.contains_key(name)
    }

    pub(super) fn defaults(&self, api: &Name) -> Option<Rc<Defaults>> {
        self.defaults.get(api).cloned()
    }

    pub(super) fn set_defaults(&mut self, api: Name, defaults: Defaults) {
        self.defaults.insert(api, Rc::new(defaults));
    }

    pub(super) fn add_function(&mut self, function: Function) {
        self.index.physical.extend(physical_function(&function));
        self.index.functions.insert(function.name.clone(), self.app.functions.len());
        self.app.functions.push(function);
    }

    pub(super) fn add_role(&mut self, role: Role) {
        self.index.roles.insert(role.name.clone(), self.app.roles.len());
        self.app.roles.push(role);
    }

    pub(super) fn add_store(&mut self, store: Store) {
        self.index.stores.insert(store.name.clone(), self.app.stores.len());
        self.index.physical_stores.extend(physical_name(&store));
        self.app.stores.push(store);
    }

    pub(super) fn add_secret(&mut self, secret: Secret) {
        self.index.secrets.insert(secret.name.clone(), self.app.secrets.len());
        self.app.secrets.push(secret);
    }

    pub(super) fn add_network(&mut self, network: Network) {
        self.index.networks.insert(network.name.clone(), self.app.networks.len());
        self.app.networks.push(network);
    }

    pub(super) fn add_api(&mut self, api: Api) {
        self.index.apis.insert(api.name.clone(), self.app.apis.len());
        self.app.apis.push(api);
    }

    pub(super) fn add_authorizer(&mut self, authorizer: Authorizer) {
        self.index.authorizers.insert(authorizer.name.clone(), self.app.authorizers.len());
        self.app.authorizers.push(authorizer);
    }

    pub(super) fn add_route(&mut self, route: Route) {
        self.app.routes.push(route);
    }

    pub(super) fn add_trigger(&mut self, trigger: Trigger) {
        self.app.triggers.push(trigger);
    }

    /// Keeps a resource that no part of the graph is for, and what it refers to.
    pub(super) fn other(&mut self, resource: &Resource) {
        self.app.others.push(OtherResource {
            name: resource.name.clone(),
            place: resource.place,
            kind: resource.kind.clone(),
        });
        if !quiet(&resource.kind) && !resource.deployed.is(&false) {
            self.mention(&resource.properties);
        }
    }

    /// Writes down that something may use what a value refers to.
    pub(super) fn mention(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Composed(pieces) => {
                for piece in pieces {
                    if let Piece::Of { node, .. } = piece {
                        self.app.mentioned.insert(node.clone());
                    }
                }
            }
            NodeKind::List(items) => items.iter().for_each(|item| self.mention(item)),
            NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| self.mention(value)),
            NodeKind::Tagged(_, inner) => self.mention(inner),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {}
        }
    }

    /// Outputs are for somebody outside, who may use what they speak of.
    pub(super) fn mention_outputs(&mut self) {
        for (_, output) in self.stack.document().get("Outputs").map(Node::entries).unwrap_or_default() {
            if let Some(value) = output.get("Value").and_then(|value| self.stack.resolve(value)) {
                self.mention(&value);
            }
        }
    }

    /// Writes down that a thing is there only under a condition that cannot be told.
    pub(super) fn note_condition(&mut self, resource: &Resource) {
        if let Some(why) = resource.deployed.why() {
            let why = format!("whether it is deployed: {why}");
            self.app.unknown(Some(&resource.name), resource.place, why);
        }
    }

    /// The function that a text leads to: a reference, an ARN around one, or a name.
    pub(super) fn function_of(&self, text: &Text) -> Known<Name> {
        if let Some(name) = text.references().find(|name| self.index.functions.contains_key(*name)) {
            return Known::Value(name.clone());
        }
        let literal: String = text
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.as_str(),
                _ => "_",
            })
            .collect();
        let tail = literal.split_once(":function:").map_or(literal.as_str(), |(_, tail)| tail);
        let name = tail.split([':', '/']).next().unwrap_or_default();
        match (self.index.physical.get(name), text.why_unknown()) {
            (Some(name), _) => Known::Value(name.clone()),
            (None, Some(why)) => Known::Unknown(why.to_owned()),
            (None, None) => Known::Unknown(format!("`{text}` is not among these files")),
        }
    }

    /// Which of the template's resources of a kind a text leads to.
    pub(super) fn role_of(&self, text: &Text) -> Known<Name> {
        self.among(&self.index.roles, text)
    }

    /// One that a nested stack is handed is declared by a template that is read later: [`settle`](super::settle) looks whether it is.
    pub(super) fn api_of(&self, text: &Text) -> Known<Name> {
        let handed = || text.references().next().filter(|name| self.stack.is_handed(name)).cloned();
        match self.among(&self.index.apis, text) {
            Known::Unknown(why) => handed().map_or(Known::Unknown(why), Known::Value),
            found => found,
        }
    }

    fn among(&self, names: &HashMap<Name, usize>, text: &Text) -> Known<Name> {
        if let Some(name) = text.references().find(|name| names.contains_key(*name)) {
            return Known::Value(name.clone());
        }
        match text.why_unknown() {
            Some(why) => Known::Unknown(why.to_owned()),
            None => Known::Unknown(format!("`{text}` is not among these files")),
        }
    }

    /// Adds statements to the resource policy of whatever a text leads to; writes down when that is nothing of this app.
    pub(super) fn add_policy(&mut self, target: &Text, statements: &[Statement], place: Place) {
        let names: Vec<Name> = target.references().cloned().collect();
        let by_name = written(target).and_then(|name| self.index.physical_stores.get(&name)).cloned();
        for name in names.iter().chain(&by_name) {
            let policy = if let Some(at) = self.index.stores.get(name) {
                self.app.stores.get_mut(*at).map(|store| &mut store.policy)
            } else if let Some(at) = self.index.secrets.get(name) {
                self.app.secrets.get_mut(*at).map(|secret| &mut secret.policy)
            } else if let Some(at) = self.index.functions.get(name) {
                self.app.functions.get_mut(*at).map(|function| &mut function.permissions)
            } else if let Some(at) = self.index.apis.get(name) {
                self.app.apis.get_mut(*at).map(|api| &mut api.policy)
            } else {
                None
            };
            if let Some(policy) = policy {
                policy.extend_from_slice(statements);
                return;
            }
        }
        self.app.unknown(None, place, format!("whose policy this is: `{target}` is not among these files"));
    }

    /// A value of a resource's properties as text.
    pub(super) fn text_at(resource: &Resource, key: &str) -> Option<Text> {
        resource.properties.get(key).map(text)
    }
}

/// Resources that refer to things without using them.
fn quiet(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::CloudWatch::Alarm"
            | "AWS::CloudWatch::Dashboard"
            | "AWS::CloudWatch::CompositeAlarm"
            | "AWS::CDK::Metadata"
            | "AWS::Lambda::Version"
            | "AWS::Lambda::Alias"
            | "AWS::Lambda::EventInvokeConfig"
            | "AWS::Lambda::LayerVersion"
            | "AWS::Lambda::LayerVersionPermission"
            | "AWS::Lambda::Permission"
            | "AWS::Lambda::Url"
            | "AWS::Logs::MetricFilter"
            | "AWS::Logs::SubscriptionFilter"
            | "AWS::IAM::Policy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::RolePolicy"
            | "AWS::ApplicationAutoScaling::ScalableTarget"
            | "AWS::ApplicationAutoScaling::ScalingPolicy"
            | "AWS::CodeDeploy::DeploymentGroup"
    ) || kind.starts_with("AWS::ApiGateway")
}
