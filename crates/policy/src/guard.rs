//! The one door: decides, records, and only then mints a permit. Also the only place where a decision is reused.
//!
//! Invariants: no permit without a recorded allow. Whatever goes wrong while deciding is a deny, also an error in a policy
//! that would have forbidden. A reused decision is recorded like any other, and was made by the same policies and roles:
//! the answers live in the same [`State`] as both, which is replaced whole. Not here: what the policies say (`book`).

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use casemate_core::event::ActorRecord;
use casemate_core::{
    Action, Actor, AppId, Decision, Entry, LedgerClass, Manifest, Operation, PolicyVersion, Principal,
    Resource, Seq, Target, Timestamp, Verdict,
};

use crate::book::Book;
use crate::cache::{Cache, Found, Key};
use crate::context::Circumstances;
use crate::directory::Roles;
use crate::objection::objection;
use crate::question::{Answer, Question};
use crate::{Directory, Explanation, Permit, PolicyError, Refusal, Rules, StepUp, explain};

/// Stack that must be left for Cedar, and the size of a fresh one.
const RED_ZONE_BYTES: usize = 1 << 20;
const STACK_BYTES: usize = 2 << 20;

/// Decides who may do what.
pub struct Guard {
    state: ArcSwap<State>,
    /// Held while a new state is made, so that no change overwrites another.
    changing: Mutex<()>,
}

/// Policies, roles, and the answers that follow from them.
struct State {
    book: Arc<Book>,
    roles: Arc<Roles>,
    directory_version: u64,
    kept: Cache<Kept>,
}

/// What is kept for a principal, an action and a resource.
enum Kept {
    /// No candidate reads the context: the ruling stays the same as long as this state.
    Ruling(Ruling),
    /// Some candidate reads the context: it is asked anew each time.
    Question(Box<Question>),
}

/// An answer, and what follows from it for the caller.
#[derive(Clone)]
struct Ruling {
    answer: Answer,
    visible: bool,
    step_up: Option<StepUp>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard {
    /// A guard that knows the built-in policies and nobody's roles.
    #[must_use]
    pub fn new() -> Self {
        #[expect(clippy::expect_used, reason = "embedded constants; every test of this room makes a guard")]
        let book =
            Book::new(PolicyVersion(1), &Rules::default(), None).expect("the built-in policies are valid");
        let state = State::new(Arc::new(book), Arc::default(), 1);
        Self { state: ArcSwap::from_pointee(state), changing: Mutex::new(()) }
    }

    /// Replaces manifests and written policies, all at once.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing has changed then.
    pub fn install(&self, rules: Rules) -> Result<PolicyVersion, PolicyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.state.load_full();
        let book = Arc::new(Book::new(old.book.version.next(), &rules, Some(&old.book))?);
        let version = book.version;
        self.state.store(Arc::new(State::new(book, Arc::clone(&old.roles), old.directory_version)));
        Ok(version)
    }

    /// Replaces the roles, all at once. What was decided with the old ones is forgotten.
    pub fn update_directory(&self, directory: Directory) {
        let roles = Arc::new(Roles::new(directory));
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.state.load_full();
        let version = old.directory_version.saturating_add(1);
        self.state.store(Arc::new(State::new(Arc::clone(&old.book), roles, version)));
    }

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
        let (seq, version) = self.decide(entry, actor, A::ACTION, target.resource(), target.detail())?;
        Ok(Permit::grant(target, Arc::clone(actor), entry.request(), seq, version))
    }

    fn decide(
        &self,
        entry: &Entry,
        actor: &Actor,
        action: Action,
        resource: Resource,
        detail: Option<String>,
    ) -> Result<(Seq, PolicyVersion), Refusal> {
        let state = self.state.load();
        let now = entry.opened().at.plus(entry.age());
        let (ruling, reused) = match objection(actor, action, &resource, now) {
            Some(why) => (Ruling::refused(why), false),
            None => state.rule(entry, actor, action, &resource, now),
        };
        // A deny has no effect that would have to wait for the disk.
        let class =
            if ruling.answer.verdict == Verdict::Allow { action.class() } else { LedgerClass::Acknowledge };
        let version = state.book.version;
        let decision = Decision {
            time: now,
            http_request: None,
            actor: record_of(actor),
            action,
            resource,
            detail,
            disposition: ruling.answer.verdict,
            policies: ruling.answer.policies,
            errors: ruling.answer.errors,
            policy_version: version,
            directory_version: state.directory_version,
            reused,
        };
        // INVARIANT: recorded before anyone hears of it, whether allowed, denied or reused.
        let seq = entry.decided(class, decision).map_err(Refusal::Unrecorded)?;
        match ruling.answer.verdict {
            Verdict::Allow => Ok((seq, version)),
            Verdict::Deny => Err(Refusal::Denied { visible: ruling.visible, step_up: ruling.step_up }),
        }
    }

    /// Why a decision came out as it did, and the smallest change that would turn a deny into an allow. Speaks of the
    /// policies that are in force now, and says so when they are others than those that decided.
    #[must_use]
    pub fn explain(&self, decision: &Decision) -> Explanation {
        let state = self.state.load();
        let changed = state.book.version != decision.policy_version
            || state.directory_version != decision.directory_version;
        explain::explain(&state.book, &state.roles, decision, changed)
    }

    /// The versions of the policies and of the directory of roles that decide now: while both stay, so does every decision.
    #[must_use]
    pub fn versions(&self) -> (PolicyVersion, u64) {
        let state = self.state.load();
        (state.book.version, state.directory_version)
    }

    /// The manifest of an app that decides now. What a permit allows is the permit's to say; this is for what a manifest says
    /// beside it, so that a run of an older revision keeps nothing that its app has given up.
    #[must_use]
    pub fn manifest(&self, app: &AppId) -> Option<Arc<Manifest>> {
        self.state.load().book.manifests.get(app).cloned()
    }

    /// The version of the policies that decide now.
    #[must_use]
    pub fn version(&self) -> PolicyVersion {
        self.state.load().book.version
    }
}

fn record_of(actor: &Actor) -> ActorRecord {
    ActorRecord {
        principal: actor.principal.clone(),
        name: Arc::clone(&actor.name),
        authentication: actor.principal.is_signed_in().then(|| actor.authentication.clone()),
        on_behalf_of: actor.on_behalf_of.as_ref().map(|caller| caller.principal.clone()),
    }
}

impl State {
    fn new(book: Arc<Book>, roles: Arc<Roles>, directory_version: u64) -> Self {
        Self { book, roles, directory_version, kept: Cache::new() }
    }

    /// The ruling, and whether it was made earlier.
    fn rule(
        &self,
        entry: &Entry,
        actor: &Actor,
        action: Action,
        resource: &Resource,
        now: Timestamp,
    ) -> (Ruling, bool) {
        let on_behalf_of = actor.on_behalf_of.as_deref();
        let circumstances = Circumstances {
            entry,
            now,
            caller: on_behalf_of.unwrap_or(actor),
            on_behalf_of: on_behalf_of.map(|caller| &caller.principal),
        };
        let kept = self.kept.find(&actor.principal, action, resource);
        let kept = kept.as_ref().and_then(Found::value);
        if let Some(Kept::Ruling(ruling)) = kept {
            return (ruling.clone(), true);
        }
        // WHY: Cedar refuses to work when less than 100 KiB seem left of the *thread's* stack. A guest's host call comes in
        // on a stack of the engine's own, where that measure reads zero; there, and only there, this moves to a fresh one.
        // Where it reads too much instead, `text::MAX_DEPTH` bounds the need.
        let ruling = stacker::maybe_grow(RED_ZONE_BYTES, STACK_BYTES, || match kept {
            Some(Kept::Question(question)) => {
                self.judge(question, &circumstances, &actor.principal, resource)
            }
            _ => self.rule_anew(&circumstances, &actor.principal, action, resource),
        });
        (ruling, false)
    }

    /// The ruling on a question that was not asked before; keeps what can be used again.
    fn rule_anew(
        &self,
        circumstances: &Circumstances<'_>,
        principal: &Principal,
        action: Action,
        resource: &Resource,
    ) -> Ruling {
        let question = match Question::new(&self.book, &self.roles, principal, action, resource) {
            Ok(question) => question,
            Err(why) => return Ruling::refused(why),
        };
        let ruling = self.judge(&question, circumstances, principal, resource);
        let key = Key { principal: principal.clone(), action, resource: resource.clone() };
        // An error may pass; it is not kept as if it were an answer.
        let reusable = question.reads_no_context() && ruling.answer.errors.is_empty();
        self.kept.keep(
            key,
            if reusable { Kept::Ruling(ruling.clone()) } else { Kept::Question(Box::new(question)) },
        );
        ruling
    }

    fn judge(
        &self,
        question: &Question,
        circumstances: &Circumstances<'_>,
        principal: &Principal,
        resource: &Resource,
    ) -> Ruling {
        let answer = question.ask(&self.roles, circumstances, None).unwrap_or_else(Answer::refused);
        let mut ruling = Ruling { answer, visible: false, step_up: None };
        if ruling.answer.verdict == Verdict::Deny {
            ruling.visible = self.visible(principal, resource);
            ruling.step_up = question.step_up(&self.roles, circumstances);
        }
        ruling
    }

    /// Whether a principal may know that a resource is there: 403 rather than 404.
    fn visible(&self, principal: &Principal, resource: &Resource) -> bool {
        let app = resource.app();
        match principal {
            // Its own app's, or it would not have come this far.
            Principal::Function(_) => true,
            Principal::User(_) | Principal::Service(_) | Principal::External(_) => {
                self.roles.is_admin(principal)
                    || *resource != Resource::Platform
                        && (self.roles.in_app(principal, &app).next().is_some() || self.book.is_open(&app))
            }
            Principal::Anonymous | Principal::Setup | Principal::System => false,
        }
    }
}

impl Ruling {
    fn refused(why: String) -> Self {
        Self { answer: Answer::refused(why), visible: false, step_up: None }
    }
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod tests;
