//! Requests a second: token buckets for each function, each caller of a function and each address of a function.
//!
//! Invariant: memory is fixed at start, whoever comes and however many; when room runs out, the fullest bucket of a small
//! set makes way, so nobody gains by flooding more than the tokens that were in it. Time is passed in and never runs back.
//!
//! A bucket is one number: the time at which it will be full again (GCRA, ITU-T I.371 §A). It holds one second's worth.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_core::{Fault, Faulty, FunctionId, Principal, Rate};

use super::places::network_of;

/// A rate was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: `{key}`")]
pub struct RateExceeded {
    key: &'static str,
    retry_after: Duration,
}

impl RateExceeded {
    /// The limit's manifest key: `rate.function`, `rate.caller` or `rate.address`.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }
}

impl Faulty for RateExceeded {
    fn fault(&self) -> Fault {
        Fault::Exhausted
    }

    fn limit(&self) -> Option<&'static str> {
        Some(self.key)
    }

    /// Rounded up to whole seconds, since `Retry-After` has no smaller unit.
    fn retry_after(&self) -> Option<Duration> {
        let up = u64::from(self.retry_after.subsec_nanos() > 0);
        Some(Duration::from_secs(self.retry_after.as_secs().saturating_add(up).max(1)))
    }
}

/// Where an address arrives before it is known who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// The data listener, at anything but a public function: hidden functions, the sign-in, paths and hosts that are not there. One
    /// door for all of them, so that its bucket tells none apart.
    Data,
    /// The control listener.
    Control,
}

impl Door {
    /// Arrivals of one address a second, when none of them shows a good credential.
    const fn per_second(self) -> u32 {
        match self {
            Self::Data => 200,
            Self::Control => 100,
        }
    }
}

/// All buckets of a server, shared by its threads.
#[derive(Debug)]
pub struct Rates {
    since: Instant,
    hasher: RandomState,
    functions: Table,
    addresses: Table,
    callers: Table,
}

impl Default for Rates {
    /// Room for 65,536 addresses, 32,768 callers and 8,192 functions: 1.7 MB.
    fn default() -> Self {
        Self::with_room(1 << 16)
    }
}

impl Rates {
    /// Buckets for about so many addresses, half as many callers and an eighth as many functions.
    #[must_use]
    pub fn with_room(addresses: usize) -> Self {
        Self {
            since: Instant::now(),
            hasher: RandomState::new(),
            functions: Table::new(addresses / 8),
            addresses: Table::new(addresses),
            callers: Table::new(addresses / 2),
        }
    }

    /// Counts a request against its address's and its function's rate; before authentication, since it protects that too.
    /// The address comes first, so that one address cannot spend what belongs to all.
    ///
    /// # Errors
    /// [`RateExceeded`] names the rate.
    pub fn admit(
        &self,
        function: &FunctionId,
        address: IpAddr,
        rate: &Rate,
        now: Instant,
    ) -> Result<(), RateExceeded> {
        let now = self.nanos(now);
        let key = self.hasher.hash_one((function, network_of(address)));
        self.addresses.take("rate.address", key, rate.address, now)?;
        self.functions.take("rate.function", self.hasher.hash_one(function), rate.function, now)
    }

    /// Counts an arrival of an address at one of the server's own doors, before anybody knows who it is.
    ///
    /// # Errors
    /// [`RateExceeded`] by `rate.address`.
    pub fn arrive(&self, door: Door, address: IpAddr, now: Instant) -> Result<(), RateExceeded> {
        let key = self.hasher.hash_one((door, network_of(address)));
        self.addresses.take("rate.address", key, door.per_second(), self.nanos(now))
    }

    /// Takes an arrival back: whoever it was has shown a good credential, and is counted by that from here.
    pub fn take_back(&self, door: Door, address: IpAddr) {
        let key = self.hasher.hash_one((door, network_of(address)));
        self.addresses.give_back(key, door.per_second());
    }

    /// Counts a request against its signed-in caller's rate.
    ///
    /// # Errors
    /// [`RateExceeded`] names the rate.
    pub fn admit_caller(
        &self,
        function: &FunctionId,
        caller: &Principal,
        rate: &Rate,
        now: Instant,
    ) -> Result<(), RateExceeded> {
        let key = self.hasher.hash_one((function, caller));
        self.callers.take("rate.caller", key, rate.caller, self.nanos(now))
    }

    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.since).as_nanos()).unwrap_or(u64::MAX)
    }
}

const WAYS: usize = 8;
const SHARDS: usize = 64;
const SECOND: u64 = 1_000_000_000;

/// A bucket: whose it is (a keyed hash), and when it will be full. A zero time is a full bucket, which is as good as none.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    key: u64,
    full_at: u64,
}

/// A set-associative table: a key has its place in one set of eight.
#[derive(Debug)]
struct Table {
    shards: Vec<Mutex<Vec<[Bucket; WAYS]>>>,
}

impl Table {
    fn new(room: usize) -> Self {
        let sets = (room / WAYS / SHARDS).max(1);
        Self { shards: (0..SHARDS).map(|_| Mutex::new(vec![[Bucket::default(); WAYS]; sets])).collect() }
    }

    /// Puts one token back, if the bucket is still the key's own.
    fn give_back(&self, key: u64, per_second: u32) {
        let Some(shard) = self.shards.get((key >> 58) as usize) else { return };
        let mut sets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(key % (sets.len().max(1) as u64)).unwrap_or(0);
        let own = sets.get_mut(place).and_then(|set| set.iter_mut().find(|bucket| bucket.key == key));
        if let Some(bucket) = own {
            let cost = SECOND.checked_div(per_second.into()).unwrap_or(SECOND);
            bucket.full_at = bucket.full_at.saturating_sub(cost);
        }
    }

    /// Takes one token, or says how long until there is one.
    fn take(&self, name: &'static str, key: u64, per_second: u32, now: u64) -> Result<(), RateExceeded> {
        let shard = self.shards.get((key >> 58) as usize);
        let Some(shard) = shard else { return Ok(()) };
        let mut sets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(key % (sets.len().max(1) as u64)).unwrap_or(0);
        let Some(set) = sets.get_mut(place) else { return Ok(()) };
        let bucket = match set.iter_mut().position(|bucket| bucket.key == key) {
            Some(own) => set.get_mut(own),
            // Nobody's yet: the fullest bucket makes way. A full one loses nothing by it.
            None => set.iter_mut().min_by_key(|bucket| bucket.full_at),
        };
        let Some(bucket) = bucket else { return Ok(()) };
        if bucket.key != key {
            *bucket = Bucket { key, full_at: 0 };
        }
        spend(&mut bucket.full_at, per_second, now)
            .map_err(|retry_after| RateExceeded { key: name, retry_after })
    }
}

/// The bucket's arithmetic: a token costs `1 s / rate`, and a bucket may lie at most one second behind being full.
fn spend(full_at: &mut u64, per_second: u32, now: u64) -> Result<(), Duration> {
    let cost = SECOND.checked_div(per_second.into()).unwrap_or(SECOND);
    let after = (*full_at).max(now).saturating_add(cost);
    let behind = after - now.min(after);
    // A rate that does not divide a second leaves a rest smaller than a token.
    if behind > SECOND {
        return Err(Duration::from_nanos(behind - SECOND));
    }
    *full_at = after;
    Ok(())
}

#[cfg(test)]
mod tests;
