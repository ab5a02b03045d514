use proptest::prelude::*;

use crate::fixture::{CUSTOMER, SHOP, entry, guard_with, rules, signed_in, user};
use crate::{Guard, PolicyError, Rules, WrittenPolicy};

fn install(written: &[(&str, &str)]) -> Result<(), PolicyError> {
    Guard::new().install(rules(written)).map(drop)
}

#[test]
fn every_mistake_has_its_place_and_its_words() {
    let check = |text: &str, place: (usize, usize), words: &str| {
        let error = install(&[("mine", text)]).unwrap_err();
        let PolicyError::Invalid { policy, line, column, message, .. } = &error else { panic!("{error:?}") };
        assert_eq!((policy.as_str(), (*line, *column)), ("mine", place), "{text}: {error}");
        assert!(message.contains(words), "{text}: {error}");
    };
    let invoke = "action == Action::\"invoke\"";
    check("permit(", (1, 8), "unexpected end");
    check("permit(principal, action, resource);\npermit(principal);", (2, 17), "missing");
    check("permit(principal == Usr::\"x\", action, resource);", (1, 21), "unrecognized entity type");
    check("permit(principal, action == Action::\"invok\", resource);", (1, 29), "unrecognized action");
    check(
        &format!("permit(principal,\n{invoke}, resource)\nwhen {{ context.country == \"NL\" }};"),
        (3, 8),
        "country",
    );
    check(&format!("permit(principal, {invoke}, resource) when {{ context.path == 1 }};"), (1, 64), "types");
    check(
        &format!("forbid(principal, {invoke}, resource) when {{ context.user == principal }};"),
        (1, 64),
        "user",
    );
    // An optional attribute that is read without asking whether it is there.
    check(
        "permit(principal, action == Action::\"kv-get\", resource) when { context.user in Role::\"a/b\" };",
        (1, 64),
        "unable to guarantee safety of access to optional attribute",
    );
    // Policies that never apply: a forbid among them would be a wall that is not there.
    check(
        &format!("forbid(principal is Function, {invoke}, resource);"),
        (1, 1),
        "unable to find an applicable action",
    );
    check(
        &format!("permit(principal, {invoke}, resource) when {{ principal == resource }};"),
        (1, 1),
        "impossible",
    );
    check("permit(principal == ?principal, action, resource);", (1, 1), "templates");
    check(&format!("permit(principal, {invoke}, resource == Function::\"shop\");"), (1, 69), "app/name");
    check(
        &format!("permit(principal, {invoke}, resource in App::\"Shop\");"),
        (1, 64),
        "not a valid app name",
    );
    check(&format!("permit(principal == User::\"alice\", {invoke}, resource);"), (1, 27), "UserId");
    check(
        "permit(principal, action, resource == Host::\"shop https://Pay.example/\");",
        (1, 45),
        "can never exist",
    );
    check(
        &format!("permit(principal, {invoke}, resource) when {{ Role::\"a/b\" in Role::\"a/c\" }};"),
        (1, 1),
        "groups of a literal entity",
    );
    check(
        &format!(
            "permit(principal, {invoke}, resource)\nwhen {{ (if context.tls then Function::\"a/b\" else resource) in App::\"a\" }};"
        ),
        (1, 1),
        "groups of a literal entity",
    );
    check("@step_up(\"fingers\")\npermit(principal, action, resource);", (1, 1), "no method");
    check("@stepup(\"mfa\") permit(principal, action, resource);", (1, 1), "does nothing");
    check("@id(\"a b\") permit(principal, action, resource);", (1, 1), "is no name");
    check("permit(principal, action, resource) when { context.path == \"\u{202e}\" };", (1, 60), "BIDI");
    check(&"/".repeat(70_000), (1, 1), "more than 65536 bytes");
    check(&format!("é();{}", "x"), (1, 1), "invalid token");
}

#[test]
fn ids_are_readable_and_never_twice() {
    let any = "permit(principal, action, resource);";
    let name = |written: &[(&str, &str)]| install(written).unwrap_err().to_string();
    assert!(name(&[("casemate", any)]).contains("taken"));
    for hostile in ["", "Mine", "a b", "a#0", "shop/orders", "a\"); permit(principal, action, resource); //"]
    {
        assert!(matches!(install(&[(hostile, any)]), Err(PolicyError::Name(_))), "{hostile}");
    }
    assert_eq!(install(&[("mine", any), ("mine", any)]), Err(PolicyError::Twice("mine".to_owned())));
    let twice = format!("@id(\"x\") {any} @id(\"x\") {any}");
    assert_eq!(install(&[("mine", &twice)]), Err(PolicyError::Twice("mine#x".to_owned())));
    let apps =
        [SHOP, SHOP].map(|text| std::sync::Arc::new(casemate_core::Manifest::parse(text).unwrap())).into();
    let refused = Guard::new().install(Rules { apps, written: vec![] });
    assert_eq!(refused, Err(PolicyError::Twice("shop".to_owned())));
}

#[test]
fn each_policy_of_a_text_is_found_again() {
    let text = "// why\npermit(principal, action == Action::\"invoke\", resource == Function::\"shop/closed\");\n\n\
                @id(\"night\")\nforbid(principal, action, resource)\nwhen { context.tls };\n\
                permit(principal, action == Action::\"invoke\", resource == Function::\"shop/closed\");";
    let guard = guard_with(&[("mine", text)]);
    let ledger = casemate_core::testing::MemoryLedger::new();
    let actor = signed_in(user(CUSTOMER), "shop");
    crate::fixture::ask_about(
        &guard,
        &entry(&ledger),
        &actor,
        casemate_core::Action::Invoke,
        "shop",
        "closed",
    )
    .unwrap();
    let explanation = guard.explain(&crate::fixture::last(&ledger));
    let found: Vec<_> =
        explanation.policies.iter().map(|policy| (policy.id.as_str(), policy.origin.to_string())).collect();
    assert_eq!(
        found,
        [
            ("mine#0", "written policy `mine`, line 2".to_owned()),
            ("mine#2", "written policy `mine`, line 7".to_owned())
        ]
    );
    assert!(explanation.policies[0].text.as_ref().unwrap().starts_with("permit(principal, action == "));
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let forms = [
        ("(", ")"),
        ("[", "]"),
        ("{a:", "}"),
        ("!", ""),
        ("-", ""),
        ("true && ", ""),
        ("1 + ", ""),
        ("if true then ", " else false"),
        ("", ".a"),
        ("", ".contains(1)"),
    ];
    for (open, close) in forms {
        let fits = 60_000 / (open.len() + close.len());
        let deep = format!("{}true{}", open.repeat(fits), close.repeat(fits));
        let text = format!("permit(principal, action, resource) when {{ {deep} }};");
        let refused = install(&[("deep", &text)]);
        assert!(matches!(refused, Err(PolicyError::Invalid { .. })), "{open}…{close}: {refused:?}");
    }
    let long =
        format!("permit(principal, action, resource) when {{ {}true }};", "context.tls || ".repeat(100));
    install(&[("long", &long)]).unwrap();
}

#[test]
fn the_deepest_policy_is_evaluated_on_a_small_stack() {
    let nested = "if context.tls then false else ".repeat(100);
    let deepest = format!("permit(principal, action, resource) when {{ {nested} true }};");
    let guard = guard_with(&[("deepest", &deepest)]);
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let asking = small.spawn(move || {
        let ledger = casemate_core::testing::MemoryLedger::new();
        let actor = signed_in(user(CUSTOMER), "shop");
        crate::fixture::ask_about(
            &guard,
            &entry(&ledger),
            &actor,
            casemate_core::Action::Invoke,
            "shop",
            "closed",
        )
        .map_err(|_| crate::fixture::last(&ledger).errors)
    });
    asking.unwrap().join().unwrap().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn hostile_names_and_texts_change_nothing(name in "\\PC{0,20}", text in "\\PC{0,80}") {
        let guard = guard_with(&[]);
        let before = guard.version();
        let written = vec![WrittenPolicy { name, text }];
        if guard.install(Rules { written, ..rules(&[]) }).is_err() {
            prop_assert_eq!(guard.version(), before);
        }
        let ledger = casemate_core::testing::MemoryLedger::new();
        let actor = signed_in(user(CUSTOMER), "shop");
        prop_assert!(crate::fixture::ask(&guard, &entry(&ledger), &actor, casemate_core::Action::UserWrite).is_err());
    }
}
