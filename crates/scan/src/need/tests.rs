//! Code and roles side by side: what is missing, what is too much, what would do.

mod foreign;
mod given;

use super::*;
use crate::code;
use crate::graph::{
    CodeLocation, Framework, Origin, Parameter, Role, Statement, Store, StoreKind, Trigger, TriggerKind,
    Variable,
};
use crate::known::{Attribute, Known, Piece, Setting, Text};
use crate::source::SourceTree;

mod shared;

const HEAD: &str = "const { DynamoDB, S3, SNS, SQS } = require('aws-sdk'); const db = new DynamoDB.DocumentClient(); const s3 = new S3(); const sns = new SNS(); const sqs = new SQS(); const TableName = process.env.TABLE; const Bucket = process.env.BUCKET;";

/// Grants: actions with `,` between, then resources: `Orders` for a table's ARN, `Files/*` below a bucket, anything else as it is.
type Grant<'g> = (&'g str, &'g str);

fn compared(body: &str, grants: &[Grant<'_>], framework: Framework) -> Need {
    compared_in(body, grants, framework, |_| {})
}

/// The same in an app that is changed before it is looked at.
fn compared_in(
    body: &str,
    grants: &[Grant<'_>],
    framework: Framework,
    change: impl FnOnce(&mut App),
) -> Need {
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
        prefix: None,
    });
    change(&mut app);
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

/// The policy without what the set-up asks for, which stands below the first comment.
fn own_part(policy: &Policy) -> String {
    policy.text().split("# ").next().unwrap_or_default().trim_end().to_owned() + "\n"
}

/// What a role of the framework's own is: it writes logs and reads its triggers already.
fn of_the_framework(app: &mut App) {
    app.roles[0].implicit = true;
    let place = app.roles[0].place;
    let mut given = statement(place, &("logs:*,sqs:*", "*"));
    given.origin = Origin::Framework;
    app.roles[0].statements.push(given);
}

#[test]
fn the_smallest_policy_is_written_in_the_format_of_the_app() {
    let body = "await db.get({ TableName }).promise(); await db.put({ TableName }).promise(); await s3.putObject({ Bucket, Key: 'x' }).promise(); await sns.publish({ TopicArn: process.env.TOPIC }).promise();";
    let policy =
        |framework, change: fn(&mut App)| compared_in(body, &[], framework, change).policy.expect("a policy");
    assert_eq!(
        own_part(&policy(Framework::Sam, of_the_framework)),
        "- Statement:\n    - Effect: Allow\n      Action:\n        - dynamodb:GetItem\n        - dynamodb:PutItem\n      Resource:\n        - !GetAtt Orders.Arn\n\
         - Statement:\n    - Effect: Allow\n      Action:\n        - s3:PutObject\n      Resource:\n        - !Sub '${Files.Arn}/*'\n\
         - SNSPublishMessagePolicy:\n    TopicName: !GetAtt News.TopicName\n"
    );
    let statements = "- Effect: Allow\n  Action:\n    - dynamodb:GetItem\n    - dynamodb:PutItem\n  Resource:\n    - !GetAtt Orders.Arn\n\
         - Effect: Allow\n  Action:\n    - s3:PutObject\n  Resource:\n    - !Sub '${Files.Arn}/*'\n\
         - Effect: Allow\n  Action:\n    - sns:Publish\n  Resource:\n    - !Ref News\n";
    assert_eq!(own_part(&policy(Framework::Serverless, |_| {})), statements);
    // A role that is written out takes statements in SAM too.
    assert_eq!(own_part(&policy(Framework::Sam, |_| {})), statements);
    let terraform = own_part(&policy(Framework::Terraform, |_| {}));
    assert!(terraform.contains("resources = [Orders.arn]"), "{terraform}");
    assert!(terraform.contains("resources = [\"${Files.arn}/*\"]"), "{terraform}");
    let unknown = compared("await db[event.op]({}).promise();", &[], Framework::Sam);
    assert!(!unknown.followed);
    assert_eq!(unknown.policy, None);
}

#[test]
fn an_index_is_a_resource_of_its_own() {
    let query = "await db.query({ TableName, IndexName: 'by-day' }).promise();";
    let index = "dynamodb:Query `Orders/index/by-day`";
    let both = "- !GetAtt Orders.Arn\n    - !Sub '${Orders.Arn}/index/by-day'\n";
    let alone = "Resource:\n    - !Sub '${Orders.Arn}/index/by-day'\n";
    let cases: [(&[Grant<'_>], &[&str], &str); 5] = [
        (&[("dynamodb:Query", "Orders")], &[index], both),
        (&[("dynamodb:Query", "Orders/index/*")], &[], alone),
        (&[("dynamodb:Query", "Orders,Orders/index/by-day")], &[], both),
        (&[("dynamodb:Query", "Orders/index/by-name")], &[index], alone),
        (&[("dynamodb:*", "*")], &[], both),
    ];
    for (grants, expect, written) in cases {
        let need = compared(query, grants, Framework::Sam);
        assert_eq!(missing_of(&need), expect, "{grants:?}");
        assert_eq!(excess_of(&need).iter().filter(|text| !text.contains("uses")).count(), 0, "{grants:?}");
        let text = own_part(&need.policy.expect("a policy"));
        assert!(text.contains(written), "{text}");
    }
    // Which index cannot be told: none is claimed to be missing, and none that is given is left out.
    let open = "await db.query({ TableName, IndexName: event.by }).promise();";
    let need = compared(open, &[("dynamodb:Query", "Orders/index/by-day")], Framework::Sam);
    assert_eq!(missing_of(&need), Vec::<String>::new());
    assert!(own_part(&need.policy.expect("a policy")).contains("- !Sub '${Orders.Arn}/index/by-day'\n"));
    let need = compared(open, &[("dynamodb:Query", "Orders,Orders/index/*")], Framework::Sam);
    assert!(own_part(&need.policy.expect("a policy")).contains("${Orders.Arn}/index/*"));
}

#[test]
fn a_policy_keeps_what_the_set_up_needs() {
    let body = "await db.get({ TableName }).promise();";
    let text = |grants: &[Grant<'_>], change: fn(&mut App)| {
        compared_in(body, grants, Framework::CloudFormation, change).policy.expect("a policy").text()
    };
    let check = |text: &str, parts: &[&str], not: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
        for part in not {
            assert!(!text.contains(part), "`{part}` is in\n{text}");
        }
    };
    let plain = text(&[("*", "*")], |_| {});
    let trigger = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    check(&plain, &trigger, &["ec2:", "xray:", "kms:", "- '*'\n  "]);
    check(&plain, &["logs:CreateLogGroup", "logs:PutLogEvents", "log-group:/aws/lambda/*'"], &[]);
    // Logs that go to a group of another name.
    let elsewhere = text(&[], |app| {
        let place = app.functions[0].place;
        let mut group = store("Group", StoreKind::Logs, place);
        group.physical = Some(Text::literal("shop", place));
        app.stores.push(group);
    });
    check(&elsewhere, &["log-group:*'"], &["/aws/lambda/"]);
    let set_up = text(&[], |app| {
        let place = app.functions[0].place;
        let function = &mut app.functions[0];
        function.physical = Some(Text::literal("main", place));
        function.network = Some(Setting::new(place, Vec::new()));
        function.tracing = Some(Setting::new(place, true));
        function.dead_letter = Some(Setting::new(place, Text::of("News".into(), Attribute::Name, place)));
    });
    check(
        &set_up,
        &["ec2:CreateNetworkInterface", "xray:PutTraceSegments", "sns:Publish"],
        &["sqs:SendMessage"],
    );
    check(&set_up, &["log-group:/aws/lambda/main'", "log-group:/aws/lambda/main:*'"], &["/aws/lambda/*"]);
    // What a policy for set-ups gives is named and left there.
    let managed = text(&[], |app| {
        let place = app.roles[0].place;
        let mut given =
            statement(place, &("logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents", "*"));
        given.origin = Origin::Managed("service-role/AWSLambdaBasicExecutionRole".to_owned());
        app.roles[0].statements.push(given);
    });
    check(
        &managed,
        &["# AWSLambdaBasicExecutionRole gives already what is needed for its logs."],
        &["logs:"],
    );
    // What is not held against the role is not taken away either; what nothing uses goes.
    let kept = text(&[("kms:Decrypt,dynamodb:DeleteItem", "arn:aws:kms:x:1:key/a")], |_| {});
    check(&kept, &["kms:Decrypt", "'arn:aws:kms:x:1:key/a'"], &["dynamodb:DeleteItem"]);
    let keys =
        text(&[("kms:Decrypt", "arn:aws:kms:x:1:key/a"), ("kms:Decrypt", "arn:aws:kms:x:1:key/b")], |_| {});
    check(&keys, &["key/a'", "key/b'"], &[]);
    // What starts it is not known: no broader than the role has it.
    let source = text(&[("sqs:*", "arn:aws:sqs:x:1:jobs")], |app| {
        app.triggers[0].source = Text::unknown("it is given later", app.triggers[0].place);
    });
    check(&source, &["'arn:aws:sqs:x:1:jobs'"], &["'*'"]);
    let condition = text(&[("dynamodb:GetItem", "Orders")], |app| {
        app.roles[0].statements[0].conditions.push(crate::graph::Condition {
            operator: "ForAllValues:StringEquals".to_owned(),
            key: "dynamodb:LeadingKeys".to_owned(),
            values: Vec::new(),
        });
    });
    check(&condition, &["# Keep the condition ForAllValues:StringEquals on dynamodb:LeadingKeys."], &[]);
    let encrypted = text(&[], |app| {
        let place = app.stores[0].place;
        let key = crate::graph::Encryption::Customer("${Key.Arn}".to_owned());
        app.stores[0].encryption = Some(Setting::new(place, key));
    });
    check(&encrypted, &["# Orders is encrypted with ${Key.Arn}: kms:Decrypt"], &[]);
}

#[test]
fn a_policy_makes_no_circle() {
    let read = "await s3.getObject({ Bucket, Key: 'x' }).promise();";
    let started = |named: bool| {
        move |app: &mut App| {
            let place = app.functions[0].place;
            app.triggers[0].kind = TriggerKind::Bucket;
            app.triggers[0].source = Text::of("Files".into(), Attribute::Name, place);
            app.stores[2].physical = named.then(|| Text::literal("files-of-shop", place));
        }
    };
    let named =
        compared_in(read, &[], Framework::CloudFormation, started(true)).policy.expect("a policy").text();
    assert!(named.contains("!Sub 'arn:${AWS::Partition}:s3:::files-of-shop/*'"), "{named}");
    let bare =
        compared_in(read, &[], Framework::CloudFormation, started(false)).policy.expect("a policy").text();
    assert!(bare.contains("# Files waits for this role"), "{bare}");
    // In Terraform the policy is a resource of its own.
    let terraform =
        compared_in(read, &[], Framework::Terraform, started(true)).policy.expect("a policy").text();
    assert!(terraform.contains("\"${Files.arn}/*\""), "{terraform}");
    // A function that calls itself.
    let call = "const { Lambda } = require('aws-sdk'); await new Lambda().invoke({ FunctionName: process.env.SELF }).promise();";
    let itself = |app: &mut App| {
        let place = app.functions[0].place;
        let value = Text::of("Main".into(), Attribute::Name, place);
        app.functions[0].environment.push(Variable { name: "SELF".to_owned(), value });
    };
    let text = compared_in(call, &[], Framework::CloudFormation, itself).policy.expect("a policy").text();
    assert!(text.contains("function:${AWS::StackName}-Main-*'"), "{text}");
}

#[test]
fn what_code_works_out_stays_as_the_role_gives_it() {
    let read = "await s3.getObject({ Bucket: event.bucket, Key: 'x' }).promise();";
    let given = compared(read, &[("s3:GetObject", "Files/*,arn:aws:s3:::b/*")], Framework::CloudFormation);
    let text = given.policy.expect("a policy").text();
    assert!(text.contains("- !Sub '${Files.Arn}/*'\n    - 'arn:aws:s3:::b/*'\n"), "{text}");
    let refused = compared(read, &[], Framework::CloudFormation);
    assert_eq!(refused.policy, None, "nothing broader than what is given is proposed");
    assert_eq!(refused.gaps.len(), 1, "and it is said why");
    assert!(refused.followed);
}

#[test]
fn things_of_other_modules_are_not_referred_to() {
    let read = "await db.get({ TableName }).promise();";
    let moved = |module: &'static str, named: bool| {
        move |app: &mut App| {
            let place = app.functions[0].place;
            app.functions[0].name = Name::from(format!("{module}Main"));
            app.stores[0].name = "module.a[\"x.y\"].Orders".into();
            app.stores[0].physical = named.then(|| Text::literal("orders", place));
            let value = Text::of(app.stores[0].name.clone(), Attribute::Name, place);
            app.functions[0].environment[0].value = value;
        }
    };
    let text = |module, named| {
        compared_in(read, &[], Framework::Terraform, moved(module, named)).policy.expect("a policy").text()
    };
    assert!(text("module.a[\"x.y\"].", false).contains("resources = [Orders.arn]"));
    assert!(text("", true).contains("\"arn:aws:dynamodb:*:*:table/orders\""), "{}", text("", true));
    assert!(text("module.b.", false).contains("hand its ARN over"), "{}", text("module.b.", false));
}

#[test]
fn no_name_of_a_file_leaves_its_place_in_a_policy() {
    let read = "await s3.getObject({ Bucket: \"a'b\\\"c${d}\\n- Effect: Allow\", Key: 'x' }).promise(); await db.get({ TableName }).promise();";
    let renamed = |app: &mut App| {
        let place = app.functions[0].place;
        app.stores[0].name = "Or\n  Action: '*'".into();
        app.functions[0].environment[0].value = Text::of(app.stores[0].name.clone(), Attribute::Name, place);
    };
    for framework in [Framework::CloudFormation, Framework::Serverless, Framework::Terraform] {
        let policy = compared_in(read, &[], framework, renamed).policy.expect("a policy");
        let text = policy.text();
        let lines = text.lines().filter(|line| line.starts_with("- Effect: Allow"));
        let statements = if framework == Framework::Terraform { 0 } else { policy.statements.len() };
        assert_eq!(lines.count(), statements, "{text}");
        assert!(!text.contains("\n  Action: '*'"), "{text}");
        if framework == Framework::Terraform {
            assert!(text.contains("a'b\\\"c$${d}\\u000a- Effect"), "{text}");
        }
    }
}

#[test]
fn doubts_make_a_missing_permission_likely() {
    let get = "await db.get({ TableName }).promise();";
    let sure = |body: &str, change: fn(&mut App)| {
        let need = compared_in(body, &[], Framework::Sam, change);
        let missing: Vec<Confidence> = need.missing.iter().map(|missing| missing.confidence).collect();
        missing.first().copied().expect("something is missing")
    };
    assert_eq!(sure(get, |_| {}), Confidence::Certain);
    // What else the code does is not known; it takes on another role; the table's own policy may let it in.
    assert_eq!(
        sure(&format!("{get} await db[event.op]({{ TableName }}).promise();"), |_| {}),
        Confidence::Likely
    );
    let role = "const { STS } = require('aws-sdk'); await new STS().assumeRole({ RoleArn: 'arn:aws:iam::1:role/a' }).promise();";
    assert_eq!(sure(&format!("{get} {role}"), |_| {}), Confidence::Likely);
    let opened = |app: &mut App| {
        let mut open = statement(app.stores[0].place, &("dynamodb:GetItem", "*"));
        open.principals.push(Principal::Anyone);
        app.stores[0].policy.push(open);
    };
    assert_eq!(sure(get, opened), Confidence::Likely);
}

#[test]
fn what_may_be_needed_is_no_more_than_likely() {
    let read = "await s3.getObject({ Bucket, Key: 'x' }).promise();";
    let grants = [("s3:GetObject", "Files/*"), ("s3:ListBucket", "Files")];
    let need = compared(read, &grants, Framework::CloudFormation);
    assert_eq!(excess_of(&need), ["s3:ListBucket ?"]);
    assert!(need.policy.expect("a policy").text().contains("s3:ListBucket"), "it is kept");
    let sends = [("dynamodb:GetItem", "Orders"), ("sqs:SendMessage", "*")];
    let get = "await db.get({ TableName }).promise();";
    assert_eq!(excess_of(&compared(get, &sends, Framework::Sam)), ["sqs:SendMessage"], "control");
    let stream = |app: &mut App| app.triggers[0].kind = TriggerKind::TableStream;
    assert_eq!(excess_of(&compared_in(get, &sends, Framework::Sam, stream)), ["sqs:SendMessage ?"]);
    // A pattern is held against what the set-up asks for, too.
    let wide = [("dynamodb:GetItem", "Orders"), ("sqs:*", "*")];
    let expect = "sqs:* uses sqs:ChangeMessageVisibility+sqs:DeleteMessage+sqs:GetQueueAttributes+sqs:GetQueueUrl+sqs:ReceiveMessage";
    assert_eq!(excess_of(&compared(get, &wide, Framework::Sam)), [expect]);
}
