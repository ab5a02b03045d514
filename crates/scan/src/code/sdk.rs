//! The provider's SDKs: what makes a client, what a client does, and which permissions that needs.
//!
//! Invariant: an operation whose name or client cannot be told is written down as unknown. Not here: whether a role allows it (`need`).

mod boto;
mod cli;
mod collections;
mod handed;
mod javascript;
mod operations;
mod parts;
mod record;
mod resources;
mod services;

use std::rc::Rc;

pub(super) use self::cli::{is_signer, runs_the_command_line};
pub(super) use self::collections::asks;
use super::value::Value;

/// Something of an SDK.
#[derive(Debug)]
pub(super) enum Thing {
    /// A client, on which operations are called.
    Client {
        service: Rc<str>,
        style: Style,
        /// Parameters that every operation is given, where it has no others.
        given: Option<Value>,
    },
    /// A handle of a resource: its name is bound already.
    Handle { service: Rc<str>, form: Form, name: Value },
    /// A pager of an operation.
    Pages { service: Rc<str>, operation: Rc<str>, name: Option<Value> },
    /// A waiter that asks by an operation.
    Waits { service: Rc<str>, operation: Rc<str> },
    /// A command that was written down when it was made.
    Command,
}

/// How operations are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `getItem`.
    Camel,
    /// `get` for `GetItem`.
    Document,
    /// `send(command)`.
    Commands,
    /// `get_item`.
    Snake,
}

/// What a handle stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `boto3.resource(…)` itself.
    Service,
    Table,
    /// `table.batch_writer()`.
    Batch,
    Bucket,
    Object,
    /// `bucket.objects`, whose elements are objects; the others that end in `s` are collections like it.
    Objects,
    /// `bucket.object_versions`.
    Versions,
    Version,
    /// What `queue.receive_messages()` gives.
    Messages,
    Message,
    Buckets,
    Tables,
    Queues,
    Queue,
    Topic,
    /// Something else, whose methods are its service's operations.
    Other,
}

/// Whether a package uses the provider behind the caller's back.
pub(super) fn hides_calls(package: &str) -> bool {
    const HIDING: [&str; 42] = [
        "dynamoose",
        "electrodb",
        "dynamodb-toolbox",
        "dynamodb-onetable",
        "@typedorm/core",
        "typedorm",
        "pynamodb",
        "@aws/dynamodb-data-mapper",
        "@shiftcoders/dynamo-easy",
        "dynamodb-admin",
        "s3fs",
        "awswrangler",
        "smart_open",
        "smart-open",
        "chalice",
        "sst",
        "aws-amplify",
        "amplify",
        "cloudpathlib",
        "watchtower",
        "django_storages",
        "storages",
        "multer-s3",
        "s3-upload-stream",
        "sqs-consumer",
        "sqs-producer",
        "bbc-sqs",
        "kinesis-producer",
        "aws-appsync",
        "zappa",
        "ssm_cache",
        "chamber",
        "dynamorm",
        "flywheel",
        "requests_aws4auth",
        "aws_requests_auth",
        "requests_auth_aws_sigv4",
        "aws4",
        "aws4fetch",
        "aws4-axios",
        "@smithy/signature-v4",
        "@aws-sdk/signature-v4",
    ];
    HIDING.contains(&package)
}
