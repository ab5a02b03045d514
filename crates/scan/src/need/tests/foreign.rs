//! Things of other stacks, things that are none, and templates of JSON: how the smallest policy names them.

use crate::facts::Day;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::FunctionNeed;
use crate::source::SourceTree;

/// The need of the only function of an app.
fn need(files: &[(&str, &str)]) -> FunctionNeed {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes());
    }
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    let report = inspect(&tree, &Dependencies::default(), &options);
    report
        .apps
        .into_iter()
        .flat_map(|app| app.needs)
        .find(|need| need.read)
        .expect("a function that was read")
}

fn policy(files: &[(&str, &str)]) -> String {
    need(files).policy.expect("a policy").text
}

const SHOP: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Main:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      Runtime: python3.13
      Environment: { Variables: { T: !ImportValue NAME } }
";

fn shop(name: &str) -> String {
    SHOP.replace("NAME", name)
}

fn data(value: &str, name: &str) -> String {
    format!(
        "
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Orders: {{ Type: AWS::DynamoDB::Table, Properties: {{ }} }}
Outputs:
  One: {{ Value: !Ref Orders, Export: {{ Name: orders-name }} }}
  Two: {{ Value: {value}, Export: {{ Name: {name} }} }}
"
    )
}

const READS: &str = "import os, boto3\ndef handler(event, context):\n    boto3.resource('dynamodb').Table(os.environ['T']).get_item(Key={'a': 1})\n";

#[test]
fn things_of_other_stacks_are_imported() {
    let text = |value: &str, name: &str| {
        let (shop, data) = (shop("orders-name"), data(value, name));
        policy(&[("shop/template.yaml", &shop), ("shop/app.py", READS), ("data/template.yaml", &data)])
    };
    // By the export of its ARN, though the code is given its name.
    let by_arn = text("!GetAtt Orders.Arn", "orders-arn");
    assert!(by_arn.contains("\n        - !ImportValue orders-arn\n"), "{by_arn}");
    let by_name = text("!Ref Orders", "orders-name-2");
    let whole = "- !Sub ['arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Import0}', { Import0: !ImportValue orders-name }]";
    assert!(by_name.contains(whole), "{by_name}");
    for text in [by_arn, by_name] {
        assert!(!text.contains("data/template.yaml"), "{text}");
    }
}

#[test]
fn what_is_not_exported_has_a_place_to_fill_in() {
    let shop = shop("the-role");
    let data = "
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Orders: { Type: AWS::SQS::Queue }
Outputs:
  One: { Value: !Ref Orders, Export: { Name: the-role } }
";
    let sends = "import os, boto3\ndef handler(event, context):\n    boto3.client('sqs').send_message(QueueUrl=os.environ['T'], MessageBody='x')\n";
    let text = policy(&[("shop/template.yaml", &shop), ("shop/app.py", sends), ("data/template.yaml", data)]);
    assert!(text.contains("- '<ARN of data/template.yaml:Orders>'\n"), "{text}");
    assert!(
        text.contains("# data/template.yaml:Orders stands in another stack: export its ARN there"),
        "{text}"
    );
}

#[test]
fn what_a_nested_stack_is_handed_is_named_by_its_parameter() {
    let check = |handed: &str, expect: &str| {
        let around = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {{ Type: AWS::Serverless::SimpleTable }}
  Api: {{ Type: AWS::CloudFormation::Stack, Properties: {{ TemplateURL: shop/template.yaml, Parameters: {{ Given: {handed} }} }} }}
"
        );
        let within = shop("x")
            .replace("!ImportValue x", "!Ref Given")
            .replace("Resources:", "Parameters: { Given: { Type: String } }\nResources:");
        let text =
            policy(&[("template.yaml", &around), ("shop/template.yaml", &within), ("shop/app.py", READS)]);
        assert!(text.contains(expect) && !text.contains("<ARN of"), "{text}");
    };
    check("!GetAtt Orders.Arn", "\n        - !Ref Given\n");
    check(
        "!Ref Orders",
        "- !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Given}'",
    );
}

fn handler(code: &str) -> FunctionNeed {
    let template = shop("x").replace("!ImportValue x", "''");
    let code = format!("import os, boto3\ndef handler(event, context):\n    {code}\n");
    need(&[("template.yaml", &template), ("app.py", &code)])
}

#[test]
fn a_message_to_a_telephone_is_about_no_topic() {
    let text = handler("boto3.client('sns').publish(PhoneNumber=event['phone'], Message='x')");
    let text = text.policy.expect("a policy").text;
    assert!(text.contains("- sns:Publish\n      Resource:\n        - '*'\n"), "{text}");
    let topic = handler("boto3.client('sns').publish(TopicArn='arn:aws:sns:eu-west-1:1:news', Message='x')");
    let topic = topic.policy.expect("a policy").text;
    assert!(topic.contains("- 'arn:aws:sns:eu-west-1:1:news'\n"), "{topic}");
}

#[test]
fn a_variable_that_is_empty_names_nothing() {
    for name in ["os.environ['T']", "os.environ.get('OTHER', '')", "os.environ.get('T')"] {
        let need = handler(&format!("boto3.client('lambda').invoke(FunctionName={name})"));
        assert_eq!(need.policy, None, "{name}");
        assert!(need.uses.iter().all(|used| !used.on.as_deref().unwrap_or_default().contains("function:")));
    }
}

#[test]
fn what_an_object_is_shared_with_is_a_permission_of_its_own() {
    for call in [
        "boto3.client('s3').put_object(Bucket='b', Key='a', ACL='public-read')",
        "boto3.client('s3').upload_file('a', 'b', 'a', ExtraArgs={'ACL': 'public-read'})",
        "boto3.client('s3').upload_fileobj(event, 'b', 'a', {'ACL': 'public-read'})",
        "boto3.resource('s3').Bucket('b').put_object(Key='a', ACL='private')",
        "boto3.resource('s3').Object('b', 'a').put(ACL='private')",
        "boto3.resource('s3').Bucket('b').upload_file('a', 'a', ExtraArgs={'ACL': 'private'})",
    ] {
        let actions: Vec<String> = handler(call).uses.into_iter().map(|used| used.action).collect();
        assert_eq!(actions, ["s3:PutObject", "s3:PutObjectAcl"], "{call}");
    }
}

#[test]
fn a_template_of_json_gets_json() {
    let template = r#"{ "Transform": "AWS::Serverless-2016-10-31", "Resources": {
  "Orders": { "Type": "AWS::DynamoDB::Table", "Properties": {} },
  "Files": { "Type": "AWS::S3::Bucket", "Properties": {} },
  "Main": { "Type": "AWS::Serverless::Function", "Properties": { "CodeUri": ".", "Handler": "app.handler", "Runtime": "python3.13",
    "Environment": { "Variables": { "T": { "Ref": "Orders" }, "B": { "Ref": "Files" } } } } } } }"#;
    let code = format!("{READS}    boto3.client('s3').get_object(Bucket=os.environ['B'], Key='a')\n");
    let text = policy(&[("template.json", template), ("app.py", &code)]);
    let written: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let written: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    let statement = |action: &str, resource: serde_json::Value| serde_json::json!({ "Statement": [{ "Effect": "Allow", "Action": [action], "Resource": [resource] }] });
    let expect = [
        statement("dynamodb:GetItem", serde_json::json!({ "Fn::GetAtt": ["Orders", "Arn"] })),
        statement("s3:GetObject", serde_json::json!({ "Fn::Sub": "${Files.Arn}/*" })),
    ];
    assert_eq!(written, serde_json::Value::from(expect.to_vec()));
}

#[test]
fn things_outside_of_the_app_are_named_as_the_provider_does() {
    let check = |code: &str, expect: &[&str]| {
        let text = handler(code).policy.expect("a policy").text;
        for line in expect {
            assert!(text.contains(line), "`{line}` in {text}");
        }
    };
    check(
        "boto3.client('bedrock-runtime').converse(modelId='anthropic.claude-3-haiku-20240307-v1:0', messages=[])",
        &["bedrock:InvokeModel", "::foundation-model/anthropic.claude-3-haiku-20240307-v1:0'"],
    );
    check("boto3.client('scheduler').delete_schedule(Name='daily')", &[":schedule/*/daily'"]);
    check(
        "boto3.client('s3').get_object_attributes(Bucket='b', Key='k', ObjectAttributes=['ETag'])",
        &["- s3:GetObject\n", "- s3:GetObjectAttributes\n"],
    );
    let uses = |code: &str| handler(code).uses.into_iter().map(|used| used.action).collect::<Vec<_>>();
    let both = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"];
    assert_eq!(uses("boto3.client('secretsmanager').batch_get_secret_value(SecretIdList=['a'])"), both);
    // A profile over regions is several things: no policy is better than half of one.
    let profile = handler(
        "boto3.client('bedrock-runtime').converse(modelId='eu.anthropic.claude-3-haiku', messages=[])",
    );
    assert!(profile.policy.is_none_or(|policy| !policy.text.contains("application-inference-profile")));
}

/// Within one account the policy of a resource is enough, as it is for the function with which CDK empties a bucket.
#[test]
fn what_a_resource_allows_to_the_role_is_not_missing() {
    let missing = |principal: &str, bucket: &str| -> Vec<String> {
        let template = format!(
            "
Resources:
  Bucket: {{ Type: AWS::S3::Bucket, Properties: {{ BucketName: media }} }}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement:
          - {{ Effect: Allow, Principal: {{ {principal} }}, Action: 's3:DeleteObject*', Resource: !Sub '${{Bucket.Arn}}/*' }}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{ Statement: [{{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: 'sts:AssumeRole' }}] }}
  F:
    Type: AWS::Lambda::Function
    Properties: {{ Runtime: python3.13, Handler: app.handler, Code: ., Role: !GetAtt Role.Arn }}
"
        );
        let code = format!(
            "import boto3\ndef handler(event, context):\n    boto3.client('s3').delete_object(Bucket={bucket}, Key='a')\n"
        );
        let need = need(&[("template.yaml", &template), ("app.py", &code)]);
        need.missing.into_iter().map(|lacking| lacking.action).collect()
    };
    assert_eq!(missing("AWS: !GetAtt Role.Arn", "event['bucket']"), Vec::<String>::new());
    assert_eq!(missing("AWS: !GetAtt Role.Arn", "'media'"), Vec::<String>::new());
    assert_eq!(missing("AWS: 'arn:aws:iam::1:role/other'", "event['bucket']"), ["s3:DeleteObject"]);
    assert_eq!(missing("AWS: !GetAtt Role.Arn", "'others'"), ["s3:DeleteObject"]);
}
