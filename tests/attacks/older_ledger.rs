//! Somebody puts an older copy of the ledger's folder back, to hide what came after it. The server would go on from there and sign a
//! second history.

use std::path::Path;
use std::process::Stdio;

use crate::harness::{Server, get};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_server_does_not_go_on_from_an_older_ledger() {
    let mut server = Server::start();
    server.stop();
    let (old, newer) = (server.folder.path().join("old"), server.folder.path().join("newer"));
    copy(&server.ledger(), &old);
    server.restart();
    for _ in 0..20 {
        server.call(&get("nothing.localhost", "/"));
    }
    server.stop();
    server.restart();
    server.stop();
    copy(&server.ledger(), &newer);

    let ledger = server.ledger();
    let put_back = |copied: &Path| {
        std::fs::remove_dir_all(&ledger).unwrap();
        copy(copied, &ledger);
    };
    put_back(&old);
    let refused = server.command().stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "it went on from an older ledger");
    assert!(
        said.contains("an older copy was put back") && said.contains("dangerous_accept_older_ledger"),
        "{said}"
    );
    put_back(&newer);
    server.restart();
    server.verify();

    // The way out that the error names, for whoever knows and accepts the loss, counts once: from then on what is there is known again.
    put_back(&old);
    let mut accepted = Server::not_started("dangerous_accept_older_ledger = true\n");
    std::mem::swap(&mut accepted.folder, &mut server.folder);
    accepted.restart();
    accepted.verify();
    std::mem::swap(&mut accepted.folder, &mut server.folder);
    server.restart();
    server.verify();
}
