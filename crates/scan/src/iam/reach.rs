//! What a role reaches: each store, secret and function of the app, and whole services of the account.
//!
//! Invariant: a thing is listed when something may be done to it, or may perhaps; with the statements that say so. Not here: how
//! somebody comes to have the role (`paths`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::deed::{Deed, deed, deed_services};
use super::permissions::speaks_of;
use super::{Permissions, Target, Verdict};
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

/// Actions by service, with what they come to.
type Spoken = BTreeMap<&'static str, Vec<(ActionFact, Option<Deed>)>>;

/// Whether a statement may allow something of a service, by the looks of it: most are not even read further.
fn is_near(statement: &Statement, service: &str) -> bool {
    let near = |pattern: &str| match pattern.split_once(':') {
        Some((prefix, _)) => prefix.contains(['*', '?']) || prefix.eq_ignore_ascii_case(service),
        None => true,
    };
    let all = statement.not_actions;
    statement.may_allow()
        && (all || statement.actions.iter().any(|action| action.known().is_none_or(|it| near(it))))
}

/// The actions of one service that touch things, with what they come to.
fn actions(service: &'static str) -> &'static [(ActionFact, Option<Deed>)] {
    type Table = BTreeMap<&'static str, OnceLock<Vec<(ActionFact, Option<Deed>)>>>;
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(|| deed_services().map(|service| (service, OnceLock::new())).collect());
    let read = || facts::actions_of(service).filter(|fact| !fact.needs_star).map(|fact| (fact, deed(fact)));
    table.get(service).map_or(&[], |cell| cell.get_or_init(|| read().collect()))
}

impl<'a> Permissions<'_, 'a> {
    /// What the role reaches.
    #[must_use]
    pub fn reach(&self) -> Reach<'a> {
        let app = self.grants.app();
        let stores = app.stores.iter().map(Target::Store);
        let targets = stores.chain(app.secrets.iter().map(Target::Secret));
        let targets = targets.chain(app.functions.iter().map(Target::Function));
        let spoken = self.spoken();
        let wide = deed_services().map(Target::All);
        Reach {
            everything: self.everything(),
            holds: targets.filter_map(|target| self.hold(target, &spoken)).collect(),
            wide: wide.filter_map(|target| self.hold(target, &spoken)).collect(),
        }
    }

    /// Whether it may do everything to everything: nobody needs a list then.
    #[must_use]
    pub fn everything(&self) -> Verdict {
        // Whoever may write its own policy on anything, delete any bucket and decrypt anything is bounded by nothing.
        let signs =
            ["iam:PutRolePolicy", "s3:DeleteBucket", "kms:Decrypt", "ec2:RunInstances", "sts:AssumeRole"];
        let all = signs.into_iter().filter_map(facts::action).map(|fact| self.may_everywhere(fact, None));
        all.fold(Verdict::Yes, Verdict::and)
    }

    /// For each service, its actions of which some statement speaks that may allow.
    fn spoken(&self) -> Spoken {
        let unread = self.role.managed.iter().any(|managed| managed.statements.value().is_none());
        let of = |service| {
            let all = actions(service).iter().copied();
            let near: Vec<_> =
                self.statements.iter().map(|one| one.statement).filter(|one| is_near(one, service)).collect();
            let spoken = |fact: &ActionFact| {
                let text = fact.text();
                near.iter().any(|statement| speaks_of(statement, &text).is_possible())
            };
            let some = || all.clone().filter(|(fact, _)| spoken(fact)).collect();
            (
                service,
                if unread {
                    all.clone().collect()
                } else if near.is_empty() {
                    Vec::new()
                } else {
                    some()
                },
            )
        };
        deed_services().map(of).collect()
    }

    fn hold(&self, target: Target<'a>, spoken: &Spoken) -> Option<Hold<'a>> {
        let (mut levels, mut deeds) = (BTreeMap::new(), BTreeMap::new());
        let mut places = BTreeSet::new();
        for (fact, deed) in target.services().iter().filter_map(|service| spoken.get(service)).flatten() {
            let known = |found: &Verdict| found.is_yes();
            let done = levels.get(&fact.level).is_some_and(known);
            if done && deed.is_none_or(|deed| deeds.get(&deed).is_some_and(known)) {
                continue;
            }
            let verdict = self.may_do(*fact, target);
            if verdict.is_no() {
                continue;
            }
            places.extend(self.because(*fact, target).into_iter().map(|statement| statement.place));
            raise(&mut levels, fact.level, &verdict);
            if let Some(deed) = deed {
                raise(&mut deeds, *deed, &verdict);
            }
        }
        (!levels.is_empty()).then_some(Hold { target, levels, deeds, places })
    }
}

fn raise<K: Ord>(map: &mut BTreeMap<K, Verdict>, key: K, verdict: &Verdict) {
    let entry = map.entry(key).or_insert(Verdict::No);
    *entry = std::mem::replace(entry, Verdict::No).or(verdict.clone());
}
