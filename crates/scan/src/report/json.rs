//! The report for programs.
//!
//! Invariant: `version` changes when a field changes its meaning or goes; new fields may come at any time. Not here: the report itself
//! (`report`), formats that others define (`sarif`, CycloneDX).
//!
//! ```text
//! { "version": 1, "files": 12,
//!   "summary": { "critical": 0, "high": 1, "medium": 0, "low": 2, "hygiene": 0 },
//!   "apps": [ { "name", "framework", "path",
//!     "entries":    [ { "what", "kind", "function", "who", "open", "at" } ],
//!     "findings":   [ { "id", "rule", "severity", "confidence", "message", "subjects", "at", "code", "related", "change", "known", "grown" } ],
//!     "suppressed": [ { "finding", "reason", "until", "at" } ],
//!     "unknowns":   [ { "at", "subject", "text" } ],
//!     "needs":      [ { "function", "role", "at", "read",
//!       "uses":    [ { "action", "on", "certainty", "at" } ],
//!       "missing": [ { "action", "on", "message", "confidence", "because", "at" } ],
//!       "excess":  [ { "action", "resource", "template", "instead", "confidence", "because", "at" } ],
//!       "implied", "policy": { "framework", "text", "empty" }, "gaps": [ { "at", "subject", "text" } ] } ] } ],
//!   "unread": [ { "at", "subject", "text" } ], "remarks": [ "…" ],
//!   "rules":  [ { "id", "title", "severity", "sas", "owasp", "attack", "cwe" } ] }
//! ```
//! `at` is `{ "path", "line", "column", "end_line", "end_column" }`, counted from one; `rules` are those of the findings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Report;
use super::text::word;
use crate::finding::{Rule, Severity};

/// The shape's version.
pub const VERSION: u32 = 1;

/// The whole report as one document.
#[must_use]
pub fn json(report: &Report) -> Value {
    let count =
        |severity: Severity| report.findings().filter(|(_, found)| found.severity == severity).count();
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Hygiene];
    let summary: serde_json::Map<String, Value> =
        all.into_iter().map(|severity| (word(severity).to_owned(), count(severity).into())).collect();
    let named: BTreeSet<&str> = report.findings().map(|(_, found)| found.rule.id).collect();
    let rules: Vec<Value> = named.into_iter().filter_map(crate::rules::catalogue::rule).map(rule).collect();
    // The report is made of strings, numbers and lists: nothing in it cannot be written.
    let part = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
    json!({
        "version": VERSION,
        "files": report.files,
        "summary": summary,
        "apps": part(serde_json::to_value(&report.apps)),
        "unread": part(serde_json::to_value(&report.unread)),
        "remarks": report.remarks,
        "rules": rules,
    })
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
}
