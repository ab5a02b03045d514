//! Code and roles side by side: what is missing, what is too much, what would do.

use super::*;
use crate::code;
use crate::graph::{CodeLocation, Origin, Role, Statement, Store, StoreKind, Trigger, TriggerKind, Variable};
use crate::known::{Attribute, Known, Piece, Setting};
use crate::source::SourceTree;

const HEAD: &str = "const { DynamoDB, S3, SNS, SQS } = require('aws-sdk'); const db = new DynamoDB.DocumentClient(); const s3 = new S3(); const sns = new SNS(); const sqs = new SQS(); const TableName = process.env.TABLE; const Bucket = process.env.BUCKET;";

/// Grants: actions with `,` between, then resources: `Orders` for a table's ARN, `Files/*` below a bucket, anything else as it is.
type Grant<'g> = (&'g str, &'g str);

fn compared(body: &str, grants: &[Grant<'_>], framework: Framework) -> Need {
    let mut tree = SourceTree::new();
    let file = tree.add("template.yml", *b"");
    tree.add("app.js", format!("{HEAD} exports.handler = async (event) => {{ {body} }};").into_bytes());
    let place = Place::whole(file);
    let mut app = App::new("test", framework, file, "");
    for (name, kind) in [
        ("Orders", StoreKind::Table),
        ("Other", StoreKind::Table),
        ("Files", StoreKind::Bucket),
        ("News", StoreKind::Topic),
    ] {
        app.stores.push(store(name, kind, place));
    }
    let mut function = Function::new("Main".into(), place);
    function.handler = Some(Setting::new(place, "app.handler".to_owned()));
    function.runtime = Some(Setting::new(place, "nodejs22.x".to_owned()));
    function.code.location = Known::Value(CodeLocation::Folder(String::new()));
    for (variable, name, attribute) in [
        ("TABLE", "Orders", Attribute::Name),
        ("BUCKET", "Files", Attribute::Name),
        ("TOPIC", "News", Attribute::Name),
    ] {
        function
            .environment
            .push(Variable { name: variable.to_owned(), value: Text::of(name.into(), attribute, place) });
    }
    function.role = Some(Setting::new(place, "MainRole".into()));
    let statements =
        grants.iter().enumerate().map(|(at, grant)| statement(Place::new(file, at, at), grant)).collect();
    app.roles.push(Role {
        name: "MainRole".into(),
        place,
        statements,
        managed: Vec::new(),
        trust: Vec::new(),
        boundary: None,
        implicit: false,
    });
    app.functions.push(function);
    app.triggers.push(Trigger {
        name: "Queue".into(),
        place,
        function: Known::Value("Main".into()),
        kind: TriggerKind::Queue,
        source: Text::literal("q", place),
        enabled: Known::Value(true),
    });
    let function = &app.functions[0];
    let reading = code::read(&tree, &app, function);
    compare(&app, &Grants::of(&app), function, &reading)
}

fn store(name: &str, kind: StoreKind, place: Place) -> Store {
    Store {
        name: name.into(),
        place,
        kind,
        physical: None,
        encryption: None,
        policy: Vec::new(),
        public: crate::graph::PublicAccess::default(),
        website: false,
        recovery: None,
        stream: false,
    }
}

fn statement(place: Place, (actions, resources): &Grant<'_>) -> Statement {
    let mut statement = Statement::allow(place, Origin::Written);
    statement.actions = actions.split(',').map(|action| Setting::new(place, action.to_owned())).collect();
    statement.resources = resources.split(',').map(|resource| text(resource, place)).collect();
    statement
}

fn text(resource: &str, place: Place) -> Text {
    let (name, rest) = resource.split_once('/').map_or((resource, ""), |(name, rest)| (name, rest));
    if !name.starts_with(char::is_uppercase) {
        return Text::literal(resource, place);
    }
    let mut text = Text::of(name.into(), Attribute::Arn, place);
    if !rest.is_empty() {
        text.push(Piece::Literal(format!("/{rest}")));
    }
    text
}

fn missing_of(need: &Need) -> Vec<String> {
    need.missing.iter().map(|missing| format!("{} {}", missing.action, missing.thing)).collect()
}

fn excess_of(need: &Need) -> Vec<String> {
    let one = |excess: &Excess| {
        let resource = excess.resource.as_ref().map(|text| format!(" on {text}")).unwrap_or_default();
        let used = if excess.used.is_empty() {
            String::new()
        } else {
            format!(" uses {}", excess.used.iter().cloned().collect::<Vec<_>>().join("+"))
        };
        let sure = if excess.confidence == Confidence::Likely { " ?" } else { "" };
        format!("{}{resource}{used}{sure}", excess.action)
    };
    need.excess.iter().map(one).collect()
}

#[test]
fn what_is_used_and_not_given_is_missing() {
    let get = "await db.get({ TableName }).promise();";
    let cases: [(&str, &[Grant<'_>], &[&str]); 9] = [
        (get, &[("dynamodb:GetItem", "Orders")], &[]),
        (get, &[("dynamodb:*", "*")], &[]),
        (get, &[("dynamodb:PutItem", "Orders")], &["dynamodb:GetItem `Orders`"]),
        (get, &[("dynamodb:GetItem", "Other")], &["dynamodb:GetItem `Orders`"]),
        (get, &[], &["dynamodb:GetItem `Orders`"]),
        ("await s3.getObject({ Bucket, Key: 'x' }).promise();", &[("s3:GetObject", "Files/*")], &[]),
        (
            "await s3.getObject({ Bucket, Key: 'x' }).promise();",
            &[("s3:GetObject", "Files")],
            &["s3:GetObject `Files`"],
        ),
        (
            "await s3.getObject({ Bucket: event.bucket, Key: 'x' }).promise();",
            &[("s3:PutObject", "*")],
            &["s3:GetObject something that its code works out"],
        ),
        (
            "await s3.getObject({ Bucket: 'elsewhere', Key: 'x' }).promise();",
            &[("s3:GetObject", "arn:aws:s3:::elsewhere/*")],
            &[],
        ),
    ];
    for (body, grants, expect) in cases {
        assert_eq!(missing_of(&compared(body, grants, Framework::Sam)), expect, "{body} {grants:?}");
    }
}

#[test]
fn what_is_given_and_not_used_is_too_much() {
    let get = "await db.get({ TableName }).promise();";
    let cases: [(&str, &[Grant<'_>], &[&str]); 12] = [
        (get, &[("dynamodb:GetItem", "Orders")], &[]),
        (get, &[("dynamodb:GetItem,dynamodb:DeleteItem", "Orders")], &["dynamodb:DeleteItem"]),
        (get, &[("dynamodb:GetItem", "Orders"), ("s3:*", "*")], &["s3:*"]),
        (get, &[("dynamodb:*", "Orders")], &["dynamodb:* uses dynamodb:GetItem"]),
        (get, &[("dynamodb:GetItem", "Orders,Other")], &["dynamodb:GetItem on ${Other.Arn}"]),
        (
            get,
            &[("dynamodb:GetItem", "Other"), ("dynamodb:GetItem", "Orders")],
            &["dynamodb:GetItem on ${Other.Arn}"],
        ),
        // What the set-up asks for: a trigger's queue, logs, tracing.
        (
            get,
            &[
                ("dynamodb:GetItem", "Orders"),
                ("sqs:ReceiveMessage,sqs:DeleteMessage,sqs:GetQueueAttributes", "*"),
            ],
            &[],
        ),
        (get, &[("dynamodb:GetItem", "Orders"), ("logs:*", "*"), ("logs:PutLogEvents", "*")], &[]),
        (get, &[("dynamodb:GetItem", "Orders"), ("kms:Decrypt", "*")], &[]),
        (get, &[("dynamodb:GetItem", "Orders"), ("dynamodb:GetItems", "*")], &[]),
        // What cannot be followed makes it no more than likely.
        (
            "await db[event.op]({ TableName }).promise();",
            &[("dynamodb:DeleteItem", "Orders")],
            &["dynamodb:DeleteItem ?"],
        ),
        (
            "const later = () => db.delete({ TableName }).promise(); await db.get({ TableName }).promise();",
            &[("dynamodb:GetItem,dynamodb:DeleteItem", "Orders")],
            &["dynamodb:DeleteItem ?"],
        ),
    ];
    for (body, grants, expect) in cases {
        assert_eq!(excess_of(&compared(body, grants, Framework::Sam)), expect, "{body} {grants:?}");
    }
}

#[test]
fn a_shared_role_has_too_much_only_where_no_function_uses_it() {
    let grants = [("dynamodb:GetItem,dynamodb:PutItem,dynamodb:Scan", "Orders")];
    let reads = compared("await db.get({ TableName }).promise();", &grants, Framework::Sam);
    let writes = compared("await db.put({ TableName }).promise();", &grants, Framework::Sam);
    let common = excess_of_role(&[&reads, &writes]);
    let actions: Vec<&str> = common.iter().map(|excess| excess.action.as_str()).collect();
    assert_eq!(actions, ["dynamodb:Scan"]);
    assert_eq!(excess_of_role(&[]), []);
}

#[test]
fn the_smallest_policy_is_written_in_the_format_of_the_app() {
    let body = "await db.get({ TableName }).promise(); await db.put({ TableName }).promise(); await s3.putObject({ Bucket, Key: 'x' }).promise(); await sns.publish({ TopicArn: process.env.TOPIC }).promise();";
    let policy = |framework| compared(body, &[], framework).policy.expect("a policy").text();
    assert_eq!(
        policy(Framework::Sam),
        "- Statement:\n    - Effect: Allow\n      Action:\n        - dynamodb:GetItem\n        - dynamodb:PutItem\n      Resource:\n        - !GetAtt Orders.Arn\n\
         - Statement:\n    - Effect: Allow\n      Action:\n        - s3:PutObject\n      Resource:\n        - !Sub '${Files.Arn}/*'\n\
         - SNSPublishMessagePolicy:\n    TopicName: !GetAtt News.TopicName\n"
    );
    assert_eq!(
        policy(Framework::Serverless),
        "- Effect: Allow\n  Action:\n    - dynamodb:GetItem\n    - dynamodb:PutItem\n  Resource:\n    - !GetAtt Orders.Arn\n\
         - Effect: Allow\n  Action:\n    - s3:PutObject\n  Resource:\n    - !Sub '${Files.Arn}/*'\n\
         - Effect: Allow\n  Action:\n    - sns:Publish\n  Resource:\n    - !Ref News\n"
    );
    let terraform = policy(Framework::Terraform);
    assert!(terraform.contains("resources = [Orders.arn]"), "{terraform}");
    assert!(terraform.contains("resources = [\"${Files.arn}/*\"]"), "{terraform}");
    let unknown = compared("await db[event.op]({}).promise();", &[], Framework::Sam);
    assert_eq!(unknown.policy, None);
}
