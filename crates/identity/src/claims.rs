//! Access tokens: the claims of RFC 9068, written and read in one place.
//!
//! Invariant: every claim that our tokens have must be there, of its type and in range; the audience is exactly the app
//! that asks, never one of several. Not here: signatures (`jws`), and whether the session still lives (`authenticate`).

use std::time::Duration;

use casemate_core::{AppId, Method, SessionId, Timestamp, UserId};
use serde_json::{Map, Value, json};

/// The `typ` of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// The client that the platform's own sign-in stands for (`client_id` is required by RFC 9068 §2.2).
pub(crate) const OWN_CLIENT: &str = "casemate";
/// How far ahead of our clock a token may have been made.
pub(crate) const MAX_SKEW: Duration = Duration::from_secs(60);
/// The longest that any token of ours lasts, whatever the settings say.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3600);
/// Dates outside 2001 to 2286 are no dates.
const DATES: std::ops::Range<u64> = 1_000_000_000..10_000_000_000;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessClaims {
    pub(crate) user: UserId,
    pub(crate) audience: AppId,
    pub(crate) session: SessionId,
    pub(crate) methods: Vec<Method>,
    /// When the user proved who they are.
    pub(crate) proved_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) expires: Timestamp,
}

/// Why a validly signed token is not taken. For the owner's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// A claim is missing, of another type or out of range.
    #[error("the token's `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// Another issuer made it.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is good elsewhere.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come: it was made by a clock ahead of ours, or ours was set back.
    #[error("the token is not valid yet")]
    NotYet,
}

impl AccessClaims {
    /// The payload to sign. `jti` makes it unique.
    pub(crate) fn to_payload(&self, issuer: &str, jti: &str) -> Map<String, Value> {
        let methods: Vec<&str> = self.methods.iter().map(|method| method.as_str()).collect();
        let mut payload = Map::new();
        for (name, value) in [
            ("iss", json!(issuer)),
            ("sub", json!(self.user)),
            ("aud", json!(self.audience)),
            ("client_id", json!(OWN_CLIENT)),
            ("sid", json!(self.session)),
            ("jti", json!(jti)),
            ("iat", json!(self.issued_at.as_secs())),
            ("nbf", json!(self.not_before.as_secs())),
            ("exp", json!(self.expires.as_secs())),
            ("auth_time", json!(self.proved_at.as_secs())),
            ("amr", json!(methods)),
        ] {
            payload.insert(name.to_owned(), value);
        }
        payload
    }

    /// Reads and checks a payload.
    ///
    /// # Errors
    /// [`ClaimFault`].
    pub(crate) fn read(
        payload: &Map<String, Value>,
        issuer: &str,
        audience: &AppId,
        now: Timestamp,
    ) -> Result<Self, ClaimFault> {
        // Byte for byte: no slash, case or port is forgiven (RFC 8725 §3.8).
        if text(payload, "iss")? != issuer {
            return Err(ClaimFault::Issuer);
        }
        if text(payload, "aud")? != audience.as_str() {
            return Err(ClaimFault::Audience);
        }
        if text(payload, "client_id")? != OWN_CLIENT {
            return Err(ClaimFault::Malformed("client_id"));
        }
        if !(16..=64).contains(&text(payload, "jti")?.len()) {
            return Err(ClaimFault::Malformed("jti"));
        }
        let claims = Self {
            user: UserId::parse(text(payload, "sub")?).map_err(|_| ClaimFault::Malformed("sub"))?,
            audience: audience.clone(),
            session: SessionId::parse(text(payload, "sid")?).map_err(|_| ClaimFault::Malformed("sid"))?,
            methods: methods(payload)?,
            proved_at: date(payload, "auth_time")?,
            issued_at: date(payload, "iat")?,
            not_before: date(payload, "nbf")?,
            expires: date(payload, "exp")?,
        };
        let lifetime = claims.expires.since(claims.issued_at);
        if lifetime.is_zero() || lifetime > MAX_LIFETIME || claims.not_before >= claims.expires {
            return Err(ClaimFault::Malformed("exp"));
        }
        if now >= claims.expires {
            return Err(ClaimFault::Expired);
        }
        if claims.issued_at.max(claims.not_before) > now.plus(MAX_SKEW) {
            return Err(ClaimFault::NotYet);
        }
        Ok(claims)
    }
}

fn text<'a>(payload: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, ClaimFault> {
    payload.get(name).and_then(Value::as_str).ok_or(ClaimFault::Malformed(name))
}

/// A whole number of seconds: no text, no fraction, no exponent, nothing negative (CVE-2026-25537).
fn date(payload: &Map<String, Value>, name: &'static str) -> Result<Timestamp, ClaimFault> {
    let secs = payload.get(name).and_then(Value::as_u64).filter(|secs| DATES.contains(secs));
    secs.map(Timestamp::from_secs).ok_or(ClaimFault::Malformed(name))
}

fn methods(payload: &Map<String, Value>) -> Result<Vec<Method>, ClaimFault> {
    let listed = payload.get("amr").and_then(Value::as_array).ok_or(ClaimFault::Malformed("amr"))?;
    let read =
        |value: &Value| serde_json::from_value(value.clone()).map_err(|_| ClaimFault::Malformed("amr"));
    if listed.is_empty() || listed.len() > 8 {
        return Err(ClaimFault::Malformed("amr"));
    }
    listed.iter().map(read).collect()
}
