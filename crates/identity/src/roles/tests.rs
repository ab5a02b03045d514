//! Roles: from the permit, and only to who exists.

use casemate_core::resource::Membership as Target;
use casemate_core::{Fault, Faulty, UserId};

use super::*;
use crate::tests::{ALICE, World, app};

#[tokio::test]
async fn giving_and_taking_is_seen_in_directory_and_list() {
    let world = World::new().await;
    let target = || world.membership("shop", "manager", ALICE.0);
    let roles = || -> Vec<String> {
        let members = world.identity.members(world.admin(app("shop"))).unwrap();
        members.iter().map(|m| format!("{} {} {}", m.kind, m.member, m.role)).collect()
    };
    assert_eq!(roles(), ["User alice customer"]);
    for _ in 0..2 {
        world.identity.grant_role(world.admin(target())).await.unwrap();
        assert_eq!(roles(), ["User alice customer", "User alice manager"]);
    }
    assert!(
        world
            .identity
            .directory()
            .iter()
            .any(|(_, at, role)| *at == app("shop") && role.as_str() == "manager")
    );
    for _ in 0..2 {
        world.identity.revoke_role(world.admin(target())).await.unwrap();
        assert_eq!(roles(), ["User alice customer"]);
    }
    assert!(world.identity.members(world.admin(app("blog"))).unwrap().is_empty());
}

#[tokio::test]
async fn nobody_who_is_nobody_gets_a_role() {
    let world = World::new().await;
    let ghost = Principal::User(UserId::from_random([7; 16]));
    for member in [Principal::Anonymous, Principal::Setup, Principal::System, ghost] {
        let target = Target { app: app("shop"), role: RoleName::parse("manager").unwrap(), member };
        let error = world.identity.grant_role(world.admin(target)).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Missing);
    }
    assert_eq!(world.identity.directory().len(), 2);
}
