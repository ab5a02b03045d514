mod imports;
mod roles;
mod variants;

use super::*;
use crate::known::Setting;

/// The rules that are reported for each app, sorted, with the number of what a comment allows.
fn found(files: &[(&str, &str)]) -> Vec<(String, Vec<&'static str>, usize)> {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    let report = inspect(&tree, &Dependencies::default(), &options);
    let rules = |app: &AppReport| {
        let mut rules: Vec<_> = app.findings.iter().map(|found| found.rule.id).collect();
        rules.sort_unstable();
        rules
    };
    report.apps.iter().map(|app| (app.path.clone(), rules(app), app.suppressed.len())).collect()
}

const OPEN: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Create:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: index.handler
      InlineCode: exports.handler = async () => 1
      ReservedConcurrentExecutions: 5
      Events:
        Post:
          Type: Api
          Properties: { Path: /orders, Method: post }
"#;

#[test]
fn a_tree_of_nothing_has_no_apps() {
    assert_eq!(found(&[]), []);
    assert_eq!(found(&[("README.md", "Resources: AWS::"), ("a.yaml", "a: 1")]), []);
}

#[test]
fn an_app_from_file_to_finding() {
    assert_eq!(found(&[("a/template.yaml", OPEN)]), [("a/template.yaml".to_owned(), vec!["open-route"], 0)]);
    // What others fetched or made is no app of one's own.
    assert_eq!(found(&[("node_modules/a/template.yaml", OPEN), (".aws-sam/build/template.yaml", OPEN)]), []);
}

#[test]
fn a_program_of_the_cdk_without_its_stacks_is_not_passed_by() {
    let told = |files: &[(&str, &str)]| {
        let mut tree = SourceTree::new();
        for (path, text) in files {
            tree.add(path, text.as_bytes().to_vec());
        }
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        report.unread.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    let program = ("shop/cdk.json", r#"{ "app": "npx ts-node bin/app.ts" }"#);
    let stacks = r#"{ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } }"#;
    let without = told(&[program]);
    assert!(
        matches!(without.as_slice(), [why] if why.contains("`casemate scan shop/cdk.out`")),
        "{without:?}"
    );
    assert_eq!(told(&[program, ("shop/cdk.out/Shop.template.json", stacks)]), [""; 0]);
    assert_eq!(told(&[program, ("other/template.json", stacks)]).len(), 1);
    let elsewhere = ("shop/cdk.json", r#"{ "app": "python app.py", "output": "build/" }"#);
    assert_eq!(told(&[elsewhere, ("shop/build/Shop.template.json", stacks)]), [""; 0]);
    // A library of constructs makes none.
    assert_eq!(told(&[("lib/cdk.json", r#"{ "context": {} }"#)]), [""; 0]);
}

#[test]
fn one_app_of_several_is_named_by_name_file_or_folder() {
    let mut tree = SourceTree::new();
    for path in ["a/template.yaml", "x/a/template.yaml", "b/template.yaml"] {
        tree.add(path, OPEN.as_bytes().to_vec());
    }
    let told = |name: &str| {
        let options = Options { app: Some(name.to_owned()), ..Options::default() };
        let report = inspect(&tree, &Dependencies::default(), &options);
        report.apps.into_iter().map(|app| app.path).collect::<Vec<_>>()
    };
    assert_eq!(told("b"), ["b/template.yaml"]);
    assert_eq!(told("a"), ["a/template.yaml", "x/a/template.yaml"]);
    assert_eq!(told("./x/a/"), ["x/a/template.yaml"]);
    assert_eq!(told("a/template.yaml"), ["a/template.yaml"]);
    assert!(told("x").is_empty() && told("").is_empty());
}

#[test]
fn a_comment_allows_one_route_and_no_other() {
    let comment = "# casemate: allow open-route until 2027-01-31 because it is a webhook";
    let allowed = OPEN.replace("        Post:", &format!("        {comment}\n        Post:"));
    let again = "        Put:\n          Type: Api\n          Properties: { Path: /orders, Method: put }\n";
    let both = format!("{allowed}{again}");
    let check = |text: &str, rules: Vec<&'static str>, suppressed| {
        assert_eq!(
            found(&[("template.yaml", text)]),
            [("template.yaml".to_owned(), rules, suppressed)],
            "{text}"
        );
    };
    check(&allowed, vec![], 1);
    check(&both, vec!["open-route"], 1);
    check(&allowed.replace("2027", "2026"), vec!["invalid-suppression", "open-route"], 0);
}

#[test]
fn ids_survive_edits() {
    let id = |text: &str| {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", text.as_bytes().to_vec());
        inspect(&tree, &Dependencies::default(), &Options::default()).apps[0].findings[0].id.clone()
    };
    assert_eq!(id(OPEN), id(&format!("# moved down\n\n{OPEN}")));
    assert_ne!(id(OPEN), id(&OPEN.replace("Runtime: nodejs24.x", "Runtime: nodejs14.x")));
}

/// What could not be read of one file, and how many apps were found.
fn unread(path: &str, bytes: impl Into<Vec<u8>>) -> (Vec<String>, usize) {
    let mut tree = SourceTree::new();
    tree.add(path, bytes.into());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    (report.unread.into_iter().map(|note| note.text).collect(), report.apps.len())
}

#[test]
fn a_template_is_one_however_it_is_written() {
    let open = |path: &str, text: &str| {
        assert_eq!(found(&[(path, text)]), [(path.to_owned(), vec!["open-route"], 0)], "{path}: {text}");
    };
    open("template.YAML", OPEN);
    open("template.Template", OPEN);
    open("template.yaml", &format!("# nothing\n---\n---\n{OPEN}"));
    open("template.yaml", &format!("a: decoy\n---\n{OPEN}"));
    open(
        "template.yaml",
        &OPEN.replace("Resources:", "\"\\x52esources\":").replace("::", "\\u003a\\u003A").replace(
            "AWS\\u003a\\u003AServerless\\u003a\\u003AFunction",
            "\"AWS\\u003a\\u003AServerless\\u003a\\u003AFunction\"",
        ),
    );
    let json = r#"{"\u0052esources": {"F": {"Type": "AWS\u003a\u003aServerless\u003A\u003AFunction", "Properties": {
        "Runtime": "nodejs24.x", "Handler": "i.h", "InlineCode": "x", "ReservedConcurrentExecutions": 5,
        "Events": {"A": {"Type": "Api", "Properties": {"Path": "/a", "Method": "get"}}}}}}}"#;
    open("template.json", json);
}

#[test]
fn a_template_that_cannot_be_read_is_named() {
    let check = |bytes: Vec<u8>, why: &str| {
        assert_eq!(unread("template.yaml", bytes), (vec![why.to_owned()], 0));
    };
    check(OPEN.replacen("\n", "# \0\n", 1).into_bytes(), "holds zero bytes, so it is no text");
    let wide = |order: fn(u16) -> [u8; 2], mark: bool| {
        let units = mark.then_some(0xFEFF).into_iter().chain(OPEN.encode_utf16());
        units.flat_map(order).collect::<Vec<u8>>()
    };
    check(wide(u16::to_le_bytes, true), "not text in UTF-8");
    check(wide(u16::to_be_bytes, true), "not text in UTF-8");
    check(wide(u16::to_le_bytes, false), "holds zero bytes, so it is no text");
    // A fault behind the first document, and a second template.
    let (why, apps) = unread("template.yaml", format!("{OPEN}---\na: [\n"));
    assert!(why.len() == 1 && why[0].starts_with("not valid YAML") && apps == 1, "{why:?}");
    let (why, apps) = unread("template.yaml", format!("{OPEN}---\n{OPEN}"));
    assert_eq!(
        (why[0].as_str(), apps),
        ("a further template in the same file: only the first is assessed", 1)
    );
}

fn whole(files: &[(&str, &str)]) -> Report {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    inspect(&tree, &Dependencies::default(), &options)
}

#[test]
fn allowing_a_part_leaves_the_rest_its_id() {
    let again = "        Put:\n          Type: Api\n          Properties: { Path: /orders, Method: put }\n";
    let both = format!("{OPEN}{again}");
    let comment = "# casemate: allow open-route until 2027-01-31 because it is a webhook";
    let allowed = both.replace("        Post:", &format!("        {comment}\n        Post:"));
    let id = |text: &str| whole(&[("template.yaml", text)]).apps[0].findings[0].id.clone();
    assert_eq!(id(&both), id(&allowed));
    let mut report = whole(&[("template.yaml", &allowed)]);
    let compared = crate::baseline::Baseline::of(&whole(&[("template.yaml", &both)])).apply(&mut report);
    assert_eq!((compared.new, compared.known, compared.gone), (0, 1, 0));
    assert_eq!(report.remarks, Vec::<String>::new());
}

#[test]
fn a_comment_that_meets_nothing_is_remarked_on() {
    let comment = "# casemate: allow open-route until 2027-01-31 because it is a webhook";
    let beside = OPEN.replace("    Properties:", &format!("    {comment}\n    Properties:"));
    let report = whole(&[("template.yaml", &beside)]);
    assert_eq!(report.apps[0].findings.len(), 1);
    assert!(
        report.remarks[0].starts_with("template.yaml:6: this comment allows `open-route`"),
        "{:?}",
        report.remarks
    );
    // Where it meets something, and where only `--hygiene` could tell, nothing is said.
    let met = OPEN.replace("        Post:", &format!("        {comment}\n        Post:"));
    assert_eq!(whole(&[("template.yaml", &met)]).remarks, Vec::<String>::new());
    let advice = beside.replace("open-route until", "no-tracing until");
    assert_eq!(whole(&[("template.yaml", &advice)]).remarks, Vec::<String>::new());
}

#[test]
fn what_reads_like_a_comment_and_is_none_is_remarked_on() {
    let comment = "# casemate: allow open-route until 2027-01-31 because it is a webhook";
    let remarks = |line: &str| whole(&[("template.yaml", &format!("{OPEN}{line}\n"))]).remarks;
    let lines = OPEN.lines().count();
    for text in [format!("Description: \"a {comment}\""), format!("Description: |\n  {comment}")] {
        let found = remarks(&text);
        let line = lines + text.lines().count();
        let says = format!("template.yaml:{line}: this reads like a comment and stands in a text");
        assert!(found.len() == 1 && found[0].starts_with(&says), "{text}: {found:?}");
    }
    // What would not hold anyway is nothing to remark on.
    assert_eq!(remarks("Description: \"see # casemate: allow in the docs\""), Vec::<String>::new());
    assert_eq!(remarks("Description: \"x\""), Vec::<String>::new());
}

#[test]
fn what_is_called_a_template_and_ends_early_is_said() {
    for (name, unread) in [
        ("Shop.template.json", 1),
        ("template.json", 1),
        ("template.prod.json", 1),
        ("templates.json", 0),
        ("shop.json", 0),
    ] {
        let report =
            whole(&[("template.yaml", OPEN), (&format!("other/{name}"), "{ \"Resources\": { \"A\": ")]);
        assert_eq!(report.unread.len(), unread, "{name}");
    }
}

#[test]
fn iam_is_asked_for_by_type_on_an_http_api() {
    let rules = |authorizer: &str| {
        let service = format!(
            "service: s\nprovider: {{name: aws, runtime: nodejs24.x}}\nfunctions: {{f: {{handler: i.h, reservedConcurrency: 5, events: [{{httpApi: {{path: /a, method: get, authorizer: {authorizer}}}}}]}}}}\n"
        );
        let report = whole(&[("serverless.yml", &service)]);
        let app = &report.apps[0];
        let doubts = app.unknowns.iter().filter(|note| note.text.contains("type: aws_iam")).count();
        (app.entries[0].who.clone(), app.findings.len(), doubts)
    };
    assert_eq!(rules("{type: aws_iam}"), ("signed calls".to_owned(), 0, 0));
    let (who, findings, doubts) = rules("aws_iam");
    assert!(who != "signed calls" && findings == 0 && doubts == 1, "{who} {findings} {doubts}");
}

#[test]
fn a_trigger_is_called_by_the_name_of_what_sends() {
    let app = "Resources:\n  Jobs: {Type: AWS::SQS::Queue}\n  Work:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: i.h\n      Runtime: nodejs24.x\n      Events:\n        Own: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}\n        Other: {Type: SQS, Properties: {Queue: 'arn:aws:sqs:eu-west-1:1:q'}}\n";
    let report = whole(&[("template.yaml", &format!("Transform: AWS::Serverless-2016-10-31\n{app}"))]);
    let ways: Vec<_> = report.apps[0].entries.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(ways, ["queue Jobs", "queue arn:aws:sqs:eu-west-1:1:q"]);
}

#[test]
fn apps_in_the_root_are_called_as_it_is() {
    let mut tree = SourceTree::new();
    tree.add("template.yaml", OPEN.as_bytes().to_vec());
    let options = Options { root: Some("shop".to_owned()), ..Options::default() };
    assert_eq!(inspect(&tree, &Dependencies::default(), &options).apps[0].name, "shop");
}

#[test]
fn patterns_that_no_policy_could_hold_are_not_followed() {
    let app = |actions: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Statement: {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}}}\n      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {{Effect: Allow, Action: [{actions}], Resource: '*'}}}}}}]\n"
        )
    };
    let many: Vec<String> = (0..60).map(|at| format!("'*:?*{at}'")).collect();
    let report = whole(&[("a.yaml", &app(&format!("{}, '{}'", many.join(", "), "s3:A".repeat(100))))]);
    let unknown = |action: &&Setting<String>| action.known().is_none();
    let actions = &report.apps[0].graph.roles[0].statements[0].actions;
    assert_eq!((actions.len(), actions.iter().filter(unknown).count()), (61, 11));
    // What stands beside them is judged all the same.
    let report = whole(&[("a.yaml", &app(&format!("{}, '*'", many.join(", "))))]);
    let rules: Vec<_> = report.findings().map(|(_, found)| (found.rule.id, &found.message)).collect();
    let doubts: Vec<_> = report.apps[0].unknowns.iter().map(|note| &note.text).take(5).collect();
    assert!(rules.iter().any(|(id, _)| *id == "admin-role"), "{rules:?} {doubts:?}");
}
