//! The vault as the other rooms see it.
//!
//! Owns: the public operations on keys by id. Invariant: every operation names a scope, an id or a purpose; none takes or
//! gives key bytes. Not here: how each is done (`sealing`, `signing`, `mac`, `tls`, `root`).

use std::fmt;
use std::sync::atomic::AtomicU64;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac, rand};
use casemate_core::KeyId;
use zeroize::Zeroizing;

use crate::binding::{Binding, KeyScope, encode_place};
use crate::error::{OpenVaultError, VaultError};
use crate::keyring::{DataKey, Keyring};
use crate::mac::{MacKeys, MacPurpose};
use crate::root::RootKeySource;
use crate::sealing::{SEALED_OVERHEAD, Sealed, SealingKey, WrappedKey, expand};
use crate::signing::{PrivateKey, PublicKey, SignatureAlgorithm, SigningKeyId, SigningKeys};
use crate::tls::{TlsIdentity, WrappedTlsIdentity};

/// The id that stands in wrapped keys: they are sealed by the wrapping key, which is no data key.
const WRAPPING_KEY: KeyId = KeyId(0);

/// All keys of one installation. `Send + Sync`; share it in an `Arc`.
pub struct Vault {
    wrapping: SealingKey,
    fingerprint: [u8; 32],
    macs: MacKeys,
    data: Keyring,
    signing: SigningKeys,
}

impl Vault {
    /// Opens the vault with the root key from `source`.
    ///
    /// On a first start (a data folder that holds nothing yet) a missing key file is created, mode 0600; a file that is
    /// there already is used, so that a start that was cut off can be repeated. Otherwise nothing is created.
    ///
    /// # Errors
    /// [`OpenVaultError`]; nothing was changed then, and `Missing` and `LooseMode` say how to mend it.
    pub fn open(source: &RootKeySource, first_start: bool) -> Result<Self, OpenVaultError> {
        let root = source.obtain(first_start)?;
        Self::derive(&root).map_err(|Unspecified| OpenVaultError::Cryptography)
    }

    /// Everything comes from the root key by HKDF-SHA256 (RFC 5869); the root key itself is not kept.
    fn derive(root: &[u8; 32]) -> Result<Self, Unspecified> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"casemate root key v1").extract(root);
        Ok(Self {
            wrapping: SealingKey::derive(&*expand(&prk, b"wrapping")?)?,
            fingerprint: *expand(&prk, b"fingerprint")?,
            macs: MacKeys::derive(&prk)?,
            data: Keyring::default(),
            signing: SigningKeys::default(),
        })
    }

    /// A value by which the root key can be recognised and nothing else: store it with the data, compare it at start.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Makes a data key, which from now on seals for `scope`; its older keys still open. Store the wrapped key before
    /// anything sealed with it.
    ///
    /// # Errors
    /// [`VaultError::Cryptography`].
    pub fn create_data_key(&self, scope: &KeyScope) -> Result<(KeyId, WrappedKey), VaultError> {
        const STEP: VaultError = VaultError::Cryptography("making a data key");
        let mut secret = Zeroizing::new([0; 32]);
        rand::fill(secret.as_mut_slice()).map_err(|_| STEP)?;
        let mut id = [0; 8];
        rand::fill(&mut id).map_err(|_| STEP)?;
        // WHY a shift: SQL integers are signed; ids stay in their positive half.
        let id = KeyId((u64::from_be_bytes(id) >> 1).max(1));
        let wrapped = self.wrap(&encode_place(scope, id, &[b"data key"]), secret.as_slice())?;
        self.data.add(data_key(scope, id, &secret)?, true)?;
        Ok((id, WrappedKey::from_bytes(wrapped)))
    }

    /// Takes in a stored data key. `current`: it seals for `scope` from now on. Adopting a key again is no error.
    ///
    /// # Errors
    /// [`VaultError::NotAuthentic`] when it was wrapped for another scope or id, by another root key, or was changed;
    /// [`VaultError::KeyConflict`] when another key has this id.
    pub fn adopt_data_key(
        &self,
        scope: &KeyScope,
        id: KeyId,
        wrapped: &WrappedKey,
        current: bool,
    ) -> Result<(), VaultError> {
        let secret = self.unwrap(&encode_place(scope, id, &[b"data key"]), wrapped.as_bytes())?;
        let secret: &[u8; 32] = secret.as_slice().try_into().map_err(|_| VaultError::NotAuthentic)?;
        self.data.add(data_key(scope, id, secret)?, current)
    }

    /// The key with which `scope` seals now.
    #[must_use]
    pub fn current_key(&self, scope: &KeyScope) -> Option<KeyId> {
        self.data.current(scope).ok().map(|key| key.id)
    }

    /// How often a data key has sealed since it was made or adopted; compare with
    /// [`ROTATE_AFTER_SEALS`](crate::ROTATE_AFTER_SEALS).
    #[must_use]
    pub fn seals(&self, id: KeyId) -> Option<u64> {
        self.data.seals(id)
    }

    /// Drops the keys of `scope` from memory. Once their wrapped forms are deleted too, what was sealed with them can
    /// never be read again (crypto-shredding).
    pub fn forget_scope(&self, scope: &KeyScope) {
        self.data.forget(scope);
    }

    /// Seals `plaintext` for the place `binding` with the current key of its scope. The result is
    /// [`SEALED_OVERHEAD`] bytes longer.
    ///
    /// # Errors
    /// [`VaultError::NoKey`], [`VaultError::KeyWornOut`], [`VaultError::Cryptography`].
    pub fn seal(&self, binding: &Binding<'_>, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut sealed = Vec::with_capacity(SEALED_OVERHEAD + plaintext.len());
        self.seal_into(binding, plaintext, &mut sealed)?;
        Ok(sealed)
    }

    /// Like [`Self::seal`], appending to a buffer that the caller may use again. On error `out` is as it was.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_into(
        &self,
        binding: &Binding<'_>,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<KeyId, VaultError> {
        let key = self.data.current(binding.scope)?;
        key.spend()?;
        key.sealing
            .seal(key.id, &binding.encode(key.id), plaintext, out)
            .map_err(|Unspecified| VaultError::Cryptography("sealing"))?;
        Ok(key.id)
    }

    /// Opens what was sealed for the place `binding`.
    ///
    /// # Errors
    /// [`VaultError::NotSealed`], [`VaultError::UnknownKey`] (never adopted, or shredded), [`VaultError::NotAuthentic`].
    pub fn open_sealed(
        &self,
        binding: &Binding<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        // The capacity is enough from the start, so no copy is left behind by growing.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
        self.open_into(binding, sealed, &mut plaintext)?;
        Ok(plaintext)
    }

    /// Like [`Self::open_sealed`], appending to a buffer that nobody wipes: for data that leaves the process anyway. (Wiping
    /// 64 KiB costs twice what opening them does.) On error `out` is as it was.
    ///
    /// # Errors
    /// As [`Self::open_sealed`].
    pub fn open_into(
        &self,
        binding: &Binding<'_>,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let sealed = Sealed::parse(sealed)?;
        let key = self.data.key(binding.scope, sealed.id)?;
        key.sealing.open(&sealed, &binding.encode(key.id), out)
    }

    /// The key under which `sealed` says it was sealed; not authenticated.
    ///
    /// # Errors
    /// [`VaultError::NotSealed`].
    pub fn sealed_under(sealed: &[u8]) -> Result<KeyId, VaultError> {
        Sealed::parse(sealed).map(|sealed| sealed.id)
    }

    /// HMAC-SHA256 of `parts` under the key of `purpose`. Compare MACs with
    /// [`constant_time_eq`](crate::constant_time_eq).
    #[must_use]
    pub fn mac(&self, purpose: MacPurpose, parts: &[&[u8]]) -> [u8; 32] {
        self.macs.mac(purpose, parts)
    }

    /// Makes a signing key, ready to sign.
    ///
    /// # Errors
    /// [`VaultError::Cryptography`].
    pub fn create_signing_key(
        &self,
        algorithm: SignatureAlgorithm,
    ) -> Result<(SigningKeyId, PublicKey, WrappedKey), VaultError> {
        let (key, pkcs8) = PrivateKey::generate(algorithm)?;
        let public = key.public()?;
        let id = public.id();
        let wrapped = self.wrap(&signing_place(&id, algorithm), &pkcs8)?;
        self.signing.add(id.clone(), key);
        Ok((id, public, WrappedKey::from_bytes(wrapped)))
    }

    /// Takes in a stored signing key.
    ///
    /// # Errors
    /// [`VaultError::NotAuthentic`] when it was wrapped for another id or algorithm, by another root key, or was changed.
    pub fn adopt_signing_key(
        &self,
        id: SigningKeyId,
        algorithm: SignatureAlgorithm,
        wrapped: &WrappedKey,
    ) -> Result<PublicKey, VaultError> {
        let pkcs8 = self.unwrap(&signing_place(&id, algorithm), wrapped.as_bytes())?;
        let key = PrivateKey::parse(algorithm, &pkcs8)?;
        let public = key.public()?;
        self.signing.add(id, key);
        Ok(public)
    }

    /// Drops a signing key from memory.
    pub fn forget_signing_key(&self, id: &SigningKeyId) {
        self.signing.forget(id);
    }

    /// Signs `message`: 64 bytes, for ES256 `r | s`.
    ///
    /// # Errors
    /// [`VaultError::UnknownSigningKey`], [`VaultError::Cryptography`].
    pub fn sign(&self, id: &SigningKeyId, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.signing.sign(id, message)
    }

    /// The server's self-signed TLS identity for `names` (host names and addresses). Without `wrapped` a new key is made;
    /// with it the key is kept, and the certificate too unless the names changed. Store the second value if it differs.
    ///
    /// # Errors
    /// [`VaultError::NotAuthentic`] when `wrapped` was made by another root key or was changed;
    /// [`VaultError::BadCertificateName`]; [`VaultError::Cryptography`].
    pub fn tls_identity(
        &self,
        wrapped: Option<&WrappedTlsIdentity>,
        names: &[String],
    ) -> Result<(TlsIdentity, WrappedTlsIdentity), VaultError> {
        crate::tls::identity(self, wrapped, names)
    }

    /// Seals key material under the wrapping key.
    pub(crate) fn wrap(&self, place: &[u8], secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut wrapped = Vec::new();
        self.wrapping
            .seal(WRAPPING_KEY, place, secret, &mut wrapped)
            .map_err(|Unspecified| VaultError::Cryptography("wrapping a key"))?;
        Ok(wrapped)
    }

    /// Opens wrapped key material. Whatever is wrong with it is one error.
    pub(crate) fn unwrap(&self, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let sealed = Sealed::parse(wrapped)?;
        if sealed.id != WRAPPING_KEY {
            return Err(VaultError::NotAuthentic);
        }
        let mut secret = Zeroizing::new(Vec::with_capacity(wrapped.len()));
        self.wrapping.open(&sealed, place, &mut secret)?;
        Ok(secret)
    }
}

fn data_key(scope: &KeyScope, id: KeyId, secret: &[u8; 32]) -> Result<DataKey, VaultError> {
    let sealing =
        SealingKey::derive(secret).map_err(|Unspecified| VaultError::Cryptography("deriving a data key"))?;
    let mut check = [0; 32];
    let label = hmac::Key::new(hmac::HMAC_SHA256, secret);
    check.copy_from_slice(hmac::sign(&label, b"casemate data key check v1").as_ref());
    Ok(DataKey { id, scope: scope.clone(), sealing, check, seals: AtomicU64::new(0) })
}

fn signing_place(id: &SigningKeyId, algorithm: SignatureAlgorithm) -> Vec<u8> {
    let parts: &[&[u8]] = &[b"signing key", algorithm.name().as_bytes(), id.as_str().as_bytes()];
    encode_place(&KeyScope::Platform, WRAPPING_KEY, parts)
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests;
