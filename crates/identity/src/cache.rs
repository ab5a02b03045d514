//! Credentials that were verified already.
//!
//! Invariant: an answer is given again only for the same bytes and the same audience (both are in the key), within its
//! time, and while nothing changed about its session, account or key ([`Standing`]). Bounded: each shard keeps two
//! generations of entries, and the older one goes when the younger is full. Not here: verifying (`authenticate`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_core::{Actor, AppId, Timestamp};
use casemate_vault::Sha256Stream;

use crate::claims::MAX_SKEW;
use crate::standing::{Marks, Standing};

const SHARDS: usize = 16;

/// SHA-256 over audience and credential: the cache holds no credential that could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    pub(crate) fn new(audience: &AppId, credential: &str) -> Self {
        let mut stream = Sha256Stream::new();
        stream.update(audience.as_str().as_bytes());
        // No app name has this byte, so the two cannot run into each other.
        stream.update(b"\n");
        stream.update(credential.as_bytes());
        Self(stream.finish().0)
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

impl Verified {
    fn holds(&self, now: Timestamp, standing: &Standing) -> bool {
        now < self.until && self.since <= now.plus(MAX_SKEW) && standing.holds(&self.marks)
    }
}

type Entries = HashMap<CacheKey, Verified, BuildHasherDefault<Head>>;

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
    pub(crate) fn find(&self, key: &CacheKey, now: Timestamp, standing: &Standing) -> Option<Arc<Actor>> {
        let mut shard = self.shard(key)?;
        if let Some(found) = shard.young.get(key) {
            if found.holds(now, standing) {
                return Some(Arc::clone(&found.actor));
            }
            shard.young.remove(key);
            return None;
        }
        let found = shard.old.remove(key).filter(|found| found.holds(now, standing))?;
        let actor = Arc::clone(&found.actor);
        self.put(&mut shard, *key, found);
        Some(actor)
    }

    /// Keeps a verified credential.
    pub(crate) fn keep(&self, key: CacheKey, verified: Verified) {
        if let Some(mut shard) = self.shard(&key) {
            self.put(&mut shard, key, verified);
        }
    }

    fn put(&self, shard: &mut Shard, key: CacheKey, verified: Verified) {
        if shard.young.len() >= self.generation && !shard.young.contains_key(&key) {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(key, verified);
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
        cache.keep(CacheKey::new(&app("shop"), "token"), verified(&standing));
        let check = |audience: &str, token: &str, at: u64, hit: bool| {
            let found =
                cache.find(&CacheKey::new(&app(audience), token), Timestamp::from_secs(at), &standing);
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
        cache.keep(CacheKey::new(&app("shop"), "token"), verified(&standing));
        check("shop", "token", 939, false);
    }

    #[test]
    fn a_revocation_is_seen_at_once() {
        let (cache, standing) = (VerifiedCache::new(64), Standing::new());
        let key = CacheKey::new(&app("shop"), "token");
        let now = Timestamp::from_secs(1000);
        cache.keep(key, verified(&standing));
        assert!(cache.find(&key, now, &standing).is_some(), "positive control");
        standing.changed("session");
        assert!(cache.find(&key, now, &standing).is_none());
    }

    #[test]
    fn stays_within_its_bound_and_keeps_what_is_used() {
        let (cache, standing) = (VerifiedCache::new(320), Standing::new());
        let now = Timestamp::from_secs(1000);
        let used = CacheKey::new(&app("shop"), "used");
        cache.keep(used, verified(&standing));
        for n in 0..10_000 {
            cache.keep(CacheKey::new(&app("shop"), &format!("token {n}")), verified(&standing));
            assert!(cache.find(&used, now.plus(Duration::from_secs(1)), &standing).is_some(), "{n}");
            assert!(cache.len() <= 320);
        }
        assert!(cache.len() > 160);
    }
}
