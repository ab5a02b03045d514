//! The CloudFormation part of a service, and parts that plugins read.
//!
//! Invariant: nothing that the framework makes is written down twice; what plugins speak of is taken for used. Not here: what resources
//! mean (`cloudformation`), what is changed of the framework's own (`changes`).

use std::collections::BTreeSet;

use super::changes::Changes;
use super::service::{Parts, Service};
use crate::cloudformation::{self, Exports, value::text};
use crate::document::{Node, NodeKind};
use crate::graph::{App, PublicAccess, Store, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Text};
use crate::source::{FileId, Place, SourceTree};

/// Parts of a service, or of its `custom:`, of which plugins make interfaces that nothing here reads; and the plugins.
pub(super) const INTERFACES: [(&str, &str); 3] = [
    ("apiGatewayServiceProxies", "serverless-apigateway-service-proxy"),
    ("appSync", "serverless-appsync-plugin"),
    ("openApiIntegration", "serverless-openapi-integration-helper"),
];

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
    let changes = Changes::take(&mut template, parts, app);
    cloudformation::read_resources(files, exports, file, &template, &parts.own, app);
    changes.apply(parts, service, app);
    for key in &parts.constructs.unknown {
        let why = format!("what the construct `{}` makes, and what functions may do with it", key.text);
        app.unknown(None, key.place, why);
        // Anything may be there that is not in sight: nothing is called absent.
        app.macros.insert(None);
    }
    for (key, part) in &parts.extra {
        interface(app, &key.text, key.place);
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
    for (key, _) in INTERFACES {
        let Some(part) = service.custom(key).filter(|part| part.kind != NodeKind::Null) else { continue };
        interface(app, key, part.place);
        let mut found = BTreeSet::new();
        functions_in(service, part, &mut found);
        app.mentioned.extend(found);
    }
}

/// Says that a plugin makes an interface of a part, where one does.
fn interface(app: &mut App, part: &str, place: Place) {
    let plugin = INTERFACES.iter().find(|(key, _)| *key == part).map(|(_, plugin)| plugin);
    if let Some(plugin) = plugin {
        let why = format!("which interface the plugin `{plugin}` makes of `{part}`, and who may call it");
        app.unknown(None, place, why);
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
