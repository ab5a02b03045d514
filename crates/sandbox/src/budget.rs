//! What one run may still spend: units of host calls, and bytes of answers from outside.
//!
//! Invariant: what is spent never comes back, and nothing is spent past the end.

use std::sync::atomic::{AtomicU64, Ordering};

use casemate_core::Limits;

use crate::error::Limit;

/// One run's purse.
#[derive(Debug)]
pub(crate) struct Budget {
    units: AtomicU64,
    egress: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            units: AtomicU64::new(limits.host_call_units.into()),
            egress: AtomicU64::new(limits.egress_bytes),
        }
    }

    /// Takes the units of a host call.
    ///
    /// # Errors
    /// The limit, when too few are left. Then all are gone: a run that hit its limit ends.
    pub(crate) fn spend_units(&self, units: u64) -> Result<(), Limit> {
        take(&self.units, units).ok_or(Limit::HostCallUnits)
    }

    /// Takes bytes of an outside answer.
    ///
    /// # Errors
    /// The limit, when too few are left. Then all are gone.
    pub(crate) fn spend_egress(&self, bytes: u64) -> Result<(), Limit> {
        take(&self.egress, bytes).ok_or(Limit::EgressBytes)
    }
}

fn take(purse: &AtomicU64, amount: u64) -> Option<()> {
    let mut left = purse.load(Ordering::Relaxed);
    loop {
        let (next, enough) = left.checked_sub(amount).map_or((0, false), |rest| (rest, true));
        match purse.compare_exchange_weak(left, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return enough.then_some(()),
            Err(now) => left = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_more_is_spent_than_there_was(total in 0_u32..1_000, costs in prop::collection::vec(0_u64..100, 0..50)) {
            let budget = Budget::new(&Limits { host_call_units: total, ..Limits::default() });
            let mut spent = 0;
            let mut ended = false;
            for cost in costs {
                let fits = !ended && spent + cost <= u64::from(total);
                match budget.spend_units(cost) {
                    Ok(()) => {
                        prop_assert!(fits || cost == 0);
                        spent += cost;
                    }
                    Err(limit) => {
                        prop_assert!(!fits);
                        prop_assert_eq!(limit, Limit::HostCallUnits);
                        ended = true;
                    }
                }
            }
            prop_assert!(spent <= u64::from(total));
        }
    }
}
