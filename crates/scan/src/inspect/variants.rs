//! What is wrong with an app only when whoever deploys it gives other values than the files do.
//!
//! Invariants: a finding is reported once, whichever values lead to it; a claim that something is absent is made only where it is absent
//! with all values. Not here: which values there are (the formats).

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity};
use crate::graph::{App, Trigger, Unknown, Variant};
use crate::rules::{Verdict, catalogue};
use crate::source::Place;

/// Rules that say that something is not there or not used. Other values may switch off what uses it, which is no fault.
pub(super) fn claims_absence(rule: &str) -> bool {
    [
        catalogue::UNUSED_FUNCTION.id,
        catalogue::DEAD_TRIGGER.id,
        catalogue::UNUSED_AUTHORIZER.id,
        catalogue::UNNEEDED_PERMISSION.id,
    ]
    .contains(&rule)
}

/// Adds what is wrong with an app when other values are given: findings where that is planned, else only that it cannot be told.
pub(super) fn add(verdict: &mut Verdict, variant: &Variant, further: Vec<Finding>) {
    let found = &mut verdict.findings;
    found.retain(|finding| !is_used_after_all(finding, &variant.app, &further));
    // What a file of values holds is told by what uses it, where anything does.
    let used = |finding: &Finding, others: &[Finding]| {
        let same = |it: &Finding| it.secret == finding.secret && it.place.file == finding.place.file;
        let of_file = finding.rule.id == catalogue::SECRET_IN_TEMPLATE.id && finding.secret.is_some();
        of_file && others.iter().any(|it| it.rule.id == catalogue::SECRET_IN_ENVIRONMENT.id && same(it))
    };
    found.retain(|finding| !variant.planned || !used(finding, &further));
    for finding in further {
        if used(&finding, found) {
            continue;
        }
        if claims_absence(finding.rule.id) || finding.severity == Severity::Hygiene || says(found, &finding) {
            continue;
        }
        if !variant.planned {
            let why = format!(
                "whether {}; if so, there is `{}`: {}",
                variant.when, finding.rule.id, finding.message
            );
            let subject = finding.subjects.first().cloned();
            verdict.unknowns.push(Unknown { subject, place: finding.place, why });
            continue;
        }
        let told = Finding { message: format!("When {}: {}", variant.when, finding.message), ..finding };
        let narrower = |it: &&mut Finding| {
            it.rule.id == told.rule.id && it.cause == told.cause && places(it).is_subset(&places(&told))
        };
        match found.iter_mut().find(narrower) {
            Some(narrower) => *narrower = told,
            None => found.push(told),
        }
    }
}

/// Whether a function that nothing starts is started with these values, or a trigger that is off is on.
fn is_used_after_all(finding: &Finding, variant: &App, further: &[Finding]) -> bool {
    let there = |name: &crate::known::Name| {
        variant.function(name).is_some_and(|function| !function.deployed.is(&false))
    };
    let is_of = |trigger: &Trigger| finding.cause == format!("trigger {}", trigger.name);
    let is_made = match finding.rule.id {
        id if id == catalogue::UNUSED_FUNCTION.id => finding.subjects.iter().any(there),
        id if id == catalogue::DEAD_TRIGGER.id => variant.triggers.iter().any(is_of),
        _ => false,
    };
    is_made && !further.iter().any(|other| other.rule.id == finding.rule.id && other.cause == finding.cause)
}

/// Whether findings say all that another one says: no place, no thing and no severity is new.
fn says(found: &[Finding], finding: &Finding) -> bool {
    let of_rule = || found.iter().filter(|known| known.rule.id == finding.rule.id);
    // The other branch of a choice may say the same, in another place.
    if of_rule().any(|known| known.cause == finding.cause && known.message == finding.message) {
        return true;
    }
    let known: BTreeSet<Place> = of_rule().flat_map(places).collect();
    let things = |subject| of_rule().any(|known| known.subjects.contains(subject));
    places(finding).is_subset(&known)
        && finding.subjects.iter().all(things)
        && of_rule().any(|known| known.severity >= finding.severity)
}

fn places(finding: &Finding) -> BTreeSet<Place> {
    std::iter::once(finding.place).chain(finding.related.iter().map(|(place, _)| *place)).collect()
}
