//! What is attached to a thing that a function of Terraform's names.

use super::*;

/// A role, a function and a bucket, and what belongs to them.
fn app_with(rest: &str) -> App {
    let text = format!(
        r#"
resource "aws_iam_role" "r" {{ name = "r" }}
resource "aws_iam_role" "s" {{ name = "s" }}
resource "aws_lambda_function" "f" {{
  function_name = "f"
  role          = aws_iam_role.r.arn
}}
resource "aws_s3_bucket" "b" {{ bucket = "bbb" }}
{rest}
"#
    );
    main(&text).1
}

/// How many statements the first role has when its policy names it so, and what is not known.
fn attached(holder: &str, rest: &str) -> (usize, usize) {
    let policy = r#"jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })"#;
    let app = app_with(&format!(
        "{rest}\nresource \"aws_iam_role_policy\" \"p\" {{\n role = {holder}\n policy = {policy}\n}}\n"
    ));
    let role = app.role(&name("aws_iam_role.r")).expect("the role");
    let other = app.role(&name("aws_iam_role.s")).expect("the other role");
    assert!(other.statements.is_empty(), "{holder}");
    (role.statements.len(), app.unknowns.len())
}

#[test]
fn a_text_that_is_made_from_one_thing_belongs_to_it() {
    let arn = "aws_iam_role.r.arn";
    for holder in [
        format!("basename({arn})"),
        format!("split(\"/\", {arn})[1]"),
        format!("element(split(\"/\", {arn}), 1)"),
        format!("reverse(split(\"/\", {arn}))[0]"),
        format!("replace({arn}, \"/.*\\\\//\", \"\")"),
        format!("trimprefix({arn}, \"arn:aws:iam::123456789012:role/\")"),
        format!("regex(\"[^/]+$\", {arn})"),
        format!("one(slice(split(\"/\", {arn}), 1, 2))"),
    ] {
        assert_eq!(attached(&holder, ""), (1, 0), "{holder}");
    }
    let handed = "resource \"terraform_data\" \"n\" {\n input = aws_iam_role.r.name\n}";
    assert_eq!(attached("terraform_data.n.output", handed), (1, 0));
    let asked = "data \"aws_iam_role\" \"q\" {\n name = aws_iam_role.r.name\n}";
    assert_eq!(attached("data.aws_iam_role.q.name", asked), (1, 0));
    // A role of other files is nothing of these.
    assert_eq!(attached("\"elsewhere\"", ""), (0, 0));
}

#[test]
fn what_is_made_from_two_things_belongs_to_none_of_them_for_certain() {
    let holder = "regex(\"[^/]+$\", join(\"\", [aws_iam_role.r.arn, aws_iam_role.s.arn]))";
    let policy = "\"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole\"";
    let app = app_with(&format!(
        "resource \"aws_iam_role_policy_attachment\" \"p\" {{\n role = {holder}\n policy_arn = {policy}\n}}\n"
    ));
    assert!(
        app.unknowns.iter().any(|unknown| unknown.subject == Some(name("aws_iam_role_policy_attachment.p")))
    );
    for role in &app.roles {
        assert!(role.managed.iter().any(|policy| policy.statements.why().is_some()), "{}", role.name);
    }
}

#[test]
fn permissions_and_policies_find_what_they_open() {
    let open = r#"jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:*", Resource = "*" }] })"#;
    let app = app_with(&format!(
        r#"
resource "aws_lambda_permission" "p" {{
  function_name = element(split(":", aws_lambda_function.f.arn), 6)
  action        = "lambda:InvokeFunction"
  principal     = "*"
}}
resource "aws_lambda_function_url" "u" {{
  function_name      = basename(aws_lambda_function.f.function_name)
  authorization_type = "NONE"
}}
resource "aws_s3_bucket_policy" "p" {{
  bucket = element(split(":", aws_s3_bucket.b.arn), 5)
  policy = {open}
}}
"#
    ));
    let function = app.function(&name("aws_lambda_function.f")).expect("the function");
    assert_eq!(function.permissions.len(), 1);
    assert!(function.url.is_some());
    assert_eq!(app.store(&name("aws_s3_bucket.b")).expect("the bucket").policy.len(), 1);
}
