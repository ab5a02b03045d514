//! The permit: proof that one action on one target was allowed, and recorded, once.
//!
//! Invariant: only [`crate::Guard::authorize`] makes one; it cannot be cloned, forged or spent twice, because whoever acts
//! takes it by value and reads the target from it. Not here: how the decision is made (`guard`).

use std::sync::Arc;

use casemate_core::{Actor, LedgerClass, Operation, PolicyVersion, RequestId, Seq};

/// Leave to perform `A` once, on the target inside.
///
/// Whoever acts takes it by value:
///
/// ```
/// # use casemate_core::{AppId, action::operation::{AppRead, LogsRead}};
/// # use casemate_policy::Permit;
/// fn read(permit: Permit<AppRead>) -> AppId {
///     permit.target().clone()
/// }
/// fn once(permit: Permit<AppRead>) {
///     read(permit);
/// }
/// ```
///
/// The same with one thing changed does not compile. It cannot be spent twice:
///
/// ```compile_fail,E0382
/// # use casemate_core::{AppId, action::operation::{AppRead, LogsRead}};
/// # use casemate_policy::Permit;
/// fn read(permit: Permit<AppRead>) -> AppId {
///     permit.target().clone()
/// }
/// fn twice(permit: Permit<AppRead>) {
///     read(permit);
///     read(permit);
/// }
/// ```
///
/// It cannot be cloned:
///
/// ```compile_fail,E0599
/// # use casemate_core::{AppId, action::operation::{AppRead, LogsRead}};
/// # use casemate_policy::Permit;
/// fn read(permit: Permit<AppRead>) -> AppId {
///     permit.target().clone()
/// }
/// fn cloned(permit: Permit<AppRead>) {
///     read(permit.clone());
/// }
/// ```
///
/// It cannot be spent on another action, though the target is of the same type:
///
/// ```compile_fail,E0308
/// # use casemate_core::{AppId, action::operation::{AppRead, LogsRead}};
/// # use casemate_policy::Permit;
/// fn read(permit: Permit<AppRead>) -> AppId {
///     permit.target().clone()
/// }
/// fn other(permit: Permit<LogsRead>) {
///     read(permit);
/// }
/// ```
///
/// It cannot be made from its parts, nor by the constructor, which only this room sees:
///
/// ```compile_fail,E0624
/// # use std::sync::Arc;
/// # use casemate_core::{Actor, AppId, PolicyVersion, RequestId, Seq, action::operation::AppRead};
/// # use casemate_policy::Permit;
/// fn forge(actor: Arc<Actor>, request: RequestId) -> Permit<AppRead> {
///     Permit::grant(AppId::platform(), actor, request, Seq(0), PolicyVersion(1))
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use std::sync::Arc;
/// # use casemate_core::{Actor, AppId, PolicyVersion, RequestId, Seq, action::operation::AppRead};
/// # use casemate_policy::Permit;
/// fn forge(target: AppId, actor: Arc<Actor>, request: RequestId) -> Permit<AppRead> {
///     Permit { target, actor, request, seq: Seq(0), version: PolicyVersion(1) }
/// }
/// ```
///
/// Nor can the target inside be changed:
///
/// ```compile_fail,E0594
/// # use casemate_core::{AppId, action::operation::{AppRead, LogsRead}};
/// # use casemate_policy::Permit;
/// fn redirect(permit: Permit<AppRead>) {
///     *permit.target() = AppId::platform();
/// }
/// ```
#[must_use = "a permit that is not spent was asked for in vain"]
pub struct Permit<A: Operation> {
    target: A::Target,
    actor: Arc<Actor>,
    request: RequestId,
    seq: Seq,
    version: PolicyVersion,
}

impl<A: Operation> std::fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit")
            .field("action", &A::ACTION)
            .field("target", &self.target)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl<A: Operation> Permit<A> {
    /// SECURITY: the only constructor, visible to `guard.rs` alone, which calls it in one place.
    pub(crate) fn grant(
        target: A::Target,
        actor: Arc<Actor>,
        request: RequestId,
        seq: Seq,
        version: PolicyVersion,
    ) -> Self {
        Self { target, actor, request, seq, version }
    }

    /// What may be acted on. There is no other way to tell a store or a connector what to act on.
    pub fn target(&self) -> &A::Target {
        &self.target
    }

    /// Who may act.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The caller on whose behalf a function acts, or the actor itself.
    pub fn caller(&self) -> &Arc<Actor> {
        self.actor.on_behalf_of.as_ref().unwrap_or(&self.actor)
    }

    /// The request that it was given for.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// Where the decision stands in the ledger.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// What must be true of that leaf before the action may take effect.
    pub fn class(&self) -> LedgerClass {
        A::ACTION.class()
    }

    /// The policy set that allowed it.
    pub fn policy_version(&self) -> PolicyVersion {
        self.version
    }
}
