//! Stacks that import from one another: what they are together, and that nothing is told twice.

use super::*;

const DATA: &str = "
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties: { BillingMode: PAY_PER_REQUEST }
  Pictures:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite
      PublicAccessBlockConfiguration: { BlockPublicAcls: false, IgnorePublicAcls: false }
  Worker:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement: { Effect: Allow, Action: '*', Resource: '*' }
Outputs:
  OrdersArn: { Value: !GetAtt Orders.Arn, Export: { Name: data-orders-arn } }
  OrdersName: { Value: !Ref Orders, Export: { Name: !Sub '${AWS::StackName}-orders' } }
  Pictures: { Value: !Ref Pictures, Export: { Name: data-pictures } }
  Worker: { Value: !GetAtt Worker.Arn, Export: { Name: data-worker } }
";

/// A stack that exports a role for functions.
fn role(name: &str, action: &str, resource: &str, export: &str) -> String {
    format!(
        "
Resources:
  {name}:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: sts:AssumeRole }}
      Policies:
        - PolicyName: some
          PolicyDocument:
            Statement: {{ Effect: Allow, Action: {action}, Resource: {resource} }}
Outputs:
  {name}: {{ Value: !GetAtt {name}.Arn, Export: {{ Name: {export} }} }}
"
    )
}

/// A function that anyone can call, with a policy or a role.
fn shop(rest: &str) -> String {
    format!(
        "
Transform: AWS::Serverless-2016-10-31
Parameters:
  DataStack: {{ Type: String, Default: data }}
Resources:
  Create:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: index.handler
      CodeUri: nowhere/
      ReservedConcurrentExecutions: 5
      Events:
        Post: {{ Type: Api, Properties: {{ Path: /orders, Method: post }} }}
{rest}"
    )
}

fn policy(resource: &str) -> String {
    shop(&format!(
        "      Policies: [{{ Statement: {{ Effect: Allow, Action: 'dynamodb:PutItem', Resource: {resource} }} }}]\n"
    ))
}

fn report(files: &[(&str, &str)]) -> Report {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    inspect(&tree, &Dependencies::default(), &Options { hygiene: true, ..Options::default() })
}

fn app<'r>(report: &'r Report, path: &str) -> &'r AppReport {
    report.apps.iter().find(|app| app.path == path).unwrap_or_else(|| panic!("{path} is no app"))
}

/// What is reached in an app, as its paths say it.
fn reached(app: &AppReport) -> Vec<String> {
    let last =
        |path: &crate::paths::Path| path.steps.last().map(|step| step.text.clone()).unwrap_or_default();
    app.assessment.paths.iter().map(last).collect()
}

#[test]
fn a_path_goes_on_in_the_stack_that_exports_what_a_role_reaches() {
    let check = |resource: &str| {
        let report = report(&[("api/template.yaml", &policy(resource)), ("data/template.yaml", DATA)]);
        let found = reached(app(&report, "api/template.yaml"));
        assert_eq!(found, ["the role may change `data/template.yaml:Orders`"], "{resource}");
    };
    check("!ImportValue data-orders-arn");
    check("{'Fn::ImportValue': data-orders-arn}");
    check("!Sub ['arn:aws:dynamodb:*:*:table/${T}', {T: !ImportValue data-orders}]");
    check("!Sub ['arn:aws:dynamodb:*:*:table/${T}', {T: {'Fn::ImportValue': !Sub '${DataStack}-orders'}}]");
    // The control: a name that nobody exports.
    let files =
        [("api/template.yaml", &*policy("!ImportValue data-others-arn")), ("data/template.yaml", DATA)];
    assert_eq!(
        reached(app(&report(&files), "api/template.yaml")),
        ["the role may change something of Amazon DynamoDB that the files do not tell"]
    );
}

#[test]
fn a_name_without_a_default_fits_one_of_the_same_form() {
    let importing = policy(
        "!Sub ['arn:aws:dynamodb:*:*:table/${T}', {T: {'Fn::ImportValue': !Sub '${DataStack}-orders'}}]",
    )
    .replace(", Default: data", "");
    let found = report(&[("api/template.yaml", &importing), ("data/template.yaml", DATA)]);
    assert_eq!(
        reached(app(&found, "api/template.yaml")),
        ["the role may change `data/template.yaml:Orders`"]
    );
}

#[test]
fn a_role_of_another_stack_is_told_once_and_counts_where_it_is_used() {
    let importing = shop("      Role: !ImportValue data-worker\n");
    let found = report(&[("api/template.yaml", &importing), ("data/template.yaml", DATA)]);
    let rules: Vec<_> = found.findings().map(|(app, found)| (app.path.as_str(), found.rule.id)).collect();
    let told = |rule: &str| rules.iter().filter(|(_, id)| *id == rule).count();
    // Where it is used it is worse.
    assert_eq!((told("admin-role"), told("open-store"), told("no-recovery")), (2, 1, 1), "{rules:?}");
    let api = app(&found, "api/template.yaml");
    assert!(api.assessment.score.points >= 20, "{:?}", api.assessment.score);
    assert!(reached(api).iter().any(|text| text.contains("everything")), "{:?}", reached(api));
    // Nothing of the other stack is counted as this one's.
    assert!(api.entries.iter().all(|entry| entry.open), "{:?}", api.entries);
    assert_eq!(api.needs.len(), 1);
}

#[test]
fn the_nearest_of_several_exports_is_meant() {
    let importing = policy("!ImportValue data-orders-arn");
    let files = [
        ("one/api.yaml", &*importing),
        ("one/data.yaml", DATA),
        ("two/api.yaml", &importing),
        ("two/data.yaml", DATA),
        ("three/api.yaml", &importing),
    ];
    let found = report(&files);
    assert_eq!(reached(app(&found, "one/api.yaml")), ["the role may change `one/data.yaml:Orders`"]);
    assert_eq!(reached(app(&found, "two/api.yaml")), ["the role may change `two/data.yaml:Orders`"]);
    let third = app(&found, "three/api.yaml");
    assert_eq!(
        reached(third),
        ["the role may change something of Amazon DynamoDB that the files do not tell"]
    );
    let why = "what `data-orders-arn` imports: `one/data.yaml` and `two/data.yaml` export it";
    assert!(third.unknowns.iter().any(|note| note.text.contains(why)), "{:?}", third.unknowns);
}

#[test]
fn imports_lead_on_but_not_in_a_circle() {
    let roles = role("Writer", "'dynamodb:PutItem'", "!ImportValue data-orders-arn", "roles-writer");
    let importing = shop("      Role: !ImportValue roles-writer\n");
    let files =
        [("api/template.yaml", &*importing), ("data/template.yaml", DATA), ("roles/template.yaml", &*roles)];
    let found = report(&files);
    assert_eq!(
        reached(app(&found, "api/template.yaml")),
        ["the role may change `data/template.yaml:Orders`"]
    );
    let back = DATA.replace("Outputs:", "Outputs:\n  Back: { Value: !ImportValue roles-writer }");
    let found = report(&[files[0], ("data/template.yaml", &back), files[2]]);
    // In a circle, which nobody can deploy, the way on is followed and the way back is not.
    assert_eq!(
        reached(app(&found, "api/template.yaml")),
        ["the role may change `data/template.yaml:Orders`"]
    );
    assert_eq!(found.apps.len(), 3);
}

#[test]
fn routes_and_services_use_what_other_stacks_export() {
    let data = "
Resources:
  Http:
    Type: AWS::ApiGatewayV2::Api
    Properties: { Name: http, ProtocolType: HTTP }
Outputs:
  Http: { Value: !Ref Http, Export: { Name: shared-http-api } }
";
    let importing = "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::1:role/x
      Runtime: nodejs24.x
      Handler: i.h
      Code: { ZipFile: 'exports.h = async () => 1' }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !ImportValue shared-http-api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt F.Arn
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !ImportValue shared-http-api
      RouteKey: GET /orders
      Target: !Sub integrations/${Integration}
";
    let found = report(&[("api.yaml", importing), ("shared.yaml", data)]);
    let rules: Vec<_> = app(&found, "api.yaml").findings.iter().map(|found| found.rule.id).collect();
    assert!(rules.contains(&"open-route"), "{rules:?}");

    let service = "
service: shop
provider:
  name: aws
  runtime: nodejs24.x
  iam:
    role:
      statements:
        - { Effect: Allow, Action: dynamodb:PutItem, Resource: !ImportValue data-orders-arn }
functions:
  create:
    handler: nowhere.handler
    events: [ { httpApi: 'POST /orders' } ]
resources:
  Resources:
    Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !ImportValue data-orders-arn } }
";
    let found = report(&[("shop/serverless.yml", service), ("data/template.yaml", DATA)]);
    let shop = app(&found, "shop/serverless.yml");
    assert_eq!(reached(shop), ["the role may change `data/template.yaml:Orders`"]);
    assert_eq!(shop.graph.stores.iter().filter(|store| store.name.as_str().ends_with(":Orders")).count(), 1);
}

#[test]
fn a_comment_beside_what_is_exported_holds_for_those_who_import_it() {
    let statement = "            Statement: { Effect: Allow, Action: '*'";
    let comment = "            # casemate: allow admin-role until 2027-01-31 because it is a migration";
    let allowed = DATA.replace(statement, &format!("{comment}\n{statement}"));
    let importing = shop("      Role: !ImportValue data-worker\n");
    let mut tree = SourceTree::new();
    tree.add("api/template.yaml", importing.into_bytes());
    tree.add("data/template.yaml", allowed.into_bytes());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    let found = inspect(&tree, &Dependencies::default(), &options);
    let told = |app: &AppReport| app.findings.iter().filter(|it| it.rule.id == "admin-role").count();
    assert_eq!(found.apps.iter().map(told).sum::<usize>(), 0);
    assert_eq!(found.apps.iter().map(|app| app.suppressed.len()).sum::<usize>(), 1);
}

/// Circles by ways that no look at the raw files shows: two threads must not wait for one another either.
#[test]
fn circles_by_nested_stacks_and_loops_end() {
    let a = "Resources: {T: {Type: AWS::SNS::Topic}, Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./c.yaml}}}
Outputs: {X: {Value: !Ref T, Export: {Name: xxx-x}}}
";
    let b = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue xxx-x}}}
Outputs: {Y: {Value: !Ref Q, Export: {Name: yyy-y}}}
";
    let c = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue yyy-y}}}\n";
    let looped = a.replace(
        "Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./c.yaml}}",
        "Fn::ForEach::L: [K, [yyy-y], {'${K}': {Type: AWS::SQS::Queue, Properties: {QueueName: {Fn::ImportValue: !Sub '${K}'}}}}]",
    );
    let many: Vec<(String, &str)> = (0..12).map(|at| (format!("{at}/b.yaml"), b)).collect();
    for first in [a, &looped] {
        let mut files = vec![("a.yaml", first), ("b.yaml", b), ("c.yaml", c)];
        assert!(!report(&files).apps.is_empty());
        files.extend(many.iter().map(|(path, text)| (path.as_str(), *text)));
        assert!(report(&files).apps.len() >= 10);
    }
}

#[test]
fn a_policy_of_another_stack_is_judged_with_the_role_that_takes_it() {
    let data = "
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties: { PolicyDocument: { Statement: [{ Effect: Allow, Action: '*', Resource: '*' }] } }
Outputs: { P: { Value: !Ref P, Export: { Name: data-policy } } }
";
    let importing = shop("      Policies: [!ImportValue data-policy]\n");
    let found = report(&[("api/template.yaml", &importing), ("data/template.yaml", data)]);
    let rules: Vec<_> = app(&found, "api/template.yaml").findings.iter().map(|found| found.rule.id).collect();
    assert!(rules.contains(&"admin-role"), "{rules:?}");
}

#[test]
fn what_is_worse_where_it_is_used_is_told_there() {
    let data = role("Worker", "['iam:PutRolePolicy', 'iam:CreatePolicyVersion']", "'*'", "data-worker");
    let importing = shop("      Role: !ImportValue data-worker\n");
    let found = report(&[("api/template.yaml", &importing), ("data/template.yaml", &data)]);
    let told: Vec<_> = found
        .findings()
        .filter(|(_, found)| found.rule.id == "privilege-escalation")
        .map(|(_, found)| found.severity)
        .collect();
    assert!(told.contains(&Severity::High) || told.contains(&Severity::Critical), "{told:?}");
}

#[test]
fn decoys_are_named() {
    let importing = shop("      Role: !ImportValue data-worker\n");
    let decoy =
        DATA.replace("Action: '*', Resource: '*'", "Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/b'");
    let files =
        [("api/template.yaml", &*importing), ("api/test/fixture.yaml", &decoy), ("data/template.yaml", DATA)];
    let found = report(&files);
    let unknowns = &app(&found, "api/template.yaml").unknowns;
    let why = "`data/template.yaml` export it too; `api/test/fixture.yaml` is nearer, and is taken";
    assert!(unknowns.iter().any(|note| note.text.contains(why)), "{unknowns:?}");
    // A role that nobody exports is not passed over.
    let found = report(&[("api/template.yaml", &*shop("      Role: !ImportValue nobody\n"))]);
    let unknowns = &app(&found, "api/template.yaml").unknowns;
    assert!(unknowns.iter().any(|note| note.text.starts_with("what `Create` may do")), "{unknowns:?}");
}

#[test]
fn a_template_that_makes_too_much_is_not_called_read() {
    let topics: String = (0..300)
        .map(|at| format!("  T{at}: {{ Type: AWS::SNS::Topic, Properties: {{ TopicName: !Select [0, !FindInMap [M, A, L]], DisplayName: !Select [1, !Split [',', !Ref S]] }} }}\n"))
        .collect();
    let list = (0..2_000).map(|at| format!("x{at}")).collect::<Vec<_>>().join(", ");
    let head = format!(
        "Mappings: {{ M: {{ A: {{ L: [{list}] }} }} }}\nParameters: {{ S: {{ Type: String, Default: '{}' }} }}\nResources:\n{topics}",
        "a,".repeat(2_000)
    );
    let template = shop("      Policies: [AdministratorAccess]\n")
        .replace("Parameters:\n  DataStack: { Type: String, Default: data }\nResources:\n", &head);
    let found = report(&[("template.yaml", &template)]);
    assert_eq!(found.unread.len(), 1, "{:?}", found.unread);
    assert!(found.findings().all(|(_, found)| found.rule.id != "unused-function"));
}

#[test]
fn services_export_too() {
    let db = "
service: db
provider: { name: aws, stage: dev }
resources:
  Resources:
    Orders: { Type: AWS::DynamoDB::Table, Properties: { TableName: '${sls:stage}-orders' } }
  Outputs:
    Arn: { Value: !GetAtt Orders.Arn, Export: { Name: '${sls:stage}-orders-arn' } }
";
    let api = "
service: api
provider:
  name: aws
  runtime: nodejs24.x
  iam: { role: { statements: [{ Effect: Allow, Action: 'dynamodb:PutItem', Resource: { 'Fn::ImportValue': dev-orders-arn } }] } }
functions:
  create: { handler: nowhere.handler, events: [ { httpApi: 'POST /orders' } ] }
";
    let found = report(&[("api/serverless.yml", api), ("db/serverless.yml", db)]);
    assert_eq!(
        reached(app(&found, "api/serverless.yml")),
        ["the role may change `db/serverless.yml:Orders`"]
    );
}

/// Such stacks can be had by two updates: the one is deployed, then the other, then the first imports too.
#[test]
fn stacks_that_import_from_one_another_are_each_assessed_and_nothing_is_told_twice() {
    let api = "
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::1:role/x
      Runtime: nodejs24.x
      Handler: i.handler
      Environment: { Variables: { QUEUE: !ImportValue data-queue } }
      Code: { ZipFile: \"exports.handler = async (event) => eval(event.body)\" }
Outputs:
  F: { Value: !GetAtt F.Arn, Export: { Name: api-function } }
";
    let data = "
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Open:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: { Statement: [{ Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }] }
Outputs:
  Queue: { Value: !GetAtt Queue.Arn, Export: { Name: data-queue } }
";
    let back = data.replace(
        "  Open:",
        "  Bucket:
    Type: AWS::S3::Bucket
    Properties: { NotificationConfiguration: { LambdaConfigurations: [{ Event: 's3:ObjectCreated:*', Function: !ImportValue api-function }] } }
  Open:",
    );
    for data in [data, &back] {
        let found = report(&[("api/template.yaml", api), ("data/template.yaml", data)]);
        let rules = |path: &str| -> Vec<&str> {
            app(&found, path)
                .findings
                .iter()
                .filter(|found| found.severity > Severity::Hygiene)
                .map(|found| found.rule.id)
                .collect()
        };
        assert_eq!(
            (rules("api/template.yaml"), rules("data/template.yaml")),
            (vec!["code-injection"], vec!["open-store"]),
            "{data}"
        );
        assert_eq!(app(&found, "api/template.yaml").needs.len(), 1);
    }
}
