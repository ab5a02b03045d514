use super::*;
use crate::facts::Day;
use crate::inspect::{Dependencies, Options, inspect};
use crate::source::SourceTree;

#[test]
fn words_are_wrapped_and_long_ones_stand_alone() {
    let check = |text: &str, width, wanted: &[&str]| assert_eq!(wrap(text, width), wanted);
    check("", 10, &[""]);
    check("one two three", 7, &["one two", "three"]);
    check("a-very-long-word b", 5, &["a-very-long-word", "b"]);
}

#[test]
fn a_finding_says_what_why_where_and_how() {
    let mut tree = SourceTree::new();
    let template = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Create:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: index.handler
      InlineCode: exports.handler = async () => 1
      ReservedConcurrentExecutions: 5
      Policies: [{ DynamoDBCrudPolicy: { TableName: !Ref Orders } }]
      Events:
        Post:
          Type: Api
          Properties: { Path: /orders, Method: post }
  Orders:
    Type: AWS::Serverless::SimpleTable
";
    tree.add("template.yaml", template.as_bytes().to_vec());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    insta::assert_snapshot!(text(&inspect(&tree, &Dependencies::default(), &options), 100, &Plain));
}
