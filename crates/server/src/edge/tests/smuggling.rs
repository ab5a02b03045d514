//! Request smuggling: the corpus over TCP, and the same against hyper alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_util::rt::TokioIo;

use super::super::corpus;
use super::super::*;
use super::support::*;

#[test]
fn every_case_is_refused_and_the_connection_closed() {
    let server = Server::start(ListenerLimits::default());
    for case in corpus::refused() {
        let before = server.counters.count(case.wall);
        let mut bytes = case.bytes.clone();
        // What a smuggler hopes to get answered as a request of its own.
        bytes.extend_from_slice(b"GET /smuggled HTTP/1.1\r\nHost: a.localhost\r\n\r\n");
        let answer = server.talk(&bytes);
        let status = answer.get(..12).unwrap_or_default();
        let expect = case.wall.status().as_u16().to_string();
        assert!(
            status.ends_with(&expect),
            "{}: {answer:?} for {:?}",
            case.name,
            String::from_utf8_lossy(&case.bytes)
        );
        assert_eq!(answer.matches("\r\ncontent-length: ").count(), 1, "{}: {answer}", case.name);
        assert_eq!(server.counters.count(case.wall), before + 1, "{}: {answer}", case.name);
        let paths = server.echo.paths.lock().unwrap();
        assert!(!paths.iter().any(|path| path == "/smuggled"), "{}", case.name);
    }
    server.still_serves();
}

#[test]
fn good_requests_are_answered() {
    let server = Server::start(ListenerLimits::default());
    for (name, mut bytes) in corpus::good() {
        bytes.extend_from_slice(b"GET /last HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n");
        let answer = server.talk(&bytes);
        let expect = if name == "a pipeline" { 4 } else { 2 };
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), expect, "{name}: {answer}");
        assert!(answer.contains("/last"), "{name}: {answer}");
    }
    let paths = server.echo.paths.lock().unwrap();
    assert!(!paths.iter().any(|path| path == "/smuggled"), "a body was read as a request");
}

#[test]
fn a_refused_request_does_not_take_the_one_before_it() {
    let server = Server::start(ListenerLimits::default());
    let answer = server
        .talk(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    let first = answer.find("200 OK").unwrap();
    let second = answer.find("400 Bad Request").unwrap();
    assert!(first < second, "{answer}");
    assert_eq!(*server.echo.paths.lock().unwrap(), ["/first"]);
}

#[test]
fn a_broken_body_ends_its_request_and_nothing_after_it_runs() {
    let server = Server::start(ListenerLimits::default());
    let mut client = server.connect();
    client.send(b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.send(b"3;x\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(!server.echo.paths.lock().unwrap().iter().any(|path| path == "/smuggled"));
}

/// The attack without the defence: hyper alone answers these, each of which somebody else reads differently.
#[tokio::test]
async fn hyper_alone_lets_them_pass() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answered);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| {
                    let count = Arc::clone(&count);
                    async move {
                        if http_body_util::BodyExt::collect(request.into_body()).await.is_ok() {
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok::<_, std::convert::Infallible>(http::Response::new(full("")))
                    }
                });
                drop(
                    // The client shuts its side at once; a server that stops then would pass nothing.
                    hyper::server::conn::http1::Builder::new()
                        .half_close(true)
                        .serve_connection(TokioIo::new(stream), service)
                        .await,
                );
            });
        }
    });
    let passed = tokio::task::spawn_blocking(move || {
        let mut passed = Vec::new();
        for case in corpus::refused() {
            let before = answered.load(Ordering::SeqCst);
            let mut client = Client::connect(address);
            client.send(&case.bytes);
            drop(client.0.shutdown(std::net::Shutdown::Write));
            client.rest();
            if answered.load(Ordering::SeqCst) > before {
                passed.push(case.name);
            }
        }
        passed
    });
    let passed = passed.await.unwrap();
    for name in ["TE.CL", "the same length twice", "bare LF in the head", "odd chunk", "odd coding"] {
        assert!(passed.contains(&name), "{name} is no difference any more; passed: {passed:?}");
    }
}
