//! Roles and trust policies, drawn by hand.

use super::*;

#[test]
fn roles() {
    let may = |statements: Vec<Statement>| {
        move |app: &mut App| {
            app.draw_store("Orders", StoreKind::Table);
            app.draw_function("F", statements);
            app.mentioned.insert(Name::from("F"));
        }
    };
    check(may(vec![allow_on(&["dynamodb:PutItem"], &["Orders"])]), &[]);
    check(may(vec![allow(&["*"], &["*"])]), &["admin-role"]);
    check(may(vec![allow(&["dynamodb:*"], &["*"])]), &["wildcard-action"]);
    check(may(vec![allow_on(&["dynamodb:*"], &["Orders"])]), &["wildcard-action"]);
    check(may(vec![allow(&["dynamodb:GetItem"], &["*"])]), &["wildcard-resource"]);
    check(
        may(vec![allow(&["dynamodb:Get*"], &["arn:aws:dynamodb:eu-west-1:111122223333:table/*"])]),
        &["wildcard-resource"],
    );
    // They have no resource type, or are granted like this everywhere.
    check(
        may(vec![allow(
            &["ses:VerifyEmailIdentity", "sts:GetCallerIdentity", "ec2:DescribeInstances"],
            &["*"],
        )]),
        &[],
    );
    check(may(vec![allow(&["xray:PutTelemetryRecords", "cloudwatch:PutMetricData"], &["*"])]), &[]);
    check(may(vec![allow(&["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"], &["*"])]), &[]);
    check(may(vec![allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &["*"])]), &[]);
    // Naming and describing is no data.
    check(may(vec![allow(&["dynamodb:DescribeTable", "s3:ListBucket"], &["*"])]), &[]);
    check(may(vec![allow(&["secretsmanager:GetSecretValue"], &["*"])]), &["all-secrets-readable"]);
    check(
        may(vec![allow(&["ssm:GetParameter*"], &["arn:aws:ssm:*:*:parameter/*"])]),
        &["all-secrets-readable"],
    );
    check(may(vec![allow(&["ssm:GetParameter"], &["arn:aws:ssm:*:*:parameter/shop/*"])]), &[]);
    let template =
        Statement { origin: Origin::Template("X".to_owned()), ..allow(&["dynamodb:GetItem"], &["*"]) };
    check(may(vec![template]), &[]);
    let usual = Origin::Managed("AWSLambdaSQSQueueExecutionRole".to_owned());
    check(may(vec![Statement { origin: usual, ..allow(&["sqs:ReceiveMessage"], &["*"]) }]), &[]);
    let bound = Condition {
        operator: "StringEquals".to_owned(),
        key: "dynamodb:LeadingKeys".to_owned(),
        values: vec![Text::literal("x", place())],
    };
    check(may(vec![Statement { conditions: vec![bound], ..allow(&["dynamodb:GetItem"], &["*"]) }]), &[]);
    let deny = Statement { effect: Known::Value(Effect::Deny), ..allow(&["*"], &["*"]) };
    check(may(vec![deny]), &["unlogged-function"]);
    check(may(vec![allow(&["iam:PutRolePolicy"], &["*"])]), &["privilege-escalation"]);
}

/// The ids of what is found of a function's role that has one statement.
fn found_of(statement: Statement) -> Vec<&'static str> {
    let mut app = sketch::app();
    app.draw_function("F", vec![statement]);
    app.mentioned.insert(Name::from("F"));
    let tree = SourceTree::new();
    let verdict = judge(&Context::bare(&tree, &app, &[]));
    let about_the_role = verdict.findings.iter().filter(|finding| finding.cause.starts_with("role "));
    about_the_role.map(|finding| finding.rule.id).collect()
}

#[test]
fn a_role_with_every_service_reads_every_secret_by_that() {
    let all_but = |actions: &[&str], resource| Statement { not_actions: true, ..allow(actions, &[resource]) };
    let check = |statements: Vec<Statement>, expect: &[&str], said: &str| {
        let mut app = sketch::app();
        app.draw_function("F", statements);
        app.mentioned.insert(Name::from("F"));
        let tree = SourceTree::new();
        let verdict = judge(&Context::bare(&tree, &app, &[]));
        let found: Vec<_> = verdict.findings.iter().filter(|it| it.cause.starts_with("role ")).collect();
        let mut ids: Vec<_> = found.iter().map(|it| it.rule.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, expect);
        assert!(found.iter().any(|it| it.message.contains(said)), "{said}: {found:#?}");
    };
    let includes = "This includes reading every secret of the account";
    check(vec![all_but(&["iam:*", "sts:*"], "*")], &["wildcard-action"], includes);
    let named = "every action of every service except `iam:*` and `sts:*` on everything";
    check(vec![all_but(&["iam:*", "sts:*"], "*")], &["wildcard-action"], named);
    // A second statement that says so itself is a fault of its own.
    let two = vec![all_but(&["iam:*", "sts:*"], "*"), allow(&["secretsmanager:GetSecretValue"], &["*"])];
    check(two, &["all-secrets-readable", "wildcard-action"], "every secret of the account");
    let without = vec![all_but(&["iam:*", "sts:*", "secretsmanager:*", "ssm:*"], "*")];
    check(without, &["wildcard-action"], "except `iam:*`, `sts:*`");
}

#[test]
fn every_resource_in_other_spellings() {
    let check = |action: &str, tail: &str, expect: &[&str]| {
        assert_eq!(found_of(allow(&[action], &[tail])), expect, "{action} {tail}");
    };
    let (wide, secrets) = (&["wildcard-resource"][..], &["all-secrets-readable"][..]);
    for tail in ["?*", "*-*", "*-??????", "*"] {
        let arn = format!("arn:aws:secretsmanager:*:*:secret:{tail}");
        check("secretsmanager:GetSecretValue", &arn, secrets);
    }
    check("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:shop-*", &[]);
    check("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:shop-??????", &[]);
    check("ssm:GetParametersByPath", "*", secrets);
    check("ssm:GetParameters", "*", secrets);
    check("ssm:GetParametersByPath", "arn:aws:ssm:*:*:parameter/shop/*", &[]);
    for arn in ["arn:aws:dynamodb:*", "arn:*:dynamodb:*", "*:*", "arn:aws:dynamodb:eu-west-1:111122223333:t*"]
    {
        check("dynamodb:GetItem", arn, wide);
    }
    check("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/shop-*", &[]);
    check("s3:GetObject", "arn:aws:s3:::?*", wide);
    check("s3:GetObject", "arn:aws:s3:::shop/*", &[]);
    check("cognito-idp:AdminDeleteUser", "arn:aws:cognito-idp:*:*:userpool/*", wide);
    check("rds-data:ExecuteStatement", "arn:aws:rds:*:*:cluster:*", wide);
    check("kms:Decrypt", "arn:aws:kms:*:*:key/????????-*", wide);
    check("kms:Decrypt", "arn:aws:kms:*:*:key/12345678-*", &[]);
    check("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:?*", wide);
    check("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:?", &[]);
    check("iam:PassRole", "arn:aws:iam::111122223333:role/?*", wide);
}

#[test]
fn a_template_that_is_filled_in_with_a_star() {
    let template = |arn: &str| Statement {
        origin: Origin::Template("DynamoDBCrudPolicy".to_owned()),
        ..allow(&["dynamodb:GetItem"], &[arn])
    };
    assert_eq!(found_of(template("arn:aws:dynamodb:*:*:table/*")), ["wildcard-resource"]);
    assert_eq!(found_of(template("arn:aws:dynamodb:*:*:table/Orders")), [""; 0]);
    // What the provider writes into its own templates is not blamed on those who take them.
    assert_eq!(found_of(template("*")), [""; 0]);
}

#[test]
fn everything_under_a_condition() {
    let found = |operator: &str, key: &str, value: &str| {
        let condition = Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: vec![Text::literal(value, place())],
        };
        let mut app = sketch::app();
        app.draw_function("F", vec![Statement { conditions: vec![condition], ..allow(&["*"], &["*"]) }]);
        app.mentioned.insert(Name::from("F"));
        let tree = SourceTree::new();
        let verdict = judge(&Context::bare(&tree, &app, &[]));
        let said = verdict.findings.iter().map(|finding| (finding.rule.id, finding.severity));
        said.collect::<Vec<_>>()
    };
    // Conditions that every call meets are none.
    assert_eq!(found("StringLike", "aws:PrincipalArn", "*"), [("admin-role", Severity::Critical)]);
    assert_eq!(found("BoolIfExists", "aws:SecureTransport", "true"), [("admin-role", Severity::Critical)]);
    // One that binds the role to something leaves it too much all the same.
    assert_eq!(found("StringEquals", "aws:ResourceTag/team", "shop"), [("wildcard-action", Severity::High)]);
}

#[test]
fn trust() {
    let by = |principal: Principal, conditions: &'static [(&'static str, &'static str)]| {
        move |app: &mut App| {
            let conditions = conditions.iter().map(|(key, value)| Condition {
                operator: "StringEquals".to_owned(),
                key: (*key).to_owned(),
                values: vec![Text::literal(*value, place())],
            });
            let conditions = conditions.collect();
            let statement =
                Statement { principals: vec![principal], conditions, ..allow(&["sts:AssumeRole"], &[]) };
            app.draw_role("R", vec![]).trust.push(statement);
        }
    };
    let aws = |arn: &str| Principal::Aws(Text::literal(arn, place()));
    let github = || {
        let arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
        Principal::Federated(Text::literal(arn, place()))
    };
    check(by(aws("*"), &[]), &["open-trust"]);
    check(by(aws("*"), &[("aws:PrincipalOrgID", "o-1")]), &[]);
    check(by(aws("arn:aws:iam::111122223333:root"), &[]), &[]);
    check(by(github(), &[]), &["open-trust"]);
    check(by(github(), &[("token.actions.githubusercontent.com:aud", "sts.amazonaws.com")]), &["open-trust"]);
    check(by(github(), &[("token.actions.githubusercontent.com:sub", "repo:*/*:*")]), &["open-trust"]);
    let cognito = || Principal::Federated(Text::literal("cognito-identity.amazonaws.com", place()));
    check(by(cognito(), &[("cognito-identity.amazonaws.com:amr", "unauthenticated")]), &["open-trust"]);
    check(by(cognito(), &[("cognito-identity.amazonaws.com:aud", "eu-west-1:0a1b2c3d")]), &[]);
    // An issuer that is given at deployment is known by the keys of the conditions.
    let given = || {
        let mut text = Text::literal("", place());
        text.pieces = vec![Piece::Parameter("ProviderArn".to_owned())];
        Principal::Federated(text)
    };
    check(by(given(), &[("token.actions.githubusercontent.com:aud", "sts.amazonaws.com")]), &["open-trust"]);
    check(by(given(), &[("oidc.eks.eu-west-1.amazonaws.com/id/0A:aud", "sts.amazonaws.com")]), &[]);
    check(by(given(), &[("token.actions.githubusercontent.com:sub", "repo:acme/shop:*")]), &[]);
    // Every principal is looked at, not the first alone.
    check(
        |app| {
            let saml = Text::literal("arn:aws:iam::111122223333:saml-provider/company", place());
            let principals = vec![Principal::Federated(saml), github()];
            let statement = Statement { principals, ..allow(&["sts:AssumeRole"], &[]) };
            app.draw_role("R", vec![]).trust.push(statement);
        },
        &["open-trust"],
    );
    check(
        by(github(), &[("token.actions.githubusercontent.com:sub", "repo:acme/shop:ref:refs/heads/main")]),
        &[],
    );
}

#[test]
fn every_secret_under_a_condition_is_not_passed_over() {
    let every = || allow(&["secretsmanager:GetSecretValue"], &["*"]);
    let under = |operator: &str, value: &str| Condition {
        operator: operator.to_owned(),
        key: "aws:SourceVpc".to_owned(),
        values: vec![Text::literal(value, place())],
    };
    let unknowns = |statements: Vec<Statement>| {
        let mut app = sketch::app();
        app.draw_function("F", statements);
        let tree = SourceTree::new();
        let verdict = judge(&Context::bare(&tree, &app, &[]));
        verdict.unknowns.iter().filter(|unknown| unknown.why.contains("every secret")).count()
    };
    let deny = |conditions| Statement { effect: Known::Value(Effect::Deny), conditions, ..every() };
    assert_eq!(unknowns(vec![every(), deny(vec![under("StringEquals", "vpc-00000")])]), 1);
    assert_eq!(
        unknowns(vec![Statement { conditions: vec![under("StringNotEqualsIfExists", "x")], ..every() }]),
        1
    );
    assert_eq!(unknowns(vec![every(), deny(vec![])]), 0);
    assert_eq!(
        unknowns(vec![allow(
            &["secretsmanager:GetSecretValue"],
            &["arn:aws:secretsmanager:*:*:secret:shop-*"]
        )]),
        0
    );
}

#[test]
fn a_role_that_sets_stacks_up_weighs_less_than_one_that_runs_code() {
    let weighs = |service: &str| {
        let mut tree = SourceTree::new();
        let text = format!(
            "Resources:
  F: {{ Type: AWS::Lambda::Function, Properties: {{ Runtime: nodejs22.x, Handler: a.handler, Role: 'arn:aws:iam::111122223333:role/r', Code: src/ }} }}
  R: {{ Type: AWS::IAM::Role, Properties: {{ AssumeRolePolicyDocument: {{ Statement: [{{ Effect: Allow, Principal: {{ Service: {service} }}, Action: 'sts:AssumeRole' }}] }}, ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] }} }}
"
        );
        tree.add("template.yaml", text.into_bytes());
        let report = crate::inspect::inspect(&tree, &Default::default(), &Default::default());
        let found = report.apps[0].findings.iter().find(|found| found.rule.id == "admin-role").unwrap();
        (found.severity, found.message.rsplit(": ").next().unwrap_or_default().to_owned())
    };
    let (severity, why) = weighs("cloudformation.amazonaws.com");
    assert_eq!(
        (severity, why.as_str()),
        (Severity::Low, "whoever may change what it sets up has the account.")
    );
    let (severity, why) = weighs("ecs-tasks.amazonaws.com");
    assert!(severity == Severity::High && why.starts_with("one fault in what runs with it"), "{why}");
    let (severity, why) = weighs("'*'");
    assert!(severity == Severity::High && why == "whoever takes it on has the account.", "{why}");
}
