use std::sync::Arc;

use casemate_core::testing::MemoryLedger;
use casemate_core::{
    ACTIONS, Action, Actor, AppId, Audience, LedgerClass, Method, Principal, RecordError, RoleName,
    Timestamp, Verdict,
};

use crate::fixture::*;
use crate::words;
use crate::{Directory, Refusal};

/// Who asks, about which function, store or host of the shop.
type Case = (Arc<Actor>, &'static str);

/// For each action of the table: somebody who may, and somebody who is of the right kind but may not.
fn cases(action: Action) -> (Case, Case) {
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

#[test]
fn the_schema_and_the_action_table_are_one() {
    let schema = &*words::SCHEMA;
    let groups = ["data", "guest", "control"].map(str::to_owned).to_vec();
    let mut in_schema: Vec<_> = schema.actions().map(|uid| uid.id().unescaped().to_owned()).collect();
    let mut in_table: Vec<_> = ACTIONS.iter().map(|row| row.name.to_owned()).chain(groups).collect();
    in_schema.sort();
    in_table.sort();
    assert_eq!(in_schema, in_table);
    let entities = schema.action_entities().unwrap();
    for row in ACTIONS {
        let uid = words::action_uid(row.action);
        let resources: Vec<_> = schema.resources_for_action(&uid).unwrap().map(ToString::to_string).collect();
        assert!(!resources.is_empty() && resources.iter().all(|kind| kind == row.resource), "{}", row.name);
        let group: Vec<_> = entities.ancestors(&uid).unwrap().map(|group| group.id().unescaped()).collect();
        assert_eq!(group, [words::group_name(row.audience)], "{}", row.name);
        // What the guard puts before Cedar says the same.
        assert!(words::action_entity(row.action).deep_eq(entities.get(&uid).unwrap()), "{}", row.name);
        let kinds: Vec<_> = schema.principals_for_action(&uid).unwrap().map(ToString::to_string).collect();
        assert_eq!(row.audience == Audience::Guest, kinds == ["Function"], "{}", row.name);
    }
}

#[test]
fn a_permit_says_what_was_recorded() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let caller = signed_in(user(CUSTOMER), "shop");
    let actor = running("shop/orders", &caller);
    let entry = entry(&ledger);
    let keys = casemate_core::resource::KvKeys {
        store: store("shop/orders"),
        partition: casemate_core::manifest::Partition::Caller,
        keys: vec!["a".to_owned(), "b".to_owned()],
    };
    let permit =
        guard.authorize::<casemate_core::action::operation::KvSet>(&entry, &actor, keys.clone()).unwrap();
    assert_eq!(permit.target(), &keys);
    assert_eq!(permit.caller(), &caller);
    assert_eq!(permit.class(), LedgerClass::Durable);
    let (request, class, _) = ledger.events().remove(usize::try_from(permit.seq().0).unwrap());
    assert_eq!((request, class), (entry.request(), LedgerClass::Durable));
    let recorded = last(&ledger);
    assert_eq!(recorded.detail.as_deref(), Some("a b"));
    assert_eq!(recorded.actor.on_behalf_of, Some(user(CUSTOMER)));
    assert_eq!(&*recorded.policies, [Arc::from("shop/orders#grant-kv-orders")]);
    assert_eq!(recorded.policy_version, guard.version());
}

#[test]
fn a_deny_is_recorded_without_waiting_for_the_disk() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let actor = running("shop/payment", &signed_in(user(CUSTOMER), "shop"));
    ask(&guard, &entry(&ledger), &actor, Action::KvSet).unwrap_err();
    assert_eq!(ledger.events().first().unwrap().1, LedgerClass::Acknowledge);
}

#[test]
fn what_cannot_be_recorded_is_not_allowed() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let actor = signed_in(user(CUSTOMER), "shop");
    let entry = entry(&ledger);
    ask(&guard, &entry, &actor, Action::Invoke).unwrap();
    ledger.break_it();
    // Neither anew nor by reuse.
    for action in [Action::Invoke, Action::SignIn] {
        let refused = ask(&guard, &entry, &actor, action).unwrap_err();
        assert!(matches!(refused, Refusal::Unrecorded(RecordError::Broken(_))), "{refused:?}");
    }
}

#[test]
fn a_credential_is_good_for_one_app_only() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let entry = entry(&ledger);
    let check = |actor: &Arc<Actor>, action, expect: Verdict| {
        let answer = ask(&guard, &entry, actor, action);
        assert_eq!(verdict(&answer), expect, "{action:?} by {actor:?}");
        if expect == Verdict::Deny {
            assert!(matches!(answer, Err(Refusal::Denied { visible: false, step_up: None })));
            assert!(!last(&ledger).errors.is_empty());
        }
    };
    let customer = |audience| signed_in(user(CUSTOMER), audience);
    let admin = |audience| signed_in(user(ADMIN), audience);
    let no_audience = Arc::new(Actor { audience: None, ..(*customer("shop")).clone() });
    check(&customer("shop"), Action::Invoke, Verdict::Allow);
    check(&customer("vaulted"), Action::Invoke, Verdict::Deny);
    check(&customer("casemate"), Action::Invoke, Verdict::Deny);
    check(&no_audience, Action::Invoke, Verdict::Deny);
    // On the control side the audience is the platform, also where the resource is an app.
    for action in [Action::AppDeploy, Action::UserWrite, Action::TokenIssue] {
        check(&admin("casemate"), action, Verdict::Allow);
        check(&admin("shop"), action, Verdict::Deny);
    }
    // A function's caller, too.
    check(&running("shop/orders", &customer("shop")), Action::KvGet, Verdict::Allow);
    check(&running("shop/orders", &customer("vaulted")), Action::KvGet, Verdict::Deny);
    check(&running("vaulted/inner", &customer("vaulted")), Action::KvGet, Verdict::Deny);
    // Nobody but a function acts for somebody else: the store would take the other's rows.
    let posing = Arc::new(Actor { on_behalf_of: Some(customer("shop")), ..(*customer("shop")).clone() });
    check(&posing, Action::Invoke, Verdict::Deny);
    check(&Arc::new(Actor::system()), Action::Invoke, Verdict::Deny);
}

#[test]
fn a_function_of_one_app_has_no_business_in_another_whatever_is_written() {
    let written = "permit(principal == Function::\"shop/orders\", action, resource);";
    let (guard, ledger) = (guard_with(&[("generous", written)]), MemoryLedger::new());
    let actor = running("shop/orders", &signed_in(user(CUSTOMER), "shop"));
    let entry = entry(&ledger);
    ask_about(&guard, &entry, &actor, Action::KvGet, "shop", "stock").unwrap();
    ask_about(&guard, &entry, &actor, Action::KvGet, "vaulted", "things").unwrap_err();
}

#[test]
fn an_expired_credential_allows_nothing() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let ending = |at| {
        let actor = (*signed_in(user(CUSTOMER), "shop")).clone();
        Arc::new(Actor { expires: Some(Timestamp::from_secs(at)), ..actor })
    };
    let entry = entry(&ledger);
    ask(&guard, &entry, &ending(NOW + 600), Action::Invoke).unwrap();
    ask(&guard, &entry, &ending(NOW), Action::Invoke).unwrap_err();
    ask(&guard, &entry, &running("shop/orders", &ending(NOW + 600)), Action::KvGet).unwrap();
    ask(&guard, &entry, &running("shop/orders", &ending(NOW)), Action::KvGet).unwrap_err();
}

#[test]
fn a_policy_that_allows_everything_still_allows_nothing_that_the_schema_does_not_know() {
    let (guard, ledger) =
        (guard_with(&[("everything", "permit(principal, action, resource);")]), MemoryLedger::new());
    let entry = entry(&ledger);
    ask(&guard, &entry, &Arc::new(Actor::anonymous()), Action::Invoke).unwrap();
    for row in ACTIONS.iter().filter(|row| row.audience == Audience::Control) {
        let anonymous = ask(&guard, &entry, &Arc::new(Actor::anonymous()), row.action);
        assert_eq!(anonymous.is_ok(), row.action == Action::ControlSignIn, "{}", row.name);
        let setup = ask(&guard, &entry, &Arc::new(Actor::setup()), row.action);
        assert_eq!(setup.is_ok(), row.action == Action::SetupClaim, "{}", row.name);
    }
}

#[test]
fn nobody_gets_a_token_of_the_platform_by_the_data_side_or_by_exchange() {
    let (guard, ledger) =
        (guard_with(&[("everything", "permit(principal, action, resource);")]), MemoryLedger::new());
    let entry = entry(&ledger);
    let admin = signed_in(user(ADMIN), "casemate");
    ask_about(&guard, &entry, &Arc::new(Actor::anonymous()), Action::SignIn, "casemate", "x").unwrap_err();
    ask_about(&guard, &entry, &admin, Action::TokenIssue, "casemate", "x").unwrap_err();
    ask_about(&guard, &entry, &admin, Action::AppDeploy, "casemate", "x").unwrap_err();
    ask_about(&guard, &entry, &admin, Action::RoleWrite, "casemate", "x").unwrap();
}

#[test]
fn a_reused_decision_is_recorded_and_dropped_when_roles_or_policies_change() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let actor = signed_in(user(CUSTOMER), "shop");
    let entry = entry(&ledger);
    let check = |expect: Verdict, reused: bool| {
        let before = ledger.events().len();
        let answer = ask(&guard, &entry, &actor, Action::Invoke);
        assert_eq!(verdict(&answer), expect);
        assert_eq!(ledger.events().len(), before + 1);
        let recorded = last(&ledger);
        assert_eq!((recorded.disposition, recorded.reused), (expect, reused));
        (recorded.policy_version, recorded.directory_version)
    };
    let first = check(Verdict::Allow, false);
    assert_eq!(check(Verdict::Allow, true), first);
    guard.update_directory(Directory::default());
    let second = check(Verdict::Deny, false);
    assert!(second.1 > first.1 && second.0 == first.0);
    check(Verdict::Deny, true);
    guard.update_directory(people());
    check(Verdict::Allow, false);
    check(Verdict::Allow, true);
    let forbid = "forbid(principal, action == Action::\"invoke\", resource);";
    guard.install(rules(&[("stop", forbid)])).unwrap();
    let third = check(Verdict::Deny, false);
    assert!(third.0 > first.0);
    check(Verdict::Deny, true);
    // A change that is refused changes nothing.
    guard.install(rules(&[("broken", "permit(")])).unwrap_err();
    assert_eq!(check(Verdict::Deny, true), third);
}

#[test]
fn what_reads_the_context_is_never_reused() {
    let written =
        "forbid(principal, action == Action::\"invoke\", resource) unless { context.path == \"/orders\" };";
    let (guard, ledger) = (guard_with(&[("path", written)]), MemoryLedger::new());
    let actor = signed_in(user(CUSTOMER), "shop");
    let from = std::net::IpAddr::from([127, 0, 0, 1]);
    for (path, expect) in [("/orders", true), ("/other", false), ("/orders", true)] {
        let entry = ledger.entry_at(path, from, Timestamp::from_secs(NOW)).unwrap();
        assert_eq!(ask(&guard, &entry, &actor, Action::Invoke).is_ok(), expect, "{path}");
        assert!(!last(&ledger).reused);
    }
}

#[test]
fn a_forbid_that_errs_denies() {
    // Plain Cedar would leave the forbid out, and allow.
    let written = "forbid(principal, action == Action::\"invoke\", resource)
        when { context.auth_age_seconds * 9223372036854775807 > 0 };";
    let (guard, ledger) = (guard_with(&[("overflow", written)]), MemoryLedger::new());
    let actor = signed_in(user(CUSTOMER), "shop");
    let entry = entry(&ledger);
    ask(&guard, &entry, &actor, Action::Invoke).unwrap_err();
    let recorded = last(&ledger);
    assert_eq!(&*recorded.policies, [Arc::from("overflow#0")]);
    assert!(recorded.errors[0].contains("overflow"), "{recorded:?}");
    // The same without the error: the positive control.
    let harmless = written.replace("* 9223372036854775807", "* 0");
    ask(&guard_with(&[("overflow", &harmless)]), &entry, &actor, Action::Invoke).unwrap();
}

#[test]
fn stronger_authentication_is_asked_for_only_where_it_would_help() {
    let needs_mfa = "@step_up(\"mfa\") forbid(principal, action == Action::\"invoke\", resource)
        unless { context.auth_methods.contains(\"mfa\") };";
    let needs_fresh = "@step_up(\"pwd\") forbid(principal, action == Action::\"invoke\", resource)
        when { context.auth_age_seconds > 30 };";
    let on_permit = "@step_up(\"mfa\") permit(principal, action == Action::\"kv-list\", resource)
        when { context.auth_methods.contains(\"mfa\") };";
    let ledger = MemoryLedger::new();
    let customer = signed_in(user(CUSTOMER), "shop");
    let check = |written: &str, actor: &Arc<Actor>, action, expect: Option<Method>| {
        let guard = guard_with(&[("strong", written)]);
        let Err(Refusal::Denied { step_up, .. }) = ask(&guard, &entry(&ledger), actor, action) else {
            panic!("{written}: not denied");
        };
        assert_eq!(step_up.map(|step| step.method), expect, "{written}");
    };
    check(needs_mfa, &customer, Action::Invoke, Some(Method::Mfa));
    check(needs_fresh, &customer, Action::Invoke, Some(Method::Pwd));
    check(&needs_mfa.replace("@step_up(\"mfa\")", ""), &customer, Action::Invoke, None);
    check(on_permit, &running("shop/orders", &customer), Action::KvList, Some(Method::Mfa));
    // It would not help a stranger, nor one whom another policy stops, nor somebody who is not signed in.
    check(needs_mfa, &signed_in(user(STRANGER), "shop"), Action::Invoke, None);
    check(&format!("{needs_mfa}{needs_fresh}"), &customer, Action::Invoke, Some(Method::Mfa));
    check(&format!("{needs_mfa}forbid(principal, action, resource);"), &customer, Action::Invoke, None);
    check(needs_mfa, &Arc::new(Actor::anonymous()), Action::Invoke, None);
    // With it, there is nothing to ask for.
    let mut strong = (*customer).clone();
    strong.authentication.methods.push(Method::Mfa);
    ask(&guard_with(&[("strong", needs_mfa)]), &entry(&ledger), &Arc::new(strong), Action::Invoke).unwrap();
}

#[test]
fn only_who_has_business_with_an_app_learns_that_it_is_there() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let check = |actor: &Arc<Actor>, action, app_name: &str, thing: &str, expect: bool| {
        let answer = ask_about(&guard, &entry(&ledger), actor, action, app_name, thing);
        let Err(Refusal::Denied { visible, .. }) = answer else { panic!("{action:?} not denied") };
        assert_eq!(visible, expect, "{action:?} {app_name}/{thing} {actor:?}");
    };
    let customer = signed_in(user(CUSTOMER), "shop");
    check(&customer, Action::Invoke, "shop", "report", true);
    // `shop` has functions for everyone who is signed in, `vaulted` has none.
    check(&signed_in(user(STRANGER), "shop"), Action::Invoke, "shop", "report", true);
    check(&signed_in(user(STRANGER), "vaulted"), Action::Invoke, "vaulted", "inner", false);
    check(&signed_in(user(STRANGER), "nowhere"), Action::Invoke, "nowhere", "inner", false);
    check(&Arc::new(Actor::anonymous()), Action::Invoke, "shop", "report", false);
    let manager = signed_in(user(MANAGER), "casemate");
    check(&manager, Action::UserRead, "shop", "x", false);
    check(&manager, Action::AppRead, "shop", "x", true);
    check(&manager, Action::AppRead, "vaulted", "x", false);
    let stopped = guard_with(&[("stop", "forbid(principal, action, resource);")]);
    let admin = signed_in(user(ADMIN), "casemate");
    let answer = ask(&stopped, &entry(&ledger), &admin, Action::UserRead);
    assert!(matches!(answer, Err(Refusal::Denied { visible: true, .. })));
}

#[test]
fn policies_read_the_circumstances() {
    let check = |condition: &str, actor: &Arc<Actor>, action: Action, source: &str, expect: bool| {
        let text = format!("forbid(principal, action, resource) unless {{ {condition} }};");
        let guard = guard_with(&[("only", &text)]);
        let ledger = MemoryLedger::new();
        let entry = ledger.entry_at("/orders", source.parse().unwrap(), Timestamp::from_secs(NOW)).unwrap();
        let answer = ask(&guard, &entry, actor, action);
        assert_eq!(answer.is_ok(), expect, "{condition} from {source}: {:?}", last(&ledger).errors);
    };
    let home = "127.0.0.1";
    let caller = signed_in(user(CUSTOMER), "shop");
    let call = |condition: &str, expect| check(condition, &caller, Action::Invoke, home, expect);
    call("context.method == \"GET\"", true);
    call("context.method == \"POST\"", false);
    call("context.path like \"/ord*\"", true);
    call("context.tls", false);
    call("!context.tls", true);
    call("context.auth_methods.contains(\"pwd\")", true);
    call("context.auth_methods.contains(\"mfa\")", false);
    call("context.auth_age_seconds >= 60 && context.auth_age_seconds < 120", true);
    call("context.auth_age_seconds < 30", false);
    call("context.time >= datetime(\"2023-11-14\") && context.time < datetime(\"2023-11-15\")", true);
    call("context.time.toTime() < duration(\"1h\")", false);
    let range = "context.ip.isInRange(ip(\"10.0.0.0/8\"))";
    check(range, &caller, Action::Invoke, "10.1.2.3", true);
    check(range, &caller, Action::Invoke, "::ffff:10.1.2.3", true);
    check(range, &caller, Action::Invoke, "11.1.2.3", false);
    // A host call shows the caller, with its roles, beside the function.
    let host_call = |condition: &str, caller: &Arc<Actor>, expect| {
        let text =
            format!("forbid(principal, action == Action::\"kv-get\", resource) unless {{ {condition} }};");
        let guard = guard_with(&[("only", &text)]);
        let ledger = MemoryLedger::new();
        let answer = ask(&guard, &entry(&ledger), &running("shop/orders", caller), Action::KvGet);
        assert_eq!(answer.is_ok(), expect, "{condition}: {:?}", last(&ledger).errors);
    };
    let is_customer = "context has user && context.user in Role::\"shop/customer\"";
    host_call(is_customer, &caller, true);
    host_call(is_customer, &signed_in(user(MANAGER), "shop"), false);
    host_call(is_customer, &Arc::new(Actor::anonymous()), false);
    host_call("context has service", &signed_in(service(1), "shop"), true);
    host_call("context has service", &caller, false);
    host_call("context.auth_methods.contains(\"pwd\")", &caller, true);
    host_call("context.auth_age_seconds < 1000000", &Arc::new(Actor::anonymous()), false);
}

#[test]
fn the_members_of_an_app_are_a_group_and_functions_have_no_roles() {
    let written =
        "permit(principal in Role::\"shop/*\", action == Action::\"invoke\", resource in App::\"shop\");";
    let (guard, ledger) = (guard_with(&[("members", written)]), MemoryLedger::new());
    let entry = entry(&ledger);
    let closed = |actor| ask_about(&guard, &entry, &actor, Action::Invoke, "shop", "closed");
    closed(signed_in(user(CUSTOMER), "shop")).unwrap();
    closed(signed_in(user(STRANGER), "shop")).unwrap_err();
    closed(signed_in(user(ADMIN), "shop")).unwrap_err();
    let as_admin = Principal::Function(function("shop/orders"));
    guard.update_directory(Directory { memberships: vec![(as_admin, AppId::platform(), RoleName::admin())] });
    let actor = running("shop/orders", &signed_in(user(CUSTOMER), "shop"));
    ask(&guard, &entry, &actor, Action::UserWrite).unwrap_err();
}

#[test]
fn a_manifest_that_grants_less_takes_the_rest_away_and_keeps_what_stands() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let actor = running("shop/orders", &signed_in(user(CUSTOMER), "shop"));
    let entry = entry(&ledger);
    ask(&guard, &entry, &actor, Action::KvSet).unwrap();
    let install = |from: &str, to: &str| {
        assert!(SHOP.contains(from));
        let manifest = casemate_core::Manifest::parse(&SHOP.replace(from, to)).unwrap();
        guard.install(crate::Rules { apps: vec![Arc::new(manifest)], written: vec![] }).unwrap();
    };
    install("kv = { orders = [\"get\", \"set\"] }", "kv = { orders = [\"get\"] }");
    ask(&guard, &entry, &actor, Action::KvSet).unwrap_err();
    ask(&guard, &entry, &actor, Action::KvGet).unwrap();
    // The same policy by another line: it is explained by the line of today.
    install("kv = { orders = [\"get\", \"set\"] }", "kv = { orders = [\"get\"], stock = [\"get\"] }");
    ask(&guard, &entry, &actor, Action::KvGet).unwrap();
    let origin = guard.explain(&last(&ledger)).policies.remove(0).origin.to_string();
    assert!(origin.ends_with("kv = { orders = [\"get\"], stock = [\"get\"] }"), "{origin}");
    guard.install(crate::Rules::default()).unwrap();
    ask(&guard, &entry, &actor, Action::KvGet).unwrap_err();
}

#[test]
fn the_memory_of_answers_is_bounded_and_never_mixed_up() {
    let (guard, ledger) = (guard_with(&[]), MemoryLedger::new());
    let entry = entry(&ledger);
    let customer = signed_in(user(CUSTOMER), "shop");
    for round in 0..2 {
        for number in 0..6_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let stranger = signed_in(Principal::User(casemate_core::UserId::from_random(id)), "shop");
            if round == 0 || number % 50 == 0 {
                ask(&guard, &entry, &stranger, Action::Invoke).unwrap_err();
                ask(&guard, &entry, &customer, Action::Invoke).unwrap();
            }
        }
    }
}

#[test]
fn changes_under_load_never_let_an_old_answer_out() {
    let (guard, ledger) = (Arc::new(guard_with(&[])), MemoryLedger::new());
    let entry = Arc::new(entry(&ledger));
    let asking: Vec<_> = (0..2)
        .map(|_| {
            let (guard, entry) = (Arc::clone(&guard), Arc::clone(&entry));
            std::thread::spawn(move || {
                let actor = signed_in(user(CUSTOMER), "shop");
                for _ in 0..2_000 {
                    let _ = ask(&guard, &entry, &actor, Action::Invoke);
                }
            })
        })
        .collect();
    let actor = signed_in(user(CUSTOMER), "shop");
    for round in 0..50 {
        let roles = if round % 2 == 0 { Directory::default() } else { people() };
        guard.update_directory(roles);
        assert_eq!(ask(&guard, &entry, &actor, Action::Invoke).is_ok(), round % 2 == 1);
    }
    asking.into_iter().for_each(|thread| thread.join().unwrap());
    // In every record the roles of that version agree with the answer: odd versions have none after the second.
    for (_, _, event) in ledger.events() {
        if let casemate_core::Event::Decision(decision) = event {
            let with_roles = decision.directory_version % 2 == 0;
            assert_eq!(decision.disposition == Verdict::Allow, with_roles, "{}", decision.directory_version);
        }
    }
}
