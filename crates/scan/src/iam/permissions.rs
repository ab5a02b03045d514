//! The effective permissions of a role.
//!
//! Invariant: an allow counts when its action, its resource and its conditions do, and no deny does; a policy or boundary of which the
//! statements are not in the files makes a verdict unknown where it could change it. Not here: what is reached (`iam::reach`).

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::actions::Actions;
use super::pattern::{Cover, Token, cover};
use super::reach::Reaches;
use super::target::{Index, Target, anything};
use super::{Verdict, condition};
use crate::facts::{self, ActionFact};
use crate::graph::{App, Condition, Effect, Function, Role, Statement};
use crate::known::{Known, Name};
use crate::source::Place;

/// Comparing stops here for one app: about a quarter of a second.
const MAX_WORK: u64 = 100_000_000;
/// More statements fit into no role: the provider bounds the characters of all its policies.
const MAX_STATEMENTS: usize = 1_500;

/// What the roles of an app may do.
#[derive(Debug)]
pub struct Grants<'a> {
    app: &'a App,
    pub(super) index: Index<'a>,
    roles: BTreeMap<&'a Name, Compared<'a>>,
    pub(super) spent: Cell<u64>,
    pub(super) reaches: Reaches<'a>,
}

/// A role that was made ready for comparing.
#[derive(Debug)]
struct Compared<'a> {
    role: &'a Role,
    statements: Vec<Compiled<'a>>,
    bounds: Option<Bounds<'a>>,
    /// The same number for roles that say the same, whatever their names and wherever that stands.
    class: usize,
    /// Why it may be allowed more than its statements say, and where.
    unread: Option<(Place, String)>,
}

/// A statement whose resources were read.
#[derive(Debug)]
pub(super) struct Compiled<'a> {
    pub(super) statement: &'a Statement,
    pub(super) actions: Actions<'a>,
    resources: Vec<Vec<Token>>,
}

/// What the policy that bounds a role says, or why that cannot be told.
#[derive(Debug)]
pub(super) enum Bounds<'a> {
    Read(Vec<Compiled<'a>>),
    Unread(String),
}

/// What one role may do.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'g, 'a> {
    pub(super) grants: &'g Grants<'a>,
    /// The role.
    pub role: &'a Role,
    pub(super) statements: &'g [Compiled<'a>],
    pub(super) bounds: Option<&'g Bounds<'a>>,
    class: usize,
    pub(super) unread: Option<&'g (Place, String)>,
    /// Whether policies that could not be read may allow what no other does.
    pub(super) heeds_unread: bool,
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
            Compiled { statement, actions: Actions::of(statement), resources }
        };
        let mut classes = HashMap::new();
        let mut compared = |role: &'a Role| {
            let unread = why_unread(role);
            let next = classes.len();
            let class = *classes.entry(likeness(role, unread.as_ref())).or_insert(next);
            let statements = role.statements.iter().take(MAX_STATEMENTS).map(compile).collect();
            let bounds = role.boundary.as_ref().map(|boundary| match &boundary.statements {
                Known::Value(statements) => {
                    Bounds::Read(statements.iter().take(MAX_STATEMENTS).map(compile).collect())
                }
                Known::Unknown(why) => {
                    let policy = &boundary.policy;
                    Bounds::Unread(format!(
                        "the role is bounded by `{policy}`, which could not be read: {why}"
                    ))
                }
            });
            (&role.name, Compared { role, statements, bounds, class, unread })
        };
        let roles = app.roles.iter().map(&mut compared).collect();
        Self { app, reaches: Reaches::of(app), index, roles, spent: Cell::new(0) }
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &'a App {
        self.app
    }

    /// What a role may do; `None` for one that is not of this app.
    #[must_use]
    pub fn role(&self, name: &Name) -> Option<Permissions<'_, 'a>> {
        let Compared { role, statements, bounds, class, unread } = self.roles.get(name)?;
        let (bounds, class, unread) = (bounds.as_ref(), *class, unread.as_ref());
        Some(Permissions { grants: self, role, statements, bounds, class, unread, heeds_unread: true })
    }

    /// The role that a function runs with, where that is one of this app.
    #[must_use]
    pub fn role_of(&self, function: &Function) -> Option<&'a Role> {
        self.roles.get(function.role.as_ref()?.known()?).map(|compared| compared.role)
    }

    /// What a function may do; `None` where its role is not of this app or not known.
    #[must_use]
    pub fn function(&self, function: &Function) -> Option<Permissions<'_, 'a>> {
        self.role(function.role.as_ref()?.known()?)
    }

    /// Whether something that was asked of these roles was too much to compare.
    #[must_use]
    pub fn left_out(&self) -> bool {
        self.reaches.left_out()
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
    /// The same without the policies that could not be read: what is certain to be granted or not by all others.
    #[must_use]
    pub fn without_unread(self) -> Self {
        Self { heeds_unread: false, ..self }
    }

    /// The same without the policy that bounds the role.
    #[must_use]
    pub fn without_bounds(self) -> Self {
        Self { bounds: None, ..self }
    }

    /// Why it cannot be told what the policy that bounds the role leaves, and where that stands.
    #[must_use]
    pub fn why_unbounded(&self) -> Option<(Place, &str)> {
        match (self.bounds?, &self.role.boundary) {
            (Bounds::Unread(why), Some(boundary)) => Some((boundary.policy.place, why)),
            _ => None,
        }
    }

    /// Whether nothing takes away what a statement allows: no deny and no policy that bounds the role.
    #[must_use]
    pub fn is_only_granted(&self) -> bool {
        self.bounds.is_none() && self.statements.iter().all(|it| it.statement.may_allow())
    }

    /// Whether a policy bounds the role.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.bounds.is_some()
    }

    /// Takes from the work that one app may be what one question costs; false when there is not so much left.
    #[must_use]
    pub fn affords(&self) -> bool {
        self.affords_patterns(self.all_statements().map(|it| it.statement.actions.len()).sum())
    }

    /// The same for so many patterns of actions: one costs as much as several tokens of a resource.
    pub(super) fn affords_patterns(&self, patterns: usize) -> bool {
        let spent = self.grants.spent.get().saturating_add(patterns as u64 * 16);
        self.grants.spent.set(spent);
        spent <= MAX_WORK
    }

    /// Why the role may be allowed more than its statements say, and where.
    #[must_use]
    pub fn why_unread(&self) -> Option<(Place, String)> {
        self.unread.cloned()
    }

    /// A number that roles share which say the same, wherever they say it: what one of them reaches, the others reach.
    pub(crate) fn class(&self) -> usize {
        self.class
    }

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
        self.ask(action, None, || self.grants.index.resources(action, target))
    }

    /// Whether it may do something to at least one thing, whichever: to write logs, say.
    #[must_use]
    pub fn may_somewhere(&self, action: &str) -> Verdict {
        self.judge(&Question { action, resources: None, passed_to: None })
    }

    /// Whether it may do something to all things of a kind in the account. `passed_to` is the service that is handed a role.
    #[must_use]
    pub fn may_everywhere(&self, action: ActionFact, passed_to: Option<&str>) -> Verdict {
        let all = || if action.needs_star { vec![vec![Token::Atom(0)]] } else { anything(action) };
        self.ask(action, passed_to, all)
    }

    /// Most questions end with the action: only then are resources looked for.
    fn ask(&self, action: ActionFact, passed_to: Option<&str>, of: impl Fn() -> Vec<Vec<Token>>) -> Verdict {
        let text = action.text();
        if self.judge(&Question { action: &text, resources: None, passed_to }).is_no() {
            return Verdict::No;
        }
        match of() {
            resources if resources.is_empty() => Verdict::No,
            resources => self.judge(&Question { action: &text, resources: Some(&resources), passed_to }),
        }
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
        let (allowed, denied) = decide(self.statements, |_, compiled| self.applies(compiled, question));
        self.bounded(self.with_unread(allowed), question).and(not(denied))
    }

    /// A policy that nobody has read may allow what no other does.
    pub(super) fn with_unread(&self, allowed: Verdict) -> Verdict {
        let unread = self.unread.filter(|_| self.heeds_unread && allowed.is_no());
        unread.map_or(allowed, |(_, why)| Verdict::Unknown(why.clone()))
    }

    /// A boundary takes away what it does not allow itself.
    fn bounded(&self, allowed: Verdict, question: &Question<'_>) -> Verdict {
        if allowed.is_no() {
            return allowed;
        }
        self.within(allowed, |_, compiled| self.applies(compiled, question))
    }

    /// What is left within the role's boundary, given what each of its statements says.
    pub(super) fn within(
        &self,
        allowed: Verdict,
        applies: impl Fn(usize, &Compiled<'a>) -> Verdict,
    ) -> Verdict {
        match self.bounds {
            None => allowed,
            Some(Bounds::Unread(why)) => allowed.and(Verdict::Unknown(why.clone())),
            Some(Bounds::Read(statements)) => {
                let (within, denied) = decide(statements, applies);
                allowed.and(within).and(not(denied))
            }
        }
    }

    /// The role's own statements and behind them those of its boundary.
    pub(super) fn all_statements(&self) -> impl Iterator<Item = &Compiled<'a>> {
        let bounds = match self.bounds {
            Some(Bounds::Read(statements)) => statements.as_slice(),
            _ => &[],
        };
        self.statements.iter().chain(bounds)
    }

    /// Whether a statement speaks of what is asked, whatever its effect.
    pub(super) fn applies(&self, compiled: &Compiled<'_>, question: &Question<'_>) -> Verdict {
        let statement = compiled.statement;
        let action = compiled.actions.speak_of(question.action);
        if action.is_no() {
            return action;
        }
        let resource = match question.resources {
            // A deny of some things leaves the others.
            None if statement.may_allow() || compiled.resources.iter().any(|it| *it == [Token::Run]) => {
                Verdict::Yes
            }
            None => Verdict::No,
            Some(resources) => self.names(compiled, resources),
        };
        if resource.is_no() {
            return resource;
        }
        action.and(resource).and(condition::hold(&statement.conditions, question.passed_to))
    }

    pub(super) fn names(&self, compiled: &Compiled<'_>, resources: &[Vec<Token>]) -> Verdict {
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

fn why_unread(role: &Role) -> Option<(Place, String)> {
    let unread = role.managed.iter().find_map(|managed| {
        let why = managed.statements.why()?;
        Some((managed.policy.place, format!("the policy `{}` could not be read: {why}", managed.policy)))
    });
    let cut = || (role.place, "the role has more statements than the provider takes".to_owned());
    unread.or_else(|| (role.statements.len() > MAX_STATEMENTS).then(cut))
}

/// What statements allow and deny, given what each of them says to a question.
pub(super) fn decide<'a>(
    statements: &[Compiled<'a>],
    applies: impl Fn(usize, &Compiled<'a>) -> Verdict,
) -> (Verdict, Verdict) {
    let (mut allowed, mut denied) = (Verdict::No, Verdict::No);
    for (at, compiled) in statements.iter().enumerate() {
        match &compiled.statement.effect {
            Known::Value(Effect::Allow) if allowed.is_yes() => {}
            Known::Value(Effect::Allow) => allowed = allowed.or(applies(at, compiled)),
            Known::Value(Effect::Deny) => denied = denied.or(applies(at, compiled)),
            Known::Unknown(why) if applies(at, compiled).is_possible() => {
                allowed = allowed.or(Verdict::Unknown(why.clone()));
            }
            Known::Unknown(_) => {}
        }
    }
    (allowed, denied)
}

/// All that a role's permissions depend on, as a text: everything but names and places.
fn likeness(role: &Role, unread: Option<&(Place, String)>) -> String {
    let mut key = format!("{:?}", unread.map(|(_, why)| why));
    role.statements.iter().take(MAX_STATEMENTS).for_each(|statement| add_likeness(&mut key, statement));
    // Writing to a text cannot fail.
    match role.boundary.as_ref().map(|boundary| (&boundary.statements, &boundary.policy.pieces)) {
        None => {}
        Some((Known::Unknown(why), pieces)) => _ = write!(key, "\nbounded by {why:?} {pieces:?}"),
        Some((Known::Value(statements), _)) => {
            key.push_str("\nbounded by");
            statements.iter().take(MAX_STATEMENTS).for_each(|statement| add_likeness(&mut key, statement));
        }
    }
    key
}

fn add_likeness(key: &mut String, statement: &Statement) {
    let actions: Vec<_> = statement.actions.iter().map(|action| &action.value).collect();
    let resources: Vec<_> = statement.resources.iter().map(|text| &text.pieces).collect();
    let hold = |condition: &Condition| {
        let values: Vec<_> = condition.values.iter().map(|value| &value.pieces).collect();
        format!("{:?} {:?} {values:?}", condition.operator, condition.key)
    };
    let conditions: Vec<_> = statement.conditions.iter().map(hold).collect();
    let Statement { effect, not_actions, not_resources, .. } = statement;
    // Writing to a text cannot fail.
    let _ =
        write!(key, "\n{effect:?} {not_actions} {actions:?} {not_resources} {resources:?} {conditions:?}");
}

pub(super) fn not(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Yes => Verdict::No,
        Verdict::No => Verdict::Yes,
        unknown @ Verdict::Unknown(_) => unknown,
    }
}

#[cfg(test)]
pub(super) mod tests;
