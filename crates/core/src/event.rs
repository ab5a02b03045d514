//! What the ledger holds. Field names follow OCSF 1.3 where it has a word for the thing (`http_request`, `src_endpoint`,
//! `actor`, `disposition`, `status_code`), so that an export needs no dictionary.
//!
//! Invariant: no secret and no value of a guest's data stands in an event; log lines are the one free text.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::actor::{Authentication, Principal};
use crate::ids::{AppId, PolicyVersion, Revision};
use crate::resource::Resource;
use crate::time::Timestamp;

/// One ledger leaf's payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "class_name", rename_all = "snake_case")]
pub enum Event {
    /// Something was decided (OCSF 3003 Authorize Session / 6003 API Activity).
    Decision(Box<Decision>),
    /// A request ended, however it ended (OCSF 4002 HTTP Activity).
    Outcome(Box<Outcome>),
    /// Somebody tried to prove who they are (OCSF 3002 Authentication).
    Authentication(Box<SignInAttempt>),
    /// The platform itself changed state: started, stopped, rotated a key, counted refusals at the edge
    /// (OCSF 1008 Event Log Activity).
    Lifecycle(Lifecycle),
}

/// Allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// OCSF disposition `Allowed`.
    Allow,
    /// OCSF disposition `Blocked`.
    Deny,
}

/// A request as it came in; it stands in the first leaf of its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method.
    pub http_method: String,
    /// The host that was asked for.
    pub host: String,
    /// The normalised path, without the query.
    pub path: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The caller's address.
    pub src_endpoint: IpAddr,
    /// Whether TLS protected it.
    pub tls: bool,
}

/// Who acted, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorRecord {
    /// The principal.
    pub principal: Principal,
    /// A readable name.
    #[serde(skip_serializing_if = "str::is_empty", default)]
    pub name: Arc<str>,
    /// How it was proved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authentication: Option<Authentication>,
    /// For whom a function acted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on_behalf_of: Option<Principal>,
}

/// A decision: who asked for what, and what was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub time: Timestamp,
    /// The request, in the first leaf of an entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http_request: Option<HttpRequest>,
    /// Who.
    pub actor: ActorRecord,
    /// What.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// On which part of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The answer.
    pub disposition: Verdict,
    /// The ids of the policies that determined it. Shared, so that a reused decision allocates nothing for them.
    pub policies: Arc<[Arc<str>]>,
    /// Errors while evaluating; any of them makes a deny.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<String>,
    /// The policy set that was asked.
    pub policy_version: PolicyVersion,
    /// The directory of roles that was asked.
    pub directory_version: u64,
    /// Whether an earlier decision was reused.
    pub reused: bool,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// When.
    pub time: Timestamp,
    /// The request, if no decision stands before this leaf.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http_request: Option<HttpRequest>,
    /// The HTTP status that was answered; 0 when none was.
    pub status_code: u16,
    /// What ended it, in one word or a few: `answered`, `unauthenticated`, `no route`, `denied`, `wall time`, `memory`,
    /// `caller left` …
    pub status_detail: String,
    /// Wall time, in microseconds.
    pub duration_us: u64,
    /// CPU time of the guest, in microseconds.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub cpu_us: u64,
    /// The largest linear memory, in bytes.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub memory_bytes: u64,
    /// Bytes of body that were sent.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub bytes_out: u64,
    /// The revision that ran.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<Revision>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An attempt to sign in. The name is kept as it was typed only when an account of that name exists: people type
/// passwords into the name field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAttempt {
    /// When.
    pub time: Timestamp,
    /// The account, when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<Principal>,
    /// For which app.
    pub app: AppId,
    /// Whether it succeeded.
    pub disposition: Verdict,
    /// Why not: `wrong password`, `unknown user`, `locked`, `disabled`, `too many attempts from the address`. For the
    /// owner's eyes only; the caller always reads the same answer.
    pub status_detail: String,
    /// Where from.
    pub src_endpoint: IpAddr,
}

/// A change of the platform's own state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// When.
    pub time: Timestamp,
    /// What happened: `started`, `stopped`, `key rotated`, `refused at the edge` …
    pub activity: String,
    /// Details, for people.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub message: String,
}
