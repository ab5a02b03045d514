//! Refusals at the edge, counted by wall with one sample each, so that a flood costs the ledger one entry an interval
//! and not one a request.
//!
//! Invariant: memory is constant, and a refusal is counted exactly once. Not here: writing the tallies into the ledger (the
//! composition root does it at an interval, with [`EdgeCounters::take`]).

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Refused, Wall};

/// The counters of one edge, shared by its threads.
#[derive(Debug, Default)]
pub struct EdgeCounters {
    walls: [Counter; Wall::ALL.len()],
}

#[derive(Debug, Default)]
struct Counter {
    count: AtomicU64,
    sample: Mutex<Option<Sample>>,
}

/// One refusal, picked as an example: the first since the last [`EdgeCounters::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Where it came from.
    pub source: IpAddr,
    /// Why it was refused.
    pub why: &'static str,
}

/// What one wall refused since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The wall.
    pub wall: Wall,
    /// How often it refused.
    pub count: u64,
    /// An example.
    pub sample: Option<Sample>,
}

impl EdgeCounters {
    /// Counts one refusal.
    pub fn note(&self, refused: &Refused, source: IpAddr) {
        let Some(counter) = self.walls.get(refused.wall() as usize) else { return };
        if counter.count.fetch_add(1, Ordering::Relaxed) == 0 {
            let sample = Sample { source, why: refused.why() };
            *counter.sample.lock().unwrap_or_else(PoisonError::into_inner) = Some(sample);
        }
    }

    /// How often a wall refused since the last [`EdgeCounters::take`].
    #[must_use]
    pub fn count(&self, wall: Wall) -> u64 {
        self.walls.get(wall as usize).map_or(0, |counter| counter.count.load(Ordering::Relaxed))
    }

    /// What was refused since the last call, by wall; walls that refused nothing are left out.
    #[must_use]
    pub fn take(&self) -> Vec<Tally> {
        Wall::ALL
            .into_iter()
            .zip(&self.walls)
            .filter_map(|(wall, counter)| {
                let count = counter.count.swap(0, Ordering::Relaxed);
                let sample = counter.sample.lock().unwrap_or_else(PoisonError::into_inner).take();
                (count > 0).then_some(Tally { wall, count, sample })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_wall_and_keeps_the_first_as_sample() {
        let counters = EdgeCounters::default();
        let first: IpAddr = "192.0.2.1".parse().unwrap();
        let second: IpAddr = "192.0.2.2".parse().unwrap();
        counters.note(&Refused::new(Wall::Framing, "one"), first);
        counters.note(&Refused::new(Wall::Framing, "two"), second);
        counters.note(&Refused::new(Wall::Resets, "three"), second);
        assert_eq!(
            counters.take(),
            [
                Tally { wall: Wall::Framing, count: 2, sample: Some(Sample { source: first, why: "one" }) },
                Tally { wall: Wall::Resets, count: 1, sample: Some(Sample { source: second, why: "three" }) },
            ]
        );
        assert_eq!(counters.take(), []);
    }

    #[test]
    fn every_wall_stands_at_its_own_place() {
        for (index, wall) in Wall::ALL.into_iter().enumerate() {
            assert_eq!(wall as usize, index, "{wall:?}");
        }
    }
}
