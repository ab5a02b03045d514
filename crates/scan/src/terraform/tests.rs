//! Whole root modules, read into apps.

use super::*;
use crate::graph::{
    Access, AuthorizerKind, CodeLocation, Effect, Encryption, Principal, Statement, StoreKind, TriggerKind,
};
use crate::known::{Known, Name, Setting};

mod derived;
mod gaps;
mod hostile;
mod modules;
mod overrides;
mod resources;

/// Reads files of a tree: all apps and what could not be read.
fn read_all(files: &[(&str, &str)]) -> (SourceTree, Vec<App>, Vec<Unread>) {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    let (apps, unread) = read(&tree);
    (tree, apps.into_iter().map(|(app, _)| app).collect(), unread)
}

/// Reads a tree that holds one root module and nothing that cannot be read.
fn read_one(files: &[(&str, &str)]) -> (SourceTree, App) {
    let (tree, mut apps, unread) = read_all(files);
    assert_eq!(unread, [], "everything can be read");
    assert_eq!(apps.len(), 1, "one root module");
    (tree, apps.remove(0))
}

fn main(text: &str) -> (SourceTree, App) {
    read_one(&[("main.tf", text)])
}

fn name(text: &str) -> Name {
    Name::from(text)
}

/// Statements in one line each, for comparison.
fn lines(statements: &[Statement]) -> Vec<String> {
    statements.iter().map(line).collect()
}

fn line(statement: &Statement) -> String {
    let effect = match &statement.effect {
        Known::Value(Effect::Allow) => "allow",
        Known::Value(Effect::Deny) => "deny",
        Known::Unknown(_) => "?",
    };
    let principals: Vec<String> = statement
        .principals
        .iter()
        .map(|principal| match principal {
            Principal::Anyone => "*".to_owned(),
            Principal::Aws(text) | Principal::Service(text) | Principal::Federated(text) => text.to_string(),
            Principal::Others(spared) => {
                let spared: Vec<String> = spared.iter().map(ToString::to_string).collect();
                format!("all but {}", spared.join("+"))
            }
            Principal::Unknown(_) => "?".to_owned(),
        })
        .collect();
    let actions: Vec<&str> =
        statement.actions.iter().map(|action| action.known().map_or("?", String::as_str)).collect();
    let resources: Vec<String> = statement.resources.iter().map(ToString::to_string).collect();
    let conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|condition| {
            let values: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
            format!(" if {} {} {}", condition.operator, condition.key, values.join("|"))
        })
        .collect();
    format!(
        "{effect} [{}] {} on {}{}",
        principals.join(","),
        actions.join(","),
        resources.join(","),
        conditions.concat()
    )
}

const ORDERS: &str = r#"
variable "table_suffix" {
  default = "dev"
}
variable "token" {
  sensitive = true
}
locals {
  name = "orders-${var.table_suffix}"
}
data "aws_caller_identity" "me" {}
resource "aws_dynamodb_table" "orders" {
  name     = local.name
  hash_key = "id"
  point_in_time_recovery {
    enabled = true
  }
}
data "archive_file" "code" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "${path.module}/build/code.zip"
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "orders" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role_policy" "orders" {
  role   = aws_iam_role.orders.id
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": ["${aws_dynamodb_table.orders.arn}", "${aws_dynamodb_table.orders.arn}/index/*"]
      }]
    }
  EOF
}
resource "aws_lambda_function" "orders" {
  function_name = local.name
  filename      = data.archive_file.code.output_path
  role          = aws_iam_role.orders.arn
  runtime       = "python3.12"
  handler       = "app.handler"
  timeout       = 10
  environment {
    variables = {
      TABLE   = aws_dynamodb_table.orders.name
      TOKEN   = var.token
      ACCOUNT = data.aws_caller_identity.me.account_id
      STAGE   = upper(var.table_suffix)
    }
  }
}
resource "aws_apigatewayv2_api" "http" {
  name          = "orders"
  protocol_type = "HTTP"
  cors_configuration {
    allow_origins     = ["*"]
    allow_credentials = true
  }
}
resource "aws_apigatewayv2_integration" "orders" {
  api_id           = aws_apigatewayv2_api.http.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.orders.invoke_arn
}
resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id          = aws_apigatewayv2_api.http.id
  authorizer_type = "JWT"
  jwt_configuration {
    audience = ["shop"]
    issuer   = "https://issuer.example"
  }
}
resource "aws_apigatewayv2_route" "list" {
  api_id    = aws_apigatewayv2_api.http.id
  route_key = "GET /orders"
  target    = "integrations/${aws_apigatewayv2_integration.orders.id}"
}
resource "aws_apigatewayv2_route" "create" {
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = "POST /orders"
  target             = "integrations/${aws_apigatewayv2_integration.orders.id}"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.jwt.id
}
resource "aws_lambda_permission" "http" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.orders.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/*"
}
"#;

#[test]
fn an_http_app_becomes_a_graph() {
    let (tree, app) = main(ORDERS);
    let function = app.function(&name("aws_lambda_function.orders")).expect("the function");
    assert_eq!(function.runtime.as_ref().and_then(Setting::known).map(String::as_str), Some("python3.12"));
    assert_eq!(function.timeout_s.as_ref().and_then(Setting::known), Some(&10));
    assert_eq!(function.code.location, Known::Value(CodeLocation::Folder("src".to_owned())));
    assert_eq!(tree.excerpt(function.place), r#"resource "aws_lambda_function" "orders""#);
    assert_eq!(tree.excerpt(function.runtime.as_ref().expect("written").place), r#""python3.12""#);
    let environment: Vec<String> =
        function.environment.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect();
    let wanted =
        ["TABLE=${aws_dynamodb_table.orders}", "TOKEN=${token}", "ACCOUNT=${AWS::AccountId}", "STAGE=DEV"];
    assert_eq!(environment, wanted);
    let role = app.role_of(function).expect("its role");
    let table = "${aws_dynamodb_table.orders.Arn}";
    let wanted = [format!("allow [] dynamodb:GetItem,dynamodb:PutItem on {table},{table}/index/*")];
    assert_eq!(lines(&role.statements), wanted);
    assert_eq!(tree.excerpt(role.statements[0].actions[1].place), r#""dynamodb:PutItem""#);
    assert_eq!(lines(&role.trust), ["allow [lambda.amazonaws.com] sts:AssumeRole on "]);
    let permission = "allow [apigateway.amazonaws.com] lambda:InvokeFunction on ${aws_lambda_function.orders.Arn} if ArnLike AWS:SourceArn ${aws_apigatewayv2_api.http.execution_arn}/*/*";
    assert_eq!(lines(&function.permissions), [permission]);
    let routes: Vec<(&str, &str, Option<&Access>)> = app
        .routes_of(&function.name)
        .map(|route| {
            (
                route.method.value().unwrap().as_str(),
                route.path.value().unwrap().as_str(),
                route.access.known(),
            )
        })
        .collect();
    let jwt = Access::Authorizer(name("aws_apigatewayv2_authorizer.jwt"));
    assert_eq!(routes, [("GET", "/orders", Some(&Access::Anyone)), ("POST", "/orders", Some(&jwt))]);
    assert!(
        matches!(&app.authorizers[0].kind, AuthorizerKind::Jwt { issuer, .. } if issuer.as_literal() == Some("https://issuer.example"))
    );
    let cors = app.apis[0].cors.as_ref().expect("cors");
    assert_eq!(cors.credentials.as_ref().and_then(Setting::known), Some(&true));
    let table = app.store(&name("aws_dynamodb_table.orders")).expect("the table");
    assert_eq!(table.kind, StoreKind::Table);
    assert_eq!(table.physical.as_ref().and_then(|text| text.as_literal()), Some("orders-dev"));
    assert_eq!(table.recovery.as_ref().and_then(Setting::known), Some(&true));
    let parameters: Vec<(&str, bool, Option<&str>)> = app
        .parameters
        .iter()
        .map(|parameter| {
            (
                parameter.name.as_str(),
                parameter.secret,
                parameter.default.as_ref().and_then(|text| text.as_literal()),
            )
        })
        .collect();
    assert_eq!(parameters, [("table_suffix", false, Some("dev")), ("token", true, None)]);
}

#[test]
fn instances_modules_and_values_are_followed() {
    let module = r#"
variable "name" {}
variable "topics" { default = [] }
resource "aws_sqs_queue" "this" { name = var.name }
resource "aws_sns_topic_subscription" "this" {
  for_each  = toset(var.topics)
  topic_arn = each.value
  protocol  = "lambda"
  endpoint  = "arn:aws:lambda:eu-west-1:123456789012:function:work-b"
}
output "arn" { value = aws_sqs_queue.this.arn }
"#;
    let root = r#"
variable "workers" {
  type = map(object({
    timeout = number
    memory  = optional(number)
    runtime = optional(string, "nodejs22.x")
  }))
}
module "queue" {
  source = "./queue"
  name   = "jobs"
  topics = ["arn:aws:sns:eu-west-1:123456789012:t"]
}
resource "aws_iam_role" "work" {
  name                = "work"
  assume_role_policy  = "{}"
  managed_policy_arns = []
}
resource "aws_lambda_function" "work" {
  for_each      = var.workers
  function_name = "work-${each.key}"
  role          = aws_iam_role.work.arn
  timeout       = each.value.timeout
  memory_size   = each.value.memory
  runtime       = each.value.runtime
  handler       = "index.handler"
}
resource "aws_lambda_event_source_mapping" "work" {
  count            = 2
  event_source_arn = module.queue.arn
  function_name    = aws_lambda_function.work["a"].arn
  enabled          = count.index == 0
}
resource "aws_s3_bucket" "none" {
  count = var.workers["a"].timeout > 100 ? 1 : 0
}
"#;
    let files = [
        ("infra/main.tf", root),
        ("infra/queue/main.tf", module),
        ("infra/prod.auto.tfvars", "workers = { a = { timeout = 5 }, b = { timeout = 7 } }"),
    ];
    let (_, app) = read_one(&files);
    let functions: Vec<(&str, Option<&u64>)> = app
        .functions
        .iter()
        .map(|function| (function.name.as_str(), function.timeout_s.as_ref().and_then(Setting::known)))
        .collect();
    let wanted =
        [(r#"aws_lambda_function.work["a"]"#, Some(&5)), (r#"aws_lambda_function.work["b"]"#, Some(&7))];
    assert_eq!(functions, wanted);
    for function in &app.functions {
        assert_eq!(function.memory_mb, None, "what may be left out is not written");
        assert_eq!(
            function.runtime.as_ref().and_then(Setting::known).map(String::as_str),
            Some("nodejs22.x")
        );
    }
    let triggers: Vec<String> = app
        .triggers
        .iter()
        .map(|trigger| {
            let function = trigger.function.value().map_or("?", Name::as_str);
            format!(
                "{} {:?} {} -> {function} {:?}",
                trigger.name,
                trigger.kind,
                trigger.source,
                trigger.enabled.value()
            )
        })
        .collect();
    let queue = "${module.queue.aws_sqs_queue.this.Arn}";
    let wanted = [
        format!(r#"aws_lambda_event_source_mapping.work[0] Queue {queue} -> aws_lambda_function.work["a"] Some(true)"#),
        format!(r#"aws_lambda_event_source_mapping.work[1] Queue {queue} -> aws_lambda_function.work["a"] Some(false)"#),
        r#"module.queue.aws_sns_topic_subscription.this["arn:aws:sns:eu-west-1:123456789012:t"] Topic arn:aws:sns:eu-west-1:123456789012:t -> aws_lambda_function.work["b"] Some(true)"#.to_owned(),
    ];
    assert_eq!(triggers, wanted);
    assert_eq!(
        app.store(&name("module.queue.aws_sqs_queue.this"))
            .and_then(|store| store.physical.as_ref())
            .and_then(|text| text.as_literal()),
        Some("jobs")
    );
    assert_eq!(app.stores.len(), 1, "the bucket has a count of none");
}

#[test]
fn what_is_not_known_is_said() {
    let text = r#"
variable "create" {}
variable "auth" {}
resource "aws_lambda_function" "a" {
  count         = var.create ? 1 : 0
  function_name = "a"
  role          = "arn:aws:iam::123456789012:role/elsewhere"
  runtime       = var.runtime
}
resource "aws_lambda_function_url" "a" {
  function_name      = aws_lambda_function.a[0].function_name
  authorization_type = var.auth
}
module "far" {
  source = "git::https://example.com/modules.git//queue"
}
resource "google_cloudfunctions_function" "b" {
  name = "b"
}
"#;
    let (_, app) = main(text);
    let function = &app.functions[0];
    assert_eq!(function.name.as_str(), "aws_lambda_function.a");
    assert!(function.deployed.why().is_some());
    assert!(function.role.as_ref().is_some_and(|role| role.known().is_none()));
    let url = function.url.as_ref().expect("its address");
    assert_eq!(url.access.value, Known::Unknown("the variable `auth` has no default".to_owned()));
    let whys: Vec<&str> = app.unknowns.iter().map(|unknown| unknown.why.as_str()).collect();
    for part in ["how many there are", "git::https://example.com/modules.git//queue", "Google Cloud"] {
        assert!(whys.iter().any(|why| why.contains(part)), "`{part}` is in {whys:?}");
    }
}

#[test]
fn a_broken_file_leaves_the_others_readable() {
    let (tree, apps, unread) = read_all(&[
        ("a/good.tf", r#"resource "aws_sqs_queue" "q" { name = "q" }"#),
        ("a/bad.tf", "resource \"aws_sqs_queue\" \"p\" {\n  name = = 1\n}\n"),
    ]);
    assert_eq!(apps.len(), 1);
    assert_eq!(apps[0].stores.len(), 1);
    assert_eq!(unread.len(), 1);
    assert_eq!(tree.path(unread[0].place.file), "a/bad.tf");
    assert_eq!(tree.locate(unread[0].place).0.line, 2);
}

#[test]
fn tf_json_is_read_as_well() {
    let text = r#"{
  "locals": {"suffix": "x"},
  "resource": {
    "aws_lambda_function": {"f": {
      "function_name": "f-${local.suffix}", "role": "${aws_iam_role.r.arn}", "runtime": "nodejs20.x",
      "environment": [{"variables": {"A": "b"}}]
    }},
    "aws_iam_role": {"r": {"name": "r", "assume_role_policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":\"*\"}]}"}}
  }
}"#;
    let (tree, app) = read_one(&[("main.tf.json", text)]);
    let function = &app.functions[0];
    assert_eq!(function.environment[0].value.as_literal(), Some("b"));
    let role = app.role_of(function).expect("its role");
    assert_eq!(lines(&role.trust), ["allow [*] sts:AssumeRole on "]);
    assert_eq!(tree.excerpt(function.runtime.as_ref().unwrap().place), r#""nodejs20.x""#);
}
