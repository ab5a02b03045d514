//! Starting in good and bad surroundings: a clear error, nothing half-done, nothing lost.

use std::process::Stdio;

use crate::harness::Server;

fn refusal(server: &Server, extra: &[&str]) -> String {
    let output = server.command().args(extra).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success(), "it started");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let server = Server::start();
    let words = refusal(&server, &[]);
    assert!(words.contains("data") && words.contains("another"), "{words}");
}

#[test]
fn a_port_in_use_is_named() {
    let server = Server::start();
    let mut other = Server::start();
    other.stop();
    let taken = server.listen.to_string();
    // The last `--listen` wins.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["serve", "--json", "--control", "127.0.0.1:0", "--listen", &taken, "--data"])
        .arg(other.data())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains(&taken) && words.contains("listen"), "{words}");
    other.restart();
}

#[test]
fn a_missing_or_wrong_root_key_changes_nothing() {
    let mut server = Server::start();
    server.admin();
    server.stop();
    let key = server.data().join("root.key");
    let kept = std::fs::read(&key).unwrap();
    let before = fingerprint(&server.data());
    std::fs::remove_file(&key).unwrap();
    assert!(refusal(&server, &[]).contains("root.key"));
    // A key of another installation.
    let mut other = Server::start();
    other.stop();
    std::fs::copy(other.data().join("root.key"), &key).unwrap();
    let words = refusal(&server, &[]);
    assert!(words.contains("root key"), "{words}");
    // Readable by others.
    std::fs::write(&key, &kept).unwrap();
    set_mode(&key, 0o644);
    assert!(refusal(&server, &[]).contains("chmod"), "the help is the command");
    set_mode(&key, 0o600);
    assert_eq!(fingerprint(&server.data()), before, "nothing changed");
    server.restart();
    server.control_token("admin");
}

#[test]
fn open_doors_must_be_asked_for_by_name() {
    let server = Server::start();
    let words = refusal(&server, &["--listen", "0.0.0.0:0"]);
    assert!(words.contains("dangerous_plain_http"), "{words}");
}

fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Names, lengths and contents of everything in a folder but the key itself.
fn fingerprint(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if !path.ends_with("root.key") {
                found.push((
                    path.display().to_string(),
                    casemate_server::sha256(&std::fs::read(&path).unwrap()).to_hex(),
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_data_folder_keeps_itself_out_of_repositories() {
    let server = Server::start();
    assert_eq!(std::fs::read_to_string(server.data().join(".gitignore")).unwrap(), "*\n");
}
