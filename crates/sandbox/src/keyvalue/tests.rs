//! Stores through real guests: each call allowed, denied, and for nobody.

use crate::testbed::World;
use crate::{Limit, RunError};

const ATTACKER: [&str; 2] = ["attacker", "attacker3"];

#[tokio::test]
async fn every_call_works_when_it_is_granted() {
    for guest in ATTACKER {
        let world = World::new();
        let all = "grants.kv = { scratch = [\"get\", \"set\", \"delete\", \"list\"] }";
        let attacker = world.deploy(guest, all).await.unwrap();
        for (query, expect) in [
            ("do=get&key=a", "nothing\n"),
            ("do=set&key=a&value=one", "done\n"),
            ("do=get&key=a", "one\n"),
            ("do=exists&key=a", "true\n"),
            ("do=set-many&key=b,c&value=two", "done\n"),
            ("do=get-many&key=a,b,z", "one,two,nothing\n"),
            ("do=append&key=a&value=!", "done\n"),
            ("do=get&key=a", "one!\n"),
            ("do=increment&key=n&value=41", "41\n"),
            ("do=increment&key=n&value=1", "42\n"),
            ("do=increment&key=a&value=1", "increment: "),
            ("do=delete&key=a", "done\n"),
            ("do=delete-many&key=b,n", "done\n"),
            ("do=list", "c\n"),
        ] {
            let text = world.get(&attacker, &format!("/kv?store=scratch&{query}")).await.unwrap().text();
            assert!(text.starts_with(expect), "{guest} {query}: {text:?}");
        }
        let decisions = world.decisions();
        assert!(
            decisions.contains(&"kv-get shop/scratch a b z allow".to_owned()),
            "a batch is one: {decisions:?}"
        );
        assert!(decisions.contains(&"kv-set shop/scratch b c allow".to_owned()), "{decisions:?}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_recorded() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "grants.kv = { scratch = [\"get\"] }").await.unwrap();
        let text = world.get(&attacker, "/kv-ungranted?store=orders").await.unwrap().text();
        for call in ["get", "set", "delete", "list"] {
            assert!(text.contains(&format!("{call}: ")), "{guest}: {text}");
        }
        assert!(!text.contains("nothing stopped"), "{guest}: {text}");
        let denied: Vec<_> = world.decisions().into_iter().filter(|line| line.ends_with(" deny")).collect();
        assert_eq!(
            denied,
            [
                "kv-get shop/orders k deny",
                "kv-set shop/orders k deny",
                "kv-delete shop/orders k deny",
                "kv-list shop/orders  deny"
            ],
            "{guest}"
        );
        // One right does not bring another.
        let text = world.get(&attacker, "/kv?store=scratch&do=set&key=k").await.unwrap().text();
        assert!(text.starts_with("set: "), "{guest}: {text}");
    }
}

#[tokio::test]
async fn a_store_that_no_manifest_declares_is_not_there() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "").await.unwrap();
        for name in ["nowhere", "", "shop/scratch", "../scratch"] {
            let text = world.get(&attacker, &format!("/kv?store={name}&do=get")).await.unwrap().text();
            assert!(text.starts_with("open: "), "{guest} {name:?}: {text}");
        }
        assert!(world.decisions().is_empty());
    }
}

#[tokio::test]
async fn an_older_revision_that_still_runs_keeps_no_old_partition() {
    for guest in ATTACKER {
        let world = World::new();
        let lines = |partition: &str| {
            format!("grants.kv = {{ mine = [\"get\", \"set\"] }}\n[stores.mine]\npartition = \"{partition}\"")
        };
        let old = world.deploy(guest, &lines("shared")).await.unwrap();
        let get = async || world.get(&old, "/kv?store=mine&do=get&key=k").await.unwrap().text();
        assert_eq!(get().await, "nothing\n", "{guest}: control");
        world.deploy(guest, &lines("caller")).await.unwrap();
        assert!(get().await.starts_with("get: "), "{guest}: nobody in particular has no partition");
    }
}

#[tokio::test]
async fn many_values_are_weighed_and_paid_for() {
    for guest in ATTACKER {
        let world = World::new();
        let lines = "grants.kv = { scratch = [\"get\", \"set\"] }\nlimits = { host_call_bytes = 300000 }";
        let attacker = world.deploy(guest, lines).await.unwrap();
        let text = world.get(&attacker, "/kv-big?bytes=100000").await.unwrap().text();
        assert!(text.starts_with("nothing stopped"), "{guest}: {text}");
        let read = async |times: usize| {
            let keys = vec!["big"; times].join(",");
            world.get(&attacker, &format!("/kv?do=get-many&key={keys}")).await
        };
        assert_eq!(read(2).await.unwrap().body.len(), 200_002, "{guest}: control");
        let refused = read(4).await.unwrap_err();
        assert_eq!(refused, RunError::Limit { limit: Limit::HostCallBytes, value: 300_000 }, "{guest}");
    }
}

#[tokio::test]
async fn nobody_in_particular_has_no_partition() {
    for guest in ATTACKER {
        let world = World::new();
        let attacker = world.deploy(guest, "grants.kv = { own = [\"get\", \"set\"] }").await.unwrap();
        let text = world.get(&attacker, "/kv?store=own&do=set&key=k").await.unwrap().text();
        assert!(text.starts_with("set: "), "{guest}: {text}");
    }
}
