//! What the formats' builders hand to the rules: policies, rates, keys, grants.

use super::formats::{ROLE, ids};

#[test]
fn a_deny_for_everyone_but_a_few_closes_in_every_format() {
    let statements = |spared: &str| {
        format!(
            "[{{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sqs:SendMessage\", \"Resource\": \"*\"}}, \
             {{\"Effect\": \"Deny\", \"NotPrincipal\": {spared}, \"Action\": \"sqs:*\", \"Resource\": \"*\"}}]"
        )
    };
    let template = |spared: &str| {
        format!(
            "Resources:\n  Q: {{Type: AWS::SQS::Queue}}\n  P: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Q], PolicyDocument: {{Statement: {}}}}}}}\n",
            statements(spared)
        )
    };
    let module = |spared: &str| {
        let statements = statements(spared).replace("\": ", "\" = ");
        format!(
            "{ROLE}\nresource \"aws_sqs_queue\" \"q\" {{ name = \"q\" }}\nresource \"aws_sqs_queue_policy\" \"q\" {{\n  queue_url = aws_sqs_queue.q.id\n  policy = jsonencode({{ Statement = {statements} }})\n}}\n"
        )
    };
    let check = |spared: &str, wanted: &[&str]| {
        assert_eq!(ids(&[("template.yaml", &template(spared))], &["open-store"]), wanted, "{spared}");
        assert_eq!(ids(&[("main.tf", &module(spared))], &["open-store"]), wanted, "{spared}");
    };
    check("{\"AWS\": \"arn:aws:iam::123456789012:root\"}", &[]);
    check("{\"AWS\": [\"arn:aws:iam::123456789012:role/a\", \"arn:aws:iam::123456789012:role/b\"]}", &[]);
    check("\"*\"", &["open-store"]);
    check("{\"AWS\": \"*\"}", &["open-store"]);
}

/// Whether a module with one function, `f`, has findings of these rules.
fn module(more: &str, about: &[&str], wanted: &[&str]) {
    let text = format!("{ROLE}\n{more}");
    assert_eq!(ids(&[("main.tf", &text)], about), wanted, "{more}");
}

const REST: &str = r#"
resource "aws_api_gateway_rest_api" "a" { name = "a" }
resource "aws_api_gateway_resource" "x" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = "x"
}
resource "aws_api_gateway_method" "x" {
  rest_api_id   = aws_api_gateway_rest_api.a.id
  resource_id   = aws_api_gateway_resource.x.id
  http_method   = "GET"
  authorization = "NONE"
}
resource "aws_api_gateway_integration" "x" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  resource_id = aws_api_gateway_resource.x.id
  http_method = aws_api_gateway_method.x.http_method
  type        = "AWS_PROXY"
  uri         = aws_lambda_function.f.invoke_arn
}
resource "aws_api_gateway_stage" "s" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  stage_name  = "prod"
}
"#;

const HTTP: &str = r#"
resource "aws_apigatewayv2_api" "h" {
  name          = "h"
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_integration" "i" {
  api_id           = aws_apigatewayv2_api.h.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.f.arn
}
resource "aws_apigatewayv2_route" "r" {
  api_id    = aws_apigatewayv2_api.h.id
  route_key = "GET /z"
  target    = "integrations/${aws_apigatewayv2_integration.i.id}"
}
"#;

#[test]
fn a_rate_counts_for_the_methods_and_stages_that_it_is_set_for() {
    let check = |settings: &[(&str, &str)], more: &str, wanted: &[&str]| {
        let settings = settings.iter().enumerate().map(|(number, (stage, path))| {
            format!(
                "resource \"aws_api_gateway_method_settings\" \"m{number}\" {{\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = {stage}\n  method_path = \"{path}\"\n  settings {{\n    throttling_rate_limit = 5\n  }}\n}}\n"
            )
        });
        let settings: String = settings.collect();
        module(&format!("{REST}{settings}{more}"), &["unbounded-public-function"], wanted);
    };
    let second = "resource \"aws_api_gateway_stage\" \"t\" {\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = \"test\"\n}\n";
    let unbounded = ["unbounded-public-function"];
    check(&[], "", &unbounded);
    check(&[("\"prod\"", "*/*")], "", &[]);
    check(&[("aws_api_gateway_stage.s.stage_name", "*/*")], "", &[]);
    check(&[("\"prod\"", "x/GET")], "", &[]);
    check(&[("\"prod\"", "other/GET")], "", &unbounded);
    check(&[("\"prod\"", "x/POST")], "", &unbounded);
    check(&[("\"prod\"", "*/*")], second, &unbounded);
    check(&[("\"prod\"", "*/*"), ("\"test\"", "x/GET")], second, &[]);
}

#[test]
fn every_stage_of_an_http_api_has_a_rate_or_none_counts() {
    let stage = |name: &str, settings: &str| {
        format!(
            "resource \"aws_apigatewayv2_stage\" \"{name}\" {{\n  api_id = aws_apigatewayv2_api.h.id\n  name = \"{name}\"\n{settings}}}\n"
        )
    };
    let check = |more: &str, wanted: &[&str]| {
        module(&format!("{HTTP}{more}"), &["unbounded-public-function"], wanted);
    };
    let unbounded = ["unbounded-public-function"];
    let rate = "  default_route_settings {\n    throttling_rate_limit = 5\n  }\n";
    let single = |key: &str| {
        format!("  route_settings {{\n    route_key = \"{key}\"\n    throttling_rate_limit = 5\n  }}\n")
    };
    let (closed, open) = (stage("s", rate), stage("open", ""));
    check(&closed, &[]);
    check(&format!("{open}{closed}"), &unbounded);
    check(&format!("{closed}{open}"), &unbounded);
    check(&stage("s", &single("GET /z")), &[]);
    check(&stage("s", &single("GET /y")), &unbounded);
    // An address of the function's own is beside all of it.
    let url = |kind: &str| {
        format!(
            "{closed}resource \"aws_lambda_function_url\" \"u\" {{\n  function_name = aws_lambda_function.f.function_name\n  authorization_type = \"{kind}\"\n}}\n"
        )
    };
    check(&url("NONE"), &unbounded);
    check(&url("AWS_IAM"), &[]);
}

#[test]
fn a_key_beside_a_sign_in_opens_what_the_schema_says() {
    let about = &["api-key-only"];
    let terraform = |kind: &str, schema: &str, wanted: &[&str]| {
        let more = format!(
            r#"
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "AWS_IAM"
  additional_authentication_provider {{
    authentication_type = "{kind}"
  }}
  {schema}
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
        module(&more, about, wanted);
        let told = super::formats::report(&[("main.tf", &format!("{ROLE}{more}"))]);
        let untold = told.apps[0].unknowns.iter().any(|unknown| unknown.text.contains("`@aws_api_key`"));
        assert_eq!(untold, kind == "API_KEY" && schema.is_empty(), "{kind} {schema}");
    };
    terraform("API_KEY", "schema = \"type Query { x: Int @aws_api_key }\"", about);
    terraform("API_KEY", "schema = \"type Query { x: Int, y: Int @aws_api_key }\"", &[]);
    terraform("API_KEY", "", &[]);
    terraform("OPENID_CONNECT", "", &[]);
    let template = |schema: &str, wanted: &[&str]| {
        let text = format!(
            "
Resources:
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{{AuthenticationType: API_KEY}}]}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: d, Type: AWS_LAMBDA, LambdaConfig: {{LambdaFunctionArn: !GetAtt F.Arn}}}}}}
  R: {{Type: AWS::AppSync::Resolver, Properties: {{ApiId: !GetAtt G.ApiId, TypeName: Query, FieldName: x, DataSourceName: !GetAtt D.Name}}}}
{schema}"
        );
        assert_eq!(ids(&[("template.yaml", &text)], about), wanted, "{schema}");
    };
    let schema = |text: &str| {
        format!(
            "  S: {{Type: AWS::AppSync::GraphQLSchema, Properties: {{ApiId: !GetAtt G.ApiId, Definition: '{text}'}}}}\n"
        )
    };
    template(&schema("type Query { x: Int @aws_api_key }"), about);
    template(&schema("type Query { x: Int, y: Int @aws_api_key }"), &[]);
    template("", &[]);
}

#[test]
fn what_opens_a_bucket_or_the_account_s_own_bus() {
    let grant = |group: &str, permissions: &str| {
        format!(
            "resource \"aws_s3_bucket\" \"g\" {{\n  bucket = \"g\"\n  grant {{\n    type = \"Group\"\n    permissions = [{permissions}]\n    uri = \"http://acs.amazonaws.com/groups/{group}\"\n  }}\n}}\nresource \"aws_s3_bucket_ownership_controls\" \"g\" {{\n  bucket = aws_s3_bucket.g.id\n  rule {{\n    object_ownership = \"ObjectWriter\"\n  }}\n}}\nresource \"aws_s3_bucket_public_access_block\" \"g\" {{\n  bucket = aws_s3_bucket.g.id\n}}\n"
        )
    };
    let open = &["open-store"];
    module(&grant("global/AllUsers", "\"READ\", \"WRITE\""), open, open);
    module(&grant("s3/LogDelivery", "\"READ\", \"WRITE\""), open, &[]);
    let bus = |more: &str| {
        format!("resource \"aws_cloudwatch_event_permission\" \"p\" {{\n  statement_id = \"x\"\n{more}}}\n")
    };
    module(&bus("  principal = \"*\"\n"), open, open);
    module(&bus("  principal = \"*\"\n  event_bus_name = \"default\"\n"), open, open);
    module(&bus("  principal = \"111122223333\"\n"), open, &[]);
    let organisation = "  principal = \"*\"\n  condition {\n    key = \"aws:PrincipalOrgID\"\n    type = \"StringEquals\"\n    value = \"o-1\"\n  }\n";
    module(&bus(organisation), open, &[]);
}

#[test]
fn an_interface_that_changes_a_bucket_itself_weighs_what_it_changes() {
    let text = REST
        .replace("\"GET\"", "\"DELETE\"")
        .replace("\"AWS_PROXY\"", "\"AWS\"\n  credentials = aws_iam_role.gw.arn")
        .replace(
            "aws_lambda_function.f.invoke_arn",
            "\"arn:aws:apigateway:us-east-1:s3:path/${aws_s3_bucket.b.bucket}/{k}\"",
        );
    let text = format!(
        r#"{ROLE}{text}
resource "aws_s3_bucket" "b" {{ bucket_prefix = "b" }}
resource "aws_iam_role" "gw" {{
  assume_role_policy = jsonencode({{Statement = [{{Effect = "Allow", Principal = {{Service = "apigateway.amazonaws.com"}}, Action = "sts:AssumeRole"}}]}})
}}
resource "aws_iam_role_policy" "gw" {{
  role   = aws_iam_role.gw.id
  policy = jsonencode({{Statement = [{{Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject"], Resource = "${{aws_s3_bucket.b.arn}}/*"}}]}})
}}
"#
    );
    let report = super::formats::report(&[("main.tf", &text)]);
    let found = report.apps[0].findings.iter().find(|finding| finding.rule.id == "open-route").unwrap();
    assert_eq!(found.severity, crate::finding::Severity::High, "{}", found.message);
    assert!(found.message.contains("itself, which may change `aws_s3_bucket.b`"), "{}", found.message);
}

#[test]
fn a_secret_in_a_file_of_values_is_told_once_where_it_stands() {
    let module = format!("{ROLE}\nvariable \"token\" {{\n  sensitive = true\n}}\n").replace(
        "runtime       =",
        "environment {\n    variables = {\n      API_TOKEN = var.token\n    }\n  }\n  runtime       =",
    );
    for values in ["prod.tfvars", "terraform.tfvars", "examples/prod.tfvars"] {
        let files = [("main.tf", module.as_str()), (values, "token = \"tok_Zq81Lmn2v77Pp0912xx\"\n")];
        let report = super::formats::report(&files);
        let findings = report.apps.iter().flat_map(|app| &app.findings);
        let told: Vec<_> = findings.filter(|it| it.rule.id.starts_with("secret-in")).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told.iter().all(|it| it.rule.id == "secret-in-template" && !it.message.contains("default")));
    }
}
