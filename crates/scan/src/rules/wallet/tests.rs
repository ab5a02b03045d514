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

#[test]
fn a_loop_asks_for_code_that_may_send() {
    let check = |line: &str, expect: bool| {
        let mut tree = SourceTree::new();
        let code = format!("import boto3\ndef handler(event, context):\n    {line}\n");
        tree.add("template.yaml", APP.as_bytes());
        tree.add("app.py", code.as_bytes());
        let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
        let report = inspect(&tree, &Dependencies::default(), &options);
        let found = report.apps.iter().flat_map(|app| &app.findings);
        assert_eq!(found.filter(|found| found.rule.id == "trigger-loop").count() == 1, expect, "{line}");
    };
    check("boto3.client('s3').put_object(Bucket='in-pictures', Key='a')", true);
    check("boto3.client('s3').put_object(Bucket=event['bucket'], Key='a')", true);
    check("getattr(boto3.client('s3'), event['operation'])(Bucket='in-pictures')", true);
    // What is read cannot be told, and nobody allowed it: the code was followed all the same.
    check("boto3.client('dynamodb').get_item(TableName=event['table'], Key={})", false);
    check("print(event)", false);
}
