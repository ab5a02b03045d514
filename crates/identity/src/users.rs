//! Administering people's accounts.
//!
//! Invariant: each change spends a permit for just this account, and is seen by every cached credential when it returns.
//! Not here: roles (`roles`), signing in (`sign_in`).

use casemate_core::action::operation::{KeyRotate, UserRead, UserWrite};
use casemate_core::{Principal, Timestamp, UserId};
use casemate_policy::Permit;
use casemate_storage::accounts::{self, AccountsError, Door};
use serde::{Serialize, Serializer};

use crate::error::AccountError;
use crate::identity::{Identity, named};
use crate::keys::Farewell;
use crate::name::AccountName;

/// An account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: UserId,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Until when failed attempts keep it from signing in, somewhere: the last of [`Self::locks`] to end.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc_3339")]
    pub locked_until: Option<Timestamp>,
    /// Where they do, one for each door.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Lock>,
    /// When it was made.
    #[serde(serialize_with = "rfc_3339")]
    pub created_at: Option<Timestamp>,
}

/// Where failed attempts keep an account from signing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// `apps` (the data listener) or `control`.
    pub door: &'static str,
    /// Whether from everywhere, but for addresses from which its owner signed in lately.
    pub everywhere: bool,
    /// From how many addresses besides.
    pub addresses: usize,
    /// Until when.
    #[serde(serialize_with = "rfc_3339")]
    pub until: Option<Timestamp>,
}

/// Writes a time as people read it.
pub(crate) fn rfc_3339<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}

impl Identity {
    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError::Name`], [`AccountError::Password`], [`AccountError::OtherTarget`], [`AccountError::Busy`],
    /// [`AccountError::Accounts`] (also when the name is taken).
    pub async fn create_user(
        &self,
        permit: Permit<UserWrite>,
        name: &str,
        password: &str,
    ) -> Result<UserId, AccountError> {
        let name = named(permit.target(), name)?;
        let id = UserId::from_random(*self.random());
        let hash = self.hash_new(id.as_str(), &name, password).await?;
        self.accounts.create_user(id.clone(), name.as_str().to_owned(), hash).await?;
        Ok(id)
    }

    /// Sets an account's password and ends its sessions.
    ///
    /// # Errors
    /// As [`Self::create_user`]; [`AccountError::Accounts`] when there is no such user.
    pub async fn set_password(
        &self,
        permit: Permit<UserWrite>,
        name: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        let name = named(permit.target(), name)?;
        let user = self.user_named(&name)?;
        let hash = self.hash_new(user.as_str(), &name, password).await?;
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        self.to_the_end(async move {
            accounts.set_password_hash(user.clone(), hash).await?;
            standing.changed(user.as_str());
            Ok::<_, AccountError>(())
        })
        .await
    }

    /// Keeps an account from signing in, and ends its sessions and tokens at once.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: no such user, or the last administrator; [`AccountError::OtherTarget`].
    pub async fn disable_user(&self, permit: Permit<UserWrite>, name: &str) -> Result<(), AccountError> {
        let user = self.user_named(&named(permit.target(), name)?)?;
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        self.to_the_end(async move {
            accounts.disable_user(user.clone()).await?;
            standing.changed(user.as_str());
            Ok::<_, AccountError>(())
        })
        .await
    }

    /// Lets an account sign in again. Sessions that ended stay ended.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: no such user; [`AccountError::OtherTarget`].
    pub async fn enable_user(&self, permit: Permit<UserWrite>, name: &str) -> Result<(), AccountError> {
        let user = self.user_named(&named(permit.target(), name)?)?;
        Ok(self.accounts.enable_user(user).await?)
    }

    /// Forgets an account's failed attempts at both doors, and those of every address, so that it can sign in now from
    /// wherever its owner sits.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: no such user; [`AccountError::OtherTarget`].
    pub async fn unlock_user(&self, permit: Permit<UserWrite>, name: &str) -> Result<(), AccountError> {
        let name = named(permit.target(), name)?;
        self.forget_failures(&name).await
    }

    /// As [`Self::unlock_user`], for whoever holds the data folder and its root key, while no server runs on it: the way in
    /// when the only administrator is locked out. No permit, because nobody who could be asked for one gets in.
    ///
    /// # Errors
    /// [`AccountError::Name`]; [`AccountError::Accounts`]: no such user.
    pub async fn unlock_as_owner(&self, name: &str) -> Result<(), AccountError> {
        self.forget_failures(&AccountName::parse(name)?).await
    }

    async fn forget_failures(&self, name: &AccountName) -> Result<(), AccountError> {
        self.user_named(name)?;
        Ok(self.accounts.forgive(self.attempts_on(name.as_str())).await?)
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`AccountError::Accounts`].
    pub fn list_users(&self, _permit: Permit<UserRead>) -> Result<Vec<User>, AccountError> {
        let listed = self.accounts.users()?.into_iter().map(|user| {
            let locks = by_door(&self.accounts.locks(&self.attempts_on(&user.name))?);
            Ok(User {
                locked_until: locks.iter().filter_map(|lock| lock.until).max(),
                locks,
                name: user.name,
                id: user.id,
                enabled: user.enabled,
                created_at: Some(user.created_at),
            })
        });
        listed.collect()
    }

    /// Lets the next signing key sign and retires the one that did; its tokens are good until they end. The id of the key
    /// that signs now.
    ///
    /// # Errors
    /// [`AccountError::TooManyKeys`], [`AccountError::Accounts`], [`AccountError::Vault`].
    pub async fn rotate_keys(&self, _permit: Permit<KeyRotate>) -> Result<String, AccountError> {
        let active = self.keys.rotate(self.now(), Farewell::Retire).await?;
        Ok(active.as_str().to_owned())
    }

    /// As [`Self::rotate_keys`], for keys that leaked: every token that was signed so far is refused at once.
    ///
    /// # Errors
    /// As [`Self::rotate_keys`].
    pub async fn remove_leaked_keys(&self, _permit: Permit<KeyRotate>) -> Result<String, AccountError> {
        let active = self.keys.rotate(self.now(), Farewell::Remove).await?;
        Ok(active.as_str().to_owned())
    }

    fn user_named(&self, name: &AccountName) -> Result<UserId, AccountError> {
        match self.accounts.principal_named(name.as_str())? {
            Some(Principal::User(user)) => Ok(user),
            _ => Err(AccountsError::Missing("user").into()),
        }
    }
}

fn by_door(locks: &[accounts::Lock]) -> Vec<Lock> {
    let at = |door: Door| {
        let here = || locks.iter().filter(move |lock| lock.door == door);
        let until = here().map(|lock| lock.until).max()?;
        let everywhere = here().any(|lock| lock.everywhere);
        let addresses = here().filter(|lock| !lock.everywhere).count();
        Some(Lock { door: door.as_str(), everywhere, addresses, until: Some(until) })
    };
    [Door::Apps, Door::Control].into_iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests;
