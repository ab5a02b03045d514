//! What templates say as such: functions of the language, parameters, conditions, nested stacks.

use super::*;

/// The environment of the function `F`, each variable as a reader would write it.
fn environment(app: &App, name: &str) -> String {
    let function = app.function(&Name::from("F")).expect("F is declared");
    let variable = function.variable(name).unwrap_or_else(|| panic!("{name} is set"));
    match variable.value.why_unknown() {
        Some(why) => format!("unknown: {why}"),
        None => variable.value.to_string(),
    }
}

#[test]
fn functions_of_the_language() {
    let check = |value: &str, expect: &str| {
        let template = format!(
            "Parameters:
  Stage: {{Type: String, Default: dev}}
  Subnets: {{Type: CommaDelimitedList, Default: 'a, b,c'}}
  Given: {{Type: String}}
  Looked: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /x/y}}
Mappings:
  Sizes: {{dev: {{size: small}}, prod: {{size: big}}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsGiven: !Equals [!Ref Given, x]
  Neither: !Not [!Or [!Condition IsDev, !Condition IsGiven]]
  Round: !Condition Round
Resources:
  Table: {{Type: AWS::DynamoDB::Table}}
  Queue: {{Type: AWS::SQS::Queue}}
  Topic: {{Type: AWS::SNS::Topic}}
  Live: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref F}}}}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Environment:
        Variables:
          V: {value}
"
        );
        assert_eq!(environment(&app(&template), "V"), expect, "{value}");
    };
    check("plain", "plain");
    check("12", "12");
    check("!Ref Stage", "dev");
    check("{Ref: Stage}", "dev");
    check("!Ref Given", "${Given}");
    check("!Ref Looked", "${Looked}");
    check("!Ref AWS::Region", "${AWS::Region}");
    check("!Ref Nowhere", "unknown: `Nowhere` is not in the template");
    check("!Ref Table", "${Table}");
    check("!Ref Queue", "${Queue.Url}");
    check("!Ref Topic", "${Topic.Arn}");
    check("!GetAtt Topic.TopicName", "${Topic}");
    check("!GetAtt Table.Arn", "${Table.Arn}");
    check("{'Fn::GetAtt': [Table, StreamArn]}", "${Table.StreamArn}");
    check("!Ref Live", "${F.Arn}");
    check(
        "!Sub '${Stage}-${Table}-${Table.Arn}-${AWS::AccountId}-${!Kept}'",
        "dev-${Table}-${Table.Arn}-${AWS::AccountId}-${Kept}",
    );
    check("!Sub ['${a}/${b}', {a: !Ref Stage, b: !GetAtt Queue.Arn}]", "dev/${Queue.Arn}");
    check("!Join ['-', [a, !Ref Stage, !Ref Given]]", "a-dev-${Given}");
    check("!Join [',', !Ref Subnets]", "a,b,c");
    check("!Select [1, !Ref Subnets]", "b");
    check("!Select [2, !Split ['/', 'x/y/z']]", "z");
    check("!Select [0, !Split [':', !Sub '${Table.Arn}:x']]", "${Table.Arn}");
    check("!Select [9, [a]]", "unknown: `Fn::Select` of what is not there");
    check("!FindInMap [Sizes, !Ref Stage, size]", "small");
    check("!FindInMap [Sizes, !Ref Given, size]", "unknown: which entry of the mapping it is cannot be told");
    check("!FindInMap [Sizes, none, size, {DefaultValue: d}]", "d");
    check("!If [IsDev, yes-it-is, no-it-is]", "yes-it-is");
    check("!If [Neither, a, b]", "b");
    check("!If [IsGiven, same, same]", "same");
    check("!If [IsGiven, a, b]", "unknown: the condition `IsGiven` cannot be told: `Given` has no default");
    check(
        "!If [Round, a, b]",
        "unknown: the condition `Round` cannot be told: the condition `Round` refers to itself",
    );
    check("!ImportValue Shared", "${ImportValue Shared}");
    check("!Base64 abc", "abc");
    check("{'Fn::Base64': !Sub 'x${Stage}'}", "xdev");
    check("!Join ['', ['n', {'Fn::Length': !Ref Subnets}]]", "n3");
    check(
        "{'Fn::ToJsonString': {a: [1, true, !Ref Stage], b: !Ref Table}}",
        r#"{"a":[1,true,"dev"],"b":"${Table}"}"#,
    );
    check("'{{resolve:secretsmanager:db:SecretString:pw}}'", "${resolve:secretsmanager:db:SecretString:pw}");
    check("!Sub 'x{{resolve:ssm:/${Stage}/y}}z'", "x${resolve:ssm:/dev/y}z");
    check("!Rot13 x", "unknown: `Rot13` is no function that is known here");
}

#[test]
fn values_that_are_none_are_left_out() {
    let app = app("
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Timeout: !Ref AWS::NoValue
      Layers: [!Ref AWS::NoValue, arn:x]
      MemorySize: '512'
");
    let function = &app.functions[0];
    assert_eq!(function.timeout_s, None);
    assert_eq!(function.layers.len(), 1);
    assert_eq!(function.memory_mb.as_ref().and_then(|memory| memory.known()), Some(&512));
}

#[test]
fn loops_are_written_out() {
    let app = app("
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Topics:
    - Name
    - [Orders, Bills]
    - Topic${Name}:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Sub shop-${Name}
          KmsMasterKeyId: {Ref: Name}
");
    let names: Vec<&str> = app.stores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["TopicOrders", "TopicBills"]);
    let named: Vec<String> =
        app.stores.iter().filter_map(|store| store.physical.as_ref().map(ToString::to_string)).collect();
    assert_eq!(named, ["shop-Orders", "shop-Bills"]);
}

#[test]
fn conditions_decide_what_is_deployed() {
    let app = app("
Parameters:
  Stage: {Type: String, Default: dev}
  Given: {Type: String}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Maybe: !Equals [!Ref Given, x]
Resources:
  A: {Type: AWS::Lambda::Function, Condition: Prod}
  B: {Type: AWS::Lambda::Function, Condition: Maybe}
  C: {Type: AWS::Lambda::Function}
  Bucket: {Type: AWS::S3::Bucket, Condition: Prod}
");
    let deployed: Vec<Option<bool>> =
        app.functions.iter().map(|function| function.deployed.value().copied()).collect();
    assert_eq!(deployed, [Some(false), None, Some(true)]);
    assert!(app.stores.is_empty());
    assert_eq!(app.others.len(), 1);
    assert_eq!(app.unknowns.len(), 1, "{:?}", app.unknowns);
}

#[test]
fn a_name_that_stands_twice_is_said() {
    let said = |second: &str| {
        let app = app(&format!(
            "Resources:\n  F: {{Type: AWS::Lambda::Function}}\n  G: {{Type: AWS::Lambda::Function}}\n  {second}: {{Type: AWS::Lambda::Function}}\n"
        ));
        app.unknowns
            .into_iter()
            .filter(|it| it.why.contains("stands twice"))
            .map(|it| it.why)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("F"),
        ["which `F` is deployed: the name stands twice under `Resources`, and both are assessed"]
    );
    assert_eq!(said("H"), Vec::<String>::new());
}

#[test]
fn nested_stacks_are_part_of_the_app() {
    let (tree, app) = app_of(&[
        (
            "shop/template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Application
    Properties:
      Location: api/template.yaml
      Parameters:
        Table: !GetAtt Data.Outputs.TableName
  Data:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./data.json
  Far:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://bucket.s3.amazonaws.com/x.yaml
",
        ),
        (
            "shop/api/template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Table: {Type: String}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Environment:
        Variables:
          TABLE: !Ref Table
      Events:
        Get: {Type: Api, Properties: {Path: /x, Method: get}}
",
        ),
        (
            "shop/data.json",
            r#"{"Resources": {"Orders": {"Type": "AWS::DynamoDB::Table"},
                "Self": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "data.json"}}},
                "Outputs": {"TableName": {"Value": {"Ref": "Orders"}}}}"#,
        ),
    ]);
    let function = app.function(&Name::from("Api.F")).expect("the inner function");
    assert_eq!(
        function.variable("TABLE").map(|variable| variable.value.to_string()),
        Some("${Data.Orders}".into())
    );
    assert_eq!(function.code.location, Known::Value(CodeLocation::Folder("shop/api/src".into())));
    assert_eq!(routes(&app), ["Api.ServerlessRestApi: GET /x -> Api.F : anyone"]);
    assert!(app.store(&Name::from("Data.Orders")).is_some());
    let read: Vec<&str> = app.includes.iter().map(|file| tree.path(*file)).collect();
    assert_eq!(read, ["shop/data.json", "shop/api/template.yaml"]);
    let unknown: Vec<&str> = app.unknowns.iter().map(|unknown| unknown.why.as_str()).collect();
    assert_eq!(unknown.len(), 2, "{unknown:?}");
    assert!(unknown.iter().any(|why| why.contains("circle")), "{unknown:?}");
    assert!(unknown.iter().any(|why| why.contains("https://")), "{unknown:?}");
}

#[test]
fn only_templates_are_templates() {
    let check = |text: &str, expect: bool| {
        let mut tree = SourceTree::new();
        let file = tree.add("a.yaml", text.as_bytes().to_vec());
        assert_eq!(is_template(&document::read(&tree, file).unwrap()), expect, "{text}");
    };
    check("Resources: {A: {Type: AWS::S3::Bucket}}", true);
    check("{\"Resources\": {\"A\": {\"Type\": \"Custom::X\"}}}", true);
    check("Transform: AWS::LanguageExtensions\nResources: {'Fn::ForEach::X': [a, [b], {}]}", true);
    check("Resources: {A: {Type: thing}}", false);
    check("resources: {Resources: {A: {Type: AWS::S3::Bucket}}}", false);
    check("- 1", false);
    check("", false);
}
