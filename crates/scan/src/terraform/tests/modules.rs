//! Modules of the registry, by their stand-ins.

use super::*;

#[test]
fn the_lambda_module_makes_a_function_with_its_role() {
    let text = r#"
module "orders" {
  source        = "terraform-aws-modules/lambda/aws"
  version       = "~> 7.0"
  function_name = "orders"
  handler       = "app.handler"
  runtime       = "python3.12"
  source_path   = "${path.module}/src"
  environment_variables = {
    TABLE = module.table.dynamodb_table_id
  }
  create_lambda_function_url = true
  cors = {
    allow_origins     = ["*"]
    allow_credentials = true
  }
  attach_policy_statements = true
  policy_statements = {
    table = {
      actions   = ["dynamodb:*"]
      resources = [module.table.dynamodb_table_arn]
      condition = { tls = { test = "Bool", variable = "aws:SecureTransport", values = ["true"] } }
    }
  }
  attach_policies    = true
  number_of_policies = 1
  policies           = ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"]
  allowed_triggers = {
    api   = { service = "apigateway", source_arn = "${module.api.api_execution_arn}/*" }
    other = { principal = "123456789012" }
  }
  event_source_mapping = {
    jobs = { event_source_arn = module.jobs.queue_arn }
  }
}
module "table" {
  source = "terraform-aws-modules/dynamodb-table/aws"
  name   = "orders"
}
module "jobs" {
  source = "terraform-aws-modules/sqs/aws"
  name   = "jobs"
}
module "api" {
  source = "terraform-aws-modules/apigateway-v2/aws"
  name   = "api"
  authorizers = {
    users = { authorizer_type = "JWT", jwt_configuration = { issuer = "https://issuer.example", audience = ["shop"] } }
  }
  routes = {
    "GET /orders"  = { integration = { uri = module.orders.lambda_function_arn } }
    "POST /orders" = {
      authorization_type = "JWT"
      authorizer_key     = "users"
      integration        = { uri = module.orders.lambda_function_arn }
    }
  }
}
"#;
    let (tree, app) = read_one(&[("main.tf", text), ("src/app.py", "")]);
    let whys: Vec<&str> = app.unknowns.iter().map(|unknown| unknown.why.as_str()).collect();
    assert_eq!(whys, Vec::<&str>::new());
    let function = app.function(&name("module.orders.aws_lambda_function.this[0]")).expect("the function");
    assert_eq!(tree.excerpt(function.place), "module \"orders\"");
    assert_eq!(tree.excerpt(function.runtime.as_ref().expect("written").place), "\"python3.12\"");
    assert_eq!(function.code.location, Known::Value(CodeLocation::Folder("src".to_owned())));
    assert_eq!(function.environment[0].value.to_string(), "${module.table.aws_dynamodb_table.this[0]}");
    assert_eq!(function.environment.len(), 1);
    let url = function.url.as_ref().expect("its address");
    assert_eq!(url.access.value, Known::Value(Access::Anyone));
    assert!(url.cors.is_some());
    let role = app.role_of(function).expect("its role");
    let wanted = [
        "allow [] logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents on arn:aws:logs:*:*:log-group:/aws/lambda/orders:*",
        "allow [] dynamodb:* on ${module.table.aws_dynamodb_table.this[0].Arn} if Bool aws:SecureTransport true",
    ];
    let found = lines(&role.statements);
    for line in wanted {
        assert!(found.iter().any(|found| found == line), "`{line}` is in {found:#?}");
    }
    assert_eq!(role.managed.len(), 1);
    assert_eq!(lines(&role.trust), ["allow [lambda.amazonaws.com] sts:AssumeRole on "]);
    let permissions: Vec<String> = function.permissions.iter().map(line).collect();
    let own = "${module.orders.aws_lambda_function.this[0].Arn}";
    let wanted = [
        format!(
            "allow [apigateway.amazonaws.com] lambda:InvokeFunction on {own} if ArnLike AWS:SourceArn ${{module.api.aws_apigatewayv2_api.this[0].execution_arn}}/*"
        ),
        format!("allow [123456789012] lambda:InvokeFunction on {own}"),
    ];
    assert_eq!(permissions, wanted);
    assert_eq!(
        app.triggers_of(&function.name).map(|trigger| trigger.kind.clone()).collect::<Vec<_>>(),
        [TriggerKind::Queue]
    );
    let routes: Vec<(Option<&String>, Option<&Access>)> =
        app.routes_of(&function.name).map(|route| (route.method.value(), route.access.known())).collect();
    let users = Access::Authorizer(name("module.api.aws_apigatewayv2_authorizer.this[\"users\"]"));
    let (get, post) = ("GET".to_owned(), "POST".to_owned());
    assert_eq!(routes, [(Some(&get), Some(&Access::Anyone)), (Some(&post), Some(&users))]);
}

#[test]
fn other_modules_make_what_they_are_called_for() {
    let text = r#"
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = module.role.iam_role_arn
}
module "role" {
  source                  = "terraform-aws-modules/iam/aws//modules/iam-assumable-role"
  role_name               = "f"
  trusted_role_services   = ["lambda.amazonaws.com"]
  custom_role_policy_arns = [module.policy.arn, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
}
module "policy" {
  source = "terraform-aws-modules/iam/aws//modules/iam-policy"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
module "bucket" {
  source            = "terraform-aws-modules/s3-bucket/aws"
  bucket            = "in"
  acl               = "public-read"
  block_public_acls  = false
  ignore_public_acls = false
  versioning         = { enabled = true }
}
module "notify" {
  source = "terraform-aws-modules/s3-bucket/aws//modules/notification"
  bucket = module.bucket.s3_bucket_id
  lambda_notifications = {
    f = { function_arn = aws_lambda_function.f.arn, function_name = aws_lambda_function.f.function_name, events = ["s3:ObjectCreated:*"] }
  }
}
module "events" {
  source   = "terraform-aws-modules/eventbridge/aws"
  bus_name = "shop"
  rules    = { orders = { event_pattern = "{}" }, nightly = { schedule_expression = "rate(1 day)", enabled = false } }
  targets  = { orders = [{ name = "f", arn = aws_lambda_function.f.arn }], nightly = [{ name = "f", arn = aws_lambda_function.f.arn }] }
}
module "vpc" {
  source = "terraform-aws-modules/vpc/aws"
}
"#;
    let (_, app) = main(text);
    let function = app.function(&name("aws_lambda_function.f")).expect("the function");
    let role = app.role_of(function).expect("its role");
    assert!(
        lines(&role.statements).contains(&"allow [] s3:* on *".to_owned()),
        "{:?}",
        lines(&role.statements)
    );
    assert_eq!(role.managed.len(), 2);
    let bucket = app.store(&name("module.bucket.aws_s3_bucket.this[0]")).expect("the bucket");
    assert_eq!(bucket.public.acl.as_ref().and_then(Setting::known).map(String::as_str), Some("PublicRead"));
    assert_eq!(bucket.public.block_acls.as_ref().and_then(Setting::known), Some(&false));
    assert_eq!(bucket.recovery.as_ref().and_then(Setting::known), Some(&true));
    let triggers: Vec<(TriggerKind, String, Option<&bool>)> = app
        .triggers_of(&function.name)
        .map(|trigger| (trigger.kind.clone(), trigger.source.to_string(), trigger.enabled.value()))
        .collect();
    let wanted = [
        (TriggerKind::Bucket, "${module.bucket.aws_s3_bucket.this[0]}".to_owned(), Some(&true)),
        (TriggerKind::EventBus, "${module.events.aws_cloudwatch_event_bus.this[0]}".to_owned(), Some(&true)),
        (TriggerKind::Schedule, "rate(1 day)".to_owned(), Some(&false)),
    ];
    assert_eq!(triggers, wanted);
}
