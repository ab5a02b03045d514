//! What a decision costs, beside plain Cedar over the same policies in the same run.
//!
//! `cargo bench -p casemate-policy`. Every case first asserts that the answer is right. The ledger is a no-op here; what a
//! leaf costs is measured in `audit`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints what it found and fails loudly"
)]

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_core::action::operation::Invoke;
use casemate_core::event::HttpRequest;
use casemate_core::{
    Actor, AppId, Authentication, Entry, Event, FunctionId, LedgerClass, Manifest, Method, Opened, Principal,
    RecordError, Recorder, RequestId, RoleName, Seq, SystemClock, Timestamp, UserId,
};
use casemate_policy::{Directory, Guard, Rules, WrittenPolicy};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};

/// A ledger that only counts.
#[derive(Default)]
struct NoLedger(AtomicU64);

impl Recorder for NoLedger {
    fn begin(self: Arc<Self>, opened: Opened) -> Result<Entry, RecordError> {
        Ok(Entry::new(opened, self, Arc::new(SystemClock)))
    }
    fn append(&self, _: RequestId, _: LedgerClass, event: &Event) -> Result<Seq, RecordError> {
        std::hint::black_box(event);
        Ok(Seq(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

fn opened() -> Opened {
    let at = Timestamp::from_secs(1_700_000_000);
    let http = HttpRequest {
        http_method: "GET".to_owned(),
        host: "shop.localhost".to_owned(),
        path: "/orders".to_owned(),
        version: "HTTP/1.1".to_owned(),
        src_endpoint: IpAddr::from([127, 0, 0, 1]),
        tls: false,
    };
    Opened { request: RequestId::new(at, [0; 10]), at, http, door: casemate_core::action::Audience::Data }
}

/// Nanoseconds for each call: the best of five rounds, so that a busy machine does not speak for the code.
fn time(mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    let mut count: u32 = 16;
    // Enough calls for a round of 50 ms.
    loop {
        let since = Instant::now();
        (0..count).for_each(|_| work());
        if since.elapsed() > Duration::from_millis(50) || count > 1 << 24 {
            break;
        }
        count *= 2;
    }
    for _ in 0..5 {
        let since = Instant::now();
        (0..count).for_each(|_| work());
        best = best.min(since.elapsed());
    }
    best.as_secs_f64() * 1e9 / f64::from(count)
}

/// An app of `functions` functions, each for the role `customer`.
fn manifest(functions: usize) -> Manifest {
    let mut text = "app = \"shop\"\n".to_owned();
    for number in 0..functions {
        text.push_str(&format!(
            "[functions.f{number}]\ncomponent = \"c\"\nroutes = [\"/f{number}\"]\naccess = {{ roles = [\"customer\"] }}\n"
        ));
    }
    Manifest::parse(&text).expect("a manifest")
}

const CONTEXT: &str = "forbid(principal, action == Action::\"invoke\", resource == Function::\"shop/f0\")
    unless { context.ip.isInRange(ip(\"127.0.0.0/8\")) && context.auth_age_seconds < 3600 };";

struct Case {
    guard: Guard,
    actor: Arc<Actor>,
    target: FunctionId,
    stranger: Arc<Actor>,
    plain: PolicySet,
    entities: Entities,
}

impl Case {
    /// About `policies` policies, one of them deciding; `context` adds one that reads the context.
    fn new(policies: usize, context: bool) -> Self {
        let guard = Guard::new();
        let manifest = manifest(policies);
        let text = if context { CONTEXT } else { "" };
        let written = vec![WrittenPolicy { name: "context".to_owned(), text: text.to_owned() }];
        let rules = Rules { apps: vec![Arc::new(manifest)], written };
        let since = Instant::now();
        guard.install(rules).expect("valid rules");
        println!(
            "{:>48} {:>10.1} ms",
            format!("install {policies} policies"),
            since.elapsed().as_secs_f64() * 1e3
        );
        let shop = AppId::parse("shop").expect("a name");
        let customer = Principal::User(UserId::from_random([1; 16]));
        let memberships =
            vec![(customer.clone(), shop.clone(), RoleName::parse("customer").expect("a name"))];
        guard.update_directory(Directory { memberships });
        let actor = |principal| {
            Arc::new(Actor {
                principal,
                audience: Some(shop.clone()),
                authentication: Authentication {
                    methods: vec![Method::Pwd],
                    at: Timestamp::from_secs(1_700_000_000 - 60),
                    session: None,
                },
                ..Actor::anonymous()
            })
        };
        let plain = (0..policies)
            .map(|number| {
                format!(
                    "permit(principal in Role::\"shop/customer\", action == Action::\"invoke\", resource == Function::\"shop/f{number}\");\n"
                )
            })
            .chain([text.to_owned()])
            .collect::<String>()
            .parse()
            .expect("policies");
        let role = "Role::\"shop/customer\"".parse().expect("a role");
        let user = uid("User", customer.uid().as_str());
        let entities =
            Entities::from_entities([Entity::new_no_attrs(user, [role].into())], None).expect("entities");
        Self {
            guard,
            actor: actor(customer),
            stranger: actor(Principal::User(UserId::from_random([2; 16]))),
            target: FunctionId { app: shop.clone(), name: "f0".parse().expect("a name") },
            plain,
            entities,
        }
    }

    fn ask(&self, entry: &Entry, actor: &Arc<Actor>) -> bool {
        self.guard.authorize::<Invoke>(entry, actor, self.target.clone()).is_ok()
    }

    /// The same question to plain Cedar, its context built the same way.
    fn ask_plain(&self, actor: &Actor, context: bool) -> bool {
        let context = if context {
            let ip = RestrictedExpression::new_ip("127.0.0.1");
            let age = RestrictedExpression::new_long(60);
            Context::from_pairs([("ip".to_owned(), ip), ("auth_age_seconds".to_owned(), age)])
                .expect("a context")
        } else {
            Context::empty()
        };
        let request = Request::new(
            uid("User", &actor.principal.uid()),
            uid("Action", "invoke"),
            uid("Function", "shop/f0"),
            context,
            None,
        );
        let request = request.expect("a request");
        Authorizer::new().is_authorized(&request, &self.plain, &self.entities).decision() == Decision::Allow
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    use cedar_policy::{EntityId, EntityTypeName};
    let kind: EntityTypeName = kind.parse().expect("a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn report(name: &str, ns: f64) {
    println!("{name:>48} {ns:>10.0} ns");
}

fn main() {
    let recorder = Arc::new(NoLedger::default());
    let entry = Arc::clone(&recorder).begin(opened()).expect("an entry");
    for policies in [1, 100, 1_000] {
        for context in [false, true] {
            let case = Case::new(policies, context);
            let kind = if context { "context policy" } else { "static grant" };
            // Right answers first: the guard and plain Cedar agree, and both can say no.
            for _ in 0..2 {
                assert!(case.ask(&entry, &case.actor) && case.ask_plain(&case.actor, context));
                assert!(!case.ask(&entry, &case.stranger) && !case.ask_plain(&case.stranger, context));
            }
            let name = |what: &str| format!("{kind} among {policies}, {what}");
            report(&name("known principal"), time(|| assert!(case.ask(&entry, &case.actor))));
            let mut number: u128 = 0;
            let cold = time(|| {
                number += 1;
                let principal = Principal::User(UserId::from_random(number.to_be_bytes()));
                let actor = Arc::new(Actor { principal, ..(*case.stranger).clone() });
                assert!(!case.ask(&entry, &actor));
            });
            report(&name("new principal each time"), cold);
            report(&name("plain Cedar"), time(|| assert!(case.ask_plain(&case.actor, context))));
        }
    }
    let case = Case::new(100, false);
    let opened = opened();
    let whole = time(|| {
        let entry = Arc::clone(&recorder).begin(opened.clone()).expect("an entry");
        assert!(case.ask(&entry, &case.actor));
    });
    let empty = time(|| drop(Arc::clone(&recorder).begin(opened.clone()).expect("an entry")));
    report("open an entry, decide (reused), complete it", whole);
    report("open an entry, complete it", empty);
}
