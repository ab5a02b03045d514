//! What a function is called for short, and where its policy goes.

use super::*;
use crate::facts::Day;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::need_text;
use crate::report::text::Plain;

fn report(file: &str, text: &str) -> Report {
    let mut tree = SourceTree::new();
    tree.add(file, text.as_bytes());
    tree.add("h.js", "exports.handler = async () => 1;".as_bytes());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    inspect(&tree, &Dependencies::default(), &options)
}

#[test]
fn short_forms_of_names() {
    for (name, expect) in [
        ("Admin", vec!["Admin"]),
        ("ReportA1B2C3D4", vec!["ReportA1B2C3D4", "Report"]),
        ("A1B2C3D4", vec!["A1B2C3D4"]),
        ("Nested.Admin", vec!["Nested.Admin", "Admin"]),
        ("aws_lambda_function.admin", vec!["aws_lambda_function.admin", "admin"]),
        (
            "module.m.aws_lambda_function.f[\"a.b\"]",
            vec!["module.m.aws_lambda_function.f[\"a.b\"]", "f[\"a.b\"]", "f", "a.b", "module.m", "m"],
        ),
        (
            "module.fn[\"in\"].aws_lambda_function.this",
            vec![
                "module.fn[\"in\"].aws_lambda_function.this",
                "this",
                "module.fn[\"in\"]",
                "fn[\"in\"]",
                "fn",
                "in",
            ],
        ),
    ] {
        let mut found = short_forms(name);
        found.dedup();
        assert_eq!(found, expect);
    }
}

const SERVICE: &str = "
service: shop
provider: { name: aws, runtime: nodejs22.x }
plugins: [serverless-iam-roles-per-function]
functions:
  shared: { handler: h.handler }
  alone: { handler: h.handler, name: Pictures, iamRoleStatements: [{ Effect: Allow, Action: 's3:GetObject', Resource: '*' }] }
  written: { handler: h.handler, role: Mine }
resources:
  Resources:
    Mine: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
";

#[test]
fn a_function_is_found_by_what_only_it_is_called() {
    let report = report("serverless.yml", SERVICE);
    for (asked, expect) in [("alone", 1), ("ALONE", 1), ("pictures", 1), ("alon", 0), ("", 0)] {
        assert_eq!(report.needs_of(asked).count(), expect, "{asked}");
    }
}

#[test]
fn a_policy_goes_where_the_role_is_written() {
    let report = report("serverless.yml", SERVICE);
    for (function, expect) in [
        ("shared", "(`provider.iam.role.statements`)"),
        ("alone", "its `iamRoleStatements`"),
        ("written", "the role's policy document"),
    ] {
        let text = need_text(&report, function, &Plain).expect("a function");
        assert!(text.contains(expect), "{text}");
    }
}
