//! The room's one object, and what all its files share.

use std::future::Future;
use std::sync::Arc;

use casemate_core::resource::PlatformPart;
use casemate_core::{Actor, AppId, Clock, Entropy, Principal, RoleName, Timestamp};
use casemate_storage::Accounts;
use casemate_vault::{MacPurpose, Vault};
use zeroize::Zeroizing;

use crate::cache::VerifiedCache;
use crate::error::{AccountError, OpenIdentityError};
use crate::keys::Keys;
use crate::name::AccountName;
use crate::password::Prepared;
use crate::password::pool::{HashPool, Place};
use crate::settings::IdentitySettings;
use crate::standing::Standing;

/// Turns proof into actors, and keeps what proof is checked against.
pub struct Identity {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: IdentitySettings,
    pub(crate) pool: HashPool,
    pub(crate) keys: Keys,
    pub(crate) standing: Arc<Standing>,
    pub(crate) cache: VerifiedCache,
    pub(crate) anonymous: Arc<Actor>,
}

/// Who has which role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleDirectory {
    /// The roles in force.
    pub memberships: Vec<(Principal, AppId, RoleName)>,
    /// How many rows are not in force, because somebody edited the database past this program.
    pub refused: usize,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Identity {
    /// Opens the room: starts the hashing threads, takes the signing keys in, makes them on a first start.
    ///
    /// # Errors
    /// [`OpenIdentityError`].
    pub async fn open(
        accounts: Accounts,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: IdentitySettings,
    ) -> Result<Arc<Self>, OpenIdentityError> {
        settings.check()?;
        let accounts = Arc::new(accounts);
        let standing = Arc::new(Standing::new());
        let pool = HashPool::start(settings.hash_cost, settings.hash_workers, settings.hash_queue)?;
        let keys = Keys::open(
            Arc::clone(&accounts),
            Arc::clone(&vault),
            Arc::clone(&standing),
            settings.token_lifetime,
            clock.now(),
        )
        .await?;
        Ok(Arc::new(Self {
            cache: VerifiedCache::new(settings.cached_credentials),
            anonymous: Arc::new(Actor::anonymous()),
            accounts,
            vault,
            clock,
            entropy,
            settings,
            pool,
            keys,
            standing,
        }))
    }

    /// The public token keys as a JWK set (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.keys.jwks(self.clock.now())
    }

    /// Who has which role, for the guard.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: then nobody is known to have any role, whatever was read before. A role that was taken away
    /// must not stay in force because the disk failed.
    pub fn directory(&self) -> Result<RoleDirectory, AccountError> {
        let all = self.accounts.memberships()?;
        let memberships = all.in_force.into_iter().map(|one| (one.member, one.app, one.role)).collect();
        Ok(RoleDirectory { memberships, refused: all.refused })
    }

    /// The user or service of a name, if there is one.
    #[must_use]
    pub fn principal_named(&self, name: &str) -> Option<Principal> {
        let name = AccountName::parse(name).ok()?;
        self.accounts.principal_named(name.as_str()).unwrap_or_else(|error| {
            tracing::error!(%error, "a name could not be looked up");
            None
        })
    }

    /// How many passwords were hashed since the start, for the operator's counters. Every judged attempt is one.
    #[must_use]
    pub fn passwords_hashed(&self) -> u64 {
        self.pool.hashes_done()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn random<const N: usize>(&self) -> Zeroizing<[u8; N]> {
        let mut bytes = Zeroizing::new([0; N]);
        self.entropy.fill(bytes.as_mut_slice());
        bytes
    }

    /// What all counters of sign-in attempts on a name are found by.
    pub(crate) fn attempts_on(&self, name: &str) -> [u8; 32] {
        self.vault.mac(MacPurpose::AccountName, &[b"attempts", name.as_bytes()])
    }

    /// A password as it is hashed: MACed under the root key (the pepper) together with its owner, so that a stolen or
    /// swapped hash is worth nothing without that key.
    pub(crate) fn pepper(&self, owner: &str, password: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.vault.mac(MacPurpose::Password, &[owner.as_bytes(), password]))
    }

    /// Checks and hashes a new password of an account.
    pub(crate) async fn hash_new(
        &self,
        owner: &str,
        name: &AccountName,
        password: &str,
    ) -> Result<String, AccountError> {
        let prepared = Prepared::new(password)?;
        prepared.check_new(&[name.as_str(), AppId::PLATFORM])?;
        let place: Place = self.pool.place()?;
        let salt = self.random::<16>();
        Ok(self.pool.hash(place, self.pepper(owner, prepared.as_bytes()), *salt).await?)
    }

    /// Runs a change on a task of its own, so that a caller who leaves cannot come between the disk and what is told to
    /// the cache.
    pub(crate) async fn to_the_end<T, E>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, AccountError>
    where
        T: Send + 'static,
        E: Into<AccountError> + Send + 'static,
    {
        tokio::spawn(change).await.map_err(|_| AccountError::Abandoned)?.map_err(Into::into)
    }
}

/// INVARIANT: the name that a permit was given for is the name that is acted on.
pub(crate) fn named(target: &PlatformPart, given: &str) -> Result<AccountName, AccountError> {
    let name = AccountName::parse(given)?;
    match target.0.as_deref().map(AccountName::parse) {
        Some(Ok(allowed)) if allowed == name => Ok(name),
        _ => Err(AccountError::OtherTarget),
    }
}
