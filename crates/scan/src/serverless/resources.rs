//! The CloudFormation part of a service, what it changes of the framework's own resources, and parts that plugins read.
//!
//! Invariant: nothing that the framework makes is written down twice; what plugins speak of is taken for used. Not here: what resources
//! mean (`cloudformation`).

use std::collections::BTreeSet;

use super::policy::statements;
use super::service::{Parts, Service};
use crate::cloudformation::{self, Exports, value::text};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{App, ManagedPolicy, PublicAccess, Store, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Text};
use crate::source::{FileId, SourceTree};

/// Reads the CloudFormation part into an app that has everything else already.
pub(super) fn read(
    files: &SourceTree,
    exports: &Exports,
    file: FileId,
    parts: &Parts,
    service: &Service<'_>,
    app: &mut App,
) {
    let mut template = parts.template.clone();
    let mut changes = Vec::new();
    if let NodeKind::Map(sections) = &mut template.kind {
        for (key, section) in sections {
            let NodeKind::Map(entries) = &mut section.kind else { continue };
            match key.text.as_str() {
                "extensions" => changes.append(entries),
                "Resources" => {
                    let all = std::mem::take(entries);
                    let (of_framework, rest) =
                        all.into_iter().partition(|(key, _)| is_made(parts, &key.text));
                    *entries = rest;
                    changes.extend::<Vec<_>>(of_framework);
                }
                _ => {}
            }
        }
    }
    for (key, change) in &changes {
        apply(service, app, key, change);
    }
    cloudformation::read_resources(files, exports, file, &template, &parts.own, app);
    for key in &parts.constructs.unknown {
        let why = format!("what the construct `{}` makes, and what functions may do with it", key.text);
        app.unknown(None, key.place, why);
        // Anything may be there that is not in sight: nothing is called absent.
        app.macros.insert(None);
    }
    for (key, part) in &parts.extra {
        if key.text == "stepFunctions" {
            machines(service, app, part);
        }
        if key.text == "constructs" && !service.has_plugin(&["serverless-lift"]) {
            app.unknown(None, key.place, "what `constructs` make: no plugin is named that reads them");
            app.macros.insert(None);
        }
        let mut found = BTreeSet::new();
        functions_in(service, part, &mut found);
        app.mentioned.extend(found);
    }
}

/// Whether the framework makes a resource, so that the template only changes it.
fn is_made(parts: &Parts, logical: &str) -> bool {
    let kind = parts.own.get(logical).map(|found| found.kind.as_str());
    kind.is_some_and(|kind| !matches!(kind, "AWS::S3::Bucket" | "AWS::SNS::Topic"))
}

/// A change of something that the framework makes.
fn apply(service: &Service<'_>, app: &mut App, key: &Key, change: &Node) {
    let properties = change.get("Properties").and_then(|properties| service.stack.resolve(properties));
    let Some(properties) = properties else { return };
    let name = Name::from(key.text.as_str());
    if let Some(role) = app.roles.iter_mut().find(|role| role.name == name) {
        for policy in properties.get("Policies").map(Node::one_or_many).unwrap_or_default() {
            role.statements.extend(policy.get("PolicyDocument").map(statements).unwrap_or_default());
        }
        for policy in properties.get("ManagedPolicyArns").map(Node::one_or_many).unwrap_or_default() {
            let found = cloudformation::provided(&text(policy), None);
            role.statements.extend(found.value().into_iter().flatten().cloned());
            role.managed.push(ManagedPolicy { policy: text(policy), statements: found.map(|_| ()) });
        }
    } else if let Some(api) = app.apis.iter_mut().find(|api| api.name == name) {
        api.policy.extend(properties.get("Policy").map(statements).unwrap_or_default());
    } else if !key.text.ends_with("LogGroup") {
        let why = format!("`{name}` is made by the framework; what is changed of it here is not read");
        app.unknown(Some(&name), key.place, why);
    }
}

/// State machines, as the step functions plugin describes them.
fn machines(service: &Service<'_>, app: &mut App, part: &Node) {
    for (key, machine) in part.get("stateMachines").map(Node::entries).unwrap_or_default() {
        let written = machine.get("id").or_else(|| machine.get("name")).and_then(Node::as_str);
        let name = Name::from(format!(
            "{}StepFunctionsStateMachine",
            super::service::normal(written.unwrap_or(&key.text))
        ));
        let mut steps = BTreeSet::new();
        functions_in(service, machine.get("definition").unwrap_or(machine), &mut steps);
        for (at, step) in steps.into_iter().enumerate() {
            app.triggers.push(Trigger {
                name: Name::from(format!("{}.step{}", key.text, at + 1)),
                place: key.place,
                function: Known::Value(step),
                kind: TriggerKind::StateMachine,
                source: Text::of(name.clone(), Attribute::Arn, key.place),
                enabled: Known::Value(true),
                prefix: None,
            });
        }
        if let Some(events) = machine.get("events").filter(|events| !events.items().is_empty()) {
            app.unknown(Some(&name), events.place, "what starts this state machine is not read");
        }
        app.stores.push(Store {
            name,
            place: key.place,
            kind: StoreKind::StateMachine,
            physical: machine.get("name").map(text),
            encryption: None,
            policy: Vec::new(),
            public: PublicAccess::default(),
            website: false,
            recovery: None,
            stream: false,
        });
    }
}

/// The functions that a value names, by their keys, logical ids or references.
fn functions_in(service: &Service<'_>, node: &Node, found: &mut BTreeSet<Name>) {
    match &node.kind {
        NodeKind::String(word) => {
            let own = service.function(word).map(|declared| declared.name.clone());
            let referred = || {
                let logical = word.split('.').next()?;
                logical.ends_with("LambdaFunction").then(|| service.named(logical)).flatten()
            };
            found.extend(own.or_else(referred));
        }
        NodeKind::List(items) => items.iter().for_each(|item| functions_in(service, item, found)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| functions_in(service, value, found)),
        NodeKind::Tagged(_, inner) => match inner.as_str().and_then(|path| path.split_once('.')) {
            Some((key, _)) if service.function(key).is_some() => {
                found.extend(service.function(key).map(|declared| declared.name.clone()));
            }
            _ => functions_in(service, inner, found),
        },
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::Composed(_) => {}
    }
}
