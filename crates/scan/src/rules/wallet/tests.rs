//! Functions that start themselves, by what their code does.

use crate::facts::Day;
use crate::inspect::{Dependencies, Options, inspect};
use crate::source::SourceTree;

const APP: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  In: { Type: AWS::S3::Bucket, Properties: { BucketName: in-pictures } }
  Main:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      Runtime: python3.13
      Policies: [{ Statement: [{ Effect: Allow, Action: 's3:PutObject', Resource: 'arn:aws:s3:::in-pictures/*' }] }]
      Events: { New: { Type: S3, Properties: { Bucket: !Ref In, Events: 's3:ObjectCreated:*' } } }
";

fn check_in(template: &str, line: &str, expect: bool) {
    let mut tree = SourceTree::new();
    let code = format!("import boto3\ndef handler(event, context):\n    {line}\n");
    tree.add("template.yaml", template.as_bytes());
    tree.add("app.py", code.as_bytes());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    let report = inspect(&tree, &Dependencies::default(), &options);
    let found = report.apps.iter().flat_map(|app| &app.findings);
    assert_eq!(found.filter(|found| found.rule.id == "trigger-loop").count() == 1, expect, "{line}");
}

/// What a role may do to everything says nothing of one bucket; what the code does says it.
#[test]
fn a_role_for_everything_hides_no_loop_that_the_code_makes() {
    let everything = APP.replace("'arn:aws:s3:::in-pictures/*'", "'*'");
    check_in(&everything, "boto3.client('s3').put_object(Bucket='in-pictures', Key='a')", true);
    check_in(&everything, "boto3.client('s3').put_object(Bucket=event['bucket'], Key='a')", false);
    check_in(&everything, "boto3.client('s3').put_object(Bucket='out-pictures', Key='a')", false);
    check_in(&everything, "boto3.client('s3').get_object(Bucket='in-pictures', Key='a')", false);
    // An address that a caller uploads to is nothing that it writes.
    check_in(&everything, "boto3.client('s3').generate_presigned_post('in-pictures', 'a')", false);
    check_in(
        &everything,
        "boto3.client('s3').generate_presigned_url('put_object', Params={'Bucket': 'in-pictures', 'Key': 'a'})",
        false,
    );
    // With which key it writes is not known: a trigger for some of them may not be meant.
    let some = everything.replace(
        "Events: 's3:ObjectCreated:*' }",
        "Events: 's3:ObjectCreated:*', Filter: { S3Key: { Rules: [{ Name: prefix, Value: in/ }] } } }",
    );
    check_in(&some, "boto3.client('s3').put_object(Bucket='in-pictures', Key='a')", false);
}

#[test]
fn a_loop_asks_for_code_that_may_send() {
    let check = |line: &str, expect: bool| check_in(APP, line, expect);
    check("boto3.client('s3').put_object(Bucket='in-pictures', Key='a')", true);
    check("boto3.client('s3').put_object(Bucket=event['bucket'], Key='a')", true);
    check("getattr(boto3.client('s3'), event['operation'])(Bucket='in-pictures')", true);
    // What is read cannot be told, and nobody allowed it: the code was followed all the same.
    check("boto3.client('dynamodb').get_item(TableName=event['table'], Key={})", false);
    check("print(event)", false);
}
