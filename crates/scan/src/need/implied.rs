//! Permissions that a function's set-up asks for, whatever its code says.

use std::collections::BTreeSet;

use crate::graph::{App, Encryption, Function, TriggerKind};
use crate::known::Known;

/// Patterns of actions that are not too much for a function, though no line of its code uses them.
pub(super) fn actions(app: &App, function: &Function) -> BTreeSet<String> {
    let mut found: Vec<&str> = vec!["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
    if function.network.is_some() {
        found.extend([
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ]);
    }
    if function.tracing.as_ref().is_some_and(|tracing| !tracing.value.is(&false)) {
        found.extend([
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ]);
    }
    for trigger in app.triggers_of(&function.name) {
        found.extend(trigger_needs(&trigger.kind));
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
        found.extend([
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:DescribeKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ]);
    }
    found.into_iter().map(str::to_owned).collect()
}

fn trigger_needs(kind: &TriggerKind) -> &'static [&'static str] {
    match kind {
        TriggerKind::Queue => &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueUrl",
        ],
        TriggerKind::TableStream => &[
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:DescribeStream",
            "dynamodb:ListStreams",
        ],
        TriggerKind::Stream => &[
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            "kafka:DescribeCluster",
            "kafka:GetBootstrapBrokers",
        ],
        _ => &[],
    }
}
