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
    assert!(world.directory().iter().any(|(_, at, role)| *at == app("shop") && role.as_str() == "manager"));
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
    assert_eq!(world.directory().len(), 2);
}

#[tokio::test]
async fn roles_that_cannot_be_read_are_an_error_and_not_those_that_were_read_last() {
    let world = World::new().await;
    assert_eq!(world.directory().len(), 2, "positive control");
    let rename = |from: &str, to: &str| {
        world.raw().execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
    };
    rename("memberships", "hidden");
    assert!(world.identity.directory().is_err());
    rename("hidden", "memberships");
    assert_eq!(world.directory().len(), 2);
    world.raw().execute_batch("DELETE FROM membership_set").unwrap();
    let error = world.identity.directory().unwrap_err();
    assert_eq!(error.fault(), Fault::Unavailable, "{error}");
    let target = world.membership("shop", "manager", ALICE.0);
    assert!(
        world.identity.grant_role(world.admin(target)).await.is_err(),
        "and no change makes it fit again"
    );
    assert!(world.identity.directory().is_err());
}

#[tokio::test]
async fn a_row_that_this_program_did_not_write_is_counted_and_not_in_force() {
    let world = World::new().await;
    let insert =
        "INSERT INTO memberships SELECT 'casemate', 'admin', principal, since, proof FROM memberships
                  WHERE app = 'shop'";
    assert_eq!(world.raw().execute(insert, []).unwrap(), 1);
    let read = world.identity.directory().unwrap();
    assert_eq!((read.memberships.len(), read.refused), (2, 1));
    // Given by who may, the same row is in force.
    let target = world.membership("casemate", "admin", ALICE.0);
    world.identity.grant_role(world.admin(target)).await.unwrap();
    let read = world.identity.directory().unwrap();
    assert_eq!((read.memberships.len(), read.refused), (3, 0));
}
