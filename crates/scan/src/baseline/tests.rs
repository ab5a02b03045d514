use super::*;
use crate::inspect::{Dependencies, Options, inspect};
use crate::source::SourceTree;

fn report(routes: &[&str]) -> Report {
    let route = |name: &&str| {
        format!(
            "        {name}:\n          Type: Api\n          Properties: {{ Path: /{name}, Method: get }}\n"
        )
    };
    let routes: String = routes.iter().map(route).collect();
    report_of(&format!("      Events:\n{routes}"))
}

fn report_of(properties: &str) -> Report {
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         Runtime: nodejs24.x\n      Handler: i.h\n      InlineCode: exports.h = async () => 1\n      \
         ReservedConcurrentExecutions: 5\n{properties}"
    );
    let mut tree = SourceTree::new();
    tree.add("template.yaml", text.into_bytes());
    inspect(&tree, &Dependencies::default(), &Options::default())
}

#[test]
fn what_is_known_does_not_count_until_it_grows() {
    let baseline = Baseline::parse(&Baseline::of(&report(&["a"])).text()).unwrap();
    let check = |routes: &[&str], new, known, gone| {
        assert_eq!(baseline.apply(&mut report(routes)), Compared { new, known, gone }, "{routes:?}");
    };
    check(&["a"], 0, 1, 0);
    check(&["a", "b"], 1, 0, 0);
    check(&[], 1, 0, 1);
    assert!(Baseline::parse("{}").is_err());
    for (text, said) in [
        ("{\"version\":2,\"findings\":{\"id\":[\"x\"]}}", "write it anew"),
        ("{\"version\":4,\"findings\":[]}", "a newer one wrote it"),
        ("{\"version\":1,\"apps\":[],\"files\":3}", "it is a report"),
    ] {
        let error = Baseline::parse(text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// The findings of a rule that a baseline of one report knows in another.
fn known(before: &Report, after: &str, rule: &str) -> Vec<bool> {
    let mut after = report_of(after);
    Baseline::parse(&Baseline::of(before).text()).unwrap().apply(&mut after);
    after.findings().filter(|(_, found)| found.rule.id == rule).map(|(_, found)| found.known).collect()
}

#[test]
fn another_secret_in_the_same_place_is_new() {
    let with =
        |secret: &str| format!("      Environment: {{ Variables: {{ DB_PASSWORD: \"{secret}\" }} }}\n");
    let before = report_of(&with("Aa1-old-pass"));
    let text = Baseline::of(&before).text();
    assert!(!text.contains("Aa1") && !text.contains("pass"), "{text}");
    assert_eq!(known(&before, &with("Aa1-old-pass"), "secret-in-environment"), [true]);
    assert_eq!(known(&before, &with("Bb2-new-pass"), "secret-in-environment"), [false]);
}

#[test]
fn a_grant_that_grew_is_new() {
    let with = |actions: &str| {
        format!(
            "      Policies:\n        - Statement:\n            - {{ Effect: Allow, Action: [{actions}], Resource: '*' }}\n"
        )
    };
    let before = report_of(&with("'sqs:ReceiveMessage', 'sqs:DeleteMessage'"));
    let rule = "wildcard-resource";
    assert_eq!(known(&before, &with("'sqs:ReceiveMessage', 'sqs:DeleteMessage'"), rule), [true]);
    assert_eq!(known(&before, &with("'sqs:ReceiveMessage'"), rule), [true]);
    assert_eq!(known(&before, &with("'sqs:ReceiveMessage', 'dynamodb:Scan'"), rule), [false]);
}

#[test]
fn what_lets_in_more_is_new() {
    let report = |resource: &str| {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", format!("Resources:\n  X:\n{resource}").into_bytes());
        inspect(&tree, &Dependencies::default(), &Options::default())
    };
    let queue = |statement: &str| {
        format!(
            "    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Q]\n      PolicyDocument:\n        Statement: [{statement}]\n  Q:\n    Type: AWS::SQS::Queue\n"
        )
    };
    let send = "{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: '*'}";
    let receive = send.replace("SendMessage", "ReceiveMessage");
    let both = send.replace("'sqs:SendMessage'", "['sqs:SendMessage', 'sqs:ReceiveMessage']");
    let more = format!(
        "{send}, {{Effect: Allow, Principal: {{AWS: '111122223333'}}, Action: 'sqs:*', Resource: '*'}}"
    );
    let denied =
        format!("{send}, {{Effect: Deny, Principal: '*', Action: 'sqs:DeleteQueue', Resource: '*'}}");
    let network = |from: u16, to: u16| {
        format!(
            "    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress: [{{IpProtocol: tcp, FromPort: {from}, ToPort: {to}, CidrIp: 0.0.0.0/0}}]\n  D:\n    Type: AWS::RDS::DBInstance\n    Properties: {{StorageEncrypted: true, VPCSecurityGroups: [!GetAtt X.GroupId]}}\n"
        )
    };
    let cases = [
        ("open-store", queue(send), queue(send), true),
        ("open-store", queue(send), queue(&receive), false),
        ("open-store", queue(send), queue(&both), false),
        ("open-store", queue(&both), queue(send), true),
        ("open-store", queue(send), queue(&more), false),
        ("open-store", queue(send), queue(&denied), true),
        ("open-network", network(5432, 5432), network(5432, 5432), true),
        ("open-network", network(5432, 5432), network(0, 65535), false),
    ];
    for (rule, before, after, wanted) in cases {
        let mut after = report(&after);
        Baseline::parse(&Baseline::of(&report(&before)).text()).unwrap().apply(&mut after);
        let known: Vec<bool> = after
            .findings()
            .filter(|(_, found)| found.rule.id == rule)
            .map(|(_, found)| found.known)
            .collect();
        assert_eq!(known, [wanted], "{rule}\n{before}");
    }
}

#[test]
fn conditions_are_kept_without_their_values() {
    let policy = |value: &str| {
        let mut tree = SourceTree::new();
        let text = format!(
            "Resources:\n  B:\n    Type: AWS::S3::Bucket\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref B\n      PolicyDocument:\n        Statement: [{{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: !Sub '${{B.Arn}}/*', Condition: {{StringLike: {{'aws:Referer': '{value}'}}}}}}]\n"
        );
        tree.add("template.yaml", text.into_bytes());
        inspect(&tree, &Dependencies::default(), &Options::default())
    };
    let before = policy("h0rse-battery");
    let text = Baseline::of(&before).text();
    assert!(text.contains("\"if\": ") && !text.contains("h0rse"), "{text}");
    let known = |value: &str| {
        let mut after = policy(value);
        Baseline::parse(&text).unwrap().apply(&mut after);
        after.findings().filter(|(_, found)| found.rule.id == "open-store").all(|(_, found)| found.known)
    };
    assert!(known("h0rse-battery") && !known("*"));
}

#[test]
fn a_finding_that_became_worse_is_new() {
    let mut before = report(&["a"]);
    let after = |before: &Report| {
        let mut after = report(&["a"]);
        Baseline::parse(&Baseline::of(before).text()).unwrap().apply(&mut after);
        after.apps[0].findings[0].known
    };
    assert!(after(&before));
    before.apps[0].findings[0].severity = Severity::Critical;
    assert!(after(&before), "it became better");
    before.apps[0].findings[0].severity = Severity::Hygiene;
    assert!(!after(&before), "it became worse");
}

fn terraform(text: &str) -> Report {
    let mut tree = SourceTree::new();
    tree.add("main.tf", text.as_bytes().to_vec());
    inspect(&tree, &Dependencies::default(), &Options::default())
}

/// Roles of a block and the functions that run with them: `a = "dynamodb:*"`.
fn roles(keys: &str, more: &str, statements: &str) -> Report {
    terraform(&format!(
        r#"
locals {{
  all = {{ {keys} }}
}}
resource "aws_iam_role" "r" {{
  for_each           = local.all
  name               = each.key
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "lambda.amazonaws.com" }} }}] }})
  {more}
  inline_policy {{
policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = [each.value, "logs:*"], Resource = "*" }}{statements}] }})
  }}
}}
resource "aws_iam_policy" "edge" {{
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = ["s3:*", "logs:*"], Resource = "*" }}] }})
}}
resource "aws_lambda_function" "f" {{
  for_each      = local.all
  function_name = each.key
  role          = aws_iam_role.r[each.key].arn
  runtime       = "nodejs24.x"
}}
"#
    ))
}

#[test]
fn instances_come_and_go_and_none_of_them_may_do_more() {
    let new = |before: &str, after: &str| {
        let mut after = roles(after, "", "");
        Baseline::parse(&Baseline::of(&roles(before, "", "")).text()).unwrap().apply(&mut after);
        let new = after.findings().filter(|(_, found)| !found.known && found.rule.id == "wildcard-action");
        new.map(|(_, found)| found.subjects.clone()).collect::<Vec<_>>()
    };
    let none: &[&str] = &[];
    let check = |before: &str, after: &str, names: &[&str]| {
        let new = new(before, after);
        assert_eq!(new.is_empty(), names.is_empty(), "{before} -> {after}: {new:?}");
        for name in names {
            assert!(new.iter().flatten().any(|it| it.contains(name)), "{before} -> {after}: {new:?}");
        }
    };
    let three = "a = \"s3:*\", b = \"s3:*\", c = \"s3:*\"";
    check(three, three, none);
    check(three, "b = \"s3:*\", c = \"s3:*\"", none);
    check(three, "c = \"s3:*\"", none);
    check("b = \"s3:*\"", three, &["\"a\"", "\"c\""]);
    check(three, "a = \"s3:*\", b = \"sqs:*\", c = \"s3:*\"", &["\"b\""]);
    check("a = \"s3:*\", b = \"sqs:*\"", "b = \"sqs:*\"", none);
    check("a = \"s3:*\", b = \"sqs:*\"", "a = \"sqs:*\", b = \"s3:*\"", &["\"a\"", "\"b\""]);
}

#[test]
fn what_is_no_longer_denied_or_bounded_is_new() {
    let bound = "permissions_boundary = aws_iam_policy.edge.arn";
    let denies = |what: &str| format!(", {{ Effect = \"Deny\", Action = \"{what}\", Resource = \"*\" }}");
    let (delete, other) = (denies("s3:DeleteObject"), denies("sqs:DeleteQueue"));
    let cases = [
        ((bound, ""), (bound, ""), false),
        ((bound, ""), ("", ""), true),
        (("", ""), (bound, ""), false),
        (("", delete.as_str()), ("", delete.as_str()), false),
        (("", delete.as_str()), ("", ""), true),
        (("", ""), ("", delete.as_str()), false),
        (("", other.as_str()), ("", ""), false),
    ];
    for ((more, statements), (later, after), is_new) in cases {
        let keys = "a = \"s3:*\"";
        let mut report = roles(keys, later, after);
        Baseline::parse(&Baseline::of(&roles(keys, more, statements)).text()).unwrap().apply(&mut report);
        let of_rule = report.findings().filter(|(_, found)| found.rule.id == "wildcard-action");
        let known: Vec<bool> = of_rule.map(|(_, found)| found.known).collect();
        assert_eq!(known, [!is_new], "{more}{statements} -> {later}{after}");
    }
}

#[test]
fn policies_of_instances_are_compared_each_with_its_own() {
    let queues = |keys: &str| {
        terraform(&format!(
            r#"
locals {{
  all = {{ {keys} }}
}}
resource "aws_sqs_queue" "q" {{
  for_each = local.all
  name     = each.key
}}
resource "aws_sqs_queue_policy" "q" {{
  for_each  = local.all
  queue_url = aws_sqs_queue.q[each.key].id
  policy    = jsonencode({{ Statement = [{{ Effect = "Allow", Principal = "*", Action = each.value, Resource = "*" }}] }})
}}
"#
        ))
    };
    let mut after = queues("a = \"sqs:SendMessage\", b = \"sqs:*\"");
    let before = queues("a = \"sqs:SendMessage\", b = \"sqs:ReceiveMessage\"");
    Baseline::parse(&Baseline::of(&before).text()).unwrap().apply(&mut after);
    let open = after.findings().filter(|(_, found)| found.rule.id == "open-store");
    let new = open.filter(|(_, found)| !found.known);
    let new: Vec<_> = new.map(|(_, found)| found.subjects.clone()).collect();
    assert_eq!(new, [["aws_sqs_queue.q[\"b\"]"]]);
}

#[test]
fn a_further_finding_of_the_same_cause_is_new() {
    let permissions = |principals: &[&str]| {
        let blocks = principals.iter().enumerate().map(|(at, who)| {
            format!(
                "resource \"aws_lambda_permission\" \"p{at}\" {{\n  function_name = aws_lambda_function.f.function_name\n  action = \"lambda:InvokeFunction\"\n  principal = \"{who}\"\n}}\n"
            )
        });
        terraform(&format!(
            "resource \"aws_lambda_function\" \"f\" {{\n  function_name = \"f\"\n  runtime = \"nodejs24.x\"\n}}\n{}",
            blocks.collect::<String>()
        ))
    };
    let known = |before: &[&str], after: &[&str]| {
        let mut after = permissions(after);
        Baseline::parse(&Baseline::of(&permissions(before)).text()).unwrap().apply(&mut after);
        let of_rule = after.findings().filter(|(_, found)| found.rule.id == "open-permission");
        of_rule.map(|(_, found)| found.known).collect::<Vec<_>>()
    };
    assert_eq!(known(&["*"], &["*"]), [true]);
    // The same words twice are two findings.
    assert_eq!(known(&["*"], &["*", "*"]).iter().filter(|known| !**known).count(), 1);
    assert_eq!(known(&["*", "*"], &["*"]), [true]);
    // Whom anyone's permission lets in already.
    assert_eq!(known(&["*"], &["*", "444455556666"]), [true]);
}

/// A function that anyone may start, and what its role says.
fn open_route(statements: &str) -> Report {
    report_of(&format!(
        "      Events:\n        A:\n          Type: Api\n          Properties: {{ Path: /a, Method: get }}\n      Policies:\n        - Statement: [{statements}]\n  T:\n    Type: AWS::DynamoDB::Table\n"
    ))
}

#[test]
fn what_strangers_get_to_behind_a_way_in_that_is_known_counts() {
    let allow = |actions: &str| format!("{{Effect: Allow, Action: [{actions}], Resource: !GetAtt T.Arn}}");
    let deny = "{Effect: Deny, Action: 'dynamodb:DeleteTable', Resource: '*'}";
    let (read, wide) = (allow("'dynamodb:GetItem'"), allow("'dynamodb:*Item', 'dynamodb:*Table'"));
    let cases = [
        (read.clone(), read.clone(), None),
        (read.clone(), allow("'dynamodb:GetItem', 'dynamodb:Query'"), None),
        (wide.clone(), read.clone(), None),
        (read.clone(), allow("'dynamodb:GetItem', 'dynamodb:PutItem'"), Some("it became worse")),
        (
            format!("{wide}, {deny}"),
            wide.clone(),
            Some("reach of FRole no longer denies `dynamodb:DeleteTable` on `*`"),
        ),
        (
            read.clone(),
            format!("{read}, {{Effect: Allow, Action: 'dynamodb:ListTables', Resource: '*'}}"),
            None,
        ),
        // What is none of the app's.
        (
            read.clone(),
            format!(
                "{read}, {{Effect: Allow, Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::1:role/Admin'}}"
            ),
            Some("reach of FRole allows `sts:AssumeRole` on `arn:aws:iam::1:role/Admin`"),
        ),
        (
            read.clone(),
            format!("{read}, {{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::others/*'}}"),
            Some("reach of FRole allows reading (`s3`) on `arn:aws:s3:::others/*`"),
        ),
    ];
    for (before, after, why) in cases {
        let mut report = open_route(&after);
        Baseline::parse(&Baseline::of(&open_route(&before)).text()).unwrap().apply(&mut report);
        let route = report.findings().find(|(_, found)| found.rule.id == "open-route").unwrap().1;
        assert_eq!((route.known, route.grown.as_deref()), (why.is_none(), why), "{before} -> {after}");
        let told = why.is_none_or(|why| route.message.ends_with(&format!("what is new: {why}.")));
        assert!(told, "{}", route.message);
    }
}

/// Behind a way in stands what a function starts, what sends to it, and a role that the files do not describe.
#[test]
fn what_is_behind_a_way_in_grows_in_many_ways() {
    let before_and_after = |template: &str, (one, other): (&str, &str), rule: &str| {
        let told = |word: &str| {
            let mut tree = SourceTree::new();
            tree.add("template.yaml", template.replace("WORD", word).into_bytes());
            inspect(&tree, &Dependencies::default(), &Options::default())
        };
        let (before, mut after) = (told(one), told(other));
        Baseline::parse(&Baseline::of(&before).text()).unwrap().apply(&mut after);
        let found =
            after.findings().find(|(_, found)| found.rule.id == rule).unwrap_or_else(|| panic!("{rule}"));
        found.1.known
    };
    let function = "Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: i.h, InlineCode: x, ReservedConcurrentExecutions: 5";
    let open = "Events: {A: {Type: HttpApi, Properties: {Path: /a, Method: get}}}";
    let table = "T: {Type: AWS::DynamoDB::Table}";
    let may = |action: &str, on: &str| {
        format!("Policies: [{{Statement: [{{Effect: Allow, Action: '{action}', Resource: {on}}}]}}]")
    };
    let head = "Transform: AWS::Serverless-2016-10-31\nResources:\n";
    let deed = may("dynamodb:WORD", "!GetAtt T.Arn");
    let chain = format!(
        "{head}  {table}\n  F: {{{function}, {open}, {}}}}}\n  G: {{{function}, {deed}}}}}\n",
        may("lambda:InvokeFunction", "!GetAtt G.Arn")
    );
    let queue = format!(
        "{head}  {table}\n  Q: {{Type: AWS::SQS::Queue}}\n  P: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Q], PolicyDocument: {{Statement: [{{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: '*'}}]}}}}}}\n  G: {{{function}, Events: {{Q: {{Type: SQS, Properties: {{Queue: !GetAtt Q.Arn}}}}}}, {deed}}}}}\n"
    );
    let trust = format!(
        "{head}  {table}\n  R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{AWS: '*'}}, Action: 'sts:AssumeRole'}}]}}, Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 'dynamodb:WORD', Resource: !GetAtt T.Arn}}]}}}}]}}}}\n"
    );
    for (template, rule) in [(&chain, "open-route"), (&queue, "open-store"), (&trust, "open-trust")] {
        assert!(before_and_after(template, ("GetItem", "Query"), rule), "{rule}: to read is to read");
        assert!(!before_and_after(template, ("GetItem", "DeleteItem"), rule), "{rule}");
        assert!(before_and_after(template, ("*", "GetItem"), rule), "{rule}: less");
    }
    let part = format!(
        "{head}  B: {{Type: AWS::S3::Bucket}}\n  F: {{{function}, {open}, {}}}}}\n",
        may("s3:GetObject", "!Sub '${B.Arn}/WORD'")
    );
    assert!(!before_and_after(&part, ("public/*", "*"), "open-route"));
    assert!(before_and_after(&part, ("*", "public/*"), "open-route"));
    let role = format!("{head}  F: {{{function}, {open}, Role: 'arn:aws:iam::111122223333:role/WORD'}}}}\n");
    assert!(before_and_after(&role, ("small", "small"), "open-route"));
    assert!(!before_and_after(&role, ("small", "admin"), "open-route"));
    let arn =
        format!("{head}  F: {{{function}, {open}, {}}}}}\n", may("s3:GetObject", "!Sub 'arn:WORD:s3:::a/*'"));
    assert!(before_and_after(&arn, ("aws", "${AWS::Partition}"), "open-route"), "the same one");
    let cors = format!(
        "{head}  F: {{{function}, FunctionUrlConfig: {{AuthType: NONE, Cors: {{AllowOrigins: ['*'], AllowCredentials: true, AllowHeaders: [WORD]}}}}}}}}\n"
    );
    assert!(before_and_after(&cors, ("x-a", "x-a"), "cors-credentials"));
    assert!(!before_and_after(&cors, ("x-a", "'*'"), "cors-credentials"));
    let methods = cors.replace("AllowHeaders", "AllowMethods");
    assert!(before_and_after(&methods, ("GET, POST", "get"), "cors-credentials"));
    assert!(!before_and_after(&methods, ("GET", "GET, DELETE"), "cors-credentials"));
    let urls = format!(
        "{head}  F: {{{}, FunctionUrlConfig: {{AuthType: NONE}}}}}}\nWORD",
        function.replace(", ReservedConcurrentExecutions: 5", "")
    );
    let second = "  G: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: i.h, InlineCode: x, FunctionUrlConfig: {AuthType: NONE}}}\n";
    assert!(before_and_after(&urls, (second, ""), "unbounded-public-function"), "one function less");
    assert!(!before_and_after(&urls, ("", second), "unbounded-public-function"), "one function more");
}

#[test]
fn a_policy_that_shrinks_is_known_by_whatever_spoke_of_it() {
    let keys = |action: &str| roles(&format!("a = \"{action}\""), "", "");
    let mut after = keys("sqs:Receive*");
    let compared = Baseline::parse(&Baseline::of(&keys("sqs:*")).text()).unwrap().apply(&mut after);
    let new: Vec<_> =
        after.findings().filter(|(_, found)| !found.known).map(|(_, found)| &found.id).collect();
    assert_eq!((compared.new, new), (0, vec![]));
    assert!(after.remarks.is_empty(), "{:?}", after.remarks);
}

#[test]
fn what_a_role_gives_besides_is_what_is_new_and_nothing_else() {
    let told = |more: &str| {
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  T: {{ Type: AWS::DynamoDB::Table }}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.h
      InlineCode: 'exports.h = async () => 1'
      Policies:
        - Statement:
{more}            - {{ Effect: Allow, Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Resource: !GetAtt T.Arn }}
            - {{ Effect: Allow, Action: 'dynamodb:Scan', Resource: !GetAtt T.Arn }}
"
        );
        let mut tree = SourceTree::new();
        tree.add("template.yaml", template.into_bytes());
        inspect(&tree, &Dependencies::default(), &Options::default())
    };
    let queues = "            - { Effect: Allow, Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:eu-west-1:111122223333:q' }\n";
    let grown = |before: &str, after: &str| {
        let mut report = told(after);
        Baseline::parse(&Baseline::of(&told(before)).text()).unwrap().apply(&mut report);
        let found = report.findings().find(|(_, found)| found.rule.id == "unneeded-permission").unwrap().1;
        (found.known, found.grown.clone())
    };
    let new = "role FRole allows `sqs:SendMessage` on `arn:aws:sqs:eu-west-1:111122223333:q`".to_owned();
    assert_eq!(grown("", queues), (false, Some(new)));
    assert_eq!(grown(queues, ""), (true, None));
}
