//! A file of findings that are known, so that only new ones count.
//!
//! Invariant: a finding is known only while it touches nothing new: another open route of an interface whose open routes are known is new. The
//! file is `{ "version": 1, "findings": { id: [what it touches] } }`. Not here: reading and writing files (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::report::{Found, Report};

/// The shape's version.
const VERSION: u32 = 1;

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    findings: BTreeMap<String, BTreeSet<String>>,
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
        let findings = report.findings().map(|(_, found)| (found.id.clone(), touched(found))).collect();
        Self { version: VERSION, findings }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == VERSION { Ok(baseline) } else { Err(BaselineError::Version(baseline.version)) }
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts in maps and sets can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Marks what is known in a report.
    pub fn apply(&self, report: &mut Report) -> Compared {
        let mut compared = Compared::default();
        let mut seen = BTreeSet::new();
        for found in report.apps.iter_mut().flat_map(|app| &mut app.findings) {
            let known = self.findings.get(&found.id);
            found.known = known.is_some_and(|known| touched(found).is_subset(known));
            seen.extend(known.is_some().then(|| found.id.clone()));
            *if found.known { &mut compared.known } else { &mut compared.new } += 1;
        }
        compared.gone = self.findings.len() - seen.len();
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
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
             Runtime: nodejs24.x\n      Handler: i.h\n      InlineCode: exports.h = async () => 1\n      \
             ReservedConcurrentExecutions: 5\n      Events:\n{routes}"
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
        assert!(Baseline::parse("{\"version\":2,\"findings\":{}}").is_err());
    }
}
