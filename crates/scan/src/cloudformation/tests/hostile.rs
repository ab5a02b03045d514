//! Templates that were made to hurt: the answer comes, and something in it is unknown.

use super::*;

#[test]
fn values_that_refer_to_one_another_end() {
    let made = app("
Conditions:
  A: !Or [!Condition B, !Condition B]
  B: !And [!Condition A, !Condition A]
Mappings:
  M: {a: {b: !FindInMap [M, a, b]}}
Resources:
  X: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Y}}
  Y: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref X}}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: !Ref X
      Handler: !If [A, x, y]
      Runtime: !FindInMap [M, a, b]
");
    let function = &made.functions[0];
    assert!(function.runtime.as_ref().is_some_and(|runtime| runtime.known().is_none()));
    assert!(function.handler.as_ref().is_some_and(|handler| handler.known().is_none()));
    assert!(function.role.as_ref().is_some_and(|role| role.known().is_none()));
}

#[test]
fn loops_in_loops_end() {
    let list = (0..100).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", ");
    let mut body = "'R${a}': {Type: AWS::SNS::Topic}".to_owned();
    for level in ["b", "c", "d", "e"] {
        body = format!("'Fn::ForEach::{level}': [{level}, [{list}], {{{body}}}]");
    }
    let made = app(&format!(
        "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  A: {{Type: AWS::SNS::Topic}}\n  'Fn::ForEach::a': [a, [{list}], {{{body}}}]\n"
    ));
    assert!(made.unread.iter().any(|unread| unread.why.contains("more than")), "{:?}", made.unread);
}

#[test]
fn mappings_that_multiply_end() {
    let mut mappings = String::new();
    for level in 0..60 {
        mappings.push_str(&format!(
            "  M{level}: {{a: {{b: [!FindInMap [M{n}, a, b], !FindInMap [M{n}, a, b]]}}}}\n",
            n = level + 1
        ));
    }
    let made = app(&format!(
        "Mappings:\n{mappings}Resources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{Layers: !FindInMap [M0, a, b]}}}}\n"
    ));
    assert_eq!(made.functions.len(), 1);
}

#[test]
fn json_within_json_stays_short() {
    let nested = |levels: usize| {
        let value = "{\"Fn::ToJsonString\":[".repeat(levels) + "\"a\\\"b\\\\\"" + &"]}".repeat(levels);
        let made = app(&format!(
            "
Transform: AWS::LanguageExtensions
Resources:
  F: {{Type: AWS::Lambda::Function, Properties: {{Environment: {{Variables: {{V: {value}}}}}}}}}
"
        ));
        made.functions[0].environment[0].value.clone()
    };
    assert_eq!(nested(1).as_literal(), Some(r#"["a\"b\\"]"#));
    assert!(nested(10).as_literal().is_some_and(|text| text.len() > 1_000));
    for levels in [24, 60] {
        let why = nested(levels).why_unknown().map(str::to_owned);
        assert!(why.as_ref().is_some_and(|why| why.contains("longer as JSON")), "{why:?}");
    }
}

#[test]
fn a_file_that_includes_itself_ends() {
    let (_, made) = app_of(&[(
        "t.yaml",
        "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Environment:
        Variables:
          Fn::Transform: {Name: AWS::Include, Parameters: {Location: t.yaml}}
",
    )]);
    assert_eq!(made.functions.len(), 1);
}

#[test]
fn nothing_is_where_something_should_be() {
    for properties in
        ["", "null", "[]", "x", "{Events: x, Role: [], Policies: {a: {b: c}}, CodeUri: {}, Environment: 3}"]
    {
        for kind in [
            "AWS::Serverless::Function",
            "AWS::Serverless::Api",
            "AWS::Serverless::HttpApi",
            "AWS::Serverless::WebSocketApi",
            "AWS::Serverless::StateMachine",
            "AWS::Serverless::Connector",
            "AWS::Serverless::SimpleTable",
            "AWS::Serverless::Application",
            "AWS::Lambda::Function",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Url",
            "AWS::Lambda::EventSourceMapping",
            "AWS::ApiGateway::Method",
            "AWS::ApiGateway::Authorizer",
            "AWS::ApiGatewayV2::Route",
            "AWS::IAM::Role",
            "AWS::IAM::Policy",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "AWS::Events::Rule",
            "AWS::Events::EventBusPolicy",
            "AWS::EC2::SecurityGroup",
            "AWS::SecretsManager::Secret",
            "AWS::Cognito::UserPool",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "AWS::AppSync::DataSource",
        ] {
            let made = app(&format!("Resources:\n  A:\n    Type: {kind}\n    Properties: {properties}\n"));
            assert!(made.functions.len() <= 1, "{kind}");
        }
    }
}
