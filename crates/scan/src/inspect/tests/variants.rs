//! Other values than those of the files, templates that are nested, and macros.

use super::*;

/// The findings of each app, those that other values make as "when", and as "if" where nobody may ever give them.
fn told(files: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let line = |found: &Found| {
        let when = found.message.strip_prefix("When ").and_then(|text| text.split_once(": "));
        format!("{}{}", found.rule.id, when.map_or(String::new(), |(when, _)| format!(" when {when}")))
    };
    let doubt = |note: &Note| {
        let (when, rest) = note.text.strip_prefix("whether ")?.split_once("; if so, there is `")?;
        Some(format!("{} if {when}", rest.split_once('`')?.0))
    };
    let all = |app: &AppReport| {
        let findings = app.findings.iter().map(line);
        (app.path.clone(), findings.chain(app.unknowns.iter().filter_map(doubt)).collect())
    };
    report.apps.iter().map(all).collect()
}

const URL: &str = "Transform: AWS::Serverless-2016-10-31
Parameters: {Auth: {Type: String, Default: NONE}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      {Runtime: nodejs24.x, Handler: i.h, InlineCode: x, ReservedConcurrentExecutions: 5, FunctionUrlConfig: {AuthType: !Ref Auth}}
";

#[test]
fn a_template_that_nests_another_one_does_not_hide_it() {
    let nest = |auth: &str, template: &str| {
        format!(
            "Resources:\n  N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {template}, Parameters: {{Auth: {auth}}}}}}}\n"
        )
    };
    let decoy = nest("AWS_IAM", "../template.yaml");
    assert_eq!(
        told(&[("old/decoy.yaml", &decoy), ("template.yaml", URL)]),
        [
            ("old/decoy.yaml".to_owned(), vec![]),
            ("template.yaml".to_owned(), vec!["open-function-url".to_owned()])
        ]
    );
    // Told once where both say the same.
    let plain = nest("NONE", "../template.yaml");
    assert_eq!(
        told(&[("old/decoy.yaml", &plain), ("template.yaml", URL)]),
        [("old/decoy.yaml".to_owned(), vec!["open-function-url".to_owned()])]
    );
    // What has no default is no app of its own.
    let asks = URL.replace(", Default: NONE", "");
    assert_eq!(
        told(&[("old/decoy.yaml", &decoy), ("template.yaml", &asks)]),
        [("old/decoy.yaml".to_owned(), vec![])]
    );
}

#[test]
fn templates_that_nest_one_another_do_not_both_go() {
    let other =
        "Resources:\n  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: template.yaml}}\n";
    let round =
        format!("{URL}  N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: other.yaml}}}}\n");
    assert_eq!(
        told(&[("other.yaml", other), ("template.yaml", &round)]),
        [("other.yaml".to_owned(), vec!["open-function-url".to_owned()])]
    );
}

#[test]
fn a_default_decides_nothing() {
    let check = |parameter: &str, condition: &str, wanted: &[&str]| {
        let template = OPEN
            .replace(
                "Resources:",
                &format!("Parameters: {{E: {{{parameter}}}}}\nConditions: {{C: {condition}}}\nResources:"),
            )
            .replace(
                "    Type: AWS::Serverless::Function",
                "    Type: AWS::Serverless::Function\n    Condition: C",
            );
        let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(
            told(&[("template.yaml", &template)]),
            [("template.yaml".to_owned(), wanted)],
            "{template}"
        );
    };
    let default = "Type: String, Default: dev";
    check(default, "!Equals [!Ref E, dev]", &["open-route"]);
    check(default, "!Equals [!Ref E, prod]", &["open-route when `E` is `prod`"]);
    check(default, "!Not [!Equals [!Ref E, dev]]", &["open-route if `E` has another value than its default"]);
    let listed = "Type: String, Default: dev, AllowedValues: [dev, test]";
    check(listed, "!Not [!Equals [!Ref E, dev]]", &["open-route when `E` is `test`"]);
    check(listed, "!Equals [!Ref E, prod]", &[]);
    check("Type: String, Default: 'false'", "!Equals [!Ref E, 'true']", &["open-route if `E` is `true`"]);
    // Two parameters at once.
    let two = format!("{default}}}, G: {{Type: String, Default: a");
    let both = "!And [!Equals [!Ref E, prod], !Equals [!Ref G, b]]";
    check(&two, both, &["open-route if `E` is `prod` and `G` is `b`"]);
}

#[test]
fn a_condition_on_what_is_put_together_or_filled_in_by_the_provider() {
    let check = |head: &str, condition: &str, wanted: &[&str]| {
        let head = format!("{head}\nConditions: {{P: {condition}}}");
        let template = URL
            .replace("Parameters: {Auth: {Type: String, Default: NONE}}", &head)
            .replace("!Ref Auth", "!If [P, NONE, AWS_IAM]");
        assert_eq!(told(&[("template.yaml", &template)]).remove(0).1, wanted, "{template}");
    };
    let stage = "Parameters: {E: {Type: String, Default: dev}}";
    check(stage, "!Equals [!Sub 'shop-${E}', shop-prod]", &["open-function-url when `E` is `prod`"]);
    check(stage, "!Equals [!Sub 'shop-${E}', other-prod]", &[]);
    check(stage, "!Equals [!Sub 'shop-${E}', shop-dev]", &["open-function-url"]);
    let here = "open-function-url when `AWS::AccountId` is `111122223333`";
    let elsewhere = "open-function-url when `AWS::AccountId` is not `111122223333`";
    check("", "!Equals [!Ref AWS::AccountId, '111122223333']", &[here]);
    check("", "!Not [!Equals [!Ref AWS::AccountId, '111122223333']]", &[elsewhere]);
    check("", "!Equals ['a-111122223333', !Sub 'a-${AWS::AccountId}']", &[here]);
    let both = "!And [!Equals [!Ref AWS::AccountId, '111122223333'], !Equals [!Ref E, prod]]";
    check(stage, both, &["open-function-url when `E` is `prod` and `AWS::AccountId` is `111122223333`"]);
    // Other partitions are no plan.
    check(
        "",
        "!Equals [!Ref AWS::Partition, aws-cn]",
        &["open-function-url if `AWS::Partition` is `aws-cn`"],
    );
}

#[test]
fn a_value_that_a_condition_or_a_mapping_chooses() {
    let url = |auth: &str, head: &str| {
        let template =
            URL.replace("Parameters: {Auth: {Type: String, Default: NONE}}", head).replace("!Ref Auth", auth);
        told(&[("template.yaml", &template)]).remove(0).1
    };
    let head = "Parameters: {E: {Type: String, Default: dev}}\nConditions: {P: !Equals [!Ref E, prod]}";
    assert_eq!(url("!If [P, NONE, AWS_IAM]", head), ["open-function-url when `E` is `prod`"]);
    // Open with the default as well: told once, without a "when".
    assert_eq!(url("!If [P, NONE, NONE]", head), ["open-function-url"]);
    let head =
        "Parameters: {E: {Type: String, Default: dev}}\nMappings: {M: {dev: {a: AWS_IAM}, prod: {a: NONE}}}";
    assert_eq!(url("!FindInMap [M, !Ref E, a]", head), ["open-function-url when `E` is `prod`"]);
}

#[test]
fn a_function_that_other_values_start_is_not_unused() {
    let text = "Transform: AWS::Serverless-2016-10-31
Parameters: {E: {Type: String, Default: dev}}
Conditions: {P: !Equals [!Ref E, prod]}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs24.x, Handler: i.h, InlineCode: x}}
  Rule:
    Type: AWS::Events::Rule
    Condition: P
    Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: !GetAtt F.Arn}]}
";
    assert_eq!(told(&[("template.yaml", text)]), [("template.yaml".to_owned(), vec![])]);
    let never = text.split("  Rule:").next().unwrap();
    assert_eq!(
        told(&[("template.yaml", never)]),
        [("template.yaml".to_owned(), vec!["unused-function".to_owned()])]
    );
}

#[test]
fn macros_are_unknown_and_may_add_what_seems_to_be_missing() {
    let unknowns = |text: &str| {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", text.as_bytes().to_vec());
        tree.add("part.yaml", b"{Timeout: 3}".to_vec());
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let app = &report.apps[0];
        let said = |note: &Note| format!("{}: {}", note.subject.as_deref().unwrap_or("-"), note.text);
        let rules: Vec<_> = app.findings.iter().map(|found| found.rule.id).collect();
        let of_code = |text: &String| text.contains("what the code of");
        let all: Vec<String> = app.unknowns.iter().map(said).collect();
        (all.iter().filter(|text| !of_code(text)).cloned().collect::<Vec<_>>(), rules)
    };
    let function = "  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      {Runtime: nodejs24.x, Handler: index.h, InlineCode: 'exports.h = async () => 1'}\n";
    let with = |transform: &str, rest: &str| {
        unknowns(&format!("Transform: {transform}\nResources:\n{function}{rest}"))
    };
    let sam = "AWS::Serverless-2016-10-31";
    assert_eq!(with(sam, ""), (vec![], vec!["unused-function"]));
    assert_eq!(with(&format!("[AWS::LanguageExtensions, {sam}]"), ""), (vec![], vec!["unused-function"]));
    let of_all = |name: &str| vec![format!("-: what the macro `{name}` makes of the template")];
    assert_eq!(with(&format!("[Mine, {sam}]"), ""), (of_all("Mine"), vec![]));
    assert_eq!(with(&format!("[{{Name: Mine}}, {sam}]"), ""), (of_all("Mine"), vec![]));
    let (said, rules) = with(sam, "  Fn::Transform: {Name: Mine}\n");
    assert_eq!((said, rules), (vec!["-: what the macro `Mine` makes here".to_owned()], vec![]));
    let inner = |transform: &str| {
        let text = function.replace("InlineCode:", &format!("'Fn::Transform': {transform}, InlineCode:"));
        unknowns(&format!("Transform: {sam}\nResources:\n{text}"))
    };
    assert_eq!(inner("{Name: Mine}"), (vec!["F: what the macro `Mine` makes here".to_owned()], vec![]));
    let include = "{Name: AWS::Include, Parameters: {Location: part.yaml}}";
    assert_eq!(inner(include), (vec![], vec!["unused-function"]));
    let outside = include.replace("part.yaml", "'s3://a/b.yaml'");
    assert_eq!(
        inner(&outside),
        (vec!["F: what `s3://a/b.yaml` holds, which is included here".to_owned()], vec![])
    );
    // A template that says nothing but that a macro makes it.
    assert_eq!(unknowns("Transform: Mine\nResources: {A: {Kind: b}}").0, of_all("Mine"));
}

#[test]
fn a_macro_may_let_a_function_write_logs() {
    let text = |transform: &str| {
        format!("Transform: [{transform}AWS::LanguageExtensions]
Resources:
  R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}]}}}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs24.x, Handler: i.h, Role: !GetAtt R.Arn, Code: {{ZipFile: x}}}}}}
")
    };
    assert_eq!(told(&[("a.yaml", &text(""))])[0].1, ["unlogged-function", "unused-function"]);
    assert_eq!(told(&[("a.yaml", &text("Mine, "))])[0].1, [""; 0]);
}

#[test]
fn each_stage_of_a_service() {
    let service = |rest: &str, authorizer: &str| {
        format!(
            "service: s\nprovider: {{name: aws, runtime: nodejs24.x}}\n{rest}\nfunctions: {{f: {{handler: i.h, reservedConcurrency: 5, events: [{{http: {{path: a, method: get, authorizer: \"{authorizer}\"}}}}]}}}}\n"
        )
    };
    let check = |rest: &str, authorizer: &str, wanted: &[&str]| {
        let files = [
            ("serverless.yml", &*service(rest, authorizer)),
            ("config/dev.yml", "{auth: aws_iam}"),
            ("config/prod.yml", "{auth: }"),
        ];
        let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(told(&files), [("serverless.yml".to_owned(), wanted)], "{rest} {authorizer}");
    };
    let custom = "custom: {auth: {dev: aws_iam, prod: }}";
    let when = ["open-route when the stage is `prod`"];
    check(custom, "${self:custom.auth.${sls:stage}}", &when);
    check(custom, "${self:custom.auth.${opt:stage, 'dev'}}", &when);
    check("params: {dev: {auth: aws_iam}, prod: {auth: }}", "${param:auth}", &when);
    check("", "${file(config/${sls:stage}.yml):auth}", &when);
    // The same everywhere: told once, of no stage.
    check("custom: {auth: {dev: , prod: }}", "${self:custom.auth.${sls:stage}}", &["open-route"]);
    check("custom: {auth: {dev: aws_iam, prod: aws_iam}}", "${self:custom.auth.${sls:stage}}", &[]);
}

#[test]
fn files_of_values_that_must_be_named() {
    let main = r#"
variable "on" { default = false }
locals { number = var.on ? 1 : 0 }
resource "aws_lambda_function" "f" {
  function_name                  = "f"
  handler                        = "i.h"
  runtime                        = "nodejs24.x"
  filename                       = "x.zip"
  role                           = "arn:aws:iam::1:role/x"
  reserved_concurrent_executions = 5
}
resource "aws_lambda_function_url" "u" {
  count              = local.number
  function_name      = aws_lambda_function.f.function_name
  authorization_type = "NONE"
}
"#;
    let check = |files: &[(&str, &str)], wanted: &[&str]| {
        let mut all = vec![("infra/main.tf", main)];
        all.extend_from_slice(files);
        let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(told(&all), [("infra/main.tf".to_owned(), wanted)], "{files:?}");
    };
    let on = "on = true";
    check(&[], &["open-function-url if `on` is `true`"]);
    check(&[("infra/prod.tfvars", on)], &["open-function-url when the values of `prod.tfvars` are given"]);
    check(
        &[("infra/env/prod.tfvars", on)],
        &["open-function-url when the values of `env/prod.tfvars` are given"],
    );
    check(
        &[("infra/p.tfvars.json", "{\"on\": true}")],
        &["open-function-url when the values of `p.tfvars.json` are given"],
    );
    check(&[("infra/terraform.tfvars", on)], &["open-function-url"]);
    check(&[("infra/dev.tfvars", "on = false")], &["unused-function"]);
    // What no file of values switches on is said all the same.
    let mut tree = SourceTree::new();
    tree.add("main.tf", main.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let said = report.apps[0].unknowns.iter().map(|note| note.text.as_str());
    let said: Vec<&str> = said.filter(|text| text.starts_with("whether")).collect();
    let rest = "; if so, there is `open-function-url`";
    assert!(
        matches!(said.as_slice(), [defaults, other]
            if *defaults == "whether there is one: not with the default of `on`, which whoever applies this may change"
            && other.starts_with(&format!("whether `on` is `true`{rest}"))),
        "{said:?}"
    );
}

#[test]
fn what_a_nested_template_leaves_out_by_its_own_default_is_said() {
    let outer = "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}}";
    let inner = "Parameters: {E: {Type: String, Default: dev}, Asked: {Type: String}}
Conditions: {C: !Equals [!Ref E, prod]}
Resources: {B: {Type: AWS::S3::Bucket, Condition: C}}
";
    let mut tree = SourceTree::new();
    tree.add("a.yaml", outer.as_bytes().to_vec());
    tree.add("inner.yaml", inner.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    assert_eq!(report.apps.len(), 1);
    let said: Vec<_> =
        report.apps[0].unknowns.iter().map(|note| (note.subject.as_deref(), &*note.text)).collect();
    let why = "whether it and what is conditional like it is deployed: not with the defaults of `E`";
    assert_eq!(said, [(Some("N.B"), why)]);
}

#[test]
fn variables_that_decide_are_tried_with_other_values() {
    let module = |variable: &str, access: &str| {
        format!(
            "{variable}
resource \"aws_lambda_function\" \"f\" {{
  function_name = \"f\"
  role = \"arn:aws:iam::1:role/x\"
  runtime = \"nodejs24.x\"
  handler = \"i.h\"
  filename = \"f.zip\"
  reserved_concurrent_executions = 5
}}
resource \"aws_lambda_function_url\" \"u\" {{
  function_name = aws_lambda_function.f.function_name
  authorization_type = {access}
}}
"
        )
    };
    let check = |variable: &str, access: &str, expect: &[&str]| {
        let found = told(&[("main.tf", &module(variable, access))]);
        assert_eq!(
            found,
            [("main.tf".to_owned(), expect.iter().map(ToString::to_string).collect())],
            "{access}"
        );
    };
    let switch = "variable \"public\" {\n  type = bool\n  default = false\n}";
    let stage = "variable \"stage\" {\n  default = \"dev\"\n}";
    check(switch, "var.public ? \"NONE\" : \"AWS_IAM\"", &["open-function-url if `public` is `true`"]);
    check(switch, "var.public ? \"AWS_IAM\" : \"NONE\"", &["open-function-url"]);
    check(
        stage,
        "var.stage == \"prod\" ? \"NONE\" : \"AWS_IAM\"",
        &["open-function-url when `stage` is `prod`"],
    );
    check(
        stage,
        "contains([\"live\", \"test\"], var.stage) ? \"NONE\" : \"AWS_IAM\"",
        &["open-function-url when `stage` is `live`"],
    );
    check(
        stage,
        "var.stage == \"mine\" ? \"NONE\" : \"AWS_IAM\"",
        &["open-function-url if `stage` is `mine`"],
    );
    // What a file of values says is decided.
    let files = [
        ("main.tf", &*module(switch, "var.public ? \"NONE\" : \"AWS_IAM\"")),
        ("terraform.tfvars", "public = false"),
    ];
    assert_eq!(told(&files), [("main.tf".to_owned(), vec![])]);
}

#[test]
fn a_secret_of_another_stage_is_told_once() {
    let service = "service: s
provider: { name: aws, runtime: nodejs22.x, stage: \"${opt:stage, 'dev'}\" }
custom: \"${file(./config/${opt:stage, 'dev'}.yml)}\"
functions:
  f: { handler: i.h, environment: { MAIL_API_KEY: '${self:custom.mailApiKey}' } }
";
    let key = "mailApiKey: key-3ax6xnjp29jd6fds4gc373sgvjxteol0\n";
    let dev = "mailApiKey: ${ssm:/mail}\n";
    let secrets = |dev: &str, prod: &str| -> Vec<String> {
        let told = told(&[("serverless.yml", service), ("config/dev.yml", dev), ("config/prod.yml", prod)]);
        told.into_iter().flat_map(|(_, found)| found).filter(|it| it.starts_with("secret-")).collect()
    };
    assert_eq!(secrets(key, dev), ["secret-in-environment"], "control: the stage that is the default");
    assert_eq!(secrets(dev, key), ["secret-in-environment when the stage is `prod`"]);
    // Nothing uses it, and it stands there.
    assert_eq!(secrets(dev, &format!("{dev}{}", key.replace("mail", "other"))), ["secret-in-template"]);
}

#[test]
fn a_trigger_that_other_values_switch_on_is_not_dead() {
    let template = |on: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Parameters: {{ Stage: {{ Type: String, Default: dev, AllowedValues: [dev, prod] }} }}
Conditions: {{ IsProd: !Equals [!Ref Stage, prod] }}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: i.handler
      InlineCode: 'exports.handler = async () => 1'
      Events: {{ Nightly: {{ Type: Schedule, Properties: {{ Schedule: rate(1 day), Enabled: {on} }} }} }}
"
        )
    };
    let rules = |on: &str| {
        let found = found(&[("template.yaml", &template(on))]);
        found.into_iter().flat_map(|(_, rules, _)| rules).filter(|rule| *rule == "dead-trigger").count()
    };
    assert_eq!(rules("!If [IsProd, true, false]"), 0);
    assert_eq!(rules("false"), 1);
}
