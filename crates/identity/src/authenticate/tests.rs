//! Credentials, attacked against a whole installation. The form of tokens is attacked in `jws/tests.rs`.

use casemate_core::resource::PlatformPart;
use casemate_core::{Fault, Faulty, Timestamp, UserId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::tests::{ALICE, NOW, World, app};

/// The claims of a good token of a live session.
async fn claims(world: &World) -> Map<String, Value> {
    use base64::Engine as _;
    let token = world.alice().await.token.access_token;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn sign(world: &World, claims: &Map<String, Value>) -> String {
    world.identity.keys.sign_payload(ACCESS_TOKEN_TYPE, claims).unwrap()
}

#[tokio::test]
async fn a_token_has_the_claims_of_rfc_9068() {
    let world = World::new().await;
    let claims = claims(&world).await;
    let mut names: Vec<&str> = claims.keys().map(String::as_str).collect();
    // Features of the workspace decide in which order members stand.
    names.sort_unstable();
    let expect = ["amr", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "nbf", "sid", "sub"];
    assert_eq!(names, expect);
    assert_eq!((&claims["aud"], &claims["iss"]), (&json!("shop"), &json!("https://auth.example")));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 300)));
    assert_eq!(claims["amr"], json!(["pwd"]));
}

#[tokio::test]
async fn claims_that_do_not_fit() {
    let world = World::new().await;
    let good = claims(&world).await;
    let other = UserId::from_random([9; 16]);
    let cases = [
        // 9: dates as text, fraction, negative, huge, in milliseconds, missing
        ("exp", json!("1800000300")),
        ("exp", json!(1_800_000_300.5)),
        ("exp", json!(1.8e9)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(NOW * 1000)),
        ("exp", Value::Null),
        ("exp", json!([NOW + 300])),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW + 3601)),
        ("exp", json!(0)),
        ("iat", json!("1800000000")),
        ("iat", json!(NOW + 61)),
        ("iat", json!(NOW - 4000)),
        ("iat", json!(-1)),
        ("iat", Value::Null),
        ("nbf", json!(NOW + 61)),
        ("nbf", json!(NOW as f64)),
        ("nbf", Value::Null),
        ("nbf", json!(NOW + 300)),
        ("auth_time", Value::Null),
        ("auth_time", json!("now")),
        // 11: issuer and audience
        ("iss", json!("https://auth.example/")),
        ("iss", json!("https://AUTH.example")),
        ("iss", json!("http://auth.example")),
        ("iss", json!(["https://auth.example"])),
        ("iss", Value::Null),
        ("iss", json!("")),
        ("aud", json!("other")),
        ("aud", json!(["other", "shop"])),
        ("aud", json!(["shop"])),
        ("aud", json!("Shop")),
        ("aud", json!("shop ")),
        ("aud", json!("casemate")),
        ("aud", Value::Null),
        ("aud", json!({})),
        // Others: subject, session, client
        ("sub", json!("alice")),
        ("sub", json!("svc_00000000000000000000000000000000")),
        ("sub", json!(other)),
        ("sub", Value::Null),
        ("sid", json!("ses_00000000000000000000000000000000")),
        ("sid", json!("x")),
        ("sid", Value::Null),
        ("client_id", json!("evil")),
        ("client_id", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("amr", Value::Null),
        ("amr", json!([])),
        ("amr", json!("pwd")),
        ("amr", json!(["magic"])),
        ("amr", json!([1])),
    ];
    for (name, value) in cases {
        let mut claims = good.clone();
        let shown = value.to_string();
        if value.is_null() {
            claims.remove(name);
            assert_ne!(world.verdict(&sign(&world, &claims)), "ok", "{name} missing");
        }
        claims.insert(name.to_owned(), value);
        let error = world.show(&sign(&world, &claims), "shop").expect_err(&format!("{name} = {shown}"));
        assert_eq!(
            (error.fault(), error.to_string().as_str()),
            (Fault::Denied, "the credential is not valid")
        );
    }
    for (name, value) in
        [("iat", json!(NOW + 60)), ("nbf", json!(NOW + 60)), ("jti", json!("another one 123456"))]
    {
        let mut claims = good.clone();
        claims.insert(name.to_owned(), value);
        assert_eq!(world.verdict(&sign(&world, &claims)), "ok", "positive control: {name}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_app_and_no_other_also_out_of_the_cache() {
    let world = World::new().await;
    let token = world.alice().await.token.access_token;
    for _ in 0..2 {
        assert!(world.show(&token, "shop").is_ok());
        for other in ["blog", "casemate", "sho", "shopp"] {
            assert!(world.show(&token, other).is_err(), "{other}");
        }
    }
}

#[tokio::test]
async fn every_other_signature_and_type_is_refused() {
    let world = World::new().await;
    let good = claims(&world).await;
    for typ in ["JWT", "logout+jwt", "dpop+jwt", "at+JWT", ""] {
        assert_ne!(world.verdict(&world.identity.keys.sign_payload(typ, &good).unwrap()), "ok", "{typ}");
    }
    // Another installation's key, which claims to be ours.
    let other = World::new().await;
    let foreign = sign(&other, &good);
    assert_eq!(world.verdict(&foreign), "the token's key is not known");
    let header = sign(&world, &good).split_once('.').unwrap().0.to_owned();
    let spliced = format!("{header}.{}", foreign.split_once('.').unwrap().1);
    assert_eq!(world.verdict(&spliced), "the token's signature is wrong");
    assert_eq!(world.verdict(&sign(&world, &good)), "ok", "positive control");
}

#[tokio::test]
async fn time_passes_and_is_set_back() {
    let world = World::new().await;
    let token = world.alice().await.token.access_token;
    let check = |at: u64, verdict: &str| {
        world.clock.set(Timestamp::from_secs(at));
        assert_eq!(world.verdict(&token), verdict, "{at}");
    };
    check(NOW, "ok");
    check(NOW + 299, "ok");
    check(NOW + 300, "the token has expired");
    check(NOW, "ok");
    check(NOW - 60, "ok");
    check(NOW - 61, "the token is not valid yet");
    check(NOW + 1, "ok");
}

#[tokio::test]
async fn a_revocation_is_seen_at_once_through_the_cache() {
    let name = || PlatformPart(Some(ALICE.0.to_owned()));
    for how in ["sign out", "disable", "password", "reuse"] {
        let world = World::new().await;
        let kept = world.sign_in("root", crate::tests::ADMIN.1).await.unwrap();
        let signed_in = world.alice().await;
        let token = &signed_in.token.access_token;
        assert_eq!(
            (world.verdict(token).as_str(), world.verdict(token).as_str()),
            ("ok", "ok"),
            "positive control"
        );
        assert!(world.identity.cache.len() > 0);
        match how {
            "sign out" => {
                world
                    .identity
                    .sign_out(world.sign_in_permit("shop"), &signed_in.session_handle)
                    .await
                    .unwrap();
            }
            "disable" => world.identity.disable_user(world.admin(name()), ALICE.0).await.unwrap(),
            "password" => world
                .identity
                .set_password(world.admin(name()), ALICE.0, "nine grey elephants")
                .await
                .unwrap(),
            _ => {
                world.renew("shop", &signed_in.session_handle).await.unwrap();
                world.renew("shop", &signed_in.session_handle).await.unwrap_err();
            }
        }
        assert_eq!(world.verdict(token), "the session has ended", "{how}");
        assert_eq!(world.verdict(&kept.token.access_token), "ok", "{how}: others stay signed in");
        if how == "disable" {
            world.identity.enable_user(world.admin(name()), ALICE.0).await.unwrap();
            assert_eq!(world.verdict(token), "the session has ended", "enabling brings no session back");
        }
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_its_session() {
    let mut settings = crate::tests::settings();
    settings.session_lifetime = Duration::from_secs(400);
    let world = World::with(settings).await;
    let signed_in = world.alice().await;
    world.advance(250);
    let renewed = world.renew("shop", &signed_in.session_handle).await.unwrap();
    assert_eq!(renewed.token.expires_in, 150);
    world.advance(150);
    assert_eq!(world.verdict(&renewed.token.access_token), "the token has expired");
    assert!(world.renew("shop", &renewed.session_handle).await.is_err());
}

#[tokio::test]
async fn headers_that_are_no_bearer_token() {
    let world = World::new().await;
    let token = world.alice().await.token.access_token.to_string();
    let cases: Vec<Vec<u8>> = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Basic cm9vdDpyb290",
        "bearer",
        &token,
        "Bearer\t",
        "Digest x",
        "BearerX y",
        "\u{e9}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        format!("Bearer  {token}").into_bytes(),
        format!("Bearer {token} ").into_bytes(),
        format!("Bearer {token}, Bearer {token}").into_bytes(),
        format!("Bearer\t{token}").into_bytes(),
        format!(" Bearer {token}").into_bytes(),
        format!("Bearer {token}\0").into_bytes(),
        format!("Bearer {}", "A".repeat(1 << 20)).into_bytes(),
        b"Bearer \xff\xfe".to_vec(),
    ])
    .collect();
    for header in cases {
        assert!(world.identity.authenticate(Some(&header), &app("shop")).is_err(), "{:.60?}", header);
    }
    let nobody = world.identity.authenticate(None, &app("shop")).unwrap();
    assert_eq!(nobody.principal, Principal::Anonymous);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {token}");
        assert!(world.identity.authenticate(Some(header.as_bytes()), &app("shop")).is_ok(), "{scheme}");
    }
}

#[tokio::test]
async fn arbitrary_headers_never_panic() {
    let world = World::new().await;
    let identity = &world.identity;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let header = prop_oneof![
        any::<Vec<u8>>(),
        "Bearer .{0,200}".prop_map(String::into_bytes),
        "Bearer cmk_.{0,90}".prop_map(String::into_bytes)
    ];
    runner
        .run(&header, |header| {
            prop_assert!(identity.authenticate(Some(&header), &app("shop")).is_err());
            Ok(())
        })
        .unwrap();
}
