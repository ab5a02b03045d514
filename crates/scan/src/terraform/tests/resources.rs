//! Kinds of resources, one test for each family.

use super::*;

#[test]
fn stores_take_what_other_resources_say() {
    let text = r#"
resource "aws_s3_bucket" "site" { bucket = "site" }
resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.site.id
  index_document { suffix = "index.html" }
}
resource "aws_s3_bucket_acl" "site" {
  bucket = aws_s3_bucket.site.bucket
  acl    = "public-read-write"
}
resource "aws_s3_bucket_public_access_block" "site" {
  bucket              = "site"
  block_public_acls   = false
  block_public_policy = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = jsonencode({
    Statement = [{
      Effect = "Allow", Principal = "*", Action = "s3:GetObject"
      Resource = "${aws_s3_bucket.site.arn}/*"
      Condition = { StringEquals = { "aws:SourceVpc" = "vpc-1" } }
    }]
  })
}
resource "aws_db_instance" "db" {
  identifier          = "db"
  storage_encrypted   = false
  publicly_accessible = true
}
"#;
    let (_, app) = main(text);
    let site = app.store(&name("aws_s3_bucket.site")).expect("the bucket");
    assert!(site.website);
    assert_eq!(
        site.public.acl.as_ref().and_then(Setting::known).map(String::as_str),
        Some("PublicReadWrite")
    );
    assert_eq!(site.public.block_acls.as_ref().and_then(Setting::known), Some(&false));
    assert_eq!(site.public.block_policy.as_ref().and_then(Setting::known), Some(&true));
    let wanted = "allow [*] s3:GetObject on ${aws_s3_bucket.site.Arn}/* if StringEquals aws:SourceVpc vpc-1";
    assert_eq!(lines(&site.policy), [wanted]);
    let db = app.store(&name("aws_db_instance.db")).expect("the database");
    assert_eq!(db.encryption.as_ref().and_then(Setting::known), Some(&Encryption::Off));
    assert_eq!(db.public.reachable.as_ref().and_then(Setting::known), Some(&true));
}

#[test]
fn a_rest_api_gets_its_paths_and_targets_together() {
    let text = r#"
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "r"
}
resource "aws_api_gateway_rest_api" "api" {
  name = "api"
  endpoint_configuration { types = ["REGIONAL"] }
}
resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "orders"
}
resource "aws_api_gateway_resource" "one" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_resource.orders.id
  path_part   = "{id}"
}
resource "aws_api_gateway_authorizer" "users" {
  name          = "users"
  type          = "COGNITO_USER_POOLS"
  rest_api_id   = aws_api_gateway_rest_api.api.id
  provider_arns = ["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/x"]
}
resource "aws_api_gateway_method" "read" {
  rest_api_id      = aws_api_gateway_rest_api.api.id
  resource_id      = aws_api_gateway_resource.one.id
  http_method      = "GET"
  authorization    = "NONE"
  api_key_required = true
}
resource "aws_api_gateway_integration" "read" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  resource_id = aws_api_gateway_method.read.resource_id
  http_method = aws_api_gateway_method.read.http_method
  type        = "AWS_PROXY"
  uri         = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${aws_lambda_function.f.arn}/invocations"
}
resource "aws_api_gateway_method" "write" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_rest_api.api.root_resource_id
  http_method   = "POST"
  authorization = "COGNITO_USER_POOLS"
  authorizer_id = aws_api_gateway_authorizer.users.id
}
resource "aws_api_gateway_integration" "write" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  resource_id = aws_api_gateway_rest_api.api.root_resource_id
  http_method = "POST"
  type        = "AWS_PROXY"
  uri         = aws_lambda_function.f.invoke_arn
}
"#;
    let (_, app) = main(text);
    let routes: Vec<String> = app
        .routes
        .iter()
        .map(|route| {
            let target = route.target.value().map_or("?", Name::as_str);
            let words = (route.method.value().unwrap(), route.path.value().unwrap());
            format!("{} {} {target} {:?} {}", words.0, words.1, route.access.known().unwrap(), route.api_key)
        })
        .collect();
    let wanted = [
        "GET /orders/{id} aws_lambda_function.f Anyone true",
        "POST / aws_lambda_function.f Authorizer(`aws_api_gateway_authorizer.users`) false",
    ];
    assert_eq!(routes, wanted);
}

#[test]
fn other_triggers_are_found() {
    let text = r#"
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "r"
}
resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
}
resource "aws_cloudwatch_event_target" "nightly" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = aws_lambda_function.f.arn
}
resource "aws_s3_bucket" "in" { bucket = "in" }
resource "aws_s3_bucket_notification" "in" {
  bucket = aws_s3_bucket.in.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.f.arn
    events              = ["s3:ObjectCreated:*"]
  }
}
resource "aws_cognito_user_pool" "users" {
  name = "users"
  lambda_config { pre_sign_up = aws_lambda_function.f.arn }
}
resource "aws_sfn_state_machine" "flow" {
  name       = "flow"
  role_arn   = "r"
  definition = jsonencode({ States = { One = { Type = "Task", Resource = aws_lambda_function.f.arn } } })
}
"#;
    let (_, app) = main(text);
    let triggers: Vec<(TriggerKind, String, Known<bool>)> = app
        .triggers_of(&name("aws_lambda_function.f"))
        .map(|trigger| (trigger.kind.clone(), trigger.source.to_string(), trigger.enabled.clone()))
        .collect();
    let wanted = [
        (TriggerKind::Bucket, "${aws_s3_bucket.in}".to_owned(), Known::Value(true)),
        (TriggerKind::Schedule, "rate(1 day)".to_owned(), Known::Value(false)),
        (TriggerKind::UserPool, "${aws_cognito_user_pool.users.Arn}".to_owned(), Known::Value(true)),
        (TriggerKind::StateMachine, "${aws_sfn_state_machine.flow.Arn}".to_owned(), Known::Value(true)),
    ];
    assert_eq!(triggers, wanted);
}

#[test]
fn policies_that_the_provider_keeps_are_filled_in() {
    let text = r#"
data "aws_partition" "here" {}
data "aws_iam_policy" "read" { name = "AmazonS3ReadOnlyAccess" }
resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = jsonencode({ Statement = [] })
}
resource "aws_iam_role_policy_attachment" "r" {
  for_each = toset([
    "arn:${data.aws_partition.here.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    data.aws_iam_policy.read.arn,
    aws_iam_policy.own.arn,
    "arn:aws:iam::123456789012:policy/elsewhere",
  ])
  role       = aws_iam_role.r.name
  policy_arn = each.value
}
resource "aws_iam_policy" "own" {
  policy = data.aws_iam_policy_document.own.json
}
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "A"
    actions   = ["sqs:SendMessage"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "own" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  dynamic "statement" {
    for_each = ["GetObject", "PutObject"]
    content {
      effect    = "Deny"
      actions   = ["s3:${statement.value}"]
      resources = ["*"]
      condition {
        test     = "Bool"
        variable = "aws:SecureTransport"
        values   = ["false"]
      }
    }
  }
}
output "role" { value = aws_iam_role.r.arn }
"#;
    let (_, app) = main(text);
    let role = &app.roles[0];
    let known: Vec<bool> = role.managed.iter().map(|policy| policy.statements.value().is_some()).collect();
    assert_eq!(known, [true, true, true, false]);
    // Each statement of a `dynamic` block stands where its content does, not at the block's first line.
    let denied = role.statements.iter();
    let denied: Vec<_> = denied
        .filter(|it| it.effect.value() == Some(&crate::graph::Effect::Deny))
        .map(|it| text.get(it.place.start as usize..).unwrap_or_default())
        .collect();
    assert_eq!(denied.len(), 2);
    assert!(denied.iter().all(|it| it.starts_with("content {")), "{denied:#?}");
    let lines = lines(&role.statements);
    let wanted = [
        "allow [] logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents on *",
        "allow [] sqs:SendMessage on *",
        "deny [] s3:GetObject on * if Bool aws:SecureTransport false",
        "deny [] s3:PutObject on * if Bool aws:SecureTransport false",
    ];
    for line in wanted {
        assert!(lines.iter().any(|found| found == line), "`{line}` is in {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("s3:Get*")));
    assert!(app.mentioned.contains(&role.name));
}

#[test]
fn an_openapi_body_is_read_in_json_and_yaml() {
    let yaml = r#"openapi: "3.0.1"
info: {title: shop, version: "1"}
security:
  - users: []
paths:
  /orders:
    get:
      security: []
      x-amazon-apigateway-integration:
        type: aws_proxy
        uri: arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${function}/invocations
    post:
      x-amazon-apigateway-integration: {type: aws_proxy, uri: "${function}"}
components:
  securitySchemes:
    users:
      type: apiKey
      x-amazon-apigateway-authtype: cognito_user_pools
      x-amazon-apigateway-authorizer: {type: cognito_user_pools, providerARNs: ["${pool}"]}
"#;
    let json = r#"{"paths": {"/orders": {
        "get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "${function}"}},
        "post": {"security": [{"users": []}], "x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "${function}"}}}},
      "securityDefinitions": {"users": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["${pool}"]}}}}"#;
    let main = |name: &str| {
        format!(
            r#"
resource "aws_cognito_user_pool" "users" {{ name = "users" }}
resource "aws_lambda_function" "f" {{
  function_name = "f"
  role          = "r"
}}
resource "aws_api_gateway_rest_api" "api" {{
  name = "api"
  body = templatefile("${{path.module}}/{name}", {{
    function = aws_lambda_function.f.arn
    pool     = aws_cognito_user_pool.users.arn
  }})
}}
"#
        )
    };
    for (file, body) in [("api.yaml", yaml), ("api.json", json)] {
        let (tree, app) = read_one(&[("main.tf", &main(file)), (file, body)]);
        assert_eq!(app.unknowns, [], "{file}");
        let routes: Vec<(&str, Option<&str>, Option<&Access>)> = app
            .routes
            .iter()
            .map(|route| {
                let target = route.target.value().map(Name::as_str);
                (route.method.value().unwrap().as_str(), target, route.access.known())
            })
            .collect();
        let users = Access::Authorizer(name("aws_api_gateway_rest_api.api.users"));
        let f = Some("aws_lambda_function.f");
        assert_eq!(routes, [("GET", f, Some(&Access::Anyone)), ("POST", f, Some(&users))], "{file}");
        assert_eq!(tree.path(app.routes[0].place.file), file);
        let pool = "${aws_cognito_user_pool.users.Arn}";
        assert!(
            matches!(&app.authorizers[0].kind, AuthorizerKind::UserPool(pools) if pools[0].to_string() == pool)
        );
    }
}

#[test]
fn things_are_found_by_names_that_are_put_together() {
    let text = r#"
variable "stage" {}
resource "aws_iam_role" "r" {
  name               = "${var.stage}-role"
  assume_role_policy = jsonencode({ Statement = [] })
}
resource "aws_iam_role_policy" "r" {
  role   = "${var.stage}-role"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "s3:GetObject", Resource = "*" } })
}
resource "aws_lambda_function" "f" {
  function_name = "${var.stage}-f"
  role          = aws_iam_role.r.arn
}
resource "aws_lambda_permission" "f" {
  function_name = "${var.stage}-f"
  principal     = "*"
}
"#;
    let (_, app) = main(text);
    assert_eq!(lines(&app.roles[0].statements), ["allow [] s3:GetObject on *"]);
    assert_eq!(
        lines(&app.functions[0].permissions),
        ["allow [*] lambda:InvokeFunction on ${aws_lambda_function.f.Arn}"]
    );
}

#[test]
fn networks_and_secrets_are_read() {
    let text = r#"
resource "aws_security_group" "db" {
  name = "db"
  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0", "10.0.0.0/8"]
  }
}
resource "aws_vpc_security_group_ingress_rule" "all" {
  security_group_id = aws_security_group.db.id
  cidr_ipv6         = "::/0"
  ip_protocol       = "-1"
}
resource "aws_secretsmanager_secret" "key" { name = "key" }
resource "aws_secretsmanager_secret_version" "key" {
  secret_id     = aws_secretsmanager_secret.key.id
  secret_string = "in clear text"
}
resource "aws_ssm_parameter" "plain" {
  name  = "/plain"
  type  = "String"
  value = "x"
}
"#;
    let (_, app) = main(text);
    let openings: Vec<(String, Option<(u16, u16)>)> =
        app.networks[0].inward.iter().map(|opening| (opening.peer.to_string(), opening.ports)).collect();
    let wanted = [("0.0.0.0/0", Some((5432, 5432))), ("10.0.0.0/8", Some((5432, 5432))), ("::/0", None)];
    assert_eq!(openings, wanted.map(|(peer, ports)| (peer.to_owned(), ports)));
    let secrets: Vec<(&str, Option<&str>)> = app
        .secrets
        .iter()
        .map(|secret| (secret.name.as_str(), secret.value.as_ref().and_then(|value| value.as_literal())))
        .collect();
    assert_eq!(
        secrets,
        [("aws_secretsmanager_secret.key", Some("in clear text")), ("aws_ssm_parameter.plain", Some("x"))]
    );
}

#[test]
fn a_name_of_which_only_the_start_is_written_is_not_that_start() {
    let physical = |attribute: &str| {
        let (_, app) = main(&format!("resource \"aws_s3_bucket\" \"b\" {{\n  {attribute} = \"lake-\"\n}}\n"));
        app.stores[0].physical.clone().unwrap()
    };
    assert_eq!(physical("bucket").as_literal(), Some("lake-"));
    assert!(physical("bucket_prefix").why_unknown().is_some());
}
