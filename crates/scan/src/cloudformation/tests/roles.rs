//! Roles: written, managed, and made by SAM.

use super::*;

fn check(template: &str, role: &str, expect: &[&str]) {
    let app = app(template);
    let role = app.role(&Name::from(role)).unwrap_or_else(|| panic!("{role} among {:?}", app.roles));
    assert_eq!(grants(role), expect, "{template}");
}

#[test]
fn a_plain_role_has_what_is_written_and_what_is_attached() {
    check(
        "
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: a
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt Table.Arn}
              - Effect: Deny
                NotAction: ['s3:*']
                Resource: '*'
                Condition: {StringEquals: {'aws:PrincipalOrgID': o-1}}
      ManagedPolicyArns: [!Ref Own]
  Own:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Statement: [{Effect: Allow, Action: ['sqs:SendMessage'], Resource: !Sub '${Table.Arn}/x'}]}
  More:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref Role]
      PolicyDocument: {Statement: [{Effect: Allow, Action: 'sns:Publish', Resource: '*'}]}
",
        "Role",
        &[
            "allow dynamodb:GetItem on ${Table.Arn}",
            "deny all but s3:* on * if StringEquals aws:PrincipalOrgID o-1",
            "allow sqs:SendMessage on ${Table.Arn}/x",
            "allow sns:Publish on *",
        ],
    );
}

#[test]
fn a_policy_that_cannot_be_told_is_unknown() {
    check(
        "
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, x]}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument: {Statement: [!If [C, {Effect: Allow, Action: '*', Resource: '*'}, !Ref AWS::NoValue]]}
      ManagedPolicyArns: [!Ref P]
",
        "Role",
        &["unknown ? on "],
    );
}

#[test]
fn sam_makes_a_role() {
    check(
        "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Tracing: Active}}
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Queue: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties:
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queue.Arn}
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Table}
        - Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}]
        - NoSuchPolicy: {}
",
        "FRole",
        &[
            "allow logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents on *",
            "allow xray:PutTraceSegments,xray:PutTelemetryRecords,xray:GetSamplingRules,xray:GetSamplingTargets,\
             xray:GetSamplingStatisticSummaries on *",
            "allow sqs:SendMessage on ${Queue.Arn}",
            "allow dynamodb:GetItem,dynamodb:Scan,dynamodb:Query,dynamodb:BatchGetItem,dynamodb:DescribeTable on \
             arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table},\
             arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}/index/*",
            "allow s3:GetObject on arn:aws:s3:::b/*",
            "unknown  on ",
        ],
    );
}

#[test]
fn one_policy_alone_and_sources_that_are_read() {
    check(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies: AWSLambdaRole
      Events:
        A: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        B: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
",
        "FRole",
        &[
            "allow logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents on *",
            "allow lambda:InvokeFunction on *",
            "allow sqs:ReceiveMessage,sqs:DeleteMessage,sqs:GetQueueAttributes,logs:CreateLogGroup,\
             logs:CreateLogStream,logs:PutLogEvents on *",
        ],
    );
}

#[test]
fn connectors_grant() {
    check(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties: {Role: !GetAtt Role.Arn}
    Connectors:
      Send: {Properties: {Destination: {Id: Queue}, Permissions: [Write]}}
  Role: {Type: AWS::IAM::Role}
  Tell:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: F}, Destination: {Id: Topic}, Permissions: [Write]}
  Topic: {Type: AWS::SNS::Topic}
",
        "Role",
        &[
            "allow sqs:DeleteMessage,sqs:SendMessage,sqs:ChangeMessageVisibility,sqs:PurgeQueue on ${Queue.Arn}",
            "allow sns:Publish on ${Topic.Arn}",
        ],
    );
}

#[test]
fn functions_know_their_role() {
    let app = app("
Transform: AWS::Serverless-2016-10-31
Resources:
  A: {Type: AWS::Serverless::Function}
  B: {Type: AWS::Serverless::Function, Properties: {Role: !GetAtt Role.Arn}}
  C: {Type: AWS::Lambda::Function, Properties: {Role: 'arn:aws:iam::1:role/x'}}
  D: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt ARole.Arn}}
  Role: {Type: AWS::IAM::Role}
");
    let roles: Vec<String> = app
        .functions
        .iter()
        .map(|function| match &function.role.as_ref().expect("a role").value {
            Known::Value(name) => name.to_string(),
            Known::Unknown(why) => why.clone(),
        })
        .collect();
    assert_eq!(roles, ["ARole", "Role", "`arn:aws:iam::1:role/x` is not among these files", "ARole"]);
    assert!(app.role(&Name::from("ARole")).is_some_and(|role| role.implicit && role.trust.len() == 1));
}

#[test]
fn who_is_meant() {
    let check = |principal: &str, expect: &[&str]| {
        let app = app(&format!(
            "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
             Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', {principal}}}]\n"
        ));
        let lines: Vec<String> = app.roles[0].trust.iter().map(statement_line).collect();
        assert_eq!(lines, expect, "{principal}");
    };
    check("Principal: '*'", &["allow sts:AssumeRole on  to anyone"]);
    check("Principal: {AWS: '*'}", &["allow sts:AssumeRole on  to anyone"]);
    check(
        "Principal: {AWS: [!Ref AWS::AccountId, 'arn:aws:iam::1:root']}",
        &["allow sts:AssumeRole on  to ${AWS::AccountId}|arn:aws:iam::1:root"],
    );
    check(
        "Principal: {Service: [a.amazonaws.com, b.amazonaws.com]}",
        &["allow sts:AssumeRole on  to a.amazonaws.com|b.amazonaws.com"],
    );
    check("Principal: {Federated: x}", &["allow sts:AssumeRole on  to x"]);
    check("NotPrincipal: {AWS: x}", &["allow sts:AssumeRole on  to anyone"]);
}
