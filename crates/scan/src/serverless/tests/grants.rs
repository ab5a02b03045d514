//! Roles and what they may do.

use super::check;

const LOGS: &str = "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents on arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda";

#[test]
fn functions_share_a_role() {
    for provider in ["iam: { role: { statements: [STATEMENT] } }", "iamRoleStatements: [STATEMENT]"] {
        let provider = provider.replace("STATEMENT", "{ Effect: Allow, Action: ['s3:*'], Resource: '*' }");
        check(
            &format!(
                "provider: {{ name: aws, {provider} }}\nfunctions: {{ f: {{ handler: h.f }}, g: {{ handler: h.g }} }}"
            ),
            &[
                "f role IamRoleLambdaExecution",
                "g role IamRoleLambdaExecution",
                "IamRoleLambdaExecution allow s3:* on *",
                &format!("IamRoleLambdaExecution allow {LOGS}/shop-dev*:*"),
                "IamRoleLambdaExecution trust allow sts:AssumeRole to lambda.amazonaws.com",
            ],
        );
    }
}

#[test]
fn roles_may_be_given() {
    let resources = "resources: { Resources: { MyRole: { Type: 'AWS::IAM::Role' } } }";
    let cases: [(&str, &str, &[&str]); 8] = [
        ("", "role: MyRole", &["f role MyRole", "!IamRoleLambdaExecution"]),
        ("", "role: !GetAtt MyRole.Arn", &["f role MyRole"]),
        ("", "role: { 'Fn::GetAtt': [MyRole, Arn] }", &["f role MyRole"]),
        (
            "",
            "role: arn:aws:iam::1:role/x",
            &["f role ?(the role `arn:aws:iam::1:role/x` is not in these files)"],
        ),
        (
            "",
            "role: !ImportValue x",
            &["f role ?(the role is not in these files: `ImportValue x` is given by whoever deploys)"],
        ),
        ("role: MyRole", "memorySize: 128", &["f role MyRole"]),
        ("iam: { role: !GetAtt MyRole.Arn }", "memorySize: 128", &["f role MyRole"]),
        ("role: MyRole", "role: IamRoleLambdaExecution", &["f role IamRoleLambdaExecution"]),
    ];
    for (provider, function, expected) in cases {
        let provider = if provider.is_empty() { String::new() } else { format!(", {provider}") };
        check(
            &format!(
                "provider: {{ name: aws{provider} }}\nfunctions: {{ f: {{ handler: h.f, {function} }} }}\n{resources}"
            ),
            expected,
        );
    }
}

#[test]
fn a_plugin_makes_roles_for_functions() {
    let functions = "functions:\n  f: { handler: h.f, iamRoleStatements: [{ Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }] }\n  g: { handler: h.g }\n";
    let provider =
        "provider: { name: aws, iamRoleStatements: [{ Effect: Allow, Action: 'sqs:*', Resource: '*' }] }\n";
    check(
        &format!("plugins: [serverless-iam-roles-per-function]\n{provider}{functions}"),
        &[
            "f role FIamRoleLambdaExecution",
            "g role IamRoleLambdaExecution",
            "FIamRoleLambdaExecution allow s3:GetObject on arn:aws:s3:::b/*",
            &format!("FIamRoleLambdaExecution allow {LOGS}/shop-dev-f:*"),
            "!FIamRoleLambdaExecution allow sqs:*",
            "IamRoleLambdaExecution allow sqs:* on *",
        ],
    );
    check(
        &format!(
            "plugins: [serverless-iam-roles-per-function]\ncustom: {{ serverless-iam-roles-per-function: {{ defaultInherit: true }} }}\n{provider}{functions}"
        ),
        &["FIamRoleLambdaExecution allow sqs:* on *"],
    );
    // Without the plugin the framework takes no notice of the statements.
    check(
        &format!("{provider}{functions}"),
        &[
            "f role IamRoleLambdaExecution",
            "!FIamRole",
            "!IamRoleLambdaExecution allow s3:GetObject",
            "unknown `iamRoleStatements` of a function has no effect without the plugin `serverless-iam-roles-per-function`",
        ],
    );
}

#[test]
fn managed_policies_and_boundaries() {
    check(
        "provider: { name: aws, iam: { role: { managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'], permissionsBoundary: arn:b } }, vpc: { securityGroupIds: [s], subnetIds: [n] } }\nfunctions: { f: { handler: h.f } }",
        &[
            "IamRoleLambdaExecution managed arn:aws:iam::aws:policy/AdministratorAccess",
            "IamRoleLambdaExecution managed arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
            "IamRoleLambdaExecution boundary arn:b",
        ],
    );
}

#[test]
fn the_framework_grants_what_events_need() {
    let cases = [
        ("events: [{ sqs: arn:q }]", "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes on arn:q"),
        (
            "events: [{ stream: { type: dynamodb, arn: arn:d } }]",
            "dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:DescribeStream dynamodb:ListStreams on arn:d",
        ),
        (
            "events: [{ websocket: $connect }]",
            "execute-api:ManageConnections on arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/@connections/*",
        ),
        ("onError: arn:t", "sns:Publish on arn:t"),
        ("kmsKeyArn: arn:k", "kms:Decrypt on arn:k"),
        ("tracing: true", "xray:PutTraceSegments xray:PutTelemetryRecords on *"),
    ];
    for (settings, expected) in cases {
        check(
            &format!("functions: {{ f: {{ handler: h.f, {settings} }} }}"),
            &[&format!("IamRoleLambdaExecution allow {expected}")],
        );
    }
}

#[test]
fn logs_may_be_switched_off() {
    check("functions: { f: { handler: h.f, disableLogs: true } }", &["!IamRoleLambdaExecution allow logs"]);
    check(
        "functions: { f: { handler: h.f, name: other } }",
        &[&format!("IamRoleLambdaExecution allow {LOGS}/other:*")],
    );
}

#[test]
fn lambdas_at_the_edge_are_trusted() {
    check(
        "functions: { f: { handler: h.f, events: [{ cloudFront: { eventType: viewer-request, origin: 's3://x' } }] } }",
        &[
            "IamRoleLambdaExecution trust allow sts:AssumeRole to lambda.amazonaws.com to edgelambda.amazonaws.com",
        ],
    );
}

#[test]
fn statements_are_read_in_all_their_forms() {
    let resources = "resources:\n  Parameters: { Name: { Type: String } }\n  Resources:\n    T: { Type: 'AWS::DynamoDB::Table' }\n    Q: { Type: 'AWS::SQS::Queue' }\n    N: { Type: 'AWS::SNS::Topic' }\n";
    let cases = [
        ("{ Effect: Deny, Action: 'a:B', Resource: x }", "deny a:B on x"),
        (
            "{ Effect: Allow, Action: 'a:B', Resource: [!GetAtt T.Arn, !Sub '${T.Arn}/index/*'] }",
            "allow a:B on ${T.Arn} ${T.Arn}/index/*",
        ),
        ("{ Effect: Allow, NotAction: ['a:B'], NotResource: x }", "allow not a:B on not x"),
        (
            "{ Effect: Allow, Action: a:B, Resource: { 'Fn::Join': ['/', ['x', !Ref N, !Ref Q]] } }",
            "allow a:B on x/${N.Arn}/${Q.Url}",
        ),
        (
            "{ Effect: Allow, Action: a:B, Resource: !Sub ['${x}-${Name}-${!y}', { x: 1 }] }",
            "allow a:B on 1-${Name}-${y}",
        ),
        (
            "{ Effect: Allow, Action: a:B, Resource: 'arn:aws:s3:::${self:custom.b}/${env:C}' }",
            "allow a:B on arn:aws:s3:::bucket/${env:C}",
        ),
        (
            "{ Effect: Allow, Action: a:B, Resource: !Sub 'arn:${AWS::AccountId}:${sls:stage}' }",
            "allow a:B on arn:${AWS::AccountId}:dev",
        ),
        ("{ Effect: Allow, Action: a:B, Resource: !GetAtt Gone.Arn }", "allow a:B on ${?}"),
        ("{ Effect: Allow, Action: a:B, Resource: !GetAtt FLambdaFunction.Arn }", "allow a:B on ${f.Arn}"),
        (
            "{ Effect: Allow, Action: a:B, Resource: x, Condition: { StringEquals: { 'k:y': [v, w] } } }",
            "allow a:B on x if k:y StringEquals v w",
        ),
        ("\"${self:custom.many}\"", "allow m:N on y"),
        ("\"${file(gone.js)}\"", "?(there is no file `gone.js`) ?(there is no file `gone.js`)"),
    ];
    for (statement, expected) in cases {
        check(
            &format!(
                "provider:\n  name: aws\n  iam:\n    role:\n      statements:\n        - {statement}\ncustom: {{ b: bucket, many: [{{ Effect: Allow, Action: 'm:N', Resource: y }}] }}\nfunctions: {{ f: {{ handler: h.f }} }}\n{resources}"
            ),
            &[&format!("IamRoleLambdaExecution {expected}")],
        );
    }
}

#[test]
fn statements_that_are_not_known_are_not_left_out() {
    check(
        "provider: { name: aws, iam: { role: { statements: \"${file(gone.yml)}\" } } }\nfunctions: { f: { handler: h.f } }",
        &["IamRoleLambdaExecution ?(there is no file `gone.yml`) ?(there is no file `gone.yml`)"],
    );
    check(
        "provider: { name: aws, iam: { role: \"${file(gone.yml)}\" } }\nfunctions: { f: { handler: h.f } }",
        &["f role ?(the role is not in these files: there is no file `gone.yml`)"],
    );
}
