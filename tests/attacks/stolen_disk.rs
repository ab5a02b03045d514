//! Somebody takes the disk, without the root key, and looks for what functions stored, for passwords and for tokens.

use std::path::Path;

use crate::harness::{PASSWORD, Server, get};

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        std::fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    })
}

#[test]
fn nothing_readable_lies_in_the_data_folder() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[stores.scratch]\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\ngrants.kv = { scratch = [\"get\", \"set\"] }\n",
    );
    server.user("bob", &[]);
    let token = server.sign_in("lab", "bob");
    let (key, value, logged) = ("planted-key-7f3a", "planted-value-91bc", "planted-log-line-55e0");
    assert_eq!(
        server.call(&get("lab.localhost", &format!("/kv?do=set&key={key}&value={value}"))).text(),
        "done\n"
    );
    assert_eq!(
        server.call(&get("lab.localhost", &format!("/kv?do=get&key={key}"))).text().trim(),
        value,
        "control: it is stored"
    );
    assert_eq!(server.call(&get("lab.localhost", &format!("/log?text={logged}"))).status, 200);
    let check = |server: &Server| {
        for needle in [key, value, logged, PASSWORD, "correct horse", token.as_str(), server.admin_token()] {
            assert!(!holds(&server.data(), needle.as_bytes()), "`{needle}` lies in the clear");
        }
    };
    check(&server);
    server.stop();
    check(&server);
    assert!(holds(&server.data(), b"SQLite format 3"), "control: the search finds what is in the clear");
}
