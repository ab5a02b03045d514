//! Somebody edits the ledger's files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::{Server, get};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The first file below a folder, or the last, by name.
fn file_at(path: &Path, last: bool) -> PathBuf {
    let mut path = path.to_owned();
    while path.is_dir() {
        let inside = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
        path = if last { inside.max() } else { inside.min() }.unwrap();
    }
    path
}

fn first_file(path: &Path) -> PathBuf {
    file_at(path, false)
}

fn last_file(path: &Path) -> PathBuf {
    file_at(path, true)
}

#[test]
fn every_edit_is_found() {
    let mut server = Server::start();
    fill(&mut server);
    server.stop();
    let key = server.ledger_key.clone();
    let report = casemate_audit::verify(&server.ledger(), &key, None).unwrap();
    assert!(report.holds() && report.bundles > 1, "control: as it was written, it holds: {report:?}");

    let scratch = server.folder.path().join("copies");
    let edited = |name: &str, file: &dyn Fn(&Path) -> PathBuf, edit: &dyn Fn(&Path)| {
        let folder = scratch.join(name);
        copy(&server.ledger(), &folder);
        let file = file(&folder);
        edit(&file);
        let found = casemate_audit::verify(&folder, &key, None);
        let file = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        match found {
            Ok(report) => {
                let named = report.findings.iter().any(|finding| finding.file == file);
                assert!(!report.holds() && named, "{name}: nobody names `{file}`: {:?}", report.findings);
            }
            Err(error) => assert!(error.to_string().contains(file), "{name}: {error}"),
        }
    };
    let entries = |folder: &Path| first_file(&folder.join("tile/entries"));
    edited("an entry", &entries, &flip);
    edited("a hash tile", &|folder| first_file(&folder.join("tile/0")), &flip);
    edited("the checkpoint", &|folder| folder.join("checkpoint"), &flip);
    edited("a removed bundle", &entries, &|path| std::fs::remove_file(path).unwrap());
    edited("a cut bundle", &entries, &|path| {
        let bytes = std::fs::read(path).unwrap();
        replace(path, &bytes[..bytes.len() - 10]);
    });
    // A ledger of another key is none.
    let mut other = Server::start();
    other.stop();
    let found = casemate_audit::verify(&server.ledger(), &other.ledger_key, None);
    assert!(found.is_err_and(|error| error.to_string().contains("checkpoint")));
}

/// What a server does that is started on an edited ledger: what it goes on from it checks, and what it reads later it checks when it
/// reads it; the rest is for whoever verifies.
#[test]
fn a_server_does_not_pass_an_edit_on() {
    let mut server = Server::start();
    let early = fill(&mut server);
    assert_eq!(server.explain(&early)["request"], early.as_str(), "control: it can be explained");
    server.stop();
    let (ledger, key) = (server.ledger(), server.ledger_key.clone());

    // The checkpoint, and the last hashes: it does not start.
    for file in
        ["checkpoint".into(), last_file(&ledger.join("tile/0")), last_file(&ledger.join("tile/entries"))]
    {
        let path = ledger.join(file);
        let whole = std::fs::read(&path).unwrap();
        flip(&path);
        let error = refused_start(&server);
        assert!(error.contains("ledger"), "{}: {error}", path.display());
        replace(&path, &whole);
    }

    // A full bundle that nothing new depends on: it starts, what was edited is not read out, and the edit is found.
    let bundle = first_file(&ledger.join("tile/entries"));
    assert_eq!(bundle, ledger.join("tile/entries/000"), "a full one");
    let whole = std::fs::read(&bundle).unwrap();
    replace(&bundle, &each_entry_edited(&whole));
    server.restart();
    let admin = server.admin_token().to_owned();
    let explained = server.try_control(&get("localhost", &format!("/v1/requests/{early}")).token(&admin));
    assert!(explained.status >= 500, "{}: {}", explained.status, explained.text());
    server.stop();
    let report = casemate_audit::verify(&ledger, &key, None).unwrap();
    assert!(
        report.findings.iter().any(|finding| finding.file == "tile/entries/000"),
        "{:?}",
        report.findings
    );
    replace(&bundle, &whole);
    assert!(
        casemate_audit::verify(&ledger, &key, None).unwrap().holds(),
        "control: a restart only extends it"
    );
}

/// Deploys a function and calls it until more than one bundle of entries is full; gives the first call's id.
fn fill(server: &mut Server) -> String {
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\nlimits = { rate = { address = 100000 } }\n");
    let first = server.call(&get("hello.localhost", "/")).request_id();
    for _ in 0..160 {
        assert_eq!(server.call(&get("hello.localhost", "/")).status, 200);
    }
    first
}

/// Changes the last byte of each entry: a length of two bytes stands before each.
fn each_entry_edited(bundle: &[u8]) -> Vec<u8> {
    let (mut edited, mut at) = (bundle.to_vec(), 0);
    while let Some(length) = bundle.get(at..at + 2) {
        at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        edited[at - 1] ^= 1;
    }
    edited
}

fn replace(path: &Path, bytes: &[u8]) {
    // The files cannot be written to; whoever owns the folder can put others in their place.
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    replace(path, &bytes);
}

/// Starts the server, which must refuse, and gives what it says.
fn refused_start(server: &Server) -> String {
    let mut child = server.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    if !ready.is_empty() {
        child.kill().unwrap();
        panic!("it started: {ready}");
    }
    let ended = child.wait_with_output().unwrap();
    assert!(!ended.status.success());
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

#[test]
fn a_rollback_is_refused_by_who_remembers() {
    let mut server = Server::start();
    server.stop();
    let old = server.folder.path().join("old");
    copy(&server.ledger(), &old);
    server.restart();
    server.call(&get("hello.localhost", "/"));
    let seen = server.verify().checkpoint;
    assert!(
        casemate_audit::verify(&server.ledger(), &server.ledger_key, Some(&seen))
            .is_ok_and(|report| report.holds()),
        "control"
    );
    let rolled_back = casemate_audit::verify(&old, &server.ledger_key, Some(&seen));
    assert!(!rolled_back.is_ok_and(|report| report.holds()), "an older ledger was taken");
}
