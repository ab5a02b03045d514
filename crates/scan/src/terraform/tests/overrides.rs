//! Override files, which change what the other files of a module declare.

use super::*;

const FUNCTION: &str = r#"
resource "aws_lambda_function" "f" {
  function_name = var.name
  handler       = "i.h"
  runtime       = "nodejs24.x"
  filename      = "x.zip"
  role          = "arn:aws:iam::1:role/x"
}
resource "aws_lambda_function_url" "u" {
  function_name      = aws_lambda_function.f.function_name
  authorization_type = "AWS_IAM"
  cors {
    allow_origins = ["https://shop.example"]
  }
  cors {
    allow_origins = ["https://other.example"]
  }
}
variable "name" {
  type    = string
  default = "f"
}
"#;

/// The function's URL: who may call it, and which origins its first CORS settings name.
fn url(files: &[(&str, &str)]) -> (Access, Vec<String>, String) {
    let mut all = vec![("main.tf", FUNCTION)];
    all.extend_from_slice(files);
    let (_, app) = read_one(&all);
    let function = &app.functions[0];
    let url = function.url.as_ref().unwrap();
    let origins = url.cors.iter().flat_map(|cors| &cors.origins).map(|origin| format!("{origin:?}"));
    let name = function.physical.as_ref().unwrap().to_string();
    (url.access.known().unwrap().clone(), origins.collect(), name)
}

#[test]
fn what_an_override_says_counts() {
    let (access, origins, name) = url(&[]);
    assert_eq!((access, origins.len(), name.as_str()), (Access::Iam, 1, "f"));
    let open = "resource \"aws_lambda_function_url\" \"u\" {\n  authorization_type = \"NONE\"\n}";
    // By name it stands before the file that it changes.
    for path in ["a_override.tf", "override.tf", "z_override.tf", "override.tofu"] {
        assert_eq!(url(&[(path, open)]).0, Access::Anyone, "{path}");
    }
    let json = r#"{"resource": {"aws_lambda_function_url": {"u": {"authorization_type": "NONE"}}}}"#;
    assert_eq!(url(&[("override.tf.json", json)]).0, Access::Anyone);
    // The last one by name wins.
    let closed = open.replace("NONE", "AWS_IAM");
    assert_eq!(url(&[("a_override.tf", open), ("b_override.tf", &closed)]).0, Access::Iam);
    // What is no override file is a second declaration, which counts for nothing here.
    assert_eq!(url(&[("overrides.tf", open)]).0, Access::Iam);
}

#[test]
fn nested_blocks_variables_and_locals() {
    let cors = "resource \"aws_lambda_function_url\" \"u\" {\n  cors {\n    allow_origins = [\"*\"]\n  }\n}";
    let (access, origins, _) = url(&[("override.tf", cors)]);
    assert_eq!(access, Access::Iam, "what the override does not say stays");
    assert!(origins.len() == 1 && origins[0].contains('*'), "{origins:?}");
    assert_eq!(url(&[("override.tf", "variable \"name\" {\n  default = \"g\"\n}")]).2, "g");
    let local = ("locals.tf", "locals {\n  name = \"one\"\n  other = 1\n}");
    let uses = ("a_override.tf", "resource \"aws_lambda_function\" \"f\" {\n  function_name = local.name\n}");
    assert_eq!(url(&[local, uses]).2, "one");
    assert_eq!(url(&[local, uses, ("b_override.tf", "locals {\n  name = \"two\"\n}")]).2, "two");
}

#[test]
fn an_override_of_nothing_is_read_all_the_same() {
    let alone = ("override.tf", "resource \"aws_sqs_queue\" \"q\" {\n  name = \"q\"\n}");
    let (_, app) = read_one(&[("main.tf", FUNCTION), alone]);
    assert_eq!(app.stores.len(), 1);
}

/// What is wrong with a tree, by rule, with the beginning of what is said.
fn found(files: &[(&str, &str)]) -> Vec<(&'static str, bool)> {
    use crate::inspect::{Dependencies, Options, inspect};
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    assert!(report.unread.is_empty() && report.apps.len() == 1, "{:?}", report.unread);
    let told =
        |found: &crate::report::Found| (found.rule.id, found.message.starts_with("When Terraform reads"));
    report.apps[0].findings.iter().map(told).collect()
}

#[test]
fn each_tool_reads_its_own_files() {
    const CLOSED: &str = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n}\n";
    const OPEN: &str =
        "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n  acl = \"public-read-write\"\n}\n";
    const JSON: &str =
        r#"{"resource": {"aws_s3_bucket": {"b": {"bucket": "x", "acl": "public-read-write"}}}}"#;
    let check =
        |files: &[(&str, &str)], expect: &[(&str, bool)]| assert_eq!(found(files), expect, "{files:?}");
    check(&[("main.tf", OPEN)], &[("open-store", false)]);
    check(&[("main.tofu", OPEN)], &[("open-store", false)]);
    // Neither file hides the other: each is what is deployed, by one of the tools.
    check(&[("main.tf", CLOSED), ("main.tofu", OPEN)], &[("open-store", false)]);
    check(&[("main.tf", OPEN), ("main.tofu", CLOSED)], &[("open-store", true)]);
    check(&[("main.tf.json", JSON), ("main.tofu.json", "{}"), ("b.tofu", CLOSED)], &[("open-store", true)]);
    check(&[("main.tf", OPEN), ("main.tofu", OPEN)], &[("open-store", false)]);
    check(&[("main.tf", CLOSED), ("main.tofu", CLOSED)], &[]);
    // A file with a name of its own adds to what OpenTofu reads.
    let opened =
        "resource \"aws_s3_bucket_acl\" \"a\" {\n  bucket = aws_s3_bucket.b.id\n  acl = \"public-read\"\n}\n";
    check(&[("main.tf", CLOSED), ("more.tofu", opened)], &[("open-store", false)]);
}
