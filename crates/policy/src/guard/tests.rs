use std::sync::Arc;

use casemate_core::testing::MemoryLedger;
use casemate_core::{ACTIONS, Action, Actor, Audience, LedgerClass, Method, RecordError, Verdict};

use super::*;
use crate::fixture::*;
use crate::words;

/// For each action of the table: somebody who may, and somebody who is of the right kind but may not.
fn cases(action: Action) -> ((Arc<Actor>, &'static str), (Arc<Actor>, &'static str)) {
    let customer = signed_in(user(CUSTOMER), "shop");
    let at_platform = |who| signed_in(user(who), "casemate");
    let anonymous = Arc::new(Actor::anonymous());
    match action {
        Action::Invoke => ((customer, "orders"), (signed_in(user(STRANGER), "shop"), "orders")),
        Action::SignIn => ((anonymous, ""), (customer, "")),
        Action::KvGet | Action::KvSet => {
            ((running("shop/orders", &customer), "orders"), (running("shop/orders", &customer), "stock"))
        }
        Action::KvDelete => {
            ((running("shop/report", &customer), "stock"), (running("shop/orders", &customer), "orders"))
        }
        Action::KvList => {
            ((running("shop/report", &customer), "orders"), (running("shop/orders", &customer), "orders"))
        }
        Action::HttpSend => {
            ((running("shop/payment", &customer), "pay"), (running("shop/payment", &customer), "evil"))
        }
        Action::LogWrite => {
            ((running("shop/orders", &customer), "orders"), (running("shop/orders", &customer), "report"))
        }
        Action::SetupClaim => ((Arc::new(Actor::setup()), ""), (anonymous, "")),
        Action::ControlSignIn => ((anonymous, ""), (at_platform(STRANGER), "")),
        Action::TokenIssue => ((at_platform(CUSTOMER), ""), (signed_in(user(STRANGER), "shop"), "")),
        _ => ((at_platform(ADMIN), ""), (at_platform(MANAGER), "")),
    }
}

#[test]
fn every_action_has_an_allow_and_a_deny() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    for row in ACTIONS {
        let (allowed, denied) = cases(row.action);
        for ((actor, thing), expect) in [(allowed, Verdict::Allow), (denied, Verdict::Deny)] {
            let entry = entry(&ledger);
            let thing = if thing.is_empty() { "orders" } else { thing };
            let answer = ask_about(&guard, &entry, &actor, row.action, "shop", thing);
            assert_eq!(verdict(&answer), expect, "{} by {}: {answer:?}", row.name, actor.principal);
            let recorded = last(&ledger);
            assert_eq!((recorded.action, recorded.disposition), (row.action, expect));
            assert_eq!(recorded.actor.principal, actor.principal);
        }
    }
}
