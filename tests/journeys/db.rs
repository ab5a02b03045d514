//! Advisories on this machine: taking them in, asking about them, and archives that mean harm.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Runs `casemate db …` with the store in a folder: exit code, standard output, standard error.
fn db(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .arg("db")
        .args(arguments)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env_remove("CASEMATE_ADVISORIES")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn record(id: &str, ecosystem: &str, name: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-03-01T00:00:00Z","summary":"harm in {name}"{more},"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"4.17.21"}}]}}]}}]}}"#
    )
}

fn archive(path: &Path, files: &[(&str, &[u8])]) {
    let mut writer = ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn advisories_come_in_and_are_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (code, _, said) = db(at, &["show"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("casemate db import"), "{said}");

    std::fs::create_dir_all(at.join("records/crates/mdbook")).unwrap();
    let markdown = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0001\"\npackage = \"mdbook\"\n[versions]\npatched = [\">= 0.4.5\"]\n```\n# Scripts\n";
    std::fs::write(at.join("records/crates/mdbook/RUSTSEC-2021-0001.md"), markdown).unwrap();
    std::fs::write(at.join("records/broken.json"), "{\"id\":").unwrap();
    std::os::unix::fs::symlink("/", at.join("records/everything")).unwrap();
    let lodash =
        record("GHSA-1", "npm", "lodash", r#","aliases":["CVE-1"],"database_specific":{"severity":"HIGH"}"#);
    let gone = record("GHSA-2", "npm", "gone", r#","withdrawn":"2024-04-01T00:00:00Z""#);
    let debian = record("DSA-1", "Debian:12", "openssl", "");
    let files = [
        ("GHSA-1.json", lodash.as_bytes()),
        ("GHSA-2.json", gone.as_bytes()),
        ("DSA-1.json", debian.as_bytes()),
    ];
    archive(&at.join("all.zip"), &files);

    let (code, out, said) = db(at, &["import", "records", "all.zip"]);
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["2 advisories about 2 packages", "1 withdrawn", "Debian", "1 file could not be used: `broken.json`"]
    {
        assert!(out.contains(words), "{words} is not in: {out}");
    }
    assert!(at.join("data/casemate/advisories.db").is_file(), "in the user's folder for data");
    let (_, out, _) = db(at, &["show"]);
    assert!(out.contains("npm") && out.contains("crates.io") && out.contains("2024-03-01"), "{out}");

    let ids = |package: &str| -> Vec<String> {
        let (code, out, said) = db(at, &["show", package, "--json"]);
        assert_eq!(code, Some(0), "{said}");
        let document: Value = serde_json::from_str(&out).unwrap();
        let rows = document["advisories"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("npm:lodash"), ["GHSA-1"]);
    assert_eq!(ids("npm:lodash@4.17.20"), ["GHSA-1"]);
    assert!(ids("npm:lodash@4.17.21").is_empty());
    assert_eq!(ids("crates.io:mdbook@0.4.4"), ["RUSTSEC-2021-0001"]);
    assert!(ids("npm:gone").is_empty() && ids("npm:@scope/other").is_empty());
    let (_, out, _) = db(at, &["show", "npm:lodash"]);
    assert!(out.contains("<4.17.21") && out.contains("high"), "{out}");
    for wrong in ["lodash", "apt:openssl", "npm:lodash@newest"] {
        assert_eq!(db(at, &["show", wrong]).0, Some(2), "{wrong}");
    }
}

#[test]
fn what_cannot_be_taken_in_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let good = record("GHSA-1", "npm", "lodash", "");
    archive(&at.join("good.zip"), &[("GHSA-1.json", good.as_bytes())]);
    assert_eq!(db(at, &["import", "good.zip", "--db", "store"]).0, Some(0), "control");
    let before = std::fs::read(at.join("store")).unwrap();

    // Twenty megabytes of one letter in some kilobytes, beside a good record.
    let bomb = vec![b' '; 20 << 20];
    archive(&at.join("bomb.zip"), &[("GHSA-1.json", good.as_bytes()), ("bomb.json", &bomb)]);
    std::fs::write(at.join("broken.zip"), "PK\u{3}\u{4} and no more").unwrap();
    std::fs::create_dir(at.join("empty")).unwrap();
    std::fs::write(at.join("note.txt"), "hello").unwrap();
    for (paths, code, words) in [
        (&["bomb.zip"][..], 1, "200 times"),
        (&["good.zip", "broken.zip"], 1, "no readable ZIP"),
        (&["empty"], 1, "nothing was changed"),
        (&["note.txt"], 2, "neither a folder nor a ZIP"),
        (&["missing"], 4, "is not there"),
    ] {
        let (found, _, said) = db(at, &[&["import", "--db", "store"], paths].concat());
        assert_eq!(found, Some(code), "{paths:?}: {said}");
        assert!(said.contains(words), "{paths:?}: {said}");
        assert!(std::fs::read(at.join("store")).unwrap() == before, "{paths:?}");
    }
    let left: Vec<_> = std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".advisories")), "{left:?}");

    let (code, _, said) = db(at, &["show", "--db", "good.zip"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("no store of advisories"), "{said}");
    let mut damaged = before;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(at.join("store"), damaged).unwrap();
    let (code, _, said) = db(at, &["show", "npm:lodash", "--db", "store"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("damaged"), "{said}");
}
