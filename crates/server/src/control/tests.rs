use super::*;
use casemate_core::{ACTIONS, Audience};

/// Every control entrance of the action table parses, and to a call of that very row.
#[test]
fn the_action_table_and_the_calls_agree() {
    for row in ACTIONS.iter().filter(|row| row.audience == Audience::Control) {
        for entrance in row.enters {
            let (method, path) = entrance.split_once(' ').unwrap();
            let path = path
                .replace("{app}", "shop")
                .replace("{role}", "manager")
                .replace("{member}", "alice")
                .replace("{name}", "alice")
                .replace("{id}", &"0".repeat(32))
                .replace("{digest}", &"0".repeat(64));
            let call = Call::parse(&method.parse().unwrap(), &path).unwrap_or_else(|| panic!("{entrance}"));
            assert_eq!(call.action(), row.action, "{entrance}");
        }
    }
}

#[test]
fn what_is_no_call_is_none() {
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v1/apps/"),
        ("GET", "/v1/apps/Shop"),
        ("PUT", "/v1/apps/shop/roles/Manager/alice"),
        ("GET", "/v1/requests/xyz"),
        ("PUT", "/v1/components/00"),
        ("POST", "/v1/apps/shop/revisions/1"),
    ] {
        assert_eq!(Call::parse(&method.parse().unwrap(), path), None, "{method} {path}");
    }
}
