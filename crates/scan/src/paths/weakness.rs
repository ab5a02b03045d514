//! What makes a function do what its caller wants.
//!
//! Invariant: every function has some likelihood of a flaw that nobody knows yet; a known one only adds to it. Not here: how flaws are
//! found (`code`, `packages`).

use std::collections::{BTreeMap, BTreeSet};

use super::model::Cause;
use crate::finding::{Confidence, Finding, Severity};
use crate::known::Name;
use crate::source::Place;

/// No flaw is known.
pub(super) const NONE_KNOWN: u32 = 250;

/// The best known way to make a function do something else.
#[derive(Debug, Clone)]
pub(super) struct Weakness {
    pub(super) likelihood: u32,
    /// A clause.
    pub(super) text: String,
    pub(super) place: Option<Place>,
    /// The finding; none where no flaw is known.
    pub(super) cause: Option<Cause>,
    pub(super) certain: bool,
}

impl Weakness {
    /// Of a function in which no flaw is known.
    pub(super) fn none_known() -> Self {
        let text = "its code has a flaw that nobody has found yet".to_owned();
        Self { likelihood: NONE_KNOWN, text, place: None, cause: None, certain: false }
    }
}

/// The flaws of each function in which one is known, the worst first; one among them is the one that nobody knows.
pub(super) fn all(findings: &[Finding]) -> BTreeMap<Name, Vec<Weakness>> {
    let mut all: BTreeMap<Name, Vec<Weakness>> = BTreeMap::new();
    for finding in findings {
        let subjects: BTreeSet<_> = finding.subjects.iter().collect();
        for subject in subjects {
            if let Some(weakness) = of(subject, finding) {
                all.entry(subject.clone()).or_default().push(weakness);
            }
        }
    }
    for found in all.values_mut() {
        found.push(Weakness::none_known());
        found.sort_by_key(|weakness| std::cmp::Reverse(weakness.likelihood));
    }
    all
}

/// Of a function in which no flaw is known.
pub(super) fn none() -> Vec<Weakness> {
    vec![Weakness::none_known()]
}

fn of(function: &Name, finding: &Finding) -> Option<Weakness> {
    let (likelihood, text) = match (finding.rule.id, finding.severity) {
        ("command-injection", _) => (1_000, "what the caller sends reaches a shell"),
        ("code-injection", _) => (1_000, "what the caller sends is run as code"),
        ("unsafe-deserialization", _) => (900, "what the caller sends is turned into objects that run code"),
        ("sql-injection", _) => (700, "what the caller sends becomes part of a query"),
        ("path-traversal", _) => {
            (500, "what the caller sends becomes part of a path, and files give credentials away")
        }
        ("vulnerable-dependency", Severity::Critical) => (700, "a package that it uses has a known hole"),
        ("vulnerable-dependency", Severity::High) => (500, "a package that it uses has a known hole"),
        ("retired-runtime", _) => (300, "its runtime gets no more security patches"),
        _ => return None,
    };
    let sure = finding.confidence == Confidence::Certain;
    let likelihood = if sure { likelihood } else { likelihood * 4 / 5 };
    let cause = Some(Cause::Weakness(function.clone(), finding.rule.id, finding.cause.clone()));
    Some(Weakness { likelihood, text: text.to_owned(), place: Some(finding.place), cause, certain: sure })
}
