//! What of a statement is left once the role's denies and its boundary are heeded.
//!
//! Invariant: what was too much to compare is unknown. Not here: what statements say (`wildcard`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::facts::{self, ActionFact, Level};
use crate::iam::{Permissions, Verdict, deed_services};

/// What denies and the boundary leave of a role's statements.
pub(super) struct Left<'p, 'g, 'a> {
    permissions: &'p Permissions<'g, 'a>,
    /// Whether they take nothing away.
    all: bool,
    /// By service, action and whether it is asked of everything.
    known: RefCell<BTreeMap<(&'static str, &'static str, bool), Verdict>>,
    /// By service; without one, of all services.
    services: RefCell<BTreeMap<Option<String>, Verdict>>,
}

impl<'p, 'g, 'a> Left<'p, 'g, 'a> {
    pub(super) fn of(permissions: &'p Permissions<'g, 'a>) -> Self {
        Self {
            permissions,
            all: permissions.is_only_granted(),
            known: RefCell::default(),
            services: RefCell::default(),
        }
    }

    /// Whether an action that a statement grants on everything is left on everything.
    pub(super) fn everywhere(&self, fact: ActionFact) -> Verdict {
        self.ask(fact, true)
    }

    /// Whether half or more of what changes something is left of a service, or without one of all services.
    pub(super) fn service(&self, service: Option<&str>) -> Verdict {
        if self.all {
            return Verdict::Yes;
        }
        let name = service.map(str::to_ascii_lowercase);
        if let Some(known) = self.services.borrow().get(&name) {
            return known.clone();
        }
        let found = self.most_of(service);
        self.services.borrow_mut().insert(name, found.clone());
        found
    }

    fn most_of(&self, service: Option<&str>) -> Verdict {
        let facts: Vec<ActionFact> = match service {
            Some(service) => facts::actions_of(service).collect(),
            None => deed_services().flat_map(facts::actions_of).collect(),
        };
        let changes = |fact: &&ActionFact| matches!(fact.level, Level::Write | Level::Permissions);
        let changing: Vec<ActionFact> = facts.iter().filter(changes).copied().collect();
        let asked = if changing.is_empty() { facts } else { changing };
        let verdicts: Vec<Verdict> = asked.iter().map(|fact| self.ask(*fact, false)).collect();
        let sure = verdicts.iter().filter(|verdict| verdict.is_yes()).count();
        let possible = verdicts.iter().filter(|verdict| verdict.is_possible()).count();
        match verdicts.iter().find(|verdict| matches!(verdict, Verdict::Unknown(_))) {
            _ if sure * 2 >= asked.len() => Verdict::Yes,
            Some(unknown) if possible * 2 >= asked.len() => unknown.clone(),
            _ => Verdict::No,
        }
    }

    fn ask(&self, fact: ActionFact, everywhere: bool) -> Verdict {
        if self.all {
            return Verdict::Yes;
        }
        let key = (fact.service, fact.name, everywhere);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let permissions = self.permissions.without_unread();
        let found = match everywhere {
            _ if !permissions.affords() => {
                Verdict::Unknown("the app has too many policies to compare them all".to_owned())
            }
            true => permissions.may_everywhere(fact, None),
            false => permissions.may_somewhere(&fact.text()),
        };
        // A deny that holds at times leaves the other times.
        let found = match found {
            Verdict::Unknown(_) if !permissions.is_bounded() => Verdict::Yes,
            found => found,
        };
        self.known.borrow_mut().insert(key, found.clone());
        found
    }
}
