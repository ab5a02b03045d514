//! The only way out: one outgoing request over a fresh connection, to an address that was checked.
//!
//! Invariant: a connection goes to an address that was looked at, and to no other; there is no second resolution that could
//! give another answer (DNS rebinding). One bad address among several refuses them all. Redirects are not followed: the
//! guest would have to ask again, and be decided on again. Not here: whether the origin was granted (`policy`).

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use casemate_core::Origin;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::OpenSandboxError;

mod address;
#[cfg(test)]
mod tests;

use address::{Reach, reach};

/// Turns names into addresses.
pub trait Resolver: Send + Sync {
    /// All addresses of a host name.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
        })
    }
}

/// Which certificate authorities are believed.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The machine's.
    #[default]
    Native,
    /// These and no others.
    Only(Vec<CertificateDer<'static>>),
}

/// How outgoing requests leave.
#[derive(Clone)]
pub struct EgressSettings {
    /// Turns names into addresses.
    pub resolver: Arc<dyn Resolver>,
    /// Which certificate authorities are believed.
    pub roots: Roots,
    /// How long resolving, connecting and the TLS handshake may take together.
    pub connect_timeout: Duration,
    /// How long the answer's head may take.
    pub head_timeout: Duration,
    /// How long may pass between two pieces of the answer's body.
    pub idle_timeout: Duration,
}

impl Default for EgressSettings {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            roots: Roots::Native,
            connect_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Debug for EgressSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EgressSettings").field("roots", &self.roots).finish_non_exhaustive()
    }
}

/// The largest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most header fields of an answer.
const MAX_HEADERS: usize = 100;

/// Drives a connection after the head has come.
pub(crate) type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Opens connections.
pub(crate) struct Connector {
    settings: EgressSettings,
    tls: tokio_rustls::TlsConnector,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connector {
    pub(crate) fn new(settings: EgressSettings) -> Result<Self, OpenSandboxError> {
        let fail = |error: rustls::Error| OpenSandboxError::Tls(error.to_string());
        let mut roots = rustls::RootCertStore::empty();
        match &settings.roots {
            Roots::Native => {
                let found = rustls_native_certs::load_native_certs();
                for error in &found.errors {
                    tracing::warn!(%error, "a certificate authority of the machine could not be read");
                }
                let (added, _) = roots.add_parsable_certificates(found.certs);
                if added == 0 {
                    tracing::warn!(
                        "the machine has no certificate authorities: outgoing `https` requests will fail"
                    );
                }
            }
            Roots::Only(certificates) => {
                for certificate in certificates {
                    roots.add(certificate.clone()).map_err(fail)?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(fail)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { settings, tls: Arc::new(config).into() })
    }

    /// How long may pass between two pieces of an answer's body.
    pub(crate) fn idle_timeout(&self) -> Duration {
        self.settings.idle_timeout
    }

    /// Sends a request to an origin and waits for the answer's head.
    pub(crate) async fn send(
        &self,
        origin: &Origin,
        private: bool,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<(http::Response<Incoming>, Driver), Error> {
        let request = prepare(origin, request)?;
        let asked = options.unwrap_or_default();
        let within = |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        let connecting = within(asked.connect_timeout, self.settings.connect_timeout);
        let stream = tokio::time::timeout(connecting, self.connect(origin, private))
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        let waiting = within(asked.first_byte_timeout, self.settings.head_timeout);
        tokio::time::timeout(waiting, exchange(stream, request))
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
    }

    async fn connect(&self, origin: &Origin, private: bool) -> Result<Box<dyn Stream>, Error> {
        let addresses = self.addresses(origin, private).await?;
        let mut last = Error::DestinationUnavailable;
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, origin.port())).await {
                Ok(stream) => {
                    // Without it small requests wait for an acknowledgement; where it fails they are only slower.
                    let _ = stream.set_nodelay(true);
                    return self.protect(origin, stream).await;
                }
                Err(error) => last = Error::Connect(error),
            }
        }
        Err(last)
    }

    /// The addresses of an origin, all of them looked at.
    async fn addresses(&self, origin: &Origin, private: bool) -> Result<Vec<IpAddr>, Error> {
        let addresses = match origin.literal_address() {
            Some(address) => vec![address],
            None => self.settings.resolver.resolve(origin.host()).await.map_err(|error| Error::DnsError {
                rcode: Some(error.kind().to_string()),
                info_code: None,
            })?,
        };
        if addresses.is_empty() {
            return Err(Error::DnsError { rcode: None, info_code: None });
        }
        let allowed = |address: &IpAddr| match reach(*address) {
            Reach::Public => true,
            Reach::Private => private,
            Reach::Never => false,
        };
        // SECURITY: a name that leads both outside and inside is an attack, not a choice.
        if !addresses.iter().all(allowed) {
            tracing::warn!(%origin, "an outgoing request was refused: the name leads to an address that may not be reached");
            return Err(Error::DestinationIpProhibited);
        }
        Ok(addresses)
    }

    async fn protect(&self, origin: &Origin, stream: TcpStream) -> Result<Box<dyn Stream>, Error> {
        if !origin.is_secure() {
            return Ok(Box::new(stream));
        }
        let name = match origin.literal_address() {
            Some(address) => ServerName::from(address),
            None => {
                ServerName::try_from(origin.host().to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
        };
        Ok(Box::new(self.tls.connect(name, stream).await.map_err(Error::Tls)?))
    }
}

/// Sends over a fresh connection and drives it until the head has come.
async fn exchange(
    stream: Box<dyn Stream>,
    request: http::Request<WasiBody>,
) -> Result<(http::Response<Incoming>, Driver), Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake::<_, WasiBody>(TokioIo::new(stream))
        .await?;
    let mut connection = Box::pin(connection);
    let mut sending = std::pin::pin!(sender.send_request(request));
    let mut closed = false;
    let response = loop {
        tokio::select! {
            biased;
            response = &mut sending => break response?,
            ended = &mut connection, if !closed => {
                closed = true;
                ended?;
            }
        }
    };
    if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::HttpUpgradeFailed);
    }
    let driver: Driver =
        Box::new(async move { if closed { Ok(()) } else { connection.await.map_err(Error::from) } });
    Ok((response, driver))
}

/// Makes of a guest's request one that may leave: origin form, our own `Host`, nothing that steers the connection.
fn prepare(origin: &Origin, request: http::Request<WasiBody>) -> Result<http::Request<WasiBody>, Error> {
    let (mut head, body) = request.into_parts();
    if head.method == http::Method::CONNECT {
        return Err(Error::HttpRequestMethodInvalid);
    }
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    head.uri = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    head.version = http::Version::HTTP_11;
    strip(&mut head.headers);
    let default = if origin.is_secure() { 443 } else { 80 };
    let host = if origin.port() == default {
        origin.host().to_owned()
    } else {
        format!("{}:{}", origin.host(), origin.port())
    };
    let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
    head.headers.insert(header::HOST, host);
    Ok(http::Request::from_parts(head, body))
}

/// Removes what belongs to a hop and not to the message (RFC 9110 §7.6.1), and what only the platform says.
fn strip(headers: &mut HeaderMap) {
    const HOP: [HeaderName; 8] = [
        header::CONNECTION,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::EXPECT,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::HOST,
    ];
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let own: Vec<HeaderName> = headers
        .keys()
        .filter(|name| ["casemate-", "casemate_"].iter().any(|prefix| name.as_str().starts_with(prefix)))
        .cloned()
        .collect();
    let rest = ["keep-alive", "proxy-connection", "http2-settings"].map(HeaderName::from_static);
    for name in HOP.into_iter().chain(named).chain(own).chain(rest) {
        headers.remove(name);
    }
}
