//! From an `Authorization` header to an actor: the way of every request.
//!
//! Invariant: no header means `Anonymous`; a header that is not good means an error, never `Anonymous`, so a caller learns
//! that the credential is bad instead of being served as somebody else. Not here: how tokens come to be (`sign_in`).

use std::sync::Arc;
use std::time::Duration;

use casemate_core::{Actor, AppId, Authentication, Method, Principal};
use casemate_vault::constant_time_eq;

use crate::api_key;
use crate::cache::{CacheKey, Verified};
use crate::claims::{ACCESS_TOKEN_TYPE, AccessClaims};
use crate::error::{AuthenticateError, CredentialFault};
use crate::identity::Identity;
use crate::jws::{self, MAX_TOKEN_BYTES};

/// How long an API key is believed without asking again; revocation is seen at once all the same.
const API_KEY_CACHED: Duration = Duration::from_secs(300);

impl Identity {
    /// The actor of a raw `Authorization` header value, for `audience`. Synchronous: a known credential takes less than a
    /// microsecond, a new one a signature check and one read.
    ///
    /// # Errors
    /// [`AuthenticateError::Refused`] with a reason for the ledger; [`AuthenticateError::Unavailable`].
    pub fn authenticate(
        &self,
        authorization: Option<&[u8]>,
        audience: &AppId,
    ) -> Result<Arc<Actor>, AuthenticateError> {
        let Some(header) = authorization else { return Ok(Arc::clone(&self.anonymous)) };
        let credential = bearer(header).ok_or(CredentialFault::Header)?;
        let key = CacheKey::new(audience, credential);
        if let Some(actor) = self.cache.find(key, self.now(), &self.standing) {
            return Ok(actor);
        }
        let credential = word(credential).ok_or(CredentialFault::Header)?;
        let verified = if credential.starts_with(api_key::PREFIX) {
            self.verify_api_key(credential, audience)?
        } else {
            self.verify_access_token(credential, audience)?
        };
        let actor = Arc::clone(&verified.actor);
        self.cache.keep(key, verified);
        Ok(actor)
    }

    fn verify_access_token(&self, token: &str, audience: &AppId) -> Result<Verified, AuthenticateError> {
        let now = self.now();
        let (payload, key) = jws::verify(token, ACCESS_TOKEN_TYPE, |kid| self.keys.find(kid, now))?;
        let claims = AccessClaims::read(&payload, &self.settings.issuer, audience, now)?;
        if !key.may_have_signed(claims.issued_at) {
            return Err(jws::JwsFault::Key.into());
        }
        // The order matters: whatever changes after these marks are taken is noticed at the next use.
        let marks = self.standing.mark([claims.session.as_str(), claims.user.as_str(), key.id.as_str()]);
        if self.keys.find(key.id.as_str(), now).is_none() {
            return Err(jws::JwsFault::Key.into());
        }
        let session = self.accounts.session(&claims.session)?.ok_or(CredentialFault::Session)?;
        if session.revoked || session.user != claims.user || session.ends_at <= now {
            return Err(CredentialFault::Session.into());
        }
        let actor = Actor {
            principal: Principal::User(claims.user),
            name: Arc::from(session.name),
            audience: Some(claims.audience),
            authentication: Authentication {
                methods: claims.methods,
                at: claims.proved_at,
                session: Some(claims.session),
            },
            expires: Some(claims.expires),
            on_behalf_of: None,
        };
        let since = claims.issued_at.max(claims.not_before);
        Ok(Verified { actor: Arc::new(actor), since, until: claims.expires, marks })
    }

    fn verify_api_key(&self, text: &str, audience: &AppId) -> Result<Verified, AuthenticateError> {
        let now = self.now();
        let id = api_key::public_id(text).ok_or(CredentialFault::ApiKey)?;
        let shown = api_key::mac(&self.vault, text);
        let service = self.accounts.api_key(id)?.ok_or(CredentialFault::ApiKey)?.service;
        let marks = self.standing.mark([service.as_str(), id, id]);
        // Read again after the marks are taken, so that a revocation in between is seen.
        let record = self.accounts.api_key(id)?.ok_or(CredentialFault::ApiKey)?;
        let over = record.expires_at.is_some_and(|end| end <= now);
        if !constant_time_eq(&shown, &record.mac) || record.revoked || over {
            return Err(CredentialFault::ApiKey.into());
        }
        if record.app != *audience {
            return Err(CredentialFault::ApiKeyAudience.into());
        }
        let actor = Actor {
            principal: Principal::Service(record.service),
            name: Arc::from(record.name),
            audience: Some(record.app),
            authentication: Authentication { methods: vec![Method::Swk], at: now, session: None },
            expires: record.expires_at,
            on_behalf_of: None,
        };
        let until = now.plus(API_KEY_CACHED);
        let until = record.expires_at.map_or(until, |end| until.min(end));
        Ok(Verified { actor: Arc::new(actor), since: now, until, marks })
    }
}

/// What follows the scheme of a header: `Bearer` in any case and one space (RFC 6750 §2.1).
fn bearer(header: &[u8]) -> Option<&[u8]> {
    const SCHEME: usize = "bearer ".len();
    if header.len() > SCHEME + MAX_TOKEN_BYTES {
        return None;
    }
    let (scheme, credential) = header.split_at_checked(SCHEME)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(credential)
}

/// One word of visible ASCII. Asked only of what is not known yet.
fn word(credential: &[u8]) -> Option<&str> {
    let visible = !credential.is_empty() && credential.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(credential).ok().filter(|_| visible)
}

#[cfg(test)]
mod tests;
