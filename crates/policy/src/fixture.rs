//! A small shop, its people and its ledger: what the tests of this room share.

use std::net::IpAddr;
use std::sync::Arc;

use casemate_core::action::operation;
use casemate_core::manifest::Partition;
use casemate_core::resource::{
    Deployment, HostId, KvKeys, LedgerPart, LogLine, Membership, Outgoing, PlatformPart,
};
use casemate_core::testing::MemoryLedger;
use casemate_core::{
    Action, Actor, AppId, Authentication, Digest, Entry, Event, FunctionId, FunctionName, Manifest, Method,
    Origin, Principal, RoleName, ServiceId, StoreId, StoreName, Timestamp, UserId, Verdict,
};

use crate::{Directory, Guard, Refusal, Rules, WrittenPolicy};

pub(crate) const SHOP: &str = r#"
app = "shop"
[stores.orders]
partition = "caller"
[stores.stock]
[functions.catalog]
component = "c.wasm"
routes = ["/catalog"]
access = "public"
[functions.account]
component = "c.wasm"
routes = ["/account"]
access = "signed-in"
[functions.orders]
component = "c.wasm"
routes = ["/orders"]
access = { roles = ["customer", "manager"] }
grants.kv = { orders = ["get", "set"] }
[functions.report]
component = "c.wasm"
routes = ["/report"]
access = { roles = ["manager"] }
grants.kv = { orders = ["get", "list"], stock = ["delete"] }
[functions.payment]
component = "c.wasm"
routes = ["/pay"]
access = { roles = ["customer"] }
grants.egress = ["https://pay.example"]
[functions.closed]
component = "c.wasm"
routes = ["/closed"]
"#;

pub(crate) const CLOSED: &str = "
app = \"vaulted\"
[stores.things]
[functions.inner]
component = \"c.wasm\"
access = { roles = [\"keeper\"] }
grants.kv = { things = [\"get\"] }
";

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn app(name: &str) -> AppId {
    AppId::parse(name).unwrap()
}

pub(crate) fn function(id: &str) -> FunctionId {
    let (app_name, name) = id.split_once('/').unwrap();
    FunctionId { app: app(app_name), name: FunctionName::parse(name).unwrap() }
}

pub(crate) fn store(id: &str) -> StoreId {
    let (app_name, name) = id.split_once('/').unwrap();
    StoreId { app: app(app_name), name: StoreName::parse(name).unwrap() }
}

pub(crate) fn user(number: u8) -> Principal {
    Principal::User(UserId::from_random([number; 16]))
}

pub(crate) fn service(number: u8) -> Principal {
    Principal::Service(ServiceId::from_random([number; 16]))
}

pub(crate) const MANAGER: u8 = 1;
pub(crate) const CUSTOMER: u8 = 2;
pub(crate) const STRANGER: u8 = 3;
pub(crate) const ADMIN: u8 = 4;

/// Someone with a password, signed in a minute ago, to `audience`.
pub(crate) fn signed_in(principal: Principal, audience: &str) -> Arc<Actor> {
    Arc::new(Actor {
        principal,
        name: Arc::from("somebody"),
        audience: Some(app(audience)),
        authentication: Authentication {
            methods: vec![Method::Pwd],
            at: Timestamp::from_secs(NOW - 60),
            session: None,
        },
        expires: None,
        on_behalf_of: None,
    })
}

pub(crate) fn running(id: &str, caller: &Arc<Actor>) -> Arc<Actor> {
    Arc::new(Actor::function(function(id), Arc::clone(caller)))
}

/// A guard over the shop, with a manager, a customer and an administrator, and these written policies.
pub(crate) fn guard_with(written: &[(&str, &str)]) -> Guard {
    let guard = Guard::new();
    guard.install(rules(written)).unwrap();
    guard.update_directory(people());
    guard
}

pub(crate) fn rules(written: &[(&str, &str)]) -> Rules {
    Rules {
        apps: [SHOP, CLOSED].map(|text| Arc::new(Manifest::parse(text).unwrap())).into(),
        written: written
            .iter()
            .map(|(name, text)| WrittenPolicy { name: (*name).to_owned(), text: (*text).to_owned() })
            .collect(),
    }
}

pub(crate) fn people() -> Directory {
    let role = |who, app_name, role| (user(who), app(app_name), RoleName::parse(role).unwrap());
    Directory {
        memberships: vec![
            role(MANAGER, "shop", "manager"),
            role(CUSTOMER, "shop", "customer"),
            role(ADMIN, "casemate", "admin"),
        ],
    }
}

pub(crate) fn entry(ledger: &Arc<MemoryLedger>) -> Entry {
    ledger.entry_at("/orders", IpAddr::from([127, 0, 0, 1]), Timestamp::from_secs(NOW)).unwrap()
}

/// What was recorded last.
pub(crate) fn last(ledger: &MemoryLedger) -> casemate_core::Decision {
    let decisions = ledger.events().into_iter().rev().find_map(|(_, _, event)| match event {
        Event::Decision(decision) => Some(*decision),
        _ => None,
    });
    decisions.unwrap()
}

/// Asks for any action of the table, with a target of its kind in the shop.
pub(crate) fn ask(guard: &Guard, entry: &Entry, actor: &Arc<Actor>, action: Action) -> Result<(), Refusal> {
    ask_about(guard, entry, actor, action, "shop", "orders")
}

/// Asks for any action of the table; `thing` names the function, the store or the host (as `host`).
pub(crate) fn ask_about(
    guard: &Guard,
    entry: &Entry,
    actor: &Arc<Actor>,
    action: Action,
    app_name: &str,
    thing: &str,
) -> Result<(), Refusal> {
    let id = format!("{app_name}/{thing}");
    let part = || PlatformPart(None);
    let keys = || KvKeys { store: store(&id), partition: Partition::Shared, keys: vec!["k".to_owned()] };
    let outgoing = || Outgoing {
        host: HostId {
            app: app(app_name),
            origin: Origin::parse(&format!("https://{thing}.example")).unwrap(),
        },
        method: "POST".to_owned(),
        path: "/".to_owned(),
    };
    let line = || LogLine { function: function(&id), level: "info", text: Arc::from("hello") };
    let deployment = || Deployment { app: app(app_name), manifest: Digest([0; 32]) };
    let membership = || Membership { app: app(app_name), role: RoleName::admin(), member: user(9) };
    macro_rules! ask {
        ($($name:ident => $target:expr),* $(,)?) => {
            match action {
                $( Action::$name => {
                    let permit = guard.authorize::<operation::$name>(entry, actor, $target)?;
                    assert_eq!(last_version(guard), permit.policy_version());
                    assert_eq!(permit.request(), entry.request());
                    assert_eq!(permit.actor(), actor);
                    Ok(())
                } )*
            }
        };
    }
    ask! {
        Invoke => function(&id), SignIn => app(app_name), KvGet => keys(), KvSet => keys(), KvDelete => keys(),
        KvList => keys(), HttpSend => outgoing(), LogWrite => line(), SetupClaim => part(),
        ControlSignIn => part(), TokenIssue => app(app_name), AppDeploy => deployment(),
        ComponentUpload => part(), AppRead => app(app_name), AppList => part(), LogsRead => app(app_name),
        UserWrite => part(), UserRead => part(), ServiceWrite => part(), RoleWrite => membership(),
        RoleRead => app(app_name), PolicyWrite => part(), PolicyRead => part(),
        LedgerRead => LedgerPart(None), KeyRotate => part(),
    }
}

fn last_version(guard: &Guard) -> casemate_core::PolicyVersion {
    guard.version()
}

/// The verdict of an answer.
pub(crate) fn verdict(answer: &Result<(), Refusal>) -> Verdict {
    if answer.is_ok() { Verdict::Allow } else { Verdict::Deny }
}
