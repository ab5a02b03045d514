//! Policies by scope: which of them can have a say on a request at all.
//!
//! Cedar evaluates every policy of a set; here only those whose whole scope matches are handed to it. Invariant: the
//! answer, its reasons and its errors are those of plain Cedar over all policies. That holds because a scope is evaluated
//! before the conditions, cannot raise an error, and makes its policy false when it does not match. Held by differential
//! tests, on random policies and on Cedar's own corpus. Not here: anything about Casemate; this file knows only Cedar.

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, Entities, EntityTypeName, EntityUid, Policy, PolicySet, PrincipalConstraint,
    ResourceConstraint,
};

/// A place in [`Index::policies`].
pub(crate) type Place = u32;

/// The number of an interned entity; zero stands for "any".
type Number = u32;
const ANY: Number = 0;

/// A policy set, indexed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rows: Vec<Row>,
    /// Every entity that some scope names.
    numbers: HashMap<EntityUid, Number>,
    /// Principal, action and resource as a scope names them.
    buckets: HashMap<[Number; 3], Vec<Place>>,
}

#[derive(Debug)]
struct Row {
    policy: Policy,
    principal_type: Option<EntityTypeName>,
    resource_type: Option<EntityTypeName>,
}

impl Index {
    /// Indexes a set's static policies. Template links are not indexed; the caller refuses templates.
    pub(crate) fn new(policies: &PolicySet) -> Self {
        let mut index = Self::default();
        for policy in policies.policies() {
            index.add(policy.clone());
        }
        index
    }

    fn add(&mut self, policy: Policy) {
        let (principal, principal_type) = match policy.principal_constraint() {
            PrincipalConstraint::Any => (ANY, None),
            PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) => (self.number(uid), None),
            PrincipalConstraint::Is(kind) => (ANY, Some(kind)),
            PrincipalConstraint::IsIn(kind, uid) => (self.number(uid), Some(kind)),
        };
        let (resource, resource_type) = match policy.resource_constraint() {
            ResourceConstraint::Any => (ANY, None),
            ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) => (self.number(uid), None),
            ResourceConstraint::Is(kind) => (ANY, Some(kind)),
            ResourceConstraint::IsIn(kind, uid) => (self.number(uid), Some(kind)),
        };
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => vec![ANY],
            ActionConstraint::Eq(uid) => vec![self.number(uid)],
            ActionConstraint::In(uids) => uids.into_iter().map(|uid| self.number(uid)).collect(),
        };
        let place = Place::try_from(self.rows.len()).unwrap_or(Place::MAX);
        for action in actions {
            self.buckets.entry([principal, action, resource]).or_default().push(place);
        }
        self.rows.push(Row { policy, principal_type, resource_type });
    }

    fn number(&mut self, uid: EntityUid) -> Number {
        let next = Number::try_from(self.numbers.len() + 1).unwrap_or(Number::MAX);
        *self.numbers.entry(uid).or_insert(next)
    }

    /// The policies whose scope may match, in the set's order: all that match, and, of those that name an entity with `==`,
    /// also some of its descendants'.
    pub(crate) fn candidates(
        &self,
        [principal, action, resource]: [&EntityUid; 3],
        entities: &Entities,
    ) -> Vec<Place> {
        let principals = self.numbers_of(principal, entities);
        let actions = self.numbers_of(action, entities);
        let resources = self.numbers_of(resource, entities);
        let mut places = Vec::new();
        for p in &principals {
            for a in &actions {
                for r in &resources {
                    if let Some(bucket) = self.buckets.get(&[*p, *a, *r]) {
                        places.extend(bucket.iter().copied().filter(|place| {
                            self.rows.get(*place as usize).is_some_and(|row| {
                                row.principal_type.as_ref().is_none_or(|kind| kind == principal.type_name())
                                    && row
                                        .resource_type
                                        .as_ref()
                                        .is_none_or(|kind| kind == resource.type_name())
                            })
                        }));
                    }
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// "Any", the entity, and its ancestors, as far as some scope names them.
    fn numbers_of(&self, uid: &EntityUid, entities: &Entities) -> Vec<Number> {
        let mut numbers = vec![ANY];
        numbers.extend(self.numbers.get(uid));
        if let Some(ancestors) = entities.ancestors(uid) {
            numbers.extend(ancestors.filter_map(|ancestor| self.numbers.get(ancestor)));
        }
        numbers
    }

    /// The policies at these places.
    pub(crate) fn policies<'a>(&'a self, places: &'a [Place]) -> impl Iterator<Item = &'a Policy> {
        places.iter().filter_map(|place| self.rows.get(*place as usize)).map(|row| &row.policy)
    }
}

#[cfg(test)]
mod tests;
