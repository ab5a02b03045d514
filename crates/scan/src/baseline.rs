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
use crate::rules::catalogue;

/// The shape's version.
const VERSION: u32 = 3;

/// What is said when nothing of a baseline is there.
const MOVED: &str = "Nothing of the baseline was found again. Ids hold for the folder that was scanned when it was written: \
    was that another one?";

/// How many things are named in a sentence.
const NAMED: usize = 3;

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
    /// Of each policy the statements that known findings speak of.
    spoken: Spoken,
    /// What policies let in that they did not, as a whole: many findings may speak of one.
    growth: BTreeMap<String, Option<String>>,
}

impl<'b> Comparison<'b> {
    fn with(baseline: &'b Baseline) -> Self {
        let mut spoken = Spoken::new();
        for (name, which) in baseline.findings.values().flatten().flat_map(|known| &known.grants) {
            let all = spoken.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
            match (all, which) {
                (Some(all), Some(which)) => all.extend(which),
                (all, _) => *all = None,
            }
        }
        Self { baseline, spoken, growth: BTreeMap::new() }
    }

    /// Whether a finding is a known one and nothing more.
    fn holds(&mut self, known: &Known, found: &Found, now: &Known, policies: &Policies) -> bool {
        now.touches.is_subset(&known.touches)
            && now.severity <= known.severity
            && now.secret == known.secret
            && self.growth(found, now, policies).is_none()
    }

    /// Whether a finding of a role's statements says less than a known one of the role, though of another rule: `s3:Get*` on everything is less
    /// than `s3:*` on everything.
    fn is_less(&mut self, found: &Found, now: &Known, policies: &Policies) -> bool {
        let all = || self.baseline.findings.values().flatten();
        let covers = |(name, which): (&String, &Option<BTreeSet<usize>>)| {
            which.is_some()
                && all().any(|known| {
                    known.grants.get(name).is_some_and(Option::is_some)
                        && now.severity <= known.severity
                        && found.subjects.iter().all(|name| known.touches.contains(name))
                })
        };
        !now.grants.is_empty()
            && now.secret.is_none()
            && now.grants.iter().all(covers)
            && self.growth(found, now, policies).is_none()
    }

    /// What the policies let in that a finding speaks of, and that known findings did not speak of.
    fn growth(&mut self, found: &Found, now: &Known, policies: &Policies) -> Option<String> {
        // Both go by the same names, in the same order; those of the baseline say the app, too.
        found.grants.iter().zip(now.grants.keys()).find_map(|((local, which), name)| {
            let after = policies.get(local)?;
            let before = self.baseline.policies.get(name).zip(self.spoken.get(name));
            let growth = || match before {
                Some((before, of_before)) => {
                    growth::growth((before, of_before.as_ref()), (after, which.as_ref()))
                }
                None => Some("was not spoken of".to_owned()),
            };
            let more = match which {
                None => self.growth.entry(name.clone()).or_insert_with(growth).clone(),
                Some(_) => growth(),
            };
            more.map(|more| format!("{local} {more}"))
        })
    }

    /// Why a finding is new though one of its cause is known.
    fn why(&mut self, found: &Found, now: &Known, policies: &Policies) -> Option<String> {
        let known = self.baseline.findings.get(&found.family)?;
        let touched: BTreeSet<&String> = known.iter().flat_map(|known| &known.touches).collect();
        let worst = known.iter().map(|known| known.severity).max();
        let more: Vec<String> = now.touches.iter().filter(|name| !touched.contains(name)).cloned().collect();
        if !more.is_empty() {
            let named =
                more.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Some(format!("it speaks of {named} too"));
        }
        if worst < Some(now.severity) {
            return Some("it became worse".to_owned());
        }
        if let Some(more) = self.growth(found, now, policies) {
            return Some(more);
        }
        let same = |known: &Known| known.secret == now.secret;
        let why = if known.iter().any(same) {
            "there is one more of the same cause"
        } else {
            "it is about another secret"
        };
        Some(why.to_owned())
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
    /// It is what a scan says.
    #[error("it is a report, and no baseline: `--write-baseline` writes one")]
    Report,
    /// An older release wrote it.
    #[error(
        "it has version {0}, and this Casemate reads version {VERSION}: look through what is found, then write it anew"
    )]
    Older(u32),
    /// A newer release wrote it.
    #[error("it has version {0}, and this Casemate reads version {VERSION}: a newer one wrote it")]
    Newer(u32),
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
    // Which of a role's statements stands first, and so is no other place, changes with those beside it; what they give is compared.
    if found.rule.id == catalogue::UNNEEDED_PERMISSION.id {
        return found.subjects.iter().cloned().collect();
    }
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
        struct Head {
            version: u32,
            apps: Option<serde::de::IgnoredAny>,
        }
        match serde_json::from_str(text)? {
            Head { apps: Some(_), .. } => Err(BaselineError::Report),
            Head { version: VERSION, .. } => Ok(serde_json::from_str(text)?),
            Head { version, .. } if version < VERSION => Err(BaselineError::Older(version)),
            Head { version, .. } => Err(BaselineError::Newer(version)),
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
        let mut comparison = Comparison::with(self);
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
            for (found, now) in app.findings.iter_mut().zip(&now) {
                found.known = found.known || comparison.is_less(found, now, &app.policies);
                if !found.known
                    && let Some(why) = comparison.why(found, now, &app.policies)
                {
                    found.message.push_str(&format!(" One of its cause is known; what is new: {why}."));
                    found.grown = Some(why);
                }
                *met.entry(found.family.clone()).or_default() += 1;
                *if found.known { &mut compared.known } else { &mut compared.new } += 1;
            }
        }
        let gone = |(id, known): (&String, &Vec<Known>)| {
            known.len().saturating_sub(met.get(id).copied().unwrap_or(0))
        };
        compared.gone = self.findings.iter().map(gone).sum();
        let again = self.findings.keys().any(|id| met.contains_key(id));
        let moved = !again && compared.gone > 0 && (compared.new > 0 || report.apps.is_empty());
        report.remarks.extend(moved.then(|| MOVED.to_owned()));
        compared
    }
}

#[cfg(test)]
mod tests;
