//! TLS: good handshakes, and bad ones that hold nobody up.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::*;
use super::support::*;

fn start(limits: ListenerLimits) -> (Server, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let certificate = made.cert.der().clone();
    let certified =
        CertifiedKey::from_der(vec![certificate.clone()], key, &aws_lc_rs::default_provider()).unwrap();
    let tls = server_config(Arc::new(SingleCertAndKey::from(certified))).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let server = Server::with(|settings| {
        settings.limits = limits;
        settings.tls = Some(tls);
    });
    (server, roots)
}

async fn shake(server: &Server, roots: &RootCertStore, alpn: &[&[u8]]) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

async fn ask(stream: TlsStream<TcpStream>) -> (StatusCode, Version) {
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::get(if h2 { "https://localhost/" } else { "/" }).header("host", "localhost");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let io = TokioIo::new(stream);
    let response = if h2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    (response.status(), response.version())
}

#[tokio::test]
async fn alpn_chooses_the_protocol() {
    let (server, roots) = start(ListenerLimits::default());
    for (alpn, version) in [
        (&[&b"h2"[..], b"http/1.1"][..], Version::HTTP_2),
        (&[b"http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let stream = shake(&server, &roots, alpn).await;
        assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(ask(stream).await, (StatusCode::OK, version));
    }
}

#[tokio::test]
async fn garbage_is_dropped_and_counted() {
    let (server, roots) = start(ListenerLimits::default());
    // A hello of TLS 1.2 alone: no `supported_versions` extension.
    let mut old = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03".to_vec();
    old.extend_from_slice(&[7; 32]);
    old.extend_from_slice(b"\x00\x00\x04\xc0\x2f\xc0\x2b\x01\x00");
    for garbage in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &[0; 64], &[0xff; 20_000], &old] {
        let mut client = server.connect();
        client.send(garbage);
        let answer = tokio::task::spawn_blocking(move || client.rest()).await.unwrap();
        assert!(!answer.contains("HTTP"), "{answer:?}");
    }
    assert!(server.settles_at(0));
    assert_eq!(server.counters.count(Wall::Handshake), 4);
    assert_eq!(ask(shake(&server, &roots, &[]).await).await.0, StatusCode::OK, "positive control");
}

#[tokio::test]
async fn a_stalled_handshake_holds_nobody_up_and_ends() {
    let deadline = Duration::from_millis(500);
    // Fewer places than stalled clients: who has not said hello takes none.
    let limits = ListenerLimits { handshake_timeout: deadline, handshakes: 2, ..ListenerLimits::default() };
    let (server, roots) = start(limits);
    let mut stalled: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in stalled.iter_mut().take(10) {
        client.send(b"\x16\x03\x01");
    }
    assert!(server.settles_at(20));
    let since = Instant::now();
    assert_eq!(ask(shake(&server, &roots, &[b"h2"]).await).await.0, StatusCode::OK);
    assert!(since.elapsed() < PATIENCE);
    for mut client in stalled {
        assert_eq!(tokio::task::spawn_blocking(move || client.rest()).await.unwrap(), "");
    }
    assert_eq!(server.counters.count(Wall::HandshakeTime), 20);
}
