//! What a function may do: roles, their statements, and the statements of resource policies.

use serde::Serialize;

use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Role {
    /// Its logical name; a framework's implicit role has the name that the framework gives it (`HelloFunctionRole`).
    pub name: Name,
    /// Where it is declared; for an implicit one where its policies are, or its function.
    pub place: Place,
    /// What it may do: inline statements, and those of managed policies that are known.
    pub statements: Vec<Statement>,
    /// Policies that it names, whether their statements are known or not.
    pub managed: Vec<ManagedPolicy>,
    /// Who may take it on.
    pub trust: Vec<Statement>,
    /// The policy that bounds it.
    pub boundary: Option<Boundary>,
    /// Whether the framework makes it, one for each function or one for all.
    pub implicit: bool,
}

/// A policy that a role names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManagedPolicy {
    /// Its ARN or name.
    pub policy: Text,
    /// Whether its statements are among the role's.
    pub statements: Known<()>,
}

/// A policy that bounds a role: the role may do what its own policies and this one allow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Boundary {
    /// Its ARN or name.
    pub policy: Text,
    /// What it says.
    pub statements: Known<Vec<Statement>>,
}

/// A role that an identity pool hands to whoever asks, without a sign-in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guest {
    /// The pool; where it is not of this app, what names it.
    pub pool: String,
    /// Where that is said.
    pub place: Place,
    /// The role.
    pub role: Known<Name>,
    /// Whether the pool admits guests.
    pub admitted: Known<bool>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    /// Where it stands; for a statement of a template or managed policy, where that is named.
    pub place: Place,
    /// Where it comes from.
    pub origin: Origin,
    /// Allow or deny.
    pub effect: Known<Effect>,
    /// Whom it speaks of, in resource and trust policies.
    pub principals: Vec<Principal>,
    /// `s3:GetObject`, `s3:Get*`, `*`.
    pub actions: Vec<Setting<String>>,
    /// Whether it speaks of all actions but these.
    pub not_actions: bool,
    /// ARNs with wildcards.
    pub resources: Vec<Text>,
    /// Whether it speaks of all resources but these.
    pub not_resources: bool,
    /// When it holds.
    pub conditions: Vec<Condition>,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Allow.
    Allow,
    /// Deny; wins over allow.
    Deny,
}

/// Where a statement comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written out.
    Written,
    /// A policy template of SAM; its name.
    Template(String),
    /// A managed policy; its name.
    Managed(String),
    /// What the framework adds by itself, such as writing logs or reading an event source.
    Framework,
}

/// Whom a statement of a resource or trust policy speaks of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Anyone: `*`.
    Anyone,
    /// Everyone but these, in a statement that denies.
    Others(Vec<Text>),
    /// An account, role or user, by ARN or account number.
    Aws(Text),
    /// A service of the provider.
    Service(Text),
    /// An outside issuer.
    Federated(Text),
    /// Something that cannot be told; why.
    Unknown(String),
}

/// When a statement holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// `StringEquals`, `Bool`, `IpAddress` …
    pub operator: String,
    /// `aws:SourceArn` …
    pub key: String,
    /// Any of these.
    pub values: Vec<Text>,
}

impl Statement {
    /// A statement that allows what is still to be filled in.
    #[must_use]
    pub fn allow(place: Place, origin: Origin) -> Self {
        Self {
            place,
            origin,
            effect: Known::Value(Effect::Allow),
            principals: Vec::new(),
            actions: Vec::new(),
            not_actions: false,
            resources: Vec::new(),
            not_resources: false,
            conditions: Vec::new(),
        }
    }

    /// Whether it may allow: an effect that is not known counts as one that may.
    #[must_use]
    pub fn may_allow(&self) -> bool {
        self.effect.value() != Some(&Effect::Deny)
    }
}
