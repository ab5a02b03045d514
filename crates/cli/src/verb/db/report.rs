//! What an import says: what is kept, what is not and why.
//!
//! Invariant: the numbers add up: each advisory that was read is kept or stands under one reason. Not here: counting
//! (`casemate_scan::advisories`).

use casemate_scan::advisories::Report;
use serde_json::Value;

use crate::failure::Failure;
use crate::output::{WARN, paint};

/// Files that could not be read, of which so many are named.
const NAMED: usize = 3;

/// "1 file", "5 files".
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A size as people say it.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => count(bytes, "byte", "bytes"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1_000_000.0),
    }
}

/// Why an import kept nothing. What was kept before stays.
pub(super) fn nothing(report: &Report) -> Failure {
    let mut why = Vec::new();
    if report.advisories > 0 {
        let reasons = reasons(report).join(", ");
        let read = count(report.advisories, "advisory was", "advisories were");
        why.push(format!("{read} read and none can be used: {reasons}"));
    }
    why.extend(unread(report));
    let what = match why.is_empty() {
        true => format!("no advisories are in the {}", count(report.other_files, "file", "files")),
        false => format!("nothing can be kept: {}", why.join("; ")),
    };
    Failure::failed(format!("{what}; nothing was changed"))
        .help("casemate db import npm.zip   # records in OSV's form, one file each")
}

/// What an import left out, and why, in lines.
pub(super) fn left_out(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let reasons = reasons(report);
    if !reasons.is_empty() {
        let read = count(report.advisories, "advisory", "advisories");
        lines.push(format!("Left out of {read} that were read: {}.", reasons.join(", ")));
    }
    if report.unreadable_ranges > 0 {
        let parts = count(report.unreadable_ranges, "advisory is", "advisories are");
        lines.push(format!("{parts} kept without a range that cannot be compared."));
    }
    if report.other_files > 0 {
        let words = count(report.other_files, "other file is no advisory", "other files are no advisories");
        lines.push(format!("{words}."));
    }
    lines.extend(unread(report).map(|words| paint(WARN, format!("{words}."))));
    lines
}

/// Advisories that are not kept, by reason.
fn reasons(report: &Report) -> Vec<String> {
    let mut parts = Vec::new();
    for (number, one, many) in [
        (report.copies, "copy of another", "copies of others"),
        (report.withdrawn, "withdrawn", "withdrawn"),
        (report.informational, "note that is no vulnerability", "notes that are no vulnerabilities"),
        (report.other_systems, "for other systems than Linux", "for other systems than Linux"),
        (report.without_versions, "without versions of a package", "without versions of a package"),
    ] {
        if number > 0 {
            parts.push(count(number, one, many));
        }
    }
    if report.of_other_ecosystems > 0 {
        let mut others: Vec<_> = report.other_ecosystems.iter().collect();
        others.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let most: Vec<_> = others.iter().take(4).map(|(name, _)| name.as_str()).collect();
        let more = if others.len() > 4 { ", …" } else { "" };
        let number = report.of_other_ecosystems;
        parts.push(format!("{number} of ecosystems that are not known here ({}{more})", most.join(", ")));
    }
    parts
}

/// Files that could not be read, the first by name.
fn unread(report: &Report) -> Option<String> {
    let number = report.unreadable_files;
    let named = report.unreadable.iter().take(NAMED).map(|(name, why)| format!("`{name}` ({why})"));
    let mut named: Vec<_> = named.collect();
    let more = number.saturating_sub(named.len() as u64);
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    (number > 0)
        .then(|| format!("{} not be used: {}", count(number, "file could", "files could"), named.join(", ")))
}

/// One line about a store.
pub(super) fn kept(document: &Value) -> String {
    let number = |path: &str| document.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let ecosystems = document.pointer("/store/ecosystems").and_then(Value::as_object);
    let counts = ecosystems.into_iter().flat_map(|map| map.values());
    let packages: u64 = counts.filter_map(|pair| pair.get(0)?.as_u64()).sum();
    let file = document.get("file").and_then(Value::as_str).unwrap_or_default();
    format!(
        "{} about {}, {} in {file}.",
        count(number("/store/records"), "advisory", "advisories"),
        count(packages, "package", "packages"),
        size(number("/store/bytes"))
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_is_one() {
        let store = |records: u64, packages: u64, bytes: u64| {
            kept(
                &json!({ "file": "a.db", "store": { "records": records, "bytes": bytes, "ecosystems": { "npm": [packages, 9] } } }),
            )
        };
        assert_eq!(store(1, 1, 900), "1 advisory about 1 package, 900 bytes in a.db.");
        assert_eq!(store(2, 3, 4_200), "2 advisories about 3 packages, 5 KB in a.db.");
        assert_eq!(store(2, 3, 4_200_000), "2 advisories about 3 packages, 4.2 MB in a.db.");
        let report =
            Report { advisories: 2, records: 1, informational: 1, other_files: 1, ..Report::default() };
        let expect = [
            "Left out of 2 advisories that were read: 1 note that is no vulnerability.",
            "1 other file is no advisory.",
        ];
        assert_eq!(left_out(&report), expect);
    }

    #[test]
    fn a_folder_without_a_use_says_why() {
        let unread = |number: u64| Report {
            unreadable_files: number,
            unreadable: (0..number)
                .map(|at| (format!("{at}.json"), "it names no package".to_owned()))
                .collect(),
            ..Report::default()
        };
        let check = |report: Report, expect: &str| {
            let said = nothing(&report).message;
            assert!(said.contains(expect), "{said}");
        };
        check(unread(1), "1 file could not be used: `0.json` (it names no package); nothing was changed");
        check(unread(5), "and 2 more");
        check(
            Report { advisories: 2, withdrawn: 2, ..Report::default() },
            "2 advisories were read and none can be used: 2 withdrawn",
        );
        check(Report { other_files: 1, ..Report::default() }, "no advisories are in the 1 file");
    }
}
