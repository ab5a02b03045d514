//! What is read, what is left out, and that nothing is lost without a word.

use super::*;
use crate::finding::Severity;

fn rustsec(head: &str, title: &str) -> String {
    format!("```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"p\"\n{head}\n```\n\n# {title}\n")
}

/// The one record that is kept of a file.
fn kept(ecosystem: Ecosystem, name: &str, text: &str) -> Advisory {
    let (store, report) = store(&[(name, text)]);
    assert_eq!(report.records, 1, "{report:?}");
    store.find(ecosystem, "p").unwrap().remove(0).advisory
}

#[test]
fn the_older_form_of_python() {
    let text = "id: PYSEC-0000-CVE-2018-16876\npackage:\n  name: Ansible\n  ecosystem: PyPI\ndetails: Leaks.\naffects:\n  ranges:\n  - type: GIT\n    introduced: abc\n  - type: ECOSYSTEM\n    fixed: 1.2.0\n  - type: ECOSYSTEM\n    introduced: 2.5.0\n    fixed: 2.5.14\n  versions: [2.4.9]\nmodified: \"2020-05-29T17:14:00Z\"\n";
    let (store, report) = store(&[("a.yaml", text)]);
    assert_eq!((report.records, report.unreadable_files), (1, 0));
    let said = |version: &str| said(&store, Ecosystem::PyPi, "ansible", version);
    let id = "PYSEC-0000-CVE-2018-16876";
    assert_eq!(said("1.1"), format!("{id} -> 1.2.0"));
    assert_eq!(said("1.2"), "");
    assert_eq!(said("2.5.13"), format!("{id} -> 2.5.14"));
    assert_eq!(said("2.4.9"), format!("{id} -> 2.5.14"));
}

#[test]
fn nothing_vanishes() {
    let ranges = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    let one =
        |end: &str| format!(r#"{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{end}"}}]}}"#);
    let range = |end: &str| format!(r#""ranges":[{}]"#, one(end));
    let partly = osv("PyPI", "partly", &format!(r#""ranges":[{},{}]"#, one("odd odd"), one("2")));
    let (_, report) = store(&[
        ("empty.json", r#"{"id":"X-1","modified":"2020","affected":[]}"#),
        ("missing.json", r#"{"id":"X-2","modified":"2020"}"#),
        ("cut.json", r#"{"id":"X-3","modified":"#),
        ("lost.json", &osv("PyPI", "p", &range("not a version"))),
        ("front.md", "```toml\n[advisory\nid=1\n```\n"),
        ("open.md", "```toml\n[advisory]\nid = 1\n"),
        ("partly.json", &partly),
        ("kept.json", &osv("npm", "p", ranges)),
        ("windows.md", &rustsec("[affected]\nos = [\"windows\"]\n[versions]\npatched = []", "t")),
        ("README.md", "# Advisories"),
    ]);
    let named: BTreeSet<_> = report.unreadable.iter().map(|(name, _)| name.as_str()).collect();
    let lost = ["cut.json", "empty.json", "front.md", "lost.json", "missing.json", "open.md"];
    assert!(lost.iter().all(|name| named.contains(name)), "{:?}", report.unreadable);
    assert_eq!(report.unreadable_files as usize, named.len());
    assert_eq!((report.other_files, report.unreadable_ranges), (1, 1));
    let sum = report.records
        + report.copies
        + report.withdrawn
        + report.informational
        + report.other_systems
        + report.without_versions
        + report.of_other_ecosystems;
    assert_eq!(report.advisories, sum, "{report:?}");
    assert_eq!(
        report.advisories + report.unreadable_files + report.other_files,
        10,
        "every file is somewhere"
    );
}

#[test]
fn systems_that_functions_do_not_run_on() {
    let check = |systems: &str, expect: u64| {
        let text = rustsec(&format!("[affected]\n{systems}\n[versions]\npatched = []"), "t");
        let (_, report) = store(&[("crates/a.md", &text)]);
        assert_eq!((report.other_systems, report.records), (expect, 1 - expect), "{systems}");
    };
    check("os = [\"windows\"]", 1);
    check("os = [\"macos\", \"ios\"]", 1);
    check("os = [\"windows\", \"linux\"]", 0);
    check("os = []", 0);
    check("functions = { \"p::f\" = [\"< 1\"] }", 0);
    check("arch = [\"x86\", \"arm\"]", 1);
    check("arch = [\"x86\", \"aarch64\"]", 0);
    let before = rustsec("affected_os = [\"windows\"]\npatched_versions = []", "t");
    assert_eq!(store(&[("a.toml.md", &before)]).1.other_systems, 1);
    let exported = |os: &str| {
        let ranges = r#""ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]"#;
        let specific =
            format!(r#""ecosystem_specific":{{"affects":{{"arch":[],"os":[{os}],"functions":[]}}}}"#);
        store(&[("a.json", &osv("crates.io", "p", &format!("{ranges},{specific}")))]).1
    };
    assert_eq!((exported("\"windows\"").other_systems, exported("").records), (1, 1));
}

#[test]
fn malware_is_critical() {
    let check = |head: &str, title: &str, expect: Option<Severity>| {
        let text = rustsec(&format!("{head}\n[versions]\npatched = []"), title);
        let advisory = kept(Ecosystem::Cargo, "crates/a.md", &text);
        assert_eq!(advisory.severity, expect, "{head} {title}");
        assert_eq!(advisory.malicious, expect.is_some());
    };
    check("keywords = [\"typosquatting\"]", "malicious crate `rustdecimal`", Some(Severity::Critical));
    check("keywords = [\"malicious\"]", "t", Some(Severity::Critical));
    check("categories = [\"malicious\"]", "t", Some(Severity::Critical));
    check("informational = \"malicious\"", "t", Some(Severity::Critical));
    check("", "`p` was removed from crates.io for malicious code", Some(Severity::Critical));
    check("", "A page may run malicious code", None);
    let ranges = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    let check = |more: &str, expect: Option<Severity>| {
        let text = osv("PyPI", "p", ranges).replacen('{', &format!("{{{more},"), 1);
        assert_eq!(kept(Ecosystem::PyPi, "a.json", &text).severity, expect, "{more}");
    };
    check(r#""database_specific":{"cwe_ids":["CWE-506"],"severity":"HIGH"}"#, Some(Severity::Critical));
    check(r#""database_specific":{"type":"malware"}"#, Some(Severity::Critical));
    check(r#""summary":"Malware in p""#, Some(Severity::Critical));
    check(r#""aliases":["MAL-2022-1"]"#, Some(Severity::Critical));
    check(r#""database_specific":{"cwe_ids":["CWE-79"],"severity":"HIGH"}"#, Some(Severity::High));
    check(r#""summary":"p runs malicious code of others""#, None);
}

#[test]
fn vectors_and_weaknesses_are_kept() {
    let ranges = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"database_specific":{"cwes":[{"cweId":"CWE-20"}]}"#;
    let more = r#"{"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},{"type":"CVSS_V3","score":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],"database_specific":{"cwe_ids":["CWE-400","CWE-20"]},"#;
    let advisory = kept(Ecosystem::PyPi, "a.json", &osv("PyPI", "p", ranges).replacen('{', more, 1));
    assert_eq!(advisory.vector.as_deref(), Some("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"));
    assert_eq!((advisory.score_tenths, advisory.cwes), (Some(75), vec![20, 400]));
}
