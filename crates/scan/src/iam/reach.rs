//! What a role reaches: each store, secret and function of the app, and whole services of the account.
//!
//! Invariant: a thing is listed when something may be done to it, or may perhaps; with the statements that say so. Not here: how
//! somebody comes to have the role (`paths`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::deed::{Deed, deed, deed_services};
use super::permissions::{Compiled, not, speaks_of};
use super::target::Form;
use super::{Permissions, Target, Verdict, condition};
use crate::facts::{self, ActionFact, Level};
use crate::graph::Statement;
use crate::source::Place;

/// What a role may do to one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold<'a> {
    /// The thing.
    pub target: Target<'a>,
    /// The provider's levels that it has there.
    pub levels: BTreeMap<Level, Verdict>,
    /// What that comes to.
    pub deeds: BTreeMap<Deed, Verdict>,
    /// Where that is granted.
    pub places: BTreeSet<Place>,
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
}

/// An action that touches things.
#[derive(Debug)]
struct Touching {
    fact: ActionFact,
    /// `dynamodb:PutItem`.
    text: String,
    deed: Option<Deed>,
    kinds: Vec<&'static str>,
}

/// Actions of one service that some statement may allow, and of which every statement says the same: one verdict does for all.
#[derive(Debug)]
struct Spoken {
    service: &'static str,
    kinds: &'static [&'static str],
    actions: Vec<&'static Touching>,
    /// For each statement of the role, whether it speaks of them and its conditions hold.
    said: Vec<Verdict>,
}

type Table = BTreeMap<&'static str, Vec<Spoken>>;

/// Whether a statement says something of a service, by the looks of it: most are not even read further.
fn is_near(statement: &Statement, service: &str) -> bool {
    let near = |pattern: &str| match pattern.split_once(':') {
        Some((prefix, _)) => prefix.contains(['*', '?']) || prefix.eq_ignore_ascii_case(service),
        None => true,
    };
    statement.not_actions || statement.actions.iter().any(|action| action.known().is_none_or(|it| near(it)))
}

/// The actions of one service that touch things, with what they come to.
fn actions(service: &'static str) -> &'static [Touching] {
    static TABLE: OnceLock<BTreeMap<&'static str, OnceLock<Vec<Touching>>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| deed_services().map(|service| (service, OnceLock::new())).collect());
    let touching = |fact: ActionFact| Touching {
        fact,
        text: fact.text(),
        deed: deed(fact),
        kinds: fact.kinds().collect(),
    };
    let read = || facts::actions_of(service).filter(|fact| !fact.needs_star).map(touching).collect();
    table.get(service).map_or(&[], |cell| cell.get_or_init(read))
}

impl<'a> Permissions<'_, 'a> {
    /// What the role reaches.
    #[must_use]
    pub fn reach(&self) -> Reach<'a> {
        let app = self.grants.app();
        let stores = app.stores.iter().map(Target::Store);
        let targets = stores.chain(app.secrets.iter().map(Target::Secret));
        let targets = targets.chain(app.functions.iter().map(Target::Function));
        let table: Table = deed_services().map(|service| (service, self.spoken(service))).collect();
        let wide = deed_services().map(Target::All);
        Reach {
            everything: self.everything(),
            holds: targets.filter_map(|target| self.hold(target, &table)).collect(),
            wide: wide.filter_map(|target| self.hold(target, &table)).collect(),
        }
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

    /// The actions of a service of which some statement speaks that may allow.
    fn spoken(&self, service: &'static str) -> Vec<Spoken> {
        let near: Vec<_> = self.statements.iter().map(|one| is_near(one.statement, service)).collect();
        let unread = self.heeds_unread && self.why_unread().is_some();
        if !unread && !near.contains(&true) {
            return Vec::new();
        }
        let conditions = self.statements.iter().map(|one| condition::hold(&one.statement.conditions, None));
        let conditions: Vec<_> = conditions.collect();
        let mut groups: Vec<Spoken> = Vec::new();
        for action in actions(service) {
            let of = self.statements.iter().zip(&near).zip(&conditions);
            let say = |((one, near), condition): ((&Compiled<'a>, &bool), &Verdict)| {
                let speaks = if *near { speaks_of(one.statement, &action.text) } else { Verdict::No };
                if speaks.is_no() { speaks } else { speaks.and(condition.clone()) }
            };
            let said: Vec<_> = of.map(say).collect();
            let allows =
                |(one, said): (&Compiled<'a>, &Verdict)| one.statement.may_allow() && said.is_possible();
            if !unread && !self.statements.iter().zip(&said).any(allows) {
                continue;
            }
            // A boundary has an opinion of each action of its own.
            let alike = |group: &&mut Spoken| group.kinds == action.kinds && group.said == said;
            match groups.iter_mut().find(alike).filter(|_| self.role.boundary.is_none()) {
                Some(group) => group.actions.push(action),
                None => groups.push(Spoken { service, kinds: &action.kinds, actions: vec![action], said }),
            }
        }
        groups
    }

    fn hold(&self, target: Target<'a>, table: &Table) -> Option<Hold<'a>> {
        let services = target.services();
        let mut spoken = services.iter().filter_map(|service| table.get(service)).flatten().peekable();
        spoken.peek()?;
        let forms = self.grants.index.shapes(target);
        let mut named = Named { permissions: self, forms: &forms, found: BTreeMap::new() };
        let (mut levels, mut deeds) = (BTreeMap::new(), BTreeMap::new());
        let mut places = BTreeSet::new();
        for one in spoken {
            let verdict = self.verdict(one, target, &mut named);
            if verdict.is_no() {
                continue;
            }
            let statements = self.statements.iter().zip(&one.said).enumerate();
            let grants = statements.filter(|(_, (it, said))| it.statement.may_allow() && said.is_possible());
            for (at, (compiled, _)) in grants {
                if named.ask(at, one).is_possible() {
                    places.insert(compiled.statement.place);
                }
            }
            for action in &one.actions {
                raise(&mut levels, action.fact.level, &verdict);
                if let Some(deed) = action.deed {
                    raise(&mut deeds, deed, &verdict);
                }
            }
        }
        (!levels.is_empty()).then_some(Hold { target, levels, deeds, places })
    }

    fn verdict(&self, one: &Spoken, target: Target<'a>, named: &mut Named<'_, '_, 'a>) -> Verdict {
        if let (Some(_), Some(action)) = (&self.role.boundary, one.actions.first()) {
            return self.may_do(action.fact, target);
        }
        let named = std::cell::RefCell::new(named);
        let (allowed, denied) = self.decide(|at, _| match one.said.get(at) {
            Some(said) if said.is_possible() => said.clone().and(named.borrow_mut().ask(at, one)),
            _ => Verdict::No,
        });
        self.with_unread(allowed).and(not(denied))
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
            let Some(compiled) = self.permissions.statements.get(statement) else { continue };
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
