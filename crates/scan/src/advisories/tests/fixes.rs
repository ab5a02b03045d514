//! What is proposed instead of a vulnerable version.

use super::*;

/// A record of the older npm form.
fn older(vulnerable: &str, patched: &str) -> String {
    format!(
        r#"{{"id":1,"title":"t","module_name":"p","vulnerable_versions":"{vulnerable}","patched_versions":{patched},"cvss_score":7.5}}"#
    )
}

fn events(ecosystem: &str, events: &str) -> String {
    osv(ecosystem, "p", &format!(r#""ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]"#))
}

fn check(ecosystem: Ecosystem, files: &[&str], cases: &[(&str, &str)]) {
    let names: Vec<String> = (0..files.len()).map(|at| format!("{at}.json")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(files.iter().copied()).collect();
    let (store, report) = store(&files);
    assert!(report.unreadable.is_empty(), "{report:?}");
    for (version, expect) in cases {
        let judged = judge(&store, &[lock(&[(ecosystem, "p", Ok(version))])]).unwrap();
        let fixes: BTreeSet<String> = judged
            .matches
            .iter()
            .map(|found| found.mended_by.as_ref().map_or("nothing".to_owned(), Fix::to_string))
            .collect();
        assert_eq!(fixes.into_iter().collect::<Vec<_>>().join(", "), *expect, "{files:?} {version}");
    }
}

#[test]
fn what_the_older_npm_form_calls_patched() {
    let check = |vulnerable: &str, patched: &str, cases: &[(&str, &str)]| {
        check(Ecosystem::Npm, &[&older(vulnerable, patched)], cases);
    };
    check("<=1.5.1", "\">=1.5.2\"", &[("1.5.1", "1.5.2"), ("1.5.2", "")]);
    check("<=1.1.5", "\">=1.1.7\"", &[("1.1.5", "1.1.7"), ("1.1.6", "")]);
    check(">=0.9.7 <=2.2.2", "\">=2.3.0\"", &[("2.2.2", "2.3.0"), ("2.3.0-rc.1", "")]);
    check("3.7.2", "\"<=3.7.1 || >= 4.0.0\"", &[("3.7.2", "4.0.0")]);
    check(
        "<3.5.1 || >=4.0.0 <4.1.3 || >=5.0.0 <5.6.1",
        "\">=3.5.1 <4.0.0 || >=4.1.3 <5.0.0 || >=5.6.1\"",
        &[("3.5.0", "3.5.1"), ("4.1.2", "4.1.3"), ("5.6.0", "5.6.1"), ("2.0.0", "5.6.1")],
    );
    // `<0.0.0` says that nothing mends it; nothing at all leaves what is not affected.
    check("<=99.999.99999", "\"<0.0.0\"", &[("1.0.0", "nothing")]);
    check("<=1.0.1", "null", &[("1.0.1", "a version after 1.0.1")]);
    check("<=1.0.1", "\"what comes next\"", &[("1.0.1", "a version after 1.0.1")]);
    check(">= 2.0.0, <3", "\">=3.0.0\"", &[("2.5.0", "3.0.0")]);
}

#[test]
fn nothing_is_proposed_that_nobody_released() {
    let check = |vulnerable: &str, patched: &str, version: &str, expect: &str| {
        check(Ecosystem::Npm, &[&older(vulnerable, patched)], &[(version, expect)]);
    };
    check("1.x || 2.x", "\">=3\"", "2.9.9", "a version from 3.0.0 on");
    check("1.x || 2.x", "null", "1.9.9", "a version from 3.0.0 on");
    check("~1.2", "null", "1.2.9", "a version from 1.3.0 on");
    check("^0.3", "\">=0.4.0\"", "0.3.9", "0.4.0");
    check("1.2 - 1.4", "null", "1.4.9", "a version from 1.5.0 on");
    check("<=1.0", "\">1.0\"", "1.0.5", "a version from 1.1.0 on");
    check("=1.2.3", "\">1.2.3\"", "1.2.3", "a version after 1.2.3");
    let (store, _) = store(&[("1.json", &older("1.x || >=2.0.0-beta <2.1.0", "null"))]);
    let known = store.find(Ecosystem::Npm, "p").unwrap();
    assert_eq!(known[0].ranges(), [">=1.0.0 <2.0.0", ">=2.0.0-beta <2.1.0"]);
}

#[test]
fn what_is_proposed_is_not_affected_itself() {
    // As RUSTSEC-2020-0071 has it: old versions without the fault, then some with it.
    let rustsec = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0071\"\npackage = \"p\"\n[versions]\npatched = [\">= 0.2.23\"]\nunaffected = [\"=0.2.0\", \"=0.2.1\", \"=0.2.6\"]\n```\n# t\n";
    let (kept, _) = store(&[("a.md", rustsec)]);
    for (version, expect) in [("0.1.45", "0.2.23"), ("0.2.7", "0.2.23"), ("0.2.6", ""), ("0.2.23", "")] {
        let expect = if expect.is_empty() { String::new() } else { format!("RUSTSEC-2020-0071 -> {expect}") };
        assert_eq!(said(&kept, Ecosystem::Cargo, "p", version), expect, "{version}");
    }
    let exported = events(
        "crates.io",
        r#"{"introduced":"0.0.0-0"},{"fixed":"0.2.0"},{"introduced":"0.2.1-0"},{"fixed":"0.2.1"},{"introduced":"0.2.7-0"},{"fixed":"0.2.23"}"#,
    );
    check(Ecosystem::Cargo, &[&exported], &[("0.1.45", "0.2.23"), ("0.2.7", "0.2.23")]);
    // A compatible version is nearer than the newest line, where it is mended there too.
    let lines =
        events("npm", r#"{"introduced":"0"},{"fixed":"0.2.4"},{"introduced":"1.0.0"},{"fixed":"1.2.6"}"#);
    check(Ecosystem::Npm, &[&lines], &[("0.2.3", "0.2.4"), ("0.1.0", "1.2.6"), ("1.2.5", "1.2.6")]);
    // What mends one advisory is affected by another one: of the installed version, or of the proposed one alone.
    let other = |range: &str| events("npm", range).replace("T-1", "T-2");
    let first = events("npm", r#"{"introduced":"0"},{"fixed":"1.5.0"}"#);
    let cases: &[(&str, &str)] = &[("1.0.0", "1.8.0")];
    check(Ecosystem::Npm, &[&first, &other(r#"{"introduced":"0"},{"fixed":"1.8.0"}"#)], cases);
    check(Ecosystem::Npm, &[&first, &other(r#"{"introduced":"1.4.0"},{"fixed":"1.8.0"}"#)], cases);
    let listed = osv("npm", "p", r#""versions":["1.5.0"]"#).replace("T-1", "T-3");
    let last = other(r#"{"introduced":"1.0.0"},{"fixed":"1.6.0"}"#);
    check(Ecosystem::Npm, &[&first, &listed, &last], &[("0.5.0", "1.6.0")]);
    let never = other(r#"{"introduced":"0"}"#);
    check(Ecosystem::Npm, &[&first, &never], &[("1.0.0", "nothing")]);
}

#[test]
fn after_the_last_that_is_affected() {
    let last = events("Maven", r#"{"introduced":"0"},{"last_affected":"1.6.1"}"#);
    check(
        Ecosystem::Maven,
        &[&last],
        &[("1.6.1", "a version after 1.6.1"), ("1.2", "a version after 1.6.1"), ("1.6.2", "")],
    );
    // Not where a later stretch is affected: the next version may be in it.
    let two = events(
        "npm",
        r#"{"introduced":"0"},{"last_affected":"1.6.1"},{"introduced":"1.7.0"},{"fixed":"1.9.0"}"#,
    );
    check(Ecosystem::Npm, &[&two], &[("1.0.0", "1.9.0")]);
    let open = events("npm", r#"{"introduced":"0"},{"last_affected":"1.6.1"},{"introduced":"1.7.0"}"#);
    check(Ecosystem::Npm, &[&open], &[("1.0.0", "nothing")]);
}

#[test]
fn the_last_known_end_of_githubs_records() {
    let record = |range: &str, introduced: &str| {
        osv(
            "crates.io",
            "p",
            &format!(
                r#""ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"{introduced}"}}]}}],"database_specific":{{"last_known_affected_version_range":"{range}"}}"#
            ),
        )
    };
    let check = |range: &str, introduced: &str, cases: &[(&str, &str)]| {
        check(Ecosystem::Cargo, &[&record(range, introduced)], cases);
    };
    check(
        "< 0.2",
        "0.1",
        &[("0.1.44", "a version from 0.2 on"), ("0.2.0", ""), ("0.3.36", ""), ("0.0.3", "")],
    );
    check("<= 1.2.3", "0", &[("1.2.3", "a version after 1.2.3"), ("1.2.4", "")]);
    check("nonsense", "0", &[("9.0.0", "nothing")]);
    // An end before the beginning is none.
    check("< 0.2", "0.5", &[("9.0.0", "nothing")]);
}
