//! The ledger's signing key at rest: `key.json`, wrapped by the vault, beside the public verifier key.
//!
//! Invariant: the file is written once, before anything else of a new ledger; a ledger with any other file and without it
//! does not open. Not here: the data key of the events, which `storage` keeps (scope `Ledger`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casemate_storage::LedgerFiles;
use casemate_vault::{SignatureAlgorithm, SigningKeyId, Vault, WrappedKey};
use serde::{Deserialize, Serialize};

use crate::error::OpenLedgerError;
use crate::note::{Checkpoint, VerifierKey};

const FILE: &str = "key.json";

#[derive(Serialize, Deserialize)]
struct KeyFile {
    verifier_key: String,
    signing_key: String,
    wrapped: String,
}

/// The key that signs checkpoints.
pub(crate) struct SigningKey {
    pub(crate) verifier: VerifierKey,
    id: SigningKeyId,
}

impl SigningKey {
    /// Takes in the ledger's key; `None` when this ledger has none yet.
    pub(crate) fn open(files: &LedgerFiles, vault: &Vault) -> Result<Option<Self>, OpenLedgerError> {
        let Some(bytes) = files.view().read(FILE)? else { return Ok(None) };
        let malformed = || OpenLedgerError::damaged(FILE, "it is not the file that was written");
        let file: KeyFile = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let verifier = VerifierKey::parse(&file.verifier_key)?;
        let id = SigningKeyId::parse(&file.signing_key)?;
        let wrapped = WrappedKey::from_bytes(STANDARD.decode(&file.wrapped).map_err(|_| malformed())?);
        let public = vault.adopt_signing_key(id.clone(), SignatureAlgorithm::Ed25519, &wrapped)?;
        if VerifierKey::new(verifier.name(), public)? == verifier {
            Ok(Some(Self { verifier, id }))
        } else {
            Err(OpenLedgerError::damaged(FILE, "the verifier key is not that of the signing key"))
        }
    }

    /// Makes the key of a new ledger and writes it.
    pub(crate) fn create(files: &LedgerFiles, vault: &Vault, origin: &str) -> Result<Self, OpenLedgerError> {
        let (id, public, wrapped) = vault.create_signing_key(SignatureAlgorithm::Ed25519)?;
        let verifier = VerifierKey::new(origin, public)?;
        let file = KeyFile {
            verifier_key: verifier.to_string(),
            signing_key: id.to_string(),
            wrapped: STANDARD.encode(wrapped.as_bytes()),
        };
        let json = serde_json::to_vec_pretty(&file).map_err(std::io::Error::from)?;
        files.publish(&[(FILE.to_owned(), json)])?;
        Ok(Self { verifier, id })
    }

    /// Signs a checkpoint.
    pub(crate) fn sign(
        &self,
        vault: &Vault,
        checkpoint: &Checkpoint,
    ) -> Result<String, casemate_vault::VaultError> {
        let signature = vault.sign(&self.id, checkpoint.text().as_bytes())?;
        Ok(checkpoint.note(&self.verifier, &signature))
    }
}
