//! Roles from file to finding, in all formats.

use super::*;
use crate::finding::Severity;

/// The rules that are reported for one app, sorted, and what cannot be told of it.
fn told(path: &str, text: &str) -> (Vec<&'static str>, Vec<String>) {
    let mut tree = SourceTree::new();
    tree.add(path, text.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let app = report.apps.first().unwrap_or_else(|| panic!("{:?}", report.unread));
    let mut rules: Vec<_> = app.findings.iter().map(|found| found.rule.id).collect();
    rules.sort_unstable();
    (rules, app.unknowns.iter().map(|note| note.text.clone()).collect())
}

/// A template with a function's role: what it is granted, its boundary, and a policy that may bound it.
fn template(granted: &str, boundary: &str, bounds: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: nodejs24.x, Handler: i.h, CodeUri: s3://b/k, ReservedConcurrentExecutions: 5, Role: !GetAtt R.Arn, Events: {{T: {{Type: Schedule, Properties: {{Schedule: rate(1 day)}}}}}}}}
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
      PermissionsBoundary: {boundary}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: {granted}, Resource: '*'}}]}}}}]
  B:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: bounds
      PolicyDocument: {{Statement: [{{Effect: Allow, Action: {bounds}, Resource: '*'}}, {{Effect: Allow, Action: 'logs:*', Resource: '*'}}]}}
"
    )
}

#[test]
fn a_role_may_do_what_its_policies_and_its_boundary_allow() {
    let check = |granted: &str, boundary: &str, bounds: &str, wanted: &[&str]| {
        let text = template(granted, boundary, bounds);
        assert_eq!(told("template.yaml", &text).0, wanted, "{text}");
    };
    let own = ["!Ref B", "!Sub 'arn:aws:iam::${AWS::AccountId}:policy/bounds'"];
    for boundary in own {
        check("'*'", boundary, "'*'", &["admin-role"]);
        check("'*'", boundary, "'sqs:GetQueueUrl'", &[]);
        check("'dynamodb:*'", boundary, "'dynamodb:GetItem'", &["wildcard-resource"]);
        check("'dynamodb:*'", boundary, "'dynamodb:*'", &["wildcard-action"]);
        check("'dynamodb:GetItem'", boundary, "'s3:*'", &[]);
        check("'iam:PutRolePolicy'", boundary, "'s3:*'", &[]);
        check("'iam:PutRolePolicy'", boundary, "'iam:*'", &["privilege-escalation"]);
        check("'secretsmanager:GetSecretValue'", boundary, "'s3:*'", &[]);
    }
    let provided = "!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonS3FullAccess'";
    // It leaves nothing of writing logs.
    check("'s3:*'", provided, "'*'", &["unlogged-function", "wildcard-action"]);
    check("'dynamodb:*'", provided, "'*'", &["unlogged-function"]);
}

#[test]
fn a_boundary_that_is_not_in_the_files_is_neither_blamed_nor_excused() {
    let check = |granted: &str, rules: &[&str]| {
        let (found, unknown) =
            told("template.yaml", &template(granted, "arn:aws:iam::111122223333:policy/x", "'*'"));
        assert_eq!(found, [""; 0], "{granted}");
        let said = unknown.iter().find(|why| why.contains("without it there would be"));
        let named = |why: &String| rules.iter().all(|rule| why.contains(rule));
        assert_eq!(said.is_some_and(named), !rules.is_empty(), "{granted}: {unknown:?}");
    };
    check("'*'", &["admin-role"]);
    check("['s3:*', 'iam:PutRolePolicy']", &["wildcard-action", "privilege-escalation"]);
    check("'dynamodb:GetItem'", &["wildcard-resource"]);
    check("'secretsmanager:GetSecretValue'", &["all-secrets-readable"]);
    check("'ec2:DescribeInstances'", &[]);
}

#[test]
fn a_role_that_is_handed_to_guests() {
    let check = |allowed: &str, action: &str, wanted: &[&str]| {
        let trust = |amr: &str| {
            format!(
                "AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Federated: cognito-identity.amazonaws.com}}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: {{StringEquals: {{'cognito-identity.amazonaws.com:aud': !Ref Pool}}, 'ForAnyValue:StringLike': {{'cognito-identity.amazonaws.com:amr': {amr}}}}}}}]}}"
            )
        };
        let text = format!(
            "Resources:
  Table: {{Type: AWS::DynamoDB::Table, Properties: {{AttributeDefinitions: []}}}}
  Pool: {{Type: AWS::Cognito::IdentityPool, Properties: {{{allowed}}}}}
  Given:
    Type: AWS::Cognito::IdentityPoolRoleAttachment
    Properties: {{IdentityPoolId: !Ref Pool, Roles: {{authenticated: !GetAtt User.Arn, unauthenticated: !GetAtt Guest.Arn}}}}
  User:
    Type: AWS::IAM::Role
    Properties:
      {}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt Table.Arn}}]}}}}]
  Guest:
    Type: AWS::IAM::Role
    Properties:
      {}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: '{action}', Resource: !GetAtt Table.Arn}}]}}}}]
",
            trust("authenticated"),
            trust("unauthenticated")
        );
        assert_eq!(told("template.yaml", &text).0, wanted, "{allowed} {action}");
    };
    let open = "AllowUnauthenticatedIdentities: true";
    check(open, "dynamodb:PutItem", &["open-trust"]);
    check(open, "rum:PutRumEvents", &[]);
    check("AllowUnauthenticatedIdentities: false", "dynamodb:PutItem", &[]);
    check("IdentityPoolName: p", "dynamodb:PutItem", &[]);
}

#[test]
fn guests_of_an_identity_pool_reach_what_their_role_does() {
    let text = r#"resource "aws_dynamodb_table" "t" { name = "orders" }
resource "aws_cognito_identity_pool" "p" {
  identity_pool_name               = "p"
  allow_unauthenticated_identities = true
}
resource "aws_cognito_identity_pool_roles_attachment" "p" {
  identity_pool_id = aws_cognito_identity_pool.p.id
  roles            = { "unauthenticated" = aws_iam_role.guest.arn }
}
resource "aws_iam_role" "guest" {
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { Federated = "cognito-identity.amazonaws.com" }, Action = "sts:AssumeRoleWithWebIdentity", Condition = { StringEquals = { "cognito-identity.amazonaws.com:aud" = aws_cognito_identity_pool.p.id } } }] })
}
resource "aws_iam_role_policy" "guest" {
  role   = aws_iam_role.guest.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "dynamodb:PutItem", Resource = aws_dynamodb_table.t.arn }] })
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = aws_iam_role.guest.arn
  handler       = "i.h"
  runtime       = "nodejs24.x"
  filename      = "f.zip"
}
"#;
    let mut tree = SourceTree::new();
    tree.add("main.tf", text.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let app = &report.apps[0];
    let found = app.findings.iter().find(|found| found.rule.id == "open-trust").expect("guests");
    assert!(found.message.contains("without signing in"), "{}", found.message);
    let paths = format!("{:?}", app.assessment.paths);
    assert!(paths.contains("anyone can take on the role `aws_iam_role.guest`"), "{paths}");
}

#[test]
fn what_an_interface_does_itself_weighs_what_it_reaches() {
    let template = |auth: &str, action: &str| {
        format!(
            "Resources:
  Table: {{Type: AWS::DynamoDB::Table, Properties: {{AttributeDefinitions: []}}}}
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: a}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: apigateway.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 'dynamodb:{action}', Resource: !GetAtt Table.Arn}}]}}}}]
  Put:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: POST
      AuthorizationType: {auth}
      Integration: {{Type: AWS, IntegrationHttpMethod: POST, Credentials: !GetAtt Role.Arn, Uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:dynamodb:action/{action}'}}
"
        )
    };
    let assessed = |text: &str| {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", text.as_bytes().to_vec());
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let app = &report.apps[0];
        let found: Vec<_> =
            app.findings.iter().map(|found| (found.rule.id, found.severity, found.message.clone())).collect();
        (found, app.assessment.paths.len())
    };
    let check = |action: &str, severity: Severity, may: &str| {
        let (found, paths) = assessed(&template("NONE", action));
        let [(rule, weight, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((*rule, *weight), ("open-route", severity), "{action}");
        assert!(message.contains(may), "{message}");
        assert_eq!(paths, 1, "{action}");
    };
    check("PutItem", Severity::High, "does `dynamodb:action/PutItem` itself, which may change `Table`");
    check("Scan", Severity::Medium, "does `dynamodb:action/Scan` itself, which may read `Table`");
    assert_eq!(assessed(&template("AWS_IAM", "PutItem")), (vec![], 0));
}

#[test]
fn advice_is_about_what_is_written() {
    let advice = |path: &str, text: &str| {
        let mut tree = SourceTree::new();
        tree.add(path, text.as_bytes().to_vec());
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let found =
            report.apps[0].findings.iter().find(|found| found.rule.id == "open-route").expect("a route");
        found.change.as_ref().map(|change| change.advice.clone()).unwrap_or_default()
    };
    // A plain interface in a template of SAM.
    let plain = "Transform: AWS::Serverless-2016-10-31
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs24.x, Handler: i.h, CodeUri: s3://b/k}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
  Put:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: POST, AuthorizationType: NONE, Integration: {Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations'}}
";
    let said = advice("template.yaml", plain);
    assert!(said.starts_with("Set `AuthorizationType`"), "{said}");
    let body = r#"resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "r"
  handler       = "i.h"
  runtime       = "nodejs24.x"
  filename      = "f.zip"
}
resource "aws_api_gateway_rest_api" "a" {
  name = "a"
  body = jsonencode({ openapi = "3.0.1", paths = { "/x" = { post = { "x-amazon-apigateway-integration" = { type = "aws_proxy", uri = aws_lambda_function.f.invoke_arn } } } } })
}
"#;
    let said = advice("main.tf", body);
    assert!(said.starts_with("Write `security`"), "{said}");
}

#[test]
fn boundaries_of_other_formats() {
    let serverless = |bounds: &str| {
        format!(
            "service: s
provider:
  name: aws
  runtime: nodejs24.x
  iam: {{role: {{permissionsBoundary: !Ref B, statements: [{{Effect: Allow, Action: 'dynamodb:*', Resource: '*'}}]}}}}
functions: {{f: {{handler: h.f, reservedConcurrency: 5, events: [{{schedule: rate(1 day)}}]}}}}
resources:
  Resources:
    B:
      Type: AWS::IAM::ManagedPolicy
      Properties: {{PolicyDocument: {{Statement: [{{Effect: Allow, Action: [{bounds}, 'logs:*'], Resource: '*'}}]}}}}
"
        )
    };
    let terraform = |bounds: &str| {
        format!(
            r#"resource "aws_iam_policy" "b" {{
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = [{bounds}, "logs:*"], Resource = "*" }}] }})
}}
resource "aws_iam_role" "r" {{
  permissions_boundary = aws_iam_policy.b.arn
  assume_role_policy   = jsonencode({{ Statement = [{{ Effect = "Allow", Principal = {{ Service = "lambda.amazonaws.com" }}, Action = "sts:AssumeRole" }}] }})
}}
resource "aws_iam_role_policy" "p" {{
  role   = aws_iam_role.r.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "dynamodb:*", Resource = "*" }}, {{ Effect = "Allow", Action = "logs:PutLogEvents", Resource = "*" }}, {{ Effect = "Allow", Action = "logs:CreateLogStream", Resource = "*" }}] }})
}}
resource "aws_lambda_function" "f" {{
  function_name = "f"
  role          = aws_iam_role.r.arn
  handler       = "i.h"
  runtime       = "nodejs24.x"
  filename      = "f.zip"
}}
resource "aws_cloudwatch_event_rule" "daily" {{ schedule_expression = "rate(1 day)" }}
resource "aws_cloudwatch_event_target" "daily" {{
  rule = aws_cloudwatch_event_rule.daily.name
  arn  = aws_lambda_function.f.arn
}}
"#
        )
    };
    for (path, text) in [("serverless.yml", &serverless as &dyn Fn(&str) -> String), ("main.tf", &terraform)]
    {
        let quote =
            |action: &str| if path == "main.tf" { format!("\"{action}\"") } else { format!("'{action}'") };
        assert_eq!(told(path, &text(&quote("dynamodb:*"))).0, ["wildcard-action"], "{path}");
        assert_eq!(told(path, &text(&quote("sqs:*"))).0, [""; 0], "{path}");
    }
}
