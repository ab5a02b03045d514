use crate::baseline::Baseline;
use crate::fix::{Mended, mend};
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::Report;
use crate::source::SourceTree;

fn assess(path: &str, text: &str) -> (SourceTree, Report) {
    let mut tree = SourceTree::new();
    tree.add(path, text.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    assert!(!report.apps.is_empty(), "no app in {text}: {:?}", report.unread);
    (tree, report)
}

fn mended(path: &str, text: &str) -> Mended {
    let (tree, report) = assess(path, text);
    mend(&tree, &Dependencies::default(), &Options::default(), &report)
}

/// The file afterwards, and the rules of what is gone.
fn after(path: &str, text: &str) -> (String, Vec<String>) {
    let done = mended(path, text);
    assert_eq!(done.refused, None);
    let [rewrite] = done.rewrites.as_slice() else { panic!("{:?} of {text}", done.rewrites) };
    assert_eq!((rewrite.path.as_str(), rewrite.before.as_str()), (path, text));
    let again = mended(path, &rewrite.after);
    assert_eq!(again.rewrites, [], "what is mended stays as it is");
    let rule = |id: &String| id.rsplit_once('-').unwrap().0.to_owned();
    (rewrite.after.clone(), done.gone.iter().map(rule).collect())
}

const FUNCTION: &str = "
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, Runtime: nodejs22.x, CodeUri: . }
";

#[test]
fn a_property_is_put_where_the_others_stand() {
    let check = |parameters: &str, expect: &str| {
        let file = |parameters: &str| {
            format!("# first\nTransform: AWS::Serverless-2016-10-31\n{parameters}{FUNCTION}")
        };
        let (text, gone) = after("template.yaml", &file(parameters));
        assert_eq!(text, file(expect));
        assert_eq!(gone, ["unmasked-parameter"]);
    };
    check(
        "Parameters:\n  # who knows\n  DbPassword:\n    Type: String # a text\n    MinLength: 8\n",
        "Parameters:\n  # who knows\n  DbPassword:\n    NoEcho: true\n    Type: String # a text\n    MinLength: 8\n",
    );
    check(
        "Parameters: { DbPassword: { Type: String } }\n",
        "Parameters: { DbPassword: { \"NoEcho\": true, Type: String } }\n",
    );
    check(
        "Parameters:\n  DbPassword: {Type: String, NoEcho: false}\n",
        "Parameters:\n  DbPassword: {Type: String, NoEcho: true}\n",
    );
    check(
        "Parameters:\r\n  DbPassword:\r\n    Type: String\r\n",
        "Parameters:\r\n  DbPassword:\r\n    NoEcho: true\r\n    Type: String\r\n",
    );
}

#[test]
fn json_stays_json() {
    let text = "{\n\t\"Parameters\": {\n\t\t\"DbPassword\": {\n\t\t\t\"Type\": \"String\"\n\t\t}\n\t},\n\t\"Resources\": {\"F\": {\"Type\": \"AWS::Lambda::Function\", \"Properties\": {\"Handler\": \"a.b\"}}}\n}\n";
    let (text, _) = after("template.json", text);
    assert!(text.contains("{\n\t\t\t\"NoEcho\": true,\n\t\t\t\"Type\": \"String\"\n\t\t}"), "{text}");
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

const ROLE: &str = "Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Handler: a.b
      Runtime: nodejs22.x
      Code: { S3Bucket: b, S3Key: k }
      Role: !GetAtt R.Arn
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Action: sts:AssumeRole, Principal: { Service: lambda.amazonaws.com } }]
";

#[test]
fn a_role_may_write_logs_afterwards() {
    const LOGS: &str =
        "!Sub \"arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole\"";
    let check = |before: &str, expect: &str| {
        let (text, gone) = after("template.yaml", &format!("{ROLE}{before}"));
        assert_eq!(gone, ["unlogged-function"]);
        assert!(text.contains(expect), "{text}");
    };
    check(
        "",
        &format!(
            "    Properties:\n      ManagedPolicyArns:\n        - {LOGS}\n      AssumeRolePolicyDocument:\n"
        ),
    );
    check(
        "      ManagedPolicyArns:\n        # reads\n        - arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess\n",
        &format!(
            "        # reads\n        - {LOGS}\n        - arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess\n"
        ),
    );
    check(
        "      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess]\n",
        "ManagedPolicyArns: [{ \"Fn::Sub\": \"arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole\" }, arn:aws",
    );
    // What is forbidden stays forbidden, whatever else is allowed: a person must look.
    let denied = "      Policies:
        - PolicyName: p
          PolicyDocument: { Statement: [{ Effect: Deny, Action: 'logs:*', Resource: '*' }] }
";
    assert_eq!(mended("template.yaml", &format!("{ROLE}{denied}")).rewrites, []);
}

#[test]
fn a_role_of_terraform_gets_an_attachment() {
    let text = r#"resource "aws_iam_role" "work" {
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  handler       = "a.b"
  runtime       = "nodejs22.x"
  role          = aws_iam_role.work.arn
}"#;
    let (text, gone) = after("main.tf", text);
    assert_eq!(gone, ["unlogged-function"]);
    assert!(
        text.contains("}\n\nresource \"aws_iam_role_policy_attachment\" \"work_writes_logs\" {\n  role "),
        "{text}"
    );
}

/// A role of Terraform that writes no logs, and a function that runs with it.
fn silent(name: &str, more: &str) -> String {
    format!(
        r#"resource "aws_iam_role" "{name}" {{
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "lambda.amazonaws.com" }} }}] }})
  {more}
}}
resource "aws_lambda_function" "f{name}" {{
  function_name = "f{name}"
  handler       = "a.b"
  runtime       = "nodejs22.x"
  role          = aws_iam_role.{name}.arn
}}
"#
    )
}

#[test]
fn no_address_of_terraform_is_declared_twice() {
    let text = format!(
        "{}resource \"aws_iam_role_policy_attachment\" \"a_writes_logs\" {{\n  count = 0\n  role = \"x\"\n  policy_arn = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n}}\n",
        silent("a", "")
    );
    let (text, gone) = after("main.tf", &text);
    assert_eq!(gone, ["unlogged-function"]);
    assert!(text.contains("\"aws_iam_role_policy_attachment\" \"a_writes_logs_2\" {"), "{text}");
}

#[test]
fn several_roles_of_one_file_are_mended_at_once() {
    for end in ["", "# the end, without a line's"] {
        let text = ["a", "b", "c"].map(|name| silent(name, "")).concat() + end;
        let (text, gone) = after("main.tf", &text);
        assert_eq!(gone, ["unlogged-function"; 3]);
        for name in ["a", "b", "c"] {
            let declared =
                format!("\n\nresource \"aws_iam_role_policy_attachment\" \"{name}_writes_logs\" {{\n");
            assert_eq!(text.matches(&declared).count(), 1, "{text}");
        }
    }
}

#[test]
fn what_the_files_would_take_back_is_not_proposed() {
    let list = "managed_policy_arns = [\"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess\"]";
    let exclusive = "resource \"aws_iam_role_policy_attachments_exclusive\" \"d\" {\n  role_name = aws_iam_role.a.name\n  policy_arns = []\n}\n";
    let bound = "resource \"aws_iam_policy\" \"b\" {\n  policy = jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"WHAT\", Resource = \"*\" }] })\n}\n";
    let bounded = |what: &str| {
        silent("a", "permissions_boundary = aws_iam_policy.b.arn") + &bound.replace("WHAT", what)
    };
    let advice = |text: &str| {
        assert_eq!(mended("main.tf", text).rewrites, [], "{text}");
        let (_, report) = assess("main.tf", text);
        let found = report.findings().find(|(_, found)| found.rule.id == "unlogged-function");
        let (_, found) = found.unwrap();
        // The role, and what the advice speaks of.
        let told: Vec<&str> = found.related.iter().map(|(_, shows)| shows.as_str()).collect();
        (found.change.as_ref().unwrap().advice.clone(), told.join(", "))
    };
    let check = |text: &str, wanted: &str, at: &str| {
        let (advice, told) = advice(text);
        assert!(advice.contains(wanted), "{advice}");
        assert_eq!(told, at);
    };
    let listed = "the role, all of its policies";
    check(&silent("a", list), "to the list of the role's policies", listed);
    check(&(silent("a", "") + exclusive), "to the list of the role's policies", listed);
    check(&bounded("s3:*"), "in the permissions boundary, and in the role", "the role, what bounds it");
    check(&silent("a", "permissions_boundary = \"arn:aws:iam::1:policy/b\""), "Attach", "");
    assert_eq!(after("main.tf", &bounded("*")).1, ["unlogged-function"], "the control");
}

#[test]
fn a_bucket_of_the_app_speaks_for_its_own_account() {
    let text = format!(
        "{ROLE}      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
  B:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations: [{{ Event: 's3:ObjectCreated:*', Function: !GetAtt F.Arn }}]
  P:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref F
      Principal: s3.amazonaws.com
"
    );
    let (text, gone) = after("template.yaml", &text);
    assert_eq!(gone, ["confused-deputy"]);
    assert!(
        text.contains("    Properties:\n      SourceAccount: !Ref AWS::AccountId\n      Action:"),
        "{text}"
    );
}

#[test]
fn what_may_break_an_app_is_shown_and_not_made() {
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: 'nodejs12.x'
      FunctionUrlConfig:
        AuthType: NONE
";
    let (tree, report) = assess("template.yaml", text);
    let edits: Vec<(String, String)> = report
        .findings()
        .filter_map(|(_, found)| found.change.as_ref())
        .flat_map(|change| &change.edits)
        .map(|(spot, text)| (tree.excerpt(spot.place).to_owned(), text.clone()))
        .collect();
    let edit = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert!(edits.contains(&edit("NONE", "AWS_IAM")), "{edits:?}");
    assert!(edits.iter().any(|(from, to)| from == "nodejs12.x" && to.starts_with("nodejs")), "{edits:?}");
    assert_eq!(mended("template.yaml", text).rewrites, []);
}

#[test]
fn what_is_allowed_or_known_is_left_alone() {
    let parameters = "Parameters:\n  DbPassword:\n    Type: String\n";
    let allowed = "Parameters:\n  # casemate: allow unmasked-parameter until 2999-01-01 because it is a test\n  DbPassword:\n    Type: String\n";
    let file = |parameters: &str| format!("Transform: AWS::Serverless-2016-10-31\n{parameters}{FUNCTION}");
    assert_eq!(mended("template.yaml", &file(allowed)).rewrites, []);
    let (tree, mut report) = assess("template.yaml", &file(parameters));
    Baseline::of(&report).apply(&mut report);
    let done = mend(&tree, &Dependencies::default(), &Options::default(), &report);
    assert_eq!(done.rewrites, []);
}

#[test]
fn what_stands_elsewhere_is_not_edited() {
    // Both parameters are one text: an edit for one of them would be one for whatever else is named so.
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31\nx: &p\n  Type: String\nParameters:\n  DbPassword: *p\n  ApiSecret: *p\n{FUNCTION}"
    );
    let (_, report) = assess("template.yaml", &text);
    assert_eq!(report.findings().filter(|(_, found)| found.rule.id == "unmasked-parameter").count(), 2);
    assert_eq!(mended("template.yaml", &text).rewrites, []);
}

#[test]
fn what_an_alias_repeats_is_not_changed() {
    let file = |default: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nParameters:\n  Stage: &p {{ Type: String }}\n  DbPassword: {default}\n{FUNCTION}"
        )
    };
    // Here a change of the one would be a change of the other.
    let done = mended("template.yaml", &file("*p"));
    assert_eq!((done.rewrites.as_slice(), done.gone.as_slice()), (&[][..], &[][..]));
    let mut tree = crate::source::SourceTree::new();
    tree.add("template.yaml", file("*p").into_bytes());
    let report = crate::inspect::inspect(&tree, &Default::default(), &Default::default());
    let advice =
        report.findings().filter_map(|(_, found)| found.change.as_ref().map(|change| &change.advice));
    assert!(advice.into_iter().any(|advice| advice.contains("leaves this file alone")), "it is said");
    assert_eq!(mended("template.yaml", &file("{ Type: String }")).rewrites.len(), 1, "the control");
}
