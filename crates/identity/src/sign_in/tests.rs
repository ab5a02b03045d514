//! Signing in, attacked: uniform answers, counters that parallel guesses cannot outrun, handles that were copied.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use std::sync::Arc;
use std::time::Duration;

use casemate_core::resource::PlatformPart;
use casemate_core::{Fault, Faulty};

use super::*;
use crate::IdentitySettings;
use crate::tests::{ADMIN, ALICE, NOW, World, app, settings};

fn few(account: u32, address: u32) -> IdentitySettings {
    let mut settings = settings();
    settings.account_lock.after = account;
    settings.account_total_lock.after = 5 * account;
    settings.address_lock.after = address;
    settings
}

#[tokio::test]
async fn every_refusal_reads_alike_and_costs_one_hash() {
    let world = World::with(few(2, 1000)).await;
    let named = |name: &str| PlatformPart(Some(name.to_owned()));
    for name in ["disabled", "locked"] {
        world.identity.create_user(world.admin(named(name)), name, "eleven quiet harbours").await.unwrap();
    }
    world.identity.disable_user(world.admin(named("disabled")), "disabled").await.unwrap();
    for _ in 0..2 {
        world.sign_in("locked", "wrong wrong wrong").await.unwrap_err();
    }
    let long = "x".repeat(2000);
    let cases = [
        ("alice", "wrong wrong wrong", "wrong password"),
        ("alice", "", "wrong password"),
        ("nobody", ALICE.1, "unknown user"),
        ("no such name!", ALICE.1, "unknown user"),
        ("", "", "unknown user"),
        ("nobody-else", &long, "unknown user"),
        ("disabled", "eleven quiet harbours", "disabled"),
        ("disabled", "wrong wrong wrong", "disabled"),
        ("locked", "eleven quiet harbours", "locked"),
        ("locked", "seven brown umbrellas", "locked"),
    ];
    for (name, password, why) in cases {
        let hashed = world.identity.passwords_hashed();
        let error = world.sign_in(name, password).await.unwrap_err();
        assert_eq!(world.identity.passwords_hashed() - hashed, 1, "{name}: the same work");
        assert_eq!(error.fault(), Fault::Denied, "{name}");
        assert_eq!(
            error.to_string(),
            "that did not sign you in; check what you typed, or try again later",
            "{name}"
        );
        let attempt = world.attempts().pop().unwrap();
        assert_eq!((attempt.status_detail.as_str(), attempt.disposition), (why, Verdict::Deny), "{name}");
        assert_eq!(attempt.principal.is_some(), why != "unknown user", "{name}");
    }
    let hashed = world.identity.passwords_hashed();
    world.sign_in("root", ADMIN.1).await.unwrap();
    assert_eq!(world.identity.passwords_hashed() - hashed, 1, "positive control");
    assert_eq!(world.attempts().pop().unwrap().disposition, Verdict::Allow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_guesses_cannot_outrun_the_counter() {
    let world = Arc::new(World::with(few(10, 1000)).await);
    let guesses: Vec<_> = (0..100)
        .map(|n| {
            let world = Arc::clone(&world);
            // Also spelled differently; half from one address, half from as many as there are guesses.
            let name = ["alice", "ALICE", "Ａlice"][n % 3];
            let address = if n < 50 { "198.51.100.1".to_owned() } else { format!("203.0.113.{n}") };
            tokio::spawn(async move { world.sign_in_from(&address, "shop", name, "guess guess guess").await })
        })
        .collect();
    for guess in guesses {
        assert!(matches!(guess.await.unwrap(), Err(SignInError::Refused)));
    }
    assert_eq!((world.count("wrong password"), world.count("locked")), (50, 50));
    assert_eq!(world.identity.passwords_hashed(), 2 + 100, "locked or not, the work is the same");
    assert!(
        world.sign_in(ALICE.0, ALICE.1).await.is_err(),
        "the right password does not open a locked account"
    );
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_comes_back_longer() {
    let world = World::with(few(3, 1000)).await;
    let wrong = async || world.sign_in(ALICE.0, "wrong wrong wrong").await.unwrap_err();
    for _ in 0..3 {
        wrong().await;
    }
    let lock = async |secs: u64| {
        world.advance(secs - 1);
        assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err(), "still locked a second before {secs}");
        world.advance(1);
        wrong().await;
        assert_eq!(
            world.attempts().pop().unwrap().status_detail,
            "wrong password",
            "judged again after {secs}"
        );
    };
    for secs in [30, 60, 120, 240, 480, 900, 900] {
        lock(secs).await;
    }
    world.advance(900);
    world.alice().await;
    wrong().await;
    wrong().await;
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok(), "success started the counter at zero");
}

#[tokio::test]
async fn locks_survive_a_restart_and_a_clock_set_back() {
    let world = World::with(few(3, 1000)).await;
    for _ in 0..3 {
        world.sign_in(ALICE.0, "wrong wrong wrong").await.unwrap_err();
    }
    let world = world.reopened().await;
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err());
    // Set back by a day: neither open early nor closed until the clock has caught up.
    world.clock.set(Timestamp::from_secs(NOW - 86_400));
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err());
    world.advance(29);
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err());
    world.advance(1);
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok());
}

#[tokio::test]
async fn success_resets_only_its_own_counter() {
    let world = World::with(few(3, 6)).await;
    let from = |address: &'static str, name: &'static str, password: &'static str| {
        world.sign_in_from(address, "shop", name, password)
    };
    // An attacker with an account of their own cannot use it to clear a victim's counter, or the address's.
    for _ in 0..2 {
        from("198.51.100.1", ADMIN.0, "guess guess guess").await.unwrap_err();
        from("198.51.100.1", ALICE.0, ALICE.1).await.unwrap();
    }
    from("198.51.100.1", ADMIN.0, "guess guess guess").await.unwrap_err();
    from("198.51.100.1", ADMIN.0, ADMIN.1).await.unwrap_err();
    assert_eq!(world.attempts().pop().unwrap().status_detail, "locked");
    from("198.51.100.2", ADMIN.0, ADMIN.1).await.unwrap();
    for n in 0..2 {
        from("198.51.100.1", "nobody", "guess guess guess").await.unwrap_err();
        assert_eq!(world.attempts().pop().unwrap().status_detail, "unknown user", "{n}");
    }
    let hashed = world.identity.passwords_hashed();
    from("198.51.100.1", ALICE.0, ALICE.1).await.unwrap_err();
    assert_eq!(world.attempts().pop().unwrap().status_detail, "too many attempts from the address");
    assert_eq!(world.identity.passwords_hashed(), hashed, "a flood from one address costs no hashes");
    from("198.51.100.3", ALICE.0, ALICE.1).await.unwrap();
    world.advance(30);
    from("198.51.100.1", ALICE.0, ALICE.1).await.unwrap();
}

#[tokio::test]
async fn an_address_is_counted_as_its_owner_sees_it() {
    let world = World::with(few(1000, 2)).await;
    let cases = [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], "2001:db8:1:2:3::4", false),
        (["2001:db8:1:3::1", "2001:db8:1:4::1"], "2001:db8:1:5::1", true),
        (["203.0.113.50", "::ffff:203.0.113.50"], "203.0.113.50", false),
        (["203.0.113.51", "203.0.113.52"], "203.0.113.53", true),
    ];
    for (guesses, then, open) in cases {
        for address in guesses {
            world.sign_in_from(address, "shop", ALICE.0, "guess guess guess").await.unwrap_err();
        }
        assert_eq!(
            world.sign_in_from(then, "shop", ALICE.0, ALICE.1).await.is_ok(),
            open,
            "{guesses:?} {then}"
        );
    }
}

#[tokio::test]
async fn unlocking_lets_in_at_once() {
    let world = World::with(few(2, 1000)).await;
    for _ in 0..2 {
        world.sign_in(ALICE.0, "wrong wrong wrong").await.unwrap_err();
    }
    let alice = || PlatformPart(Some(ALICE.0.to_owned()));
    let listed = world.identity.list_users(world.admin(PlatformPart(None))).unwrap();
    let until = listed.iter().find(|user| user.name == ALICE.0).unwrap().locked_until;
    assert_eq!(until, Some(Timestamp::from_secs(NOW + 30)));
    let locks = listed.iter().find(|user| user.name == ALICE.0).unwrap().locks.clone();
    assert_eq!(locks, [crate::Lock { door: "apps", everywhere: false, addresses: 1, until }]);
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err(), "positive control");
    world.identity.unlock_user(world.admin(alice()), ALICE.0).await.unwrap();
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok());
}

#[tokio::test]
async fn guesses_at_an_app_do_not_lock_the_platform() {
    let world = World::with(few(3, 6)).await;
    let at = async |to: &str, password: &str| {
        world.sign_in_from("198.51.100.1", to, ADMIN.0, password).await.is_ok()
    };
    for _ in 0..10 {
        assert!(!at("shop", "guess guess guess").await);
    }
    assert!(!at("shop", ADMIN.1).await, "positive control: the apps' door is locked, account and address");
    assert!(at("casemate", ADMIN.1).await, "the platform's is not");
    for _ in 0..4 {
        assert!(!at("casemate", "guess guess guess").await);
    }
    assert!(!at("casemate", ADMIN.1).await, "positive control: it has a lock of its own");
    let root = || PlatformPart(Some(ADMIN.0.to_owned()));
    let listed = world.identity.list_users(world.admin(PlatformPart(None))).unwrap();
    let doors: Vec<_> = listed[1].locks.iter().map(|lock| (lock.door, lock.addresses)).collect();
    assert_eq!(doors, [("apps", 1), ("control", 1)]);
    world.identity.unlock_user(world.admin(root()), ADMIN.0).await.unwrap();
    assert!(
        at("casemate", ADMIN.1).await && at("shop", ADMIN.1).await,
        "unlocking opens both, and the address"
    );
}

#[tokio::test]
async fn a_loopback_address_is_nobodys_own_and_never_locks() {
    for (address, open) in [
        ("198.51.100.1", false),
        ("127.0.0.1", true),
        ("127.8.8.8", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
    ] {
        let world = World::with(few(1000, 6)).await;
        for n in 0..8 {
            let made_up = format!("made-up-{n}");
            world.sign_in_from(address, "shop", &made_up, "guess guess guess").await.unwrap_err();
        }
        let right = world.sign_in_from(address, "shop", ALICE.0, ALICE.1).await;
        assert_eq!(right.is_ok(), open, "{address}");
    }
}

#[tokio::test]
async fn guesses_from_everywhere_do_not_shut_out_where_the_owner_was() {
    let world = World::with(few(3, 1000)).await;
    world.alice().await;
    for n in 0..15 {
        let guess =
            world.sign_in_from(&format!("198.51.100.{n}"), "shop", ALICE.0, "guess guess guess").await;
        guess.unwrap_err();
    }
    let from = async |address: &str| world.sign_in_from(address, "shop", ALICE.0, ALICE.1).await.is_ok();
    assert!(!from("192.0.2.1").await, "positive control: the whole account is locked");
    let world = world.reopened().await;
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok());
    for _ in 0..3 {
        world.sign_in(ALICE.0, "guess guess guess").await.unwrap_err();
    }
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_err(), "who guesses there is locked like anybody");
    world.identity.unlock_as_owner(ALICE.0).await.unwrap();
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok());
    assert!(matches!(world.identity.unlock_as_owner("nobody").await, Err(AccountError::Accounts(_))));
}

#[tokio::test]
async fn a_full_queue_is_said_at_once_and_costs_no_attempt() {
    let mut settings = few(1, 1000);
    (settings.hash_workers, settings.hash_queue) = (1, 0);
    let world = World::with(settings).await;
    let held = world.identity.pool.place().unwrap();
    let error = world.sign_in(ALICE.0, "wrong wrong wrong").await.unwrap_err();
    assert_eq!((error.fault(), error.limit()), (Fault::Exhausted, Some("hash_queue")));
    assert!(error.retry_after().is_some() && world.attempts().is_empty());
    drop(held);
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok(), "nothing was counted");
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let world = World::new().await;
    let handle = world.alice().await.session_handle;
    let (entry, permit, again) = (world.entry(), world.sign_in_permit("shop"), world.sign_in_permit("shop"));
    world.ledger.break_it();
    let password = Zeroizing::new(ALICE.1.to_owned());
    let error = world.identity.sign_in(&entry, permit, ALICE.0, password).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Unavailable);
    let error = world.identity.renew(&entry, again, &handle).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Unavailable);
}

#[tokio::test]
async fn a_handle_is_good_once_and_a_copied_one_ends_the_session() {
    let world = World::new().await;
    let first = world.alice().await;
    let second = world.renew("shop", &first.session_handle).await.unwrap();
    let third = world.renew("shop", &second.session_handle).await.unwrap();
    assert_ne!(first.session_handle, second.session_handle);
    // The thief, or the owner after the thief, shows a handle that was replaced.
    assert!(matches!(world.renew("shop", &first.session_handle).await, Err(SignInError::Refused)));
    assert_eq!(world.attempts().pop().unwrap().status_detail, "session handle used again");
    assert!(world.renew("shop", &third.session_handle).await.is_err(), "the session is over for both");
    for token in [&first.token, &second.token, &third.token] {
        assert_eq!(world.verdict(&token.access_token), "the session has ended");
    }
    assert!(world.alice().await.token.expires_in > 0, "positive control: signing in anew works");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_parallel_renewals_one_wins() {
    let world = Arc::new(World::new().await);
    let handle = world.alice().await.session_handle;
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let (world, handle) = (Arc::clone(&world), handle.clone());
            tokio::spawn(async move { world.renew("shop", &handle).await.is_ok() })
        })
        .collect();
    let mut won = 0;
    for one in tries {
        won += usize::from(one.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn handles_that_are_none_or_belong_elsewhere() {
    let world = World::new().await;
    let signed_in = world.alice().await;
    let good = &*signed_in.session_handle;
    let long = format!("{good}0");
    let upper = good.to_uppercase();
    for handle in [
        "",
        "cms_",
        &good[..good.len() - 1],
        &good[4..],
        &long,
        &upper,
        "cms_é",
        &"x".repeat(1 << 20),
        &signed_in.token.access_token,
    ] {
        assert!(matches!(world.renew("shop", handle).await, Err(SignInError::Refused)), "{handle:.60}");
        world.identity.sign_out(world.sign_in_permit("shop"), handle).await.unwrap();
    }
    for elsewhere in ["casemate", "blog"] {
        assert!(world.renew(elsewhere, good).await.is_err(), "{elsewhere}");
        world.identity.sign_out(world.sign_in_permit(elsewhere), good).await.unwrap();
    }
    let renewed =
        world.renew("shop", good).await.expect("positive control: and it is still good where it belongs");
    world.identity.sign_out(world.sign_in_permit("shop"), &renewed.session_handle).await.unwrap();
    assert!(world.renew("shop", &renewed.session_handle).await.is_err());
}

#[tokio::test]
async fn signing_out_with_a_replaced_handle_ends_the_session_too() {
    let world = World::new().await;
    let first = world.alice().await;
    let second = world.renew("shop", &first.session_handle).await.unwrap();
    world.identity.sign_out(world.sign_in_permit("shop"), &first.session_handle).await.unwrap();
    assert_eq!(world.verdict(&second.token.access_token), "the session has ended");
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_sessions() {
    let world = World::new().await;
    let first = world.alice().await;
    assert_eq!(world.verdict(&first.token.access_token), "ok");
    for _ in 0..100 {
        world.clock.advance(Duration::from_millis(1));
        world.alice().await;
    }
    assert_eq!(world.verdict(&first.token.access_token), "the session has ended");
}

#[tokio::test]
async fn a_control_session_yields_tokens_for_apps() {
    let world = World::new().await;
    let control = world.sign_in_from("127.0.0.1", "casemate", ALICE.0, ALICE.1).await.unwrap();
    let actor = world.show(&control.token.access_token, "casemate").unwrap();
    assert!(world.show(&control.token.access_token, "shop").is_err(), "a control token calls no function");
    let issued = world.identity.issue_for_app(world.permit(&actor, app("shop")), None).unwrap();
    let in_shop = world.show(&issued.access_token, "shop").unwrap();
    assert_eq!((&in_shop.principal, &in_shop.authentication), (&actor.principal, &actor.authentication));
    assert!(world.show(&issued.access_token, "casemate").is_err());
    for (asked, given) in [(None, 300), (Some(7), 7), (Some(100_000), 300), (Some(0), 1)] {
        let asked = asked.map(Duration::from_secs);
        let issued = world.identity.issue_for_app(world.permit(&actor, app("shop")), asked).unwrap();
        assert_eq!(issued.expires_in, given, "{asked:?}: shorter, never longer");
    }
    let permit = world.permit(&actor, app("shop"));
    world.identity.sign_out(world.sign_in_permit("casemate"), &control.session_handle).await.unwrap();
    assert_eq!(world.verdict(&issued.access_token), "the session has ended", "one session, one end");
    assert!(matches!(world.identity.issue_for_app(permit, None), Err(AccountError::NoSession)));
}

#[tokio::test]
async fn a_hash_of_an_old_cost_is_replaced_at_the_next_sign_in() {
    let mut world = World::new().await;
    let old = world.identity.accounts.credential(ALICE.0).unwrap().unwrap().hash;
    let mut settings = settings();
    settings.hash_cost.memory_kib = 128;
    world = world.reopened_with(settings).await;
    world.alice().await;
    let new = world.identity.accounts.credential(ALICE.0).unwrap().unwrap().hash;
    assert!(old.contains("m=64,") && new.contains("m=128,"), "{old} {new}");
    world.alice().await;
    assert_eq!(world.identity.accounts.credential(ALICE.0).unwrap().unwrap().hash, new);
}

#[tokio::test]
async fn answers_have_the_fields_of_rfc_6749_and_debug_shows_no_secret() {
    let world = World::new().await;
    let signed_in = world.alice().await;
    let json = serde_json::to_value(&signed_in).unwrap();
    let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    // Features of the workspace decide in which order members stand.
    names.sort_unstable();
    assert_eq!(names, ["access_token", "expires_in", "session", "token_type", "user"]);
    let shown = format!("{signed_in:?} {:?}", signed_in.token);
    assert!(!shown.contains(&*signed_in.token.access_token) && !shown.contains(&*signed_in.session_handle));
}
