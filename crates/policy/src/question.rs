//! One question to Cedar: which policies can have a say, the entities that they may ask about, and the answer.
//!
//! Invariant: an error in any policy is a deny. Cedar itself leaves a policy out that errs, also one that forbids. Not here:
//! whether an earlier answer will do (`guard`).

use std::sync::Arc;

use casemate_core::resource::clip;
use casemate_core::{Action, Method, Principal, Resource, Verdict};
use cedar_policy::{AuthorizationError, Authorizer, Entities, EntityUid, Request};

use crate::StepUp;
use crate::book::{Book, Candidates};
use crate::context::Circumstances;
use crate::directory::Roles;
use crate::reads::Reads;
use crate::words;

/// All of a question but the context.
pub(crate) struct Question {
    book: Arc<Book>,
    candidates: Arc<Candidates>,
    uids: [EntityUid; 3],
    entities: Entities,
}

/// What Cedar says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// The policies that determined it, sorted.
    pub(crate) policies: Arc<[Arc<str>]>,
    /// What made it a deny in spite of the policies.
    pub(crate) errors: Vec<String>,
}

impl Answer {
    /// A deny for a reason that no policy gave.
    pub(crate) fn refused(why: String) -> Self {
        Self { verdict: Verdict::Deny, policies: Arc::default(), errors: vec![why] }
    }
}

impl Question {
    pub(crate) fn new(
        book: &Arc<Book>,
        roles: &Roles,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Result<Self, String> {
        let mut entities = vec![roles.entity(principal), words::action_entity(action)];
        let resource = words::resource_entity(resource);
        let uids = [words::principal_uid(principal), words::action_uid(action), resource.uid()];
        let [principal_uid, action_uid, resource_uid] = &uids;
        // A function may act on itself.
        if principal_uid != resource_uid {
            entities.push(resource);
        }
        let entities = Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
        let candidates = book.candidates([principal_uid, action_uid, resource_uid], &entities)?;
        Ok(Self { book: Arc::clone(book), candidates, uids, entities })
    }

    /// Whether the answer depends on nothing but principal, action, resource, policies and roles.
    pub(crate) fn reads_no_context(&self) -> bool {
        self.candidates.reads.is_nothing()
    }

    /// Asks. `imagined`: as if the caller had just used this method, too.
    pub(crate) fn ask(
        &self,
        roles: &Roles,
        circumstances: &Circumstances<'_>,
        imagined: Option<Method>,
    ) -> Result<Answer, String> {
        let reads = self.candidates.reads;
        let context = circumstances.context(reads, imagined)?;
        let [principal, action, resource] = self.uids.clone();
        let request =
            Request::new(principal, action, resource, context, None).map_err(|error| error.to_string())?;
        let asks_for_caller = reads.has(Reads::USER.and(Reads::SERVICE).and(Reads::EXTERNAL));
        let caller = circumstances.on_behalf_of.filter(|caller| asks_for_caller && caller.is_signed_in());
        let response = match caller {
            None => Authorizer::new().is_authorized(&request, &self.candidates.set, &self.entities),
            Some(caller) => {
                let entities = self.entities.iter().cloned().chain([roles.entity(caller)]);
                let entities = Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
                Authorizer::new().is_authorized(&request, &self.candidates.set, &entities)
            }
        };
        let diagnostics = response.diagnostics();
        let errors: Vec<_> = diagnostics.errors().map(|error| clip(&error.to_string(), 500)).collect();
        // SECURITY: an error may hide a policy that would have forbidden.
        let allowed = response.decision() == cedar_policy::Decision::Allow && errors.is_empty();
        let failed =
            diagnostics.errors().map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id());
        let mut policies: Vec<_> = if errors.is_empty() {
            diagnostics.reason().map(|id| self.book.shared_id(id)).collect()
        } else {
            failed.map(|id| self.book.shared_id(id)).collect()
        };
        policies.sort_unstable();
        Ok(Answer {
            verdict: if allowed { Verdict::Allow } else { Verdict::Deny },
            policies: policies.into(),
            errors,
        })
    }

    /// The stronger authentication, among those that the policies name, that would turn a deny into an allow.
    pub(crate) fn step_up(&self, roles: &Roles, circumstances: &Circumstances<'_>) -> Option<StepUp> {
        if !circumstances.caller.principal.is_signed_in() {
            return None;
        }
        let lifts = |method: &Method| {
            let answer = self.ask(roles, circumstances, Some(*method));
            answer.is_ok_and(|answer| answer.verdict == Verdict::Allow)
        };
        self.candidates.step_ups.iter().copied().find(lifts).map(|method| StepUp { method })
    }
}
