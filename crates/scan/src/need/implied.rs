//! Permissions that a function's set-up asks for, whatever its code says.
//!
//! Source: the AWS Lambda Developer Guide, on execution roles, event sources, private networks, tracing and dead-letter queues; the managed
//! policies `AWSLambda…ExecutionRole`.

use std::collections::BTreeSet;

use super::arn::{Writer, literal, log_group};
use super::{Thing, Use};
use crate::code::Certainty;
use crate::graph::{App, Encryption, Function, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Piece, Text};

const LOGS: [&str; 3] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const NETWORK: [&str; 6] = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];
const TRACING: [&str; 2] = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
/// What libraries for tracing ask for where nobody else decides what is traced.
const SAMPLING: [&str; 3] =
    ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"];
const KEY: [&str; 7] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// What a function's set-up asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) actions: Vec<&'static str>,
    /// On what; texts that cannot be told are left to whoever reads this.
    pub(super) resources: Vec<Text>,
    /// For what: words that follow "for".
    pub(super) reason: &'static str,
}

/// Actions that are not too much for a function, though no line of its code uses them.
pub(super) fn actions(app: &App, function: &Function) -> BTreeSet<String> {
    let mut found: Vec<&str> = LOGS.to_vec();
    if function.network.is_some() {
        found.extend(NETWORK);
        found.extend(["ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"]);
    }
    if is_traced(function) {
        found.extend(TRACING.iter().chain(&SAMPLING));
    }
    for trigger in app.triggers_of(&function.name) {
        let (needed, allowed) = trigger_needs(app, trigger);
        found.extend(needed.iter().chain(allowed));
    }
    if function.dead_letter.is_some() {
        found.extend(["sqs:SendMessage", "sns:Publish"]);
    }
    let keyed = app.stores.iter().any(|store| {
        store.encryption.as_ref().is_some_and(|setting| {
            !matches!(setting.value, Known::Value(Encryption::Off | Encryption::Provider))
        })
    });
    if function.environment_key.is_some() || keyed {
        found.extend(KEY);
    }
    found.into_iter().map(str::to_owned).collect()
}

/// The same as it stands in a policy: only what is needed, and on what.
pub(super) fn asked(writer: &Writer<'_>) -> Vec<Asked> {
    let (app, function) = (writer.app, writer.function);
    let any = || vec![literal("*", function.place)];
    let mut found =
        vec![Asked { actions: LOGS.to_vec(), resources: log_groups(app, function), reason: "its logs" }];
    if function.network.is_some() {
        found.push(Asked { actions: NETWORK.to_vec(), resources: any(), reason: "its private network" });
    }
    if is_traced(function) {
        found.push(Asked { actions: TRACING.to_vec(), resources: any(), reason: "its traces" });
    }
    // What is switched off starts nothing.
    for trigger in app.triggers_of(&function.name).filter(|trigger| !trigger.enabled.is(&false)) {
        let (needed, _) = trigger_needs(app, trigger);
        if !needed.is_empty() {
            let resources = vec![source(writer, trigger)];
            found.push(Asked { actions: needed.to_vec(), resources, reason: "what starts it" });
        }
    }
    if let Some(Known::Value(target)) = function.dead_letter.as_ref().map(|setting| &setting.value) {
        let named = |service: &str| target.to_string().contains(&format!(":{service}:"));
        let store = target.references().next().and_then(|name| app.store(name)).map(|store| &store.kind);
        let actions = match store {
            Some(StoreKind::Queue) => vec!["sqs:SendMessage"],
            Some(StoreKind::Topic) => vec!["sns:Publish"],
            _ if named("sqs") => vec!["sqs:SendMessage"],
            _ if named("sns") => vec!["sns:Publish"],
            _ => vec!["sqs:SendMessage", "sns:Publish"],
        };
        found.push(Asked { actions, resources: vec![target.clone()], reason: "its failed events" });
    }
    if let Some(Known::Value(key)) = function.environment_key.as_ref().map(|setting| &setting.value) {
        let resources = vec![key.clone()];
        found.push(Asked { actions: vec!["kms:Decrypt"], resources, reason: "its environment" });
    }
    found
}

/// What the provider itself asks for, in a function's name, of the things whose events start it: that without which it refuses. Of a stream, on
/// what is not asked, for policies name streams in several ways.
pub(super) fn taken(app: &App, function: &Function) -> Vec<Use> {
    let mut taken = Vec::new();
    for trigger in app.triggers_of(&function.name).filter(|trigger| !trigger.enabled.is(&false)) {
        let own = trigger.source.references().find_map(|name| app.store(name));
        let (actions, thing): (&[&str], _) = match (&trigger.kind, own) {
            (TriggerKind::Queue, Some(queue)) if queue.kind == StoreKind::Queue => {
                (trigger_needs(app, trigger).0, Thing::Own(queue.name.clone()))
            }
            (TriggerKind::TableStream, _) => (
                &["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
                Thing::Unknown,
            ),
            (TriggerKind::Stream, Some(stream)) if stream.kind == StoreKind::Stream => {
                (&["kinesis:GetRecords", "kinesis:GetShardIterator"], Thing::Unknown)
            }
            _ => continue,
        };
        let used = |action: &&str| Use {
            action: (*action).to_owned(),
            thing: thing.clone(),
            certainty: Certainty::Certain,
            place: trigger.place,
        };
        taken.extend(actions.iter().map(used));
    }
    taken
}

fn is_traced(function: &Function) -> bool {
    function.tracing.as_ref().is_some_and(|tracing| !tracing.value.is(&false))
}

/// Where a function's logs go: a group of its name, unless the app has groups of other names, of which any may be meant.
fn log_groups(app: &App, function: &Function) -> Vec<Text> {
    let place = function.place;
    let elsewhere = app.stores.iter().filter(|store| store.kind == StoreKind::Logs).any(|store| {
        let first = store.physical.as_ref().and_then(|text| text.pieces.first());
        !matches!(first, Some(Piece::Literal(name)) if name.starts_with("/aws/"))
    });
    if elsewhere {
        return vec![log_group(literal("*", place))];
    }
    let named = function.physical.as_ref().filter(|text| super::arn::is_plain(text));
    let Some(named) = named else { return vec![log_group(literal("/aws/lambda/*", place))] };
    let mut group = literal("/aws/lambda/", place);
    named.pieces.iter().for_each(|piece| group.push(piece.clone()));
    let mut within = group.clone();
    within.push(Piece::Literal(":*".to_owned()));
    vec![log_group(group), log_group(within)]
}

/// What sends, as an ARN.
fn source(writer: &Writer<'_>, trigger: &Trigger) -> Text {
    let text = &trigger.source;
    match text.as_reference() {
        Some((name, Attribute::Arn | Attribute::StreamArn)) if writer.app.store(name).is_none() => {
            text.clone()
        }
        Some((name, _)) if writer.app.store(name).is_some() => {
            let action = match trigger.kind {
                TriggerKind::TableStream => "dynamodb:GetRecords",
                _ => trigger_needs(writer.app, trigger).0.first().copied().unwrap_or_default(),
            };
            writer.own(name, action)
        }
        _ => text.clone(),
    }
}

/// What a trigger needs, and what else is usual for it.
fn trigger_needs(app: &App, trigger: &Trigger) -> (&'static [&'static str], &'static [&'static str]) {
    let source = trigger.source.to_string().to_ascii_lowercase();
    let own = trigger.source.references().next().and_then(|name| app.store(name)).map(|store| &store.kind);
    let is = |kind: &StoreKind, word: &str| own == Some(kind) || source.contains(word);
    match &trigger.kind {
        TriggerKind::Queue if is(&StoreKind::Broker, ":mq:") => {
            (&["mq:DescribeBroker"], &["secretsmanager:GetSecretValue"])
        }
        TriggerKind::Queue => (
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            &["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"],
        ),
        TriggerKind::TableStream => (
            &[
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:DescribeStream",
                "dynamodb:ListStreams",
            ],
            &[],
        ),
        TriggerKind::Stream if is(&StoreKind::KafkaCluster, ":kafka:") => (
            &["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
            &["kafka:ListScramSecrets", "secretsmanager:GetSecretValue"],
        ),
        TriggerKind::Stream => (
            &[
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:ListShards",
                "kinesis:ListStreams",
            ],
            &["kinesis:SubscribeToShard", "kafka:DescribeCluster", "kafka:GetBootstrapBrokers"],
        ),
        _ => (&[], &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sketch::{Sketch, app, place};

    #[test]
    fn what_starts_a_function_is_asked_in_its_own_words() {
        let first = |store: Option<StoreKind>, kind: TriggerKind, written: Option<Text>| {
            let mut app = app();
            if let Some(store) = store {
                app.draw_store("Source", store);
            }
            let trigger = app.draw_trigger(kind, "Source", "F");
            if let Some(written) = written {
                trigger.source = written;
            }
            let trigger = trigger.clone();
            trigger_needs(&app, &trigger).0.first().copied()
        };
        let kafka = Some("kafka:DescribeCluster");
        assert_eq!(first(Some(StoreKind::KafkaCluster), TriggerKind::Stream, None), kafka);
        assert_eq!(first(Some(StoreKind::Stream), TriggerKind::Stream, None), Some("kinesis:GetRecords"));
        assert_eq!(first(Some(StoreKind::Broker), TriggerKind::Queue, None), Some("mq:DescribeBroker"));
        assert_eq!(first(Some(StoreKind::Queue), TriggerKind::Queue, None), Some("sqs:ReceiveMessage"));
        let written = Text::literal("arn:aws:kafka:eu-west-1:1:cluster/a/b", place());
        assert_eq!(first(None, TriggerKind::Stream, Some(written)), kafka);
    }
}
