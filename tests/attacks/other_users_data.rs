//! A caller reaches for another's rows in a store that is partitioned by caller.

use crate::harness::{Server, get};

fn manifest(partition: &str) -> String {
    format!(
        "app = \"lab\"\n[stores.notes]\npartition = \"{partition}\"\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\ngrants.kv = {{ notes = [\"get\", \"set\", \"delete\", \"list\"] }}\n"
    )
}

#[test]
fn rows_of_another_caller_are_not_there() {
    let mut server = Server::start();
    server.deploy("lab", &manifest("caller"));
    server.user("alice", &[]);
    server.user("eve", &[]);
    let (alice, eve) = (server.sign_in("lab", "alice"), server.sign_in("lab", "eve"));
    let kv = |token: Option<&str>, query: &str| {
        let mut call = get("lab.localhost", &format!("/kv?store=notes&{query}"));
        if let Some(token) = token {
            call = call.token(token);
        }
        server.call(&call).text().trim().to_owned()
    };
    assert_eq!(kv(Some(&alice), "do=set&key=diary&value=secret"), "done");
    assert_eq!(kv(Some(&alice), "do=get&key=diary"), "secret", "control: her own");
    assert_eq!(kv(Some(&eve), "do=get&key=diary"), "nothing");
    assert_eq!(kv(Some(&eve), "do=exists&key=diary"), "false");
    assert_eq!(kv(Some(&eve), "do=list"), "");
    assert_eq!(kv(Some(&eve), "do=get-many&key=diary,diary"), "nothing,nothing");
    assert_eq!(kv(Some(&eve), "do=delete&key=diary"), "done");
    assert_eq!(kv(Some(&eve), "do=set&key=diary&value=forged"), "done");
    assert_eq!(kv(Some(&alice), "do=get&key=diary"), "secret", "hers is as it was");
    assert_eq!(kv(Some(&alice), "do=list"), "diary", "exactly hers: nothing came, nothing went");
    // Keys that try to leave the partition.
    for key in ["../alice/diary", "%00diary", "User::alice/diary"] {
        assert_ne!(kv(Some(&eve), &format!("do=get&key={key}")), "secret", "{key}");
    }
    let nobody = kv(None, "do=get&key=diary");
    assert_ne!(nobody, "secret", "an anonymous caller has no partition");
}

#[test]
fn control_a_shared_store_is_shared() {
    let mut server = Server::start();
    server.deploy("lab", &manifest("shared"));
    assert_eq!(
        server.call(&get("lab.localhost", "/kv?store=notes&do=set&key=k&value=v")).text().trim(),
        "done"
    );
    server.user("eve", &[]);
    let eve = server.sign_in("lab", "eve");
    assert_eq!(
        server.call(&get("lab.localhost", "/kv?store=notes&do=get&key=k").token(&eve)).text().trim(),
        "v"
    );
}
