//! Instances of one block, as `count` and `for_each` make them: what is wrong with the block is one cause, and told once.
//!
//! Invariant: only findings that are alike but for which instance they are of, at the same place, are told together. Not here: instances that are themselves the matter, such as routes (the rules name those together).

use std::collections::BTreeMap;

use super::words::list;
use crate::finding::{Confidence, Finding, Severity, without_instances};
use crate::known::Name;
use crate::source::Place;

/// How many others are named in a sentence.
const NAMED: usize = 5;

/// Tells findings together that are of instances of one block.
pub(crate) fn together(findings: &mut Vec<Finding>) {
    type Alike = (&'static str, Place, Severity, Confidence, String, String);
    let mut first: BTreeMap<Alike, usize> = BTreeMap::new();
    let mut kept: Vec<(Finding, Vec<Name>)> = Vec::with_capacity(findings.len());
    for finding in std::mem::take(findings) {
        // What is said of the one has to hold for the other.
        let (cause, said) = (finding.bare_cause(), without_instances(&finding.message));
        let alike = (finding.rule.id, finding.place, finding.severity, finding.confidence, cause, said);
        if let Some((known, others)) = first.get(&alike).and_then(|at| kept.get_mut(*at))
            && known.secret == finding.secret
        {
            add(known, others, finding);
            continue;
        }
        first.insert(alike, kept.len());
        kept.push((finding, Vec::new()));
    }
    findings.extend(kept.into_iter().map(|(mut finding, others)| {
        if !others.is_empty() {
            let names = list(others.iter().take(NAMED).map(Name::as_str));
            let more = match others.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            finding.message.push_str(&format!(" The same holds for {names}{more}."));
        }
        finding
    }));
}

fn add(known: &mut Finding, others: &mut Vec<Name>, finding: Finding) {
    if finding.cause != known.cause && !known.alike.contains(&finding.cause) {
        known.alike.push(finding.cause);
    }
    for name in finding.subjects {
        if !known.subjects.contains(&name) {
            others.push(name.clone());
            known.subjects.push(name);
        }
    }
    for seen in finding.related {
        if !known.related.contains(&seen) {
            known.related.push(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::inspect::{Dependencies, Options, inspect};
    use crate::source::SourceTree;

    #[test]
    fn a_block_with_many_instances_is_told_of_once() {
        let found = |keys: &str| {
            let text = format!(
                r#"
resource "aws_iam_role" "r" {{
  for_each           = toset([{keys}])
  name               = each.key
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "lambda.amazonaws.com" }} }}] }})
  inline_policy {{
    policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = ["dynamodb:*", "logs:*"], Resource = "*" }}] }})
  }}
}}
resource "aws_lambda_function" "f" {{
  for_each      = toset([{keys}])
  function_name = each.key
  role          = aws_iam_role.r[each.key].arn
  runtime       = "nodejs24.x"
}}
"#
            );
            let mut tree = SourceTree::new();
            tree.add("main.tf", text.into_bytes());
            let report = inspect(&tree, &Dependencies::default(), &Options::default());
            let found = report.findings().filter(|(_, found)| found.rule.id == "wildcard-action");
            found
                .map(|(_, found)| (found.id.clone(), found.subjects.len(), found.message.clone()))
                .collect::<Vec<_>>()
        };
        let (one, three) = (found("\"a\""), found("\"a\", \"b\", \"c\""));
        assert_eq!((one.len(), three.len()), (1, 1), "{three:?}");
        assert_eq!(one[0].0, three[0].0, "the id stays");
        assert!(three[0].1 > one[0].1, "{three:?}");
        assert!(three[0].2.contains(" The same holds for "), "{}", three[0].2);
    }

    #[test]
    fn instances_of_which_something_else_is_true_stand_apart() {
        let found = |second: &str| {
            let text = format!(
                r#"
resource "aws_iam_role" "r" {{
  for_each           = {{ a = "dynamodb:*", b = "{second}" }}
  name               = each.key
  assume_role_policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "lambda.amazonaws.com" }} }}] }})
  inline_policy {{
    policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = [each.value, "logs:*"], Resource = "*" }}] }})
  }}
}}
resource "aws_lambda_function" "f" {{
  for_each      = toset(["a", "b"])
  function_name = each.key
  role          = aws_iam_role.r[each.key].arn
  runtime       = "nodejs24.x"
}}
"#
            );
            let mut tree = SourceTree::new();
            tree.add("main.tf", text.into_bytes());
            let report = inspect(&tree, &Dependencies::default(), &Options::default());
            let found = report.findings().filter(|(_, found)| found.rule.id == "wildcard-action");
            found.map(|(_, found)| found.message.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found("dynamodb:*").len(), 1);
        let apart = found("s3:*");
        assert_eq!(apart.len(), 2, "{apart:?}");
        assert!(apart.iter().any(|said| said.contains("`s3`")), "{apart:?}");
    }

    #[test]
    fn the_same_of_the_same_thing_is_told_once() {
        let found = |text: &str| {
            let mut tree = SourceTree::new();
            let function = "resource \"aws_lambda_function\" \"f\" {\n  function_name = \"f\"\n  runtime = \"nodejs24.x\"\n}\n";
            tree.add("main.tf", format!("{function}{text}").into_bytes());
            let report = inspect(&tree, &Dependencies::default(), &Options::default());
            report.findings().filter(|(_, found)| found.rule.id == "open-permission").count()
        };
        let permission = |name: &str, count: &str| {
            format!(
                "resource \"aws_lambda_permission\" \"{name}\" {{\n{count}  function_name = aws_lambda_function.f.function_name\n  action = \"lambda:InvokeFunction\"\n  principal = \"*\"\n}}\n"
            )
        };
        assert_eq!(found(&permission("p", "  count = 4\n")), 1);
        // Two blocks are two places to mend.
        assert_eq!(found(&format!("{}{}", permission("p", ""), permission("q", ""))), 2);
    }
}
