//! Tests of `tls`: a real handshake, kept keys, refused names.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

use super::*;
use crate::root::RootKeySource;

fn vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    Vault::open(&RootKeySource::File(folder.path().join("root.key")), true).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Handshakes in memory as `name`, trusting `trusted` only.
fn handshake(server: &TlsIdentity, trusted: &TlsIdentity, name: &str) -> Result<(), rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = [&rustls::version::TLS13];
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let resolver = rustls::sign::SingleCertAndKey::from(CertifiedKey::clone(&server.certified()));
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = Connection::from(ClientConnection::new(Arc::new(client), name).unwrap());
    let mut server = Connection::from(ServerConnection::new(Arc::new(server)).unwrap());
    for _ in 0..10 {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

#[test]
fn a_client_that_trusts_the_certificate_connects_by_its_names_only() {
    let vault = vault();
    let (identity, _) =
        vault.tls_identity(None, &names(&["localhost", "shop.localhost", "127.0.0.1", "::1"])).unwrap();
    for name in ["localhost", "shop.localhost", "127.0.0.1", "::1"] {
        handshake(&identity, &identity, name).unwrap();
    }
    assert!(handshake(&identity, &identity, "bank.localhost").is_err());
    assert!(handshake(&identity, &identity, "127.0.0.2").is_err());
    let (stranger, _) = vault.tls_identity(None, &names(&["localhost"])).unwrap();
    assert!(handshake(&stranger, &identity, "localhost").is_err());
}

#[test]
fn a_stored_identity_is_kept() {
    let vault = vault();
    let (first, wrapped) = vault.tls_identity(None, &names(&["localhost"])).unwrap();
    let stored = WrappedTlsIdentity::from_bytes(wrapped.as_bytes().to_vec());
    let (second, again) = vault.tls_identity(Some(&stored), &names(&["localhost"])).unwrap();
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(wrapped, again);
    handshake(&second, &first, "localhost").unwrap();
}

#[test]
fn new_names_get_a_new_certificate_for_the_same_key() {
    let vault = vault();
    let (first, wrapped) = vault.tls_identity(None, &names(&["localhost"])).unwrap();
    let (second, rewrapped) = vault.tls_identity(Some(&wrapped), &names(&["localhost", "::1"])).unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_ne!(wrapped, rewrapped);
    assert_eq!(first.certified().key.public_key(), second.certified().key.public_key());
    handshake(&second, &second, "::1").unwrap();
}

#[test]
fn another_vault_cannot_use_it() {
    let (_, wrapped) = vault().tls_identity(None, &names(&["localhost"])).unwrap();
    let outcome = vault().tls_identity(Some(&wrapped), &names(&["localhost"]));
    assert_eq!(outcome.map(|_| "used"), Err(VaultError::NotAuthentic));
}

#[test]
fn impossible_names_are_refused() {
    let vault = vault();
    for bad in ["", "two words", "ü.localhost", "a\nb", "-a-.", "a..b", "localhost:8443", "[::1]"] {
        let outcome = vault.tls_identity(None, &names(&["localhost", bad]));
        assert_eq!(outcome.map(|_| "used"), Err(VaultError::BadCertificateName(bad.to_owned())), "{bad}");
    }
}
