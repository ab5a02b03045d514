//! TLS 1.3, and nothing older.
//!
//! Invariant: the cryptography provider is named here and never taken from a process default; a handshake runs in its connection's
//! own task, under a deadline, and so many at once; no early data is taken, since it can be replayed (RFC 8446 §8).

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
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

/// An operator's certificate chain and its key, from PEM files (RFC 7468), read once.
///
/// # Errors
/// [`TlsError`] names the setting and the file; a key that everyone may read is refused.
pub fn certified_key(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let wrong = |setting: &'static str, path: &Path, why: String| TlsError::File {
        key: setting,
        path: path.to_owned(),
        why,
    };
    let bad_chain = |why: String| wrong("certificate", certificate, why);
    let bad_key = |why: String| wrong("key", key, why);
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| bad_chain(error.to_string()))?;
    if chain.is_empty() {
        return Err(bad_chain("there is no certificate in it".to_owned()));
    }
    let metadata = std::fs::metadata(key).map_err(|error| bad_key(error.to_string()))?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err(TlsError::KeyIsOpen(key.to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad_key(error.to_string()))?;
    // Refuses a key that is not the certificate's.
    Ok(Arc::new(CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider())?))
}

/// The handshakes of one listener.
#[derive(Clone)]
pub(super) struct Handshakes {
    config: Arc<ServerConfig>,
    places: Arc<Semaphore>,
    deadline: Duration,
    /// How long a client that has said hello may take for the rest: one answer.
    answer: Duration,
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
        Self { config: Arc::new(config), places, deadline, answer: deadline / 4 }
    }

    /// Shakes hands; says whether HTTP/2 was agreed on.
    ///
    /// # Errors
    /// [`Refused`] by [`Wall::Handshake`] or [`Wall::HandshakeTime`].
    pub(super) async fn shake(&self, stream: TcpStream) -> Result<(TlsStream<TcpStream>, bool), Refused> {
        let shaken = timeout(self.deadline, async {
            // SECURITY: a client that says nothing takes no place, and one that stops in the middle keeps it for a short time only.
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
            // Waiting for a place costs nothing but this connection's own time.
            let _place = self.places.acquire().await.ok()?;
            timeout(self.answer, hello.into_stream(Arc::clone(&self.config))).await.ok()?.ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_operators_files_are_read_or_the_wrong_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let made = rcgen::generate_simple_self_signed(vec!["apps.example".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(vec!["apps.example".to_owned()]).unwrap();
        write(&certificate, &made.cert.pem(), 0o644);
        write(&key, &made.signing_key.serialize_pem(), 0o600);
        assert_eq!(certified_key(&certificate, &key).unwrap().cert.len(), 1);

        let says = |expected: &str| {
            let error = certified_key(&certificate, &key).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        write(&key, &made.signing_key.serialize_pem(), 0o644);
        says("chmod 600");
        write(&key, &other.signing_key.serialize_pem(), 0o600);
        says("cannot be used");
        write(&key, "no key", 0o600);
        says("tls.files.key");
        write(&certificate, "no certificate", 0o644);
        says("tls.files.certificate");
        std::fs::remove_file(&certificate).unwrap();
        says("tls.files.certificate");
    }
}
