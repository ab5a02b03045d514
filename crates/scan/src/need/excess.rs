//! Permissions that a role has and nothing uses.

use std::collections::BTreeSet;

use serde::Serialize;

use super::passing::passes_role;
use super::{Use, confidence, target::Thing};
use crate::code::{Certainty, Seen};
use crate::facts;
use crate::finding::Confidence;
use crate::graph::{App, Function, Origin, Role, Statement, TriggerKind};
use crate::iam::wildcard::covers_action;
use crate::known::{Known, Name, Text};
use crate::source::Place;

/// A permission that is given and not used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excess {
    /// The action as the statement writes it: `s3:DeleteObject`, `dynamodb:*`.
    pub action: String,
    /// The resource, where only the action on that one is not used.
    pub resource: Option<Text>,
    /// Where it is given.
    pub place: Place,
    /// The policy template that gives it, together with other things.
    pub template: Option<String>,
    /// Actions that would do instead, for a pattern of which some are used. Empty: none is.
    pub used: BTreeSet<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is no more than likely, where it is.
    pub because: Option<String>,
}

/// What a role gives to a function that does not use it.
pub(super) fn of(
    app: &App,
    role: &Role,
    function: &Function,
    uses: &[Use],
    implied: &BTreeSet<String>,
    gaps: &[Seen<String>],
) -> Vec<Excess> {
    let mut found = Vec::new();
    for statement in role.statements.iter().filter(|statement| is_judged(statement)) {
        for setting in &statement.actions {
            let Known::Value(pattern) = &setting.value else { continue };
            if is_quiet(pattern, function, uses, implied) {
                continue;
            }
            let one = Judged { app, function, statement, pattern, place: setting.place };
            found.extend(judge(&one, uses, implied, gaps));
        }
    }
    found
}

/// Statements that somebody wrote for this role: what a framework or the provider puts together is not theirs to cut.
pub(super) fn is_judged(statement: &Statement) -> bool {
    let written = matches!(statement.origin, Origin::Written | Origin::Template(_));
    written && statement.may_allow() && !statement.not_actions && statement.effect.value().is_some()
}

/// Actions that a function's set-up asks for, and those that layers use without the code's help.
fn is_quiet(pattern: &str, function: &Function, uses: &[Use], implied: &BTreeSet<String>) -> bool {
    is_left_alone(pattern, function, uses)
        || pattern.starts_with("logs:")
        || implied.iter().any(|action| covers_action(action, pattern))
}

/// What may be needed though nothing in code or set-up that is read says so: by layers, for keys, for file systems.
pub(super) fn is_left_alone(pattern: &str, function: &Function, uses: &[Use]) -> bool {
    let layered = ["ssm:Get", "secretsmanager:Get", "appconfig:", "xray:", "cloudwatch:Put", "kms:Decrypt"];
    let always = ["xray:", "kms:", "elasticfilesystem:Client"];
    // Nobody needs a permission for it, whether a policy gives one or not.
    pattern.eq_ignore_ascii_case("sts:GetCallerIdentity")
        || always.iter().any(|start| pattern.starts_with(start))
        || pattern == "cloudwatch:PutMetricData"
        || is_used_through_others(pattern, uses)
        || !function.layers.is_empty() && layered.iter().any(|start| pattern.starts_with(start))
}

/// Services that read and write on behalf of whoever calls them, with the caller's own rights: their actions, and what those may need.
/// Source: the service authorization reference of each, on dependent permissions and on access to data in S3.
const ON_BEHALF: [(&str, &[&str]); 13] = [
    ("transcribe:Start", &["s3:"]),
    ("rekognition:", &["s3:"]),
    ("textract:", &["s3:"]),
    ("comprehend:Start", &["s3:"]),
    ("translate:Start", &["s3:"]),
    ("polly:StartSpeechSynthesisTask", &["s3:", "sns:Publish"]),
    ("athena:", &["s3:", "glue:", "lakeformation:GetDataAccess"]),
    (
        "redshift-data:",
        &["redshift:GetClusterCredentials", "redshift-serverless:GetCredentials", "secretsmanager:Get"],
    ),
    ("rds-data:", &["secretsmanager:Get"]),
    ("dynamodb:ExportTableToPointInTime", &["s3:"]),
    ("dynamodb:ImportTable", &["s3:"]),
    ("lambda:UpdateFunctionCode", &["s3:Get", "ecr:"]),
    ("bedrock:", &["s3:", "aws-marketplace:"]),
];

/// Whether something that the code calls may use a permission for it.
fn is_used_through_others(pattern: &str, uses: &[Use]) -> bool {
    if pattern == "iam:PassRole" && uses.iter().any(|used| passes_role(&used.action)) {
        return true;
    }
    let calls = |start: &str| uses.iter().any(|used| used.action.starts_with(start));
    ON_BEHALF.iter().any(|(start, needs)| needs.iter().any(|need| pattern.starts_with(need)) && calls(start))
}

/// Where failed or finished events may go, by settings that are not read.
fn may_be_destination(app: &App, function: &Function, pattern: &str) -> bool {
    const SENDS: [&str; 5] =
        ["sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction", "events:PutEvents", "s3:PutObject"];
    let configured = || {
        app.others.iter().any(|other| {
            other.kind.ends_with("EventInvokeConfig") || other.kind.ends_with("function_event_invoke_config")
        })
    };
    let streams = || {
        app.triggers_of(&function.name)
            .any(|trigger| matches!(trigger.kind, TriggerKind::TableStream | TriggerKind::Stream))
    };
    SENDS.contains(&pattern) && (streams() || configured())
}

/// An action of a statement, and whose.
struct Judged<'a> {
    app: &'a App,
    function: &'a Function,
    statement: &'a Statement,
    pattern: &'a str,
    place: Place,
}

fn judge(one: &Judged<'_>, uses: &[Use], implied: &BTreeSet<String>, gaps: &[Seen<String>]) -> Vec<Excess> {
    let Judged { app, statement, pattern, place, .. } = *one;
    let covered: Vec<&Use> = uses.iter().filter(|used| covers_action(pattern, &used.action)).collect();
    let certain: BTreeSet<String> = covered
        .iter()
        .filter(|used| used.certainty == Certainty::Certain)
        .map(|used| used.action.clone())
        .collect();
    let known = facts::action(pattern).is_some() || pattern.contains(['*', '?']);
    if !known {
        return Vec::new();
    }
    let excess = |resource: Option<Text>, used: BTreeSet<String>, confidence, because| Excess {
        action: pattern.to_owned(),
        resource,
        place,
        template: match &statement.origin {
            Origin::Template(name) => Some(name.clone()),
            _ => None,
        },
        used,
        confidence,
        because,
    };
    let first_gap = gaps.first().map(|gap| gap.value.clone());
    // What the set-up asks for is used too.
    let asked = implied.iter().filter(|action| covers_action(pattern, action)).cloned();
    let used: BTreeSet<String> = covered.iter().map(|used| used.action.clone()).chain(asked).collect();
    if used.is_empty() {
        if let Some(why) = perhaps(one, uses) {
            return vec![excess(None, BTreeSet::new(), Confidence::Likely, Some(why.to_owned()))];
        }
        return vec![excess(None, BTreeSet::new(), confidence(gaps), first_gap)];
    }
    if certain.is_empty() && !covered.is_empty() {
        // Some file that belongs to the function uses it, by a way that was not found.
        let why =
            "code that belongs to the function uses it, though no way from the handler was found".to_owned();
        return vec![excess(None, BTreeSet::new(), Confidence::Likely, Some(why))];
    }
    if pattern.contains(['*', '?']) {
        // Whether there is one more than what is used; counting all actions of `*` would take as long as everything else.
        if facts::actions_matching(pattern).nth(used.len()).is_some() {
            return vec![excess(None, used, confidence(gaps), first_gap)];
        }
    }
    // Used, but not on each thing of the app that the statement names.
    if covered.iter().any(|used| used.thing == Thing::Unknown || used.thing == Thing::Nothing) {
        return Vec::new();
    }
    let idle = statement.resources.iter().filter(|resource| {
        only_own(app, resource)
            .is_some_and(|name| !covered.iter().any(|used| used.thing.own() == Some(&name)))
    });
    let whole = statement.resources.len();
    let idle: Vec<&Text> = idle.collect();
    if idle.is_empty() || whole < 2 && idle.len() < whole {
        return Vec::new();
    }
    idle.into_iter()
        .map(|resource| excess(Some(resource.clone()), BTreeSet::new(), confidence(gaps), first_gap.clone()))
        .collect()
}

/// Why an action that nothing uses may still be needed.
fn perhaps(one: &Judged<'_>, uses: &[Use]) -> Option<&'static str> {
    let reads = |used: &Use| matches!(used.action.as_str(), "s3:GetObject" | "s3:GetObjectVersion");
    if one.pattern == "s3:ListBucket" && uses.iter().any(reads) {
        return Some("without it an object that is not there is refused instead of missing");
    }
    let destination = may_be_destination(one.app, one.function, one.pattern);
    destination.then_some("where its failed or finished events go is not read")
}

/// The thing of the app that a resource is, or is within.
fn only_own(app: &App, resource: &Text) -> Option<Name> {
    let mut named = resource.references();
    let (first, second) = (named.next()?, named.next());
    let exists = app.store(first).is_some() || app.secret(first).is_some() || app.function(first).is_some();
    (second.is_none() && exists).then(|| first.clone())
}
