//! Who has which role, ready to be asked.
//!
//! Invariant: immutable once built; a change of roles is a new directory with a new version.

use std::collections::{BTreeSet, HashMap, HashSet};

use casemate_core::{AppId, Principal, RoleName};
use cedar_policy::{Entity, EntityUid};

use crate::words;

/// Who has which role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Principal, app of the role, role.
    pub memberships: Vec<(Principal, AppId, RoleName)>,
}

/// A directory by principal.
#[derive(Debug, Default)]
pub(crate) struct Roles(HashMap<Principal, Member>);

#[derive(Debug, Default)]
struct Member {
    groups: HashSet<EntityUid>,
    roles: BTreeSet<(AppId, RoleName)>,
}

impl Roles {
    pub(crate) fn new(directory: Directory) -> Self {
        let mut members: HashMap<Principal, Member> = HashMap::new();
        for (principal, app, role) in directory.memberships {
            // Only those who sign in have roles: a function has its grants.
            if principal.is_signed_in() {
                let member = members.entry(principal).or_default();
                member.groups.extend([words::role_uid(&app, &role), words::members_uid(&app)]);
                member.roles.insert((app, role));
            }
        }
        Self(members)
    }

    /// A principal with the groups that it is in.
    pub(crate) fn entity(&self, principal: &Principal) -> Entity {
        let groups = self.0.get(principal).map(|member| member.groups.clone()).unwrap_or_default();
        match principal {
            Principal::Function(id) => words::resource_entity(&casemate_core::Resource::Function(id.clone())),
            _ => Entity::new_no_attrs(words::principal_uid(principal), groups),
        }
    }

    /// The roles that a principal has in an app.
    pub(crate) fn in_app<'a>(
        &'a self,
        principal: &Principal,
        app: &'a AppId,
    ) -> impl Iterator<Item = &'a RoleName> {
        let member = self.0.get(principal);
        let roles = member.into_iter().flat_map(|member| &member.roles);
        roles.filter(move |(own, _)| own == app).map(|(_, role)| role)
    }

    /// Whether a principal is an administrator of the platform.
    pub(crate) fn is_admin(&self, principal: &Principal) -> bool {
        self.0
            .get(principal)
            .is_some_and(|member| member.roles.contains(&(AppId::platform(), RoleName::admin())))
    }
}
