//! What is wrong with an app: rules over its graph and over what its code was read to do.
//!
//! Owns: the rules' data (`catalogue`) and, one file for each theme, how they look. Invariants: a rule reads the graph and never a file
//! format; one cause is one finding; a setting that cannot be told neither satisfies nor violates a rule, it is listed. Not here: reading
//! code (`code`), need against grant (`need`), attack paths (`paths`), suppressions (`suppress`).

mod access;
pub mod catalogue;
mod code;
mod dependencies;
mod hygiene;
pub(crate) mod instances;
mod logs;
mod obsolete;
mod opening;
mod origins;
mod permissions;
mod reach;
mod roles;
mod runtime;
mod secrets;
mod stores;
mod trust;
mod wallet;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(crate) use self::opening::opens_route;
use self::reach::Reach;
pub(crate) use self::words::list;
use crate::advisories::Match;
use crate::code::Reader;
use crate::facts::Day;
use crate::finding::{Finding, Rule};
use crate::graph::{App, Unknown};
use crate::iam::Grants;
use crate::known::Name;
use crate::need::{Need, Policy};
use crate::packages::Lock;
use crate::parallel;
use crate::source::{FileId, Place, SourceTree};
use crate::suppress::Marks;

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The files.
    pub tree: &'a SourceTree,
    /// The app.
    pub app: &'a App,
    /// The files that belong to it, and what they are to it.
    pub files: &'a [(FileId, Part)],
    /// The lock files of the tree.
    pub locks: &'a [Lock],
    /// Vulnerable packages of this app.
    pub matches: &'a [Match],
    /// What comments allow.
    pub marks: &'a Marks,
    /// A reader of the tree's code that other apps use too; without one, the app has its own.
    pub reader: Option<&'a Reader<'a>>,
    /// Whether advice is wanted that no attacker cares about.
    pub hygiene: bool,
    /// The day, where the caller knows it.
    pub today: Option<Day>,
}

impl<'a> Context<'a> {
    /// An app and its files alone, on no particular day.
    #[must_use]
    pub fn bare(tree: &'a SourceTree, app: &'a App, files: &'a [(FileId, Part)]) -> Self {
        static NO_MARKS: Marks = Marks::none();
        Self {
            tree,
            app,
            files,
            locks: &[],
            matches: &[],
            marks: &NO_MARKS,
            reader: None,
            hygiene: false,
            today: None,
        }
    }
}

/// What a file is to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It describes the app.
    Infrastructure,
    /// It is run, or read by what is run.
    Code,
}

/// An app as rules see it: with what its roles may do.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    tree: &'a SourceTree,
    app: &'a App,
    files: &'a [(FileId, Part)],
    locks: &'a [Lock],
    matches: &'a [Match],
    marks: &'a Marks,
    today: Option<Day>,
    grants: Rc<Grants<'a>>,
    reaches: BTreeMap<&'a Name, Rc<Reach>>,
}

impl<'a> Sight<'a> {
    fn of(context: &Context<'a>, grants: Rc<Grants<'a>>) -> Self {
        let Context { tree, app, files, locks, matches, marks, today, reader: _, hygiene: _ } = *context;
        let reaches = Reach::of_roles(&grants);
        Self { tree, app, files, locks, matches, marks, today, grants, reaches }
    }
}

/// What rules say of an app.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What could not be told and would have mattered.
    pub unknowns: Vec<Unknown>,
    /// What each function needs against what it has, in the order of the app's functions.
    pub needs: Vec<Need>,
}

impl Verdict {
    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The worst first.
    pub(crate) fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then(a.place.cmp(&b.place)).then(a.rule.id.cmp(b.rule.id))
        });
    }

    fn unknown(&mut self, subject: Option<&Name>, place: Place, why: String) {
        self.unknowns.push(Unknown { subject: subject.cloned(), place, why });
    }
}

/// Looks at an app with every rule.
#[must_use]
pub fn judge(context: &Context<'_>) -> Verdict {
    judge_with(context, Rc::new(Grants::of(context.app)))
}

/// The same, where it is known already what the app's roles may do.
#[must_use]
pub fn judge_with<'a>(context: &Context<'a>, grants: Rc<Grants<'a>>) -> Verdict {
    // Reading code takes as long as everything else.
    let readings = || code::readings(context);
    let (readings, (sight, mut verdict)) = parallel::both(readings, || {
        let sight = Sight::of(context, grants);
        let mut verdict = Verdict::default();
        access::look(&sight, &mut verdict);
        origins::look(&sight, &mut verdict);
        permissions::look(&sight, &mut verdict);
        stores::look(&sight, &mut verdict);
        roles::look(&sight, &mut verdict);
        trust::look(&sight, &mut verdict);
        runtime::look(&sight, &mut verdict);
        logs::look(&sight, &mut verdict);
        secrets::look(&sight, &mut verdict);
        (sight, verdict)
    });
    code::look(&sight, &readings, &mut verdict);
    // After the code: what functions really do decides whether they start themselves, or one another.
    wallet::look(&sight, &mut verdict);
    obsolete::look(&sight, &mut verdict);
    dependencies::look(&sight, &mut verdict);
    if context.hygiene {
        hygiene::look(&sight, &mut verdict);
    }
    verdict.sort();
    let functions = sight.app.functions.iter().map(|function| &function.name).collect();
    show_what_is_enough(&functions, &mut verdict);
    verdict
}

/// Where one function runs with a role that is too broad and its code is known in full, the policy to put in its place is the best advice.
fn show_what_is_enough(functions: &BTreeSet<&Name>, verdict: &mut Verdict) {
    const BROAD: [&Rule; 4] = [
        &catalogue::ADMIN_ROLE,
        &catalogue::WILDCARD_ACTION,
        &catalogue::WILDCARD_RESOURCE,
        &catalogue::ALL_SECRETS_READABLE,
    ];
    let advice = |finding: &Finding| finding.change.as_ref().map(|change| change.advice.clone());
    let said: Vec<String> =
        verdict.findings.iter().filter_map(advice).filter(|text| text.contains('\n')).collect();
    // Once is enough: at the finding that is about it already, or else at the worst.
    let unsaid = |need: &&Need| {
        let policy = need.policy.as_ref().filter(|policy| !policy.statements.is_empty()).map(Policy::text);
        policy.is_some_and(|policy| !said.iter().any(|text| text.contains(&policy)))
    };
    let mut needs: BTreeMap<&Name, &Need> =
        verdict.needs.iter().filter(unsaid).map(|need| (&need.function, need)).collect();
    for finding in verdict.findings.iter_mut().filter(|finding| BROAD.contains(&finding.rule)) {
        let mut touched = finding.subjects.iter().filter(|name| functions.contains(name));
        let (first, second) = (touched.next(), touched.next());
        if let (Some(first), Some(_), Some(change)) = (first, second, &mut finding.change)
            && finding.rule == &catalogue::WILDCARD_ACTION
        {
            // The policy of one would take away what another needs.
            change.advice.push_str(&format!(
                " `casemate scan --need {}` says what one of them uses; best give each a role of its own.",
                first.as_str().rsplit('.').next().unwrap_or_default()
            ));
        }
        let (Some(name), None) = (first, second) else { continue };
        let Some(only) = needs.remove(name) else { continue };
        if let (Some(change), Some(policy)) = (&mut finding.change, &only.policy) {
            change.advice = format!(
                "{} This is enough for what the code of `{}` does:\n{}",
                change.advice,
                only.function,
                policy.text()
            );
        }
    }
}

#[cfg(test)]
mod tests;
