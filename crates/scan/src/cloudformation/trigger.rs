//! What starts functions in plain CloudFormation: event source mappings, rules, subscriptions, notifications and hooks.
//!
//! Invariant: a trigger whose function cannot be told is still a trigger, with an unknown function. Not here: SAM's events (`event`).

use super::stack::Resource;
use super::value::{str_at, switch, text, truth_at};
use super::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::graph::{StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Text};
use crate::source::Place;

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::Lambda::EventSourceMapping" => mapping(writer, resource),
        "AWS::Events::Rule" => rule(writer, resource),
        "AWS::Scheduler::Schedule" => {
            let enabled = not_disabled(properties);
            let source = Writer::text_at(resource, "ScheduleExpression");
            if let Some(target) = properties.at(&["Target", "Arn"]) {
                starts(writer, resource, target, TriggerKind::Schedule, source, enabled);
            }
        }
        "AWS::SNS::Subscription" => {
            if str_at(properties, "Protocol") == Some("lambda")
                && let Some(endpoint) = properties.get("Endpoint")
            {
                let topic = Writer::text_at(resource, "TopicArn");
                starts(writer, resource, endpoint, TriggerKind::Topic, topic, Known::Value(true));
            }
        }
        "AWS::SNS::Topic" => {
            let own = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
            for subscription in properties.get("Subscription").map(Node::one_or_many).unwrap_or_default() {
                if let (Some("lambda"), Some(endpoint)) =
                    (str_at(subscription, "Protocol"), subscription.get("Endpoint"))
                {
                    starts(
                        writer,
                        resource,
                        endpoint,
                        TriggerKind::Topic,
                        Some(own.clone()),
                        Known::Value(true),
                    );
                }
            }
        }
        "AWS::S3::Bucket" => {
            let own = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
            let list = properties.at(&["NotificationConfiguration", "LambdaConfigurations"]);
            notifications(writer, resource, list, "Function", &own);
        }
        "Custom::S3BucketNotifications" => {
            let own = Writer::text_at(resource, "BucketName");
            let own = own.unwrap_or_else(|| Text::unknown("it names no bucket", resource.place));
            let list = properties.at(&["NotificationConfiguration", "LambdaFunctionConfigurations"]);
            notifications(writer, resource, list, "LambdaFunctionArn", &own);
        }
        // What is delivered goes through functions on the way, however deep they are named.
        "AWS::KinesisFirehose::DeliveryStream" => writer.mention(properties),
        "AWS::Cognito::UserPool" => hooks(writer, resource),
        "AWS::Logs::SubscriptionFilter" => {
            let group = Writer::text_at(resource, "LogGroupName");
            if let Some(target) = properties.get("DestinationArn") {
                starts_own(writer, resource, target, TriggerKind::Logs, group);
            }
        }
        "AWS::IoT::TopicRule" => {
            let actions =
                properties.at(&["TopicRulePayload", "Actions"]).map(Node::one_or_many).unwrap_or_default();
            for function in actions.iter().filter_map(|action| action.at(&["Lambda", "FunctionArn"])) {
                let source = properties.at(&["TopicRulePayload", "Sql"]).map(text);
                starts(writer, resource, function, other("IoT"), source, Known::Value(true));
            }
        }
        "AWS::Pipes::Pipe" => {
            let source = Writer::text_at(resource, "Source");
            for key in ["Target", "Enrichment"] {
                if let Some(target) = properties.get(key) {
                    starts_own(writer, resource, target, other("pipe"), source.clone());
                }
            }
        }
        "AWS::SES::ReceiptRule" => {
            let actions = properties.at(&["Rule", "Actions"]).map(Node::one_or_many).unwrap_or_default();
            for function in actions.iter().filter_map(|action| action.at(&["LambdaAction", "FunctionArn"])) {
                starts(writer, resource, function, other("mail"), None, Known::Value(true));
            }
        }
        "AWS::Lambda::EventInvokeConfig" => {
            for outcome in ["OnSuccess", "OnFailure"] {
                if let Some(target) = properties.at(&["DestinationConfig", outcome, "Destination"]) {
                    let source = Writer::text_at(resource, "FunctionName");
                    starts_own(writer, resource, target, other("destination"), source);
                }
            }
        }
        "AWS::CloudFront::Distribution" => {
            let mut found = Vec::new();
            associated(properties, &mut found);
            for function in found {
                starts(writer, resource, &function, other("CloudFront"), None, Known::Value(true));
            }
        }
        kind if kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" => {
            if let Some(target) = properties.get("ServiceToken") {
                starts_own(writer, resource, target, other("custom resource"), None);
            }
        }
        _ => {}
    }
}

fn other(what: &str) -> TriggerKind {
    TriggerKind::Other(what.to_owned())
}

fn starts(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    target: &Node,
    kind: TriggerKind,
    source: Option<Text>,
    enabled: Known<bool>,
) {
    add(writer, resource.name.clone(), resource.place, target, kind, source, enabled);
}

/// Only where the target is a function of this app: other targets are no functions at all.
fn starts_own(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    target: &Node,
    kind: TriggerKind,
    source: Option<Text>,
) {
    if writer.function_of(&text(target)).value().is_some() {
        starts(writer, resource, target, kind, source, Known::Value(true));
    }
}

fn add(
    writer: &mut Writer<'_, '_>,
    name: Name,
    place: Place,
    target: &Node,
    kind: TriggerKind,
    source: Option<Text>,
    enabled: Known<bool>,
) {
    let function = writer.function_of(&text(target));
    let source = source.unwrap_or_else(|| Text::literal("", place));
    writer.add_trigger(Trigger { name, place, function, kind, source, enabled, prefix: None });
}

/// `Enabled: false` and `State: DISABLED` switch a trigger off.
pub(super) fn not_disabled(node: &Node) -> Known<bool> {
    match node.get("State") {
        Some(state) => match (state.as_str(), state.why_open()) {
            (Some(word), _) => Known::Value(word != "DISABLED"),
            (None, Some(why)) => Known::Unknown(why),
            (None, None) => Known::Value(true),
        },
        None => truth_at(node, "Enabled", true),
    }
}

/// What a source is, by the resource that it refers to or the service of its ARN.
pub(super) fn source_kind(writer: &mut Writer<'_, '_>, source: &Text) -> TriggerKind {
    let names: Vec<(Name, bool)> = source
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            crate::known::Piece::Of { node, attribute } => {
                Some((node.clone(), *attribute == Attribute::StreamArn))
            }
            _ => None,
        })
        .collect();
    for (name, stream) in names {
        match writer.store(&name).map(|store| store.kind.clone()) {
            Some(StoreKind::Queue | StoreKind::Broker) => return TriggerKind::Queue,
            Some(StoreKind::Table) => return TriggerKind::TableStream,
            Some(StoreKind::Stream | StoreKind::KafkaCluster | StoreKind::Database(_)) => {
                return TriggerKind::Stream;
            }
            _ if stream => return TriggerKind::TableStream,
            _ => {}
        }
    }
    let written = source.to_string();
    let service = written.split(':').nth(2).unwrap_or_default().to_owned();
    match service.as_str() {
        "sqs" | "mq" => TriggerKind::Queue,
        "dynamodb" => TriggerKind::TableStream,
        "kinesis" | "kafka" | "rds" => TriggerKind::Stream,
        _ => TriggerKind::Other("event source".to_owned()),
    }
}

fn mapping(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let Some(function) = properties.get("FunctionName") else { return };
    let source = Writer::text_at(resource, "EventSourceArn");
    let kind = match &source {
        Some(source) => source_kind(writer, source),
        None => TriggerKind::Stream,
    };
    let enabled = properties.get("Enabled").map_or(Known::Value(true), |node| switch(node).value);
    starts(writer, resource, function, kind, source, enabled);
}

fn rule(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let enabled = not_disabled(properties);
    let (kind, source) = match properties.get("ScheduleExpression") {
        Some(expression) => (TriggerKind::Schedule, text(expression)),
        None => {
            let bus = Writer::text_at(resource, "EventBusName");
            (TriggerKind::EventBus, bus.unwrap_or_else(|| Text::literal("default", resource.place)))
        }
    };
    for target in properties.get("Targets").map(Node::one_or_many).unwrap_or_default() {
        let Some(arn) = target.get("Arn") else { continue };
        let known = writer.function_of(&text(arn)).value().is_some();
        // Rules lead to queues and machines as well; those are no triggers of functions.
        if known || text(arn).references().next().is_none() {
            starts(writer, resource, arn, kind.clone(), Some(source.clone()), enabled.clone());
        }
    }
}

fn notifications(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    list: Option<&Node>,
    key: &str,
    bucket: &Text,
) {
    for notification in list.map(Node::one_or_many).unwrap_or_default() {
        if let Some(function) = notification.get(key) {
            let (name, place) = (resource.name.clone(), resource.place);
            let function = writer.function_of(&text(function));
            let (kind, source) = (TriggerKind::Bucket, bucket.clone());
            let (enabled, prefix) = (Known::Value(true), key_prefix(notification));
            writer.add_trigger(Trigger { name, place, function, kind, source, enabled, prefix });
        }
    }
}

/// How the keys begin whose events a notification sends.
pub(super) fn key_prefix(notification: &Node) -> Option<Text> {
    let rules = notification.at(&["Filter", "S3Key", "Rules"]).map(Node::one_or_many).unwrap_or_default();
    let is_prefix = |rule: &&Node| {
        rule.get("Name").and_then(Node::as_str).is_some_and(|name| name.eq_ignore_ascii_case("prefix"))
    };
    rules.iter().find(is_prefix).and_then(|rule| rule.get("Value")).map(text)
}

/// The hooks of a user pool: each names a function, some in a structure of their own.
fn hooks(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let own = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
    for (key, value) in resource.properties.get("LambdaConfig").map(Node::entries).unwrap_or_default() {
        if key.text == "KMSKeyID" {
            continue;
        }
        let target = value.get("LambdaArn").unwrap_or(value);
        let name = Name::from(format!("{}/{}", resource.name, key.text));
        add(writer, name, key.place, target, TriggerKind::UserPool, Some(own.clone()), Known::Value(true));
    }
}

fn associated(node: &Node, found: &mut Vec<Node>) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| associated(item, found)),
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                match key.text.as_str() {
                    "LambdaFunctionARN" => found.push(value.clone()),
                    _ => associated(value, found),
                }
            }
        }
        _ => {}
    }
}
