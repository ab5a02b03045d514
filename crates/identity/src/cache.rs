//! Credentials that were verified already.
//!
//! Invariant: an answer is given again only for the same bytes and the same audience, within its time, and while nothing
//! changed about its session, account or key ([`Standing`]); no credential that could be used stands here. Bounded: each
//! shard keeps two generations of entries, and the older one goes when the younger is full. Not here: verifying
//! (`authenticate`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_core::{Actor, AppId, Timestamp};
use casemate_vault::sha256;

use crate::claims::MAX_SKEW;
use crate::standing::{Marks, Standing};

const SHARDS: usize = 16;

/// How much of a credential's end is hashed: all of a token's signature, all of an API key.
const SECRET_BYTES: usize = 87;
/// An audience has at most 63 bytes.
const KEY_BYTES: usize = 63 + 1 + SECRET_BYTES;

/// What an answer is found by: SHA-256 over the audience and the secret end of the credential.
///
/// WHY: hashing all of a token takes longer than everything else about a hit. What is left of it, header and payload, is
/// no secret and worth nothing without its signature: it is kept as it is, and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key, and the rest of the credential that must be equal too.
    pub(crate) fn new<'a>(audience: &AppId, credential: &'a [u8]) -> (Self, &'a [u8]) {
        let (rest, secret) = credential.split_at(credential.len().saturating_sub(SECRET_BYTES));
        // No app name has a line feed, so audience and secret cannot run into each other.
        let mut bytes = [b'\n'; KEY_BYTES];
        let audience = audience.as_str().as_bytes();
        let length = audience.len() + 1 + secret.len();
        if let Some(to) = bytes.get_mut(..audience.len()) {
            to.copy_from_slice(audience);
        }
        if let Some(to) = bytes.get_mut(audience.len() + 1..length) {
            to.copy_from_slice(secret);
        }
        (Self(sha256(bytes.get(..length).unwrap_or(&bytes)).0), rest)
    }

    fn head(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.head());
    }
}

/// A digest is as good as any hash of it.
#[derive(Default)]
struct Head(u64);

impl Hasher for Head {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, head: u64) {
        self.0 = head;
    }
}

/// A verified credential.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) actor: Arc<Actor>,
    /// Not good more than [`MAX_SKEW`] before this: the clock may be set back.
    pub(crate) since: Timestamp,
    /// Not good from here on.
    pub(crate) until: Timestamp,
    pub(crate) marks: Marks,
}

struct Kept {
    verified: Verified,
    rest: Box<[u8]>,
}

impl Kept {
    fn is_of(&self, rest: &[u8]) -> bool {
        *self.rest == *rest
    }
}

impl Verified {
    fn holds(&self, now: Timestamp, standing: &Standing) -> bool {
        now < self.until && self.since <= now.plus(MAX_SKEW) && standing.holds(&self.marks)
    }
}

type Entries = HashMap<CacheKey, Kept, BuildHasherDefault<Head>>;

#[derive(Default)]
struct Shard {
    young: Entries,
    old: Entries,
}

/// The cache.
pub(crate) struct VerifiedCache {
    shards: [Mutex<Shard>; SHARDS],
    /// Entries of one generation of one shard.
    generation: usize,
}

impl VerifiedCache {
    /// A cache of about `capacity` entries, and never more than that rounded up to a multiple of 32.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::default())),
            generation: capacity.div_ceil(2 * SHARDS).max(1),
        }
    }

    /// The actor of a credential that was verified before and is still good.
    pub(crate) fn find(
        &self,
        (key, rest): (CacheKey, &[u8]),
        now: Timestamp,
        standing: &Standing,
    ) -> Option<Arc<Actor>> {
        let mut shard = self.shard(&key)?;
        if let Some(found) = shard.young.get(&key) {
            if !found.is_of(rest) {
                return None;
            }
            if found.verified.holds(now, standing) {
                return Some(Arc::clone(&found.verified.actor));
            }
            shard.young.remove(&key);
            return None;
        }
        if !shard.old.get(&key)?.is_of(rest) {
            return None;
        }
        let found = shard.old.remove(&key).filter(|found| found.verified.holds(now, standing))?;
        let actor = Arc::clone(&found.verified.actor);
        self.put(&mut shard, key, found);
        Some(actor)
    }

    /// Keeps a verified credential.
    pub(crate) fn keep(&self, (key, rest): (CacheKey, &[u8]), verified: Verified) {
        if let Some(mut shard) = self.shard(&key) {
            self.put(&mut shard, key, Kept { verified, rest: rest.into() });
        }
    }

    fn put(&self, shard: &mut Shard, key: CacheKey, kept: Kept) {
        if shard.young.len() >= self.generation && !shard.young.contains_key(&key) {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(key, kept);
    }

    fn shard(&self, key: &CacheKey) -> Option<MutexGuard<'_, Shard>> {
        let [.., last] = key.0;
        let shard = self.shards.get(usize::from(last) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn app(name: &str) -> AppId {
        AppId::parse(name).unwrap()
    }

    fn verified(standing: &Standing) -> Verified {
        Verified {
            actor: Arc::new(Actor::anonymous()),
            since: Timestamp::from_secs(1000),
            until: Timestamp::from_secs(1300),
            marks: standing.mark(["session", "user", "key"]),
        }
    }

    #[test]
    fn answers_only_for_the_same_bytes_audience_and_time() {
        let (cache, standing) = (VerifiedCache::new(64), Standing::new());
        cache.keep(CacheKey::new(&app("shop"), b"token"), verified(&standing));
        let check = |audience: &str, token: &str, at: u64, hit: bool| {
            let found = cache.find(
                CacheKey::new(&app(audience), token.as_bytes()),
                Timestamp::from_secs(at),
                &standing,
            );
            assert_eq!(found.is_some(), hit, "{audience} {token} {at}");
        };
        check("shop", "token", 1000, true);
        check("shop", "token", 1299, true);
        check("shop", "token", 940, true);
        check("sho", "token", 1000, false);
        check("shopt", "oken", 1000, false);
        check("shop", "token ", 1000, false);
        check("shop", "token", 1300, false);
        check("shop", "token", 1000, false); // what had ended once is gone
        cache.keep(CacheKey::new(&app("shop"), b"token"), verified(&standing));
        check("shop", "token", 939, false);
    }

    #[test]
    fn the_whole_credential_counts_at_every_length() {
        let standing = Standing::new();
        let now = Timestamp::from_secs(1000);
        for length in [1, 86, 87, 88, 200, 700, 4096] {
            let cache = VerifiedCache::new(64);
            let token = vec![b'x'; length];
            cache.keep(CacheKey::new(&app("shop"), &token), verified(&standing));
            for at in 0..length {
                let mut other = token.clone();
                other[at] = b'y';
                assert!(
                    cache.find(CacheKey::new(&app("shop"), &other), now, &standing).is_none(),
                    "{at} of {length}"
                );
            }
            for other in [&token[1..], &[&token[..], b"x"].concat()] {
                assert!(cache.find(CacheKey::new(&app("shop"), other), now, &standing).is_none(), "{length}");
            }
            let long = app(&"a".repeat(63));
            assert!(cache.find(CacheKey::new(&long, &token), now, &standing).is_none(), "{length}");
            assert!(
                cache.find(CacheKey::new(&app("shop"), &token), now, &standing).is_some(),
                "positive control"
            );
            cache.keep(CacheKey::new(&long, &token), verified(&standing));
            assert!(cache.find(CacheKey::new(&long, &token), now, &standing).is_some(), "{length}");
        }
    }

    #[test]
    fn a_revocation_is_seen_at_once() {
        let (cache, standing) = (VerifiedCache::new(64), Standing::new());
        let key = CacheKey::new(&app("shop"), b"token");
        let now = Timestamp::from_secs(1000);
        cache.keep(key, verified(&standing));
        assert!(cache.find(key, now, &standing).is_some(), "positive control");
        standing.changed("session");
        assert!(cache.find(key, now, &standing).is_none());
    }

    #[test]
    fn stays_within_its_bound_and_keeps_what_is_used() {
        let (cache, standing) = (VerifiedCache::new(320), Standing::new());
        let now = Timestamp::from_secs(1000);
        let used = CacheKey::new(&app("shop"), b"used");
        cache.keep(used, verified(&standing));
        for n in 0..10_000 {
            cache.keep(CacheKey::new(&app("shop"), format!("token {n}").as_bytes()), verified(&standing));
            assert!(cache.find(used, now.plus(Duration::from_secs(1)), &standing).is_some(), "{n}");
            assert!(cache.len() <= 320);
        }
        assert!(cache.len() > 160);
    }
}
