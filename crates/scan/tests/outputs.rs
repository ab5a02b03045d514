//! The outputs, on the labelled apps and on names that were made to break out of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by panicking"
)]

use casemate_scan::facts::Day;
use casemate_scan::inspect::{Dependencies, Options, inspect};
use casemate_scan::report::{Report, html, markdown, sarif};
use casemate_scan::source::SourceTree;
use serde_json::Value;

fn report(template: &str) -> Report {
    let mut tree = SourceTree::new();
    tree.add("a b/template.yaml", template.as_bytes().to_vec());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    inspect(&tree, &Dependencies::default(), &options)
}

/// An app whose every text tries to leave its place in a page.
const HOSTILE: &str = r##"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: "</style><script>alert(1)</script>"
Resources:
  "Run<img src=x onerror=alert(2)>":
    Type: AWS::Serverless::Function
    Properties:
      Runtime: "nodejs14.x"
      Handler: "index.handler"
      InlineCode: "x"
      Policies: [AdministratorAccess]
      Environment: { Variables: { "A`](javascript:alert(3))": "sk_live_51MzQv8Kx7TtYbW2nPq9RsUvA" } }
      Events:
        Go: { Type: Api, Properties: { Path: "/\"><svg onload=alert(4)>|", Method: post } }
"##;

#[test]
fn no_name_of_a_file_leaves_its_place_in_a_page() {
    let report = report(HOSTILE);
    assert!(report.findings().count() >= 3, "control: there is something to show");
    let page = html::html(&report);
    assert!(page.contains("Run&lt;img"), "control: the name is shown");
    assert!(page.contains("default-src 'none'"), "the page forbids itself scripts");
    for tag in ["<script", "<img", "<svg onload", "javascript:alert(3)\""] {
        assert!(!page.contains(tag), "{tag}");
    }
    let page = markdown::markdown(&report);
    assert!(page.contains("Run"), "control: the name is shown");
    // Outside of code nothing of it may be a tag or a link.
    let mut fenced = false;
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        let outside = line.split('`').step_by(2).collect::<String>().replace("\\<", "").replace("\\]", "");
        assert!(fenced || !outside.contains("<img") && !outside.contains("](java"), "{line}");
    }
}

#[test]
fn a_secret_stands_in_no_output() {
    let report = report(HOSTILE);
    for output in [html::html(&report), markdown::markdown(&report), sarif::sarif(&report)] {
        assert!(!output.contains("51MzQv8Kx7TtYbW2nPq9RsUvA"));
    }
}

#[test]
fn sarif_names_every_rule_and_place() {
    let report = report(HOSTILE);
    let document: Value = serde_json::from_str(&sarif::sarif(&report)).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings().count());
    let mut fingerprints = std::collections::BTreeSet::new();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["fullDescription"]["text"].as_str().unwrap().len() > 80);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/template.yaml");
        let region = &place["region"];
        let number = |key: &str| region[key].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{region}");
        assert!(
            (number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")),
            "{region}"
        );
        assert!(fingerprints.insert(result["partialFingerprints"]["casemate/v1"].to_string()), "{result}");
    }
}

#[test]
fn an_app_without_findings_says_so() {
    let report = report(
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Rows:\n    Type: AWS::SQS::Queue\n  F:\n    Type: AWS::Lambda::Function\n    Properties: { Runtime: nodejs22.x, Handler: a.b, Role: 'arn:aws:iam::111122223333:role/a', Code: { ZipFile: '1' } }\n",
    );
    assert!(html::html(&report).contains("</html>"));
    assert!(sarif::sarif(&report).contains("\"results\""));
    assert!(markdown::markdown(&report).starts_with("# Casemate scan"));
}
