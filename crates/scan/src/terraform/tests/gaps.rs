//! What could hide what is open: modules that are called, limits, inputs that nobody reads, values that others give.

use super::*;

const FUNCTION: &str = "resource \"aws_lambda_function\" \"f\" {\n  function_name = \"f\"\n  role = \"arn:aws:iam::1:role/r\"\n}\n";
const URL: &str = "variable \"auth\" { default = \"AWS_IAM\" }\nresource \"aws_lambda_function_url\" \"u\" {\n  function_name = aws_lambda_function.f.function_name\n  authorization_type = var.auth\n}\n";

fn folders(files: &[(&str, &str)]) -> Vec<String> {
    let (_, apps, unread) = read_all(files);
    assert_eq!(unread, []);
    apps.iter().map(|app| app.folder.clone()).collect()
}

fn access(app: &App) -> Option<&Access> {
    app.functions.first()?.url.as_ref()?.access.known()
}

#[test]
fn a_module_that_is_applied_by_itself_is_an_app_though_others_call_it() {
    let module = format!("{FUNCTION}{URL}");
    let calls = "module \"x\" {\n  source = \"../\"\n  auth = \"AWS_IAM\"\n}\n";
    let called = [("main.tf", module.as_str()), ("examples/main.tf", calls)];
    assert_eq!(folders(&called), ["examples"]);
    let with = |path: &'static str, text: &'static str| [called[0], called[1], (path, text)];
    for (path, text) in [
        ("terraform.tfvars", "auth = \"NONE\"\n"),
        ("prod.tfvars", "auth = \"NONE\"\n"),
        ("backend.tf", "terraform {\n  backend \"s3\" {}\n}\n"),
        ("backend.tf.json", "{\"terraform\": {\"backend\": {\"s3\": {}}}}"),
        ("backend.tf.json", "{\"terraform\": [{\"cloud\": {}}]}"),
        ("cloud.tf", "terraform {\n  cloud {}\n}\n"),
        ("provider.tf", "provider \"aws\" {\n  region = \"eu-west-1\"\n}\n"),
    ] {
        assert_eq!(folders(&with(path, text)), ["", "examples"], "{path}");
    }
    let (_, apps, _) = read_all(&with("terraform.tfvars", "auth = \"NONE\"\n"));
    assert_eq!(access(&apps[0]), Some(&Access::Anyone));
    // A part of one app with a provider of its own, as old modules have, is no app.
    let old = "provider \"aws\" {}\n";
    let parts = [
        ("app/main.tf", "module \"x\" {\n  source = \"../modules/x\"\n}\n"),
        ("modules/x/main.tf", module.as_str()),
        ("modules/x/provider.tf", old),
    ];
    assert_eq!(folders(&parts), ["app"]);
}

#[test]
fn modules_that_are_left_out_are_said() {
    let left_out = |app: &App| app.unknowns.iter().filter(|it| it.why.contains("is left out")).count();
    let deep = |levels: usize| {
        let mut files: Vec<(String, String)> = (0..levels)
            .map(|level| {
                let text = format!("module \"m\" {{\n  source = \"../m{}\"\n}}\n", level + 1);
                (format!("m{level}/main.tf"), text)
            })
            .collect();
        files.push((format!("m{levels}/main.tf"), format!("{FUNCTION}{URL}")));
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let (_, app) = read_one(&files);
        (app.functions.len(), left_out(&app))
    };
    assert_eq!(deep(12), (1, 0));
    assert_eq!(deep(13), (0, 1));
    let calls: String =
        (0..9).map(|at| format!("module \"m{at}\" {{\n  source = \"./m\"\n  count = 64\n}}\n")).collect();
    let (_, app) = read_one(&[("main.tf", &calls), ("m/main.tf", FUNCTION)]);
    assert_eq!((app.functions.len(), left_out(&app)), (499, 2));
}

#[test]
fn inputs_that_a_stand_in_does_not_read_are_said_where_they_may_let_somebody_in() {
    let unread = |inputs: &str| {
        let text = format!("module \"k\" {{\n  source = \"terraform-aws-modules/kms/aws\"\n  {inputs}\n}}\n");
        let (_, app) = main(&text);
        app.unknowns.iter().filter(|it| it.why.contains("of which only a part is known")).count()
    };
    assert_eq!(unread("key_users = [\"*\"]"), 1);
    assert_eq!(unread("key_users = []"), 0);
    assert_eq!(unread("description = \"x\"\n  deletion_window_in_days = 7"), 0);
    assert_eq!(unread("policy = \"{}\""), 0);
}

#[test]
fn stand_ins_open_what_their_modules_open() {
    let open = "principals = [{ type = \"AWS\", identifiers = [\"*\"] }]";
    let (_, app) = main(&format!(
        r#"
data "aws_iam_policy_document" "open" {{
  statement {{
    actions = ["sqs:*"]
    principals {{
      type        = "AWS"
      identifiers = ["*"]
    }}
  }}
}}
module "a" {{
  source                          = "terraform-aws-modules/sqs/aws"
  create_queue_policy             = true
  override_queue_policy_documents = [data.aws_iam_policy_document.open.json]
}}
module "b" {{
  source                      = "terraform-aws-modules/sqs/aws"
  create_dlq                  = true
  create_dlq_queue_policy     = true
  dlq_queue_policy_statements = {{ all = {{ actions = ["sqs:*"], {open} }} }}
}}
module "c" {{
  source                          = "terraform-aws-modules/sns/aws"
  override_topic_policy_documents = [data.aws_iam_policy_document.open.json]
}}
module "d" {{
  source                = "terraform-aws-modules/iam/aws//modules/iam-assumable-role"
  create_role           = true
  trusted_role_services = ["lambda.amazonaws.com"]
  attach_admin_policy   = true
}}
module "e" {{
  source            = "terraform-aws-modules/s3-bucket/aws"
  block_public_acls = false
  grant             = [{{ type = "Group", permission = "READ", uri = "http://acs.amazonaws.com/groups/global/AllUsers" }}]
}}
module "f" {{
  source = "terraform-aws-modules/apigateway-v2/aws"
  name   = "quick"
  target = aws_lambda_function.f.arn
}}
module "g" {{
  source                         = "terraform-aws-modules/apigateway-v2/aws"
  create_routes_and_integrations = false
  routes                         = {{ "GET /x" = {{ integration = {{ uri = aws_lambda_function.f.arn }} }} }}
}}
{FUNCTION}"#
    ));
    let policy = |store: &str| {
        let store = app.store(&name(store)).unwrap_or_else(|| panic!("{store}"));
        lines(&store.policy)
    };
    for store in
        ["module.a.aws_sqs_queue.this[0]", "module.b.aws_sqs_queue.dlq[0]", "module.c.aws_sns_topic.this[0]"]
    {
        assert!(policy(store).iter().any(|line| line.starts_with("allow [*] sqs:*")), "{:?}", policy(store));
    }
    let role = app.role(&name("module.d.aws_iam_role.this[0]")).expect("the role");
    assert_eq!(role.managed.len(), 1);
    let bucket = app.store(&name("module.e.aws_s3_bucket.this[0]")).expect("the bucket");
    assert!(bucket.public.acl.is_some(), "{:?}", bucket.public);
    let routes: Vec<_> =
        app.routes.iter().map(|route| route.path.value().cloned().unwrap_or_default()).collect();
    assert_eq!(routes, ["$default"]);
}

#[test]
fn of_two_addresses_the_more_open_one_counts() {
    let url = |label: &str, auth: &str| {
        format!(
            "resource \"aws_lambda_function_url\" \"{label}\" {{\n  function_name = aws_lambda_function.f.function_name\n  authorization_type = \"{auth}\"\n}}\n"
        )
    };
    for (first, second, wanted) in [
        ("NONE", "AWS_IAM", Access::Anyone),
        ("AWS_IAM", "NONE", Access::Anyone),
        ("AWS_IAM", "AWS_IAM", Access::Iam),
    ] {
        let (_, app) = main(&format!("{FUNCTION}{}{}", url("a", first), url("b", second)));
        assert_eq!(access(&app), Some(&wanted), "{first} {second}");
    }
}

#[test]
fn a_document_replaces_what_its_sources_say_of_a_sid() {
    let document = |own: &str| {
        let text = format!(
            r#"
data "aws_iam_policy_document" "base" {{
  statement {{
    sid     = "Guard"
    effect  = "Deny"
    actions = ["sqs:*"]
  }}
  statement {{
    sid     = "Kept"
    actions = ["sqs:GetQueueUrl"]
  }}
}}
data "aws_iam_policy_document" "own" {{
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {{
    {own}
    actions = ["sqs:SendMessage"]
  }}
}}
resource "aws_sqs_queue" "q" {{
  name   = "q"
  policy = data.aws_iam_policy_document.own.json
}}
"#
        );
        let (_, app) = main(&text);
        app.stores[0].policy.iter().map(line).collect::<Vec<_>>()
    };
    let effects = |lines: Vec<String>| {
        let words = lines.iter().filter_map(|line| line.split(' ').next().map(str::to_owned));
        words.collect::<Vec<_>>()
    };
    assert_eq!(effects(document("sid = \"Guard\"")), ["allow", "allow"]);
    assert_eq!(effects(document("sid = \"Other\"")), ["deny", "allow", "allow"]);
    assert_eq!(effects(document("")), ["deny", "allow", "allow"]);
}

#[test]
fn allowing_everyone_but_some_is_allowing_everyone() {
    let (_, app) = main(
        r#"
resource "aws_sqs_queue" "q" {
  name   = "q"
  policy = jsonencode({ Statement = [{ Effect = "Allow", NotPrincipal = { AWS = "arn:aws:iam::1:root" }, Action = "sqs:*", Resource = "*" }] })
}
"#,
    );
    assert_eq!(lines(&app.stores[0].policy), ["allow [*] sqs:* on *"]);
}

#[test]
fn values_that_terragrunt_gives_are_said() {
    let said = |path: &str, text: &str| {
        let (_, app) = read_one(&[("modules/x/main.tf", FUNCTION), (path, text)]);
        app.unknowns.iter().any(|it| it.why.contains("Terragrunt"))
    };
    let at = |source: &str| {
        format!("terraform {{\n  source = \"{source}\"\n}}\ninputs = {{\n  auth = \"NONE\"\n}}\n")
    };
    assert!(said("live/prod/terragrunt.hcl", &at("../../modules/x")));
    assert!(said("live/prod/terragrunt.hcl", &at("../../modules//x?ref=v1")));
    assert!(said("live/prod/terragrunt.hcl", &at("${get_repo_root()}/modules/x")));
    assert!(said("modules/x/terragrunt.hcl", "inputs = {\n  auth = \"NONE\"\n}\n"));
    assert!(!said("live/prod/terragrunt.hcl", &at("../../modules/y")));
    assert!(!said("modules/x/terragrunt.hcl", "locals {}\n"));
}

#[test]
fn what_is_written_in_another_form_is_said() {
    let (_, app) = main(
        "resource \"awscc_lambda_url\" \"u\" {\n  auth_type = \"NONE\"\n}\nresource \"aws_cloudformation_stack\" \"s\" {\n  template_body = \"{}\"\n}\nresource \"aws_sqs_queue\" \"q\" {}\n",
    );
    let said: Vec<_> = app
        .unknowns
        .iter()
        .filter(|it| it.why.contains("not read here"))
        .map(|it| it.subject.clone())
        .collect();
    assert_eq!(said, [Some(name("awscc_lambda_url.u")), Some(name("aws_cloudformation_stack.s"))]);
}

#[test]
fn routes_that_stand_at_one_place_have_roles_of_their_own() {
    let role = |name: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  name = \"{name}\"\n  assume_role_policy = \"{{}}\"\n}}\n"
        )
    };
    let operation = |role: &str| {
        format!(
            "{{\"x-amazon-apigateway-integration\": {{\"type\": \"aws\", \"uri\": \"arn:aws:apigateway:eu-west-1:sqs:path/q\", \"credentials\": \"${{{role}}}\"}}}}"
        )
    };
    let body = format!(
        "{{\"openapi\": \"3.0.1\", \"paths\": {{\"/a\": {{\"post\": {}}}, \"/b\": {{\"post\": {}}}, \"/c\": {{\"post\": {{}}}}}}}}",
        operation("a"),
        operation("b")
    );
    let api = "resource \"aws_api_gateway_rest_api\" \"x\" {\n  name = \"x\"\n  body = templatefile(\"${path.module}/api.json\", { a = aws_iam_role.a.arn, b = aws_iam_role.b.arn })\n}\n";
    let text = format!("{}{}{FUNCTION}{api}", role("a"), role("b"));
    let (_, app) = read_one(&[("main.tf", &text), ("api.json", &body)]);
    let acting: Vec<_> = app.routes.iter().map(|route| route.acts_as.as_ref().map(Name::as_str)).collect();
    assert_eq!(acting, [Some("aws_iam_role.a"), Some("aws_iam_role.b"), None]);
}
