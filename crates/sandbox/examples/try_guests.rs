//! Temporary: runs every guest once. Not for commit.
use bytes::Bytes;
use casemate_core::action::operation::Invoke;
use casemate_core::testing::MemoryLedger;
use casemate_core::*;
use casemate_policy::*;
use casemate_sandbox::*;
use http_body_util::{BodyExt, Full};
use std::net::IpAddr;
use std::sync::Arc;

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    casemate_storage::Storage::prepare(&data).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vault = Arc::new(
        casemate_vault::Vault::open(&casemate_vault::RootKeySource::File(dir.path().join("root.key")), true)
            .unwrap(),
    );
    let handles = casemate_storage::Storage::open(&data, vault, clock.clone()).unwrap();
    let guard = Arc::new(Guard::new());
    let ledger = MemoryLedger::new();
    let sandbox = Sandbox::new(
        HostServices {
            guard: guard.clone(),
            stores: Arc::new(handles.guest),
            durable: ledger.clone(),
            clock: clock.clone(),
            egress: EgressSettings::default(),
        },
        SandboxSettings { compiler: Compiler::DangerousInProcess, ..Default::default() },
    )
    .unwrap();
    // a stand-in that answers anything
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::*;
        loop {
            let (mut s, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut b = [0; 4096];
                let n = s.read(&mut b).await.unwrap();
                let _ = n;
                s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npaid")
                    .await
                    .unwrap();
            });
        }
    });
    let only: Vec<String> = std::env::args().skip(1).collect();
    let attacks = [
        "/nothing",
        "/echo?a=b",
        "/swallow",
        "/count",
        "/count",
        "/busy?ms=50",
        "/loop",
        "/hog",
        "/grow",
        "/resources",
        "/kv?store=scratch&do=set&key=a&value=hello",
        "/kv?store=scratch&do=get&key=a",
        "/kv?store=scratch&do=append&key=a&value=+you",
        "/kv?store=scratch&do=get-many&key=a,b",
        "/kv?store=scratch&do=list",
        "/kv?store=scratch&do=increment&key=n&value=5",
        "/kv?store=scratch&do=exists&key=n",
        "/kv?store=scratch&do=delete&key=a",
        "/kv?store=scratch&do=set-many&key=x,y",
        "/kv?store=scratch&do=delete-many&key=x,y",
        "/kv-ungranted?store=vaulted",
        "/kv-ungranted?store=nowhere",
        "/kv-spin",
        "/kv-big",
        "/big-body",
        "/big-body?bytes=100000",
        "/log?count=2",
        "/log?count=100000",
        "/env",
        "/metadata",
        "/fetch?url=http://127.0.0.1:PORT/x",
        "/fetch?url=http://127.0.0.1:1/x",
        "/panic",
        "/half",
        "/status?code=418",
        "/header?name=x-y&value=z",
        "/slow?seconds=1",
        "/slow",
    ];
    let shop = format!("{{\"provider\":\"http://127.0.0.1:{port}/charge\",\"amount_cents\":3900}}");
    let evil = "{\"provider\":\"http://169.254.169.254/latest\",\"amount_cents\":3900}".to_owned();
    let mut runs: Vec<(&str, &str, String, String)> = vec![];
    for (f, p, b) in [
        ("hello", "/", ""),
        ("hello3", "/", ""),
        ("tables", "/", ""),
        ("tables3", "/", ""),
        ("sockets", "/", ""),
        ("catalog", "/", ""),
        ("report", "/report", ""),
        ("orders", "/orders", "{\"item\":\"rope\",\"quantity\":2}"),
        ("orders", "/orders", "{\"item\":1}"),
        ("report", "/report", ""),
    ] {
        runs.push((f, if b.is_empty() { "GET" } else { "POST" }, p.into(), b.into()));
    }
    for p in ["/orders", "/orders/1", "/orders/2"] {
        runs.push(("orders", "GET", p.into(), String::new()));
    }
    runs.push(("payment", "POST", "/payment".into(), shop));
    runs.push(("payment", "POST", "/payment".into(), evil));
    for f in ["attacker", "attacker3"] {
        for a in attacks {
            let b = if a.starts_with("/echo") || a.starts_with("/swallow") {
                "x".repeat(50000)
            } else {
                String::new()
            };
            runs.push((
                f,
                if b.is_empty() { "GET" } else { "POST" },
                a.replace("PORT", &port.to_string()),
                b,
            ));
        }
    }
    for f in ["js", "py", "rs"] {
        runs.push((f, "GET", "/x?y=1".into(), String::new()));
        runs.push((f, "GET", "/x?y=1".into(), String::new()));
    }
    let mut loaded: std::collections::BTreeMap<String, Option<Arc<LoadedFunction>>> = Default::default();
    for (f, method, path, body) in runs {
        if !only.is_empty() && !only.iter().any(|o| o == f) {
            continue;
        }
        let manifest = Manifest::parse(&format!("app = \"shop\"\n[stores.orders]\n[stores.scratch]\n[stores.totals]\n[stores.vaulted]\n[functions.{f}]\ncomponent=\"x\"\nroutes=[\"/*\"]\naccess=\"public\"\ngrants.kv={{scratch=[\"get\",\"set\",\"delete\",\"list\"],orders=[\"get\",\"set\",\"list\"],totals=[\"get\",\"set\"]}}\ngrants.egress=[{{origin=\"http://127.0.0.1:{port}\",dangerous_private_address=true}}]\nlimits.wall_ms=3000\nlimits.memory_bytes=134217728\nlimits.cpu_ms=2000")).unwrap();
        guard.install(Rules { apps: vec![Arc::new(manifest.clone())], written: vec![] }).unwrap();
        let id = FunctionId { app: manifest.app.clone(), name: FunctionName::parse(f).unwrap() };
        if !loaded.contains_key(f) {
            let file = match f {
                "js" => "target/guests/js-hello.wasm".to_owned(),
                "py" => "/tmp/t/python/hello.wasm".into(),
                "rs" => "/tmp/t/rust/target/wasm32-wasip2/release/hello.wasm".into(),
                f => format!("examples/components/{f}.wasm"),
            };
            let bytes = std::fs::read(file).unwrap();
            let at = std::time::Instant::now();
            match inspect(&bytes) {
                Ok(i) => println!("== {f}: wasi {} exports {:?} actions {:?}", i.wasi, i.exports, i.actions),
                Err(e) => println!("== {f}: inspect: {e}"),
            }
            let made = match sandbox.compile(bytes).await {
                Err(e) => {
                    println!("   compile: {e}");
                    None
                }
                Ok(image) => {
                    println!("   compiled in {:?}, {} bytes", at.elapsed(), image.len());
                    match sandbox.load(
                        &image,
                        FunctionSpec {
                            id: id.clone(),
                            revision: Revision(1),
                            function: manifest.functions.values().next().unwrap().clone(),
                            stores: manifest.stores.clone(),
                        },
                    ) {
                        Ok(l) => Some(l),
                        Err(e) => {
                            println!("   load: {e}");
                            None
                        }
                    }
                }
            };
            loaded.insert(f.to_owned(), made);
        }
        let Some(Some(function)) = loaded.get(f) else { continue };
        let entry = Arc::new(ledger.entry_at(&path, IpAddr::from([127, 0, 0, 1]), clock.now()).unwrap());
        let permit = guard.authorize::<Invoke>(&entry, &Arc::new(Actor::anonymous()), id).unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://shop.localhost{path}"))
            .header("x-test", "1")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let at = std::time::Instant::now();
        match sandbox.run(permit, function, entry, request).await {
            Err(e) => println!("{f:10} {path:60} ERR {e}  [{:?}]", at.elapsed()),
            Ok(r) => {
                let status = r.status();
                let (h, mut body) = r.into_parts();
                let mut got = vec![];
                let mut end = String::from("ok");
                while let Some(frame) = body.frame().await {
                    match frame {
                        Ok(x) => {
                            if let Ok(d) = x.into_data() {
                                got.extend_from_slice(&d)
                            }
                        }
                        Err(e) => {
                            end = format!("BROKE: {e}");
                            break;
                        }
                    }
                }
                let text = String::from_utf8_lossy(&got);
                let shown: String = text
                    .chars()
                    .take(if path.starts_with("/echo") { 260 } else { 200 })
                    .collect::<String>()
                    .replace('\n', " | ");
                println!(
                    "{f:10} {path:60} {status} {} bytes {end} [{:?}] {:?} {shown}",
                    got.len(),
                    at.elapsed(),
                    h.headers.get("x-y")
                );
            }
        }
    }
}
