//! Which parameter of an operation names the resource that it concerns.

/// How an operation names its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the first of these parameters that is there.
    Parameter(&'static [&'static str]),
    /// By the first of these, unless this parameter is there: then the call concerns no resource, though others of its kind do.
    ParameterUnless(&'static [&'static str], &'static str),
    /// By a list of names.
    Names(&'static str),
    /// By the keys of an object.
    Keys(&'static str),
    /// By a parameter of each element of a list, and what it is where that is absent.
    Each(&'static str, &'static str, &'static str),
    /// Not at all.
    None,
}

/// How an operation of a service names its resource.
pub(super) fn naming(service: &str, operation: &str) -> Naming {
    use Naming::{Each, Keys, Names, Parameter};
    match (service, operation) {
        ("s3", "ListBuckets") | ("dynamodb", "ListTables") | ("sqs", "ListQueues") => Naming::None,
        ("dynamodb", "BatchGetItem" | "BatchWriteItem") => Keys("RequestItems"),
        ("dynamodb", "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction") => Naming::None,
        ("dynamodb", _) => Parameter(&["TableName", "StreamArn", "TableArn"]),
        ("s3", _) => Parameter(&["Bucket"]),
        ("sqs", "GetQueueUrl" | "CreateQueue") => Parameter(&["QueueName"]),
        ("sqs", _) => Parameter(&["QueueUrl"]),
        ("sns", "Publish") => Naming::ParameterUnless(&["TopicArn", "TargetArn"], "PhoneNumber"),
        ("sns", _) => Parameter(&["TopicArn", "TargetArn"]),
        ("lambda", _) => Parameter(&["FunctionName"]),
        ("secretsmanager", "CreateSecret") => Parameter(&["Name"]),
        ("secretsmanager", "ListSecrets" | "GetRandomPassword") => Naming::None,
        ("secretsmanager", _) => Parameter(&["SecretId"]),
        ("ssm", "GetParameters" | "DeleteParameters") => Names("Names"),
        ("ssm", "GetParameter" | "PutParameter" | "DeleteParameter" | "GetParameterHistory") => {
            Parameter(&["Name"])
        }
        ("ssm", "GetParametersByPath") => Parameter(&["Path"]),
        ("ssm", "SendCommand" | "StartAutomationExecution") => Parameter(&["DocumentName"]),
        ("kms", "GenerateRandom" | "ListKeys" | "ListAliases" | "CreateKey") => Naming::None,
        ("kms", _) => Parameter(&["KeyId"]),
        ("states", "StartExecution" | "StartSyncExecution" | "ListExecutions" | "DescribeStateMachine") => {
            Parameter(&["stateMachineArn"])
        }
        ("states", "DescribeExecution" | "StopExecution" | "GetExecutionHistory") => {
            Parameter(&["executionArn"])
        }
        ("events", "PutEvents") => Each("Entries", "EventBusName", "default"),
        ("events", "PutRule" | "DeleteRule" | "EnableRule" | "DisableRule" | "DescribeRule") => {
            Parameter(&["Name"])
        }
        ("events", "PutTargets" | "RemoveTargets") => Parameter(&["Rule"]),
        ("kinesis", _) => Parameter(&["StreamARN", "StreamName"]),
        ("firehose", _) => Parameter(&["DeliveryStreamName"]),
        ("cognito-idp", _) => Parameter(&["UserPoolId"]),
        ("logs", _) => Parameter(&["logGroupName", "logGroupIdentifier"]),
        ("rds-data", _) => Parameter(&["resourceArn"]),
        ("bedrock", _) => Parameter(&["modelId", "knowledgeBaseId", "agentId"]),
        ("sagemaker", "InvokeEndpoint") => Parameter(&["EndpointName"]),
        ("ecs", "RunTask") => Parameter(&["taskDefinition"]),
        ("athena", _) => Parameter(&["WorkGroup"]),
        ("glue", "StartJobRun" | "GetJobRun" | "GetJob") => Parameter(&["JobName"]),
        ("iot", "Publish") => Parameter(&["topic"]),
        ("scheduler", "CreateSchedule" | "DeleteSchedule" | "UpdateSchedule" | "GetSchedule") => {
            Parameter(&["Name"])
        }
        ("sts", "AssumeRole" | "AssumeRoleWithWebIdentity") => Parameter(&["RoleArn"]),
        ("execute-api", _) => Naming::None,
        ("appconfig", _) => Parameter(&["ApplicationIdentifier", "Application"]),
        _ => Naming::None,
    }
}

/// The parameter that holds a statement of a query language.
pub(super) fn statement(service: &str, operation: &str) -> Option<&'static str> {
    match (service, operation) {
        ("rds-data", "ExecuteStatement" | "BatchExecuteStatement") => Some("sql"),
        ("redshift-data", "ExecuteStatement") => Some("Sql"),
        ("dynamodb", "ExecuteStatement") => Some("Statement"),
        ("athena", "StartQueryExecution") => Some("QueryString"),
        ("timestream", "Query") => Some("QueryString"),
        _ => None,
    }
}
