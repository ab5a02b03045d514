//! Administering service accounts and their API keys.
//!
//! Invariant: a key is shown once, when it is made, and is good for one app. Not here: checking one (`authenticate`).

use casemate_core::action::operation::{ServiceWrite, UserRead};
use casemate_core::{AppId, Principal, ServiceId, Timestamp};
use casemate_policy::Permit;
use casemate_storage::accounts::{AccountsError, NewApiKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::api_key;
use crate::error::AccountError;
use crate::identity::{Identity, named};
use crate::users::rfc_3339;

/// A service account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: ServiceId,
    /// The one app that its key is good for.
    pub app: AppId,
    /// Whether its key is good now.
    pub enabled: bool,
    /// When its key ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc_3339")]
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// Makes a service account with one API key, which does not expire and is returned once.
    ///
    /// # Errors
    /// [`AccountError::Name`], [`AccountError::OtherTarget`], [`AccountError::Accounts`] (also when the name is taken).
    pub async fn create_service(
        &self,
        permit: Permit<ServiceWrite>,
        name: &str,
        app: AppId,
    ) -> Result<(ServiceId, Zeroizing<String>), AccountError> {
        self.create_service_until(permit, name, app, None).await
    }

    /// As [`Self::create_service`], with a key that ends.
    ///
    /// # Errors
    /// As [`Self::create_service`].
    pub async fn create_service_until(
        &self,
        permit: Permit<ServiceWrite>,
        name: &str,
        app: AppId,
        expires_at: Option<Timestamp>,
    ) -> Result<(ServiceId, Zeroizing<String>), AccountError> {
        let name = named(permit.target(), name)?;
        let id = ServiceId::from_random(*self.random());
        let issued = api_key::issue(self.entropy.as_ref());
        let key = NewApiKey { id: issued.id, mac: api_key::mac(&self.vault, &issued.text), expires_at };
        self.accounts.create_service(id.clone(), name.as_str().to_owned(), app, key).await?;
        Ok((id, issued.text))
    }

    /// Ends a service, its key and its roles at once. Its name becomes free.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: no such service; [`AccountError::OtherTarget`].
    pub async fn revoke_service(&self, permit: Permit<ServiceWrite>, name: &str) -> Result<(), AccountError> {
        let name = named(permit.target(), name)?;
        let Some(Principal::Service(service)) = self.accounts.principal_named(name.as_str())? else {
            return Err(AccountsError::Missing("service").into());
        };
        let (accounts, standing) = (self.accounts.clone(), self.standing.clone());
        self.to_the_end(async move {
            accounts.revoke_service(service.clone()).await?;
            standing.changed(service.as_str());
            Ok::<_, AccountError>(())
        })
        .await
    }

    /// All services that were not revoked, by name.
    ///
    /// # Errors
    /// [`AccountError::Accounts`].
    pub fn list_services(&self, _permit: Permit<UserRead>) -> Result<Vec<Service>, AccountError> {
        let now = self.now();
        let listed = self.accounts.services()?.into_iter().map(|service| Service {
            name: service.name,
            id: service.id,
            app: service.app,
            enabled: service.expires_at.is_none_or(|end| now < end),
            expires_at: service.expires_at,
        });
        Ok(listed.collect())
    }
}

#[cfg(test)]
mod tests;
