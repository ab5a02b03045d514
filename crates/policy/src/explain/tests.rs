use std::sync::Arc;

use casemate_core::testing::MemoryLedger;
use casemate_core::{Action, Actor, Manifest, Principal, Verdict};

use crate::fixture::*;
use crate::{Advice, Explanation, Guard, PolicyOrigin, Rules};

fn explain(guard: &Guard, actor: &Arc<Actor>, action: Action, thing: &str) -> Explanation {
    let ledger = MemoryLedger::new();
    let _ = ask_about(guard, &entry(&ledger), actor, action, "shop", thing);
    guard.explain(&last(&ledger))
}

#[test]
fn says_who_asked_for_what_and_which_line_decided() {
    let guard = guard_with(&[]);
    let customer = signed_in(user(CUSTOMER), "shop");
    let allowed = explain(&guard, &running("shop/orders", &customer), Action::KvGet, "orders");
    insta::assert_snapshot!(allowed.to_string());
    let PolicyOrigin::Manifest { table, line, .. } = &allowed.policies[0].origin else { panic!() };
    assert_eq!(
        (table.as_str(), line.as_str()),
        ("[functions.orders.grants]", "kv = { orders = [\"get\", \"set\"] }")
    );
    let denied = explain(&guard, &customer, Action::Invoke, "report");
    insta::assert_snapshot!(denied.to_string());
    // It travels as JSON.
    let json = serde_json::to_string(&denied).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), denied);
}

#[test]
fn advises_the_smallest_change() {
    let guard = guard_with(&[
        ("strong", "@step_up(\"mfa\") forbid(principal, action == Action::\"kv-set\", resource);"),
        ("stop", "forbid(principal, action == Action::\"policy-read\", resource);"),
    ]);
    let check = |actor: &Arc<Actor>, action, thing: &str, expect: Option<Advice>| {
        let explanation = explain(&guard, actor, action, thing);
        assert_eq!(explanation.disposition, Verdict::Deny);
        assert_eq!(explanation.advice, expect, "{action:?} {thing}");
    };
    let line = |table: &str, line: &str| {
        Some(Advice::ManifestLine { app: "shop".to_owned(), table: table.to_owned(), line: line.to_owned() })
    };
    let role = |command: &str| Some(Advice::GrantRole { command: command.to_owned() });
    let anonymous = Arc::new(Actor::anonymous());
    let customer = signed_in(user(CUSTOMER), "shop");
    let stranger = signed_in(user(STRANGER), "shop");
    check(&anonymous, Action::Invoke, "orders", Some(Advice::SignIn { app: "shop".to_owned() }));
    check(&anonymous, Action::Invoke, "closed", line("[functions.closed]", "access = \"public\""));
    check(&stranger, Action::Invoke, "closed", line("[functions.closed]", "access = \"signed-in\""));
    check(
        &customer,
        Action::Invoke,
        "closed",
        line("[functions.closed]", "access = { roles = [\"customer\"] }"),
    );
    check(&customer, Action::Invoke, "report", role("casemate role grant somebody manager --app shop"));
    check(&customer, Action::Invoke, "nowhere", None);
    let other = signed_in(user(CUSTOMER), "vaulted");
    check(&other, Action::Invoke, "orders", Some(Advice::SignIn { app: "shop".to_owned() }));
    let manager = signed_in(user(MANAGER), "casemate");
    check(&manager, Action::AppDeploy, "x", role("casemate role grant somebody admin --app casemate"));
    check(
        &signed_in(user(MANAGER), "shop"),
        Action::AppDeploy,
        "x",
        Some(Advice::SignIn { app: "casemate".to_owned() }),
    );
    check(&manager, Action::PolicyRead, "x", Some(Advice::ChangePolicy { policy: "stop#0".to_owned() }));
    let orders = running("shop/orders", &customer);
    let grants = "[functions.orders.grants]";
    check(
        &orders,
        Action::KvDelete,
        "orders",
        line(grants, "kv = { orders = [\"get\", \"set\", \"delete\"] }"),
    );
    check(
        &orders,
        Action::KvGet,
        "stock",
        line(grants, "kv = { orders = [\"get\", \"set\"], stock = [\"get\"] }"),
    );
    check(&orders, Action::KvSet, "orders", Some(Advice::StepUp { method: "mfa".to_owned() }));
    check(&orders, Action::HttpSend, "pay", line(grants, "egress = [\"https://pay.example\"]"));
    check(
        &running("shop/payment", &customer),
        Action::HttpSend,
        "evil",
        line("[functions.payment.grants]", "egress = [\"https://pay.example\", \"https://evil.example\"]"),
    );
    check(
        &orders,
        Action::KvGet,
        "new",
        line(
            grants,
            "kv = { new = [\"get\"], orders = [\"get\", \"set\"] } # and declare the store: [stores.new]",
        ),
    );
    check(&orders, Action::LogWrite, "report", None);
}

#[test]
fn a_name_in_a_command_stays_one_word() {
    let mut actor = (*signed_in(user(CUSTOMER), "shop")).clone();
    actor.name = Arc::from("a'; rm -rf /");
    let advice = explain(&guard_with(&[]), &Arc::new(actor), Action::Invoke, "report").advice;
    let command = "casemate role grant 'a'\\''; rm -rf /' manager --app shop".to_owned();
    assert_eq!(advice, Some(Advice::GrantRole { command }));
}

#[test]
fn following_the_advice_allows() {
    let customer = signed_in(user(CUSTOMER), "shop");
    let closed = running("shop/closed", &customer);
    let cases = [
        (&customer, Action::Invoke, "closed"),
        (&closed, Action::KvGet, "orders"),
        (&closed, Action::KvList, "stock"),
        (&closed, Action::HttpSend, "pay"),
    ];
    for (actor, action, thing) in cases {
        let guard = guard_with(&[]);
        let Some(Advice::ManifestLine { table, line, .. }) = explain(&guard, actor, action, thing).advice
        else {
            panic!("{action:?} {thing}: no line");
        };
        let manifest = if table == "[functions.closed]" {
            format!("{SHOP}\n{line}\n")
        } else {
            format!("{SHOP}\n{table}\n{line}\n")
        };
        let apps = vec![Arc::new(Manifest::parse(&manifest).unwrap())];
        guard.install(Rules { apps, written: vec![] }).unwrap();
        assert_eq!(explain(&guard, actor, action, thing).disposition, Verdict::Allow, "{line}");
    }
}

#[test]
fn says_when_policies_or_roles_changed_since() {
    let guard = guard_with(&[("mine", "permit(principal, action == Action::\"invoke\", resource);")]);
    let ledger = MemoryLedger::new();
    ask(&guard, &entry(&ledger), &Arc::new(Actor::anonymous()), Action::Invoke).unwrap();
    let decision = last(&ledger);
    assert!(!guard.explain(&decision).changed_since);
    guard.install(rules(&[])).unwrap();
    let explanation = guard.explain(&decision);
    assert!(explanation.changed_since);
    assert_eq!(explanation.policies[0].origin, PolicyOrigin::Gone);
    assert_eq!(decision.actor.principal, Principal::Anonymous);
}
