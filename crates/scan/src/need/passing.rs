//! Actions that hand a role to something else, which asks for `iam:PassRole` on that role besides.
//!
//! Source: the service authorization reference, dependent actions of each service; the IAM User Guide on passing a role to a service.

use crate::iam::wildcard::covers_action;

/// Service, then its actions that take a role, as patterns.
const PASSING: [(&str, &str); 42] = [
    ("amplify", "CreateApp UpdateApp"),
    ("apigateway", "POST PUT PATCH"),
    ("appflow", "CreateFlow"),
    ("apprunner", "CreateService UpdateService"),
    ("appsync", "CreateDataSource UpdateDataSource CreateGraphqlApi UpdateGraphqlApi"),
    ("application-autoscaling", "RegisterScalableTarget"),
    (
        "autoscaling",
        "CreateAutoScalingGroup CreateLaunchConfiguration PutLifecycleHook UpdateAutoScalingGroup",
    ),
    ("backup", "CreateBackupSelection StartBackupJob StartCopyJob StartRestoreJob"),
    ("batch", "CreateComputeEnvironment RegisterJobDefinition UpdateComputeEnvironment"),
    ("bedrock", "Create* Update*"),
    ("cloudformation", "CreateStack UpdateStack DeleteStack CreateChangeSet CreateStackSet UpdateStackSet"),
    ("cloudtrail", "CreateTrail UpdateTrail"),
    ("codebuild", "CreateProject UpdateProject StartBuild"),
    ("codedeploy", "CreateDeploymentGroup UpdateDeploymentGroup"),
    ("codepipeline", "CreatePipeline UpdatePipeline"),
    ("cognito-identity", "SetIdentityPoolRoles"),
    ("cognito-idp", "CreateUserPool UpdateUserPool CreateGroup UpdateGroup SetUserPoolMfaConfig"),
    ("config", "PutConfigurationRecorder"),
    ("datapipeline", "PutPipelineDefinition"),
    ("ec2", "RunInstances AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation RequestSpot*"),
    ("ecs", "RunTask StartTask RegisterTaskDefinition CreateService UpdateService"),
    ("eks", "CreateCluster CreateNodegroup CreateAddon CreateFargateProfile CreatePodIdentityAssociation"),
    ("elasticmapreduce", "RunJobFlow"),
    ("emr-containers", "StartJobRun"),
    ("emr-serverless", "StartJobRun"),
    ("events", "PutTargets PutRule CreateConnection"),
    ("firehose", "CreateDeliveryStream UpdateDestination"),
    (
        "glue",
        "CreateJob UpdateJob CreateCrawler UpdateCrawler CreateDevEndpoint CreateMLTransform CreateSession",
    ),
    ("iot", "CreateTopicRule ReplaceTopicRule CreateRoleAlias CreateJob CreateProvisioningTemplate"),
    ("kinesisanalytics", "CreateApplication UpdateApplication"),
    ("lambda", "CreateFunction UpdateFunctionConfiguration"),
    ("logs", "PutSubscriptionFilter PutDestination"),
    ("mediaconvert", "CreateJob CreateJobTemplate"),
    ("medialive", "CreateChannel UpdateChannel"),
    ("pipes", "CreatePipe UpdatePipe"),
    ("rds", "AddRoleToDB* CreateDB* ModifyDB* RestoreDB* StartExportTask"),
    ("redshift", "CreateCluster ModifyClusterIamRoles RestoreFromClusterSnapshot CreateScheduledAction"),
    ("s3", "PutReplicationConfiguration CreateJob"),
    ("sagemaker", "Create* Update*"),
    ("scheduler", "CreateSchedule UpdateSchedule"),
    ("ssm", "SendCommand StartAutomationExecution RegisterTaskWithMaintenanceWindow CreateActivation"),
    ("states", "CreateStateMachine UpdateStateMachine"),
];

/// Services of which most jobs are started with a role.
const ALWAYS: [&str; 7] = [
    "comprehend:Start*",
    "forecast:Create*",
    "personalize:Create*",
    "rekognition:Start*",
    "textract:Start*",
    "transcribe:Start*",
    "translate:Start*",
];

/// Whether an action may hand a role over.
pub(super) fn passes_role(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return false };
    let listed = PASSING.iter().filter(|(of, _)| *of == service).flat_map(|(_, names)| names.split(' '));
    listed.into_iter().any(|pattern| covers_action(pattern, name))
        || ALWAYS.iter().any(|pattern| covers_action(pattern, action))
}
