//! What counts calls: rates of stages, methods and routes, and usage plans, in every format.

use super::formats::{ROLE, ids};

/// Whether files leave a function that anyone can start without a limit.
fn unbounded(files: &[(&str, &str)], wanted: bool) {
    let found = ids(files, &["unbounded-public-function"]);
    assert_eq!(found.len(), usize::from(wanted), "{files:?}");
}

/// The same of a module with one function, `f`.
fn module(more: &str, wanted: bool) {
    unbounded(&[("main.tf", &format!("{ROLE}\n{more}"))], wanted);
}

pub(super) const REST: &str = r#"
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
    let check = |settings: &[(&str, &str)], more: &str, wanted: bool| {
        let settings = settings.iter().enumerate().map(|(number, (stage, path))| {
            format!(
                "resource \"aws_api_gateway_method_settings\" \"m{number}\" {{\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = {stage}\n  method_path = \"{path}\"\n  settings {{\n    throttling_rate_limit = 5\n  }}\n}}\n"
            )
        });
        let settings: String = settings.collect();
        module(&format!("{REST}{settings}{more}"), wanted);
    };
    let second = "resource \"aws_api_gateway_stage\" \"t\" {\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = \"test\"\n}\n";
    check(&[], "", true);
    check(&[("\"prod\"", "*/*")], "", false);
    check(&[("aws_api_gateway_stage.s.stage_name", "*/*")], "", false);
    check(&[("\"prod\"", "x/GET")], "", false);
    check(&[("\"prod\"", "other/GET")], "", true);
    check(&[("\"prod\"", "x/POST")], "", true);
    check(&[("\"prod\"", "*/*")], second, true);
    check(&[("\"prod\"", "*/*"), ("\"test\"", "x/GET")], second, false);
}

#[test]
fn every_stage_of_an_http_api_has_a_rate_or_none_counts() {
    let stage = |name: &str, settings: &str| {
        format!(
            "resource \"aws_apigatewayv2_stage\" \"{name}\" {{\n  api_id = aws_apigatewayv2_api.h.id\n  name = \"{name}\"\n{settings}}}\n"
        )
    };
    let check = |more: &str, wanted: bool| module(&format!("{HTTP}{more}"), wanted);
    let rate = "  default_route_settings {\n    throttling_rate_limit = 5\n  }\n";
    let single = |key: &str| {
        format!("  route_settings {{\n    route_key = \"{key}\"\n    throttling_rate_limit = 5\n  }}\n")
    };
    let (closed, open) = (stage("s", rate), stage("open", ""));
    check(&closed, false);
    check(&format!("{open}{closed}"), true);
    check(&format!("{closed}{open}"), true);
    check(&stage("s", &single("GET /z")), false);
    check(&stage("s", &single("GET /y")), true);
    // Routes of one block stand at the same place and have rates of their own.
    let two = HTTP.replace(
        "  route_key = \"GET /z\"",
        "  for_each = toset([\"GET /z\", \"GET /y\"])\n  route_key = each.value",
    );
    assert_ne!(two, HTTP);
    module(&format!("{two}{}", stage("s", &single("GET /z"))), true);
    module(&format!("{two}{}", stage("s", &format!("{}{}", single("GET /z"), single("GET /y")))), false);
    // An address of the function's own is beside all of it.
    let url = |kind: &str| {
        format!(
            "{closed}resource \"aws_lambda_function_url\" \"u\" {{\n  function_name = aws_lambda_function.f.function_name\n  authorization_type = \"{kind}\"\n}}\n"
        )
    };
    check(&url("NONE"), true);
    check(&url("AWS_IAM"), false);
}

#[test]
fn a_usage_plan_limits_nobody_who_brings_no_key() {
    module(
        &format!(
            "{REST}resource \"aws_api_gateway_usage_plan\" \"p\" {{\n  name = \"p\"\n  api_stages {{\n    api_id = aws_api_gateway_rest_api.a.id\n    stage = \"prod\"\n  }}\n  throttle_settings {{\n    rate_limit = 5\n  }}\n}}\n"
        ),
        true,
    );
    let sam = |auth: &str, wanted| {
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  A:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: prod\n      Auth: {{{auth}UsagePlan: {{CreateUsagePlan: PER_API, Throttle: {{RateLimit: 5, BurstLimit: 5}}}}}}\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: f.handler\n      Runtime: nodejs22.x\n      InlineCode: x\n      Events: {{E: {{Type: Api, Properties: {{Path: /x, Method: get, RestApiId: !Ref A}}}}}}\n"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    sam("", true);
    sam("ApiKeyRequired: true, ", false);
}

#[test]
fn only_routes_that_strangers_can_use_are_asked_for_a_rate() {
    let text = format!(
        "Resources:\n  H: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: h, ProtocolType: HTTP}}}}\n  Own: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref H, RouteKey: GET /x, Target: !Join ['/', [integrations, !Ref Into]]}}}}\n  Into: {{Type: AWS::ApiGatewayV2::Integration, Properties: {{ApiId: !Ref H, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}}}\n  S: {{Type: AWS::ApiGatewayV2::Stage, Properties: {{ApiId: !Ref H, StageName: s, RouteSettings: {{GET /x: {{ThrottlingRateLimit: 5}}}}}}}}\n  R: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref H, RouteKey: GET /mine, AuthorizationType: KIND, Target: !Join ['/', [integrations, !Ref I]]}}}}\n  I: {{Type: AWS::ApiGatewayV2::Integration, Properties: {{ApiId: !Ref H, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}}}\n{FUNCTION}"
    );
    unbounded(&[("template.yaml", &text.replace("KIND", "AWS_IAM"))], false);
    unbounded(&[("template.yaml", &text.replace("KIND", "NONE"))], true);
}

#[test]
fn every_stage_of_a_template_has_a_rate_or_none_counts() {
    let rest = |more: &str, wanted| {
        let text = format!(
            "Resources:\n  A: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: a}}}}\n  X: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref A, ParentId: !GetAtt A.RootResourceId, PathPart: x}}}}\n  M:\n    Type: AWS::ApiGateway::Method\n    Properties:\n      RestApiId: !Ref A\n      ResourceId: !Ref X\n      HttpMethod: GET\n      AuthorizationType: NONE\n      Integration: {{Type: AWS_PROXY, Uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'}}\n{FUNCTION}{more}"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    let stage = |name: &str, settings: &str| {
        format!(
            "  {name}: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref A, StageName: {name}, MethodSettings: [{settings}]}}}}\n"
        )
    };
    let all = stage("S", "{HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 5}");
    rest("", true);
    rest(&all, false);
    rest(&format!("{all}{}", stage("T", "")), true);
    rest(&stage("S", "{HttpMethod: GET, ResourcePath: /~1x, ThrottlingRateLimit: 5}"), false);
    rest(&stage("S", "{HttpMethod: GET, ResourcePath: /x, ThrottlingRateLimit: 5}"), false);
    rest(&stage("S", "{HttpMethod: POST, ResourcePath: /x, ThrottlingRateLimit: 5}"), true);
    let deployment = |stage: &str| {
        format!("  D: {{Type: AWS::ApiGateway::Deployment, Properties: {{RestApiId: !Ref A{stage}}}}}\n")
    };
    rest(&format!("{all}{}", deployment("")), false);
    rest(&format!("{all}{}", deployment(", StageName: open")), true);
    rest(&deployment(", StageName: s, StageDescription: {ThrottlingRateLimit: 5}"), false);

    let http = |more: &str, wanted| {
        let text = format!(
            "Resources:\n  H: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: h, ProtocolType: HTTP}}}}\n  Own: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref H, RouteKey: GET /x, Target: !Join ['/', [integrations, !Ref Into]]}}}}\n  Into: {{Type: AWS::ApiGatewayV2::Integration, Properties: {{ApiId: !Ref H, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}}}\n{FUNCTION}{more}"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    let stage = |name: &str, settings: &str| {
        format!(
            "  {name}: {{Type: AWS::ApiGatewayV2::Stage, Properties: {{ApiId: !Ref H, StageName: {name}{settings}}}}}\n"
        )
    };
    let all = stage("S", ", DefaultRouteSettings: {ThrottlingRateLimit: 5}");
    http("", true);
    http(&all, false);
    http(&format!("{all}{}", stage("T", "")), true);
    http(&stage("S", ", RouteSettings: {GET /x: {ThrottlingRateLimit: 5}}"), false);
    http(&stage("S", ", RouteSettings: {GET /y: {ThrottlingRateLimit: 5}}"), true);
}

const FUNCTION: &str = "  F: {Type: AWS::Lambda::Function, Properties: {Handler: f.handler, Runtime: nodejs22.x, Role: 'arn:aws:iam::111122223333:role/r', Code: {S3Bucket: b, S3Key: k}}}\n";

#[test]
fn what_a_service_changes_of_its_stage_counts() {
    let service = |event: &str, stage: &str, settings: &str, wanted| {
        let text = format!(
            "service: s\nprovider: {{name: aws, runtime: nodejs22.x}}\nfunctions:\n  f:\n    handler: f.handler\n    events: [{event}]\nresources:\n  extensions: {{{stage}: {{Properties: {{{settings}}}}}}}\n"
        );
        unbounded(&[("serverless.yml", &text)], wanted);
    };
    let http = |settings, wanted| service("{httpApi: 'GET /x'}", "HttpApiStage", settings, wanted);
    http("", true);
    http("DefaultRouteSettings: {ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100}", false);
    http("RouteSettings: {'GET /x': {ThrottlingRateLimit: 50}}", false);
    http("RouteSettings: {'GET /y': {ThrottlingRateLimit: 50}}", true);
    let rest = |settings, wanted| service("{http: 'GET x'}", "ApiGatewayStage", settings, wanted);
    rest("", true);
    rest("MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 50}]", false);
    rest("MethodSettings: [{HttpMethod: GET, ResourcePath: /x, ThrottlingRateLimit: 50}]", false);
    rest("MethodSettings: [{HttpMethod: GET, ResourcePath: /y, ThrottlingRateLimit: 50}]", true);
    // What a plugin sets is not taken away by a change of something else.
    let text = "service: s\nprovider: {name: aws, runtime: nodejs22.x}\nplugins: [serverless-api-gateway-throttling]\ncustom: {apiGatewayThrottling: {maxRequestsPerSecond: 5}}\nfunctions:\n  f:\n    handler: f.handler\n    events: [{http: 'GET x'}]\nresources:\n  extensions: {ApiGatewayStage: {Properties: {Tags: []}}}\n";
    unbounded(&[("serverless.yml", text)], false);
}

#[test]
fn an_interface_that_names_its_target_itself_has_a_stage_without_a_rate() {
    let quick = "resource \"aws_apigatewayv2_api\" \"q\" {\n  name = \"q\"\n  protocol_type = \"HTTP\"\n  target = aws_lambda_function.f.arn\n}\n";
    let stage = |name: &str| {
        format!(
            "resource \"aws_apigatewayv2_stage\" \"s\" {{\n  api_id = aws_apigatewayv2_api.q.id\n  name = \"{name}\"\n  default_route_settings {{\n    throttling_rate_limit = 5\n  }}\n}}\n"
        )
    };
    module(quick, true);
    module(&format!("{quick}{}", stage("prod")), true);
    module(&format!("{quick}{}", stage("$default")), false);
    let template = |more: &str, wanted: bool| {
        let text = format!(
            "
Resources:
  Q: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: q, ProtocolType: HTTP, Target: !GetAtt F.Arn}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
{more}"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    let stage = |name: &str| {
        format!(
            "  S: {{Type: AWS::ApiGatewayV2::Stage, Properties: {{ApiId: !Ref Q, StageName: {name}, DefaultRouteSettings: {{ThrottlingRateLimit: 5}}}}}}\n"
        )
    };
    template("", true);
    template(&stage("prod"), true);
    template(&stage("$default"), false);
}

#[test]
fn of_which_route_a_rate_is_may_be_unknown() {
    let said = |settings: &str| {
        let text = format!(
            "{ROLE}{HTTP}variable \"key\" {{}}\nresource \"aws_apigatewayv2_stage\" \"s\" {{\n  api_id = aws_apigatewayv2_api.h.id\n  name = \"s\"\n{settings}}}\n"
        );
        let report = super::formats::report(&[("main.tf", &text)]);
        let found = report.findings().any(|(_, found)| found.rule.id == "unbounded-public-function");
        (found, report.apps[0].unknowns.iter().any(|note| note.text.contains("are limited cannot be told")))
    };
    let of = |key: &str, rate: u8| {
        format!("  route_settings {{\n    route_key = {key}\n    throttling_rate_limit = {rate}\n  }}\n")
    };
    let all = "  default_route_settings {\n    throttling_rate_limit = 5\n  }\n";
    assert_eq!(said(&of("\"GET /z\"", 5)), (false, false));
    assert_eq!(said(&of("var.key", 5)), (false, true));
    assert_eq!(said(&format!("{all}{}", of("var.key", 5))), (false, false));
    assert_eq!(said(&format!("{all}{}", of("var.key", 0))), (false, true));
}

#[test]
fn sam_takes_a_rate_from_an_event() {
    let check = |api: &str, event: &str, wanted: bool| {
        let text = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
{api}  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.h
      InlineCode: 'exports.h=async()=>1'
      Events: {{A: {{Type: HttpApi, Properties: {{{event}}}}}}}
"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    let rate = ", RouteSettings: {ThrottlingRateLimit: 5}";
    let own = "  Api: {Type: AWS::Serverless::HttpApi, Properties: {}}\n";
    check("", "Path: /a, Method: get", true);
    check("", &format!("Path: /a, Method: get{rate}"), false);
    check(own, &format!("ApiId: !Ref Api, Path: /a, Method: get{rate}"), false);
    check(own, "ApiId: !Ref Api, Path: /a, Method: get, RouteSettings: {DetailedMetricsEnabled: true}", true);
    // Without a path it is the route for everything else.
    check(own, "ApiId: !Ref Api, RouteSettings: {ThrottlingRateLimit: 5}", false);
}

#[test]
fn a_firewall_counts_where_it_stands_before_every_stage() {
    let second = "resource \"aws_api_gateway_stage\" \"t\" {\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = \"test\"\n}\n";
    let wall = |number: u8, arn: &str| {
        format!(
            "resource \"aws_wafv2_web_acl_association\" \"w{number}\" {{\n  resource_arn = {arn}\n  web_acl_arn = \"x\"\n}}\n"
        )
    };
    let check = |walls: &[&str], more: &str, wanted: bool| {
        let walls: String = walls.iter().zip(0..).map(|(arn, number)| wall(number, arn)).collect();
        module(&format!("{REST}{more}{walls}"), wanted);
    };
    let (prod, test) = ("aws_api_gateway_stage.s.arn", "aws_api_gateway_stage.t.arn");
    let by_name = "\"${aws_api_gateway_rest_api.a.arn}/stages/prod\"";
    check(&[], "", true);
    check(&[prod], "", false);
    check(&[by_name], "", false);
    check(&[prod], second, true);
    check(&[by_name], second, true);
    check(&[prod, test], second, false);
    check(&[by_name, test], second, false);
    // Before which one cannot be told.
    check(&["\"${aws_api_gateway_rest_api.a.arn}/stages/${var.stage}\""], second, false);
    let template = |stages: &[&str], walled: &[&str], wanted: bool| {
        let stages: String = stages
            .iter()
            .map(|name| format!("  S{name}: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref A, StageName: {name}}}}}\n"))
            .collect();
        let walled: String = walled.iter().zip(0..).map(|(name, number)| {
            format!("  W{number}: {{Type: AWS::WAFv2::WebACLAssociation, Properties: {{WebACLArn: x, ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/${{A}}/stages/{name}'}}}}\n")
        }).collect();
        let text = format!(
            "
Resources:
  A: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: a}}}}
  M:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref A
      ResourceId: !GetAtt A.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {{Type: AWS_PROXY, Uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
{stages}{walled}"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    template(&["prod"], &[], true);
    template(&["prod"], &["prod"], false);
    template(&["prod", "test"], &["prod"], true);
    template(&["prod", "test"], &["${Sprod}"], true);
    template(&["prod", "test"], &["${Sprod}", "test"], false);
}

/// What reads like a limit and is none.
#[test]
fn what_switches_a_limit_off_limits_nothing() {
    let sam = |stage: &str, wanted: bool| {
        let text = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  A: {{Type: AWS::Serverless::Api, Properties: {{StageName: p, MethodSettings: [{stage}]}}}}
  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, InlineCode: x, Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref A, Path: /x, Method: get}}}}}}}}}}
"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    let all = |rate: &str| format!("{{HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: {rate}}}");
    sam(&all("5"), false);
    sam(&all("-1"), true);
    sam(&all("'-1'"), true);
    sam(&format!("{}, {{HttpMethod: GET, ResourcePath: /x, ThrottlingRateLimit: -1}}", all("5")), true);
    // In Terraform a method's settings that say nothing of a rate switch it off.
    let settings = |number: usize, path: &str, rate: &str| {
        format!(
            "resource \"aws_api_gateway_method_settings\" \"m{number}\" {{\n  rest_api_id = aws_api_gateway_rest_api.a.id\n  stage_name = aws_api_gateway_stage.s.stage_name\n  method_path = \"{path}\"\n  settings {{\n    {rate}\n  }}\n}}\n"
        )
    };
    let all = settings(0, "*/*", "throttling_rate_limit = 5");
    module(&format!("{REST}{all}"), false);
    module(&format!("{REST}{all}{}", settings(1, "x/GET", "metrics_enabled = true")), true);
    module(&format!("{REST}{all}{}", settings(1, "y/GET", "metrics_enabled = true")), false);
    module(&format!("{REST}{all}{}", settings(1, "x/GET", "throttling_rate_limit = 9")), false);
    // Nothing reads what is written for a plugin that is not there.
    let service = |plugins: &str, custom: &str, event: &str, wanted: bool| {
        let text = format!(
            "service: s\nprovider: {{name: aws, runtime: nodejs22.x}}\nplugins: [{plugins}]\ncustom: {{{custom}}}\nfunctions:\n  f:\n    handler: f.handler\n    events: [{{http: {{path: x, method: get{event}}}}}]\n"
        );
        unbounded(&[("serverless.yml", &text)], wanted);
    };
    let rate = "apiGatewayThrottling: {maxRequestsPerSecond: 5}";
    let plugin = "serverless-api-gateway-throttling";
    service(plugin, rate, "", false);
    service("", rate, "", true);
    service(plugin, rate, ", throttling: {disabled: true}", true);
    service(plugin, "", ", throttling: {maxRequestsPerSecond: 5}", false);
    service("", "", ", throttling: {maxRequestsPerSecond: 5}", true);
    service("serverless-associate-waf", "associateWaf: {name: w}", "", false);
    service("", "associateWaf: {name: w}", "", true);
}

#[test]
fn a_firewall_limits_calls_only_by_a_rule_that_counts_them() {
    let counted = "{Name: r, Priority: 1, Action: {Block: {}}, Statement: {RateBasedStatement: {Limit: 100, AggregateKeyType: IP}}}";
    let managed = "{Name: m, Priority: 2, OverrideAction: {None: {}}, Statement: {ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}}";
    let template = |action: &str, rules: &str, stage: &str, wanted: bool| {
        let text = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  A: {{Type: AWS::Serverless::Api, Properties: {{StageName: p}}}}
  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, InlineCode: x, Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref A, Path: /x, Method: get}}}}}}}}}}
  W: {{Type: AWS::WAFv2::WebACL, Properties: {{DefaultAction: {{{action}: {{}}}}, Scope: REGIONAL, Rules: [{rules}]}}}}
  N: {{Type: AWS::WAFv2::WebACLAssociation, Properties: {{WebACLArn: !GetAtt W.Arn, ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/${{A}}/stages/{stage}'}}}}
"
        );
        unbounded(&[("template.yaml", &text)], wanted);
    };
    template("Allow", counted, "p", false);
    template("Allow", &format!("{managed}, {counted}"), "p", false);
    template("Allow", managed, "p", true);
    template("Allow", "", "p", true);
    template("Block", managed, "p", false);
    template("Allow", "!Ref Elsewhere", "p", false);
    // Before another stage than the one there is.
    template("Allow", counted, "dev", true);
    let wall = |rule: &str, wanted: bool| {
        let text = format!(
            "{REST}\nresource \"aws_wafv2_web_acl\" \"w\" {{\n  name = \"w\"\n  scope = \"REGIONAL\"\n  default_action {{\n    allow {{}}\n  }}\n{rule}}}\nresource \"aws_wafv2_web_acl_association\" \"n\" {{\n  resource_arn = aws_api_gateway_stage.s.arn\n  web_acl_arn = aws_wafv2_web_acl.w.arn\n}}\n"
        );
        module(&text, wanted);
    };
    let rule = |statement: &str| {
        format!(
            "  rule {{\n    name = \"r\"\n    priority = 1\n    statement {{\n      {statement}\n    }}\n  }}\n"
        )
    };
    wall(&rule("rate_based_statement {\n        limit = 100\n      }"), false);
    wall(
        &rule(
            "managed_rule_group_statement {\n        name = \"AWSManagedRulesCommonRuleSet\"\n        vendor_name = \"AWS\"\n      }",
        ),
        true,
    );
    wall("", true);
}
