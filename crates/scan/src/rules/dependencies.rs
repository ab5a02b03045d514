//! Packages with known faults.
//!
//! Invariant: one package of one lock file is one finding, however many advisories there are about it. Not here: comparing versions
//! (`advisories`).

use std::collections::BTreeMap;

use super::words::list;
use super::{Sight, Verdict, catalogue};
use crate::advisories::{Match, safe_version};
use crate::finding::{Finding, Severity};
use crate::packages::Package;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let mut packages: BTreeMap<(usize, usize), Vec<&Match>> = BTreeMap::new();
    for found in sight.matches {
        packages.entry((found.lock, found.package)).or_default().push(found);
    }
    for ((lock, at), matches) in packages {
        let package = sight.locks.get(lock).and_then(|lock| lock.packages.get(at));
        if let Some(finding) = package.and_then(|package| vulnerable(sight, package, &matches)) {
            verdict.report(finding);
        }
    }
}

fn vulnerable(sight: &Sight<'_>, package: &Package, matches: &[&Match]) -> Option<Finding> {
    let first = matches.first()?;
    let worst = matches.iter().filter_map(|found| found.advisory.severity).max().unwrap_or(Severity::Medium);
    let imported = matches.iter().find_map(|found| found.imported);
    // What runs in tests alone, or what no function imports, is not what strangers reach.
    let severity = match imported {
        _ if matches.iter().any(|found| found.advisory.is_malicious()) => Severity::Critical,
        _ if package.dev => Severity::Low,
        Some(false) => worst.min(Severity::Low),
        _ => worst,
    };
    let version = package.version.value()?;
    let ids = list(matches.iter().map(|found| found.advisory.id.as_str()));
    let summary = first.advisory.summary.trim().trim_end_matches('.');
    let reached = match imported {
        Some(true) => " A function imports it.",
        Some(false) => " No function was seen to import it.",
        None if package.dev => " It serves development alone.",
        None => "",
    };
    let message = format!("`{}` {version} is affected by {ids}: {summary}.{reached}", package.name);
    let fixes: Option<Vec<&str>> = matches.iter().map(|found| found.fixed_in.as_deref()).collect();
    let advice = match fixes.and_then(|fixes| safe_version(package.ecosystem, fixes)) {
        Some(fixed) => format!("Update `{}` to {fixed}.", package.name),
        None => format!(
            "No version mends all of this: replace `{}`, or keep data of others away from it.",
            package.name
        ),
    };
    let path = sight.tree.path(package.place.file);
    let cause = format!("{} {version} in {path}", package.name);
    let mut finding = Finding::new(&catalogue::VULNERABLE_DEPENDENCY, cause, package.place, message);
    for found in matches {
        finding = finding.seen_at(found.place, found.advisory.id.clone());
    }
    Some(finding.severity(severity).advice(advice))
}
