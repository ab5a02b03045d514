//! What can go wrong in the ledger, one type for each operation.
//!
//! Invariant: a message names the place (file, entry, byte) and never what stood there. Refusing to record is
//! [`casemate_core::RecordError`], which all rooms share.

use casemate_core::{Fault, Faulty, RequestId, Seq};
use casemate_storage::StorageError;
use casemate_vault::VaultError;

/// Why a signed note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not a signed note at all.
    #[error("it is not a signed note")]
    Malformed,
    /// The signed text is not a checkpoint.
    #[error("its text is not a checkpoint (origin, size, root)")]
    BadCheckpoint,
    /// No signature of the wanted key.
    #[error("it is signed by `{found}`, not by `{wanted}`")]
    OtherKey {
        /// Who signed.
        found: String,
        /// Who should have.
        wanted: String,
    },
    /// The signature does not cover this text.
    #[error("its signature does not verify: the text was changed after it was signed")]
    BadSignature,
    /// The checkpoint of another ledger.
    #[error("it is of ledger `{found}`, not of `{wanted}`")]
    OtherOrigin {
        /// Its origin.
        found: String,
        /// The key's name.
        wanted: String,
    },
    /// A key name that cannot stand in a note.
    #[error("`{0}` cannot name a key: spaces, control characters and `+` are not allowed")]
    BadName(String),
    /// Not a verifier key.
    #[error("not a verifier key (`<name>+<hash>+<key>`, Ed25519)")]
    BadVerifierKey,
}

impl Faulty for NoteError {
    fn fault(&self) -> Fault {
        match self {
            Self::BadName(_) | Self::BadVerifierKey => Fault::Caller,
            _ => Fault::Unavailable,
        }
    }
}

/// Why the ledger did not open. Nothing was changed, except that a torn last frame may have been cleared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenLedgerError {
    /// A file of the ledger is not what was written there.
    #[error("the ledger is damaged: `{file}`: {problem}")]
    Damaged {
        /// Which file.
        file: String,
        /// What is wrong, and where in it.
        problem: String,
    },
    /// The settings make no sense.
    #[error("the ledger's settings cannot be used: {0}")]
    Settings(&'static str),
    /// The vault refused: the ledger's data key or signing key is missing or was changed.
    #[error("the vault refused the ledger's keys")]
    Vault(#[from] VaultError),
    /// The checkpoint or the key's name is wrong.
    #[error("the ledger's checkpoint was refused")]
    Note(#[from] NoteError),
    /// The files could not be read or written.
    #[error("the ledger's files could not be opened")]
    Storage(#[from] StorageError),
    /// A thread could not be started.
    #[error("a thread of the ledger could not be started")]
    Thread(#[from] std::io::Error),
    /// The first leaf of this run could not be written.
    #[error("the ledger takes no entries")]
    Record(#[from] casemate_core::RecordError),
}

impl OpenLedgerError {
    pub(crate) fn damaged(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), problem: problem.into() }
    }
}

impl Faulty for OpenLedgerError {
    fn fault(&self) -> Fault {
        match self {
            Self::Settings(_) => Fault::Caller,
            Self::Damaged { .. } | Self::Note(_) | Self::Thread(_) => Fault::Unavailable,
            Self::Vault(error) => error.fault(),
            Self::Storage(error) => error.fault(),
            Self::Record(error) => error.fault(),
        }
    }
}

/// Why leaves could not be read or proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadLedgerError {
    /// The ledger holds nothing of this request.
    #[error("the ledger holds no leaf of request `{0}`")]
    Unknown(RequestId),
    /// A file of the ledger is not what was written there. `casemate audit verify` says more.
    #[error("the ledger is damaged: `{file}`: {problem}")]
    Damaged {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The leaf is there but does not open: it was edited, or its key was shredded.
    #[error("leaf {seq} does not open")]
    Sealed {
        /// Which leaf.
        seq: Seq,
        /// What the vault said.
        #[source]
        source: VaultError,
    },
    /// The leaf opens but holds no event of this version.
    #[error("leaf {0} holds no event that this version knows")]
    NotAnEvent(Seq),
    /// The ledger could not be sealed up to the leaf.
    #[error("the ledger could not be sealed: {0}")]
    NotSealed(String),
    /// The files could not be read.
    #[error("the ledger's files could not be read")]
    Storage(#[from] StorageError),
}

impl ReadLedgerError {
    pub(crate) fn damaged(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), problem: problem.into() }
    }
}

impl Faulty for ReadLedgerError {
    fn fault(&self) -> Fault {
        match self {
            Self::Unknown(_) => Fault::Missing,
            Self::Damaged { .. } | Self::Sealed { .. } | Self::NotSealed(_) => Fault::Unavailable,
            Self::NotAnEvent(_) => Fault::Bug,
            Self::Storage(error) => error.fault(),
        }
    }
}
