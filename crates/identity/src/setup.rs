//! The first administrator: whoever holds the code that the first start printed.
//!
//! Invariant: a code works once, and only while there is no administrator; there is no default password and no other way
//! in (ASVS 6.3.2). Not here: printing it (`server`).

use std::sync::Arc;

use casemate_core::action::operation::SetupClaim;
use casemate_core::{Actor, UserId};
use casemate_policy::Permit;
use casemate_storage::accounts::{AccountsError, Mac};
use casemate_vault::MacPurpose;

use crate::base32;
use crate::error::{AccountError, AuthenticateError, CredentialFault};
use crate::identity::{Identity, named};
use crate::name::AccountName;

/// What the codes are kept under.
const PURPOSE: &str = "setup";
/// 136 bits, so that guessing needs no counter.
const CODE_BYTES: usize = 17;
const CODE_CHARS: usize = 28;

impl Identity {
    /// A code with which the first administrator sets a password; `None` once there is one. Every start makes another,
    /// and those that were printed before stay good: only MACs are kept, so an old one cannot be printed again.
    ///
    /// # Errors
    /// [`AccountError::Accounts`].
    pub async fn setup_code(&self) -> Result<Option<String>, AccountError> {
        if self.accounts.has_administrator()? {
            return Ok(None);
        }
        let code = base32::encode(self.random::<CODE_BYTES>().as_slice());
        self.accounts.issue_single_use(PURPOSE, self.setup_mac(&code)).await?;
        let groups: Vec<String> =
            code.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        Ok(Some(groups.join("-")))
    }

    /// The actor of a setup code that is still good.
    ///
    /// # Errors
    /// [`AuthenticateError::Refused`]; [`AuthenticateError::Unavailable`].
    pub fn check_setup_code(&self, code: &str) -> Result<Arc<Actor>, AuthenticateError> {
        let mac = self.typed_setup_mac(code).ok_or(CredentialFault::SetupCode)?;
        if !self.accounts.is_unused(PURPOSE, &mac)? || self.accounts.has_administrator()? {
            return Err(CredentialFault::SetupCode.into());
        }
        Ok(Arc::new(Actor::setup()))
    }

    /// Uses the code and makes the first administrator: both or neither.
    ///
    /// # Errors
    /// [`AccountError::Name`] or [`AccountError::Password`] (the code stays good); [`AccountError::Accounts`] with
    /// [`AccountsError::Spent`] when somebody was faster; [`AccountError::OtherTarget`]; [`AccountError::Busy`].
    pub async fn claim_setup(
        &self,
        permit: Permit<SetupClaim>,
        code: &str,
        username: &str,
        password: &str,
    ) -> Result<UserId, AccountError> {
        let name = match permit.target().0 {
            Some(_) => named(permit.target(), username)?,
            None => AccountName::parse(username)?,
        };
        let mac = self.typed_setup_mac(code).ok_or(AccountsError::Spent)?;
        if !self.accounts.is_unused(PURPOSE, &mac)? {
            return Err(AccountsError::Spent.into());
        }
        let id = UserId::from_random(*self.random());
        let hash = self.hash_new(id.as_str(), &name, password).await?;
        self.accounts.claim_setup(PURPOSE, mac, id.clone(), name.as_str().to_owned(), hash).await?;
        Ok(id)
    }

    fn setup_mac(&self, code: &str) -> Mac {
        self.vault.mac(MacPurpose::SetupCode, &[code.as_bytes()])
    }

    /// The MAC of a code as people type it: case, hyphens and spaces do not matter, nor do letters that look like digits.
    fn typed_setup_mac(&self, typed: &str) -> Option<Mac> {
        if typed.len() > 4 * CODE_CHARS {
            return None;
        }
        let plain: String = typed
            .chars()
            .filter(|c| *c != '-' && !c.is_whitespace())
            .map(|c| match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        (plain.len() == CODE_CHARS && base32::is_base32(&plain)).then(|| self.setup_mac(&plain))
    }
}

#[cfg(test)]
mod tests;
