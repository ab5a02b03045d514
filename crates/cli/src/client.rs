//! The control API's client: HTTP/1.1 over TCP or TLS, JSON in and out, tokens renewed when they end.
//!
//! Invariant: a token goes only to the server that gave it, and nothing goes anywhere in clear but to this machine. Not here:
//! what verbs ask for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use casemate_core::Origin;
use clap::Args;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::credentials::{self, Credentials, Session};
use crate::failure::{Failure, Kind};

/// The server of a verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    /// The control listener; by default the server that was signed in to last, else http://127.0.0.1:8081. A token in
    /// CASEMATE_TOKEN takes the place of the session, and is sent only to a server that is named here.
    #[arg(long, env = "CASEMATE_SERVER", value_name = "URL", global = true)]
    pub(crate) server: Option<String>,
    /// Trust the certificates in this PEM file and no others.
    #[arg(long, env = "CASEMATE_CA", value_name = "FILE", global = true)]
    pub(crate) ca: Option<PathBuf>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

/// A request's body: whole, or a stream that reports progress.
pub(crate) type Body = BoxBody<Bytes, std::convert::Infallible>;

/// A body that is already there.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed()
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) server: String,
    /// Whether somebody said which server.
    named: bool,
    origin: Origin,
    ca: Option<PathBuf>,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    /// A client that knows where to speak to; nothing is sent yet.
    pub(crate) fn new(arguments: &ServerArguments) -> Result<Self, Failure> {
        let server = match &arguments.server {
            Some(server) => Some(server.clone()),
            None => Credentials::load()?.current,
        };
        let server = server.unwrap_or_else(|| "http://127.0.0.1:8081".to_owned());
        let server = server.trim_end_matches('/').to_owned();
        let origin = Origin::parse(&server).map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
        check_private(&origin)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { server, named: arguments.server.is_some(), origin, ca: arguments.ca.clone(), runtime })
    }

    /// Calls the control API as whoever is signed in.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let body = body.map(|body| whole(body.to_string())).unwrap_or_else(|| whole(Bytes::new()));
        self.send(method, path, "application/json", body).and_then(|answer| answer.json())
    }

    /// Calls the control API with a body of another kind.
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: Body) -> Result<Answer, Failure> {
        let token = self.token()?;
        self.runtime
            .block_on(async {
                let answer = self.exchange(method, path, kind, Some(&token), body).await?;
                collect(answer).await
            })?
            .check()
    }

    /// Calls the control API without a credential (setup, sign-in).
    pub(crate) fn call_anonymously(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.runtime
            .block_on(async {
                let answer =
                    self.exchange("POST", path, "application/json", None, whole(body.to_string())).await?;
                collect(answer).await
            })?
            .check()?
            .json()
    }

    /// Reads an answer line by line, as the lines come.
    pub(crate) fn follow(
        &self,
        path: &str,
        mut line: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let token = self.token()?;
        self.runtime.block_on(async {
            let answer =
                self.exchange("GET", path, "application/json", Some(&token), whole(Bytes::new())).await?;
            if !answer.status().is_success() {
                collect(answer).await?.check()?;
                return Ok(());
            }
            let mut body = answer.into_body();
            let mut pending = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| Failure::failed(format!("the stream broke: {error}")))?;
                pending.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
                while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                    let whole: Vec<u8> = pending.drain(..=end).collect();
                    line(String::from_utf8_lossy(&whole).trim_end())?;
                }
            }
            Ok(())
        })
    }

    /// Calls any origin with any request: how `invoke` reaches the data listener.
    pub(crate) fn reach(&self, origin: &Origin, request: http::Request<Body>) -> Result<Answer, Failure> {
        self.runtime.block_on(async {
            let answer = self.exchange_with(origin, request).await?;
            collect(answer).await
        })
    }

    /// The access token: from the environment, from the file, or renewed.
    fn token(&self) -> Result<String, Failure> {
        if let Ok(token) = std::env::var("CASEMATE_TOKEN") {
            // SECURITY: the server signed in to last may be another than the one that the token is for.
            if !self.named {
                return Err(Failure::new(
                    Kind::Usage,
                    "`CASEMATE_TOKEN` is set, and nothing says which server it is for",
                )
                .help("CASEMATE_SERVER=URL, or --server URL"));
            }
            return Ok(token);
        }
        let session = self.session(&Credentials::load()?)?;
        if session.is_fresh() {
            return Ok(session.access_token);
        }
        // A handle is good for one renewal, and one that is shown twice ends the session: verbs that run at once take turns, and
        // whoever comes second finds what the first has renewed.
        let lock = credentials::lock()?;
        let mut credentials = Credentials::load()?;
        let session = self.session(&credentials)?;
        if session.is_fresh() {
            return Ok(session.access_token);
        }
        let renewed =
            self.call_anonymously("/v1/sign-in", &serde_json::json!({ "session": session.session }));
        let renewed = renewed.map_err(|failure| match failure.kind {
            Kind::Denied => Failure::new(Kind::Denied, "the session has ended")
                .help(format!("casemate login --server {}", self.server)),
            _ => failure,
        })?;
        let session = read_session(&session.username, &renewed)?;
        let token = session.access_token.clone();
        credentials.servers.insert(self.server.clone(), session);
        credentials.save(&lock)?;
        Ok(token)
    }

    fn session(&self, credentials: &Credentials) -> Result<Session, Failure> {
        credentials.servers.get(&self.server).cloned().ok_or_else(|| {
            Failure::new(Kind::Denied, format!("not signed in to {}", self.server))
                .help(format!("casemate login --server {}", self.server))
        })
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        token: Option<&str>,
        body: Body,
    ) -> Result<http::Response<hyper::body::Incoming>, Failure> {
        let mut request =
            http::Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, kind);
        if let Some(token) = token {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(body).map_err(|error| Failure::new(Kind::Usage, format!("`{path}`: {error}")))?;
        self.exchange_with(&self.origin, request).await
    }

    async fn exchange_with(
        &self,
        origin: &Origin,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<hyper::body::Incoming>, Failure> {
        check_private(origin)?;
        let unreachable = |error: &dyn std::fmt::Display| {
            Failure::new(Kind::Unreachable, format!("{origin} cannot be reached: {error}"))
                .help("casemate serve   # is it running? another address: --server URL")
        };
        let connect = tokio::time::timeout(Duration::from_secs(10), dial(origin));
        let stream =
            connect.await.map_err(|error| unreachable(&error))?.map_err(|error| unreachable(&error))?;
        let _ = stream.set_nodelay(true);
        let default_port = if origin.is_secure() { 443 } else { 80 };
        let authority = match origin.port() {
            port if port == default_port => origin.host().to_owned(),
            port => format!("{}:{port}", origin.host()),
        };
        if let Ok(host) = authority.parse() {
            request.headers_mut().entry(http::header::HOST).or_insert(host);
        }
        if origin.is_secure() {
            let tls = self.tls()?;
            // WHY: no TLS library takes `*.localhost` from a certificate (webpki, like OpenSSL, asks for two labels after the
            // star); the names below `localhost` are this machine (RFC 6761 §6.3) and have the certificate of `localhost`.
            let host = if origin.host().ends_with(".localhost") { "localhost" } else { origin.host() };
            let name = ServerName::try_from(host.to_owned()).map_err(|error| unreachable(&error))?;
            let connector = tokio_rustls::TlsConnector::from(tls);
            let stream = connector.connect(name, stream).await.map_err(|error| {
                unreachable(&error)
                    .help("casemate … --ca FILE   # the server's certificate: tls.crt in its data folder")
            })?;
            talk(TokioIo::new(stream), request).await
        } else {
            talk(TokioIo::new(stream), request).await.map_err(|failure| {
                failure.help(format!("--server https://{authority} --ca FILE   # if the server speaks TLS"))
            })
        }
    }

    fn tls(&self) -> Result<Arc<rustls::ClientConfig>, Failure> {
        let mut roots = rustls::RootCertStore::empty();
        if let Some(path) = &self.ca {
            let certificates = CertificateDer::pem_file_iter(path)
                .map_err(|error| Failure::new(Kind::Usage, format!("`{}`: {error}", path.display())))?;
            for certificate in certificates {
                let certificate = certificate
                    .map_err(|error| Failure::new(Kind::Usage, format!("`{}`: {error}", path.display())))?;
                roots
                    .add(certificate)
                    .map_err(|error| Failure::new(Kind::Usage, format!("`{}`: {error}", path.display())))?;
            }
        } else {
            let native = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(native.certs);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| Failure::failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// Whether a name is this machine's own (RFC 6761 §6.3).
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// Refuses to speak in clear to another machine: whatever is sent could be read on the way.
fn check_private(origin: &Origin) -> Result<(), Failure> {
    let here = is_localhost(origin.host()) || origin.literal_address().is_some_and(|ip| ip.is_loopback());
    if origin.is_secure() || here {
        return Ok(());
    }
    let message = format!(
        "`{origin}` is neither HTTPS nor this machine: a password or token would be readable on the way"
    );
    Err(Failure::new(Kind::Usage, message).help(origin.to_string().replacen("http://", "https://", 1)))
}

async fn dial(origin: &Origin) -> std::io::Result<TcpStream> {
    if is_localhost(origin.host()) {
        // Whatever the resolver says.
        let here = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        return TcpStream::connect(&here.map(|ip| SocketAddr::new(ip, origin.port()))[..]).await;
    }
    TcpStream::connect(format!("{}:{}", origin.host(), origin.port())).await
}

async fn talk<I>(
    io: I,
    request: http::Request<Body>,
) -> Result<http::Response<hyper::body::Incoming>, Failure>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let broke =
        |error: hyper::Error| Failure::new(Kind::Unreachable, format!("the connection broke: {error}"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.map_err(broke)?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(broke)
}

async fn collect(answer: http::Response<hyper::body::Incoming>) -> Result<Answer, Failure> {
    let (head, body) = answer.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| Failure::new(Kind::Unreachable, format!("the answer broke off: {error}")))?;
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
}

impl Answer {
    /// The answer as JSON; an empty body is `null`.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::failed(format!("the answer is not JSON: {error}")))
    }

    /// The request's id, for `casemate explain`.
    pub(crate) fn request(&self) -> Option<String> {
        self.headers.get("casemate-request-id")?.to_str().ok().map(str::to_owned)
    }

    /// Turns a problem document into a failure.
    fn check(self) -> Result<Self, Failure> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let document = self.json().unwrap_or_default();
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        let kind = match self.status {
            401 | 403 => Kind::Denied,
            404 => Kind::Missing,
            503 => Kind::Unreachable,
            _ => Kind::Failed,
        };
        let title = text("title").unwrap_or_else(|| format!("the server answered {}", self.status));
        let message = match self.status {
            401 => "not signed in, or the credentials are wrong".to_owned(),
            403 => "you may see this, but not do it".to_owned(),
            404 => "there is no such thing, or you may not see it".to_owned(),
            _ => text("detail").unwrap_or(title),
        };
        let help = text("help")
            .or_else(|| text("limit").map(|limit| format!("the limit is `{limit}` in the manifest")))
            .or_else(|| (self.status == 401).then(|| "casemate login   # then try again".to_owned()));
        Err(Failure { kind, message, help, request: self.request() })
    }
}

/// Reads a token answer.
pub(crate) fn read_session(username: &str, answer: &Value) -> Result<Session, Failure> {
    let text = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| Failure::failed(format!("the answer has no `{key}`")))
    };
    let lifetime = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(0);
    Ok(Session {
        username: username.to_owned(),
        access_token: text("access_token")?,
        expires_at: credentials::now() + lifetime,
        session: text("session")?,
    })
}
