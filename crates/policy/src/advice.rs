//! The smallest change that would turn a deny into an allow.
//!
//! Invariant: it names one line, one role or one step, never a wider one that would do as well. Not here: making the change.

use std::fmt;

use casemate_core::manifest::{Access, Egress};
use casemate_core::{Action, AppId, Audience, Decision, FunctionId, Manifest, Principal, Resource, RoleName};
use serde::{Deserialize, Serialize};

use crate::book::Book;
use crate::compile::{
    access_line, egress_line, function_of, function_table, grants_table, kv_line, kv_right,
};
use crate::directory::Roles;
use crate::objection::{EXPIRED, WRONG_AUDIENCE};

/// The smallest change that would have turned a deny into an allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// The caller showed no credential, or one for another app.
    SignIn {
        /// The app to sign in to.
        app: String,
    },
    /// Give the principal a role.
    GrantRole {
        /// The command to run.
        command: String,
    },
    /// Put a line into the manifest and deploy.
    ManifestLine {
        /// The app whose manifest it is.
        app: String,
        /// The table that it belongs in, such as `[functions.orders.grants]`.
        table: String,
        /// The line; it replaces one with the same key.
        line: String,
    },
    /// Authenticate more strongly.
    StepUp {
        /// The method that is missing, as RFC 8176 names it.
        method: String,
    },
    /// A policy forbids it; it would have to change.
    ChangePolicy {
        /// Its id.
        policy: String,
    },
}

/// The smallest change for a decision that denied.
pub(crate) fn advise(book: &Book, roles: &Roles, decision: &Decision) -> Option<Advice> {
    let complaint = |words: &str| decision.errors.iter().any(|error| error == words);
    if complaint(WRONG_AUDIENCE) || complaint(EXPIRED) {
        return Some(sign_in(decision));
    }
    // A policy that forbids, or that could not be evaluated, stands in the way of all that allow.
    if let Some(first) = decision.policies.first() {
        let step_up = decision.policies.iter().find_map(|id| book.note(id)?.1.step_up);
        return Some(match step_up.filter(|_| decision.errors.is_empty()) {
            Some(method) => Advice::StepUp { method: method.as_str().to_owned() },
            None => Advice::ChangePolicy { policy: first.to_string() },
        });
    }
    if !decision.errors.is_empty() {
        return None;
    }
    let manifest = book.manifests.get(&decision.resource.app()).map(AsRef::as_ref);
    match (&decision.action, &decision.resource) {
        (Action::Invoke, Resource::Function(id)) => invoke(manifest?, roles, decision, id),
        (Action::KvGet | Action::KvSet | Action::KvDelete | Action::KvList | Action::HttpSend, resource) => {
            grant(manifest?, decision, resource)
        }
        (Action::TokenIssue, Resource::App(app)) => {
            let role = manifest.and_then(first_role)?;
            Some(grant_role(decision, app.as_str(), role))
        }
        (Action::SetupClaim | Action::ControlSignIn | Action::LogWrite | Action::SignIn, _) => None,
        _ => Some(grant_role(decision, AppId::PLATFORM, &RoleName::admin())),
    }
}

fn sign_in(decision: &Decision) -> Advice {
    let app = match decision.action.spec().audience {
        Audience::Control => AppId::platform(),
        Audience::Data | Audience::Guest => decision.resource.app(),
    };
    Advice::SignIn { app: app.to_string() }
}

fn grant_role(decision: &Decision, app: &str, role: &RoleName) -> Advice {
    let actor = &decision.actor;
    let member = if actor.name.is_empty() { actor.principal.uid() } else { actor.name.to_string() };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    let member =
        if member.bytes().all(plain) { member } else { format!("'{}'", member.replace('\'', "'\\''")) };
    Advice::GrantRole { command: format!("casemate role grant {member} {role} --app {app}") }
}

fn first_role(manifest: &Manifest) -> Option<&RoleName> {
    manifest.functions.values().find_map(|function| match &function.access {
        Access::Roles(roles) => roles.first(),
        Access::Closed | Access::Public | Access::SignedIn => None,
    })
}

fn invoke(manifest: &Manifest, roles: &Roles, decision: &Decision, id: &FunctionId) -> Option<Advice> {
    let function = function_of(manifest, id)?;
    let principal = &decision.actor.principal;
    let anonymous = *principal == Principal::Anonymous;
    match &function.access {
        Access::Closed => {
            let access = match roles.in_app(principal, &id.app).next() {
                _ if anonymous => Access::Public,
                Some(role) => Access::Roles([role.clone()].into()),
                None => Access::SignedIn,
            };
            let table = function_table(&id.name);
            Some(Advice::ManifestLine { app: id.app.to_string(), table, line: access_line(&access) })
        }
        Access::SignedIn | Access::Roles(_) if anonymous => Some(sign_in(decision)),
        Access::Roles(names) => names.first().map(|role| grant_role(decision, id.app.as_str(), role)),
        // These would have allowed it: the manifest changed since.
        Access::SignedIn | Access::Public => None,
    }
}

fn grant(manifest: &Manifest, decision: &Decision, resource: &Resource) -> Option<Advice> {
    let Principal::Function(id) = &decision.actor.principal else { return None };
    let function = function_of(manifest, id)?;
    let line = match resource {
        Resource::KvStore(store) => {
            let line = kv_line(function, Some((&store.name, kv_right(decision.action)?)));
            if manifest.stores.contains_key(&store.name) {
                line
            } else {
                format!("{line} # and declare the store: [stores.{}]", store.name)
            }
        }
        Resource::Host(host) => {
            let more = Egress { origin: host.origin.clone(), dangerous_private_address: false };
            egress_line(function, Some(&more))
        }
        Resource::Platform | Resource::App(_) | Resource::Function(_) => return None,
    };
    Some(Advice::ManifestLine { app: id.app.to_string(), table: grants_table(&id.name), line })
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn { app } => write!(f, "to allow it: sign in to `{app}`"),
            Self::GrantRole { command } => write!(f, "to allow it: {command}"),
            Self::ManifestLine { app, table, line } => {
                write!(f, "to allow it, in the manifest of `{app}`:\n    {table}\n    {line}")
            }
            Self::StepUp { method } => write!(f, "to be allowed: authenticate again, with `{method}`"),
            Self::ChangePolicy { policy } => write!(f, "to allow it: change the policy `{policy}`"),
        }
    }
}
