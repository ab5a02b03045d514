//! What can be set, and what it is when nothing is.

use std::time::Duration;

use casemate_storage::accounts::LockRule;

use crate::claims::MAX_LIFETIME;
use crate::error::OpenIdentityError;
use crate::password::pool::HashCost;

/// The settings of the room. Every limit has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// The issuer (`iss`) of access tokens, byte for byte: a URL without a path is usual.
    pub issuer: String,
    /// How long an access token lasts; at most one hour.
    pub token_lifetime: Duration,
    /// How long a session lasts, however often it is renewed.
    pub session_lifetime: Duration,
    /// What one password hash costs.
    pub hash_cost: HashCost,
    /// How many passwords are hashed at once: peak memory is this times the cost.
    pub hash_workers: usize,
    /// How many more may wait; the next is told to come back.
    pub hash_queue: usize,
    /// When an account locks for one address.
    pub account_lock: LockRule,
    /// When an account locks for every address from which its owner has not signed in lately.
    pub account_total_lock: LockRule,
    /// When an address (IPv4 address, IPv6 /64) locks; a loopback address never does. Must allow more attempts than can run
    /// and wait at once.
    pub address_lock: LockRule,
    /// How many verified credentials are remembered.
    pub cached_credentials: usize,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        let lock = LockRule {
            after: 10,
            first: Duration::from_secs(30),
            longest: Duration::from_secs(15 * 60),
            forget: Duration::from_secs(24 * 3600),
        };
        Self {
            issuer: "https://casemate.localhost".to_owned(),
            token_lifetime: Duration::from_secs(300),
            session_lifetime: Duration::from_secs(12 * 3600),
            hash_cost: HashCost::default(),
            hash_workers: 2,
            hash_queue: 32,
            account_lock: lock,
            // Two doors: 100 guesses in a row in all, the most that NIST SP 800-63B-4 §3.2.2 lets pass.
            account_total_lock: LockRule { after: 50, ..lock },
            address_lock: LockRule { after: 50, ..lock },
            cached_credentials: 16_384,
        }
    }
}

impl IdentitySettings {
    /// Refuses what could not work.
    pub(crate) fn check(&self) -> Result<(), OpenIdentityError> {
        let refuse = |key: &'static str, why: &'static str| Err(OpenIdentityError::Setting { key, why });
        if self.issuer.is_empty()
            || self.issuer.len() > 256
            || !self.issuer.bytes().all(|b| b.is_ascii_graphic())
        {
            return refuse("issuer", "it must be 1 to 256 printable ASCII characters");
        }
        if self.token_lifetime < Duration::from_secs(1) || self.token_lifetime > MAX_LIFETIME {
            return refuse("token_lifetime", "it must be between one second and one hour");
        }
        if self.session_lifetime < self.token_lifetime {
            return refuse("session_lifetime", "it must not be shorter than `token_lifetime`");
        }
        if !(1..=64).contains(&self.hash_workers) || self.hash_queue > 1024 {
            return refuse("hash_workers", "it must be between 1 and 64, and `hash_queue` at most 1024");
        }
        for (key, rule) in [
            ("account_lock", &self.account_lock),
            ("account_total_lock", &self.account_total_lock),
            ("address_lock", &self.address_lock),
        ] {
            if rule.after == 0
                || rule.first.is_zero()
                || rule.first > rule.longest
                || rule.longest >= rule.forget
            {
                return refuse(key, "it must have `after` ≥ 1 and 0 < `first` ≤ `longest` < `forget`");
            }
        }
        if self.account_total_lock.after < self.account_lock.after {
            return refuse(
                "account_total_lock",
                "its `after` must not be smaller than that of `account_lock`",
            );
        }
        Ok(())
    }
}
