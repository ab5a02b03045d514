//! A service as its file describes it, with variables resolved, and what the framework calls the things that it makes of it.
//!
//! Invariants: variables are resolved once, here; logical ids are the framework's own. Not here: what the parts mean (`functions`,
//! `roles`, `interfaces`, `events`).

use std::collections::BTreeMap;

use super::resolve::Resolver;
use super::text::Names;
use crate::document::{Key, Node, NodeKind};
use crate::graph::{App, OtherResource};
use crate::known::{Name, Text};
use crate::source::{Place, SourceTree};

/// A service.
pub(super) struct Service {
    /// Its folder.
    pub(super) folder: String,
    /// Its name, as far as it is known.
    pub(super) name: String,
    /// Its stage.
    pub(super) stage: String,
    /// `provider:`.
    pub(super) provider: Node,
    /// `functions:`, one after the other.
    pub(super) functions: Vec<Declared>,
    /// Where a function is among them, by what the file calls it.
    by_key: BTreeMap<String, usize>,
    /// `resources:`, one after the other.
    pub(super) resources: Vec<Node>,
    /// `package:`.
    pub(super) package: Option<Node>,
    /// The parts of `custom:` that plugins read.
    pub(super) custom: Vec<(&'static str, Node)>,
    /// Names of plugins.
    pub(super) plugins: Vec<String>,
    /// What names of the generated template stand for.
    pub(super) names: Names,
    /// Variables that `.env` files put into every function.
    pub(super) dotenv: Vec<(String, Text)>,
}

/// A function as it is declared.
pub(super) struct Declared {
    /// What the file calls it.
    pub(super) key: Key,
    /// What the graph calls it.
    pub(super) name: Name,
    /// Its settings.
    pub(super) node: Node,
}

/// Functions that are read; a stack of the provider holds 500 resources.
const MAX_FUNCTIONS: usize = 2_000;

/// Parts of `custom:` that say something about the graph.
const CUSTOM: [&str; 6] = [
    "serverless-iam-roles-per-function",
    "dotenv",
    "customDomain",
    "associateWaf",
    "apiGatewayThrottling",
    "wafArn",
];

impl Service {
    /// Resolves a service.
    pub(super) fn new(tree: &SourceTree, folder: &str, root: &Node, app: &mut App) -> Self {
        let plugins = plugins(root);
        let mut resolver = Resolver::new(tree, folder, root);
        let everyone = super::dotenv::load(&mut resolver, root, &plugins);
        let name = resolver.section(&["service"]).map(|node| node.get("name").cloned().unwrap_or(node));
        let stage = resolver.stage(root.place).as_scalar().unwrap_or_else(|| "dev".to_owned());
        let provider = resolver.section(&["provider"]);
        let functions = resolver.section(&["functions"]);
        let resources = resolver.section(&["resources"]);
        let mut service = Self {
            folder: folder.to_owned(),
            name: name.and_then(|name| name.as_scalar()).unwrap_or_default(),
            stage,
            provider: provider.unwrap_or(Node { place: root.place, kind: NodeKind::Null }),
            functions: Vec::new(),
            by_key: BTreeMap::new(),
            resources: resources.map(|node| node.one_or_many().to_vec()).unwrap_or_default(),
            package: resolver.section(&["package"]),
            custom: CUSTOM
                .iter()
                .filter_map(|key| Some((*key, resolver.section(&["custom", key])?)))
                .collect(),
            plugins,
            names: Names::default(),
            dotenv: everyone,
        };
        service.name_resources(app);
        service.name_layers(root.get("layers"), app);
        if let Some(functions) = functions {
            service.take_functions(&functions, app);
        }
        service
    }

    /// A part of `custom:`.
    pub(super) fn custom(&self, key: &str) -> Option<&Node> {
        self.custom.iter().find(|(found, _)| *found == key).map(|(_, node)| node)
    }

    /// Whether a plugin is used whose name holds one of some words.
    pub(super) fn has_plugin(&self, words: &[&str]) -> bool {
        self.plugins.iter().any(|plugin| words.iter().any(|word| plugin.contains(word)))
    }

    /// A setting of a function, or the provider's for all of them.
    pub(super) fn setting<'s>(&'s self, function: &'s Node, key: &str) -> Option<&'s Node> {
        let written = |node: &&Node| node.kind != NodeKind::Null;
        function.get(key).filter(written).or_else(|| self.provider.get(key).filter(written))
    }

    /// The function that a file calls so.
    pub(super) fn function(&self, key: &str) -> Option<&Declared> {
        self.functions.get(*self.by_key.get(key)?)
    }

    /// The physical name that a function gets.
    pub(super) fn physical(&self, function: &Declared) -> String {
        let written = function.node.get("name").and_then(Node::as_scalar);
        written.unwrap_or_else(|| format!("{}-{}-{}", self.name, self.stage, function.key.text))
    }

    /// What references may name: resources, parameters, and what the framework makes in every service.
    fn name_resources(&mut self, app: &mut App) {
        for made in [
            "ServerlessDeploymentBucket",
            "IamRoleLambdaExecution",
            "ApiGatewayRestApi",
            "HttpApi",
            "WebsocketsApi",
        ] {
            self.names.add(made, &Name::from(made));
        }
        let resources = std::mem::take(&mut self.resources);
        for part in &resources {
            if let Some(why) = part.why_open() {
                app.unknown(None, part.place, format!("a part of `resources` is not known: {why}"));
            }
            for (key, resource) in part.get("Resources").unwrap_or(part).entries() {
                let kind = resource.get("Type").and_then(Node::as_str).unwrap_or_default();
                if !kind.is_empty() {
                    self.names.add_resource(&key.text, kind);
                }
            }
            for (key, _) in part.get("Parameters").map(Node::entries).unwrap_or_default() {
                self.names.add_parameter(&key.text);
            }
        }
        self.resources = resources;
    }

    /// Layers that the service makes.
    fn name_layers(&mut self, layers: Option<&Node>, app: &mut App) {
        for (key, _) in layers.map(Node::entries).unwrap_or_default() {
            let name = Name::from(format!("{}LambdaLayer", upper(&key.text)));
            self.names.add(name.as_str(), &name);
            app.others.push(OtherResource {
                name,
                place: key.place,
                kind: "AWS::Lambda::LayerVersion".to_owned(),
            });
        }
    }

    /// Functions, written as a map or as a list of maps.
    fn take_functions(&mut self, node: &Node, app: &mut App) {
        for part in node.one_or_many() {
            if let Some(why) = part.why_open() {
                app.unknown(None, part.place, format!("functions are not known: {why}"));
            }
            for (key, function) in part.entries() {
                if function.kind == NodeKind::Null || self.function(&key.text).is_some() {
                    continue;
                }
                if self.functions.len() == MAX_FUNCTIONS {
                    app.unknown(None, key.place, format!("only {MAX_FUNCTIONS} functions are read"));
                    return;
                }
                let logical = format!("{}LambdaFunction", normal(&key.text));
                // A resource may have the same name; within an app a name is unique.
                let taken = self.names.kind(&key.text).is_some();
                let name = Name::from(if taken { logical.as_str() } else { key.text.as_str() });
                self.names.add(logical, &name);
                self.by_key.insert(key.text.clone(), self.functions.len());
                self.functions.push(Declared { key: key.clone(), name, node: function.clone() });
            }
        }
    }

    /// Where the service as a whole is declared.
    pub(super) fn place(&self) -> Place {
        self.provider.place
    }
}

/// Names of plugins; both ways of writing them.
fn plugins(root: &Node) -> Vec<String> {
    let Some(node) = root.get("plugins") else { return Vec::new() };
    let list = node.get("modules").unwrap_or(node).items().iter();
    list.filter_map(|plugin| {
        // Version 4 allows `- serverless-offline: {…}` beside `- serverless-offline`.
        plugin.as_scalar().or_else(|| plugin.entries().first().map(|(key, _)| key.text.clone()))
    })
    .collect()
}

/// A function's name as logical ids have it.
pub(super) fn normal(name: &str) -> String {
    upper(&name.replace('-', "Dash").replace('_', "Underscore"))
}

/// Letters and digits only, as the names of buckets and topics become logical ids.
pub(super) fn alphanumeric(name: &str) -> String {
    upper(&name.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

fn upper(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
