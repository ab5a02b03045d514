//! A server on loopback, a handler that says what it saw, and a client that sends any bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use casemate_core::Faulty;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;

use super::super::*;

/// Long enough for a busy machine, short enough to fail within a test run.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with what it saw.
#[derive(Debug)]
pub(super) struct Echo {
    pub(super) calls: AtomicUsize,
    pub(super) paths: Mutex<Vec<String>>,
    /// One permit for each request to `/wait` or `/hang` that began.
    pub(super) began: Semaphore,
    /// One permit lets one request to `/wait` end.
    pub(super) release: Semaphore,
}

impl Handler for Echo {
    async fn handle(self: Arc<Self>, admitted: Admitted) -> Response<ReplyBody> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.paths.lock().unwrap().push(admitted.path.clone());
        match admitted.path.as_str() {
            "/hang" => {
                self.began.add_permits(1);
                std::future::pending::<()>().await;
            }
            "/wait" => {
                self.began.add_permits(1);
                self.release.acquire().await.unwrap().forget();
            }
            "/big" => return Response::new(full(vec![b'x'; 32 << 20])),
            "/unread" => return Response::new(full("unread")),
            _ => {}
        }
        let line = format!(
            "{} {} {} {:?} {:?}",
            admitted.method, admitted.host, admitted.path, admitted.version, admitted.tls
        );
        match admitted.body.collect().await {
            Ok(body) => Response::new(full(format!("{line} {}", String::from_utf8_lossy(&body.to_bytes())))),
            Err(error) => {
                let mut response = Response::new(full(format!("{error} {:?}", error.limit())));
                *response.status_mut() = match error {
                    BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    BodyError::Broken => StatusCode::BAD_REQUEST,
                };
                response
            }
        }
    }
}

pub(super) fn full(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) serving: Serving,
    pub(super) counters: Arc<EdgeCounters>,
    pub(super) echo: Arc<Echo>,
}

impl Server {
    pub(super) fn start(limits: ListenerLimits) -> Self {
        Self::with(|settings| settings.limits = limits)
    }

    pub(super) fn with(change: impl FnOnce(&mut ListenerSettings)) -> Self {
        let mut settings = ListenerSettings::new("127.0.0.1:0".parse().unwrap(), "listen");
        settings.threads = 2;
        change(&mut settings);
        let counters = Arc::new(EdgeCounters::default());
        let echo = Arc::new(Echo {
            calls: AtomicUsize::new(0),
            paths: Mutex::default(),
            began: Semaphore::new(0),
            release: Semaphore::new(0),
        });
        let listener = Listener::bind(settings).unwrap();
        let serving = listener.serve(Arc::clone(&echo), Arc::clone(&counters)).unwrap();
        Self { serving, counters, echo }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    pub(super) fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// Sends bytes on a connection of their own; all that comes back until the server closes.
    pub(super) fn talk(&self, bytes: &[u8]) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// Waits until the server holds so many connections.
    pub(super) fn settles_at(&self, connections: usize) -> bool {
        Self::until(|| self.serving.connections() == connections)
    }

    /// Waits until so many requests reached the handler.
    pub(super) fn calls_reach(&self, calls: usize) -> bool {
        Self::until(|| self.echo.calls.load(Ordering::SeqCst) >= calls)
    }

    fn until(reached: impl Fn() -> bool) -> bool {
        let since = Instant::now();
        while !reached() {
            if since.elapsed() > PATIENCE {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// The positive control of every attack: the server still serves.
    pub(super) fn still_serves(&self) {
        let answer = self.talk(b"GET /still HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

/// A connection that sends any bytes.
#[derive(Debug)]
pub(super) struct Client(pub(super) TcpStream);

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends; a server that closed meanwhile is no error here.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Everything until the server closes. A connection that stays open is a failure.
    pub(super) fn rest(&mut self) -> String {
        let mut read = Vec::new();
        match self.0.read_to_end(&mut read) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("not closed ({error}) after {:?}", String::from_utf8_lossy(&read)),
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// One answer with a `Content-Length`; the connection stays open.
    pub(super) fn answer(&mut self) -> String {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).unwrap();
            read.push(byte[0]);
        }
        let head = String::from_utf8(read).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        head + &String::from_utf8_lossy(&body)
    }
}
