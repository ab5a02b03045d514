use super::*;
use crate::advisories::{Importer, Store, judge};
use crate::packages::read_all;

const NPM: &str = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"@s/a":"1"},"devDependencies":{"t":"1"}},
    "node_modules/@s/a":{"version":"1.0.0","license":"MIT","dependencies":{"b":"2"}},
    "node_modules/b":{"version":"2.0.0+build","license":"(MIT OR Apache-2.0)"},
    "node_modules/t":{"version":"1.0.0","dev":true,"license":"SEE LICENSE IN licence.txt"}}}"#;

const ADVISORY: &str = r#"{"id":"GHSA-35jh-r3h4-6jhm","modified":"2024","aliases":["CVE-2021-23337"],"summary":"harm","database_specific":{"cwe_ids":["CWE-94"]},"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected":[{"package":{"ecosystem":"npm","name":"b"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.1"}]}]}]}"#;

fn tree(order: &[(&str, &str)]) -> SourceTree {
    let mut tree = SourceTree::new();
    for (path, text) in order {
        tree.add(path, text.as_bytes().to_vec());
    }
    tree
}

const FILES: [(&str, &str); 4] = [
    ("web/package-lock.json", NPM),
    ("jobs/package-lock.json", NPM),
    ("requirements.txt", "Flask==2.0.1\nboto3\n"),
    ("go.mod", "module m\ngo 1.21\nrequire github.com/a/b/v2 v2.0.0\n"),
];

fn bill(tree: &SourceTree, with_advisories: bool, timestamp: Option<&str>) -> String {
    let (locks, unread) = read_all(tree);
    assert!(unread.is_empty());
    let mut importer = Importer::new();
    if with_advisories {
        importer.take("a.json", ADVISORY.as_bytes());
    }
    let mut bytes = Vec::new();
    importer.finish(&mut bytes).unwrap();
    let matches = judge(&Store::open(bytes).unwrap(), &locks).unwrap().matches;
    let subject = Subject { name: "shop", version: None, timestamp, tool_version: "0.1.0" };
    cyclonedx(tree, &locks, &matches, &subject)
}

#[test]
fn the_bill() {
    let text = bill(&tree(&FILES), true, Some("2026-01-01T00:00:00Z"));
    insta::assert_snapshot!("bill", text);
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&bill(&tree(&FILES), true, None)).unwrap();
    let list = |name: &str| document[name].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut refs: Vec<String> = list("components").iter().map(|one| text(&one["bom-ref"])).collect();
    assert!(refs.is_sorted() && refs.len() == 6, "{refs:?}");
    refs.push(text(&document["metadata"]["component"]["bom-ref"]));
    let unique: BTreeSet<_> = refs.iter().cloned().collect();
    assert_eq!(unique.len(), refs.len(), "one name for one thing");
    let mut followed = 0;
    let mut leads = |value: &Value| {
        followed += 1;
        assert!(unique.contains(value.as_str().unwrap()), "{value} leads nowhere");
    };
    for one in list("dependencies") {
        leads(&one["ref"]);
        one["dependsOn"].as_array().into_iter().flatten().for_each(&mut leads);
    }
    for one in list("vulnerabilities") {
        one["affects"].as_array().unwrap().iter().for_each(|affected| leads(&affected["ref"]));
    }
    assert!(followed > 10, "{followed}");
}

#[test]
fn the_same_packages_make_the_same_bytes() {
    let bytes = bill(&tree(&FILES), true, None);
    let mut turned = FILES;
    turned.reverse();
    assert_eq!(bill(&tree(&turned), true, None), bytes);
    let serial = |text: &str| serde_json::from_str::<Value>(text).unwrap()["serialNumber"].clone();
    assert_eq!(
        serial(&bill(&tree(&FILES), true, Some("2026-01-01T00:00:00Z"))),
        serial(&bytes),
        "time makes no difference"
    );
    assert_ne!(serial(&bill(&tree(&FILES[1..]), true, None)), serial(&bytes), "other packages do");
}

#[test]
fn licences_by_what_they_are() {
    let check = |text: &str, expect: &str| assert_eq!(licences(text).to_string(), expect);
    check("MIT", r#"[{"license":{"id":"MIT"}}]"#);
    check("(MIT OR Apache-2.0)", r#"[{"expression":"(MIT OR Apache-2.0)"}]"#);
    check("Mine", r#"[{"license":{"name":"Mine"}}]"#);
    check("MIT OR Mine", r#"[{"license":{"name":"MIT OR Mine"}}]"#);
}

#[test]
fn records_come_from_whoever_gave_them_their_id() {
    let check = |id: &str, name: &str, url: Option<&str>| {
        let found = source(id);
        assert_eq!((found["name"].as_str(), found["url"].as_str()), (Some(name), url), "{id}");
    };
    check("GHSA-35jh-r3h4-6jhm", "GitHub", Some("https://github.com/advisories/GHSA-35jh-r3h4-6jhm"));
    check("RUSTSEC-2020-0071", "RustSec", Some("https://rustsec.org/advisories/RUSTSEC-2020-0071.html"));
    check("NSWG-ECO-118", "Node.js security-wg", None);
    check("PYSEC-2021-19", "PyPA", Some("https://osv.dev/vulnerability/PYSEC-2021-19"));
    check("PYSEC-0000-CVE-2018-16876", "PyPA", None);
    check("CVE-2020-26235", "NVD", Some("https://nvd.nist.gov/vuln/detail/CVE-2020-26235"));
    check("GHSA-good", "GitHub", None);
    check("X-1", "OSV", None);
}

#[test]
fn a_rating_says_how_it_was_made() {
    let check = |vector: Option<&str>, method: Option<&str>| {
        let advisory = crate::advisories::Advisory {
            id: "X-1".to_owned(),
            aliases: Vec::new(),
            summary: String::new(),
            severity: Some(Severity::High),
            score_tenths: Some(75),
            vector: vector.map(str::to_owned),
            cwes: vec![20],
            malicious: false,
            modified: String::new(),
        };
        let place = crate::source::Place::whole(SourceTree::new().add("a", Vec::new()));
        let found = Match {
            lock: 0,
            package: 0,
            advisory,
            fixed_in: None,
            mended_by: None,
            place,
            part: None,
            imported: None,
        };
        let object = vulnerability("X-1", &found, &BTreeMap::new());
        let rating = &object["ratings"][0];
        assert_eq!((rating["method"].as_str(), rating["vector"].as_str()), (method, vector));
        assert_eq!(object["cwes"], json!([20]));
    };
    check(Some("CVSS:3.0/AV:N"), Some("CVSSv3"));
    check(Some("CVSS:3.1/AV:N"), Some("CVSSv31"));
    check(Some("CVSS:4.0/AV:N"), Some("CVSSv4"));
    check(None, None);
}

#[test]
fn a_long_version_that_many_need_is_not_repeated() {
    // A megabyte for the version, fifty bytes for each that needs it.
    let version = format!("1.0.0-{}", "é".repeat(500_000));
    let others: String = (0..2_000)
        .map(|at| format!(r#","node_modules/p{at}":{{"version":"1.0.0","dependencies":{{"a":"1"}}}}"#))
        .collect();
    let lock = format!(
        r#"{{"lockfileVersion":3,"packages":{{"":{{"dependencies":{{"a":"1"}}}},"node_modules/a":{{"version":"{version}"}}{others}}}}}"#
    );
    let tree = tree(&[("package-lock.json", &lock)]);
    let (locks, _) = read_all(&tree);
    let subject = Subject { name: "shop", version: None, timestamp: None, tool_version: "0.1.0" };
    let text = cyclonedx(&tree, &locks, &[], &subject);
    assert!(text.len() < 2_000 * 1_000, "{}", text.len());
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["components"].as_array().unwrap().len(), 2_001);
    let one = document["components"].as_array().unwrap().iter().find(|one| one["name"] == "a").unwrap();
    assert_eq!(one["properties"][0]["value"], "it is longer than any version");
    assert_eq!(document["compositions"], Value::Null);
}

#[test]
fn what_there_is_no_room_for_is_said() {
    // Each of 400 packages needs all 400: ten million bytes of lock file would ask for much more of the bill.
    let version = "1".repeat(250);
    let name = |at: usize| format!("p{at}-{}", "n".repeat(450));
    let mut locks = Vec::new();
    let mut files = SourceTree::new();
    let file = files.add("Cargo.lock", Vec::new());
    let packages = (0..400).map(|at| crate::packages::Package {
        ecosystem: crate::packages::Ecosystem::Cargo,
        name: name(at),
        version: crate::known::Known::Value(version.clone()),
        direct: None,
        dev: false,
        place: crate::source::Place::whole(file),
        licence: None,
        needs: (0..400).collect(),
    });
    let kind = crate::packages::LockKind::Cargo;
    locks.push(Lock { file, kind, packages: packages.collect(), unread: Vec::new() });
    let subject = Subject { name: "shop", version: None, timestamp: None, tool_version: "0.1.0" };
    let text = cyclonedx(&files, &locks, &[], &subject);
    assert!(text.len() < MAX_REFERENCE_BYTES + (4 << 20), "{}", text.len());
    let document: Value = serde_json::from_str(&text).unwrap();
    let (told, left_out) = (document["dependencies"].as_array().unwrap(), &document["compositions"][0]);
    assert_eq!(left_out["aggregate"], "incomplete");
    let left_out = left_out["dependencies"].as_array().unwrap();
    assert_eq!((document["components"].as_array().unwrap().len(), told.len() + left_out.len()), (400, 401));
    assert!(!left_out.is_empty() && told.len() > 100, "{} {}", told.len(), left_out.len());
}
