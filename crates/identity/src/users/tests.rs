//! Administering accounts: permits for the right name, and the last administrator.

use casemate_core::resource::PlatformPart;
use casemate_core::{AppId, Fault, Faulty};

use super::*;
use crate::tests::{ADMIN, ALICE, World};

fn on(name: &str) -> PlatformPart {
    PlatformPart(Some(name.to_owned()))
}

#[tokio::test]
async fn a_permit_is_for_the_name_in_it() {
    let world = World::new().await;
    let id = &world.identity;
    for target in [PlatformPart(None), on("bob"), on(""), on("alice2"), on("no good name!")] {
        let part = || target.clone();
        let results = [
            id.create_user(world.admin(part()), ALICE.0, ALICE.1).await.map(|_| ()),
            id.set_password(world.admin(part()), ALICE.0, "nine grey elephants").await,
            id.disable_user(world.admin(part()), ALICE.0).await,
            id.enable_user(world.admin(part()), ALICE.0).await,
            id.unlock_user(world.admin(part()), ALICE.0).await,
            id.create_service(world.admin(part()), ALICE.0, AppId::platform()).await.map(|_| ()),
            id.revoke_service(world.admin(part()), ALICE.0).await,
        ];
        for result in results {
            assert!(matches!(result, Err(AccountError::OtherTarget)), "{target:?}: {result:?}");
        }
    }
    id.set_password(world.admin(on("Alice")), "ALICE", "nine grey elephants")
        .await
        .expect("one name, any spelling");
    assert!(world.sign_in(ALICE.0, "nine grey elephants").await.is_ok(), "positive control");
}

#[tokio::test]
async fn names_are_unique_in_every_spelling_and_over_kinds() {
    let world = World::new().await;
    for name in ["alice", "ALICE", "ａｌｉｃｅ"] {
        let error = world.identity.create_user(world.admin(on(name)), name, ALICE.1).await.unwrap_err();
        assert!(matches!(error, AccountError::Accounts(AccountsError::NameTaken)), "{name}: {error:?}");
        assert_eq!(error.fault(), Fault::Caller);
        let made = world.identity.create_service(world.admin(on(name)), name, AppId::platform()).await;
        assert!(matches!(made, Err(AccountError::Accounts(AccountsError::NameTaken))), "{name}");
    }
}

#[tokio::test]
async fn passwords_are_checked_with_the_accounts_own_words() {
    let world = World::new().await;
    for password in ["short", "password1234", "bob-example-bob", "casemate-bob1", "violet\0teapot violet"] {
        let made = world.identity.create_user(world.admin(on("bob@example")), "bob@example", password).await;
        assert!(matches!(made, Err(AccountError::Password(_))), "{password}");
    }
    world.identity.create_user(world.admin(on("bob@example")), "bob@example", ALICE.1).await.unwrap();
}

#[tokio::test]
async fn the_same_password_has_another_hash_for_another_account() {
    let world = World::new().await;
    world.identity.create_user(world.admin(on("bob")), "bob", ALICE.1).await.unwrap();
    let hash = |name| world.identity.accounts.credential(name).unwrap().unwrap().hash;
    assert_ne!(hash("bob"), hash(ALICE.0));
    // A hash that was moved to another account opens nothing: its owner is in the MAC.
    let victim = world.identity.accounts.credential(ADMIN.0).unwrap().unwrap().user;
    world.identity.accounts.set_password_hash(victim, hash("bob")).await.unwrap();
    assert!(world.sign_in(ADMIN.0, ALICE.1).await.is_err());
    assert!(world.sign_in("bob", ALICE.1).await.is_ok(), "positive control");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let world = World::new().await;
    let disable = async |name: &str| world.identity.disable_user(world.admin(on(name)), name).await;
    let refused = |result: Result<(), AccountError>| {
        assert!(
            matches!(result, Err(AccountError::Accounts(AccountsError::LastAdministrator))),
            "{result:?}"
        );
    };
    let role = |member: &str| world.membership("casemate", "admin", member);
    refused(disable(ADMIN.0).await);
    refused(world.identity.revoke_role(world.admin(role(ADMIN.0))).await);
    assert!(world.sign_in(ADMIN.0, ADMIN.1).await.is_ok(), "nothing was done by halves");
    // A service does not count.
    let (_, _) =
        world.identity.create_service(world.admin(on("robot")), "robot", AppId::platform()).await.unwrap();
    world.identity.grant_role(world.admin(role("robot"))).await.unwrap();
    refused(disable(ADMIN.0).await);
    // Another person does, unless disabled.
    world.identity.grant_role(world.admin(role(ALICE.0))).await.unwrap();
    disable(ALICE.0).await.unwrap();
    refused(world.identity.revoke_role(world.admin(role(ADMIN.0))).await);
    world.identity.enable_user(world.admin(on(ALICE.0)), ALICE.0).await.unwrap();
    world.identity.revoke_role(world.admin(role(ADMIN.0))).await.unwrap();
    assert!(!world.directory().iter().any(|(member, app, _)| {
        app.is_platform() && Some(member) == world.identity.principal_named(ADMIN.0).as_ref()
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_cannot_disable_each_other_at_once() {
    for _ in 0..5 {
        let world = std::sync::Arc::new(World::new().await);
        world.identity.grant_role(world.admin(world.membership("casemate", "admin", ALICE.0))).await.unwrap();
        let both = [ADMIN.0, ALICE.0].map(|name| {
            let world = std::sync::Arc::clone(&world);
            let permit = world.admin(on(name));
            tokio::spawn(async move { world.identity.disable_user(permit, name).await.is_ok() })
        });
        let mut done = 0;
        for one in both {
            done += usize::from(one.await.unwrap());
        }
        assert_eq!(done, 1);
    }
}

#[tokio::test]
async fn lists_say_what_is() {
    let world = World::new().await;
    world.identity.disable_user(world.admin(on(ALICE.0)), ALICE.0).await.unwrap();
    let users = world.identity.list_users(world.admin(PlatformPart(None))).unwrap();
    let shown: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.enabled)).collect();
    assert_eq!(shown, [("alice", false), ("root", true)]);
    let json = serde_json::to_value(&users[0]).unwrap();
    let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    // Features of the workspace decide in which order members stand.
    names.sort_unstable();
    assert_eq!(names, ["created_at", "enabled", "id", "name"]);
    for gone in ["nobody", "robot"] {
        let error = world.identity.disable_user(world.admin(on(gone)), gone).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Missing, "{gone}");
    }
}
