//! A file of findings that are known, so that only new ones count.
//!
//! Invariants: a finding is known only while it touches nothing new (another open route of an interface whose open routes are known is new),
//! is no worse than it was, lets in no more and speaks of the same secret; each known finding stands for one found; the file has no secret
//! in it, only what tells it from others. The file is
//! `{ "version": 3, "findings": { id: [{ "touches": […], "severity": "high", "secret": "1f6a", "grants": { name: [0] } }] }, "policies": { name: … } }`;
//! `grants` names the policies that a finding speaks of and which of their statements (`null`: all).
//! Not here: what more is (`growth`), reading and writing files (`cli`).

mod growth;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::report::{AppReport, Found, Policies, Report, Spoken};

/// The shape's version.
const VERSION: u32 = 3;

/// What is said when nothing of a baseline is there.
const MOVED: &str = "Nothing of the baseline was found again. Ids hold for the folder that was scanned when it was written: \
    was that another one?";

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    /// By the id of the first finding of their rule and cause.
    findings: BTreeMap<String, Vec<Known>>,
    /// The policies that they speak of, each once.
    #[serde(default)]
    policies: Policies,
}

/// What is known of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Known {
    touches: BTreeSet<String>,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    grants: Spoken,
}

impl Known {
    fn of(app: &AppReport, found: &Found) -> Self {
        let grants = found.grants.iter().map(|(name, which)| (named(app, name), which.clone()));
        Self {
            touches: touched(found),
            severity: found.severity,
            secret: found.secret.clone(),
            grants: grants.collect(),
        }
    }
}

/// What a policy is called among those of all apps.
fn named(app: &AppReport, policy: &str) -> String {
    format!("{}: {policy}", app.identity)
}

/// A comparison of an app's findings with what is known.
struct Comparison<'b> {
    baseline: &'b Baseline,
    /// Which policies let in more as a whole: many findings may speak of one.
    grew: BTreeMap<String, bool>,
}

impl Comparison<'_> {
    /// Whether a finding is a known one and nothing more.
    fn holds(&mut self, known: &Known, found: &Found, now: &Known, policies: &Policies) -> bool {
        now.touches.is_subset(&known.touches)
            && now.severity <= known.severity
            && now.secret == known.secret
            && found.grants.iter().zip(&now.grants).all(|((local, which), (name, _))| {
                let known = known.grants.get(name);
                let before = self.baseline.policies.get(name).zip(known);
                let (Some((before, of_before)), Some(after)) = (before, policies.get(local)) else {
                    return false;
                };
                let grew = || growth::grew((before, of_before.as_ref()), (after, which.as_ref()));
                match (which, of_before) {
                    (None, None) => !*self.grew.entry(name.clone()).or_insert_with(grew),
                    _ => !grew(),
                }
            })
    }
}

/// Known findings that stand for none that was found yet; alike ones are counted.
struct Left<'b>(BTreeMap<&'b str, BTreeMap<&'b Known, usize>>);

impl<'b> Left<'b> {
    fn of(baseline: &'b Baseline) -> Self {
        let mut left: BTreeMap<&str, BTreeMap<&Known, usize>> = BTreeMap::new();
        for (family, known) in &baseline.findings {
            let alike = left.entry(family).or_default();
            known.iter().for_each(|known| *alike.entry(known).or_default() += 1);
        }
        Self(left)
    }

    /// Takes one of a family that holds, if there is one: just this one, or any.
    fn take(&mut self, family: &str, this: Option<&Known>, mut holds: impl FnMut(&Known) -> bool) -> bool {
        let Some(candidates) = self.0.get_mut(family) else { return false };
        let found = match this {
            Some(this) => {
                candidates.get_key_value(this).map(|(known, _)| *known).filter(|known| holds(known))
            }
            None => candidates.keys().copied().find(|known| holds(known)),
        };
        let Some(count) = found.and_then(|known| candidates.get_mut(known)) else { return false };
        *count -= 1;
        if *count == 0 {
            found.map(|known| candidates.remove(known));
        }
        true
    }
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no document of this shape.
    #[error("it is no baseline: {0}")]
    Foreign(#[from] serde_json::Error),
    /// Another release wrote it.
    #[error(
        "it has version {0}, and this Casemate reads version {VERSION}: look through what is found, then write it anew"
    )]
    Version(u32),
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Findings that the baseline does not know.
    pub new: usize,
    /// Findings that it knows.
    pub known: usize,
    /// Findings that it knows and that are gone.
    pub gone: usize,
}

fn touched(found: &Found) -> BTreeSet<String> {
    let related = found.related.iter().map(|(_, shows)| shows.clone());
    found.subjects.iter().cloned().chain(related).collect()
}

impl Baseline {
    /// Everything that a report finds.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let mut baseline = Self { version: VERSION, ..Self::default() };
        for app in &report.apps {
            for found in &app.findings {
                let known = Known::of(app, found);
                for (local, name) in found.grants.keys().zip(known.grants.keys()) {
                    let policy = app.policies.get(local).filter(|_| !baseline.policies.contains_key(name));
                    baseline.policies.extend(policy.map(|policy| (name.clone(), policy.clone())));
                }
                baseline.findings.entry(found.family.clone()).or_default().push(known);
            }
        }
        baseline
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        match serde_json::from_str::<Version>(text)?.version {
            VERSION => Ok(serde_json::from_str(text)?),
            version => Err(BaselineError::Version(version)),
        }
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts in maps and sets can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Marks what is known in a report, and remarks on a file of something else.
    pub fn apply(&self, report: &mut Report) -> Compared {
        let mut compared = Compared::default();
        report.compared = true;
        let mut comparison = Comparison { baseline: self, grew: BTreeMap::new() };
        let mut left = Left::of(self);
        let mut met: BTreeMap<String, usize> = BTreeMap::new();
        for app in &mut report.apps {
            let now: Vec<Known> = app.findings.iter().map(|found| Known::of(app, found)).collect();
            // What is as it was takes its own place before what is less than it was takes another's.
            for exactly in [true, false] {
                for (found, now) in app.findings.iter_mut().zip(&now).filter(|(found, _)| !found.known) {
                    let holds = |known: &Known| comparison.holds(known, found, now, &app.policies);
                    found.known = left.take(&found.family, exactly.then_some(now), holds);
                }
            }
            for found in &app.findings {
                *met.entry(found.family.clone()).or_default() += 1;
                *if found.known { &mut compared.known } else { &mut compared.new } += 1;
            }
        }
        let gone = |(id, known): (&String, &Vec<Known>)| {
            known.len().saturating_sub(met.get(id).copied().unwrap_or(0))
        };
        compared.gone = self.findings.iter().map(gone).sum();
        let moved = compared.known == 0 && compared.new > 0 && compared.gone > 0;
        report.remarks.extend(moved.then(|| MOVED.to_owned()));
        compared
    }
}

#[cfg(test)]
mod tests {
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
        for version in [1, 2, 4] {
            let text = format!("{{\"version\":{version},\"findings\":{{\"id\":[\"x\"]}}}}");
            let error = Baseline::parse(&text).unwrap_err().to_string();
            assert!(error.contains("write it anew"), "{error}");
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
            let new =
                after.findings().filter(|(_, found)| !found.known && found.rule.id == "wildcard-action");
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
}
