//! Somebody edits the ledger's files.

use std::path::{Path, PathBuf};

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

fn first_file(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    while path.is_dir() {
        let mut inside: Vec<_> =
            std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        path = inside.into_iter().next().unwrap();
    }
    path
}

#[test]
fn every_edit_is_found() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    for _ in 0..30 {
        server.call(&get("hello.localhost", "/"));
    }
    server.stop();
    let key = server.ledger_key.clone();
    let verify =
        |folder: &Path| casemate_audit::verify(folder, &key, None).is_ok_and(|report| report.holds());
    assert!(verify(&server.ledger()), "control: as it was written, it holds");

    let scratch = server.folder.path().join("copies");
    let edited = |name: &str, edit: &dyn Fn(&Path)| {
        let folder = scratch.join(name);
        copy(&server.ledger(), &folder);
        edit(&folder);
        assert!(!verify(&folder), "{name} was not noticed");
    };
    let flip = |path: PathBuf| {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    };
    edited("an entry", &|folder| flip(first_file(&folder.join("tile/entries"))));
    edited("a hash tile", &|folder| flip(first_file(&folder.join("tile/0"))));
    edited("the checkpoint", &|folder| flip(folder.join("checkpoint")));
    edited("a removed bundle", &|folder| {
        std::fs::remove_file(first_file(&folder.join("tile/entries"))).unwrap()
    });
    edited("a cut bundle", &|folder| {
        let path = first_file(&folder.join("tile/entries"));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    });
    // A ledger of another key is none.
    let mut other = Server::start();
    other.stop();
    assert!(
        !casemate_audit::verify(&server.ledger(), &other.ledger_key, None).is_ok_and(|report| report.holds())
    );
    // A server does not start on an edited ledger as if nothing had happened.
    server.restart();
    server.stop();
    assert!(verify(&server.ledger()), "control: a restart extends it");
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
