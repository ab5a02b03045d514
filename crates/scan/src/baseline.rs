//! A file of findings that are known, so that only new ones count.
//!
//! Invariants: a finding is known only while it touches nothing new (another open route of an interface whose open routes are known is new),
//! is no worse than it was, grants no more and speaks of the same secret; the file has no secret in it, only what tells it from others. The file is
//! `{ "version": 2, "findings": { id: { "touches": […], "severity": "high", "secret": "1f6a" } } }`; version 1 has what is touched alone.
//! Not here: reading and writing files (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::report::{Found, Report};

/// The shape's version.
const VERSION: u32 = 2;
/// The version before there were severities and secrets in it, which is still read.
const BARE_VERSION: u32 = 1;
/// What is said of such a file.
const BARE: &str = "The baseline was written by an older Casemate: it does not say how bad its findings were, nor which secrets they \
    were about. Write it anew with `--write-baseline`.";

/// What is said when nothing of a baseline is there.
const MOVED: &str = "Nothing of the baseline was found again. Ids hold for the folder that was scanned when it was written: \
    was that another one?";

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    findings: BTreeMap<String, Known>,
}

/// What is known of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
struct Known {
    touches: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// What the statements allow that it speaks of; files of before do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<BTreeSet<String>>,
}

/// How that is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Bare(BTreeSet<String>),
    Full {
        touches: BTreeSet<String>,
        severity: Option<Severity>,
        secret: Option<String>,
        grants: Option<BTreeSet<String>>,
    },
}

impl From<Written> for Known {
    fn from(written: Written) -> Self {
        match written {
            Written::Bare(touches) => Self { touches, severity: None, secret: None, grants: None },
            Written::Full { touches, severity, secret, grants } => Self { touches, severity, secret, grants },
        }
    }
}

impl Known {
    fn of(found: &Found) -> Self {
        let grants: BTreeSet<String> = found.grants.iter().cloned().collect();
        Self {
            touches: touched(found),
            severity: Some(found.severity),
            secret: found.secret.clone(),
            grants: (!grants.is_empty()).then_some(grants),
        }
    }

    /// Whether a finding is this one and nothing more. A bare one says nothing of severities and secrets.
    fn holds(&self, found: &Found, bare: bool) -> bool {
        touched(found).is_subset(&self.touches)
            && self.severity.is_none_or(|severity| found.severity <= severity)
            && self.grants.as_ref().is_none_or(|known| found.grants.iter().all(|grant| known.contains(grant)))
            && (bare || self.secret == found.secret)
    }
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no document of this shape.
    #[error("it is no baseline: {0}")]
    Foreign(#[from] serde_json::Error),
    /// Another release wrote it.
    #[error("it has version {0}; this Casemate reads version {VERSION}")]
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
        let findings = report.findings().map(|(_, found)| (found.id.clone(), Known::of(found))).collect();
        Self { version: VERSION, findings }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        match baseline.version {
            BARE_VERSION | VERSION => Ok(baseline),
            version => Err(BaselineError::Version(version)),
        }
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts in maps and sets can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Marks what is known in a report, and remarks on a file that says too little.
    pub fn apply(&self, report: &mut Report) -> Compared {
        let mut compared = Compared::default();
        report.compared = true;
        let bare = self.version == BARE_VERSION;
        report.remarks.extend(bare.then(|| BARE.to_owned()));
        let mut seen = BTreeSet::new();
        for found in report.apps.iter_mut().flat_map(|app| &mut app.findings) {
            let known = self.findings.get(&found.id);
            found.known = known.is_some_and(|known| known.holds(found, bare));
            seen.extend(known.is_some().then(|| found.id.clone()));
            *if found.known { &mut compared.known } else { &mut compared.new } += 1;
        }
        compared.gone = self.findings.len() - seen.len();
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
        assert!(Baseline::parse("{\"version\":3,\"findings\":{}}").is_err());
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
        // A file of before says nothing of it.
        let mut old = Baseline::of(&before);
        old.findings.values_mut().for_each(|known| known.grants = None);
        let mut after = report_of(&with("'sqs:ReceiveMessage', 'sqs:SendMessage'"));
        Baseline::parse(&old.text()).unwrap().apply(&mut after);
        assert!(after.findings().filter(|(_, found)| found.rule.id == rule).all(|(_, found)| found.known));
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
        assert!(text.contains("s3:getobject if ") && !text.contains("h0rse"), "{text}");
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

    #[test]
    fn a_file_of_version_1_is_read_with_a_remark() {
        let mut report = report(&["a"]);
        let found = &report.apps[0].findings[0];
        let touched: Vec<_> = touched(found).into_iter().collect();
        let file = serde_json::json!({ "version": 1, "findings": { found.id.as_str(): touched } });
        let baseline = Baseline::parse(&file.to_string()).unwrap();
        assert_eq!(baseline.apply(&mut report), Compared { new: 0, known: 1, gone: 0 });
        assert_eq!(report.remarks, [BARE]);
        // One of today has nothing to remark on.
        let baseline = Baseline::of(&report);
        report.remarks.clear();
        baseline.apply(&mut report);
        assert!(report.remarks.is_empty());
    }
}
