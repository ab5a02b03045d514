//! Interfaces that ask for certificates of whoever calls (mutual TLS), in all formats.

use super::formats::{ROLE, ids};

const OPEN: [&str; 1] = ["open-route"];

/// Whether a template has an open route.
fn is_open(path: &str, text: &str) -> bool {
    !ids(&[(path, text)], &OPEN).is_empty()
}

#[test]
fn a_sam_interface_that_answers_to_certificates_only_is_not_open() {
    let template = |kind: &str, event: &str, properties: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {{ Type: 'AWS::Serverless::{kind}', Properties: {{ StageName: v1, {properties} }} }}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: a.handler
      Events: {{ A: {{ Type: {event}, Properties: {{ Path: /a, Method: post, {} }} }} }}
",
            if kind == "Api" { "RestApiId: !Ref Api" } else { "ApiId: !Ref Api" }
        )
    };
    let asking =
        "Domain: { DomainName: a.example.com, MutualTlsAuthentication: { TruststoreUri: s3://b/k } }";
    let plain = "Domain: { DomainName: a.example.com }";
    for (kind, event) in [("Api", "Api"), ("HttpApi", "HttpApi")] {
        let open = |properties: &str| is_open("template.yaml", &template(kind, event, properties));
        assert!(!open(&format!("DisableExecuteApiEndpoint: true, {asking}")), "{kind}");
        assert!(open(asking), "{kind}: the provider's own address answers still");
        assert!(open(&format!("DisableExecuteApiEndpoint: false, {asking}")), "{kind}");
        assert!(open(&format!("DisableExecuteApiEndpoint: true, {plain}")), "{kind}");
        assert!(open("DisableExecuteApiEndpoint: true"), "{kind}: which domain it has nobody knows");
    }
}

#[test]
fn every_domain_of_a_plain_interface_has_to_ask() {
    let template = |other: &str| {
        format!(
            "Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        openapi: 3.0.1
        servers: [{{ url: /, x-amazon-apigateway-endpoint-configuration: {{ disableExecuteApiEndpoint: true }} }}]
        paths:
          /a:
            post: {{ x-amazon-apigateway-integration: {{ type: aws_proxy, uri: !GetAtt F.Arn }} }}
  F: {{ Type: AWS::Lambda::Function, Properties: {{ Runtime: nodejs22.x, Handler: a.handler, Role: arn:aws:iam::111122223333:role/r, Code: {{ ZipFile: '' }} }} }}
  Asks: {{ Type: AWS::ApiGatewayV2::DomainName, Properties: {{ DomainName: a.example.com, MutualTlsAuthentication: {{ TruststoreUri: s3://b/k }} }} }}
  Plain: {{ Type: AWS::ApiGatewayV2::DomainName, Properties: {{ DomainName: b.example.com }} }}
  One: {{ Type: AWS::ApiGatewayV2::ApiMapping, Properties: {{ ApiId: !Ref Api, DomainName: !Ref Asks, Stage: $default }} }}
{other}"
        )
    };
    let mapped = |domain: &str| {
        format!(
            "  Two: {{ Type: AWS::ApiGatewayV2::ApiMapping, Properties: {{ ApiId: !Ref Api, DomainName: {domain}, Stage: $default }} }}\n"
        )
    };
    assert!(!is_open("template.yaml", &template("")));
    assert!(is_open("template.yaml", &template(&mapped("!Ref Plain"))));
    assert!(
        is_open("template.yaml", &template(&mapped("c.example.com"))),
        "one of another stack asks nobody"
    );
    let maybe =
        "Parameters: { Store: { Type: String } }\nConditions: { Has: !Not [!Equals [!Ref Store, '']] }\n";
    let unknown = format!("{maybe}{}", template("")).replace(
        "MutualTlsAuthentication: { TruststoreUri: s3://b/k }",
        "MutualTlsAuthentication: !If [Has, { TruststoreUri: !Ref Store }, !Ref AWS::NoValue]",
    );
    assert!(!is_open("template.yaml", &unknown));
    let report = super::formats::report(&[("template.yaml", &unknown)]);
    let told = |note: &crate::report::Note| note.text.contains("if so, there is `open-route`");
    assert!(report.apps[0].unknowns.iter().any(told), "where no store is given");
}

#[test]
fn a_service_whose_domains_ask_is_not_open() {
    let service = |plugins: &str, settings: &str, domain: &str, event: &str| {
        format!(
            "service: s\nplugins: [{plugins}]\nprovider: {{ name: aws, {settings} }}\ncustom:\n  {domain}\nfunctions:\n  f: {{ handler: a.handler, events: [{event}] }}\n"
        )
    };
    let http = "httpApi: 'POST /a'";
    let rest = "http: 'POST a'";
    let open = |text: &str| is_open("serverless.yml", text);
    let plugin = "serverless-domain-manager";
    let off = |of: &str| format!("{of}: {{ disableDefaultEndpoint: true }}");
    let asks = "{ domainName: a.example.com, tlsTruststoreUri: s3://b/k";
    assert!(!open(&service(plugin, &off("apiGateway"), &format!("customDomain: {asks} }}"), rest)));
    assert!(open(&service(plugin, &off("httpApi"), &format!("customDomain: {asks} }}"), http)), "of REST");
    assert!(!open(&service(
        plugin,
        &off("httpApi"),
        &format!("customDomain: {asks}, apiType: http }}"),
        http
    )));
    assert!(!open(&service(
        plugin,
        &off("httpApi"),
        &format!("customDomains: [{{ http: {asks} }} }}]"),
        http
    )));
    assert!(open(&service(
        plugin,
        &off("httpApi"),
        &format!("customDomains: [{{ http: {asks} }} }}, {{ http: {{ domainName: b.example.com }} }}]"),
        http
    )));
    assert!(open(&service(plugin, "stage: p", &format!("customDomain: {asks} }}"), rest)));
    assert!(open(&service("", &off("apiGateway"), &format!("customDomain: {asks} }}"), rest)), "no plugin");
}

#[test]
fn a_terraform_interface_whose_domain_asks_is_not_open() {
    let files = |off: &str, trust: &str| {
        format!(
            r#"{ROLE}
resource "aws_apigatewayv2_api" "a" {{
  name                         = "a"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = {off}
}}
resource "aws_apigatewayv2_integration" "f" {{
  api_id           = aws_apigatewayv2_api.a.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.f.invoke_arn
}}
resource "aws_apigatewayv2_route" "a" {{
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "POST /a"
  target    = "integrations/${{aws_apigatewayv2_integration.f.id}}"
}}
resource "aws_apigatewayv2_domain_name" "d" {{
  domain_name = "a.example.com"
  {trust}
}}
resource "aws_apigatewayv2_api_mapping" "m" {{
  api_id      = aws_apigatewayv2_api.a.id
  domain_name = aws_apigatewayv2_domain_name.d.id
  stage       = "$default"
}}
"#
        )
    };
    let trust = "mutual_tls_authentication {\n truststore_uri = \"s3://b/k\"\n }";
    assert!(!is_open("main.tf", &files("true", trust)));
    assert!(is_open("main.tf", &files("false", trust)));
    assert!(is_open("main.tf", &files("true", "")));
    let maybe = "dynamic \"mutual_tls_authentication\" {\n for_each = var.stores\n content {\n truststore_uri = each.value\n }\n }\n}\nvariable \"stores\" {\n type = list(string)";
    let text = files("true", maybe);
    assert!(!is_open("main.tf", &text), "unknown is no finding of its own");
    let report = super::formats::report(&[("main.tf", &text)]);
    let entry = report.apps[0].entries.iter().find(|entry| entry.what.contains("/a")).unwrap();
    assert_eq!((entry.who.as_str(), entry.open), ("unknown", false));
}
