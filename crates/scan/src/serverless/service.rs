//! A service as its file describes it, with variables and CloudFormation's functions carried out.
//!
//! Owns: which parts of a service matter, and what the framework calls the things that it makes. Invariants: variables are resolved
//! once, here, before CloudFormation's functions are; logical ids are the framework's own. Not here: what the parts mean (`functions`,
//! `roles`, `interfaces`, `events`).

use std::collections::{BTreeMap, HashMap};

use super::constructs::{self, Made};
use super::resolve::Resolver;
use crate::cloudformation::{Declared as Resource, Stack};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{App, Origin, Statement};
use crate::known::{Name, Text};
use crate::source::{FileId, Place, SourceTree};

/// Functions that are read; a stack of the provider holds 500 resources.
const MAX_FUNCTIONS: usize = 2_000;

/// Parts of `custom:` that say something about the graph.
const CUSTOM: [&str; 10] = [
    "serverless-iam-roles-per-function",
    "dotenv",
    "customDomain",
    "customDomains",
    "associateWaf",
    "apiGatewayThrottling",
    "wafArn",
    "apiGatewayServiceProxies",
    "appSync",
    "openApiIntegration",
];

/// What the framework itself knows at the top of a service.
const SECTIONS: [&str; 21] = [
    "service",
    "app",
    "org",
    "tenant",
    "frameworkVersion",
    "configValidationMode",
    "useDotenv",
    "provider",
    "plugins",
    "custom",
    "functions",
    "resources",
    "package",
    "layers",
    "params",
    "stages",
    "outputs",
    "build",
    "disabledDeprecations",
    "variablesResolutionMode",
    "licenseKey",
];

/// What the framework makes in every service that needs it, with its type.
const MADE: [(&str, &str, &[&[&str]]); 5] = [
    ("ServerlessDeploymentBucket", "AWS::S3::Bucket", &[]),
    ("IamRoleLambdaExecution", "AWS::IAM::Role", &[&["role"], &["iam", "role"]]),
    ("ApiGatewayRestApi", "AWS::ApiGateway::RestApi", &[&["apiGateway", "restApiId"]]),
    ("HttpApi", "AWS::ApiGatewayV2::Api", &[&["httpApi", "id"]]),
    ("WebsocketsApi", "AWS::ApiGatewayV2::Api", &[&["apiGateway", "websocketApiId"]]),
];

/// The parts of a service, with the framework's own variables replaced.
pub(super) struct Parts {
    name: String,
    stage: String,
    provider: Node,
    functions: Vec<(Key, Node)>,
    package: Option<Node>,
    custom: Vec<(&'static str, Node)>,
    plugins: Vec<String>,
    dotenv: Vec<(String, Text)>,
    /// The CloudFormation part, as one template.
    pub(super) template: Node,
    /// What the template may refer to beside its own resources.
    pub(super) own: BTreeMap<String, Resource>,
    /// Parts that the framework does not know: plugins read them.
    pub(super) extra: Vec<(Key, Node)>,
    /// What the plugin serverless-lift makes.
    pub(super) constructs: Made,
    /// The files that variables were read from.
    pub(super) included: Vec<FileId>,
}

impl Parts {
    /// Everything in which functions of CloudFormation may stand.
    pub(super) fn all(&self) -> impl Iterator<Item = &Node> {
        let functions = self.functions.iter().map(|(_, function)| function);
        let custom = self.custom.iter().map(|(_, part)| part);
        [&self.provider, &self.template].into_iter().chain(functions).chain(custom)
    }

    /// The stage for which they were resolved.
    pub(super) fn stage(&self) -> &str {
        &self.stage
    }

    /// Resolves the variables of a service.
    pub(super) fn new(
        tree: &SourceTree,
        folder: &str,
        root: &Node,
        named_stage: Option<&str>,
        app: &mut App,
    ) -> Self {
        let plugins = plugins(root);
        let mut resolver = Resolver::new(tree, folder, root);
        resolver.named_stage = named_stage.map(str::to_owned);
        let dotenv = super::dotenv::load(&mut resolver, root, &plugins);
        let name = resolver.section(&["service"]).map(|node| node.get("name").cloned().unwrap_or(node));
        let stage = resolver.stage(root.place).as_scalar().unwrap_or_else(|| "dev".to_owned());
        let provider = resolver.section(&["provider"]);
        let mut functions =
            resolver.section(&["functions"]).map(|node| listed(&node, app)).unwrap_or_default();
        let mut made = constructs::read(&mut resolver, &plugins);
        functions.append(&mut made.functions);
        let mut template = template(resolver.section(&["resources"]), root.place, app);
        declare(&mut template, std::mem::take(&mut made.resources));
        let mut parts = Self {
            name: name.and_then(|name| name.as_scalar()).unwrap_or_default(),
            stage,
            provider: provider.unwrap_or(Node { place: root.place, kind: NodeKind::Null }),
            functions,
            package: resolver.section(&["package"]),
            custom: CUSTOM
                .iter()
                .filter_map(|key| Some((*key, resolver.section(&["custom", key])?)))
                .collect(),
            plugins,
            dotenv,
            template,
            own: BTreeMap::new(),
            constructs: made,
            extra: extra(root, &mut resolver),
            included: resolver.files.keys().filter_map(|path| tree.find(path)).collect(),
        };
        parts.name_things(root);
        parts
    }

    /// What references may name beside the template's own resources.
    fn name_things(&mut self, root: &Node) {
        let mut add = |logical: String, name: &str, kind: &str| {
            self.own.insert(logical, Resource { name: Name::from(name), kind: kind.to_owned() });
        };
        let described = ids(&self.template);
        for (logical, kind, instead) in MADE {
            // Where another one takes its place, what has its name is of the service's own.
            let replaced = instead.iter().any(|path| self.provider.at(path).is_some_and(names));
            if !(replaced && described.contains_key(logical)) {
                add(logical.to_owned(), logical, kind);
            }
        }
        for (key, function) in &self.functions {
            let logical = format!("{}LambdaFunction", normal(&key.text));
            // A resource may have the same name; within an app a name is unique.
            let name = if described.contains_key(key.text.as_str()) { &logical } else { &key.text };
            let none = |url: &Node| matches!(url.kind, NodeKind::Null | NodeKind::Bool(false));
            if function.get("url").is_some_and(|url| !none(url)) {
                add(format!("{logical}Url"), name, "AWS::Lambda::Url");
            }
            add(format!("{}LogGroup", normal(&key.text)), name, "AWS::Logs::LogGroup");
            add(logical.clone(), name, "AWS::Lambda::Function");
            for event in function.get("events").map(Node::items).unwrap_or_default() {
                for (logical, kind) in stores(event) {
                    add(logical.clone(), &logical, kind);
                }
            }
        }
        for (key, _) in root.get("layers").map(Node::entries).unwrap_or_default() {
            let logical = format!("{}LambdaLayer", upper(&key.text));
            add(logical.clone(), &logical, "AWS::Lambda::LayerVersion");
        }
    }
}

/// A service that can be read.
pub(super) struct Service<'a> {
    /// Its name, as far as it is known.
    pub(super) name: &'a str,
    /// Its stage.
    pub(super) stage: &'a str,
    /// Its folder.
    pub(super) folder: &'a str,
    /// `provider:`.
    pub(super) provider: Node,
    /// `functions:`, one after the other.
    pub(super) functions: Vec<Declared>,
    /// `package:`.
    pub(super) package: Option<&'a Node>,
    /// Variables that `.env` files put into every function.
    pub(super) dotenv: &'a [(String, Text)],
    /// Its template, which says what references mean.
    pub(super) stack: &'a Stack<'a>,
    /// The resources that the template describes, with their types.
    described: BTreeMap<&'a str, &'a str>,
    /// Where a function is among them, by what the file calls it.
    by_key: BTreeMap<String, usize>,
    parts: &'a Parts,
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

impl<'a> Service<'a> {
    /// Carries out CloudFormation's functions in the parts of a service.
    pub(super) fn new(parts: &'a Parts, stack: &'a Stack<'a>, app: &mut App) -> Self {
        let settled =
            |node: &Node| stack.resolve(node).unwrap_or(Node { place: node.place, kind: NodeKind::Null });
        let mut service = Self {
            name: &parts.name,
            stage: &parts.stage,
            folder: stack.folder(),
            provider: settled(&parts.provider),
            functions: Vec::new(),
            package: parts.package.as_ref(),
            dotenv: &parts.dotenv,
            stack,
            described: ids(&parts.template),
            by_key: BTreeMap::new(),
            parts,
        };
        for (key, node) in &parts.functions {
            if service.by_key.contains_key(&key.text) {
                continue;
            }
            if service.functions.len() == MAX_FUNCTIONS {
                app.unknown(None, key.place, format!("only {MAX_FUNCTIONS} functions are read"));
                break;
            }
            let logical = format!("{}LambdaFunction", normal(&key.text));
            let named = parts.own.get(&logical).map(|found| found.name.clone());
            let name = named.unwrap_or_else(|| Name::from(key.text.as_str()));
            service.by_key.insert(key.text.clone(), service.functions.len());
            service.functions.push(Declared { key: key.clone(), name, node: settled(node) });
        }
        service
    }

    /// A part of `custom:`.
    pub(super) fn custom(&self, key: &str) -> Option<&'a Node> {
        self.parts.custom.iter().find(|(found, _)| *found == key).map(|(_, node)| node)
    }

    /// Whether a plugin is used whose name holds one of some words.
    pub(super) fn has_plugin(&self, words: &[&str]) -> bool {
        self.parts.plugins.iter().any(|plugin| words.iter().any(|word| plugin.contains(word)))
    }

    /// What constructs grant to the role that functions share: by the plugin, not by anybody's hand.
    pub(super) fn granted(&self) -> impl Iterator<Item = Statement> {
        let statements = self.parts.constructs.statements.iter().filter_map(|node| self.stack.resolve(node));
        statements
            .map(|node| Statement { origin: Origin::Framework, ..crate::cloudformation::statement(&node) })
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

    /// The type of a resource that the template describes.
    pub(super) fn described(&self, logical: &str) -> Option<&'a str> {
        self.described.get(logical).copied()
    }

    /// What the template says of a resource: the framework merges that into what it makes.
    pub(super) fn resource(&self, logical: &str) -> Option<&'a Node> {
        self.parts.template.at(&["Resources", logical])
    }

    /// Whether the framework makes what has this name.
    pub(super) fn makes(&self, logical: &str) -> bool {
        self.parts.own.contains_key(logical)
    }

    /// What a logical id stands for in the graph.
    pub(super) fn named(&self, logical: &str) -> Option<Name> {
        let own = self.parts.own.get(logical).map(|found| found.name.clone());
        own.or_else(|| self.described(logical).map(|_| Name::from(logical)))
    }

    /// The physical name that a function gets.
    pub(super) fn physical(&self, function: &Declared) -> String {
        let written =
            function.node.get("name").map(|name| crate::cloudformation::value::text(name).to_string());
        written.unwrap_or_else(|| format!("{}-{}-{}", self.name, self.stage, function.key.text))
    }

    /// Where the service as a whole is declared.
    pub(super) fn place(&self) -> Place {
        self.provider.place
    }
}

/// Parts that the framework does not know.
fn extra(root: &Node, resolver: &mut Resolver<'_>) -> Vec<(Key, Node)> {
    let unknown = root.entries().iter().filter(|(key, _)| !SECTIONS.contains(&key.text.as_str()));
    unknown.filter_map(|(key, _)| Some((key.clone(), resolver.section(&[&key.text])?))).collect()
}

/// Functions, written as a map or as a list of maps.
fn listed(node: &Node, app: &mut App) -> Vec<(Key, Node)> {
    let mut functions = Vec::new();
    for part in node.one_or_many() {
        if let Some(why) = part.why_open() {
            app.unknown(None, part.place, format!("functions are not known: {why}"));
        }
        let entries = part.entries().iter().filter(|(_, node)| node.kind != NodeKind::Null);
        functions.extend(entries.cloned());
    }
    functions
}

/// `resources:`, written as one template or as a list of them, as one.
fn template(resources: Option<Node>, place: Place, app: &mut App) -> Node {
    let mut sections: Vec<(Key, Vec<(Key, Node)>)> = Vec::new();
    // Where things are among those of their section.
    let mut known: HashMap<(usize, String), usize> = HashMap::new();
    let place = resources.as_ref().map_or(place, |node| node.place);
    for part in resources.as_ref().map(Node::one_or_many).unwrap_or_default() {
        if let Some(why) = part.why_open() {
            app.unknown(None, part.place, format!("a part of `resources` is not known: {why}"));
        }
        for (key, section) in part.entries() {
            for inner in section.one_or_many() {
                if let Some(why) = inner.why_open() {
                    app.unknown(None, inner.place, format!("a part of `resources` is not known: {why}"));
                }
                let at = sections.iter().position(|(found, _)| found.text == key.text);
                let at = at.unwrap_or_else(|| {
                    sections.push((key.clone(), Vec::new()));
                    sections.len() - 1
                });
                let Some((_, entries)) = sections.get_mut(at) else { continue };
                for (name, node) in inner.entries() {
                    match known.get(&(at, name.text.clone())).and_then(|at| entries.get_mut(*at)) {
                        Some((_, found)) => merge(found, node),
                        None => {
                            known.insert((at, name.text.clone()), entries.len());
                            entries.push((name.clone(), node.clone()));
                        }
                    }
                }
            }
        }
    }
    let section = |(key, entries): (Key, Vec<(Key, Node)>)| {
        let place = key.place;
        (key, Node { place, kind: NodeKind::Map(entries) })
    };
    Node { place, kind: NodeKind::Map(sections.into_iter().map(section).collect()) }
}

/// What two parts of a list say of one thing, as the framework merges them: maps by key, lists by position, everything else as it is said
/// last.
fn merge(into: &mut Node, more: &Node) {
    match (&mut into.kind, &more.kind) {
        (NodeKind::Map(entries), NodeKind::Map(others)) => {
            for (key, other) in others {
                match entries.iter_mut().find(|(found, _)| found.text == key.text) {
                    Some((_, found)) => merge(found, other),
                    None => entries.push((key.clone(), other.clone())),
                }
            }
        }
        (NodeKind::List(items), NodeKind::List(others)) => {
            for (item, other) in items.iter_mut().zip(others) {
                merge(item, other);
            }
            items.extend(others.iter().skip(items.len()).cloned());
        }
        _ => *into = more.clone(),
    }
}

/// Adds resources to a template.
fn declare(template: &mut Node, more: Vec<(Key, Node)>) {
    let NodeKind::Map(sections) = &mut template.kind else { return };
    let Some((first, _)) = more.first() else { return };
    let place = first.place;
    match sections.iter_mut().find(|(key, _)| key.text == "Resources") {
        Some((_, Node { kind: NodeKind::Map(entries), .. })) => entries.extend(more),
        _ => sections
            .push((Key { place, text: "Resources".to_owned() }, Node { place, kind: NodeKind::Map(more) })),
    }
}

/// The resources of a template, with their types.
fn ids(template: &Node) -> BTreeMap<&str, &str> {
    let resources = template.get("Resources").map(Node::entries).unwrap_or_default();
    let typed =
        resources.iter().filter_map(|(key, node)| Some((key.text.as_str(), node.get("Type")?.as_str()?)));
    typed.collect()
}

/// Whether a value names something, rather than describing it.
fn names(node: &Node) -> bool {
    let refers = |key: &Key| key.text == "Ref" || key.text.starts_with("Fn::");
    match &node.kind {
        NodeKind::Null => false,
        NodeKind::Map(entries) => matches!(entries.as_slice(), [(key, _)] if refers(key)),
        _ => true,
    }
}

/// Buckets and topics that the framework makes for an event.
fn stores(event: &Node) -> Vec<(String, &'static str)> {
    let mut made = Vec::new();
    let bucket =
        event.get("s3").and_then(|config| config.as_str().or_else(|| config.get("bucket")?.as_str()));
    if let Some(name) = bucket {
        made.push((format!("S3Bucket{}", alphanumeric(name)), "AWS::S3::Bucket"));
    }
    let topic =
        event.get("sns").and_then(|config| config.as_str().or_else(|| config.get("topicName")?.as_str()));
    if let Some(name) = topic.filter(|name| !name.contains(':')) {
        made.push((format!("SNSTopic{}", alphanumeric(name)), "AWS::SNS::Topic"));
    }
    made
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
