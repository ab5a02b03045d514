//! A bounded place to keep answers: one slot for each hash, and the newcomer wins.
//!
//! Invariant: what is found is what was asked for (the key is compared, not only its hash), and the memory is bounded by
//! the number of slots. Reading takes no lock. Not here: what may be kept (`guard`).

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use casemate_core::{Action, Principal, Resource};

/// Principal, action and resource: what a decision that reads no context depends on, beside policies and roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) resource: Resource,
}

const SLOTS: usize = 4096;

#[derive(Debug)]
pub(crate) struct Cache<V> {
    slots: Box<[ArcSwapOption<(Key, V)>]>,
    hasher: RandomState,
}

impl<V> Cache<V> {
    pub(crate) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| ArcSwapOption::empty()).collect(), hasher: RandomState::new() }
    }

    fn slot(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Option<&ArcSwapOption<(Key, V)>> {
        let hash = self.hasher.hash_one((principal, action, resource));
        let slots = u64::try_from(self.slots.len()).ok()?;
        self.slots.get(usize::try_from(hash.checked_rem(slots)?).ok()?)
    }

    /// What was kept for exactly this key.
    pub(crate) fn find(
        &self,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Option<Found<V>> {
        let found = Found(self.slot(principal, action, resource)?.load());
        let (key, _) = found.0.as_deref()?;
        (key.action == action && key.principal == *principal && key.resource == *resource).then_some(found)
    }

    /// Keeps a value in its slot, whoever was there.
    pub(crate) fn keep(&self, key: Key, value: V) {
        if let Some(slot) = self.slot(&key.principal, key.action, &key.resource) {
            slot.store(Some(Arc::new((key, value))));
        }
    }
}

/// What was found, for as long as it is looked at.
pub(crate) struct Found<V>(arc_swap::Guard<Option<Arc<(Key, V)>>>);

impl<V> Found<V> {
    pub(crate) fn value(&self) -> Option<&V> {
        self.0.as_deref().map(|(_, value)| value)
    }
}
