//! What operations are handed beside the thing that they concern.

use super::{calls, gaps, read_code};

fn check(body: &str, expect: &[&str]) {
    let code = format!(
        "import boto3, os\nBUCKET = os.environ['B']\nROLE = os.environ['R']\ndef handler(event, context):\n    {body}\n"
    );
    let reading = read_code("app.py", &code);
    assert_eq!(calls(&reading), expect, "{body}\n{:?}", reading.unknowns);
    assert_eq!(gaps(&reading), Vec::<&str>::new(), "{body}");
}

#[test]
fn services_use_buckets_with_their_callers_rights() {
    check(
        "boto3.client('rekognition').detect_labels(Image={'S3Object': {'Bucket': BUCKET, 'Name': 'k'}})",
        &["rekognition:DetectLabels *", "s3:GetObject ${env.B}"],
    );
    check(
        "boto3.client('rekognition').detect_labels(Image={'Bytes': event['body']})",
        &["rekognition:DetectLabels *"],
    );
    check(
        "boto3.client('textract').start_document_analysis(DocumentLocation={'S3Object': {'Bucket': event['b'], 'Name': 'k'}}, OutputConfig={'S3Bucket': BUCKET})",
        &["s3:GetObject ${?}", "s3:PutObject ${env.B}", "textract:StartDocumentAnalysis *"],
    );
    let transcribe = |more: &str| {
        format!(
            "boto3.client('transcribe').start_transcription_job(TranscriptionJobName='j', Media={{'MediaFileUri': f's3://{{BUCKET}}/in/a.mp3'}}, OutputBucketName='out'{more})"
        )
    };
    check(
        &transcribe(""),
        &["s3:GetObject ${env.B}", "s3:PutObject out", "transcribe:StartTranscriptionJob *"],
    );
    check(
        &transcribe(", JobExecutionSettings={'DataAccessRoleArn': ROLE}"),
        &["iam:PassRole ${env.R}", "transcribe:StartTranscriptionJob *"],
    );
    check(
        "boto3.client('transcribe').start_call_analytics_job(CallAnalyticsJobName='j', Media={'MediaFileUri': 's3://calls/a.mp3'}, OutputLocation='s3://out/a/')",
        &["s3:GetObject calls", "s3:PutObject out", "transcribe:StartCallAnalyticsJob *"],
    );
    check(
        "boto3.client('polly').start_speech_synthesis_task(OutputS3BucketName='out', Text='x')",
        &["polly:StartSpeechSynthesisTask *", "s3:PutObject out"],
    );
    check(
        "boto3.client('lambda').update_function_code(FunctionName='f', S3Bucket='code', S3Key='k')",
        &["lambda:UpdateFunctionCode f", "s3:GetObject code"],
    );
    check(
        "boto3.client('s3').put_object(Bucket='b', Key='k', ObjectLockMode='COMPLIANCE', ObjectLockLegalHoldStatus='ON')",
        &["s3:PutObject b", "s3:PutObjectLegalHold b", "s3:PutObjectRetention b"],
    );
}

#[test]
fn roles_stand_at_any_depth() {
    // What the caller gives names to is no parameter.
    check(
        "boto3.client('lambda').create_function(FunctionName='f', Role=ROLE, Tags={'Role': 'backend'}, Environment={'Variables': {'ROLE': 'worker', 'S3Bucket': 'logs'}})",
        &["iam:PassRole ${env.R}", "lambda:CreateFunction f"],
    );
    check(
        "boto3.client('s3').put_bucket_replication(Bucket='b', ReplicationConfiguration={'Role': ROLE, 'Rules': [{'Destination': {'Bucket': 'x'}}]})",
        &["iam:PassRole ${env.R}", "s3:PutReplicationConfiguration b"],
    );
    check(
        "boto3.client('scheduler').create_schedule(Name='n', Target={'Arn': 'x', 'RoleArn': ROLE})",
        &["iam:PassRole ${env.R}", "scheduler:CreateSchedule n"],
    );
}

#[test]
fn what_a_query_reaches_is_not_followed() {
    let code = "import boto3\ndef handler(event, context):\n    boto3.client('athena').start_query_execution(QueryString='select 1', WorkGroup='w')\n";
    let reading = read_code("app.py", code);
    assert_eq!(calls(&reading), ["athena:StartQueryExecution w"]);
    assert_eq!(
        gaps(&reading),
        ["what `athena:StartQueryExecution` reads and writes with the caller's rights is not followed"]
    );
}
