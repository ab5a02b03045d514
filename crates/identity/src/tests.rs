//! A whole installation in a temporary folder, with a real vault, database and guard, for this room's tests.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use casemate_core::event::SignInAttempt;
use casemate_core::resource::{Membership, PlatformPart};
use casemate_core::testing::MemoryLedger;
use casemate_core::time::ManualClock;
use casemate_core::{
    Actor, AppId, Clock, Entropy, Entry, Event, Manifest, Operation, Principal, RoleName, Timestamp,
};
use casemate_policy::{Directory, Guard, Permit, Rules};
use casemate_storage::Storage;
use casemate_vault::{RootKeySource, SystemEntropy, Vault};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{
    AuthenticateError, HashCost, Identity, IdentitySettings, LockRule, SignInError, SignInPermit, SignedIn,
};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ADMIN: (&str, &str) = ("root", "violet teapot on a hill");
pub(crate) const ALICE: (&str, &str) = ("alice", "seven brown umbrellas");
const MANIFEST: &str = r#"
app = "shop"
[functions.orders]
component = "orders.wasm"
routes = ["/orders"]
access = { roles = ["customer"] }
"#;

pub(crate) fn app(name: &str) -> AppId {
    AppId::parse(name).unwrap()
}

/// Cheap hashes, and counters that only the tests of counters run into.
pub(crate) fn settings() -> IdentitySettings {
    let lock = LockRule { after: 1000, ..IdentitySettings::default().account_lock };
    IdentitySettings {
        issuer: "https://auth.example".to_owned(),
        hash_cost: HashCost { memory_kib: 64, passes: 1, lanes: 1 },
        hash_queue: 128,
        account_lock: lock,
        account_total_lock: lock,
        address_lock: lock,
        ..IdentitySettings::default()
    }
}

pub(crate) struct World {
    data: TempDir,
    keys: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) guard: Guard,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) identity: Arc<Identity>,
}

impl World {
    /// A first start.
    pub(crate) async fn empty(settings: IdentitySettings) -> Self {
        let (data, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(NOW)));
        let guard = Guard::new();
        let apps = vec![Arc::new(Manifest::parse(MANIFEST).unwrap())];
        guard.install(Rules { apps, written: Vec::new() }).unwrap();
        let identity = open(&data, &keys, &clock, settings).await;
        Self { data, keys, clock, guard, ledger: MemoryLedger::new(), identity }
    }

    /// With an administrator, and with Alice, a customer of the shop.
    pub(crate) async fn with(settings: IdentitySettings) -> Self {
        let world = Self::empty(settings).await;
        let code = world.identity.setup_code().await.unwrap().unwrap();
        let actor = world.identity.check_setup_code(&code).unwrap();
        let permit = world.permit(&actor, PlatformPart(Some(ADMIN.0.to_owned())));
        world.identity.claim_setup(permit, &code, ADMIN.0, ADMIN.1).await.unwrap();
        world.refresh();
        let permit = world.admin(PlatformPart(Some(ALICE.0.to_owned())));
        world.identity.create_user(permit, ALICE.0, ALICE.1).await.unwrap();
        world.identity.grant_role(world.admin(world.membership("shop", "customer", ALICE.0))).await.unwrap();
        world.refresh();
        world
    }

    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    /// Closes everything and opens it anew.
    pub(crate) async fn reopened(self) -> Self {
        let settings = self.identity.settings.clone();
        self.reopened_with(settings).await
    }

    pub(crate) async fn reopened_with(self, settings: IdentitySettings) -> Self {
        let Self { data, keys, clock, guard, ledger, identity } = self;
        drop(Arc::into_inner(identity).expect("somebody still holds the room"));
        let identity = open(&data, &keys, &clock, settings).await;
        Self { data, keys, clock, guard, ledger, identity }
    }

    pub(crate) fn refresh(&self) {
        self.guard.update_directory(Directory { memberships: self.directory() });
    }

    pub(crate) fn directory(&self) -> Vec<(Principal, AppId, RoleName)> {
        self.identity.directory().unwrap().memberships
    }

    /// A connection past all of this program's code, as somebody with the file would have.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        let raw = rusqlite::Connection::open(self.data.path().join("casemate.db")).unwrap();
        raw.busy_timeout(Duration::from_secs(5)).unwrap();
        raw
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn entry(&self) -> Entry {
        self.entry_from("203.0.113.7")
    }

    pub(crate) fn entry_from(&self, address: &str) -> Entry {
        let source: IpAddr = address.parse().unwrap();
        self.ledger.entry_at("/.casemate/sign-in", source, self.now()).unwrap()
    }

    pub(crate) fn permit<A: Operation>(&self, actor: &Arc<Actor>, target: A::Target) -> Permit<A> {
        self.guard.authorize(&self.entry(), actor, target).unwrap()
    }

    /// A permit for the administrator.
    pub(crate) fn admin<A: Operation>(&self, target: A::Target) -> Permit<A> {
        let member = self.identity.principal_named(ADMIN.0).unwrap();
        let actor = Actor { principal: member, audience: Some(AppId::platform()), ..Actor::anonymous() };
        self.permit(&Arc::new(actor), target)
    }

    pub(crate) fn membership(&self, of: &str, role: &str, member: &str) -> Membership {
        let member = self.identity.principal_named(member).unwrap_or(Principal::Anonymous);
        Membership { app: app(of), role: RoleName::parse(role).unwrap(), member }
    }

    pub(crate) fn sign_in_permit(&self, to: &str) -> SignInPermit {
        let anonymous = Arc::new(Actor::anonymous());
        if to == AppId::PLATFORM {
            SignInPermit::Control(self.permit(&anonymous, PlatformPart(None)))
        } else {
            SignInPermit::App(self.permit(&anonymous, app(to)))
        }
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, SignInError> {
        self.sign_in_from("203.0.113.7", "shop", name, password).await
    }

    pub(crate) async fn sign_in_from(
        &self,
        address: &str,
        to: &str,
        name: &str,
        password: &str,
    ) -> Result<SignedIn, SignInError> {
        let permit = self.sign_in_permit(to);
        let password = Zeroizing::new(password.to_owned());
        self.identity.sign_in(&self.entry_from(address), permit, name, password).await
    }

    /// Alice, signed in to the shop.
    pub(crate) async fn alice(&self) -> SignedIn {
        self.sign_in(ALICE.0, ALICE.1).await.unwrap()
    }

    pub(crate) async fn renew(&self, to: &str, handle: &str) -> Result<SignedIn, SignInError> {
        self.identity.renew(&self.entry(), self.sign_in_permit(to), handle).await
    }

    pub(crate) fn show(&self, token: &str, audience: &str) -> Result<Arc<Actor>, AuthenticateError> {
        self.identity.authenticate(Some(format!("Bearer {token}").as_bytes()), &app(audience))
    }

    /// Why a token is refused, or `ok`.
    pub(crate) fn verdict(&self, token: &str) -> String {
        self.show(token, "shop").map_or_else(|error| error.detail(), |_| "ok".to_owned())
    }

    pub(crate) fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// What the ledger says about attempts so far.
    pub(crate) fn attempts(&self) -> Vec<SignInAttempt> {
        let of = |event| match event {
            Event::Authentication(attempt) => Some(*attempt),
            _ => None,
        };
        self.ledger.events().into_iter().filter_map(|(_, _, event)| of(event)).collect()
    }

    pub(crate) fn count(&self, detail: &str) -> usize {
        self.attempts().iter().filter(|attempt| attempt.status_detail == detail).count()
    }
}

async fn open(
    data: &TempDir,
    keys: &TempDir,
    clock: &Arc<ManualClock>,
    settings: IdentitySettings,
) -> Arc<Identity> {
    let source = RootKeySource::File(keys.path().join("root.key"));
    let vault = Arc::new(Vault::open(&source, true).unwrap());
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    let handles = Storage::open(data.path(), Arc::clone(&vault), Arc::clone(&clock)).unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    Identity::open(handles.accounts, vault, clock, entropy, settings).await.unwrap()
}

#[tokio::test]
async fn the_whole_story_also_over_a_restart() {
    let world = World::new().await;
    let signed_in = world.alice().await;
    let actor = world.show(&signed_in.token.access_token, "shop").unwrap();
    assert_eq!(actor.principal, Principal::User(signed_in.user.clone()));
    assert_eq!((&*actor.name, actor.audience.clone()), ("alice", Some(app("shop"))));
    assert_eq!(signed_in.token.expires_in, 300);
    let world = world.reopened().await;
    assert!(world.show(&signed_in.token.access_token, "shop").is_ok());
    let renewed = world.renew("shop", &signed_in.session_handle).await.unwrap();
    assert!(world.show(&renewed.token.access_token, "shop").is_ok());
    assert!(world.sign_in(ALICE.0, ALICE.1).await.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    type Spoil = fn(&mut IdentitySettings);
    let cases: [(&str, Spoil); 7] = [
        ("issuer", |s| s.issuer = "has space".to_owned()),
        ("token_lifetime", |s| s.token_lifetime = Duration::from_secs(3601)),
        ("session_lifetime", |s| s.session_lifetime = Duration::from_secs(10)),
        ("hash_workers", |s| s.hash_workers = 0),
        ("account_lock", |s| s.account_lock.after = 0),
        ("account_total_lock", |s| s.account_total_lock.after = 999),
        ("address_lock", |s| s.address_lock.longest = s.address_lock.forget),
    ];
    assert!(settings().check().is_ok() && IdentitySettings::default().check().is_ok(), "positive control");
    for (key, spoil) in cases {
        let mut settings = settings();
        spoil(&mut settings);
        assert!(settings.check().unwrap_err().to_string().contains(key), "{key}");
    }
}

#[tokio::test]
async fn no_secret_and_no_name_stands_in_the_data_folder() {
    let world = World::new().await;
    let signed_in = world.alice().await;
    let permit = world.admin(PlatformPart(Some("billing-robot".to_owned())));
    let (_, key) = world.identity.create_service(permit, "billing-robot", app("shop")).await.unwrap();
    let planted: Vec<Vec<u8>> = [
        ALICE.1,
        ADMIN.1,
        "billing-robot",
        &key,
        &key[21..],
        &signed_in.session_handle,
        &signed_in.session_handle[4..],
        &signed_in.token.access_token,
        "$argon2id$",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    let mut files = 0;
    for file in std::fs::read_dir(world.data.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in &planted {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_slice());
                assert!(!found, "{:?} in {}", String::from_utf8_lossy(secret), path.display());
            }
        }
    }
    assert!(files >= 2, "positive control: there are files");
}
