//! GraphQL interfaces: what a key opens, with and without functions, and what cannot be told of that.

use super::formats::{ROLE, ids, report};
use crate::baseline::Baseline;
use crate::finding::Severity;
use crate::report::Report;

const FUNCTION: &str = "
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: index.h, Code: {ZipFile: 'exports.h=async()=>1'}}}
";

/// An interface with a source of data that is a function, one resolver, and a schema.
fn interface(modes: &str, source: &str, resolver: &str, schema: &str) -> String {
    format!(
        "Parameters: {{Mode: {{Type: String}}, Stage: {{Type: String}}}}{FUNCTION}
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, {modes}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: {source}, Type: AWS_LAMBDA, LambdaConfig: {{LambdaFunctionArn: !GetAtt F.Arn}}}}}}
  R: {{Type: AWS::AppSync::Resolver, Properties: {{ApiId: !GetAtt G.ApiId, TypeName: Query, {resolver}}}}}
  S: {{Type: AWS::AppSync::GraphQLSchema, Properties: {{ApiId: !GetAtt G.ApiId, Definition: '{schema}'}}}}
"
    )
}

/// Whether a key opens it; `None` where that is said to be unknown.
fn opened(template: &str) -> Option<bool> {
    let report = report(&[("template.yaml", template)]);
    let app = &report.apps[0];
    let unknown = app.unknowns.iter().any(|it| it.text.starts_with("who may call `POST /graphql`"));
    (!unknown).then(|| app.findings.iter().any(|found| found.rule.id == "api-key-only"))
}

#[test]
fn the_fields_that_a_key_opens_are_named() {
    let too =
        "AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{AuthenticationType: API_KEY}]";
    let told = |schema: &str| {
        let text = interface(too, "d", "FieldName: x, DataSourceName: !GetAtt D.Name", schema)
            + "  R2: {Type: AWS::AppSync::Resolver, Properties: {ApiId: !GetAtt G.ApiId, TypeName: Query, FieldName: y, DataSourceName: !GetAtt D.Name}}\n";
        report(&[("template.yaml", &text)])
    };
    let message = |report: &Report| {
        report.apps[0].findings.iter().find(|found| found.rule.id == "api-key-only").unwrap().message.clone()
    };
    let one = told("type Query { x: Int @aws_api_key, y: Int }");
    assert!(message(&one).contains("`POST /graphql (Query.x)`, which runs `F`"), "{}", message(&one));
    let mut two = told("type Query { x: Int @aws_api_key, y: Int @aws_api_key }");
    assert!(message(&two).contains("`POST /graphql (Query.x, Query.y)`"), "{}", message(&two));
    // A field more is more.
    Baseline::parse(&Baseline::of(&one).text()).unwrap().apply(&mut two);
    assert!(two.apps[0].findings.iter().any(|found| found.rule.id == "api-key-only" && !found.known));
}

#[test]
fn what_a_resolver_answers_with_is_told_or_said_to_be_unknown() {
    let too =
        "AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{AuthenticationType: API_KEY}]";
    let default =
        "AuthenticationType: API_KEY, AdditionalAuthenticationProviders: [{AuthenticationType: AWS_IAM}]";
    let unsure =
        "AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{AuthenticationType: !Ref Mode}]";
    let by_key = "type Query { x: Int @aws_api_key, y: Int }";
    let x = "FieldName: x, DataSourceName: !GetAtt D.Name";
    let check = |modes: &str, source: &str, resolver: &str, schema: &str, wanted: Option<bool>| {
        assert_eq!(
            opened(&interface(modes, source, resolver, schema)),
            wanted,
            "{modes}: {resolver}, {schema}"
        );
    };
    check(too, "d", x, by_key, Some(true));
    check(too, "d", "FieldName: y, DataSourceName: !GetAtt D.Name", by_key, Some(false));
    // By a name that both put together in the same way, and by one of which nobody knows whose it is.
    check(too, "!Sub 'd-${Stage}'", "FieldName: x, DataSourceName: !Sub 'd-${Stage}'", by_key, Some(true));
    check(too, "d", "FieldName: x, DataSourceName: !ImportValue elsewhere", by_key, None);
    check(too, "d", "FieldName: y, DataSourceName: !ImportValue elsewhere", by_key, Some(false));
    // A field of which nobody knows which it is.
    check(too, "d", "FieldName: !Ref Mode, DataSourceName: !GetAtt D.Name", by_key, None);
    check(
        too,
        "d",
        "FieldName: !Ref Mode, DataSourceName: !GetAtt D.Name",
        "type Query { x: Int }",
        Some(false),
    );
    // A way to ask of which nobody knows what it is.
    check(unsure, "d", x, by_key, None);
    check(unsure, "d", x, "type Query { x: Int }", Some(false));
    // `@aws_auth` asks nobody where there is more than a user pool.
    check(default, "d", x, "type Query { x: Int @aws_auth(cognito_groups: [\"a\"]) }", Some(true));
    check(default, "d", x, "type Query { x: Int @aws_iam }", Some(false));
}

#[test]
fn a_table_behind_a_key_is_open_without_any_function() {
    let check = |path: &str, text: &str, wanted: &[&str]| {
        let report = report(&[(path, text)]);
        let found = report.apps[0].findings.iter().filter(|found| found.rule.id == "api-key-only");
        let found: Vec<_> = found.map(|found| (found.severity, found.message.clone())).collect();
        assert_eq!(found.len(), wanted.len(), "{path}: {found:?}");
        for ((severity, message), wanted) in found.iter().zip(wanted) {
            assert!(*severity == Severity::Medium && message.contains(wanted), "{severity:?} {message}");
        }
    };
    let template = |mode: &str| {
        format!(
            "
Resources:
  T: {{Type: AWS::DynamoDB::Table}}
  R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: appsync.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}, Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: ['dynamodb:DeleteItem', 'dynamodb:Scan'], Resource: !GetAtt T.Arn}}]}}}}]}}}}
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, AuthenticationType: {mode}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: d, Type: AMAZON_DYNAMODB, ServiceRoleArn: !GetAtt R.Arn, DynamoDBConfig: {{TableName: !Ref T, AwsRegion: eu-west-1}}}}}}
"
        )
    };
    check("template.yaml", &template("API_KEY"), &["itself, which may change `T`"]);
    check("template.yaml", &template("AWS_IAM"), &[]);
    let sam = |more: &str| {
        format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  T: {{Type: AWS::DynamoDB::Table}}
  G:
    Type: AWS::Serverless::GraphQLApi
    Properties:
      SchemaInline: 'type Query {{ x: Int }}'
      Auth: {{Type: API_KEY}}
      DataSources: {{DynamoDb: {{D: {{TableName: !Ref T, TableArn: !GetAtt T.Arn{more}}}}}}}
"
        )
    };
    check("template.yaml", &sam(""), &["itself, which may change `T`"]);
    check("template.yaml", &sam(", Permissions: [Read]"), &["itself, which may read `T`"]);
    let module = |mode: &str| {
        format!(
            r#"{ROLE}
resource "aws_dynamodb_table" "t" {{
  name = "t"
}}
resource "aws_iam_role" "sync" {{
  assume_role_policy = jsonencode({{Statement = [{{Effect = "Allow", Principal = {{Service = "appsync.amazonaws.com"}}, Action = "sts:AssumeRole"}}]}})
}}
resource "aws_iam_role_policy" "sync" {{
  role   = aws_iam_role.sync.id
  policy = jsonencode({{Statement = [{{Effect = "Allow", Action = ["dynamodb:DeleteItem"], Resource = aws_dynamodb_table.t.arn}}]}})
}}
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "{mode}"
}}
resource "aws_appsync_datasource" "d" {{
  api_id           = aws_appsync_graphql_api.g.id
  name             = "d"
  type             = "AMAZON_DYNAMODB"
  service_role_arn = aws_iam_role.sync.arn
  dynamodb_config {{
    table_name = aws_dynamodb_table.t.name
  }}
}}
resource "aws_appsync_resolver" "r" {{
  api_id      = aws_appsync_graphql_api.g.id
  type        = "Query"
  field       = "x"
  data_source = aws_appsync_datasource.d.name
}}
"#
        )
    };
    check("main.tf", &module("API_KEY"), &["itself, which may change `aws_dynamodb_table.t`"]);
    check("main.tf", &module("AWS_IAM"), &[]);
}

#[test]
fn a_way_to_ask_that_cannot_be_told_in_terraform_is_unknown() {
    let told = |more: &str, schema: &str| {
        let text = format!(
            r#"{ROLE}
variable "mode" {{}}
variable "modes" {{}}
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "AWS_IAM"
  schema              = "{schema}"
  {more}
}}
resource "aws_appsync_datasource" "d" {{
  api_id = aws_appsync_graphql_api.g.id
  name   = "d"
  type   = "AWS_LAMBDA"
  lambda_config {{
    function_arn = aws_lambda_function.f.arn
  }}
}}
resource "aws_appsync_resolver" "r" {{
  api_id      = aws_appsync_graphql_api.g.id
  type        = "Query"
  field       = "x"
  data_source = aws_appsync_datasource.d.name
}}
"#
        );
        assert_eq!(ids(&[("main.tf", &text)], &["api-key-only"]), Vec::<&str>::new());
        let report = report(&[("main.tf", &text)]);
        report.apps[0].unknowns.iter().any(|it| it.text.contains("whether it takes an API key too"))
    };
    let open = "type Query { x: Int @aws_api_key }";
    let dynamic = "dynamic \"additional_authentication_provider\" {\n    for_each = var.modes\n    content {\n      authentication_type = additional_authentication_provider.value\n    }\n  }";
    let by_variable = "additional_authentication_provider {\n    authentication_type = var.mode\n  }";
    assert!(told(dynamic, open) && told(by_variable, open));
    assert!(!told(by_variable, "type Query { x: Int }"), "no field asks for a key");
    assert!(!told("", open));
}

/// What is open is told as a whole, and by what weighs most.
#[test]
fn every_open_statement_of_a_policy_counts() {
    let told = |statements: &[(&str, &str)]| {
        let statements: Vec<String> = statements
            .iter()
            .map(|(action, more)| {
                format!("{{Effect: Allow, Principal: '*', Action: '{action}', Resource: '*'{more}}}")
            })
            .collect();
        let text = format!(
            "{FUNCTION}  Q: {{Type: AWS::SQS::Queue}}\n  P: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Q], PolicyDocument: {{Statement: [{}]}}}}}}\n",
            statements.join(", ")
        );
        let report = report(&[("template.yaml", &text)]);
        let found = report.apps[0].findings.iter().find(|found| found.rule.id == "open-store").unwrap();
        (found.severity, found.message.split(" the queue").next().unwrap().to_owned(), found.id.clone())
    };
    let (read, purge) = (("sqs:ReceiveMessage", ""), ("sqs:PurgeQueue", ""));
    let everywhere = ("sqs:PurgeQueue", ", Condition: {IpAddress: {'aws:SourceIp': '0.0.0.0/0'}}");
    assert_eq!(told(&[read]).0, Severity::High, "control");
    let both = told(&[read, purge]);
    assert_eq!(
        (both.0, both.1.as_str()),
        (Severity::Critical, "Anyone may use `sqs:ReceiveMessage` and `sqs:PurgeQueue` on")
    );
    let turned = told(&[purge, read]);
    assert_eq!((turned.0, &turned.2), (both.0, &both.2));
    assert_eq!(told(&[read, everywhere]).0, Severity::Critical);
}
