//! Why a decision came out as it did: who asked for what, and which policies decided, with their origin and text.
//!
//! Invariant: reads a decision of the ledger and the policies that are in force; decides nothing. Not here: what would turn
//! a deny into an allow (`advice`).

use std::fmt;

use casemate_core::{Decision, Verdict};
use serde::{Deserialize, Serialize};

use crate::advice::{Advice, advise};
use crate::book::Book;
use crate::directory::Roles;

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedPolicy {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// Its text in Cedar, when it is still installed.
    pub text: Option<String>,
}

/// Why a decision came out as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

pub(crate) fn explain(book: &Book, roles: &Roles, decision: &Decision, changed_since: bool) -> Explanation {
    let policies = decision.policies.iter().map(|id| match book.note(id) {
        Some((id, note)) => {
            ExplainedPolicy { id: id.to_string(), origin: note.origin.clone(), text: Some(note.text.clone()) }
        }
        None => ExplainedPolicy { id: id.to_string(), origin: PolicyOrigin::Gone, text: None },
    });
    Explanation {
        question: question(decision),
        disposition: decision.disposition,
        policies: policies.collect(),
        errors: decision.errors.clone(),
        changed_since,
        advice: (decision.disposition == Verdict::Deny).then(|| advise(book, roles, decision)).flatten(),
    }
}

fn question(decision: &Decision) -> String {
    let actor = &decision.actor;
    let mut text = match &*actor.name {
        "" => actor.principal.to_string(),
        name => format!("`{name}` ({})", actor.principal),
    };
    if let Some(caller) = &actor.on_behalf_of {
        text.push_str(&format!(", acting for {caller},"));
    }
    text.push_str(&format!(" asked for `{}` on {}", decision.action.name(), decision.resource));
    if let Some(detail) = &decision.detail {
        text.push_str(&format!(" ({detail})"));
    }
    text
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match self.disposition {
            Verdict::Allow => "allowed",
            Verdict::Deny => "denied",
        };
        writeln!(f, "{}: {answer}", self.question)?;
        for policy in &self.policies {
            writeln!(f, "by `{}`, {}", policy.id, policy.origin)?;
            for line in policy.text.iter().flat_map(|text| text.lines()) {
                writeln!(f, "    {line}")?;
            }
        }
        for error in &self.errors {
            writeln!(f, "because {error}")?;
        }
        if self.policies.is_empty() && self.errors.is_empty() && self.disposition == Verdict::Deny {
            writeln!(f, "because no policy allows it")?;
        }
        if self.changed_since {
            writeln!(f, "policies or roles have changed since")?;
        }
        match &self.advice {
            Some(advice) => writeln!(f, "{advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PolicyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Manifest { app, table, line } if table.is_empty() => {
                write!(f, "manifest of `{app}`: {line}")
            }
            Self::Manifest { app, table, line } => write!(f, "manifest of `{app}`: {table} {line}"),
            Self::Written { name, line } => write!(f, "written policy `{name}`, line {line}"),
            Self::Gone => f.write_str("no longer in force"),
        }
    }
}

#[cfg(test)]
mod tests;
