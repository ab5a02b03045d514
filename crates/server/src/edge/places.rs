//! Places for connections: so many in all, and so many for one address.
//!
//! Invariant: a place is given back when its guard drops, and the table of addresses holds only addresses with an open
//! connection, so it is bounded by the total.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Refused, Wall};

/// The subscriber behind an address: an IPv4 address, or the /64 of an IPv6 address (RFC 6177).
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
    }
}

/// The places of one listener, shared by its threads.
#[derive(Debug)]
pub(super) struct Places {
    total: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

impl Places {
    pub(super) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { total, per_address, taken: Mutex::default() })
    }

    /// # Errors
    /// [`Refused`] by [`Wall::Connections`] or [`Wall::ConnectionsPerAddress`].
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refused> {
        let network = network_of(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.total {
            return Err(Refused::new(Wall::Connections, "there are too many connections"));
        }
        let own = taken.by_network.entry(network).or_insert(0);
        if *own >= self.per_address {
            if *own == 0 {
                taken.by_network.remove(&network);
            }
            return Err(Refused::new(
                Wall::ConnectionsPerAddress,
                "there are too many connections from this address",
            ));
        }
        *own += 1;
        taken.total += 1;
        Ok(Place { places: Arc::clone(self), network })
    }

    pub(super) fn open(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    network: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Entry::Occupied(mut own) = taken.by_network.entry(self.network) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let places = Places::new(3, 2);
        let wall = |text: &str| places.take(text.parse().unwrap()).map_err(|refused| refused.wall());
        let one = wall("192.0.2.1").unwrap();
        let _two = wall("::ffff:192.0.2.1").unwrap();
        assert_eq!(wall("192.0.2.1").err(), Some(Wall::ConnectionsPerAddress));
        let six = wall("2001:db8::1").unwrap();
        assert_eq!(wall("2001:db8::2").err(), Some(Wall::Connections));
        drop(six);
        drop(one);
        let _again = wall("192.0.2.1").unwrap();
        assert_eq!(places.open(), 2);
        assert_eq!(places.taken.lock().unwrap().by_network.len(), 1, "no trace of the addresses that left");
    }
}
