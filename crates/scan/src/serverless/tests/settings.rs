//! Settings of functions and what starts them.

use super::{check, read_app, show};

#[test]
fn functions_have_their_own_settings_or_the_providers() {
    let provider = "provider: { name: aws, runtime: nodejs20.x, timeout: 10, memorySize: 512, tracing: { lambda: true } }\n";
    let cases: [(&str, &[&str]); 9] = [
        (
            "functions: { f: { handler: a.b } }",
            &["function f a.b", "f runtime nodejs20.x", "f timeout 10", "f memory 512", "f tracing true"],
        ),
        (
            "functions: { f: { handler: a.b, runtime: python3.12, timeout: 3, memorySize: 128, tracing: PassThrough, reservedConcurrency: 0 } }",
            &["f runtime python3.12", "f timeout 3", "f memory 128", "f tracing true", "f concurrency 0"],
        ),
        (
            "functions:\n - { f: { handler: a.b } }\n - { g: { handler: c.d } }",
            &["function f a.b", "function g c.d"],
        ),
        (
            "functions: { f: { handler: a.b, timeout: \"${env:T}\" } }",
            &["f timeout ?(`env:T` is given by whoever deploys)"],
        ),
        ("functions: { f: { image: 'x:1' } }", &["f code image", "!f runtime"]),
        (
            "functions: { f: { handler: a.b, package: { artifact: x.zip } } }",
            &["f code ?(it is in the archive `x.zip`)"],
        ),
        (
            "functions: { f: { handler: a.b, onError: 'arn:x', kmsKeyArn: 'arn:k', condition: C } }",
            &[
                "f dead letters arn:x",
                "f key arn:k",
                "f deployed ?(the condition `C` is not in the template)",
            ],
        ),
        (
            "functions: { f: { handler: a.b, vpc: { securityGroupIds: [sg-1, { Ref: G }], subnetIds: [s] } } }\nresources: { Resources: { G: { Type: 'AWS::EC2::SecurityGroup' } } }",
            &["f network sg-1 ${G}"],
        ),
        (
            "functions: { f: \"${file(f.js)}\" }",
            &["unknown the function is not known: there is no file `f.js`"],
        ),
    ];
    for (functions, expected) in cases {
        check(&format!("{provider}{functions}"), expected);
    }
}

#[test]
fn images_are_built_from_folders() {
    check(
        "provider: { name: aws, ecr: { images: { app: { path: ./docker } } } }\nfunctions: { f: { image: app } }",
        &["f code image docker"],
    );
    check(
        "provider: { name: aws, ecr: { images: { app: ./docker } } }\nfunctions: { f: { image: { name: app } } }",
        &["f code image docker"],
    );
}

#[test]
fn environments_are_put_together() {
    check(
        "provider: { name: aws, environment: { A: 1, B: 2, C: 3 } }\nfunctions: { f: { handler: h.f, environment: { B: x, C: ~, D: !Ref T } } }\nresources: { Resources: { T: { Type: 'AWS::DynamoDB::Table' } } }",
        &["f env A=1", "f env B=x", "!f env B=2", "!f env C", "f env D=${T}"],
    );
    check(
        "functions: { f: { handler: h.f, environment: { A: '${ssm:/a}', B: 'x-${env:Y}' } } }",
        &["f env A=${ssm:/a}", "f env B=x-${env:Y}"],
    );
    check(
        "functions: { f: { handler: h.f, environment: \"${file(env.js)}\" } }",
        &["unknown a part of the environment is not known: there is no file `env.js`"],
    );
}

#[test]
fn env_files_count_where_the_framework_reads_them() {
    let dotenv = (".env", "# comment\nexport A=one\nB=\"two three\" # x\nC=\n");
    let service = |more: &str| {
        format!(
            "service: s\nprovider: {{ name: aws }}\n{more}\nfunctions: {{ f: {{ handler: h.f, environment: {{ X: '${{env:A}}' }} }} }}"
        )
    };
    let lines = |more: &str| show(&read_app(&[("serverless.yml", &service(more)), dotenv]));
    assert!(lines("").contains(&"f env X=${env:A}".to_owned()));
    assert!(lines("useDotenv: true").contains(&"f env X=one".to_owned()));
    assert!(lines("frameworkVersion: '4'").contains(&"f env X=one".to_owned()));
    let plugin = lines("plugins: [serverless-dotenv-plugin]\ncustom: { dotenv: { exclude: [C] } }");
    assert!(plugin.contains(&"f env B=two three".to_owned()));
    assert!(!plugin.iter().any(|line| line.starts_with("f env C")));
}

#[test]
fn events_start_functions() {
    let cases = [
        ("schedule: rate(1 day)", "Schedule rate(1 day) -> f on"),
        ("schedule: { rate: [rate(1 hour)], enabled: false }", "Schedule rate(1 hour) -> f off"),
        (
            "schedule: { rate: rate(1 hour), enabled: \"${env:ON}\" }",
            "Schedule rate(1 hour) -> f ?(`env:ON` is given by whoever deploys)",
        ),
        ("sqs: arn:aws:sqs:eu-west-1:1:q", "Queue arn:aws:sqs:eu-west-1:1:q -> f on"),
        ("sqs: { arn: !GetAtt Q.Arn, enabled: false }", "Queue ${Q.Arn} -> f off"),
        ("sqs: { arn: { 'Fn::GetAtt': [Q, Arn] } }", "Queue ${Q.Arn} -> f on"),
        ("sns: news", "Topic ${SNSTopicNews.Arn} -> f on"),
        ("sns: { arn: !Ref T, topicName: x }", "Topic ${T.Arn} -> f on"),
        ("sns: arn:aws:sns:eu-west-1:1:t", "Topic arn:aws:sns:eu-west-1:1:t -> f on"),
        ("stream: { type: dynamodb, arn: !GetAtt D.StreamArn }", "TableStream ${D.StreamArn} -> f on"),
        (
            "stream: arn:aws:dynamodb:eu-west-1:1:table/x/stream/1",
            "TableStream arn:aws:dynamodb:eu-west-1:1:table/x/stream/1 -> f on",
        ),
        ("stream: { type: kinesis, arn: !GetAtt K.Arn }", "Stream ${K.Arn} -> f on"),
        ("s3: photos", "Bucket ${S3BucketPhotos} -> f on"),
        ("s3: { bucket: photos, existing: true }", "Bucket photos -> f on"),
        ("eventBridge: { pattern: { source: [a] } }", "EventBus default -> f on"),
        ("eventBridge: { eventBus: bus, pattern: {} }", "EventBus bus -> f on"),
        ("cloudwatchEvent: { event: {} }", "EventBus default -> f on"),
        ("cloudwatchLog: /aws/lambda/x", "Logs /aws/lambda/x -> f on"),
        ("cognitoUserPool: { pool: users, trigger: PreSignUp }", "UserPool users -> f on"),
        ("msk: { arn: arn:m, topic: t }", "Stream arn:m -> f on"),
        ("kafka: { topic: t, bootstrapServers: [x] }", "Stream t -> f on"),
        ("activemq: { arn: arn:m, queue: q }", "Queue arn:m -> f on"),
        ("iot: { sql: \"SELECT * FROM 'x'\" }", r#"Other("iot") SELECT * FROM 'x' -> f on"#),
        (
            "cloudFront: { eventType: viewer-request, origin: 's3://b' }",
            r#"Other("cloudfront") s3://b -> f on"#,
        ),
        ("pluginEvent: x", r#"Other("pluginEvent") x -> f on"#),
    ];
    let resources = "resources: { Resources: { Q: { Type: 'AWS::SQS::Queue' }, T: { Type: 'AWS::SNS::Topic' }, D: { Type: 'AWS::DynamoDB::Table' }, K: { Type: 'AWS::Kinesis::Stream' } } }";
    for (event, expected) in cases {
        check(
            &format!("functions:\n  f:\n    handler: h.f\n    events:\n      - {event}\n{resources}\n"),
            &[expected],
        );
    }
}

#[test]
fn events_that_are_not_known_are_events() {
    check(
        "functions: { f: { handler: h.f, events: \"${file(gone.yml)}\" } }",
        &[
            "unknown what starts the function is not known: there is no file `gone.yml`",
            r#"Other("unknown") ${?} -> f on"#,
        ],
    );
    check(
        "functions: { f: { handler: h.f, events: [\"${file(gone.yml)}\"] } }",
        &[r#"Other("unknown") ${?} -> f on"#],
    );
}

#[test]
fn events_make_stores() {
    check(
        "provider: { name: aws, s3: { photos: { name: my-photos } } }\nfunctions: { f: { handler: h.f, events: [{ s3: photos }, { s3: { bucket: photos } }, { sns: news }] } }",
        &["Bucket S3BucketPhotos my-photos", "Topic SNSTopicNews news"],
    );
    check(
        "functions: { f: { handler: h.f, events: [{ s3: photos }] } }\nresources: { Resources: { S3BucketPhotos: { Type: 'AWS::S3::Bucket' } } }",
        &["!Bucket S3BucketPhotos photos"],
    );
}

#[test]
fn skills_without_an_id_are_open() {
    let allow = "f permission allow lambda:InvokeFunction to alexa-appkit.amazon.com";
    check("functions: { f: { handler: h.f, events: [alexaSkill] } }", &[allow]);
    check(
        "functions: { f: { handler: h.f, events: [{ alexaSkill: amzn1.x }] } }",
        &[&format!("{allow} if lambda:EventSourceToken StringEquals amzn1.x")],
    );
}
