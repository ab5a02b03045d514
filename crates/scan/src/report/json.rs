//! The report for programs.
//!
//! Invariant: `version` changes when a field changes its meaning or goes; new fields may come at any time. Not here: the report itself
//! (`report`), formats that others define (`sarif`, CycloneDX).
//!
//! ```text
//! { "version": 1, "files": 12,
//!   "summary": { "critical": 0, "high": 1, "medium": 0, "low": 2, "hygiene": 0 },
//!   "new": { as "summary", with a baseline only: what it does not know },
//!   "apps": [ { "name", "framework", "path",
//!     "entries":    [ { "what", "kind", "function", "who", "open", "at" } ],
//!     "findings":   [ { "id", "rule", "severity", "confidence", "message", "subjects", "at", "code", "related", "change", "known", "grown" } ],
//!     "suppressed": [ { "finding", "reason", "until", "at" } ],
//!     "unknowns":   [ { "at", "subject", "text" } ],
//!     "needs":      [ { "function", "role", "at", "read",
//!       "uses":    [ { "action", "on", "certainty", "at" } ],
//!       "missing": [ { "action", "on", "message", "confidence", "because", "at" } ],
//!       "excess":  [ { "action", "resource", "template", "instead", "confidence", "because", "at" } ],
//!       "implied", "policy": { "framework", "text", "empty" }, "gaps": [ { "at", "subject", "text" } ] } ],
//!     "assessment": { "score": { "points", "grade", "reasons" }, "left_out",
//!       "paths": [ { "risk", "reached", "steps": [ { "kind", "name", "text", "places": [ at ], "certain" } ], "needs", "unknown", … } ],
//!       "best_change": { "text", "place": at, "remaining", "saved" } } } ],
//!   "unread": [ { "at", "subject", "text" } ], "remarks": [ "…" ],
//!   "rules":  [ { "id", "title", "severity", "sas", "owasp", "attack", "cwe" } ] }
//! ```
//! `at` is `{ "path", "line", "column", "end_line", "end_column" }`, counted from one; `rules` are those of the findings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::text::word;
use super::{AppReport, Found, Report};
use crate::finding::{Rule, Severity};
use crate::source::Place;

/// The shape's version.
pub const VERSION: u32 = 1;

/// The whole report as one document.
#[must_use]
pub fn json(report: &Report) -> Value {
    let counts = |is_counted: fn(&Found) -> bool| -> Value {
        let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Hygiene];
        let count = |severity: Severity| {
            report.findings().filter(|(_, found)| found.severity == severity && is_counted(found)).count()
        };
        all.into_iter().map(|severity| (word(severity).to_owned(), Value::from(count(severity)))).collect()
    };
    let named: BTreeSet<&str> = report.findings().map(|(_, found)| found.rule.id).collect();
    let rules: Vec<Value> = named.into_iter().filter_map(crate::rules::catalogue::rule).map(rule).collect();
    // The report is made of strings, numbers and lists: nothing in it cannot be written.
    let part = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
    let app = |app: &AppReport| {
        let mut value = part(serde_json::to_value(app));
        if let Some(assessment) = value.get_mut("assessment") {
            locate(assessment, app);
        }
        value
    };
    let mut document = json!({
        "version": VERSION,
        "files": report.files,
        "summary": counts(|_| true),
        "apps": report.apps.iter().map(app).collect::<Vec<_>>(),
        "unread": part(serde_json::to_value(&report.unread)),
        "remarks": report.remarks,
        "rules": rules,
    });
    if let (true, Some(document)) = (report.compared, document.as_object_mut()) {
        document.insert("new".to_owned(), counts(|found| !found.known));
    }
    document
}

/// Writes places of the tree as readers find them.
fn locate(assessment: &mut Value, app: &AppReport) {
    let at = |place: &Place| app.spots.get(place).and_then(|spot| serde_json::to_value(spot).ok());
    for (path, value) in app.assessment.paths.iter().zip(list(assessment, "paths")) {
        for (step, value) in path.steps.iter().zip(list(value, "steps")) {
            set(Some(value), "places", step.places.iter().filter_map(at).collect());
        }
    }
    if let Some(change) = &app.assessment.best_change {
        set(assessment.get_mut("best_change"), "place", at(&change.place).unwrap_or_default());
    }
}

/// Puts a member in the place of another; what is no object keeps what it is.
fn set(object: Option<&mut Value>, key: &str, value: Value) {
    if let Some(member) = object.and_then(|object| object.get_mut(key)) {
        *member = value;
    }
}

fn list<'v>(value: &'v mut Value, key: &str) -> std::slice::IterMut<'v, Value> {
    value.get_mut(key).and_then(Value::as_array_mut).map(|list| list.iter_mut()).unwrap_or_default()
}

/// A rule without its explanation.
fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "sas": rule.sas,
        "owasp": rule.owasp,
        "attack": rule.attack,
        "cwe": rule.cwe,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Dependencies, Options, inspect};
    use crate::source::SourceTree;

    #[test]
    fn the_document_says_its_version_and_counts() {
        let mut tree = SourceTree::new();
        let template =
            "Resources:\n  Data:\n    Type: AWS::EFS::FileSystem\n    Properties: { Encrypted: false }\n";
        tree.add("template.yaml", template.as_bytes().to_vec());
        let document = json(&inspect(&tree, &Dependencies::default(), &Options::default()));
        assert_eq!(document["version"], VERSION);
        assert_eq!(document["summary"]["medium"], 1, "{document}");
        let finding = &document["apps"][0]["findings"][0];
        assert_eq!(finding["rule"], "unencrypted-store");
        assert_eq!(finding["at"]["path"], "template.yaml");
        assert_eq!(document["rules"][0]["id"], "unencrypted-store");
    }

    #[test]
    fn paths_say_where_their_steps_stand() {
        let mut tree = SourceTree::new();
        let template = "Resources:
  Q: { Type: AWS::SQS::Queue }
  Open:
    Type: AWS::SQS::QueuePolicy
    Properties: { Queues: [!Ref Q], PolicyDocument: { Statement: [{ Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: '*' }] } }
";
        tree.add("template.yaml", template.as_bytes().to_vec());
        let document = json(&inspect(&tree, &Dependencies::default(), &Options::default()));
        let assessment = &document["apps"][0]["assessment"];
        let steps = assessment["paths"][0]["steps"].as_array().unwrap();
        let places: Vec<&Value> = steps.iter().flat_map(|step| step["places"].as_array().unwrap()).collect();
        assert!(!places.is_empty(), "{assessment}");
        for at in places.into_iter().chain([&assessment["best_change"]["place"]]) {
            assert_eq!(
                (&at["path"], at["line"].as_u64() > Some(1)),
                (&"template.yaml".into(), true),
                "{assessment}"
            );
        }
    }
}
