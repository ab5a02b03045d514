//! State machines: which functions their steps start, and what starts them.
//!
//! Invariant: every function that a definition or its substitutions name is taken for a step. Not here: the order of steps.

use super::role::{Addition, boundary, trusted};
use super::sam;
use super::stack::Resource;
use super::value::{str_at, text};
use super::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::graph::{PublicAccess, Role, Store, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Text};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let serverless = match resource.kind.as_str() {
        "AWS::StepFunctions::StateMachine" => false,
        "AWS::Serverless::StateMachine" => true,
        _ => return false,
    };
    if resource.deployed.is(&false) {
        writer.other(resource);
        return true;
    }
    let properties = &resource.properties;
    writer.add_store(Store {
        name: resource.name.clone(),
        place: resource.place,
        kind: StoreKind::StateMachine,
        physical: properties.get("StateMachineName").or_else(|| properties.get("Name")).map(text),
        encryption: None,
        policy: Vec::new(),
        public: PublicAccess::default(),
        website: false,
        recovery: None,
        stream: false,
    });
    if serverless && properties.get("Role").is_none() {
        let mut role = Role {
            name: writer.stack.name(&format!("{}Role", resource.id)),
            place: properties.get("Policies").map_or(resource.place, |node| node.place),
            statements: Vec::new(),
            managed: Vec::new(),
            trust: trusted("states.amazonaws.com", resource.place),
            boundary: boundary(writer, properties),
            implicit: true,
        };
        if properties.at(&["Tracing", "Enabled"]).and_then(Node::as_bool) == Some(true) {
            Addition::Policy(sam::XRAY, resource.place).apply(&mut role);
        }
        sam::policies::add(writer, &mut role, properties.get("Policies"));
        writer.add_role(role);
    }
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    if !matches!(resource.kind.as_str(), "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine")
    {
        return;
    }
    let properties = &resource.properties;
    let mut found = Vec::new();
    for key in ["Definition", "DefinitionString", "DefinitionSubstitutions"] {
        if let Some(node) = properties.get(key) {
            functions(writer, node, &mut found);
        }
    }
    if let Some(path) = str_at(properties, "DefinitionUri")
        && let Some(file) = writer.stack.path(path).and_then(|path| writer.stack.files.find(&path))
        && let Ok(document) = crate::document::read(writer.stack.files, file)
        && let Some(definition) = writer.stack.resolve(&document)
    {
        functions(writer, &definition, &mut found);
    }
    for (function, place) in found {
        writer.add_trigger(Trigger {
            name: Name::from(format!("{}/{function}", resource.name)),
            place,
            function: Known::Value(function),
            kind: TriggerKind::StateMachine,
            source: Text::of(resource.name.clone(), Attribute::Arn, resource.place),
            enabled: Known::Value(true),
            prefix: None,
        });
    }
}

/// The functions that a value names anywhere, each once.
fn functions(writer: &mut Writer<'_, '_>, node: &Node, found: &mut Vec<(Name, crate::source::Place)>) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| functions(writer, item, found)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| functions(writer, value, found)),
        NodeKind::Composed(_) => {
            let text = text(node);
            for name in text.references() {
                if writer.function(name).is_some() && !found.iter().any(|(known, _)| known == name) {
                    found.push((name.clone(), node.place));
                }
            }
        }
        NodeKind::String(literal) if literal.contains(":function:") => {
            if let Known::Value(name) = writer.function_of(&text(node))
                && !found.iter().any(|(known, _)| *known == name)
            {
                found.push((name, node.place));
            }
        }
        _ => {}
    }
}
