//! Who acts: principals, and what is known of how they proved it.
//!
//! Not here: turning proof into an [`Actor`] (`identity`), and what an actor may do (`policy`).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, FunctionId, ServiceId, SessionId, UserId};
use crate::time::Timestamp;

/// Who is asking. The kinds are disjoint namespaces: no service can ever be mistaken for a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "uid")]
pub enum Principal {
    /// A person with an account here.
    User(UserId),
    /// A service account.
    Service(ServiceId),
    /// A function, acting on what it was granted.
    Function(FunctionId),
    /// A subject of an outside issuer.
    External(ExternalId),
    /// Nobody in particular: no credential was shown.
    Anonymous,
    /// Whoever holds the one-time setup code of a first start.
    Setup,
    /// The platform's own background work.
    System,
}

/// The subject of an outside issuer: only the pair identifies (OpenID Connect Core 1.0 §5.7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternalId {
    /// The issuer's identifier, byte for byte.
    pub issuer: Arc<str>,
    /// The subject as that issuer names it.
    pub subject: Arc<str>,
}

impl Principal {
    /// The kind's name, as it stands in the Cedar schema and in events.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Service(_) => "Service",
            Self::Function(_) => "Function",
            Self::External(_) => "External",
            Self::Anonymous => "Anonymous",
            Self::Setup => "Setup",
            Self::System => "System",
        }
    }

    /// The identifier within the kind; never a secret.
    #[must_use]
    pub fn uid(&self) -> String {
        match self {
            Self::User(id) => id.as_str().to_owned(),
            Self::Service(id) => id.as_str().to_owned(),
            Self::Function(id) => id.to_string(),
            Self::External(id) => format!("{}|{}", id.issuer, id.subject),
            Self::Anonymous => "anonymous".to_owned(),
            Self::Setup => "setup".to_owned(),
            Self::System => "system".to_owned(),
        }
    }

    /// Whether a credential stands behind this principal.
    #[must_use]
    pub const fn is_signed_in(&self) -> bool {
        matches!(self, Self::User(_) | Self::Service(_) | Self::External(_))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{:?}", self.kind(), self.uid())
    }
}

/// An authentication method reference (RFC 8176).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A password (`pwd`).
    Pwd,
    /// A one-time password (`otp`).
    Otp,
    /// More than one factor (`mfa`).
    Mfa,
    /// Proof of possession of a hardware-secured key (`hwk`): passkeys.
    Hwk,
    /// Proof of possession of a software-secured key or secret (`swk`): API keys.
    Swk,
}

impl Method {
    /// The value registered in RFC 8176.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Mfa => "mfa",
            Self::Hwk => "hwk",
            Self::Swk => "swk",
        }
    }
}

/// How and when the actor proved who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Authentication {
    /// Methods that were used (`amr`).
    pub methods: Vec<Method>,
    /// When (`auth_time`). Zero when nothing was proved.
    pub at: Timestamp,
    /// The session it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<SessionId>,
}

/// A principal in the act of asking: what `identity` makes and `policy` judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who asks.
    pub principal: Principal,
    /// A readable name for people (user name, service name). Not an identifier.
    pub name: Arc<str>,
    /// The app that the credential is good for (a token's `aud`). `None` for principals without a credential.
    pub audience: Option<AppId>,
    /// How it was proved.
    pub authentication: Authentication,
    /// When the credential ends; a run may not outlive what it was allowed by.
    pub expires: Option<Timestamp>,
    /// The caller, when a function acts for one.
    pub on_behalf_of: Option<Arc<Actor>>,
}

impl Actor {
    fn bare(principal: Principal, name: &str) -> Self {
        Self {
            principal,
            name: Arc::from(name),
            audience: None,
            authentication: Authentication::default(),
            expires: None,
            on_behalf_of: None,
        }
    }

    /// A caller who showed no credential.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::bare(Principal::Anonymous, "anonymous")
    }

    /// The holder of the setup code.
    #[must_use]
    pub fn setup() -> Self {
        Self::bare(Principal::Setup, "setup")
    }

    /// The platform's own background work.
    #[must_use]
    pub fn system() -> Self {
        Self::bare(Principal::System, "system")
    }

    /// A function that acts for `caller`.
    #[must_use]
    pub fn function(id: FunctionId, caller: Arc<Self>) -> Self {
        let name = id.to_string();
        Self { on_behalf_of: Some(caller), ..Self::bare(Principal::Function(id), &name) }
    }
}
