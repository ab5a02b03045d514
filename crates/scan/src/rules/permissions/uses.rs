//! What strangers may do with a function that a permission opens to them, and how bad that is.
//!
//! Not here: whether a permission lets strangers in (`opening`).

use crate::finding::Severity;
use crate::graph::Statement;
use crate::iam::wildcard::covers_action;
use crate::known::Name;

/// What a permission is good for: the worst of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Making the function run code of one's own, and so act with its role; by what.
    Takes(Taking),
    /// Starting the function. What cannot be told counts as this, which is what permissions are for.
    Invokes,
    /// Anything else that changes it.
    Manages,
    /// Reading its code or its environment.
    Reads(Reading),
}

/// How a function is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    Code,
    Configuration,
    Permissions,
}

/// What of a function is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Code,
    Environment,
    Settings,
}

/// The worst first. Layers are part of the configuration, and are code.
const USES: [(&str, Use); 8] = [
    ("lambda:UpdateFunctionCode", Use::Takes(Taking::Code)),
    ("lambda:UpdateFunctionConfiguration", Use::Takes(Taking::Configuration)),
    ("lambda:AddPermission", Use::Takes(Taking::Permissions)),
    ("lambda:InvokeFunction", Use::Invokes),
    ("lambda:InvokeAsync", Use::Invokes),
    ("lambda:InvokeFunctionUrl", Use::Invokes),
    ("lambda:GetFunction", Use::Reads(Reading::Code)),
    ("lambda:GetFunctionConfiguration", Use::Reads(Reading::Environment)),
];

impl Use {
    pub(super) fn of(statement: &Statement) -> Self {
        let patterns = || statement.actions.iter().filter_map(|action| action.known());
        let allows =
            |action: &str| patterns().any(|pattern| covers_action(pattern, action)) != statement.not_actions;
        let untold = statement.actions.is_empty() || statement.actions.iter().any(|it| it.known().is_none());
        let only_reads = || patterns().all(|pattern| reads(pattern));
        let found = USES.iter().find(|(action, _)| allows(action)).map(|(_, known)| *known);
        match found {
            Some(Self::Takes(how)) => Self::Takes(how),
            _ if untold => Self::Invokes,
            Some(Self::Reads(what)) if only_reads() => Self::Reads(what),
            Some(Self::Invokes) => Self::Invokes,
            None if !statement.not_actions && only_reads() => Self::Reads(Reading::Settings),
            _ => Self::Manages,
        }
    }

    /// How bad it is, where what the role may do weighs `role`.
    pub(super) fn severity(self, role: Severity) -> Severity {
        match self {
            Self::Takes(_) => Severity::Critical,
            Self::Invokes => role.max(Severity::High),
            Self::Manages => Severity::High,
            Self::Reads(Reading::Settings) => Severity::Low,
            Self::Reads(_) => Severity::Medium,
        }
    }

    /// It in a sentence; `may` is what the function may do with its role.
    pub(super) fn message(self, function: &Name, may: Option<String>) -> String {
        let may = may.map_or(String::new(), |may| format!(", which {may}"));
        match self {
            Self::Takes(how) => {
                let how = match how {
                    Taking::Code => format!("replace the code of `{function}`"),
                    Taking::Configuration => {
                        format!("change the configuration of `{function}`, and with a layer its code")
                    }
                    Taking::Permissions => {
                        format!("permit itself anything with `{function}`, such as to replace its code")
                    }
                };
                format!(
                    "Every account of the provider may {how}: what it puts there acts with the function's role{may}."
                )
            }
            Self::Invokes => format!(
                "Every account of the provider may invoke `{function}`{may}, with any event, past all routes and authorizers."
            ),
            Self::Manages => format!(
                "Every account of the provider may change how `{function}` is deployed, or delete it: the permission is for more than to invoke it."
            ),
            Self::Reads(what) => {
                let what = match what {
                    Reading::Code => "the code and the environment",
                    Reading::Environment => "the environment and the configuration",
                    Reading::Settings => "settings",
                };
                format!(
                    "Every account of the provider may read {what} of `{function}`; it cannot start it by this."
                )
            }
        }
    }
}

/// `lambda:GetFunction`, `lambda:List*`
fn reads(pattern: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    ["lambda:get", "lambda:list"].iter().any(|start| pattern.starts_with(start))
}

#[cfg(test)]
mod tests;
