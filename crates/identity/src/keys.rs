//! The keys that sign access tokens, and their lives: next → active → retiring → gone.
//!
//! Invariant: a key is published (JWKS) before it signs; what it signed is good until it ends, unless the key is removed
//! at once because it leaked; at any time one key signs, and at most [`MOST_KEYS`] are known, so a `kid` is looked up among
//! a few. Not here: key bytes (`vault`), and the form of tokens (`jws`, `claims`).

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casemate_core::Timestamp;
use casemate_storage::Accounts;
use casemate_storage::accounts::{KeyState, StoredSigningKey};
use casemate_vault::{PublicKey, SignatureAlgorithm, SigningKeyId, Vault, VaultError};
use serde_json::{Map, Value, json};

use crate::claims::{ACCESS_TOKEN_TYPE, AccessClaims, MAX_SKEW};
use crate::error::{AccountError, OpenIdentityError};
use crate::jws;
use crate::standing::Standing;

/// Next, active, and six that retire.
const MOST_KEYS: usize = 8;

/// A key that tokens are checked with.
#[derive(Debug, Clone)]
pub(crate) struct TokenKey {
    pub(crate) id: SigningKeyId,
    public: PublicKey,
    state: KeyState,
}

impl AsRef<PublicKey> for TokenKey {
    fn as_ref(&self) -> &PublicKey {
        &self.public
    }
}

impl TokenKey {
    /// Whether a token that it signed is taken.
    fn verifies(&self, now: Timestamp, lifetime: Duration) -> bool {
        match self.state {
            KeyState::Next => false,
            KeyState::Active => true,
            KeyState::Retiring { since } => now < since.plus(lifetime).plus(MAX_SKEW),
        }
    }

    /// Whether it may have signed a token of this date: a retired key signs nothing new.
    pub(crate) fn may_have_signed(&self, issued_at: Timestamp) -> bool {
        match self.state {
            KeyState::Next => false,
            KeyState::Active => true,
            KeyState::Retiring { since } => issued_at <= since.plus(MAX_SKEW),
        }
    }
}

/// How the active key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// It retires: its tokens end by themselves.
    Retire,
    /// It leaked: every token of every key so far is refused at once.
    Remove,
}

/// The keys, shared by all requests.
pub(crate) struct Keys {
    ring: Arc<ArcSwap<Vec<TokenKey>>>,
    changing: Arc<tokio::sync::Mutex<()>>,
    accounts: Arc<Accounts>,
    vault: Arc<Vault>,
    standing: Arc<Standing>,
    lifetime: Duration,
}

impl Keys {
    /// Takes the stored keys in; makes what is missing.
    pub(crate) async fn open(
        accounts: Arc<Accounts>,
        vault: Arc<Vault>,
        standing: Arc<Standing>,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Self, OpenIdentityError> {
        let stored = accounts.signing_keys()?;
        let mut kept: Vec<_> = stored.iter().filter(|key| !is_over(key, now, lifetime)).cloned().collect();
        let mut ring = Vec::with_capacity(kept.len() + 2);
        for key in &kept {
            let public =
                vault.adopt_signing_key(key.id.clone(), SignatureAlgorithm::EcdsaP256, &key.wrapped)?;
            if matches!(key.state, KeyState::Retiring { .. }) {
                vault.forget_signing_key(&key.id);
            }
            ring.push(TokenKey { id: key.id.clone(), public, state: key.state });
        }
        let mut changed = kept.len() != stored.len();
        for state in [KeyState::Active, KeyState::Next] {
            if !kept.iter().any(|key| key.state == state) {
                let (made, public) = make(&vault, state, now)?;
                ring.push(TokenKey { id: made.id.clone(), public, state });
                kept.push(made);
                changed = true;
            }
        }
        if changed {
            accounts.set_signing_keys(kept).await?;
        }
        Ok(Self {
            ring: Arc::new(ArcSwap::from_pointee(ring)),
            changing: Arc::new(tokio::sync::Mutex::new(())),
            accounts,
            vault,
            standing,
            lifetime,
        })
    }

    /// The key of a `kid`, if tokens of it are taken now.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Option<TokenKey> {
        let ring = self.ring.load();
        ring.iter().find(|key| key.id.as_str() == kid && key.verifies(now, self.lifetime)).cloned()
    }

    /// Signs an access token.
    pub(crate) fn sign(&self, claims: &AccessClaims, issuer: &str, jti: &str) -> Result<String, VaultError> {
        self.sign_payload(ACCESS_TOKEN_TYPE, &claims.to_payload(issuer, jti))
    }

    /// Signs any payload with the active key.
    pub(crate) fn sign_payload(&self, typ: &str, payload: &Map<String, Value>) -> Result<String, VaultError> {
        match self.try_sign(typ, payload) {
            // The key was rotated away between the two steps: the ring names another one now.
            Err(VaultError::UnknownSigningKey(_)) => self.try_sign(typ, payload),
            signed => signed,
        }
    }

    fn try_sign(&self, typ: &str, payload: &Map<String, Value>) -> Result<String, VaultError> {
        let ring = self.ring.load();
        let active =
            ring.iter().find(|key| key.state == KeyState::Active).ok_or(VaultError::BadSigningKeyId)?;
        let input =
            jws::signing_input(typ, active.id.as_str(), payload).ok_or(VaultError::BadSigningKeyId)?;
        let signature = self.vault.sign(&active.id, input.as_bytes())?;
        Ok(jws::compact(&input, &signature))
    }

    /// The public keys as a JWK set (RFC 7517 §5): the next one too, so that readers know it before it signs.
    pub(crate) fn jwks(&self, now: Timestamp) -> Value {
        let ring = self.ring.load();
        let shown = |key: &&TokenKey| key.state == KeyState::Next || key.verifies(now, self.lifetime);
        let keys: Vec<Value> =
            ring.iter().filter(shown).filter_map(|key| jwk(&key.id, &key.public)).collect();
        json!({ "keys": keys })
    }

    /// The id of the key that signs now.
    #[cfg(test)]
    pub(crate) fn active(&self) -> SigningKeyId {
        self.ring.load().iter().find(|key| key.state == KeyState::Active).unwrap().id.clone()
    }

    /// Lets the next key sign, and makes another next. The id of the key that signs now.
    pub(crate) async fn rotate(
        &self,
        now: Timestamp,
        farewell: Farewell,
    ) -> Result<SigningKeyId, AccountError> {
        let (ring, changing) = (Arc::clone(&self.ring), Arc::clone(&self.changing));
        let (accounts, vault) = (Arc::clone(&self.accounts), Arc::clone(&self.vault));
        let (standing, lifetime) = (Arc::clone(&self.standing), self.lifetime);
        // On a task of its own: a caller that leaves must not leave disk and memory apart.
        let change = async move {
            let _alone = changing.lock().await;
            let before = accounts.signing_keys()?;
            let mut after = Vec::with_capacity(before.len() + 1);
            for key in before.iter().filter(|key| !is_over(key, now, lifetime)) {
                let state = match (key.state, farewell) {
                    (KeyState::Next, _) => KeyState::Active,
                    (KeyState::Active, Farewell::Retire) => KeyState::Retiring { since: now },
                    (state @ KeyState::Retiring { .. }, Farewell::Retire) => state,
                    (_, Farewell::Remove) => continue,
                };
                after.push(StoredSigningKey { state, ..key.clone() });
            }
            if after.len() >= MOST_KEYS {
                return Err(AccountError::TooManyKeys);
            }
            let known = ring.load_full();
            let mut publics: Vec<(SigningKeyId, PublicKey)> =
                known.iter().map(|key| (key.id.clone(), key.public.clone())).collect();
            let (made, public) = make(&vault, KeyState::Next, now)?;
            publics.push((made.id.clone(), public));
            after.push(made.clone());
            if let Err(error) = accounts.set_signing_keys(after.clone()).await {
                vault.forget_signing_key(&made.id);
                return Err(error.into());
            }
            let state_of = |id: &SigningKeyId| after.iter().find(|key| key.id == *id).map(|key| key.state);
            let now_known = publics
                .into_iter()
                .filter_map(|(id, public)| state_of(&id).map(|state| TokenKey { id, public, state }));
            ring.store(Arc::new(now_known.collect()));
            for key in &before {
                if !matches!(state_of(&key.id), Some(KeyState::Active)) {
                    vault.forget_signing_key(&key.id);
                    standing.changed(key.id.as_str());
                }
            }
            let active = after.iter().find(|key| key.state == KeyState::Active);
            active.map(|key| key.id.clone()).ok_or(AccountError::Vault(VaultError::BadSigningKeyId))
        };
        tokio::spawn(change).await.map_err(|_| AccountError::Abandoned)?
    }
}

fn make(vault: &Vault, state: KeyState, now: Timestamp) -> Result<(StoredSigningKey, PublicKey), VaultError> {
    let (id, public, wrapped) = vault.create_signing_key(SignatureAlgorithm::EcdsaP256)?;
    Ok((StoredSigningKey { id, wrapped, state, created_at: now }, public))
}

fn is_over(key: &StoredSigningKey, now: Timestamp, lifetime: Duration) -> bool {
    matches!(key.state, KeyState::Retiring { since } if now >= since.plus(lifetime).plus(MAX_SKEW))
}

/// A public key as a JWK (RFC 7517 §4, RFC 7518 §6.2.1).
fn jwk(id: &SigningKeyId, public: &PublicKey) -> Option<Value> {
    let (x, y) = public.to_jwk_xy()?;
    Some(json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id.as_str(),
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    }))
}

#[cfg(test)]
mod tests;
