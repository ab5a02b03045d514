//! TLS 1.3, and nothing older.
//!
//! Invariant: the cryptography provider is named here and never taken from a process default; a handshake runs in its connection's
//! own task, under a deadline, and so many at once; no early data is taken, since it can be replayed (RFC 8446 §8).

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::server::ResolvesServerCert;
use rustls::{ProtocolVersion, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::error::TlsError;
use super::{Refused, Wall};

const H2: &[u8] = b"h2";

/// A server configuration around a certificate: TLS 1.3 only, HTTP/2 and HTTP/1.1 by ALPN.
///
/// # Errors
/// [`TlsError`] when the provider cannot do TLS 1.3.
pub fn server_config(certificate: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    Ok(Arc::new(config))
}

/// The handshakes of one listener.
#[derive(Clone)]
pub(super) struct Handshakes {
    acceptor: TlsAcceptor,
    places: Arc<Semaphore>,
    deadline: Duration,
}

impl std::fmt::Debug for Handshakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshakes").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Handshakes {
    pub(super) fn new(config: &ServerConfig, at_once: usize, deadline: Duration) -> Self {
        let mut config = config.clone();
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        config.max_early_data_size = 0;
        let places = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), places, deadline }
    }

    /// Shakes hands; says whether HTTP/2 was agreed on.
    ///
    /// # Errors
    /// [`Refused`] by [`Wall::Handshake`] or [`Wall::HandshakeTime`].
    pub(super) async fn shake(&self, stream: TcpStream) -> Result<(TlsStream<TcpStream>, bool), Refused> {
        let shaken = timeout(self.deadline, async {
            // Waiting for a place costs nothing but this connection's own time.
            let _place = self.places.acquire().await.ok()?;
            self.acceptor.accept(stream).await.ok()
        });
        let stream = shaken
            .await
            .map_err(|_| Refused::new(Wall::HandshakeTime, "the TLS handshake took too long"))?
            .ok_or(Refused::new(Wall::Handshake, "the TLS handshake failed"))?;
        let connection = stream.get_ref().1;
        // SECURITY: whoever built the configuration may have left older versions in.
        if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
            return Err(Refused::new(Wall::Handshake, "only TLS 1.3 is spoken"));
        }
        let h2 = connection.alpn_protocol() == Some(H2);
        Ok((stream, h2))
    }
}
