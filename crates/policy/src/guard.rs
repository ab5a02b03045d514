//! The one place where something is allowed.

use std::sync::Arc;

use casemate_core::event::ActorRecord;
use casemate_core::{Actor, Decision, Entry, LedgerClass, Operation, PolicyVersion, Target, Verdict};

use crate::{Directory, Explanation, Permit, PolicyError, Refusal, Rules};

/// Decides, records, and only then mints a permit.
#[derive(Debug, Default)]
pub struct Guard(());

impl Guard {
    /// A guard that knows the built-in policies and nobody's roles.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    /// Replaces manifests and written policies, all at once.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing has changed then.
    pub fn install(&self, _rules: Rules) -> Result<PolicyVersion, PolicyError> {
        Ok(PolicyVersion(1))
    }

    /// Replaces the roles, all at once. Decisions that were made with the old ones are dropped.
    pub fn update_directory(&self, _directory: Directory) {}

    /// May `actor` do `A` to `target`? Decides, records the decision, and only then gives a permit.
    ///
    /// # Errors
    /// [`Refusal::Denied`] when the policies do not allow it, or anything went wrong while deciding;
    /// [`Refusal::Unrecorded`] when the ledger did not take the decision.
    pub fn authorize<A: Operation>(
        &self,
        entry: &Entry,
        actor: &Arc<Actor>,
        target: A::Target,
    ) -> Result<Permit<A>, Refusal> {
        let decision = Decision {
            time: entry.opened().at,
            http_request: None,
            actor: ActorRecord {
                principal: actor.principal.clone(),
                name: Arc::clone(&actor.name),
                authentication: None,
                on_behalf_of: actor.on_behalf_of.as_ref().map(|caller| caller.principal.clone()),
            },
            action: A::ACTION,
            resource: target.resource(),
            detail: target.detail(),
            disposition: Verdict::Deny,
            policies: Arc::default(),
            errors: Vec::new(),
            policy_version: PolicyVersion(1),
            directory_version: 0,
            reused: false,
        };
        let allowed = decision.disposition == Verdict::Allow;
        let seq = entry.decided(LedgerClass::Acknowledge, decision).map_err(Refusal::Unrecorded)?;
        if allowed {
            return Ok(Permit::grant(target, Arc::clone(actor), entry.request(), seq, PolicyVersion(1)));
        }
        Err(Refusal::Denied { visible: false, step_up: None })
    }

    /// Why a decision came out as it did.
    #[must_use]
    pub fn explain(&self, decision: &Decision) -> Explanation {
        Explanation {
            question: String::new(),
            disposition: decision.disposition,
            policies: Vec::new(),
            errors: decision.errors.clone(),
            changed_since: false,
            advice: None,
        }
    }

    /// The version of the policies that decide now.
    #[must_use]
    pub fn version(&self) -> PolicyVersion {
        PolicyVersion(1)
    }
}
