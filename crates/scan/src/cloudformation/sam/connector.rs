//! Connectors of SAM: what a function may do to what it is connected with.
//!
//! Not here: connectors whose source is no function; those make resource policies that name their source.

use crate::cloudformation::role::Addition;
use crate::cloudformation::stack::Resource;
use crate::cloudformation::value::{str_at, strings};
use crate::cloudformation::writer::Writer;
use crate::document::Node;
use crate::known::{Attribute, Name, Piece, Text};

pub(super) fn read(writer: &mut Writer<'_, '_>, resource: &Resource) {
    if resource.kind == "AWS::Serverless::Connector"
        && let Some(source) = resource.properties.get("Source").and_then(|source| str_at(source, "Id"))
    {
        let source = writer.stack.name(source);
        connect(writer, &source, &resource.properties);
    }
    for (_, connector) in resource.connectors.entries() {
        if let Some(properties) = connector.get("Properties") {
            connect(writer, &resource.name, properties);
        }
    }
}

fn connect(writer: &mut Writer<'_, '_>, source: &Name, properties: &Node) {
    let permissions = properties.get("Permissions").map(strings).unwrap_or_default();
    for destination in properties.get("Destination").map(Node::one_or_many).unwrap_or_default() {
        let Some(id) = str_at(destination, "Id") else {
            let why = "what a connector leads to cannot be told";
            writer.app.unknown(Some(source), destination.place, why);
            continue;
        };
        let Some(declared) = writer.stack.declared(id).cloned() else { continue };
        let own = |tail: &str| {
            let node = declared.name.clone();
            let mut text = Text::of(node, Attribute::Arn, destination.place);
            if !tail.is_empty() {
                text.push(Piece::Literal(tail.to_owned()));
            }
            text
        };
        for permission in permissions.iter().filter_map(|permission| permission.known()) {
            let (actions, tails) = granted(&declared.kind, permission);
            if actions.is_empty() {
                continue;
            }
            let resources = tails.iter().map(|tail| own(tail)).collect();
            let role = writer.function(source).and_then(|function| function.role.as_ref()?.known().cloned());
            if let Some(role) = role.and_then(|role| writer.role(&role)) {
                Addition::Actions(actions, resources, destination.place).apply(role);
            }
        }
    }
}

type Granted = (&'static [&'static str], &'static [&'static str]);

/// Actions, and what follows the ARN in each resource.
fn granted(kind: &str, permission: &str) -> Granted {
    match (kind, permission) {
        ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", "Read") => (
            &[
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:PartiQLSelect",
            ],
            &["", "/index/*"],
        ),
        ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", "Write") => (
            &[
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:PartiQLDelete",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
            ],
            &["", "/index/*"],
        ),
        ("AWS::S3::Bucket", "Read") => (
            &[
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectTorrent",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTorrent",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
                "s3:ListMultipartUploadParts",
            ],
            &["", "/*"],
        ),
        ("AWS::S3::Bucket", "Write") => (
            &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:PutObject",
                "s3:PutObjectLegalHold",
                "s3:PutObjectRetention",
                "s3:RestoreObject",
            ],
            &["", "/*"],
        ),
        ("AWS::SQS::Queue", "Read") => (&["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], &[""]),
        ("AWS::SQS::Queue", "Write") => (
            &["sqs:DeleteMessage", "sqs:SendMessage", "sqs:ChangeMessageVisibility", "sqs:PurgeQueue"],
            &[""],
        ),
        ("AWS::SNS::Topic", "Write") => (&["sns:Publish"], &[""]),
        ("AWS::Events::EventBus", "Write") => (&["events:PutEvents"], &[""]),
        ("AWS::Lambda::Function" | "AWS::Serverless::Function", "Write") => {
            (&["lambda:InvokeAsync", "lambda:InvokeFunction"], &[""])
        }
        ("AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine", "Read") => {
            (&["states:DescribeStateMachine", "states:ListExecutions"], &[""])
        }
        ("AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine", "Write") => {
            (&["states:StartExecution", "states:StartSyncExecution"], &[""])
        }
        _ => (&[], &[]),
    }
}
