//! The one action table: everything that can be decided on, each row with what derives from it.
//!
//! The Cedar schema, the linker check, the budget, the documentation and the ratchet of allow/deny/exhausted tests come
//! from these rows or are checked against them. To add a power, add a row first; the compiler and `cargo xtask tidy`
//! then say what is missing.

use serde::{Deserialize, Serialize};

use crate::resource::{Deployment, KvKeys, LedgerPart, LogLine, Membership, Outgoing, PlatformPart, Target};
use crate::{AppId, FunctionId};

/// What must be true of a decision's leaf before the action may take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerClass {
    /// Handed to the kernel: survives `kill -9`.
    Acknowledge,
    /// Synced to disk: survives a power cut.
    Durable,
}

/// Which door an action comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// A request on the data listener.
    Data,
    /// A request on the control listener.
    Control,
    /// An import that a running function calls.
    Guest,
}

/// A row of the action table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// The action.
    pub action: Action,
    /// Its name in policies, events and answers.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// The resource kind that it applies to, as [`crate::Resource::kind`] names it.
    pub resource: &'static str,
    /// Which door it comes through.
    pub audience: Audience,
    /// Where it enters: guest imports (`interface#function`), or endpoints.
    pub enters: &'static [&'static str],
    /// What it costs of a run's host-call budget, in units; zero outside runs.
    pub cost: u32,
    /// Its ledger class.
    pub class: LedgerClass,
}

/// A typed row: links an action to the shape of its target.
pub trait Operation: Send + Sync + 'static {
    /// The row's action.
    const ACTION: Action;
    /// What it is aimed at.
    type Target: Target;
}

macro_rules! actions {
    ($( $(#[doc = $about:literal])* $name:ident($target:ty): $text:literal on $resource:literal via $audience:ident
        [$($enters:literal),* $(,)?] cost $cost:literal $class:ident; )*) => {
        /// Everything that can be decided on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Action {
            $( $(#[doc = $about])* #[serde(rename = $text)] $name, )*
        }

        /// The table, in declaration order.
        pub const ACTIONS: &[ActionSpec] = &[
            $( ActionSpec {
                action: Action::$name,
                name: $text,
                about: concat!($($about),*).trim_ascii(),
                resource: $resource,
                audience: Audience::$audience,
                enters: &[$($enters),*],
                cost: $cost,
                class: LedgerClass::$class,
            }, )*
        ];

        impl Action {
            /// The action's row.
            #[must_use]
            pub const fn spec(self) -> ActionSpec {
                match self {
                    $( Self::$name => ActionSpec {
                        action: Self::$name,
                        name: $text,
                        about: concat!($($about),*).trim_ascii(),
                        resource: $resource,
                        audience: Audience::$audience,
                        enters: &[$($enters),*],
                        cost: $cost,
                        class: LedgerClass::$class,
                    }, )*
                }
            }
        }

        /// One type for each action, so that a permit for one cannot be spent on another.
        pub mod operation {
            use super::*;
            $(
                $(#[doc = $about])*
                #[derive(Debug, Clone, Copy)]
                pub enum $name {}
                impl Operation for $name {
                    const ACTION: Action = Action::$name;
                    type Target = $target;
                }
            )*
        }
    };
}

actions! {
    /// Call a function.
    Invoke(FunctionId): "invoke" on "Function" via Data ["any route"] cost 0 Acknowledge;
    /// Sign in to an app, renew an access token, sign out.
    SignIn(AppId): "sign-in" on "App" via Data
        ["POST /.casemate/sign-in", "POST /.casemate/token", "POST /.casemate/sign-out"] cost 0 Acknowledge;

    /// Read values, or ask whether keys exist.
    KvGet(KvKeys): "kv-get" on "KvStore" via Guest
        ["wasi:keyvalue/store#get", "wasi:keyvalue/store#exists", "wasi:keyvalue/atomics#new",
         "wasi:keyvalue/batch#get-many"] cost 10 Acknowledge;
    /// Write values.
    KvSet(KvKeys): "kv-set" on "KvStore" via Guest
        ["wasi:keyvalue/store#set", "wasi:keyvalue/batch#set-many", "wasi:keyvalue/atomics#increment",
         "wasi:keyvalue/atomics#swap"] cost 20 Durable;
    /// Delete values.
    KvDelete(KvKeys): "kv-delete" on "KvStore" via Guest
        ["wasi:keyvalue/store#delete", "wasi:keyvalue/batch#delete-many"] cost 20 Durable;
    /// List a store's keys.
    KvList(KvKeys): "kv-list" on "KvStore" via Guest ["wasi:keyvalue/store#list-keys"] cost 20 Acknowledge;
    /// Send an HTTP request to a granted origin.
    HttpSend(Outgoing): "http-send" on "Host" via Guest
        ["wasi:http/outgoing-handler#handle", "wasi:http/client#send"] cost 100 Durable;
    /// Write a log line; every 256 bytes of it cost as much again.
    LogWrite(LogLine): "log-write" on "Function" via Guest ["wasi:logging/logging#log"] cost 5 Acknowledge;

    /// Become the first administrator, with the setup code.
    SetupClaim(PlatformPart): "setup-claim" on "Platform" via Control ["POST /v1/setup"] cost 0 Durable;
    /// Sign in to the platform itself.
    ControlSignIn(PlatformPart): "control-sign-in" on "Platform" via Control
        ["POST /v1/sign-in", "POST /v1/sign-out"] cost 0 Acknowledge;
    /// Get an access token for an app that one may call, in exchange for the control token.
    TokenIssue(AppId): "token-issue" on "App" via Control ["POST /v1/apps/{app}/token"] cost 0 Acknowledge;
    /// Upload a component and put a revision of an app live.
    AppDeploy(Deployment): "app-deploy" on "App" via Control ["POST /v1/apps/{app}/revisions"] cost 0 Durable;
    /// Upload a component, named by its digest.
    ComponentUpload(PlatformPart): "component-upload" on "Platform" via Control
        ["PUT /v1/components/{digest}"] cost 0 Acknowledge;
    /// See an app, its functions, revisions and grants.
    AppRead(AppId): "app-read" on "App" via Control ["GET /v1/apps/{app}"] cost 0 Acknowledge;
    /// See which apps there are.
    AppList(PlatformPart): "app-list" on "Platform" via Control ["GET /v1/apps"] cost 0 Acknowledge;
    /// Read what an app's functions logged and what was decided for them.
    LogsRead(AppId): "logs-read" on "App" via Control ["GET /v1/apps/{app}/logs"] cost 0 Acknowledge;
    /// Create, disable or enable an account, set its password.
    UserWrite(PlatformPart): "user-write" on "Platform" via Control
        ["POST /v1/users", "PATCH /v1/users/{name}"] cost 0 Durable;
    /// See accounts.
    UserRead(PlatformPart): "user-read" on "Platform" via Control ["GET /v1/users", "GET /v1/services"] cost 0 Acknowledge;
    /// Create a service account or an API key, or revoke one.
    ServiceWrite(PlatformPart): "service-write" on "Platform" via Control
        ["POST /v1/services", "DELETE /v1/services/{name}"] cost 0 Durable;
    /// Give a role, or take it away.
    RoleWrite(Membership): "role-write" on "App" via Control
        ["PUT /v1/apps/{app}/roles/{role}/{member}", "DELETE /v1/apps/{app}/roles/{role}/{member}"] cost 0 Durable;
    /// See who has which role.
    RoleRead(AppId): "role-read" on "App" via Control ["GET /v1/apps/{app}/roles"] cost 0 Acknowledge;
    /// Write or remove a policy.
    PolicyWrite(PlatformPart): "policy-write" on "Platform" via Control
        ["PUT /v1/policies/{name}", "DELETE /v1/policies/{name}"] cost 0 Durable;
    /// See policies.
    PolicyRead(PlatformPart): "policy-read" on "Platform" via Control ["GET /v1/policies"] cost 0 Acknowledge;
    /// Read ledger leaves, explanations and proofs.
    LedgerRead(LedgerPart): "ledger-read" on "Platform" via Control
        ["GET /v1/requests/{id}", "GET /v1/requests/{id}/proof"] cost 0 Acknowledge;
    /// Make a new token signing key and retire the old one.
    KeyRotate(PlatformPart): "key-rotate" on "Platform" via Control ["POST /v1/keys/rotate"] cost 0 Durable;
}

impl Action {
    /// The action's name in policies, events and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The action of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|row| row.name == name).map(|row| row.action)
    }

    /// The action's ledger class.
    #[must_use]
    pub const fn class(self) -> LedgerClass {
        self.spec().class
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_entrances_are_unique() {
        let names: BTreeSet<_> = ACTIONS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
        let enters: Vec<_> = ACTIONS.iter().flat_map(|row| row.enters).collect();
        assert_eq!(enters.iter().collect::<BTreeSet<_>>().len(), enters.len());
    }

    #[test]
    fn what_changes_authority_or_data_is_durable_and_what_guests_call_costs() {
        for row in ACTIONS {
            let changes = ["-write", "-set", "-delete", "-send", "-deploy", "-claim", "-rotate"];
            let durable = changes.iter().any(|end| row.name.ends_with(end)) && row.action != Action::LogWrite;
            assert_eq!(row.class == LedgerClass::Durable, durable, "{}", row.name);
            assert_eq!(row.cost > 0, row.audience == Audience::Guest, "{}", row.name);
        }
    }
}
