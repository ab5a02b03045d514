//! The one door: every import with an effect ends in [`host_call`].
//!
//! Invariant: nothing acts before it was paid for, allowed and recorded, and, where the action demands it, before the
//! record is on disk. Bindings translate into a [`HostCall`]; a capability performs it with the permit, and reads what
//! to act on from there. Not here: what is allowed (`policy`), what acting means (the capabilities' files).

use std::future::Future;

use casemate_core::{LedgerClass, Operation, RecordError};
use casemate_policy::{Permit, Refusal};

use crate::error::RunError;
use crate::state::RunState;

/// One call of a guest that has an effect.
pub(crate) trait HostCall: Send {
    /// The action that decides on it.
    type Action: Operation;
    /// What the guest gets.
    type Answer: Send;
    /// Why it failed though it was allowed.
    type Error: Send;

    /// What it is aimed at; asked for once, before [`Self::perform`].
    fn target(&mut self, state: &RunState) -> <Self::Action as Operation>::Target;

    /// How many things it touches at once; the cost is for each.
    fn count(&self) -> u64 {
        1
    }

    /// Acts.
    fn perform(
        self,
        permit: Permit<Self::Action>,
        state: &RunState,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;
}

/// Why a call gave no answer.
#[derive(Debug)]
pub(crate) enum CallError<E> {
    /// The policies do not allow it; the guest may go on.
    Denied,
    /// The run is over: a limit was hit, or the ledger does not take entries.
    Ended(RunError),
    /// It was allowed and failed; the guest may go on.
    Failed(E),
}

/// Pays for a call, has it decided, waits for the disk where that is demanded, and performs it.
pub(crate) async fn host_call<C: HostCall>(
    state: &RunState,
    mut call: C,
) -> Result<C::Answer, CallError<C::Error>> {
    let count = call.count();
    let target = call.target(state);
    let permit = enter::<C::Action>(state, target, count)?;
    if permit.class() == LedgerClass::Durable {
        state
            .services
            .durable
            .durable(permit.seq())
            .await
            .map_err(|error| CallError::Ended(unrecorded(state, error)))?;
    }
    call.perform(permit, state).await.map_err(CallError::Failed)
}

/// The first half of the door: budget and decision. By itself enough only for actions whose whole effect is the record.
pub(crate) fn enter<A: Operation>(
    state: &RunState,
    target: A::Target,
    count: u64,
) -> Result<Permit<A>, Ended> {
    if let Some(reason) = state.ended() {
        return Err(Ended::Over(reason.clone()));
    }
    let cost = u64::from(A::ACTION.spec().cost).saturating_mul(count.max(1));
    state.budget.spend_units(cost).map_err(|limit| Ended::Over(state.hit(limit)))?;
    match state.services.guard.authorize::<A>(&state.entry, state.actor(), target) {
        Ok(permit) => Ok(permit),
        Err(Refusal::Denied { .. }) => Err(Ended::Denied),
        Err(Refusal::Unrecorded(error)) => Err(Ended::Over(unrecorded(state, error))),
    }
}

/// Why the first half of the door stayed shut.
#[derive(Debug)]
pub(crate) enum Ended {
    Denied,
    Over(RunError),
}

impl<E> From<Ended> for CallError<E> {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Denied => Self::Denied,
            Ended::Over(reason) => Self::Ended(reason),
        }
    }
}

fn unrecorded(state: &RunState, error: RecordError) -> RunError {
    state.end(RunError::Unrecorded(error))
}
