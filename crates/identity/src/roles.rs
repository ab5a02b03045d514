//! Giving roles and taking them away.
//!
//! Invariant: app, role and member come from the permit, and from nowhere else. Not here: what a role may do (`policy`).

use casemate_core::action::operation::{RoleRead, RoleWrite};
use casemate_core::{Principal, RoleName};
use casemate_policy::Permit;
use casemate_storage::accounts::Membership;
use serde::Serialize;

use crate::error::AccountError;
use crate::identity::Identity;

/// One member of one role, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The role.
    pub role: RoleName,
    /// The member's name.
    pub member: String,
    /// What it is: `User`, `Service` or `External`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl Identity {
    /// Gives a role.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: no such member.
    pub async fn grant_role(&self, permit: Permit<RoleWrite>) -> Result<(), AccountError> {
        Ok(self.accounts.grant(membership(&permit)).await?)
    }

    /// Takes a role away.
    ///
    /// # Errors
    /// [`AccountError::Accounts`]: it would leave nobody to administer.
    pub async fn revoke_role(&self, permit: Permit<RoleWrite>) -> Result<(), AccountError> {
        Ok(self.accounts.withdraw(membership(&permit)).await?)
    }

    /// Who has which role of the app in the permit.
    ///
    /// # Errors
    /// [`AccountError::Accounts`].
    pub fn members(&self, permit: Permit<RoleRead>) -> Result<Vec<Member>, AccountError> {
        let all = self.accounts.memberships()?;
        let here = all.in_force.into_iter().filter(|membership| membership.app == *permit.target());
        let listed = here.map(|membership| {
            let id = membership.member.uid();
            let member = match &membership.member {
                Principal::User(_) | Principal::Service(_) => self.accounts.name_of(&id)?,
                _ => None,
            };
            Ok(Member {
                role: membership.role,
                member: member.unwrap_or_else(|| id.clone()),
                kind: membership.member.kind(),
                id,
            })
        });
        listed.collect()
    }
}

fn membership(permit: &Permit<RoleWrite>) -> Membership {
    let target = permit.target();
    Membership { app: target.app.clone(), role: target.role.clone(), member: target.member.clone() }
}

#[cfg(test)]
mod tests;
