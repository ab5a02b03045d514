//! Real HTTP requests over real sockets, from any loopback address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::failure::{Failure, Kind};

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) request: Option<String>,
    pub(super) body: Bytes,
    /// Whether the body ended as HTTP says it should.
    pub(super) whole: bool,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().to_owned()
    }

    /// The limit that a problem document names.
    pub(super) fn limit(&self) -> String {
        self.json().get("limit").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// One request in the making.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) host: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) header: Option<(&'static str, &'static str)>,
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
    /// The address that it comes from.
    pub(super) from: IpAddr,
}

impl Ask {
    pub(super) fn new(method: &'static str, host: &str, path: impl Into<String>) -> Self {
        Self {
            host: host.to_owned(),
            method,
            path: path.into(),
            token: None,
            header: None,
            kind: "application/json",
            body: Bytes::new(),
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    pub(super) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(super) fn bytes(mut self, kind: &'static str, body: &'static [u8]) -> Self {
        self.kind = kind;
        self.body = Bytes::from_static(body);
        self
    }

    pub(super) fn from(mut self, from: [u8; 4]) -> Self {
        self.from = IpAddr::from(from);
        self
    }

    /// Sends it on a connection of its own.
    pub(super) fn send(&self, runtime: &tokio::runtime::Runtime, to: SocketAddr) -> Result<Got, Failure> {
        let broke = |error: &dyn std::fmt::Display| {
            Failure::new(Kind::Unreachable, format!("{} {} got no answer: {error}", self.method, self.path))
        };
        runtime.block_on(async {
            let exchange = async {
                let socket = TcpSocket::new_v4().map_err(|error| broke(&error))?;
                socket.bind(SocketAddr::new(self.from, 0)).map_err(|error| broke(&error))?;
                let stream = socket.connect(to).await.map_err(|error| broke(&error))?;
                let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                    .await
                    .map_err(|error| broke(&error))?;
                tokio::spawn(connection);
                let mut request = http::Request::builder()
                    .method(self.method)
                    .uri(&self.path)
                    .header(http::header::HOST, &self.host)
                    .header(http::header::CONTENT_TYPE, self.kind);
                if let Some(token) = &self.token {
                    request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
                }
                if let Some((name, value)) = self.header {
                    request = request.header(name, value);
                }
                let request = request.body(Full::new(self.body.clone())).map_err(|error| broke(&error))?;
                let answer = sender.send_request(request).await.map_err(|error| broke(&error))?;
                let (head, body) = answer.into_parts();
                let request = head
                    .headers
                    .get("casemate-request-id")
                    .and_then(|id| id.to_str().ok())
                    .map(str::to_owned);
                let mut body = Limited::new(body, 64 << 20);
                // What came before an answer breaks off counts too.
                let mut kept = Vec::new();
                let whole = loop {
                    match body.frame().await {
                        None => break true,
                        Some(Err(_)) => break false,
                        Some(Ok(frame)) => kept.extend(frame.data_ref().into_iter().flatten()),
                    }
                };
                Ok(Got { status: head.status.as_u16(), request, body: kept.into(), whole })
            };
            tokio::time::timeout(Duration::from_secs(60), exchange).await.map_err(|error| broke(&error))?
        })
    }
}
