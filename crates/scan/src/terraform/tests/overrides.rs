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
