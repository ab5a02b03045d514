//! The effective permissions of a role.
//!
//! Invariant: an allow counts when its action, its resource and its conditions do, and no deny does; a policy or boundary of which the
//! statements are not in the files makes a verdict unknown where it could change it. Not here: what is reached (`iam::reach`).

use std::cell::Cell;
use std::collections::BTreeMap;

use super::pattern::{Cover, Token, cover};
use super::target::{Index, Target, anything};
use super::{Verdict, condition, wildcard};
use crate::facts::{self, ActionFact};
use crate::graph::{App, Effect, Function, Role, Statement};
use crate::known::{Known, Name};

/// Comparing stops here for one app: about a quarter of a second.
const MAX_WORK: u64 = 100_000_000;

/// What the roles of an app may do.
#[derive(Debug)]
pub struct Grants<'a> {
    app: &'a App,
    index: Index<'a>,
    compiled: BTreeMap<&'a Name, Vec<Compiled<'a>>>,
    spent: Cell<u64>,
}

/// A statement whose resources were read.
#[derive(Debug)]
pub(super) struct Compiled<'a> {
    pub(super) statement: &'a Statement,
    resources: Vec<Vec<Token>>,
}

/// What one role may do.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'g, 'a> {
    pub(super) grants: &'g Grants<'a>,
    /// The role.
    pub role: &'a Role,
    pub(super) statements: &'g [Compiled<'a>],
}

/// What is asked of a statement.
pub(super) struct Question<'q> {
    /// The action, as the provider spells it.
    pub(super) action: &'q str,
    /// ARNs, one of which is enough; `None` when any resource will do.
    pub(super) resources: Option<&'q [Vec<Token>]>,
    /// The service that is handed a role.
    pub(super) passed_to: Option<&'q str>,
}

impl<'a> Grants<'a> {
    /// Reads the statements of all roles.
    #[must_use]
    pub fn of(app: &'a App) -> Self {
        let index = Index::of(app);
        let compile = |statement: &'a Statement| {
            let resources = statement.resources.iter().map(|text| index.pattern(text)).collect();
            Compiled { statement, resources }
        };
        let roles = app.roles.iter();
        let compiled =
            roles.map(|role| (&role.name, role.statements.iter().map(compile).collect())).collect();
        Self { app, index, compiled, spent: Cell::new(0) }
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &'a App {
        self.app
    }

    /// What a role may do; `None` for one that is not of this app.
    #[must_use]
    pub fn role(&self, name: &Name) -> Option<Permissions<'_, 'a>> {
        let role = self.app.role(name)?;
        Some(Permissions { grants: self, role, statements: self.compiled.get(name)? })
    }

    /// What a function may do; `None` where its role is not of this app or not known.
    #[must_use]
    pub fn function(&self, function: &Function) -> Option<Permissions<'_, 'a>> {
        self.role(function.role.as_ref()?.known()?)
    }

    /// Whether a pattern covers one of some resources.
    fn covers(&self, pattern: &[Token], resource: &[Token]) -> Verdict {
        let mut spent = self.spent.get();
        if spent > MAX_WORK {
            return Verdict::Unknown("the app has too many resources to compare them all".to_owned());
        }
        let found = cover(pattern, resource, &mut spent);
        self.spent.set(spent);
        match found {
            Cover::Yes => Verdict::Yes,
            Cover::No => Verdict::No,
            Cover::Maybe => {
                Verdict::Unknown("the resource is named by something that is filled in later".to_owned())
            }
            Cover::TooLong => Verdict::Unknown("the resource's text is longer than any ARN".to_owned()),
        }
    }
}

impl<'a> Permissions<'_, 'a> {
    /// Whether it may do something to a target. An action that nobody documents is unknown.
    #[must_use]
    pub fn may(&self, action: &str, target: Target<'_>) -> Verdict {
        let Some(fact) = facts::action(action) else {
            return Verdict::Unknown(format!("`{action}` is no action that is known"));
        };
        self.may_do(fact, target)
    }

    /// Whether it may do something to a target.
    #[must_use]
    pub fn may_do(&self, action: ActionFact, target: Target<'_>) -> Verdict {
        let resources = self.grants.index.resources(action, target);
        if resources.is_empty() {
            return Verdict::No;
        }
        self.judge(&Question { action: &action.text(), resources: Some(&resources), passed_to: None })
    }

    /// Whether it may do something to at least one thing, whichever: to write logs, say.
    #[must_use]
    pub fn may_somewhere(&self, action: &str) -> Verdict {
        self.judge(&Question { action, resources: None, passed_to: None })
    }

    /// Whether it may do something to all things of a kind in the account. `passed_to` is the service that is handed a role.
    #[must_use]
    pub fn may_everywhere(&self, action: ActionFact, passed_to: Option<&str>) -> Verdict {
        let resources = if action.needs_star { vec![vec![Token::Atom(0)]] } else { anything(action) };
        self.judge(&Question { action: &action.text(), resources: Some(&resources), passed_to })
    }

    /// The statements that allow something to a target, or may.
    #[must_use]
    pub fn because(&self, action: ActionFact, target: Target<'_>) -> Vec<&'a Statement> {
        let (resources, text) = (self.grants.index.resources(action, target), action.text());
        let question = Question { action: &text, resources: Some(&resources), passed_to: None };
        let allows = self.statements.iter().filter(|compiled| compiled.statement.may_allow());
        allows
            .filter(|compiled| self.applies(compiled, &question).is_possible())
            .map(|it| it.statement)
            .collect()
    }

    pub(super) fn judge(&self, question: &Question<'_>) -> Verdict {
        let (mut allowed, mut denied) = (Verdict::No, Verdict::No);
        for compiled in self.statements {
            match &compiled.statement.effect {
                Known::Value(Effect::Allow) => allowed = allowed.or(self.applies(compiled, question)),
                Known::Value(Effect::Deny) => denied = denied.or(self.applies(compiled, question)),
                Known::Unknown(why) if self.applies(compiled, question).is_possible() => {
                    allowed = allowed.or(Verdict::Unknown(why.clone()));
                }
                Known::Unknown(_) => {}
            }
        }
        self.bounded(self.with_unread(allowed), question).and(match denied {
            Verdict::No => Verdict::Yes,
            Verdict::Yes => Verdict::No,
            // A deny for some resources only is no deny for the others; which one is asked about is not known.
            Verdict::Unknown(why) => Verdict::Unknown(why),
        })
    }

    /// A policy that nobody has read may allow what no other does.
    fn with_unread(&self, allowed: Verdict) -> Verdict {
        let unread = self.role.managed.iter().find_map(|managed| {
            let why = managed.statements.why()?;
            Some(Verdict::Unknown(format!("the policy `{}` could not be read: {why}", managed.policy)))
        });
        if allowed.is_no() { allowed.or(unread.unwrap_or(Verdict::No)) } else { allowed }
    }

    /// A boundary takes away what it does not allow itself.
    fn bounded(&self, allowed: Verdict, question: &Question<'_>) -> Verdict {
        let Some(boundary) = self.role.boundary.as_ref().filter(|_| allowed.is_possible()) else {
            return allowed;
        };
        let known = boundary.as_literal().and_then(facts::managed_policy);
        let Some(statements) = known.and_then(|policy| policy.at(boundary.place)) else {
            return allowed.and(Verdict::Unknown(format!("the role is bounded by `{boundary}`")));
        };
        let (mut within, mut denied) = (Verdict::No, Verdict::No);
        for statement in &statements {
            let resources = statement.resources.iter().map(|text| self.grants.index.pattern(text)).collect();
            let applies = self.applies(&Compiled { statement, resources }, question);
            if statement.may_allow() { within = within.or(applies) } else { denied = denied.or(applies) }
        }
        let not_denied = if denied.is_yes() { Verdict::No } else { Verdict::Yes };
        allowed.and(within).and(not_denied)
    }

    /// Whether a statement speaks of what is asked, whatever its effect.
    pub(super) fn applies(&self, compiled: &Compiled<'_>, question: &Question<'_>) -> Verdict {
        let statement = compiled.statement;
        let action = speaks_of(statement, question.action);
        if action.is_no() {
            return action;
        }
        let resource = match question.resources {
            None => Verdict::Yes,
            Some(resources) => self.names(compiled, resources),
        };
        if resource.is_no() {
            return resource;
        }
        action.and(resource).and(condition::hold(&statement.conditions, question.passed_to))
    }

    fn names(&self, compiled: &Compiled<'_>, resources: &[Vec<Token>]) -> Verdict {
        let mut found = Verdict::No;
        for resource in resources {
            let one = |all: Verdict, pattern: &Vec<Token>| {
                if all.is_yes() { all } else { all.or(self.grants.covers(pattern, resource)) }
            };
            let named = compiled.resources.iter().fold(Verdict::No, one);
            found = found.or(if compiled.statement.not_resources { not(named) } else { named });
        }
        found
    }
}

fn not(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Yes => Verdict::No,
        Verdict::No => Verdict::Yes,
        unknown @ Verdict::Unknown(_) => unknown,
    }
}

/// Whether the actions of a statement cover one.
pub(super) fn speaks_of(statement: &Statement, action: &str) -> Verdict {
    let mut found = Verdict::No;
    for setting in &statement.actions {
        found = found.or(match &setting.value {
            Known::Value(pattern) if wildcard::covers_action(pattern, action) => Verdict::Yes,
            Known::Value(_) => Verdict::No,
            Known::Unknown(why) => Verdict::Unknown(format!("an action cannot be told: {why}")),
        });
        if found.is_yes() {
            break;
        }
    }
    if statement.not_actions { not(found) } else { found }
}

#[cfg(test)]
pub(super) mod tests;
