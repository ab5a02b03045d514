//! Accounts over a real database: one winner of many, and what a restart keeps.

use std::sync::Arc;
use std::time::Duration;

use casemate_core::{AppId, Method, Principal, RoleName, SessionId, Timestamp, UserId};

use super::*;
use crate::testing::{House, app, user};

const RULE: LockRule = LockRule {
    after: 3,
    first: Duration::from_secs(30),
    longest: Duration::from_secs(900),
    forget: Duration::from_secs(86_400),
};

fn house() -> House {
    let mut house = House::closed();
    house.handles = Some(house.open().unwrap());
    house
}

fn accounts(house: &House) -> &Accounts {
    &house.handles().accounts
}

fn id(number: u8) -> UserId {
    UserId::from_random([number; 16])
}

async fn create(house: &House, number: u8, name: &str) {
    accounts(house).create_user(id(number), name.to_owned(), format!("hash of {name}")).await.unwrap();
}

fn session(number: u8, at: &str) -> NewSession {
    NewSession {
        id: SessionId::from_random([number; 16]),
        app: app(at),
        handle: [number; 32],
        methods: vec![Method::Pwd],
        ends_at: Timestamp::from_secs(1_700_003_600),
    }
}

fn subject(number: u8) -> Subject {
    Subject { mac: [number; 32], rule: RULE }
}

/// An attempt on account `account` from address `address`; the whole account locks after six.
fn attempt(door: Door, account: u8, address: u8) -> Counters {
    let mac = |kind: u8| {
        let mut mac = [kind; 32];
        mac[..3].copy_from_slice(&[account, address, u8::from(door == Door::Control)]);
        mac
    };
    let everywhere = Subject { mac: attempt_on(door, account), rule: LockRule { after: 6, ..RULE } };
    let wide = LockRule { after: 1000, ..RULE };
    Counters {
        door,
        account: [account; 32],
        here: Subject { mac: mac(0xaa), rule: RULE },
        everywhere,
        address: Some(Subject { mac: mac(0xbb), rule: wide }),
    }
}

fn attempt_on(door: Door, account: u8) -> Mac {
    let mut mac = [0xcc; 32];
    mac[..2].copy_from_slice(&[account, u8::from(door == Door::Control)]);
    mac
}

async fn begin(house: &House, name: &str, new: NewSession) -> Option<SessionRecord> {
    let credential = accounts(house).credential(name).unwrap().unwrap();
    accounts(house).begin_session(new, credential, None, attempt(Door::Apps, 1, 1)).await.unwrap()
}

#[tokio::test]
async fn a_user_is_found_by_name_also_after_a_restart() {
    let mut house = house();
    create(&house, 1, "alice").await;
    for _ in 0..2 {
        let found = accounts(&house).credential("alice").unwrap().unwrap();
        assert_eq!((found.user, found.name.as_str(), found.hash.as_str()), (id(1), "alice", "hash of alice"));
        assert!(!found.disabled && accounts(&house).credential("bob").unwrap().is_none());
        assert_eq!(accounts(&house).principal_named("alice").unwrap(), Some(Principal::User(id(1))));
        assert_eq!(accounts(&house).name_of(id(1).as_str()).unwrap().as_deref(), Some("alice"));
        house.reopen();
    }
}

#[tokio::test]
async fn names_and_hashes_are_sealed_to_their_row() {
    let house = house();
    create(&house, 1, "mallory").await;
    create(&house, 2, "victim-account").await;
    for (path, bytes) in house.files() {
        for planted in ["victim-account", "hash of", "mallory"] {
            let found = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!found, "{planted} in {}", path.display());
        }
    }
    // Somebody with the file puts their own password hash into another's row.
    let moved = "UPDATE users SET sealed_hash = (SELECT sealed_hash FROM users WHERE id = ?1) WHERE id = ?2";
    assert_eq!(house.raw().execute(moved, (id(1).as_str(), id(2).as_str())).unwrap(), 1);
    let error = accounts(&house).credential("victim-account").unwrap_err();
    assert!(matches!(error, AccountsError::Storage(StorageError::Tampered(_))), "{error:?}");
    assert!(accounts(&house).credential("mallory").is_ok(), "positive control");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_parallel_uses_one_counts_and_stays_counted() {
    let mut house = house();
    accounts(&house).issue_single_use("test", [7; 32]).await.unwrap();
    assert!(accounts(&house).is_unused("test", &[7; 32]).unwrap());
    assert!(!accounts(&house).is_unused("other", &[7; 32]).unwrap(), "a purpose of its own");
    house.reopen();
    let shared = Arc::new(house);
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let house = Arc::clone(&shared);
            tokio::spawn(async move { accounts(&house).consume("test", [7; 32]).await.unwrap() })
        })
        .collect();
    let mut won = 0;
    for one in tries {
        won += usize::from(one.await.unwrap());
    }
    assert_eq!(won, 1);
    let mut house = Arc::into_inner(shared).unwrap();
    house.reopen();
    assert!(!accounts(&house).consume("test", [7; 32]).await.unwrap(), "also after a restart");
    assert!(!accounts(&house).consume("test", [8; 32]).await.unwrap(), "never made");
}

#[tokio::test]
async fn unused_things_are_bounded() {
    let house = house();
    for number in 0..20 {
        accounts(&house).issue_single_use("test", [number; 32]).await.unwrap();
        assert!(accounts(&house).is_unused("test", &[number; 32]).unwrap(), "the newest is good");
    }
    let open = (0..20).filter(|number| accounts(&house).is_unused("test", &[*number; 32]).unwrap()).count();
    assert_eq!(open, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_attempts_cannot_outrun_the_counter() {
    let house = Arc::new(house());
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let house = Arc::clone(&house);
            tokio::spawn(
                async move { accounts(&house).reserve_attempt(attempt(Door::Apps, 1, 1)).await.unwrap() },
            )
        })
        .collect();
    let mut reserved = 0;
    for one in tries {
        reserved += usize::from(one.await.unwrap() == Admission::Reserved);
    }
    assert_eq!(reserved, 3);
    let until = Timestamp::from_secs(1_700_000_030);
    let locks = accounts(&house).locks(&[1; 32]).unwrap();
    assert_eq!(locks, [Lock { door: Door::Apps, everywhere: false, until }]);
    accounts(&house).forgive([1; 32]).await.unwrap();
    assert!(accounts(&house).locks(&[1; 32]).unwrap().is_empty());
    let again = accounts(&house).reserve_attempt(attempt(Door::Apps, 1, 1)).await.unwrap();
    assert_eq!(again, Admission::Reserved);
}

#[tokio::test]
async fn a_whole_account_locks_later_and_never_for_an_address_that_is_known() {
    let mut house = house();
    create(&house, 1, "alice").await;
    begin(&house, "alice", session(1, "shop")).await.unwrap();
    let admitted = async |house: &House, door, address| {
        accounts(house).reserve_attempt(attempt(door, 1, address)).await.unwrap()
    };
    // Guesses from three addresses: each is locked after three, all others after six.
    for address in [10, 10, 10, 11, 11, 11] {
        assert_eq!(admitted(&house, Door::Apps, address).await, Admission::Reserved, "{address}");
    }
    assert_eq!(admitted(&house, Door::Apps, 12).await, Admission::AccountLocked, "control: a new address");
    house.reopen();
    assert_eq!(admitted(&house, Door::Apps, 12).await, Admission::AccountLocked, "also after a restart");
    for _ in 0..3 {
        assert_eq!(admitted(&house, Door::Apps, 1).await, Admission::Reserved, "where alice was before");
    }
    assert_eq!(admitted(&house, Door::Apps, 1).await, Admission::AccountLocked, "and it has its own counter");
    assert_eq!(admitted(&house, Door::Control, 12).await, Admission::Reserved, "the other door");
    let locks = accounts(&house).locks(&[1; 32]).unwrap();
    assert_eq!(locks.iter().filter(|lock| lock.everywhere).count(), 1, "{locks:?}");
    assert_eq!(locks.len(), 4, "{locks:?}");
    accounts(&house).forgive([1; 32]).await.unwrap();
    assert_eq!(admitted(&house, Door::Apps, 12).await, Admission::Reserved);
    for address in [13, 14, 15, 16, 17] {
        admitted(&house, Door::Apps, address).await;
    }
    assert_eq!(admitted(&house, Door::Apps, 18).await, Admission::AccountLocked);
    assert_eq!(admitted(&house, Door::Apps, 1).await, Admission::Reserved, "forgiving leaves it known");
}

#[tokio::test]
async fn a_locked_address_counts_nothing_against_accounts() {
    let mut house = house();
    let from = |account: u8, address: Option<u8>| Counters {
        address: address.map(subject),
        ..attempt(Door::Apps, account, 1)
    };
    let admitted = async |house: &House, counters| accounts(house).reserve_attempt(counters).await.unwrap();
    for number in 0..3 {
        assert_eq!(admitted(&house, from(100 + number, Some(2))).await, Admission::Reserved);
    }
    house.reopen();
    for _ in 0..10 {
        assert_eq!(admitted(&house, from(1, Some(2))).await, Admission::AddressLocked);
    }
    assert_eq!(admitted(&house, from(1, Some(3))).await, Admission::Reserved);
    assert_eq!(admitted(&house, from(1, None)).await, Admission::Reserved, "where no address is counted");
    accounts(&house).forgive([77; 32]).await.unwrap();
    assert_eq!(
        admitted(&house, from(1, Some(2))).await,
        Admission::Reserved,
        "forgiving opens addresses too"
    );
}

#[tokio::test]
async fn a_session_begins_only_on_the_password_that_was_compared() {
    let house = house();
    create(&house, 1, "alice").await;
    let credential = accounts(&house).credential("alice").unwrap().unwrap();
    let try_begin = async |number| {
        let new = session(number, "shop");
        accounts(&house)
            .begin_session(new, credential.clone(), None, attempt(Door::Apps, 1, 1))
            .await
            .unwrap()
    };
    assert!(try_begin(1).await.is_some(), "positive control");
    accounts(&house).set_password_hash(id(1), "another".to_owned()).await.unwrap();
    assert!(try_begin(2).await.is_none(), "changed in between");
    accounts(&house).set_password_hash(id(1), credential.hash.clone()).await.unwrap();
    assert!(try_begin(3).await.is_some());
    create(&house, 2, "root").await;
    accounts(&house).disable_user(id(1)).await.unwrap();
    assert!(try_begin(4).await.is_none(), "disabled in between");
}

#[tokio::test]
async fn a_handle_is_replaced_and_a_replaced_one_ends_the_session() {
    let mut house = house();
    create(&house, 1, "alice").await;
    let begun = begin(&house, "alice", session(1, "shop")).await.unwrap();
    let renew = async |house: &House, at: &str, shown: u8, next: u8| {
        accounts(house).renew_session(app(at), [shown; 32], [next; 32]).await.unwrap()
    };
    assert_eq!(renew(&house, "blog", 1, 2).await, Renewal::Refused, "elsewhere");
    assert_eq!(renew(&house, "shop", 9, 2).await, Renewal::Refused, "unknown");
    assert!(matches!(renew(&house, "shop", 1, 2).await, Renewal::Renewed(_)));
    house.reopen();
    assert!(matches!(renew(&house, "shop", 2, 3).await, Renewal::Renewed(_)));
    assert!(!accounts(&house).session(&begun.id).unwrap().unwrap().revoked);
    assert!(matches!(renew(&house, "shop", 1, 4).await, Renewal::Reused(_)));
    house.reopen();
    assert!(accounts(&house).session(&begun.id).unwrap().unwrap().revoked, "kept over a restart");
    assert_eq!(renew(&house, "shop", 3, 5).await, Renewal::Refused);
}

#[tokio::test]
async fn disabling_and_a_new_password_end_all_sessions() {
    let house = house();
    create(&house, 1, "alice").await;
    let first = begin(&house, "alice", session(1, "shop")).await.unwrap();
    accounts(&house).set_password_hash(id(1), "another".to_owned()).await.unwrap();
    assert!(accounts(&house).session(&first.id).unwrap().unwrap().revoked);
    let second = begin(&house, "alice", session(2, "shop")).await.unwrap();
    accounts(&house).disable_user(id(1)).await.unwrap();
    accounts(&house).enable_user(id(1)).await.unwrap();
    assert!(accounts(&house).session(&second.id).unwrap().unwrap().revoked, "enabling brings none back");
    assert!(matches!(accounts(&house).disable_user(id(9)).await, Err(AccountsError::Missing("user"))));
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = house();
    let admin = |member| Membership { app: AppId::platform(), role: RoleName::admin(), member };
    assert!(!accounts(&house).has_administrator().unwrap());
    create(&house, 1, "alice").await;
    create(&house, 2, "bob").await;
    accounts(&house).grant(admin(user(1))).await.unwrap();
    for change in
        [accounts(&house).disable_user(id(1)).await, accounts(&house).withdraw(admin(user(1))).await]
    {
        assert!(matches!(change, Err(AccountsError::LastAdministrator)), "{change:?}");
    }
    assert!(!accounts(&house).credential("alice").unwrap().unwrap().disabled, "nothing was done by halves");
    accounts(&house).grant(admin(user(2))).await.unwrap();
    accounts(&house).disable_user(id(1)).await.unwrap();
    assert!(matches!(accounts(&house).withdraw(admin(user(2))).await, Err(AccountsError::LastAdministrator)));
    assert_eq!(accounts(&house).memberships().unwrap().in_force.len(), 2);
    assert!(matches!(accounts(&house).grant(admin(user(9))).await, Err(AccountsError::Missing("user"))));
}

#[tokio::test]
async fn old_counters_and_sessions_are_swept() {
    let house = house();
    create(&house, 1, "alice").await;
    let count = |table: &str| -> i64 {
        house.raw().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    house
        .raw()
        .execute_batch(
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40)
             INSERT INTO attempts SELECT randomblob(32), NULL, 'apps', 0, 1, 0, 0, NULL, 1 FROM n",
        )
        .unwrap();
    assert_eq!(count("attempts"), 40);
    for _ in 0..3 {
        accounts(&house).reserve_attempt(attempt(Door::Apps, 1, 1)).await.unwrap();
    }
    assert_eq!(count("attempts"), 3);
    let ended = NewSession { ends_at: Timestamp::from_secs(1_600_000_000), ..session(1, "shop") };
    begin(&house, "alice", ended).await.unwrap();
    begin(&house, "alice", session(2, "shop")).await.unwrap();
    assert_eq!(count("sessions"), 1);
}
