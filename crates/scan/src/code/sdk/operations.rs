//! Which permissions an operation needs.
//!
//! Mostly an operation and its permission have the same name; the exceptions stand here. Source: the service authorization reference of
//! AWS, actions by service.

/// The permissions of an operation. Empty: it needs none.
pub(super) fn actions(service: &str, operation: &str) -> Vec<String> {
    let known = EXCEPTIONS.iter().find(|(of, names, _)| {
        *of == service && names.split(' ').any(|name| name.eq_ignore_ascii_case(operation))
    });
    match known {
        Some((_, _, needed)) => needed
            .split(' ')
            .filter(|action| !action.is_empty())
            .map(
                |action| if action.contains(':') { action.to_owned() } else { format!("{service}:{action}") },
            )
            .collect(),
        None if service == "cognito-idp" && OPEN_USER_POOL.contains(&operation) => Vec::new(),
        None if service == "cognito-identity" && OPEN_IDENTITY.contains(&operation) => Vec::new(),
        None => vec![format!("{service}:{operation}")],
    }
}

/// Operations that users of a pool call with their own token, or without one.
const OPEN_USER_POOL: [&str; 22] = [
    "InitiateAuth",
    "SignUp",
    "ConfirmSignUp",
    "ForgotPassword",
    "ConfirmForgotPassword",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "GetUser",
    "ChangePassword",
    "GlobalSignOut",
    "UpdateUserAttributes",
    "RevokeToken",
    "DeleteUser",
    "DeleteUserAttributes",
    "GetUserAttributeVerificationCode",
    "VerifyUserAttribute",
    "AssociateSoftwareToken",
    "VerifySoftwareToken",
    "SetUserMFAPreference",
    "ListDevices",
    "ForgetDevice",
    "ConfirmDevice",
];

const OPEN_IDENTITY: [&str; 3] = ["GetId", "GetCredentialsForIdentity", "GetOpenIdToken"];

/// Service, operations, permissions. A permission of another service says which.
const EXCEPTIONS: [(&str, &str, &str); 64] = [
    ("s3", "HeadObject SelectObjectContent", "GetObject"),
    ("s3", "GetObjectAttributes", "GetObject GetObjectAttributes"),
    ("secretsmanager", "BatchGetSecretValue", "BatchGetSecretValue GetSecretValue"),
    ("s3", "HeadBucket ListObjects ListObjectsV2", "ListBucket"),
    ("s3", "ListBuckets", "ListAllMyBuckets"),
    ("s3", "ListObjectVersions", "ListBucketVersions"),
    ("s3", "ListMultipartUploads", "ListBucketMultipartUploads"),
    ("s3", "ListParts", "ListMultipartUploadParts"),
    ("s3", "CreateMultipartUpload UploadPart CompleteMultipartUpload Upload", "PutObject"),
    ("s3", "DeleteObjects", "DeleteObject"),
    ("s3", "PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("s3", "GetBucketNotificationConfiguration", "GetBucketNotification"),
    (
        "s3",
        "PutBucketLifecycleConfiguration PutBucketLifecycle DeleteBucketLifecycle",
        "PutLifecycleConfiguration",
    ),
    ("s3", "GetBucketLifecycleConfiguration GetBucketLifecycle", "GetLifecycleConfiguration"),
    ("s3", "PutBucketEncryption DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("s3", "GetBucketEncryption", "GetEncryptionConfiguration"),
    ("s3", "PutBucketCors DeleteBucketCors", "PutBucketCORS"),
    ("s3", "GetBucketCors", "GetBucketCORS"),
    ("s3", "PutPublicAccessBlock DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("s3", "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("s3", "PutBucketReplication DeleteBucketReplication", "PutReplicationConfiguration"),
    ("s3", "GetBucketReplication", "GetReplicationConfiguration"),
    ("s3", "DeleteBucketTagging", "PutBucketTagging"),
    ("s3", "DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    ("s3", "PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    ("s3", "GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("s3", "PutBucketInventoryConfiguration DeleteBucketInventoryConfiguration", "PutInventoryConfiguration"),
    ("s3", "GetBucketInventoryConfiguration ListBucketInventoryConfigurations", "GetInventoryConfiguration"),
    ("s3", "PutBucketMetricsConfiguration DeleteBucketMetricsConfiguration", "PutMetricsConfiguration"),
    ("s3", "GetBucketMetricsConfiguration ListBucketMetricsConfigurations", "GetMetricsConfiguration"),
    ("s3", "PutBucketAnalyticsConfiguration DeleteBucketAnalyticsConfiguration", "PutAnalyticsConfiguration"),
    ("s3", "GetBucketAnalyticsConfiguration ListBucketAnalyticsConfigurations", "GetAnalyticsConfiguration"),
    ("s3", "PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("s3", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("s3", "WriteGetObjectResponse", "s3-object-lambda:WriteGetObjectResponse"),
    ("lambda", "Invoke InvokeAsync InvokeWithResponseStream", "InvokeFunction"),
    ("sqs", "SendMessageBatch", "SendMessage"),
    ("sqs", "DeleteMessageBatch", "DeleteMessage"),
    ("sqs", "ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
    ("sns", "PublishBatch", "Publish"),
    ("execute-api", "PostToConnection DeleteConnection GetConnection", "ManageConnections"),
    ("sts", "GetCallerIdentity", ""),
    ("kms", "ReEncrypt", "ReEncryptFrom ReEncryptTo"),
    ("bedrock", "Converse", "InvokeModel"),
    ("bedrock", "ConverseStream", "InvokeModelWithResponseStream"),
    ("bedrock", "RetrieveAndGenerate", "RetrieveAndGenerate Retrieve"),
    ("dynamodb", "TransactGetItems", "GetItem"),
    ("dynamodb", "TransactWriteItems", "PutItem UpdateItem DeleteItem ConditionCheckItem"),
    (
        "dynamodb",
        "ExecuteStatement BatchExecuteStatement ExecuteTransaction",
        "PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete",
    ),
    ("rds-data", "ExecuteStatement", "ExecuteStatement secretsmanager:GetSecretValue"),
    ("rds-data", "BatchExecuteStatement", "BatchExecuteStatement secretsmanager:GetSecretValue"),
    ("rds-data", "BeginTransaction", "BeginTransaction secretsmanager:GetSecretValue"),
    ("rds-data", "CommitTransaction", "CommitTransaction secretsmanager:GetSecretValue"),
    ("rds-data", "RollbackTransaction", "RollbackTransaction secretsmanager:GetSecretValue"),
    ("ses", "SendBulkEmail", "SendBulkTemplatedEmail"),
    ("iot", "Publish", "Publish"),
    (
        "apigateway",
        "GetApi GetApis GetRestApi GetRestApis GetStage GetStages GetResources GetUsage GetUsagePlans GetApiKey GetApiKeys",
        "GET",
    ),
    ("apigateway", "CreateApi CreateRestApi CreateDeployment CreateApiKey CreateUsagePlanKey", "POST"),
    ("apigateway", "UpdateStage UpdateUsage UpdateApiKey UpdateRestApi", "PATCH"),
    ("apigateway", "DeleteApi DeleteRestApi DeleteApiKey", "DELETE"),
    ("timestream", "WriteRecords", "WriteRecords DescribeEndpoints"),
    ("timestream", "Query", "Select DescribeEndpoints SelectValues"),
    ("sagemaker", "InvokeEndpoint", "InvokeEndpoint"),
    ("athena", "StartQueryExecution", "StartQueryExecution"),
];

/// The operation that a waiter asks by.
pub(super) fn waiter(service: &str, waiter: &str) -> Option<&'static str> {
    let plain: String =
        waiter.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let found = match (service, plain.as_str()) {
        ("s3", "objectexists" | "objectnotexists") => "HeadObject",
        ("s3", "bucketexists" | "bucketnotexists") => "HeadBucket",
        ("dynamodb", _) => "DescribeTable",
        ("lambda", "functionactive" | "functionupdated") => "GetFunctionConfiguration",
        ("lambda", _) => "GetFunction",
        ("cloudformation", _) => "DescribeStacks",
        ("ecs", name) if name.starts_with("task") => "DescribeTasks",
        ("ecs", _) => "DescribeServices",
        ("ec2", name) if name.starts_with("instance") => "DescribeInstances",
        ("rds", name) if name.starts_with("dbinstance") => "DescribeDBInstances",
        ("kinesis", _) => "DescribeStream",
        _ => return None,
    };
    Some(found)
}

/// `get_item` or `getItem` as the service calls it: `GetItem`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// An operation of DynamoDB by its short name in document clients and tables.
pub(super) fn document(name: &str) -> Option<&'static str> {
    let found = match name {
        "get" | "Get" => "GetItem",
        "put" | "Put" => "PutItem",
        "update" | "Update" => "UpdateItem",
        "delete" | "Delete" => "DeleteItem",
        "query" | "Query" => "Query",
        "scan" | "Scan" => "Scan",
        "batchGet" | "BatchGet" => "BatchGetItem",
        "batchWrite" | "BatchWrite" => "BatchWriteItem",
        "transactGet" | "TransactGet" => "TransactGetItems",
        "transactWrite" | "TransactWrite" => "TransactWriteItems",
        _ => return None,
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    #[test]
    fn every_permission_that_stands_here_is_one() {
        for (service, operations, _) in EXCEPTIONS {
            for action in operations.split(' ').flat_map(|operation| actions(service, operation)) {
                assert!(facts::action(&action).is_some(), "`{action}` is no action ({service}:{operations})");
            }
        }
    }
}
