//! CloudFormation and AWS SAM: templates in YAML or JSON become one graph.
//!
//! Owns: which files are templates, and the order in which a template is read: first what it declares, then what joins those things.
//! Invariants: whatever cannot be resolved is left open with its reason; every resource is somewhere in the graph, so that no reference
//! dangles. Not here: what is wrong with the app (`rules`).

mod balancer;
mod choices;
mod condition;
mod domain;
mod expand;
mod exports;
mod function;
mod graphql;
pub(crate) mod http_api;
mod imports;
mod machine;
mod macros;
mod nested;
mod network;
mod openapi;
mod policy;
mod protocol;
mod resolve;
pub(crate) mod rest_api;
mod role;
mod sam;
mod secret;
mod stack;
mod store;
mod trigger;
pub(crate) mod value;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub(crate) use self::choices::is_stage;
pub use self::exports::Exports;
pub(crate) use self::imports::read as import;
pub use self::policy::{principals, statement, statements};
pub(crate) use self::role::{inline, provided};
pub use self::stack::{Declared, Stack};
use self::writer::Writer;
use crate::document::Node;
use crate::graph::{App, Framework, Unread, Variant, Written};
use crate::known::{Known, Name};
use crate::source::{FileId, Place, SourceTree};

/// Whether a document is a template: of CloudFormation, SAM or what CDK makes.
#[must_use]
pub fn is_template(document: &Node) -> bool {
    let Some(resources) = document.get("Resources").map(Node::entries) else { return false };
    let transformed = document.get("Transform").is_some();
    let says_so = document.get("AWSTemplateFormatVersion").is_some() || transformed;
    let typed = |node: &Node| {
        let kind = node.get("Type").and_then(Node::as_str).unwrap_or_default();
        kind.starts_with("AWS::") || kind.starts_with("Custom::") || kind.starts_with("Alexa::")
    };
    // A macro may make resources of what looks like none.
    transformed
        || resources.iter().any(|(key, node)| typed(node) || (says_so && key.text.starts_with("Fn::")))
}

/// The largest template that is read once for each choice that its parameters leave, in bytes and in things that it makes. Beyond, hostile
/// ones would take too long.
const MAX_CHOOSING: (usize, usize) = (256 * 1024, 400);

/// Reads a template into an app of its own, with the templates on disk that it nests.
#[must_use]
pub fn read(files: &SourceTree, exports: &Exports, file: FileId, document: &Node) -> App {
    read_with(files, exports, file, document, HashMap::new())
}

/// What else a template may become: with other values of the parameters that decide what there is.
/// `app` is what it is with its defaults.
#[must_use]
pub fn variants(
    files: &SourceTree,
    exports: &Exports,
    file: FileId,
    document: &Node,
    app: &mut App,
) -> Vec<Variant> {
    let (choices, mut left_out) = choices::choices(document);
    let bytes = files.file(file).map_or(0, |file| file.bytes.len());
    let things =
        app.functions.len() + app.routes.len() + app.roles.len() + app.stores.len() + app.others.len();
    let mut variants: Vec<Variant> = Vec::new();
    for choice in choices {
        if bytes > MAX_CHOOSING.0 || things > MAX_CHOOSING.1 {
            left_out.extend(choice.given.into_keys());
            continue;
        }
        let variant = read_with(files, exports, file, document, choice.given);
        let known = |other: &App| *other == variant;
        if !known(app) && !variants.iter().any(|other| known(&other.app)) {
            variants.push(Variant { app: variant, when: choice.when, planned: choice.planned });
        }
    }
    if !left_out.is_empty() {
        let place = document.get("Conditions").unwrap_or(document).place;
        let names: Vec<String> = left_out.iter().map(|name| format!("`{name}`")).collect();
        let why =
            format!("what is deployed with every other value of {}: there are too many", names.join(", "));
        app.unknown(None, Place::new(place.file, place.start as usize, place.start as usize), why);
    }
    variants
}

fn read_with(
    files: &SourceTree,
    exports: &Exports,
    file: FileId,
    document: &Node,
    given: HashMap<String, Node>,
) -> App {
    let stack = Stack::nested(files, exports, file, document, &BTreeMap::new(), String::new(), given);
    let framework = if stack.is_sam() { Framework::Sam } else { Framework::CloudFormation };
    let mut app = App::new(app_name(files, file), framework, file, stack.folder());
    read_stack(&stack, &mut app);
    settle(&stack, &mut app);
    app
}

/// Says what is only known when all templates are read.
fn settle(stack: &Stack<'_>, app: &mut App) {
    let index = stack.index.borrow();
    index.rates.set(app);
    index.graphql.set(app);
    app.ask_for_certificates();
    let apis: HashSet<Name> = app.apis.iter().map(|api| api.name.clone()).collect();
    for route in &mut app.routes {
        if let Some(lost) = route.api.value().filter(|name| !apis.contains(*name)) {
            route.api = Known::Unknown(format!("`{lost}` is not among these files"));
        }
    }
}

/// Reads the resources of a template into an app that is there already, for formats that embed CloudFormation. The document has
/// `Resources` and may have `Parameters`, `Conditions`, `Mappings` and `Outputs`; `own` says what else its references may lead to.
pub fn read_resources(
    files: &SourceTree,
    exports: &Exports,
    file: FileId,
    document: &Node,
    own: &BTreeMap<String, Declared>,
    app: &mut App,
) {
    let stack = Stack::new(files, exports, file, document, own);
    read_stack(&stack, app);
    settle(&stack, app);
    note_switched_off(&stack, app);
}

/// Writes down that defaults leave things out, for templates that are only read with their defaults.
fn note_switched_off(stack: &Stack<'_>, app: &mut App) {
    let (choices, _) = choices::choices(stack.document());
    let own: BTreeSet<String> = choices
        .into_iter()
        .flat_map(|choice| choice.given.into_keys())
        .filter(|name| !stack.is_given(name) && !name.starts_with("AWS::"))
        .collect();
    let resources = stack.document().get("Resources").map(Node::entries).unwrap_or_default();
    let off = resources.iter().find(|(_, node)| {
        let condition = node.get("Condition").and_then(Node::as_str);
        condition.is_some_and(|name| stack.condition(name).is(&false))
    });
    if let Some((key, _)) = off.filter(|_| !own.is_empty()) {
        let names: Vec<String> = own.iter().map(|name| format!("`{name}`")).collect();
        let why = format!(
            "whether it and what is conditional like it is deployed: not with the defaults of {}",
            names.join(", ")
        );
        app.unknown(Some(&stack.name(&key.text)), key.place, why);
    }
}

/// Writes down names that stand twice. Tools that deploy take the last one or refuse the template; both are assessed.
fn note_twins(stack: &Stack<'_>, app: &mut App) {
    let resources = stack.document().get("Resources").map(Node::entries).unwrap_or_default();
    let mut known = BTreeSet::new();
    for (key, _) in resources {
        if !known.insert(&key.text) {
            let name = stack.name(&key.text);
            let why = format!(
                "which `{name}` is deployed: the name stands twice under `Resources`, and both are assessed"
            );
            app.unknown(Some(&name), key.place, why);
        }
    }
}

/// Reads everything that a stack declares.
fn read_stack(stack: &Stack<'_>, app: &mut App) {
    app.parameters.extend(stack.parameters());
    // Before everything else: other resources may refer to what is imported, and to what nested stacks put out.
    imports::read(stack, app, [stack.document()]);
    nested::read(stack, app);
    let resources = stack.resources();
    imports::take_over(stack, app);
    let mut writer = Writer::new(stack, app, &resources);
    for resource in &resources {
        declare(&mut writer, resource);
    }
    sam::prepare(&mut writer, &resources);
    for resource in &resources {
        join(&mut writer, resource);
    }
    writer.mention_outputs();
    writer.finish();
    macros::write_down(stack, app);
    note_twins(stack, app);
    if stack.is_exhausted() {
        let why = "only a part of it was read: it makes more than is followed".to_owned();
        app.unread.push(Unread { place: Place::whole(stack.file), why });
        // Nothing can be called absent.
        app.macros.insert(None);
    }
}

/// Puts what a resource is into the graph.
fn declare(writer: &mut Writer<'_, '_>, resource: &stack::Resource) {
    let done = function::declare(writer, resource)
        || role::declare(writer, resource)
        || store::declare(writer, resource)
        || secret::declare(writer, resource)
        || network::declare(writer, resource)
        || rest_api::declare(writer, resource)
        || http_api::declare(writer, resource)
        || graphql::declare(writer, resource)
        || balancer::declare(writer, resource)
        || machine::declare(writer, resource);
    if matches!(resource.kind.as_str(), "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api") {
        writer.app.written.insert(resource.name.clone(), Written::Resource);
    }
    if !done {
        writer.other(resource);
    }
}

/// Joins what a resource says about others: policies, permissions, routes, triggers.
fn join(writer: &mut Writer<'_, '_>, resource: &stack::Resource) {
    if resource.deployed.is(&false) {
        return;
    }
    function::join(writer, resource);
    role::join(writer, resource);
    store::join(writer, resource);
    secret::join(writer, resource);
    network::join(writer, resource);
    rest_api::join(writer, resource);
    http_api::join(writer, resource);
    graphql::join(writer, resource);
    balancer::join(writer, resource);
    protocol::join(writer, resource);
    domain::join(writer, resource);
    trigger::join(writer, resource);
    machine::join(writer, resource);
    sam::join(writer, resource);
}

/// An app is called as its folder is; a template with a name of its own by that too.
fn app_name(files: &SourceTree, file: FileId) -> String {
    let path = files.path(file);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next().unwrap_or(name);
    let folder = folder.rsplit('/').next().unwrap_or_default();
    match (folder, stem) {
        ("", stem) => stem.to_owned(),
        (folder, "template" | "sam" | "cloudformation" | "stack" | "main") => folder.to_owned(),
        (folder, stem) => format!("{folder}/{stem}"),
    }
}

#[cfg(test)]
mod tests;
