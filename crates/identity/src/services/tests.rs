//! API keys, attacked.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use casemate_core::resource::PlatformPart;
use casemate_core::{Fault, Faulty, Method};

use super::*;
use crate::tests::{NOW, World, app};

fn robot() -> PlatformPart {
    PlatformPart(Some("robot".to_owned()))
}

async fn key(world: &World) -> Zeroizing<String> {
    world.identity.create_service(world.admin(robot()), "robot", app("shop")).await.unwrap().1
}

#[tokio::test]
async fn a_key_is_good_for_its_app_and_no_other() {
    let world = World::new().await;
    let key = key(&world).await;
    for _ in 0..2 {
        let actor = world.show(&key, "shop").unwrap();
        assert!(matches!(actor.principal, Principal::Service(_)));
        assert_eq!((&*actor.name, &actor.audience), ("robot", &Some(app("shop"))));
        assert_eq!((&actor.authentication.methods, actor.expires), (&vec![Method::Swk], None));
        for other in ["blog", "casemate"] {
            assert_eq!(world.show(&key, other).unwrap_err().fault(), Fault::Denied, "{other}");
        }
    }
}

#[tokio::test]
async fn a_key_that_was_touched_is_none() {
    let world = World::new().await;
    let key = key(&world).await;
    let digits = "0123456789abcdefghjkmnpqrstvwxyz";
    for at in 4..key.len() {
        let old = key.as_bytes()[at] as char;
        let other = digits.chars().find(|digit| *digit != old).unwrap();
        let mut changed = key.to_string();
        changed.replace_range(at..=at, &other.to_string());
        assert!(world.show(&changed, "shop").is_err(), "{at}");
    }
    // Spelled well, with a right checksum, but never issued: another's secret under this id.
    let forged = api_key::issue(&casemate_core::testing::CountingEntropy::default());
    assert!(world.show(&forged.text, "shop").is_err());
    let id = &key[4..20];
    let body = format!("cmk_{id}{}", &forged.text[20..69]);
    let sum = crate::base32::encode(&casemate_vault::sha256(body.as_bytes()).0[..5]);
    let spliced = format!("{body}{sum}");
    assert_eq!(api_key::public_id(&spliced), Some(id), "the form is right");
    assert!(world.show(&spliced, "shop").is_err());
    for part in [&key[..key.len() - 1], &key[4..], &key[21..], &format!("{}0", *key), &key.to_uppercase()] {
        assert!(world.show(part, "shop").is_err(), "{part}");
    }
    assert!(world.show(&key, "shop").is_ok(), "positive control");
}

#[tokio::test]
async fn revoking_ends_it_at_once_and_frees_the_name() {
    let world = World::new().await;
    let key = key(&world).await;
    world.identity.grant_role(world.admin(world.membership("shop", "customer", "robot"))).await.unwrap();
    assert!(
        world.show(&key, "shop").is_ok() && world.show(&key, "shop").is_ok(),
        "positive control, and cached"
    );
    assert_eq!(world.directory().len(), 3);
    world.identity.revoke_service(world.admin(robot()), "robot").await.unwrap();
    assert!(world.show(&key, "shop").is_err());
    assert_eq!(world.directory().len(), 2, "its roles are gone");
    assert!(world.identity.list_services(world.admin(PlatformPart(None))).unwrap().is_empty());
    assert_eq!(
        world.identity.revoke_service(world.admin(robot()), "robot").await.unwrap_err().fault(),
        Fault::Missing
    );
    let (second, new) =
        world.identity.create_service(world.admin(robot()), "robot", app("shop")).await.unwrap();
    assert_eq!(world.show(&new, "shop").unwrap().principal, Principal::Service(second));
    assert!(world.show(&key, "shop").is_err(), "the old key stays dead");
}

#[tokio::test]
async fn a_key_that_ends_ends_also_out_of_the_cache() {
    let world = World::new().await;
    let end = Timestamp::from_secs(NOW + 100);
    let permit = world.admin(robot());
    let (_, key) =
        world.identity.create_service_until(permit, "robot", app("shop"), Some(end)).await.unwrap();
    assert_eq!(world.show(&key, "shop").unwrap().expires, Some(end));
    world.advance(99);
    assert!(world.show(&key, "shop").is_ok());
    world.advance(1);
    assert!(world.show(&key, "shop").is_err());
    let listed = world.identity.list_services(world.admin(PlatformPart(None))).unwrap();
    assert_eq!(
        listed.iter().map(|service| (service.name.as_str(), service.enabled)).collect::<Vec<_>>(),
        [("robot", false)]
    );
}

#[tokio::test]
async fn a_service_signs_in_nowhere_and_gets_no_tokens() {
    let world = World::new().await;
    let key = key(&world).await;
    assert!(world.sign_in("robot", &key).await.is_err());
    assert_eq!(world.attempts().pop().unwrap().status_detail, "unknown user");
}
