//! The way out, through real guests and real sockets on this machine.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{EgressSettings, Resolver, Roots};
use crate::testbed::World;
use crate::{Limit, RunError};

const ATTACKER: [&str; 2] = ["attacker", "attacker3"];

/// Answers from a list, one look-up after the other; the last answer stays.
#[derive(Default)]
struct FakeResolver {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl FakeResolver {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }
}

impl Resolver for FakeResolver {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[at].clone()) })
    }
}

/// A server on this machine that gives one answer to everything and keeps what it was asked.
struct Peer {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8], asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    asked.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

impl Peer {
    async fn start(answer: impl Into<Vec<u8>>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (answer.into(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match &tls {
                    None => serve(stream, &answer, &kept).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, &answer, &kept).await;
                        }
                    }
                }
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn world(resolver: Arc<FakeResolver>) -> World {
    World::with_egress(EgressSettings { resolver, ..EgressSettings::default() })
}

fn grant(origin: &str, private: bool) -> String {
    format!("grants.egress = [{{ origin = \"{origin}\", dangerous_private_address = {private} }}]")
}

#[tokio::test]
async fn an_older_revision_that_still_runs_keeps_no_dangerous_word() {
    for guest in ATTACKER {
        let peer = Peer::start(answer("inside"), None).await;
        let world = world(FakeResolver::new(&[&["127.0.0.1"]]));
        let origin = format!("http://pay.example:{}", peer.port);
        let old = world.deploy(guest, &grant(&origin, true)).await.unwrap();
        let fetch = format!("/fetch?url={origin}/");
        assert_eq!(world.get(&old, &fetch).await.unwrap().text(), "200\ninside", "{guest}: control");
        world.deploy(guest, &grant(&origin, false)).await.unwrap();
        let came = world.get(&old, &fetch).await.unwrap();
        assert!(came.text().contains("Prohibited"), "{guest}: {}", came.text());
        assert_eq!(peer.asked().len(), 1, "{guest}");
        assert!(world.decisions().iter().all(|line| line.ends_with(" allow")), "the origin is granted still");
    }
}

#[tokio::test]
async fn a_granted_origin_answers_and_sees_a_clean_request() {
    for guest in ATTACKER {
        let peer = Peer::start(answer("paid"), None).await;
        let resolver = FakeResolver::new(&[&["127.0.0.1"]]);
        let world = world(Arc::clone(&resolver));
        let origin = format!("http://pay.example:{}", peer.port);
        let attacker = world.deploy(guest, &grant(&origin, true)).await.unwrap();
        let came = world.get(&attacker, &format!("/fetch?url={origin}/charge?card=1")).await.unwrap();
        assert_eq!((came.status, came.text().as_str()), (200, "200\npaid"), "{guest}");
        let asked = peer.asked();
        let head = asked[0].to_ascii_lowercase();
        assert!(head.starts_with("get /charge?card=1 http/1.1\r\n"), "{guest}: {head}");
        assert!(head.contains(&format!("host: pay.example:{}\r\n", peer.port)), "{guest}: {head}");
        assert!(!head.contains("casemate") && !head.contains("authorization"), "{guest}: {head}");
        let decisions = world.decisions();
        assert_eq!(
            decisions,
            [format!("http-send shop {origin} GET /charge allow")],
            "{guest}: no query is kept"
        );
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 1, "{guest}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anything_leaves() {
    for guest in ATTACKER {
        let peer = Peer::start(answer("stolen"), None).await;
        let resolver = FakeResolver::new(&[&["127.0.0.1"]]);
        let world = world(Arc::clone(&resolver));
        let granted = format!("http://pay.example:{}", peer.port);
        let attacker = world.deploy(guest, &grant(&granted, true)).await.unwrap();
        for (path, url) in [
            ("/metadata", "http://169.254.169.254".to_owned()),
            ("/fetch?url=", format!("http://evil.example:{}", peer.port)),
            ("/fetch?url=", format!("http://127.0.0.1:{}", peer.port)),
            ("/fetch?url=", format!("https://pay.example:{}", peer.port)),
            ("/fetch?url=", format!("http://pay.example:{}", peer.port + 1)),
            ("/fetch?url=", format!("http://pay.example.:{}", peer.port)),
        ] {
            let path = if path == "/metadata" { path.to_owned() } else { format!("{path}{url}/") };
            let came = world.get(&attacker, &path).await.unwrap();
            assert_eq!(came.status, 502, "{guest} {path}: {}", came.text());
            assert!(came.text().contains("HttpRequestDenied"), "{guest} {path}: {}", came.text());
            let last = world.decisions().pop().unwrap();
            assert!(last.contains(&url) && last.ends_with(" deny"), "{guest}: {last}");
        }
        assert!(peer.asked().is_empty(), "{guest}");
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 0, "{guest}: not even a name is looked up");
    }
}

#[tokio::test]
async fn granted_names_that_lead_inside_are_refused() {
    let peer = Peer::start(answer("stolen"), None).await;
    for (dangerous, addresses) in [
        // A name that leads to this machine, or also to this machine, or to it in other clothes.
        (false, &["127.0.0.1"][..]),
        (false, &["93.184.215.14", "127.0.0.1"]),
        (false, &["::ffff:127.0.0.1"]),
        (false, &["10.0.0.1"]),
        (false, &["100.64.0.1"]),
        // What stays shut even behind the dangerous word.
        (true, &["169.254.169.254"]),
        (true, &["127.0.0.1", "169.254.169.254"]),
        (true, &["::ffff:169.254.169.254"]),
        (true, &["64:ff9b::a9fe:a9fe"]),
        (true, &["fd00:ec2::254"]),
        (true, &["fe80::1"]),
        (true, &["0.0.0.0"]),
        (true, &["224.0.0.1"]),
    ] {
        for guest in ATTACKER {
            let world = world(FakeResolver::new(&[addresses]));
            let origin = format!("http://pay.example:{}", peer.port);
            let attacker = world.deploy(guest, &grant(&origin, dangerous)).await.unwrap();
            let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
            assert!(
                came.text().contains("DestinationIpProhibited"),
                "{guest} {addresses:?}: {}",
                came.text()
            );
        }
    }
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_second_answer_of_the_name_server_changes_nothing() {
    for guest in ATTACKER {
        let peer = Peer::start(answer("the checked address"), None).await;
        // Rebinding: the first look-up is harmless, every later one leads to the metadata service.
        let resolver = FakeResolver::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
        let world = world(Arc::clone(&resolver));
        let origin = format!("http://pay.example:{}", peer.port);
        let attacker = world.deploy(guest, &grant(&origin, true)).await.unwrap();
        let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
        assert_eq!(came.text(), "200\nthe checked address", "{guest}");
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 1, "{guest}: looked up once, used as checked");
        let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
        assert!(came.text().contains("DestinationIpProhibited"), "{guest}: {}", came.text());
    }
}

#[tokio::test]
async fn redirects_are_the_guests_to_follow() {
    for guest in ATTACKER {
        let elsewhere = Peer::start(answer("followed"), None).await;
        let redirect = format!(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.port
        );
        let peer = Peer::start(redirect, None).await;
        let world = World::new();
        let origin = format!("http://127.0.0.1:{}", peer.port);
        let attacker = world.deploy(guest, &grant(&origin, true)).await.unwrap();
        let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
        assert_eq!(came.text(), "302\n", "{guest}");
        assert!(elsewhere.asked().is_empty(), "{guest}");
    }
}

#[tokio::test]
async fn answers_are_counted_in_bytes() {
    for guest in ATTACKER {
        let peer = Peer::start(answer(&"x".repeat(100_000)), None).await;
        let world = World::new();
        let origin = format!("http://127.0.0.1:{}", peer.port);
        let lines = format!("{}\nlimits = {{ egress_bytes = 50000 }}", grant(&origin, true));
        let attacker = world.deploy(guest, &lines).await.unwrap();
        let ended = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap_err();
        assert_eq!(ended, RunError::Limit { limit: Limit::EgressBytes, value: 50_000 }, "{guest}");
    }
}

#[tokio::test]
async fn answers_that_never_come_or_never_end_are_given_up() {
    let huge = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    for (raw, expect) in [
        (huge, "Http"),
        ("not HTTP at all\r\n\r\n".to_owned(), "HttpProtocolError"),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(), "Http"),
    ] {
        for guest in ATTACKER {
            let peer = Peer::start(raw.clone(), None).await;
            let world = World::new();
            let origin = format!("http://127.0.0.1:{}", peer.port);
            let attacker = world.deploy(guest, &grant(&origin, true)).await.unwrap();
            let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
            assert!(came.status == 502 && came.text().contains(expect), "{guest}: {}", came.text());
        }
    }
}

#[tokio::test]
async fn a_peer_without_the_right_certificate_is_refused() {
    let made = rcgen::generate_simple_self_signed(vec!["pay.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let peer = Peer::start(answer("safely"), Some(Arc::new(config).into())).await;
    let trusted = Roots::Only(vec![made.cert.der().clone()]);
    for (roots, name, expect) in [
        (trusted.clone(), "pay.example", "200\nsafely"),
        (trusted, "other.example", "refused: "),
        (Roots::Only(Vec::new()), "pay.example", "refused: "),
    ] {
        for guest in ATTACKER {
            let resolver = FakeResolver::new(&[&["127.0.0.1"]]);
            let settings = EgressSettings { resolver, roots: roots.clone(), ..EgressSettings::default() };
            let world = World::with_egress(settings);
            let origin = format!("https://{name}:{}", peer.port);
            let attacker = world.deploy(guest, &grant(&origin, true)).await.unwrap();
            let came = world.get(&attacker, &format!("/fetch?url={origin}/")).await.unwrap();
            assert!(came.text().starts_with(expect), "{guest} {name}: {}", came.text());
        }
    }
}
