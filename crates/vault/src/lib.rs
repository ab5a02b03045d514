//! The one room that sees key bytes: the root key, data keys, signing keys, MAC keys and the TLS key.
//!
//! Owns: the key hierarchy, sealing, signing, MACs, hashing and randomness. Invariant: no public type or function of
//! this crate yields the bytes of a secret key, and no `Debug` prints them. Not here: where wrapped keys and sealed data
//! are kept (`storage`), what is signed and why (`identity`, `audit`).
//!
//! The hierarchy: root key → (HKDF-SHA256) → one wrapping key and one MAC key for each purpose; the wrapping key seals
//! data keys, signing keys and the TLS key, which are random and independent of each other, so that any of them can be
//! destroyed (crypto-shredding) without touching the rest.

mod binding;
mod digest;
mod entropy;
mod error;
mod keyring;
mod mac;
mod root;
mod sealing;
mod signing;
mod tls;
mod vault;
mod xaes;

pub use binding::{Binding, KeyScope};
pub use digest::{Sha256Stream, constant_time_eq, sha256};
pub use entropy::SystemEntropy;
pub use error::{OpenVaultError, VaultError};
pub use keyring::ROTATE_AFTER_SEALS;
pub use mac::MacPurpose;
pub use root::RootKeySource;
pub use sealing::{SEALED_OVERHEAD, WrappedKey};
pub use signing::{PublicKey, SignatureAlgorithm, SigningKeyId};
pub use tls::{TlsIdentity, WrappedTlsIdentity};
pub use vault::Vault;
