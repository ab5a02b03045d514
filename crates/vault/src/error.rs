//! What can go wrong in the vault.
//!
//! Invariant: no message holds a key, a plaintext or a ciphertext. Opening anything that is not authentic is one
//! variant, so that an error does not say which check refused.

use std::io;
use std::path::PathBuf;

use casemate_core::{Fault, Faulty, KeyId};

use crate::signing::SigningKeyId;

/// Why the vault could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenVaultError {
    /// The key file is not there, and this is not a first start.
    #[error(
        "the root key file `{path}` is missing; without it the data cannot be read: restore it from its backup"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others than its owner may read or change the key file.
    #[error(
        "the root key file `{path}` has mode {mode:04o}, which lets others at it: run `chmod 600 {path}`"
    )]
    LooseMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file belongs to another user, who then knows or chooses the key.
    #[error("the root key file `{path}` belongs to user {owner}, not to the user that runs casemate")]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// The numeric id of its owner.
        owner: u32,
    },
    /// The path is a folder, a device, a pipe…
    #[error("the root key `{path}` is not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The source gave something else than a key.
    #[error("the root key from `{from}` is not 64 hex digits")]
    Malformed {
        /// The file or the program.
        from: String,
    },
    /// The key file could not be read.
    #[error("cannot read the root key file `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The key file could not be created.
    #[error("cannot create the root key file `{path}`")]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The configured command has no words.
    #[error("the root key command is empty")]
    EmptyCommand,
    /// The command could not be run.
    #[error("cannot run the root key command `{program}`")]
    Command {
        /// Its program.
        program: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The command ended with an error.
    #[error("the root key command `{program}` failed: {status}")]
    CommandFailed {
        /// Its program.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The command did not end in time.
    #[error("the root key command `{program}` gave no key within {seconds} s")]
    CommandSlow {
        /// Its program.
        program: String,
        /// How long it was given.
        seconds: u64,
    },
    /// The cryptographic library refused to work.
    #[error("the cryptographic library failed while deriving keys")]
    Cryptography,
}

impl Faulty for OpenVaultError {
    fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. }
            | Self::LooseMode { .. }
            | Self::ForeignOwner { .. }
            | Self::NotAFile { .. }
            | Self::Malformed { .. }
            | Self::EmptyCommand => Fault::Caller,
            Self::Read { .. }
            | Self::Create { .. }
            | Self::Command { .. }
            | Self::CommandFailed { .. }
            | Self::CommandSlow { .. } => Fault::Unavailable,
            Self::Cryptography => Fault::Bug,
        }
    }
}

/// Why the vault did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The scope has no current data key: none was made or adopted, or it was shredded.
    #[error("{scope} has no data key")]
    NoKey {
        /// The scope, for people.
        scope: String,
    },
    /// The value was sealed under a key that is not here: never adopted, or shredded.
    #[error("the data key {0} is not here")]
    UnknownKey(KeyId),
    /// Another key with this id is here already.
    #[error("the data key {0} is here already with another scope or other bytes")]
    KeyConflict(KeyId),
    /// The bytes were changed, moved from where they were sealed, or sealed under another key.
    #[error("the sealed bytes are not authentic in this place")]
    NotAuthentic,
    /// The bytes are no sealed value of a version that this vault knows.
    #[error("the bytes are not a sealed value")]
    NotSealed,
    /// The key has sealed as much as it may.
    #[error("the data key {0} is worn out: create a new one")]
    KeyWornOut(KeyId),
    /// No signing key with this id is here.
    #[error("the signing key `{0}` is not here")]
    UnknownSigningKey(SigningKeyId),
    /// The bytes are not a public key of the named algorithm.
    #[error("the bytes are not a public key of this algorithm")]
    BadPublicKey,
    /// The text is not a signing key's id.
    #[error("not a signing key id (43 characters of base64url)")]
    BadSigningKeyId,
    /// A host name or address that cannot stand in a certificate.
    #[error("`{0}` cannot stand in a certificate")]
    BadCertificateName(String),
    /// The cryptographic library refused to work; `.0` names the step.
    #[error("the cryptographic library failed: {0}")]
    Cryptography(&'static str),
}

impl Faulty for VaultError {
    fn fault(&self) -> Fault {
        match self {
            Self::UnknownKey(_) | Self::UnknownSigningKey(_) => Fault::Missing,
            Self::KeyWornOut(_) => Fault::Exhausted,
            // The disk gave back something else than it was given.
            Self::NotAuthentic | Self::NotSealed => Fault::Unavailable,
            Self::BadPublicKey | Self::BadSigningKeyId | Self::BadCertificateName(_) => Fault::Caller,
            Self::NoKey { .. } | Self::KeyConflict(_) | Self::Cryptography(_) => Fault::Bug,
        }
    }
}
