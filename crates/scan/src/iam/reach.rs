//! What a role reaches: each store, secret and function of the app, and whole services of the account.
//!
//! Invariant: a thing is listed when something may be done to it, or may perhaps; with the statements that say so. Not here: how
//! somebody comes to have the role (`paths`).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::OnceLock;

use super::deed::{Deed, deed, deed_services};
use super::permissions::{Compiled, decide, not};
use super::target::Form;
use super::{Permissions, Target, Verdict, condition};
use crate::facts::{self, ActionFact, Level};
use crate::graph::App;
use crate::source::Place;

/// What a role may do to one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold<'a> {
    /// The thing.
    pub target: Target<'a>,
    /// The provider's levels that it has there.
    pub levels: Rc<BTreeMap<Level, Verdict>>,
    /// What that comes to.
    pub deeds: Rc<BTreeMap<Deed, Verdict>>,
    /// The numbers of the role's statements that grant that: see [`Permissions::places`].
    pub statements: Rc<BTreeSet<usize>>,
}

/// What a role reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach<'a> {
    /// Whether it may do everything to everything.
    pub everything: Verdict,
    /// Things of the app.
    pub holds: Vec<Hold<'a>>,
    /// Services of the account in which it is bound to no thing: [`Target::All`].
    pub wide: Vec<Hold<'a>>,
    /// Whether things of the app were not compared, because the app has too many of them for its roles.
    pub left_out: bool,
}

/// Things times roles that are compared for one app: about half a second.
const MAX_COMPARED: usize = 400_000;

/// What the roles of an app reach, as far as anybody asked.
#[derive(Debug)]
pub(super) struct Reaches<'a> {
    targets: Vec<Target<'a>>,
    /// The forms of each target, made when the first role may reach it.
    forms: Vec<OnceCell<Vec<Form>>>,
    /// The targets that a service's actions can touch.
    near: BTreeMap<&'a str, Vec<usize>>,
    /// By class of roles, whether unread policies are heeded, and whether the boundary is.
    found: RefCell<BTreeMap<(usize, bool, bool), Rc<Reach<'a>>>>,
    left: Cell<usize>,
}

/// Parts of holds that are the same for many things: a role of wildcards holds all things alike.
#[derive(Default)]
struct Same {
    levels: BTreeSet<Rc<BTreeMap<Level, Verdict>>>,
    deeds: BTreeSet<Rc<BTreeMap<Deed, Verdict>>>,
    statements: BTreeSet<Rc<BTreeSet<usize>>>,
}

fn shared<T: Ord>(known: &mut BTreeSet<Rc<T>>, value: T) -> Rc<T> {
    if let Some(found) = known.get(&value) {
        return Rc::clone(found);
    }
    let made = Rc::new(value);
    known.insert(Rc::clone(&made));
    made
}

/// An action that touches things.
#[derive(Debug)]
struct Touching {
    fact: ActionFact,
    /// `dynamodb:putitem`.
    small: String,
    deed: Option<Deed>,
    kinds: Vec<&'static str>,
}

/// Actions of one service that some statement may allow, and of which every statement says the same: one verdict does for all.
#[derive(Debug)]
struct Spoken {
    service: &'static str,
    kinds: &'static [&'static str],
    /// The levels of all of them, and what they come to.
    levels: BTreeSet<Level>,
    deeds: BTreeSet<Deed>,
    said: Said,
}

/// The statements that may speak of an action, by their numbers (those of the boundary follow those of the role): whether they do and
/// their conditions hold.
type Said = Vec<(usize, Verdict)>;

type Table = BTreeMap<&'static str, Vec<Spoken>>;

/// The actions of one service that touch things, with what they come to.
fn actions(service: &'static str) -> &'static [Touching] {
    static TABLE: OnceLock<BTreeMap<&'static str, OnceLock<Vec<Touching>>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| deed_services().map(|service| (service, OnceLock::new())).collect());
    let touching = |fact: ActionFact| Touching {
        fact,
        small: fact.text().to_ascii_lowercase(),
        deed: deed(fact),
        kinds: fact.kinds().collect(),
    };
    let read = || facts::actions_of(service).filter(|fact| !fact.needs_star).map(touching).collect();
    table.get(service).map_or(&[], |cell| cell.get_or_init(read))
}

impl<'a> Reaches<'a> {
    /// The things of an app, none of which was compared yet.
    pub(super) fn of(app: &'a App) -> Self {
        let stores = app.stores.iter().map(Target::Store);
        let targets = stores.chain(app.secrets.iter().map(Target::Secret));
        let targets: Vec<_> = targets.chain(app.functions.iter().map(Target::Function)).collect();
        let mut near: BTreeMap<&'a str, Vec<usize>> = BTreeMap::new();
        for (at, target) in targets.iter().enumerate() {
            target.services().into_iter().for_each(|service| near.entry(service).or_default().push(at));
        }
        let forms = targets.iter().map(|_| OnceCell::new()).collect();
        Self { targets, forms, near, found: RefCell::default(), left: Cell::new(MAX_COMPARED) }
    }

    /// Whether there was too much to compare.
    pub(super) fn left_out(&self) -> bool {
        self.found.borrow().values().any(|reach| reach.left_out)
    }

    /// Lets less work be done than there might be.
    #[cfg(test)]
    pub(super) fn limit(&self, work: usize) {
        self.left.set(work);
    }

    /// How often a role was compared with the app's things.
    #[cfg(test)]
    pub(super) fn compared(&self) -> usize {
        self.found.borrow().len()
    }

    /// Takes from the work that one app may be; false when there is not so much left.
    fn spend(&self, work: usize) -> bool {
        let left = self.left.get().checked_sub(work);
        self.left.set(left.unwrap_or_else(|| self.left.get()));
        left.is_some()
    }
}

impl<'a> Permissions<'_, 'a> {
    /// What the role reaches. It is worked out once for all roles that say the same.
    #[must_use]
    pub fn reach(&self) -> Rc<Reach<'a>> {
        // A role of which every policy was read is the same with and without heeding the others.
        let key = (self.class(), self.heeds_unread && self.unread.is_some(), self.bounds.is_some());
        let reaches = &self.grants.reaches;
        if let Some(found) = reaches.found.borrow().get(&key) {
            return Rc::clone(found);
        }
        let reach = Rc::new(self.compare());
        reaches.found.borrow_mut().insert(key, Rc::clone(&reach));
        reach
    }

    fn compare(&self) -> Reach<'a> {
        let reaches = &self.grants.reaches;
        let everything = self.everything();
        let table: Option<Table> =
            deed_services().map(|service| Some((service, self.spoken(service)?))).collect();
        let Some(table) = table else {
            return Reach { everything, holds: Vec::new(), wide: Vec::new(), left_out: true };
        };
        let spoken = table.iter().filter(|(_, groups)| !groups.is_empty());
        let near: BTreeSet<usize> =
            spoken.filter_map(|(service, _)| reaches.near.get(service)).flatten().copied().collect();
        let mut same = Same::default();
        let wide = table.iter().filter(|(_, groups)| !groups.is_empty());
        let wide = wide
            .filter_map(|(service, _)| {
                let target = Target::All(service);
                let forms = self.grants.index.shapes(target);
                self.hold(target, &forms, &table, &mut same)
            })
            .collect();
        // Statements that a role has many of are compared with every thing as well.
        let left_out = !reaches.spend(near.len() * (1 + self.statements.len() / 8));
        let targets = near.into_iter().filter(|_| !left_out);
        let holds = targets.filter_map(|at| {
            let target = *reaches.targets.get(at)?;
            let forms = reaches.forms.get(at)?.get_or_init(|| self.grants.index.shapes(target));
            self.hold(target, forms, &table, &mut same)
        });
        Reach { everything, holds: holds.collect(), wide, left_out }
    }

    /// Where a hold of this role is granted.
    #[must_use]
    pub fn places(&self, hold: &Hold<'_>) -> BTreeSet<Place> {
        let statements = hold.statements.iter().filter_map(|at| self.statements.get(*at));
        statements.map(|compiled| compiled.statement.place).collect()
    }

    /// Whether it may do everything to everything: nobody needs a list then.
    #[must_use]
    pub fn everything(&self) -> Verdict {
        // Whoever may write its own policy on anything, delete any bucket and decrypt anything is bounded by nothing.
        let signs =
            ["iam:PutRolePolicy", "s3:DeleteBucket", "kms:Decrypt", "ec2:RunInstances", "sts:AssumeRole"];
        let all = signs.into_iter().filter_map(facts::action);
        all.fold(
            Verdict::Yes,
            |all, fact| if all.is_no() { all } else { all.and(self.may_everywhere(fact, None)) },
        )
    }

    /// The actions of a service of which some statement speaks that may allow; `None` where that is too much to compare.
    fn spoken(&self, service: &'static str) -> Option<Vec<Spoken>> {
        let own = self.statements.len();
        let near = self.all_statements().enumerate().filter(|(_, one)| one.actions.is_near(service));
        let near: Vec<_> = near.collect();
        let unread = self.heeds_unread && self.unread.is_some();
        if !unread && near.iter().all(|(at, _)| *at >= own) {
            return Some(Vec::new());
        }
        let patterns: usize = near.iter().map(|(_, one)| one.actions.work(service)).sum();
        if !self.affords_patterns(patterns * actions(service).len() / 4) {
            return None;
        }
        let condition = |one: &Compiled<'_>| condition::hold(&one.statement.conditions, None);
        let near: Vec<_> = near.into_iter().map(|(at, one)| (at, one, condition(one))).collect();
        let near: Vec<_> = near.iter().filter(|(_, _, condition)| condition.is_possible()).collect();
        let mut groups: BTreeMap<(&[&str], Said), Spoken> = BTreeMap::new();
        for action in actions(service) {
            let say = |(at, one, condition): &&(usize, &Compiled<'_>, Verdict)| {
                let speaks = one.actions.speak_of_small(&action.small);
                speaks.is_possible().then(|| (*at, speaks.and(condition.clone())))
            };
            let said: Said = near.iter().filter_map(say).collect();
            let allows = |(at, _): &(usize, Verdict)| {
                self.statements.get(*at).is_some_and(|it| it.statement.may_allow())
            };
            if !unread && !said.iter().any(allows) {
                continue;
            }
            let group = groups.entry((&action.kinds, said)).or_insert_with_key(|(_, said)| Spoken {
                service,
                kinds: &action.kinds,
                levels: BTreeSet::new(),
                deeds: BTreeSet::new(),
                said: said.clone(),
            });
            group.levels.insert(action.fact.level);
            group.deeds.extend(action.deed);
        }
        Some(groups.into_values().collect())
    }

    fn hold(&self, target: Target<'a>, forms: &[Form], table: &Table, same: &mut Same) -> Option<Hold<'a>> {
        let services = target.services();
        let mut spoken = services.iter().filter_map(|service| table.get(service)).flatten().peekable();
        spoken.peek()?;
        let mut named = Named { permissions: self, forms, found: BTreeMap::new() };
        let (mut levels, mut deeds) = (BTreeMap::new(), BTreeMap::new());
        let mut places = BTreeSet::new();
        for one in spoken {
            let verdict = self.verdict(one, &mut named);
            if verdict.is_no() {
                continue;
            }
            let allows = |at: usize| self.statements.get(at).is_some_and(|it| it.statement.may_allow());
            for (at, _) in one.said.iter().filter(|(at, _)| allows(*at)) {
                if named.ask(*at, one).is_possible() {
                    places.insert(*at);
                }
            }
            one.levels.iter().for_each(|level| raise(&mut levels, *level, &verdict));
            one.deeds.iter().for_each(|deed| raise(&mut deeds, *deed, &verdict));
        }
        if levels.is_empty() {
            return None;
        }
        let (levels, deeds) = (shared(&mut same.levels, levels), shared(&mut same.deeds, deeds));
        Some(Hold { target, levels, deeds, statements: shared(&mut same.statements, places) })
    }

    fn verdict(&self, one: &Spoken, named: &mut Named<'_, '_, 'a>) -> Verdict {
        let named = RefCell::new(named);
        let say = |at: usize| {
            let found = one.said.binary_search_by_key(&at, |(at, _)| *at).ok();
            match found.and_then(|found| one.said.get(found)) {
                Some((_, said)) => said.clone().and(named.borrow_mut().ask(at, one)),
                None => Verdict::No,
            }
        };
        let (allowed, denied) = decide(self.statements, |at, _| say(at));
        let allowed = self.with_unread(allowed).and(not(denied));
        if allowed.is_no() {
            return allowed;
        }
        self.within(allowed, |at, _| say(self.statements.len() + at))
    }
}

/// Which statements name which forms of a target, each compared once.
struct Named<'n, 'g, 'a> {
    permissions: &'n Permissions<'g, 'a>,
    forms: &'n [Form],
    found: BTreeMap<(usize, usize), Verdict>,
}

impl Named<'_, '_, '_> {
    /// Whether a statement names a form that an action is about.
    fn ask(&mut self, statement: usize, one: &Spoken) -> Verdict {
        let mut all = Verdict::No;
        for (number, form) in self.forms.iter().enumerate() {
            if all.is_yes() || form.service != one.service || !one.kinds.contains(&form.kind) {
                continue;
            }
            let Some(compiled) = self.permissions.all_statements().nth(statement) else { continue };
            let compare = || self.permissions.names(compiled, std::slice::from_ref(&form.arn));
            all = all.or(self.found.entry((statement, number)).or_insert_with(compare).clone());
        }
        all
    }
}

fn raise<K: Ord>(map: &mut BTreeMap<K, Verdict>, key: K, verdict: &Verdict) {
    let entry = map.entry(key).or_insert(Verdict::No);
    *entry = std::mem::replace(entry, Verdict::No).or(verdict.clone());
}
