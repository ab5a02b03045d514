//! The server's TLS identity: a P-256 key and a self-signed certificate.
//!
//! Owns: making, wrapping and renaming it. Invariant: rustls gets the key as an object that signs; its bytes stay here.
//! Not here: the TLS configuration (`server`) and certificates signed by an authority.
//!
//! The certificate does not expire (until 4096): clients trust it by its fingerprint, to which a date adds nothing.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use casemate_core::Digest;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use crate::binding::{KeyScope, encode_place, push_framed};
use crate::digest::sha256;
use crate::error::VaultError;
use crate::vault::Vault;

/// What a TLS server shows and signs with.
#[derive(Clone)]
pub struct TlsIdentity {
    certified: Arc<CertifiedKey>,
    certificate: CertificateDer<'static>,
}

impl TlsIdentity {
    /// Certificate and signer, for `rustls::server::ResolvesServerCert` or `SingleCertAndKey`.
    #[must_use]
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// The certificate, for clients that are to trust it.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate as clients read it from a file (RFC 7468).
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        pem::encode(&pem::Pem::new("CERTIFICATE", self.certificate.to_vec()))
    }

    /// SHA-256 of the certificate, as people compare it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        sha256(&self.certificate)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({})", self.fingerprint())
    }
}

/// A TLS identity in sealed form, fit to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedTlsIdentity(Vec<u8>);

impl WrappedTlsIdentity {
    /// A wrapped identity as it was stored.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WrappedTlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedTlsIdentity({} bytes)", self.0.len())
    }
}

/// See [`Vault::tls_identity`].
pub(crate) fn identity(
    vault: &Vault,
    wrapped: Option<&WrappedTlsIdentity>,
    names: &[String],
) -> Result<(TlsIdentity, WrappedTlsIdentity), VaultError> {
    let Some(wrapped) = wrapped else {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| VaultError::Cryptography("making a TLS key"))?;
        return certify(vault, pkcs8.as_ref(), names);
    };
    let stored = vault.unwrap(&place(), wrapped.as_bytes())?;
    let Stored { pkcs8, certificate, names: certified } =
        Stored::parse(&stored).ok_or(VaultError::NotAuthentic)?;
    if certified == joined(names) {
        let certificate = CertificateDer::from(certificate.to_vec());
        return Ok((assemble(pkcs8, certificate)?, wrapped.clone()));
    }
    certify(vault, pkcs8, names)
}

/// Makes a certificate for a key and wraps both.
fn certify(
    vault: &Vault,
    pkcs8: &[u8],
    names: &[String],
) -> Result<(TlsIdentity, WrappedTlsIdentity), VaultError> {
    const STEP: VaultError = VaultError::Cryptography("making a certificate");
    let signer =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).map(Signer).map_err(|_| STEP)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Casemate (self-signed)");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        let bad = || VaultError::BadCertificateName(name.chars().take(80).collect());
        // rcgen takes any ASCII; what rustls cannot read back would make a certificate that no client accepts. A name that
        // a client asks for has no star.
        let asked_for = name.strip_prefix("*.").unwrap_or(name);
        rustls::pki_types::ServerName::try_from(asked_for).map_err(|_| bad())?;
        params
            .subject_alt_names
            .extend(CertificateParams::new(vec![name.clone()]).map_err(|_| bad())?.subject_alt_names);
    }
    let certificate = params.self_signed(&signer).map_err(|_| STEP)?.der().clone();

    let names = joined(names);
    // SECURITY: room for all at once; a vector that grows leaves copies of the key behind.
    let room = 8 + pkcs8.len() + 8 + certificate.len() + names.len();
    let mut stored = Zeroizing::new(Vec::with_capacity(room));
    push_framed(&mut stored, pkcs8);
    push_framed(&mut stored, &certificate);
    stored.extend_from_slice(names.as_bytes());
    let wrapped = WrappedTlsIdentity(vault.wrap(&place(), &stored)?);
    Ok((assemble(pkcs8, certificate)?, wrapped))
}

/// The TLS key as rcgen sees it: it signs, and its bytes stay here.
struct Signer(EcdsaKeyPair);

impl rcgen::PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self.0.sign(&SystemRandom::new(), message) {
            Ok(signature) => Ok(signature.as_ref().to_vec()),
            Err(_) => Err(rcgen::Error::RingUnspecified),
        }
    }
}

fn assemble(pkcs8: &[u8], certificate: CertificateDer<'static>) -> Result<TlsIdentity, VaultError> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
    let signer = rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(&key)
        .map_err(|_| VaultError::Cryptography("reading the TLS key"))?;
    let certified = Arc::new(CertifiedKey::new(vec![certificate.clone()], signer));
    certified.keys_match().map_err(|_| VaultError::Cryptography("matching the TLS key and certificate"))?;
    Ok(TlsIdentity { certified, certificate })
}

/// What is wrapped: key and certificate, each preceded by its length, then the names, one a line.
struct Stored<'a> {
    pkcs8: &'a [u8],
    certificate: &'a [u8],
    names: &'a str,
}

impl<'a> Stored<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let field = |bytes: &'a [u8]| {
            let (length, rest) = bytes.split_first_chunk()?;
            rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)
        };
        let (pkcs8, rest) = field(bytes)?;
        let (certificate, names) = field(rest)?;
        Some(Self { pkcs8, certificate, names: std::str::from_utf8(names).ok()? })
    }
}

fn joined(names: &[String]) -> String {
    names.join("\n")
}

fn place() -> Vec<u8> {
    encode_place(&KeyScope::Platform, casemate_core::KeyId(0), &[b"TLS identity"])
}

#[cfg(test)]
mod tests;
