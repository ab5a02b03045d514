//! Rules over what small files of a format become: where the graph has to carry something from the file to the rule.

use super::*;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::Report;

/// The report about one file and what stands beside it.
pub(super) fn report(files: &[(&str, &str)]) -> Report {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    inspect(&tree, &Dependencies::default(), &Options::default())
}

/// The ids that are reported for files, sorted, of those that a test is about.
pub(super) fn ids(files: &[(&str, &str)], about: &[&str]) -> Vec<&'static str> {
    let report = report(files);
    assert_eq!(report.unread.len(), 0, "everything can be read");
    let findings = report.apps.iter().flat_map(|app| &app.findings).map(|finding| finding.rule.id);
    let mut found: Vec<_> = findings.filter(|id| about.contains(id)).collect();
    found.sort_unstable();
    found
}

pub(super) const ROLE: &str = r#"
resource "aws_iam_role" "f" {
  assume_role_policy = jsonencode({Statement = [{Effect = "Allow", Principal = {Service = "lambda.amazonaws.com"}, Action = "sts:AssumeRole"}]})
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = aws_iam_role.f.arn
  filename      = "f.zip"
  handler       = "f.handler"
  runtime       = "nodejs22.x"
}
"#;

#[test]
fn nobody_gets_to_a_websocket_s_routes_who_may_not_connect() {
    let socket = |connect: &str| {
        format!(
            r#"{ROLE}
resource "aws_apigatewayv2_api" "ws" {{
  name          = "chat"
  protocol_type = "WEBSOCKET"
}}
resource "aws_apigatewayv2_integration" "f" {{
  api_id           = aws_apigatewayv2_api.ws.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.f.invoke_arn
}}
resource "aws_apigatewayv2_route" "c" {{
  api_id    = aws_apigatewayv2_api.ws.id
  route_key = "$connect"
  target    = "integrations/${{aws_apigatewayv2_integration.f.id}}"
  {connect}
}}
resource "aws_apigatewayv2_route" "s" {{
  api_id    = aws_apigatewayv2_api.ws.id
  route_key = "send"
  target    = "integrations/${{aws_apigatewayv2_integration.f.id}}"
}}
"#
        )
    };
    let check = |connect: &str, wanted: &[&str], open: usize| {
        let files = [("main.tf", socket(connect))];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        assert_eq!(ids(&files, &["open-websocket", "unbounded-public-function"]), wanted, "{connect}");
        let ways = report(&files).apps.iter().flat_map(|app| &app.entries).filter(|way| way.open).count();
        assert_eq!(ways, open, "{connect}");
    };
    check("authorization_type = \"AWS_IAM\"", &[], 0);
    check("", &["open-websocket", "unbounded-public-function"], 2);
}

#[test]
fn ways_in_that_a_policy_or_nobody_knows_what_closes_are_not_open() {
    let rest = |policy: &str, endpoint: &str| {
        let text = format!(
            r"
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {{ Name: users, {policy} EndpointConfiguration: {{ Types: [{endpoint}] }} }}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {{ Type: AWS_PROXY, Uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations' }}
  F:
    Type: AWS::Lambda::Function
    Properties: {{ Runtime: nodejs22.x, Handler: i.h, Role: 'arn:aws:iam::111122223333:role/f', Code: {{ S3Bucket: b, S3Key: k }} }}
"
        );
        let report = report(&[("template.yaml", &text)]);
        let ways: Vec<_> = report.apps[0].entries.iter().map(|way| (way.who.clone(), way.open)).collect();
        let path = report.apps[0].assessment.paths.first().map_or(0, |path| path.likelihood);
        (ways, path)
    };
    let way = |who: &str, open| vec![(who.to_owned(), open)];
    let (open, open_likelihood) = rest("", "REGIONAL");
    assert_eq!(open, way("anyone", true));
    let offices = "Policy: { Statement: [{ Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: '*' }, { Effect: Deny, Principal: '*', Action: 'execute-api:Invoke', Resource: '*', Condition: { NotIpAddress: { aws:SourceIp: [203.0.113.0/24] } } }] },";
    let (closed, closed_likelihood) = rest(offices, "REGIONAL");
    assert_eq!(closed, way("whom the interface's policy lets in", false));
    let (untold, untold_likelihood) = rest("", "!ImportValue kind");
    assert_eq!(untold, way("unknown", false));
    assert!(
        closed_likelihood < untold_likelihood && untold_likelihood < open_likelihood,
        "{closed_likelihood} {untold_likelihood} {open_likelihood}"
    );
}

#[test]
fn old_protocols_of_whatever_has_an_address() {
    let check = |file: &str, text: &str, wanted: usize| {
        assert_eq!(ids(&[(file, text)], &["old-tls"]).len(), wanted, "{text}");
    };
    let resource = |what: &str, wanted: usize| {
        check("template.yaml", &format!("Resources:\n  D: {{ {what} }}\n"), wanted);
    };
    resource("Type: AWS::ApiGateway::DomainName, Properties: { SecurityPolicy: TLS_1_0 }", 1);
    resource("Type: AWS::ApiGateway::DomainName, Properties: { SecurityPolicy: TLS_1_2 }", 0);
    resource("Type: AWS::ApiGateway::DomainName, Properties: { DomainName: a.example.com }", 0);
    resource(
        "Type: AWS::ApiGatewayV2::DomainName, Properties: { DomainNameConfigurations: [{ SecurityPolicy: TLS_1_0 }] }",
        1,
    );
    resource(
        "Type: AWS::OpenSearchService::Domain, Properties: { DomainEndpointOptions: { TLSSecurityPolicy: Policy-Min-TLS-1-0-2019-07 } }",
        1,
    );
    resource(
        "Type: AWS::OpenSearchService::Domain, Properties: { DomainEndpointOptions: { TLSSecurityPolicy: Policy-Min-TLS-1-2-2019-07 } }",
        0,
    );
    for (version, wanted) in [("TLSv1", 1), ("TLSv1_2016", 1), ("TLSv1.1_2016", 1), ("TLSv1.2_2021", 0)] {
        let distribution = format!(
            "Type: AWS::CloudFront::Distribution, Properties: {{ DistributionConfig: {{ ViewerCertificate: {{ MinimumProtocolVersion: {version} }} }} }}"
        );
        resource(&distribution, wanted);
    }
    // A domain that leads to an interface is one cause.
    let mapped = "
Resources:
  Api: { Type: AWS::ApiGateway::RestApi, Properties: { Name: a } }
  D: { Type: AWS::ApiGateway::DomainName, Properties: { SecurityPolicy: TLS_1_0 } }
  M: { Type: AWS::ApiGateway::BasePathMapping, Properties: { DomainName: !Ref D, RestApiId: !Ref Api } }
";
    check("template.yaml", mapped, 1);
    let block = |what: &str, wanted: usize| check("main.tf", &format!("{ROLE}\nresource {what}\n"), wanted);
    block("\"aws_api_gateway_domain_name\" \"d\" {\n  security_policy = \"TLS_1_0\"\n}", 1);
    block("\"aws_api_gateway_domain_name\" \"d\" {\n  security_policy = \"TLS_1_2\"\n}", 0);
    block(
        "\"aws_apigatewayv2_domain_name\" \"d\" {\n  domain_name_configuration {\n    security_policy = \"TLS_1_0\"\n  }\n}",
        1,
    );
    block(
        "\"aws_opensearch_domain\" \"d\" {\n  domain_endpoint_options {\n    tls_security_policy = \"Policy-Min-TLS-1-0-2019-07\"\n  }\n}",
        1,
    );
    block(
        "\"aws_cloudfront_distribution\" \"d\" {\n  viewer_certificate {\n    minimum_protocol_version = \"TLSv1\"\n  }\n}",
        1,
    );
}

#[test]
fn what_is_kept_in_clear() {
    let check = |file: &str, text: &str, wanted: usize| {
        assert_eq!(ids(&[(file, text)], &["unencrypted-store"]).len(), wanted, "{text}");
    };
    let resource = |what: &str, wanted: usize| {
        check("template.yaml", &format!("Resources:\n  S: {{ {what} }}\n"), wanted);
    };
    resource("Type: AWS::SQS::Queue", 0);
    resource("Type: AWS::SQS::Queue, Properties: { SqsManagedSseEnabled: false }", 1);
    resource("Type: AWS::SQS::Queue, Properties: { SqsManagedSseEnabled: false, KmsMasterKeyId: k }", 0);
    resource("Type: AWS::DAX::Cluster", 1);
    resource("Type: AWS::DAX::Cluster, Properties: { SSESpecification: { SSEEnabled: true } }", 0);
    let block = |what: &str, wanted: usize| check("main.tf", &format!("{ROLE}\nresource {what}\n"), wanted);
    block("\"aws_sqs_queue\" \"q\" {\n  sqs_managed_sse_enabled = false\n}", 1);
    block("\"aws_sqs_queue\" \"q\" {\n  name = \"q\"\n}", 0);
    block("\"aws_dax_cluster\" \"c\" {\n  cluster_name = \"c\"\n}", 1);
    block("\"aws_dax_cluster\" \"c\" {\n  server_side_encryption {\n    enabled = true\n  }\n}", 0);
}

#[test]
fn every_action_on_one_thing_writes_no_logs() {
    let role = |resource: &str| {
        format!(
            "
Resources:
  T: {{ Type: AWS::DynamoDB::Table }}
  L: {{ Type: AWS::Logs::LogGroup }}
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{ Statement: [{{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: sts:AssumeRole }}] }}
      Policies: [{{ PolicyDocument: {{ Statement: [{{ Effect: Allow, Action: '*', Resource: {resource} }}] }} }}]
  F:
    Type: AWS::Lambda::Function
    Properties: {{ Runtime: nodejs22.x, Handler: i.h, Role: !GetAtt R.Arn, Code: {{ S3Bucket: b, S3Key: k }} }}
"
        )
    };
    let check = |resource: &str, wanted: &[&str]| {
        let text = role(resource);
        assert_eq!(ids(&[("template.yaml", text.as_str())], &["unlogged-function"]), wanted, "{resource}");
    };
    check("!GetAtt T.Arn", &["unlogged-function"]);
    check("!Sub 'arn:${AWS::Partition}:dynamodb:*:*:table/a'", &["unlogged-function"]);
    check("'*'", &[]);
    check("'arn:aws:*:*:*:*'", &[]);
    check("!GetAtt L.Arn", &[]);
    check("!Sub 'arn:${AWS::Partition}:logs:*:*:*'", &[]);
    check("!ImportValue something", &[]);
}

#[test]
fn what_a_delivery_stream_names_is_used() {
    let stream = |kind: &str| {
        format!(
            "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {{ Runtime: nodejs22.x, Handler: i.h, Role: 'arn:aws:iam::111122223333:role/f', Code: {{ S3Bucket: b, S3Key: k }} }}
  S:
    Type: {kind}
    Properties:
      ExtendedS3DestinationConfiguration:
        ProcessingConfiguration:
          Processors: [{{ Type: Lambda, Parameters: [{{ ParameterName: LambdaArn, ParameterValue: !GetAtt F.Arn }}] }}]
"
        )
    };
    let check = |text: &str, wanted: &[&str]| {
        assert_eq!(ids(&[("template.yaml", text)], &["unused-function"]), wanted, "{text}");
    };
    check(&stream("AWS::KinesisFirehose::DeliveryStream"), &[]);
    check(&stream("AWS::S3::Bucket"), &["unused-function"]);
    let terraform = format!(
        "{ROLE}\nresource \"aws_kinesis_firehose_delivery_stream\" \"s\" {{\n  extended_s3_configuration {{\n    processing_configuration {{\n      processors {{\n        type = \"Lambda\"\n        parameters {{\n          parameter_name  = \"LambdaArn\"\n          parameter_value = \"${{aws_lambda_function.f.arn}}:$LATEST\"\n        }}\n      }}\n    }}\n  }}\n}}\n"
    );
    assert_eq!(ids(&[("main.tf", &terraform)], &["unused-function"]), [""; 0]);
}

#[test]
fn a_stranger_s_query_is_weighed_by_who_can_start_it() {
    let template = |principal: &str| {
        format!(
            "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Role: 'arn:aws:iam::111122223333:role/f'
      Code:
        ZipFile: |
          import psycopg2
          def handler(event, context):
              cur = psycopg2.connect('x').cursor()
              cur.execute(\"SELECT 1 FROM t WHERE s = '%s'\" % event['site'])
  P:
    Type: AWS::Lambda::Permission
    Properties: {{ FunctionName: !Ref F, Action: lambda:InvokeFunction, Principal: {principal} }}
"
        )
    };
    let severity = |principal: &str| {
        let report = report(&[("template.yaml", &template(principal))]);
        let found = report.apps[0].findings.iter().find(|finding| finding.rule.id == "sql-injection");
        found.unwrap().severity
    };
    assert_eq!(severity("'*'"), Severity::High);
    assert_eq!(severity("'111122223333'"), Severity::Medium);
}

#[test]
fn a_route_that_says_none_is_told_to_take_that_back() {
    let advice = |auth: &str, event: &str| {
        let template = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {{ {auth} }}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: exports.handler = async () => 1
      Events: {{ Go: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Path: /a, Method: post{event} }} }} }}
"
        );
        let report = report(&[("template.yaml", &template)]);
        let found = report.apps[0].findings.iter().find(|finding| finding.rule.id == "open-route");
        found.and_then(|finding| finding.change.as_ref()).map(|change| change.advice.clone()).unwrap()
    };
    let authorizers = "Authorizers: { T: { JwtConfiguration: { issuer: 'https://a.example/', audience: [a] }, IdentitySource: $request.header.Authorization } }";
    let none = ", Auth: { Authorizer: NONE }";
    let takes_back = |advice: String| advice.contains("take that line out");
    assert!(takes_back(advice(&format!("Auth: {{ DefaultAuthorizer: T, {authorizers} }}"), none)));
    assert!(!takes_back(advice(&format!("Auth: {{ {authorizers} }}"), "")));
    assert!(!takes_back(advice("Name: a", "")));
}

/// SAM has no words for a plain resource.
#[test]
fn a_plain_route_in_a_sam_template_is_changed_as_such() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action } }
  Ticket: { Type: AWS::ApiGatewayV2::Authorizer, Properties: { ApiId: !Ref Chat, AuthorizerType: REQUEST, AuthorizerUri: !GetAtt F.Arn } }
  Connect: { Type: AWS::ApiGatewayV2::Route, Properties: { ApiId: !Ref Chat, RouteKey: $connect, AuthorizationType: NONE, Target: !Sub 'integrations/${I}' } }
  I: { Type: AWS::ApiGatewayV2::Integration, Properties: { ApiId: !Ref Chat, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn } }
  F: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs22.x, Handler: i.h, InlineCode: x } }
";
    let report = report(&[("template.yaml", template)]);
    let found = report.apps[0].findings.iter().find(|finding| finding.rule.id == "open-websocket").unwrap();
    assert!(
        found.change.as_ref().unwrap().advice.contains("AuthorizationType: CUSTOM"),
        "{:?}",
        found.change
    );
}

#[test]
fn an_authorizer_that_looks_at_nothing_lets_everyone_in() {
    let found = |code: &str| {
        let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: { DefaultAuthorizer: A, Authorizers: { A: { FunctionArn: !GetAtt Ask.Arn, EnableSimpleResponses: true, AuthorizerPayloadFormatVersion: '2.0' } } }
  Ask: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs22.x, Handler: ask.handler, CodeUri: . } }
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: exports.handler = async () => 1
      Events: { Go: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: /a, Method: post } } }
";
        ids(&[("template.yaml", template), ("ask.js", code)], &["open-route"]).len() == 1
    };
    assert!(found("exports.handler = async () => ({ isAuthorized: true });"));
    assert!(found("exports.handler = async (event) => { return { isAuthorized: true }; };"));
    assert!(!found(
        "exports.handler = async (event) => ({ isAuthorized: event.headers.k === process.env.K });"
    ));
    assert!(!found(
        "exports.handler = async ({ headers }) => ({ isAuthorized: headers.k === process.env.K });"
    ));
    assert!(!found("exports.handler = async function () { return check(arguments[0]); };"));
    // The log decides nothing, and what is asked for says nothing of who asks.
    let logged = "exports.handler = async (event) => {\n  console.log('asked', JSON.stringify(event));\n";
    let policy =
        "  return { policyDocument: { Statement: [{ Effect: 'Allow', Resource: event.methodArn }] } };\n};\n";
    assert!(found(&format!("{logged}{policy}")));
    assert!(found(&format!("exports.handler = async ({{ routeArn }}) => {{\n{policy}")));
    let looks = "  if (event.headers.k !== process.env.K) throw new Error('Unauthorized');\n";
    assert!(!found(&format!("{logged}{looks}{policy}")));
    assert!(!found(&format!("{logged}  console.log(event); await check(event);\n{policy}")));
}

#[test]
fn keys_of_callers_stand_in_no_file() {
    const KEY: &str = "AbCdEf0123456789Zyxw42";
    let check = |path: &str, text: &str, wanted: &[&str]| {
        let text = text.replace("KEY", KEY);
        assert_eq!(ids(&[(path, text.as_str())], &["secret-in-template"]), wanted, "{text}");
    };
    let found = ["secret-in-template"];
    let service = "service: s\nprovider: { name: aws, KEYS }\nfunctions: { f: { handler: h.f } }\n";
    for (keys, wanted) in [
        ("apiGateway: { apiKeys: [{ name: k, value: KEY }] }", &found[..]),
        ("apiGateway: { apiKeys: [{ free: [{ value: KEY }] }] }", &found),
        ("apiGateway: { apiKeys: [k, { name: l }] }", &[]),
        ("apiGateway: { apiKeys: [{ name: k, value: '${ssm:/key}' }] }", &[]),
    ] {
        check("serverless.yml", &service.replace("KEYS", keys), wanted);
    }
    let template = "Resources:\n  F: { Type: AWS::Lambda::Function, Properties: { Handler: h.f } }\n  K: { Type: AWS::ApiGateway::ApiKey, Properties: { Value: VALUE } }\n";
    check("template.yaml", &template.replace("VALUE", "KEY"), &found);
    check("template.yaml", &template.replace("VALUE", "'{{resolve:ssm:/key}}'"), &[]);
    let module = "resource \"aws_lambda_function\" \"f\" { function_name = \"f\" }\nresource \"aws_api_gateway_api_key\" \"k\" {\n  value = VALUE\n}\n";
    check("main.tf", &module.replace("VALUE", "\"KEY\""), &found);
    check("main.tf", &module.replace("VALUE", "random_password.k.result"), &[]);
}

#[test]
fn a_default_whose_routes_are_all_exceptions_is_used() {
    let template = |default: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {{ Type: 'AWS::Serverless::HttpApi', Properties: {{ Auth: {{ {default} Authorizers: {{ A: {{ IdentitySource: $request.header.Authorization, JwtConfiguration: {{ issuer: 'https://i', audience: [a] }} }} }} }} }} }}
  F: {{ Type: 'AWS::Serverless::Function', Properties: {{ Runtime: nodejs22.x, Handler: i.h, InlineCode: x, Events: {{ A: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Path: /a, Method: post, Auth: {{ Authorizer: NONE }} }} }} }} }} }}
"
        )
    };
    let about = ["unused-authorizer"];
    assert_eq!(ids(&[("template.yaml", &template(""))], &about), about);
    assert!(ids(&[("template.yaml", &template("DefaultAuthorizer: A,"))], &about).is_empty());
}

#[test]
fn credentials_for_every_origin_weigh_by_whether_browsers_hand_the_answer_over() {
    let weighs = |cors: &str| {
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {{ Type: 'AWS::Serverless::HttpApi', Properties: {{ CorsConfiguration: {{ AllowOrigins: ['{cors}'], AllowCredentials: true }} }} }}
  F: {{ Type: 'AWS::Serverless::Function', Properties: {{ Runtime: nodejs22.x, Handler: i.h, InlineCode: x, FunctionUrlConfig: {{ AuthType: AWS_IAM, Cors: {{ AllowOrigins: ['{cors}'], AllowCredentials: true }} }} }} }}
"
        );
        let report = report(&[("template.yaml", &template)]);
        let found = report.apps[0].findings.iter().filter(|found| found.rule.id == "cors-credentials");
        let mut severities: Vec<_> = found.map(|found| found.severity).collect();
        severities.sort();
        severities
    };
    assert_eq!(weighs("*"), [Severity::Low, Severity::High], "the interface, and the URL");
    assert_eq!(weighs("https://*"), [Severity::High; 2]);
    assert_eq!(weighs("https://a.example.com"), []);
}

/// The advice of the only finding of a rule about a template beside a script.
fn advice(rule: &str, template: &str, code: &str) -> String {
    let report = report(&[("template.yaml", template), ("src/a.js", code)]);
    let found: Vec<_> = report.apps[0].findings.iter().filter(|found| found.rule.id == rule).collect();
    assert_eq!(found.len(), 1, "{rule}: {found:?}");
    found[0].change.as_ref().map(|change| change.advice.clone()).unwrap_or_default()
}

#[test]
fn a_policy_template_is_given_the_name_that_it_takes() {
    let template = |policy: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {{ Type: AWS::DynamoDB::Table }}
  F: {{ Type: 'AWS::Serverless::Function', Properties: {{ Runtime: nodejs22.x, Handler: a.handler, CodeUri: src/, Policies: [{policy}] }} }}
"
        )
    };
    let of_everything = template("{ DynamoDBCrudPolicy: { TableName: '*' } }");
    let told = advice("wildcard-resource", &of_everything, "exports.handler = async (e) => require(e.x)");
    assert!(told.starts_with("Name the thing: `DynamoDBCrudPolicy: { TableName: !Ref Orders }`."), "{told}");
    let mails = template("{ Statement: [{ Effect: Allow, Action: 'ses:SendEmail', Resource: '*' }] }");
    let told = advice("wildcard-resource", &mails, "exports.handler = async (e) => require(e.x)");
    assert!(told.contains(":identity/<domain>"), "{told}");
}

#[test]
fn a_statement_on_every_secret_that_nothing_uses_is_one_finding() {
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  F: { Type: 'AWS::Serverless::Function', Properties: { Runtime: nodejs22.x, Handler: a.handler, CodeUri: src/, Policies: [{ Statement: [{ Effect: Allow, Action: ['secretsmanager:GetSecretValue'], Resource: '*' }] }] } }
";
    let about = ["all-secrets-readable", "unneeded-permission"];
    let unused = "exports.handler = async () => 1;";
    assert_eq!(ids(&[("template.yaml", template), ("src/a.js", unused)], &about), [about[0]]);
    let told = advice(about[0], template, unused);
    assert!(told.starts_with("Take `secretsmanager:GetSecretValue` away"), "{told}");
    let used = "const { SecretsManager } = require('@aws-sdk/client-secrets-manager');
exports.handler = async () => new SecretsManager().getSecretValue({ SecretId: 'shop/key' });";
    let told = advice(about[0], template, used);
    assert!(told.starts_with("Name the one secret"), "{told}");
}

#[test]
fn a_role_of_several_functions_points_to_what_each_uses() {
    let template = "Resources:
  R: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }] }, Policies: [{ PolicyName: p, PolicyDocument: { Statement: [{ Effect: Allow, Action: 'dynamodb:*', Resource: '*' }] } }] } }
  F: { Type: AWS::Lambda::Function, Properties: { Runtime: nodejs22.x, Handler: a.handler, Role: !GetAtt R.Arn, Code: src/ } }
  G: { Type: AWS::Lambda::Function, Properties: { Runtime: nodejs22.x, Handler: a.handler, Role: !GetAtt R.Arn, Code: src/ } }
";
    let told = advice("wildcard-action", template, "exports.handler = async () => 1;");
    assert!(told.contains("`casemate scan --need F`"), "{told}");
}
