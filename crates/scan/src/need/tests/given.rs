//! A smallest policy is never broader than what the role gives now.

use super::*;

fn policy_of(body: &str, grants: &[Grant<'_>], change: fn(&mut App)) -> String {
    compared_in(body, grants, Framework::CloudFormation, change).policy.expect("a policy").text()
}

#[test]
fn a_policy_is_never_broader_than_the_role() {
    let get = "await s3.getObject({ Bucket, Key: `letters/${event.id}` }).promise();";
    let list = "await s3.listObjectsV2({ Bucket }).promise();";
    let open = "await s3.getObject({ Bucket: event.bucket, Key: 'x' }).promise();";
    let later =
        "const later = () => db.delete({ TableName }).promise(); await db.put({ TableName }).promise();";
    let named = "await s3.getObject({ Bucket: 'other', Key: 'in/x' }).promise();";
    type Case<'c> = (&'c str, &'c [Grant<'c>], &'c [&'c str], &'c [&'c str]);
    let cases: [Case<'_>; 8] = [
        (
            get,
            &[("s3:GetObject", "Files/letters/*")],
            &["!Sub '${Files.Arn}/letters/*'"],
            &["${Files.Arn}/*'"],
        ),
        (get, &[("s3:GetObject", "Files/*")], &["!Sub '${Files.Arn}/*'"], &[]),
        (get, &[("s3:GetObject", "*")], &["!Sub '${Files.Arn}/*'"], &["- '*'"]),
        // Missing altogether: as much as the code may ask for.
        (get, &[], &["!Sub '${Files.Arn}/*'"], &[]),
        (
            named,
            &[("s3:GetObject", "arn:aws:s3:::other/in/*")],
            &["'arn:aws:s3:::other/in/*'"],
            &["other/*'"],
        ),
        // What only may be used stays where it is given, and is not given besides.
        (later, &[("dynamodb:PutItem", "Orders")], &["dynamodb:PutItem"], &["dynamodb:DeleteItem"]),
        (
            later,
            &[("dynamodb:PutItem,dynamodb:DeleteItem", "Orders")],
            &["dynamodb:PutItem", "dynamodb:DeleteItem"],
            &[],
        ),
        // Objects are no buckets.
        (
            open,
            &[("s3:GetObject", "arn:aws:s3:::in,arn:aws:s3:::in/*")],
            &["'arn:aws:s3:::in/*'"],
            &["s3:::in'"],
        ),
    ];
    for (body, grants, parts, not) in cases {
        let text = policy_of(body, grants, |_| {});
        for part in parts {
            assert!(text.contains(part), "`{part}` for {body} {grants:?} is not in\n{text}");
        }
        for part in not {
            assert!(!text.contains(part), "`{part}` for {body} {grants:?} is in\n{text}");
        }
    }
    // Each action stands on its own resources.
    let each = policy_of(
        &format!("{get} {list} await s3.putObject({{ Bucket, Key: 'in/x' }}).promise();"),
        &[("s3:GetObject", "Files/letters/*"), ("s3:PutObject", "Files/in/*"), ("s3:ListBucket", "Files")],
        |_| {},
    );
    for part in [
        "- s3:GetObject\n  Resource:\n    - !Sub '${Files.Arn}/letters/*'\n",
        "- s3:PutObject\n  Resource:\n    - !Sub '${Files.Arn}/in/*'\n",
        "- s3:ListBucket\n  Resource:\n    - !GetAtt Files.Arn\n",
    ] {
        assert!(each.contains(part), "`{part}` is not in\n{each}");
    }
}

#[test]
fn a_role_that_is_handed_over_is_passed() {
    let start = |package: &str, command: &str| {
        format!(
            "const {{ {command} }} = require('@aws-sdk/client-{package}'); await c.send(new {command}({{}}));"
        )
    };
    let pass: Grant<'_> = ("iam:PassRole", "arn:aws:iam::1:role/task");
    let cases = [
        ("ecs", "RunTaskCommand", true),
        ("sfn", "CreateStateMachineCommand", true),
        ("lambda", "CreateFunctionCommand", true),
        ("glue", "CreateJobCommand", true),
        ("ecs", "DescribeTasksCommand", false),
        ("lambda", "ListFunctionsCommand", false),
    ];
    for (package, command, passes) in cases {
        let need = compared(&start(package, command), &[pass, ("*", "*")], Framework::CloudFormation);
        let excess = excess_of(&need);
        assert_eq!(
            excess.iter().any(|text| text.starts_with("iam:PassRole")),
            !passes,
            "{command}: {excess:?}"
        );
        let text = need.policy.expect("a policy").text();
        assert_eq!(text.contains("iam:PassRole"), passes, "{command}:\n{text}");
    }
}

#[test]
fn the_role_that_a_call_hands_over_is_needed_with_it() {
    let schedule = |target: &str| {
        format!(
            "const {{ SchedulerClient, CreateScheduleCommand }} = require('@aws-sdk/client-scheduler'); await new SchedulerClient({{}}).send(new CreateScheduleCommand({{ Name: 'nightly', Target: {target} }}));"
        )
    };
    let role = "arn:aws:iam::111122223333:role/runs-at-night";
    let create: Grant<'_> = ("scheduler:CreateSchedule", "*");
    let lacks = |body: &str, grants: &[Grant<'_>]| {
        let need = compared(body, grants, Framework::CloudFormation);
        let lacking: Vec<String> =
            need.missing.iter().map(|it| format!("{} {}", it.action, it.thing)).collect();
        lacking
    };
    let handed = schedule(&format!("{{ Arn: 'arn:x', RoleArn: '{role}' }}"));
    assert_eq!(lacks(&handed, &[create]), [format!("iam:PassRole `{role}`")]);
    assert_eq!(lacks(&handed, &[create, ("iam:PassRole", role)]), [""; 0]);
    assert_eq!(lacks(&handed, &[create, ("iam:PassRole", "arn:aws:iam::111122223333:role/other")]).len(), 1);
    assert_eq!(lacks(&schedule("{ Arn: 'arn:x' }"), &[create]), [""; 0]);
    let text = policy_of(&handed, &[create], |_| {});
    assert!(text.contains(&format!("- iam:PassRole\n  Resource:\n    - '{role}'")), "{text}");
    // By its name nobody can tell which it is: nothing is said to be missing, and what the role gives is kept.
    let named = "const { GlueClient, CreateJobCommand } = require('@aws-sdk/client-glue'); await new GlueClient({}).send(new CreateJobCommand({ Name: 'j', Role: 'runs-at-night' }));";
    let job: Grant<'_> = ("glue:CreateJob", "*");
    assert_eq!(lacks(named, &[job, ("iam:PassRole", role)]), [""; 0]);
    let text = policy_of(named, &[job, ("iam:PassRole", role)], |_| {});
    assert!(text.contains(&format!("- iam:PassRole\n  Resource:\n    - '{role}'")), "{text}");
    // Taking a role on passes none.
    let takes = format!(
        "const {{ STS }} = require('aws-sdk'); await new STS().assumeRole({{ RoleArn: '{role}', RoleSessionName: 'x' }}).promise();"
    );
    assert_eq!(lacks(&takes, &[("sts:AssumeRole", "*")]), [""; 0]);
}

#[test]
fn the_secret_of_a_database_is_not_the_database() {
    let body = "const { SecretsManager, RDSDataService } = require('aws-sdk'); await new SecretsManager().getSecretValue({ SecretId: process.env.SECRET }).promise(); await new RDSDataService().executeStatement({ resourceArn: process.env.CLUSTER, secretArn: process.env.SECRET, sql: 'select 1' }).promise();";
    let with_database = |app: &mut App| {
        let place = app.functions[0].place;
        app.stores.push(store("Db", StoreKind::Database("RDS".to_owned()), place));
        let secret =
            || Text::of("Db".into(), Attribute::Other("MasterUserSecret.SecretArn".to_owned()), place);
        let cluster = Text::of("Db".into(), Attribute::Arn, place);
        for (name, value) in [("SECRET", secret()), ("CLUSTER", cluster)] {
            app.functions[0].environment.push(Variable { name: name.to_owned(), value });
        }
        let mut given = statement(place, &("secretsmanager:GetSecretValue", "*"));
        given.resources = vec![secret()];
        app.roles[0].statements.push(given);
    };
    let need =
        compared_in(body, &[("rds-data:ExecuteStatement", "Db")], Framework::CloudFormation, with_database);
    assert_eq!(missing_of(&need), Vec::<String>::new());
    let text = need.policy.expect("a policy").text();
    assert!(
        text.contains(
            "- secretsmanager:GetSecretValue\n  Resource:\n    - !GetAtt Db.MasterUserSecret.SecretArn\n"
        ),
        "{text}"
    );
    assert!(!text.contains("Db.Arn"), "{text}");
}

#[test]
fn nothing_is_said_twice_and_nothing_is_kept_for_what_is_off() {
    let body =
        "const { CloudWatch } = require('aws-sdk'); await new CloudWatch().putMetricData({}).promise();";
    let grants = [("cloudwatch:PutMetricData,xray:PutTraceSegments,xray:PutTelemetryRecords", "*")];
    let text = policy_of(body, &grants, |app| {
        let place = app.functions[0].place;
        app.functions[0].tracing = Some(Setting::new(place, true));
        app.triggers[0].enabled = Known::Value(false);
    });
    for (action, times) in [
        ("cloudwatch:PutMetricData", 1),
        ("xray:PutTraceSegments", 1),
        ("xray:PutTelemetryRecords", 1),
        ("xray:GetSampling", 0),
        ("sqs:", 0),
    ] {
        assert_eq!(text.matches(action).count(), times, "{action}:\n{text}");
    }
}

#[test]
fn an_attribute_is_written_as_it_was() {
    let body = "const { ApiGatewayManagementApi } = require('aws-sdk'); await new ApiGatewayManagementApi({ endpoint: event.e }).postToConnection({}).promise();";
    let calls = |app: &mut App| {
        let place = app.functions[0].place;
        let mut on =
            Text::of("aws_apigatewayv2_api.ws".into(), Attribute::Other("execution_arn".to_owned()), place);
        on.push(Piece::Literal("/*".to_owned()));
        let mut given = statement(place, &("execute-api:ManageConnections", "*"));
        given.resources = vec![on];
        app.roles[0].statements.push(given);
    };
    let need = compared_in(body, &[], Framework::Terraform, calls);
    let text = need.policy.expect("a policy").text();
    assert!(text.contains("\"${aws_apigatewayv2_api.ws.execution_arn}/*\""), "{text}");
    // What the framework gives by itself is named and left there.
    let by_framework = compared_in(body, &[], Framework::Serverless, |app| {
        let place = app.functions[0].place;
        let mut given = statement(place, &("execute-api:ManageConnections", "arn:aws:execute-api:*"));
        given.origin = Origin::Framework;
        app.roles[0].statements.push(given);
    });
    assert_eq!(by_framework.gaps.len(), 0, "{:?}", by_framework.gaps);
    let text = by_framework.policy.expect("a policy").text();
    assert!(text.contains("# The framework gives `execute-api:ManageConnections` already."), "{text}");
    assert!(!text.contains("    - execute-api"), "{text}");
}

#[test]
fn what_stands_in_another_stack_is_not_referred_to_either() {
    let open = "await s3.getObject({ Bucket: event.bucket, Key: 'x' }).promise();";
    let text = policy_of(open, &[("s3:GetObject", "Files/*")], |app| {
        let place = app.functions[0].place;
        app.functions[0].name = "Api.Main".into();
        app.stores[2].name = "Data.Files".into();
        let mut resource = Text::of("Data.Files".into(), Attribute::Arn, place);
        resource.push(Piece::Literal("/*".to_owned()));
        app.roles[0].statements[0].resources = vec![resource];
    });
    assert!(text.contains("'<ARN of Data.Files>/*'"), "{text}");
}

#[test]
fn names_that_a_variable_s_default_makes_are_said() {
    let read = "await db.get({ TableName }).promise();";
    let of = |default: &'static str, framework| {
        let change = move |app: &mut App| {
            let place = app.functions[0].place;
            app.stores[0].name = "module.a.Orders".into();
            app.stores[0].physical = Some(Text::literal("shop-dev-orders", place));
            let value = Text::of(app.stores[0].name.clone(), Attribute::Name, place);
            app.functions[0].environment[0].value = value;
            let default = Some(Text::literal(default, place));
            app.parameters.push(Parameter { name: "stage".to_owned(), place, default, secret: false });
        };
        compared_in(read, &[], framework, change).policy.expect("a policy").text()
    };
    let said = "The names are those with stage = dev:";
    assert!(of("dev", Framework::Terraform).contains(said), "{}", of("dev", Framework::Terraform));
    for (default, framework) in
        [("prod", Framework::Terraform), ("", Framework::Terraform), ("dev", Framework::Sam)]
    {
        assert!(!of(default, framework).contains("The names are those"), "{default}");
    }
}
