use casemate_core::Manifest;

use super::check;
use crate::fixture::{CLOSED, SHOP};

#[test]
fn unknown_names_are_warnings_with_a_place() {
    let manifests = [SHOP, CLOSED].map(|text| Manifest::parse(text).unwrap());
    let run = |text: &str, expect: &[(usize, usize, &str)]| {
        let warnings = check(text, &manifests).unwrap();
        let found: Vec<_> = warnings.iter().map(|one| (one.line, one.column, one.message.as_str())).collect();
        assert_eq!(found, expect, "{text}");
        // Without manifests nothing is known of names.
        assert!(check(text, &[]).unwrap().iter().all(|one| !one.message.contains("app `")), "{text}");
    };
    run("permit(principal, action, resource == Function::\"shop/orders\");", &[]);
    run("permit(principal in Role::\"casemate/admin\", action, resource in App::\"shop\");", &[]);
    run("permit(principal,\n action, resource in App::\"shoe\");", &[(2, 27, "no app is called `shoe`")]);
    run(
        "permit(principal, action, resource == Function::\"shop/order\");",
        &[(1, 49, "app `shop` has no function `order`")],
    );
    run(
        "permit(principal == Function::\"shop/orders\", action, resource == KvStore::\"vaulted/orders\");",
        &[(1, 75, "app `vaulted` has no store `orders`")],
    );
    run("// nothing", &[(1, 1, "the text holds no policy")]);
}

#[test]
fn mistakes_are_errors() {
    let error = check("permit(principal, action == Action::\"fly\", resource);", &[]).unwrap_err();
    assert!(error.to_string().starts_with("policy `policy`, line 1, column 29: "), "{error}");
}
