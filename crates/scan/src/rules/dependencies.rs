//! Packages with known faults.
//!
//! Invariant: one package of one lock file is one finding, however many advisories there are about it. Not here: comparing versions
//! (`advisories`).

use std::collections::{BTreeMap, BTreeSet};

use super::words::{join, list};
use super::{Sight, Verdict, catalogue};
use crate::advisories::{Match, cut};
use crate::finding::{Finding, Severity};
use crate::packages::Package;

/// Characters that describe one of several advisories.
const MAX_WORDS: usize = 90;

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
    let told = matches.iter().filter_map(|found| found.advisory.severity).max();
    let worst = told.unwrap_or(Severity::Medium);
    let imported = matches.iter().find_map(|found| found.imported);
    // What runs in tests alone, or what no function imports, is not what strangers reach.
    let severity = match imported {
        _ if matches.iter().any(|found| found.advisory.malicious) => Severity::Critical,
        _ if package.dev => Severity::Low,
        Some(false) => worst.min(Severity::Low),
        _ => worst,
    };
    let version = package.version.value()?;
    let reached = match imported {
        Some(true) => " A function imports it.",
        Some(false) => " No function was seen to import it.",
        None if package.dev => " It serves development alone.",
        None => "",
    };
    // A record may name a part of a module alone, and that part may be a module of its own that is not in use here.
    let parts: BTreeSet<&str> = matches.iter().filter_map(|found| found.part.as_deref()).collect();
    let only_parts = matches.iter().all(|found| found.part.is_some());
    let named = match parts.is_empty() {
        true => String::new(),
        false => format!(" What is known is about {}, a part of it.", list(&parts)),
    };
    let message = format!("`{}` {version} is affected by {}.{named}{reached}", package.name, what(matches));
    let advice = match &first.mended_by {
        Some(fix) => format!("Update `{}` to {fix}.", package.name),
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
    // Where no record says how bad it is, it is not known to be bad.
    let finding = if told.is_none() || only_parts { finding.likely() } else { finding };
    Some(finding.severity(severity).advice(advice))
}

/// The advisories, each with a few words about it: "`A`: it leaks", "`A` (it leaks) and `B` (it burns)".
fn what(matches: &[&Match]) -> String {
    let summary = |found: &Match, most| {
        let text = cut(found.advisory.summary.trim(), most);
        text.trim_end_matches('.').to_owned()
    };
    let id = |found: &Match| list([&found.advisory.id]);
    if let [one] = matches {
        let summary = summary(one, usize::MAX);
        return if summary.is_empty() { id(one) } else { format!("{}: {summary}", id(one)) };
    }
    let each = |found: &&Match| match summary(found, MAX_WORDS) {
        summary if summary.is_empty() => id(found),
        summary => format!("{} ({summary})", id(found)),
    };
    join(&matches.iter().map(each).collect::<Vec<_>>(), "and")
}

#[cfg(test)]
mod tests {
    use crate::advisories::{Importer, Store};
    use crate::finding::{Confidence, Severity};
    use crate::inspect::{Dependencies, Options, inspect};
    use crate::source::SourceTree;

    const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: { CodeUri: ., Handler: a.h, Runtime: python3.13 }\n";

    /// A record: id, summary, the event that ends it, a level.
    fn record((id, summary, end, level): (&str, &str, &str, &str)) -> String {
        format!(
            r#"{{"id":"{id}","modified":"2024","summary":"{summary}","database_specific":{{"severity":"{level}"}},"affected":[{{"package":{{"ecosystem":"PyPI","name":"p"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{end}]}}]}}]}}"#
        )
    }

    /// What is said of `p` 1.0: level, confidence, message, advice.
    fn said(records: &[(&str, &str, &str, &str)]) -> (Severity, Confidence, String, String) {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", TEMPLATE.as_bytes().to_vec());
        tree.add("requirements.txt", b"p==1.0\n".to_vec());
        let mut importer = Importer::new();
        for (at, one) in records.iter().enumerate() {
            importer.take(&format!("{at}.json"), record(*one).as_bytes());
        }
        let mut store = Vec::new();
        importer.finish(&mut store).unwrap();
        let mut dependencies = Dependencies::read(&tree);
        dependencies.look_up(&Store::open(store).unwrap()).unwrap();
        let report = inspect(&tree, &dependencies, &Options::default());
        let found = report.apps[0].findings.iter().find(|found| found.rule.id == "vulnerable-dependency");
        let found = found.unwrap();
        (
            found.severity,
            found.confidence,
            found.message.clone(),
            found.change.as_ref().unwrap().advice.clone(),
        )
    }

    #[test]
    fn packages_whose_version_is_open_are_said_to_be_unknown() {
        let mut tree = SourceTree::new();
        tree.add("template.yaml", TEMPLATE.as_bytes().to_vec());
        tree.add("requirements.txt", b"p\nq>=1\nr\ns==1\n".to_vec());
        let mut importer = Importer::new();
        for name in ["p", "q", "s"] {
            let text = record((name, "", r#"{"fixed":"9"}"#, "LOW"))
                .replace(r#""name":"p""#, &format!(r#""name":"{name}""#));
            importer.take(&format!("{name}.json"), text.as_bytes());
        }
        let mut store = Vec::new();
        importer.finish(&mut store).unwrap();
        let mut dependencies = Dependencies::read(&tree);
        let unknown = |dependencies: &Dependencies| {
            let report = inspect(&tree, dependencies, &Options::default());
            let texts = report.apps[0].unknowns.iter().map(|note| note.text.clone());
            texts.filter(|text| text.contains("vulnerable")).collect::<Vec<_>>()
        };
        assert!(unknown(&dependencies).is_empty(), "nobody looked them up");
        dependencies.look_up(&Store::open(store).unwrap()).unwrap();
        let expect =
            "whether `p` and `q` are vulnerable, as some versions are: it is not pinned to one version";
        assert_eq!(unknown(&dependencies), [expect], "nothing is known of `r`, and `s` is compared");
    }

    #[test]
    fn what_is_said_of_one_advisory() {
        let fixed = r#"{"fixed":"1.5"}"#;
        let (severity, confidence, message, advice) = said(&[("A-1", "It leaks.", fixed, "HIGH")]);
        assert_eq!((severity, confidence), (Severity::High, Confidence::Certain));
        assert!(message.starts_with("`p` 1.0 is affected by `A-1`: It leaks."), "{message}");
        assert_eq!(advice, "Update `p` to 1.5.");
        // Without a summary, without a level.
        let (severity, confidence, message, advice) =
            said(&[("A-1", "", r#"{"last_affected":"1.6.1"}"#, "")]);
        assert_eq!((severity, confidence), (Severity::Medium, Confidence::Likely));
        assert!(
            message.starts_with("`p` 1.0 is affected by `A-1`.") && !message.contains(": ."),
            "{message}"
        );
        assert_eq!(advice, "Update `p` to a version after 1.6.1.");
    }

    #[test]
    fn several_advisories_are_each_described() {
        let fixed = r#"{"fixed":"1.5"}"#;
        let (_, confidence, message, advice) =
            said(&[("A-1", "It leaks.", fixed, "HIGH"), ("A-2", "It burns", r#"{"fixed":"1.7"}"#, "")]);
        assert!(message.contains("by `A-1` (It leaks) and `A-2` (It burns)."), "{message}");
        assert_eq!((confidence, advice.as_str()), (Confidence::Certain, "Update `p` to 1.7."));
        let many: Vec<String> = (0..6).map(|at| format!("A-{at}")).collect();
        let many: Vec<_> = many.iter().map(|id| (id.as_str(), "It leaks", fixed, "LOW")).collect();
        let message = said(&many).2;
        assert!(message.contains("and 3 more"), "{message}");
    }
}
