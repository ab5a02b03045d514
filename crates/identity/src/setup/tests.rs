//! The first administrator: one code, one use.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use std::sync::Arc;

use casemate_core::resource::PlatformPart;
use casemate_core::{AppId, Fault, Faulty, Principal, RoleName};

use super::*;
use crate::tests::{ADMIN, World, settings};

async fn claim(world: &World, code: &str, name: &str, password: &str) -> Result<UserId, AccountError> {
    let permit = world.permit(&Arc::new(Actor::setup()), PlatformPart(Some(name.to_owned())));
    world.identity.claim_setup(permit, code, name, password).await
}

#[tokio::test]
async fn a_code_makes_the_first_administrator_once() {
    let world = World::empty(settings()).await;
    let code = world.identity.setup_code().await.unwrap().unwrap();
    assert_eq!((code.len(), code.matches('-').count()), (34, 6), "{code}");
    assert_eq!(world.identity.check_setup_code(&code).unwrap().principal, Principal::Setup);
    let id = claim(&world, &code, ADMIN.0, ADMIN.1).await.unwrap();
    assert_eq!(world.directory(), [(Principal::User(id), AppId::platform(), RoleName::admin())]);
    assert!(world.identity.check_setup_code(&code).is_err());
    assert_eq!(claim(&world, &code, "second", ADMIN.1).await.unwrap_err().fault(), Fault::Denied);
    assert_eq!(world.identity.setup_code().await.unwrap(), None);
    assert!(world.sign_in_from("127.0.0.1", "casemate", ADMIN.0, ADMIN.1).await.is_ok());
}

#[tokio::test]
async fn what_was_printed_stays_good_over_restarts_until_somebody_claims() {
    let world = World::empty(settings()).await;
    let first = world.identity.setup_code().await.unwrap().unwrap();
    let world = world.reopened().await;
    let second = world.identity.setup_code().await.unwrap().unwrap();
    assert_ne!(first, second);
    assert!(world.identity.check_setup_code(&second).is_ok());
    claim(&world, &first, ADMIN.0, ADMIN.1).await.unwrap();
    assert!(world.identity.check_setup_code(&second).is_err(), "one claim closes them all");
    assert!(claim(&world, &second, "second", ADMIN.1).await.is_err());
    let world = world.reopened().await;
    assert!(world.identity.check_setup_code(&first).is_err(), "used is used, also after a restart");
}

#[tokio::test]
async fn a_mistake_does_not_use_the_code_up() {
    let world = World::empty(settings()).await;
    let code = world.identity.setup_code().await.unwrap().unwrap();
    assert!(matches!(claim(&world, &code, "no good name!", ADMIN.1).await, Err(AccountError::Name(_))));
    assert!(matches!(claim(&world, &code, ADMIN.0, "short").await, Err(AccountError::Password(_))));
    let other = world.permit(&Arc::new(Actor::setup()), PlatformPart(Some("someone".to_owned())));
    let claimed = world.identity.claim_setup(other, &code, ADMIN.0, ADMIN.1).await;
    assert!(matches!(claimed, Err(AccountError::OtherTarget)));
    claim(&world, &code, ADMIN.0, ADMIN.1).await.unwrap();
}

#[tokio::test]
async fn people_may_type_it_as_people_type() {
    let world = World::empty(settings()).await;
    let code = world.identity.setup_code().await.unwrap().unwrap();
    let confused = code.replace('0', "O").replace('1', "l");
    for typed in
        [code.to_uppercase(), code.replace('-', ""), code.replace('-', " "), format!(" {code}\n"), confused]
    {
        assert!(world.identity.check_setup_code(&typed).is_ok(), "{typed}");
    }
    let changed = if code.starts_with('2') { code.replacen('2', "3", 1) } else { format!("2{}", &code[1..]) };
    for typed in
        ["", "-", &code[..33], &changed, &format!("{code}0"), &"0".repeat(1 << 20), "ééééééé", "admin"]
    {
        assert!(world.identity.check_setup_code(typed).is_err(), "{typed:.60}");
        assert!(claim(&world, typed, ADMIN.0, ADMIN.1).await.is_err(), "{typed:.60}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_parallel_claims_one_wins() {
    let world = Arc::new(World::empty(settings()).await);
    let code = world.identity.setup_code().await.unwrap().unwrap();
    let claims: Vec<_> = (0..50)
        .map(|n| {
            let (world, code) = (Arc::clone(&world), code.clone());
            tokio::spawn(async move { claim(&world, &code, &format!("admin-{n}"), ADMIN.1).await.is_ok() })
        })
        .collect();
    let mut won = 0;
    for one in claims {
        won += usize::from(one.await.unwrap());
    }
    assert_eq!((won, world.directory().len()), (1, 1));
}
