//! Events of SAM that are no routes: queues, streams, topics, buckets, buses, schedules and hooks, and what each adds to the role.
//!
//! Not here: events that make routes (`event`).

use crate::cloudformation::function::extend_role;
use crate::cloudformation::role::{Addition, trusted};
use crate::cloudformation::stack::Resource;
use crate::cloudformation::trigger::{key_prefix, not_disabled};
use crate::cloudformation::value::{text, texts_at};
use crate::cloudformation::writer::Writer;
use crate::document::{Key, Node};
use crate::graph::{Origin, Principal, Role, Statement, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Setting, Text};

pub(super) fn read(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    key: &Key,
    kind: &str,
    properties: &Node,
) {
    let source = |names: &[&str]| names.iter().find_map(|name| properties.get(name)).map(text);
    let (trigger, source) = match kind {
        "SQS" => (TriggerKind::Queue, source(&["Queue"])),
        "SNS" => (TriggerKind::Topic, source(&["Topic"])),
        "S3" => (TriggerKind::Bucket, source(&["Bucket"])),
        "DynamoDB" => (TriggerKind::TableStream, source(&["Stream"])),
        "Kinesis" | "MSK" => (TriggerKind::Stream, source(&["Stream"])),
        "SelfManagedKafka" => (TriggerKind::Stream, source(&["KafkaBootstrapServers", "Topics"])),
        "DocumentDB" => (TriggerKind::Stream, source(&["Cluster"])),
        "MQ" => (TriggerKind::Queue, source(&["Broker"])),
        "Schedule" => (TriggerKind::Schedule, source(&["Schedule"])),
        "ScheduleV2" => (TriggerKind::Schedule, source(&["ScheduleExpression"])),
        "CloudWatchEvent" | "EventBridgeRule" => {
            let bus = source(&["EventBusName"]);
            (TriggerKind::EventBus, bus.or_else(|| Some(Text::literal("default", key.place))))
        }
        "CloudWatchLogs" => (TriggerKind::Logs, source(&["LogGroupName"])),
        "Cognito" => (TriggerKind::UserPool, source(&["UserPool"])),
        "IoTRule" => (TriggerKind::Other("IoT".to_owned()), source(&["Sql"])),
        "AlexaSkill" => (TriggerKind::Other("Alexa".to_owned()), source(&["SkillId"])),
        other => {
            writer.app.unknown(
                Some(&resource.name),
                key.place,
                format!("what an event of the kind `{other}` starts"),
            );
            (TriggerKind::Other(other.to_owned()), None)
        }
    };
    if kind == "AlexaSkill" {
        alexa(writer, resource, key, properties);
    }
    grant(writer, resource, key, kind, properties);
    invoking_role(writer, resource, key, kind, properties);
    writer.add_trigger(Trigger {
        name: Name::from(format!("{}{}", resource.name, key.text)),
        place: key.place,
        function: Known::Value(resource.name.clone()),
        kind: trigger,
        source: source.unwrap_or_else(|| Text::literal("", key.place)),
        enabled: not_disabled(properties),
        prefix: key_prefix(properties),
    });
}

/// What SAM adds to the role so that the function can read its source.
fn grant(writer: &mut Writer<'_, '_>, resource: &Resource, key: &Key, kind: &str, properties: &Node) {
    let policy = match kind {
        "SQS" => "service-role/AWSLambdaSQSQueueExecutionRole",
        "DynamoDB" => "service-role/AWSLambdaDynamoDBExecutionRole",
        "Kinesis" => "service-role/AWSLambdaKinesisExecutionRole",
        "MSK" => "service-role/AWSLambdaMSKExecutionRole",
        _ => "",
    };
    if !policy.is_empty() {
        extend_role(writer, &resource.name, Addition::Policy(policy, key.place));
    }
    let secrets: Vec<Text> = properties
        .get("SourceAccessConfigurations")
        .map(Node::one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| node.get("URI"))
        .map(text)
        .filter(|uri| uri.to_string().contains(":secret") || uri.references().next().is_some())
        .collect();
    if matches!(kind, "MQ" | "SelfManagedKafka" | "DocumentDB") && !secrets.is_empty() {
        let actions = &["secretsmanager:GetSecretValue"];
        extend_role(writer, &resource.name, Addition::Actions(actions, secrets, key.place));
    }
    let broker = texts_at(properties, "Broker");
    if kind == "MQ" && !broker.is_empty() {
        extend_role(writer, &resource.name, Addition::Actions(&["mq:DescribeBroker"], broker, key.place));
    }
    if let Some(failed) = properties.at(&["DestinationConfig", "OnFailure"]) {
        let target: Vec<Text> = failed.get("Destination").map(text).into_iter().collect();
        let actions: &'static [&'static str] = match failed.get("Type").and_then(Node::as_str) {
            Some("SQS") => &["sqs:SendMessage"],
            Some("SNS") => &["sns:Publish"],
            Some("S3" | "S3Bucket") => &["s3:PutObject", "s3:GetObject", "s3:ListBucket"],
            _ => return,
        };
        extend_role(writer, &resource.name, Addition::Actions(actions, target, failed.place));
    }
}

/// Without the skill's id, every skill of anyone may invoke the function.
fn alexa(writer: &mut Writer<'_, '_>, resource: &Resource, key: &Key, properties: &Node) {
    let mut made = Statement::allow(key.place, Origin::Framework);
    made.principals.push(Principal::Service(Text::literal("alexa-appkit.amazon.com", key.place)));
    made.actions.push(Setting::new(key.place, "lambda:InvokeFunction".to_owned()));
    if let Some(skill) = properties.get("SkillId") {
        made.conditions.push(crate::graph::Condition {
            operator: "StringEquals".to_owned(),
            key: "lambda:EventSourceToken".to_owned(),
            values: vec![text(skill)],
        });
    }
    if let Some(function) = writer.function(&resource.name) {
        function.permissions.push(made);
    }
}

/// Schedules and whatever starts a state machine do it with a role of their own, which SAM makes.
pub(super) fn invoking_role(
    writer: &mut Writer<'_, '_>,
    resource: &Resource,
    key: &Key,
    kind: &str,
    properties: &Node,
) {
    let machine = resource.kind == "AWS::Serverless::StateMachine";
    let service = match (kind, machine) {
        ("ScheduleV2", _) => "scheduler.amazonaws.com",
        ("Schedule" | "CloudWatchEvent" | "EventBridgeRule", true) => "events.amazonaws.com",
        ("Api", true) => "apigateway.amazonaws.com",
        _ => return,
    };
    if properties.get("RoleArn").is_some() || properties.get("Role").is_some() {
        return;
    }
    let mut role = Role {
        name: writer.stack.name(&format!("{}{}Role", resource.id, key.text)),
        place: key.place,
        statements: Vec::new(),
        managed: Vec::new(),
        trust: trusted(service, key.place),
        boundary: None,
        implicit: true,
    };
    let actions: &'static [&'static str] =
        if machine { &["states:StartExecution"] } else { &["lambda:InvokeFunction"] };
    let target = Text::of(resource.name.clone(), Attribute::Arn, key.place);
    Addition::Actions(actions, vec![target], key.place).apply(&mut role);
    writer.add_role(role);
}
