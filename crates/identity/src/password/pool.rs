//! Argon2id on threads of its own: how many passwords are hashed at once, and what each costs.
//!
//! Invariant: at most `workers` hashes run at any time, so peak memory is `workers × memory_kib`, and at most `queue` more
//! wait; who comes then is told so at once ([`Busy`]). Every check of a password does one hash of the current cost, also
//! when there is nothing to compare with, so that time tells nothing. Not here: who may try (`sign_in`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

/// What one hash costs (RFC 9106 names: m, t, p).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    /// The first choice of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
        }
    }
}

/// SECURITY: a stored hash that asks for more is not computed: an edited row must not exhaust the memory.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 8;
const SALT_BYTES: usize = 16;

/// All workers are busy and the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked; try again")]
pub(crate) struct Busy;

/// Why a hash could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// The cost is outside what Argon2 takes.
    #[error("the cost of password hashing is out of range")]
    Cost,
    /// There is no memory for it.
    #[error("there is not enough memory to hash a password")]
    Memory,
    /// The workers are gone.
    #[error("password hashing has stopped")]
    Stopped,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The password is right; `outdated` says that it should be hashed anew, at the current cost.
    Right { outdated: bool },
    /// It is wrong, or there was nothing to compare with.
    Wrong,
}

enum Task {
    /// Hash for storing.
    Store {
        peppered: Zeroizing<[u8; 32]>,
        salt: [u8; SALT_BYTES],
        reply: oneshot::Sender<Result<String, HashError>>,
    },
    /// Compare with a stored hash, or pretend to.
    Check {
        peppered: Zeroizing<[u8; 32]>,
        stored: Option<String>,
        reply: oneshot::Sender<Result<Checked, HashError>>,
    },
}

struct Job {
    task: Task,
    _place: OwnedSemaphorePermit,
}

/// The workers.
pub(crate) struct HashPool {
    jobs: SyncSender<Job>,
    places: Arc<Semaphore>,
    gauge: Arc<Gauge>,
}

/// What the workers did and do.
#[derive(Debug, Default)]
struct Gauge {
    done: AtomicU64,
    running: AtomicU64,
    most: AtomicU64,
}

/// A place among the running and waiting. Taken before an attempt is counted, so that a full queue costs nobody an attempt.
pub(crate) struct Place(OwnedSemaphorePermit);

impl HashPool {
    /// Starts the workers.
    pub(crate) fn start(cost: HashCost, workers: usize, queue: usize) -> Result<Self, HashError> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|_| HashError::Cost)?;
        if !affordable(&params) || workers == 0 {
            return Err(HashError::Cost);
        }
        let capacity = workers + queue;
        let (jobs, inbox) = sync_channel(capacity);
        let inbox = Arc::new(Mutex::new(inbox));
        let gauge = Arc::new(Gauge::default());
        for number in 0..workers {
            let (inbox, gauge, params) = (Arc::clone(&inbox), Arc::clone(&gauge), params.clone());
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&inbox, &gauge, &params))
                .map_err(|_| HashError::Stopped)?;
        }
        Ok(Self { jobs, places: Arc::new(Semaphore::new(capacity)), gauge })
    }

    /// Takes a place, or says at once that there is none.
    pub(crate) fn place(&self) -> Result<Place, Busy> {
        Arc::clone(&self.places).try_acquire_owned().map(Place).map_err(|_| Busy)
    }

    /// Hashes a peppered password for storing, as a PHC string.
    pub(crate) async fn hash(
        &self,
        place: Place,
        peppered: Zeroizing<[u8; 32]>,
        salt: [u8; SALT_BYTES],
    ) -> Result<String, HashError> {
        let (reply, answer) = oneshot::channel();
        self.give(place, Task::Store { peppered, salt, reply })?;
        answer.await.map_err(|_| HashError::Stopped)?
    }

    /// Compares a peppered password with a stored hash. `None` does the same work and is always wrong.
    pub(crate) async fn check(
        &self,
        place: Place,
        peppered: Zeroizing<[u8; 32]>,
        stored: Option<String>,
    ) -> Result<Checked, HashError> {
        let (reply, answer) = oneshot::channel();
        self.give(place, Task::Check { peppered, stored, reply })?;
        answer.await.map_err(|_| HashError::Stopped)?
    }

    fn give(&self, place: Place, task: Task) -> Result<(), HashError> {
        // The channel holds as many as there are places, so this never waits.
        self.jobs.try_send(Job { task, _place: place.0 }).map_err(|_| HashError::Stopped)
    }

    /// How many hashes were computed since the start.
    pub(crate) fn hashes_done(&self) -> u64 {
        self.gauge.done.load(Ordering::SeqCst)
    }

    /// The most hashes that ran at one time.
    #[cfg(test)]
    pub(crate) fn most_at_once(&self) -> u64 {
        self.gauge.most.load(Ordering::SeqCst)
    }
}

fn work(inbox: &Mutex<Receiver<Job>>, gauge: &Gauge, params: &Params) {
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { task, _place }) = job else { return };
        // Whoever asked may have gone: the attempt is counted already, the work can be spared.
        match task {
            Task::Store { peppered, salt, reply } if !reply.is_closed() => {
                let _ = reply.send(store(gauge, params, &peppered, &salt));
            }
            Task::Check { peppered, stored, reply } if !reply.is_closed() => {
                let _ = reply.send(compare(gauge, params, &peppered, stored.as_deref()));
            }
            Task::Store { .. } | Task::Check { .. } => {}
        }
    }
}

fn argon2id(
    gauge: &Gauge,
    params: &Params,
    peppered: &[u8],
    salt: &[u8],
) -> Result<Zeroizing<[u8; 32]>, HashError> {
    let running = gauge.running.fetch_add(1, Ordering::SeqCst) + 1;
    gauge.most.fetch_max(running, Ordering::SeqCst);
    let mut out = Zeroizing::new([0; 32]);
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()).hash_password_into(
        peppered,
        salt,
        out.as_mut_slice(),
    );
    gauge.running.fetch_sub(1, Ordering::SeqCst);
    gauge.done.fetch_add(1, Ordering::SeqCst);
    match hashed {
        Ok(()) => Ok(out),
        Err(argon2::Error::OutOfMemory) => Err(HashError::Memory),
        Err(_) => Err(HashError::Cost),
    }
}

fn store(
    gauge: &Gauge,
    params: &Params,
    peppered: &[u8; 32],
    salt: &[u8; SALT_BYTES],
) -> Result<String, HashError> {
    let out = argon2id(gauge, params, peppered, salt)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|_| HashError::Cost)?,
        salt: Some(Salt::new(salt).map_err(|_| HashError::Cost)?),
        hash: Some(Output::new(out.as_slice()).map_err(|_| HashError::Cost)?),
    };
    Ok(phc.to_string())
}

fn compare(
    gauge: &Gauge,
    params: &Params,
    peppered: &[u8; 32],
    stored: Option<&str>,
) -> Result<Checked, HashError> {
    let Some((own, salt, expected)) = stored.and_then(read) else {
        argon2id(gauge, params, peppered, &[0; SALT_BYTES])?;
        return Ok(Checked::Wrong);
    };
    let out = argon2id(gauge, &own, peppered, &salt)?;
    let right = casemate_vault::constant_time_eq(out.as_slice(), &expected);
    let same =
        (own.m_cost(), own.t_cost(), own.p_cost()) == (params.m_cost(), params.t_cost(), params.p_cost());
    Ok(if right { Checked::Right { outdated: !same } } else { Checked::Wrong })
}

/// Reads a PHC string that this module wrote: Argon2id, version 0x13, affordable, 32 bytes.
fn read(stored: &str) -> Option<(Params, Vec<u8>, Vec<u8>)> {
    let phc = PasswordHash::new(stored).ok()?;
    let own = phc.algorithm == Algorithm::Argon2id.ident() && phc.version == Some(Version::V0x13.into());
    let params = Params::try_from(&phc.params).ok()?;
    let expected = phc.hash?.as_bytes().to_vec();
    (own && affordable(&params) && expected.len() == 32).then_some((params, phc.salt?.to_vec(), expected))
}

fn affordable(params: &Params) -> bool {
    params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_PASSES && params.p_cost() <= MAX_LANES
}

#[cfg(test)]
mod tests;
