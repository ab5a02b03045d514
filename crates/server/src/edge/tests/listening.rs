//! Taking a port, and letting it go.

use std::net::SocketAddr;
use std::time::Duration;

use casemate_core::Faulty;

use super::super::*;
use super::support::*;

fn bind(address: &str) -> Result<Listener, ListenError> {
    Listener::bind(ListenerSettings::new(address.parse().unwrap(), "listen"))
}

#[test]
fn plain_http_stays_on_loopback() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = bind(address).unwrap_err();
        assert!(matches!(error, ListenError::PlainHttp { .. }), "{error}");
        assert_eq!(error.help().as_deref(), Some("dangerous_plain_http = true"));
    }
    assert!(bind("127.0.0.1:0").is_ok());
    let mut settings = ListenerSettings::new("0.0.0.0:0".parse().unwrap(), "listen");
    settings.dangerous_plain_http = true;
    assert!(Listener::bind(settings).is_ok(), "positive control");
}

#[test]
fn a_port_in_use_is_an_error_although_threads_share_it() {
    let server = Server::start(ListenerLimits::default());
    let address: SocketAddr = server.address();
    let error = bind(&address.to_string()).unwrap_err();
    assert!(matches!(error, ListenError::InUse { .. }), "{error}");
    assert!(
        error.to_string().contains(&address.to_string()) && error.to_string().contains("`listen`"),
        "{error}"
    );
    assert!(matches!(bind("192.0.2.1:0").unwrap_err(), ListenError::PlainHttp { .. }));
}

#[tokio::test]
async fn a_running_request_ends_before_the_server_does() {
    let server = Server::start(ListenerLimits::default());
    let (address, echo) = (server.address(), Arc::clone(&server.echo));
    let mut idle = server.connect();
    idle.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(idle.answer().starts_with("HTTP/1.1 200"));
    let mut busy = server.connect();
    busy.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    echo.began.acquire().await.unwrap().forget();
    let stop = tokio::spawn(server.serving.stop(PATIENCE));
    let ended = tokio::task::spawn_blocking(move || {
        assert_eq!(idle.rest(), "", "an idle connection is closed at once");
        echo.release.add_permits(1);
        busy.rest()
    });
    assert!(ended.await.unwrap().contains("/wait"));
    assert_eq!(stop.await.unwrap(), 0);
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    assert!(bind(&address.to_string()).is_ok(), "the port is free at once");
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_at_the_deadline() {
    let server = Server::start(ListenerLimits::default());
    let mut client = server.connect();
    client.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    server.echo.began.acquire().await.unwrap().forget();
    assert_eq!(server.serving.stop(Duration::from_millis(100)).await, 1);
    assert_eq!(tokio::task::spawn_blocking(move || client.rest()).await.unwrap(), "");
}
