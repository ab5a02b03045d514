//! The table of offered interfaces against everything that must agree with it.

use std::collections::BTreeSet;

use casemate_core::{ACTIONS, Audience};

use super::*;

#[test]
fn the_table_and_the_action_table_name_the_same_effects() {
    let ours: BTreeSet<(String, Action)> = OFFERED
        .iter()
        .flat_map(|row| {
            row.effects.iter().map(|(function, action)| (format!("{}#{function}", row.name), *action))
        })
        .collect();
    let theirs: BTreeSet<(String, Action)> = ACTIONS
        .iter()
        .filter(|row| row.audience == Audience::Guest)
        .flat_map(|row| row.enters.iter().map(|enters| ((*enters).to_owned(), row.action)))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn every_interface_is_offered_once_and_sockets_are_not() {
    let mut seen = BTreeSet::new();
    for row in OFFERED {
        assert!(seen.insert((row.name, row.version)), "{} twice", row.name);
        assert!(!row.name.contains("sockets"), "{}", row.name);
    }
}

#[test]
fn releases_take_their_patches_and_drafts_only_themselves() {
    let takes = |name: &str, version: &str| OFFERED.iter().any(|row| row.takes(name, version));
    for (name, version, expect) in [
        ("wasi:io/poll", "0.2.0", true),
        ("wasi:io/poll", "0.2.99", true),
        ("wasi:io/poll", "0.3.0", false),
        ("wasi:http/types", "0.3.0", true),
        ("wasi:keyvalue/store", "0.2.0-draft2", true),
        ("wasi:keyvalue/store", "0.2.0-draft", false),
        ("wasi:keyvalue/store", "0.2.0", false),
        ("wasi:sockets/tcp", "0.2.0", false),
        ("wasi:http/types", "", false),
    ] {
        assert_eq!(takes(name, version), expect, "{name}@{version}");
    }
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[test]
fn what_is_no_function_is_refused_with_the_way_to_mend_it() {
    use casemate_core::Faulty;
    let check = |bytes: &[u8], expect: &str, help: &str| {
        let error = inspect(bytes).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(error.help().unwrap().contains(help), "{:?}", error.help());
    };
    check(b"", "not a WebAssembly component", "component build");
    check(b"#!/bin/sh\necho hello", "not a WebAssembly component", "component build");
    check(b"\0asm\x0d\0\x01\0\x63", "not a WebAssembly component", "component build");
    check(&component("(module)"), "core module", "wasm32-wasip2");
    check(&component("(component)"), "no HTTP handler", "wasi:http/incoming-handler@0.2.x");
    let unknown = component(
        "(component (import \"wasi:sockets/tcp@0.2.0\" (instance)) (import \"wasi:io/poll@0.2.3\" (instance)) \
         (import \"my:own/thing\" (instance)))",
    );
    check(
        &unknown,
        "`wasi:sockets/tcp@0.2.0`, `my:own/thing`, which nobody offers",
        "wasi:keyvalue/store@0.2.0-draft2",
    );
    // What a nested component asks for is the outer one's to give.
    let nested = component("(component (component (import \"my:own/thing\" (instance))))");
    check(&nested, "no HTTP handler", "wasi:http");
}

#[test]
fn a_function_is_seen_for_what_it_could_ask() {
    let seen = inspect(&crate::testbed::component("attacker")).unwrap();
    assert_eq!(seen.wasi, Wasi::P2);
    for action in
        [Action::KvGet, Action::KvSet, Action::KvDelete, Action::KvList, Action::HttpSend, Action::LogWrite]
    {
        assert!(seen.actions.contains(&action), "{action:?}");
    }
    assert!(!inspect(&crate::testbed::component("hello")).unwrap().actions.contains(&Action::KvGet));
    assert!(
        seen.imports.iter().any(|import| import.starts_with("wasi:keyvalue/store@")),
        "{:?}",
        seen.imports
    );
}
