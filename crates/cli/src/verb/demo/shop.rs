//! The good rows: people with accounts and roles use the shop, and everything that should work does.

use std::time::Instant;

use casemate_core::Digest;
use serde_json::{Value, json};

use super::caller::{Ask, Got};
use super::report::{Report, Row, timed};
use super::stage::Stage;
use crate::failure::Failure;
use crate::output::Output;

const SHOP: &str = include_str!("../../../../../examples/shop.toml");
pub(super) const SHOP_HOST: &str = "shop.localhost";

/// The committed components by the paths that manifests name.
const COMPONENTS: [(&str, &[u8]); 5] = [
    ("components/catalog.wasm", include_bytes!("../../../../../examples/components/catalog.wasm")),
    ("components/orders.wasm", include_bytes!("../../../../../examples/components/orders.wasm")),
    ("components/payment.wasm", include_bytes!("../../../../../examples/components/payment.wasm")),
    ("components/report.wasm", include_bytes!("../../../../../examples/components/report.wasm")),
    ("components/attacker.wasm", include_bytes!("../../../../../examples/components/attacker.wasm")),
];

/// An app whose function tries what it should not. It was granted nothing; its app has a store.
const LAB: &str = r#"
app = "lab"

[stores.secrets]

[functions.thief]
component = "components/attacker.wasm"
routes = ["GET /kv-ungranted", "GET /metadata", "GET /fetch", "GET /loop", "GET /hog", "GET /env", "GET /count", "GET /big-body", "GET /echo"]
access = "public"
limits = { cpu_ms = 100, memory_bytes = 33554432, response_body_bytes = 1048576 }
"#;

/// The robbed bank, reconstructed: a function that fetches any address for anyone, in front of a metadata service that its
/// owner granted in so many words.
const BANK: &str = r#"
app = "bank"

[functions.proxy]
component = "components/attacker.wasm"
routes = ["GET /fetch"]
access = "public"
grants.egress = [{ origin = "http://169.254.169.254", dangerous_private_address = true }]
"#;

/// The people of the play.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) admin: &'static str,
    pub(super) admin_password: String,
    pub(super) admin_token: String,
    pub(super) customer: &'static str,
    pub(super) customer_token: String,
    pub(super) manager: &'static str,
    pub(super) manager_password: String,
    pub(super) manager_token: String,
    /// A token of the customer that ends one second after it was made.
    pub(super) short_token: String,
    /// When that was.
    pub(super) short_since: Instant,
}

/// A password that nobody else has.
fn password() -> String {
    use casemate_core::Entropy;
    let mut random = [0; 12];
    casemate_server::SystemEntropy.fill(&mut random);
    casemate_core::ids::hex(&random)
}

/// Makes the administrator, two users with roles, and puts the apps live.
pub(super) fn prepare(stage: &Stage) -> Result<Cast, Failure> {
    let (admin, customer, manager) = ("ada", "carol", "mira");
    let (admin_password, customer_password, manager_password) = (password(), password(), password());
    let post = |path: &str, body: Value| Ask::new("POST", "localhost", path).json(&body);
    stage.control(&post(
        "/v1/setup",
        json!({ "code": stage.setup_code, "username": admin, "password": admin_password }),
    ))?;
    let control_token = |name: &str, password: &str| {
        let signed_in =
            stage.control(&post("/v1/sign-in", json!({ "username": name, "password": password })))?;
        Ok::<_, Failure>(token_of(&signed_in))
    };
    let admin_token = control_token(admin, &admin_password)?;
    for (name, password, role) in
        [(customer, &customer_password, "customer"), (manager, &manager_password, "manager")]
    {
        stage
            .control(&post("/v1/users", json!({ "name": name, "password": password })).token(&admin_token))?;
        stage.control(
            &Ask::new("PUT", "localhost", format!("/v1/apps/shop/roles/{role}/{name}")).token(&admin_token),
        )?;
    }
    let shop = SHOP.replace("http://127.0.0.1:4242", &stage.provider.origin());
    deploy(stage, &admin_token, "shop", &shop)?;
    deploy(stage, &admin_token, "lab", LAB)?;
    deploy(stage, &admin_token, "bank", BANK)?;
    let sign_in = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        let got = stage.call(&Ask::new("POST", SHOP_HOST, "/.casemate/sign-in").json(&body))?;
        Ok::<_, Failure>(token_of(&got.json()))
    };
    let customer_control = control_token(customer, &customer_password)?;
    let short = post("/v1/apps/shop/token", json!({ "lifetime_secs": 1 })).token(&customer_control);
    Ok(Cast {
        admin,
        admin_token,
        customer,
        customer_token: sign_in(customer, &customer_password)?,
        manager,
        manager_token: sign_in(manager, &manager_password)?,
        short_token: token_of(&stage.control(&short)?),
        short_since: Instant::now(),
        admin_password,
        manager_password,
    })
}

fn token_of(answer: &Value) -> String {
    answer.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn deploy(stage: &Stage, token: &str, app: &str, manifest: &str) -> Result<(), Failure> {
    let parsed = casemate_core::Manifest::parse(manifest)
        .map_err(|error| Failure::failed(format!("the demo's own manifest: {error}")))?;
    let mut components = serde_json::Map::new();
    for (name, function) in &parsed.functions {
        let bytes = COMPONENTS
            .iter()
            .find(|(path, _)| *path == function.component)
            .map(|(_, bytes)| *bytes)
            .ok_or_else(|| Failure::failed(format!("the demo has no component `{}`", function.component)))?;
        let digest: Digest = casemate_server::sha256(bytes);
        let upload = Ask::new("PUT", "localhost", format!("/v1/components/{}", digest.to_hex()));
        stage.control(&upload.bytes("application/wasm", bytes).token(token))?;
        components.insert(name.to_string(), json!(digest));
    }
    let body = json!({ "manifest": manifest, "components": components });
    stage.control(
        &Ask::new("POST", "localhost", format!("/v1/apps/{app}/revisions")).json(&body).token(token),
    )?;
    Ok(())
}

/// Everyone does what they may.
pub(super) fn play(stage: &Stage, cast: &Cast, report: &mut Report, output: &Output) -> Result<(), Failure> {
    let ask = |method, path: &str| Ask::new(method, SHOP_HOST, path);
    let order = json!({ "item": "rope", "quantity": 2 });
    let provider = format!("{}/charge", stage.provider.origin());
    let charge = json!({ "provider": provider, "amount_cents": 2500 });
    let (customer, manager) = (cast.customer, cast.manager);
    let rows: [(&str, String, Ask, u16, &str); 6] = [
        ("catalog", "anyone reads the catalog".into(), ask("GET", "/catalog"), 200, "lantern"),
        (
            "orders",
            format!("{customer} orders two ropes"),
            ask("POST", "/orders").json(&order).token(&cast.customer_token),
            201,
            "\"rope\"",
        ),
        (
            "orders",
            format!("{customer} reads her order"),
            ask("GET", "/orders/1").token(&cast.customer_token),
            200,
            "\"rope\"",
        ),
        (
            "payment",
            format!("{customer} pays at the granted provider"),
            ask("POST", "/payment").json(&charge).token(&cast.customer_token),
            200,
            "charged",
        ),
        (
            "report",
            format!("{manager}, a manager, reads the report"),
            ask("GET", "/report").token(&cast.manager_token),
            200,
            "\"orders\":1",
        ),
        (
            "keys",
            "anyone reads the token signing keys".into(),
            ask("GET", "/.well-known/jwks.json"),
            200,
            "ES256",
        ),
    ];
    for (step, tried, ask, status, words) in rows {
        let (got, ms) = timed(|| stage.call(&ask));
        let got: Got = got?;
        let held = got.status == status && got.text().contains(words);
        let (expected, got) =
            (format!("{status}, with {words}"), format!("{} {}", got.status, got.text().replace('\n', " ")));
        report.add(Row { step: step.into(), tried, expected, got, wall: String::new(), held, ms }, output);
    }
    let arrived = stage.provider.requests();
    report.add(
        Row {
            step: "payment".into(),
            tried: "the provider counts what reached it".into(),
            expected: "1 request".into(),
            got: format!("{arrived} request(s)"),
            wall: String::new(),
            held: arrived == 1,
            ms: 0.0,
        },
        output,
    );
    Ok(())
}
