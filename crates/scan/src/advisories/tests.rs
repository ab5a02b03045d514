use std::collections::BTreeSet;

use super::*;
use crate::known::Known;
use crate::packages::{self, Ecosystem, Lock, LockKind, Package};
use crate::source::{Place, SourceTree};

/// A store of these files, and what the import said.
fn store(files: &[(&str, &str)]) -> (Store<Vec<u8>>, Report) {
    let mut importer = Importer::new();
    for (name, text) in files {
        importer.take(name, text.as_bytes());
    }
    let mut bytes = Vec::new();
    let report = importer.finish(&mut bytes).unwrap();
    (Store::open(bytes).unwrap(), report)
}

/// A lock file of packages that nobody read.
fn lock(packages: &[(Ecosystem, &str, Result<&str, &str>)]) -> Lock {
    let mut tree = SourceTree::new();
    let file = tree.add("some.lock", Vec::new());
    let package = |(ecosystem, name, version): &(Ecosystem, &str, Result<&str, &str>)| Package {
        ecosystem: *ecosystem,
        name: ecosystem.normalise(name),
        version: version
            .map_or_else(|why| Known::Unknown(why.to_owned()), |text| Known::Value(text.to_owned())),
        direct: None,
        dev: false,
        place: Place::whole(file),
        licence: None,
        needs: Vec::new(),
    };
    Lock { file, kind: LockKind::Npm, packages: packages.iter().map(package).collect(), unread: Vec::new() }
}

/// What is said of one package of one version: `id -> fix` for each match, or why it is not known.
fn said(store: &Store<Vec<u8>>, ecosystem: Ecosystem, name: &str, version: &str) -> String {
    let judged = judge(store, &[lock(&[(ecosystem, name, Ok(version))])]).unwrap();
    let matches = judged.matches.iter().map(|found| {
        let fix = found.fixed_in.as_ref().map_or("nothing".to_owned(), Fix::to_string);
        format!("{} -> {fix}", found.advisory.id)
    });
    matches.chain(judged.unknown.iter().map(|(.., why)| why.clone())).collect::<Vec<_>>().join(", ")
}

/// A record about one package.
fn osv(ecosystem: &str, name: &str, affected: &str) -> String {
    format!(
        r#"{{"id":"T-1","modified":"2024-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},{affected}}}]}}"#
    )
}

mod fixes;
mod intake;
mod modules;

#[test]
fn the_walk_over_events() {
    let check = |ecosystem: Ecosystem, affected: &str, cases: &[(&str, &str)]| {
        let (store, report) = store(&[("a.json", &osv(ecosystem.osv(), "p", affected))]);
        assert_eq!(report.advisories, 1);
        for (version, expect) in cases {
            assert_eq!(said(&store, ecosystem, "p", version), *expect, "{affected} {version}");
        }
    };
    let events = |events: &str| format!(r#""ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]"#);
    check(
        Ecosystem::Npm,
        &events(r#"{"introduced":"0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"fixed":"2.1.0"}"#),
        &[
            ("0.0.0-alpha", "T-1 -> 2.1.0"),
            ("1.2.0-rc.1", "T-1 -> 1.2.0"),
            ("1.2.0", ""),
            ("1.9.0", ""),
            ("2.0.0", "T-1 -> 2.1.0"),
            ("2.1.0", ""),
            ("main", "`main` is no version that could be compared"),
        ],
    );
    // Events in any order, and two in one object.
    check(
        Ecosystem::Npm,
        &events(r#"{"fixed":"2.1.0","introduced":"2.0.0"},{"fixed":"1.10.0"},{"introduced":"1.9.0"}"#),
        &[
            ("1.8.9", ""),
            ("1.9.5", "T-1 -> 1.10.0"),
            ("1.10.0", ""),
            ("2.0.9", "T-1 -> 2.1.0"),
            ("3.0.0", ""),
        ],
    );
    check(
        Ecosystem::PyPi,
        &events(r#"{"introduced":"1.0"},{"last_affected":"1.4.post1"}"#),
        &[
            ("1.0rc1", ""),
            ("1.0", "T-1 -> a version after 1.4.post1"),
            ("1.4.post1", "T-1 -> a version after 1.4.post1"),
            ("1.4.post2.dev1", ""),
            ("1.10", ""),
        ],
    );
    check(
        Ecosystem::Npm,
        &events(r#"{"introduced":"1.0.0"},{"fixed":"3.0.0"},{"limit":"2.0.0"}"#),
        &[("1.5.0", "T-1 -> a version from 2.0.0 on"), ("2.0.0", ""), ("2.5.0", "")],
    );
    check(Ecosystem::Npm, &events(r#"{"introduced":"1.0.0"},{"limit":"*"}"#), &[("9.0.0", "T-1 -> nothing")]);
    check(Ecosystem::Npm, &events(r#"{"introduced":"0"}"#), &[("9.0.0", "T-1 -> nothing")]);
    check(Ecosystem::Npm, &events(r#"{"fixed":"1.0.0"}"#), &[("0.5.0", "")]);
    // Versions that are listed, beside ranges of commits, which say nothing.
    check(
        Ecosystem::PyPi,
        r#""ranges":[{"type":"GIT","repo":"r","events":[{"introduced":"0"}]}],"versions":["1.0","1.1.0"]"#,
        &[("1.0.0", "T-1 -> nothing"), ("1.1", "T-1 -> nothing"), ("1.2", "")],
    );
    check(
        Ecosystem::Maven,
        &events(r#"{"introduced":"2.0-beta9"},{"fixed":"2.15.0"}"#),
        &[("2.0-beta8", ""), ("2.0-rc1", "T-1 -> 2.15.0"), ("2.14.1", "T-1 -> 2.15.0"), ("2.15.0", "")],
    );
    // A fix that lies in the next stretch is none.
    let two = format!(
        "{},{}",
        events(r#"{"introduced":"0"},{"fixed":"1.5.0"}"#).trim_end_matches(']'),
        r#"{"type":"SEMVER","events":[{"introduced":"1.2.0"},{"fixed":"1.8.0"}]}]"#
    );
    check(Ecosystem::Npm, &two, &[("1.0.0", "T-1 -> 1.8.0"), ("1.6.0", "T-1 -> 1.8.0"), ("1.8.0", "")]);
    // A range that cannot be read is no reason to lose the other.
    let broken = two.replace("1.2.0", "not a version");
    check(Ecosystem::Npm, &broken, &[("1.0.0", "T-1 -> 1.5.0"), ("1.6.0", "")]);
}

#[test]
fn names_meet() {
    let check =
        |ecosystem: &str, advisory: &str, events: &str, package: (Ecosystem, &str, &str), expect: &str| {
            let ranges = format!(r#""ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]"#);
            let (store, _) = store(&[("a.json", &osv(ecosystem, advisory, &ranges))]);
            let (kind, name, version) = package;
            assert_eq!(said(&store, kind, name, version), expect, "{advisory} {name}@{version}");
        };
    let all = r#"{"introduced":"0"},{"fixed":"5.0.0"}"#;
    check("PyPI", "Flask_Cors", all, (Ecosystem::PyPi, "flask.cors", "1.0"), "T-1 -> 5.0.0");
    check("NuGet", "Newtonsoft.Json", all, (Ecosystem::NuGet, "newtonsoft.JSON", "1.0"), "T-1 -> 5.0.0");
    check("npm", "@s/a", all, (Ecosystem::Npm, "@s/a", "1.0.0"), "T-1 -> 5.0.0");
    check("npm", "a", all, (Ecosystem::Npm, "A", "1.0.0"), "");
    check("npm", "a", all, (Ecosystem::PyPi, "a", "1.0.0"), "");
    check("Maven:https://repo.example", "g:a", all, (Ecosystem::Maven, "g:a", "1"), "T-1 -> 5.0.0");
    check(
        "Go",
        "example.com/a/v2",
        r#"{"introduced":"0"},{"fixed":"2.3.0"}"#,
        (Ecosystem::Go, "example.com/a/v2", "v2.1.0"),
        "T-1 -> 2.3.0",
    );
    // The other spelling counts where its stretch begins at the same major version.
    let second = r#"{"introduced":"2.0.0"},{"fixed":"2.3.0"}"#;
    check("Go", "example.com/a", second, (Ecosystem::Go, "example.com/a/v2", "v2.1.0"), "T-1 -> 2.3.0");
    check(
        "Go",
        "example.com/a/v2",
        second,
        (Ecosystem::Go, "example.com/a", "v2.1.0+incompatible"),
        "T-1 -> 2.3.0",
    );
    check("Go", "example.com/a", all, (Ecosystem::Go, "example.com/a/v2", "v2.1.0"), "");
    check("Go", "example.com/a/v2", all, (Ecosystem::Go, "example.com/a", "v1.0.0"), "");
    check("Go", "example.com/a/v3", all, (Ecosystem::Go, "example.com/a/v2", "v2.0.0"), "");
}

#[test]
fn what_is_left_out_is_counted() {
    let ranges = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    let withdrawn = osv("npm", "gone", ranges)
        .replace("\"id\":\"T-1\"", r#""id":"W-1","withdrawn":"2024-02-01T00:00:00Z""#);
    let stale_copy = osv("npm", "gone", ranges).replace("T-1", "W-1");
    let debian = osv("Debian:12", "openssl", ranges);
    let echo = osv("Echo", "x", ranges);
    let informational = osv(
        "crates.io",
        "old",
        &format!(r#"{ranges},"database_specific":{{"informational":"unmaintained"}}"#),
    );
    let commits = osv("npm", "c", r#""ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]"#);
    let (store, report) = store(&[
        ("stale.json", &stale_copy),
        ("withdrawn.json", &withdrawn),
        ("debian.json", &debian),
        ("echo.json", &echo),
        ("informational.json", &informational),
        ("commits.json", &commits),
        ("broken.json", "{\"id\":"),
        ("odd.json", r#"{"id":"X","modified":"2024","affected":7}"#),
        ("package.json", "{\"name\":\"x\"}"),
        ("list.json", "[1]"),
        ("README.md", "# Advisories"),
        ("image.png", "x"),
        ("null.json", r#"{"id":"N-1","modified":"2024","affected":null,"withdrawn":null,"aliases":null}"#),
    ]);
    assert_eq!(said(&store, Ecosystem::Npm, "gone", "1.0.0"), "", "withdrawn, though an older copy is not");
    assert_eq!(said(&store, Ecosystem::Cargo, "old", "1.0.0"), "");
    let others: Vec<_> =
        report.other_ecosystems.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(others, [("Debian", 1), ("Echo", 1)]);
    let counts =
        (report.advisories, report.copies, report.withdrawn, report.informational, report.without_versions);
    assert_eq!(counts, (6, 1, 1, 1, 1));
    assert_eq!((report.of_other_ecosystems, report.records, report.kept), (2, 0, 0));
    assert_eq!((report.other_files, report.unreadable_files), (4, 3), "{:?}", report.unreadable);
}

#[test]
fn records_of_one_vulnerability_are_one_match() {
    let record = |id: &str, aliases: &str, fixed: &str, severity: &str| {
        format!(
            r#"{{"id":"{id}","modified":"2024","aliases":[{aliases}],"summary":"of {id}","affected":[{{"package":{{"ecosystem":"PyPI","name":"p"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]{severity}}}"#
        )
    };
    let (store, _) = store(&[
        ("1.json", &record("PYSEC-1", "\"CVE-1\"", "1.5", "")),
        ("2.json", &record("GHSA-1", "\"CVE-1\"", "1.4", r#","database_specific":{"severity":"MODERATE"}"#)),
        ("3.json", &record("CVE-1", "", "1.5", "")),
        (
            "4.json",
            &record(
                "GHSA-2",
                "\"CVE-2\"",
                "2.0",
                r#","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]"#,
            ),
        ),
        ("5.json", &record("MAL-1", "", "3.0", "")),
    ]);
    let judged = judge(&store, &[lock(&[(Ecosystem::PyPi, "p", Ok("1.0"))])]).unwrap();
    let shown: Vec<_> = judged
        .matches
        .iter()
        .map(|found| {
            let advisory = &found.advisory;
            let score = advisory.score_tenths;
            let fix = found.fixed_in.as_ref().map(Fix::to_string);
            format!("{} {:?} {:?} {:?} {:?}", advisory.id, advisory.aliases, advisory.severity, score, fix)
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"GHSA-2 ["CVE-2"] Some(Critical) Some(98) Some("2.0")"#,
            r#"MAL-1 [] Some(Critical) None Some("3.0")"#,
            r#"GHSA-1 ["CVE-1", "PYSEC-1"] Some(Medium) None Some("1.5")"#,
        ]
    );
    let whole: BTreeSet<_> = judged.matches.iter().map(|found| found.mended_by.clone()).collect();
    assert_eq!(whole, BTreeSet::from([Some(Fix::At("3.0".to_owned()))]), "one answer for the package");
}

#[test]
fn an_open_version_is_not_judged() {
    let ranges = r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]"#;
    let (store, _) = store(&[("a.json", &osv("npm", "p", ranges))]);
    let packages =
        [(Ecosystem::Npm, "p", Err("it is not pinned")), (Ecosystem::Npm, "other", Err("it is not pinned"))];
    let judged = judge(&store, &[lock(&packages)]).unwrap();
    assert!(judged.matches.is_empty());
    assert_eq!(
        judged.unknown,
        [(0, 0, "it is not pinned".to_owned())],
        "nothing is said where no advisory could hold"
    );
}

#[test]
fn rustsec() {
    let file = |head: &str| {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"mdbook\"\ndate = \"2021-01-04\"\naliases = [\"CVE-2020-26297\"]\n{head}\n```\n\n# XSS in its search page\n\nText.\n"
        )
    };
    let check = |head: &str, cases: &[(&str, &str)]| {
        let (store, report) = store(&[("crates/mdbook/RUSTSEC-2021-0001.md", &file(head))]);
        assert!(report.unreadable.is_empty(), "{report:?}");
        for (version, expect) in cases {
            assert_eq!(said(&store, Ecosystem::Cargo, "mdbook", version), *expect, "{head} {version}");
        }
    };
    check(
        "cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N\"\n[versions]\npatched = [\">= 0.4.5\"]\nunaffected = [\"< 0.1.4\"]",
        &[
            ("0.1.3", ""),
            ("0.1.4", "RUSTSEC-2021-0001 -> 0.4.5"),
            ("0.4.4", "RUSTSEC-2021-0001 -> 0.4.5"),
            ("0.4.5", ""),
        ],
    );
    check(
        "[versions]\npatched = [\"^0.3.7\", \">= 0.4.5\"]",
        &[("0.3.6", "RUSTSEC-2021-0001 -> 0.3.7"), ("0.3.9", ""), ("0.4.0", "RUSTSEC-2021-0001 -> 0.4.5")],
    );
    check("[versions]\npatched = []", &[("9.0.0", "RUSTSEC-2021-0001 -> nothing")]);
    check("patched_versions = [\">= 0.4.5\"]", &[("0.4.4", "RUSTSEC-2021-0001 -> 0.4.5")]);
    check("withdrawn = \"2021-02-01\"\n[versions]\npatched = []", &[("9.0.0", "")]);
    check("informational = \"unmaintained\"\n[versions]\npatched = []", &[("9.0.0", "")]);
    check(
        "informational = \"unsound\"\n[versions]\npatched = []",
        &[("9.0.0", "RUSTSEC-2021-0001 -> nothing")],
    );
    let (kept, _) = store(&[("crates/a.md", &file("[versions]\npatched = []"))]);
    let advisory =
        &judge(&kept, &[lock(&[(Ecosystem::Cargo, "mdbook", Ok("1.0.0"))])]).unwrap().matches[0].advisory;
    assert_eq!(
        (advisory.summary.as_str(), advisory.aliases[0].as_str()),
        ("XSS in its search page", "CVE-2020-26297")
    );
    let (_, report) = store(&[
        ("rust/std/a.md", &file("[versions]\npatched = []")),
        ("a.md", &file("[versions]\npatched = [\"nonsense\"]")),
        ("b.md", &file(&format!("{}b = 1", "a.".repeat(100_000)))),
        ("c.md", "```toml\n[advisory]\n"),
    ]);
    assert_eq!((report.other_ecosystems.len(), report.unreadable_files, report.other_files), (1, 3, 0));
}

#[test]
fn the_older_npm_form() {
    let file = |versions: &str| {
        format!(
            r#"{{"id":118,"title":"Regular expressions","module_name":"minimatch","updated_at":"2018-01-01","cves":["CVE-2016-1000023"],"vulnerable_versions":{versions},"patched_versions":">=3.0.2","cvss_vector":null,"cvss_score":7.5}}"#
        )
    };
    let check = |versions: &str, cases: &[(&str, &str)]| {
        let (store, _) = store(&[("npm/118.json", &file(versions))]);
        for (version, expect) in cases {
            assert_eq!(said(&store, Ecosystem::Npm, "minimatch", version), *expect, "{versions} {version}");
        }
    };
    check("\"<=3.0.1\"", &[("3.0.1", "NSWG-ECO-118 -> 3.0.2"), ("3.0.2", "")]);
    check(
        "\"<1.0.0 || >=2.0.0 <2.0.3\"",
        &[("0.9.0", "NSWG-ECO-118 -> 3.0.2"), ("1.5.0", ""), ("2.0.2", "NSWG-ECO-118 -> 3.0.2")],
    );
    check("null", &[("9.0.0", "NSWG-ECO-118 -> nothing")]);
    check("\"<0.0.0\"", &[("0.0.0", "")]);
    let (kept, report) = store(&[("a.json", &file("\"*\"")), ("b.json", &file("\"one of them\""))]);
    assert_eq!(report.unreadable_files, 1);
    let found = judge(&kept, &[lock(&[(Ecosystem::Npm, "minimatch", Ok("1.0.0"))])]).unwrap();
    assert_eq!(
        (found.matches[0].advisory.severity, found.matches[0].advisory.score_tenths),
        (Some(crate::finding::Severity::High), Some(75))
    );
}

#[test]
fn osv_as_yaml() {
    let text = "id: PYSEC-2021-1\nmodified: 2021-06-01T00:00:00Z\ndetails: |\n  First line.\n  Second.\naliases: [CVE-2021-1]\naffected:\n- package: {name: Flask, ecosystem: PyPI}\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: 0\n    - fixed: 1.10\n  versions: [0.5, 1.0]\n";
    let (store, report) =
        store(&[("vulns/flask/PYSEC-2021-1.yaml", text), ("workflow.yml", "on: push"), ("bad.yaml", "a: [")]);
    assert_eq!((report.advisories, report.other_files, report.unreadable_files), (1, 1, 1));
    assert_eq!(said(&store, Ecosystem::PyPi, "flask", "1.9"), "PYSEC-2021-1 -> 1.10");
    assert_eq!(said(&store, Ecosystem::PyPi, "flask", "1.10"), "");
}

#[test]
fn imports_reach_through_others() {
    let mut tree = SourceTree::new();
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"@s/a":"1","b":"1"}},
        "node_modules/@s/a":{"version":"1.0.0","dependencies":{"c":"1"}},"node_modules/b":{"version":"1.0.0"},"node_modules/c":{"version":"1.0.0"}}}"#;
    let file = tree.add("package-lock.json", lock.as_bytes().to_vec());
    let lock = packages::read(&tree, file).unwrap().unwrap();
    let told = |lock: &Lock, imports: &[&str]| {
        let imports: BTreeSet<String> = imports.iter().map(|name| (*name).to_owned()).collect();
        imported(lock, &imports)
    };
    assert_eq!(told(&lock, &["@s/a"]), [Some(true), Some(false), Some(true)]);
    assert_eq!(told(&lock, &[]), [Some(false); 3]);
    let file = tree.add("requirements.txt", b"PyYAML==5.1\nflask==1.0\n".to_vec());
    let lock = packages::read(&tree, file).unwrap().unwrap();
    assert_eq!(told(&lock, &["yaml"]), [Some(true), None], "the file does not say who needs whom");
}
