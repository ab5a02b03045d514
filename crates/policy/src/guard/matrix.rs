//! Who may do what to what, written out: role × action × resource. A change of any policy shows here as a changed cell.

use std::fmt::Write as _;
use std::sync::Arc;

use casemate_core::actor::ExternalId;
use casemate_core::testing::MemoryLedger;
use casemate_core::{ACTIONS, Actor, Principal};

use crate::Refusal;
use crate::fixture::*;

/// Everyone, by the column's head.
fn people() -> Vec<(&'static str, Arc<Actor>)> {
    let customer = signed_in(user(CUSTOMER), "shop");
    let external = ExternalId { issuer: Arc::from("https://id.example"), subject: Arc::from("eve") };
    vec![
        ("anonymous", Arc::new(Actor::anonymous())),
        ("stranger @shop", signed_in(user(STRANGER), "shop")),
        ("external @shop", signed_in(Principal::External(external), "shop")),
        ("service @shop", signed_in(service(1), "shop")),
        ("customer @shop", Arc::clone(&customer)),
        ("manager @shop", signed_in(user(MANAGER), "shop")),
        ("admin @shop", signed_in(user(ADMIN), "shop")),
        ("manager @vaulted", signed_in(user(MANAGER), "vaulted")),
        ("stranger @casemate", signed_in(user(STRANGER), "casemate")),
        ("customer @casemate", signed_in(user(CUSTOMER), "casemate")),
        ("manager @casemate", signed_in(user(MANAGER), "casemate")),
        ("admin @casemate", signed_in(user(ADMIN), "casemate")),
        ("setup", Arc::new(Actor::setup())),
        ("system", Arc::new(Actor::system())),
        ("function shop/orders", running("shop/orders", &customer)),
        ("function shop/report", running("shop/report", &customer)),
        ("function shop/payment", running("shop/payment", &customer)),
        ("function vaulted/inner", running("vaulted/inner", &signed_in(user(MANAGER), "vaulted"))),
    ]
}

/// The resources of a kind: app, and what in it.
fn things(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "Function" => &[
            ("shop", "catalog"),
            ("shop", "account"),
            ("shop", "orders"),
            ("shop", "report"),
            ("shop", "closed"),
            ("shop", "missing"),
            ("vaulted", "inner"),
        ],
        "KvStore" => &[("shop", "orders"), ("shop", "stock"), ("vaulted", "things")],
        "Host" => &[("shop", "pay"), ("shop", "evil"), ("vaulted", "pay")],
        "App" => &[("shop", ""), ("vaulted", ""), ("casemate", ""), ("missing", "")],
        _ => &[("", "")],
    }
}

#[test]
fn role_by_action_by_resource() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let people = people();
    let mut table =
        String::from("A: allowed   d: denied, but may know of it (403)   .: denied and hidden (404)\n\n");
    for (number, (head, _)) in people.iter().enumerate() {
        let _ = writeln!(table, "{:>39} {}{head}", "", "│ ".repeat(number));
    }
    for row in ACTIONS {
        for (app_name, thing) in things(row.resource) {
            let resource = match (row.resource, *thing) {
                ("Platform", _) => "Platform".to_owned(),
                (kind, "") => format!("{kind} {app_name}"),
                (kind, thing) => format!("{kind} {app_name}/{thing}"),
            };
            let _ = write!(table, "{:<16} {resource:<22} ", row.name);
            for (_, actor) in &people {
                let named = if app_name.is_empty() { "shop" } else { app_name };
                let thing = if thing.is_empty() { "x" } else { thing };
                let answer = ask_about(&guard, &entry(&ledger), actor, row.action, named, thing);
                let cell = match answer {
                    Ok(()) => "A",
                    Err(Refusal::Denied { visible: true, step_up: None }) => "d",
                    Err(Refusal::Denied { visible: false, step_up: None }) => ".",
                    Err(other) => panic!("{other:?}"),
                };
                let _ = write!(table, "{cell} ");
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    insta::assert_snapshot!(table);
}
