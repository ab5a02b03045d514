//! Need against grant on the labelled apps: which permissions each function lacks and has too much of, and how sure that is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests say what they expect by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use casemate_scan::code::Certainty;
use casemate_scan::facts::Day;
use casemate_scan::finding::Confidence;
use casemate_scan::inspect::{Dependencies, Options, inspect};
use casemate_scan::report::text::{Plain, text};
use casemate_scan::report::{
    AppReport, FunctionNeed, Report, html, json, markdown, need_json, need_text, sarif,
};
use casemate_scan::source::SourceTree;

fn apps() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scan/apps");
    let mut apps: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    apps.sort();
    apps
}

fn take_in(folder: &Path, below: &str, tree: &mut SourceTree) {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(below)).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            take_in(folder, &path, tree);
        } else if path != "labels.toml" {
            tree.add(&path, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn report(folder: &Path) -> Report {
    let mut tree = SourceTree::new();
    take_in(folder, "", &mut tree);
    inspected(&tree)
}

fn inspected(tree: &SourceTree) -> Report {
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    inspect(tree, &Dependencies::default(), &options)
}

fn labelled(name: &str) -> Report {
    report(&apps().into_iter().find(|folder| folder.ends_with(name)).unwrap())
}

fn mark(confidence: Confidence) -> &'static str {
    if confidence == Confidence::Certain { "" } else { " ?" }
}

/// One function in a few lines.
fn lines(need: &FunctionNeed, all: &mut String) {
    writeln!(all, "  {}{}", need.function, if need.read { "" } else { " (no code)" }).unwrap();
    for used in &need.uses {
        let sure = if used.certainty == Certainty::Certain { "" } else { " ?" };
        writeln!(all, "    uses {} {}{sure}", used.action, used.on.as_deref().unwrap_or("-")).unwrap();
    }
    for lacking in &need.missing {
        let on = lacking.on.as_deref().unwrap_or("-");
        writeln!(all, "    lacks {} {on}{}", lacking.action, mark(lacking.confidence)).unwrap();
    }
    for idle in &need.excess {
        let on = idle.resource.as_ref().map(|on| format!(" {on}")).unwrap_or_default();
        let instead = match idle.instead.is_empty() {
            true => String::new(),
            false => format!(" for {}", idle.instead.join(" ")),
        };
        writeln!(all, "    idle {}{on}{instead}{}", idle.action, mark(idle.confidence)).unwrap();
    }
    for gap in &need.gaps {
        writeln!(all, "    unknown {}", gap.text).unwrap();
    }
}

#[test]
fn every_labelled_app_has_the_needs_that_it_had() {
    let mut all = String::new();
    for folder in apps() {
        writeln!(all, "{}", folder.file_name().unwrap().to_str().unwrap()).unwrap();
        for need in report(&folder).apps.iter().flat_map(|app: &AppReport| &app.needs) {
            lines(need, &mut all);
        }
    }
    insta::assert_snapshot!(all);
}

/// What is plain to a reader of each app, and stays so whatever the snapshot above says.
#[test]
fn needs_that_a_reader_sees_are_found() {
    let check = |app: &str, function: &str, uses: &[&str], missing: &[&str], idle: &[&str]| {
        let report = labelled(app);
        let (_, need) = report.needs_of(function).next().unwrap_or_else(|| panic!("{app}: {function}"));
        let found: BTreeSet<&str> = need.uses.iter().map(|used| used.action.as_str()).collect();
        assert_eq!(found, uses.iter().copied().collect(), "{app} {function} uses");
        let found: Vec<&str> = need.missing.iter().map(|lacking| lacking.action.as_str()).collect();
        assert_eq!(found, missing, "{app} {function} misses");
        let certain = need.excess.iter().filter(|idle| idle.confidence == Confidence::Certain);
        let found: Vec<&str> = certain.map(|idle| idle.action.as_str()).collect();
        assert_eq!(found, idle, "{app} {function} does not need");
    };
    check("sam-well-made", "Place", &["dynamodb:PutItem"], &[], &[]);
    check("tf-well-made", "aws_lambda_function.shrink", &["s3:GetObject", "s3:PutObject"], &[], &[]);
    check("sls-open-crud", "create", &["dynamodb:PutItem"], &[], &["dynamodb:Scan"]);
    check("sls-typescript", "run", &["s3:GetObject"], &[], &["s3:PutObject"]);
    check("cfn-shared-role", "Look", &["dynamodb:GetItem"], &[], &["dynamodb:DeleteItem"]);
    // A trap: what has no resource is used as it is granted.
    check("sls-well-made", "send", &["ses:SendEmail"], &[], &[]);
}

#[test]
fn where_code_is_not_known_in_full_nothing_is_certain() {
    let mut open = 0;
    for folder in apps() {
        for need in report(&folder).apps.iter().flat_map(|app| &app.needs) {
            if need.gaps.is_empty() {
                continue;
            }
            open += 1;
            let name = format!("{} {}", folder.display(), need.function);
            assert!(need.policy.is_none(), "{name}");
            assert!(need.missing.iter().all(|it| it.confidence == Confidence::Likely), "{name}");
            assert!(need.excess.iter().all(|it| it.confidence == Confidence::Likely), "{name}");
        }
    }
    assert!(open >= 5, "control: {open} functions are not known in full");
}

const SAM: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: take.handler
      CodeUri: src/
      Tracing: Active
      Environment:
        Variables: { TABLE: !Ref Orders, NEWS: !Ref News, LIMIT: !Ref Limit }
      Policies:
        - Statement:
            - Effect: Allow
              Action: [dynamodb:Query, dynamodb:DeleteItem]
              Resource: !GetAtt Orders.Arn
            - { Effect: Allow, Action: ssm:GetParameter, Resource: '*' }
      Events:
        Jobs: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn } }
  Orders: { Type: AWS::Serverless::SimpleTable }
  News: { Type: AWS::SNS::Topic }
  Jobs: { Type: AWS::SQS::Queue }
  Limit: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: '5' } }
";
const TAKE: &str = "
import boto3, os
table = boto3.resource('dynamodb').Table(os.environ['TABLE'])
def handler(event, context):
    boto3.client('ssm').get_parameter(Name=os.environ['LIMIT'])
    table.query(IndexName='by-day')
    boto3.client('sns').publish(TopicArn=os.environ['NEWS'], Message='x')
";
const CLOUDFORMATION: &str = r"
Resources:
  Copy:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: copier
      Runtime: nodejs22.x
      Handler: copy.handler
      Code: src/
      Role: !GetAtt CopyRole.Arn
      VpcConfig: { SecurityGroupIds: [sg-1], SubnetIds: [subnet-1] }
      Environment: { Variables: { FILES: !Ref Files } }
  Logged:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: again.handler
      Code: src/
      Role: !GetAtt LoggedRole.Arn
      Environment: { Variables: { NEXT: !GetAtt Copy.Arn } }
  CopyRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }] }
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement:
              - { Effect: Allow, Action: ['s3:*', 'kms:Decrypt'], Resource: '*' }
              - { Effect: Allow, Action: ['dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream', 'dynamodb:ListStreams'], Resource: '*' }
              - { Effect: Allow, Action: sqs:SendMessage, Resource: '*' }
  LoggedRole:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
      AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }] }
  Files: { Type: AWS::S3::Bucket }
  Rows:
    Type: AWS::DynamoDB::Table
    Properties: { StreamSpecification: { StreamViewType: NEW_IMAGE } }
  Changes:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { EventSourceArn: !GetAtt Rows.StreamArn, FunctionName: !Ref Copy }
";
const COPY: &str = "
const { S3 } = require('aws-sdk'); const s3 = new S3();
exports.handler = async () => {
  await s3.getObject({ Bucket: process.env.FILES, Key: 'a' }).promise();
  await s3.listObjectsV2({ Bucket: process.env.FILES }).promise();
};
";
const AGAIN: &str = "
const { Lambda } = require('aws-sdk'); const lambda = new Lambda();
exports.handler = async () => lambda.invoke({ FunctionName: process.env.NEXT, Qualifier: 'live' }).promise();
";
const SERVERLESS: &str = r"
service: shop
provider:
  name: aws
  runtime: nodejs22.x
  stage: dev
  iam:
    role:
      statements:
        - { Effect: Allow, Action: ['lambda:InvokeFunction', 'ses:SendEmail'], Resource: '*' }
        - Effect: Allow
          Action: 'dynamodb:*'
          Resource: !GetAtt Orders.Arn
          Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [a] } }
functions:
  first:
    handler: first.handler
    environment: { TABLE: !Ref Orders }
    events: [{ sqs: { arn: !GetAtt Jobs.Arn } }]
  second:
    handler: second.handler
resources:
  Resources:
    Orders: { Type: AWS::DynamoDB::Table, Properties: {} }
    Jobs: { Type: AWS::SQS::Queue }
";
const FIRST: &str = "
const { Lambda, DynamoDB, SES } = require('aws-sdk');
const lambda = new Lambda(), db = new DynamoDB.DocumentClient(), ses = new SES();
exports.handler = async () => {
  await lambda.invoke({ FunctionName: 'shop-dev-second' }).promise();
  await ses.sendEmail({ Source: 'a@example.com' }).promise();
  return db.scan({ TableName: process.env.TABLE }).promise();
};
";
const TERRAFORM: &str = r#"
resource "aws_lambda_function" "read" {
  function_name = "reader"
  runtime       = "python3.13"
  handler       = "read.handler"
  filename      = "read.zip"
  role          = aws_iam_role.read.arn
  environment { variables = { TABLE = aws_dynamodb_table.rows.name } }
}
resource "aws_iam_role" "read" { assume_role_policy = "{}" }
resource "aws_iam_role_policy" "read" {
  role   = aws_iam_role.read.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["dynamodb:Query", "dynamodb:PutItem"], Resource = [aws_dynamodb_table.rows.arn, "${aws_dynamodb_table.rows.arn}/index/*"] }] })
}
resource "aws_dynamodb_table" "rows" { name = "rows" }
resource "aws_sqs_queue" "jobs" { name = "jobs" }
resource "aws_lambda_event_source_mapping" "jobs" {
  event_source_arn = aws_sqs_queue.jobs.arn
  function_name    = aws_lambda_function.read.arn
}
"#;
const READ: &str = "
import boto3, os
rows = boto3.resource('dynamodb').Table(os.environ['TABLE'])
def handler(event, context):
    return rows.query(IndexName='by-day', KeyConditionExpression='x')
";

fn made(files: &[(&str, &str)]) -> Report {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    inspected(&tree)
}

fn in_all_formats() -> [(&'static str, Report); 5] {
    let cloudformation =
        || made(&[("template.yaml", CLOUDFORMATION), ("src/copy.js", COPY), ("src/again.js", AGAIN)]);
    [
        ("Take", made(&[("template.yaml", SAM), ("src/take.py", TAKE)])),
        ("Copy", cloudformation()),
        ("Logged", cloudformation()),
        (
            "first",
            made(&[
                ("serverless.yml", SERVERLESS),
                ("first.js", FIRST),
                ("second.js", "exports.handler = async () => 1;"),
            ]),
        ),
        ("aws_lambda_function.read", made(&[("main.tf", TERRAFORM), ("read.py", READ)])),
    ]
}

#[test]
fn one_function_is_shown_with_a_policy_that_keeps_it_running() {
    for (function, report) in in_all_formats() {
        let shown = need_text(&report, function, &Plain).unwrap();
        insta::assert_snapshot!(function.replace('.', "-"), shown);
        let document = need_json(&report, function).unwrap();
        assert_eq!(document["needs"][0]["need"]["function"], function);
        assert_eq!(need_text(&report, "nobody", &Plain), None);
        assert_eq!(need_json(&report, "nobody"), None);
    }
}

#[test]
fn each_output_says_what_is_missing_and_is_silent_otherwise() {
    let [(_, report), ..] = in_all_formats();
    let head = "Permissions that code uses and roles do not give:";
    let shown = text(&report, 100, &Plain);
    let missing = "Take: dynamodb:Query on Orders/index/by-day (src/take.py:6)";
    assert!(shown.contains(head) && shown.contains(missing), "{shown}");
    let page = markdown::markdown(&report);
    assert!(page.contains("| `Take` | `dynamodb:Query` | `Orders/index/by-day` | certain |"), "{page}");
    let page = html::html(&report);
    assert!(page.contains("<th colspan=\"3\">Missing: will be refused</th>"), "{page}");
    let document = json::json(&report);
    let need = &document["apps"][0]["needs"][0];
    assert_eq!(need["function"], "Take");
    assert_eq!(need["missing"].as_array().unwrap().len(), 2);
    assert!(need["policy"]["text"].as_str().unwrap().contains("index/by-day"));
    assert!(!sarif::sarif(&report).contains("will be refused"), "a call that is refused is no finding");
    let report = labelled("sam-well-made");
    assert!(report.apps[0].needs.iter().all(FunctionNeed::is_settled), "control: all is known");
    assert!(!text(&report, 100, &Plain).contains(head));
    assert!(!markdown::markdown(&report).contains("### Permissions"));
}

#[test]
fn the_finding_shows_the_whole_policy_as_code() {
    let [(_, report), ..] = in_all_formats();
    let found = report.apps[0].findings.iter().find(|found| found.rule.id == "unneeded-permission").unwrap();
    let policy = report.apps[0].needs[0].policy.as_ref().unwrap();
    let (words, code) = found.change.as_ref().unwrap().parts();
    assert_eq!(code, Some(policy.text.trim_end()));
    let lines: Vec<String> = policy.text.lines().map(|line| format!("      {line}\n")).collect();
    let shown = text(&report, 60, &Plain);
    assert!(shown.contains(&lines.concat()), "{shown}");
    let page = markdown::markdown(&report);
    let fence = format!("```text\n{}\n```", policy.text.trim_end());
    assert!(page.contains(&format!("**Change:** {words}\n\n{fence}")), "{page}");
    assert_eq!(page.matches("!Sub '${Orders.Arn}/index/by-day'").count(), 1, "and shows it once");
    assert!(html::html(&report).contains("<pre>- Statement:\n    - Effect: Allow"));
}

/// What of a line stands in no code span: one ends at a run of as many backticks as it begins with (CommonMark §6.1).
fn outside_of_code(line: &str) -> String {
    let (mut outside, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        outside.push_str(&rest[..at]);
        let ticks = rest[at..].chars().take_while(|character| *character == '`').count();
        rest = &rest[at + ticks..];
        let mut from = 0;
        while let Some(next) = rest[from..].find('`') {
            let run = rest[from + next..].chars().take_while(|character| *character == '`').count();
            from += next + run;
            if run == ticks {
                rest = &rest[from..];
                break;
            }
        }
    }
    outside + rest
}

/// Names that try to leave their place.
#[test]
fn no_name_of_a_file_leaves_its_place() {
    let template = SAM.replace("Take", "\"T<img src=x>`](a)\"");
    let code = TAKE.replace("by-day", "</pre><script>alert(1)</script>```");
    let report = made(&[("template.yaml", &template), ("src/take.py", &code)]);
    assert_eq!(report.apps[0].needs[0].missing.len(), 2, "control");
    let page = html::html(&report);
    assert!(page.contains("T&lt;img") && page.contains("&lt;/pre&gt;&lt;script&gt;"), "control");
    for tag in ["<script", "<img", "</pre><"] {
        assert!(!page.contains(tag), "{tag}");
    }
    let page = markdown::markdown(&report);
    let mut fence: Option<usize> = None;
    for line in page.lines() {
        let ticks = line.chars().take_while(|character| *character == '`').count();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                let outside = outside_of_code(line).replace("\\<", "");
                assert!(!outside.contains("<script") && !outside.contains("<img"), "{line}");
            }
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "every fence is closed by itself");
}

/// What a service does on behalf of its caller needs the caller's own rights.
#[test]
fn permissions_that_are_used_through_another_service_are_not_too_much() {
    let app = |call: &str| {
        let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: i.handler
      CodeUri: src/
      Policies:
        - Statement:
            - { Effect: Allow, Action: ['transcribe:StartTranscriptionJob', 'transcribe:ListTranscriptionJobs'], Resource: '*' }
            - { Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: !Sub '${B.Arn}/*' }
  B: { Type: AWS::S3::Bucket }
";
        let code = format!(
            "const {{ TranscribeClient, StartTranscriptionJobCommand, ListTranscriptionJobsCommand }} = require('@aws-sdk/client-transcribe');
const client = new TranscribeClient({{}});
exports.handler = async () => {{ await client.send(new {call}({{ TranscriptionJobName: 'a' }})); }};
"
        );
        let report = made(&[("template.yaml", template), ("src/i.js", &code)]);
        let need = &report.apps[0].needs[0];
        let idle: Vec<String> = need.excess.iter().map(|idle| idle.action.clone()).collect();
        let policy = need.policy.as_ref().map(|policy| policy.text.clone()).unwrap_or_default();
        (idle, policy)
    };
    let (idle, policy) = app("StartTranscriptionJobCommand");
    assert_eq!(idle, ["transcribe:ListTranscriptionJobs"]);
    assert!(policy.contains("s3:PutObject") && policy.contains("s3:GetObject"), "{policy}");
    let (idle, policy) = app("ListTranscriptionJobsCommand");
    assert_eq!(idle, ["transcribe:StartTranscriptionJob", "s3:GetObject", "s3:PutObject"]);
    assert!(!policy.contains("s3:"), "{policy}");
}

#[test]
fn what_the_provider_takes_events_with_is_missing_where_the_role_does_not_give_it() {
    let template = |kind: &str, source: &str, action: &str, on: &str| {
        format!(
            "Resources:
  Q: {{ Type: AWS::SQS::Queue }}
  T: {{ Type: AWS::DynamoDB::Table, Properties: {{ StreamSpecification: {{ StreamViewType: NEW_IMAGE }} }} }}
  S: {{ Type: AWS::Kinesis::Stream }}
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{ Statement: [{{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: 'sts:AssumeRole' }}] }}
      Policies: [{{ PolicyName: p, PolicyDocument: {{ Statement: [{{ Effect: Allow, Action: [{action}], Resource: {on} }}] }} }}]
  F: {{ Type: AWS::Lambda::Function, Properties: {{ Runtime: nodejs22.x, Handler: index.h, Role: !GetAtt R.Arn, Code: {{ ZipFile: 'exports.h = async () => 1' }} }} }}
  M: {{ Type: AWS::Lambda::EventSourceMapping, Properties: {{ FunctionName: !Ref F, EventSourceArn: !GetAtt {kind}.{source} {} }} }}
",
            if kind == "Q" { "" } else { ", StartingPosition: LATEST" }
        )
    };
    let missing = |kind: &str, source: &str, action: &str, on: &str| -> Vec<String> {
        let text = template(kind, source, action, on);
        let report = made(&[("template.yaml", &text)]);
        let needs = report.apps[0].needs.iter().flat_map(|need| &need.missing);
        needs.map(|it| it.action.clone()).collect()
    };
    let of_queue = "'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'";
    assert_eq!(missing("Q", "Arn", of_queue, "!GetAtt Q.Arn"), [""; 0]);
    assert_eq!(missing("Q", "Arn", "'sqs:*'", "'*'"), [""; 0]);
    assert_eq!(missing("Q", "Arn", "'sqs:ReceiveMessage'", "!GetAtt Q.Arn").len(), 2);
    assert_eq!(missing("Q", "Arn", of_queue, "'arn:aws:sqs:eu-west-1:111122223333:other'").len(), 3);
    let of_table = "'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream', 'dynamodb:ListStreams'";
    assert_eq!(missing("T", "StreamArn", of_table, "!GetAtt T.StreamArn"), [""; 0]);
    assert_eq!(missing("T", "StreamArn", "'dynamodb:GetItem'", "!GetAtt T.Arn").len(), 3);
    assert_eq!(missing("S", "Arn", "'kinesis:Get*'", "!GetAtt S.Arn"), [""; 0]);
    assert_eq!(missing("S", "Arn", "'kinesis:PutRecord'", "!GetAtt S.Arn").len(), 2);
}

#[test]
fn the_bucket_that_an_event_names_is_one_of_those_that_send_events() {
    let template = |runtime: &str, events: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  In: {{ Type: AWS::S3::Bucket }}
  Also: {{ Type: AWS::S3::Bucket }}
  F: {{ Type: 'AWS::Serverless::Function', Properties: {{ Runtime: {runtime}, Handler: a.handler, CodeUri: src/, Policies: [{{ Statement: [{{ Effect: Allow, Action: 's3:GetObject', Resource: '*' }}] }}], Events: {{ {events} }} }} }}
"
        )
    };
    let one = "A: { Type: S3, Properties: { Bucket: !Ref In, Events: 's3:ObjectCreated:*' } }";
    let two = format!(
        "{one}, B: {{ Type: S3, Properties: {{ Bucket: !Ref Also, Events: 's3:ObjectCreated:*' }} }}"
    );
    let foreign = format!(
        "{one}, B: {{ Type: S3, Properties: {{ Bucket: elsewhere, Events: 's3:ObjectCreated:*' }} }}"
    );
    let script = "const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3');
const s3 = new S3Client({});
exports.handler = async (event) => {
  for (const r of event.Records) await s3.send(new GetObjectCommand({ Bucket: r.s3.bucket.name, Key: r.s3.object.key }));
};";
    let python = "import boto3
s3 = boto3.client('s3')
def handler(event, context):
    record = event['Records'][0]
    bucket = record['s3']['bucket']['name']
    return s3.get_object(Bucket=bucket, Key=record['s3']['object']['key'])
";
    let uses = |runtime: &str, events: &str, (path, code): (&str, &str)| -> Vec<String> {
        let report = made(&[("template.yaml", &template(runtime, events)), (path, code)]);
        report.apps[0].needs[0]
            .uses
            .iter()
            .map(|used| format!("{} on {}", used.action, used.on.as_deref().unwrap_or("nothing")))
            .collect()
    };
    for (runtime, file) in [("nodejs22.x", ("src/a.js", script)), ("python3.13", ("src/a.py", python))] {
        assert_eq!(uses(runtime, one, file), ["s3:GetObject on In"], "{runtime}");
        assert_eq!(uses(runtime, &two, file), ["s3:GetObject on Also", "s3:GetObject on In"], "{runtime}");
        assert_eq!(
            uses(runtime, &foreign, file),
            ["s3:GetObject on something that its code works out"],
            "{runtime}"
        );
    }
}
