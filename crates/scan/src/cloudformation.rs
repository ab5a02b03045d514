//! CloudFormation and AWS SAM: templates in YAML or JSON become one graph.
//!
//! Owns: which files are templates, and the order in which a template is read: first what it declares, then what joins those things.
//! Invariants: whatever cannot be resolved is left open with its reason; every resource is somewhere in the graph, so that no reference
//! dangles. Not here: what is wrong with the app (`rules`).

mod balancer;
mod condition;
mod expand;
mod function;
mod graphql;
mod http_api;
mod machine;
mod nested;
mod network;
mod openapi;
mod policy;
mod resolve;
mod rest_api;
mod role;
mod sam;
mod secret;
mod stack;
mod store;
mod trigger;
pub(crate) mod value;
mod writer;

use std::collections::BTreeMap;

pub use self::policy::{principals, statement, statements};
pub(crate) use self::role::provided;
pub use self::stack::{Declared, Stack};
use self::writer::Writer;
use crate::document::Node;
use crate::graph::{App, Framework};
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

/// Reads a template into an app of its own, with the templates on disk that it nests.
#[must_use]
pub fn read(files: &SourceTree, file: FileId, document: &Node) -> App {
    let stack = Stack::new(files, file, document, &BTreeMap::new());
    let framework = if stack.is_sam() { Framework::Sam } else { Framework::CloudFormation };
    let mut app = App::new(app_name(files, file), framework, file, stack.folder());
    read_stack(&stack, &mut app);
    app
}

/// Reads the resources of a template into an app that is there already, for formats that embed CloudFormation. The document has
/// `Resources` and may have `Parameters`, `Conditions`, `Mappings` and `Outputs`; `own` says what else its references may lead to.
pub fn read_resources(
    files: &SourceTree,
    file: FileId,
    document: &Node,
    own: &BTreeMap<String, Declared>,
    app: &mut App,
) {
    read_stack(&Stack::new(files, file, document, own), app);
}

/// Reads everything that a stack declares.
fn read_stack(stack: &Stack<'_>, app: &mut App) {
    app.parameters.extend(stack.parameters());
    // Before everything else: other resources may refer to what nested stacks put out.
    nested::read(stack, app);
    let resources = stack.resources();
    let mut writer = Writer::new(stack, app, &resources);
    for resource in &resources {
        declare(&mut writer, resource);
    }
    sam::prepare(&mut writer, &resources);
    for resource in &resources {
        join(&mut writer, resource);
    }
    writer.mention_outputs();
    if stack.is_exhausted() {
        let why = "what else is in the template: it makes more than is followed";
        app.unknown(None, Place::whole(stack.file), why);
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
