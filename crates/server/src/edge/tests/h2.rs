//! HTTP/2 on plain text with prior knowledge.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::*;
use super::support::*;

type Sender = SendRequest<Full<Bytes>>;

async fn connect(server: &Server) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://shop.localhost{path}")).body(Full::default()).unwrap()
}

async fn status(sender: &mut Sender, request: Request<Full<Bytes>>) -> (StatusCode, String) {
    let response = timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn requests_are_answered_and_refused_one_by_one() {
    let server = Server::start(ListenerLimits::default());
    let (mut sender, _connection) = connect(&server).await;
    let (code, body) = status(&mut sender, get("/%61")).await;
    assert_eq!((code, body.as_str()), (StatusCode::OK, "GET shop.localhost /a HTTP/2.0 false "));
    let with = |name: &str, value: &str| {
        let mut request = get("/");
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for (request, expect) in [
        (with("host", "other.localhost"), StatusCode::BAD_REQUEST),
        (with("casemate_user", "root"), StatusCode::BAD_REQUEST),
        (get("/a/%2e%2e/b"), StatusCode::BAD_REQUEST),
        (get(&format!("/{}", "a".repeat(9_000))), StatusCode::URI_TOO_LONG),
        (with("host", "shop.localhost"), StatusCode::OK),
    ] {
        let shown = format!("{request:?}");
        let (code, body) = status(&mut sender, request).await;
        assert_eq!(code, expect, "{body} for {shown}");
    }
    assert_eq!(server.serving.connections(), 1, "a refused stream does not end its connection");
}

#[tokio::test]
async fn header_lists_are_limited() {
    let server = Server::start(ListenerLimits::default());
    for (count, size) in [(101, 1), (4, 15_000)] {
        let (mut sender, _connection) = connect(&server).await;
        let mut request = get("/");
        for number in 0..count {
            let name = http::HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap();
            request.headers_mut().insert(name, "y".repeat(size).parse().unwrap());
        }
        let answer = timeout(PATIENCE, sender.send_request(request)).await.unwrap();
        let refused =
            answer.map_or(true, |answer| answer.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert!(refused, "{count} × {size}");
    }
    assert_eq!(server.echo.calls.load(Ordering::SeqCst), 0);
    let (mut sender, _connection) = connect(&server).await;
    assert_eq!(status(&mut sender, get("/")).await.0, StatusCode::OK);
}

/// CVE-2023-44487: streams are opened and reset once they run.
#[tokio::test]
async fn rapid_reset_ends_the_connection() {
    let server = Server::start(ListenerLimits { h2_resets: 10, ..ListenerLimits::default() });
    let (mut sender, connection) = connect(&server).await;
    for _ in 0..11 {
        let began = server.echo.began.acquire();
        tokio::select! {
            biased;
            _ = sender.send_request(get("/hang")) => panic!("answered"),
            permit = began => permit.unwrap().forget(),
        }
    }
    assert!(timeout(PATIENCE, connection).await.is_ok(), "the connection is still open");
    assert_eq!(server.counters.count(Wall::Resets), 1);
    let (mut sender, _connection) = connect(&server).await;
    for _ in 0..50 {
        assert_eq!(status(&mut sender, get("/")).await.0, StatusCode::OK, "positive control");
    }
}

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The same without waiting: resets overtake the streams.
#[test]
fn a_flood_of_resets_ends_the_connection() {
    const STREAMS: usize = 20_000;
    // :method GET, :scheme http, :path /hang, :authority a.
    let head = [&[0x82, 0x86, 0x04, 5][..], b"/hang", &[0x41, 1, b'a']].concat();
    let start = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat();
    let flood = |reset: bool, count: usize| {
        let server = Server::start(ListenerLimits { h2_resets: 100, ..ListenerLimits::default() });
        let mut client = server.connect();
        client.send(&start);
        for number in 0..count {
            let stream = u32::try_from(number * 2 + 1).unwrap();
            let mut bytes = frame(1, 0x5, stream, &head);
            if reset {
                bytes.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
            }
            if !client.send(&bytes) {
                break;
            }
        }
        (server, client)
    };
    let (server, mut client) = flood(true, STREAMS);
    client.rest();
    assert!(server.settles_at(0), "the connection is still open");
    let calls = server.echo.calls.load(Ordering::SeqCst);
    assert!(calls < STREAMS / 10, "{calls} requests ran");
    server.still_serves();

    let (server, _client) = flood(false, 50);
    assert!(server.calls_reach(50), "positive control: the same streams run when they are not reset");
    assert_eq!(server.serving.connections(), 1);
}

#[tokio::test]
async fn streams_at_once_are_limited() {
    let server = Server::start(ListenerLimits { h2_streams: 3, ..ListenerLimits::default() });
    let (mut sender, _connection) = connect(&server).await;
    assert_eq!(status(&mut sender, get("/")).await.0, StatusCode::OK);
    let hanging: Vec<_> = (0..10).map(|_| tokio::spawn(sender.send_request(get("/hang")))).collect();
    for _ in 0..3 {
        server.echo.began.acquire().await.unwrap().forget();
    }
    let fourth = timeout(std::time::Duration::from_millis(200), server.echo.began.acquire()).await;
    assert!(fourth.is_err(), "a fourth stream runs");
    drop(hanging);
}
