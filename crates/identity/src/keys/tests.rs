//! Keys over their lives.

use casemate_core::resource::PlatformPart;
use casemate_core::{Fault, Faulty};

use super::*;
use crate::tests::{NOW, World};

fn kids(world: &World) -> Vec<String> {
    let jwks = world.identity.jwks();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn rotate(world: &World) -> String {
    world.identity.rotate_keys(world.admin(PlatformPart(None))).await.unwrap()
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let world = World::new().await;
    let before = kids(&world);
    assert_eq!(before.len(), 2);
    let old = world.identity.keys.active().as_str().to_owned();
    let next = before.iter().find(|kid| **kid != old).unwrap().clone();
    assert!(world.identity.keys.find(&next, world.now()).is_none(), "it verifies nothing yet");
    assert_eq!(rotate(&world).await, next);
    let after = kids(&world);
    assert!(after.contains(&old) && after.contains(&next) && after.len() == 3);
}

#[tokio::test]
async fn a_retired_key_verifies_until_its_tokens_end_and_signs_nothing_new() {
    let world = World::new().await;
    let token = world.alice().await.token.access_token;
    let old = world.identity.keys.active();
    world.advance(100);
    rotate(&world).await;
    assert_eq!(world.verdict(&token), "ok");
    assert!(world.identity.vault.sign(&old, b"x").is_err(), "the retired private key is out of memory");
    let world = world.reopened().await;
    assert_eq!(world.verdict(&token), "ok");
    assert!(world.identity.vault.sign(&old, b"x").is_err(), "also after a restart");
    assert_eq!(kids(&world).len(), 3);
    world.advance(200);
    assert_eq!(world.verdict(&token), "the token has expired");
    let key = world.identity.keys.find(old.as_str(), world.now()).unwrap();
    assert!(key.may_have_signed(Timestamp::from_secs(NOW + 160)));
    assert!(!key.may_have_signed(Timestamp::from_secs(NOW + 161)), "made after it retired");
    world.advance(160);
    assert!(world.identity.keys.find(old.as_str(), world.now()).is_none());
    assert!(!kids(&world).contains(&old.as_str().to_owned()));
    rotate(&world).await;
    let stored = world.identity.accounts.signing_keys().unwrap();
    assert!(stored.iter().all(|key| key.id != old), "it is gone from the disk");
}

#[tokio::test]
async fn a_leaked_key_is_refused_at_once_also_out_of_the_cache() {
    let world = World::new().await;
    let signed_in = world.alice().await;
    let token = signed_in.token.access_token;
    assert_eq!(
        (world.verdict(&token).as_str(), world.verdict(&token).as_str()),
        ("ok", "ok"),
        "positive control"
    );
    let old = world.identity.keys.active();
    let active = world.identity.remove_leaked_keys(world.admin(PlatformPart(None))).await.unwrap();
    assert_ne!(active, old.as_str());
    assert_eq!(world.verdict(&token), "the token's key is not known");
    assert!(!kids(&world).contains(&old.as_str().to_owned()));
    let renewed = world.renew("shop", &signed_in.session_handle).await.unwrap();
    assert_eq!(world.verdict(&renewed.token.access_token), "ok", "sessions go on under the new key");
    let world = world.reopened().await;
    assert_eq!(world.verdict(&token), "the token's key is not known");
}

#[tokio::test]
async fn there_are_never_more_than_a_few_keys() {
    let world = World::new().await;
    let mut rotated = 0;
    let error = loop {
        match world.identity.rotate_keys(world.admin(PlatformPart(None))).await {
            Ok(_) => rotated += 1,
            Err(error) => break error,
        }
        assert!(rotated < 20);
    };
    assert_eq!((rotated, error.fault()), (6, Fault::Exhausted));
    assert_eq!(kids(&world).len(), MOST_KEYS);
    assert!(world.sign_in("alice", crate::tests::ALICE.1).await.is_ok(), "signing goes on");
    world.advance(361);
    rotate(&world).await;
    assert_eq!(kids(&world).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_signed_while_keys_rotate() {
    let world = std::sync::Arc::new(World::new().await);
    let signer = {
        let world = std::sync::Arc::clone(&world);
        tokio::task::spawn_blocking(move || {
            let payload = serde_json::Map::new();
            (0..200).filter(|_| world.identity.keys.sign_payload("at+jwt", &payload).is_err()).count()
        })
    };
    for _ in 0..5 {
        rotate(&world).await;
    }
    assert_eq!(signer.await.unwrap(), 0);
}

#[test]
fn a_jwk_is_written_as_in_rfc_7517_appendix_a_1() {
    let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    let mut point = vec![4];
    point.extend(URL_SAFE_NO_PAD.decode(x).unwrap());
    point.extend(URL_SAFE_NO_PAD.decode(y).unwrap());
    let key = PublicKey::parse(SignatureAlgorithm::EcdsaP256, &point).unwrap();
    let jwk = jwk(&key.id(), &key).unwrap();
    let expect = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id().as_str(), "x": x, "y": y,
    });
    assert_eq!(jwk, expect);
    assert!(jwk.get("d").is_none());
}
