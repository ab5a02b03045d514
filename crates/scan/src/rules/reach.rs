//! What a function may do with its role, in the words and with the weight that other findings need.
//!
//! Invariant: only what is certain counts; a role that cannot be told weighs neither nothing nor everything. Not here: what a role may
//! do (`iam`), whether that is too much (`roles`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Sight;
use super::words::{join, list};
use crate::finding::Severity;
use crate::graph::{Function, Role, Route, SecretKind, StoreKind};
use crate::iam::{Deed, Grants, Hold, Permissions, Target};
use crate::known::Name;

/// What a function may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Everything.
    pub(crate) everything: bool,
    /// Every secret of the account.
    pub(crate) all_secrets: bool,
    /// Secrets of this app.
    pub(crate) secrets: BTreeSet<String>,
    /// Stores and functions of this app that it may change.
    pub(crate) changes: BTreeSet<String>,
    /// Those that it may only start.
    pub(crate) starts: BTreeSet<String>,
    /// Those that it may only send to.
    pub(crate) sends: BTreeSet<String>,
    /// Stores of this app that it may only read.
    pub(crate) reads: BTreeSet<String>,
    /// Services in which it may change or read things of the whole account.
    pub(crate) wide: BTreeSet<String>,
    /// Whether some of it cannot be told.
    pub(crate) unknown: bool,
}

impl Reach {
    /// What each role may do that a function runs with.
    pub(crate) fn of_roles<'a>(grants: &Grants<'a>) -> BTreeMap<&'a Name, Rc<Self>> {
        let mut known: BTreeMap<usize, Rc<Self>> = BTreeMap::new();
        let mut of = |role: &'a Role| {
            let permissions = grants.role(&role.name)?;
            let reach = known.entry(permissions.class()).or_insert_with(|| Rc::new(Self::of(&permissions)));
            Some((&role.name, Rc::clone(reach)))
        };
        let used: BTreeMap<&Name, &'a Role> = (grants.app().functions.iter())
            .filter_map(|function| grants.role_of(function))
            .map(|role| (&role.name, role))
            .collect();
        used.into_values().filter_map(&mut of).collect()
    }

    /// What a role may do.
    fn of(permissions: &Permissions<'_, '_>) -> Self {
        let found = permissions.reach();
        let mut reach = Self { everything: found.everything.is_yes(), ..Self::default() };
        let unread = permissions.role.managed.iter().any(|policy| policy.statements.why().is_some());
        reach.unknown = unread || found.left_out;
        for hold in &found.holds {
            reach.add(hold);
        }
        for hold in &found.wide {
            let Target::All(service) = hold.target else { continue };
            match (service, strongest(hold)) {
                // Writing logs anywhere is what every function does.
                ("logs", _) | (_, None) => {}
                ("secretsmanager" | "ssm", Some(Deed::Reads)) => reach.all_secrets = true,
                (service, Some(_)) => {
                    reach.wide.insert(service.to_owned());
                }
            }
        }
        let Self { changes, starts, sends, reads, .. } = &mut reach;
        for less in [starts, sends, reads] {
            less.retain(|name| !changes.contains(name));
        }
        reach
    }

    /// Of a function whose role these files do not tell.
    fn untold() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    fn add(&mut self, hold: &Hold<'_>) {
        if let Some(deed) = strongest(hold) {
            self.put(hold.target, deed);
        }
    }

    /// What an operation comes to that somebody does with a role.
    fn of_operation(permissions: &Permissions<'_, '_>, operation: &str) -> Self {
        let mut reach = Self::default();
        permissions.through(operation).into_iter().for_each(|(target, deed)| reach.put(target, deed));
        reach
    }

    fn put(&mut self, target: Target<'_>, deed: Deed) {
        let Some(name) = target.name() else { return };
        let place = match target {
            Target::Secret(secret) if secret.kind != SecretKind::PlainParameter => &mut self.secrets,
            Target::Store(store) if store.kind == StoreKind::Logs => return,
            Target::Store(_) | Target::Secret(_) | Target::Function(_) if deed == Deed::Reads => {
                &mut self.reads
            }
            _ if deed == Deed::Starts => &mut self.starts,
            _ if deed == Deed::Sends => &mut self.sends,
            _ => &mut self.changes,
        };
        place.insert(name.to_string());
    }

    /// What it may do, to follow "which": ``may change `Orders` and read `Users` ``.
    pub(crate) fn clause(&self) -> Option<String> {
        if self.everything {
            return Some("may do everything in the account".to_owned());
        }
        let mut parts = Vec::new();
        let named = [
            ("change", &self.changes),
            ("start", &self.starts),
            ("send to", &self.sends),
            ("read", &self.reads),
        ];
        let named = named.into_iter().filter(|(_, names)| !names.is_empty());
        parts.extend(named.map(|(does, names)| format!("{does} {}", list(names))));
        if self.all_secrets {
            parts.push("read every secret of the account".to_owned());
        } else if !self.secrets.is_empty() {
            parts.push(format!("read the secrets {}", list(&self.secrets)));
        }
        if !self.wide.is_empty() {
            parts.push(format!("act on every resource of {}", list(&self.wide)));
        }
        (!parts.is_empty()).then(|| format!("may {}", join(&parts, "and")))
    }
}

/// What a hold certainly comes to, at the most; reading counts less than anything that changes.
fn strongest(hold: &Hold<'_>) -> Option<Deed> {
    let sure = hold.deeds.iter().filter(|(_, verdict)| verdict.is_yes()).map(|(deed, _)| *deed);
    let (reads, changes): (Vec<Deed>, Vec<Deed>) = sure.partition(|deed| *deed == Deed::Reads);
    changes.into_iter().max().or(reads.first().copied())
}

/// How bad it is when strangers start a function with this reach; `None` where it is not known which function.
pub(crate) fn severity_of(reach: Option<&Reach>) -> Severity {
    let Some(reach) = reach else { return Severity::Low };
    if reach.everything {
        Severity::Critical
    } else if reach.all_secrets
        || !reach.secrets.is_empty()
        || [&reach.changes, &reach.starts, &reach.sends].iter().any(|names| !names.is_empty())
        || !reach.wide.is_empty()
    {
        Severity::High
    } else if !reach.reads.is_empty() || reach.unknown {
        Severity::Medium
    } else {
        Severity::Low
    }
}

impl Sight<'_> {
    /// What a role may do, whether or not a function runs with it.
    pub(crate) fn reach_of(&self, role: &Role) -> Rc<Reach> {
        let known = self.reaches.get(&role.name).cloned();
        let made = || Some(Rc::new(Reach::of(&self.grants.role(&role.name)?)));
        known.or_else(made).unwrap_or_else(|| Rc::new(Reach::untold()))
    }

    /// What the function of a route may do, or what the interface does itself with a role.
    pub(crate) fn reach_of_route(&self, route: &Route) -> Option<Rc<Reach>> {
        if let Some(function) = route.target.value().and_then(|name| self.app.function(name)) {
            return Some(self.reach(function));
        }
        let (role, operation) = self.app.act_of(route)?;
        Some(Rc::new(Reach::of_operation(&self.grants.role(role)?, operation)))
    }

    /// What a function may do.
    pub(crate) fn reach(&self, function: &Function) -> Rc<Reach> {
        let role = function.role.as_ref().and_then(|role| role.known());
        role.and_then(|role| self.reaches.get(role).cloned()).unwrap_or_else(|| Rc::new(Reach::untold()))
    }
}

#[cfg(test)]
mod tests;
