//! Why a decision came out as it did, and the smallest change that would turn a deny into an allow.

use casemate_core::Verdict;

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PolicyOrigin {
    /// Part of the platform.
    BuiltIn,
    /// Compiled from a line of an app's manifest.
    Manifest {
        /// The app.
        app: String,
        /// The table that the line stands in, such as `[functions.orders]`.
        table: String,
        /// The line, as this manifest would write it.
        line: String,
    },
    /// Written by an administrator.
    Written {
        /// The policy's name.
        name: String,
        /// Line of the text that it starts at, from one.
        line: usize,
    },
    /// No longer installed: the policies changed since the decision.
    Gone,
}

/// A policy that had a part in a decision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExplainedPolicy {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// Its text in Cedar, when it is still installed.
    pub text: Option<String>,
}

/// The smallest change that would have turned a deny into an allow.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    /// A written policy would be needed.
    WritePolicy {
        /// One that would do.
        text: String,
    },
}

/// Why a decision came out as it did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// Who asked for what, in a sentence.
    pub question: String,
    /// The answer.
    pub disposition: Verdict,
    /// The policies that determined it.
    pub policies: Vec<ExplainedPolicy>,
    /// Errors that made it a deny.
    pub errors: Vec<String>,
    /// Whether the policies or the roles changed since.
    pub changed_since: bool,
    /// For a deny, the smallest change that would have allowed it.
    pub advice: Option<Advice>,
}

use casemate_core::Decision;

use crate::book::Book;
use crate::directory::Roles;

pub(crate) fn explain(_book: &Book, _roles: &Roles, decision: &Decision, changed: bool) -> Explanation {
    Explanation {
        question: String::new(),
        disposition: decision.disposition,
        policies: Vec::new(),
        errors: decision.errors.clone(),
        changed_since: changed,
        advice: None,
    }
}
