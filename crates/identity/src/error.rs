//! What can go wrong in this room, one type for each operation.
//!
//! Invariant: what a caller reads of a refused credential is one sentence, the same for every reason; the reason is for
//! the ledger and the operator's log. Not here: HTTP statuses (`server`).

use casemate_core::{Fault, Faulty, RecordError};
use casemate_storage::accounts::AccountsError;
use casemate_vault::VaultError;

use crate::claims::ClaimFault;
use crate::jws::JwsFault;
use crate::name::NameRefused;
use crate::password::PasswordRefused;
use crate::password::pool::{Busy, HashError};

/// Why a credential was not taken. The message is the same for all refusals; see [`Self::detail`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthenticateError {
    /// The credential is not good.
    #[error("the credential is not valid")]
    Refused(CredentialFault),
    /// Accounts cannot be read now.
    #[error("credentials cannot be checked now")]
    Unavailable(#[source] AccountsError),
}

/// What is wrong with a credential. For the owner's eyes only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// The header is not `Bearer` and one token.
    #[error("the authorization header is malformed")]
    Header,
    /// The token is no signature of ours.
    #[error(transparent)]
    Signature(#[from] JwsFault),
    /// The token's claims do not fit.
    #[error(transparent)]
    Claims(#[from] ClaimFault),
    /// The session ended, was revoked, or its user was disabled.
    #[error("the session has ended")]
    Session,
    /// The API key is misspelled, unknown, revoked or expired, or its service was revoked.
    #[error("the API key is not valid")]
    ApiKey,
    /// The API key is good for another app.
    #[error("the API key is for another audience")]
    ApiKeyAudience,
    /// The setup code is wrong or was used.
    #[error("the setup code is not valid")]
    SetupCode,
}

impl AuthenticateError {
    /// The reason, for the ledger and the operator's log; never for the caller.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Refused(fault) => fault.to_string(),
            Self::Unavailable(error) => error.to_string(),
        }
    }
}

impl<F: Into<CredentialFault>> From<F> for AuthenticateError {
    fn from(fault: F) -> Self {
        Self::Refused(fault.into())
    }
}

impl From<AccountsError> for AuthenticateError {
    fn from(error: AccountsError) -> Self {
        Self::Unavailable(error)
    }
}

impl Faulty for AuthenticateError {
    fn fault(&self) -> Fault {
        match self {
            Self::Refused(_) => Fault::Denied,
            Self::Unavailable(_) => Fault::Unavailable,
        }
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not with this: one sentence for an unknown user, a wrong password, a disabled or locked account, a locked address,
    /// and a session handle that is not good.
    #[error("that did not sign you in; check what you typed, or try again later")]
    Refused,
    /// Too many passwords are being checked.
    #[error("too many people are signing in; try again in a moment")]
    Exhausted,
    /// The attempt could not be recorded.
    #[error("nobody can sign in now")]
    Unrecorded(#[from] RecordError),
    /// Accounts or keys do not work now.
    #[error("nobody can sign in now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<AccountsError> for SignInError {
    fn from(error: AccountsError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
impl From<AccountError> for SignInError {
    fn from(error: AccountError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
impl From<VaultError> for SignInError {
    fn from(error: VaultError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
impl From<Busy> for SignInError {
    fn from(_: Busy) -> Self {
        Self::Exhausted
    }
}

impl Faulty for SignInError {
    fn fault(&self) -> Fault {
        match self {
            Self::Refused => Fault::Denied,
            Self::Exhausted => Fault::Exhausted,
            Self::Unrecorded(_) | Self::Unavailable(_) => Fault::Unavailable,
        }
    }

    fn limit(&self) -> Option<&'static str> {
        matches!(self, Self::Exhausted).then_some("hash_queue")
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self, Self::Exhausted).then_some(std::time::Duration::from_secs(1))
    }
}

/// Why an account, role or key was not changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name does not fit the grammar.
    #[error(transparent)]
    Name(#[from] NameRefused),
    /// The password is refused.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// The permit is for something else than what was asked.
    #[error("the permit is for another target")]
    OtherTarget,
    /// The actor has no session that a token could belong to.
    #[error("a token needs a signed-in user")]
    NoSession,
    /// Keys were rotated as often as is possible before the oldest has retired.
    #[error("signing keys were rotated too often; try again when the oldest has retired")]
    TooManyKeys,
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    /// The accounts refused, or could not be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The vault could not sign or make a key.
    #[error("the vault refused")]
    Vault(#[from] VaultError),
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hash(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The process is shutting down.
    #[error("the change was abandoned")]
    Abandoned,
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        Self::Hash(Box::new(error))
    }
}
impl From<Busy> for AccountError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl Faulty for AccountError {
    fn fault(&self) -> Fault {
        match self {
            Self::Name(_) | Self::Password(_) | Self::NoSession => Fault::Caller,
            Self::TooManyKeys | Self::Busy => Fault::Exhausted,
            Self::Accounts(error) => error.fault(),
            Self::Hash(_) | Self::Abandoned => Fault::Unavailable,
            Self::Vault(_) | Self::OtherTarget => Fault::Bug,
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Busy => Some(std::time::Duration::from_secs(1)),
            Self::TooManyKeys => Some(std::time::Duration::from_secs(60)),
            _ => None,
        }
    }
}

/// Why the room could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdentityError {
    /// A setting cannot work.
    #[error("setting `{key}`: {why}")]
    Setting {
        /// Which.
        key: &'static str,
        /// Why not, and what would.
        why: &'static str,
    },
    /// The cost of hashing is out of range, or its threads did not start.
    #[error("password hashing could not be started")]
    Hashing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Accounts cannot be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A signing key could not be made or unwrapped.
    #[error("a signing key could not be opened")]
    Keys(#[from] VaultError),
}

impl From<HashError> for OpenIdentityError {
    fn from(error: HashError) -> Self {
        Self::Hashing(Box::new(error))
    }
}

impl Faulty for OpenIdentityError {
    fn fault(&self) -> Fault {
        match self {
            Self::Setting { .. } => Fault::Caller,
            Self::Hashing(_) => Fault::Unavailable,
            Self::Accounts(error) => error.fault(),
            Self::Keys(_) => Fault::Bug,
        }
    }
}
