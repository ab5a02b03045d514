//! What is acted on: resources as policies see them, and targets as rooms use them.
//!
//! A [`Target`] is a resource and the part of it that is meant (which key, which path). It travels inside the permit, so
//! check and use cannot disagree.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, FunctionId, RequestId, RoleName, StoreId};
use crate::manifest::Partition;
use crate::origin::Origin;

/// A resource, as it stands in the Cedar schema and in events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "uid")]
pub enum Resource {
    /// The installation itself: accounts, policies, ledger.
    Platform,
    /// An app.
    App(AppId),
    /// A function.
    Function(FunctionId),
    /// A key-value store.
    KvStore(StoreId),
    /// An outside host, seen from one app.
    Host(HostId),
}

/// An origin, seen from one app: two apps may be granted the same host under different policies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HostId {
    /// The app that calls out.
    pub app: AppId,
    /// Where to.
    pub origin: Origin,
}

impl Resource {
    /// The kind's name in the Cedar schema.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Platform => "Platform",
            Self::App(_) => "App",
            Self::Function(_) => "Function",
            Self::KvStore(_) => "KvStore",
            Self::Host(_) => "Host",
        }
    }

    /// The identifier within the kind.
    #[must_use]
    pub fn uid(&self) -> String {
        match self {
            Self::Platform => "casemate".to_owned(),
            Self::App(app) => app.to_string(),
            Self::Function(id) => id.to_string(),
            Self::KvStore(id) => id.to_string(),
            Self::Host(host) => format!("{} {}", host.app, host.origin),
        }
    }

    /// The app it belongs to; the platform's resources belong to the platform's own app.
    #[must_use]
    pub fn app(&self) -> AppId {
        match self {
            Self::Platform => AppId::platform(),
            Self::App(app) => app.clone(),
            Self::Function(id) => id.app.clone(),
            Self::KvStore(id) => id.app.clone(),
            Self::Host(host) => host.app.clone(),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{:?}", self.kind(), self.uid())
    }
}

/// What an operation is aimed at: a resource, and which part of it.
pub trait Target: fmt::Debug + Send + 'static {
    /// The resource that policies decide on.
    fn resource(&self) -> Resource;

    /// The part that is meant, for the ledger: keys, a path, a user's name. Never a secret, never a value.
    fn detail(&self) -> Option<String> {
        None
    }
}

/// The installation, and what of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformPart(pub Option<String>);

impl Target for PlatformPart {
    fn resource(&self) -> Resource {
        Resource::Platform
    }
    fn detail(&self) -> Option<String> {
        self.0.clone()
    }
}

impl Target for AppId {
    fn resource(&self) -> Resource {
        Resource::App(self.clone())
    }
}

/// A deployment of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The app.
    pub app: AppId,
    /// SHA-256 of the manifest's text.
    pub manifest: crate::Digest,
}

impl Target for Deployment {
    fn resource(&self) -> Resource {
        Resource::App(self.app.clone())
    }
    fn detail(&self) -> Option<String> {
        Some(format!("manifest {}", self.manifest))
    }
}

/// One principal's membership of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The app that the role belongs to.
    pub app: AppId,
    /// The role.
    pub role: RoleName,
    /// Who is, or is to be, a member.
    pub member: crate::Principal,
}

impl Target for Membership {
    fn resource(&self) -> Resource {
        Resource::App(self.app.clone())
    }
    fn detail(&self) -> Option<String> {
        Some(format!("role {} member {}", self.role, self.member))
    }
}

/// The ledger leaves of one request, or of all (`None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPart(pub Option<RequestId>);

impl Target for LedgerPart {
    fn resource(&self) -> Resource {
        Resource::Platform
    }
    fn detail(&self) -> Option<String> {
        self.0.map(|request| format!("request {request}"))
    }
}

impl Target for FunctionId {
    fn resource(&self) -> Resource {
        Resource::Function(self.clone())
    }
}

/// Keys of one store. A batch is one target that lists its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvKeys {
    /// The store.
    pub store: StoreId,
    /// How the manifest in force partitions it.
    pub partition: Partition,
    /// The keys, in the guest's order. Listing names none.
    pub keys: Vec<String>,
}

impl Target for KvKeys {
    fn resource(&self) -> Resource {
        Resource::KvStore(self.store.clone())
    }
    fn detail(&self) -> Option<String> {
        (!self.keys.is_empty()).then(|| {
            let shown: Vec<_> = self.keys.iter().take(8).map(|key| clip(key, 128)).collect();
            match self.keys.len().saturating_sub(8) {
                0 => shown.join(" "),
                more => format!("{} … {more} more", shown.join(" ")),
            }
        })
    }
}

/// One outgoing HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whence and whereto.
    pub host: HostId,
    /// The method, upper case.
    pub method: String,
    /// The path, without the query (queries carry secrets).
    pub path: String,
}

impl Target for Outgoing {
    fn resource(&self) -> Resource {
        Resource::Host(self.host.clone())
    }
    fn detail(&self) -> Option<String> {
        Some(format!("{} {}", clip(&self.method, 32), clip(&self.path, 256)))
    }
}

/// A line that a function writes to its log. The text stands in the ledger, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The function that speaks.
    pub function: FunctionId,
    /// `trace`, `debug`, `info`, `warn`, `error` or `critical`.
    pub level: &'static str,
    /// The text, already cut to the limit.
    pub text: Arc<str>,
}

impl Target for LogLine {
    fn resource(&self) -> Resource {
        Resource::Function(self.function.clone())
    }
    fn detail(&self) -> Option<String> {
        Some(format!("{}: {}", self.level, self.text))
    }
}

/// The first `max` bytes of a text, cut at a character and with control characters shown as `\u{…}`.
#[must_use]
pub fn clip(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= max {
            out.push('…');
            break;
        }
        if c.is_control() {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
