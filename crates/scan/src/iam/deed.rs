//! What an action comes to for whoever was robbed: a coarser and plainer measure than the provider's levels, which call reading a
//! table's settings and reading its rows the same.
//!
//! Invariant: an action that is not named here is judged by its level alone, and never as reading data. Not here: who may (`iam`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

use super::wildcard;
use crate::facts::{ActionFact, Level};

/// What is done to a thing, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Puts something in: a message, a record, an event.
    Sends,
    /// Starts it: a function, a state machine.
    Starts,
    /// Changes or removes what is in it.
    Changes,
    /// Reads what is in it.
    Reads,
    /// Removes the thing itself, or what protects it.
    Destroys,
    /// Says who may use it.
    Opens,
    /// Makes it run code of one's own.
    TakesOver,
}

/// Actions that are more than their level says. Each line: what is done, and patterns of actions.
const DEEDS: [(Deed, &[&str]); 7] = [
    (
        Deed::TakesOver,
        &[
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "states:UpdateStateMachine",
            "ecr:PutImage",
        ],
    ),
    (Deed::Opens, &["kms:CreateGrant", "lambda:CreateFunctionUrlConfig", "cognito-idp:AdminSetUserPassword"]),
    (
        Deed::Destroys,
        &[
            "s3:DeleteBucket",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketVersioning",
            "dynamodb:DeleteTable",
            "dynamodb:DeleteBackup",
            "sqs:DeleteQueue",
            "sns:DeleteTopic",
            "kinesis:DeleteStream",
            "firehose:DeleteDeliveryStream",
            "kafka:DeleteCluster",
            "rds:DeleteDB*",
            "rds:ModifyDB*",
            "redshift:DeleteCluster",
            "es:DeleteDomain",
            "es:DeleteElasticsearchDomain",
            "elasticache:DeleteReplicationGroup",
            "elasticfilesystem:DeleteFileSystem",
            "secretsmanager:DeleteSecret",
            "kms:ScheduleKeyDeletion",
            "kms:DisableKey",
            "logs:DeleteLogGroup",
            "logs:DeleteLogStream",
            "events:DeleteEventBus",
            "states:DeleteStateMachine",
            "cognito-idp:DeleteUserPool",
            "ecr:DeleteRepository",
            "lambda:DeleteFunction",
        ],
    ),
    (
        Deed::Reads,
        &[
            "s3:GetObject*",
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:GetRecords",
            "dynamodb:PartiQLSelect",
            "dynamodb:ExportTableToPointInTime",
            "sqs:ReceiveMessage",
            "sns:Subscribe",
            "kinesis:GetRecords",
            "kinesis:SubscribeToShard",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:GetParametersByPath",
            "ssm:GetParameterHistory",
            "kms:Decrypt",
            "rds-data:ExecuteStatement",
            "rds-data:BatchExecuteStatement",
            "rds:CopyDB*Snapshot",
            "es:ESHttpGet",
            "elasticfilesystem:ClientMount",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
            "logs:StartQuery",
            "cognito-idp:ListUsers",
            "cognito-idp:AdminGetUser",
            "ecr:BatchGetImage",
            "lambda:GetFunction",
        ],
    ),
    (
        Deed::Changes,
        &[
            "s3:PutObject",
            "s3:DeleteObject*",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:PartiQL?*te",
            "sqs:DeleteMessage",
            "sqs:PurgeQueue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecret",
            "ssm:PutParameter",
            "ssm:DeleteParameter*",
            "es:ESHttpPut",
            "es:ESHttpPost",
            "es:ESHttpDelete",
            "elasticfilesystem:ClientWrite",
            "cognito-idp:Admin*User*",
        ],
    ),
    (
        Deed::Starts,
        &[
            "lambda:InvokeFunction",
            "lambda:InvokeAsync",
            "states:StartExecution",
            "states:StartSyncExecution",
        ],
    ),
    (
        Deed::Sends,
        &["sqs:SendMessage", "sns:Publish", "kinesis:PutRecord*", "firehose:PutRecord*", "events:PutEvents"],
    ),
];

/// What is named above, by service: each deed with a pattern of names of actions.
fn named() -> &'static BTreeMap<&'static str, Vec<(Deed, &'static str)>> {
    static NAMED: OnceLock<BTreeMap<&'static str, Vec<(Deed, &'static str)>>> = OnceLock::new();
    NAMED.get_or_init(|| {
        let all =
            DEEDS.iter().flat_map(|(deed, patterns)| patterns.iter().map(move |pattern| (*deed, *pattern)));
        let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (service, name) in
            all.filter_map(|(deed, it)| it.split_once(':').map(|(service, name)| (service, (deed, name))))
        {
            named.entry(service).or_default().push(name);
        }
        named
    })
}

/// What an action comes to; `None` for naming, describing, tagging and changing settings.
#[must_use]
pub fn deed(action: ActionFact) -> Option<Deed> {
    let of_service = named().get(action.service).into_iter().flatten();
    let mut deeds = of_service.filter(|(_, pattern)| wildcard::covers_action(pattern, action.name));
    match (deeds.next(), action.level) {
        (Some((deed, _)), _) => Some(*deed),
        (None, Level::Permissions) => Some(Deed::Opens),
        _ => None,
    }
}

/// The services in which something has a deed of its own: where data, secrets and code are.
pub fn deed_services() -> impl Iterator<Item = &'static str> {
    named().keys().copied()
}
