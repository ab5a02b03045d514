//! What a finding's statements and openings let in, as a baseline keeps it: a finding that lets in more than it did is new.
//!
//! Invariants: texts of the files alone, without places, so that they stay the same while lines move; of conditions, whose values may be
//! secrets, four digits that tell them from others. Not here: how they are compared (`baseline`).

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::graph::{App, Network, Principal, Role, Statement};
use crate::source::Place;

/// What lets somebody in or do something, by where it stands.
#[derive(Debug)]
pub struct Granting<'a> {
    roles: BTreeMap<String, &'a Role>,
    /// Policies of things, each as a whole: who may do what with a thing is one matter, however many statements say it.
    policies: BTreeMap<Place, Vec<&'a [Statement]>>,
    networks: BTreeMap<Place, &'a Network>,
}

impl<'a> Granting<'a> {
    /// Of an app.
    #[must_use]
    pub fn of(app: &'a App) -> Self {
        let roles = app.roles.iter().map(|role| (format!("role {}", role.name), role)).collect();
        let mut policies: BTreeMap<Place, Vec<&[Statement]>> = BTreeMap::new();
        for policy in all_policies(app) {
            let places: BTreeSet<Place> = policy.iter().map(|statement| statement.place).collect();
            places.into_iter().for_each(|place| policies.entry(place).or_default().push(policy));
        }
        let mut networks = BTreeMap::new();
        for network in &app.networks {
            let openings = network.inward.iter().map(|opening| opening.place);
            networks.extend(openings.chain([network.place]).map(|place| (place, network)));
        }
        Self { roles, policies, networks }
    }

    /// What the statements and openings allow that stand where a finding points.
    pub(super) fn by(&self, finding: &Finding) -> Vec<String> {
        let places: BTreeSet<Place> =
            std::iter::once(finding.place).chain(finding.related.iter().map(|(place, _)| *place)).collect();
        let mut grants = BTreeSet::new();
        let role = self.roles.get(&finding.cause).into_iter().flat_map(|role| &role.statements);
        role.filter(|statement| places.contains(&statement.place)).for_each(|it| granted(it, &mut grants));
        let policies = places.iter().filter_map(|place| self.policies.get(place)).flatten();
        policies.flat_map(|policy| policy.iter()).for_each(|statement| granted(statement, &mut grants));
        let networks = places.iter().filter_map(|place| self.networks.get(place));
        grants.extend(networks.flat_map(|network| &network.inward).map(|opening| {
            let ports = opening.ports.map_or("every port".to_owned(), |(from, to)| format!("{from}-{to}"));
            format!("inward {ports} from {}", opening.peer)
        }));
        grants.into_iter().collect()
    }
}

fn all_policies(app: &App) -> impl Iterator<Item = &[Statement]> {
    let roles = app.roles.iter().map(|role| role.trust.as_slice());
    let functions = app.functions.iter().map(|function| function.permissions.as_slice());
    let stores = app.stores.iter().map(|store| store.policy.as_slice());
    let secrets = app.secrets.iter().map(|secret| secret.policy.as_slice());
    let apis = app.apis.iter().map(|api| api.policy.as_slice());
    roles.chain(functions).chain(stores).chain(secrets).chain(apis)
}

/// What one statement allows: each action, resource and principal, with the conditions under which it does.
fn granted(statement: &Statement, grants: &mut BTreeSet<String>) {
    if !statement.may_allow() {
        return;
    }
    let mut conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|condition| {
            let values: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
            format!("{} {} {}", condition.operator, condition.key, values.join(" "))
        })
        .collect();
    conditions.sort();
    let digits: String =
        Sha256::digest(conditions.join("\n")).iter().take(2).map(|byte| format!("{byte:02x}")).collect();
    let when = if conditions.is_empty() { String::new() } else { format!(" if {digits}") };
    let not = |said: bool| if said { "not " } else { "" };
    for action in statement.actions.iter().filter_map(|action| action.known()) {
        let action = action.to_ascii_lowercase();
        grants.insert(format!("action {}{action}{when}", not(statement.not_actions)));
    }
    for resource in &statement.resources {
        grants.insert(format!("resource {}{resource}{when}", not(statement.not_resources)));
    }
    for principal in &statement.principals {
        let whom = match principal {
            Principal::Anyone => "*".to_owned(),
            Principal::Aws(text) | Principal::Service(text) | Principal::Federated(text) => text.to_string(),
            Principal::Others(_) | Principal::Unknown(_) => "?".to_owned(),
        };
        grants.insert(format!("principal {whom}{when}"));
    }
}
