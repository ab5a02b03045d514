//! What AWS SAM adds to CloudFormation: defaults for all resources of a kind, interfaces and roles that no resource declares, connectors.
//!
//! Invariant: what SAM makes has the names that SAM gives it. Not here: events (`event`), who is asked (`auth`), policies (`policies`).

pub(super) mod auth;
mod connector;
mod event;
mod event_source;
pub(super) mod policies;

use super::role::{self, Addition};
use super::stack::{Resource, Stack};
use super::value::{nothing, str_at, text};
use super::writer::Writer;
use super::{http_api, rest_api};
use crate::document::{Key, Node, NodeKind};
use crate::graph::Role;
use crate::source::Place;

/// The interface of events that name none.
const IMPLICIT_REST: &str = "ServerlessRestApi";
const IMPLICIT_HTTP: &str = "ServerlessHttpApi";

/// What SAM grants for tracing.
pub(super) const XRAY: &str = "AWSXrayWriteOnlyAccess";

/// A resource's properties with the defaults of its kind: maps are joined, lists put one after the other, anything else is replaced.
pub(super) fn with_globals(stack: &Stack<'_>, kind: &'static str, properties: &Node) -> Node {
    match stack.globals(kind) {
        Some(globals) => merge(&globals, properties, ""),
        None => properties.clone(),
    }
}

fn merge(globals: &Node, own: &Node, key: &str) -> Node {
    let kind = match (&globals.kind, &own.kind) {
        (NodeKind::Map(defaults), NodeKind::Map(entries)) => {
            let mut made: Vec<(Key, Node)> = Vec::with_capacity(defaults.len() + entries.len());
            for (key, default) in defaults {
                if own.get(&key.text).is_none() {
                    made.push((key.clone(), default.clone()));
                }
            }
            for (key, value) in entries {
                let joined = globals.get(&key.text).map(|default| merge(default, value, &key.text));
                made.push((key.clone(), joined.unwrap_or_else(|| value.clone())));
            }
            NodeKind::Map(made)
        }
        (NodeKind::List(defaults), NodeKind::List(items)) if key != "Architectures" => {
            NodeKind::List(defaults.iter().chain(items).cloned().collect())
        }
        _ => own.kind.clone(),
    };
    Node { place: own.place, kind }
}

/// The role that SAM makes for a function which names none.
pub(super) fn function_role(writer: &Writer<'_, '_>, resource: &Resource, properties: &Node) -> Role {
    let place = properties.get("Policies").map_or(resource.place, |node| node.place);
    let trust = match properties.get("AssumeRolePolicyDocument") {
        Some(document) => super::policy::statements(document),
        None => role::trusted("lambda.amazonaws.com", resource.place),
    };
    let mut made = Role {
        name: writer.stack.name(&format!("{}Role", resource.id)),
        place,
        statements: Vec::new(),
        managed: Vec::new(),
        trust,
        boundary: role::boundary(writer, properties),
        implicit: true,
    };
    Addition::Policy("service-role/AWSLambdaBasicExecutionRole", resource.place).apply(&mut made);
    if properties.get("Tracing").is_some_and(|node| node.as_str() != Some("Disabled")) {
        Addition::Policy(XRAY, resource.place).apply(&mut made);
    }
    if properties.get("VpcConfig").is_some() {
        Addition::Policy("service-role/AWSLambdaVPCAccessExecutionRole", resource.place).apply(&mut made);
    }
    if let Some(letters) = properties.get("DeadLetterQueue") {
        let actions: &'static [&'static str] = match str_at(letters, "Type") {
            Some("SNS") => &["sns:Publish"],
            _ => &["sqs:SendMessage"],
        };
        let target = letters.get("TargetArn").map(text).into_iter().collect();
        Addition::Actions(actions, target, letters.place).apply(&mut made);
    }
    for outcome in ["OnSuccess", "OnFailure"] {
        if let Some(destination) = properties.at(&["EventInvokeConfig", "DestinationConfig", outcome]) {
            destination_grant(&mut made, destination);
        }
    }
    policies::add(writer, &mut made, properties.get("Policies"));
    made
}

/// Sending to where results go.
fn destination_grant(role: &mut Role, destination: &Node) {
    let actions: &'static [&'static str] = match str_at(destination, "Type") {
        Some("SQS") => &["sqs:SendMessage"],
        Some("SNS") => &["sns:Publish"],
        Some("Lambda") => &["lambda:InvokeFunction"],
        Some("EventBridge") => &["events:PutEvents"],
        _ => return,
    };
    let target = destination.get("Destination").map(text).into_iter().collect();
    Addition::Actions(actions, target, destination.place).apply(role);
}

/// Declares the interfaces that only events speak of, and what every interface asks for where a route says nothing.
pub(super) fn prepare(writer: &mut Writer<'_, '_>, resources: &[Resource]) {
    if !writer.stack.is_sam() {
        return;
    }
    let implicit = |kind: &str, key: &str| {
        resources.iter().filter(|resource| has_events(resource)).find_map(|resource| {
            events(resource).find(|(_, event)| {
                str_at(event, "Type") == Some(kind) && event.at(&["Properties", key]).is_none()
            })
        })
    };
    let declared = |id: &str| resources.iter().any(|resource| resource.id == id);
    if let Some((event, _)) = implicit("Api", "RestApiId").filter(|_| !declared(IMPLICIT_REST)) {
        let (name, properties) = (writer.stack.name(IMPLICIT_REST), globals(writer, "Api", event.place));
        rest_api::declare_serverless(writer, &name, event.place, &properties);
        auth::prepare(writer, name, &properties, true);
    }
    if let Some((event, _)) = implicit("HttpApi", "ApiId").filter(|_| !declared(IMPLICIT_HTTP)) {
        let (name, properties) = (writer.stack.name(IMPLICIT_HTTP), globals(writer, "HttpApi", event.place));
        http_api::declare_serverless(writer, &name, event.place, &properties);
        auth::prepare(writer, name, &properties, false);
    }
    for resource in resources.iter().filter(|resource| !resource.deployed.is(&false)) {
        let (kind, rest) = match resource.kind.as_str() {
            "AWS::Serverless::Api" => ("Api", true),
            "AWS::Serverless::HttpApi" => ("HttpApi", false),
            _ => continue,
        };
        let properties = with_globals(writer.stack, kind, &resource.properties);
        auth::prepare(writer, resource.name.clone(), &properties, rest);
    }
}

fn globals(writer: &Writer<'_, '_>, kind: &'static str, place: Place) -> Node {
    writer.stack.globals(kind).map_or_else(|| nothing(place), |node| (*node).clone())
}

fn has_events(resource: &Resource) -> bool {
    let kind = resource.kind.as_str();
    matches!(kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine")
        && !resource.deployed.is(&false)
}

fn events(resource: &Resource) -> impl Iterator<Item = &(Key, Node)> {
    resource.properties.get("Events").map(Node::entries).unwrap_or_default().iter()
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    if has_events(resource) {
        if let Some((node, why)) =
            resource.properties.get("Events").and_then(|node| Some((node, node.why_open()?)))
        {
            writer.app.unknown(Some(&resource.name), node.place, format!("what starts it: {why}"));
        }
        for (key, event) in events(resource) {
            event::read(writer, resource, key, event);
        }
    }
    connector::read(writer, resource);
}
